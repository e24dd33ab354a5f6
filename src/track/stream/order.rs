//! One direction of a stream, put in order.

use super::Piece;
use crate::capture::Time;
use crate::dissect::as_usize;

/// Most segments and bytes that wait for one that is missing.
const MOST_WAITING: usize = 256;
const MOST_BYTES: usize = 1 << 20;

/// A segment that came early.
struct Early {
    seq: u32,
    length: u32,
    frame: u32,
    time: Time,
    bytes: Vec<u8>,
}

/// What is remembered of one direction.
#[derive(Default)]
pub(super) struct Order {
    next: Option<u32>,
    waiting: Vec<Early>,
    held: usize,
    /// Bytes handed on.
    pub(super) delivered: u64,
    /// Frame and time of the FIN, or of the RST.
    pub(super) ended: Option<(u32, Time)>,
}

impl Order {
    /// Adds a segment's payload: `bytes` captured of `length`.
    pub(super) fn add(
        &mut self,
        seq: u32,
        bytes: &[u8],
        length: u32,
        piece: Piece<'_>,
        out: &mut dyn FnMut(Piece<'_>),
    ) {
        let next = *self.next.get_or_insert(seq);
        let ahead = seq.wrapping_sub(next).cast_signed();
        if ahead > 0 {
            // The same segment again, or more than can wait: the hole is skipped in `acknowledged`.
            let known = self
                .waiting
                .iter()
                .any(|e| e.seq == seq && e.length >= length);
            if !known && self.waiting.len() < MOST_WAITING && self.held + bytes.len() <= MOST_BYTES
            {
                self.held += bytes.len();
                let early = Early {
                    seq,
                    length,
                    frame: piece.frame,
                    time: piece.time,
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
        out(Piece {
            bytes: &[],
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
                frame,
                time,
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
        out(Piece {
            bytes: new,
            missing: (length - old).saturating_sub(captured),
            ..piece
        });
    }
}
