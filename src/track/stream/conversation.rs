//! What the two ends of one conversation said, in order, as Wireshark's Follow Stream: each piece
//! in the direction and frame it came in, and what is missing between them.
//!
//! **Invariant:** nothing is kept but what waits for a hole to be filled.

use super::Piece;
use super::order::Order;
use crate::dissect::tcp::{self, Segment};
use crate::dissect::{Ip, Packet, Transport, ports};
use crate::track::Notes;
use std::net::IpAddr;

/// One end.
pub(crate) type End = (IpAddr, u16);

/// Which conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Which {
    /// Wireshark's `tcp.stream`.
    Tcp(u32),
    /// Wireshark's `udp.stream`.
    Udp(u32),
}

impl Which {
    /// The conversation that a frame belongs to.
    pub(crate) fn of(notes: &Notes) -> Option<Which> {
        let udp = notes.udp.filter(|note| !note.quoted);
        match (notes.tcp, udp) {
            (Some(note), _) => Some(Which::Tcp(note.stream)),
            (None, Some(note)) => Some(Which::Udp(note.stream)),
            (None, None) => None,
        }
    }
}

impl std::fmt::Display for Which {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Which::Tcp(number) => write!(f, "tcp.stream == {number}"),
            Which::Udp(number) => write!(f, "udp.stream == {number}"),
        }
    }
}

/// Something that one end said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said<'a> {
    /// Who: an index of [`Conversation::ends`].
    pub side: usize,
    /// The frame that carried it.
    pub frame: u32,
    /// The bytes.
    pub bytes: &'a [u8],
    /// Bytes after these that are not in the capture.
    pub missing: u32,
}

/// A conversation, as far as it was read.
pub(crate) struct Conversation {
    /// Which one it is.
    pub which: Which,
    /// Both ends, the sender of the first frame first.
    pub ends: Option<[End; 2]>,
    /// Which of them is the client, as far as the frames tell.
    pub client: Option<usize>,
    order: [Order; 2],
    /// How far the other end has acknowledged each direction.
    acknowledged: [Option<u32>; 2],
    last: u32,
}

impl Conversation {
    /// Nothing is known of it yet.
    pub(crate) fn new(which: Which) -> Conversation {
        Conversation {
            which,
            ends: None,
            client: None,
            order: Default::default(),
            acknowledged: [None; 2],
            last: 0,
        }
    }

    /// Takes in a frame; what one end said in it, or before and became readable, goes to `out`.
    pub(crate) fn packet(
        &mut self,
        packet: &Packet<'_>,
        notes: &Notes,
        out: &mut dyn FnMut(Said<'_>),
    ) {
        if Which::of(notes) != Some(self.which) {
            return;
        }
        let Some(ip) = &packet.ip else { return };
        self.last = packet.frame.number;
        match &packet.transport {
            Transport::Tcp(segment) => {
                let side = self.side(ip, segment.source_port, segment.destination_port);
                self.tcp_client(side, segment);
                self.segment(side, segment, packet, out);
            }
            Transport::Udp(datagram) => {
                let ports = (datagram.source_port, datagram.destination_port);
                let side = self.side(ip, ports.0, ports.1);
                self.udp_client(ports, side);
                let bytes = packet.payload_bytes();
                let captured = packet.payload.captured.min(packet.payload.reported);
                out(Said {
                    side,
                    frame: packet.frame.number,
                    bytes,
                    missing: packet.payload.reported - captured,
                });
            }
            _ => {}
        }
    }

    /// Which end sent this.
    fn side(&mut self, ip: &Ip, source: u16, destination: u16) -> usize {
        let from = (ip.source, source);
        let ends = self
            .ends
            .get_or_insert([from, (ip.destination, destination)]);
        usize::from(ends[0] != from)
    }

    /// Who opens is the client; where the opening was missed, the port tells the server.
    fn tcp_client(&mut self, side: usize, segment: &Segment) {
        if segment.has(tcp::SYN) {
            let opens = !segment.has(tcp::ACK);
            self.client = Some(if opens { side } else { 1 - side });
        } else if self.client.is_none() {
            let ports = (segment.source_port, segment.destination_port);
            self.client = ports::tcp_protocol(ports.0, ports.1)
                .filter(|_| ports.0 != ports.1)
                .map(|(_, port)| if port == ports.1 { side } else { 1 - side });
        }
    }

    fn udp_client(&mut self, (source, destination): (u16, u16), side: usize) {
        if self.client.is_some() || source == destination {
            return;
        }
        let known = |port| ports::udp_protocol(port, port).is_some();
        self.client = match (known(source), known(destination)) {
            (false, true) => Some(side),
            (true, false) => Some(1 - side),
            _ => None,
        };
    }

    fn segment(
        &mut self,
        side: usize,
        segment: &Segment,
        packet: &Packet<'_>,
        out: &mut dyn FnMut(Said<'_>),
    ) {
        let length = segment.length.unwrap_or(0);
        let piece = Piece {
            stream: 0,
            side,
            frame: packet.frame.number,
            carried_in: packet.frame.number,
            carried_at: packet.frame.time.unwrap_or_default(),
            time: packet.frame.time.unwrap_or_default(),
            bytes: &[],
            number: segment.seq,
            acked: segment.ack,
            heard: None,
            other_next: None,
            missing: 0,
        };
        let mut deliver = |piece: Piece<'_>| out(said(&piece));
        if segment.has(tcp::SYN) {
            self.order[side].begins(segment.seq.wrapping_add(1));
        }
        if length > 0 && !segment.has(tcp::RST) {
            let first = segment.seq.wrapping_add(u32::from(segment.has(tcp::SYN)));
            let payload = packet.payload_bytes();
            self.order[side].add(first, payload, length, piece, &mut deliver);
        }
        if segment.has(tcp::ACK) {
            let other = Piece {
                side: 1 - side,
                ..piece
            };
            self.acknowledged[1 - side] = Some(segment.ack);
            self.order[1 - side].acknowledged(segment.ack, other, &mut deliver);
        }
        if segment.has(tcp::FIN) {
            self.order[side].ended = Some((piece.frame, piece.time));
        }
    }

    /// The capture is over: what still waits for a hole to be filled is handed on, and what was
    /// acknowledged and never seen is told.
    pub(crate) fn end(&mut self, out: &mut dyn FnMut(Said<'_>)) {
        for side in 0..2 {
            let piece = Piece {
                stream: 0,
                side,
                frame: self.last,
                carried_in: self.last,
                carried_at: Default::default(),
                time: Default::default(),
                bytes: &[],
                number: 0,
                acked: 0,
                heard: None,
                other_next: None,
                missing: 0,
            };
            let mut deliver = |piece: Piece<'_>| out(said(&piece));
            self.order[side].finish(piece, &mut deliver);
            let (Some(ack), Some(next)) = (self.acknowledged[side], self.order[side].expected())
            else {
                continue;
            };
            // A FIN counts for one.
            let beyond =
                ack.wrapping_sub(next).cast_signed() - i32::from(self.order[side].ended.is_some());
            if let Ok(missing @ 1..) = u32::try_from(beyond) {
                out(Said {
                    side,
                    frame: self.last,
                    bytes: &[],
                    missing,
                });
            }
        }
    }
}

fn said<'a>(piece: &Piece<'a>) -> Said<'a> {
    Said {
        side: piece.side,
        frame: piece.carried_in,
        bytes: piece.bytes,
        missing: piece.missing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn udp(ports: &[(u16, u16, usize)]) -> Option<usize> {
        let mut conversation = Conversation::new(Which::Udp(0));
        for (source, destination, side) in ports {
            conversation.udp_client((*source, *destination), *side);
        }
        conversation.client
    }

    #[test]
    fn who_asks_over_udp_is_known_by_one_known_port() {
        assert_eq!(udp(&[(5000, 53, 0)]), Some(0));
        assert_eq!(udp(&[(53, 5000, 0)]), Some(1));
        assert_eq!(udp(&[(53, 5000, 1)]), Some(0));
        assert_eq!(udp(&[(5000, 5001, 0)]), None);
        assert_eq!(udp(&[(53, 69, 0)]), None);
        assert_eq!(udp(&[(53, 53, 0)]), None);
        // What is known stays.
        assert_eq!(udp(&[(5000, 53, 0), (5000, 53, 1)]), Some(0));
    }

    fn tcp_of(segments: &[(u16, u16, u16, usize)]) -> Option<usize> {
        let mut conversation = Conversation::new(Which::Tcp(0));
        for (flags, source_port, destination_port, side) in segments {
            let segment = Segment {
                flags: *flags,
                source_port: *source_port,
                destination_port: *destination_port,
                ..Segment::default()
            };
            conversation.tcp_client(*side, &segment);
        }
        conversation.client
    }

    #[test]
    fn who_opens_is_the_client_and_else_the_port_tells() {
        assert_eq!(tcp_of(&[(tcp::SYN, 80, 5000, 1)]), Some(1));
        assert_eq!(tcp_of(&[(tcp::SYN_ACK, 80, 5000, 1)]), Some(0));
        assert_eq!(tcp_of(&[(tcp::ACK, 80, 5000, 1)]), Some(0));
        assert_eq!(tcp_of(&[(tcp::ACK, 5000, 80, 1)]), Some(1));
        assert_eq!(tcp_of(&[(tcp::ACK, 5000, 5001, 1)]), None);
        assert_eq!(tcp_of(&[(tcp::ACK, 80, 80, 1)]), None);
        // A SYN knows better.
        assert_eq!(
            tcp_of(&[(tcp::ACK, 5000, 80, 1), (tcp::SYN, 80, 5000, 0)]),
            Some(0)
        );
    }

    /// What is said in segments: flags, sender, number, acknowledged, bytes.
    fn said(segments: &[(&str, u8, u32, u32, &[u8])]) -> Vec<(usize, u32, String, u32)> {
        let mut conversation = Conversation::new(Which::Tcp(0));
        let notes = Notes {
            tcp: Some(Default::default()),
            ..Notes::default()
        };
        let mut all = Vec::new();
        let mut out = |said: Said<'_>| {
            let text = String::from_utf8_lossy(said.bytes).into_owned();
            all.push((said.side, said.frame, text, said.missing));
        };
        for (number, (flags, from, seq, ack, payload)) in (1..).zip(segments) {
            let (port, other) = if *from == 1 { (40000, 80) } else { (80, 40000) };
            let mut tcp = etherparse::PacketBuilder::ethernet2([2; 6], [4; 6])
                .ipv4([10, 0, 0, *from], [10, 0, 0, 3 - *from], 64)
                .tcp(port, other, *seq, 1024);
            for flag in flags.chars() {
                tcp = match flag {
                    'S' => tcp.syn(),
                    'F' => tcp.fin(),
                    'R' => tcp.rst(),
                    _ => tcp.ack(*ack),
                };
            }
            let mut bytes = Vec::new();
            tcp.write(&mut bytes, payload).expect("memory takes it");
            let packet = Packet::dissect(crate::capture::Frame {
                number,
                time: None,
                wire_length: crate::dissect::as_u32(bytes.len()),
                interface: 0,
                link: crate::capture::LinkType::ETHERNET,
                bytes: &bytes,
            });
            conversation.packet(&packet, &notes, &mut out);
        }
        conversation.end(&mut out);
        all
    }

    fn told(side: usize, frame: u32, text: &str, missing: u32) -> (usize, u32, String, u32) {
        (side, frame, text.to_owned(), missing)
    }

    #[test]
    fn what_was_acknowledged_and_is_not_there_is_missing_of_its_sender() {
        let open: [(&str, u8, u32, u32, &[u8]); 2] =
            [("S", 1, 999, 0, b""), ("SA", 2, 4999, 1000, b"")];
        let said = |more: &[(&str, u8, u32, u32, &[u8])]| said(&[&open[..], more].concat());
        // Both sides, in order; what comes early waits.
        assert_eq!(
            said(&[
                ("A", 1, 1002, 5000, b"cd"),
                ("A", 1, 1000, 5000, b"ab"),
                ("A", 2, 5000, 1004, b"xy"),
            ]),
            [
                told(0, 4, "ab", 0),
                told(0, 3, "cd", 0),
                told(1, 5, "xy", 0)
            ]
        );
        // A hole before what the other side has: of the first side, and of the second.
        assert_eq!(
            said(&[("A", 1, 1002, 5000, b"cd"), ("A", 2, 5000, 1004, b"")]),
            [told(0, 4, "", 2), told(0, 3, "cd", 0)]
        );
        assert_eq!(
            said(&[("A", 2, 5003, 1000, b"xy"), ("A", 1, 1000, 5005, b"")]),
            [told(1, 4, "", 3), told(1, 3, "xy", 0)]
        );
        // What was acknowledged behind all that came is told at the end; a FIN counts for one.
        assert_eq!(
            said(&[("A", 1, 1000, 5000, b"ab"), ("A", 2, 5000, 1007, b"")]),
            [told(0, 3, "ab", 0), told(0, 4, "", 5)]
        );
        assert_eq!(
            said(&[("FA", 1, 1000, 5000, b"ab"), ("A", 2, 5000, 1003, b"")]),
            [told(0, 3, "ab", 0)]
        );
        // The words of a reset are none of the stream.
        assert_eq!(said(&[("RA", 1, 1000, 5000, b"gone")]), []);
    }
}
