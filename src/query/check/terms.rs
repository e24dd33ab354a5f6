//! Terms that have a type of their own: fields, slices, layers, calculations, functions.

use super::kinds::{
    can_calculate, can_slice, compatible, constant_alone, describe_term, incompatible, is_number,
    operator_error, spelling,
};
use super::{Checker, Typed};
use crate::dissect::field::Kind;
use crate::query::catalogue::describe;
use crate::query::code::{Function, Operand};
use crate::query::error::{Cause, FilterError};
use crate::query::lexer::Sign;
use crate::query::literal::Wanted;
use crate::query::parser::{Length, Part, Term, TermKind};
use std::ops::Range;

impl Checker<'_> {
    /// A term that has a type of its own.
    pub(super) fn value(&mut self, term: &Term) -> Result<Typed, FilterError> {
        match &term.kind {
            TermKind::Word(name) | TermKind::Field(name) => {
                if matches!(term.kind, TermKind::Word(_)) && self.is_constant(term) {
                    return Err(constant_alone(term));
                }
                self.field(name, &term.span)
            }
            TermKind::Text(_) | TermKind::Character(_) | TermKind::Literal(_) => {
                Err(constant_alone(term))
            }
            TermKind::Slice(inner, parts) => {
                let typed = self.value(inner)?;
                self.slice(inner, typed, parts)
            }
            TermKind::Layer(inner, parts) => {
                let typed = self.value(inner)?;
                match typed.operand {
                    Operand::Field {
                        slot,
                        kind,
                        layers: None,
                    } => Ok(Typed {
                        operand: Operand::Field {
                            slot,
                            kind,
                            layers: Some(layers_from_one(parts)),
                        },
                        ..typed
                    }),
                    _ => Err(FilterError::new(inner.span.clone(), Cause::Layer)),
                }
            }
            TermKind::Call(name, arguments) => self.call(name, arguments, &term.span),
            TermKind::Binary(sign, left, right) => {
                if self.is_constant(left) {
                    if self.on_paper && !self.is_constant(right) {
                        let kind = self.value(right)?.kind;
                        let wanted = Wanted {
                            kind,
                            field: "",
                            partial: true,
                        };
                        let typed = self.against(left, &wanted)?;
                        return self.arithmetic(*sign, left, typed, right);
                    }
                    let cause = Cause::ConstantFirst(spelling(*sign));
                    return Err(FilterError::new(left.span.clone(), cause)
                        .hint("begin the calculation with a field"));
                }
                let typed = self.value(left)?;
                self.arithmetic(*sign, left, typed, right)
            }
            TermKind::Negate(inner) => {
                let typed = self.value(inner)?;
                if !can_calculate(typed.kind, Sign::Minus) {
                    return Err(operator_error(inner, typed.kind, "-"));
                }
                Ok(Typed {
                    operand: Operand::Negate(Box::new(typed.operand)),
                    kind: typed.kind,
                    field: "",
                })
            }
        }
    }

    fn slice(&self, inner: &Term, typed: Typed, parts: &[Part]) -> Result<Typed, FilterError> {
        if !can_slice(typed.kind) {
            let cause = Cause::Slice {
                what: describe_term(inner),
                kind: describe(typed.kind),
            };
            return Err(FilterError::new(inner.span.clone(), cause));
        }
        Ok(Typed {
            operand: Operand::Slice(Box::new(typed.operand), parts.to_vec()),
            kind: Kind::Bytes,
            field: "",
        })
    }

    pub(super) fn arithmetic(
        &mut self,
        sign: Sign,
        left: &Term,
        typed: Typed,
        right: &Term,
    ) -> Result<Typed, FilterError> {
        if !can_calculate(typed.kind, sign) {
            return Err(operator_error(left, typed.kind, spelling(sign)));
        }
        let wanted = Wanted {
            kind: if matches!(typed.kind, Kind::Protocol) {
                Kind::Bytes
            } else {
                typed.kind
            },
            field: "",
            partial: true,
        };
        let other = self.against(right, &wanted)?;
        if !can_calculate(other.kind, sign) {
            return Err(operator_error(right, other.kind, spelling(sign)));
        }
        // A count by a time of a fact, such as bytes by milliseconds, is a decimal number.
        let decimal = |a, b| matches!(a, Kind::Float) && is_number(b);
        let mixed = decimal(typed.kind, other.kind) || decimal(other.kind, typed.kind);
        if !mixed && !compatible(typed.kind, other.kind) {
            return Err(incompatible(left, &typed, right, other.kind));
        }
        let whole = is_number(typed.kind) && is_number(other.kind);
        let (left, right) = (Box::new(typed.operand), Box::new(other.operand));
        if self.on_paper && sign == Sign::Divide && whole {
            return Ok(Typed {
                operand: Operand::Quotient(left, right),
                kind: Kind::Float,
                field: "",
            });
        }
        let kind = match typed.kind {
            _ if mixed => Kind::Float,
            Kind::Unsigned(_) | Kind::Hex(_) | Kind::Signed(_) | Kind::Frame => Kind::Signed(64),
            kind => kind,
        };
        Ok(Typed {
            operand: Operand::Arithmetic(sign, left, right),
            kind,
            field: "",
        })
    }

    pub(super) fn call(
        &mut self,
        name: &str,
        arguments: &[Term],
        span: &Range<usize>,
    ) -> Result<Typed, FilterError> {
        let Some((_, function)) = Function::ALL.iter().find(|(n, _)| *n == name) else {
            let names: Vec<&str> = Function::ALL.iter().map(|(n, _)| *n).collect();
            let cause = Cause::UnknownFunction(name.to_string());
            return Err(FilterError::new(span.clone(), cause)
                .hint(format!("the functions are {}", names.join(", "))));
        };
        let function = *function;
        let many = matches!(function, Function::Max | Function::Min);
        let (name, count) = (function.name(), arguments.len());
        if count == 0 || (count > 1 && !many) {
            let wanted = if many {
                "one argument or more"
            } else {
                "one argument"
            };
            return Err(FilterError::new(
                span.clone(),
                Cause::Arguments { name, wanted },
            ));
        }
        let mut operands = Vec::with_capacity(count);
        let mut kind = Kind::Mark;
        for (at, argument) in arguments.iter().enumerate() {
            let typed = if at > 0 && self.is_constant(argument) {
                self.against(
                    argument,
                    &Wanted {
                        kind,
                        field: "",
                        partial: false,
                    },
                )?
            } else if self.is_constant(argument) {
                let wanted = wanted_argument(function);
                let cause = Cause::ArgumentType { name, wanted };
                return Err(FilterError::new(argument.span.clone(), cause));
            } else {
                self.value(argument)?
            };
            let fits = match function {
                Function::Len | Function::Count => !matches!(argument.kind, TermKind::Binary(..)),
                Function::Upper | Function::Lower => {
                    matches!(typed.kind, Kind::Text | Kind::State(_))
                }
                Function::String => !matches!(
                    typed.kind,
                    Kind::Protocol | Kind::Mark | Kind::Boolean | Kind::Time | Kind::Text
                ),
                Function::Abs => {
                    matches!(typed.kind, Kind::Float | Kind::Duration)
                        || can_calculate(typed.kind, Sign::Times)
                }
                Function::Max | Function::Min => {
                    !matches!(typed.kind, Kind::Mark | Kind::Protocol)
                        && (at == 0 || compatible(kind, typed.kind))
                }
            };
            if !fits {
                let wanted = wanted_argument(function);
                let cause = Cause::ArgumentType { name, wanted };
                return Err(FilterError::new(argument.span.clone(), cause));
            }
            if at == 0 {
                kind = typed.kind;
            }
            operands.push(typed.operand);
        }
        let kind = match function {
            Function::Len | Function::Count => Kind::Unsigned(32),
            Function::Upper | Function::Lower | Function::String => Kind::Text,
            Function::Max | Function::Min | Function::Abs => kind,
        };
        Ok(Typed {
            operand: Operand::Call(function, operands),
            kind,
            field: "",
        })
    }
}

fn wanted_argument(function: Function) -> &'static str {
    match function {
        Function::Len | Function::Count => "a field",
        Function::Upper | Function::Lower => "a text field",
        Function::String => "a field that is a number, an address, bytes or a span",
        Function::Max | Function::Min => "fields and values of one type, a field first",
        Function::Abs => "a number",
    }
}

/// `#1` is the first layer; slices count from 0.
fn layers_from_one(parts: &[Part]) -> Vec<Part> {
    let down = |n: i64| {
        if n > 0 {
            n - 1
        } else if n == 0 {
            i64::MAX / 2
        } else {
            n
        }
    };
    parts
        .iter()
        .map(|part| Part {
            start: down(part.start),
            length: match part.length {
                Length::Last(last) => Length::Last(down(last)),
                length => length,
            },
        })
        .collect()
}
