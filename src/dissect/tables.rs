//! All protocols and all their fields, and one way to read any layer.

use super::field::{Field, Sink};
use super::layer::{Layer, Protocol, Source};
use super::tcp::Numbers;
use super::{
    Packet, arp, cooked, data, dhcp, dns, ethernet, frame, http, icmp, icmpv6, ipv4, ipv6, tcp,
    tls, udp,
};

/// Wireshark's names of protocols that can be asked for as a whole, each with a sentence.
pub const PROTOCOLS: &[(&str, &str)] = &[
    ("frame", "The frame as recorded; every frame is one."),
    ("eth", "Ethernet II or 802.3."),
    ("vlan", "Tag of a virtual LAN (802.1Q)."),
    ("ieee8021ad", "Service tag of a virtual LAN (802.1ad)."),
    ("chdlc", "Cisco HDLC."),
    ("arcnet", "ARCNET."),
    ("cfp", "Cisco FabricPath."),
    ("fddi", "Fiber distributed data interface."),
    ("llc", "Logical link control (802.2)."),
    ("sll", "Linux cooked capture, as of the interface `any`."),
    ("null", "BSD loopback."),
    ("raw", "IP without a link layer."),
    ("ppp", "Point-to-point protocol."),
    ("arp", "Address resolution protocol."),
    ("ip", "Internet protocol version 4."),
    ("ipv6", "Internet protocol version 6."),
    ("icmp", "Internet control message protocol."),
    ("icmpv6", "ICMP for IPv6, with neighbour discovery."),
    ("udp", "User datagram protocol."),
    ("tcp", "Transmission control protocol."),
    ("dhcp", "Dynamic host configuration protocol, and BOOTP."),
    ("dns", "Domain name system."),
    ("mdns", "Multicast DNS."),
    ("llmnr", "Link-local multicast name resolution."),
    ("http", "Hypertext transfer protocol 1.x."),
    ("tls", "Transport layer security."),
    (
        "ssdp",
        "Simple service discovery protocol: HTTP in datagrams.",
    ),
    ("data", "Bytes that no protocol claims."),
    (
        "_ws.malformed",
        "A header contradicts itself or promises more than the frame had.",
    ),
    (
        "_ws.short",
        "The capture holds only the beginning of what a header promises.",
    ),
    (
        "igmp",
        "Internet group management protocol (named, not decoded).",
    ),
    ("gre", "Generic routing encapsulation (named, not decoded)."),
    ("esp", "Encrypted IP payload (named, not decoded)."),
    ("ah", "Authenticated IP payload (named, not decoded)."),
    (
        "sctp",
        "Stream control transmission protocol (named, not decoded).",
    ),
    (
        "dccp",
        "Datagram congestion control protocol (named, not decoded).",
    ),
    ("ospf", "Open shortest path first (named, not decoded)."),
    (
        "eigrp",
        "Cisco's interior routing protocol (named, not decoded).",
    ),
    (
        "pim",
        "Protocol independent multicast (named, not decoded).",
    ),
    (
        "vrrp",
        "Virtual router redundancy protocol (named, not decoded).",
    ),
    (
        "rsvp",
        "Resource reservation protocol (named, not decoded).",
    ),
    (
        "l2tp",
        "Layer two tunnelling protocol (named, not decoded).",
    ),
    ("udplite", "Lightweight UDP (named, not decoded)."),
    (
        "pppoed",
        "PPP over Ethernet, discovery (named, not decoded).",
    ),
    ("pppoes", "PPP over Ethernet, session (named, not decoded)."),
    ("mpls", "Label switching (named, not decoded)."),
    ("eapol", "802.1X authentication (named, not decoded)."),
    (
        "lldp",
        "Link layer discovery protocol (named, not decoded).",
    ),
    ("macsec", "Encrypted Ethernet (named, not decoded)."),
    ("loop", "Ethernet configuration test (named, not decoded)."),
    (
        "slow",
        "802.3 slow protocols, such as link aggregation (named, not decoded).",
    ),
    ("stp", "Spanning tree protocol (named, not decoded)."),
    ("ipx", "Novell's network layer (named, not decoded)."),
];

/// Every protocol with its fields.
pub const TABLES: &[(Protocol, &[Field])] = &[
    (Protocol::Frame, frame::FIELDS),
    (Protocol::Ethernet, ethernet::FIELDS),
    (Protocol::Vlan, ethernet::vlan::FIELDS),
    (Protocol::Llc, ethernet::llc::FIELDS),
    (Protocol::Sll, cooked::FIELDS),
    (Protocol::Null, cooked::null::FIELDS),
    (Protocol::Ppp, cooked::ppp::FIELDS),
    (Protocol::Arp, arp::FIELDS),
    (Protocol::Ipv4, ipv4::FIELDS),
    (Protocol::Ipv6, ipv6::FIELDS),
    (Protocol::Icmp, icmp::FIELDS),
    (Protocol::Icmpv6, icmpv6::FIELDS),
    (Protocol::Udp, udp::FIELDS),
    (Protocol::Tcp, tcp::FIELDS),
    (Protocol::Dhcp, dhcp::FIELDS),
    (Protocol::Dns, dns::FIELDS),
    (Protocol::Mdns, dns::FIELDS),
    (Protocol::Llmnr, dns::FIELDS),
    (Protocol::Http, http::FIELDS),
    (Protocol::Tls, tls::FIELDS),
    (Protocol::Data, data::FIELDS),
];

/// Hands over the fields of a packet's layer, as far as its bytes go. Those of the frame itself
/// need more than the packet; see [`frame::emit`].
pub fn emit<'a>(
    packet: &Packet<'a>,
    layer: &Layer,
    numbers: Option<Numbers>,
    sink: &mut Sink<'a>,
) -> Option<()> {
    let view = packet.view(layer);
    match layer.protocol {
        Protocol::Ethernet => {
            let tagged = packet.layers.as_slice().iter().any(|l| l.name == "vlan");
            ethernet::emit(&view, sink, payload_end(packet, layer), tagged)
        }
        Protocol::Vlan if layer.name == "ieee8021ad" => ethernet::vlan::emit_service(&view, sink),
        Protocol::Vlan => ethernet::vlan::emit(&view, sink),
        Protocol::Llc => ethernet::llc::emit(&view, sink),
        Protocol::Sll if layer.name == "sll2" => cooked::emit_version2(&view, sink),
        Protocol::Sll => cooked::emit_version1(&view, sink),
        Protocol::Null => cooked::null::emit(&view, sink),
        Protocol::Ppp => cooked::ppp::emit(&view, sink),
        Protocol::Arp => arp::emit(&view, sink),
        Protocol::Ipv4 => ipv4::emit(&view, sink),
        Protocol::Ipv6 => ipv6::emit(&view, sink),
        Protocol::Icmp => icmp::emit(&view, packet.frame.time, sink),
        Protocol::Icmpv6 => icmpv6::emit(&view, sink),
        Protocol::Udp => udp::emit(&view, sink),
        Protocol::Tcp if layer.quoted && packet.layers.find(Protocol::Icmp).is_some() => {
            tcp::emit_quoted(&view, sink)
        }
        Protocol::Tcp => {
            let fragment = packet.ip.is_some_and(|ip| ip.is_fragment());
            let whole = !(layer.quoted || fragment && layer.source == Source::Frame);
            tcp::emit(&view, sink, whole, numbers)
        }
        Protocol::Dhcp => dhcp::emit(&view, sink),
        Protocol::Dns | Protocol::Mdns | Protocol::Llmnr => dns::emit(&view, layer.protocol, sink),
        Protocol::Http => http::emit(&view, sink).map(|_| ()),
        Protocol::Data => data::emit(&view, sink),
        _ => Some(()),
    }
}

/// Where the network layer's own length ends, in an Ethernet frame.
fn payload_end(packet: &Packet<'_>, ethernet: &Layer) -> Option<usize> {
    let inner = packet.layers.as_slice().iter().find(|l| {
        matches!(
            l.protocol,
            Protocol::Ipv4 | Protocol::Ipv6 | Protocol::Arp | Protocol::Llc
        ) || l.name == "eapol"
    })?;
    let view = packet.view(inner);
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
        .checked_sub(ethernet.start)?;
    Some(super::as_usize(end))
}
