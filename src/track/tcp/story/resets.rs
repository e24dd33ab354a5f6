//! RSTs that somebody else may have sent: those after which the host in whose name they came goes
//! on, and those with a TTL unlike all else of it.
//!
//! A host that has reset a connection forgets it: what it sends there afterwards are RSTs. But what
//! it sent before may be overtaken on the way by its RST, so of what comes after one only that
//! counts which it could not have sent before, or which comes too late for that, be it
//! new or sent again.

use super::outcome::{closed, opened};
use super::tell::client_side;
use super::{Part, Story, tcp};
use crate::capture::Time;
use crate::facts::tcp::{Closed, Opened};
use crate::track::tcp::{End, Seen, Stream};
use std::cmp::Ordering;

/// How far ahead of what was seen a number still belongs to the same connection.
const NEAR: u32 = 1 << 24;
/// What is overtaken by what was sent after it comes within this time, or within a round trip.
const OVERTAKEN: i64 = 1_000_000;
/// The same where no round trip is known.
const UNKNOWN: i64 = 100_000_000;

/// What was sent before is not held so long on its way that it comes only then: nanoseconds.
const HELD: i64 = 150_000_000;

/// What may show that a RST came from somebody else.
#[derive(Default)]
pub(super) struct Doubt {
    time: Time,
    identification: u16,
    /// The number that it acknowledges, if it does.
    pub(super) ack: Option<u32>,
    /// What had been seen of its sender and of the other side when it came.
    own_end: Option<u32>,
    peer_end: Option<u32>,
    /// First RST of the other side after it: frame, number and TTL. Frame 0 stands for none.
    answer: (u32, u32, u8),
    /// One after which its sender went on.
    disowned: Option<Disowned>,
}

/// A RST after which its sender went on.
#[derive(Clone, Copy)]
pub(super) struct Disowned {
    pub(super) frame: u32,
    pub(super) side: u8,
    ttl: u8,
    /// Frame in which it went on.
    pub(super) by: u32,
}

impl Part {
    /// The number after all that was seen of this side.
    fn end(&self) -> Option<u32> {
        let end = if self.fin_frame != 0 && after(self.fin_end, self.next) {
            self.fin_end
        } else {
            self.next
        };
        self.is_known().then_some(end)
    }

    /// Whether a RST came with a TTL unlike all else of this side. Where the TTLs of that differ
    /// from each other anyway, it must differ by more.
    fn is_odd(&self, ttl: u8) -> bool {
        let (low, high) = self.ttls;
        let spread = high - low;
        high != 0 && !(low.saturating_sub(spread)..=high.saturating_add(spread)).contains(&ttl)
    }
}

/// Whether a number is after another one, and near it.
fn after(number: u32, other: u32) -> bool {
    (1..=NEAR).contains(&number.wrapping_sub(other))
}

impl Story {
    /// The RST of a later stream that ended this one, and whose it is.
    pub(super) fn forgotten(&self) -> Option<(u32, u8)> {
        self.trouble.as_ref()?.forgotten
    }

    /// Takes in a RST within the receiver's window.
    pub(super) fn reset(&mut self, side: usize, seen: &Seen) {
        let sender = u8::from(side == 1);
        if self.refuses_another(side, seen.segment.seq) {
            self.retracts(side, &seen.segment);
            if self.early_rst == 0 {
                (self.early_rst, self.early_rst_side) = (seen.frame, sender);
            }
            return;
        }
        if self.rst_frame != 0 {
            self.refuses_late(side, seen.frame);
            let doubt = self.doubt.as_mut().filter(|_| sender != self.rst_side);
            if let Some(doubt) = doubt.filter(|doubt| doubt.answer.0 == 0) {
                doubt.answer = (seen.frame, seen.segment.seq, seen.ttl);
            }
            return;
        }
        (self.rst_frame, self.rst_side) = (seen.frame, sender);
        (self.rst_ttl, self.rst_seq) = (seen.ttl, seen.segment.seq);
        self.rst_is_bare = !seen.segment.has(tcp::ACK);
        // Before the handshake is complete it may belong to an older connection.
        let midstream = self.syn_frame == 0 && self.synack_frame == 0;
        if self.ack_frame != 0 || midstream {
            let doubt = self.doubt.get_or_insert_default();
            (doubt.time, doubt.identification) = (seen.time, seen.identification);
            doubt.ack = seen.segment.has(tcp::ACK).then_some(seen.segment.ack);
            doubt.own_end = self.parts[side].end();
            doubt.peer_end = self.parts[1 - side].end();
            doubt.answer = (0, 0, 0);
        }
    }

    /// Takes in a segment, no RST, after a RST.
    pub(super) fn goes_on(&mut self, side: usize, seen: &Seen, length: u32, initial_rtt: i64) {
        let Some(doubt) = self.doubt.as_ref() else {
            return;
        };
        if usize::from(self.rst_side) != side || doubt.time == Time(0) {
            return;
        }
        let order = self.numbering[side].order(doubt.identification, seen.identification);
        if order == Some(Ordering::Less) {
            return;
        }
        let segment = &seen.segment;
        let (own, peer) = (&self.parts[side], &self.parts[1 - side]);
        // It acknowledges what came after the RST.
        let received = segment.has(tcp::ACK)
            && doubt.peer_end.is_some_and(|end| after(segment.ack, end))
            && doubt.ack.is_none_or(|ack| after(segment.ack, ack))
            && peer.end().is_some_and(|end| !after(segment.ack, end));
        // It sends what lies behind the number of the RST, and not as what is overtaken comes.
        let end = segment
            .seq
            .wrapping_add(length)
            .wrapping_add(u32::from(segment.has(tcp::FIN)));
        let overtaken = match initial_rtt {
            0 => UNKNOWN,
            known => known.max(OVERTAKEN),
        };
        let late = seen.time.since(doubt.time) > overtaken;
        let sends = (length > 0 || segment.has(tcp::FIN))
            && after(end, self.rst_seq)
            && doubt.own_end.is_none_or(|known| after(end, known))
            && (late || own.is_odd(self.rst_ttl));
        // What had come before it is sent again, a good while after it.
        let held = overtaken.saturating_mul(2).max(HELD);
        let again = length > 0
            && seen.copy.is_none()
            && doubt
                .own_end
                .is_some_and(|known| known == end || after(known, end))
            && seen.time.since(doubt.time) > held;
        if received || sends || again {
            self.disown(seen.frame);
        }
    }

    /// Takes in the first SYN+ACK: who refused this call before has not done so, if it still accepts
    /// it. A RST with the number after the SYN+ACK's has only overtaken it.
    pub(super) fn accepted_after_all(&mut self, side: usize, seen: &Seen) {
        let same = self.rst_frame != 0 && usize::from(self.rst_side) == side;
        let refused = self.syn_side.map(usize::from) == Some(1 - side);
        let called = self.parts[1 - side].isn().map(|isn| isn.wrapping_add(1));
        let accepts = called == Some(seen.segment.ack);
        if same && refused && accepts && !after(self.rst_seq, seen.segment.seq) {
            self.disown(seen.frame);
        }
    }

    /// The RST so far came from somebody else; what the other side answered may have ended it.
    #[cold]
    pub(super) fn disown(&mut self, by: u32) {
        let disowned = Disowned {
            frame: self.rst_frame,
            side: self.rst_side,
            ttl: self.rst_ttl,
            by,
        };
        let doubt = self.doubt.get_or_insert_default();
        doubt.disowned.get_or_insert(disowned);
        doubt.time = Time(0);
        self.rst_side = 1 - self.rst_side;
        (self.rst_frame, self.rst_seq, self.rst_ttl) = std::mem::take(&mut doubt.answer);
    }

    /// The first RST after which its sender went on.
    pub(super) fn disowned(&self) -> Option<Disowned> {
        self.doubt.as_ref()?.disowned
    }
}

/// The earlier conversation of the same ends that this RST has ended: its caller knows nothing of it,
/// and so refuses what the other side still says in it (RFC 9293 §3.5.1).
pub(in crate::track::tcp) fn resets_earlier(stream: &Stream, seen: &Seen) -> Option<u32> {
    let story = &stream.story;
    let number = seen.segment.seq;
    let refuses = story.stray_ack != 0
        && !story.stray_ack_fits
        && story.stray_number == number
        && story.refuses_another(usize::from(seen.side), number);
    story.replaces.filter(|_| refuses)
}

/// Takes in that a RST among the frames of a later conversation has the number that was to come here.
pub(in crate::track::tcp) fn reset_elsewhere(stream: &mut Stream, seen: &Seen) {
    let story = &mut stream.story;
    let number = Some(seen.segment.seq);
    let side = story.parts.iter().position(|part| part.end() == number);
    let goes_on = !matches!(closed(story), Closed::Fin | Closed::Reset);
    if let Some(side) = side.filter(|_| goes_on) {
        let trouble = story.trouble.get_or_insert_default();
        trouble
            .forgotten
            .get_or_insert((seen.frame, u8::from(side == 1)));
    }
}

/// A RST that somebody else may have sent.
pub(crate) struct OddReset {
    pub(crate) client: (std::net::IpAddr, u16),
    pub(crate) server: (std::net::IpAddr, u16),
    /// In whose name it came.
    pub(crate) sender: std::net::IpAddr,
    pub(crate) frame: u32,
    pub(crate) ttl: u8,
    /// Frame in which its sender went on.
    pub(crate) went_on: Option<u32>,
    /// Lowest and highest TTL of its sender's other packets, and the frame of one.
    pub(crate) others: (u8, u8),
    pub(crate) other: u32,
}

/// That of a connection, if there is one: a RST after which its sender went on, or that ended the
/// connection with an odd TTL. Who probes with SYNs of its own making (a scan, a traceroute)
/// chooses their TTL, and its system sends the RST.
pub(in crate::track::tcp) fn odd_reset(stream: &Stream, ends: [End; 2]) -> Option<OddReset> {
    let story = &stream.story;
    let (frame, side, ttl, went_on) = match story.disowned() {
        Some(disowned) => {
            let Disowned {
                frame,
                side,
                ttl,
                by,
            } = disowned;
            (frame, side, ttl, Some(by))
        }
        None => {
            let carried = !matches!(opened(story), Opened::Refused | Opened::HalfOpen);
            if closed(story) != Closed::Reset || !carried {
                return None;
            }
            let (frame, side) = story.rst()?;
            let ttl = if frame == story.rst_frame {
                story.rst_ttl
            } else {
                story.stray_rst_ttl
            };
            if !story.parts[usize::from(side)].is_odd(ttl) {
                return None;
            }
            (frame, side, ttl, None)
        }
    };
    let part = &story.parts[usize::from(side)];
    let syn = if story.syn_side == Some(side) {
        story.syn_frame
    } else {
        story.synack_frame
    };
    let client = client_side(stream, ends).0;
    let end = |side: usize| (ends[side].address, ends[side].port);
    Some(OddReset {
        client: end(client),
        server: end(1 - client),
        sender: ends[usize::from(side)].address,
        frame,
        ttl,
        went_on,
        others: part.ttls,
        other: Part::some(part, syn).or(went_on)?,
    })
}
