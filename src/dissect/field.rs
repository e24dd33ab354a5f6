//! Named values: what a field is called, which type it has, and how a dissector hands it over.
//!
//! Names and types are Wireshark's, so that filters and `tshark -T fields` habits carry over.

use std::borrow::Cow;
use std::ops::Range;

/// The type of a field: decides how it prints, compares and is documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A layer as a whole: it is there or it is not.
    Protocol,
    /// A mark without a value (Wireshark's FT_NONE); prints as `1`.
    Mark,
    /// True or false; prints as `1` or `0`.
    Boolean,
    /// Unsigned number of this many bits, printed in decimal.
    Unsigned(u8),
    /// Unsigned number of this many bits, printed in hexadecimal at full width.
    Hex(u8),
    /// Signed number of this many bits.
    Signed(u8),
    /// A frame number.
    Frame,
    /// Text.
    Text,
    /// Bytes, printed as hexadecimal digits.
    Bytes,
    /// Six-byte hardware address.
    Ether,
    /// IPv4 address.
    Ipv4,
    /// IPv6 address.
    Ipv6,
    /// A moment; prints as seconds since 1970 with nine decimals in `tshark -T fields` style.
    Time,
    /// A span, in nanoseconds; prints as seconds with nine decimals.
    Duration,
    /// A floating-point number.
    Float,
    /// Frame numbers that prove a fact (facts only).
    Frames,
    /// An IPv4 or IPv6 address (facts only; a frame's fields are one or the other).
    Address,
    /// One of a closed set of states (facts only).
    State(&'static [State]),
}

/// One state of a closed set: its word, and what it means in a sentence.
#[derive(Debug, PartialEq, Eq)]
pub struct State {
    /// The word it is told and asked by.
    pub word: &'static str,
    /// What it means.
    pub doc: &'static str,
}

/// One value of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// A layer or mark that is there.
    Present,
    /// True or false.
    Boolean(bool),
    /// An unsigned number of any width, or a frame number.
    Unsigned(u64),
    /// A signed number of any width.
    Signed(i64),
    /// Text as captured; not necessarily UTF-8, never safe to print as it is.
    Text(Cow<'a, [u8]>),
    /// Raw bytes.
    Bytes(Cow<'a, [u8]>),
    /// Six-byte hardware address.
    Ether([u8; 6]),
    /// IPv4 address.
    Ipv4([u8; 4]),
    /// IPv6 address.
    Ipv6([u8; 16]),
    /// Nanoseconds since 1970.
    Time(i64),
    /// Nanoseconds.
    Duration(i64),
    /// A floating-point number.
    Float(f64),
    /// Frame numbers.
    Frames(Cow<'a, [u32]>),
    /// Several values of the field's kind, in order.
    List(Vec<Value<'a>>),
}

/// One row of a protocol's `FIELDS` table.
#[derive(Debug)]
pub struct Field {
    /// Wireshark's name, for example `ip.ttl`.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// One sentence a student can read.
    pub doc: &'static str,
}

/// Position of a field in its protocol's `FIELDS` table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldIndex(pub u8);

/// Declares a protocol's fields: the constants that name them in code and the `FIELDS` table,
/// from one list, so that a field is written once.
#[macro_export]
macro_rules! fields {
    ($($id:ident: $name:literal, $kind:expr, $doc:literal;)*) => {
        // Some are handed over by their place in the list, without their name.
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, dead_code)]
        #[repr(u8)]
        enum Order { $($id),* }
        $(
            #[doc = $doc]
            #[allow(dead_code)]
            pub(crate) const $id: $crate::dissect::field::FieldIndex =
                $crate::dissect::field::FieldIndex(Order::$id as u8);
        )*
        /// Every field of this protocol, in the order of the list above.
        pub(crate) const FIELDS: &[$crate::dissect::field::Field] = &[
            $($crate::dissect::field::Field { name: $name, kind: $kind, doc: $doc }),*
        ];
    };
}

/// Which fields of a protocol are wanted, by index in its table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted(pub [u128; 2]);

impl Wanted {
    /// Every field.
    pub const ALL: Wanted = Wanted([u128::MAX; 2]);

    /// Adds one field.
    pub fn insert(&mut self, index: FieldIndex) {
        self.0[usize::from(index.0 >> 7)] |= 1 << (index.0 & 127);
    }

    /// Whether this field is wanted.
    #[inline]
    pub fn contains(&self, index: FieldIndex) -> bool {
        self.0[usize::from(index.0 >> 7)] >> (index.0 & 127) & 1 == 1
    }

    /// Whether nothing is wanted.
    pub fn is_empty(&self) -> bool {
        self.0 == [0; 2]
    }
}

/// One value found in a frame, with the bytes it came from.
#[derive(Clone, Debug)]
pub struct Found<'a> {
    /// Which field of the layer's table.
    pub index: FieldIndex,
    /// Its value.
    pub value: Value<'a>,
    /// The layer's bytes it was read from, counted from the layer's first byte; empty when it
    /// was computed.
    pub bytes: Range<usize>,
}

/// Where a layer puts its fields, in the order of Wireshark's packet details.
#[derive(Debug, Default)]
pub struct Sink<'a> {
    /// Which fields to keep.
    pub wanted: Wanted,
    /// What was kept.
    pub found: Vec<Found<'a>>,
}

impl<'a> Sink<'a> {
    /// A sink that keeps the wanted fields.
    pub fn new(wanted: Wanted) -> Self {
        Sink {
            wanted,
            found: Vec::new(),
        }
    }

    /// Whether the field is asked for; to be checked before work that costs.
    #[inline]
    pub fn wants(&self, index: FieldIndex) -> bool {
        self.wanted.contains(index)
    }

    /// Hands over a value read from `bytes` (relative to the layer's start).
    #[inline]
    pub fn put(&mut self, index: FieldIndex, bytes: Range<usize>, value: Value<'a>) {
        self.put_with(index, bytes, || value);
    }

    /// The same of a value that is only made if it is wanted: most is not.
    #[inline(always)]
    fn put_with(
        &mut self,
        index: FieldIndex,
        bytes: Range<usize>,
        value: impl FnOnce() -> Value<'a>,
    ) {
        if self.wanted.contains(index) {
            self.keep(Found {
                index,
                value: value(),
                bytes,
            });
        }
    }

    #[inline(never)]
    fn keep(&mut self, found: Found<'a>) {
        self.found.push(found);
    }

    /// An unsigned number.
    #[inline(always)]
    pub fn unsigned(&mut self, index: FieldIndex, bytes: Range<usize>, value: impl Into<u64>) {
        let value: u64 = value.into();
        self.put_with(index, bytes, || Value::Unsigned(value));
    }

    /// True or false.
    #[inline(always)]
    pub fn boolean(&mut self, index: FieldIndex, bytes: Range<usize>, value: bool) {
        self.put_with(index, bytes, || Value::Boolean(value));
    }

    /// Text as captured.
    #[inline(always)]
    pub fn text(&mut self, index: FieldIndex, bytes: Range<usize>, value: &'a [u8]) {
        self.put_with(index, bytes, || Value::Text(Cow::Borrowed(value)));
    }

    /// Text that was put together.
    pub fn owned_text(&mut self, index: FieldIndex, bytes: Range<usize>, value: String) {
        self.put(index, bytes, Value::Text(Cow::Owned(value.into_bytes())));
    }

    /// Raw bytes.
    #[inline(always)]
    pub fn bytes(&mut self, index: FieldIndex, bytes: Range<usize>, value: &'a [u8]) {
        self.put_with(index, bytes, || Value::Bytes(Cow::Borrowed(value)));
    }

    /// A mark without a value.
    #[inline(always)]
    pub fn mark(&mut self, index: FieldIndex, bytes: Range<usize>) {
        self.put_with(index, bytes, || Value::Present);
    }
}
