//! The record of a connection, put together from what was remembered.

use super::outcome::{closed, closed_by, closing_frames, name, opened, time_wait};
use super::trouble::{KINDS, Trouble};
use super::{Flags, Story, likely_server, some_frame};
use crate::capture::Time;
use crate::facts::tcp::{Closed, Connection, Opened, Roles};
use crate::facts::{Milliseconds, Moment};
use crate::track::pairs::ANSWER;
use crate::track::tcp::holes::Holes;
use crate::track::tcp::offer::Offer;
use crate::track::tcp::unacked::after;
use crate::track::tcp::{End, Stream};
use crate::track::udp;

/// Writes the record of one stream; `goes_on` says how long the capture goes on after it, in
/// nanoseconds.
pub(in crate::track::tcp) fn tell(
    stream: &Stream,
    ends: [End; 2],
    (number, goes_on): (u32, i64),
) -> Connection {
    let story = &stream.story;
    let (client, roles) = client_side(stream, ends);
    let server = 1 - client;
    let (c, s) = (&story.parts[client], &story.parts[server]);
    let name = |side| name(client, side);
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
    // A FIN of the other side may be on its way.
    let soon = closed == Closed::FinSent && goes_on < ANSWER;
    let closed = if soon { Closed::OneFin } else { closed };
    let fins = story.fins();
    let last_time = match trouble.later {
        0 => stream.previous_time.0,
        _ => trouble.last_time,
    };
    // Calls are repeated after ever longer times (RFC 6298 section 5.5).
    let calls = stream.previous_time.since(stream.first_time);
    let given_up =
        story.syn_attempts > 1 && goes_on > ANSWER.saturating_add(calls.saturating_mul(2));
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
        second_syn_frame: some_frame(trouble.second_syn),
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
            && !trouble.rtt_of_another
            && !ack_late
            && opened != Opened::Simultaneous)
            .then(|| Milliseconds::from_nanoseconds(stream.initial_rtt + trouble.syn_later)),
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
        client_whole: is_whole(story, client, (given_up, goes_on)),
        server_whole: is_whole(story, server, (given_up, goes_on)),
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
        no_gaps_counted: trouble.no_gaps,
        no_unseen_counted: trouble.no_unseen,
        first_seen_counted: trouble.first_seen,
        in_time_counted: trouble.in_time,
        trouble_frames: trouble.frames.clone(),
        copied_frames: trouble.copies,
        perhaps_copied_frames: trouble.perhaps_copies,
        copies_counted: trouble.copies_counted,
        same_copies: trouble.same,
        doubled_frames: trouble.doubled,
        opening_counted: trouble.opening,
        one_way: story.one_way().map(name),
        closed,
        closed_by: closed_by(story, client).filter(|_| !soon),
        first_fin_frame: fins[0].and_then(|side| story.parts[side].fin()),
        first_fin_by: story.first_fin().map(name).filter(|_| !soon),
        lone_fin_by: fins[0]
            .map(name)
            .filter(|_| soon || story.lone_fin().is_some()),
        first_fin_ack_frame: fins[0].and_then(|side| story.parts[side].fin_acked()),
        second_fin_frame: fins[1].and_then(|side| story.parts[side].fin()),
        second_fin_ack_frame: fins[1].and_then(|side| story.parts[side].fin_acked()),
        closing_frames: closing_frames(story),
        fins_acked,
        time_wait_at: time_wait(story, client, fins_acked),
        rst_frame: story.first_rst().map(|r| r.0),
        rst_by: story.first_rst().map(|r| name(r.1.into())),
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
fn is_whole(story: &Story, side: usize, (given_up, goes_on): (bool, i64)) -> bool {
    let part = &story.parts[side];
    let holes = story.trouble.as_ref().map(|t| &t.holes[side]);
    let reset = story.rst_frame != 0 && usize::from(story.rst_side) == side;
    // A host that knows nothing of a connection any more answers so: it had ended it before.
    let answers = reset && story.rst_is_bare && story.ack_frame != 0 && part.fin_frame == 0;
    // The other side's RST does not reach it at once: what it sent meanwhile is on its way.
    let stopped = story.rst_frame != 0 && (reset || goes_on >= ANSWER);
    let ended = matches!(closed(story), Closed::Reset | Closed::Forgotten) && stopped;
    let ended = ended || part.fin_frame != 0;
    let last = part.next.wrapping_add(u32::from(part.fin_frame != 0));
    let beyond = |number: u32| after(number, last);
    let reached = story.trouble.as_ref().and_then(|t| t.reached[side]);
    let gap = part.fin_frame != 0 && beyond(part.fin_end);
    let more = reached.is_some_and(beyond) || reset && beyond(story.rst_seq) || gap;
    match opened(story) {
        Opened::Unanswered if !given_up => false,
        Opened::Refused | Opened::Unreachable | Opened::Expired | Opened::Unanswered
            if part.data_frames == 0 && story.one_way().is_none() =>
        {
            true
        }
        _ => ended && !answers && !more && part.begins() && holes.is_none_or(Holes::is_empty),
    }
}

/// The client's side, if only that is in the capture.
pub(in crate::track::tcp) fn lone_client(stream: &Stream, ends: [End; 2]) -> Option<usize> {
    let side = stream.story.one_way()?;
    (client_side(stream, ends).0 == side).then_some(side)
}

/// Which side is the client, and what says so.
pub(in crate::track::tcp) fn client_side(stream: &Stream, ends: [End; 2]) -> (usize, Roles) {
    if let Some(side) = stream.story.syn_side {
        let both = opened(&stream.story) == Opened::Simultaneous;
        let roles = if both { Roles::Both } else { Roles::Syn };
        return (usize::from(side), roles);
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
