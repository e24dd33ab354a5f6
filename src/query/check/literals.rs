//! Names looked up, and literals that take the type of what they are compared with.

use super::kinds::describe_term;
use super::{Checker, Typed};
use crate::dissect::field::{Kind, Value};
use crate::query::catalogue::{Catalogue, describe};
use crate::query::code::Operand;
use crate::query::error::{Cause, FilterError};
use crate::query::literal::{self, Constant, Wanted, Written};
use crate::query::parser::{Term, TermKind};
use std::ops::Range;

impl Checker<'_> {
    /// Whether a term is a literal and can be nothing else.
    pub(super) fn is_constant(&self, term: &Term) -> bool {
        match &term.kind {
            TermKind::Text(_) | TermKind::Character(_) | TermKind::Literal(_) => true,
            TermKind::Word(word) => {
                self.catalogue.find(word).is_none()
                    && (literal::number(word).is_some()
                        || literal::bytes(word).is_some() && !word.contains('.')
                        || word.starts_with(|c: char| c.is_ascii_digit()))
            }
            TermKind::Negate(inner) => self.is_constant(inner),
            _ => false,
        }
    }

    /// A term that takes the type of what it is compared with, if it is a literal.
    pub(super) fn against(
        &mut self,
        term: &Term,
        wanted: &Wanted<'_>,
    ) -> Result<Typed, FilterError> {
        let written = match &term.kind {
            TermKind::Text(bytes) => Written::Text(bytes),
            TermKind::Character(byte) => Written::Character(*byte),
            TermKind::Literal(word) => Written::Word(word),
            TermKind::Word(word) => {
                let read = literal::read(Written::Word(word), wanted, term.span.clone());
                return match (read, self.catalogue.find(word)) {
                    // A word that is a value stays one, even when a field has that name.
                    (Ok(constant), _) => Ok(constant_of(constant, wanted.kind)),
                    (Err(_), Some(_)) => self.field(word, &term.span),
                    (Err(error), None) => {
                        Err(self.literal_or_name(error, word, wanted, &term.span))
                    }
                };
            }
            TermKind::Negate(inner) if self.is_constant(inner) => {
                return self.negative(inner, wanted, &term.span);
            }
            TermKind::Binary(sign, left, right) if self.is_constant(left) => {
                let typed = self.against(left, wanted)?;
                return self.arithmetic(*sign, left, typed, right);
            }
            TermKind::Call(name, arguments) => {
                return self.call(name, arguments, &term.span);
            }
            _ => return self.value(term),
        };
        let constant = literal::read(written, wanted, term.span.clone())?;
        Ok(constant_of(constant, wanted.kind))
    }

    pub(super) fn field(&mut self, name: &str, span: &Range<usize>) -> Result<Typed, FilterError> {
        if name.starts_with("_ws.col.") && self.catalogue.find(name).is_some() {
            let error = FilterError::new(span.clone(), Cause::Column(name.to_string()));
            return Err(error.hint("name what the column shows, such as dns or tcp.flags.reset"));
        }
        let Some(id) = self.catalogue.find(name) else {
            return Err(self.unknown(name, span));
        };
        let slot = match self.needs.iter().position(|n| *n == id) {
            Some(slot) => slot,
            None => {
                self.needs.push(id);
                self.needs.len() - 1
            }
        };
        let entry = self.catalogue.entry(id);
        Ok(Typed {
            operand: Operand::Field {
                slot,
                kind: entry.kind,
                layers: None,
            },
            kind: entry.kind,
            field: entry.name,
        })
    }

    /// A word that is neither a value of the type nor a field: which was meant?
    fn literal_or_name(
        &self,
        error: FilterError,
        word: &str,
        wanted: &Wanted<'_>,
        span: &Range<usize>,
    ) -> FilterError {
        if error.hint.is_some() {
            return error;
        }
        let looks_like_field = word.contains('.')
            && word.starts_with(|c: char| c.is_ascii_alphabetic())
            && matches!(
                wanted.kind,
                Kind::Unsigned(_) | Kind::Hex(_) | Kind::Signed(_)
            );
        if looks_like_field {
            return self.unknown(word, span);
        }
        if matches!(wanted.kind, Kind::Bytes | Kind::Protocol) {
            return error.hint(format!("for text, write quotes: \"{word}\""));
        }
        error
    }

    fn negative(
        &mut self,
        inner: &Term,
        wanted: &Wanted<'_>,
        span: &Range<usize>,
    ) -> Result<Typed, FilterError> {
        let mut typed = self.against(inner, wanted)?;
        let value = match typed.operand {
            Operand::Constant(Value::Unsigned(n)) => {
                Value::Signed(i64::try_from(n).map_or(i64::MIN, |n| -n))
            }
            Operand::Constant(Value::Duration(n)) => Value::Duration(n.saturating_neg()),
            Operand::Constant(Value::Float(n)) => Value::Float(-n),
            _ => {
                let cause = Cause::Operator {
                    what: describe_term(inner),
                    kind: describe(typed.kind),
                    operator: "-",
                };
                return Err(FilterError::new(span.clone(), cause));
            }
        };
        typed.operand = Operand::Constant(value);
        Ok(typed)
    }

    fn unknown(&self, name: &str, span: &Range<usize>) -> FilterError {
        let error = FilterError::new(span.clone(), Cause::UnknownName(name.to_string()));
        if let Some((before, after)) = name.split_once('-')
            && self.catalogue.find(before).is_some()
        {
            return error.hint(format!(
                "to subtract, put spaces around the minus: {before} - {after}"
            ));
        }
        // Facts' fields asked of frames, and the other way round.
        let frames = Catalogue::frames();
        if self.catalogue.about != frames.about && frames.find(name).is_some() {
            let cause = Cause::OtherTable {
                name: name.to_string(),
                other: "frames",
                here: self.catalogue.about,
            };
            return FilterError::new(span.clone(), cause);
        }
        if let Some(cause) = self.catalogue.known_elsewhere(name) {
            return FilterError::new(span.clone(), cause);
        }
        match self.catalogue.advice(name) {
            Some(advice) => error.hint(advice),
            None => error.hint(
                "`wirelab fields --list TEXT` lists the fields whose name or sentence has TEXT",
            ),
        }
    }
}

fn constant_of(constant: Constant, kind: Kind) -> Typed {
    Typed {
        operand: match constant {
            Constant::One(value) => Operand::Constant(value),
            Constant::Network(value, bits) => Operand::Network(value, bits),
        },
        kind,
        field: "",
    }
}
