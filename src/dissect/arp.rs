//! ARP (RFC 826), also in reverse (RFC 903), gratuitous and probing (RFC 5227). Addresses that
//! are neither Ethernet nor IPv4 are kept as bytes.

use super::definition::{Definition, NOTHING, Names};
use super::field::{Kind, Sink, Value};
use super::layer::View;
use std::net::Ipv4Addr;

crate::fields! {
    HW_TYPE: "arp.hw.type", Kind::Unsigned(16), "Hardware type; 1 is Ethernet.";
    PROTO_TYPE: "arp.proto.type", Kind::Hex(16), "Protocol type; 0x0800 is IPv4.";
    HW_SIZE: "arp.hw.size", Kind::Unsigned(8), "Length of a hardware address in bytes.";
    PROTO_SIZE: "arp.proto.size", Kind::Unsigned(8), "Length of a protocol address in bytes.";
    OPCODE: "arp.opcode", Kind::Unsigned(16), "1 request, 2 reply, 3 and 4 for reverse ARP.";
    IS_PROBE: "arp.isprobe", Kind::Boolean, "Asks whether an address is taken before using it (sender address 0.0.0.0).";
    IS_GRATUITOUS: "arp.isgratuitous", Kind::Boolean, "Sender and target address are the same: the host tells its own address.";
    IS_ANNOUNCEMENT: "arp.isannouncement", Kind::Boolean, "A gratuitous request without target hardware address.";
    SRC_HW: "arp.src.hw", Kind::Bytes, "Sender's hardware address, when it is no Ethernet address.";
    SRC_HW_MAC: "arp.src.hw_mac", Kind::Ether, "Sender's hardware address.";
    SRC_PROTO: "arp.src.proto", Kind::Bytes, "Sender's protocol address, when it is no IPv4 address.";
    SRC_PROTO_IPV4: "arp.src.proto_ipv4", Kind::Ipv4, "Sender's IPv4 address.";
    DST_HW: "arp.dst.hw", Kind::Bytes, "Target's hardware address, when it is no Ethernet address.";
    DST_HW_MAC: "arp.dst.hw_mac", Kind::Ether, "Target's hardware address; what a request asks for, so usually zero there.";
    DST_PROTO: "arp.dst.proto", Kind::Bytes, "Target's protocol address, when it is no IPv4 address.";
    DST_PROTO_IPV4: "arp.dst.proto_ipv4", Kind::Ipv4, "Target's IPv4 address; the address that a request asks about.";
}

/// Everything about ARP.
pub const DEFINITION: Definition = Definition {
    layers: &[("arp", "Address resolution protocol.")],
    title: "ARP",
    fields: FIELDS,
    emit: |given, sink| emit(&given.view, sink),
    strict: true,
    values: &[
        Names {
            fields: &["arp.opcode"],
            values: &[
                (1, "request"),
                (2, "reply"),
                (3, "reverse request"),
                (4, "reverse reply"),
                (8, "inverse request"),
                (9, "inverse reply"),
            ],
        },
        Names {
            fields: &["arp.hw.type", "dhcp.hw.type", "sll.hatype"],
            values: &[
                (1, "Ethernet"),
                (6, "IEEE 802"),
                (512, "PPP"),
                (772, "Loopback"),
                (65534, "zero header length"),
            ],
        },
    ],
    ..NOTHING
};

/// An ARP packet for IPv4 over Ethernet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arp {
    /// 1 request, 2 reply.
    pub opcode: u16,
    /// Sender's hardware address.
    pub sender_mac: [u8; 6],
    /// Sender's address.
    pub sender: Ipv4Addr,
    /// Target's hardware address.
    pub target_mac: [u8; 6],
    /// Target's address.
    pub target: Ipv4Addr,
}

/// Reads a packet for IPv4 over Ethernet; other kinds give nothing.
pub fn parse(view: &View<'_>) -> Option<Arp> {
    let slice = etherparse::ArpPacketSlice::from_slice(view.bytes).ok()?;
    let ether = matches!(slice.hw_addr_type().0, 1 | 6) && slice.hw_addr_size() == 6;
    if !ether || slice.proto_addr_type().0 != 0x0800 || slice.proto_addr_size() != 4 {
        return None;
    }
    Some(Arp {
        opcode: slice.operation().0,
        sender_mac: slice.sender_hw_addr().try_into().ok()?,
        sender: <[u8; 4]>::try_from(slice.sender_protocol_addr())
            .ok()?
            .into(),
        target_mac: slice.target_hw_addr().try_into().ok()?,
        target: <[u8; 4]>::try_from(slice.target_protocol_addr())
            .ok()?
            .into(),
    })
}

/// Hands over the packet's fields.
pub fn emit<'a>(view: &View<'a>, sink: &mut Sink<'a>) -> Option<()> {
    let (hw_type, proto_type) = (view.u16(0)?, view.u16(2)?);
    let (hw_size, proto_size) = (view.u8(4)?, view.u8(5)?);
    let opcode = view.u16(6)?;
    sink.unsigned(HW_TYPE, 0..2, hw_type);
    sink.unsigned(PROTO_TYPE, 2..4, proto_type);
    sink.unsigned(HW_SIZE, 4..5, hw_size);
    sink.unsigned(PROTO_SIZE, 5..6, proto_size);
    sink.unsigned(OPCODE, 6..8, opcode);
    let (hw, proto) = (usize::from(hw_size), usize::from(proto_size));
    let sender_hw = 8;
    let sender = sender_hw + hw;
    let target_hw = sender + proto;
    let target = target_hw + hw;
    // Wireshark shows either all four addresses or none.
    view.slice(sender_hw..target + proto)?;
    let ether = matches!(hw_type, 1 | 6) && hw == 6;
    let ipv4 = proto_type == 0x0800 && proto == 4;
    if let (true, Some(from), Some(to)) = (
        ipv4,
        view.slice(sender..sender + 4),
        view.slice(target..target + 4),
    ) {
        // Wireshark's probe asks of nobody's card yet (RFC 5227 §1.1).
        let target = view.slice(target_hw..target).unwrap_or_default();
        let unknown = target.iter().all(|b| *b == 0);
        let probe = opcode == 1 && from == [0; 4] && unknown;
        if probe {
            sink.boolean(IS_PROBE, 0..0, true);
        }
        if from == to && (opcode == 1 || opcode == 2) {
            sink.boolean(IS_GRATUITOUS, 0..0, true);
            if opcode == 1 && unknown {
                sink.boolean(IS_ANNOUNCEMENT, 0..0, true);
            }
        }
    }
    hardware(view, sink, sender_hw..sender, ether, SRC_HW_MAC, SRC_HW)?;
    protocol(
        view,
        sink,
        sender..target_hw,
        ipv4,
        SRC_PROTO_IPV4,
        SRC_PROTO,
    )?;
    hardware(view, sink, target_hw..target, ether, DST_HW_MAC, DST_HW)?;
    protocol(
        view,
        sink,
        target..target + proto,
        ipv4,
        DST_PROTO_IPV4,
        DST_PROTO,
    )
}

use super::field::FieldIndex;
use std::ops::Range;

fn hardware<'a>(
    view: &View<'a>,
    sink: &mut Sink<'a>,
    at: Range<usize>,
    ether: bool,
    mac: FieldIndex,
    other: FieldIndex,
) -> Option<()> {
    let bytes = view.slice(at.clone())?;
    match <[u8; 6]>::try_from(bytes) {
        Ok(address) if ether => sink.put(mac, at, Value::Ether(address)),
        _ if bytes.is_empty() => {}
        _ => sink.bytes(other, at, bytes),
    }
    Some(())
}

fn protocol<'a>(
    view: &View<'a>,
    sink: &mut Sink<'a>,
    at: Range<usize>,
    ipv4: bool,
    address: FieldIndex,
    other: FieldIndex,
) -> Option<()> {
    let bytes = view.slice(at.clone())?;
    match <[u8; 4]>::try_from(bytes) {
        Ok(value) if ipv4 => sink.put(address, at, Value::Ipv4(value)),
        _ if bytes.is_empty() => {}
        _ => sink.bytes(other, at, bytes),
    }
    Some(())
}
