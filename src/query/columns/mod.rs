//! The columns of Wireshark's packet list: who to whom, which protocol, what the frame says.
//!
//! Texts are those of Wireshark 4.0 with names not resolved. `_ws.col.protocol` and `_ws.col.info`
//! ask for them as fields. Of protocols that are only named, the name is all there is.

mod application;
mod dns;
mod icmp;
mod network;
mod tcp;
mod tls;

use super::frames::Reading;
use crate::dissect::definition::{Given, Line};
use crate::dissect::field::{FieldIndex, Kind, Sink, Value, Wanted};
use crate::dissect::layer::{Layer, Protocol};
use crate::dissect::{self, Stop};
use crate::query::print;

crate::fields! {
    COL_PROTOCOL: "_ws.col.protocol", Kind::Text, "Highest protocol, as in the packet list.";
    COL_INFO: "_ws.col.info", Kind::Text, "What the frame says, as in the packet list.";
    COL_PROTOCOL_OLD: "_ws.col.Protocol", Kind::Text, "The same as _ws.col.protocol.";
    COL_INFO_OLD: "_ws.col.Info", Kind::Text, "The same as _ws.col.info.";
    COL_SOURCE: "_ws.col.Source", Kind::Text, "Sender, as in the packet list.";
    COL_DESTINATION: "_ws.col.Destination", Kind::Text, "Receiver, as in the packet list.";
}

/// Hands over the columns.
pub(super) fn emit(reading: &Reading<'_, '_>, sink: &mut Sink<'_>) {
    let row = row(reading);
    sink.owned_text(COL_SOURCE, 0..0, row.source);
    sink.owned_text(COL_DESTINATION, 0..0, row.destination);
    for index in [COL_PROTOCOL, COL_PROTOCOL_OLD] {
        sink.owned_text(index, 0..0, row.protocol.clone());
    }
    for index in [COL_INFO, COL_INFO_OLD] {
        sink.owned_text(index, 0..0, row.info.clone());
    }
}

/// One row of the list. Text is as captured: not safe to print.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Sender.
    pub source: String,
    /// Receiver.
    pub destination: String,
    /// Highest protocol that is known.
    pub protocol: String,
    /// What the frame says.
    pub info: String,
}

/// A protocol's name and what it says.
struct Said {
    protocol: String,
    info: String,
}

fn says(protocol: &str, info: impl Into<String>) -> Said {
    Said {
        protocol: protocol.to_owned(),
        info: info.into(),
    }
}

/// Some fields of a layer, in the order of the packet details.
struct Read<'a>(Vec<dissect::field::Found<'a>>);

impl<'a> Read<'a> {
    /// Reads these fields of a layer.
    fn layer(reading: &Reading<'_, 'a>, layer: &Layer, fields: &[FieldIndex]) -> Read<'a> {
        let mut sink = Sink::new(wanted(fields));
        let numbers = reading.said.notes.tcp.map(|note| note.numbers);
        // What is cut short tells what it can.
        let _ = dissect::emit(reading.packet, layer, numbers, &mut sink);
        Read(sink.found)
    }

    fn first(&self, index: FieldIndex) -> Option<&Value<'a>> {
        let found = self.0.iter().find(|found| found.index == index)?;
        Some(&found.value)
    }

    fn number(&self, index: FieldIndex) -> Option<u64> {
        match self.first(index)? {
            Value::Unsigned(n) => Some(*n),
            Value::Boolean(b) => Some(u64::from(*b)),
            _ => None,
        }
    }

    fn text(&self, index: FieldIndex) -> String {
        self.first(index).map_or_else(String::new, words)
    }
}

/// What a protocol's own definition makes of a frame.
fn told(line: Line) -> Said {
    says(line.protocol, line.info)
}

fn wanted(fields: &[FieldIndex]) -> Wanted {
    let mut wanted = Wanted::default();
    for field in fields {
        wanted.insert(*field);
    }
    wanted
}

/// A value as text, numbers in decimal.
fn words(value: &Value<'_>) -> String {
    let mut out = Vec::new();
    print::value(Kind::Unsigned(64), value, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// Makes the row of a frame.
pub(super) fn row(reading: &Reading<'_, '_>) -> Row {
    let (source, destination) = network::ends(reading);
    let Said { protocol, mut info } = content(reading);
    match reading.stop() {
        Some(Stop::Malformed) => info.push_str("[Malformed Packet]"),
        Some(Stop::Snapped) => info.push_str("[Packet size limited during capture]"),
        None if cut(reading) => info.push_str("[Packet size limited during capture]"),
        None => {}
    }
    Row {
        source,
        destination,
        protocol,
        info,
    }
}

/// Whether a message of TCP was read only as far as it was captured.
fn cut(reading: &Reading<'_, '_>) -> bool {
    let payload = reading.packet.payload;
    payload.captured < payload.reported
        && reading
            .said
            .messages
            .iter()
            .any(|m| m.protocol == Protocol::Http || m.bytes.len() < m.reported)
}

/// What the innermost layer that is known says.
fn content(reading: &Reading<'_, '_>) -> Said {
    let layers = reading.packet.layers.as_slice();
    let outer = || layers.iter().filter(|layer| !layer.quoted);
    let last = |protocol| outer().rfind(|layer| layer.protocol == protocol);
    if let Some(layer) = last(Protocol::Tcp) {
        return tcp::said(reading, layer);
    }
    for layer in outer().rev() {
        let said = match layer.protocol {
            Protocol::Dns | Protocol::Mdns | Protocol::Llmnr => dns::said(reading, layer),
            Protocol::Dhcp => application::dhcp(reading, layer),
            Protocol::Http => application::ssdp(reading, layer),
            Protocol::Icmp => icmp::said(reading, layer),
            Protocol::Icmpv6 => icmp::said_v6(reading, layer),
            Protocol::Udp => network::udp(reading, layer),
            Protocol::Arp => network::arp(reading, layer),
            Protocol::Ipv4 => network::ipv4(reading, layer),
            Protocol::Ipv6 => network::ipv6(reading, layer),
            Protocol::Other => network::named(layer),
            Protocol::Ethernet => network::ethernet(reading, layer),
            Protocol::Llc => says("LLC", ""),
            protocol => match protocol.definition().line {
                Some(line) => told(line(&Given::of(reading.packet, layer, None))),
                None => continue,
            },
        };
        return match reading.said.messages.first() {
            // EAP carries TLS.
            Some(message) if message.protocol == Protocol::Tls => {
                tls::said(reading).unwrap_or(said)
            }
            _ => said,
        };
    }
    says("", "")
}
