//! What one side has sent and the capture does not show, or shows late.

use super::Story;
use crate::dissect::tcp::{self, Segment};
use crate::track::tcp::offer::Offer;

impl Story {
    /// Whether this answer to a SYN acknowledges another number than that of the SYN: its caller has
    /// not sent more before it was answered.
    pub(super) fn misses(&self, side: usize, segment: &Segment) -> bool {
        let caller = &self.parts[1 - side];
        let opens = segment.has(tcp::SYN) || segment.has(tcp::RST) && self.synack_frame == 0;
        self.syn_side.map(usize::from) == Some(1 - side)
            && opens
            && self.ack_frame == 0
            && segment.ack.wrapping_sub(caller.next).cast_signed() > 0
    }

    /// Whether this ACK is for something of `side` that was not seen.
    pub(super) fn is_unseen(&self, side: usize, ack: u32) -> bool {
        let part = &self.parts[side];
        part.is_known() && ack.wrapping_sub(part.seen()).cast_signed() > 0
    }

    /// Whether this ACK is the first for something of `side` that was not seen.
    pub(super) fn acknowledges_unseen(&mut self, side: usize, ack: u32, frame: u32) -> bool {
        if self.is_unseen(side, ack) {
            let part = &mut self.parts[side];
            let end = part.seen();
            // The number of a FIN behind what is missing is not.
            part.next = match part.fin_frame != 0 && ack == part.fin_end {
                true => ack.wrapping_sub(1),
                false => ack,
            };
            let trouble = self.trouble.get_or_insert_default();
            trouble.holes[side].add(end, part.next, true);
            trouble.early_acks[side] = (ack, frame);
            return true;
        }
        let trouble = self.trouble.as_mut();
        trouble.is_some_and(|t| t.holes[side].acknowledge(ack))
    }

    /// Takes in the number from which a side sent something without payload; says whether it lies
    /// beyond all that was seen of it. Of a side of which nothing else is known, its next number is the
    /// highest of these.
    #[inline]
    pub(super) fn stands_at(&mut self, side: usize, segment: &Segment) -> bool {
        let part = &mut self.parts[side];
        let other = segment.has(tcp::SYN) || segment.has(tcp::RST) || part.fin_frame != 0;
        let beyond = segment.seq.wrapping_sub(part.next).cast_signed() > 0;
        if !part.is_known() {
            if !other && (beyond || part.next == 0) {
                part.next = segment.seq;
            }
            return false;
        }
        let beyond = beyond && !other;
        if beyond {
            self.stands_beyond(side, segment.seq);
        }
        beyond
    }

    #[cold]
    pub(super) fn stands_beyond(&mut self, side: usize, number: u32) {
        let reached = &mut self.trouble.get_or_insert_default().reached[side];
        if reached.is_none_or(|known| number.wrapping_sub(known).cast_signed() > 0) {
            *reached = Some(number);
        }
    }

    /// How many of these bytes were not seen before.
    pub(super) fn unseen(&mut self, side: usize, start: u32, length: u32) -> u32 {
        let end = start.wrapping_add(length);
        let part = &mut self.parts[side];
        let next = part.next;
        let before = part.low.wrapping_sub(start).cast_signed();
        if before > 0 && !part.offer.has(Offer::SYN) {
            // It began before what was seen first: nothing of that was counted.
            let low = part.low;
            part.low = start;
            if low.wrapping_sub(end).cast_signed() >= 0 {
                if low != end {
                    let trouble = self.trouble.get_or_insert_default();
                    trouble.holes[side].add(end, low, false);
                }
                return length;
            }
            return before.unsigned_abs();
        }
        let ahead = start.wrapping_sub(next).cast_signed();
        if ahead == 0 {
            part.next = end;
            return length;
        }
        if ahead > 0 {
            part.next = end;
            let trouble = self.trouble.get_or_insert_default();
            trouble.holes[side].add(next, start, false);
            return length;
        }
        let beyond = end.wrapping_sub(next).cast_signed();
        let mut new = u32::try_from(beyond).unwrap_or(0);
        part.next = next.wrapping_add(new);
        if let Some(trouble) = &mut self.trouble
            && !trouble.holes[side].is_empty()
        {
            new = new.saturating_add(trouble.holes[side].fill(start, end));
        }
        new
    }
}
