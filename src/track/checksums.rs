//! Checksums that are wrong or were not filled in, among the first frames of a capture.
//!
//! Adding up every byte of a long capture would cost more than all the rest of the analysis, and
//! what is wrong with checksums shows at once or hardly ever; so the first [`MOST`] packets are
//! looked at, and the report says so when there were more. Nothing is left out of the analysis
//! for its checksum, as Wireshark by default leaves out nothing.
//!
//! A sum that is not filled in tells where the capture ran only if it is the sender's own: not on
//! loopback, where nobody ever fills one in, and not in a TCP frame larger than any segment on the
//! wire, which the receiving card may have put together. A TTL that no system begins with shows
//! that the packet was passed on.

use crate::capture::LinkType;
use crate::dissect::checksum::{self, Verdict};
use crate::dissect::layer::Protocol;
use crate::dissect::{Packet, Transport, tcp};
use crate::track::room::Room;
use crate::track::ttl;
use std::net::IpAddr;

/// How many packets are looked at.
pub(crate) const MOST: u32 = 10_000;
/// How many frames and senders are named.
const NAMED: usize = 20;

/// Packets with the same thing to tell.
#[derive(Default)]
pub struct Found {
    /// How many.
    pub count: u32,
    /// The first of their frames.
    pub frames: Vec<u32>,
    /// Who sent them, the first few.
    pub senders: Vec<IpAddr>,
    /// One was passed on by a router: its TTL is none that a sender begins with.
    pub routed: bool,
    /// Two of the senders sent theirs to each other.
    pub both_ways: bool,
    /// The first packets' ends, to see whether they are.
    ends: Vec<(IpAddr, IpAddr)>,
}

/// What was found of one kind of checksum.
pub struct Sum {
    /// Name of the protocol.
    pub name: &'static str,
    /// Those whose sum is wrong.
    pub bad: Found,
    /// Those whose sum was not filled in.
    pub unfilled: Found,
    /// The same on loopback.
    pub loopback: Found,
    /// Those larger than any segment on the wire, whose sum says nothing.
    pub large: Found,
}

/// All kinds, in the order they were met.
#[derive(Default)]
pub struct Checksums {
    /// Packets looked at.
    pub seen: u32,
    /// Those with something to tell.
    pub sums: Vec<Sum>,
}

impl Checksums {
    /// Whether no more packets are looked at.
    pub(crate) fn is_done(&self) -> bool {
        self.seen >= MOST
    }

    /// Takes in an IP packet.
    pub fn packet(&mut self, packet: &Packet<'_>) {
        if !self.is_done() {
            self.look(packet);
        }
    }

    #[cold]
    fn look(&mut self, packet: &Packet<'_>) {
        self.seen += 1;
        if let Some(verdict) = checksum::header(packet) {
            self.count("IPv4 header", packet, verdict);
        }
        if let Some((protocol, verdict)) = checksum::transport(packet) {
            let name = match protocol {
                Protocol::Tcp => "TCP",
                Protocol::Udp => "UDP",
                Protocol::Icmp => "ICMP",
                _ => "ICMPv6",
            };
            self.count(name, packet, verdict);
        }
    }

    fn count(&mut self, name: &'static str, packet: &Packet<'_>, verdict: Verdict) {
        if !matches!(verdict, Verdict::Bad(_) | Verdict::NotFilledIn) {
            return;
        }
        let place = self.sums.iter().position(|s| s.name == name);
        let place = place.unwrap_or_else(|| {
            self.sums.push(Sum {
                name,
                bad: Found::default(),
                unfilled: Found::default(),
                loopback: Found::default(),
                large: Found::default(),
            });
            self.sums.len() - 1
        });
        let sum = &mut self.sums[place];
        let found = match verdict {
            Verdict::NotFilledIn if on_loopback(packet) => &mut sum.loopback,
            _ if is_large(packet) => &mut sum.large,
            Verdict::NotFilledIn => &mut sum.unfilled,
            _ => &mut sum.bad,
        };
        found.count += 1;
        if found.frames.has_room(NAMED) {
            found.frames.push(packet.frame.number);
        }
        // A firewall may send a RST in another's name.
        let own = !matches!(&packet.transport, Transport::Tcp(segment) if segment.has(tcp::RST));
        if let Some(ip) = packet.ip
            && (own || found.senders.is_empty())
            && found.senders.has_room(NAMED)
            && !found.senders.contains(&ip.source)
        {
            found.senders.push(ip.source);
        }
        if let Some(ip) = packet.ip {
            found.routed |= ip.ttl != 1 && !ttl::is_initial(ip.ttl);
        }
        if let Some(ip) = packet.ip.filter(|_| own) {
            found.both_ways |= found.ends.contains(&(ip.destination, ip.source));
            let ends = (ip.source, ip.destination);
            if found.ends.has_room(NAMED) && !found.ends.contains(&ends) {
                found.ends.push(ends);
            }
        }
    }
}

/// Whether a packet never leaves its host: by its addresses, by a link without any, or by the
/// hardware addresses of Linux' loopback.
fn on_loopback(packet: &Packet<'_>) -> bool {
    let own = packet.ip.is_some_and(|ip| {
        ip.source == ip.destination || ip.source.is_loopback() && ip.destination.is_loopback()
    });
    let link = matches!(packet.frame.link, LinkType::NULL | LinkType::LOOP);
    own || link || packet.macs == Some(([0; 6], [0; 6]))
}

/// Whether a TCP frame is larger than what Ethernet carries: the sending card has yet to cut it,
/// or the receiving one has put it together.
fn is_large(packet: &Packet<'_>) -> bool {
    matches!(packet.transport, Transport::Tcp(_))
        && packet.frame.wire_length > 1514
        && packet.payload.reported > 1460
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Frame;
    use std::net::Ipv4Addr;

    /// Takes in one frame.
    fn take(checksums: &mut Checksums, number: u32, bytes: &[u8]) {
        checksums.packet(&Packet::dissect(Frame {
            number,
            time: None,
            wire_length: crate::dissect::as_u32(bytes.len()),
            interface: 0,
            link: LinkType::ETHERNET,
            bytes,
        }));
    }

    /// What was found of TCP: wrong, not filled in, on loopback, too large.
    fn counts(frames: &[Vec<u8>]) -> [u32; 4] {
        let mut checksums = Checksums::default();
        for (number, bytes) in (1..).zip(frames) {
            take(&mut checksums, number, bytes);
        }
        let sum = checksums.sums.iter().find(|sum| sum.name == "TCP");
        sum.map_or([0; 4], |sum| {
            [&sum.bad, &sum.unfilled, &sum.loopback, &sum.large].map(|found| found.count)
        })
    }

    /// A segment whose checksum is what its sender left for the card.
    fn unfilled(from: [u8; 4], to: [u8; 4], payload: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        etherparse::PacketBuilder::ethernet2([2; 6], [4; 6])
            .ipv4(from, to, 64)
            .tcp(40000, 80, 1, 1024)
            .write(&mut bytes, &vec![7; payload])
            .expect("memory takes it");
        bytes[50..52].copy_from_slice(&[0, 0]);
        bytes
    }

    #[test]
    fn a_sum_that_is_not_filled_in_is_the_senders_own_only_on_a_wire_and_in_a_segment() {
        let (here, there) = ([10, 0, 0, 1], [10, 0, 0, 2]);
        assert_eq!(counts(&[unfilled(here, there, 100)]), [0, 1, 0, 0]);
        assert_eq!(counts(&[unfilled(here, there, 1460)]), [0, 1, 0, 0]);
        assert_eq!(counts(&[unfilled(here, there, 1461)]), [0, 0, 0, 1]);
        assert_eq!(counts(&[unfilled(here, here, 100)]), [0, 0, 1, 0]);
        let lo = Ipv4Addr::LOCALHOST.octets();
        assert_eq!(counts(&[unfilled(lo, lo, 9000)]), [0, 0, 1, 0]);
        let mut on_lo = unfilled(here, there, 100);
        on_lo[..12].fill(0);
        assert_eq!(counts(&[on_lo]), [0, 0, 1, 0]);
        let mut wrong = unfilled(here, there, 100);
        wrong[50] = 1;
        assert_eq!(counts(&[wrong]), [1, 0, 0, 0]);
        let mut wrong = unfilled(here, there, 3000);
        wrong[50] = 1;
        assert_eq!(counts(&[wrong]), [0, 0, 0, 1]);
    }

    /// What was found of unfilled sums, in packets from one to another with a TTL.
    fn senders(packets: &[(u8, u8, u8)]) -> (usize, usize, u32, bool, bool) {
        let mut checksums = Checksums::default();
        for (number, (from, to, ttl)) in (1..).zip(packets) {
            let mut bytes = unfilled([10, 0, 0, *from], [10, 0, 1, *to], 10);
            bytes[22] = *ttl;
            if *from == 0 {
                bytes = unfilled([10, 0, 1, *to], [10, 0, 0, 1], 10);
            }
            take(&mut checksums, number, &bytes);
        }
        let sum = checksums.sums.iter().find(|sum| sum.name == "TCP");
        let found = &sum.expect("they are TCP").unfilled;
        let (frames, senders) = (found.frames.len(), found.senders.len());
        (frames, senders, found.count, found.routed, found.both_ways)
    }

    #[test]
    fn the_first_twenty_are_named() {
        let many: Vec<_> = (1..=25).map(|n| (n, n, 64)).collect();
        assert_eq!(senders(&many), (20, 20, 25, false, false));
        let same = [(1, 2, 64); 25];
        assert_eq!(senders(&same), (20, 1, 25, false, false));
    }

    #[test]
    fn who_passed_them_on_and_whether_both_sent_them() {
        for own in [1, 32, 64, 128, 255] {
            assert_eq!(senders(&[(1, 2, own)]), (1, 1, 1, false, false));
        }
        assert_eq!(senders(&[(1, 2, 64), (1, 2, 63)]), (2, 1, 2, true, false));
        // The one from 0 goes back to where the first came from.
        assert_eq!(senders(&[(1, 2, 64), (0, 2, 64)]), (2, 2, 2, false, true));
        assert_eq!(senders(&[(1, 2, 64), (0, 3, 64)]), (2, 2, 2, false, false));
    }

    #[test]
    fn only_the_first_packets_are_looked_at() {
        let mut checksums = Checksums::default();
        let bytes = unfilled([10, 0, 0, 1], [10, 0, 0, 2], 1);
        for number in 1..=MOST + 5 {
            take(&mut checksums, number, &bytes);
        }
        let sum = checksums.sums.iter().find(|sum| sum.name == "TCP");
        assert_eq!(
            (checksums.seen, sum.map(|s| s.unfilled.count)),
            (MOST, Some(MOST))
        );
    }

    #[test]
    fn only_segments_of_tcp_are_cut_by_the_card() {
        let mut bytes = Vec::new();
        etherparse::PacketBuilder::ethernet2([2; 6], [4; 6])
            .ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
            .udp(5000, 9000)
            .write(&mut bytes, &[7; 3000])
            .expect("memory takes it");
        bytes[40] ^= 1;
        let mut checksums = Checksums::default();
        take(&mut checksums, 1, &bytes);
        let sum = checksums.sums.iter().find(|sum| sum.name == "UDP");
        let counts = sum.map(|sum| [&sum.bad, &sum.large].map(|found| found.count));
        assert_eq!(counts, Some([1, 0]));
    }
}
