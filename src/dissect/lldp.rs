//! The link layer discovery protocol (IEEE 802.1AB). Left out: what organisations add.

use super::cursor::Cursor;
use super::definition::{Definition, Found, Line, NOTHING, Names};
use super::field::{FieldIndex, Kind, Sink, Value};
use super::layer::View;
use super::text;
use std::net::Ipv4Addr;

crate::fields! {
    TLV_TYPE: "lldp.tlv.type", Kind::Unsigned(16), "Which value follows.";
    TLV_LEN: "lldp.tlv.len", Kind::Unsigned(16), "How long it is.";
    CHASSIS_SUBTYPE: "lldp.chassis.subtype", Kind::Unsigned(8), "How the device is named: 4 by hardware address, 5 by network address, 7 by itself.";
    CHASSIS: "lldp.chassis.id", Kind::Bytes, "The device's name, when it is no address.";
    CHASSIS_MAC: "lldp.chassis.id.mac", Kind::Ether, "The device's hardware address.";
    CHASSIS_IP4: "lldp.chassis.id.ip4", Kind::Ipv4, "The device's IPv4 address.";
    PORT_SUBTYPE: "lldp.port.subtype", Kind::Unsigned(8), "How the port is named: 3 by hardware address, 5 by the interface's name, 7 by itself.";
    PORT: "lldp.port.id", Kind::Text, "The port's name.";
    PORT_MAC: "lldp.port.id.mac", Kind::Ether, "The port's hardware address.";
    PORT_IP4: "lldp.port.id.ip4", Kind::Ipv4, "The port's IPv4 address.";
    TTL: "lldp.time_to_live", Kind::Unsigned(16), "Seconds that this is valid; 0 takes it back.";
    PORT_DESC: "lldp.port.desc", Kind::Text, "The port in words.";
    NAME: "lldp.tlv.system.name", Kind::Text, "The device's name.";
    DESC: "lldp.tlv.system.desc", Kind::Text, "The device in words.";
    CAP: "lldp.tlv.system_cap", Kind::Hex(16), "What the device can be.";
    CAP_OTHER: "lldp.tlv.system_cap.other", Kind::Boolean, "Something else.";
    CAP_REPEATER: "lldp.tlv.system_cap.repeater", Kind::Boolean, "A repeater.";
    CAP_BRIDGE: "lldp.tlv.system_cap.bridge", Kind::Boolean, "A bridge or switch.";
    CAP_WLAN: "lldp.tlv.system_cap.wlan_access_pt", Kind::Boolean, "An access point.";
    CAP_ROUTER: "lldp.tlv.system_cap.router", Kind::Boolean, "A router.";
    CAP_TELEPHONE: "lldp.tlv.system_cap.telephone", Kind::Boolean, "A telephone.";
    CAP_DOCSIS: "lldp.tlv.system_cap.docsis_cable_device", Kind::Boolean, "A cable modem.";
    CAP_STATION: "lldp.tlv.system_cap.station_only", Kind::Boolean, "A host and nothing else.";
    ENABLED: "lldp.tlv.enable_system_cap", Kind::Hex(16), "What the device is.";
    ENABLED_OTHER: "lldp.tlv.enable_system_cap.other", Kind::Boolean, "It is something else.";
    ENABLED_REPEATER: "lldp.tlv.enable_system_cap.repeater", Kind::Boolean, "It is a repeater.";
    ENABLED_BRIDGE: "lldp.tlv.enable_system_cap.bridge", Kind::Boolean, "It is a bridge or switch.";
    ENABLED_WLAN: "lldp.tlv.enable_system_cap.wlan_access_pt", Kind::Boolean, "It is an access point.";
    ENABLED_ROUTER: "lldp.tlv.enable_system_cap.router", Kind::Boolean, "It is a router.";
    ENABLED_TELEPHONE: "lldp.tlv.enable_system_cap.telephone", Kind::Boolean, "It is a telephone.";
    ENABLED_DOCSIS: "lldp.tlv.enable_system_cap.docsis_cable_device", Kind::Boolean, "It is a cable modem.";
    ENABLED_STATION: "lldp.tlv.enable_system_cap.station_only", Kind::Boolean, "It is a host and nothing else.";
    MGN_LEN: "lldp.mgn.address.len", Kind::Unsigned(8), "Length of the next address with its kind.";
    MGN_SUBTYPE: "lldp.mgn.address.subtype", Kind::Unsigned(8), "Its kind: 1 is IPv4, 2 is IPv6.";
    MGN_IP4: "lldp.mgn.addr.ip4", Kind::Ipv4, "Address at which the device is managed.";
    MGN_IP6: "lldp.mgn.addr.ip6", Kind::Ipv6, "IPv6 address at which the device is managed.";
    MGN_INTERFACE: "lldp.mgn.interface.subtype", Kind::Unsigned(8), "How the interface is numbered.";
    MGN_NUMBER: "lldp.mgn.interface.number", Kind::Unsigned(32), "The interface's number.";
}

/// Everything about LLDP.
pub const DEFINITION: Definition = Definition {
    layers: &[(
        "lldp",
        "Link layer discovery protocol: devices tell their neighbours who they are.",
    )],
    title: "LLDP",
    found: Found {
        ethernet: &[0x88cc],
        ..Found::NOWHERE
    },
    fields: FIELDS,
    emit: |given, sink| emit(&given.view, sink),
    strict: true,
    line: Some(|given| line(&given.view)),
    values: &[
        Names {
            fields: &["lldp.chassis.subtype"],
            values: &[
                (1, "Chassis component"),
                (2, "Interface alias"),
                (3, "Port component"),
                (4, "MAC address"),
                (5, "Network address"),
                (6, "Interface name"),
                (7, "Locally assigned"),
            ],
        },
        Names {
            fields: &["lldp.port.subtype"],
            values: &[
                (1, "Interface alias"),
                (2, "Port component"),
                (3, "MAC address"),
                (4, "Network address"),
                (5, "Interface name"),
                (6, "Agent circuit Id"),
                (7, "Locally assigned"),
            ],
        },
    ],
    ..NOTHING
};

/// The values of a message: where each begins, its type and its length.
fn values<'v>(view: &'v View<'_>) -> impl Iterator<Item = (usize, u16, usize)> + 'v {
    let mut at = 0;
    std::iter::from_fn(move || {
        let head = view.u16(at)?;
        let found = (at + 2, head >> 9, usize::from(head & 0x1ff));
        at += 2 + found.2;
        Some(found)
    })
}

/// What a device or port is called, with the letters that say how.
fn called(kinds: &[&str; 8], mac: u8, address: u8, bytes: &[u8]) -> Option<String> {
    let (kind, rest) = bytes.split_first()?;
    let letters = kinds.get(usize::from(*kind))?;
    Some(match rest {
        _ if *kind == mac => format!("{letters}/{}", text::colons(rest)),
        [1, a, b, c, d] if *kind == address => {
            format!("{letters}/{}", Ipv4Addr::new(*a, *b, *c, *d))
        }
        _ => format!("{letters}/{}", text::spelled(rest)),
    })
}

fn line(view: &View<'_>) -> Line {
    use std::fmt::Write as _;
    const CHASSIS: [&str; 8] = ["", "CC", "IA", "PC", "MA", "NA", "IN", "LA"];
    const PORT: [&str; 8] = ["", "IA", "PC", "MA", "NA", "IN", "AC", "LA"];
    let mut info = String::new();
    for (at, kind, length) in values(view) {
        let bytes = view.slice(at..at + length).unwrap_or_default();
        let _ = match (kind, bytes) {
            (1, _) => match called(&CHASSIS, 4, 5, bytes) {
                Some(name) => write!(info, "{name} "),
                None => Ok(()),
            },
            (2, _) => match called(&PORT, 3, 4, bytes) {
                Some(name) => write!(info, "{name} "),
                None => Ok(()),
            },
            (3, [a, b]) => write!(info, "{} ", u16::from_be_bytes([*a, *b])),
            (5, _) => write!(info, "SysN={} ", text::spelled(bytes)),
            (6, _) => write!(info, "SysD={} ", text::spelled(bytes)),
            _ => Ok(()),
        };
    }
    Line {
        protocol: "LLDP",
        info,
    }
}

fn emit<'a>(view: &View<'a>, sink: &mut Sink<'a>) -> Option<()> {
    let mut c = Cursor {
        bytes: view.bytes,
        at: 0,
        end: view.reported,
        sink,
    };
    loop {
        let head = c.peek_u16()?;
        let (kind, length) = (head >> 9, head & 0x1ff);
        c.sink.unsigned(TLV_TYPE, c.at..c.at + 1, kind);
        c.sink.unsigned(TLV_LEN, c.at..c.at + 2, length);
        c.skip(2)?;
        if kind == 0 {
            return Some(());
        }
        c.peek(usize::from(length))?;
        // A value that contradicts itself shows what there is of it.
        let _ = value(kind, &mut c.part(usize::from(length)));
    }
}

fn value(kind: u16, c: &mut Cursor<'_, '_>) -> Option<()> {
    let all = c.left();
    match kind {
        1 => match (c.u8(CHASSIS_SUBTYPE)?, all) {
            (4, 7) => c.ether(CHASSIS_MAC).map(|_| ()),
            (5, 6) if c.peek_u8() == Some(1) => {
                c.skip(1)?;
                c.ipv4(CHASSIS_IP4).map(|_| ())
            }
            _ => c.bytes(CHASSIS, all - 1).map(|_| ()),
        },
        2 => match (c.u8(PORT_SUBTYPE)?, all) {
            (3, 7) => c.ether(PORT_MAC).map(|_| ()),
            (4, 6) if c.peek_u8() == Some(1) => {
                c.skip(1)?;
                c.ipv4(PORT_IP4).map(|_| ())
            }
            _ => c.utf8(PORT, all - 1).map(|_| ()),
        },
        3 => c.u16(TTL).map(|_| ()),
        4 => c.utf8(PORT_DESC, all).map(|_| ()),
        5 => c.utf8(NAME, all).map(|_| ()),
        6 => c.utf8(DESC, all).map(|_| ()),
        7 => {
            capabilities(c, CAP, CAP_OTHER)?;
            capabilities(c, ENABLED, ENABLED_OTHER)
        }
        8 => management(c),
        _ => Some(()),
    }
}

/// What a device can be or is: eight bits, whose fields stand in the order of the bits.
fn capabilities(c: &mut Cursor<'_, '_>, all: FieldIndex, first: FieldIndex) -> Option<()> {
    let at = c.at;
    let bits = c.u16(all)?;
    for bit in 0..8u8 {
        let index = FieldIndex(first.0 + bit);
        c.sink.boolean(index, at..at + 2, bits >> bit & 1 == 1);
    }
    Some(())
}

fn management(c: &mut Cursor<'_, '_>) -> Option<()> {
    let length = usize::from(c.u8(MGN_LEN)?);
    match (c.u8(MGN_SUBTYPE)?, length) {
        (1, 5) => {
            c.ipv4(MGN_IP4)?;
        }
        (2, 17) => {
            let (bytes, range) = c.take(16)?;
            c.sink
                .put(MGN_IP6, range, Value::Ipv6(*bytes.first_chunk()?));
        }
        _ => c.skip(length.checked_sub(1)?)?,
    }
    c.u8(MGN_INTERFACE)?;
    c.u32(MGN_NUMBER).map(|_| ())
}
