//! What is counted where something is wrong: segments that are missing, late, sent again, or in the
//! capture twice. `marked` counts it.

use super::Numbering;
use super::unheard::Unheard;
use crate::capture::Time;
use crate::track::tcp::Seen;
use crate::track::tcp::holes::Holes;
use crate::track::tcp::note::Flags;
use crate::track::tcp::unacked::after;
use std::cmp::Ordering;
use std::collections::VecDeque;

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
    /// Frame of the other side's SYN.
    pub(super) second_syn: u32,
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
    /// Ends of the last of them, of either side, that came before what was sent first.
    before: VecDeque<(usize, u32)>,
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

    /// Takes in a segment that was sent again, whose end is this, and of which nothing had come.
    pub(super) fn comes_before(&mut self, side: usize, end: u32) {
        if self.before.len() == BEFORE {
            self.before.pop_front();
        }
        self.before.push_back((side, end));
    }

    /// Whether such a segment ended here; each tells of one that comes late.
    pub(super) fn came_before(&mut self, side: usize, end: u32) -> bool {
        let place = self.before.iter().position(|known| *known == (side, end));
        place.and_then(|place| self.before.remove(place)).is_some()
    }
}

/// How many segments are remembered that came before what was sent first.
const BEFORE: usize = 16;
const SECOND: i64 = 1_000_000_000;

/// The number after a segment's payload.
pub(super) fn end(seen: &Seen) -> u32 {
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

/// How many frames with trouble are named.
pub(super) const NAMED: usize = 1000;

/// Whether one of the kinds is among these.
pub(super) fn is_trouble(flags: Flags) -> bool {
    KINDS.iter().any(|kind| flags.has(*kind))
}
