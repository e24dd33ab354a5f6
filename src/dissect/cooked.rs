//! Headers that stand in for a link layer: Linux cooked capture v1 and v2
//! (<https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html>), BSD loopback, PPP (RFC 1661 §2).

use super::definition::{Definition, NOTHING, Names};
use super::field::{Kind, Sink, Value};
use super::layer::View;

crate::fields! {
    ETYPE: "sll.etype", Kind::Hex(16), "EtherType of what the frame carries.";
    IFINDEX: "sll.ifindex", Kind::Signed(32), "Index of the interface (version 2).";
    HATYPE: "sll.hatype", Kind::Unsigned(16), "Kind of device: 1 Ethernet, 772 loopback.";
    PKTTYPE: "sll.pkttype", Kind::Unsigned(16), "0 to us, 1 broadcast, 2 multicast, 3 to another host, 4 sent by us.";
    HALEN: "sll.halen", Kind::Unsigned(16), "Length of the sender's link-layer address.";
    SRC_ETH: "sll.src.eth", Kind::Ether, "Sender's hardware address.";
    SRC_OTHER: "sll.src.other", Kind::Bytes, "Sender's link-layer address when it is no Ethernet address.";
    UNUSED: "sll.unused", Kind::Bytes, "Bytes of the address field that are not used.";
    LTYPE: "sll.ltype", Kind::Hex(16), "Numbers below 0x0600 that Linux gives to protocols without EtherType.";
}

/// Everything about cooked captures.
pub const DEFINITION: Definition = Definition {
    layers: &[("sll", "Linux cooked capture, as of the interface `any`.")],
    title: "SLL",
    fields: FIELDS,
    emit: |given, sink| match given.layer.name {
        "sll2" => emit_version2(&given.view, sink),
        _ => emit_version1(&given.view, sink),
    },
    values: &[Names {
        fields: &["sll.pkttype"],
        values: &[
            (0, "Unicast to us"),
            (1, "Broadcast"),
            (2, "Multicast"),
            (3, "Unicast to another host"),
            (4, "Sent by us"),
        ],
    }],
    ..NOTHING
};

/// Everything about IP without a link layer.
pub const RAW: Definition = Definition {
    layers: &[("raw", "IP without a link layer.")],
    title: "RAW",
    ..NOTHING
};

/// Length of a version 1 header.
pub const SLL_LENGTH: usize = 16;
/// Length of a version 2 header.
pub const SLL2_LENGTH: usize = 20;

/// The protocol number of a cooked header, which is an EtherType from 0x0600 on.
pub fn protocol(view: &View<'_>, version2: bool) -> Option<u16> {
    view.u16(if version2 { 0 } else { 14 })
}

/// Hands over the header's fields, in the order of its version.
pub fn emit<'a>(view: &View<'a>, sink: &mut Sink<'a>) -> Option<()> {
    // The two versions are told apart by the layer's name, which the caller has checked.
    emit_version1(view, sink)
}

/// Hands over the fields of a version 1 header.
pub fn emit_version1<'a>(view: &View<'a>, sink: &mut Sink<'a>) -> Option<()> {
    sink.unsigned(PKTTYPE, 0..2, view.u16(0)?);
    let hatype = view.u16(2)?;
    sink.unsigned(HATYPE, 2..4, hatype);
    let halen = view.u16(4)?;
    sink.unsigned(HALEN, 4..6, halen);
    address(view, sink, 6, usize::from(halen))?;
    ethertype(sink, 14, view.u16(14)?);
    Some(())
}

/// Hands over the fields of a version 2 header.
pub fn emit_version2<'a>(view: &View<'a>, sink: &mut Sink<'a>) -> Option<()> {
    ethertype(sink, 0, view.u16(0)?);
    let index = view.u32(4)?;
    sink.put(IFINDEX, 4..8, Value::Signed(i64::from(index.cast_signed())));
    sink.unsigned(HATYPE, 8..10, view.u16(8)?);
    sink.unsigned(PKTTYPE, 10..11, view.u8(10)?);
    let halen = view.u8(11)?;
    sink.unsigned(HALEN, 11..12, halen);
    address(view, sink, 12, usize::from(halen))
}

fn address<'a>(view: &View<'a>, sink: &mut Sink<'a>, at: usize, length: usize) -> Option<()> {
    let used = match length {
        6 => {
            sink.put(SRC_ETH, at..at + 6, Value::Ether(view.array(at)?));
            6
        }
        0 => 0,
        n => {
            let n = n.min(8);
            sink.bytes(SRC_OTHER, at..at + n, view.slice(at..at + n)?);
            n
        }
    };
    if used < 8 {
        sink.bytes(UNUSED, at + used..at + 8, view.slice(at + used..at + 8)?);
    }
    Some(())
}

fn ethertype(sink: &mut Sink<'_>, at: usize, number: u16) {
    sink.unsigned(
        if number > 1536 { ETYPE } else { LTYPE },
        at..at + 2,
        number,
    );
}

/// BSD loopback.
pub mod null {
    use super::{Definition, Kind, NOTHING, Names, Sink, View};

    crate::fields! {
        FAMILY: "null.family", Kind::Unsigned(32), "Address family: 2 is IPv4; 10, 23, 24, 28 and 30 are IPv6 on various systems.";
    }

    /// Everything about BSD loopback.
    pub const DEFINITION: Definition = Definition {
        layers: &[("null", "BSD loopback.")],
        title: "NULL",
        fields: FIELDS,
        emit: |given, sink| emit(&given.view, sink),
        values: &[Names {
            fields: &["null.family"],
            values: &[
                (2, "IP"),
                (10, "IPv6"),
                (23, "IPv6"),
                (24, "IPv6"),
                (28, "IPv6"),
                (30, "IPv6"),
            ],
        }],
        ..NOTHING
    };

    /// The address family, whichever byte order it was written in.
    pub fn family(view: &View<'_>) -> Option<u32> {
        let big = view.u32(0)?;
        // The high half of a family is zero, so the order shows.
        Some(if big & 0xffff_0000 != 0 {
            big.swap_bytes()
        } else {
            big
        })
    }

    /// Hands over the header's field.
    pub fn emit<'a>(view: &View<'a>, sink: &mut Sink<'a>) -> Option<()> {
        sink.unsigned(FAMILY, 0..4, family(view)?);
        Some(())
    }
}

/// PPP.
pub mod ppp {
    use super::{Definition, Kind, NOTHING, Names, Sink, View};

    crate::fields! {
        ADDRESS: "ppp.address", Kind::Hex(8), "Address byte of HDLC-like framing, 0xff.";
        CONTROL: "ppp.control", Kind::Hex(8), "Control byte of HDLC-like framing, 0x03.";
        PROTOCOL: "ppp.protocol", Kind::Hex(16), "What the frame carries: 0x0021 IPv4, 0x0057 IPv6.";
    }

    /// Everything about PPP.
    pub const DEFINITION: Definition = Definition {
        layers: &[("ppp", "Point-to-point protocol.")],
        title: "PPP",
        fields: FIELDS,
        emit: |given, sink| emit(&given.view, sink),
        values: &[Names {
            fields: &["ppp.protocol"],
            values: &[
                (0x21, "Internet Protocol version 4"),
                (0x57, "Internet Protocol version 6"),
                (0x8021, "Internet Protocol Control Protocol"),
                (0xc021, "Link Control Protocol"),
                (0xc023, "Password Authentication Protocol"),
                (0xc223, "Challenge Handshake Authentication Protocol"),
            ],
        }],
        ..NOTHING
    };

    /// Where the protocol number stands, its value and the header's length.
    pub fn protocol(view: &View<'_>) -> Option<(usize, u16, usize)> {
        let at = if view.u8(0)? == 0xff && view.u8(1)? == 0x03 {
            2
        } else {
            0
        };
        let first = view.u8(at)?;
        // An odd first byte is a protocol number compressed to one byte (RFC 1661 §6.5).
        if first & 1 == 1 {
            return Some((at, u16::from(first), at + 1));
        }
        Some((at, view.u16(at)?, at + 2))
    }

    /// Hands over the header's fields.
    pub fn emit<'a>(view: &View<'a>, sink: &mut Sink<'a>) -> Option<()> {
        let (at, number, end) = protocol(view)?;
        if at == 2 {
            sink.unsigned(ADDRESS, 0..1, view.u8(0)?);
            sink.unsigned(CONTROL, 1..2, view.u8(1)?);
        }
        sink.unsigned(PROTOCOL, at..end, number);
        Some(())
    }
}
