//! Bytes of TCP streams in order, and the messages in them: HTTP/1 and TLS hellos.
//!
//! Each direction is put in order by sequence number: what comes twice is dropped, what comes
//! early waits (bounded), a hole that the other side has acknowledged is skipped and told. Bodies
//! are counted, not kept.

mod http;
mod order;
mod tls;

pub use http::Exchanges;
pub use tls::Hellos;

use super::tcp::Seen;
use crate::capture::Time;
use crate::dissect::layer::Source;
use crate::dissect::tcp;
use crate::dissect::{Packet, as_usize};
use http::Parser;
use order::Order;

/// What a stream carries, as far as it is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Unknown,
    Http,
    Tls,
}

/// One stream that is being followed.
struct Live {
    kind: Kind,
    order: [Order; 2],
    http: Parser,
    tls: tls::Parser,
}

/// What is collected from all streams.
#[derive(Default)]
pub struct Found {
    /// HTTP.
    pub exchanges: Exchanges,
    /// TLS.
    pub hellos: Hellos,
}

impl Live {
    fn new() -> Live {
        Live {
            kind: Kind::Unknown,
            order: Default::default(),
            http: Parser::default(),
            tls: tls::Parser::default(),
        }
    }
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
    /// The messages found.
    pub found: Found,
}

/// One segment with its bytes.
pub struct Carried {
    /// The segment.
    pub seen: Seen,
    /// Where its payload is in the frame.
    start: u32,
    captured: u32,
    /// The payload, when it came in fragments.
    whole: Option<Box<[u8]>>,
}

impl Carried {
    /// What `packet` carries.
    pub fn new(packet: &Packet<'_>, seen: Seen) -> Carried {
        let whole = packet.payload.source != Source::Frame;
        Carried {
            seen,
            start: packet.payload.start,
            captured: packet.payload.captured,
            whole: whole.then(|| packet.payload_bytes().into()),
        }
    }

    /// The payload as far as it was captured, out of its frame.
    fn payload<'a>(&'a self, frame: &'a [u8]) -> &'a [u8] {
        if let Some(whole) = &self.whole {
            return whole;
        }
        let start = as_usize(self.start);
        frame
            .get(start..start + as_usize(self.captured))
            .unwrap_or_default()
    }
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
    /// Takes in one segment of a stream; `frame` gives the bytes of the frame it is in.
    pub fn segment<'a>(&mut self, carried: &'a Carried, frame: impl FnOnce() -> &'a [u8]) {
        let seen = &carried.seen;
        let segment = &seen.segment;
        let length = segment.length.unwrap_or(0);
        let stream = as_usize(seen.stream);
        if self.places.len() <= stream {
            self.places.resize(stream + 1, NOT_YET);
        }
        let place = match self.places[stream] {
            NEVER => return,
            NOT_YET if length == 0 => return,
            NOT_YET => self.start(stream),
            place => place,
        };
        let Some(live) = self.live.get_mut(as_usize(place)) else {
            return;
        };
        let payload = if length > 0 {
            carried.payload(frame())
        } else {
            &[]
        };
        live.segment(seen, payload, &mut self.found);
        let over = segment.has(tcp::RST) || live.order.iter().all(|o| o.ended);
        let known = match live.kind {
            Kind::Unknown => live.order.iter().all(|o| o.delivered == 0),
            Kind::Http => true,
            Kind::Tls => !live.tls.is_done(),
        };
        if over || !known {
            self.drop_stream(stream, place);
        }
    }

    fn start(&mut self, stream: usize) -> u32 {
        let place = self.free.pop().unwrap_or_else(|| {
            self.live.push(Live::new());
            u32::try_from(self.live.len() - 1).unwrap_or(NEVER)
        });
        self.places[stream] = place;
        place
    }

    fn drop_stream(&mut self, stream: usize, place: u32) {
        self.places[stream] = NEVER;
        self.live[as_usize(place)] = Live::new();
        self.free.push(place);
    }
}

impl Live {
    /// Puts one segment in order and hands on what became readable.
    fn segment(&mut self, seen: &Seen, payload: &[u8], found: &mut Found) {
        let segment = &seen.segment;
        let length = segment.length.unwrap_or(0);
        let side = usize::from(seen.side);
        let piece = Piece {
            stream: seen.stream,
            side,
            frame: seen.frame,
            time: seen.time,
            bytes: &[],
            missing: 0,
        };
        let Live {
            kind,
            order,
            http,
            tls,
        } = self;
        let mut deliver = |piece: Piece<'_>| {
            match *kind {
                Kind::Unknown if http::begins(piece.bytes) => *kind = Kind::Http,
                Kind::Unknown if tls::begins(piece.bytes) => *kind = Kind::Tls,
                _ => {}
            }
            match *kind {
                Kind::Http => http.bytes(piece, &mut found.exchanges),
                Kind::Tls => tls.bytes(&piece, &mut found.hellos),
                Kind::Unknown => {}
            }
        };
        if length > 0 && !segment.has(tcp::RST) {
            let first = segment.seq.wrapping_add(u32::from(segment.has(tcp::SYN)));
            order[side].add(first, payload, length, piece, &mut deliver);
        }
        if segment.has(tcp::ACK) {
            // What the other side has acknowledged and is not here will not come.
            let other = Piece {
                side: 1 - side,
                ..piece
            };
            order[1 - side].acknowledged(segment.ack, other, &mut deliver);
        }
        if segment.has(tcp::FIN | tcp::RST) {
            if *kind == Kind::Http {
                http.end(side, &piece, &mut found.exchanges, segment.has(tcp::RST));
            }
            order[side].ended = true;
        }
    }
}
