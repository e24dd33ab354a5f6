//! What the tracker says of one segment: Wireshark's computed `tcp.*` fields.

use crate::dissect::field::{FieldIndex, Kind, Sink, Value};
use crate::dissect::tcp::{Numbers, Segment};

/// Wireshark's analysis flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(pub u32);

impl Flags {
    /// Payload or a SYN or FIN was sent again.
    pub const RETRANSMISSION: Flags = Flags(1);
    /// A hole before this segment.
    pub const LOST_SEGMENT: Flags = Flags(2);
    /// Acknowledges what was not captured.
    pub const ACK_LOST_SEGMENT: Flags = Flags(4);
    /// Keep-alive probe.
    pub const KEEP_ALIVE: Flags = Flags(8);
    /// Duplicate ACK.
    pub const DUPLICATE_ACK: Flags = Flags(0x10);
    /// Probe of a closed window.
    pub const ZERO_WINDOW_PROBE: Flags = Flags(0x20);
    /// The sender has no room.
    pub const ZERO_WINDOW: Flags = Flags(0x40);
    /// Answer to a probe.
    pub const ZERO_WINDOW_PROBE_ACK: Flags = Flags(0x80);
    /// Answer to a keep-alive.
    pub const KEEP_ALIVE_ACK: Flags = Flags(0x100);
    /// Came late.
    pub const OUT_OF_ORDER: Flags = Flags(0x200);
    /// Sent again after duplicate ACKs.
    pub const FAST_RETRANSMISSION: Flags = Flags(0x400);
    /// Only the window changed.
    pub const WINDOW_UPDATE: Flags = Flags(0x800);
    /// Fills the receiver's window.
    pub const WINDOW_FULL: Flags = Flags(0x1000);
    /// The ports were used before.
    pub const REUSED_PORTS: Flags = Flags(0x2000);
    /// Sent again although acknowledged.
    pub const SPURIOUS_RETRANSMISSION: Flags = Flags(0x4000);

    /// Ours, beside [`Flags::KEEP_ALIVE`]: the other side had said that it has no room.
    pub(super) const CLOSED_WINDOW: Flags = Flags(0x8000);
    /// Ours, beside [`Flags::KEEP_ALIVE`]: its one byte was sent before and is not acknowledged yet.
    pub(super) const NOT_ACKED: Flags = Flags(0x1_0000);

    /// Sets flags.
    pub fn insert(&mut self, flags: Flags) {
        self.0 |= flags.0;
    }

    /// Whether one of these is set.
    pub fn has(self, flags: Flags) -> bool {
        self.0 & flags.0 != 0
    }
}

/// What of a header the capture cuts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Nothing.
    Nothing,
    /// Options.
    Options,
    /// Some of the twenty bytes that every header has.
    Header,
}

impl Missing {
    /// Of a segment's header of which so many bytes were captured.
    pub(crate) fn of(segment: Option<&Segment>, captured: usize) -> Missing {
        match segment {
            _ if captured < 20 => Missing::Header,
            Some(segment) if captured < usize::from(segment.header_length) => Missing::Options,
            _ => Missing::Nothing,
        }
    }
}

/// What is computed for one segment. Times are nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Note {
    /// Conversation number.
    pub stream: u32,
    /// 0 when the sender also sent the first segment of the conversation, else 1.
    pub side: u8,
    /// What relative numbers count from.
    pub numbers: Numbers,
    /// Wireshark's completeness before this segment.
    pub completeness: u8,
    /// Since the first segment of the conversation.
    pub time_relative: i64,
    /// Since the previous segment of the conversation.
    pub time_delta: i64,
    /// Whether Wireshark shows an analysis for this segment at all.
    pub analyzed: bool,
    /// What was noticed.
    pub flags: Flags,
    /// Frame that this ACK answers, 0 for none.
    pub acks_frame: u32,
    /// Time since that frame.
    pub ack_rtt: i64,
    /// Handshake round trip of the conversation, 0 when unknown.
    pub initial_rtt: i64,
    /// Bytes sent and not acknowledged, this segment included; 0 when unknown.
    pub bytes_in_flight: u32,
    /// Bytes since the last PSH.
    pub push_bytes_sent: u32,
    /// Time since the segment that is sent again.
    pub rto: i64,
    /// Its frame.
    pub rto_frame: u32,
    /// Which duplicate of an ACK this is, from 1.
    pub duplicate_ack_num: u32,
    /// Frame of the first of these ACKs.
    pub duplicate_ack_frame: u32,
}

crate::fields! {
    STREAM: "tcp.stream", Kind::Unsigned(32), "Number of the conversation, from 0 in order of appearance.";
    COMPLETENESS: "tcp.completeness", Kind::Unsigned(8), "What was seen of the conversation: 1 SYN, 2 SYN+ACK, 4 ACK, 8 data, 16 FIN, 32 RST, added.";
    TIME_RELATIVE: "tcp.time_relative", Kind::Duration, "Time since the first frame of this conversation.";
    TIME_DELTA: "tcp.time_delta", Kind::Duration, "Time since the previous frame of this conversation.";
    ANALYSIS: "tcp.analysis", Kind::Mark, "The segment has an analysis of its sequence and acknowledgment numbers.";
    ACKS_FRAME: "tcp.analysis.acks_frame", Kind::Frame, "Frame that this ACK answers.";
    ACK_RTT: "tcp.analysis.ack_rtt", Kind::Duration, "Time from that frame to this ACK.";
    INITIAL_RTT: "tcp.analysis.initial_rtt", Kind::Duration, "Time from the SYN to the ACK that completes the handshake.";
    BYTES_IN_FLIGHT: "tcp.analysis.bytes_in_flight", Kind::Unsigned(32), "Bytes sent and not yet acknowledged.";
    PUSH_BYTES_SENT: "tcp.analysis.push_bytes_sent", Kind::Unsigned(32), "Bytes sent since the last PSH flag.";
    FLAGS: "tcp.analysis.flags", Kind::Mark, "Something was noticed about this segment.";
    REUSED_PORTS: "tcp.analysis.reused_ports", Kind::Mark, "The ports of an earlier conversation are used again.";
    RETRANSMISSION: "tcp.analysis.retransmission", Kind::Mark, "Data, SYN or FIN was sent again.";
    RTO: "tcp.analysis.rto", Kind::Duration, "Time since the segment that is sent again.";
    RTO_FRAME: "tcp.analysis.rto_frame", Kind::Frame, "Frame of the segment that is sent again.";
    FAST_RETRANSMISSION: "tcp.analysis.fast_retransmission", Kind::Mark, "Sent again after two or more duplicate ACKs.";
    SPURIOUS_RETRANSMISSION: "tcp.analysis.spurious_retransmission", Kind::Mark, "Sent again although it had been acknowledged.";
    OUT_OF_ORDER: "tcp.analysis.out_of_order", Kind::Mark, "The segment came later than one that follows it.";
    LOST_SEGMENT: "tcp.analysis.lost_segment", Kind::Mark, "A segment before this one is not in the capture.";
    ACK_LOST_SEGMENT: "tcp.analysis.ack_lost_segment", Kind::Mark, "Acknowledges a segment that is not in the capture.";
    WINDOW_UPDATE: "tcp.analysis.window_update", Kind::Mark, "Only the window has changed.";
    WINDOW_FULL: "tcp.analysis.window_full", Kind::Mark, "The segment fills the receiver's window.";
    KEEP_ALIVE: "tcp.analysis.keep_alive", Kind::Mark, "Probe whether the other side is still there.";
    KEEP_ALIVE_ACK: "tcp.analysis.keep_alive_ack", Kind::Mark, "Answer to a keep-alive.";
    DUPLICATE_ACK: "tcp.analysis.duplicate_ack", Kind::Mark, "Says again what the previous ACK said.";
    DUPLICATE_ACK_NUM: "tcp.analysis.duplicate_ack_num", Kind::Unsigned(32), "Which duplicate this is, from 1.";
    DUPLICATE_ACK_FRAME: "tcp.analysis.duplicate_ack_frame", Kind::Frame, "Frame of the first ACK of the series.";
    ZERO_WINDOW_PROBE: "tcp.analysis.zero_window_probe", Kind::Mark, "One byte sent to ask whether there is room again.";
    ZERO_WINDOW: "tcp.analysis.zero_window", Kind::Mark, "The sender has no room to receive.";
    ZERO_WINDOW_PROBE_ACK: "tcp.analysis.zero_window_probe_ack", Kind::Mark, "Answer to such a probe.";
}

/// Hands over the fields, in Wireshark's order. Where bytes of the header are `missing` Wireshark
/// comes no further than the completeness, and where only options are, than the times.
pub(crate) fn emit(note: &Note, missing: Missing, sink: &mut Sink<'_>) {
    sink.unsigned(STREAM, 0..0, note.stream);
    sink.unsigned(COMPLETENESS, 0..0, note.completeness);
    if missing == Missing::Header {
        return;
    }
    sink.put(TIME_RELATIVE, 0..0, Value::Duration(note.time_relative));
    sink.put(TIME_DELTA, 0..0, Value::Duration(note.time_delta));
    if !note.analyzed || missing == Missing::Options {
        return;
    }
    sink.mark(ANALYSIS, 0..0);
    if note.acks_frame != 0 {
        sink.unsigned(ACKS_FRAME, 0..0, note.acks_frame);
        if note.ack_rtt != 0 {
            sink.put(ACK_RTT, 0..0, Value::Duration(note.ack_rtt));
        }
    }
    if note.initial_rtt != 0 {
        sink.put(INITIAL_RTT, 0..0, Value::Duration(note.initial_rtt));
    }
    if note.bytes_in_flight != 0 {
        sink.unsigned(BYTES_IN_FLIGHT, 0..0, note.bytes_in_flight);
        sink.unsigned(PUSH_BYTES_SENT, 0..0, note.push_bytes_sent);
    }
    if note.flags.0 != 0 {
        sink.mark(FLAGS, 0..0);
        emit_flags(note, sink);
    }
}

fn emit_flags(note: &Note, sink: &mut Sink<'_>) {
    let mut mark = |flag: Flags, index: FieldIndex| {
        if note.flags.has(flag) {
            sink.mark(index, 0..0);
        }
    };
    mark(Flags::REUSED_PORTS, REUSED_PORTS);
    mark(Flags::RETRANSMISSION, RETRANSMISSION);
    mark(Flags::FAST_RETRANSMISSION, FAST_RETRANSMISSION);
    mark(Flags::FAST_RETRANSMISSION, RETRANSMISSION);
    mark(Flags::SPURIOUS_RETRANSMISSION, SPURIOUS_RETRANSMISSION);
    mark(Flags::SPURIOUS_RETRANSMISSION, RETRANSMISSION);
    mark(Flags::OUT_OF_ORDER, OUT_OF_ORDER);
    mark(Flags::LOST_SEGMENT, LOST_SEGMENT);
    mark(Flags::ACK_LOST_SEGMENT, ACK_LOST_SEGMENT);
    mark(Flags::WINDOW_UPDATE, WINDOW_UPDATE);
    mark(Flags::WINDOW_FULL, WINDOW_FULL);
    mark(Flags::KEEP_ALIVE, KEEP_ALIVE);
    mark(Flags::KEEP_ALIVE_ACK, KEEP_ALIVE_ACK);
    mark(Flags::DUPLICATE_ACK, DUPLICATE_ACK);
    // Wireshark adds an expert note of the same name beside the mark.
    mark(Flags::DUPLICATE_ACK, DUPLICATE_ACK);
    mark(Flags::ZERO_WINDOW_PROBE, ZERO_WINDOW_PROBE);
    mark(Flags::ZERO_WINDOW, ZERO_WINDOW);
    mark(Flags::ZERO_WINDOW_PROBE_ACK, ZERO_WINDOW_PROBE_ACK);
    if note.flags.has(Flags::RETRANSMISSION) && note.rto != 0 {
        sink.put(RTO, 0..0, Value::Duration(note.rto));
        sink.unsigned(RTO_FRAME, 0..0, note.rto_frame);
    }
    if note.duplicate_ack_num != 0 {
        sink.unsigned(DUPLICATE_ACK_NUM, 0..0, note.duplicate_ack_num);
        sink.unsigned(DUPLICATE_ACK_FRAME, 0..0, note.duplicate_ack_frame);
    }
}
