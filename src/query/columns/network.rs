//! Link, IP, UDP and ARP, and protocols that are only named.

use super::{Read, Said, says, words};
use crate::dissect::field::Value;
use crate::dissect::layer::{Layer, Protocol};
use crate::dissect::{
    arp as arp_fields, cooked, ethernet as eth, ipv4, ipv6 as v6, udp as udp_fields,
};
use crate::query::frames::Reading;
use std::fmt::Write as _;

/// Who sends, and to whom: by the outermost IP header that is not quoted, else by hardware
/// address.
pub(super) fn ends(reading: &Reading<'_, '_>) -> (String, String) {
    let packet = reading.packet;
    if let Some(ip) = packet.ip {
        return (ip.source.to_string(), ip.destination.to_string());
    }
    let layers = packet.layers.as_slice();
    if let Some(layer) = layers.iter().find(|l| l.protocol == Protocol::Sll) {
        let read = Read::layer(reading, layer, &[cooked::SRC_ETH]);
        return (read.text(cooked::SRC_ETH), String::new());
    }
    match layers.iter().find(|l| l.protocol == Protocol::Ethernet) {
        Some(layer) => {
            let read = Read::layer(reading, layer, &[eth::SRC, eth::DST]);
            (read.text(eth::SRC), read.text(eth::DST))
        }
        None => (String::new(), String::new()),
    }
}

/// ARP: who asks, who answers.
pub(super) fn arp(reading: &Reading<'_, '_>, layer: &Layer) -> Said {
    use arp_fields as f;
    let read = Read::layer(
        reading,
        layer,
        &[
            f::OPCODE,
            f::SRC_HW_MAC,
            f::DST_HW_MAC,
            f::SRC_PROTO_IPV4,
            f::DST_PROTO_IPV4,
            f::SRC_HW,
            f::DST_HW,
            f::SRC_PROTO,
            f::DST_PROTO,
            f::IS_GRATUITOUS,
            f::IS_PROBE,
            f::IS_ANNOUNCEMENT,
        ],
    );
    let either = |one, other| match read.first(one) {
        Some(value) => words(value),
        None => read.text(other),
    };
    let from = either(f::SRC_PROTO_IPV4, f::SRC_PROTO);
    let to = either(f::DST_PROTO_IPV4, f::DST_PROTO);
    let (mac, other_mac) = (
        either(f::SRC_HW_MAC, f::SRC_HW),
        either(f::DST_HW_MAC, f::DST_HW),
    );
    let opcode = read.number(f::OPCODE);
    if from.is_empty() && mac.is_empty() {
        return says("ARP", "");
    }
    let mut info = match opcode {
        Some(1) if read.first(f::IS_ANNOUNCEMENT).is_some() => {
            format!("ARP Announcement for {from}")
        }
        Some(1) if read.first(f::IS_GRATUITOUS).is_some() => {
            format!("Gratuitous ARP for {from} (Request)")
        }
        Some(1) if read.first(f::IS_PROBE).is_some() => format!("Who has {to}? (ARP Probe)"),
        Some(1) => format!("Who has {to}? Tell {from}"),
        Some(2) if read.first(f::IS_GRATUITOUS).is_some() => {
            format!("Gratuitous ARP for {from} (Reply)")
        }
        Some(2) => format!("{from} is at {mac}"),
        Some(3 | 8) => format!("Who is {other_mac}? Tell {mac}"),
        Some(4) => format!("{other_mac} is at {to}"),
        Some(9) => format!("{mac} is at {from}"),
        other => format!("Unknown ARP opcode 0x{:04x}", other.unwrap_or_default()),
    };
    for (duplicate, address) in reading.said.notes.arp.duplicates.iter().zip([from, to]) {
        if duplicate.is_some() {
            let _ = write!(info, " (duplicate use of {address} detected!)");
        }
    }
    says(
        if matches!(opcode, Some(3 | 4)) {
            "RARP"
        } else {
            "ARP"
        },
        info,
    )
}

/// UDP: ports and length.
pub(super) fn udp(reading: &Reading<'_, '_>, layer: &Layer) -> Said {
    use udp_fields as f;
    let read = Read::layer(reading, layer, &[f::SRCPORT, f::DSTPORT, f::LENGTH]);
    let (from, to) = (read.text(f::SRCPORT), read.text(f::DSTPORT));
    let mut info = format!("{from} → {to}");
    if let Some(length) = read.number(f::LENGTH) {
        let room = reading.packet.ip.map(|ip| u64::from(ip.payload_reported));
        match room.filter(|room| length > *room && layer.source == Default::default()) {
            Some(room) => {
                let _ = write!(
                    info,
                    " [BAD UDP LENGTH {length} > IP PAYLOAD LENGTH] Len={}",
                    room.saturating_sub(8)
                );
            }
            None if length == 0 || length >= 8 => {
                let _ = write!(info, " Len={}", length.saturating_sub(8));
            }
            None => {
                let _ = write!(info, " [BAD UDP LENGTH {length} < 8]");
            }
        }
    }
    says("UDP", info)
}

/// IPv4 that carries nothing that is known: a fragment, or another protocol.
pub(super) fn ipv4(reading: &Reading<'_, '_>, layer: &Layer) -> Said {
    let view = reading.packet.view(layer);
    if let Some(first) = view.u8(0) {
        let (version, words) = (first >> 4, usize::from(first & 15));
        if version != 4 {
            return says("IPv4", format!("Bogus IPv4 version ({version}, must be 4)"));
        }
        if words < 5 {
            return says(
                "IPv4",
                format!(
                    "Bogus IP header length ({}, must be at least 20)",
                    words * 4
                ),
            );
        }
        let total = view.u16(2).map(usize::from);
        if let Some(total) = total.filter(|total| *total != 0 && *total < words * 4) {
            return says(
                "IPv4",
                format!(
                    "Bogus IP length ({total}, less than header length {})",
                    words * 4
                ),
            );
        }
    }
    let read = Read::layer(
        reading,
        layer,
        &[ipv4::PROTO, ipv4::FRAG_OFFSET, ipv4::FLAGS_MF, ipv4::ID],
    );
    if reading.packet.view(layer).bytes.len() < 20 {
        return says("IPv4", "");
    }
    let number = read.number(ipv4::PROTO).unwrap_or_default();
    let name = protocol_text(number);
    let offset = read.number(ipv4::FRAG_OFFSET).unwrap_or_default();
    if offset == 0 && read.number(ipv4::FLAGS_MF) != Some(1) {
        let empty = reading.packet.ip.is_some_and(|ip| ip.payload_reported == 0);
        if empty {
            return says("IPv4", "");
        }
        return says("IPv4", format!("{name} ({number})"));
    }
    let mut info = format!(
        "Fragmented IP protocol (proto={name} {number}, off={}, ID={:04x})",
        offset * 8,
        read.number(ipv4::ID).unwrap_or_default()
    );
    if let Some(frame) = reading.said.completed_in {
        let _ = write!(info, " [Reassembled in #{frame}]");
    }
    says("IPv4", info)
}

/// IPv6 that carries nothing that is known.
pub(super) fn ipv6(reading: &Reading<'_, '_>, layer: &Layer) -> Said {
    let read = Read::layer(
        reading,
        layer,
        &[v6::FRAG_OFFSET, v6::FRAG_MORE, v6::FRAG_IDENT, v6::FRAG_NXT],
    );
    let view = reading.packet.view(layer);
    if let Some(offset) = read.number(v6::FRAG_OFFSET) {
        let more = read.number(v6::FRAG_MORE) == Some(1);
        return says(
            "IPv6",
            format!(
                "IPv6 fragment (off={} more={} ident=0x{:08x} nxt={})",
                offset * 8,
                if more { "y" } else { "n" },
                read.number(v6::FRAG_IDENT).unwrap_or_default(),
                read.number(v6::FRAG_NXT).unwrap_or_default()
            ),
        );
    }
    if view.bytes.len() < 40 {
        return says("IPv6", "");
    }
    let next = v6::chain(&view).map_or(59, |chain| chain.next);
    if next == 59 {
        return says("IPv6", "IPv6 no next header");
    }
    let name = protocol_text(u64::from(next));
    says("IPv6", format!("Unknown IP Protocol: {name} ({next})"))
}

/// Wireshark's words for an IP protocol number.
fn protocol_text(number: u64) -> &'static str {
    match number {
        0 => "IPv6 Hop-by-Hop Option",
        1 => "ICMP",
        2 => "IGMP",
        4 => "IPIP",
        6 => "TCP",
        17 => "UDP",
        41 => "IPv6",
        47 => "Generic Routing Encapsulation",
        50 => "Encap Security Payload",
        51 => "Authentication Header",
        58 => "ICMPv6",
        61 => "any host internal protocol",
        63 => "any local network",
        68 => "any distributed file system",
        89 => "OSPF IGP",
        99 => "any private encryption scheme",
        114 => "any 0-hop protocol",
        132 => "SCTP",
        143..=252 => "Unassigned",
        253 | 254 => "Use for experimentation and testing",
        255 => "Reserved",
        _ => "Unknown",
    }
}

/// A protocol that is only named.
pub(super) fn named(layer: &Layer) -> Said {
    protocol(layer.name, String::new())
}

/// As [`named`], with the marks that TCP puts before.
pub(super) fn protocol(name: &str, marks: String) -> Said {
    let shown = match name {
        "ssh" => "SSHv2".to_owned(),
        "websocket" => "WebSocket".to_owned(),
        "http2" => "HTTP2".to_owned(),
        "can" => "CAN".to_owned(),
        "autosar-nm" => "AUTOSAR NM".to_owned(),
        "igmp" => "IGMPv2".to_owned(),
        "portmap" => "Portmap".to_owned(),
        name => name.to_uppercase(),
    };
    says(&shown, marks)
}

/// A frame whose type nobody takes apart.
pub(super) fn ethernet(reading: &Reading<'_, '_>, layer: &Layer) -> Said {
    let read = Read::layer(reading, layer, &[eth::TYPE]);
    match read.first(eth::TYPE) {
        Some(Value::Unsigned(number)) if *number >= 1536 => {
            says(&format!("0x{number:04x}"), "Ethernet II")
        }
        Some(_) => says("Ethernet", "Ethernet II"),
        None => says("Ethernet", ""),
    }
}

/// The hop limit or the TTL of the packet.
pub(super) fn hops(reading: &Reading<'_, '_>) -> u8 {
    reading.packet.ip.map_or(0, |ip| ip.ttl)
}
