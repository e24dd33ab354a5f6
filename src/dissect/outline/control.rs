//! Protocols with a length at a fixed place: of machines, switches, routers, servers and databases.

use super::{Memory, Names, Outline, PLAIN, Taken, length, u16_at, u16_le, u32_at};
use crate::capture::{Frame, LinkType};
use crate::dissect::layer::Protocol;
use crate::dissect::{Packet, as_u32, as_usize};

/// EtherNet/IP, and the industrial protocol in it.
pub(super) const ENIP: Outline = Outline {
    name: "enip",
    tcp: &[44818],
    divide: |bytes, _| match u16_le(bytes, 2) {
        Some(body) if bytes.len() >= 24 => Some(length(bytes, 24 + usize::from(body))),
        _ => Some(Taken::OneMore),
    },
    above: |message, memory, names| {
        if matches!(u16_le(message, 0), Some(0x6f | 0x70)) {
            items(message, memory, names);
        }
    },
    ..PLAIN
};

/// The items of a request or response; data of a connection stands behind a number.
fn items(message: &[u8], memory: &mut Memory, names: &mut Names) {
    // What the sender of a request calls it by, which the response repeats.
    let number = u32_at(message, 12).unwrap_or(0);
    let count = u16_le(message, 30).unwrap_or(0);
    let mut at = 32;
    for _ in 0..count {
        let (Some(kind), Some(size)) = (u16_le(message, at), u16_le(message, at + 2)) else {
            return;
        };
        let end = at + 4 + usize::from(size);
        let data = message.get(at + 4..end).unwrap_or_default();
        match kind {
            0xb2 => industrial(data, number, memory, names),
            0xb1 => {
                // On a connection, the number before the data.
                let number = u16_le(data, 0).map_or(0, u32::from);
                industrial(data.get(2..).unwrap_or_default(), number, memory, names);
            }
            _ => {}
        }
        at = end;
    }
}

/// A service of an object: the class in its path names what it is. A response has no path: it is
/// of the class that its request named.
fn industrial(data: &[u8], number: u32, memory: &mut Memory, names: &mut Names) {
    let Some(service) = data.first() else { return };
    names.push("cip");
    let class = if service & 0x80 == 0 {
        let class = match data.get(2..4) {
            Some([0x20, class]) => Some(u32::from(*class)),
            _ => None,
        };
        memory.call(number, class.unwrap_or(0));
        class
    } else {
        memory.called(number)
    };
    names.push(match class {
        Some(0x67) => "cippccc",
        Some(0x06) => "cipcm",
        Some(0x44) => "cipmb",
        Some(0xf3) => "cipcco",
        _ => "cipcls",
    });
}

/// Modbus over TCP.
pub(super) const MODBUS: Outline = Outline {
    name: "mbtcp",
    tcp: &[502],
    divide: |bytes, _| match (u16_at(bytes, 2), u16_at(bytes, 4)) {
        (Some(0), Some(2..=254)) if bytes.len() >= 8 => {
            let body = u16_at(bytes, 4).unwrap_or(0);
            Some(length(bytes, 6 + usize::from(body)))
        }
        _ => None,
    },
    above: |_, _, names| names.push("modbus"),
    ..PLAIN
};

/// OpenFlow, whose versions have names of their own.
pub(super) const OPENFLOW: Outline = Outline {
    name: "openflow",
    tcp: &[6633, 6634, 6653],
    divide: |bytes, _| match u16_at(bytes, 2) {
        Some(size) if bytes.len() >= 8 => {
            let known = matches!(bytes.first(), Some(1..=6)) && size >= 8;
            known.then(|| length(bytes, size.into()))
        }
        _ => Some(Taken::OneMore),
    },
    above: |message, _, names| {
        names.push(match message.first() {
            Some(1) => "openflow_v1",
            Some(4) => "openflow_v4",
            Some(5) => "openflow_v5",
            Some(6) => "openflow_v6",
            _ => return,
        });
        // A packet that the switch hands in, or is given.
        let start = match message.get(..2) {
            Some([1, 10]) => 18,
            Some([1, 13]) => 16 + usize::from(u16_at(message, 14).unwrap_or(0)),
            _ => return,
        };
        if let Some(bytes) = message.get(start..).filter(|bytes| !bytes.is_empty()) {
            ethernet(bytes, names);
        }
    },
    ..PLAIN
};

/// The names of the layers of an Ethernet frame.
fn ethernet(bytes: &[u8], names: &mut Names) {
    let packet = Packet::dissect(Frame {
        number: 0,
        time: None,
        wire_length: as_u32(bytes.len()),
        interface: 0,
        link: LinkType::ETHERNET,
        bytes,
    });
    for layer in packet.layers.as_slice() {
        names.push(layer.name);
        let number = packet.view(layer).u16(12);
        if layer.protocol == Protocol::Ethernet && number.is_some_and(|n| n > 1500) {
            names.push("ethertype");
        }
    }
}

/// Packets of the ISO transport service (RFC 1006), as remote desktops use it.
pub(super) const TPKT: Outline = Outline {
    name: "tpkt",
    tcp: &[102],
    begins: |bytes| {
        let whole = u16_at(bytes, 2).map(usize::from) == Some(bytes.len());
        whole && bytes.starts_with(&[3, 0]) && matches!(bytes.get(5), Some(0xe0 | 0xd0))
    },
    divide: |bytes, _| match (bytes.first(), u16_at(bytes, 2)) {
        (Some(3), Some(size @ 5..)) => Some(length(bytes, size.into())),
        (Some(3), None) => Some(Taken::OneMore),
        _ => Some(Taken::Message(bytes.len())),
    },
    above: |message, _, names| {
        if message.first() != Some(&3) {
            return;
        }
        names.push("cotp");
        let header = 5 + usize::from(message.get(4).copied().unwrap_or(0));
        match message.get(5) {
            // Routing by a cookie, or which protection is offered.
            Some(0xe0 | 0xd0) if message.len() >= 19 => names.push("rdp"),
            Some(0xf0) if message.get(header) == Some(&0x32) => names.push("s7comm"),
            _ => {}
        }
    },
};

/// The border gateway protocol (RFC 4271).
pub(super) const BGP: Outline = Outline {
    name: "bgp",
    tcp: &[179],
    divide: |bytes, _| {
        let marker = bytes.len().min(16);
        if bytes[..marker].iter().any(|b| *b != 0xff) {
            return Some(Taken::Message(bytes.len()));
        }
        match u16_at(bytes, 16) {
            Some(size @ 19..) => Some(length(bytes, size.into())),
            Some(_) => Some(Taken::Message(bytes.len())),
            None => Some(Taken::OneMore),
        }
    },
    ..PLAIN
};

/// Diameter (RFC 6733).
pub(super) const DIAMETER: Outline = Outline {
    name: "diameter",
    tcp: &[3868],
    divide: |bytes, _| match bytes.first_chunk() {
        Some([1, a, b, c]) => {
            let size = u32::from_be_bytes([0, *a, *b, *c]);
            Some(length(bytes, as_usize(size).max(20)))
        }
        Some(_) => Some(Taken::Message(bytes.len())),
        None => Some(Taken::OneMore),
    },
    ..PLAIN
};

/// What web servers speak to those behind them (AJP 1.3).
pub(super) const AJP: Outline = Outline {
    name: "ajp13",
    tcp: &[8009],
    divide: |bytes, _| match u16_at(bytes, 2) {
        Some(size) => Some(length(bytes, 4 + usize::from(size))),
        None => Some(Taken::OneMore),
    },
    ..PLAIN
};

/// MySQL.
pub(super) const MYSQL: Outline = Outline {
    name: "mysql",
    tcp: &[3306],
    divide: |bytes, _| match bytes.first_chunk() {
        Some([a, b, c, _]) => {
            let size = u32::from_le_bytes([*a, *b, *c, 0]);
            Some(length(bytes, 4 + as_usize(size)))
        }
        None => Some(Taken::OneMore),
    },
    // The end of a list without the numbers that belong to it, as old servers send it.
    above: |message, memory, _| memory.malformed |= matches!(message, [1, 0, 0, _, 0xfe]),
    ..PLAIN
};

/// MQTT: its length is written in digits of seven bits.
pub(super) const MQTT: Outline = Outline {
    name: "mqtt",
    tcp: &[1883],
    divide: |bytes, _| {
        let mut size = 0;
        for place in 0..4 {
            let Some(digit) = bytes.get(1 + place) else {
                return Some(Taken::OneMore);
            };
            size |= usize::from(digit & 0x7f) << (7 * place);
            if digit & 0x80 == 0 {
                return Some(length(bytes, 2 + place + size));
            }
        }
        Some(Taken::Message(bytes.len()))
    },
    ..PLAIN
};
