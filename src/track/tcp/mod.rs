//! TCP over time: Wireshark's streams and sequence analysis, and the story of each connection.
//!
//! `analysis.rs` follows Wireshark 4.0 (`tcp.analysis.*`), `story.rs` says who opened, who closed
//! and how, `zeek.rs` keeps Zeek's state and letters. All three see each segment once.

mod analysis;
mod holes;
pub mod note;
mod story;
mod unacked;
mod zeek;

pub(crate) use story::Brief;

pub use note::{FIELDS, Flags, Note, emit};

use crate::capture::Time;
use crate::dissect::tcp::{self, Numbers, Segment};
use crate::dissect::{Ip, Packet};
use crate::facts::connection::Connection;
use analysis::Side;
use hashbrown::HashTable;
use std::hash::BuildHasher;
use std::net::IpAddr;
use story::Story;
use unacked::Pool;

/// One end of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) address: IpAddr,
    pub(crate) port: u16,
}

/// One conversation.
struct Stream {
    /// Who sent the first segment, and the other side.
    ends: [End; 2],
    sides: [Side; 2],
    story: Story,
    first_time: Time,
    previous_time: Time,
    /// Time of the newest SYN without ACK.
    syn_time: Option<Time>,
    /// From that SYN to the first ACK; 0 while unknown, as Wireshark keeps it.
    initial_rtt: i64,
    completeness: u8,
    /// Bits that the first segment adds when Wireshark looks at it a second time.
    first_bits: u8,
}

/// All conversations of a capture.
pub struct Connections {
    table: HashTable<u32>,
    hasher: foldhash::fast::RandomState,
    streams: Vec<Stream>,
    pool: Pool,
}

impl Default for Connections {
    fn default() -> Self {
        Self::new()
    }
}

impl Connections {
    /// No conversation yet.
    pub fn new() -> Self {
        Connections {
            table: HashTable::new(),
            hasher: foldhash::fast::RandomState::default(),
            streams: Vec::new(),
            pool: Pool::default(),
        }
    }

    /// How many conversations were seen.
    pub fn len(&self) -> usize {
        self.streams.len()
    }

    /// Whether none was seen.
    pub fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    /// Takes in one segment; the note says what it means.
    pub fn segment(&mut self, packet: &Packet<'_>, ip: &Ip, segment: &Segment) -> Note {
        let time = packet.frame.time.unwrap_or_default();
        let number = packet.frame.number;
        let from = End {
            address: ip.source,
            port: segment.source_port,
        };
        let to = End {
            address: ip.destination,
            port: segment.destination_port,
        };
        let (mut index, mut new) = self.find_or_start(from, to, time);
        let mut flags = Flags::default();
        let syn = segment.flags & (tcp::SYN | tcp::ACK);
        let stream = &mut self.streams[index];
        let own = stream.side_of(from, to);
        if stream.sides[own].base_set && segment.seq != stream.sides[own].base {
            if syn == tcp::SYN {
                // Port reuse: another initial number starts another conversation.
                index = self.replace(from, to, index, time);
                new = true;
                flags.insert(Flags::REUSED_PORTS);
                self.streams[index].story.port_reuse = true;
                self.streams[index].completeness = 1;
            } else if syn == tcp::SYN | tcp::ACK {
                stream.sides[own].base = segment.seq;
                flags.insert(Flags::REUSED_PORTS);
            }
        }
        let stream = &mut self.streams[index];
        let own = stream.side_of(from, to);
        let mut note = Note {
            stream: u32::try_from(index).unwrap_or(u32::MAX),
            side: if own == 0 { 0 } else { 1 },
            time_relative: time.since(stream.first_time),
            time_delta: time.since(stream.previous_time),
            flags,
            completeness: stream.completeness,
            ..Note::default()
        };
        stream.previous_time = time;
        let options = if segment.has(tcp::SYN) || segment.header_length > 20 {
            option_bytes(packet)
        } else {
            &[]
        };
        if segment.length.is_some() {
            analysis::segment(
                stream,
                own,
                segment,
                number,
                time,
                options,
                &mut self.pool,
                &mut note,
            );
        }
        note.numbers = stream.numbers(own);
        if segment.header_length >= 20 {
            stream.count_completeness(segment, new);
            stream.after_header(own, segment, time, options);
        }
        note.initial_rtt = stream.initial_rtt;
        story::segment(stream, own, segment, number, time, options, &note);
        note
    }

    /// The segment that got this note is one that an earlier frame already held.
    pub(super) fn copied(&mut self, note: &Note) {
        if let Some(stream) = self.streams.get_mut(crate::dissect::as_usize(note.stream)) {
            story::copied(&mut stream.story, note);
        }
    }

    /// What the second reading of a capture knows about a stream that the first could not yet:
    /// bases, scales, completeness and initial RTT as they ended.
    pub fn complete(&self, note: &mut Note, first_of_stream: bool) {
        let Some(stream) = self.streams.get(crate::dissect::as_usize(note.stream)) else {
            return;
        };
        let own = usize::from(note.side);
        note.numbers = stream.numbers(own);
        note.initial_rtt = stream.initial_rtt;
        // Wireshark prints the value before the frame itself is looked at again.
        note.completeness = stream.completeness
            | if first_of_stream {
                0
            } else {
                stream.first_bits
            };
    }

    /// What is known of a conversation.
    pub fn connection(&self, stream: usize) -> Option<Connection> {
        self.streams
            .get(stream)
            .map(|s| story::tell(s, u32::try_from(stream).unwrap_or(u32::MAX)))
    }

    /// All connections in order.
    pub fn connections(&self) -> impl Iterator<Item = Connection> {
        (0..self.streams.len()).filter_map(|i| self.connection(i))
    }

    /// How much a connection matters: failed and troubled ones first, then the large ones.
    pub fn weight(&self, stream: usize) -> u64 {
        self.streams.get(stream).map_or(0, story::weight)
    }

    /// The two ends of a conversation, first sender first.
    pub fn ends(&self, stream: usize) -> Option<[(IpAddr, u16); 2]> {
        self.streams
            .get(stream)
            .map(|s| s.ends.map(|e| (e.address, e.port)))
    }

    /// What the search for situations asks of a connection.
    pub(crate) fn brief(&self, stream: usize) -> Option<Brief> {
        self.streams.get(stream).map(story::brief)
    }

    /// Whether a connection was refused or not answered.
    pub(crate) fn failed_to_open(&self, stream: usize) -> bool {
        self.streams.get(stream).is_some_and(story::failed_to_open)
    }

    /// Frame and time of every SYN of the caller.
    pub(crate) fn syn_times(&self, stream: usize) -> Vec<(u32, i64)> {
        self.streams
            .get(stream)
            .map_or_else(Vec::new, story::syn_times)
    }

    fn find_or_start(&mut self, from: End, to: End, time: Time) -> (usize, bool) {
        let hash = self.hash(from, to);
        let streams = &self.streams;
        let found = self.table.find(hash, |i| {
            streams[crate::dissect::as_usize(*i)].is_between(from, to)
        });
        if let Some(found) = found {
            return (crate::dissect::as_usize(*found), false);
        }
        let index = self.start(from, to, time);
        let position = u32::try_from(index).expect("fewer than four billion streams");
        let (hasher, streams) = (&self.hasher, &self.streams);
        self.table.insert_unique(hash, position, |i| {
            let ends = streams[crate::dissect::as_usize(*i)].ends;
            hash_of(hasher, ends[0], ends[1])
        });
        (index, true)
    }

    /// Starts a conversation in the place of an earlier one between the same ends.
    fn replace(&mut self, from: End, to: End, earlier: usize, time: Time) -> usize {
        self.pool.release(&mut self.streams[earlier].sides);
        let index = self.start(from, to, time);
        let hash = self.hash(from, to);
        let earlier = u32::try_from(earlier).expect("fewer than four billion streams");
        if let Some(place) = self.table.find_mut(hash, |i| *i == earlier) {
            *place = u32::try_from(index).expect("fewer than four billion streams");
        }
        index
    }

    fn start(&mut self, from: End, to: End, time: Time) -> usize {
        self.streams.push(Stream {
            ends: [from, to],
            sides: [Side::default(), Side::default()],
            story: Story::default(),
            first_time: time,
            previous_time: time,
            syn_time: None,
            initial_rtt: 0,
            completeness: 0,
            first_bits: 0,
        });
        self.streams.len() - 1
    }

    fn hash(&self, a: End, b: End) -> u64 {
        hash_of(&self.hasher, a, b)
    }
}

/// The same for both directions.
fn hash_of(hasher: &foldhash::fast::RandomState, a: End, b: End) -> u64 {
    hasher.hash_one(end_number(a) ^ end_number(b).rotate_left(0))
        ^ hasher.hash_one(end_number(a).wrapping_add(end_number(b)))
}

fn end_number(end: End) -> u128 {
    let address = match end.address {
        IpAddr::V4(a) => u128::from(a.to_bits()) | 4 << 64,
        IpAddr::V6(a) => a.to_bits(),
    };
    address
        .wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
        .rotate_left(29)
        ^ (u128::from(end.port) << 48)
}

/// The option bytes of the outermost TCP header, as far as they were captured.
fn option_bytes<'a>(packet: &Packet<'a>) -> &'a [u8] {
    let Some(layer) = packet.layers.find(crate::dissect::layer::Protocol::Tcp) else {
        return &[];
    };
    let bytes = packet.view(layer).bytes;
    let header = usize::from(bytes.get(12).copied().unwrap_or_default() >> 4) * 4;
    bytes.get(20..header.min(bytes.len())).unwrap_or_default()
}

impl Stream {
    fn is_between(&self, a: End, b: End) -> bool {
        self.ends == [a, b] || self.ends == [b, a]
    }

    fn side_of(&self, from: End, to: End) -> usize {
        usize::from(self.ends != [from, to])
    }

    fn numbers(&self, own: usize) -> Numbers {
        Numbers {
            own_base: self.sides[own].base,
            peer_base: self.sides[1 - own].base,
            scale: self.sides[own].scale,
        }
    }

    /// Wireshark's completeness bits.
    fn count_completeness(&mut self, segment: &Segment, new: bool) {
        let bits = completeness_bits(segment);
        if new {
            if segment.flags & (tcp::SYN | tcp::ACK) == tcp::SYN {
                self.completeness |= 1 | if segment.length.unwrap_or(0) > 0 {
                    8
                } else {
                    0
                };
            }
            self.first_bits = bits;
        } else {
            self.completeness |= bits;
        }
    }

    /// What a header tells besides sequence numbers: scales, and the initial round trip.
    fn after_header(&mut self, own: usize, segment: &Segment, time: Time, options: &[u8]) {
        if segment.flags & (tcp::SYN | tcp::ACK) == tcp::SYN {
            self.syn_time = Some(time);
        }
        if segment.has(tcp::SYN) {
            self.sides[own].first_ack_pending = true;
            let offered = tcp::parse_options(options).window_scale;
            self.settle_scale(own, offered, segment.has(tcp::ACK));
        }
        if segment.flags & (tcp::SYN | tcp::ACK) == tcp::ACK {
            if let (Some(syn), 0) = (self.syn_time, self.initial_rtt) {
                self.initial_rtt = time.since(syn);
            }
            self.sides[own].first_ack_pending = false;
        }
    }

    /// Scaling is in use only if both SYNs carried the option (RFC 7323 §2.2).
    fn settle_scale(&mut self, own: usize, offered: Option<u8>, synack: bool) {
        if let Some(shift) = offered {
            self.sides[own].scale = i8::try_from(shift.min(14)).unwrap_or(14);
        }
        if self.sides[own].scale == -1 {
            self.sides[own].scale = -2;
            self.sides[1 - own].scale = -2;
        } else if synack && self.sides[1 - own].scale == -2 {
            self.sides[own].scale = -2;
        }
    }
}

/// The bits a segment that is not the first of its stream adds.
fn completeness_bits(segment: &Segment) -> u8 {
    let mut bits = 0;
    match segment.flags & (tcp::SYN | tcp::ACK) {
        f if f == tcp::SYN | tcp::ACK => bits |= 2,
        tcp::ACK => {
            bits |= if segment.length.unwrap_or(0) > 0 {
                8
            } else {
                4
            }
        }
        _ => {}
    }
    if segment.flags & (tcp::FIN | tcp::ACK) == tcp::FIN | tcp::ACK {
        bits |= 16;
    }
    if segment.has(tcp::RST) {
        bits |= 32;
    }
    bits
}
