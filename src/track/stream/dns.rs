//! DNS messages in a TCP stream, each with its length before it (RFC 1035 §4.2.2).

use super::Piece;
use crate::dissect::as_usize;
use crate::dissect::layer::Protocol;
use crate::facts::dns::{Lookup, Record};
use crate::track::dns::{Conversation, Lookups, Seen};
use crate::track::tcp::Connections;
use std::net::{IpAddr, Ipv4Addr};

/// A DNS header; what promises less is no message.
const LEAST: usize = 12;

/// What each direction has of a message whose end has not come.
#[derive(Default)]
pub(super) struct Parser {
    waiting: [Vec<u8>; 2],
    /// Bytes are missing or are no DNS: where the next message begins is not known any more.
    lost: [bool; 2],
}

/// Lookups over TCP, told by the tracker that tells those in datagrams.
#[derive(Default)]
pub struct Messages {
    lookups: Lookups,
    /// Of each lookup the stream, and which side asked.
    places: Vec<(u32, usize)>,
}

impl Messages {
    fn message(&mut self, piece: &Piece<'_>, protocol: Protocol, bytes: &[u8]) {
        // Who talks to whom is known from the stream, in the end.
        let nobody = (IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
        let seen = Seen {
            frame: piece.frame,
            time: Some(piece.time),
            source: nobody,
            destination: nobody,
            conversation: Conversation {
                tcp: true,
                stream: piece.stream,
            },
            identification: 0,
            cut: false,
        };
        self.lookups.message(&seen, protocol, bytes);
        if let Some(lookup) = self.lookups.lookups().get(self.places.len()) {
            let asks = lookup.query_frame.is_some();
            let client = if asks { piece.side } else { 1 - piece.side };
            self.places.push((piece.stream, client));
        }
    }

    /// The records of all responses, in order.
    pub fn records(&self) -> &[Record] {
        self.lookups.records()
    }

    /// The lookups in the order they began.
    pub fn lookups(&self, tcp: &Connections) -> Vec<Lookup> {
        let mut lookups = self.lookups.lookups().to_vec();
        for (lookup, (stream, client)) in lookups.iter_mut().zip(&self.places) {
            if let Some(ends) = tcp.ends(as_usize(*stream)) {
                lookup.client = Some(ends[*client].0);
                lookup.server = ends[1 - *client].0;
            }
        }
        lookups
    }
}

impl Parser {
    /// Takes in bytes of one direction and hands on the messages that end in them.
    pub(super) fn bytes(&mut self, piece: &Piece<'_>, protocol: Protocol, found: &mut Messages) {
        let side = piece.side;
        if self.lost[side] {
            return;
        }
        let waiting = &mut self.waiting[side];
        waiting.extend_from_slice(piece.bytes);
        let mut rest: &[u8] = waiting;
        while let Some((length, after)) = rest.split_first_chunk() {
            let length = usize::from(u16::from_be_bytes(*length));
            if length < LEAST {
                self.lost[side] = true;
                break;
            }
            let Some((message, next)) = after.split_at_checked(length) else {
                break;
            };
            found.message(piece, protocol, message);
            rest = next;
        }
        let used = waiting.len() - rest.len();
        waiting.drain(..used);
        if piece.missing > 0 {
            self.lost[side] = true;
        }
        if self.lost[side] {
            self.waiting[side] = Vec::new();
        }
    }

    /// Whether neither direction can be read any further.
    pub(super) fn is_lost(&self) -> bool {
        self.lost == [true; 2]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Time;

    fn pieces(parts: &[&[u8]]) -> (Parser, Messages) {
        let whole: Vec<(&[u8], u32)> = parts.iter().map(|bytes| (*bytes, 0)).collect();
        cut(&whole)
    }

    /// Pieces, each with the bytes that are missing after it.
    fn cut(parts: &[(&[u8], u32)]) -> (Parser, Messages) {
        let (mut parser, mut found) = (Parser::default(), Messages::default());
        for (frame, &(bytes, missing)) in (1..).zip(parts) {
            let piece = Piece {
                stream: 0,
                side: 0,
                frame,
                carried_in: frame,
                carried_at: Time(0),
                time: Time(0),
                bytes,
                number: 0,
                acked: 0,
                heard: None,
                other_next: None,
                missing,
            };
            parser.bytes(&piece, Protocol::Dns, &mut found);
        }
        (parser, found)
    }

    /// A question for the root's address, with its length before it.
    fn question(id: u8) -> Vec<u8> {
        let mut bytes = vec![0, 17, 0, id, 1, 0, 0, 1];
        bytes.extend([0; 6]);
        bytes.extend([0, 0, 1, 0, 1]);
        bytes
    }

    #[test]
    fn messages_split_and_joined_over_segments_are_found() {
        let bytes = [question(1), question(2)].concat();
        assert_eq!(pieces(&[&bytes]).1.places.len(), 2);
        for cut in 1..bytes.len() {
            let (first, second) = bytes.split_at(cut);
            let found = pieces(&[first, second]).1;
            assert_eq!(found.places, [(0, 0), (0, 0)]);
            let frames: Vec<_> = found
                .lookups
                .lookups()
                .iter()
                .map(|l| l.query_frame)
                .collect();
            assert_eq!(frames, [Some(if cut < 19 { 2 } else { 1 }), Some(2)]);
        }
    }

    #[test]
    fn what_is_no_dns_is_left_alone() {
        let (parser, found) = pieces(&[b"\0\x05hello", b"\0\x0cabcdefghijkl"]);
        assert!(found.places.is_empty() && parser.lost[0] && parser.waiting[0].is_empty());
    }

    #[test]
    fn nothing_is_read_after_missing_bytes() {
        let (parser, found) = cut(&[(&question(1), 5), (&question(2), 0)]);
        assert_eq!(found.places.len(), 1);
        assert!(parser.lost[0] && !parser.is_lost());
    }
}
