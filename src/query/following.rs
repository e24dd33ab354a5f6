//! Which trackers a set of fields needs, and what they say of a frame.

use super::Catalogue;
use super::catalogue::{EntryId, Place};
use super::notes::Notes as Table;
use crate::capture::{Reader, read_beside};
use crate::dissect::layer::{Layer, Protocol};
use crate::dissect::{DEFINITIONS, Packet, Transport};
use crate::track::fragments::Whole;
use crate::track::messages::{HttpNote, Message, Messages, Told};
use crate::track::promised::Promised;
use crate::track::tcp::Note;
use crate::track::tcp::closing::{Closings, Step};
use crate::track::{Notes, Trackers, dns, eap, ssdp};

/// Fields of a segment that count from what the tracker knows.
const RELATIVE: &[&str] = &[
    "tcp.seq",
    "tcp.ack",
    "tcp.nxtseq",
    "tcp.window_size",
    "tcp.window_size_scalefactor",
    "tcp.options.sack_le",
    "tcp.options.sack_re",
];

/// Fields for which it is enough to find a segment's conversation: the rest is known from a first
/// reading, or not needed.
const FOUND: &[&str] = &["tcp.stream", "tcp.completeness"];

/// Fields that depend on later frames: the capture must be read twice. Those of
/// [`RELATIVE`] do too.
const LATER: &[&str] = &[
    "data",
    "data.data",
    "data.len",
    "data.text",
    "dns.response_in",
    "frame.protocols",
    "http.next_request_in",
    "http.next_response_in",
    "http.prev_request_in",
    "http.prev_response_in",
    "http.response_in",
    "icmp.no_resp",
    "icmp.resp_not_found",
    "icmp.resp_in",
    "icmpv6.resp_in",
    "ip.reassembled_in",
    "ipv6.reassembled.in",
    "tcp.analysis.initial_rtt",
    "tcp.completeness",
    "tcp.reassembled_in",
    "tls",
    "tls.handshake.random_bytes",
    "tls.handshake.random_time",
    "tls.record.content_type",
    "tls.record.opaque_type",
];

/// What must be followed over time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wants {
    pub(super) arp: bool,
    /// TCP conversations, and what is known of them after a first reading.
    pub(super) tcp: bool,
    /// What each segment means in its conversation.
    pub(super) analysis: bool,
    /// What segments do to their connections.
    pub(super) closing: bool,
    pub(super) udp: bool,
    pub(super) dns: bool,
    pub(super) icmp: bool,
    pub(super) messages: bool,
    /// Values depend on later frames: the capture must be read twice.
    pub(super) twice: bool,
}

impl Wants {
    pub(super) fn all() -> Wants {
        Wants {
            arp: true,
            tcp: true,
            analysis: true,
            closing: true,
            udp: true,
            dns: true,
            icmp: true,
            messages: true,
            twice: true,
        }
    }

    /// Whether anything is to be followed over time.
    pub(super) fn anything(self) -> bool {
        self.arp || self.tcp || self.udp || self.dns || self.icmp || self.messages
    }

    pub(super) fn of<'f>(fields: impl Iterator<Item = &'f EntryId>) -> Wants {
        let mut wants = Wants::default();
        for id in fields {
            let entry = Catalogue::frames().entry(*id);
            if RELATIVE.contains(&entry.name) {
                wants.tcp = true;
                wants.twice = true;
            }
            wants.twice |= LATER.contains(&entry.name);
            for place in &entry.places {
                match place {
                    Place::Note(table, _) => {
                        wants.arp |= *table == Table::Arp;
                        if matches!(table, Table::Columns | Table::Expert) {
                            return Wants::all();
                        }
                        wants.tcp |= matches!(table, Table::Tcp | Table::Connection);
                        wants.analysis |= *table == Table::Tcp && !FOUND.contains(&entry.name);
                        wants.closing |= *table == Table::Connection;
                        wants.udp |= *table == Table::Udp;
                        wants.dns |= *table == Table::Dns;
                        wants.messages |= matches!(table, Table::Dns | Table::Pdu);
                        wants.icmp |= *table == Table::Icmp;
                    }
                    Place::Field(protocol, _) if in_streams(*protocol) => wants.messages = true,
                    Place::Layer(name) if is_in_streams(name) => wants.messages = true,
                    // A message above TCP may be malformed as well.
                    Place::Layer("_ws.malformed") => wants.messages = true,
                    Place::Field(Protocol::Frame, _) if entry.name == "frame.protocols" => {
                        wants.messages = true;
                    }
                    _ => {}
                }
            }
        }
        wants
    }
}

/// Whether TCP streams carry it.
fn in_streams(protocol: Protocol) -> bool {
    let definition = protocol.definition();
    // Bytes that nobody claims are known when the others are.
    protocol == Protocol::Data || !definition.found.tcp.is_empty()
}

/// The same by a layer's name.
fn is_in_streams(name: &str) -> bool {
    let mut all = DEFINITIONS.iter();
    let found = all.find(|(_, d)| d.layers.iter().any(|l| l.0 == name));
    found.is_some_and(|(protocol, _)| in_streams(*protocol))
}

/// What is said of one frame.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) notes: Notes,
    /// The segment begins its conversation.
    pub(super) first_of_stream: bool,
    /// Messages of TCP streams that end in this frame.
    pub(super) messages: Vec<Message>,
    /// What a TCP segment does to its connection.
    pub(super) step: Step,
    /// What else becomes of a TCP payload.
    pub(super) told: Told,
    /// Frame that completes the message that this segment is a part of.
    pub(super) message_whole_in: Option<u32>,
    /// What HTTP's fields need from other frames, of a message in a datagram.
    pub(super) ssdp: Option<HttpNote>,
    /// Conversation of the TCP segment that an ICMP error quotes.
    pub(super) quoted_stream: Option<u32>,
    /// Frame in which this fragment's datagram is whole.
    pub(super) completed_in: Option<u32>,
}

/// What is followed.
#[derive(Default)]
pub(super) struct Following {
    trackers: Trackers,
    /// What conversations come to is asked in the end.
    learning: bool,
    /// What was announced of conversations whose ports say nothing.
    pub(super) promised: Promised,
    messages: Messages,
    closings: Closings,
    ssdp: ssdp::Conversations,
    eap: eap::Conversations,
}

/// Whether the frame is an HTTP message in a datagram.
fn is_ssdp(packet: &Packet<'_>) -> bool {
    packet.layers.find(Protocol::Http).is_some()
}

impl Following {
    /// Reads a capture to its end.
    pub(super) fn learn(&mut self, reader: Reader, wants: Wants) {
        self.learning = true;
        // It is for the second reading to say what each segment means.
        let wants = Wants {
            analysis: false,
            ..wants
        };
        let mut beside = read_beside(reader);
        let mut said = Said::default();
        while let Some(batch) = beside.next() {
            for frame in batch.frames() {
                let mut packet = Packet::dissect(frame);
                let whole = self.fragments(&packet);
                if let Some(whole) = &whole {
                    packet.resume(&whole.bytes);
                }
                self.packet(&packet, whole.as_ref(), wants, &mut said);
            }
        }
    }

    /// For another reading of the same capture, with what this one has learned of whole streams.
    pub(super) fn again(&self) -> Following {
        Following {
            messages: self.messages.again(),
            ..Following::default()
        }
    }

    /// The datagram that this frame's fragment completes.
    pub(super) fn fragments(&mut self, packet: &Packet<'_>) -> Option<Whole> {
        self.trackers.fragments.packet(packet)
    }

    /// Takes in a frame, after its fragment was resumed, and says what it means.
    pub(super) fn packet(
        &mut self,
        packet: &Packet<'_>,
        whole: Option<&Whole>,
        wants: Wants,
        said: &mut Said,
    ) {
        if !wants.anything() {
            return;
        }
        *said = Said::default();
        let trackers = &mut self.trackers;
        let Some(ip) = packet.ip else {
            if wants.arp {
                said.notes.arp = trackers.arp.packet(packet);
            }
            if wants.messages {
                said.messages.extend(self.eap.packet(packet));
            }
            return;
        };
        match &packet.transport {
            Transport::Tcp(segment) if wants.tcp || wants.messages => {
                let seen = trackers.tcp.find(packet, &ip, segment, None);
                said.first_of_stream = seen.begins();
                let note = if wants.messages || wants.analysis {
                    trackers.tcp.follow(&seen)
                } else {
                    if self.learning {
                        trackers.tcp.keep(&seen);
                    }
                    Note {
                        stream: seen.stream,
                        side: seen.side,
                        ..Note::default()
                    }
                };
                if wants.messages {
                    said.told = self.messages.segment(packet, segment, &note);
                    said.messages = std::mem::take(&mut said.told.messages);
                    if wants.dns {
                        let seen = dns::Seen {
                            frame: packet.frame.number,
                            time: packet.frame.time,
                            source: (ip.source, segment.source_port),
                            destination: (ip.destination, segment.destination_port),
                            conversation: dns::Conversation {
                                tcp: true,
                                stream: note.stream,
                            },
                            identification: 0,
                            cut: false,
                        };
                        for message in &mut said.messages {
                            if let (Protocol::Dns, Some(bytes)) =
                                (message.protocol, message.bytes.get(2..))
                            {
                                let told = trackers.lookups.message(&seen, Protocol::Dns, bytes);
                                message.dns = Some(told);
                            }
                        }
                    }
                }
                if wants.closing {
                    said.step = self.closings.segment(note.stream, note.side, segment);
                }
                said.notes.tcp = Some(note);
            }
            Transport::Udp(datagram)
                if wants.udp || wants.dns || wants.messages && is_ssdp(packet) =>
            {
                let pieces = whole.map_or(1, |w| w.pieces);
                let note = trackers.udp.packet(packet, &ip, datagram, pieces, None);
                if let Some(protocol @ (Protocol::Dns | Protocol::Mdns | Protocol::Llmnr)) =
                    packet.application
                {
                    let stream = note.stream;
                    said.notes.dns = Some(trackers.lookups.packet(packet, &ip, protocol, stream));
                }
                if wants.messages && is_ssdp(packet) {
                    let time = packet.frame.time.unwrap_or_default();
                    let (frame, bytes) = (packet.frame.number, packet.payload_bytes());
                    said.ssdp = Some(self.ssdp.message(note.stream, frame, time, bytes));
                }
                said.notes.udp = Some(note);
            }
            Transport::Icmp(message) | Transport::Icmpv6(message) => {
                if wants.icmp {
                    said.notes.icmp = Some(trackers.icmp.packet(packet, &ip, message, None));
                }
                if wants.udp {
                    said.notes.udp = trackers.udp.quoted(packet);
                }
                // Of eight quoted bytes, as RFC 792 asks for, Wireshark makes no conversation.
                let redirect = matches!(&packet.transport, Transport::Icmp(m) if m.kind == 5);
                let whole = |l: &Layer| {
                    l.quoted && l.protocol == Protocol::Tcp && l.captured >= 20 && !redirect
                };
                if wants.tcp && packet.layers.as_slice().iter().any(whole) {
                    said.quoted_stream = crate::track::icmp::quoted(packet).and_then(|q| {
                        let segment = q.protocol == 6;
                        segment.then(|| trackers.tcp.quoted(&q))?
                    });
                }
            }
            _ => {}
        }
    }

    /// Adds what a first reading, which this is, has learned from later frames.
    pub(super) fn complete(&self, said: &mut Said, frame: u32) {
        let trackers = &self.trackers;
        if let Some(note) = &mut said.notes.tcp {
            trackers.tcp.complete(note, frame, said.first_of_stream);
            for message in &mut said.messages {
                self.messages.complete(note.stream, message);
                if let Some(note) = &mut message.dns
                    && note.response_to == 0
                {
                    note.response_in = trackers.lookups.response_to(frame, note.id);
                }
            }
        }
        if let Some(note) = &mut said.notes.dns
            && note.response_to == 0
        {
            note.response_in = trackers.lookups.response_to(frame, note.id);
        }
        if let Some(note) = &mut said.notes.icmp {
            note.resp_in = trackers.icmp.reply_to(frame);
            note.unanswered = note.request && note.resp_in == 0;
        }
        if let (Some(note), Some(udp)) = (&mut said.ssdp, &said.notes.udp) {
            self.ssdp.complete(note, udp.stream);
        }
        said.message_whole_in = self.messages.completed_in(frame);
        said.completed_in = trackers.fragments.completed_in(frame);
    }
}
