//! TCP: marks, ports, flags, numbers and options, or the messages that end in the segment.

use super::{Read, Said, application, dns, network, says, tls};
use crate::dissect::definition::Line;
use crate::dissect::field::Value;
use crate::dissect::layer::{Layer, Protocol};
use crate::dissect::tcp::{self as fields, ACK};
use crate::query::frames::Reading;
use crate::track::tcp::{Flags, Note};
use std::fmt::Write as _;

/// What a segment says.
pub(super) fn said(reading: &Reading<'_, '_>, layer: &Layer) -> Said {
    let note = reading.said.notes.tcp.as_ref();
    let marks = note.map_or_else(String::new, marks);
    let messages = &reading.said.messages;
    let of = |protocol| messages.iter().any(|m| m.protocol == protocol);
    if of(Protocol::Http) {
        let Said { protocol, info } = application::http(reading);
        return says(&protocol, marks + &info);
    }
    if of(Protocol::Tls)
        && let Some(Said { protocol, info }) = tls::said(reading)
    {
        // Records are added to what stands there, and a mark does.
        let between = if marks.is_empty() { "" } else { ", " };
        return says(&protocol, format!("{marks}{between}{info}"));
    }
    if let Some(message) = messages
        .iter()
        .rfind(|m| m.dns.is_some() || is_dns(m.protocol))
    {
        let Said { protocol, info } = dns::message(message);
        return says(&protocol, marks + &info);
    }
    let own = messages.iter().rev().find_map(|message| {
        let line = message.protocol.definition().line?;
        Some(line(&message.given(reading.packet)))
    });
    if let Some(Line { protocol, info }) = own {
        return says(protocol, marks + &info);
    }
    let names = reading.said.told.named.iter().rev();
    let mut names = names.filter(|name| !IN_OTHERS.contains(name));
    if let Some(name) = names.next() {
        return network::protocol(name, marks);
    }
    let mut info = marks;
    segment(reading, layer, &mut info);
    let told = &reading.said.told;
    let alive = note.is_some_and(|note| note.flags.has(Flags::KEEP_ALIVE));
    if !told.pieces.is_empty() && !told.late && messages.is_empty() && !alive {
        info.push_str(" [TCP segment of a reassembled PDU]");
    }
    says("TCP", info)
}

/// Names of what the packet list does not tell of by itself.
const IN_OTHERS: &[&str] = &[
    "gss-api",
    "spnego",
    "spnego-krb5",
    "ntlmssp",
    "xml",
    "sdp",
    "cotp",
];

fn is_dns(protocol: Protocol) -> bool {
    matches!(protocol, Protocol::Dns | Protocol::Mdns)
}

/// What the analysis notices, the last first, as Wireshark puts each before the others.
fn marks(note: &Note) -> String {
    let flags = note.flags;
    let mut marks: Vec<String> = Vec::new();
    let mut add = |flag: Flags, text: &str| {
        if flags.has(flag) {
            marks.push(format!("[{text}] "));
        }
    };
    add(Flags::REUSED_PORTS, "TCP Port numbers reused");
    if flags.has(Flags::FAST_RETRANSMISSION) {
        add(Flags::FAST_RETRANSMISSION, "TCP Fast Retransmission");
    } else if flags.has(Flags::SPURIOUS_RETRANSMISSION) {
        add(
            Flags::SPURIOUS_RETRANSMISSION,
            "TCP Spurious Retransmission",
        );
    } else {
        add(Flags::RETRANSMISSION, "TCP Retransmission");
    }
    add(Flags::OUT_OF_ORDER, "TCP Out-Of-Order");
    add(Flags::LOST_SEGMENT, "TCP Previous segment not captured");
    add(Flags::ACK_LOST_SEGMENT, "TCP ACKed unseen segment");
    add(Flags::WINDOW_UPDATE, "TCP Window Update");
    add(Flags::WINDOW_FULL, "TCP Window Full");
    add(Flags::KEEP_ALIVE, "TCP Keep-Alive");
    add(Flags::KEEP_ALIVE_ACK, "TCP Keep-Alive ACK");
    if note.duplicate_ack_num != 0 {
        let (frame, number) = (note.duplicate_ack_frame, note.duplicate_ack_num);
        add(
            Flags::DUPLICATE_ACK,
            &format!("TCP Dup ACK {frame}#{number}"),
        );
    }
    add(Flags::ZERO_WINDOW_PROBE, "TCP ZeroWindowProbe");
    add(Flags::ZERO_WINDOW, "TCP ZeroWindow");
    add(Flags::ZERO_WINDOW_PROBE_ACK, "TCP ZeroWindowProbeAck");
    marks.reverse();
    marks.concat()
}

/// Ports, flags, numbers, options in their order.
fn segment(reading: &Reading<'_, '_>, layer: &Layer, out: &mut String) {
    let read = Read::layer(
        reading,
        layer,
        &[
            fields::SRCPORT,
            fields::DSTPORT,
            fields::FLAGS,
            fields::SEQ,
            fields::ACK_NUMBER,
            fields::WINDOW,
            fields::LEN,
            fields::MSS,
            fields::WSCALE_MULTIPLIER,
            fields::SACK_PERM,
            fields::TSVAL,
            fields::TSECR,
            fields::SACK_LE,
            fields::SACK_RE,
            fields::URGENT_POINTER,
        ],
    );
    let _ = write!(
        out,
        "{} → {}",
        read.text(fields::SRCPORT),
        read.text(fields::DSTPORT)
    );
    let Some(flags) = read.number(fields::FLAGS) else {
        return;
    };
    let names = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "AE"];
    let set = names
        .iter()
        .enumerate()
        .filter(|(bit, _)| flags >> bit & 1 == 1);
    let set: Vec<&str> = set.map(|(_, name)| *name).collect();
    let list = match set.as_slice() {
        [] if flags == 0 => "<None>".to_owned(),
        [] => "Reserved".to_owned(),
        set if flags & 0xe00 != 0 => format!("{}, Reserved", set.join(", ")),
        set => set.join(", "),
    };
    let _ = write!(out, " [{list}] Seq={}", read.text(fields::SEQ));
    if flags & u64::from(ACK) != 0 {
        let _ = write!(out, " Ack={}", read.text(fields::ACK_NUMBER));
    }
    let _ = write!(out, " Win={}", read.text(fields::WINDOW));
    let urgent = read.number(fields::URGENT_POINTER);
    if let Some(urgent) = urgent.filter(|_| flags & u64::from(fields::URG) != 0) {
        let _ = write!(out, " Urg={urgent}");
    }
    if read.first(fields::LEN).is_some() {
        let _ = write!(out, " Len={}", read.text(fields::LEN));
    }
    for found in &read.0 {
        let label = match found.index {
            fields::MSS => " MSS=",
            fields::WSCALE_MULTIPLIER => " WS=",
            fields::TSVAL => " TSval=",
            fields::TSECR => " TSecr=",
            fields::SACK_LE => " SLE=",
            fields::SACK_RE => " SRE=",
            fields::SACK_PERM => {
                out.push_str(" SACK_PERM");
                continue;
            }
            _ => continue,
        };
        if let Value::Unsigned(n) = found.value {
            let _ = write!(out, "{label}{n}");
        }
    }
}
