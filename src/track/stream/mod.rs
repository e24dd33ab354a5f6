//! Bytes of TCP streams in order, and the messages in them: HTTP/1 and TLS hellos.
//!
//! Each direction is put in order by sequence number: what comes twice is dropped, what comes
//! early waits (bounded), a hole that the other side has acknowledged is skipped and told. Bodies
//! are counted, not kept.

mod http;
mod order;

pub use http::Exchanges;

use crate::capture::Time;
use crate::dissect::tcp::{self, Segment};
use crate::dissect::{Packet, as_usize};
use http::Parser;
use order::Order;

/// What a stream carries, as far as it is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Unknown,
    Http,
}

/// One stream that is being followed.
struct Live {
    kind: Kind,
    order: [Order; 2],
    http: Parser,
}

/// No payload yet, or not followed (any more).
const NOT_YET: u32 = u32::MAX;
const NEVER: u32 = u32::MAX - 1;

/// All streams.
#[derive(Default)]
pub struct Streams {
    /// Per stream: its place in `live`, or one of the two marks.
    places: Vec<u32>,
    live: Vec<Live>,
    free: Vec<u32>,
    /// HTTP.
    pub exchanges: Exchanges,
}

/// One delivery of bytes in order.
#[derive(Clone, Copy)]
pub(super) struct Piece<'a> {
    pub(super) stream: u32,
    pub(super) side: usize,
    pub(super) frame: u32,
    pub(super) time: Time,
    pub(super) bytes: &'a [u8],
    /// Bytes after these that are not in the capture.
    pub(super) missing: u32,
}

impl Streams {
    /// Takes in one segment of a stream.
    pub fn segment(&mut self, packet: &Packet<'_>, segment: &Segment, note: &super::tcp::Note) {
        let stream = as_usize(note.stream);
        if self.places.len() <= stream {
            self.places.resize(stream + 1, NOT_YET);
        }
        let length = segment.length.unwrap_or(0);
        let place = self.places[stream];
        if place == NEVER || (place == NOT_YET && length == 0) {
            return;
        }
        let side = usize::from(note.side);
        let place = if place == NOT_YET {
            self.start(stream, note)
        } else {
            place
        };
        let Some(live) = self.live.get_mut(as_usize(place)) else {
            return;
        };
        let time = packet.frame.time.unwrap_or_default();
        let piece = Piece {
            stream: note.stream,
            side,
            frame: packet.frame.number,
            time,
            bytes: &[],
            missing: 0,
        };
        if length > 0 && !segment.has(tcp::RST) {
            let first = segment.seq.wrapping_add(u32::from(segment.has(tcp::SYN)));
            let payload = packet.payload_bytes();
            let exchanges = &mut self.exchanges;
            let (kind, parser) = (&mut live.kind, &mut live.http);
            live.order[side].add(first, payload, length, piece, &mut |piece| {
                deliver(kind, parser, exchanges, piece)
            });
        }
        if segment.has(tcp::ACK) {
            // What the other side has acknowledged and is not here will not come.
            let exchanges = &mut self.exchanges;
            let (kind, parser) = (&mut live.kind, &mut live.http);
            let other = Piece {
                side: 1 - side,
                ..piece
            };
            live.order[1 - side].acknowledged(segment.ack, other, &mut |piece| {
                deliver(kind, parser, exchanges, piece)
            });
        }
        if segment.has(tcp::FIN | tcp::RST) {
            if live.kind == Kind::Http {
                live.http
                    .end(side, &piece, &mut self.exchanges, segment.has(tcp::RST));
            }
            live.order[side].ended = true;
        }
        let over = segment.has(tcp::RST) || live.order.iter().all(|o| o.ended);
        if over || (live.kind == Kind::Unknown && live.order.iter().any(|o| o.delivered > 0)) {
            self.drop_stream(stream, place);
        }
    }

    fn start(&mut self, stream: usize, note: &super::tcp::Note) -> u32 {
        let live = Live {
            kind: Kind::Unknown,
            order: Default::default(),
            http: Parser::default(),
        };
        let place = match self.free.pop() {
            Some(place) => {
                self.live[as_usize(place)] = live;
                place
            }
            None => {
                self.live.push(live);
                u32::try_from(self.live.len() - 1).unwrap_or(NEVER)
            }
        };
        // The first byte after each SYN, where the SYNs were seen.
        let _ = note;
        self.places[stream] = place;
        place
    }

    fn drop_stream(&mut self, stream: usize, place: u32) {
        self.places[stream] = NEVER;
        self.live[as_usize(place)] = Live {
            kind: Kind::Unknown,
            order: Default::default(),
            http: Parser::default(),
        };
        self.free.push(place);
    }
}

/// Hands bytes in order to the protocol that the first of them show.
fn deliver(kind: &mut Kind, parser: &mut Parser, exchanges: &mut Exchanges, piece: Piece<'_>) {
    if *kind == Kind::Unknown && http::begins(piece.bytes) {
        *kind = Kind::Http;
    }
    if *kind == Kind::Http {
        parser.bytes(piece, exchanges);
    }
}
