//! Messages of TCP streams (HTTP/1, TLS records, DNS), each in the frame that completes it, as
//! Wireshark shows them with its default settings.
//!
//! This is not how a careful reader would put a stream in order (`stream` does that): a segment
//! that is retransmitted or late is left out, and a hole ends what was being put together. It is
//! only asked when fields of these protocols are.
//!
//! **Invariant:** what waits for its end is bounded, in each direction and together.

mod exchanges;
pub(crate) mod pdu;
mod waiting;

pub(crate) use exchanges::{HttpNote, emit, emit_tunnel};

use crate::capture::Time;
use crate::dissect::definition::{Given, State, Take, Taken};
use crate::dissect::field::{Sink, Wanted};
use crate::dissect::http;
use crate::dissect::layer::{Layer, Protocol, Source, View};
use crate::dissect::outline::{self, Memory, Names, Outline};
use crate::dissect::tcp::{self, Segment};
use crate::dissect::tls;
use crate::dissect::{Packet, as_u32, as_usize, ftp, ports};
use crate::track::dns;
use crate::track::room::Room;
use crate::track::tcp::{Flags, Note};
use exchanges::{Exchange, show_the_last};
use foldhash::fast::RandomState;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;
use std::ops::Range;
use waiting::{Need, Waiting};

/// Segments that Wireshark does not look into. A fast retransmission it does.
const SENT_AGAIN: Flags = Flags(Flags::RETRANSMISSION.0 | Flags::OUT_OF_ORDER.0);
/// Those that it takes for known already when it puts messages together, which it only does with
/// segments that were captured whole.
const KNOWN_ALREADY: Flags = Flags::SPURIOUS_RETRANSMISSION;

/// Most bytes that wait in one direction.
const MOST_WAITING: usize = 4 << 20;
/// Most bytes that wait in all streams together.
const MOST_TOGETHER: usize = 128 << 20;

/// Most data connections that are announced and remembered.
const MOST_ANNOUNCED: usize = 65_536;

/// Most messages of one direction that are remembered when they are whole.
const MOST_DONE: usize = 1024;

/// Longest body that Wireshark waits for.
const LONGEST_BODY: u64 = i32::MAX as u64;

/// A message, in the frame that completes it.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// HTTP, TLS or DNS.
    pub protocol: Protocol,
    /// Its bytes; of a body longer than is kept, the beginning.
    pub bytes: Vec<u8>,
    /// How many it had on the wire, where the capture cuts it.
    pub reported: usize,
    /// What HTTP's fields need from other frames.
    pub http: Option<HttpNote>,
    /// What its fields need from earlier messages of the stream.
    pub state: State,
    /// What DNS's fields need from other frames.
    pub dns: Option<dns::Note>,
}

impl Message {
    /// The message as a layer of the packet that completes it.
    pub(crate) fn given<'p, 'a>(&'a self, packet: &'p Packet<'a>) -> Given<'p, 'a> {
        let length = as_u32(self.bytes.len());
        Given {
            packet,
            layer: Layer {
                protocol: self.protocol,
                quoted: false,
                source: Source::Stream,
                start: 0,
                captured: length,
                reported: as_u32(self.reported),
                name: self.protocol.name(),
            },
            view: View {
                bytes: &self.bytes,
                reported: self.reported,
                quoted: false,
            },
            numbers: None,
            state: self.state,
        }
    }
}

/// What becomes of a segment's payload.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// The messages that end in the segment.
    pub messages: Vec<Message>,
    /// Parts of the payload that wait for more or complete what waited.
    pub pieces: Vec<Range<usize>>,
    /// These parts were sent before, or complete late what was waited for.
    pub late: bool,
    /// What this segment makes whole, of bytes that came in several.
    pub whole: Vec<Whole>,
    /// The part of the payload that no protocol claims.
    pub unclaimed: Option<Range<usize>>,
    /// Wireshark's names of the protocols that take the payload, where they are not decoded.
    pub named: Names,
    /// Sizes of the messages that have their length before them.
    pub sizes: Vec<u32>,
    /// A message of a protocol that is only named contradicts itself.
    pub malformed: bool,
    /// HTTP was left for what its payload is now.
    pub left_http: bool,
    /// The host and port that a proxy was asked to connect to, in whose tunnel the payload is.
    pub tunnel: Option<(Vec<u8>, u16)>,
}

/// Bytes of several segments, put together for a message or several.
#[derive(Clone, Debug)]
pub(crate) struct Whole {
    /// The frames they came in.
    pub frames: Vec<u32>,
    /// How many they are.
    pub length: u64,
    /// The bytes, as far as they are kept.
    pub bytes: Vec<u8>,
}

/// All streams.
#[derive(Default)]
pub(crate) struct Messages {
    streams: HashMap<u32, Stream, RandomState>,
    waiting: usize,
    /// Ends at which a data connection of FTP was announced.
    announced: HashSet<(IpAddr, u16), RandomState>,
    /// Stream and number of a request, to the frame of its response.
    responses: HashMap<(u32, u32), u32, RandomState>,
    /// Stream and number of a request, to its frame.
    requests: HashMap<(u32, u32), u32, RandomState>,
    /// Frames whose bytes are put together, to the frame that completes them.
    completed: HashMap<u32, u32, RandomState>,
    /// Streams that turned out to carry TLS in a first reading: Wireshark reads them as such from
    /// their beginning then.
    secured: HashSet<u32, RandomState>,
}

#[derive(Clone, Copy, Default)]
enum Kind {
    #[default]
    Unknown,
    Http,
    Tls,
    Dns,
    /// Divided as its definition says.
    Other(Protocol, Take),
    /// Agreed on in HTTP, and only named.
    Named(&'static str),
    /// Divided, and only named.
    Outlined(&'static Outline),
}

#[derive(Default)]
struct Stream {
    kind: Kind,
    ports: (u16, u16),
    /// The port by which the protocol was found.
    port: u16,
    /// What it remembers.
    phase: u32,
    waiting: [Option<Waiting>; 2],
    tls: [tls::State; 2],
    requests: Vec<Request>,
    responses: u32,
    /// The newest exchange as Wireshark counts them.
    exchange: Exchange,
    /// What the newest request asked for.
    uri: Option<Vec<u8>>,
    /// TLS, known by its bytes and by no port.
    recognized: bool,
    /// An HTTP message was seen.
    seen: bool,
    /// And its head was not cut short.
    whole: bool,
    /// HTTP was left, for a tunnel or for another protocol.
    left_http: bool,
    /// Host and port at the end of the tunnel.
    tunnel: Option<(Vec<u8>, u16)>,
    /// What a protocol that is only named needs from its earlier messages.
    memory: Memory,
    /// Messages that were put together, by the number of their first byte, and their length.
    done: [BTreeMap<u32, u32>; 2],
}

#[derive(Default)]
struct Request {
    method: Vec<u8>,
    uri: Option<Vec<u8>>,
}

impl Messages {
    /// Takes in a segment and hands out the messages that end in it.
    pub(crate) fn segment(&mut self, packet: &Packet<'_>, segment: &Segment, note: &Note) -> Told {
        let length = segment.length.unwrap_or(0);
        let payload = packet.payload_bytes();
        let payload = &payload[..payload.len().min(as_usize(length))];
        if segment.has(tcp::RST) || (length == 0 && !segment.has(tcp::FIN)) {
            return Told::default();
        }
        if note.flags.has(Flags::KEEP_ALIVE) {
            // Its byte is none of the stream: nobody reads it.
            return Told {
                unclaimed: Some(0..payload.len()),
                ..Told::default()
            };
        }
        let start = segment.seq.wrapping_add(u32::from(segment.has(tcp::SYN)));
        let mut call = Call {
            frame: packet.frame.number,
            time: packet.frame.time.unwrap_or_default(),
            stream: note.stream,
            side: usize::from(note.side),
            to_server: false,
            start,
            length: payload.len(),
            end: start.wrapping_add(length),
            frames: Vec::new(),
            out: Vec::new(),
            exchanges: Vec::new(),
            told: Told::default(),
        };
        let ports = (segment.source_port, segment.destination_port);
        let (announced, secured) = (&mut self.announced, &self.secured);
        let stream = self.streams.entry(note.stream).or_insert_with(|| {
            let found = ports::tcp_protocol(ports.0, ports.1);
            // For one connection: the next one is announced again.
            let promised = packet.ip.as_ref().and_then(|ip| {
                let ends = [(ip.source, ports.0), (ip.destination, ports.1)];
                let end = ends.iter().find(|end| announced.remove(*end))?;
                Some((Protocol::FtpData, end.1))
            });
            let found = found.or(promised);
            let (protocol, port) = found.map_or((None, 0), |(p, port)| (Some(p), port));
            let kind = match protocol {
                Some(Protocol::Http) => Kind::Http,
                Some(Protocol::Tls) => Kind::Tls,
                Some(Protocol::Dns | Protocol::Mdns) => Kind::Dns,
                Some(other) => match other.definition().take {
                    Some(take) => Kind::Other(other, take),
                    None => Kind::Unknown,
                },
                None if secured.contains(&note.stream) && !is_text(payload) => Kind::Tls,
                None => Kind::Unknown,
            };
            Stream {
                kind,
                ports,
                port,
                ..Stream::default()
            }
        });
        call.to_server = ports.1 == stream.port;
        let held = |stream: &Stream| -> usize {
            let waiting = stream.waiting.iter().flatten();
            waiting.map(|w| w.bytes.len() + w.later_bytes).sum()
        };
        let before = held(stream);
        let whole = payload.len() == as_usize(length);
        let can_wait = whole && self.waiting < MOST_TOGETHER;
        let again = note.flags.has(SENT_AGAIN) || whole && note.flags.has(KNOWN_ALREADY);
        // Wireshark cannot put it where it has put something together already.
        call.told.malformed = !note.flags.has(Flags::RETRANSMISSION)
            && !note.flags.has(KNOWN_ALREADY)
            && length > 0
            && stream.known_already(call.side, call.start);
        if length > 0 && again {
            // Out of order it may fill a gap; a message that ends in it is not shown, nor counted.
            let exchange = stream.exchange;
            let filling =
                !note.flags.has(Flags::RETRANSMISSION) && stream.waits_for(call.side, segment);
            if filling {
                stream.bytes(&mut call, segment, payload, can_wait);
            }
            stream.exchange = exchange;
            call.told.late = !filling || !call.told.whole.is_empty();
            call.out.clear();
            call.exchanges.clear();
            call.told.pieces.clear();
            let from_start = stream.done[call.side].contains_key(&call.start);
            // What was not captured whole is not put together at all.
            let repeated = from_start || whole && note.flags.has(Flags::RETRANSMISSION);
            if filling || repeated {
                call.told.pieces.push(0..payload.len());
            }
            call.told.unclaimed = None;
            call.told.named.clear();
        } else {
            stream.bytes(&mut call, segment, payload, can_wait);
            if segment.has(tcp::FIN) {
                stream.end(&mut call);
            }
        }
        self.waiting = (self.waiting + held(stream)).saturating_sub(before);
        for message in &call.out {
            if let (Protocol::Ftp, Some(ip)) = (message.protocol, &packet.ip)
                && let Some(end) = ftp::announced(call.to_server, ip.source, &message.bytes)
                && self.announced.has_room(MOST_ANNOUNCED)
            {
                self.announced.insert(end);
            }
        }
        if call.out.len() > 1 {
            show_the_last(&mut call.out);
        }
        for (answer, number) in &call.exchanges {
            let frames = if *answer {
                &mut self.responses
            } else {
                &mut self.requests
            };
            frames.insert((call.stream, *number), call.frame);
        }
        for whole in &call.told.whole {
            for frame in whole.frames.iter().filter(|frame| **frame != call.frame) {
                self.completed.insert(*frame, call.frame);
            }
        }
        call.told.messages = call.out;
        call.told
    }

    /// A reader for the same capture, which knows what this one has learned of whole streams.
    pub(crate) fn again(&self) -> Messages {
        let found = self.streams.iter().filter(|(_, stream)| stream.recognized);
        Messages {
            secured: found.map(|(number, _)| *number).collect(),
            ..Messages::default()
        }
    }

    /// The frame that completes what this one's bytes belong to.
    pub(crate) fn completed_in(&self, frame: u32) -> Option<u32> {
        self.completed.get(&frame).copied()
    }

    /// What a second reading knows of a message: the frame of the response to a request.
    pub(crate) fn complete(&self, stream: u32, message: &mut Message) {
        if let Some(http) = message.http.as_mut().filter(|http| http.exchange > 0) {
            let request = |number| self.requests.get(&(stream, number)).copied();
            let response = |number| self.responses.get(&(stream, number)).copied();
            let (before, after) = (http.exchange.saturating_sub(1), http.exchange + 1);
            http.previous.0 = request(before);
            http.next.0 = request(after);
            if http.response_number.is_some() {
                // Wireshark's second pass begins with what its first knew last.
                let last = self.streams.get(&stream).map(|stream| &stream.uri);
                if let (None, Some(last)) = (&http.request_uri, last) {
                    http.request_uri.clone_from(last);
                }
                http.previous.1 = response(before);
                http.next.1 = response(after);
            } else {
                http.response_in = response(http.exchange);
            }
        }
        if let Some(stream) = self.streams.get(&stream) {
            // Data that a client sends before the server has chosen a version.
            message.state.tls.tls13 |= stream.tls.iter().any(|state| state.tls13);
            let known = stream.tls.iter().map(|state| state.version).max();
            message.state.tls.version = known.unwrap_or(0);
        }
    }
}

/// The segment at hand.
struct Call {
    frame: u32,
    time: Time,
    stream: u32,
    side: usize,
    to_server: bool,
    /// Number of the payload's first byte.
    start: u32,
    /// Captured bytes of the payload.
    length: usize,
    /// Number behind the payload, all of it.
    end: u32,
    /// Frames of what is put together at the moment.
    frames: Vec<u32>,
    out: Vec<Message>,
    /// Exchanges that begin or are answered here: whether answered, and their number.
    exchanges: Vec<(bool, u32)>,
    told: Told,
}

impl Call {
    /// The part of the payload with these numbers.
    fn part(&self, from: u32, length: usize) -> Range<usize> {
        let start = as_usize(from.wrapping_sub(self.start)).min(self.length);
        start..(start + length).min(self.length)
    }
}

impl Stream {
    /// Whether a message of known length waits for bytes that this segment has.
    fn waits_for(&self, side: usize, segment: &Segment) -> bool {
        self.waiting[side].as_ref().is_some_and(|waiting| {
            let offset = u64::from(segment.seq.wrapping_sub(waiting.start));
            matches!(waiting.need, Need::Bytes(need) if offset < need)
        })
    }

    /// Whether bytes begin within a message that is whole already, and not with it.
    fn known_already(&self, side: usize, start: u32) -> bool {
        let Some((first, whole)) = self.done[side].range(..start).next_back() else {
            return false;
        };
        start - first < *whole
    }

    /// Remembers a message that was put together.
    fn done(&mut self, side: usize, start: u32, length: u64) {
        let done = &mut self.done[side];
        if !done.has_room(MOST_DONE) {
            done.pop_first();
        }
        done.insert(start, u32::try_from(length).unwrap_or(u32::MAX));
    }

    /// Takes in a segment's bytes.
    fn bytes(&mut self, call: &mut Call, segment: &Segment, payload: &[u8], can_wait: bool) {
        let mut seq = segment.seq.wrapping_add(u32::from(segment.has(tcp::SYN)));
        let mut payload = payload;
        if payload.is_empty() {
            return;
        }
        if let Some(mut waiting) = self.waiting[call.side].take() {
            let offset = u64::from(seq.wrapping_sub(waiting.start));
            let belongs = match waiting.need {
                Need::OneMore | Need::Lines(_) | Need::Chunks(_) => offset == waiting.length,
                Need::Bytes(need) => offset < need,
                Need::Fin => offset <= waiting.length,
            };
            if belongs {
                let most = match waiting.need {
                    Need::Bytes(need) => need,
                    _ => u64::MAX,
                };
                // What came before is not taken twice.
                let new = waiting.length.checked_sub(offset).map(|skip| {
                    let skip = usize::try_from(skip).unwrap_or(usize::MAX);
                    payload.get(skip..).unwrap_or_default()
                });
                match new {
                    Some(new) => waiting.add(call.frame, new, most),
                    None => waiting.keep(call.frame, offset, payload),
                }
                waiting.close_gaps(most);
                let belonging = usize::try_from(most.saturating_sub(offset));
                let belonging = belonging.unwrap_or(usize::MAX).min(payload.len());
                let piece = call.told.pieces.len();
                call.told.pieces.push(call.part(seq, belonging));
                let answered = self.answered_request().is_some();
                if matches!(waiting.need, Need::Fin)
                    || matches!(waiting.need, Need::Bytes(need) if waiting.length < need)
                    || new.is_some_and(<[u8]>::is_empty)
                    || can_wait && !waiting.may_be_whole(answered)
                {
                    self.waiting[call.side] = Some(waiting);
                    return;
                }
                let (bytes, whole) = (waiting.bytes, waiting.length);
                let cut = whole > bytes.len() as u64;
                call.frames = waiting.frames;
                self.messages(call, waiting.start, &bytes, can_wait && !cut);
                let again = self.waiting[call.side].as_ref();
                let again = again.map(|w| u64::from(w.start.wrapping_sub(waiting.start)));
                let frames = std::mem::take(&mut call.frames);
                if again != Some(0) {
                    // What waits anew is no part of what is whole.
                    let length = again.unwrap_or(whole).min(whole);
                    let mut bytes = bytes;
                    bytes.truncate(usize::try_from(length).unwrap_or(usize::MAX));
                    self.done(call.side, waiting.start, length);
                    call.told.whole.push(Whole {
                        frames,
                        length,
                        bytes,
                    });
                    let own = usize::try_from(length.saturating_sub(offset)).unwrap_or(usize::MAX);
                    call.told.pieces[piece] = call.part(seq, own.min(belonging));
                }
                let taken = usize::try_from(whole - offset).unwrap_or(usize::MAX);
                payload = payload.get(taken..).unwrap_or_default();
                seq = seq.wrapping_add(u32::try_from(taken).unwrap_or(0));
                if payload.is_empty() || self.waiting[call.side].is_some() {
                    return;
                }
            } else if matches!(waiting.need, Need::Bytes(_)) && (offset as u32) > u32::MAX / 2 {
                // Older bytes: what waits goes on waiting.
                self.waiting[call.side] = Some(waiting);
                return;
            }
        }
        if matches!(self.kind, Kind::Unknown) {
            self.kind = match recognize(payload, self.ports) {
                // In a tunnel it is between others, and only a port tells of it.
                Kind::Http if self.left_http => Kind::Unknown,
                kind => kind,
            };
            self.recognized = matches!(self.kind, Kind::Tls);
        }
        self.messages(call, seq, payload, can_wait);
    }

    /// The stream's end in one direction: what waited for it is whole.
    fn end(&mut self, call: &mut Call) {
        if let Some(waiting) = self.waiting[call.side].take()
            && waiting.need == Need::Fin
        {
            let start = waiting.start;
            self.messages(call, start, &waiting.bytes, false);
            let mut frames = waiting.frames;
            if !frames.contains(&call.frame) {
                frames.push(call.frame);
            }
            if frames.len() > 1 {
                call.told.pieces.clear();
                let (length, bytes) = (waiting.length, waiting.bytes);
                call.told.whole.push(Whole {
                    frames,
                    length,
                    bytes,
                });
            }
        }
    }

    /// Reads as many messages as there are, and keeps the rest for later.
    fn messages(&mut self, call: &mut Call, seq: u32, bytes: &[u8], can_wait: bool) {
        call.told.left_http = self.left_http;
        call.told.tunnel.clone_from(&self.tunnel);
        // How long what cannot wait was on the wire.
        let cut = (!can_wait).then(|| as_usize(call.end.wrapping_sub(seq)));
        let (at, need) = match self.kind {
            Kind::Named(name) => {
                call.told.named.push(name);
                return;
            }
            Kind::Unknown => {
                match ports::names::tcp(self.ports.0, self.ports.1) {
                    // A length is read where there is none: it waits for more than ever comes.
                    Some("") => call.told.pieces.push(call.part(seq, bytes.len())),
                    Some(name) => call.told.named.push(name),
                    None => call.told.unclaimed = Some(call.part(seq, bytes.len())),
                }
                return;
            }
            Kind::Outlined(outline) => match self.outlined(call, outline, bytes, cut) {
                Some(found) => found,
                None => {
                    call.told.unclaimed = Some(call.part(seq, bytes.len()));
                    return;
                }
            },
            Kind::Http => self.http(call, bytes, can_wait),
            Kind::Tls => self.tls(call, bytes, cut),
            Kind::Dns => self.dns(call, bytes, can_wait),
            Kind::Other(protocol, take) => self.other(call, protocol, take, bytes, can_wait),
        };
        let Some(need) = need.filter(|_| can_wait) else {
            return;
        };
        let rest = &bytes[at.min(bytes.len())..];
        let start = seq.wrapping_add(u32::try_from(at).unwrap_or(0));
        // What goes on as it was keeps its frames.
        let frames = match at {
            0 if !call.frames.is_empty() => call.frames.clone(),
            _ => {
                let piece = call.part(start, rest.len());
                if !call.told.pieces.contains(&piece) {
                    call.told.pieces.push(piece);
                }
                vec![call.frame]
            }
        };
        self.waiting[call.side] = Some(Waiting::new(start, need, rest, frames));
    }

    fn push(&mut self, call: &mut Call, protocol: Protocol, bytes: &[u8]) {
        call.out.push(Message {
            protocol,
            bytes: bytes.to_vec(),
            reported: bytes.len(),
            http: None,
            state: State {
                tls: self.tls[call.side],
                to_server: call.to_server,
                phase: self.phase,
            },
            dns: None,
        });
    }

    /// Records; of one that is cut but ends within what was on the wire, what is there.
    fn tls(&mut self, call: &mut Call, bytes: &[u8], cut: Option<usize>) -> (usize, Option<Need>) {
        let mut at = tls::ssl2_hello(bytes).unwrap_or(0);
        let (mut need, mut reported) = (None, 0);
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            if rest.len() < tls::RECORD_HEADER && tls::may_begin(rest) {
                need = Some(Need::OneMore);
                break;
            }
            let Some(record) = tls::Record::parse(rest) else {
                // No record: Wireshark shows the layer and nothing in it.
                at = bytes.len();
                break;
            };
            let length = tls::RECORD_HEADER + record.length;
            if rest.len() < length {
                match cut {
                    None => need = Some(Need::Bytes(length as u64)),
                    Some(cut) if at + length <= cut => {
                        reported = at + length;
                        at = bytes.len();
                    }
                    // It goes on in another segment, which is not waited for: the layer alone.
                    Some(_) if at == 0 => at = bytes.len(),
                    Some(_) => {}
                }
                break;
            }
            at += length;
        }
        if at > 0 {
            let (bytes, reported) = (&bytes[..at], reported.max(at));
            let message = tls_message(bytes, reported, &mut self.tls, call.side);
            call.out.push(message);
        }
        (at, need)
    }

    fn other(
        &mut self,
        call: &mut Call,
        protocol: Protocol,
        take: Take,
        bytes: &[u8],
        can_wait: bool,
    ) -> (usize, Option<Need>) {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let mut state = State {
                to_server: call.to_server,
                phase: self.phase,
                ..State::default()
            };
            let taken = take(&mut state, rest);
            let length = match taken {
                Taken::Message(length) | Taken::ThenTls(length) => length.clamp(1, rest.len()),
                Taken::OneMore if can_wait => return (at, Some(Need::OneMore)),
                Taken::Needs(length) if can_wait && length > rest.len() => {
                    return (at, Some(Need::Bytes(length as u64)));
                }
                Taken::OneMore | Taken::Needs(_) => rest.len(),
            };
            self.push(call, protocol, &rest[..length]);
            self.phase = state.phase;
            at += length;
            if matches!(taken, Taken::ThenTls(_)) {
                self.kind = Kind::Tls;
                break;
            }
        }
        (bytes.len(), None)
    }

    /// Messages of a protocol that is only named; `None` where it takes none of the bytes.
    fn outlined(
        &mut self,
        call: &mut Call,
        outline: &'static Outline,
        bytes: &[u8],
        cut: Option<usize>,
    ) -> Option<(usize, Option<Need>)> {
        let can_wait = cut.is_none();
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let turns = tls::Record::parse(rest)
                .is_some_and(|record| record.content == tls::content::HANDSHAKE);
            if turns && ports::tcp_may_be(Protocol::Tls, self.ports.0, self.ports.1) {
                self.kind = Kind::Tls;
                let (taken, need) = self.tls(call, rest, cut.map(|cut| cut.saturating_sub(at)));
                return Some((at + taken, need));
            }
            let length = match (outline.divide)(rest, &mut self.memory) {
                Some(Taken::Message(length) | Taken::ThenTls(length)) => {
                    length.clamp(1, rest.len())
                }
                Some(Taken::OneMore) if can_wait => return Some((at, Some(Need::OneMore))),
                Some(Taken::Needs(length)) if can_wait && length > rest.len() => {
                    return Some((at, Some(Need::Bytes(length as u64))));
                }
                Some(Taken::OneMore | Taken::Needs(_)) => rest.len(),
                None if at == 0 => return None,
                None => break,
            };
            if at == 0 {
                call.told.named.push(outline.name);
            }
            let names = &mut call.told.named;
            (outline.above)(&rest[..length], &mut self.memory, names);
            at += length;
        }
        call.told.malformed |= std::mem::take(&mut self.memory.malformed);
        Some((bytes.len(), None))
    }

    fn dns(&mut self, call: &mut Call, bytes: &[u8], can_wait: bool) -> (usize, Option<Need>) {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let Some(length) = rest.first_chunk::<2>() else {
                return (at, Some(Need::OneMore));
            };
            let length = usize::from(u16::from_be_bytes(*length)) + 2;
            if rest.len() < length && can_wait {
                return (at, Some(Need::Bytes(length as u64)));
            }
            call.told.sizes.extend(u32::try_from(length));
            let captured = length.min(rest.len());
            self.push(call, Protocol::Dns, &rest[..captured]);
            if let Some(message) = call.out.last_mut() {
                message.reported = length;
            }
            at += captured;
        }
        (at, None)
    }
}

/// A message of TLS records; moves the states of both directions on.
pub(super) fn tls_message(
    bytes: &[u8],
    reported: usize,
    states: &mut [tls::State; 2],
    side: usize,
) -> Message {
    let message = Message {
        protocol: Protocol::Tls,
        bytes: bytes.to_vec(),
        reported,
        http: None,
        state: State {
            tls: states[side],
            ..State::default()
        },
        dns: None,
    };
    let view = View {
        bytes,
        reported,
        quoted: false,
    };
    let mut nothing = Sink::new(Wanted::default());
    tls::emit(&view, &mut states[side], &mut nothing);
    let tls13 = states.iter().any(|state| state.tls13);
    let version = states[side].version;
    for state in states {
        state.version = if version == 0 { state.version } else { version };
        state.tls13 = tls13;
    }
    message
}

/// Whether bytes begin as text does, which nobody takes for TLS.
fn is_text(bytes: &[u8]) -> bool {
    let first = &bytes[..bytes.len().min(8)];
    first.len() > 1 && first.iter().all(|b| matches!(b, b' '..=b'~'))
}

/// Whether the first line is whole and begins or ends with the version: without, words that look
/// like a method are just words.
fn names_http(bytes: &[u8]) -> bool {
    let Some(end) = memchr::memchr(b'\n', bytes) else {
        return false;
    };
    let line = bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]);
    let version = |at: usize| {
        line.get(at..at + 7)
            .is_some_and(|v| v.eq_ignore_ascii_case(b"HTTP/1."))
    };
    line.len() > 8 && (version(0) || version(line.len() - 8))
}

/// What a stream that no port tells of carries.
fn recognize(bytes: &[u8], (source, destination): (u16, u16)) -> Kind {
    if http::recognize(bytes).is_some()
        && names_http(bytes)
        && ports::tcp_may_be(Protocol::Http, source, destination)
    {
        return Kind::Http;
    }
    match tls::Record::parse(bytes) {
        Some(record)
            if matches!(
                record.content,
                tls::content::HANDSHAKE | tls::content::APPLICATION_DATA
            ) && record.version < 0x0304
                && record.length > 0
                && ports::tcp_may_be(Protocol::Tls, source, destination) =>
        {
            Kind::Tls
        }
        _ => outline::tcp(source, destination, bytes).map_or(Kind::Unknown, Kind::Outlined),
    }
}
