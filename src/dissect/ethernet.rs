//! Ethernet II and 802.3 (IEEE 802.3 §3), 802.1Q and 802.1ad tags (IEEE 802.1Q §9), 802.2 LLC
//! with SNAP. Frame check sequences are shown and not verified.

use super::definition::{Definition, Given, NOTHING, Names};
use super::field::{Kind, Sink, Value};
use super::layer::{Protocol, View};
use super::{Packet, vendor};

/// What an Ethernet header's last two bytes name, from 0x0600 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EtherType(pub u16);

impl EtherType {
    /// IPv4.
    pub const IPV4: EtherType = EtherType(0x0800);
    /// ARP.
    pub const ARP: EtherType = EtherType(0x0806);
    /// Reverse ARP, which has ARP's form.
    pub const RARP: EtherType = EtherType(0x8035);
    /// 802.1Q tag.
    pub const VLAN: EtherType = EtherType(0x8100);
    /// IPv6.
    pub const IPV6: EtherType = EtherType(0x86dd);
    /// 802.1ad service tag.
    pub const QINQ: EtherType = EtherType(0x88a8);
    /// The tag number used before 802.1ad.
    pub const QINQ_OLD: EtherType = EtherType(0x9100);
}

crate::fields! {
    DST: "eth.dst", Kind::Ether, "Hardware address the frame is sent to.";
    ADDR: "eth.addr", Kind::Ether, "Either hardware address, destination first.";
    DST_RESOLVED: "eth.dst_resolved", Kind::Text, "Destination with the maker of the card in place of its number.";
    SRC_RESOLVED: "eth.src_resolved", Kind::Text, "Source with the maker of the card in place of its number.";
    ADDR_RESOLVED: "eth.addr_resolved", Kind::Text, "Either address with the maker of the card.";
    DST_OUI: "eth.dst.oui", Kind::Unsigned(24), "First three bytes of the destination: who made the card.";
    SRC_OUI: "eth.src.oui", Kind::Unsigned(24), "First three bytes of the source: who made the card.";
    ADDR_OUI: "eth.addr.oui", Kind::Unsigned(24), "First three bytes of either address.";
    DST_LG: "eth.dst.lg", Kind::Boolean, "Destination address was assigned locally, not by a maker.";
    LG: "eth.lg", Kind::Boolean, "Either address was assigned locally.";
    DST_IG: "eth.dst.ig", Kind::Boolean, "Destination is a group address (multicast or broadcast).";
    IG: "eth.ig", Kind::Boolean, "Either address is a group address.";
    SRC: "eth.src", Kind::Ether, "Hardware address the frame comes from.";
    SRC_LG: "eth.src.lg", Kind::Boolean, "Source address was assigned locally.";
    SRC_IG: "eth.src.ig", Kind::Boolean, "Source is a group address, which no sender may have.";
    TYPE: "eth.type", Kind::Hex(16), "EtherType: which protocol the frame carries (Ethernet II).";
    LEN: "eth.len", Kind::Unsigned(16), "Payload length in bytes (802.3 frames, values up to 1500).";
    PADDING: "eth.padding", Kind::Bytes, "Bytes that fill a short frame up to the minimum of 60.";
    TRAILER: "eth.trailer", Kind::Bytes, "Bytes after the payload that are no padding.";
    VLAN_TRAILER: "vlan.trailer", Kind::Bytes, "Bytes after the payload of a tagged frame that are no padding.";
    FCS: "eth.fcs", Kind::Hex(32), "Last four bytes of a frame that seems to have its check sequence.";
    FCS_STATUS: "eth.fcs.status", Kind::Unsigned(8), "2: not verified, as Wireshark does by default.";
}

/// Everything about Ethernet.
pub const DEFINITION: Definition = Definition {
    layers: &[("eth", "Ethernet II or 802.3.")],
    title: "Ethernet",
    fields: FIELDS,
    emit: |given, sink| {
        let tagged = given
            .packet
            .layers
            .as_slice()
            .iter()
            .any(|l| l.name == "vlan");
        emit(&given.view, sink, payload_end(given), tagged)
    },
    values: &[Names {
        fields: &[
            "eth.type",
            "vlan.etype",
            "sll.etype",
            "llc.type",
            "arp.proto.type",
        ],
        values: ETHERTYPES,
    }],
    ..NOTHING
};

const ETHERTYPES: &[(u64, &str)] = &[
    (0x0800, "IPv4"),
    (0x0806, "ARP"),
    (0x8035, "RARP"),
    (0x8100, "802.1Q Virtual LAN"),
    (0x86dd, "IPv6"),
    (0x8808, "MAC Control"),
    (0x8847, "MPLS label switched packet"),
    (0x8863, "PPPoE Discovery"),
    (0x8864, "PPPoE Session"),
    (0x888e, "802.1X Authentication"),
    (0x88a8, "802.1ad Provider Bridge (Q-in-Q)"),
    (0x88cc, "802.1 Link Layer Discovery Protocol (LLDP)"),
];

/// Where the network layer's own length ends.
fn payload_end(given: &Given<'_, '_>) -> Option<usize> {
    let layers = given.packet.layers.as_slice();
    let inner = layers.iter().find(|l| {
        matches!(
            l.protocol,
            Protocol::Ipv4 | Protocol::Ipv6 | Protocol::Arp | Protocol::Llc
        ) || l.name == "eapol"
    })?;
    let view = given.packet.view(inner);
    let length = match inner.protocol {
        Protocol::Arp => {
            let (hardware, protocol) = (u32::from(view.u8(4)?), u32::from(view.u8(5)?));
            let length = 8 + 2 * hardware + 2 * protocol;
            // Of one that is not all there, nothing is left over.
            (length <= inner.captured).then_some(length)?
        }
        Protocol::Other => (4 + u32::from(view.u16(2)?)).min(inner.captured),
        _ => inner.captured,
    };
    let end = inner
        .start
        .checked_add(length)?
        .checked_sub(given.layer.start)?;
    Some(super::as_usize(end))
}

/// Whether what stands behind the payload is taken for a trailer of another maker by Wireshark,
/// which then finds it malformed: zeros, and the first other byte seventh from the end.
pub fn odd_filling(packet: &Packet<'_>) -> bool {
    let layer = packet.layers.find(Protocol::Ethernet);
    let Some(given) = layer.map(|layer| Given::of(packet, layer, None)) else {
        return false;
    };
    payload_end(&given).is_some_and(|end| is_odd(&given.view, end))
}

fn is_odd(view: &View<'_>, end: usize) -> bool {
    let filling = view.bytes.get(end..).unwrap_or_default();
    if !(16..=24).contains(&filling.len()) {
        return false;
    }
    let (zeros, rest) = filling.split_at(filling.len() - 7);
    rest[0] != 0 && zeros.iter().all(|byte| *byte == 0)
}

/// Hands over the header's fields. `payload_end` is where the network layer's own length ends.
pub fn emit<'a>(
    view: &View<'a>,
    sink: &mut Sink<'a>,
    payload_end: Option<usize>,
    tagged: bool,
) -> Option<()> {
    let (dst, src): ([u8; 6], [u8; 6]) = (view.array(0)?, view.array(6)?);
    sink.put(DST, 0..6, Value::Ether(dst));
    sink.put(ADDR, 0..6, Value::Ether(dst));
    sink.boolean(DST_LG, 0..3, dst[0] & 2 != 0);
    sink.boolean(LG, 0..3, dst[0] & 2 != 0);
    sink.boolean(DST_IG, 0..3, dst[0] & 1 != 0);
    sink.boolean(IG, 0..3, dst[0] & 1 != 0);
    sink.put(SRC, 6..12, Value::Ether(src));
    sink.put(ADDR, 6..12, Value::Ether(src));
    sink.boolean(SRC_LG, 6..9, src[0] & 2 != 0);
    sink.boolean(LG, 6..9, src[0] & 2 != 0);
    sink.boolean(SRC_IG, 6..9, src[0] & 1 != 0);
    sink.boolean(IG, 6..9, src[0] & 1 != 0);
    for (at, mac, resolved, oui) in [
        (0, dst, DST_RESOLVED, DST_OUI),
        (6, src, SRC_RESOLVED, SRC_OUI),
    ] {
        for (name, number) in [(resolved, oui), (ADDR_RESOLVED, ADDR_OUI)] {
            if sink.wants(name) {
                sink.owned_text(name, at..at + 6, vendor::name(mac));
            }
            let maker = u32::from_be_bytes([0, mac[0], mac[1], mac[2]]);
            sink.unsigned(number, at..at + 3, maker);
        }
    }
    let kind = view.u16(12)?;
    // 0 is no length: Wireshark shows it as an unknown type.
    if kind > 1500 || kind == 0 {
        sink.unsigned(TYPE, 12..14, kind);
    } else {
        sink.unsigned(LEN, 12..14, kind);
    }
    if let Some(end) = payload_end {
        trailer(view, sink, end, !tagged);
    }
    Some(())
}

/// Least length of a frame without its check sequence.
const SHORTEST: usize = 60;

/// What stands behind the payload, as Wireshark reads it: zeros that fill a frame up to 60 bytes,
/// a trailer, and, where the frame is long enough to have one, the check sequence. In a tagged
/// frame it belongs to the tag, and no check sequence is looked for.
fn trailer<'a>(view: &View<'a>, sink: &mut Sink<'a>, end: usize, untagged: bool) {
    let captured = view.bytes.len();
    if end >= captured || is_odd(view, end) {
        return;
    }
    let fills = view.bytes.get(end..SHORTEST.max(end));
    let padded = end < SHORTEST && fills.is_some_and(|fill| fill.iter().all(|b| *b == 0));
    let from = if padded { SHORTEST } else { end };
    if padded {
        sink.bytes(PADDING, end..from, &view.bytes[end..from]);
    }
    let mut to = captured;
    let checked = untagged && view.reported >= 64 && view.reported >= from + 4;
    if checked {
        to = to.min(view.reported - 4);
    }
    if from < to {
        let index = if untagged { TRAILER } else { VLAN_TRAILER };
        sink.bytes(index, from..to, &view.bytes[from..to]);
    }
    if checked && let Some(sum) = view.u32(to).filter(|_| captured == view.reported) {
        sink.unsigned(FCS, to..to + 4, sum);
        sink.unsigned(FCS_STATUS, to..to + 4, 2u8);
    }
}

/// 802.1Q and 802.1ad tags.
pub mod vlan {
    use super::{Definition, Kind, NOTHING, Sink, View};

    crate::fields! {
        PRIORITY: "vlan.priority", Kind::Unsigned(8), "Priority code point, 0 to 7.";
        DEI: "vlan.dei", Kind::Boolean, "Drop eligible indicator.";
        ID: "vlan.id", Kind::Unsigned(16), "Virtual LAN the frame belongs to.";
        ETYPE: "vlan.etype", Kind::Hex(16), "EtherType of what follows the tag.";
        LEN: "vlan.len", Kind::Unsigned(16), "Payload length, when an 802.3 frame was tagged.";
        AD_PRIORITY: "ieee8021ad.priority", Kind::Unsigned(8), "Priority code point of a service tag.";
        AD_DEI: "ieee8021ad.dei", Kind::Unsigned(8), "Drop eligible indicator of a service tag.";
        AD_ID: "ieee8021ad.id", Kind::Unsigned(16), "Virtual LAN of a service tag (802.1ad).";
    }

    /// Everything about tags.
    pub const DEFINITION: Definition = Definition {
        layers: &[
            ("vlan", "Tag of a virtual LAN (802.1Q)."),
            ("ieee8021ad", "Service tag of a virtual LAN (802.1ad)."),
        ],
        title: "VLAN",
        fields: FIELDS,
        emit: |given, sink| match given.layer.name {
            "ieee8021ad" => emit_service(&given.view, sink),
            _ => emit(&given.view, sink),
        },
        ..NOTHING
    };

    /// Hands over the fields of a service tag (802.1ad), which have names of their own.
    pub fn emit_service<'a>(view: &View<'a>, sink: &mut Sink<'a>) -> Option<()> {
        let tag = view.u16(0)?;
        sink.unsigned(AD_PRIORITY, 0..2, tag >> 13);
        sink.unsigned(AD_DEI, 0..2, tag >> 12 & 1);
        sink.unsigned(AD_ID, 0..2, tag & 0x0fff);
        Some(())
    }

    /// Hands over the tag's fields.
    pub fn emit<'a>(view: &View<'a>, sink: &mut Sink<'a>) -> Option<()> {
        let tag = view.u16(0)?;
        sink.unsigned(PRIORITY, 0..2, tag >> 13);
        sink.boolean(DEI, 0..2, tag & 0x1000 != 0);
        sink.unsigned(ID, 0..2, tag & 0x0fff);
        let kind = view.u16(2)?;
        sink.unsigned(if kind > 1500 { ETYPE } else { LEN }, 2..4, kind);
        Some(())
    }
}

/// 802.2 logical link control.
pub mod llc {
    use super::{Definition, Kind, NOTHING, Sink, View};

    crate::fields! {
        DSAP: "llc.dsap", Kind::Hex(8), "Destination service access point.";
        SSAP: "llc.ssap", Kind::Hex(8), "Source service access point.";
        CONTROL: "llc.control", Kind::Hex(16), "Control field; 0x03 is unnumbered information.";
        OUI: "llc.oui", Kind::Unsigned(24), "SNAP: organization that defines the protocol number.";
        TYPE: "llc.type", Kind::Hex(16), "SNAP: EtherType of what follows.";
        PID: "llc.pid", Kind::Hex(16), "SNAP: protocol number of another organization.";
    }

    /// Everything about LLC.
    pub const DEFINITION: Definition = Definition {
        layers: &[("llc", "Logical link control (802.2).")],
        title: "LLC",
        fields: FIELDS,
        emit: |given, sink| emit(&given.view, sink),
        ..NOTHING
    };

    /// Hands over the header's fields.
    pub fn emit<'a>(view: &View<'a>, sink: &mut Sink<'a>) -> Option<()> {
        sink.unsigned(DSAP, 0..1, view.u8(0)?);
        sink.unsigned(SSAP, 1..2, view.u8(1)?);
        let control = view.u8(2)?;
        let unnumbered = control & 3 == 3;
        if unnumbered {
            sink.unsigned(CONTROL, 2..3, control);
        } else if let Some(low) = view.u8(3) {
            sink.unsigned(CONTROL, 2..4, u16::from_le_bytes([control, low]));
        }
        if view.u8(0)? == 0xaa && view.u8(1)? == 0xaa && unnumbered {
            let oui: [u8; 3] = view.array(3)?;
            sink.unsigned(OUI, 3..6, u32::from_be_bytes([0, oui[0], oui[1], oui[2]]));
            let number = view.u16(6)?;
            sink.unsigned(if oui == [0; 3] { TYPE } else { PID }, 6..8, number);
        }
        Some(())
    }
}
