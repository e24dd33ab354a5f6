//! Most frames of most captures: TCP over IPv4 without options or fragments, over Ethernet without
//! tags, with all headers captured and lengths that agree. Read at their fixed places, for speed
//! alone: the packet that comes of it is the one that the walk from header to header gives.

use crate::capture::{Frame, LinkType};
use crate::dissect::layer::{Layer, Protocol, Source};
use crate::dissect::tcp::Segment;
use crate::dissect::{Ip, Packet, Payload, Transport, as_u32};
use std::net::Ipv4Addr;

/// Where IPv4, TCP and its payload or options begin.
const IP: u32 = 14;
const TCP: u32 = 34;
const HEADERS: usize = 54;

/// What the headers of a usual frame say.
#[derive(Clone, Copy)]
pub(crate) struct Usual {
    /// Hardware addresses: destination and source.
    pub(crate) macs: ([u8; 6], [u8; 6]),
    /// IPv4 source address.
    pub(crate) source: Ipv4Addr,
    /// IPv4 destination address.
    pub(crate) destination: Ipv4Addr,
    pub(crate) ttl: u8,
    /// IPv4 identification.
    pub(crate) identification: u32,
    /// Length that the IPv4 header states.
    pub(crate) total: u32,
    /// The TCP header.
    pub(crate) segment: Segment,
    /// Bytes of the IPv4 packet that were captured.
    captured: u32,
}

impl Usual {
    /// Where the IPv4 payload begins in the frame.
    pub(crate) const TRANSPORT: usize = 34;

    /// Reads the headers of a frame, if it is a usual one.
    #[inline(always)]
    pub(crate) fn read(frame: &Frame<'_>) -> Option<Usual> {
        let b = frame.bytes.first_chunk::<HEADERS>()?;
        let number = |at: usize| u16::from_be_bytes([b[at], b[at + 1]]);
        let wide = |at: usize| u32::from_be_bytes([b[at], b[at + 1], b[at + 2], b[at + 3]]);
        let header_length = (b[46] >> 4) * 4;
        let total = u32::from(number(16));
        let captured = as_u32(frame.bytes.len());
        let reported = frame.wire_length.max(captured);
        let header = u32::from(header_length);
        let usual = (frame.link == LinkType::ETHERNET)
            & (number(12) == 0x0800)
            & (b[14] == 0x45)
            & (number(20) & 0x3fff == 0)
            & (b[23] == 6)
            & (header_length >= 20)
            & (total >= 20 + header)
            & (total <= reported - IP)
            & (captured >= TCP + header);
        usual.then(|| Usual {
            macs: (
                [b[0], b[1], b[2], b[3], b[4], b[5]],
                [b[6], b[7], b[8], b[9], b[10], b[11]],
            ),
            source: Ipv4Addr::from_bits(wide(26)),
            destination: Ipv4Addr::from_bits(wide(30)),
            ttl: b[22],
            identification: u32::from(number(18)),
            total,
            segment: Segment {
                source_port: number(34),
                destination_port: number(36),
                seq: wide(38),
                ack: wide(42),
                flags: number(46) & 0x0fff,
                window: number(48),
                header_length,
                length: Some(total - 20 - header),
            },
            captured: (captured - IP).min(total),
        })
    }

    /// The TCP options.
    #[inline]
    pub(crate) fn options<'a>(&self, frame: &Frame<'a>) -> &'a [u8] {
        let end = Self::TRANSPORT + usize::from(self.segment.header_length);
        frame.bytes.get(HEADERS..end).unwrap_or_default()
    }

    /// Where the TCP payload is in the frame.
    #[inline]
    pub(crate) fn payload(&self) -> Payload {
        let header = u32::from(self.segment.header_length);
        Payload {
            source: Source::Frame,
            start: TCP + header,
            captured: self.captured - 20 - header,
            reported: self.total - 20 - header,
        }
    }

    /// The packet that comes of it.
    pub(super) fn fill(&self, packet: &mut Packet<'_>) {
        let frame = packet.frame;
        let (total, ip_captured) = (self.total, self.captured);
        let captured = as_u32(frame.bytes.len());
        let reported = frame.wire_length.max(captured);
        let layer = |protocol, name, start, captured, reported| Layer {
            protocol,
            quoted: false,
            source: Source::Frame,
            start,
            captured,
            reported,
            name,
        };
        packet.layers.set([
            layer(Protocol::Ethernet, "eth", 0, captured, reported),
            layer(Protocol::Ipv4, "ip", IP, ip_captured, total),
            layer(Protocol::Tcp, "tcp", TCP, ip_captured - 20, total - 20),
        ]);
        packet.macs = Some(self.macs);
        packet.ip = Some(Ip {
            source: self.source.into(),
            destination: self.destination.into(),
            ttl: self.ttl,
            protocol: 6,
            identification: self.identification,
            fragment_offset: 0,
            more_fragments: false,
            stated_length: total,
            start: IP,
            payload_start: TCP,
            payload_captured: ip_captured - 20,
            payload_reported: total - 20,
        });
        packet.transport = Transport::Tcp(self.segment);
        packet.payload = self.payload();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::walk::any_frame;

    /// Both ways of taking these bytes apart; whether they were a usual frame.
    fn compare(bytes: &[u8], wire_length: u32) -> bool {
        let frame = Frame {
            number: 1,
            time: None,
            wire_length,
            interface: 0,
            link: LinkType::ETHERNET,
            bytes,
        };
        let nothing = Packet::dissect(Frame {
            bytes: &[],
            ..frame
        });
        let mut packet = Packet { frame, ..nothing };
        packet.layers.clear();
        packet.stop = None;
        let mut other = packet.clone();
        let usual = Usual::read(&frame);
        if let Some(usual) = usual {
            usual.fill(&mut packet);
            any_frame(&mut other);
            assert_eq!(format!("{packet:?}"), format!("{other:?}"));
        }
        usual.is_some()
    }

    fn segment(options: &[u8], payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        etherparse::PacketBuilder::ethernet2([2; 6], [4; 6])
            .ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
            .tcp(40000, 80, 0x0102_0304, 1024)
            .ack(7)
            .options_raw(options)
            .expect("few options")
            .write(&mut bytes, payload)
            .expect("memory takes it");
        bytes
    }

    #[test]
    fn a_usual_frame_is_taken_apart_as_the_walk_does() {
        for options in [&[][..], &[1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2]] {
            for payload in [&b""[..], b"x", b"hello, world"] {
                let bytes = segment(options, payload);
                let length = as_u32(bytes.len());
                for wire_length in [0, length - 1, length, length + 6] {
                    assert!(compare(&bytes, wire_length));
                }
                // With padding behind, and cut short by the capture.
                let padded = [&bytes[..], &[0; 9]].concat();
                assert!(compare(&padded, length + 9));
                let headers = 54 + options.len();
                for end in 0..bytes.len() {
                    assert_eq!(compare(&bytes[..end], length), end >= headers, "{end}");
                }
            }
        }
    }

    #[test]
    fn whatever_a_byte_is_changed_to_both_ways_agree() {
        let bytes = segment(&[1, 1, 1, 1], b"hello");
        let length = as_u32(bytes.len());
        let mut usual = 0;
        for place in 0..bytes.len() {
            for value in 0..=255 {
                let mut changed = bytes.clone();
                changed[place] = value;
                usual += u32::from(compare(&changed, length));
            }
        }
        // Bytes that may be anything, and the few values that the others may have.
        assert!((10_000..14_000).contains(&usual), "{usual}");
    }
}
