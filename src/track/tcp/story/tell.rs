//! The record of a connection, put together from what was remembered.

use super::resets::OddReset;
use super::{Flags, KINDS, Story, Trouble, likely_server, some_frame};
use crate::capture::Time;
use crate::facts::tcp::{Closed, Connection, Opened, Roles};
use crate::facts::{Milliseconds, Moment, OUTSTANDING, Side};
use crate::track::tcp::holes::Holes;
use crate::track::tcp::offer::Offer;
use crate::track::tcp::{End, Stream};
use crate::track::udp;
use std::net::IpAddr;

/// Writes the record of one stream.
pub(in crate::track::tcp) fn tell(stream: &Stream, ends: [End; 2], number: u32) -> Connection {
    let story = &stream.story;
    let (client, roles) = client_side(stream, ends);
    let server = 1 - client;
    let (c, s) = (&story.parts[client], &story.parts[server]);
    let name = |side: u8| {
        if usize::from(side) == client {
            Side::Client
        } else {
            Side::Server
        }
    };
    let none = Trouble::default();
    let trouble = story.trouble.as_deref().unwrap_or(&none);
    let count = |side: usize, kind: Flags| {
        let place = KINDS.iter().position(|k| *k == kind).unwrap_or(0);
        trouble.counts[side][place]
    };
    // An ACK of an older connection acknowledges nothing of this one.
    let older = story.stray_ack != 0 && !story.stray_ack_fits && story.synack_frame == 0;
    let unseen = |side: usize| {
        let told = (!older).then(|| trouble.holes[side].acknowledged());
        told.unwrap_or_default()
    };
    let (conn_state, history, zeek_record_count) = story.zeek.first();
    let (opened, closed) = (opened(story), closed(story));
    let fins = story.fins();
    let side_name = |side: usize| {
        if side == client {
            Side::Client
        } else {
            Side::Server
        }
    };
    let last_time = match trouble.later {
        0 => stream.previous_time.0,
        _ => trouble.last_time,
    };
    let timed = stream.first_time != Time::default();
    let fins_acked = u8::from(c.fin_acked != 0) + u8::from(s.fin_acked != 0);
    let called = story.syn_side.map(|caller| 1 - usize::from(caller));
    let unanswered = story.synack_frame == 0 && called.is_some_and(|c| story.parts[c].ttls.1 != 0);
    let ack_late = story.ack_frame != 0 && (story.ack_is_late || unanswered);
    Connection {
        stream: number,
        client: ends[client].address,
        client_port: ends[client].port,
        server: ends[server].address,
        server_port: ends[server].port,
        roles,
        first_frame: story.first_frame,
        last_frame: story.last_frame,
        start_time: timed.then_some(Moment(stream.first_time.0)),
        duration_ms: Milliseconds::between(stream.first_time.0, last_time).filter(|_| timed),
        frame_count: story.frames,
        opened,
        syn_frame: some_frame(story.syn_frame),
        synack_frame: some_frame(story.synack_frame),
        ack_frame: some_frame(story.ack_frame).or(match opened {
            Opened::Challenged => some_frame(story.stray_ack),
            _ => None,
        }),
        refusing_frame: story
            .rst()
            .map(|r| r.0)
            .filter(|_| opened == Opened::Refused),
        ack_late,
        too_late_frame: some_frame(trouble.too_late),
        refusal_frames: trouble.refusals.clone(),
        opening_error_frame: some_frame(story.opening_error),
        syn_attempts: story.syn_attempts,
        perhaps_syn_attempts: trouble.unsure_syns,
        handshake_rtt_ms: (stream.initial_rtt > 0
            && story.ack_frame != 0
            && !story.opening_again
            && !ack_late
            && opened != Opened::Simultaneous)
            .then(|| Milliseconds::from_nanoseconds(stream.initial_rtt)),
        client_isn: c.isn(),
        server_isn: s.isn(),
        client_options_cut: c.offer.has(Offer::CUT),
        server_options_cut: s.offer.has(Offer::CUT),
        client_mss: c.offer.mss(),
        server_mss: s.offer.mss(),
        client_window_scale: c.offer.scale(),
        server_window_scale: s.offer.scale(),
        client_sack: c.offered(Offer::SACK),
        server_sack: s.offered(Offer::SACK),
        client_timestamps: c.offered(Offer::TIMESTAMPS),
        server_timestamps: s.offered(Offer::TIMESTAMPS),
        client_first_data_frame: some_frame(c.first_data),
        server_first_data_frame: some_frame(s.first_data),
        client_last_data_frame: some_frame(c.last_data),
        server_last_data_frame: some_frame(s.last_data),
        client_bytes: c.bytes,
        server_bytes: s.bytes,
        client_whole: is_whole(story, client),
        server_whole: is_whole(story, server),
        client_unseen_bytes: unseen(client),
        server_unseen_bytes: unseen(server),
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
        client_sent_again: trouble.again[client],
        server_sent_again: trouble.again[server],
        client_perhaps_sent_again: trouble.unsure[client],
        server_perhaps_sent_again: trouble.unsure[server],
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
        client_window_probes: trouble.probes[client],
        server_window_probes: trouble.probes[server],
        probes_counted: trouble.probes_counted,
        hurried_counted: trouble.hurried,
        byte_again_counted: trouble.byte_again,
        misfits_counted: trouble.misfits,
        first_seen_counted: trouble.first_seen,
        in_time_counted: trouble.in_time,
        trouble_frames: trouble.frames.clone(),
        copied_frames: trouble.copies[0],
        copies_counted: trouble.copies[1],
        same_copies: trouble.same,
        doubled_frames: trouble.doubled,
        opening_counted: trouble.opening,
        one_way: story.one_way().map(|side| name(u8::from(side == 1))),
        closed,
        closed_by: closed_by(story, client),
        first_fin_frame: fins[0].and_then(|side| story.parts[side].fin()),
        first_fin_by: story.first_fin().map(side_name),
        lone_fin_by: story.lone_fin().map(side_name),
        first_fin_ack_frame: fins[0].and_then(|side| story.parts[side].fin_acked()),
        second_fin_frame: fins[1].and_then(|side| story.parts[side].fin()),
        second_fin_ack_frame: fins[1].and_then(|side| story.parts[side].fin_acked()),
        closing_frames: closing_frames(story),
        fins_acked,
        time_wait_at: time_wait(story, client, fins_acked),
        rst_frame: story.first_rst().map(|r| r.0),
        rst_by: story.first_rst().map(|r| name(r.1)),
        later_rst_frame: story.forgotten().map(|r| r.0),
        ignored_rst_frame: story.ignored_rst(),
        disowned_rst_frame: story.disowned().map(|d| d.frame),
        went_on_frame: story.disowned().map(|d| d.by),
        port_reuse: story.replaces.is_some(),
        later_connections: trouble.later,
        // They are known where conversations are found.
        vlan: None,
        other_vlan: None,
        completeness: stream.completeness | stream.first_bits,
        completeness_text: completeness_text(stream.completeness | stream.first_bits),
        conn_state: conn_state.to_owned(),
        history,
        zeek_record_count,
    }
}

/// Whether all that a side sent is in the capture: nothing, where no connection came about.
fn is_whole(story: &Story, side: usize) -> bool {
    let part = &story.parts[side];
    let holes = story.trouble.as_ref().map(|t| &t.holes[side]);
    let ended = matches!(closed(story), Closed::Reset | Closed::Forgotten) || part.fin_frame != 0;
    match opened(story) {
        Opened::Refused | Opened::Unreachable | Opened::Expired | Opened::Unanswered
            if part.data_frames == 0 && story.one_way().is_none() =>
        {
            true
        }
        _ => ended && part.begins() && holes.is_none_or(Holes::is_empty),
    }
}

/// Which side is the client, and what says so.
pub(in crate::track::tcp) fn client_side(stream: &Stream, ends: [End; 2]) -> (usize, Roles) {
    if let Some(side) = stream.story.syn_side {
        return (usize::from(side), Roles::Syn);
    }
    if let Some(answering) = stream
        .story
        .parts
        .iter()
        .position(|p| p.offer.has(Offer::SYN))
    {
        let refused = stream.story.is_refused_answer(answering);
        let roles = if refused { Roles::Answer } else { Roles::Syn };
        return (1 - answering, roles);
    }
    if let Some(side) = stream.story.asking {
        return (usize::from(side), Roles::Content);
    }
    let [a, b] = ends.map(|end| end.port);
    let given = !likely_server(b, a) && a < udp::EPHEMERAL && b >= udp::EPHEMERAL;
    (usize::from(likely_server(a, b) || given), Roles::Guess)
}

/// How it began. Without any SYN nothing is known of it, whatever looks like the rest of it.
pub(super) fn opened(story: &Story) -> Opened {
    let flows = story.parts.iter().all(|p| p.data_frames > 0);
    let Some(caller) = story.syn_side else {
        return match (story.synack_frame, story.ack_frame) {
            _ if story.is_nothing() => Opened::Stray,
            (0, _) => Opened::Midstream,
            (_, 0) if !flows && story.stray_ack == 0 => Opened::HalfOpen,
            _ => Opened::Handshake,
        };
    };
    if story.both_syn {
        return Opened::Simultaneous;
    }
    if story.synack_frame == 0 {
        let called = &story.parts[usize::from(1 - caller)];
        // A RST of the called side, with nothing before it, refuses the call.
        return match story.rst() {
            Some((_, side))
                if side != caller && called.data_frames == 0 && !story.stray_ack_fits =>
            {
                Opened::Refused
            }
            // The SYN+ACK is not in the capture, but its sender took the SYN.
            _ if story.stray_ack_fits => Opened::Handshake,
            _ if called.data_frames > 0 => Opened::Midstream,
            _ if story.stray_ack != 0 => Opened::Challenged,
            _ if story.opening_error != 0 && story.expired => Opened::Expired,
            _ if story.opening_error != 0 => Opened::Unreachable,
            _ => Opened::Unanswered,
        };
    }
    // Who sends data both ways has a connection, whichever ACK the capture misses.
    if story.ack_frame != 0 || flows {
        Opened::Handshake
    } else {
        Opened::HalfOpen
    }
}

/// How it ended. A FIN that was never acknowledged before a RST closed nothing, and where there was
/// no connection a RST ended none.
pub(super) fn closed(story: &Story) -> Closed {
    if story.is_nothing() {
        return Closed::Open;
    }
    let fins = story.parts.iter().filter(|p| p.fin_frame != 0).count();
    match (story.rst(), fins) {
        // A RST after both FINs, each acknowledged by something, ends nothing any more.
        (Some((frame, _)), 2)
            if story
                .parts
                .iter()
                .all(|p| p.fin().is_some_and(|fin| fin < frame) && p.fin_acked != 0) =>
        {
            Closed::Fin
        }
        (Some(_), _) => Closed::Reset,
        (None, 2) => Closed::Fin,
        _ if story.forgotten().is_some() => Closed::Forgotten,
        (None, 1) if story.lone_fin().is_some() => Closed::OneFin,
        (None, 1) if story.parts.iter().all(|p| p.fin_acked == 0) => Closed::FinSent,
        (None, 1) => Closed::HalfClosed,
        _ => Closed::Open,
    }
}

fn closed_by(story: &Story, client: usize) -> Option<Side> {
    let name = |side: usize| {
        if side == client {
            Side::Client
        } else {
            Side::Server
        }
    };
    match closed(story) {
        Closed::Fin if story.fins_crossed() => Some(Side::Both),
        Closed::Reset => Some(name(usize::from(story.rst()?.1))),
        Closed::Forgotten => Some(name(usize::from(story.forgotten()?.1))),
        Closed::Fin | Closed::HalfClosed | Closed::FinSent | Closed::OneFin => {
            story.first_fin().map(name)
        }
        Closed::Open => None,
    }
}

fn closing_frames(story: &Story) -> Vec<u32> {
    let mut frames: Vec<u32> = story
        .parts
        .iter()
        .flat_map(|p| [p.fin(), p.fin_acked()])
        .chain([story.rst().or(story.forgotten()).map(|r| r.0)])
        .flatten()
        .collect();
    frames.sort_unstable();
    frames.dedup();
    frames
}

/// The side that closed first waits (RFC 9293 §3.6); both do when their FINs crossed.
fn time_wait(story: &Story, client: usize, fins_acked: u8) -> Option<Side> {
    if closed(story) != Closed::Fin || fins_acked < 2 || story.rst_frame != 0 {
        return None;
    }
    closed_by(story, client)
}

/// The little that the search for situations asks of every connection.
#[derive(Clone, Copy)]
pub(crate) struct Brief {
    pub(crate) client: (IpAddr, u16),
    pub(crate) server: (IpAddr, u16),
    pub(crate) ack_frame: Option<u32>,
    pub(crate) client_data_frame: Option<u32>,
    /// Frame of the client's newest payload.
    pub(crate) client_last_data: u32,
    /// Frame of the server that acknowledges the client's first payload.
    pub(crate) client_data_acked: Option<u32>,
    pub(crate) server_data_frame: Option<u32>,
    /// Frame of the server's newest payload.
    pub(crate) server_last_data: u32,
    /// Time of the server's first payload.
    pub(crate) first_answer_time: i64,
    /// Nanoseconds from the client's first payload to the server's.
    pub(crate) first_answer_after: Option<i64>,
    /// Nanoseconds that the handshake took; 0 when unknown.
    pub(crate) rtt: i64,
    /// Frame and time of the first FIN.
    pub(crate) fin: Option<(u32, i64)>,
    /// Frames of the client's FIN and of the server's, and their times.
    pub(crate) client_fin: Option<u32>,
    pub(crate) server_fin: Option<u32>,
    pub(crate) fin_times: (i64, i64),
    /// Time of the server's newest payload.
    pub(crate) server_last_time: i64,
    /// Nanoseconds from the SYN to the SYN+ACK, as captured here; 0 when unknown.
    pub(crate) distance: i64,
    /// Segments are missing in the capture.
    pub(crate) holes: bool,
    pub(crate) last_frame: u32,
}

/// That little.
pub(in crate::track::tcp) fn brief(stream: &Stream, ends: [End; 2]) -> Brief {
    let story = &stream.story;
    let client = client_side(stream, ends).0;
    let end = |side: usize| (ends[side].address, ends[side].port);
    let (asking, serving) = (&story.parts[client], &story.parts[1 - client]);
    let first = story.fins()[0].map(|side| &story.parts[side]);
    let gaps = [Flags::LOST_SEGMENT, Flags::ACK_LOST_SEGMENT];
    let holes = story.trouble.as_ref().is_some_and(|trouble| {
        let mut kinds = KINDS
            .iter()
            .enumerate()
            .filter(|(_, kind)| gaps.contains(kind));
        kinds.any(|(at, _)| trouble.counts.iter().any(|side| side[at] > 0))
    });
    Brief {
        client: end(client),
        server: end(1 - client),
        ack_frame: some_frame(story.ack_frame),
        client_data_frame: some_frame(asking.first_data),
        client_last_data: asking.last_data,
        client_data_acked: some_frame(asking.first_data_acked),
        server_data_frame: some_frame(serving.first_data),
        server_last_data: serving.last_data,
        first_answer_time: serving.first_data_time,
        first_answer_after: (asking.first_data != 0 && serving.first_data != 0).then(|| {
            serving
                .first_data_time
                .saturating_sub(asking.first_data_time)
        }),
        rtt: stream.initial_rtt,
        fin: first.map(|part| (part.fin_frame, part.fin_time)),
        client_fin: asking.fin(),
        server_fin: serving.fin(),
        fin_times: (asking.fin_time, serving.fin_time),
        server_last_time: serving.last_data_time,
        distance: match story.synack_frame != 0 && !story.opening_again {
            true => story.synack_time.saturating_sub(stream.first_time.0),
            false => 0,
        },
        holes,
        last_frame: story.last_frame,
    }
}

/// Failed connections before troubled ones before large ones.
pub(in crate::track::tcp) fn weight(stream: &Stream) -> u64 {
    let story = &stream.story;
    let failed = u64::from(!matches!(
        opened(story),
        Opened::Handshake | Opened::Midstream
    )) << 62;
    let ends = closed(story);
    let broken = !matches!(ends, Closed::Fin | Closed::Open);
    let ended = u64::from(broken) << 61;
    let noticed = u64::from(story.trouble.is_some()) << 60;
    let bytes: u64 = story.parts.iter().map(|p| p.bytes).sum();
    failed + ended + noticed + bytes.min(OUTSTANDING - 1)
}

/// What is to be told of a connection that did not go as it should.
pub(crate) enum Ill {
    Failed(Failure),
    Reset(OddReset),
    TooLate(TooLate),
    Silent(super::Silent),
    /// A SYN+ACK that was never acknowledged, with its SYN.
    HalfOpen(Unopened),
    /// What was sent to nobody: its first segment, and the RST to it, or 0.
    Stray(Unopened),
}

/// Two frames of what never was a connection.
pub(crate) struct Unopened {
    pub(crate) client: IpAddr,
    pub(crate) server: (IpAddr, u16),
    pub(crate) frames: [u32; 2],
}

/// A connection that was answered and never completed, or was none.
pub(in crate::track::tcp) fn unopened(stream: &Stream, ends: [End; 2]) -> Option<Ill> {
    let story = &stream.story;
    if story.ack_frame != 0 {
        return None;
    }
    let client = client_side(stream, ends).0;
    let (from, to) = (ends[client].address, &ends[1 - client]);
    let unopened = |frames| Unopened {
        client: from,
        server: (to.address, to.port),
        frames,
    };
    let syn = [story.syn_frame, story.synack_frame];
    match opened(story) {
        Opened::HalfOpen if !syn.contains(&0) && story.first_rst().is_none() => {
            Some(Ill::HalfOpen(unopened(syn)))
        }
        Opened::Stray => {
            let frames = [story.first_frame, story.rst_frame];
            Some(Ill::Stray(unopened(frames)))
        }
        _ => None,
    }
}

/// A call that the caller's own system reset, and with which a program went on.
pub(crate) struct TooLate {
    pub(crate) client: (IpAddr, u16),
    pub(crate) server: (IpAddr, u16),
    pub(crate) synack_frame: u32,
    pub(crate) rst_frame: u32,
    pub(crate) ack_frame: u32,
    pub(crate) refusals: Vec<u32>,
}

/// That of a connection, if it is one.
pub(in crate::track::tcp) fn too_late(stream: &Stream, ends: [End; 2]) -> Option<TooLate> {
    let story = &stream.story;
    let trouble = story.trouble.as_ref().filter(|t| t.too_late != 0)?;
    let client = client_side(stream, ends).0;
    let end = |side: usize| (ends[side].address, ends[side].port);
    Some(TooLate {
        client: end(client),
        server: end(1 - client),
        synack_frame: story.synack_frame,
        rst_frame: story.rst_frame,
        ack_frame: trouble.too_late,
        refusals: trouble.refusals.clone(),
    })
}

/// A connection that never came about.
pub(crate) struct Failure {
    pub(crate) opened: Opened,
    pub(crate) client: (IpAddr, u16),
    pub(crate) server: (IpAddr, u16),
    pub(crate) syn_frame: u32,
    /// Frame of the RST, ACK or ICMP error that came back; 0 for none.
    pub(crate) answer_frame: u32,
    /// When the client called first and last, and how often, copies left out.
    pub(crate) times: (i64, i64),
    pub(crate) calls: usize,
    /// TTL of its SYN.
    pub(crate) syn_ttl: u8,
}

/// Why a connection never came about; nothing if it did.
pub(in crate::track::tcp) fn failure(stream: &Stream, ends: [End; 2]) -> Option<Failure> {
    let story = &stream.story;
    if story.ack_frame != 0 {
        return None;
    }
    let opened = opened(story);
    let answer_frame = match opened {
        Opened::Refused => story.rst_frame,
        Opened::Unreachable | Opened::Expired => story.opening_error,
        Opened::Challenged if !story.stray_accepts => story.stray_ack,
        Opened::Unanswered => 0,
        _ => return None,
    };
    let client = client_side(stream, ends).0;
    let end = |side: usize| (ends[side].address, ends[side].port);
    let again = story.trouble.as_ref().map_or(&[][..], |t| &t.syns);
    let first = stream.first_time.0;
    Some(Failure {
        opened,
        client: end(client),
        server: end(1 - client),
        syn_frame: story.syn_frame,
        answer_frame,
        times: (first, again.last().map_or(first, |syn| syn.1)),
        calls: 1 + again.len(),
        syn_ttl: story.syn_ttl,
    })
}

/// A SYN and what came back, for whoever searches traceroutes.
pub(crate) struct Called {
    pub(crate) from: IpAddr,
    pub(crate) to: IpAddr,
    pub(crate) frame: u32,
    pub(crate) time: i64,
    pub(crate) ttl: u8,
    /// Frame of the ICMP error.
    pub(crate) error: Option<u32>,
    /// Frame of the SYN+ACK or RST of the called side, and its time where it is known.
    pub(crate) answer: Option<(u32, Option<i64>)>,
}

/// That of a connection that begins with its SYN.
pub(in crate::track::tcp) fn called(stream: &Stream, ends: [End; 2]) -> Option<Called> {
    let story = &stream.story;
    let caller = usize::from(story.syn_side?);
    let begins = story.first_frame == story.syn_frame;
    let answered = some_frame(story.synack_frame).map(|frame| (frame, Some(story.synack_time)));
    let refused = story.rst().filter(|(_, side)| usize::from(*side) != caller);
    let last = |frame| (frame == story.last_frame).then_some(stream.previous_time.0);
    begins.then(|| Called {
        from: ends[caller].address,
        to: ends[1 - caller].address,
        frame: story.syn_frame,
        time: stream.first_time.0,
        ttl: story.syn_ttl,
        error: some_frame(story.opening_error),
        answer: answered.or(refused.map(|(frame, _)| (frame, last(frame)))),
    })
}

/// What a translation of addresses leaves alone of how a connection was opened.
#[derive(Clone, Copy)]
pub(crate) struct Opening {
    /// Both ends, who called first.
    pub(crate) ends: [(IpAddr, u16); 2],
    /// The numbers of the SYN and of the SYN+ACK, if there is one.
    pub(crate) isn: u32,
    pub(crate) answer_isn: Option<u32>,
    /// Frame, time and TTL of the SYN.
    pub(crate) syn: (u32, i64, u8),
    /// Frame and lowest TTL of the answering side.
    pub(crate) answer: (u32, u8),
}

/// That of a connection that begins with its SYN.
pub(in crate::track::tcp) fn opening(stream: &Stream, ends: [End; 2]) -> Option<Opening> {
    let story = &stream.story;
    let caller = usize::from(story.syn_side?);
    if story.both_syn || story.first_frame != story.syn_frame {
        return None;
    }
    let called = &story.parts[1 - caller];
    Some(Opening {
        ends: [caller, 1 - caller].map(|side| (ends[side].address, ends[side].port)),
        isn: story.parts[caller].isn()?,
        answer_isn: called.isn(),
        syn: (story.syn_frame, stream.first_time.0, story.syn_ttl),
        answer: (story.synack_frame, called.ttls.0),
    })
}

/// Frame and time of every SYN of the caller.
pub(in crate::track::tcp) fn syn_times(stream: &Stream) -> Vec<(u32, i64)> {
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
