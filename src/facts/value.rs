//! The Rust types that a fact's field can have.

use crate::dissect::field::{Kind, Value};
use std::borrow::Cow;
use std::net::IpAddr;

/// A Rust type that a fact's field can have.
pub trait AsValue {
    /// The field type it becomes; of a list, that of its members.
    const KIND: Kind;
    /// Its value, or `None` when it is absent.
    fn as_value(&self) -> Option<Value<'_>>;
}

/// A field that holds numbers of frames.
pub trait AsFrames {
    /// Adds them.
    fn add_to(&self, frames: &mut Frames);
}

impl AsFrames for u32 {
    fn add_to(&self, frames: &mut Frames) {
        frames.push(*self);
    }
}

impl AsFrames for Option<u32> {
    fn add_to(&self, frames: &mut Frames) {
        frames.extend(self);
    }
}

/// Of a list that is rare among many records: it takes the room of one pointer.
impl AsFrames for Option<Box<Frames>> {
    fn add_to(&self, frames: &mut Frames) {
        frames.extend(self.iter().flat_map(|list| list.iter()));
    }
}

impl AsFrames for Frames {
    fn add_to(&self, frames: &mut Frames) {
        frames.extend(self);
    }
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

    /// From one moment to a later one, in nanoseconds. Clocks are set back while a capture runs: then
    /// how long it was cannot be told.
    pub fn between(earlier: i64, later: i64) -> Option<Self> {
        (later >= earlier).then(|| Self::from_nanoseconds(later.saturating_sub(earlier)))
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
    Cow<'static, str>, Kind::Text, s => Value::Text(Cow::Borrowed(s.as_bytes()));
    String, Kind::Text, s => Value::Text(Cow::Borrowed(s.as_bytes()));
    Vec<u8>, Kind::Text, s => Value::Text(Cow::Borrowed(s));
    Mac, Kind::Ether, m => Value::Ether(m.0);
    Moment, Kind::Time, m => Value::Time(m.0);
    Milliseconds, Kind::Float, m => Value::Float(m.0);
    f64, Kind::Float, n => Value::Float(*n);
    Frames, Kind::Frames, f => Value::Frames(Cow::Borrowed(f));
    IpAddr, Kind::Address, a => match a {
        IpAddr::V4(v4) => Value::Ipv4(v4.octets()),
        IpAddr::V6(v6) => Value::Ipv6(v6.octets()),
    };
}

macro_rules! as_list {
    ($($ty:ty),*) => {
        $(impl AsValue for Vec<$ty> {
            const KIND: Kind = <$ty>::KIND;
            fn as_value(&self) -> Option<Value<'_>> {
                Some(Value::List(self.iter().filter_map(AsValue::as_value).collect()))
            }
        })*
    };
}

as_list!(IpAddr, String, Milliseconds, Mac, &'static str);

impl<T: AsValue> AsValue for Box<T> {
    const KIND: Kind = T::KIND;
    fn as_value(&self) -> Option<Value<'_>> {
        (**self).as_value()
    }
}

impl<T: AsValue> AsValue for Option<T> {
    const KIND: Kind = T::KIND;
    fn as_value(&self) -> Option<Value<'_>> {
        self.as_ref().and_then(AsValue::as_value)
    }
}
