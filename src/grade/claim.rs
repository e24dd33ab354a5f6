//! What a student says of a part, and the sorts of values that compete for the same words.

use super::bounds::Bound;
use super::token::{Kind, Token, Unit};
use crate::handout::format::Type;
use std::net::IpAddr;

/// What a student says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Claim {
    /// The value.
    pub value: Claimed,
    /// The words it stands in.
    pub text: String,
    /// The student is not sure.
    pub hedged: bool,
    /// It is not plain which part it is said of: no label stands by it, and something else could be
    /// meant.
    pub loose: bool,
    /// Values beside it that could be meant as well, and whether other words claim them.
    pub others: Vec<(Claimed, bool)>,
    /// It is not plain, and the right value stands in the answer as well.
    pub unplain: bool,
    /// It stands where this part is not answered.
    pub elsewhere: bool,
    /// What else the digits can mean, and how near that has to come.
    pub readings: Vec<(f64, f64)>,
    /// It can be read in two ways, and one is right.
    pub two_ways: bool,
    /// It is no plain value.
    pub bound: Option<Bound>,
    /// It stands where its part is named.
    pub named: bool,
    /// Something else is said as well: the other value.
    pub conflict: Option<String>,
}

/// A value that is claimed.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Claimed {
    /// IP addresses.
    Ips(Vec<IpAddr>),
    /// A hardware address.
    Mac([u8; 6]),
    /// The last three bytes of a hardware address.
    MacEnd([u8; 3]),
    /// A number with its unit.
    Number(f64, Unit),
    /// Numbers in order.
    Numbers(Vec<i128>),
    /// Ports of client and server, as far as they are told.
    Ports(Option<i128>, Option<i128>),
    /// A name among those that the part knows.
    Name(String),
    /// Yes or no.
    YesNo(bool),
    /// Items of the key in the order they are told (their places), and items that are not in it.
    Items(Vec<usize>, Vec<String>),
    /// Text.
    Text(String),
    /// Something that is no value of the type at all.
    Malformed(String),
    /// Something is said, but no value.
    #[default]
    Vague,
}

/// Sorts of answers that compete for the same words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// IP addresses.
    Ip,
    /// Hardware addresses.
    Mac,
    /// Single numbers.
    Number,
    /// Two ports.
    Ports,
    /// Several frames.
    Frames,
    /// Names.
    Name,
    /// Yes or no.
    YesNo,
    /// Lists.
    List,
    /// Free text.
    Text,
    /// Prose.
    Prose,
}

/// The sort of a type.
pub fn class(kind: Type) -> Class {
    match kind {
        Type::Ip | Type::Set => Class::Ip,
        Type::Mac => Class::Mac,
        Type::Int | Type::Hex | Type::Port | Type::Frame | Type::Duration => Class::Number,
        Type::Ports => Class::Ports,
        Type::Frames => Class::Frames,
        Type::Enum => Class::Name,
        Type::YesNo => Class::YesNo,
        Type::List => Class::List,
        Type::Text => Class::Text,
        Type::Prose => Class::Prose,
    }
}

impl Class {
    /// Whether a token can be a value of this sort.
    pub fn holds(self, token: &Token) -> bool {
        match self {
            Class::Ip => matches!(token.kind, Kind::Ip(_) | Kind::Ip6(_) | Kind::BadIp),
            Class::Mac => matches!(token.kind, Kind::Mac(_) | Kind::MacEnd(_)),
            Class::Number | Class::Ports | Class::Frames => {
                matches!(token.kind, Kind::Number(_) | Kind::Decimal(_))
            }
            _ => false,
        }
    }
}
