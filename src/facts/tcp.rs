//! TCP: a connection from its first segment to its last, and its segments.

use super::{Absent, Frames, Milliseconds, Moment, Side};
use std::net::IpAddr;

crate::states! {
    "How client and server of a connection are known." Roles {
        Syn "syn" "A SYN or SYN+ACK says who called.";
        Answer "answer" "Only a SYN+ACK is in the capture, and a RST refused it: its receiver's call was not captured, or somebody else called in that name.";
        Both "both" "Both sides called at once (a simultaneous open), and neither is the client: the one that is named so sent the first SYN in the capture.";
        Content "content" "Neither is in the capture, but one side sends HTTP requests.";
        Guess "guess" "Neither is in the capture: guessed by the ports, then by who sent first.";
    }
}

crate::states! {
    "How a connection began." Opened {
        Handshake "handshake" "SYN+ACK and the ACK that completes the handshake, or what follows from them, are in the capture.";
        Refused "refused" "The SYN was answered with RST.";
        Unreachable "unreachable" "The SYN was answered with an ICMP error.";
        Expired "expired" "The SYN's TTL ran out on the way, as an ICMP error says: so do the probes of a traceroute.";
        Unanswered "unanswered" "No answer to the SYN is in the capture.";
        HalfOpen "half-open" "The SYN was answered with SYN+ACK, but nothing shows that the client took it.";
        Simultaneous "simultaneous" "Both sides sent a SYN.";
        Challenged "challenged" "The SYN was answered by an ACK that belongs to an older connection.";
        Midstream "midstream" "It began before the capture, or its beginning is not in it.";
        Stray "stray" "No connection was there for its segments: they have no ACK, as only those of probes do, or were answered with a RST that shows that the receiver knew of none, or of none any more. That RST ended nothing.";
    }
}

crate::states! {
    "How a connection ended." Closed {
        Fin "fin" "Both sides sent a FIN.";
        HalfClosed "half-closed" "Only one side sent a FIN, and the other one acknowledged it.";
        FinSent "fin-sent" "Only one side sent a FIN, and no acknowledgment of it is in the capture.";
        OneFin "one-fin" "One side's FIN is in the capture; the other one may have sent one too that is not: the last of its sequence numbers are not in the capture, nothing shows which of them is the last, or the capture ends within a second.";
        Reset "reset" "A RST ended it.";
        Forgotten "forgotten" "One side had forgotten it, called again, and reset what the other side still knew: that RST is among the frames of the next connection.";
        Open "open" "Its end is not in the capture.";
    }
}

/// Of what was sent where no connection was.
fn no_connection() -> Absent {
    Absent::inapplicable("there was no connection, or none any more")
}

fn no_syn(c: &Connection) -> Absent {
    match c.opened {
        Opened::Midstream => {
            Absent::untold("the connection began before the capture, or its SYN is not in it")
        }
        Opened::Stray => no_connection(),
        _ => Absent::untold("the SYN is not in the capture, though an answer to it is"),
    }
}

fn no_synack(c: &Connection) -> Absent {
    match c.opened {
        Opened::Refused => Absent::never("the SYN was answered with RST, not with SYN+ACK"),
        Opened::Unreachable | Opened::Expired => {
            Absent::never("the SYN was answered with an ICMP error, not with SYN+ACK")
        }
        Opened::Challenged => {
            Absent::never("the SYN was answered by an ACK of an older connection, not with SYN+ACK")
        }
        Opened::Unanswered => Absent::untold("no answer to the SYN is in the capture"),
        Opened::Simultaneous => {
            Absent::inapplicable("both sides sent a SYN, and no SYN+ACK is in the capture")
        }
        Opened::Handshake => {
            Absent::untold("the SYN+ACK is not in the capture, though the client's ACK of it is")
        }
        Opened::HalfOpen | Opened::Midstream => {
            Absent::untold("the connection began before the capture, or its SYN+ACK is not in it")
        }
        Opened::Stray => no_connection(),
    }
}

fn no_ack(c: &Connection) -> Absent {
    match c.opened {
        Opened::Refused | Opened::Unreachable | Opened::Expired | Opened::Unanswered => {
            Absent::never("there was no SYN+ACK to acknowledge")
        }
        Opened::HalfOpen => Absent::untold("no ACK of the SYN+ACK is in the capture"),
        Opened::Simultaneous => {
            Absent::inapplicable("both sides sent a SYN: each acknowledges the other's")
        }
        Opened::Handshake => {
            Absent::untold("the ACK that completed the handshake is not in the capture")
        }
        Opened::Challenged | Opened::Midstream => {
            Absent::untold("the connection began before the capture, or its handshake is not in it")
        }
        Opened::Stray => no_connection(),
    }
}

/// Of what a side tells in its SYN.
fn no_client_syn(c: &Connection) -> Absent {
    if c.client_options_cut {
        Absent::untold("the capture cuts the options of the client's SYN")
    } else if c.client_isn.is_some() {
        Absent::never("the client's SYN does not carry this option")
    } else {
        Absent::untold("the client's SYN is not in the capture")
    }
}

/// Of what a side tells in its SYN.
fn no_server_syn(c: &Connection) -> Absent {
    if c.server_options_cut {
        return Absent::untold("the capture cuts the options of the server's SYN");
    }
    if c.server_isn.is_some() {
        return Absent::never("the server's SYN does not carry this option");
    }
    match c.opened {
        Opened::Refused
        | Opened::Unreachable
        | Opened::Expired
        | Opened::Unanswered
        | Opened::Challenged => Absent::never("the server sent no SYN"),
        _ => Absent::untold("the server's SYN+ACK is not in the capture"),
    }
}

fn no_rtt(c: &Connection) -> Absent {
    match c.opened {
        Opened::Simultaneous => {
            Absent::inapplicable("both sides sent a SYN: no three frames make a round trip")
        }
        _ if c.ack_late => Absent::untold(
            "the ACK that completed the handshake may have come before the first one in the capture, which carries, acknowledges or follows more, comes after the server's data, or answers a SYN+ACK that is not in the capture",
        ),
        Opened::Handshake if c.syn_frame.and(c.synack_frame).and(c.ack_frame).is_some() => {
            Absent::untold(
                "the SYN or the SYN+ACK was sent more than once, so which of them was answered cannot be told, something else acknowledged before the ACK that completed the handshake, or the clock does not say",
            )
        }
        Opened::Handshake if c.syn_frame.is_some() => Absent::untold(
            "one of the three frames of the handshake is not in the capture, or has no time, or the clock was set back between them",
        ),
        Opened::Handshake | Opened::Midstream => {
            Absent::untold("the handshake is not in the capture")
        }
        _ => Absent::inapplicable("no handshake was completed"),
    }
}

fn no_closer(c: &Connection) -> Absent {
    match c.opened {
        Opened::Refused | Opened::Unreachable | Opened::Expired | Opened::Unanswered => {
            Absent::inapplicable("the connection never came about")
        }
        Opened::Stray => no_connection(),
        _ if c.closed == Closed::OneFin => no_first_fin(c),
        _ if c.closed == Closed::Fin => FIN_AGAIN,
        _ if c.closed == Closed::Reset => Absent::untold(
            "only one side's segments are in the capture, and its RST has no ACK: it may answer what came when a RST of the other side had ended the connection already",
        ),
        _ => Absent::untold("the end of the connection is not in the capture"),
    }
}

const FIN_AGAIN: Absent = Absent::untold(
    "one FIN acknowledges the other, but was sent before, as later numbers of its sender show, or each acknowledges the other: whether that was before the other FIN came cannot be told",
);

/// Of who sent the first FIN.
fn no_first_fin(c: &Connection) -> Absent {
    match (c.one_way, c.lone_fin_by) {
        (_, None) if c.first_fin_frame.is_some() => FIN_AGAIN,
        (_, None) => no_fin(c),
        (Some(_), _) => Absent::untold(
            "only one side's segments are in the capture: whether the other one sent its FIN before cannot be told",
        ),
        (None, _) => Absent::untold(
            "the capture lacks the last numbers of the other side, does not show which they are, or ends within a second of this FIN: whether it sent its FIN before cannot be told",
        ),
    }
}

fn no_fin(c: &Connection) -> Absent {
    match (c.opened, c.closed) {
        (Opened::Refused | Opened::Unreachable | Opened::Expired | Opened::Unanswered, _) => {
            Absent::inapplicable("the connection never came about")
        }
        (_, Closed::Reset) => Absent::never("a RST ended the connection, no FIN is in the capture"),
        _ => Absent::untold("no FIN is in the capture"),
    }
}

fn no_second_fin(c: &Connection) -> Absent {
    match c.closed {
        Closed::Reset if c.lone_fin_by.is_none() => {
            Absent::never("a RST ended the connection before")
        }
        Closed::Reset | Closed::OneFin | Closed::HalfClosed | Closed::FinSent => {
            Absent::untold("only one side's FIN is in the capture")
        }
        _ => no_fin(c),
    }
}

fn no_fin_ack(c: &Connection) -> Absent {
    match c.first_fin_frame {
        Some(_) => Absent::untold("no acknowledgment of this FIN is in the capture"),
        None => no_fin(c),
    }
}

fn no_second_fin_ack(c: &Connection) -> Absent {
    match c.second_fin_frame {
        Some(_) => Absent::untold("no acknowledgment of this FIN is in the capture"),
        None => no_second_fin(c),
    }
}

fn no_time_wait(c: &Connection) -> Absent {
    match c.closed {
        Closed::Reset | Closed::Forgotten => {
            Absent::never("a connection that a RST ends leaves nobody waiting")
        }
        Closed::Fin if c.fins_acked < 2 => {
            Absent::untold("not every FIN's acknowledgment is in the capture")
        }
        Closed::Fin if c.rst_frame.is_some() => {
            Absent::untold("a RST came behind the FINs: whether anybody still waits cannot be told")
        }
        Closed::Fin => FIN_AGAIN,
        Closed::HalfClosed | Closed::FinSent | Closed::OneFin | Closed::Open => no_closer(c),
    }
}

fn no_rst(_: &Connection) -> Absent {
    Absent::untold("no RST of this connection is in the capture")
}

fn no_time(c: &Connection) -> Absent {
    match c.start_time {
        Some(_) => Absent::clock(),
        None => Absent::untold("the frames have no time"),
    }
}

fn no_client_data(c: &Connection) -> Absent {
    if c.one_way == Some(Side::Server) {
        return Absent::untold("no frame of the client is in the capture, only the server's");
    }
    Absent::untold("no frame with payload from the client is in the capture")
}

fn no_server_data(c: &Connection) -> Absent {
    if c.one_way == Some(Side::Client) {
        return Absent::untold("no frame of the server is in the capture, only the client's");
    }
    Absent::untold("no frame with payload from the server is in the capture")
}

fn client_unwhole(c: &Connection) -> Option<String> {
    let ends = (c.client_isn, c.client_unseen_bytes);
    (!c.client_whole).then(|| unwhole(c, Side::Client, ends))
}

fn server_unwhole(c: &Connection) -> Option<String> {
    let ends = (c.server_isn, c.server_unseen_bytes);
    (!c.server_whole).then(|| unwhole(c, Side::Server, ends))
}

fn client_again(c: &Connection) -> Option<String> {
    again(c.client_perhaps_sent_again).or_else(|| client_unwhole(c))
}

fn server_again(c: &Connection) -> Option<String> {
    again(c.server_perhaps_sent_again).or_else(|| server_unwhole(c))
}

/// What else may have been sent again.
fn again(unsure: u32) -> Option<String> {
    let segments = match unsure {
        0 => return None,
        1 => "1 more segment was captured twice or late".to_owned(),
        more => format!("{more} more segments were captured twice or late"),
    };
    Some(format!("{segments}, or sent again"))
}

fn perhaps_called_again(c: &Connection) -> Option<String> {
    let syns = match c.perhaps_syn_attempts {
        0 => return None,
        1 => "1 more SYN equals one".to_owned(),
        more => format!("{more} more SYNs equal one"),
    };
    Some(format!(
        "{syns} within a millisecond before: captured twice, or sent twice"
    ))
}

/// Why the first ACK may not be the handshake's.
fn perhaps_late(c: &Connection) -> Option<String> {
    let why = "the ACK that completed the handshake may have come before this one, and not be in the capture";
    c.ack_late.then(|| why.to_owned())
}

/// What the capture does not have of one side: its initial number may not be known, or some of what
/// was acknowledged.
fn unwhole(c: &Connection, side: Side, (isn, unseen): (Option<u32>, u32)) -> String {
    match (c.one_way, unseen) {
        (Some(alone), _) if alone != side => format!("no frame of the {side} is in the capture"),
        (_, 1) => format!(
            "1 sequence number of the {side} was acknowledged and is not in the capture: a byte, or its FIN"
        ),
        (_, 2..) => format!(
            "{unseen} sequence numbers of the {side} were acknowledged and are not in the capture"
        ),
        _ if isn.is_none() => format!("the {side}'s SYN is not in the capture"),
        _ if c.closed == Closed::Open => {
            "the end of the connection is not in the capture".to_owned()
        }
        _ if c.closed == Closed::Reset && c.rst_by != Some(side) => format!(
            "not all segments of the {side} are in the capture, or some were still on their way when it ended, behind the other side's RST"
        ),
        _ => format!("not all segments of the {side} are in the capture, or its FIN is not"),
    }
}

crate::fact! {
    "One TCP connection: who opened it and how, what was carried (→ by the client, ← by the server), who closed it and how. A ? after the client marks guessed roles; open means that no end is in the capture."
    Connection "connections" "connection" by [first_frame] {
        stream: u32, "Number of the conversation, as Wireshark's tcp.stream.";
        client: IpAddr, "Address of the side that opened the connection." by [syn_frame, synack_frame, first_frame];
        client_port: u16, "Port of the client." by [syn_frame, synack_frame, first_frame];
        server: IpAddr, "Address of the side that was called." by [syn_frame, synack_frame, first_frame];
        server_port: u16, "Port of the server." by [syn_frame, synack_frame, first_frame];
        roles: Roles, "How client and server are known." by [syn_frame, synack_frame, first_frame];
        first_frame: u32, "Its first frame in the capture.";
        last_frame: u32, "Its last frame in the capture.";
        start_time: Option<Moment>, "When the first segment was seen." absent no_time;
        duration_ms: Option<Milliseconds>, "From the first segment to the last." by [first_frame, last_frame] absent no_time;
        frame_count: u32, "How many frames it has, both ways; Wireshark's stream may have those of later connections with the same ports besides." by [first_frame, last_frame];
        opened: Opened, "How it began." by [syn_frame, second_syn_frame, synack_frame, ack_frame, opening_error_frame, refusing_frame, first_frame];
        syn_frame: Option<u32>, "Frame of the first SYN." absent no_syn;
        second_syn_frame: Option<u32>, "Frame of the other side's SYN, where both called at once." absent |_| Absent::never("only one side sent a SYN without ACK");
        synack_frame: Option<u32>, "Frame of the SYN+ACK." absent no_synack;
        ack_frame: Option<u32>, "Frame of the client's first ACK after the SYN+ACK, which completes the handshake if none before it is missing in the capture; or of the ACK that challenges the SYN." doubt perhaps_late absent no_ack;
        ack_late: bool, "That ACK carries, acknowledges or follows more than the handshake, comes after the server's data, or the SYN+ACK it answers is not in the capture: the one that completed the handshake may have come before." by [ack_frame];
        refusing_frame: Option<u32>, "Frame of the RST that refused the connection." absent |_| Absent::inapplicable("the connection was not refused");
        too_late_frame: Option<u32>, "Frame of the client's first ACK after a RST of its own had ended the call, before the handshake was complete: no connection was there for it." absent |_| Absent::never("the client did not go on after a RST of its own");
        refusal_frames: Frames, "The first 1000 RSTs of the server to what came too late so." by [refusal_frames];
        opening_error_frame: Option<u32>, "Frame of the ICMP error that came back for the SYN." absent |_| Absent::untold("no ICMP error about the SYN is in the capture");
        syn_attempts: u32, "How many SYNs the client sent with this sequence number; one that was captured twice counts once." by [syn_frame] doubt perhaps_called_again;
        perhaps_syn_attempts: u32, "How many more SYNs equal one within a millisecond before, without an IP identification: captured twice, or sent twice." by [syn_frame];
        handshake_rtt_ms: Option<Milliseconds>, "From the SYN to the ACK that completes the handshake (Wireshark's initial RTT), where each was sent once and that ACK says nothing else." by [syn_frame, ack_frame] absent no_rtt;
        client_isn: Option<u32>, "Initial sequence number of the client, raw." by [syn_frame] absent no_syn;
        server_isn: Option<u32>, "Initial sequence number of the server, raw." by [synack_frame] absent no_synack;
        client_options_cut: bool, "Whether the capture cuts the options of the client's SYN." by [syn_frame];
        server_options_cut: bool, "Whether the capture cuts the options of the server's SYN." by [synack_frame];
        client_mss: Option<u16>, "Maximum segment size the client announced." by [syn_frame] absent no_client_syn;
        server_mss: Option<u16>, "Maximum segment size the server announced." by [synack_frame] absent no_server_syn;
        client_window_scale: Option<u8>, "Window scale (a shift) the client offered." by [syn_frame] absent no_client_syn;
        server_window_scale: Option<u8>, "Window scale (a shift) the server offered." by [synack_frame] absent no_server_syn;
        client_sack: Option<bool>, "Whether the client's SYN permitted selective acknowledgments." by [syn_frame] absent no_client_syn;
        server_sack: Option<bool>, "Whether the server's SYN+ACK permitted selective acknowledgments." by [synack_frame] absent no_server_syn;
        client_timestamps: Option<bool>, "Whether the client's SYN carried the time stamp option." by [syn_frame] absent no_client_syn;
        server_timestamps: Option<bool>, "Whether the server's SYN+ACK carried the time stamp option." by [synack_frame] absent no_server_syn;
        client_first_data_frame: Option<u32>, "First frame with payload from the client." absent no_client_data;
        server_first_data_frame: Option<u32>, "First frame with payload from the server." absent no_server_data;
        client_last_data_frame: Option<u32>, "Last frame with payload from the client." absent no_client_data;
        server_last_data_frame: Option<u32>, "Last frame with payload from the server." absent no_server_data;
        client_bytes: u64, "Payload bytes from the client, what was sent again not counted twice." by [client_first_data_frame, client_last_data_frame] doubt client_unwhole;
        server_bytes: u64, "Payload bytes from the server, what was sent again not counted twice." by [server_first_data_frame, server_last_data_frame] doubt server_unwhole;
        client_whole: bool, "Whether all that the client sent is in the capture, from its SYN to its FIN or a RST (of the other side, with a second of capture behind it), without a hole: otherwise what is counted of it is the least." by [first_frame, last_frame];
        server_whole: bool, "Whether all that the server sent is in the capture, from its SYN to its FIN or a RST (of the other side, with a second of capture behind it), without a hole: otherwise what is counted of it is the least." by [first_frame, last_frame];
        client_unseen_bytes: u32, "Sequence numbers of the client that the server has acknowledged and that are not in the capture: payload, and maybe its FIN." by [first_frame, last_frame];
        server_unseen_bytes: u32, "Sequence numbers of the server that the client has acknowledged and that are not in the capture: payload, and maybe its FIN." by [first_frame, last_frame];
        client_data_frames: u32, "How many frames from the client carry payload." by [client_first_data_frame, client_last_data_frame];
        server_data_frames: u32, "How many frames from the server carry payload." by [server_first_data_frame, server_last_data_frame];
        client_largest_segment_bytes: u32, "Largest payload of one frame from the client; more than the MSS means segmentation offload." by [client_first_data_frame, client_last_data_frame];
        server_largest_segment_bytes: u32, "Largest payload of one frame from the server; more than the MSS means segmentation offload." by [server_first_data_frame, server_last_data_frame];
        client_retransmissions: u32, "Segments the client sent again (fast and spurious ones not included)." by [trouble_frames];
        server_retransmissions: u32, "Segments the server sent again (fast and spurious ones not included)." by [trouble_frames];
        client_fast_retransmissions: u32, "Segments the client sent again after duplicate ACKs." by [trouble_frames];
        server_fast_retransmissions: u32, "Segments the server sent again after duplicate ACKs." by [trouble_frames];
        client_spurious_retransmissions: u32, "Segments the client sent again although they had been acknowledged." by [trouble_frames];
        server_spurious_retransmissions: u32, "Segments the server sent again although they had been acknowledged." by [trouble_frames];
        client_out_of_order: u32, "Segments of the client that came late, as Wireshark takes it: they may as well have been sent again." by [trouble_frames];
        server_out_of_order: u32, "Segments of the server that came late, as Wireshark takes it: they may as well have been sent again." by [trouble_frames];
        client_sent_again: u32, "Segments that the client surely sent again: without copies, and without what stands in the capture for the first time and may only have come late. An IP identification that counts on tells which it is." by [trouble_frames] doubt client_again;
        server_sent_again: u32, "Segments that the server surely sent again: without copies, and without what stands in the capture for the first time and may only have come late. An IP identification that counts on tells which it is." by [trouble_frames] doubt server_again;
        client_perhaps_sent_again: u32, "How many more segments of the client were perhaps sent again: they equal one within a millisecond before, without an IP identification; they stand in the capture for the first time, behind later ones or their own ACK, and may only have come late; or they bring one byte again, as keep-alives may." by [first_frame, last_frame];
        server_perhaps_sent_again: u32, "How many more segments of the server were perhaps sent again: they equal one within a millisecond before, without an IP identification; they stand in the capture for the first time, behind later ones or their own ACK, and may only have come late; or they bring one byte again, as keep-alives may." by [first_frame, last_frame];
        client_lost_segments: u32, "Holes in the client's sequence numbers: segments that are not in the capture." by [trouble_frames];
        server_lost_segments: u32, "Holes in the server's sequence numbers: segments that are not in the capture." by [trouble_frames];
        client_acked_unseen: u32, "ACKs of the client for data that is not in the capture." by [trouble_frames];
        server_acked_unseen: u32, "ACKs of the server for data that is not in the capture." by [trouble_frames];
        client_duplicate_acks: u32, "Duplicate ACKs from the client." by [trouble_frames];
        server_duplicate_acks: u32, "Duplicate ACKs from the server." by [trouble_frames];
        client_zero_windows: u32, "Segments in which the client said it has no room." by [trouble_frames];
        server_zero_windows: u32, "Segments in which the server said it has no room." by [trouble_frames];
        client_window_full: u32, "Segments of the client that filled the server's window." by [trouble_frames];
        server_window_full: u32, "Segments of the server that filled the client's window." by [trouble_frames];
        client_keep_alives: u32, "Keep-alive probes from the client, as Wireshark counts them: some may probe a closed window." by [trouble_frames];
        server_keep_alives: u32, "Keep-alive probes from the server, as Wireshark counts them: some may probe a closed window." by [trouble_frames];
        client_window_probes: u32, "Segments of the client that probe a closed window: the server had said that it has no room." by [trouble_frames];
        server_window_probes: u32, "Segments of the server that probe a closed window: the client had said that it has no room." by [trouble_frames];
        probes_counted: u32, "How many of these are counted above as keep-alives, as Wireshark counts them." by [trouble_frames];
        hurried_counted: u32, "How many other keep-alives came less than 0.9 s after the segment before, after a RST of the other side, or with a byte that was not seen before: hosts probe after more silence than that, and with an old byte; an ACK that its sender's FIN has overtaken looks like one." by [trouble_frames];
        byte_again_counted: u32, "How many other keep-alives bring one byte that was sent before and that nothing had acknowledged: it was sent again." by [trouble_frames];
        misfits_counted: u32, "How many ACKs of unseen data answer a SYN with another number than that of the SYN: the number is wrong (half-open discovery, RFC 9293 section 3.5.1), or what came between is not in the capture." by [trouble_frames];
        no_gaps_counted: u32, "How many of the holes, as Wireshark counts them, are none: the segment goes on where its side stood, or its SYN+ACK began the numbers anew." by [trouble_frames];
        no_unseen_counted: u32, "How many of the ACKs of unseen data, as Wireshark counts them, are for what is in the capture before them." by [trouble_frames];
        first_seen_counted: u32, "How many segments are counted above as sent again or late, as Wireshark counts them, though nothing of them was in the capture before: whether they came late, or stand for one that was lost before, cannot be told." by [trouble_frames];
        in_time_counted: u32, "How many other segments are counted above so, though they came in their turn: a RST, or an ACK of an older connection, had moved Wireshark's count." by [trouble_frames];
        trouble_frames: Frames, "The first 1000 frames with a retransmission, a hole, a late segment, a duplicate ACK, a full or zero window or a keep-alive." by [trouble_frames];
        copied_frames: u32, "Frames that hold a segment which an earlier frame already held: the same packet, captured twice or doubled on its way, not sent twice.";
        perhaps_copied_frames: u32, "How many more frames equal one within a millisecond before, without an IP identification: captured twice, or sent twice.";
        same_copies: u32, "How many of the copied frames differ in nothing from the frame before: the network may have doubled them.";
        doubled_frames: u32, "How many of the copied frames the receiver has acknowledged as received twice (D-SACK, RFC 2883): they were doubled on the way.";
        opening_counted: u32, "How many SYN+ACKs of a simultaneous open are counted above as sent again, as Wireshark counts them, though each is the first of its side.";
        one_way: Option<Side>, "The side whose segments alone are in the capture, though its acknowledgments show that the other one sent too: what is told of the other, or was not seen of it, says nothing." by [first_frame, last_frame] absent |_| Absent::inapplicable("segments of both sides are in the capture, or nothing shows that the other one sent any");
        copies_counted: u32, "How many of the copied frames, and of those that perhaps are, are counted above, as Wireshark counts them, though nothing was sent again.";
        closed: Closed, "How it ended." by [closing_frames];
        closed_by: Option<Side>, "Who ended it: the sender of the first FIN, or where a RST ended it the sender of that RST." by [closing_frames] absent no_closer;
        first_fin_frame: Option<u32>, "Frame of the first FIN in the capture, as the sequence numbers order them." absent no_fin;
        first_fin_by: Option<Side>, "Who sent the first FIN." by [first_fin_frame] absent no_first_fin;
        lone_fin_by: Option<Side>, "Who sent the only FIN in the capture, where the other side may have sent one too." by [first_fin_frame] absent |_| Absent::inapplicable("both FINs are in the capture or none is, or nothing of the other side is missing that could be one, and the capture goes on for a second");
        first_fin_ack_frame: Option<u32>, "Frame that acknowledged the first FIN." absent no_fin_ack;
        second_fin_frame: Option<u32>, "Frame of the other side's FIN." absent no_second_fin;
        second_fin_ack_frame: Option<u32>, "Frame that acknowledged the other side's FIN." absent no_second_fin_ack;
        closing_frames: Frames, "Frames of the teardown: FINs and the ACKs that answer them, or the RST." by [closing_frames];
        fins_acked: u8, "How many FINs were acknowledged, 0 to 2." by [closing_frames];
        time_wait_at: Option<Side>, "Which end is left in TIME_WAIT." by [closing_frames] absent no_time_wait;
        rst_frame: Option<u32>, "Frame of the first RST." absent no_rst;
        rst_by: Option<Side>, "Who sent it, as its addresses say." by [rst_frame] absent no_rst;
        later_rst_frame: Option<u32>, "Frame of a RST that ended it, though it is among those of the next connection of these ports: a side that had forgotten this one called again, was answered with an ACK of this one, and reset it (RFC 9293 section 3.5.1)." absent |_| Absent::inapplicable("it was not ended so");
        ignored_rst_frame: Option<u32>, "Frame of a RST outside the receiver's window, after which its sender went on: a correct receiver ignores it (RFC 9293 section 3.10.7.4)." absent |_| Absent::never("no RST of it is known to have been ignored");
        disowned_rst_frame: Option<u32>, "Frame of a RST after which the host in whose name it came went on: it has not reset the connection, so somebody between has sent that, or it overtook what was sent before it." absent |_| Absent::untold("no RST of it is known to come from somebody else");
        went_on_frame: Option<u32>, "Frame in which it went on." absent |_| Absent::untold("no RST of it is known to come from somebody else");
        port_reuse: bool, "The same addresses and ports were used by an earlier connection of this capture.";
        later_connections: u32, "How many later connections of the same addresses and ports are in this stream of Wireshark's, as the SYN+ACKs of a side show that had ended the one before, or a SYN after the end: their SYNs are not in the capture, or have the number of the first. Only the first is told here.";
        vlan: Option<u16>, "Virtual LAN of its frames, the first one." absent |_| Absent::inapplicable("its frames carry no tag of a virtual LAN");
        other_vlan: Option<u16>, "Another virtual LAN in which one of its sides sent, or in which the same addresses and ports were used: what is told here may mix several connections." absent |_| Absent::never("no other virtual LAN has frames with these addresses and ports");
        completeness: u8, "Wireshark's tcp.completeness." by [first_frame, last_frame];
        completeness_text: &'static str, "The same in Wireshark's words; note that a single FIN already counts as complete there." by [first_frame, last_frame];
        conn_state: String, "Zeek's conn_state; of the first record, where Zeek makes several of one stream." by [first_frame, last_frame];
        history: String, "Zeek's history letters, upper case for the originator; of the first record." by [first_frame, last_frame];
        zeek_record_count: u32, "How many records Zeek makes of this stream: the section zeek_records has them all." by [first_frame, last_frame];
    }
}

crate::fact! {
    "One record that Zeek would write: where it starts a new one within a stream of Wireshark's, there are several of a stream."
    ZeekRecord "zeek_records" "zeek" by [] {
        stream: u32, "Number of the conversation, as tcp.stream.";
        number: u32, "Which record of this stream, from 1.";
        conn_state: String, "Zeek's conn_state.";
        history: String, "Zeek's history letters, upper case for the originator; the first 23.";
    }
}

crate::fact! {
    "One TCP segment: its numbers, when it was sent, which frame acknowledged it, and the round-trip times that this gives."
    Segment "segments" "segment" by [frame] {
        frame: u32, "Its frame.";
        stream: u32, "Number of the conversation, as tcp.stream.";
        number: u32, "Place among the segments of this side, from 1.";
        sender: Side, "Which side sent it.";
        time: Option<Moment>, "When it was seen." absent |_| Absent::untold("the frame has no time");
        flags: String, "Its flags: SYN, ACK, PSH, FIN, RST and so on.";
        seq: u32, "Sequence number, counted from the side's first.";
        seq_raw: u32, "Sequence number as sent.";
        ack: Option<u32>, "Acknowledgment number, counted from the other side's first." absent |_| Absent::inapplicable("the segment has no ACK flag");
        ack_raw: Option<u32>, "Acknowledgment number as sent." absent |_| Absent::inapplicable("the segment has no ACK flag");
        length_bytes: u32, "Payload bytes.";
        window_bytes: u32, "Window it announces, scaled where the scale is known.";
        acked_by_frame: Option<u32>, "First frame of the other side that acknowledges all of it." absent |s: &Segment| if s.length_bytes == 0 { Absent::inapplicable("it carries nothing that is acknowledged") } else { Absent::untold("no acknowledgment of it is in the capture") };
        rtt_ms: Option<Milliseconds>, "From the segment to that frame (as captured here)." by [frame, acked_by_frame] absent |s: &Segment| if s.length_bytes == 0 { Absent::inapplicable("it carries nothing that is acknowledged") } else if s.acked_by_frame.is_some() { Absent::untold("it was sent more than once: which one was acknowledged cannot be told (Karn)") } else { Absent::untold("no acknowledgment of it is in the capture") };
        estimated_rtt_ms: Option<Milliseconds>, "The smoothed round-trip time after this one's (RFC 6298: 7/8 old + 1/8 new; the first is taken as it is)." by [frame, acked_by_frame] absent |_| Absent::inapplicable("it gives no new round-trip time");
        bytes_in_flight: Option<u32>, "Bytes sent and not yet acknowledged, this segment's included." absent |_| Absent::untold("it carries nothing, or what came before is not in the capture");
        retransmission: bool, "Whether it was sent before (as tcp.analysis.retransmission and its kin).";
        copy: bool, "Whether it is the same packet as one before, captured twice or doubled on its way: it was not sent again.";
        perhaps_copy: bool, "Whether it equals one within a millisecond before, without an IP identification: captured twice, or sent twice.";
    }
}
