//! The list of all protocols, one line each; everything else about a protocol is in the
//! [`Definition`] of its own file.

use super::definition::{Definition, Given};
use super::field::Sink;
use super::layer::Layer;
use super::tcp::Numbers;
use super::{
    Packet, arp, cdp, cooked, data, dhcp, dhcpv6, dns, ethernet, frame, ftp, http, icmp, icmpv6,
    igmp, imap, ipv4, ipv6, lldp, named, nbns, ntp, ospf, pop, rip, smtp, snmp, ssh, stp, tcp,
    telnet, tftp, tls, udp,
};

macro_rules! protocols {
    ($($protocol:ident: $definition:path;)*) => {
        /// Every protocol that has a layer of its own, in no order that matters.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "each is explained by its definition")]
        #[repr(u8)]
        pub enum Protocol { $($protocol),* }

        /// Every protocol with its definition.
        pub static DEFINITIONS: &[(Protocol, Definition)] =
            &[$((Protocol::$protocol, $definition)),*];
    };
}

protocols! {
    Frame: frame::DEFINITION;
    Ethernet: ethernet::DEFINITION;
    Vlan: ethernet::vlan::DEFINITION;
    Llc: ethernet::llc::DEFINITION;
    Sll: cooked::DEFINITION;
    Null: cooked::null::DEFINITION;
    Raw: cooked::RAW;
    Ppp: cooked::ppp::DEFINITION;
    Arp: arp::DEFINITION;
    Ipv4: ipv4::DEFINITION;
    Ipv6: ipv6::DEFINITION;
    Icmp: icmp::DEFINITION;
    Icmpv6: icmpv6::DEFINITION;
    Udp: udp::DEFINITION;
    Tcp: tcp::DEFINITION;
    Dhcp: dhcp::DEFINITION;
    Dns: dns::DEFINITION;
    Mdns: dns::MULTICAST;
    Llmnr: dns::LINK_LOCAL;
    Http: http::DEFINITION;
    Tls: tls::DEFINITION;
    Ftp: ftp::DEFINITION;
    FtpData: ftp::DATA;
    Smtp: smtp::DEFINITION;
    Telnet: telnet::DEFINITION;
    Ssh: ssh::DEFINITION;
    Pop: pop::DEFINITION;
    Imap: imap::DEFINITION;
    Ntp: ntp::DEFINITION;
    Tftp: tftp::DEFINITION;
    Igmp: igmp::DEFINITION;
    Stp: stp::DEFINITION;
    Snmp: snmp::DEFINITION;
    Nbns: nbns::DEFINITION;
    Rip: rip::DEFINITION;
    Ospf: ospf::DEFINITION;
    Lldp: lldp::DEFINITION;
    Cdp: cdp::DEFINITION;
    Dhcpv6: dhcpv6::DEFINITION;
    Data: data::DEFINITION;
    Other: named::DEFINITION;
}

/// What can be asked of a frame as if it were a protocol: why its dissection ended.
pub const MARKS: &[(&str, &str)] = &[
    (
        "_ws.malformed",
        "A header contradicts itself or promises more than the frame had.",
    ),
    (
        "_ws.short",
        "The capture holds only the beginning of what a header promises.",
    ),
];

/// Hands over the fields of a packet's layer, as far as its bytes go. Those of the frame itself
/// need more than the packet; see [`frame::emit`].
pub fn emit<'a>(
    packet: &Packet<'a>,
    layer: &Layer,
    numbers: Option<Numbers>,
    sink: &mut Sink<'a>,
) -> Option<()> {
    let given = Given::of(packet, layer, numbers);
    (layer.protocol.definition().emit)(&given, sink)
}

/// What IP carries under this number, and the name of its layer.
pub(super) fn by_ip(number: u8) -> (Protocol, &'static str) {
    let mut decoded = DEFINITIONS.iter();
    match decoded.find(|(_, d)| d.found.ip.contains(&number)) {
        Some((protocol, _)) => (*protocol, protocol.name()),
        None => named::by_ip(number).map_or((Protocol::Data, "data"), |n| (Protocol::Other, n)),
    }
}

/// What Ethernet carries under this number, and the name of its layer.
pub(super) fn by_ether_type(number: u16) -> (Protocol, &'static str) {
    let mut decoded = DEFINITIONS.iter();
    match decoded.find(|(_, d)| d.found.ethernet.contains(&number)) {
        Some((protocol, _)) => (*protocol, protocol.name()),
        None => {
            let name = named::by_ether_type(number);
            name.map_or((Protocol::Data, "data"), |n| (Protocol::Other, n))
        }
    }
}
