//! The story of a connection: who opened it and how, what was carried, who closed it and how.

use super::holes::Holes;
use super::note::{Flags, Note};
use super::offer::Offer;
use super::zeek::{Memory, Signs, Zeek};
use super::{End, Seen, Stream, tcp};
use crate::capture::Time;
use crate::facts::connection::Connection;
use crate::facts::{Milliseconds, Moment};
use tcp::Segment;

/// What is kept of one side. Frame 0 stands for none.
#[derive(Default)]
struct Part {
    bytes: u64,
    /// Time of the first payload.
    first_data_time: i64,
    data_frames: u32,
    /// Frame of the first payload.
    first_data: u32,
    /// Frame of the newest payload.
    last_data: u32,
    /// Next number after everything it has sent; means nothing before its SYN or first payload.
    next: u32,
    largest: u32,
    /// What its SYN offered, and the number of that SYN.
    offer: Offer,
    isn: u32,
    /// Frame of its first FIN and the number after it.
    fin_frame: u32,
    fin_end: u32,
    /// Frame that acknowledged the FIN.
    fin_acked: u32,
}

impl Part {
    fn isn(&self) -> Option<u32> {
        self.offer.has(Offer::SYN).then_some(self.isn)
    }

    /// Whether its SYN had an option, if there was a SYN.
    fn offered(&self, mark: u8) -> Option<bool> {
        self.offer.has(Offer::SYN).then_some(self.offer.has(mark))
    }

    fn fin(&self) -> Option<u32> {
        some_frame(self.fin_frame)
    }

    fn fin_acked(&self) -> Option<u32> {
        some_frame(self.fin_acked)
    }

    /// Whether `next` means something.
    fn is_known(&self) -> bool {
        self.first_data != 0 || self.offer.has(Offer::SYN)
    }
}

fn some_frame(number: u32) -> Option<u32> {
    (number != 0).then_some(number)
}

/// Counters that stay zero in a healthy connection.
#[derive(Default)]
struct Trouble {
    counts: [[u32; KINDS.len()]; 2],
    frames: Vec<u32>,
    /// Frame and time of the SYNs that were sent again.
    syns: Vec<(u32, i64)>,
    /// Numbers below [`Part::next`] that have not been seen, of each side.
    holes: [Holes; 2],
    /// Frames that hold a segment captured before, and those of them that were counted above.
    copies: [u32; 2],
}

/// The kinds of trouble, in the order they are counted in.
const KINDS: [Flags; 10] = [
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
const NAMED: usize = 20;

/// What is remembered for the connection's record.
#[derive(Default)]
pub(super) struct Story {
    parts: [Part; 2],
    pub(super) port_reuse: bool,
    frames: u32,
    last_frame: u32,
    syn_frame: u32,
    /// Which side sent the first SYN without ACK, and whether both did.
    syn_side: Option<u8>,
    both_syn: bool,
    syn_attempts: u32,
    synack_frame: u32,
    ack_frame: u32,
    /// First ACK after a SYN that has no SYN+ACK, and whether it shows that there was one: it is
    /// the caller's, or the called side's for the SYN.
    stray_ack: u32,
    stray_ack_fits: bool,
    /// Frame of the first RST and which side sent it.
    rst_frame: u32,
    rst_side: u8,
    trouble: Option<Box<Trouble>>,
    zeek: Zeek,
}

impl Story {
    /// Whether nothing was told.
    pub(super) fn is_empty(&self) -> bool {
        self.frames == 0
    }

    fn rst(&self) -> Option<(u32, u8)> {
        some_frame(self.rst_frame).map(|frame| (frame, self.rst_side))
    }
}

/// Takes in one segment.
pub(super) fn segment(stream: &mut Stream, memory: &mut Memory, seen: &Seen, note: &Note) {
    let side = usize::from(seen.side);
    let (segment, frame, time) = (&seen.segment, seen.frame, seen.time);
    let length = segment.length.unwrap_or(0);
    let story = &mut stream.story;
    story.frames += 1;
    story.last_frame = frame;
    handshake(story, side, seen);
    if story.syn_attempts > 1 && segment.flags & (tcp::SYN | tcp::ACK) == tcp::SYN {
        let syns = &mut story.trouble.get_or_insert_default().syns;
        if syns.len() < NAMED {
            syns.push((frame, time.0));
        }
    }
    let mut resent = false;
    if length > 0 {
        let probe = note.flags.has(Flags::KEEP_ALIVE | Flags::ZERO_WINDOW_PROBE);
        let start = segment.seq.wrapping_add(u32::from(segment.has(tcp::SYN)));
        let end = start.wrapping_add(length);
        let part = &mut story.parts[side];
        if part.is_known() {
            resent = end.wrapping_sub(part.next).cast_signed() <= 0;
        } else {
            part.next = if probe { end } else { start };
        }
        let new = if probe {
            0
        } else {
            story.unseen(side, start, length)
        };
        let part = &mut story.parts[side];
        part.bytes += u64::from(new);
        part.data_frames += u32::from(new > 0);
        if part.first_data == 0 {
            part.first_data = frame;
            part.first_data_time = time.0;
        }
        part.last_data = frame;
        part.largest = part.largest.max(length);
    }
    teardown(story, side, segment, length, frame);
    if note.flags.0 != 0 {
        trouble(story, side, frame, note);
    }
    let signs = Signs {
        resent,
        gap: segment.has(tcp::ACK) && story.acknowledges_unseen(1 - side, segment.ack),
        zero_window: note.flags.has(Flags::ZERO_WINDOW),
    };
    story.zeek.segment(memory, side, segment, signs);
}

/// Goes through the first segment of a conversation again, for Zeek's memory alone.
pub(super) fn remember(memory: &mut Memory, seen: &Seen, note: &Note) {
    let signs = Signs {
        zero_window: note.flags.has(Flags::ZERO_WINDOW),
        ..Signs::default()
    };
    Zeek::default().segment(memory, 0, &seen.segment, signs);
}

impl Story {
    /// Whether this ACK is the first for something of `side` that was not seen.
    fn acknowledges_unseen(&mut self, side: usize, ack: u32) -> bool {
        let part = &mut self.parts[side];
        let end = part.next.wrapping_add(u32::from(part.fin_frame != 0));
        if part.is_known() && ack.wrapping_sub(end).cast_signed() > 0 {
            part.next = ack;
            let trouble = self.trouble.get_or_insert_default();
            trouble.holes[side].add(end, ack, true);
            return true;
        }
        let trouble = self.trouble.as_mut();
        trouble.is_some_and(|t| t.holes[side].acknowledge(ack))
    }

    /// How many of these bytes were not seen before.
    fn unseen(&mut self, side: usize, start: u32, length: u32) -> u32 {
        let end = start.wrapping_add(length);
        let part = &mut self.parts[side];
        let next = part.next;
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
        let mut new = 0;
        if beyond > 0 {
            part.next = end;
            new = beyond.unsigned_abs();
        }
        if let Some(trouble) = &mut self.trouble
            && !trouble.holes[side].is_empty()
        {
            new += trouble.holes[side].fill(start, end);
        }
        new
    }
}

impl std::ops::BitOr for Flags {
    type Output = Flags;
    fn bitor(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}

fn handshake(story: &mut Story, side: usize, seen: &Seen) {
    let (segment, frame) = (&seen.segment, seen.frame);
    let sender = u8::from(side == 1);
    match segment.flags & (tcp::SYN | tcp::ACK) {
        tcp::SYN => {
            if story.syn_frame == 0 {
                story.syn_frame = frame;
                story.syn_side = Some(sender);
                // What was reset before belongs to an earlier connection of the same ends.
                story.rst_frame = 0;
            }
            if story.syn_side == Some(sender) {
                story.syn_attempts += 1;
            } else {
                story.both_syn = true;
            }
            offer(&mut story.parts[side], seen);
        }
        f if f == tcp::SYN | tcp::ACK => {
            if story.synack_frame == 0 {
                story.synack_frame = frame;
            }
            offer(&mut story.parts[side], seen);
        }
        tcp::ACK if story.ack_frame == 0 && story.synack_frame != 0 && !segment.has(tcp::RST) => {
            // Only the side that was answered completes the handshake, by acknowledging the SYN+ACK.
            let answered = story.parts[1 - side].isn().map(|isn| isn.wrapping_add(1));
            if story.syn_side != Some(1 - sender)
                && answered.is_some_and(|next| segment.ack.wrapping_sub(next).cast_signed() >= 0)
            {
                story.ack_frame = frame;
            }
        }
        tcp::ACK
            if story.synack_frame == 0
                && story.syn_frame != 0
                && story.stray_ack == 0
                && !segment.has(tcp::RST) =>
        {
            let caller = story.syn_side == Some(sender);
            let answered = story.parts[1 - side].isn().map(|isn| isn.wrapping_add(1));
            let fits = caller
                || answered.is_some_and(|next| segment.ack.wrapping_sub(next).cast_signed() >= 0);
            if caller {
                story.ack_frame = frame;
            }
            story.stray_ack = frame;
            story.stray_ack_fits = fits;
        }
        _ => {}
    }
}

fn offer(part: &mut Part, seen: &Seen) {
    if part.isn() != Some(seen.segment.seq) {
        part.offer = seen.offer;
        part.isn = seen.segment.seq;
        part.next = seen.segment.seq.wrapping_add(1);
    }
}

fn teardown(story: &mut Story, side: usize, segment: &Segment, length: u32, frame: u32) {
    if segment.has(tcp::ACK) {
        let other = &mut story.parts[1 - side];
        if other.fin_frame != 0
            && other.fin_acked == 0
            && segment.ack.wrapping_sub(other.fin_end).cast_signed() >= 0
        {
            other.fin_acked = frame;
        }
    }
    let own = &mut story.parts[side];
    if segment.has(tcp::FIN) && own.fin_frame == 0 {
        own.fin_frame = frame;
        own.fin_end = segment.seq.wrapping_add(length).wrapping_add(1);
    }
    if segment.has(tcp::RST) && story.rst_frame == 0 {
        story.rst_frame = frame;
        story.rst_side = u8::from(side == 1);
    }
}

fn trouble(story: &mut Story, side: usize, frame: u32, note: &Note) {
    let all = KINDS.iter().fold(Flags(0), |sum, kind| sum | *kind);
    if !note.flags.has(all) {
        return;
    }
    let trouble = story.trouble.get_or_insert_default();
    for (count, kind) in trouble.counts[side].iter_mut().zip(KINDS) {
        *count += u32::from(note.flags.has(kind));
    }
    if trouble.frames.len() < NAMED {
        trouble.frames.push(frame);
    }
}

/// Counts a segment that was only captured again.
pub(super) fn copied(story: &mut Story, note: &Note) {
    let all = KINDS.iter().fold(Flags(0), |sum, kind| sum | *kind);
    let trouble = story.trouble.get_or_insert_default();
    trouble.copies[0] += 1;
    trouble.copies[1] += u32::from(note.flags.has(all));
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

/// Writes the record of one stream.
pub(super) fn tell(stream: &Stream, ends: [End; 2], number: u32) -> Connection {
    let story = &stream.story;
    let (client, sure) = client_side(stream, ends);
    let server = 1 - client;
    let (c, s) = (&story.parts[client], &story.parts[server]);
    let name = |side: u8| {
        if usize::from(side) == client {
            "client"
        } else {
            "server"
        }
    };
    let none = Trouble::default();
    let trouble = story.trouble.as_deref().unwrap_or(&none);
    let count = |side: usize, kind: Flags| {
        let place = KINDS.iter().position(|k| *k == kind).unwrap_or(0);
        trouble.counts[side][place]
    };
    let (conn_state, history) = story.zeek.tell();
    let closed = closed(story);
    let timed = stream.previous_time != Time::default() || stream.first_time != Time::default();
    let fins_acked = u8::from(c.fin_acked != 0) + u8::from(s.fin_acked != 0);
    Connection {
        stream: number,
        client: ends[client].address,
        client_port: ends[client].port,
        server: ends[server].address,
        server_port: ends[server].port,
        roles: if sure { "syn" } else { "guess" },
        start_time: timed.then_some(Moment(stream.first_time.0)),
        duration_ms: timed
            .then(|| Milliseconds::from_nanoseconds(stream.previous_time.since(stream.first_time))),
        frames: story.frames,
        opened: opened(story),
        syn_frame: some_frame(story.syn_frame),
        synack_frame: some_frame(story.synack_frame),
        ack_frame: some_frame(story.ack_frame).or(match opened(story) {
            "challenged" => some_frame(story.stray_ack),
            _ => None,
        }),
        syn_attempts: story.syn_attempts,
        handshake_rtt_ms: (stream.initial_rtt != 0 && story.ack_frame != 0)
            .then(|| Milliseconds::from_nanoseconds(stream.initial_rtt)),
        client_isn: c.isn(),
        server_isn: s.isn(),
        client_mss: c.offer.mss(),
        server_mss: s.offer.mss(),
        client_window_scale: c.offer.scale(),
        server_window_scale: s.offer.scale(),
        client_sack: c.offered(Offer::SACK),
        server_sack: s.offered(Offer::SACK),
        client_timestamps: c.offered(Offer::TIMESTAMPS),
        server_timestamps: s.offered(Offer::TIMESTAMPS),
        client_bytes: c.bytes,
        server_bytes: s.bytes,
        client_data_frames: c.data_frames,
        server_data_frames: s.data_frames,
        client_largest_segment_bytes: c.largest,
        server_largest_segment_bytes: s.largest,
        client_retransmissions: count(client, Flags::RETRANSMISSION),
        server_retransmissions: count(server, Flags::RETRANSMISSION),
        client_fast_retransmissions: count(client, Flags::FAST_RETRANSMISSION),
        server_fast_retransmissions: count(server, Flags::FAST_RETRANSMISSION),
        client_spurious_retransmissions: count(client, Flags::SPURIOUS_RETRANSMISSION),
        server_spurious_retransmissions: count(server, Flags::SPURIOUS_RETRANSMISSION),
        client_out_of_order: count(client, Flags::OUT_OF_ORDER),
        server_out_of_order: count(server, Flags::OUT_OF_ORDER),
        client_lost_segments: count(client, Flags::LOST_SEGMENT),
        server_lost_segments: count(server, Flags::LOST_SEGMENT),
        client_acked_unseen: count(client, Flags::ACK_LOST_SEGMENT),
        server_acked_unseen: count(server, Flags::ACK_LOST_SEGMENT),
        client_duplicate_acks: count(client, Flags::DUPLICATE_ACK),
        server_duplicate_acks: count(server, Flags::DUPLICATE_ACK),
        client_zero_windows: count(client, Flags::ZERO_WINDOW),
        server_zero_windows: count(server, Flags::ZERO_WINDOW),
        client_window_full: count(client, Flags::WINDOW_FULL),
        server_window_full: count(server, Flags::WINDOW_FULL),
        client_keep_alives: count(client, Flags::KEEP_ALIVE),
        server_keep_alives: count(server, Flags::KEEP_ALIVE),
        trouble_frames: trouble.frames.clone(),
        copied_frames: trouble.copies[0],
        copies_counted: trouble.copies[1],
        closed,
        closed_by: closed_by(story, client),
        closing_frames: closing_frames(story),
        fins_acked,
        time_wait_at: time_wait(story, client, fins_acked),
        rst_frame: story.rst().map(|r| r.0),
        rst_by: story.rst().map(|r| name(r.1)),
        port_reuse: story.port_reuse,
        completeness: stream.completeness | stream.first_bits,
        completeness_text: completeness_text(stream.completeness | stream.first_bits),
        conn_state,
        history,
    }
}

/// Which side is the client, and whether a SYN says so.
fn client_side(stream: &Stream, ends: [End; 2]) -> (usize, bool) {
    if let Some(side) = stream.story.syn_side {
        return (usize::from(side), true);
    }
    if let Some(answering) = stream
        .story
        .parts
        .iter()
        .position(|p| p.offer.has(Offer::SYN))
    {
        return (1 - answering, true);
    }
    let [a, b] = ends;
    (usize::from(likely_server(a.port, b.port)), false)
}

fn opened(story: &Story) -> &'static str {
    let Some(caller) = story.syn_side else {
        return if story.synack_frame != 0 && story.ack_frame != 0 {
            "handshake"
        } else {
            "midstream"
        };
    };
    if story.both_syn {
        return "simultaneous";
    }
    if story.synack_frame == 0 {
        // A RST of the called side, with nothing before it, refuses the call.
        return match story.rst() {
            Some((frame, side)) if side != caller && frame > story.syn_frame => "refused",
            // The SYN+ACK is not in the capture, but its sender took the SYN.
            _ if story.stray_ack_fits => "handshake",
            _ if story.parts[usize::from(1 - caller)].data_frames > 0 => "midstream",
            _ if story.stray_ack != 0 => "challenged",
            _ => "unanswered",
        };
    }
    if story.ack_frame != 0 {
        "handshake"
    } else {
        "half-open"
    }
}

fn closed(story: &Story) -> &'static str {
    let fins = story.parts.iter().filter(|p| p.fin_frame != 0).count();
    match (story.rst(), fins) {
        // A RST after both FINs ends nothing any more.
        (Some((frame, _)), 2)
            if story
                .parts
                .iter()
                .all(|p| p.fin().is_some_and(|fin| fin < frame)) =>
        {
            "fin"
        }
        (Some(_), _) => "reset",
        (None, 2) => "fin",
        (None, 1) => "half-closed",
        _ => "open",
    }
}

fn closed_by(story: &Story, client: usize) -> Option<&'static str> {
    let name = |side: usize| if side == client { "client" } else { "server" };
    let fins = [story.parts[0].fin(), story.parts[1].fin()];
    match (closed(story), fins) {
        ("fin", [Some(a), Some(b)]) => {
            let first = usize::from(b < a);
            // The second FIN came before its sender had acknowledged the first: both closed.
            let second = fins[1 - first]?;
            let crossed = story.parts[first]
                .fin_acked()
                .is_none_or(|acked| acked > second);
            Some(if crossed && !same_frame(story, first) {
                "both"
            } else {
                name(first)
            })
        }
        ("reset", _) => {
            let (frame, side) = story.rst()?;
            let earlier = (0..2)
                .filter(|i| fins[*i].is_some_and(|fin| fin < frame))
                .min_by_key(|i| fins[*i]);
            Some(name(earlier.unwrap_or(usize::from(side))))
        }
        ("half-closed", _) => fins.iter().position(Option::is_some).map(name),
        _ => None,
    }
}

/// Whether the other side's FIN itself acknowledged this side's FIN, or the ACK is missing.
fn same_frame(story: &Story, first: usize) -> bool {
    let acked = story.parts[first].fin_acked();
    acked.is_none() || acked == story.parts[1 - first].fin()
}

fn closing_frames(story: &Story) -> Vec<u32> {
    let mut frames: Vec<u32> = story
        .parts
        .iter()
        .flat_map(|p| [p.fin(), p.fin_acked()])
        .chain([story.rst().map(|r| r.0)])
        .flatten()
        .collect();
    frames.sort_unstable();
    frames.dedup();
    frames
}

/// The side that closed first waits (RFC 9293 §3.6); both do when their FINs crossed.
fn time_wait(story: &Story, client: usize, fins_acked: u8) -> Option<&'static str> {
    if closed(story) != "fin" || fins_acked < 2 || story.rst_frame != 0 {
        return None;
    }
    closed_by(story, client)
}

/// The little that the search for situations asks of every connection.
#[derive(Clone, Copy)]
pub(crate) struct Brief {
    pub(crate) client: (std::net::IpAddr, u16),
    pub(crate) server: (std::net::IpAddr, u16),
    pub(crate) ack_frame: Option<u32>,
    pub(crate) client_data_frame: Option<u32>,
    pub(crate) server_data_frame: Option<u32>,
    /// Frame of the server's newest payload.
    pub(crate) server_last_data: u32,
    /// Nanoseconds from the client's first payload to the server's.
    pub(crate) first_answer_after: Option<i64>,
    pub(crate) last_frame: u32,
}

/// That little.
pub(super) fn brief(stream: &Stream, ends: [End; 2]) -> Brief {
    let story = &stream.story;
    let client = client_side(stream, ends).0;
    let end = |side: usize| (ends[side].address, ends[side].port);
    Brief {
        client: end(client),
        server: end(1 - client),
        ack_frame: some_frame(story.ack_frame),
        client_data_frame: some_frame(story.parts[client].first_data),
        server_data_frame: some_frame(story.parts[1 - client].first_data),
        server_last_data: story.parts[1 - client].last_data,
        first_answer_after: (story.parts[client].first_data != 0
            && story.parts[1 - client].first_data != 0)
            .then(|| {
                story.parts[1 - client]
                    .first_data_time
                    .saturating_sub(story.parts[client].first_data_time)
            }),
        last_frame: story.last_frame,
    }
}

/// Failed connections before troubled ones before large ones.
pub(super) fn weight(stream: &Stream) -> u64 {
    let story = &stream.story;
    let failed = u64::from(!matches!(opened(story), "handshake" | "midstream")) << 62;
    let ended = u64::from(matches!(closed(story), "reset" | "half-closed")) << 61;
    let noticed = u64::from(story.trouble.is_some()) << 60;
    let bytes: u64 = story.parts.iter().map(|p| p.bytes).sum();
    failed | ended | noticed | bytes.min((1 << 60) - 1)
}

/// Whether the connection never came about.
pub(super) fn failed_to_open(stream: &Stream) -> bool {
    stream.story.ack_frame == 0
        && matches!(
            opened(&stream.story),
            "refused" | "unanswered" | "challenged"
        )
}

/// Frame and time of every SYN of the caller.
pub(super) fn syn_times(stream: &Stream) -> Vec<(u32, i64)> {
    let again = stream
        .story
        .trouble
        .iter()
        .flat_map(|t| t.syns.iter().copied());
    std::iter::once((stream.story.syn_frame, stream.first_time.0))
        .chain(again)
        .collect()
}

/// The text of 4.0 for a completeness value.
fn completeness_text(value: u8) -> &'static str {
    match value {
        1 => "Incomplete, SYN_SENT",
        3 => "Incomplete, CLIENT_ESTABLISHED",
        7 => "Incomplete, ESTABLISHED",
        15 => "Incomplete, DATA",
        31 | 47 | 63 => "Complete, WITH_DATA",
        23 | 39 | 55 => "Complete, NO_DATA",
        _ => "Incomplete",
    }
}
