//! Wireshark's expert information, as far as what it rests on is known here: how serious, of which
//! kind, and the sentence.

use super::frames::Reading;
use crate::dissect::field::{Kind, Sink};
use crate::dissect::layer::Protocol;
use crate::dissect::{Stop, Transport, ethernet, http};
use crate::track::tcp::{Flags, Note};

crate::fields! {
    EXPERT: "_ws.expert", Kind::Mark, "Something about the frame is worth a remark.";
    MESSAGE: "_ws.expert.message", Kind::Text, "The remark.";
    SEVERITY: "_ws.expert.severity", Kind::Unsigned(32), "How serious it is: comment, chat, note, warning or error.";
    GROUP: "_ws.expert.group", Kind::Unsigned(32), "What kind of remark it is: sequence, checksum, malformed, …";
}

/// How serious a remark is, by Wireshark's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Severity {
    Comment = 0x0010_0000,
    Chat = 0x0020_0000,
    Note = 0x0040_0000,
    Warning = 0x0060_0000,
    Error = 0x0080_0000,
}

/// Which kind of remark, by Wireshark's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    Checksum = 0x0100_0000,
    Sequence = 0x0200_0000,
    Malformed = 0x0700_0000,
    Protocol = 0x0900_0000,
    Comments = 0x0b00_0000,
}

struct Remark(Severity, Group, String);

/// Hands over the remarks about a frame.
pub(super) fn emit(reading: &Reading<'_, '_>, sink: &mut Sink<'_>) {
    for Remark(severity, group, text) in remarks(reading) {
        sink.mark(EXPERT, 0..0);
        sink.owned_text(MESSAGE, 0..0, text);
        sink.unsigned(SEVERITY, 0..0, severity as u32);
        sink.unsigned(GROUP, 0..0, group as u32);
    }
}

fn remarks(reading: &Reading<'_, '_>) -> Vec<Remark> {
    let mut out = Vec::new();
    let packet = reading.packet;
    for comment in reading.batch.comments(packet.frame.number) {
        let text = String::from_utf8_lossy(comment).into_owned();
        out.push(Remark(Severity::Comment, Group::Comments, text));
    }
    link(reading, &mut out);
    network(reading, &mut out);
    if let (Transport::Tcp(segment), Some(note)) = (&packet.transport, &reading.said.notes.tcp) {
        connection(
            reading,
            segment.source_port,
            segment.destination_port,
            &mut out,
        );
        analysis(note, &mut out);
    }
    for message in &reading.said.messages {
        if message.protocol == Protocol::Http
            && let Some(line) = http::start_line(&message.bytes)
        {
            let line = format!("{}\\r\\n", String::from_utf8_lossy(line));
            out.push(Remark(Severity::Chat, Group::Sequence, line));
        }
    }
    answers(reading, &mut out);
    if reading.stop() == Some(Stop::Malformed) {
        let text = "Malformed Packet (Exception occurred)".to_owned();
        out.push(Remark(Severity::Error, Group::Malformed, text));
    }
    out
}

fn link(reading: &Reading<'_, '_>, out: &mut Vec<Remark>) {
    let packet = reading.packet;
    let layers = packet.layers.as_slice();
    let Some(layer) = layers.iter().find(|l| l.protocol == Protocol::Ethernet) else {
        return;
    };
    if packet.macs.is_some_and(|(_, source)| source[0] & 1 != 0) {
        let text = "Source MAC must not be a group address: IEEE 802.3-2002, Section 3.2.3(b)";
        out.push(Remark(Severity::Warning, Group::Protocol, text.to_owned()));
    }
    let mut wanted = crate::dissect::field::Wanted::default();
    wanted.insert(ethernet::TRAILER);
    wanted.insert(ethernet::PADDING);
    let mut sink = Sink::new(wanted);
    let _ = crate::dissect::emit(packet, layer, None, &mut sink);
    let has = |index| sink.found.iter().any(|f| f.index == index);
    if has(ethernet::TRAILER) && !has(ethernet::PADDING) {
        let begins = sink.found.first().map_or(0, |f| f.bytes.start);
        if begins < 60 {
            let text = "Didn't find padding of zeros, and an undecoded trailer exists. \
                        There may be padding of non-zeros.";
            out.push(Remark(Severity::Note, Group::Protocol, text.to_owned()));
        }
    }
}

fn network(reading: &Reading<'_, '_>, out: &mut Vec<Remark>) {
    let packet = reading.packet;
    let Some(ip) = &packet.ip else {
        for duplicate in reading.said.notes.arp.duplicates.iter().flatten() {
            let text = format!(
                "Duplicate IP address configured (see frame {})",
                duplicate.frame
            );
            out.push(Remark(Severity::Warning, Group::Sequence, text));
        }
        return;
    };
    let layer = packet
        .layers
        .as_slice()
        .iter()
        .find(|l| l.start == ip.start);
    let room = packet.frame.wire_length.saturating_sub(ip.start);
    if let Some(layer) = layer
        && ip.stated_length > room
    {
        let text = match layer.protocol {
            Protocol::Ipv4 => format!("IPv4 total length exceeds packet length ({room} bytes)"),
            _ => format!(
                "IPv6 payload length exceeds framing length ({} bytes)",
                room.saturating_sub(40)
            ),
        };
        let severity = match layer.protocol {
            Protocol::Ipv4 => Severity::Error,
            _ => Severity::Warning,
        };
        out.push(Remark(severity, Group::Protocol, text));
    }
}

fn connection(reading: &Reading<'_, '_>, source: u16, destination: u16, out: &mut Vec<Remark>) {
    let step = reading.said.step;
    let mut chat = |text: String| out.push(Remark(Severity::Chat, Group::Sequence, text));
    if step.syn {
        chat(format!(
            "Connection establish request (SYN): server port {destination}"
        ));
    }
    if step.syn_ack {
        chat(format!(
            "Connection establish acknowledge (SYN+ACK): server port {source}"
        ));
    }
    if let Some(first) = step.fin {
        chat("Connection finish (FIN)".to_owned());
        let text = if first {
            "This frame initiates the connection closing"
        } else {
            "This frame undergoes the connection closing"
        };
        out.push(Remark(Severity::Note, Group::Sequence, text.to_owned()));
    }
    if step.rst {
        let text = "Connection reset (RST)".to_owned();
        out.push(Remark(Severity::Warning, Group::Sequence, text));
    }
}

fn analysis(note: &Note, out: &mut Vec<Remark>) {
    const AGAIN: &str = "This frame is a (suspected) retransmission";
    const FOUND: &[(Flags, Severity, &str)] = &[
        (
            Flags::REUSED_PORTS,
            Severity::Note,
            "A new tcp session is started with the same ports as an earlier session in this trace",
        ),
        (Flags::RETRANSMISSION, Severity::Note, AGAIN),
        (
            Flags::FAST_RETRANSMISSION,
            Severity::Note,
            "This frame is a (suspected) fast retransmission",
        ),
        (Flags::FAST_RETRANSMISSION, Severity::Note, AGAIN),
        (
            Flags::SPURIOUS_RETRANSMISSION,
            Severity::Note,
            "This frame is a (suspected) spurious retransmission",
        ),
        (Flags::SPURIOUS_RETRANSMISSION, Severity::Note, AGAIN),
        (
            Flags::OUT_OF_ORDER,
            Severity::Warning,
            "This frame is a (suspected) out-of-order segment",
        ),
        (
            Flags::LOST_SEGMENT,
            Severity::Warning,
            "Previous segment(s) not captured (common at capture start)",
        ),
        (
            Flags::ACK_LOST_SEGMENT,
            Severity::Warning,
            "ACKed segment that wasn't captured (common at capture start)",
        ),
        (Flags::WINDOW_UPDATE, Severity::Chat, "TCP window update"),
        (
            Flags::WINDOW_FULL,
            Severity::Warning,
            "TCP window specified by the receiver is now completely full",
        ),
        (Flags::KEEP_ALIVE, Severity::Note, "TCP keep-alive segment"),
        (
            Flags::KEEP_ALIVE_ACK,
            Severity::Note,
            "ACK to a TCP keep-alive segment",
        ),
        (
            Flags::ZERO_WINDOW_PROBE,
            Severity::Note,
            "TCP Zero Window Probe",
        ),
        (
            Flags::ZERO_WINDOW,
            Severity::Warning,
            "TCP Zero Window segment",
        ),
        (
            Flags::ZERO_WINDOW_PROBE_ACK,
            Severity::Note,
            "ACK to a TCP Zero Window Probe",
        ),
    ];
    for (flag, severity, text) in FOUND {
        if note.flags.has(*flag) {
            out.push(Remark(*severity, Group::Sequence, (*text).to_owned()));
        }
    }
    if note.flags.has(Flags::DUPLICATE_ACK) {
        let text = format!("Duplicate ACK (#{})", note.duplicate_ack_num);
        out.push(Remark(Severity::Note, Group::Sequence, text));
    }
}

fn answers(reading: &Reading<'_, '_>, out: &mut Vec<Remark>) {
    let notes = &reading.said.notes;
    if let (Transport::Icmp(_), Some(note)) = (&reading.packet.transport, &notes.icmp)
        && note.unanswered
    {
        let text = "No response seen to ICMP request".to_owned();
        out.push(Remark(Severity::Warning, Group::Sequence, text));
    }
    if let Transport::Icmp(_) = &reading.packet.transport
        && let Some((Protocol::Icmp, crate::dissect::checksum::Verdict::Bad(right))) =
            crate::dissect::checksum::transport(reading.packet)
    {
        let text = format!("Bad checksum [should be 0x{right:04x}]");
        out.push(Remark(Severity::Warning, Group::Checksum, text));
    }
}
