//! The tree into code: names are looked up, literals take the type of what they are compared
//! with, and what cannot work is refused with its place. Here the tests: what is compared, and how.

mod kinds;
mod literals;
mod terms;

use super::catalogue::{Catalogue, EntryId};
use super::code::{Code, Compare, Operand, Operator};
use super::error::{Cause, FilterError};
use super::lexer::Sign;
use super::literal::Wanted;
use super::parser::{Term, TermKind, Test};
use crate::dissect::field::{Kind, Value};
use kinds::{
    can_contain, can_slice, compatible, constant_alone, describe_term, incompatible,
    operator_error, spelling,
};
use std::borrow::Cow;
use std::ops::Range;

/// Looks names up and remembers which are read.
pub(super) struct Checker<'c> {
    pub(super) catalogue: &'c Catalogue,
    pub(super) needs: Vec<EntryId>,
    /// Calculates as on paper, for a term that stands alone: a number may come first, and what
    /// does not divide evenly is a decimal number. A filter cuts it off, as Wireshark's does.
    pub(super) on_paper: bool,
}

/// A checked term.
struct Typed {
    operand: Operand,
    kind: Kind,
    /// The field's name when the term is one.
    field: &'static str,
}

impl Checker<'_> {
    /// Checks a test.
    pub(super) fn test(&mut self, test: &Test) -> Result<Code, FilterError> {
        match test {
            Test::Or(tests) => self.tests(tests).map(Code::Or),
            Test::And(tests) => self.tests(tests).map(Code::And),
            Test::Not(inner) => Ok(Code::Not(Box::new(self.test(inner)?))),
            Test::Exists(term) => self.exists(term),
            Test::Relation {
                sign,
                quantifier,
                left,
                right,
                span,
            } => self.relation(*sign, *quantifier, left, right, span),
            Test::In {
                left,
                set,
                quantifier,
            } => self.member(left, set, *quantifier == Some(Sign::All)),
        }
    }

    /// Checks a term that stands alone.
    pub(super) fn expression(&mut self, term: &Term) -> Result<(Operand, Kind), FilterError> {
        let typed = self.value(term)?;
        Ok((typed.operand, typed.kind))
    }

    fn tests(&mut self, tests: &[Test]) -> Result<Vec<Code>, FilterError> {
        tests.iter().map(|test| self.test(test)).collect()
    }

    fn exists(&mut self, term: &Term) -> Result<Code, FilterError> {
        match &term.kind {
            TermKind::Binary(..) | TermKind::Negate(_) => {
                Ok(Code::NonZero(self.value(term)?.operand))
            }
            TermKind::Text(_) | TermKind::Character(_) | TermKind::Literal(_) => {
                Err(constant_alone(term))
            }
            TermKind::Call(..) => {
                let typed = self.value(term)?;
                Ok(if matches!(typed.kind, Kind::Unsigned(_)) {
                    Code::NonZero(typed.operand)
                } else {
                    Code::Present(typed.operand)
                })
            }
            _ => Ok(Code::Present(self.value(term)?.operand)),
        }
    }

    fn relation(
        &mut self,
        sign: Sign,
        quantifier: Option<Sign>,
        left: &Term,
        right: &Term,
        span: &Range<usize>,
    ) -> Result<Code, FilterError> {
        let name = spelling(sign);
        if self.is_constant(left) {
            let error = FilterError::new(left.span.clone(), Cause::ConstantFirst(name));
            return Err(if self.is_constant(right) {
                error
            } else {
                error.hint("write the field first")
            });
        }
        let mut typed = self.value(left)?;
        let every = match quantifier {
            Some(quantifier) => quantifier == Sign::All,
            None => matches!(sign, Sign::AllEqual | Sign::NotEqual),
        };
        let can = match sign {
            Sign::Contains | Sign::Matches => can_contain(typed.kind),
            _ => typed.kind != Kind::Mark,
        };
        if !can {
            let error = operator_error(left, typed.kind, name);
            let text = matches!(sign, Sign::Contains | Sign::Matches);
            return Err(if text && !matches!(typed.kind, Kind::Mark) {
                error.hint(format!(
                    "as text it works: string({}) {name} …",
                    describe_term(left)
                ))
            } else {
                error
            });
        }
        if sign == Sign::Matches {
            return self.matches(typed.operand, right, every);
        }
        let wanted = Wanted {
            kind: typed.kind,
            field: typed.field,
            partial: sign == Sign::Contains,
        };
        let other = self.against(right, &wanted)?;
        if !compatible(typed.kind, other.kind) {
            // A slice makes bytes of what it is compared with.
            let bytes = |k| matches!(k, Kind::Bytes);
            if !(bytes(typed.kind) && can_slice(other.kind)
                || bytes(other.kind) && can_slice(typed.kind))
            {
                return Err(incompatible(left, &typed, right, other.kind));
            }
        }
        if sign == Sign::Contains {
            let finder = match &other.operand {
                Operand::Constant(value) => {
                    bytes_of(value).map(|needle| memchr::memmem::Finder::new(&needle).into_owned())
                }
                _ => None,
            };
            return Ok(Code::Contains {
                left: typed.operand,
                right: other.operand,
                finder,
                every,
            });
        }
        let operator = match sign {
            Sign::Equal | Sign::AllEqual => Operator::Equal,
            Sign::NotEqual | Sign::AnyNotEqual => Operator::NotEqual,
            Sign::Greater => Operator::Greater,
            Sign::GreaterEqual => Operator::GreaterEqual,
            Sign::Less => Operator::Less,
            Sign::LessEqual => Operator::LessEqual,
            _ => {
                let found = name.to_string();
                let wanted = "a comparison is";
                return Err(FilterError::new(
                    span.clone(),
                    Cause::Unexpected { found, wanted },
                ));
            }
        };
        // Numbers compared with a truth value: a field that is true or false holds 1 or 0.
        if typed.kind == Kind::Boolean && !matches!(other.kind, Kind::Boolean) {
            typed.kind = Kind::Unsigned(64);
        }
        Ok(Code::Compare(Box::new(Compare {
            left: typed.operand,
            operator,
            every,
            right: other.operand,
        })))
    }

    fn matches(&mut self, left: Operand, right: &Term, every: bool) -> Result<Code, FilterError> {
        let TermKind::Text(pattern) = &right.kind else {
            return Err(FilterError::new(right.span.clone(), Cause::Pattern));
        };
        let fail = |cause: String| FilterError::new(right.span.clone(), Cause::Regex(cause));
        let pattern = std::str::from_utf8(pattern).map_err(|_| fail("it is not text".into()))?;
        // As Wireshark: bytes, not characters, and upper and lower case are the same.
        let compiled = regex::bytes::RegexBuilder::new(pattern)
            .case_insensitive(true)
            .unicode(false)
            .size_limit(1 << 22)
            .dfa_size_limit(1 << 22)
            .nest_limit(100)
            .build()
            .map_err(|error| {
                let text = error.to_string();
                let last = text.lines().last().unwrap_or_default();
                fail(last.trim_start_matches("error: ").to_string())
            })?;
        Ok(Code::Matches {
            left,
            pattern: compiled,
            every,
        })
    }

    fn member(
        &mut self,
        left: &Term,
        set: &[(Term, Option<Term>)],
        every: bool,
    ) -> Result<Code, FilterError> {
        if self.is_constant(left) {
            let cause = Cause::ConstantFirst("in");
            return Err(FilterError::new(left.span.clone(), cause));
        }
        let typed = self.value(left)?;
        if typed.kind == Kind::Mark {
            return Err(operator_error(left, typed.kind, "in"));
        }
        let wanted = Wanted {
            kind: typed.kind,
            field: typed.field,
            partial: false,
        };
        let mut members = Vec::with_capacity(set.len());
        for (low, high) in set {
            let from = self.compatible_member(low, &typed, left, &wanted)?;
            let to = match high {
                Some(high) => Some(self.compatible_member(high, &typed, left, &wanted)?),
                None => None,
            };
            members.push((from, to));
        }
        Ok(Code::Member {
            left: typed.operand,
            set: members,
            every,
        })
    }

    fn compatible_member(
        &mut self,
        term: &Term,
        typed: &Typed,
        left: &Term,
        wanted: &Wanted<'_>,
    ) -> Result<Operand, FilterError> {
        let member = self.against(term, wanted)?;
        if compatible(typed.kind, member.kind) {
            return Ok(member.operand);
        }
        Err(incompatible(left, typed, term, member.kind))
    }
}

/// The bytes of a value that is text or bytes.
pub(super) fn bytes_of<'v>(value: &'v Value<'_>) -> Option<Cow<'v, [u8]>> {
    Some(match value {
        Value::Text(bytes) | Value::Bytes(bytes) => Cow::Borrowed(bytes),
        Value::Ether(bytes) => Cow::Borrowed(bytes),
        Value::Ipv4(bytes) => Cow::Borrowed(bytes),
        Value::Ipv6(bytes) => Cow::Borrowed(bytes),
        _ => return None,
    })
}
