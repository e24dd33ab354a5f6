//! Everything that is known of one frame: every layer with all its fields, in Wireshark's order.

use super::expert;
use super::frames::Seen;
use super::notes::{NOTES, Notes};
use super::print;
use crate::dissect;
use crate::dissect::field::{Field, Found, Kind, Sink, Value, Wanted};
use crate::dissect::layer::Protocol;
use crate::dissect::meaning;
use crate::track;
use std::ops::Range;

/// One layer.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Wireshark's name of the protocol.
    pub name: String,
    /// A sentence about the protocol.
    pub doc: &'static str,
    /// Inside the packet that an ICMP error quotes.
    pub quoted: bool,
    /// Where its bytes begin in the frame; `None` for a message put together from several.
    pub start: Option<usize>,
    /// Its fields.
    pub fields: Vec<Detail>,
    /// What it carries, where that is text; as captured, so not safe to print.
    pub text: Option<String>,
}

/// One value.
#[derive(Clone, Debug)]
pub struct Detail {
    /// Wireshark's name of the field.
    pub name: &'static str,
    /// A sentence about the field.
    pub doc: &'static str,
    /// Its value as `tshark -T fields` prints it; as captured, so not safe to print.
    pub value: Vec<u8>,
    /// What the value is called, or says.
    pub meaning: Option<String>,
    /// The layer's bytes it was read from; empty when it was computed.
    pub bytes: Range<usize>,
}

impl Seen<'_, '_> {
    /// Every layer with all its fields.
    pub fn details(&self) -> Vec<Layer> {
        let reading = self.reading;
        let packet = reading.packet;
        let mut layers = Vec::new();
        let mut sink = Sink::new(Wanted::ALL);
        let comments = reading.batch.comments(packet.frame.number);
        let above = reading.above();
        dissect::frame::emit(
            packet,
            reading.interface,
            self.clock,
            comments,
            &above,
            &mut sink,
        );
        layers.push(layer("frame", Some(0), false, Protocol::Frame, &sink.found));
        for one in packet.layers.as_slice() {
            let mut sink = Sink::new(Wanted::ALL);
            let numbers = reading.said.notes.tcp.map(|note| note.numbers);
            if let (Protocol::Http, Some(note)) = (one.protocol, &reading.said.ssdp) {
                track::messages::emit(note, &mut sink);
            }
            // A layer that is cut short shows what there is of it.
            let _ = dissect::emit(packet, one, numbers, &mut sink);
            let start = dissect::as_usize(one.start);
            let mut described = layer(one.name, Some(start), one.quoted, one.protocol, &sink.found);
            if one.protocol == Protocol::Data {
                described.text = text(packet.view(one).bytes);
            }
            if !one.quoted {
                self.notes(one.protocol, &mut described.fields);
            }
            layers.push(described);
        }
        for message in &reading.said.messages {
            let mut sink = Sink::new(Wanted::ALL);
            if let Some(note) = &message.http {
                track::messages::emit(note, &mut sink);
            }
            let given = message.given(packet);
            let _ = (message.protocol.definition().emit)(&given, &mut sink);
            let name = given.layer.name;
            let mut described = layer(name, None, false, message.protocol, &sink.found);
            if message.protocol == Protocol::Http {
                described.text = text(&dissect::http::body::of(&message.bytes));
            }
            layers.push(described);
        }
        if let Some(view) = reading.unclaimed() {
            let mut sink = Sink::new(Wanted::ALL);
            let _ = dissect::data::emit(&view, &mut sink);
            let start = packet.payload_start_of(view.bytes);
            let mut described = layer("data", start, false, Protocol::Data, &sink.found);
            described.text = text(view.bytes);
            layers.push(described);
        }
        let mut sink = Sink::new(Wanted::ALL);
        expert::emit(reading, &mut sink);
        if !sink.found.is_empty() {
            layers.push(Layer {
                name: "_ws.expert".to_owned(),
                doc: "What is worth a remark, in Wireshark's words.",
                quoted: false,
                start: Some(0),
                fields: details(expert::FIELDS, &sink.found),
                text: None,
            });
        }
        layers
    }

    /// What the trackers say of a layer.
    fn notes(&self, protocol: Protocol, fields: &mut Vec<Detail>) {
        let said = self.reading.said;
        let mut sink = Sink::new(Wanted::ALL);
        let table = match protocol {
            Protocol::Arp => {
                track::arp::emit(&said.notes.arp, &mut sink);
                Notes::Arp
            }
            Protocol::Tcp => {
                if let Some(note) = &said.notes.tcp {
                    track::tcp::emit(note, track::tcp::Missing::Nothing, &mut sink);
                }
                let mut more = Sink::new(Wanted::ALL);
                track::tcp::closing::emit(said.step, &mut more);
                fields.extend(details(track::tcp::closing::FIELDS, &more.found));
                let packet = self.reading.packet;
                let payload = packet.payload_bytes();
                let header = packet.layers.find(Protocol::Tcp);
                let header = header.map_or(0, |l| packet.payload.start.saturating_sub(l.start));
                let mut more = Sink::new(Wanted::ALL);
                track::messages::pdu::emit(
                    &said.told,
                    payload,
                    dissect::as_usize(header),
                    said.message_whole_in,
                    &mut more,
                );
                fields.extend(details(track::messages::pdu::FIELDS, &more.found));
                Notes::Tcp
            }
            Protocol::Udp => {
                if let Some(note) = &said.notes.udp {
                    track::udp::emit(note, &mut sink);
                }
                Notes::Udp
            }
            Protocol::Dns | Protocol::Mdns | Protocol::Llmnr => {
                if let Some(note) = &said.notes.dns {
                    track::dns::emit(note, &mut sink);
                }
                Notes::Dns
            }
            Protocol::Icmp | Protocol::Icmpv6 => {
                if let Some(note) = &said.notes.icmp {
                    track::icmp::emit(note, protocol == Protocol::Icmpv6, &mut sink);
                }
                Notes::Icmp
            }
            Protocol::Ipv4 | Protocol::Ipv6 => {
                let v6 = protocol == Protocol::Ipv6;
                let reading = self.reading;
                track::fragments::emit(reading.whole, said.completed_in, v6, &mut sink);
                Notes::Fragments
            }
            _ => return,
        };
        let found = NOTES.iter().find(|(notes, _)| *notes == table);
        if let Some((_, table)) = found {
            fields.extend(details(table, &sink.found));
        }
    }
}

fn layer(
    name: &str,
    start: Option<usize>,
    quoted: bool,
    protocol: Protocol,
    found: &[Found<'_>],
) -> Layer {
    let definition = protocol.definition();
    let doc = definition.layers.iter().find(|(n, _)| *n == name);
    Layer {
        name: name.to_string(),
        doc: doc.map_or("", |(_, doc)| *doc),
        quoted,
        start,
        fields: details(definition.fields, found),
        text: None,
    }
}

fn details(table: &[Field], found: &[Found<'_>]) -> Vec<Detail> {
    let details = found.iter().filter_map(|found| detail(table, found));
    details.collect()
}

/// Bytes as text, where all of them can be read.
fn text(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let plain = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    (!text.is_empty() && text.chars().all(plain)).then(|| text.to_owned())
}

/// A field's sentence within another: without its capital and its full stop.
fn sentence(doc: &str) -> String {
    let mut letters = doc.trim_end_matches('.').chars();
    let second = letters.clone().nth(1);
    let Some(first) = letters.next() else {
        return String::new();
    };
    // Abbreviations keep theirs.
    if second.is_some_and(char::is_uppercase) {
        return doc.trim_end_matches('.').to_owned();
    }
    first.to_lowercase().chain(letters).collect()
}

/// The names of TCP's flags.
fn flags(flags: u64) -> String {
    let names = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "AE"];
    let names = names.iter().enumerate();
    let set: Vec<&str> = names
        .filter(|(bit, _)| flags >> bit & 1 == 1)
        .map(|(_, name)| *name)
        .collect();
    match set.as_slice() {
        [] => "none".to_owned(),
        set => set.join(", "),
    }
}

fn detail(table: &[Field], found: &Found<'_>) -> Option<Detail> {
    let field = table.get(usize::from(found.index.0))?;
    let mut value = Vec::new();
    print::value(field.kind, &found.value, &mut value);
    let meaning = match (&found.value, field.kind) {
        (Value::Unsigned(n), _) if field.name == "tcp.flags" => Some(flags(*n)),
        // A frame's number alone does not say what is in that frame.
        (_, Kind::Frame) => Some(sentence(field.doc)),
        (Value::Boolean(true), _) | (Value::Present, Kind::Mark) => Some(sentence(field.doc)),
        (Value::Boolean(false), _) => Some("not set".to_owned()),
        (Value::Unsigned(n), _) => meaning::name(field.name, *n).map(str::to_owned),
        _ => None,
    };
    Some(Detail {
        name: field.name,
        doc: field.doc,
        value,
        meaning,
        bytes: found.bytes.clone(),
    })
}
