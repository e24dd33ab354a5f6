//! From header to header: which layer follows which, and how far each reaches.

mod carried;
mod control;
mod links;
mod tunnels;
mod usual;

pub(crate) use usual::Usual;

use super::ethernet::EtherType;
use super::layer::{Layer, Protocol, Source, View};
use super::tcp::Segment;
use super::{Datagram, Ip, Packet, Payload, Stop, Transport, as_u32};
use super::{http, ipv6, ports, tables};
use crate::capture::LinkType;
use etherparse::{
    Ethernet2HeaderSlice, Ipv4HeaderSlice, Ipv6HeaderSlice, SingleVlanHeaderSlice, TcpHeaderSlice,
    UdpHeaderSlice,
};

use carried::{configuration_test, only_named, sctp};
use control::control;
use links::{arcnet, can, cisco_hdlc, fddi, llc, null, ppp, sll};
use tunnels::{gre, gtp, inside, mpls, pppoe, vxlan};

/// A stretch of bytes still to be taken apart.
#[derive(Clone, Copy)]
struct Rest<'a> {
    /// Those that were captured.
    bytes: &'a [u8],
    source: Source,
    /// Where they begin in the source.
    start: u32,
    /// Bytes promised from there on.
    reported: u32,
    quoted: bool,
    /// Part of a datagram that is not whole.
    partial: bool,
    depth: u8,
}

impl<'a> Rest<'a> {
    fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    fn view(&self) -> View<'a> {
        View {
            bytes: self.bytes,
            reported: super::as_usize(self.reported),
            quoted: self.quoted,
        }
    }

    /// What follows a header of this length.
    fn after(&self, header: usize) -> Rest<'a> {
        let captured = header.min(self.bytes.len());
        Rest {
            bytes: &self.bytes[captured..],
            start: self.start + as_u32(captured),
            reported: self.reported.saturating_sub(as_u32(header)),
            ..*self
        }
    }

    /// The same, not longer than `reported`.
    fn limit(&self, reported: usize) -> Rest<'a> {
        Rest {
            reported: self.reported.min(as_u32(reported)),
            bytes: &self.bytes[..self.bytes.len().min(reported)],
            ..*self
        }
    }

    fn layer(&self, protocol: Protocol, name: &'static str) -> Layer {
        Layer {
            protocol,
            name,
            quoted: self.quoted,
            source: self.source,
            start: self.start,
            captured: as_u32(self.bytes.len()),
            reported: self.reported,
        }
    }

    /// Why a header of `length` bytes is not there: the capture or the packet.
    fn missing(&self, length: usize) -> Stop {
        if super::as_usize(self.reported) < length {
            Stop::Malformed
        } else {
            Stop::Snapped
        }
    }
}

/// Walks a frame from its link layer.
#[inline]
pub(super) fn frame(packet: &mut Packet<'_>) {
    match Usual::read(&packet.frame) {
        Some(usual) => usual.fill(packet),
        None => any_frame(packet),
    }
}

/// Walks a frame, whatever it is.
fn any_frame(packet: &mut Packet<'_>) {
    let rest = Rest {
        bytes: packet.frame.bytes,
        source: Source::Frame,
        start: 0,
        reported: packet
            .frame
            .wire_length
            .max(as_u32(packet.frame.bytes.len())),
        quoted: false,
        partial: false,
        depth: 0,
    };
    match packet.frame.link {
        LinkType::ETHERNET => ethernet(packet, rest),
        LinkType::LINUX_SLL => sll(packet, rest, false),
        LinkType::LINUX_SLL2 => sll(packet, rest, true),
        LinkType::ARCNET_LINUX => arcnet(packet, rest),
        LinkType::C_HDLC => cisco_hdlc(packet, rest),
        LinkType::FDDI => fddi(packet, rest),
        LinkType::NULL | LinkType::LOOP => null(packet, rest),
        LinkType::PPP | LinkType::PPP_HDLC => ppp(packet, rest),
        LinkType::IPV4 | LinkType::IPV6 => by_version(packet, rest),
        LinkType::CAN_SOCKETCAN => can(packet, rest, u32::from_be_bytes),
        LinkType::RAW | LinkType::RAW_BSD | LinkType::RAW_OPENBSD => {
            packet.layers.push(rest.layer(Protocol::Raw, "raw"));
            by_version(packet, rest);
        }
        _ => {}
    }
}

/// Walks the payload of a datagram that was put together from fragments.
pub(super) fn datagram<'a>(packet: &mut Packet<'a>, bytes: &'a [u8]) {
    let Some(ip) = packet.ip else { return };
    // What was one piece of it is no longer just bytes.
    packet.layers.drop_data();
    let rest = Rest {
        bytes,
        source: Source::Datagram,
        start: 0,
        reported: as_u32(bytes.len()),
        quoted: false,
        partial: false,
        depth: 1,
    };
    transport(packet, rest, ip.protocol, ip.source.is_ipv6());
}

fn stop(packet: &mut Packet<'_>, why: Stop) {
    packet.stop.get_or_insert(why);
}

#[inline]
fn ethernet<'a>(packet: &mut Packet<'a>, rest: Rest<'a>) {
    if rest.view().u16(12) == Some(FABRIC_PATH) && packet.layers.as_slice().is_empty() {
        // Cisco FabricPath: sixteen bytes before the frame proper, and a check sequence behind.
        packet.layers.push(rest.layer(Protocol::Other, "cfp"));
        let inner = rest.after(16);
        return ethernet(
            packet,
            inner.limit(super::as_usize(inner.reported).saturating_sub(4)),
        );
    }
    packet.layers.push(rest.layer(Protocol::Ethernet, "eth"));
    let Ok(header) = Ethernet2HeaderSlice::from_slice(rest.bytes()) else {
        return stop(packet, rest.missing(14));
    };
    packet.macs = Some((header.destination(), header.source()));
    let number = header.ether_type().0;
    ether_type(packet, rest.after(14), number);
}

/// Goes on by EtherType, or by length for 802.3.
#[inline(always)]
fn ether_type<'a>(packet: &mut Packet<'a>, mut rest: Rest<'a>, mut number: u16) {
    // Three tags are more than any network stacks.
    for _ in 0..8 {
        match EtherType(number) {
            EtherType::VLAN | EtherType::QINQ | EtherType::QINQ_OLD => {
                let service = EtherType(number) == EtherType::QINQ;
                let name = if service { "ieee8021ad" } else { "vlan" };
                packet.layers.push(rest.layer(Protocol::Vlan, name));
                let Ok(tag) = SingleVlanHeaderSlice::from_slice(rest.bytes()) else {
                    return stop(packet, rest.missing(4));
                };
                number = tag.ether_type().0;
                rest = rest.after(4);
            }
            EtherType(VN_TAG) => {
                packet.layers.push(rest.layer(Protocol::Other, "vntag"));
                let Some(next) = rest.view().u16(4) else {
                    return stop(packet, rest.missing(6));
                };
                number = next;
                rest = rest.after(6);
            }
            _ => break,
        }
    }
    match EtherType(number) {
        EtherType::IPV4 => ipv4(packet, rest),
        EtherType::IPV6 => ipv6(packet, rest),
        EtherType::ARP | EtherType::RARP => {
            // RFC 2225: another protocol, under ARP's number.
            if rest.view().u16(0) == Some(19) {
                packet.layers.push(rest.layer(Protocol::Other, "atmarp"));
                // Twelve bytes with the lengths of what follows; of numbers, without their kind.
                let view = rest.view();
                let lengths = [4, 5, 8, 9, 10, 11].map(|at| view.u8(at).unwrap_or(0));
                let [source, below, own, target, behind, asked] = lengths.map(usize::from);
                let all = [
                    source & 63,
                    below & 63,
                    own,
                    target & 63,
                    behind & 63,
                    asked,
                ];
                let length = 12 + all.iter().sum::<usize>();
                if rest.bytes().len() < length {
                    stop(packet, rest.missing(length));
                }
                return;
            }
            packet.layers.push(rest.layer(Protocol::Arp, "arp"));
            if rest.bytes().len() < 28 {
                stop(packet, rest.missing(28));
            }
        }
        EtherType(1..=1500) => llc(packet, rest.limit(usize::from(number))),
        EtherType(0x8847 | 0x8848) => mpls(packet, rest),
        EtherType(0x8864) => pppoe(packet, rest),
        // Neither a length nor a type.
        EtherType(1501..=1535) => {}
        other => {
            let (protocol, name) = tables::by_ether_type(other.0);
            packet.layers.push(rest.layer(protocol, name));
            if name == "loop" {
                configuration_test(packet, rest);
            }
        }
    }
}

const FABRIC_PATH: u16 = 0x8903;
/// A tag between a switch and what extends it; four bytes, then an EtherType.
const VN_TAG: u16 = 0x8926;

fn by_version<'a>(packet: &mut Packet<'a>, rest: Rest<'a>) {
    match rest.bytes().first().map(|b| b >> 4) {
        Some(4) => ipv4(packet, rest),
        Some(6) => ipv6(packet, rest),
        _ => {}
    }
}

#[inline(always)]
fn ipv4<'a>(packet: &mut Packet<'a>, rest: Rest<'a>) {
    // Some captures carry IPv6 under IPv4's number; the version field decides, as in Wireshark.
    if rest.bytes().first().is_some_and(|b| b >> 4 == 6) {
        return ipv6(packet, rest);
    }
    let Ok(header) = Ipv4HeaderSlice::from_slice(rest.bytes()) else {
        packet.layers.push(rest.layer(Protocol::Ipv4, "ip"));
        let broken = rest
            .bytes()
            .first()
            .is_some_and(|b| b >> 4 != 4 || b & 15 < 5);
        return stop(
            packet,
            if broken {
                Stop::Malformed
            } else {
                rest.missing(20)
            },
        );
    };
    let length = header.slice().len();
    let total = usize::from(header.total_len());
    // Total length 0 is segmentation offload: the frame's own length counts.
    let (bounded, malformed) = match total {
        0 => (rest, false),
        n if n < length => (rest.limit(length), true),
        n => (rest.limit(n), as_u32(n) > rest.reported),
    };
    packet.layers.push(bounded.layer(Protocol::Ipv4, "ip"));
    let after = bounded.after(length);
    let summary = Ip {
        source: header.source_addr().into(),
        destination: header.destination_addr().into(),
        ttl: header.ttl(),
        protocol: header.protocol().0,
        identification: u32::from(header.identification()),
        fragment_offset: u32::from(header.fragments_offset().value()) * 8,
        more_fragments: header.more_fragments(),
        stated_length: u32::from(header.total_len()),
        start: rest.start,
        payload_start: after.start,
        payload_captured: as_u32(after.bytes.len()),
        payload_reported: after.reported,
    };
    if malformed && total < length {
        if !rest.quoted && packet.ip.is_none() {
            packet.ip = Some(summary);
        }
        return stop(packet, Stop::Malformed);
    }
    network_payload(packet, after, summary);
}

fn ipv6<'a>(packet: &mut Packet<'a>, rest: Rest<'a>) {
    let Ok(header) = Ipv6HeaderSlice::from_slice(rest.bytes()) else {
        packet.layers.push(rest.layer(Protocol::Ipv6, "ipv6"));
        return stop(packet, rest.missing(40));
    };
    let stated = usize::from(header.payload_length());
    // Only a jumbogram's length stands elsewhere, behind the header (RFC 2675).
    let jumbogram = stated == 0 && header.next_header().0 == 0;
    let bounded = if jumbogram {
        rest
    } else {
        rest.limit(stated + 40)
    };
    packet.layers.push(bounded.layer(Protocol::Ipv6, "ipv6"));
    let Some(chain) = ipv6::chain(&bounded.view()) else {
        return stop(packet, bounded.missing(48));
    };
    let after = bounded.after(chain.length);
    let fragment = chain.fragment;
    let summary = Ip {
        source: header.source_addr().into(),
        destination: header.destination_addr().into(),
        ttl: header.hop_limit(),
        protocol: chain.next,
        identification: fragment.map_or(0, |f| f.identification),
        fragment_offset: fragment.map_or(0, |f| f.offset),
        more_fragments: fragment.is_some_and(|f| f.more),
        stated_length: as_u32(stated + 40),
        start: rest.start,
        payload_start: after.start,
        payload_captured: as_u32(after.bytes.len()),
        payload_reported: after.reported,
    };
    if chain.cut {
        // Who sent it is known, what it carries is not.
        if packet.ip.is_none() && !rest.quoted {
            packet.ip = Some(summary);
        }
        return stop(packet, bounded.missing(chain.length + 8));
    }
    network_payload(packet, after, summary);
}

/// Goes on above IP, unless the rest is a piece that must wait for the others.
#[inline(always)]
fn network_payload<'a>(packet: &mut Packet<'a>, after: Rest<'a>, ip: Ip) {
    let outermost = packet.ip.is_none() && !after.quoted;
    if outermost {
        packet.ip = Some(ip);
    }
    let mut after = after;
    if ip.is_fragment() {
        // A piece cut short by the capture cannot be put together; its first part is readable.
        let stated = ip.stated_length.saturating_sub(ip.payload_start - ip.start);
        let whole = ip.payload_captured >= ip.payload_reported.max(stated);
        if ip.fragment_offset > 0 || (whole && !after.quoted) {
            packet.layers.push(after.layer(Protocol::Data, "data"));
            return;
        }
        after.partial = true;
    }
    transport(packet, after, ip.protocol, ip.source.is_ipv6());
}

#[inline(always)]
fn transport<'a>(packet: &mut Packet<'a>, rest: Rest<'a>, protocol: u8, v6: bool) {
    if rest.depth > 4 {
        return;
    }
    match protocol {
        6 => tcp(packet, rest),
        17 => udp(packet, rest),
        1 if !v6 => control(packet, rest, false),
        58 if v6 => control(packet, rest, true),
        59 => {}
        4 | 41 if !rest.quoted => inside(packet, rest, by_version),
        4 | 41 => {}
        47 if !rest.quoted => gre(packet, rest),
        _ => {
            let (protocol, name) = tables::by_ip(protocol);
            if rest.reported > 0 || protocol != Protocol::Data {
                packet.layers.push(rest.layer(protocol, name));
            }
            if name == "sctp" {
                sctp(packet, rest);
            }
        }
    }
}

/// Says that a header of `length` bytes is not whole. An error may quote as little as it likes: of
/// what it quotes, only what the capture cut is said.
fn short(packet: &mut Packet<'_>, rest: &Rest<'_>, length: usize) {
    let why = rest.missing(length);
    let cut = rest.bytes().len() < length && why == Stop::Snapped;
    if cut || !rest.quoted {
        stop(packet, why);
    }
}

#[inline(always)]
fn tcp<'a>(packet: &mut Packet<'a>, rest: Rest<'a>) {
    packet.layers.push(rest.layer(Protocol::Tcp, "tcp"));
    let view = rest.view();
    // An ICMP error need not quote more than eight bytes (RFC 792), one of IPv6 as many as fit.
    let eight = rest.quoted && matches!(packet.transport, Transport::Icmp(_));
    // Checksum and urgent pointer may be missing: what identifies a segment is before them.
    let Some(fixed) = view.array::<16>(0) else {
        short(packet, &rest, if eight { 8 } else { 20 });
        return;
    };
    let header_length = (fixed[12] >> 4) * 4;
    let header = usize::from(header_length);
    let segment = match TcpHeaderSlice::from_slice(rest.bytes()) {
        Ok(slice) => Segment {
            source_port: slice.source_port(),
            destination_port: slice.destination_port(),
            seq: slice.sequence_number(),
            ack: slice.acknowledgment_number(),
            flags: u16::from_be_bytes([fixed[12], fixed[13]]) & 0x0fff,
            window: slice.window_size(),
            header_length,
            length: None,
        },
        // A header shorter than 20, or cut short in its options: the fixed part is readable.
        Err(_) => Segment {
            source_port: view.u16(0).unwrap_or_default(),
            destination_port: view.u16(2).unwrap_or_default(),
            seq: view.u32(4).unwrap_or_default(),
            ack: view.u32(8).unwrap_or_default(),
            flags: view.u16(12).unwrap_or_default() & 0x0fff,
            window: view.u16(14).unwrap_or_default(),
            header_length,
            length: None,
        },
    };
    let whole = !rest.partial && !rest.quoted;
    let length = if whole {
        rest.reported.checked_sub(u32::from(header_length))
    } else {
        None
    };
    if !rest.quoted && (header < 20 || (whole && length.is_none())) {
        stop(packet, Stop::Malformed);
    } else if rest.bytes().len() < header && !eight {
        short(packet, &rest, header);
    }
    let after = rest.after(header.max(20));
    if !rest.quoted {
        packet.transport = Transport::Tcp(Segment { length, ..segment });
        packet.payload = payload(&after);
    }
}

fn udp<'a>(packet: &mut Packet<'a>, rest: Rest<'a>) {
    let stated = UdpHeaderSlice::from_slice(rest.bytes())
        .map(|h| (h.source_port(), h.destination_port(), h.length()));
    let Ok((source_port, destination_port, stated_length)) = stated else {
        packet.layers.push(rest.layer(Protocol::Udp, "udp"));
        return stop(packet, rest.missing(8));
    };
    let bounded = if stated_length >= 8 {
        rest.limit(usize::from(stated_length))
    } else {
        rest
    };
    packet.layers.push(bounded.layer(Protocol::Udp, "udp"));
    if stated_length != 0
        && (stated_length < 8
            || (u32::from(stated_length) > rest.reported && !rest.partial && !rest.quoted))
    {
        stop(packet, Stop::Malformed);
    }
    let above = bounded.after(8);
    if !rest.quoted {
        packet.transport = Transport::Udp(Datagram {
            source_port,
            destination_port,
            stated_length,
        });
        packet.payload = payload(&above);
    }
    if above.reported == 0 {
        return;
    }
    let application = ports::udp_protocol(source_port, destination_port).or_else(|| {
        ports::looks_like_dns(source_port, destination_port, above.bytes()).then_some(Protocol::Dns)
    });
    if !rest.quoted {
        packet.application = application;
    }
    if above.bytes.is_empty() && !rest.quoted {
        return stop(packet, Stop::Snapped);
    }
    match (rest.quoted, source_port, destination_port) {
        (false, _, 4789) | (false, 4789, _) => return vxlan(packet, above),
        (false, _, 2152) | (false, 2152, _) => return gtp(packet, above),
        _ => {}
    }
    // SSDP is HTTP in datagrams.
    if source_port == http::SSDP || destination_port == http::SSDP {
        packet.layers.push(above.layer(Protocol::Http, "ssdp"));
        return;
    }
    let named = match application {
        Some(_) => None,
        None => ports::names::udp(source_port, destination_port)
            .or_else(|| ports::names::by_content(above.bytes())),
    };
    let (protocol, name) = match (application, named) {
        (Some(protocol), _) => (protocol, protocol.name()),
        (None, Some(name)) => return only_named(packet, &above, name),
        (None, None) => (Protocol::Data, "data"),
    };
    packet.layers.push(above.layer(protocol, name));
}

fn payload(rest: &Rest<'_>) -> Payload {
    Payload {
        source: rest.source,
        start: rest.start,
        captured: as_u32(rest.bytes.len()),
        reported: rest.reported,
    }
}
