//! Everything that is known of one frame: every layer with all its fields, in Wireshark's order.

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
    /// What the value is called.
    pub meaning: Option<&'static str>,
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
            layers.push(layer(name, None, false, message.protocol, &sink.found));
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
                    track::tcp::emit(note, true, &mut sink);
                }
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
            fields.extend(sink.found.iter().filter_map(|found| detail(table, found)));
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
        fields: found
            .iter()
            .filter_map(|found| detail(definition.fields, found))
            .collect(),
    }
}

fn detail(table: &[Field], found: &Found<'_>) -> Option<Detail> {
    let field = table.get(usize::from(found.index.0))?;
    let mut value = Vec::new();
    print::value(field.kind, &found.value, &mut value);
    let meaning = match (&found.value, field.kind) {
        (Value::Unsigned(n), kind) if kind != Kind::Boolean => meaning::name(field.name, *n),
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
