//! The story of a connection: who opened it and how, what was carried, who closed it and how.

mod again;
mod brief;
mod calls;
mod closing;
mod handshake;
mod later;
mod marked;
mod outcome;
mod resets;
mod tell;
mod trouble;
mod unheard;
mod unseen;

pub(super) use again::{copied, doubled};
pub(crate) use brief::Brief;
pub(super) use brief::{brief, weight};
pub(crate) use calls::{Called, Failure, Ill, Opening, TooLate, Unopened};
pub(super) use calls::{called, failure, opening, syn_times, too_late, unopened};
pub(super) use handshake::numbered;
pub(super) use later::{later, zeek};
pub(crate) use resets::OddReset;
pub(super) use resets::{odd_reset, reset_elsewhere, resets_earlier};
pub(super) use tell::{client_side, lone_client, tell};
pub(crate) use unheard::Silent;
pub(super) use unheard::silent;

use super::note::Flags;
use super::offer::Offer;
use super::unacked::after;
use super::zeek::{Memory, Signs, Zeek};
use super::{Seen, Stream, tcp};
use crate::capture::Time;
use crate::track::copies::tells_apart;
use handshake::handshake;
use marked::Marked;
use resets::Doubt;
use std::cmp::Ordering;
use tcp::Segment;
use trouble::{NAMED, Trouble};

/// What is kept of one side. Frame 0 stands for none.
#[derive(Default)]
struct Part {
    bytes: u64,
    /// Time of the first payload.
    first_data_time: i64,
    data_frames: u32,
    /// Frame of the first payload.
    first_data: u32,
    /// Number after the first payload, and the frame that acknowledged it.
    first_data_end: u32,
    first_data_acked: u32,
    /// Frame of the newest payload, and its time.
    last_data: u32,
    last_data_time: i64,
    /// Next number after everything it has sent; means nothing before its SYN or first payload.
    next: u32,
    /// Lowest number seen, where no SYN says it.
    low: u32,
    largest: u32,
    /// What its SYN offered, and the number of that SYN; where the SYN is not in the capture, the
    /// number that its answer gives it.
    offer: Offer,
    isn: u32,
    /// Frame of its first FIN and the number after it.
    fin_frame: u32,
    fin_end: u32,
    fin_time: i64,
    /// Frame that acknowledged the FIN, and whether its sender had not sent its own before that.
    fin_acked: u32,
    fin_first: bool,
    /// Whether the FIN acknowledges something, the number of which is in [`Story::fin_acks`].
    fin_acks: bool,
    /// Lowest and highest TTL of what it sent but RSTs; 0 when there is nothing.
    ttls: (u8, u8),
}

/// Packets that a host has sent one after the other have identifications not farther apart, if it
/// counts them; of those that are chosen at random two in a thousand are so near.
const NEAR: u16 = 64;

/// How a side numbers its packets: the newest IP identification, and how often one was near that
/// before it, or far.
#[derive(Clone, Copy, Default)]
struct Numbering {
    newest: u16,
    near: u8,
    far: u8,
}

impl Numbering {
    /// Takes in an IP identification.
    #[inline]
    fn take(&mut self, own: u16) {
        let before = std::mem::replace(&mut self.newest, own);
        let apart = own.wrapping_sub(before).cast_signed().unsigned_abs();
        if before == 0 || apart == 0 {
            return;
        }
        let steps = match apart <= NEAR {
            true => &mut self.near,
            false => &mut self.far,
        };
        *steps = steps.saturating_add(1);
    }

    /// Whether a packet was sent after another one or before it, by their identifications: where the
    /// host counts, as far as this connection shows.
    fn order(self, other: u16, own: u16) -> Option<Ordering> {
        let counts = self.near > self.far;
        let told = [other, own].iter().all(|id| tells_apart(u32::from(*id)));
        let later = own.wrapping_sub(other).cast_signed();
        let near = later != 0 && later.unsigned_abs() <= NEAR;
        (counts && told && near).then(|| later.cmp(&0))
    }
}

impl Part {
    fn isn(&self) -> Option<u32> {
        self.offer.has(Offer::SYN).then_some(self.isn)
    }

    /// Takes in what the answer to its SYN acknowledges.
    fn called_with(&mut self, ack: u32) {
        if !self.offer.has(Offer::SYN) {
            self.isn = ack.wrapping_sub(1);
        }
    }

    /// Whether its SYN had an option, if there was a SYN and the capture does not cut it before.
    fn offered(&self, mark: u8) -> Option<bool> {
        let known = self.offer.has(Offer::SYN) && !self.offer.has(Offer::CUT);
        (known || self.offer.has(mark)).then_some(self.offer.has(mark))
    }

    /// Whether its first number is in the capture: that of its SYN, or the one that the answer to its
    /// SYN asks for.
    fn begins(&self) -> bool {
        let first = match self.first_data {
            0 => self.fin_end.wrapping_sub(1),
            _ => self.low,
        };
        self.offer.has(Offer::SYN) || self.isn != 0 && first == self.isn.wrapping_add(1)
    }

    fn fin(&self) -> Option<u32> {
        some_frame(self.fin_frame)
    }

    fn fin_acked(&self) -> Option<u32> {
        some_frame(self.fin_acked)
    }

    /// A frame of it that is no RST, of those that are known.
    fn some(&self, syn: u32) -> Option<u32> {
        let frames = [syn, self.first_data, self.fin_frame];
        frames.into_iter().find(|frame| *frame != 0)
    }

    /// Takes in the TTL of something but a RST; a packet with 0 is one with 1 here.
    #[inline]
    fn came_with(&mut self, ttl: u8) {
        let ttl = ttl.max(1);
        self.ttls = match self.ttls {
            (0, _) => (ttl, ttl),
            (low, high) => (low.min(ttl), high.max(ttl)),
        };
    }

    /// The number after what was seen without a hole: after the FIN, if that stands there.
    fn seen(&self) -> u32 {
        let fin = self.fin_frame != 0 && self.fin_end == self.next.wrapping_add(1);
        self.next.wrapping_add(u32::from(fin))
    }

    /// Whether `next` means something.
    fn is_known(&self) -> bool {
        self.first_data != 0 || self.offer.has(Offer::SYN)
    }
}

fn some_frame(number: u32) -> Option<u32> {
    (number != 0).then_some(number)
}

/// An ICMP error that came back for a SYN.
#[derive(Clone, Copy)]
pub(crate) struct Back {
    pub(crate) frame: u32,
    /// It says that the TTL ran out.
    pub(crate) expired: bool,
}

/// What is remembered for the connection's record.
#[derive(Default)]
pub(super) struct Story {
    parts: [Part; 2],
    /// The conversation of the same ends before this one.
    pub(super) replaces: Option<u32>,
    frames: u32,
    first_frame: u32,
    last_frame: u32,
    /// ICMP error about the SYN, and whether it says that its TTL ran out.
    opening_error: u32,
    expired: bool,
    /// Numbers that the FIN of each side acknowledges.
    fin_acks: [u32; 2],
    syn_frame: u32,
    /// Which side sent the first SYN without ACK, and whether both did.
    syn_side: Option<u8>,
    /// Which side asks, by what is carried, where no SYN says it.
    asking: Option<bool>,
    both_syn: bool,
    /// Which sides sent a SYN+ACK after that, by a bit each.
    both_answered: u8,
    syn_ttl: u8,
    syn_attempts: u32,
    /// The SYN or the SYN+ACK was sent more than once before the handshake was complete.
    opening_again: bool,
    synack_frame: u32,
    synack_time: i64,
    ack_frame: u32,
    /// That ACK carries more, acknowledges more, or comes after the called side's payload: the one
    /// that completed the handshake may have come before.
    ack_is_late: bool,
    /// First ACK after a SYN that has no SYN+ACK, and whether it shows that there was one: it is
    /// the caller's, or the called side's for the SYN.
    stray_ack: u32,
    stray_ack_fits: bool,
    /// The number that it acknowledges, and whether it is a SYN+ACK.
    stray_number: u32,
    stray_accepts: bool,
    /// Frame of the first RST and which side sent it.
    rst_frame: u32,
    rst_side: u8,
    rst_ttl: u8,
    rst_is_bare: bool,
    rst_seq: u32,
    /// What may show that somebody else sent it, and what has shown it of an earlier one.
    doubt: Option<Box<Doubt>>,
    /// The same of a RST before the SYN.
    early_rst: u32,
    early_rst_side: u8,
    /// The same of a RST outside the receiver's window, and whether its sender went on after it.
    stray_rst: u32,
    stray_rst_side: u8,
    stray_rst_ttl: u8,
    went_on: bool,
    /// The first acknowledgment of the one side seen so far, and whether its acknowledgments show
    /// that the other one sends too.
    lone_ack: Option<u32>,
    acks_advance: bool,
    numbering: [Numbering; 2],
    trouble: Option<Box<Trouble>>,
    /// The side that sent last, and the frame from which on only it was seen.
    talking: u8,
    talks_since: u32,
    zeek: Zeek,
}

impl Story {
    /// Whether nothing was told.
    pub(super) fn is_empty(&self) -> bool {
        self.frames == 0
    }

    /// The first RST of all, also one before the SYN.
    fn first_rst(&self) -> Option<(u32, u8)> {
        let early = some_frame(self.early_rst).map(|frame| (frame, self.early_rst_side));
        let disowned = self.disowned().map(|d| (d.frame, d.side));
        [early.or(self.rst()), self.stray(), disowned]
            .into_iter()
            .flatten()
            .min()
    }

    fn stray(&self) -> Option<(u32, u8)> {
        some_frame(self.stray_rst).map(|frame| (frame, self.stray_rst_side))
    }

    /// Frame of a RST that its receiver ignored: it lies outside the window, and who should have
    /// sent it went on. Where he did not, the capture may only lack what came before it.
    fn ignored_rst(&self) -> Option<u32> {
        some_frame(self.stray_rst).filter(|_| self.went_on)
    }

    /// Whether a number lies so far from what `side` has sent that its receiver takes no RST with it
    /// (RFC 9293 §3.10.7.4); only of a connection whose beginning is known.
    fn is_outside(&self, side: usize, number: u32) -> bool {
        let (own, receiver) = (&self.parts[side], &self.parts[1 - side]);
        if self.ack_frame == 0 || own.isn().is_none() || receiver.isn().is_none() {
            return false;
        }
        let shift = own.offer.scale().and(receiver.offer.scale());
        let cut = [own, receiver]
            .iter()
            .any(|part| part.offer.has(Offer::CUT));
        let unknown = if cut { 14 } else { 0 };
        let window = 0xffff_u32 << shift.unwrap_or(unknown).min(14);
        number.wrapping_sub(own.next).cast_signed().unsigned_abs() > window
    }

    fn rst(&self) -> Option<(u32, u8)> {
        let stray = self.stray().filter(|_| !self.went_on);
        some_frame(self.rst_frame)
            .map(|frame| (frame, self.rst_side))
            .or(stray)
    }
}

/// Takes in one segment, `since` nanoseconds after the one before.
#[inline]
pub(super) fn segment(
    stream: &mut Stream,
    memory: &mut Memory,
    seen: &Seen,
    flags: Flags,
    since: i64,
) {
    let side = usize::from(seen.side);
    let (segment, frame, time) = (&seen.segment, seen.frame, seen.time);
    let length = segment.length.unwrap_or(0);
    let (initial_rtt, first_time) = (stream.initial_rtt, stream.first_time);
    let story = &mut stream.story;
    if story.is_over(seen, since) {
        let signs = Signs::default();
        return story.zeek.segment(memory, side, segment, signs);
    }
    story.frames += 1;
    if story.first_frame == 0 {
        story.first_frame = frame;
    }
    story.last_frame = frame;
    if story.talking != seen.side || story.talks_since == 0 {
        (story.talking, story.talks_since) = (seen.side, frame);
    }
    handshake(story, side, seen);
    if story.ack_frame == frame && story.syn_frame == story.first_frame {
        let later = story.trouble.as_ref().map_or(0, |t| t.syn_later);
        if time.since(first_time) != initial_rtt.saturating_add(later) {
            story.trouble.get_or_insert_default().rtt_of_another = true;
        }
    }
    if !segment.has(tcp::RST) {
        story.parts[side].came_with(seen.ttl);
        story.numbering[side].take(seen.identification);
        if story.parts[1 - side].ttls.1 == 0 {
            story.alone(side, segment);
        }
    }
    let again = story.syn_attempts > 1 && seen.copy.is_none();
    if again && segment.flags & tcp::SYN_ACK == tcp::SYN {
        let syns = &mut story.trouble.get_or_insert_default().syns;
        if syns.len() < NAMED {
            syns.push((frame, time.0));
        }
    }
    let (mut resent, mut first, mut old, mut highest) = (false, false, false, false);
    let follows = story.parts[side].is_known();
    let in_turn = follows && segment.seq == story.parts[side].next;
    if length > 0 {
        // The byte of a keep-alive is none of the stream; that of a window probe is its next one.
        let start = segment.seq.wrapping_add(u32::from(segment.has(tcp::SYN)));
        let end = start.wrapping_add(length);
        let part = &mut story.parts[side];
        let probe = flags.has(Flags::KEEP_ALIVE) && !(part.is_known() && start == part.next);
        if part.is_known() {
            resent = end.wrapping_sub(part.next).cast_signed() <= 0;
        } else {
            let stood = part.next;
            part.next = if probe { end } else { start };
            part.low = part.next;
            if stood != 0 && after(stood, end) {
                story.stands_beyond(side, stood);
            }
        }
        let new = if probe {
            0
        } else {
            story.unseen(side, start, length)
        };
        first = new > 0;
        let part = &mut story.parts[side];
        highest = first && part.next == end;
        old = new < length;
        part.bytes += u64::from(new);
        part.data_frames += u32::from(!flags.has(Flags::KEEP_ALIVE));
        if part.first_data == 0 {
            part.first_data = frame;
            part.first_data_time = time.0;
            part.first_data_end = end;
        }
        part.last_data = frame;
        part.last_data_time = time.0;
        part.largest = part.largest.max(length);
    }
    if length == 0 {
        highest = story.stands_at(side, segment);
    }
    teardown(story, side, seen, length, initial_rtt);
    if seen.received_twice {
        again::received_twice(story, side, seen);
    }
    if flags.0 != 0 {
        first |= length == 0 && story.parts[side].fin_frame == frame;
        let answers = story.answers_after(side, initial_rtt, first_time);
        story.marked(&Marked {
            seen,
            flags,
            since,
            new: first,
            old,
            follows,
            in_turn,
            answers,
        });
    }
    highest |= segment.has(tcp::FIN) && story.parts[side].fin_frame == frame;
    if highest && let Some(trouble) = &mut story.trouble {
        trouble.goes_beyond(side, seen);
    }
    let signs = Signs {
        resent,
        gap: segment.has(tcp::ACK)
            && !story.misses(side, segment)
            && match story.speaks_of_another(side) {
                true => story.is_unseen(1 - side, segment.ack),
                false => story.acknowledges_unseen(1 - side, segment.ack, frame),
            },
        zero_window: flags.has(Flags::ZERO_WINDOW),
    };
    story.zeek.segment(memory, side, segment, signs);
}

impl Story {
    /// Takes in a segment of the only side seen so far.
    fn alone(&mut self, side: usize, segment: &Segment) {
        if segment.has(tcp::ACK) {
            let first = *self.lone_ack.get_or_insert(segment.ack);
            let called = self.syn_side.map(usize::from) == Some(side);
            self.acks_advance |= called || first != segment.ack;
        }
    }

    /// How long a side took to answer in the handshake, as captured: the called one from the SYN to its
    /// SYN+ACK, the caller from that to its ACK.
    fn answers_after(&self, side: usize, initial_rtt: i64, first_time: Time) -> Option<i64> {
        if initial_rtt == 0 || self.synack_time == 0 || self.opening_again {
            return None;
        }
        let called = self.synack_time.saturating_sub(first_time.0);
        match self.syn_side.map(usize::from)? == side {
            true => Some(initial_rtt.saturating_sub(called)),
            false => Some(called),
        }
    }

    /// The only side that is in the capture, where the other one sent too.
    fn one_way(&self) -> Option<usize> {
        let side = self.parts.iter().position(|part| part.ttls.1 != 0)?;
        let other = 1 - side;
        let reset = |frame: u32, by: u8| frame != 0 && usize::from(by) == other;
        let silent = self.parts[other].ttls.1 == 0
            && !reset(self.rst_frame, self.rst_side)
            && !reset(self.early_rst, self.early_rst_side)
            && !reset(self.stray_rst, self.stray_rst_side);
        (silent && self.acks_advance).then_some(side)
    }
}

fn teardown(story: &mut Story, side: usize, seen: &Seen, length: u32, initial_rtt: i64) {
    let (segment, frame) = (&seen.segment, seen.frame);
    if segment.has(tcp::ACK) {
        let other = &mut story.parts[1 - side];
        if other.first_data != 0
            && other.first_data_acked == 0
            && segment.ack.wrapping_sub(other.first_data_end).cast_signed() >= 0
        {
            other.first_data_acked = frame;
        }
        if other.fin_frame != 0
            && other.fin_acked == 0
            && segment.ack.wrapping_sub(other.fin_end).cast_signed() >= 0
        {
            other.fin_acked = frame;
            story.parts[1 - side].fin_first = story.has_not_closed(side, segment.seq);
        }
    }
    if segment.has(tcp::FIN) && story.parts[side].fin_frame == 0 {
        story.closes(side, seen, length);
    }
    if !segment.has(tcp::RST) {
        let own = usize::from(story.stray_rst_side) == side;
        story.went_on |= story.stray_rst != 0 && own && (length > 0 || segment.has(tcp::FIN));
        if story.rst_frame != 0 {
            story.goes_on(side, seen, length, initial_rtt);
        }
        return;
    }
    if story.is_outside(side, segment.seq) {
        if story.stray_rst == 0 {
            (story.stray_rst, story.stray_rst_side) = (frame, u8::from(side == 1));
            story.stray_rst_ttl = seen.ttl;
        }
    } else {
        story.reset(side, seen);
    }
}

/// Takes in that an ICMP error came back for the SYN: the first, or the first that says more than
/// that its TTL ran out.
pub(super) fn unreachable(story: &mut Story, back: Back) {
    let new = story.opening_error == 0 || (story.expired && !back.expired);
    if new && story.syn_frame != 0 && story.syn_frame < back.frame {
        (story.opening_error, story.expired) = (back.frame, back.expired);
    }
}

/// What the conversation carries shows that this side asks.
pub(super) fn asks(story: &mut Story, side: usize) {
    story.asking = Some(side == 1);
}

/// Whether the sender's port looks like a service and the other's does not.
pub(super) fn likely_server(own: u16, other: u16) -> bool {
    service(own) && !service(other)
}

/// Ports below 1024 are given to services; the others are those of the course's labs and of
/// widespread servers.
fn service(port: u16) -> bool {
    port < 1024
        || matches!(
            port,
            1080 | 1433
                | 1521
                | 1883
                | 3128
                | 3306
                | 3389
                | 5000
                | 5060
                | 5432
                | 5900
                | 6379
                | 8000
                | 8008
                | 8080
                | 8443
                | 8888
                | 9000
                | 9090
                | 12000
                | 12800
                | 20001
                | 25000
                | 27017
        )
}
