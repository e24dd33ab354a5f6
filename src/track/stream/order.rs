//! One direction of a stream, put in order.

use super::Piece;
use crate::capture::Time;
use crate::dissect::as_usize;
use crate::track::room::Room;

/// Most segments and bytes that wait for one that is missing.
const MOST_WAITING: usize = 256;
const MOST_BYTES: usize = 1 << 20;
/// So far from a SYN data may be that comes first; the number of another SYN lies elsewhere.
const NEAR: u32 = 1 << 24;
/// So far behind what the other side expects segments may be that have overtaken others.
const SOON: u32 = 1 << 14;

/// A segment that came early.
struct Early {
    seq: u32,
    length: u32,
    frame: u32,
    time: Time,
    acked: u32,
    bytes: Vec<u8>,
}

/// All that one side has sent, from its SYN on.
#[derive(Clone, Copy)]
pub(in crate::track) struct Heard {
    /// Number of its first byte.
    pub(super) first: u32,
    /// Number of what it sends next.
    pub(super) next: u32,
    ended: bool,
}

impl Heard {
    /// Whether this is what the other side had when it acknowledged `acked`.
    pub(super) fn up_to(self, acked: u32) -> bool {
        acked == self.next || self.ended && acked == self.next.wrapping_add(1)
    }
}

/// What is remembered of one direction.
#[derive(Default)]
pub(super) struct Order {
    /// Where the stream begins, by its SYN.
    first: Option<u32>,
    next: Option<u32>,
    /// What the other side expects of a stream whose beginning is not in the capture.
    begins_at: Option<u32>,
    waiting: Vec<Early>,
    held: usize,
    /// Some of it is not in the capture.
    holes: bool,
    /// Bytes handed on.
    pub(super) delivered: u64,
    /// Frame and time of the FIN, or of the RST.
    pub(super) ended: Option<(u32, Time)>,
}

impl Order {
    /// Takes in the number after a SYN: what was sent first may come later.
    pub(super) fn begins(&mut self, first: u32) {
        self.first = Some(first);
    }

    /// Takes in the number that the other side expects, where the beginning is not known: what comes
    /// near behind it has overtaken what it expects, or that is not in the capture.
    pub(super) fn is_expected(&mut self, number: u32) {
        if self.first.is_none() && self.next.is_none() {
            self.begins_at = Some(number);
        }
    }

    /// Adds a segment's payload: `bytes` captured of `length`.
    pub(super) fn add(
        &mut self,
        seq: u32,
        bytes: &[u8],
        length: u32,
        piece: Piece<'_>,
        out: &mut dyn FnMut(Piece<'_>),
    ) {
        let first = self.first.filter(|first| seq.wrapping_sub(*first) < NEAR);
        let expected = self.begins_at.filter(|next| seq.wrapping_sub(*next) < SOON);
        let next = *self.next.get_or_insert(first.or(expected).unwrap_or(seq));
        let ahead = seq.wrapping_sub(next).cast_signed();
        if ahead > 0 {
            // The same segment again, or more than can wait: the hole is skipped in `acknowledged`.
            let known = self
                .waiting
                .iter()
                .any(|e| e.seq == seq && e.length >= length);
            if !known
                && self.waiting.has_room(MOST_WAITING)
                && self.held + bytes.len() <= MOST_BYTES
            {
                self.held += bytes.len();
                let early = Early {
                    seq,
                    length,
                    frame: piece.frame,
                    time: piece.time,
                    acked: piece.acked,
                    bytes: bytes.to_vec(),
                };
                self.waiting.push(early);
            } else if !known {
                self.skip(piece, out);
            }
            return;
        }
        self.hand_on(seq, bytes, length, piece, out);
        self.drain(Some(piece.frame), piece, out);
    }

    /// Skips a hole before what waits, when `ack` says that the receiver has it.
    pub(super) fn acknowledged(
        &mut self,
        ack: u32,
        piece: Piece<'_>,
        out: &mut dyn FnMut(Piece<'_>),
    ) {
        let beyond = |e: &Early| ack.wrapping_sub(e.seq).cast_signed() >= 0;
        if self.waiting.iter().any(beyond) {
            self.skip(piece, out);
        }
    }

    /// The number of the next byte.
    pub(super) fn expected(&self) -> Option<u32> {
        self.next
    }

    /// What is known to have been sent; none where some of it is not in the capture.
    pub(super) fn heard(&self) -> Option<Heard> {
        let first = self.first.filter(|_| !self.holes && !self.waits())?;
        Some(Heard {
            first,
            next: self.next.unwrap_or(first),
            ended: self.ended.is_some(),
        })
    }

    /// Nothing more will come: hands on what waits.
    pub(super) fn finish(&mut self, piece: Piece<'_>, out: &mut dyn FnMut(Piece<'_>)) {
        while !self.waiting.is_empty() {
            self.skip(piece, out);
        }
    }

    /// Gives up the hole before the earliest segment that waits.
    fn skip(&mut self, piece: Piece<'_>, out: &mut dyn FnMut(Piece<'_>)) {
        let Some(next) = self.next else { return };
        let Some(first) = self.waiting.iter().map(|e| e.seq.wrapping_sub(next)).min() else {
            return;
        };
        self.holes = true;
        out(Piece {
            bytes: &[],
            number: next,
            missing: first,
            ..piece
        });
        self.next = Some(next.wrapping_add(first));
        self.drain(None, piece, out);
    }

    /// Whether something waits behind a hole.
    pub(super) fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Hands on what waited for `filler`, the frame that filled the hole, or for nothing any more.
    fn drain(&mut self, filler: Option<u32>, piece: Piece<'_>, out: &mut dyn FnMut(Piece<'_>)) {
        while let Some(next) = self.next {
            let Some(place) = self
                .waiting
                .iter()
                .position(|e| next.wrapping_sub(e.seq).cast_signed() >= 0)
            else {
                return;
            };
            let early = self.waiting.swap_remove(place);
            self.held -= early.bytes.len();
            // What waited becomes known in the frame that fills the hole.
            let (frame, time) = match filler {
                Some(filler) => (filler, piece.time),
                None => (early.frame, early.time),
            };
            let waited = Piece {
                carried_in: early.frame,
                carried_at: early.time,
                frame,
                time,
                acked: early.acked,
                ..piece
            };
            self.hand_on(early.seq, &early.bytes, early.length, waited, out);
        }
    }

    /// Hands on what is new of a segment that begins at or before the expected number.
    fn hand_on(
        &mut self,
        seq: u32,
        bytes: &[u8],
        length: u32,
        piece: Piece<'_>,
        out: &mut dyn FnMut(Piece<'_>),
    ) {
        let next = self.next.unwrap_or(seq);
        let old = next.wrapping_sub(seq);
        if old >= length {
            return;
        }
        let new = bytes.get(as_usize(old)..).unwrap_or_default();
        let new = &new[..new.len().min(as_usize(length - old))];
        let captured = u32::try_from(new.len()).unwrap_or(u32::MAX);
        self.delivered += u64::from(length - old);
        self.next = Some(seq.wrapping_add(length));
        self.holes |= captured < length - old;
        out(Piece {
            bytes: new,
            number: next,
            missing: (length - old).saturating_sub(captured),
            ..piece
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is at each number of the stream.
    fn byte(at: u32) -> u8 {
        u8::try_from(at.wrapping_mul(37) >> 3 & 0xff).expect("a byte")
    }

    fn piece() -> Piece<'static> {
        Piece {
            stream: 0,
            side: 0,
            frame: 1,
            carried_in: 1,
            carried_at: Time(0),
            time: Time(0),
            bytes: &[],
            number: 0,
            acked: 0,
            heard: None,
            other_next: None,
            missing: 0,
        }
    }

    /// Segments in any order, some never, some twice, and acknowledgments now and then: each byte
    /// is handed on once and in order, and none is called missing that has come.
    #[test]
    fn any_order_gives_the_stream_and_its_holes() {
        let mut random = 5u32;
        let mut below = |limit: u32| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 8) % limit
        };
        for round in 0..600u32 {
            let base = if round % 2 == 0 { u32::MAX - 100 } else { 5000 };
            // A segment that was cut leaves a hole that another one does not fill.
            let cuts = round % 4 > 1;
            let mut order = Order::default();
            let mut came = vec![false; 1000];
            let mut position = 0;
            let mut check = |came: &[bool], piece: Piece<'_>, ended: bool| {
                for byte_of in piece.bytes {
                    assert_eq!(*byte_of, byte(position));
                    assert!(came[as_usize(position)]);
                    position += 1;
                }
                for _ in 0..piece.missing {
                    assert!(!came[as_usize(position)] || ended);
                    position += 1;
                }
            };
            let mut farthest = 0;
            for step in 0..40 {
                let near = if step == 0 { 0 } else { below(400) };
                let (start, length) = (near, 1 + below(60));
                let whole: Vec<u8> = (start..start + length).map(byte).collect();
                let kept = if cuts && below(8) == 0 {
                    below(length)
                } else {
                    length
                };
                for at in start..start + kept {
                    came[as_usize(at)] = true;
                }
                farthest = farthest.max(start + length);
                let seq = base.wrapping_add(start);
                let snapshot = came.clone();
                order.add(seq, &whole[..as_usize(kept)], length, piece(), &mut |p| {
                    check(&snapshot, p, cuts);
                });
                let waits = order.waiting.iter().map(|e| e.bytes.len()).sum::<usize>();
                assert_eq!(
                    (order.held, order.waits()),
                    (waits, !order.waiting.is_empty())
                );
                if below(6) == 0 {
                    let ack = base.wrapping_add(below(farthest + 1));
                    let before = order.expected();
                    order.acknowledged(ack, piece(), &mut |p| check(&snapshot, p, true));
                    let skipped = order.expected() != before;
                    assert!(!skipped || ack.wrapping_sub(before.expect("it has begun")) < 1 << 31);
                }
            }
            order.finish(piece(), &mut |p| check(&came, p, true));
            assert!(!order.waits() && order.held == 0);
            assert_eq!(order.expected(), Some(base.wrapping_add(farthest)));
            assert_eq!((position, order.delivered > 0), (farthest, true));
        }
    }

    #[test]
    fn too_many_that_wait_give_up_the_hole() {
        let mut order = Order::default();
        let mut missing = 0;
        order.add(0, b"a", 1, piece(), &mut |_| {});
        for number in 0..=u32::try_from(MOST_WAITING).expect("it is small") {
            assert_eq!(missing, 0);
            order.add(10 + 2 * number, b"b", 1, piece(), &mut |p| {
                missing += p.missing
            });
        }
        assert_eq!(missing, 9);
        let mut order = Order::default();
        let half = vec![b'c'; MOST_BYTES / 2];
        let length = u32::try_from(half.len()).expect("it is small");
        let mut missing = 0;
        order.add(0, b"a", 1, piece(), &mut |_| {});
        for number in 0..3 {
            assert_eq!(missing, 0);
            let seq = 10 + number * (length + 1);
            order.add(seq, &half, length, piece(), &mut |p| missing += p.missing);
        }
        assert_eq!(missing, 9);
    }

    #[test]
    fn what_was_sent_is_known_where_all_of_it_is_there() {
        let whole = |numbers: &[(u32, usize, u32)]| {
            let mut order = Order::default();
            order.begins(1000);
            for (seq, captured, length) in numbers {
                order.add(*seq, &vec![b'x'; *captured], *length, piece(), &mut |_| {});
            }
            order.heard().map(|heard| (heard.first, heard.next))
        };
        assert_eq!(whole(&[]), Some((1000, 1000)));
        assert_eq!(whole(&[(1000, 10, 10), (1010, 5, 5)]), Some((1000, 1015)));
        // A part that comes again is no hole, nor is one that fills a gap.
        assert_eq!(whole(&[(1000, 10, 10), (1005, 10, 10)]), Some((1000, 1015)));
        assert_eq!(whole(&[(1010, 5, 5), (1000, 10, 10)]), Some((1000, 1015)));
        // Something waits for what is missing; something was cut.
        assert_eq!(whole(&[(1000, 10, 10), (1011, 5, 5)]), None);
        assert_eq!(whole(&[(1000, 9, 10)]), None);
        assert_eq!(whole(&[(1000, 9, 10), (1009, 5, 5)]), None);
        // A hole that was given up.
        let mut order = Order::default();
        order.begins(1000);
        order.add(1011, b"x", 1, piece(), &mut |_| {});
        order.acknowledged(1012, piece(), &mut |_| {});
        assert!(!order.waits() && order.heard().is_none());
        // Without its beginning nothing is.
        let mut order = Order::default();
        order.add(1000, b"x", 1, piece(), &mut |_| {});
        assert!(order.heard().is_none());
    }

    #[test]
    fn a_fin_counts_for_one_in_what_the_other_side_had() {
        let heard = |ended: bool, acked: u32| {
            let first = 1000;
            Heard {
                first,
                next: first + 5,
                ended,
            }
            .up_to(acked)
        };
        assert!(heard(false, 1005) && heard(true, 1005) && heard(true, 1006));
        assert!(!heard(false, 1006) && !heard(true, 1007) && !heard(true, 1004));
    }
}
