//! TCP over time: Wireshark's streams and sequence analysis, and the story of each connection.
//!
//! `analysis.rs` follows Wireshark 4.0 (`tcp.analysis.*`), `story.rs` says who opened, who closed
//! and how, `zeek.rs` keeps Zeek's state and letters. All three see each segment once.

mod analysis;
mod directory;
mod holes;
pub mod note;
mod offer;
pub mod segments;
mod story;
mod unacked;
mod zeek;

pub(crate) use story::{Brief, Failure};

pub use directory::Seen;
pub use note::{FIELDS, Flags, Note, emit};

use super::chunks::{Chunks, Slots};
use crate::capture::Time;
use crate::dissect::layer::Protocol;
use crate::dissect::tcp::{self, Numbers, Segment};
use crate::dissect::{Ip, Packet, as_usize};
use crate::facts::tcp::Connection;
use analysis::Side;
use directory::{Directory, End, Step};
use std::net::IpAddr;
use story::Story;
use unacked::Pool;

/// One conversation: what is kept to the end.
struct Stream {
    story: Story,
    first_time: Time,
    previous_time: Time,
    /// From the newest SYN to the first ACK; 0 while unknown, as Wireshark keeps it.
    initial_rtt: i64,
    state: State,
    completeness: u8,
    /// Bits that the first segment adds when Wireshark looks at it a second time.
    first_bits: u8,
}

/// What is needed to go on with a conversation. Captures of scans hold a million conversations
/// of one segment, and those of busy servers use their ports again: neither needs much.
#[derive(Clone, Copy)]
enum State {
    /// Its only segment so far, by its place.
    Begun(u32),
    /// By its place.
    Live(u32),
    /// Its ports were taken by a later conversation; where its numbers are.
    Over(u32),
}

/// What relative numbers of one side count from, and its scale.
#[derive(Clone, Copy, Default)]
struct Base {
    number: u32,
    scale: i8,
}

/// What following a conversation needs and its story does not.
#[derive(Default)]
struct Live {
    sides: [Side; 2],
    /// Time of the newest SYN without ACK.
    syn_time: Option<Time>,
    zeek: zeek::Memory,
}

/// All conversations of a capture.
#[derive(Default)]
pub struct Connections {
    directory: Directory,
    streams: Chunks<Stream>,
    /// First segments, to go on from when there is a second.
    first: Slots<Seen>,
    live: Slots<Live>,
    /// Of conversations that are over.
    bases: Chunks<[Base; 2]>,
    pool: Pool,
}

impl Connections {
    /// How many conversations were seen.
    pub fn len(&self) -> usize {
        self.streams.len()
    }

    /// Whether none was seen.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes in one segment; the note says what it means.
    pub fn segment(&mut self, packet: &Packet<'_>, ip: &Ip, segment: &Segment) -> Note {
        let seen = self.find(packet, ip, segment);
        self.follow(&seen)
    }

    /// Finds the conversation of a segment, or begins one. The segment is to be followed, here or
    /// in another thread, in the same order.
    pub fn find(&mut self, packet: &Packet<'_>, ip: &Ip, segment: &Segment) -> Seen {
        self.directory.find(packet, ip, segment)
    }

    /// Takes over what was followed elsewhere of the segments that were found here.
    pub fn adopt(&mut self, followed: Connections) {
        let directory = std::mem::take(&mut self.directory);
        *self = Connections {
            directory,
            ..followed
        };
    }

    /// What was followed, apart again from where it is found: to go on after [`Connections::adopt`].
    pub fn split(&mut self) -> Connections {
        let directory = std::mem::take(&mut self.directory);
        let followed = std::mem::take(self);
        self.directory = directory;
        followed
    }

    /// Takes in a segment whose conversation was found; the note says what it means.
    pub fn follow(&mut self, seen: &Seen) -> Note {
        let mut note = Note {
            stream: seen.stream,
            side: seen.side,
            ..Note::default()
        };
        let index = as_usize(seen.stream);
        match seen.step {
            Step::Begins => self.begin(seen, &mut note),
            Step::Replaces(earlier) => {
                self.end(as_usize(earlier));
                note.flags.insert(Flags::REUSED_PORTS);
                self.begin(seen, &mut note);
            }
            Step::GoesOn | Step::Renumbers => {
                let place = self.wake(index);
                let live = &mut self.live[place];
                if seen.step == Step::Renumbers {
                    live.sides[usize::from(seen.side)].base = seen.segment.seq;
                    note.flags.insert(Flags::REUSED_PORTS);
                }
                self.streams[index].segment(live, seen, &mut self.pool, &mut note);
            }
        }
        if seen.copy {
            story::copied(&mut self.streams[index].story, &note);
        }
        note
    }

    /// Begins a conversation with its first segment.
    fn begin(&mut self, seen: &Seen, note: &mut Note) {
        let mut stream = Stream {
            story: Story::default(),
            first_time: seen.time,
            previous_time: seen.time,
            initial_rtt: 0,
            state: State::Begun(0),
            completeness: 0,
            first_bits: 0,
        };
        if note.flags.has(Flags::REUSED_PORTS) {
            stream.story.port_reuse = true;
            stream.completeness = 1;
        }
        let mut live = Live::default();
        stream.segment(&mut live, seen, &mut self.pool, note);
        self.pool.release(&mut live.sides);
        stream.state = State::Begun(self.first.put(seen.clone()));
        self.streams.push(stream);
    }

    /// Where a conversation is followed; one that has only begun is followed from here on.
    fn wake(&mut self, index: usize) -> u32 {
        let stream = &mut self.streams[index];
        match stream.state {
            State::Live(place) => place,
            State::Begun(place) => {
                let live = self.first[place].replay(&mut self.pool);
                self.first.free(place);
                let place = self.live.put(live);
                stream.state = State::Live(place);
                place
            }
            State::Over(_) => {
                unreachable!("the table knows only the newest conversation of two ends")
            }
        }
    }

    /// A later conversation has taken the ports.
    fn end(&mut self, index: usize) {
        let place = self.wake(index);
        let live = &mut self.live[place];
        self.pool.release(&mut live.sides);
        let bases = self.bases.push(live.bases());
        self.streams[index].state = State::Over(u32::try_from(bases).unwrap_or(u32::MAX));
        self.live.free(place);
    }

    /// What the second reading of a capture knows about a stream that the first could not yet:
    /// bases, scales, completeness and initial RTT as they ended.
    pub fn complete(&self, note: &mut Note, first_of_stream: bool) {
        let Some(stream) = self.streams.get(as_usize(note.stream)) else {
            return;
        };
        let bases = match stream.state {
            State::Live(place) => self.live[place].bases(),
            State::Over(place) => self.bases[as_usize(place)],
            State::Begun(place) => self.first[place].replay(&mut Pool::default()).bases(),
        };
        note.numbers = numbers(bases, usize::from(note.side));
        note.initial_rtt = stream.initial_rtt;
        // Wireshark prints the value before the frame itself is looked at again.
        note.completeness = stream.completeness
            | if first_of_stream {
                0
            } else {
                stream.first_bits
            };
    }

    /// What is known of a conversation; `None` if all its frames were passed over.
    pub fn connection(&self, stream: usize) -> Option<Connection> {
        let ends = self.directory.ends(stream)?;
        let number = u32::try_from(stream).ok()?;
        let stream = self.streams.get(stream).filter(|s| !s.story.is_empty())?;
        Some(story::tell(stream, ends, number))
    }

    /// How much a connection matters: failed and troubled ones first, then the large ones.
    pub fn weight(&self, stream: usize) -> u64 {
        self.streams.get(stream).map_or(0, story::weight)
    }

    /// Which end is the client, of [`Connections::ends`].
    pub(super) fn client_side(&self, stream: usize) -> Option<usize> {
        let ends = self.directory.ends(stream)?;
        Some(story::client_side(self.streams.get(stream)?, ends).0)
    }

    /// The conversation between two ends as it is now, if there is one.
    pub(crate) fn between(&self, from: (IpAddr, u16), to: (IpAddr, u16)) -> Option<u32> {
        self.directory.between(from, to)
    }

    /// The two ends of a conversation, first sender first.
    pub fn ends(&self, stream: usize) -> Option<[(IpAddr, u16); 2]> {
        let ends = self.directory.ends(stream)?;
        Some(ends.map(|e| (e.address, e.port)))
    }

    /// What the search for situations asks of a connection.
    pub(crate) fn brief(&self, stream: usize) -> Option<Brief> {
        let ends = self.directory.ends(stream)?;
        Some(story::brief(self.streams.get(stream)?, ends))
    }

    /// Why a connection never came about; nothing if it did.
    pub(crate) fn failure(&self, stream: usize) -> Option<Failure> {
        let ends = self.directory.ends(stream)?;
        let stream = self.streams.get(stream).filter(|s| !s.story.is_empty())?;
        story::failure(stream, ends)
    }

    /// Takes in that the ICMP error in `frame` came back for a SYN.
    pub(crate) fn unreachable(&mut self, stream: usize, frame: u32) {
        if let Some(stream) = self.streams.get_mut(stream) {
            story::unreachable(&mut stream.story, frame);
        }
    }

    /// Frame and time of every SYN of the caller.
    pub(crate) fn syn_times(&self, stream: usize) -> Vec<(u32, i64)> {
        self.streams
            .get(stream)
            .map_or_else(Vec::new, story::syn_times)
    }
}

impl Seen {
    /// What is known of a conversation after this segment alone.
    fn replay(&self, pool: &mut Pool) -> Live {
        let mut live = Live::default();
        let mut note = Note::default();
        live.segment(self, 0, pool, &mut note);
        story::remember(&mut live.zeek, self, &note);
        live
    }
}

impl Live {
    /// Takes in one segment; gives the initial round trip, if this segment completes it.
    fn segment(
        &mut self,
        seen: &Seen,
        initial_rtt: i64,
        pool: &mut Pool,
        note: &mut Note,
    ) -> Option<i64> {
        let own = usize::from(seen.side);
        if seen.segment.length.is_some() {
            analysis::segment(&mut self.sides, own, seen, initial_rtt, pool, note);
        }
        note.numbers = numbers(self.bases(), own);
        if seen.segment.header_length < 20 {
            return None;
        }
        self.after_header(own, seen)
    }

    fn bases(&self) -> [Base; 2] {
        [0, 1].map(|side: usize| Base {
            number: self.sides[side].base,
            scale: self.sides[side].scale,
        })
    }

    /// What a header tells besides sequence numbers: scales, and the initial round trip.
    fn after_header(&mut self, own: usize, seen: &Seen) -> Option<i64> {
        let segment = &seen.segment;
        if segment.flags & (tcp::SYN | tcp::ACK) == tcp::SYN {
            self.syn_time = Some(seen.time);
        }
        if segment.has(tcp::SYN) {
            self.sides[own].first_ack_pending = true;
            self.settle_scale(own, seen.offer.scale(), segment.has(tcp::ACK));
        }
        if segment.flags & (tcp::SYN | tcp::ACK) != tcp::ACK {
            return None;
        }
        self.sides[own].first_ack_pending = false;
        self.syn_time.map(|syn| seen.time.since(syn))
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

fn numbers(bases: [Base; 2], own: usize) -> Numbers {
    Numbers {
        own_base: bases[own].number,
        peer_base: bases[1 - own].number,
        scale: bases[own].scale,
    }
}

/// The option bytes of the outermost TCP header, as far as they were captured.
fn option_bytes<'a>(packet: &Packet<'a>, segment: &Segment) -> &'a [u8] {
    let header = usize::from(segment.header_length);
    if header <= 20 {
        return &[];
    }
    let Some(layer) = packet.layers.find(Protocol::Tcp) else {
        return &[];
    };
    let bytes = packet.view(layer).bytes;
    bytes.get(20..header.min(bytes.len())).unwrap_or_default()
}

impl Stream {
    /// Takes in one segment.
    fn segment(&mut self, live: &mut Live, seen: &Seen, pool: &mut Pool, note: &mut Note) {
        note.time_relative = seen.time.since(self.first_time);
        note.time_delta = seen.time.since(self.previous_time);
        note.completeness = self.completeness;
        self.previous_time = seen.time;
        let rtt = live.segment(seen, self.initial_rtt, pool, note);
        if seen.segment.header_length >= 20 {
            let new = matches!(seen.step, Step::Begins | Step::Replaces(_));
            self.count_completeness(&seen.segment, new);
        }
        if let (Some(rtt), 0) = (rtt, self.initial_rtt) {
            self.initial_rtt = rtt;
        }
        note.initial_rtt = self.initial_rtt;
        if !seen.hidden {
            story::segment(self, &mut live.zeek, seen, note);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_of_one_segment_is_compact() {
        let kept = size_of::<Stream>() + size_of::<Seen>();
        assert!(kept <= 360, "{kept}");
        assert!(size_of::<Live>() <= 240, "{}", size_of::<Live>());
    }
}
