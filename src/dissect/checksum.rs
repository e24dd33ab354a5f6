//! Whether the checksums of a packet are right (RFC 1071; RFC 9293 §3.1, RFC 768, RFC 8200 §8.1).
//!
//! Of the outermost IP packet only, and only where all of its bytes are in the capture. A sum
//! that is not filled in is told from a wrong one: a host that leaves checksums to its network
//! card hands frames to the capture with the sum of the pseudo-header, or zero, in the field.

use super::ipv4::checksum;
use super::layer::{Protocol, View};
use super::{Ip, Packet, Transport};
use std::net::IpAddr;

/// What a checksum says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It fits.
    Good,
    /// It does not; this would.
    Bad(u16),
    /// Not filled in yet when it was captured: the network card does it (checksum offload).
    NotFilledIn,
    /// The sender computed none (UDP over IPv4).
    Unused,
    /// Not all the bytes that it covers are here, or the length field tells none that can be.
    Unknown,
}

/// The header checksum of an IPv4 packet.
pub fn header(packet: &Packet<'_>) -> Option<Verdict> {
    let layer = packet.layers.find(Protocol::Ipv4)?;
    let view = packet.view(layer);
    let length = usize::from(view.u8(0)? & 15) * 4;
    let Some(header) = view.slice(0..length) else {
        return Some(Verdict::Unknown);
    };
    let (before, after) = (header.get(..10)?, header.get(12..)?);
    Some(match (checksum(&[header]), view.u16(10)?) {
        (0, _) => Verdict::Good,
        (_, 0) => Verdict::NotFilledIn,
        _ => Verdict::Bad(checksum(&[before, after])),
    })
}

/// The checksum of the TCP, UDP, ICMP or ICMPv6 message, and which of them it is.
pub fn transport(packet: &Packet<'_>) -> Option<(Protocol, Verdict)> {
    let ip = packet.ip?;
    let (protocol, number, at) = match packet.transport {
        Transport::Tcp(_) => (Protocol::Tcp, 6, 16),
        Transport::Udp(_) => (Protocol::Udp, 17, 6),
        Transport::Icmp(_) => (Protocol::Icmp, 1, 2),
        Transport::Icmpv6(_) => (Protocol::Icmpv6, 58, 2),
        Transport::None => return None,
    };
    let layer = packet.layers.find(protocol)?;
    // In a tunnel the transport header may belong to an inner packet.
    if packet.datagram.is_none() && layer.start != ip.payload_start {
        return None;
    }
    let view = packet.view(layer);
    Some((protocol, message(&view, &ip, number, at)))
}

/// `at` is where the checksum is in the message.
fn message(view: &View<'_>, ip: &Ip, number: u8, at: usize) -> Verdict {
    let stated = match number {
        17 => view.u16(4).map_or(0, usize::from),
        _ => view.reported,
    };
    let Some((bytes, found)) = view.slice(0..stated).zip(view.u16(at)) else {
        return Verdict::Unknown;
    };
    // A length that ends before the checksum.
    let Some((before, after)) = bytes.get(..at).zip(bytes.get(at + 2..)) else {
        return Verdict::Unknown;
    };
    let Some(pseudo) = pseudo_header(ip, number, stated) else {
        return Verdict::Unknown;
    };
    if checksum(&[&pseudo, bytes]) == 0 {
        return if number == 17 && found == 0 {
            Verdict::Unused
        } else {
            Verdict::Good
        };
    }
    match found {
        0 if number == 17 => Verdict::Unused,
        0 => Verdict::NotFilledIn,
        // The field holds the plain sum, where a finished checksum is its complement.
        sum if !pseudo.is_empty() && sum == !checksum(&[&pseudo]) => Verdict::NotFilledIn,
        _ => {
            match (checksum(&[&pseudo, before, after]), number) {
                // RFC 768: zero is sent as all ones.
                (0, 17) => Verdict::Bad(0xffff),
                (right, _) => Verdict::Bad(right),
            }
        }
    }
}

/// What the sum of a message of so many bytes covers besides them.
fn pseudo_header(ip: &Ip, number: u8, stated: usize) -> Option<Vec<u8>> {
    let length = super::as_u32(stated).to_be_bytes();
    Some(match (number, ip.source, ip.destination) {
        // ICMP for IPv4 covers itself alone.
        (1, ..) => Vec::new(),
        (_, IpAddr::V4(from), IpAddr::V4(to)) => {
            [&from.octets()[..], &to.octets(), &[0, number], &length[2..]].concat()
        }
        (_, IpAddr::V6(from), IpAddr::V6(to)) => [
            &from.octets()[..],
            &to.octets(),
            &length,
            &[0, 0, 0, number],
        ]
        .concat(),
        _ => return None,
    })
}

/// Where in the frame the checksum of a TCP segment or UDP datagram stands, and what it holds until
/// a card fills it in.
pub(crate) fn unfilled(packet: &Packet<'_>) -> Option<(usize, u16)> {
    let ip = packet.ip.filter(|_| packet.datagram.is_none())?;
    let (protocol, number, at) = match packet.transport {
        Transport::Tcp(_) => (Protocol::Tcp, 6, 16),
        Transport::Udp(_) => (Protocol::Udp, 17, 6),
        _ => return None,
    };
    let layer = packet.layers.find(protocol)?;
    if layer.start != ip.payload_start {
        return None;
    }
    let view = packet.view(layer);
    let stated = match number {
        17 => usize::from(view.u16(4)?),
        _ => view.reported,
    };
    let sum = !checksum(&[&pseudo_header(&ip, number, stated)?]);
    Some((super::as_usize(layer.start) + at, sum))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::{Frame, LinkType};

    fn verdicts(bytes: &[u8]) -> (Option<Verdict>, Option<(Protocol, Verdict)>) {
        let packet = Packet::dissect(Frame {
            number: 1,
            time: None,
            wire_length: crate::dissect::as_u32(bytes.len()),
            interface: 0,
            link: LinkType::ETHERNET,
            bytes,
        });
        (header(&packet), transport(&packet))
    }

    fn tcp() -> Vec<u8> {
        let mut bytes = Vec::new();
        etherparse::PacketBuilder::ethernet2([2; 6], [4; 6])
            .ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
            .tcp(40000, 80, 1, 1024)
            .write(&mut bytes, b"hello")
            .expect("memory takes it");
        bytes
    }

    #[test]
    fn a_right_sum_is_good_and_any_flipped_byte_is_bad() {
        let good = Some((Protocol::Tcp, Verdict::Good));
        assert_eq!(verdicts(&tcp()), (Some(Verdict::Good), good));
        for place in 34..59 {
            if place == 46 {
                continue; // The data offset: another header altogether.
            }
            let mut bytes = tcp();
            bytes[place] ^= 0x41;
            let found = verdicts(&bytes).1;
            assert!(
                matches!(found, Some((_, Verdict::Bad(_)))),
                "{place}: {found:?}"
            );
        }
    }

    #[test]
    fn a_wrong_sum_is_told_with_the_right_one() {
        let mut bytes = tcp();
        let right = u16::from_be_bytes([bytes[50], bytes[51]]);
        bytes[50] ^= 0xff;
        assert_eq!(
            verdicts(&bytes).1,
            Some((Protocol::Tcp, Verdict::Bad(right)))
        );
    }

    #[test]
    fn the_sum_of_the_pseudo_header_was_left_to_the_card() {
        let mut bytes = tcp();
        let pseudo = [10, 0, 0, 1, 10, 0, 0, 2, 0, 6, 0, 25];
        bytes[50..52].copy_from_slice(&(!checksum(&[&pseudo])).to_be_bytes());
        let found = verdicts(&bytes).1;
        assert_eq!(found, Some((Protocol::Tcp, Verdict::NotFilledIn)));
        bytes[50..52].copy_from_slice(&[0, 0]);
        let found = verdicts(&bytes).1;
        assert_eq!(found, Some((Protocol::Tcp, Verdict::NotFilledIn)));
    }

    #[test]
    fn a_datagram_whose_length_has_no_room_for_a_header_is_not_judged() {
        for stated in 0..=8 {
            let mut bytes = Vec::new();
            etherparse::PacketBuilder::ethernet2([2; 6], [4; 6])
                .ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
                .udp(40000, 9)
                .write(&mut bytes, b"hello")
                .expect("memory takes it");
            bytes[39] = stated;
            bytes[40..42].copy_from_slice(&[0x12, 0x34]);
            let found = verdicts(&bytes).1.map(|found| found.1);
            let judged = matches!(found, Some(Verdict::Bad(_)));
            assert_eq!(judged, stated == 8, "{stated}: {found:?}");
        }
    }

    #[test]
    fn a_frame_cut_short_is_not_judged() {
        let bytes = tcp();
        let packet = Packet::dissect(Frame {
            number: 1,
            time: None,
            wire_length: 59,
            interface: 0,
            link: LinkType::ETHERNET,
            bytes: &bytes[..57],
        });
        let found = transport(&packet);
        assert_eq!(found, Some((Protocol::Tcp, Verdict::Unknown)));
    }
}
