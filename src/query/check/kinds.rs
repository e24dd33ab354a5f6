//! Which types go with which sign, and the words for those that do not.

use super::Typed;
use crate::dissect::field::Kind;
use crate::dissect::meaning;
use crate::query::catalogue::describe;
use crate::query::error::{Cause, FilterError};
use crate::query::lexer::Sign;
use crate::query::literal;
use crate::query::parser::{Term, TermKind};

pub(super) fn is_number(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Unsigned(_)
            | Kind::Hex(_)
            | Kind::Signed(_)
            | Kind::Frame
            | Kind::Frames
            | Kind::Boolean
    )
}

pub(super) fn compatible(a: Kind, b: Kind) -> bool {
    let bytes = |k| matches!(k, Kind::Bytes | Kind::Ether | Kind::Protocol);
    let text = |k| matches!(k, Kind::Text | Kind::State(_));
    let address = |k| matches!(k, Kind::Ipv4 | Kind::Ipv6 | Kind::Address);
    a == b
        || (is_number(a) && is_number(b))
        || (bytes(a) && bytes(b))
        || (text(a) && text(b))
        || (address(a) && address(b))
}

pub(super) fn can_contain(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Bytes | Kind::Ether | Kind::Text | Kind::State(_) | Kind::Protocol
    )
}

pub(super) fn can_slice(kind: Kind) -> bool {
    can_contain(kind) || matches!(kind, Kind::Ipv4 | Kind::Ipv6 | Kind::Address)
}

pub(super) fn can_calculate(kind: Kind, sign: Sign) -> bool {
    let number = is_number(kind) && !matches!(kind, Kind::Boolean);
    match sign {
        Sign::BitAnd => {
            number || matches!(kind, Kind::Bytes | Kind::Ether | Kind::Ipv4 | Kind::Ipv6)
        }
        Sign::Plus | Sign::Minus => {
            number || matches!(kind, Kind::Float | Kind::Duration | Kind::Time)
        }
        _ => number || matches!(kind, Kind::Float),
    }
}

pub(super) fn operator_error(term: &Term, kind: Kind, operator: &'static str) -> FilterError {
    let cause = Cause::Operator {
        what: describe_term(term),
        kind: describe(kind),
        operator,
    };
    FilterError::new(term.span.clone(), cause)
}

/// A literal where something of the traffic has to stand.
pub(super) fn constant_alone(term: &Term) -> FilterError {
    FilterError::new(term.span.clone(), Cause::ConstantAlone(describe_term(term)))
}

/// Two terms of types that cannot be compared or calculated with.
pub(super) fn incompatible(left: &Term, typed: &Typed, right: &Term, other: Kind) -> FilterError {
    let cause = Cause::Incompatible {
        left: describe_term(left),
        left_kind: describe(typed.kind),
        right: describe_term(right),
        right_kind: describe(other),
    };
    let error = FilterError::new(right.span.clone(), cause);
    match &right.kind {
        TermKind::Word(word) if let Some(value) = meaning::value(typed.field, word) => {
            error.hint(literal::number_for(word, value))
        }
        _ => error,
    }
}

/// A sign as it is written in messages.
pub(super) fn spelling(sign: Sign) -> &'static str {
    match sign {
        Sign::Equal => "==",
        Sign::AllEqual => "===",
        Sign::NotEqual => "!=",
        Sign::AnyNotEqual => "!==",
        Sign::Greater => ">",
        Sign::Less => "<",
        Sign::GreaterEqual => ">=",
        Sign::LessEqual => "<=",
        Sign::Contains => "contains",
        Sign::Matches => "matches",
        Sign::Plus => "+",
        Sign::Minus => "-",
        Sign::Times => "*",
        Sign::Divide => "/",
        Sign::Modulo => "%",
        Sign::BitAnd => "&",
        _ => "",
    }
}

/// A term as messages name it.
pub(super) fn describe_term(term: &Term) -> String {
    match &term.kind {
        TermKind::Word(word) | TermKind::Field(word) | TermKind::Literal(word) => word.clone(),
        TermKind::Text(text) => format!("\"{}\"", String::from_utf8_lossy(text)),
        TermKind::Character(byte) => format!("'{}'", char::from(*byte).escape_default()),
        TermKind::Slice(inner, _) => format!("a slice of {}", describe_term(inner)),
        TermKind::Layer(inner, _) => describe_term(inner),
        TermKind::Call(name, _) => format!("{name}()"),
        TermKind::Binary(..) | TermKind::Negate(_) => "the calculation".into(),
    }
}
