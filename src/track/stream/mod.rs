//! Bytes of TCP streams in order, and the messages in them: HTTP/1, TLS hellos and DNS.
//!
//! Each direction is put in order by sequence number: what comes twice is dropped, what comes
//! early waits (bounded), a hole that the other side has acknowledged is skipped and told. Bodies
//! are counted, not kept.

pub(crate) mod conversation;
mod dns;
mod exchanges;
pub(crate) mod forms;
mod headers;
mod http;
pub(crate) mod login;
mod order;
mod pairing;
mod tls;
mod twice;

pub(crate) use exchanges::Exchanges;
pub(crate) use tls::Hellos;
pub(crate) use twice::Differing;

use super::chunks::Slots;
use super::tcp::Seen;
use crate::capture::Time;
use crate::dissect::layer::{Protocol, Source};
use crate::dissect::tcp;
use crate::dissect::{Packet, Usual, as_usize, ports};
use http::Parser;
use order::{Heard, Order};
use std::collections::VecDeque;

/// What a stream carries, as far as it is followed, and what reads it. Streams that begin
/// something and never go on are many in some captures: they have no reader yet.
enum Kind {
    Unknown,
    Http(Box<Parser>),
    Tls(Box<tls::Parser>),
    Dns(Protocol, Box<dns::Parser>),
    Login(Box<login::Parser>),
}

impl Kind {
    /// Reads bytes in order.
    fn read(&mut self, piece: Piece<'_>, found: &mut Found) {
        match self {
            Kind::Http(http) => http.bytes(piece, &mut found.exchanges),
            Kind::Tls(tls) => tls.bytes(&piece, &mut found.hellos),
            Kind::Dns(protocol, dns) => dns.bytes(&piece, *protocol, &mut found.messages),
            Kind::Login(login) => {
                if login.bytes(&piece, &mut found.logins) {
                    *self = Kind::Tls(Box::default());
                }
            }
            Kind::Unknown => {}
        }
    }
}

/// One stream that is being followed.
struct Live {
    kind: Kind,
    order: [Order; 2],
    last: [twice::Last; 2],
    /// What the port stands for, where names and passwords are sent in clear, and which end the
    /// client is.
    login: Option<(login::Talk, usize)>,
    /// Beginnings that are too short to tell what they begin.
    held: Vec<Held>,
    /// In how many segments more a message that begins is looked for.
    tries: u8,
    /// A RST was seen.
    reset: bool,
}

/// A piece that waits for the next one.
struct Held {
    side: usize,
    frame: u32,
    time: Time,
    carried: (u32, Time),
    number: u32,
    acked: u32,
    bytes: Vec<u8>,
}

/// What is collected from all streams.
#[derive(Default)]
pub struct Found {
    /// HTTP.
    pub exchanges: Exchanges,
    /// TLS.
    pub hellos: Hellos,
    /// DNS.
    pub messages: dns::Messages,
    /// Names and passwords in clear.
    pub logins: login::Logins,
    /// Streams whose beginning is not in the capture, with the side that asks in them.
    pub askers: Vec<(u32, usize)>,
    /// Segments that came again with other bytes.
    pub(crate) differing: twice::Pairs,
}

impl Live {
    fn new() -> Live {
        Live {
            kind: Kind::Unknown,
            order: Default::default(),
            last: Default::default(),
            login: None,
            held: Vec::new(),
            tries: 0,
            reset: false,
        }
    }
}

/// Where a stream is.
#[derive(Clone, Copy)]
struct Place {
    /// Its place in [`Streams::live`], or one of the marks below.
    at: u32,
    /// The number after each side's SYN, or what the other side expects where there was none; 0 when
    /// neither is known.
    firsts: [u32; 2],
}

/// Nothing yet; a SYN and no payload yet; not followed (any more).
const NOT_YET: u32 = u32::MAX;
const BEGUN: u32 = u32::MAX - 1;
const NEVER: u32 = u32::MAX - 2;

impl Place {
    const NONE: Place = Place {
        at: NOT_YET,
        firsts: [0; 2],
    };
}

/// In how many segments a message is looked for that begins, when the stream's beginning is not in
/// the capture.
const TRIES: u8 = 16;
/// Ports below are those of services (RFC 6335 section 6).
const RESERVED: u16 = 1024;

/// How many streams are followed on after a RST.
const MOST_RESET: usize = 256;

/// All streams.
#[derive(Default)]
pub struct Streams {
    /// Per stream.
    places: Vec<Place>,
    live: Slots<Live>,
    /// Streams in which a RST was seen, the newest.
    reset: VecDeque<u32>,
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

    /// What a usual frame carries.
    #[inline]
    pub(crate) fn usual(usual: &Usual, seen: Seen) -> Carried {
        let payload = usual.payload();
        Carried {
            seen,
            start: payload.start,
            captured: payload.captured,
            whole: None,
        }
    }

    /// Where its payload begins in the frame.
    #[inline]
    pub(crate) fn start(&self) -> u32 {
        self.start
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
    /// The frame in which it became readable.
    pub(super) frame: u32,
    pub(super) time: Time,
    /// The frame that carried it, maybe an earlier one, and its time.
    pub(super) carried_in: u32,
    pub(super) carried_at: Time,
    pub(super) bytes: &'a [u8],
    /// Number of the first of them, and what the segment acknowledges that carried them.
    pub(super) number: u32,
    pub(super) acked: u32,
    /// What the other side had sent, and the number of what it sends next, as far as that was seen.
    pub(super) heard: Option<Heard>,
    pub(super) other_next: Option<u32>,
    /// Bytes after these that are not in the capture.
    pub(super) missing: u32,
}

impl Piece<'_> {
    /// Where a message is whole that begins in the frame `first` and ends here: there, if that frame
    /// carries all of it, whatever it has overtaken.
    fn whole(&self, first: u32) -> (u32, Time) {
        match self.carried_in == first {
            true => (self.carried_in, self.carried_at),
            false => (self.frame, self.time),
        }
    }
}

impl Streams {
    /// Takes in one segment of a stream; `frame` gives the bytes of the frame it is in.
    pub fn segment<'a>(&mut self, carried: &'a Carried, frame: impl FnOnce() -> &'a [u8]) {
        let seen = &carried.seen;
        let segment = &seen.segment;
        let length = segment.length.unwrap_or(0);
        let stream = as_usize(seen.stream);
        let mut at = self.places.get(stream).map_or(NOT_YET, |place| place.at);
        if segment.flags & tcp::SYN_ACK == tcp::SYN_ACK && at != NOT_YET {
            at = self.answered(stream, seen);
        }
        let place = match at {
            NEVER => return,
            NOT_YET | BEGUN if length == 0 => {
                if segment.has(tcp::SYN) {
                    let place = self.place(stream);
                    if place.at == NOT_YET {
                        *place = Place::NONE;
                    }
                    place.at = BEGUN;
                    place.firsts[usize::from(seen.side)] = segment.seq.wrapping_add(1);
                } else if at == NOT_YET && segment.has(tcp::ACK) && !segment.has(tcp::RST) {
                    self.place(stream).firsts[usize::from(1 - seen.side)] = segment.ack;
                }
                return;
            }
            mark @ (NOT_YET | BEGUN) => {
                let begun = mark == BEGUN || segment.has(tcp::SYN);
                self.start(stream, seen, begun)
            }
            place => place,
        };
        let live = &mut self.live[place];
        let payload = if length > 0 {
            carried.payload(frame())
        } else {
            &[]
        };
        live.segment(seen, payload, &mut self.found);
        let over = live.order.iter().all(|o| o.ended.is_some());
        if length > 0 && live.tries > 0 && !live.order[usize::from(seen.side)].waits() {
            live.tries -= 1;
            if let Kind::Http(http) = &live.kind
                && let Some(client) = http.client()
            {
                live.tries = 0;
                let ports = [segment.source_port, segment.destination_port];
                let asking = ports[usize::from(client != usize::from(seen.side))];
                // What a service sends may be a text that looks like a request.
                if asking >= RESERVED {
                    self.found.askers.push((seen.stream, client));
                }
            }
        }
        let known = match &live.kind {
            Kind::Unknown => {
                live.tries > 0
                    || !live.held.is_empty()
                    || live.order.iter().all(|o| o.delivered == 0)
            }
            Kind::Http(_) => true,
            Kind::Tls(tls) => !tls.is_done(),
            Kind::Dns(_, dns) => !dns.is_lost(),
            Kind::Login(_) => true,
        };
        if over || !known {
            self.drop_stream(stream, place);
        } else if segment.has(tcp::RST) && !live.reset {
            live.reset = true;
            self.reset(seen.stream);
        }
    }

    /// A SYN+ACK with another number, of a side that had ended: where the calls are not in the capture,
    /// that is how the next connection of the same ends begins.
    #[cold]
    fn answered(&mut self, stream: usize, seen: &Seen) -> u32 {
        let side = usize::from(seen.side);
        let first = seen.segment.seq.wrapping_add(1);
        let known = self.places[stream];
        let over = match known.at {
            BEGUN => known.firsts[side] != 0,
            NEVER => true,
            place => self.live[place].order[side].ended.is_some(),
        };
        if !over || known.firsts[1 - side] != 0 || known.firsts[side] == first {
            return known.at;
        }
        if !matches!(known.at, BEGUN | NEVER) {
            self.drop_stream(stream, known.at);
        }
        self.places[stream] = Place {
            at: BEGUN,
            ..Place::NONE
        };
        BEGUN
    }

    /// A RST may not be its sender's, who goes on then; so the stream is followed for a while.
    #[cold]
    fn reset(&mut self, stream: u32) {
        self.reset.push_back(stream);
        if self.reset.len() > MOST_RESET
            && let Some(oldest) = self.reset.pop_front().map(as_usize)
            && !matches!(self.places[oldest].at, NOT_YET | BEGUN | NEVER)
        {
            self.drop_stream(oldest, self.places[oldest].at);
        }
    }

    fn place(&mut self, stream: usize) -> &mut Place {
        if self.places.len() <= stream {
            self.places.resize(stream + 1, Place::NONE);
        }
        &mut self.places[stream]
    }

    /// Begins to follow a stream; `begun` says whether its beginning is in the capture.
    fn start(&mut self, stream: usize, seen: &Seen, begun: bool) -> u32 {
        let segment = &seen.segment;
        let place = self.live.put(Live::new());
        let known = self.place(stream);
        known.at = place;
        let firsts = known.firsts;
        if !begun {
            known.firsts = Place::NONE.firsts;
        }
        let orders = &mut self.live[place].order;
        for (order, first) in orders
            .iter_mut()
            .zip(firsts)
            .filter(|(_, first)| *first != 0)
        {
            match begun {
                true => order.begins(first),
                false => order.is_expected(first),
            }
        }
        if !begun && segment.has(tcp::ACK) {
            orders[usize::from(1 - seen.side)].is_expected(segment.ack);
        }
        if !begun {
            self.live[place].tries = TRIES;
        }
        // DNS is known by its port alone; HTTP and TLS by how they begin, whatever the port.
        if let Some((protocol @ (Protocol::Dns | Protocol::Mdns), _)) =
            ports::tcp_protocol(segment.source_port, segment.destination_port)
        {
            self.live[place].kind = Kind::Dns(protocol, Box::default());
        }
        let (side, ports) = (
            usize::from(seen.side),
            [segment.destination_port, segment.source_port],
        );
        let talks = ports.map(login::Talk::by_port);
        self.live[place].login = match talks {
            [Some(talk), None] => Some((talk, side)),
            [None, Some(talk)] => Some((talk, 1 - side)),
            _ => None,
        };
        place
    }

    /// The capture is over.
    pub(crate) fn end(&mut self) {
        for (number, place) in (0..).zip(&self.places) {
            if !matches!(place.at, NOT_YET | BEGUN | NEVER)
                && let Kind::Http(http) = &mut self.live[place.at].kind
            {
                http.breaks_off(number, &mut self.found.exchanges);
            }
        }
    }

    fn drop_stream(&mut self, stream: usize, place: u32) {
        self.places[stream].at = NEVER;
        if let Kind::Http(http) = &mut self.live[place].kind {
            let number = u32::try_from(stream).unwrap_or(u32::MAX);
            http.breaks_off(number, &mut self.found.exchanges);
        }
        self.live[place] = Live::new();
        self.live.free(place);
    }
}

impl Live {
    /// Puts one segment in order and hands on what became readable.
    fn segment(&mut self, seen: &Seen, payload: &[u8], found: &mut Found) {
        let segment = &seen.segment;
        let length = segment.length.unwrap_or(0);
        let side = usize::from(seen.side);
        if segment.has(tcp::SYN) {
            self.last = Default::default();
        } else if payload.len() == as_usize(length) && seen.copy.is_none() {
            let other = self.last[side].segment(segment.seq, payload, seen.frame);
            if let Some(first) = other {
                found.differing.add(Differing {
                    stream: seen.stream,
                    side,
                    frames: (first, seen.frame),
                });
            }
        }
        let piece = Piece {
            stream: seen.stream,
            side,
            frame: seen.frame,
            time: seen.time,
            carried_in: seen.frame,
            carried_at: seen.time,
            bytes: &[],
            number: segment.seq,
            acked: segment.ack,
            heard: None,
            other_next: None,
            missing: 0,
        };
        let Live {
            kind,
            order,
            held,
            login,
            ..
        } = self;
        let mut deliver = |piece: Piece<'_>| {
            if let Kind::Unknown = kind {
                *kind = match (recognise(held, &piece), *login) {
                    // Others say hello before they turn to TLS.
                    (Kind::Unknown, Some((talk, client))) if held.is_empty() => {
                        Kind::Login(Box::new(login::Parser::new(talk, client)))
                    }
                    (kind, _) => kind,
                };
                if !matches!(kind, Kind::Unknown) {
                    for earlier in held.drain(..) {
                        let earlier = Piece {
                            side: earlier.side,
                            frame: earlier.frame,
                            time: earlier.time,
                            carried_in: earlier.carried.0,
                            carried_at: earlier.carried.1,
                            number: earlier.number,
                            acked: earlier.acked,
                            bytes: &earlier.bytes,
                            heard: piece.heard.filter(|_| earlier.side == piece.side),
                            other_next: piece.other_next.filter(|_| earlier.side == piece.side),
                            missing: 0,
                            ..piece
                        };
                        kind.read(earlier, found);
                    }
                }
            }
            kind.read(piece, found);
        };
        let other = Piece {
            side: 1 - side,
            heard: order[side].heard(),
            other_next: order[side].expected(),
            ..piece
        };
        let mut ended = None;
        if segment.has(tcp::SYN) {
            order[side].begins(segment.seq.wrapping_add(1));
        }
        if segment.has(tcp::ACK) {
            // What the other side has acknowledged and is not here will not come. First, since this
            // segment may answer what waited behind it.
            let waited = order[1 - side].waits();
            order[1 - side].acknowledged(segment.ack, other, &mut deliver);
            if waited && !order[1 - side].waits() {
                ended = order[1 - side].ended;
            }
        }
        if length > 0 && !segment.has(tcp::RST) {
            let first = segment.seq.wrapping_add(u32::from(segment.has(tcp::SYN)));
            let piece = Piece {
                heard: order[1 - side].heard(),
                other_next: order[1 - side].expected(),
                ..piece
            };
            order[side].add(first, payload, length, piece, &mut deliver);
        }
        // The end was there before what it ends.
        if let (Kind::Http(http), Some((frame, time))) = (&mut *kind, ended) {
            let fin = Piece {
                frame,
                time,
                ..other
            };
            http.end(1 - side, &fin, &mut found.exchanges, false);
        }
        if segment.has(tcp::FIN_RST) {
            if let Kind::Http(http) = kind
                && !order[side].waits()
            {
                http.end(side, &piece, &mut found.exchanges, segment.has(tcp::RST));
            }
            order[side].ended = Some((seen.frame, seen.time));
        }
    }
}

/// What a stream carries, by how a side of it begins. Too little to tell is held.
fn recognise(held: &mut Vec<Held>, piece: &Piece<'_>) -> Kind {
    let own = held.iter().filter(|h| h.side == piece.side);
    let start: Vec<u8>;
    let bytes = if held.is_empty() {
        piece.bytes
    } else {
        start = own
            .flat_map(|h| h.bytes.iter())
            .chain(piece.bytes)
            .copied()
            .collect();
        &start
    };
    if http::begins(bytes) {
        return Kind::Http(Box::default());
    }
    if tls::begins(bytes) {
        return Kind::Tls(Box::default());
    }
    if piece.missing == 0 && (http::may_begin(bytes) || tls::may_begin(bytes)) {
        held.push(Held {
            side: piece.side,
            frame: piece.frame,
            time: piece.time,
            carried: (piece.carried_in, piece.carried_at),
            number: piece.number,
            acked: piece.acked,
            bytes: piece.bytes.to_vec(),
        });
    } else {
        held.clear();
    }
    Kind::Unknown
}
