//! What Wireshark marks a segment with: what of it is so, and what is only counted.

use super::trouble::{KINDS, NAMED, end, is_trouble};
use super::{Story, tcp};
use crate::track::copies::{WITHIN, tells_apart};
use crate::track::tcp::Seen;
use crate::track::tcp::note::Flags;
use crate::track::tcp::unacked::after;
use std::cmp::Ordering;

/// Those of segments that come too late: sent again, or overtaken.
const AGAIN: Flags = Flags(
    Flags::RETRANSMISSION.0
        | Flags::FAST_RETRANSMISSION.0
        | Flags::SPURIOUS_RETRANSMISSION.0
        | Flags::OUT_OF_ORDER.0,
);

/// Hosts do not probe a connection that was idle for less, unless somebody set them to: nanoseconds.
/// Linux counts in seconds, and RFC 9293 §3.8.4 asks for two hours.
const IDLE: i64 = 900_000_000;

/// A segment that is marked, and what it brings.
#[derive(Clone, Copy)]
pub(super) struct Marked<'s> {
    pub(super) seen: &'s Seen,
    pub(super) flags: Flags,
    /// How long after the one before it came: nanoseconds.
    pub(super) since: i64,
    /// It brings what was not seen before, and payload that was.
    pub(super) new: bool,
    pub(super) old: bool,
    /// Whether its sender's numbers were known before, and it goes on where they ended.
    pub(super) follows: bool,
    pub(super) in_turn: bool,
    /// How long its sender took to answer in the handshake, in nanoseconds, as captured.
    pub(super) answers: Option<i64>,
}

/// What of the marks is not so.
struct Wrongly {
    /// A SYN+ACK of a simultaneous open is the first of its side.
    opens: bool,
    /// Nobody can have sent what it acknowledges.
    misfit: bool,
    /// Nothing is missing before it, or of what it acknowledges.
    no_gap: bool,
    no_unseen: bool,
    /// It came in its turn.
    in_time: bool,
}

impl Marked<'_> {
    fn side(&self) -> usize {
        usize::from(self.seen.side)
    }

    fn has(&self, flags: Flags) -> bool {
        self.flags.has(flags)
    }

    /// Whether no earlier frame holds it.
    fn is_alone(&self) -> bool {
        self.seen.copy.is_none()
    }

    /// Whether it is a SYN+ACK.
    fn accepts(&self) -> bool {
        self.seen.segment.flags & tcp::SYN_ACK == tcp::SYN_ACK
    }

    /// Whether every kind of trouble it is marked with is one that it is not.
    fn is_cleared(&self, wrongly: &Wrongly) -> bool {
        let mut kinds = KINDS.iter().filter(|kind| self.has(**kind));
        kinds.all(|kind| match *kind {
            Flags::LOST_SEGMENT => wrongly.no_gap,
            Flags::ACK_LOST_SEGMENT => wrongly.no_unseen,
            _ => false,
        })
    }
}

impl Story {
    /// Takes in a segment that is marked.
    #[cold]
    pub(super) fn marked(&mut self, marked: &Marked<'_>) {
        self.probes(marked);
        if !is_trouble(marked.flags) {
            return;
        }
        let wrongly = self.wrongly(marked);
        self.sent_again(marked, &wrongly);
        self.asks_again(marked);
        self.counts(marked, &wrongly);
    }

    /// Takes in a probe of a closed window, or a keep-alive.
    fn probes(&mut self, marked: &Marked<'_>) {
        let side = marked.side();
        // A RST has no window, and often no acknowledgment: neither says anything of what comes after
        // it.
        let reset = self.rst_frame != 0 && usize::from(self.rst_side) != side;
        let closed = marked.has(Flags::CLOSED_WINDOW);
        if (marked.has(Flags::ZERO_WINDOW_PROBE) || closed) && !reset {
            let trouble = self.trouble.get_or_insert_default();
            trouble.probes[side] += 1;
            trouble.probes_counted += u32::from(closed);
        }
        if marked.has(Flags::KEEP_ALIVE) && (reset || !closed) {
            self.keeps_alive(marked, reset);
        }
    }

    /// Takes in what is counted as a keep-alive; `reset` says that the other side had sent a RST.
    fn keeps_alive(&mut self, marked: &Marked<'_>, reset: bool) {
        let side = marked.side();
        let trouble = self.trouble.get_or_insert_default();
        let own = Some(marked.seen.segment.seq);
        let unheard = self.parts[1 - side].ttls.1 == 0;
        // A byte that was not seen before is none of a probe's: what was sent after it overtook it.
        let hurried = marked.since < IDLE || marked.new || reset;
        let open = marked.has(Flags::NOT_ACKED);
        let again = open && !marked.new && !reset && marked.follows;
        let again = again && (hurried || trouble.lone[side] == own);
        trouble.byte_again += u32::from(again);
        trouble.hurried += u32::from(!again && hurried);
        if marked.is_alone() {
            let at = (marked.seen.frame, marked.seen.time.0);
            trouble.unheard(self.talks_since, at, true);
            let byte = marked.seen.segment.length != Some(0);
            trouble.again[side] += u32::from(again);
            trouble.unsure[side] += u32::from(!again && (hurried || unheard || open) && byte);
        }
        if again {
            trouble.lone[side] = own;
        }
    }

    /// Whether nothing is missing of what a side sent.
    fn is_whole(&self, side: usize) -> bool {
        let trouble = self.trouble.as_ref();
        trouble.is_none_or(|trouble| trouble.holes[side].is_empty())
    }

    fn wrongly(&self, marked: &Marked<'_>) -> Wrongly {
        let (side, segment) = (marked.side(), &marked.seen.segment);
        // Each side of a simultaneous open answers the other's SYN, with the number of its own.
        let answered = self.both_answered & bit(side) != 0;
        let opens = self.both_syn && marked.accepts() && !answered;
        let older = self.stray_ack == marked.seen.frame && !self.stray_ack_fits;
        let unseen = marked.has(Flags::ACK_LOST_SEGMENT);
        let misfit = unseen && (older || self.misses(side, segment));
        let other = 1 - side;
        let shown = self.parts[other].is_known() && !self.is_unseen(other, segment.ack);
        let goes_on = marked.in_turn || segment.has(tcp::SYN);
        let again = marked.has(AGAIN) && !opens;
        Wrongly {
            opens,
            misfit,
            no_gap: marked.has(Flags::LOST_SEGMENT) && goes_on && self.is_whole(side),
            no_unseen: unseen && !misfit && shown && self.is_whole(other),
            in_time: again && self.is_in_time(marked),
        }
    }

    /// Whether a segment brings the highest numbers of its side.
    fn is_highest(&self, marked: &Marked<'_>) -> bool {
        marked.new && self.parts[marked.side()].next == end(marked.seen)
    }

    /// Whether what is counted as sent again or late came in its turn.
    fn is_in_time(&self, marked: &Marked<'_>) -> bool {
        let (side, frame) = (marked.side(), marked.seen.frame);
        let reached = self.trouble.as_ref().and_then(|t| t.reached[side]);
        let beyond = reached.is_some_and(|number| after(number, end(marked.seen)));
        let ended = ![0, frame].contains(&self.parts[side].fin_frame);
        let in_turn = marked.in_turn && !beyond && !ended && self.is_whole(side);
        let disowns = self.stray_rst != 0 && usize::from(self.stray_rst_side) == side;
        let first_answer = marked.accepts() && self.synack_frame == frame;
        self.is_highest(marked) && (disowns || in_turn) || first_answer
    }

    /// Takes in whether a segment was sent again: surely, or perhaps.
    fn sent_again(&mut self, marked: &Marked<'_>, wrongly: &Wrongly) {
        if !marked.has(AGAIN) || !marked.is_alone() {
            return;
        }
        let side = marked.side();
        // Nothing is sent again after a RST: it has overtaken what its sender sent before it.
        let reset = self.rst_frame != 0 && usize::from(self.rst_side) == side;
        let overtaken = reset && self.is_highest(marked);
        let talks_since = self.talks_since;
        let trouble = self.trouble.get_or_insert_default();
        if !wrongly.opens && !wrongly.in_time && !overtaken {
            // What was acknowledged before it is seen was captured late, or its first copy was not
            // captured.
            let acked = marked.has(Flags::SPURIOUS_RETRANSMISSION);
            let sender = (self.numbering[side], marked.answers);
            let order = trouble.order(side, sender, marked.seen);
            // What was sent again has come before what was sent first.
            let first = order == Some(Ordering::Less) && !marked.new;
            let first = first && trouble.came_before(side, end(marked.seen));
            match order.filter(|_| !acked) {
                _ if first => {}
                order if marked.old || !marked.new || order == Some(Ordering::Greater) => {
                    trouble.again[side] += 1;
                    if marked.new {
                        trouble.comes_before(side, end(marked.seen));
                    }
                }
                Some(_) => {}
                None => trouble.unsure[side] += 1,
            }
        }
        let opens = marked.seen.segment.has(tcp::SYN);
        if !marked.new && !opens && !marked.has(Flags::KEEP_ALIVE) {
            trouble.unheard(talks_since, (marked.seen.frame, marked.seen.time.0), false);
        }
    }

    /// Takes in duplicate ACKs, which ask for what is missing.
    fn asks_again(&mut self, marked: &Marked<'_>) {
        let (side, seen) = (marked.side(), marked.seen);
        let trouble = self.trouble.get_or_insert_default();
        if marked.has(Flags::LOST_SEGMENT) {
            trouble.asked[side] = 0;
        }
        // Of an ACK that comes at once without an identification, it is not known whether it is a copy.
        let asks = marked.since >= WITHIN || tells_apart(u32::from(seen.identification));
        if marked.has(Flags::DUPLICATE_ACK) && marked.is_alone() && asks {
            trouble.asked[1 - side] += 1;
            if trouble.asked[1 - side] == 3 {
                trouble.asked_at[1 - side] = seen.time;
            }
        }
    }

    fn counts(&mut self, marked: &Marked<'_>, wrongly: &Wrongly) {
        let side = marked.side();
        let trouble = self.trouble.get_or_insert_default();
        for (count, kind) in trouble.counts[side].iter_mut().zip(KINDS) {
            *count += u32::from(marked.has(kind));
        }
        let again = marked.has(AGAIN) && !wrongly.opens;
        trouble.first_seen += u32::from(again && marked.new && !wrongly.in_time);
        trouble.in_time += u32::from(wrongly.in_time);
        trouble.misfits += u32::from(wrongly.misfit);
        trouble.no_gaps += u32::from(wrongly.no_gap);
        trouble.no_unseen += u32::from(wrongly.no_unseen);
        if wrongly.in_time || marked.is_cleared(wrongly) {
            // Nothing is wrong with it.
        } else if wrongly.opens {
            trouble.opening += 1;
            self.both_answered |= bit(side);
        } else if trouble.frames.len() < NAMED {
            trouble.frames.push(marked.seen.frame);
        }
    }
}

/// The bit of a side.
fn bit(side: usize) -> u8 {
    if side == 0 { 1 } else { 2 }
}
