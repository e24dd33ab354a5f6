//! How a connection is opened, and what looks like it and is not: answers to the SYNs of older
//! connections, and the ACK of a caller whose own system has reset the call before.

use super::trouble::{Answer, NAMED};
use super::{Part, Story};
use crate::dissect::tcp::{self, Segment};
use crate::track::tcp::Seen;

/// A caller sends no more than so many bytes before something is acknowledged: the window of a SYN is
/// not scaled (RFC 7323 section 2.2).
const FIRST: u32 = 0xffff;

#[inline]
pub(super) fn handshake(story: &mut Story, side: usize, seen: &Seen) {
    let (segment, frame) = (&seen.segment, seen.frame);
    let sender = u8::from(side == 1);
    match segment.flags & tcp::SYN_ACK {
        tcp::SYN => {
            if story.syn_frame == 0 {
                story.syn_frame = frame;
                story.syn_ttl = seen.ttl;
                story.syn_side = Some(sender);
                // What was reset before belongs to an earlier connection of the same ends.
                if !story.is_refused_before(side, segment) {
                    (story.early_rst, story.early_rst_side) = (story.rst_frame, story.rst_side);
                    story.rst_frame = 0;
                }
            }
            if story.syn_side == Some(sender) {
                story.opening_again |=
                    story.syn_attempts > 0 && story.ack_frame == 0 && seen.copy.is_none();
                // A SYN that was captured twice is no second try.
                story.syn_attempts += u32::from(seen.copy.is_none() || story.syn_attempts == 0);
            } else {
                story.both_syn = true;
                let second = &mut story.trouble.get_or_insert_default().second_syn;
                if *second == 0 {
                    *second = frame;
                }
            }
            offer(&mut story.parts[side], seen);
        }
        tcp::SYN_ACK if story.answers_another(side, segment) => story.astray(false, seen),
        tcp::SYN_ACK => {
            let again = story.synack_frame != 0 && story.ack_frame == 0;
            story.opening_again |= again && seen.copy.is_none();
            if story.synack_frame == 0 {
                story.synack_frame = frame;
                story.synack_time = seen.time.0;
                let trouble = story.trouble.as_ref();
                let called_again = trouble.and_then(|t| t.syns.last()).map_or(0, |syn| syn.0);
                if story.rst_frame != 0 && story.rst_frame < called_again.max(story.syn_frame) {
                    // It refused the call before this one.
                    (story.early_rst, story.early_rst_side) = (story.rst_frame, story.rst_side);
                    story.rst_frame = 0;
                }
                story.accepted_after_all(side, seen);
                story.parts[1 - side].called_with(segment.ack);
            } else if again && story.parts[side].isn() != Some(segment.seq) {
                story.answered_again(side, seen);
            }
            offer(&mut story.parts[side], seen);
        }
        tcp::ACK if story.ack_frame == 0 && story.synack_frame != 0 && !segment.has(tcp::RST) => {
            let answers = story.trouble.as_ref().and_then(|trouble| trouble.answers);
            if let Some(answers) = answers {
                story.takes_up(answers, 1 - side, segment.ack);
            }
            // Only the side that was answered completes the handshake, by acknowledging the SYN+ACK.
            let answered = story.parts[1 - side].isn().map(|isn| isn.wrapping_add(1));
            if story.syn_side == Some(1 - sender) {
                story.goes_on_with(side);
            } else if answered.is_some_and(|n| segment.ack.wrapping_sub(n).cast_signed() >= 0) {
                if story.has_reset_its_call(side) {
                    story.acknowledged_too_late(frame);
                } else {
                    story.ack_frame = frame;
                    story.ack_is_late = story.is_late(side, segment);
                }
            }
        }
        tcp::ACK
            if story.synack_frame == 0
                && story.syn_frame != 0
                && story.awaits(sender)
                && !segment.has(tcp::RST) =>
        {
            let caller = story.syn_side == Some(sender);
            let other = &story.parts[1 - side];
            let answered = other.isn().map(|isn| isn.wrapping_add(1));
            // It acknowledges the SYN, or what was sent after it; a number of an older connection
            // lies elsewhere.
            let fits = caller
                || answered.is_some_and(|next| {
                    let sent = other.next.wrapping_sub(next);
                    segment.ack.wrapping_sub(next) <= sent.max(FIRST)
                });
            if caller {
                story.ack_frame = frame;
                story.ack_is_late = story.is_late(side, segment);
            }
            story.astray(fits, seen);
        }
        _ => {}
    }
}

/// The frame of the first SYN or SYN+ACK of a side, and its number.
pub(in crate::track::tcp) fn numbered(story: &Story, side: usize) -> Option<(u32, u32)> {
    let own = story.syn_side.map(usize::from) == Some(side);
    let frame = if own {
        story.syn_frame
    } else {
        story.synack_frame
    };
    let isn = story.parts[side].isn()?;
    (frame != 0).then_some((frame, isn))
}

fn offer(part: &mut Part, seen: &Seen) {
    if part.isn() != Some(seen.segment.seq) {
        part.offer = seen.offer;
        part.isn = seen.segment.seq;
        part.next = seen.segment.seq.wrapping_add(1);
    }
}

impl Part {
    /// Whether what this side is seen to have sent from its SYN on never reaches this number.
    fn has_not_sent(&self, number: u32) -> bool {
        let sent = 1 + self.bytes + u64::from(self.fin_frame != 0);
        self.isn()
            .is_some_and(|isn| u64::from(number.wrapping_sub(isn)) > sent)
    }
}

impl Story {
    /// Whether all that was seen is one side's SYN+ACK, and a RST of the other one.
    pub(super) fn is_refused_answer(&self, answering: usize) -> bool {
        let refused = self.rst_frame != 0 && usize::from(self.rst_side) != answering;
        let silent = self.parts[1 - answering].ttls.1 == 0;
        refused && silent && self.syn_frame == 0 && self.lone_ack.is_some() && !self.acks_advance
    }

    /// Whether there was no connection at all.
    pub(super) fn is_nothing(&self) -> bool {
        self.syn_side.is_none() && self.synack_frame == 0 && self.is_stray()
    }

    /// Whether there was no connection for what one side sent without a SYN. A RST without ACK takes
    /// its number from the segment that it answers: who has the connection sets ACK, or counts from
    /// what it has sent itself (RFC 9293 §3.10.7.1).
    fn is_stray(&self) -> bool {
        let Some(side) = self.parts.iter().position(|part| part.ttls.1 != 0) else {
            return false;
        };
        if self.parts[1 - side].ttls.1 != 0 {
            return false;
        }
        let refused = self.rst_frame != 0 && usize::from(self.rst_side) != side;
        match self.lone_ack {
            None => true,
            Some(ack) => refused && self.rst_is_bare && self.rst_seq == ack && !self.acks_advance,
        }
    }

    /// Whether the RST in a frame before the SYN refuses this call: what is sent to nobody without an
    /// ACK is answered with number 0 and an acknowledgment of all of it (RFC 9293 §3.10.7.1).
    fn is_refused_before(&self, side: usize, segment: &Segment) -> bool {
        let length = segment.length.unwrap_or(0);
        let end = segment.seq.wrapping_add(length).wrapping_add(1);
        self.rst_frame != 0
            && usize::from(self.rst_side) != side
            && self.rst_seq == 0
            && self.doubt.as_ref().and_then(|doubt| doubt.ack) == Some(end)
    }

    /// Whether a caller's first ACK may not be the one that completed the handshake.
    fn is_late(&self, side: usize, segment: &Segment) -> bool {
        let called = &self.parts[1 - side];
        // What a SYN carries need not be taken.
        let caller = &self.parts[side];
        let first = caller.isn().map(|isn| isn.wrapping_add(1));
        let beyond = first.is_some_and(|first| ![first, caller.next].contains(&segment.seq));
        let carries = segment.length.unwrap_or(0) > 0 || segment.has(tcp::FIN);
        // A SYN+ACK may carry payload itself.
        let opens = called.first_data == self.synack_frame;
        let next = match called.first_data {
            0 => called.isn().map(|isn| isn.wrapping_add(1)),
            _ => Some(called.first_data_end),
        };
        carries
            || beyond
            || !opens && called.first_data != 0
            || next.is_some_and(|next| next != segment.ack)
    }

    /// Whether nobody has answered the SYN yet, or only for an older connection.
    fn awaits(&self, sender: u8) -> bool {
        let caller = self.syn_side == Some(sender);
        self.stray_ack == 0 || caller && !self.stray_ack_fits
    }

    /// Whether this SYN+ACK acknowledges something else than the SYN that is in the capture, or what
    /// was sent with it: it is the answer to a SYN of another connection (RFC 9293 §3.5).
    fn answers_another(&self, side: usize, segment: &Segment) -> bool {
        let caller = &self.parts[1 - side];
        let called = self.syn_side.map(usize::from) == Some(1 - side) && !self.both_syn;
        let own = caller.isn() == Some(segment.ack);
        called && self.synack_frame == 0 && (own || caller.has_not_sent(segment.ack))
    }

    /// Whether what this side acknowledges is of an older connection, as far as it has answered.
    pub(super) fn speaks_of_another(&self, side: usize) -> bool {
        self.stray_ack != 0
            && !self.stray_ack_fits
            && self.synack_frame == 0
            && self.syn_side.map(usize::from) == Some(1 - side)
    }

    /// Takes in an answer that is no SYN+ACK for this SYN.
    #[cold]
    fn astray(&mut self, fits: bool, seen: &Seen) {
        self.stray_ack = seen.frame;
        self.stray_ack_fits = fits;
        self.stray_number = seen.segment.ack;
        self.stray_accepts = seen.segment.has(tcp::SYN);
    }

    /// Whether a RST of the caller refuses what answered for another connection, or is left of one:
    /// it has not the number after the caller's SYN, and ends nothing.
    pub(super) fn refuses_another(&self, side: usize, number: u32) -> bool {
        self.syn_side.map(usize::from) == Some(side)
            && self.synack_frame == 0
            && self.ack_frame == 0
            && self.parts[side].has_not_sent(number)
    }

    /// Takes in a RST of a caller that refuses what answered its call: that was of an older connection,
    /// and nothing of this one is missing. A program that aborts a connection sets ACK.
    pub(super) fn retracts(&mut self, side: usize, reset: &Segment) {
        let refused = self.stray_ack != 0 && self.stray_ack_fits && self.stray_number == reset.seq;
        let part = &mut self.parts[side];
        if !refused || reset.has(tcp::ACK) || part.first_data != 0 {
            return;
        }
        part.next = part.isn.wrapping_add(1);
        self.stray_ack_fits = false;
        if let Some(trouble) = &mut self.trouble {
            trouble.never_sent(side);
        }
    }

    /// Another SYN+ACK with another number: of a host that had forgotten the first, or of another one
    /// with the same address. Which of them counts, the caller's ACK tells.
    #[cold]
    fn answered_again(&mut self, side: usize, seen: &Seen) {
        let known = (self.synack_frame, self.synack_time, self.parts[side].isn);
        let trouble = self.trouble.get_or_insert_default();
        let first = trouble.answers.map_or(known, |[first, _]| first);
        trouble.answers = Some([first, (seen.frame, seen.time.0, seen.segment.seq)]);
    }

    /// Takes in which of two SYN+ACKs the caller acknowledges.
    #[cold]
    fn takes_up(&mut self, answers: [Answer; 2], called: usize, ack: u32) {
        let own = |(_, _, isn): &Answer| isn.wrapping_add(1) == ack;
        let Some((frame, time, isn)) = answers.into_iter().find(own) else {
            return;
        };
        (self.synack_frame, self.synack_time) = (frame, time);
        let part = &mut self.parts[called];
        if part.isn != isn && part.first_data == 0 {
            (part.isn, part.next) = (isn, ack);
        }
    }

    /// Whether a RST of the caller, with the number that the called side expects, has ended the call
    /// before its handshake was complete.
    fn has_reset_its_call(&self, side: usize) -> bool {
        let next = self.parts[side].isn().map(|isn| isn.wrapping_add(1));
        // A system that knows nothing of the call answers without ACK (RFC 9293 section 3.10.7.1).
        self.rst_frame > self.synack_frame
            && self.rst_is_bare
            && usize::from(self.rst_side) == side
            && next == Some(self.rst_seq)
    }

    /// Takes in the ACK of a caller that has reset the call itself: a program and its system do not
    /// know of each other.
    #[cold]
    fn acknowledged_too_late(&mut self, frame: u32) {
        let trouble = self.trouble.get_or_insert_default();
        if trouble.too_late == 0 {
            trouble.too_late = frame;
        }
    }

    /// Takes in a RST of the called side to what came too late.
    pub(super) fn refuses_late(&mut self, side: usize, frame: u32) {
        if self.syn_side.map(usize::from) != Some(1 - side) || self.ack_frame != 0 {
            return;
        }
        if let Some(trouble) = self.trouble.as_mut().filter(|t| t.too_late != 0)
            && trouble.refusals.len() < NAMED
        {
            trouble.refusals.push(frame);
        }
    }

    /// Takes in an ACK of the called side: if it goes on after the caller's late ACK, that RST has
    /// not ended the call.
    fn goes_on_with(&mut self, side: usize) {
        let trouble = self.trouble.as_mut();
        let late = trouble.map_or(0, |t| std::mem::take(&mut t.too_late));
        if late != 0 && usize::from(self.rst_side) == 1 - side {
            self.ack_frame = late;
            self.disown(late);
        }
    }
}
