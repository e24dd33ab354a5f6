//! The record headers of the pcap format, in all their variants.

use super::batch::wide;
use super::walk::LARGEST_FRAME;
use byteorder_slice::ByteOrder;

/// Bytes of a record header; the modified format has more.
pub(super) const RECORD_HEADER: usize = 16;

/// Which of a record's lengths comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lengths {
    /// Captured, then on the wire.
    Usual,
    /// The other way round (before version 2.3).
    Swapped,
    /// Either way: the smaller one is the captured one (version 2.3).
    Either,
}

/// The fields that all variants of the record header begin with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) seconds: u32,
    pub(super) fraction: u32,
    pub(super) captured: u32,
    pub(super) wire_length: u32,
}

impl Header {
    /// Reads the first fields of a record header.
    pub(super) fn read<B: ByteOrder>(bytes: &[u8], lengths: Lengths) -> Option<Header> {
        let header = bytes.first_chunk::<RECORD_HEADER>()?;
        let [seconds, fraction, first, second] = words_of::<B>(header);
        let swap = match lengths {
            Lengths::Usual => false,
            Lengths::Swapped => true,
            Lengths::Either => first > second,
        };
        let (captured, wire_length) = if swap {
            (second, first)
        } else {
            (first, second)
        };
        Some(Header {
            seconds,
            fraction,
            captured,
            wire_length,
        })
    }

    /// Whether there is nothing in it.
    pub(super) fn is_zero(&self) -> bool {
        self.seconds | self.fraction | self.captured | self.wire_length == 0
    }

    /// Whether it can be the header of a record.
    fn is_plausible(&self, snapshot: u32) -> bool {
        self.captured <= LARGEST_FRAME.min(snapshot)
            && self.captured <= self.wire_length
            && self.fraction < 1_000_000
    }
}

fn words_of<B: ByteOrder>(header: &[u8; RECORD_HEADER]) -> [u32; 4] {
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(header.chunks_exact(4)) {
        *word = B::read_u32(bytes);
    }
    words
}

/// The length of the record headers of a modified file. Two patches used one magic number: the
/// later one has 24 bytes, an earlier one 28. As in wiretap, the one with which the first records
/// look like records is taken. `None` while there are too few of them to tell; `ended` says that
/// there will be no more.
pub(super) fn modified_header<B: ByteOrder>(
    bytes: &[u8],
    snapshot: u32,
    ended: bool,
) -> Option<usize> {
    // Whether they look like records; unknown while some of them are missing.
    let fits = |length: usize| {
        let mut rest = bytes;
        for _ in 0..8 {
            let Some(header) = Header::read::<B>(rest, Lengths::Usual) else {
                return ended.then_some(true);
            };
            if !header.is_plausible(snapshot) {
                return Some(false);
            }
            let whole = length.saturating_add(wide(header.captured));
            rest = rest.get(whole..).unwrap_or_default();
        }
        Some(true)
    };
    match (fits(24), fits(28)) {
        (Some(true), _) | (_, Some(false)) => Some(24),
        (Some(false), Some(true)) => Some(28),
        _ => None,
    }
}
