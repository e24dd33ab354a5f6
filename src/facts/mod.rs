//! What can be said about traffic: flat records, each with a table of named, documented fields.
//!
//! A fact is joined to others by number (`stream`, `frame`), never nested. What the capture
//! cannot tell is `None`, never zero. A bare number ends in its unit (`_bytes`, `_ms`).
//!
//! **Invariant:** nothing is computed here; `track` fills the records, `render` writes them.

pub mod connection;
pub mod hello;
pub mod names;
pub mod network;
pub mod web;

use crate::dissect::field::{Kind, Value};
use std::borrow::Cow;
use std::net::IpAddr;

/// One column of a fact.
pub struct Field<F: 'static> {
    /// Full name, the fact's name first: `connection.client_port`. The part after the dot is the
    /// JSON key and the CSV heading.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// One sentence a student can read.
    pub doc: &'static str,
    /// Reads it; `None` is unknown.
    pub get: for<'a> fn(&'a F) -> Option<Value<'a>>,
}

impl<F> Field<F> {
    /// The name without the fact's: the JSON key.
    pub fn key(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(_, key)| key)
    }
}

/// A kind of fact.
pub trait Fact: Sized + 'static {
    /// The section it is reported in, and its JSON key: `connections`.
    const SECTION: &'static str;
    /// One sentence that says what the section shows.
    const DOC: &'static str;
    /// Its fields.
    const FIELDS: &'static [Field<Self>];
}

/// A Rust type that a fact's field can have.
pub trait AsValue {
    /// The field type it becomes.
    const KIND: Kind;
    /// Its value, or `None` when it is unknown.
    fn as_value(&self) -> Option<Value<'_>>;
}

/// A six-byte hardware address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac(pub [u8; 6]);

impl std::fmt::Display for Mac {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// A moment, in nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub i64);

/// A span in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Milliseconds(pub f64);

impl Milliseconds {
    /// From nanoseconds.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a span that loses a nanosecond is 104 days long"
    )]
    pub fn from_nanoseconds(ns: i64) -> Self {
        Milliseconds(ns as f64 / 1e6)
    }
}

/// Frame numbers that prove something.
pub type Frames = Vec<u32>;

macro_rules! as_value {
    ($($ty:ty, $kind:expr, $this:ident => $value:expr;)*) => {
        $(impl AsValue for $ty {
            const KIND: Kind = $kind;
            fn as_value(&self) -> Option<Value<'_>> {
                let $this = self;
                Some($value)
            }
        })*
    };
}

as_value! {
    u8, Kind::Unsigned(8), n => Value::Unsigned(u64::from(*n));
    u16, Kind::Unsigned(16), n => Value::Unsigned(u64::from(*n));
    u32, Kind::Unsigned(32), n => Value::Unsigned(u64::from(*n));
    u64, Kind::Unsigned(64), n => Value::Unsigned(*n);
    bool, Kind::Boolean, b => Value::Boolean(*b);
    &'static str, Kind::Text, s => Value::Text(Cow::Borrowed(s.as_bytes()));
    String, Kind::Text, s => Value::Text(Cow::Borrowed(s.as_bytes()));
    Vec<u8>, Kind::Text, s => Value::Text(Cow::Borrowed(s));
    Mac, Kind::Ether, m => Value::Ether(m.0);
    Moment, Kind::Time, m => Value::Time(m.0);
    Milliseconds, Kind::Float, m => Value::Float(m.0);
    Vec<u32>, Kind::Frames, f => Value::Frames(Cow::Borrowed(f));
    // A field of a fact may hold either version; filters compare addresses by their bytes.
    IpAddr, Kind::Ipv4, a => match a {
        IpAddr::V4(v4) => Value::Ipv4(v4.octets()),
        IpAddr::V6(v6) => Value::Ipv6(v6.octets()),
    };
}

impl<T: AsValue> AsValue for Option<T> {
    const KIND: Kind = T::KIND;
    fn as_value(&self) -> Option<Value<'_>> {
        self.as_ref().and_then(AsValue::as_value)
    }
}

/// Declares a fact: the record, its section and its field table, from one list, so that a field
/// is written once.
#[macro_export]
macro_rules! fact {
    ($doc:literal $name:ident $section:literal $prefix:literal { $($field:ident: $ty:ty, $text:literal;)* }) => {
        #[doc = $doc]
        #[derive(Clone, Debug)]
        pub struct $name {
            $(#[doc = $text] pub $field: $ty,)*
        }

        impl $crate::facts::Fact for $name {
            const SECTION: &'static str = $section;
            const DOC: &'static str = $doc;
            const FIELDS: &'static [$crate::facts::Field<Self>] = &[
                $($crate::facts::Field {
                    name: concat!($prefix, ".", stringify!($field)),
                    kind: <$ty as $crate::facts::AsValue>::KIND,
                    doc: $text,
                    get: |fact| $crate::facts::AsValue::as_value(&fact.$field),
                },)*
            ];
        }
    };
}
