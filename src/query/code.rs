//! A checked filter, ready to run: every name is a slot, every literal a value of its type.

use super::lexer::Sign;
use super::parser::{Length, Part};
use crate::dissect::field::{Kind, Value};

/// Something that holds for a row or does not.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a filter has a handful of nodes; a box each would cost a jump per frame"
)]
pub(super) enum Code {
    /// The empty filter.
    Always,
    Or(Vec<Code>),
    And(Vec<Code>),
    Not(Box<Code>),
    /// The field is there.
    Present(Operand),
    /// One of the values is not zero.
    NonZero(Operand),
    Compare(Box<Compare>),
    Member {
        left: Operand,
        set: Vec<(Operand, Option<Operand>)>,
        every: bool,
    },
    Contains {
        left: Operand,
        right: Operand,
        finder: Option<memchr::memmem::Finder<'static>>,
        every: bool,
    },
    Matches {
        left: Operand,
        pattern: regex::bytes::Regex,
        every: bool,
    },
}

/// A comparison.
#[derive(Debug)]
pub(super) struct Compare {
    pub(super) left: Operand,
    pub(super) operator: Operator,
    /// All values must hold, not just one.
    pub(super) every: bool,
    pub(super) right: Operand,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
}

/// Something with values.
#[derive(Debug)]
pub(super) enum Operand {
    Field {
        slot: usize,
        kind: Kind,
        layers: Option<Vec<Part>>,
    },
    Constant(Value<'static>),
    /// An address of which so many bits count.
    Network(Value<'static>, u8),
    Slice(Box<Operand>, Vec<Part>),
    Call(Function, Vec<Operand>),
    Arithmetic(Sign, Box<Operand>, Box<Operand>),
    /// A division that leaves no remainder behind.
    Quotient(Box<Operand>, Box<Operand>),
    Negate(Box<Operand>),
}

/// A function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Len,
    Count,
    Upper,
    Lower,
    String,
    Max,
    Min,
    Abs,
}

impl Function {
    /// Every function with its name.
    pub(super) const ALL: [(&'static str, Function); 8] = [
        ("len", Function::Len),
        ("count", Function::Count),
        ("upper", Function::Upper),
        ("lower", Function::Lower),
        ("string", Function::String),
        ("max", Function::Max),
        ("min", Function::Min),
        ("abs", Function::Abs),
    ];

    pub(super) fn name(self) -> &'static str {
        Function::ALL
            .iter()
            .find(|(_, f)| *f == self)
            .map_or("", |(name, _)| name)
    }
}

impl Part {
    /// The places this part takes of `length` of them; nothing when it reaches past the end.
    pub(super) fn of(self, length: usize) -> Option<std::ops::Range<usize>> {
        let place = |at: i64| -> Option<usize> {
            if at < 0 {
                length.checked_sub(usize::try_from(at.unsigned_abs()).ok()?)
            } else {
                usize::try_from(at).ok()
            }
        };
        let start = place(self.start)?;
        let end = match self.length {
            Length::Count(n) => start.checked_add(usize::try_from(n).ok()?)?,
            Length::Last(last) => place(last)?.checked_add(1)?,
            Length::Open => length,
        };
        (start < end && end <= length).then_some(start..end)
    }
}
