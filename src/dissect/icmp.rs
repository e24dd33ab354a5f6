//! ICMP (RFC 792), with the time stamp, the redirect's gateway and the next hop's MTU (RFC 1191).

use super::definition::{Definition, NOTHING, Names};
use super::field::{Kind, Sink, Value};
use super::ipv4;
use super::layer::View;
use crate::capture::Time;

crate::fields! {
    TYPE: "icmp.type", Kind::Unsigned(8), "8 echo request, 0 echo reply, 3 destination unreachable, 11 time exceeded.";
    CODE: "icmp.code", Kind::Unsigned(8), "Which case of the type; for type 3: 0 network, 1 host, 3 port unreachable.";
    CHECKSUM: "icmp.checksum", Kind::Hex(16), "Checksum over the message.";
    CHECKSUM_STATUS: "icmp.checksum.status", Kind::Unsigned(8), "0 bad, 1 good, 2 not verifiable.";
    IDENT: "icmp.ident", Kind::Unsigned(16), "Identifier that tells one ping process from another .";
    SEQ: "icmp.seq", Kind::Unsigned(16), "Sequence number, as most systems write it.";
    SEQ_LE: "icmp.seq_le", Kind::Unsigned(16), "Sequence number, as Windows writes it (little endian).";
    MTU: "icmp.mtu", Kind::Unsigned(16), "Largest packet the next hop can carry (fragmentation needed).";
    REDIR_GW: "icmp.redir_gw", Kind::Ipv4, "Router that a redirect names.";
    POINTER: "icmp.pointer", Kind::Unsigned(32), "Byte of the header that caused a parameter problem.";
    UNUSED: "icmp.unused", Kind::Bytes, "Bytes the message type leaves unused.";
    ORIGINATE: "icmp.originate_timestamp", Kind::Unsigned(32), "Milliseconds since midnight when the request left.";
    RECEIVE: "icmp.receive_timestamp", Kind::Unsigned(32), "Milliseconds since midnight when the request arrived.";
    DATA_TIME: "icmp.data_time", Kind::Time, "When the request left, by the clock in its data.";
    DATA_TIME_RELATIVE: "icmp.data_time_relative", Kind::Duration, "Time from then to this frame.";
    TRANSMIT: "icmp.transmit_timestamp", Kind::Unsigned(32), "Milliseconds since midnight when the reply left.";
}

/// Everything about ICMP.
pub const DEFINITION: Definition = Definition {
    layers: &[("icmp", "Internet control message protocol.")],
    title: "ICMP",
    fields: FIELDS,
    emit: |given, sink| emit(&given.view, given.packet.frame.time, sink),
    strict: true,
    values: &[Names {
        fields: &["icmp.type"],
        values: &[
            (0, "Echo (ping) reply"),
            (3, "Destination unreachable"),
            (4, "Source quench"),
            (5, "Redirect"),
            (8, "Echo (ping) request"),
            (9, "Router advertisement"),
            (10, "Router solicitation"),
            (11, "Time-to-live exceeded"),
            (12, "Parameter problem"),
            (13, "Timestamp request"),
            (14, "Timestamp reply"),
            (17, "Address mask request"),
            (18, "Address mask reply"),
        ],
    }],
    ..NOTHING
};

/// Whether the message quotes the packet that it is about.
pub fn quotes(kind: u8) -> bool {
    matches!(kind, 3 | 4 | 5 | 11 | 12)
}

/// Length and value of a time stamp that begins an echo's data: `ping` puts the time of sending there, in
/// its machine's byte order. Wireshark takes for one what is near the frame's own time.
pub fn time_stamp(data: &View<'_>, seen: Option<Time>) -> Option<(usize, i64)> {
    let seen = seen?;
    let near = |seconds: i64| (seconds - seen.0 / 1_000_000_000).abs() < 86_400;
    let narrow = |read: fn([u8; 4]) -> u32| {
        let (seconds, micros) = (data.array(0).map(read)?, data.array(4).map(read)?);
        let found = near(i64::from(seconds)) && micros < 1_000_000;
        let time = i64::from(seconds) * 1_000_000_000 + i64::from(micros) * 1000;
        found.then_some((8, time))
    };
    let wide = |read: fn([u8; 8]) -> u64| {
        let (seconds, micros) = (data.array(0).map(read)?, data.array(8).map(read)?);
        let seconds = i64::try_from(seconds)
            .ok()
            .filter(|seconds| near(*seconds))?;
        // Of these Wireshark 4.0 reads the seconds alone; what follows them is data.
        (micros < 1_000_000).then_some((8, seconds * 1_000_000_000))
    };
    wide(u64::from_le_bytes)
        .or_else(|| wide(u64::from_be_bytes))
        .or_else(|| narrow(u32::from_le_bytes))
        .or_else(|| narrow(u32::from_be_bytes))
}

/// Hands over the message's fields.
pub fn emit<'a>(view: &View<'a>, seen: Option<Time>, sink: &mut Sink<'a>) -> Option<()> {
    let (kind, code) = (view.u8(0)?, view.u8(1)?);
    sink.unsigned(TYPE, 0..1, kind);
    sink.unsigned(CODE, 1..2, code);
    sink.unsigned(CHECKSUM, 2..4, view.u16(2)?);
    if sink.wants(CHECKSUM_STATUS) {
        sink.unsigned(CHECKSUM_STATUS, 2..4, status(view));
    }
    match kind {
        0 | 8 | 13..=18 => {
            let ident: [u8; 2] = view.array(4)?;
            sink.unsigned(IDENT, 4..6, u16::from_be_bytes(ident));
            let seq: [u8; 2] = view.array(6)?;
            sink.unsigned(SEQ, 6..8, u16::from_be_bytes(seq));
            sink.unsigned(SEQ_LE, 6..8, u16::from_le_bytes(seq));
            if matches!(kind, 0 | 8)
                && let Some(bytes) = view.bytes.get(8..)
                && let Some(frame_time) = seen
            {
                let data = View {
                    bytes,
                    reported: view.reported.saturating_sub(8),
                    quoted: view.quoted,
                };
                if let Some((length, time)) = time_stamp(&data, seen) {
                    sink.put(DATA_TIME, 8..8 + length, Value::Time(time));
                    let since = Value::Duration(frame_time.0 - time);
                    sink.put(DATA_TIME_RELATIVE, 8..8 + length, since);
                }
            }
            if matches!(kind, 13 | 14) {
                sink.unsigned(ORIGINATE, 8..12, view.u32(8)?);
                sink.unsigned(RECEIVE, 12..16, view.u32(12)?);
                sink.unsigned(TRANSMIT, 16..20, view.u32(16)?);
            }
        }
        3 if code == 4 => sink.unsigned(MTU, 6..8, view.u16(6)?),
        5 => sink.put(REDIR_GW, 4..8, Value::Ipv4(view.array(4)?)),
        12 => sink.unsigned(POINTER, 4..5, view.u8(4)?),
        3 | 4 | 11 => sink.bytes(UNUSED, 4..8, view.slice(4..8)?),
        _ => {}
    }
    Some(())
}

/// What Wireshark says of the checksum: 1 good, 0 bad, 2 when bytes are missing or the message is
/// only quoted.
fn status(view: &View<'_>) -> u8 {
    match view.slice(0..view.reported) {
        _ if view.quoted => 2,
        Some(all) => u8::from(ipv4::checksum(&[all]) == 0),
        None => 2,
    }
}
