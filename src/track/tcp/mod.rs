//! TCP over time: Wireshark's streams and sequence analysis, and the story of each connection.
//!
//! `analysis.rs` follows Wireshark 4.0 (`tcp.analysis.*`), `story` says who opened, who closed
//! and how, `zeek.rs` keeps Zeek's state and letters. All three see each segment once.

mod analysis;
mod asked;
pub(crate) mod closing;
mod directory;
mod holes;
mod live;
pub(crate) mod note;
mod offer;
pub(crate) mod segments;
mod story;
mod unacked;
mod zeek;

pub(crate) use story::{
    Back, Brief, Called, Failure, Ill, OddReset, Opening, Silent, TooLate, Unopened,
};

pub(crate) use directory::{Late, Seen};
pub(crate) use note::{FIELDS, Flags, Missing, Note, emit};

use super::chunks::{Chunks, Slots};
use crate::capture::{Frame, LinkType, Time};
use crate::dissect::tcp::{self, Numbers, Segment};
use crate::dissect::{Ip, Packet, Usual, as_usize};
use crate::facts::situation::Difference;
use directory::{Directory, End, Step};
use foldhash::fast::RandomState;
use live::Live;
use offer::{Offer, option_bytes};
use std::collections::HashMap;
use std::net::IpAddr;
use story::Story;
use unacked::Pool;

/// One conversation: what is kept to the end.
#[derive(Default)]
struct Stream {
    story: Story,
    first_time: Time,
    previous_time: Time,
    /// From the newest SYN to the first ACK; 0 while unknown, as Wireshark keeps it.
    initial_rtt: i64,
    completeness: u8,
    /// Bits that the first segment adds when Wireshark looks at it a second time.
    first_bits: u8,
}

/// Where a conversation is kept. Captures of scans and floods hold a million conversations of one
/// segment or two: these segments are all that is kept of them, and gone through again whenever
/// somebody asks.
#[derive(Clone, Copy)]
enum Place {
    /// The only segment so far.
    One(u32),
    /// The only two.
    Two(u32),
    /// What was made of its segments, and what is needed to go on.
    Many { stream: u32, live: u32 },
    /// The same when a later conversation has taken the ports, and what its numbers count from.
    Over { stream: u32, bases: u32 },
}

impl Place {
    /// What was made of its segments, if they are not kept.
    fn stream(self) -> Option<usize> {
        match self {
            Place::Many { stream, .. } | Place::Over { stream, .. } => Some(as_usize(stream)),
            Place::One(_) | Place::Two(_) => None,
        }
    }
}

/// What of an IP datagram matters beside its segment.
#[derive(Clone, Copy)]
struct Datagram {
    ends: (IpAddr, IpAddr),
    identification: u32,
    ttl: u8,
    copy: Option<Difference>,
    place: directory::Place,
}

/// What relative numbers of one side count from, and its scale.
#[derive(Clone, Copy, Default)]
struct Base {
    number: u32,
    scale: i8,
}

/// All conversations of a capture.
#[derive(Default)]
pub struct Connections {
    directory: Directory,
    places: Chunks<Place>,
    one: Slots<Seen>,
    two: Slots<[Seen; 2]>,
    streams: Chunks<Stream>,
    live: Slots<Live>,
    /// Of conversations that are over.
    bases: Chunks<[Base; 2]>,
    /// Where SYNs and SYN+ACKs gave a side of a conversation its numbers, if there were several: their
    /// frames, and what the numbers count from.
    renumbered: HashMap<(u32, u8), Vec<(u32, u32)>, RandomState>,
    /// Conversations of one segment or two for which an ICMP error came back, with its frame.
    unreachable: HashMap<u32, Back, RandomState>,
    /// Those of one segment or two whose content shows which side asks.
    askers: HashMap<u32, usize, RandomState>,
    pool: Pool,
    /// When the last frame of the capture came, once it is over.
    end: Option<Time>,
}

impl Connections {
    /// How many conversations were seen.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Takes in when the last frame of the capture came.
    pub fn ends_at(&mut self, end: Option<Time>) {
        self.end = end;
    }

    /// Finds the conversation of a segment, or begins one; `copy` says that an earlier frame held
    /// it. The segment is to be followed, here or in another thread, in the same order.
    #[inline]
    pub fn find(
        &mut self,
        packet: &Packet<'_>,
        ip: &Ip,
        segment: &Segment,
        copy: Option<Difference>,
    ) -> Seen {
        let datagram = Datagram {
            ends: (ip.source, ip.destination),
            identification: ip.identification,
            ttl: ip.ttl,
            copy,
            place: directory::Place {
                interface: packet.frame.interface,
                cooked: cooked(packet),
            },
        };
        let options = option_bytes(packet, segment);
        let seen = self.seen(&packet.frame, datagram, segment, options);
        if let Some(vlan) = packet.vlan().filter(|_| seen.copy.is_none()) {
            self.directory.tagged(&seen, vlan);
        }
        seen
    }

    /// The same of a usual frame that is no copy.
    #[inline]
    pub(crate) fn usual(&mut self, frame: &Frame<'_>, usual: &Usual) -> Seen {
        let datagram = Datagram {
            ends: (usual.source.into(), usual.destination.into()),
            identification: usual.identification,
            ttl: usual.ttl,
            copy: None,
            place: directory::Place {
                interface: frame.interface,
                cooked: 0,
            },
        };
        self.seen(frame, datagram, &usual.segment, usual.options(frame))
    }

    /// A segment that went from one address to another, with its place.
    #[inline]
    fn seen(
        &mut self,
        frame: &Frame<'_>,
        datagram: Datagram,
        segment: &Segment,
        options: &[u8],
    ) -> Seen {
        let (from, to) = datagram.ends;
        let (stream, side, step, behind) = self.directory.find(from, to, segment);
        let numbered = (datagram.identification, datagram.place);
        let (selectively_acked, received_twice) = analysis::selective(options, segment.ack);
        let mut seen = Seen {
            segment: *segment,
            frame: frame.number,
            time: frame.time.unwrap_or_default(),
            stream,
            side,
            copy: datagram.copy,
            received_twice,
            ttl: datagram.ttl,
            step,
            offer: if segment.has(tcp::SYN) {
                let cut = options.len() + 20 < usize::from(segment.header_length);
                Offer::new(&tcp::parse_options(options), cut)
            } else {
                Offer::default()
            },
            selectively_acked,
            identification: match from {
                IpAddr::V4(_) => u16::try_from(datagram.identification).unwrap_or_default(),
                IpAddr::V6(_) => 0,
            },
        };
        if behind && seen.copy.is_none() {
            seen.copy = self.directory.same_packet(&seen, datagram.ends, numbered);
        }
        self.directory.remember(&seen, numbered);
        seen
    }

    /// Segments that came again long after, as the same packet.
    pub(crate) fn came_again(&self) -> &Late {
        &self.directory.late
    }

    /// How many copies were acknowledged as received twice.
    pub(crate) fn doubled(&self) -> u32 {
        let of = |at| self.ask(at, story::doubled);
        (0..self.len()).filter_map(of).sum()
    }

    /// How many connections are not told, since they are in one stream with an earlier one.
    pub(crate) fn later(&self) -> u32 {
        let of = |at| self.ask(at, story::later);
        (0..self.len()).filter_map(of).sum()
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
        if let Step::Renumbers = seen.step {
            self.renumbers(seen);
        }
        let place = self.places.get(as_usize(seen.stream)).copied();
        let segments = match place.filter(|_| !seen.begins()) {
            None => [Some(seen), None],
            Some(Place::One(place)) => [Some(&self.one[place]), Some(seen)],
            Some(Place::Two(place)) => return self.begin_many(place, seen),
            Some(Place::Many { stream, live }) => {
                let mut note = Note::default();
                let followed = &mut self.streams[as_usize(stream)];
                followed.take(&mut self.live[live], seen, &mut self.pool, &mut note);
                self.resets(stream, seen);
                return note;
            }
            Some(Place::Over { .. }) => return Note::default(),
        };
        let (_, mut live, note) = replay(segments.into_iter().flatten(), &mut self.pool);
        self.pool.release(&mut live.sides);
        self.keep_on(seen);
        note
    }

    #[cold]
    fn renumbers(&mut self, seen: &Seen) {
        let key = (seen.stream, seen.side);
        if !self.renumbered.contains_key(&key) {
            let first = self.ask(as_usize(seen.stream), |stream| {
                story::numbered(&stream.story, usize::from(seen.side))
            });
            self.renumbered
                .insert(key, first.flatten().into_iter().collect());
        }
        let known = self.renumbered.entry(key).or_default();
        known.push((seen.frame, seen.segment.seq));
    }

    /// What the numbers of a side count from in a frame, where that changes. Before the first SYN of it
    /// Wireshark takes the last that its first reading has found.
    fn counted_from(&self, stream: u32, side: usize, frame: u32) -> Option<u32> {
        if self.renumbered.is_empty() {
            return None;
        }
        let known = self.renumbered.get(&(stream, u8::from(side == 1)))?;
        let later = known.partition_point(|(numbers, _)| *numbers <= frame);
        known[..later].last().map(|(_, number)| *number)
    }

    /// Takes in a segment whose conversation was found, to be told of later.
    pub fn keep(&mut self, seen: &Seen) {
        if let Step::Renumbers = seen.step {
            self.renumbers(seen);
        }
        self.keep_on(seen);
    }

    fn keep_on(&mut self, seen: &Seen) {
        let index = as_usize(seen.stream);
        if let Step::Replaces(earlier) = seen.step {
            self.end(as_usize(earlier));
        }
        if seen.begins() {
            let place = Place::One(self.one.put(seen.clone()));
            debug_assert!(
                self.places.len() == index,
                "conversations are numbered in order"
            );
            self.places.push(place);
            return;
        }
        match self.places[index] {
            Place::Many { stream, live } => {
                let followed = &mut self.streams[as_usize(stream)];
                followed.take(
                    &mut self.live[live],
                    seen,
                    &mut self.pool,
                    &mut Note::default(),
                );
                self.resets(stream, seen);
            }
            Place::One(place) => {
                let both = [self.one[place].clone(), seen.clone()];
                self.one.free(place);
                self.places[index] = Place::Two(self.two.put(both));
            }
            Place::Two(place) => {
                self.begin_many(place, seen);
            }
            // The table knows only the newest conversation of two ends.
            Place::Over { .. } => {}
        }
    }

    /// Has what a segment goes on with fetched into the cache.
    #[inline]
    pub(crate) fn fetch(&self, seen: &Seen) {
        if let Some(Place::Many { stream, live }) = self.places.get(as_usize(seen.stream)) {
            self.streams.fetch(as_usize(*stream));
            self.live.fetch(*live);
        }
    }

    /// Takes in the third segment of a conversation: from now on what becomes of it is kept, and
    /// no longer the segments.
    fn begin_many(&mut self, two: u32, seen: &Seen) -> Note {
        let [first, second] = &self.two[two];
        let (mut stream, live, note) = replay([first, second, seen], &mut self.pool);
        self.two.free(two);
        if let Some(back) = self.unreachable.remove(&seen.stream) {
            story::unreachable(&mut stream.story, back);
        }
        if let Some(side) = self.askers.remove(&seen.stream) {
            story::asks(&mut stream.story, side);
        }
        let live = self.live.put(live);
        let stream = u32::try_from(self.streams.push(stream));
        let stream = stream.expect("fewer than four billion streams");
        self.places[as_usize(seen.stream)] = Place::Many { stream, live };
        self.resets(stream, seen);
        note
    }

    /// Takes in a RST that may have ended the conversation of the same ends before this one.
    #[inline]
    fn resets(&mut self, stream: u32, seen: &Seen) {
        if seen.segment.has(tcp::RST) {
            self.resets_earlier(stream, seen);
        }
    }

    #[cold]
    fn resets_earlier(&mut self, stream: u32, seen: &Seen) {
        let earlier = story::resets_earlier(&self.streams[as_usize(stream)], seen);
        let place = earlier.and_then(|at| self.places.get(as_usize(at)));
        if let Some(Place::Over { stream, .. }) = place {
            story::reset_elsewhere(&mut self.streams[as_usize(*stream)], seen);
        }
    }

    /// A later conversation has taken the ports.
    fn end(&mut self, index: usize) {
        let Some(&Place::Many {
            stream,
            live: place,
        }) = self.places.get(index)
        else {
            return;
        };
        let live = &mut self.live[place];
        self.pool.release(&mut live.sides);
        let bases = u32::try_from(self.bases.push(live.bases())).unwrap_or(u32::MAX);
        self.places[index] = Place::Over { stream, bases };
        self.live.free(place);
    }

    /// Takes in which side asks, by what a conversation carries whose beginning is not in the
    /// capture.
    pub(crate) fn asks(&mut self, stream: u32, side: usize) {
        let Some(place) = self.places.get(as_usize(stream)) else {
            return;
        };
        match place.stream() {
            Some(place) => story::asks(&mut self.streams[place].story, side),
            None => {
                self.askers.insert(stream, side);
            }
        }
    }

    /// Takes in that an ICMP error came back for a SYN.
    pub(crate) fn unreachable(&mut self, stream: usize, back: Back) {
        let segments = match self.places.get(stream).copied() {
            None => return,
            Some(Place::Many { stream, .. } | Place::Over { stream, .. }) => {
                let stream = &mut self.streams[as_usize(stream)];
                return story::unreachable(&mut stream.story, back);
            }
            Some(Place::One(place)) => std::slice::from_ref(&self.one[place]),
            Some(Place::Two(place)) => &self.two[place],
        };
        let called = |seen: &Seen| seen.segment.has(tcp::SYN) && seen.frame < back.frame;
        if segments.iter().any(called) {
            let number = u32::try_from(stream).unwrap_or(u32::MAX);
            let known = self.unreachable.entry(number).or_insert(back);
            if known.expired && !back.expired {
                *known = back;
            }
        }
    }
}

impl Seen {
    /// Whether a conversation begins with it.
    pub(crate) fn begins(&self) -> bool {
        matches!(self.step, Step::Begins | Step::Replaces(_))
    }
}

/// Goes through the segments of a conversation from its first; the note is that of the last.
#[inline(never)]
fn replay<'s>(
    segments: impl IntoIterator<Item = &'s Seen>,
    pool: &mut Pool,
) -> (Stream, Live, Note) {
    let mut stream = Stream::default();
    let mut live = Live::default();
    let mut note = Note::default();
    for seen in segments {
        note = Note::default();
        stream.take(&mut live, seen, pool, &mut note);
    }
    (stream, live, note)
}

/// A few bits of what the header of a cooked frame tells: its direction, and the interface
/// (<https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html>).
fn cooked(packet: &Packet<'_>) -> u16 {
    let byte = |at: usize| u16::from(packet.frame.bytes.get(at).copied().unwrap_or_default());
    match packet.frame.link {
        LinkType::LINUX_SLL => byte(1) + 1,
        LinkType::LINUX_SLL2 => byte(10) + 1 + (byte(7) << 8) + (byte(6) << 12),
        _ => 0,
    }
}

fn numbers(bases: [Base; 2], own: usize) -> Numbers {
    Numbers {
        own_base: bases[own].number,
        peer_base: bases[1 - own].number,
        scale: bases[own].scale,
    }
}

impl Stream {
    /// Takes in one segment, the first or a later one. Inlined, so that nobody makes the notes that
    /// nobody reads.
    #[inline(always)]
    fn take(&mut self, live: &mut Live, seen: &Seen, pool: &mut Pool, note: &mut Note) {
        note.stream = seen.stream;
        note.side = seen.side;
        match seen.step {
            Step::GoesOn => {}
            Step::Renumbers => {
                live.sides[usize::from(seen.side)].base = seen.segment.seq;
                note.flags.insert(Flags::REUSED_PORTS);
            }
            Step::Begins | Step::Replaces(_) => self.begin(seen, note),
        }
        self.segment(live, seen, pool, note);
        if let Some(difference) = seen.copy {
            story::copied(
                &mut self.story,
                seen,
                difference,
                (note.flags, self.first_time),
            );
        }
    }

    #[cold]
    fn begin(&mut self, seen: &Seen, note: &mut Note) {
        self.first_time = seen.time;
        self.previous_time = seen.time;
        if let Step::Replaces(earlier) = seen.step {
            note.flags.insert(Flags::REUSED_PORTS);
            self.story.replaces = Some(earlier);
            self.completeness = 1;
        }
    }

    /// Takes in one segment.
    #[inline(always)]
    fn segment(&mut self, live: &mut Live, seen: &Seen, pool: &mut Pool, note: &mut Note) {
        note.time_relative = seen.time.since(self.first_time);
        let since = seen.time.since(self.previous_time);
        note.time_delta = since;
        note.completeness = self.completeness;
        self.previous_time = seen.time;
        let rtt = live.segment(seen, self.initial_rtt, pool, note);
        if seen.segment.header_length >= 20 {
            self.count_completeness(&seen.segment, seen.begins());
        }
        if let (Some(rtt), 0) = (rtt, self.initial_rtt) {
            self.initial_rtt = rtt;
        }
        note.initial_rtt = self.initial_rtt;
        story::segment(self, &mut live.zeek, seen, note.flags, since);
    }

    /// Wireshark's completeness bits.
    fn count_completeness(&mut self, segment: &Segment, new: bool) {
        let bits = completeness_bits(segment);
        if new {
            if segment.flags & tcp::SYN_ACK == tcp::SYN {
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
    match segment.flags & tcp::SYN_ACK {
        tcp::SYN_ACK => bits |= 2,
        tcp::ACK => {
            bits |= if segment.length.unwrap_or(0) > 0 {
                8
            } else {
                4
            }
        }
        _ => {}
    }
    if segment.flags & tcp::FIN_ACK == tcp::FIN_ACK {
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
        let one = size_of::<Seen>() + size_of::<Place>();
        assert!(one <= 84, "{one}");
        let many = size_of::<Stream>() + size_of::<Live>();
        assert!(many <= 608, "{many}");
    }
}
