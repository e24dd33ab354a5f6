//! What is counted where something is wrong: segments that are missing, late, sent again, or in the
//! capture twice.

use super::unheard::Unheard;
use super::{Numbering, Story, tcp};
use crate::capture::Time;
use crate::track::copies::{WITHIN, tells_apart};
use crate::track::tcp::Seen;
use crate::track::tcp::holes::Holes;
use crate::track::tcp::note::Flags;
use crate::track::tcp::unacked::after;
use std::cmp::Ordering;

/// A SYN+ACK: frame, time and number.
pub(super) type Answer = (u32, i64, u32);

/// Counters that stay zero in a healthy connection.
#[derive(Default)]
pub(super) struct Trouble {
    pub(super) counts: [[u32; KINDS.len()]; 2],
    pub(super) frames: Vec<u32>,
    /// Frame and time of the SYNs that were sent again, copies left out.
    pub(super) syns: Vec<(u32, i64)>,
    /// Numbers below [`Part::next`] that have not been seen, of each side.
    pub(super) holes: [Holes; 2],
    /// Something else acknowledged before the ACK of the handshake, a RST perhaps, and Wireshark's
    /// initial round trip ends there.
    pub(super) rtt_of_another: bool,
    /// Frames that hold a segment captured before, those that perhaps do, and those of both that
    /// were counted above.
    pub(super) copies: u32,
    pub(super) perhaps_copies: u32,
    pub(super) copies_counted: u32,
    /// How much later than the first segment, the SYN, its newest copy before the handshake's ACK is.
    pub(super) syn_later: i64,
    /// Those of them in which nothing differs, and those that were acknowledged as received twice.
    pub(super) same: u32,
    pub(super) doubled: u32,
    /// The number after the newest copy's payload of each side, until it is acknowledged so.
    pub(super) doubtful: [Option<u32>; 2],
    /// SYN+ACKs of a simultaneous open that were counted above, though each is its side's first.
    pub(super) opening: u32,
    /// Probes of a closed window, of each side, and those of them that were counted above.
    pub(super) probes: [u32; 2],
    pub(super) probes_counted: u32,
    /// Keep-alives counted above that came too soon to be some.
    pub(super) hurried: u32,
    /// Other keep-alives that are a byte sent again, and the newest such byte of each side.
    pub(super) byte_again: u32,
    pub(super) lone: [Option<u32>; 2],
    /// ACKs counted above with a number that nobody can have sent.
    pub(super) misfits: u32,
    /// Gaps counted above that are none, and ACKs for what is there.
    pub(super) no_gaps: u32,
    pub(super) no_unseen: u32,
    /// Two SYN+ACKs with different numbers.
    pub(super) answers: Option<[Answer; 2]>,
    /// Later connections of the same ends in the same stream: how many, the number of the newest
    /// one's SYN+ACK, whether a SYN without one began it, and when the first was seen last before
    /// them.
    pub(super) later: u32,
    pub(super) later_isn: Option<u32>,
    pub(super) called_anew: bool,
    pub(super) last_time: i64,
    /// IP identification and time of what brought the highest numbers of each side.
    pub(super) newest: [(u16, Time); 2],
    /// The FIN of each side that is in the capture may not be the first that it sent.
    pub(super) fin_again: [bool; 2],
    /// How many duplicate ACKs came back since a hole was seen in what each side sent.
    pub(super) asked: [u32; 2],
    /// When the third of them came.
    pub(super) asked_at: [Time; 2],
    /// Segments of each side that were sent again.
    pub(super) again: [u32; 2],
    /// Others of each side that were perhaps sent again; and SYNs that perhaps were.
    pub(super) unsure: [u32; 2],
    pub(super) unsure_syns: u32,
    /// Segments counted as sent again or late that bring what was not seen before.
    pub(super) first_seen: u32,
    /// Frame of a RST of a later stream that ended this one, and whose it is.
    pub(super) forgotten: Option<(u32, u8)>,
    /// Highest number from which each side sent something without payload, beyond what was seen of it.
    pub(super) reached: [Option<u32>; 2],
    /// The newest acknowledgment of more than was seen of each side: its number and frame.
    pub(super) early_acks: [(u32, u32); 2],
    /// What was sent again since this side fell silent: from which frame on only the other one was
    /// seen, the first frame sent again, the newest, and how often.
    pub(super) unheard: Option<Unheard>,
    /// Others that came in their turn, after a RST that had moved Wireshark's count.
    pub(super) in_time: u32,
    /// First ACK of the caller after a RST of its own had ended its call, and the RSTs of the called
    /// side after that.
    pub(super) too_late: u32,
    pub(super) refusals: Vec<u32>,
}

impl Trouble {
    /// Takes in what brings the highest numbers of a side, unless it stood at higher ones before.
    pub(super) fn goes_beyond(&mut self, side: usize, seen: &Seen) {
        if !self.reached[side].is_some_and(|number| after(number, end(seen))) {
            self.newest[side] = (seen.identification, seen.time);
        }
    }

    /// A side never sent what was acknowledged of it so far.
    pub(super) fn never_sent(&mut self, side: usize) {
        let place = KINDS
            .iter()
            .position(|kind| *kind == Flags::ACK_LOST_SEGMENT);
        let counted = place.map_or(0, |at| self.counts[1 - side][at]);
        self.misfits = counted.min(self.misfits + 1);
        self.holes[side] = Holes::default();
        self.early_acks[side] = (0, 0);
    }

    /// Whether a segment was sent after the one with the highest numbers, or before it. Hosts that fill
    /// in IP identifications count on from packet to packet; nothing is overtaken by a second; and to
    /// three duplicate ACKs something is sent again (RFC 5681 section 3.2), if it comes no sooner than
    /// its sender can answer them: half of the nanoseconds that it took in the handshake.
    pub(super) fn order(
        &self,
        side: usize,
        (numbering, answers): (Numbering, Option<i64>),
        seen: &Seen,
    ) -> Option<Ordering> {
        let (newest, then) = self.newest[side];
        let waited = then != Time::default() && seen.time.since(then) >= SECOND;
        let since = seen.time.since(self.asked_at[side]);
        let asked = self.asked[side] >= 3 && answers.is_some_and(|answers| since >= answers / 2);
        let counted = numbering.order(newest, seen.identification);
        counted.or((waited || asked).then_some(Ordering::Greater))
    }
}

const SECOND: i64 = 1_000_000_000;

/// The number after a segment's payload.
fn end(seen: &Seen) -> u32 {
    let length = seen.segment.length.unwrap_or(0);
    seen.segment.seq.wrapping_add(length)
}

/// The kinds of trouble, in the order they are counted in.
pub(super) const KINDS: [Flags; 10] = [
    Flags::RETRANSMISSION,
    Flags::FAST_RETRANSMISSION,
    Flags::SPURIOUS_RETRANSMISSION,
    Flags::OUT_OF_ORDER,
    Flags::LOST_SEGMENT,
    Flags::ACK_LOST_SEGMENT,
    Flags::DUPLICATE_ACK,
    Flags::ZERO_WINDOW,
    Flags::WINDOW_FULL,
    Flags::KEEP_ALIVE,
];

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

/// How many frames with trouble are named.
pub(super) const NAMED: usize = 1000;

/// Whether one of the kinds is among these.
pub(super) fn is_trouble(flags: Flags) -> bool {
    KINDS.iter().any(|kind| flags.has(*kind))
}

/// Whether a segment brings what was not seen before, and payload that was.
#[derive(Clone, Copy)]
pub(super) struct Brings {
    pub(super) new: bool,
    pub(super) old: bool,
    /// Whether its sender's numbers were known before, and it goes on where they ended.
    pub(super) follows: bool,
    pub(super) in_turn: bool,
    /// How long its sender took to answer in the handshake, in nanoseconds, as captured.
    pub(super) answers: Option<i64>,
}

/// Takes in what is wrong with a segment, by what it brings and how long after the one before it came.
#[cold]
pub(super) fn trouble(
    story: &mut Story,
    side: usize,
    seen: &Seen,
    flags: Flags,
    (brings, since): (Brings, i64),
) {
    let first = brings.new;
    let probe = Flags(Flags::ZERO_WINDOW_PROBE.0 | Flags::CLOSED_WINDOW.0);
    // A RST has no window, and often no acknowledgment: neither says anything of what comes after it.
    let reset = story.rst_frame != 0 && usize::from(story.rst_side) != side;
    if flags.has(probe) && !reset {
        let trouble = story.trouble.get_or_insert_default();
        trouble.probes[side] += 1;
        trouble.probes_counted += u32::from(flags.has(Flags::CLOSED_WINDOW));
    }
    if flags.has(Flags::KEEP_ALIVE) && (reset || !flags.has(Flags::CLOSED_WINDOW)) {
        let trouble = story.trouble.get_or_insert_default();
        let own = Some(seen.segment.seq);
        let unheard = story.parts[1 - side].ttls.1 == 0;
        // A byte that was not seen before is none of a probe's: what was sent after it overtook it.
        let hurried = since < IDLE || first || reset;
        let open = flags.has(Flags::NOT_ACKED);
        let again = open && !first && !reset && brings.follows;
        let again = again && (hurried || trouble.lone[side] == own);
        trouble.byte_again += u32::from(again);
        trouble.hurried += u32::from(!again && hurried);
        if seen.copy.is_none() {
            let byte = seen.segment.length != Some(0);
            trouble.again[side] += u32::from(again);
            trouble.unsure[side] += u32::from(!again && (hurried || unheard || open) && byte);
        }
        if again {
            trouble.lone[side] = own;
        }
    }
    if !is_trouble(flags) {
        return;
    }
    // Each side of a simultaneous open answers the other's SYN, with the number of its own.
    let own = if side == 0 { 1 } else { 2 };
    let answers = seen.segment.flags & tcp::SYN_ACK == tcp::SYN_ACK;
    let opens = story.both_syn && answers && story.both_answered & own == 0;
    let older = story.stray_ack == seen.frame && !story.stray_ack_fits;
    let misfit = flags.has(Flags::ACK_LOST_SEGMENT) && (older || story.misses(side, &seen.segment));
    let acked = seen.segment.ack;
    let shown = story.parts[1 - side].is_known() && !story.is_unseen(1 - side, acked);
    let trouble = story.trouble.get_or_insert_default();
    trouble.misfits += u32::from(misfit);
    let whole = |side: usize| trouble.holes[side].is_empty();
    let goes_on = brings.in_turn || seen.segment.has(tcp::SYN);
    let no_gap = flags.has(Flags::LOST_SEGMENT) && goes_on && whole(side);
    let no_unseen = flags.has(Flags::ACK_LOST_SEGMENT) && !misfit && shown && whole(1 - side);
    trouble.no_gaps += u32::from(no_gap);
    trouble.no_unseen += u32::from(no_unseen);
    let mut wrong = KINDS.iter().filter(|kind| flags.has(**kind));
    let nothing = wrong.all(|kind| {
        *kind == Flags::LOST_SEGMENT && no_gap || *kind == Flags::ACK_LOST_SEGMENT && no_unseen
    });
    let disowns = story.stray_rst != 0 && usize::from(story.stray_rst_side) == side;
    let again = flags.has(AGAIN) && !opens;
    let highest = first && story.parts[side].next == end(seen);
    let beyond = trouble.reached[side].is_some_and(|number| after(number, end(seen)));
    let ended = ![0, seen.frame].contains(&story.parts[side].fin_frame);
    let in_turn = brings.in_turn && !beyond && !ended && trouble.holes[side].is_empty();
    let first_answer = answers && story.synack_frame == seen.frame;
    let in_time = again && (highest && (disowns || in_turn) || first_answer);
    // Nothing is sent again after a RST: it has overtaken what its sender sent before it.
    let overtaken = highest && story.rst_frame != 0 && usize::from(story.rst_side) == side;
    let alone = seen.copy.is_none();
    if again && !in_time && !overtaken && alone {
        // What was acknowledged before it is seen was captured late, or its first copy was not captured.
        let acked = flags.has(Flags::SPURIOUS_RETRANSMISSION);
        let sender = (story.numbering[side], brings.answers);
        match trouble.order(side, sender, seen).filter(|_| !acked) {
            order if brings.old || !first || order == Some(Ordering::Greater) => {
                trouble.again[side] += 1;
            }
            Some(_) => {}
            None => trouble.unsure[side] += 1,
        }
    }
    if flags.has(Flags::LOST_SEGMENT) {
        trouble.asked[side] = 0;
    }
    // Of an ACK that comes at once without an identification, it is not known whether it is a copy.
    let asks = since >= WITHIN || tells_apart(u32::from(seen.identification));
    if flags.has(Flags::DUPLICATE_ACK) && alone && asks {
        trouble.asked[1 - side] += 1;
        if trouble.asked[1 - side] == 3 {
            trouble.asked_at[1 - side] = seen.time;
        }
    }
    let lost = flags.has(AGAIN) && !first && !seen.segment.has(tcp::SYN) && alone;
    if lost && !flags.has(Flags::KEEP_ALIVE) {
        trouble.unheard(story.talks_since, (seen.frame, seen.time.0));
    }
    for (count, kind) in trouble.counts[side].iter_mut().zip(KINDS) {
        *count += u32::from(flags.has(kind));
    }
    trouble.first_seen += u32::from(again && first && !in_time);
    trouble.in_time += u32::from(in_time);
    if in_time || nothing {
        // Nothing is wrong with it.
    } else if opens {
        trouble.opening += 1;
        story.both_answered |= own;
    } else if trouble.frames.len() < NAMED {
        trouble.frames.push(seen.frame);
    }
}
