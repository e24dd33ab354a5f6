//! DNS messages in a TCP stream, each with its length before it (RFC 1035 §4.2.2).

use super::Piece;
use crate::capture::Time;
use crate::dissect::layer::Protocol;

/// A DNS header; what promises less is no message.
const LEAST: usize = 12;

/// What each direction has of a message whose end has not come.
#[derive(Default)]
pub(super) struct Parser {
    waiting: [Vec<u8>; 2],
    /// Bytes are missing or are no DNS: where the next message begins is not known any more.
    lost: [bool; 2],
}

/// A message, without the length before it.
pub struct Heard {
    /// Which side of the stream sent it.
    pub side: usize,
    /// Frame in which it is complete.
    pub frame: u32,
    /// When that was.
    pub time: Time,
    /// DNS, or multicast DNS by its port.
    pub protocol: Protocol,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Parser {
    /// Takes in bytes of one direction and hands out the messages that end in them.
    pub(super) fn bytes(&mut self, piece: &Piece<'_>, protocol: Protocol, heard: &mut Vec<Heard>) {
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
            heard.push(Heard {
                side,
                frame: piece.frame,
                time: piece.time,
                protocol,
                bytes: message.to_vec(),
            });
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

    fn pieces(parts: &[&[u8]]) -> (Parser, Vec<Heard>) {
        let (mut parser, mut heard) = (Parser::default(), Vec::new());
        for (frame, bytes) in (1..).zip(parts) {
            let piece = Piece {
                stream: 0,
                side: 0,
                frame,
                time: Time(0),
                bytes,
                missing: 0,
            };
            parser.bytes(&piece, Protocol::Dns, &mut heard);
        }
        (parser, heard)
    }

    #[test]
    fn messages_split_and_joined_over_segments_are_found() {
        let mut bytes = vec![0, 12];
        bytes.extend([1; 12]);
        bytes.extend([0, 13]);
        bytes.extend([2; 13]);
        let whole = pieces(&[&bytes]).1;
        assert_eq!(whole.len(), 2);
        for cut in 1..bytes.len() {
            let (first, second) = bytes.split_at(cut);
            let (_, heard) = pieces(&[first, second]);
            let found: Vec<_> = heard.iter().map(|h| h.bytes.as_slice()).collect();
            assert_eq!(found, [&[1; 12][..], &[2; 13][..]]);
            assert_eq!(heard[1].frame, 2);
        }
    }

    #[test]
    fn what_is_no_dns_is_left_alone() {
        let (parser, heard) = pieces(&[b"\0\x05hello", b"\0\x0cabcdefghijkl"]);
        assert!(heard.is_empty() && parser.lost[0] && parser.waiting[0].is_empty());
    }
}
