//! Who closed: the FINs of both sides, in the order that their numbers tell.
//!
//! A FIN takes the last number of its side. So a FIN that is not in the capture leaves a gap at the
//! end of that side's numbers, as a lost payload does, and who has sent it first is then not known:
//! unless the other FIN was acknowledged from a number at which its receiver cannot have closed yet.
//! Frames may be written in another order than they were sent in: of two FINs the one that the other
//! acknowledges is the first. A FIN that comes behind its sender's later numbers was sent before, and
//! has the acknowledgment of its day: it may acknowledge what had not come when it was sent first.

use super::{Story, tcp};
use crate::track::tcp::Seen;
use std::cmp::Ordering;

fn reaches(number: u32, end: u32) -> bool {
    number.wrapping_sub(end).cast_signed() >= 0
}

impl Story {
    /// Takes in the first FIN of a side; what acknowledges it may have come before.
    pub(super) fn closes(&mut self, side: usize, seen: &Seen, length: u32) {
        let segment = &seen.segment;
        let numbering = self.numbering[side];
        let own = &mut self.parts[side];
        own.fin_frame = seen.frame;
        own.fin_time = seen.time.0;
        own.fin_acks = segment.has(tcp::ACK);
        self.fin_acks[side] = segment.ack;
        let number = segment.seq.wrapping_add(length);
        own.fin_end = number.wrapping_add(1);
        // Where a side's beginning is not known, its next number is the highest that it stood at.
        let unknown = !own.is_known() && reaches(own.next, own.fin_end);
        if unknown {
            self.trouble.get_or_insert_default();
        }
        let Some(trouble) = &mut self.trouble else {
            return;
        };
        let behind = trouble.reached[side].is_some_and(|number| reaches(number, own.fin_end));
        let behind = behind || unknown;
        trouble.fin_again[side] =
            behind && trouble.order(side, (numbering, None), seen) != Some(Ordering::Less);
        let (ack, frame) = trouble.early_acks[side];
        // Behind a FIN there is nothing more to acknowledge.
        if frame == 0 || ack != own.fin_end {
            return;
        }
        own.fin_acked = frame;
        trouble.holes[side].fill(number, own.fin_end);
        if own.next == own.fin_end {
            own.next = number;
        }
    }

    /// Whether a side has sent something beyond this number, or right before it, that is no FIN.
    pub(super) fn has_not_closed(&self, side: usize, number: u32) -> bool {
        let part = &self.parts[side];
        let trouble = self.trouble.as_deref();
        let gap = trouble.is_some_and(|trouble| trouble.holes[side].end_at(part.next));
        part.is_known() && !gap && reaches(part.next, number)
    }

    /// Whether a side may have sent a FIN that is not in the capture: the last of its numbers were
    /// not seen, or nothing shows which of them is its last.
    pub(super) fn may_have_closed(&self, side: usize) -> bool {
        let part = &self.parts[side];
        let reached = self.trouble.as_ref().and_then(|t| t.reached[side]);
        let seen = self.has_not_closed(side, reached.unwrap_or(part.next));
        part.fin_frame == 0 && !seen
    }

    /// Whether the FIN of a side acknowledges that of the other one.
    fn closes_after(&self, side: usize) -> bool {
        let (own, other) = (&self.parts[side], &self.parts[1 - side]);
        own.fin_acks && other.fin_frame != 0 && reaches(self.fin_acks[side], other.fin_end)
    }

    /// Whether it did so when it was sent first.
    fn surely_closes_after(&self, side: usize) -> bool {
        let again = self.trouble.as_ref().is_some_and(|t| t.fin_again[side]);
        self.closes_after(side) && !again
    }

    /// Whether nothing tells which of two FINs was sent first: one that was sent again acknowledges the
    /// other, or each does.
    pub(super) fn fins_untold(&self) -> bool {
        let sure = [0, 1].map(|side| self.surely_closes_after(side));
        let any = self.closes_after(0) || self.closes_after(1);
        sure[0] == sure[1] && any
    }

    /// The sides with a FIN, the first one first: as their numbers tell, or where these do not by
    /// their frames.
    pub(super) fn fins(&self) -> [Option<usize>; 2] {
        match [self.parts[0].fin(), self.parts[1].fin()] {
            [Some(a), Some(b)] => {
                let first = match [0, 1].map(|side| self.surely_closes_after(side)) {
                    [true, false] => 1,
                    [false, true] => 0,
                    _ => usize::from(b < a),
                };
                [Some(first), Some(1 - first)]
            }
            [Some(_), None] => [Some(0), None],
            [None, Some(_)] => [Some(1), None],
            [None, None] => [None, None],
        }
    }

    /// Whether two FINs crossed: the second was sent before its sender had received the first.
    pub(super) fn fins_crossed(&self) -> bool {
        match self.fins() {
            [_, Some(second)] if self.parts[second].fin_acks => !self.closes_after(second),
            [Some(first), Some(second)] => {
                let acked = self.parts[first].fin_acked();
                acked.is_none_or(|acked| Some(acked) > self.parts[second].fin())
            }
            _ => false,
        }
    }

    /// The side with the only FIN in the capture, where the other one may have sent one too.
    pub(super) fn lone_fin(&self) -> Option<usize> {
        match self.fins() {
            [Some(side), None] if self.may_have_closed(1 - side) => Some(side),
            _ => None,
        }
    }

    /// The side that sent the first FIN, where it is known.
    pub(super) fn first_fin(&self) -> Option<usize> {
        let first = self.fins()[0]?;
        let known = self.lone_fin().is_none() || self.parts[first].fin_first;
        (known && !self.fins_untold()).then_some(first)
    }
}
