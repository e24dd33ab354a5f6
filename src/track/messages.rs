//! Messages of TCP streams (HTTP/1, TLS records, DNS), each in the frame that completes it, as
//! Wireshark shows them with its default settings.
//!
//! This is not how a careful reader would put a stream in order (`stream` does that): a segment
//! that is retransmitted or late is left out, and a hole ends what was being put together. It is
//! only asked when fields of these protocols are.
//!
//! **Invariant:** what waits for its end is bounded, in each direction and together.

mod divided;
mod exchanges;
pub(crate) mod pdu;
mod recognize;
mod records;
mod waiting;
mod waits;

pub(crate) use exchanges::{HttpNote, emit, emit_tunnel};
pub(super) use records::tls_message;

use crate::capture::Time;
use crate::dissect::definition::{Given, State, Take};
use crate::dissect::layer::{Layer, Protocol, Source, View};
use crate::dissect::outline::{Memory, Names, Outline};
use crate::dissect::tcp::{self, Segment};
use crate::dissect::tls;
use crate::dissect::{Packet, as_u32, as_usize, ftp, ports};
use crate::track::dns;
use crate::track::room::Room;
use crate::track::tcp::{Flags, Note};
use exchanges::{Exchange, show_the_last};
use foldhash::fast::RandomState;
use recognize::is_text;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;
use std::ops::Range;
use waiting::Waiting;

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
