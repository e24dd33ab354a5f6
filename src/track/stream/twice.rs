//! Segments that come again with the same numbers and other bytes.
//!
//! Bytes are handed on and not kept, so a sum of each of the last segments is, of how it begins: to
//! look at all bytes would take longer than all else. What differs only behind is not noticed.

/// How many segments of each side are remembered.
const KEPT: usize = 4;
/// By how many bytes of its beginning a segment is known.
const KNOWN_BY: usize = 32;
/// How many pairs are told.
const MOST: usize = 100;

/// A segment that was handed on.
#[derive(Clone, Copy, Default)]
struct Sent {
    seq: u32,
    length: u32,
    frame: u32,
    sum: u64,
}

/// The last segments of one side.
#[derive(Default)]
pub(super) struct Last {
    sent: [Sent; KEPT],
    at: usize,
}

/// Two segments with the same numbers and different bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Differing {
    pub(crate) stream: u32,
    pub(crate) side: usize,
    /// The frame that came first, and the other one.
    pub(crate) frames: (u32, u32),
}

/// All of them.
#[derive(Default)]
pub(crate) struct Pairs(pub(crate) Vec<Differing>);

impl Last {
    /// Takes in a whole segment; gives the frame that had the same numbers and other bytes. A lone byte
    /// may be the garbage of a keep-alive (RFC 1122 §4.2.3.6).
    pub(super) fn segment(&mut self, seq: u32, bytes: &[u8], frame: u32) -> Option<u32> {
        let length = u32::try_from(bytes.len())
            .ok()
            .filter(|length| *length > 1)?;
        let sum = sum(bytes);
        let known = self
            .sent
            .iter()
            .find(|s| (s.seq, s.length) == (seq, length));
        if let Some(known) = known {
            return (known.sum != sum).then_some(known.frame);
        }
        self.sent[self.at] = Sent {
            seq,
            length,
            frame,
            sum,
        };
        self.at = (self.at + 1) % KEPT;
        None
    }
}

impl Pairs {
    /// Adds one, if there is room.
    #[cold]
    pub(super) fn add(&mut self, pair: Differing) {
        if self.0.len() < MOST {
            self.0.push(pair);
        }
    }
}

fn sum(bytes: &[u8]) -> u64 {
    const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
    let known = &bytes[..bytes.len().min(KNOWN_BY)];
    let (words, rest) = known.as_chunks::<8>();
    let rest = rest.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    words.chain([rest]).fold(0u64, |sum, word| {
        (sum.rotate_left(23) ^ word).wrapping_mul(MIX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_other_bytes_at_the_same_numbers_are_noticed() {
        let mut last = Last::default();
        assert_eq!(last.segment(1, b"good", 1), None);
        assert_eq!(last.segment(1, b"good", 2), None);
        assert_eq!(last.segment(1, b"evil", 3), Some(1));
        assert_eq!(last.segment(1, b"evils", 4), None);
        assert_eq!(last.segment(7, b"x", 5), None);
        assert_eq!(last.segment(7, b"y", 6), None);
    }

    #[test]
    fn a_long_segment_is_known_by_how_it_begins_and_only_the_last_ones_are() {
        let mut last = Last::default();
        let long = [7; 1000];
        assert_eq!(last.segment(1, &long, 1), None);
        for (at, found) in [(0, true), (31, true), (32, false), (999, false)] {
            let mut other = long;
            other[at] = 8;
            assert_eq!(last.segment(1, &other, 2).is_some(), found, "{at}");
        }
        for number in 0..8 {
            assert_eq!(last.segment(5000 + number, b"other", 3), None);
        }
        assert_eq!(last.segment(1, &[0; 1000], 4), None);
    }
}
