//! Reads bytes in the order of a figure and hands each value over at once.
//!
//! Where bytes are missing every method answers `None`, so that `?` ends the dissection there,
//! with everything before it already handed over.

use super::field::{FieldIndex, Sink, Value};
use super::text;
use std::ops::Range;

/// A position in a layer's bytes, and the sink that takes what is read.
pub(super) struct Cursor<'a, 's> {
    /// All captured bytes of the layer; positions count from its start.
    pub(super) bytes: &'a [u8],
    /// Where the next value is read.
    pub(super) at: usize,
    /// Where this part ends; may lie behind the captured bytes.
    pub(super) end: usize,
    /// Where values go.
    pub(super) sink: &'s mut Sink<'a>,
}

impl<'a> Cursor<'a, '_> {
    /// Bytes left before the end of this part.
    pub(super) fn left(&self) -> usize {
        self.end.saturating_sub(self.at)
    }

    /// The next `length` bytes, without moving on; only if they lie in this part and were
    /// captured.
    pub(super) fn peek(&self, length: usize) -> Option<&'a [u8]> {
        if length > self.left() {
            return None;
        }
        self.bytes.get(self.at..self.at.checked_add(length)?)
    }

    /// The next byte, without moving on.
    pub(super) fn peek_u8(&self) -> Option<u8> {
        self.peek(1)?.first().copied()
    }

    /// The next two bytes, without moving on.
    pub(super) fn peek_u16(&self) -> Option<u16> {
        Some(u16::from_be_bytes(*self.peek(2)?.first_chunk()?))
    }

    /// The next `length` bytes and where they are.
    pub(super) fn take(&mut self, length: usize) -> Option<(&'a [u8], Range<usize>)> {
        let bytes = self.peek(length)?;
        let range = self.at..self.at + length;
        self.at = range.end;
        Some((bytes, range))
    }

    /// A part of `length` bytes from here, read on its own; this cursor moves behind it. The
    /// part may promise more than there is.
    pub(super) fn part(&mut self, length: usize) -> Cursor<'a, '_> {
        let at = self.at;
        self.at = at.saturating_add(length);
        Cursor {
            bytes: self.bytes,
            at,
            end: self.at,
            sink: self.sink,
        }
    }

    /// Moves on without reading.
    pub(super) fn skip(&mut self, length: usize) -> Option<()> {
        self.take(length).map(|_| ())
    }

    fn array<const N: usize>(&mut self) -> Option<([u8; N], Range<usize>)> {
        let (bytes, range) = self.take(N)?;
        Some((*bytes.first_chunk()?, range))
    }

    /// A one-byte number.
    pub(super) fn u8(&mut self, index: FieldIndex) -> Option<u8> {
        let ([value], range) = self.array()?;
        self.sink.unsigned(index, range, value);
        Some(value)
    }

    /// A two-byte number.
    pub(super) fn u16(&mut self, index: FieldIndex) -> Option<u16> {
        let (value, range) = self.array()?;
        let value = u16::from_be_bytes(value);
        self.sink.unsigned(index, range, value);
        Some(value)
    }

    /// A three-byte number.
    pub(super) fn u24(&mut self, index: FieldIndex) -> Option<u32> {
        let ([a, b, c], range) = self.array()?;
        let value = u32::from_be_bytes([0, a, b, c]);
        self.sink.unsigned(index, range, value);
        Some(value)
    }

    /// A four-byte number.
    pub(super) fn u32(&mut self, index: FieldIndex) -> Option<u32> {
        let (value, range) = self.array()?;
        let value = u32::from_be_bytes(value);
        self.sink.unsigned(index, range, value);
        Some(value)
    }

    /// An eight-byte number.
    pub(super) fn u64(&mut self, index: FieldIndex) -> Option<u64> {
        let (value, range) = self.array()?;
        let value = u64::from_be_bytes(value);
        self.sink.unsigned(index, range, value);
        Some(value)
    }

    /// A signed four-byte number.
    pub(super) fn i32(&mut self, index: FieldIndex) -> Option<i32> {
        let (value, range) = self.array()?;
        let value = i32::from_be_bytes(value);
        self.sink.put(index, range, Value::Signed(i64::from(value)));
        Some(value)
    }

    /// A byte that is zero or not.
    pub(super) fn boolean(&mut self, index: FieldIndex) -> Option<bool> {
        let ([value], range) = self.array()?;
        self.sink.boolean(index, range, value != 0);
        Some(value != 0)
    }

    /// An IPv4 address.
    pub(super) fn ipv4(&mut self, index: FieldIndex) -> Option<[u8; 4]> {
        let (value, range) = self.array()?;
        self.sink.put(index, range, Value::Ipv4(value));
        Some(value)
    }

    /// An IPv6 address.
    pub(super) fn ipv6(&mut self, index: FieldIndex) -> Option<[u8; 16]> {
        let (value, range) = self.array()?;
        self.sink.put(index, range, Value::Ipv6(value));
        Some(value)
    }

    /// A six-byte hardware address.
    pub(super) fn ether(&mut self, index: FieldIndex) -> Option<[u8; 6]> {
        let (value, range) = self.array()?;
        self.sink.put(index, range, Value::Ether(value));
        Some(value)
    }

    /// Raw bytes.
    pub(super) fn bytes(&mut self, index: FieldIndex, length: usize) -> Option<&'a [u8]> {
        let (value, range) = self.take(length)?;
        self.sink.bytes(index, range, value);
        Some(value)
    }

    /// ASCII text.
    pub(super) fn ascii(&mut self, index: FieldIndex, length: usize) -> Option<&'a [u8]> {
        let (value, range) = self.take(length)?;
        if self.sink.wants(index) {
            self.sink.put(index, range, Value::Text(text::ascii(value)));
        }
        Some(value)
    }

    /// UTF-8 text.
    pub(super) fn utf8(&mut self, index: FieldIndex, length: usize) -> Option<&'a [u8]> {
        let (value, range) = self.take(length)?;
        if self.sink.wants(index) {
            self.sink.put(index, range, Value::Text(text::utf8(value)));
        }
        Some(value)
    }

    /// A mark over the next `length` bytes, without moving on.
    pub(super) fn mark(&mut self, index: FieldIndex, length: usize) -> Option<()> {
        self.peek(length)?;
        self.sink.mark(index, self.at..self.at + length);
        Some(())
    }

    /// The same of `length` bytes of which the last ones need not be captured.
    pub(super) fn mark_cut(&mut self, index: FieldIndex, length: usize) -> Option<()> {
        if length > self.left() || self.at >= self.bytes.len() {
            return None;
        }
        let end = (self.at + length).min(self.bytes.len());
        self.sink.mark(index, self.at..end);
        Some(())
    }
}
