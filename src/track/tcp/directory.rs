//! Which conversation a segment belongs to: by its two ends, numbered in order of appearance as
//! Wireshark does, with a new one where a SYN shows that the ports are used again.

use super::analysis;
use super::offer::Offer;
use crate::capture::Time;
use crate::dissect::as_usize;
use crate::dissect::tcp::{self, Segment};
use crate::facts::situation::Difference;
use crate::track::chunks::Chunks;
use crate::track::copies::tells_apart;
use crate::track::icmp::{ALIKE, Alike, Quoted, Told, whose};
use hashbrown::{HashMap, HashTable};
use std::hash::BuildHasher;
use std::net::{IpAddr, Ipv4Addr};

/// One end of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct End {
    // The port first: it is what differs between the conversations of two hosts.
    pub(crate) port: u16,
    pub(crate) address: IpAddr,
}

/// One segment with its place: everything that following its conversation needs to know of it.
#[derive(Clone)]
pub struct Seen {
    /// The header.
    pub segment: Segment,
    /// Its frame.
    pub frame: u32,
    /// Time of the frame.
    pub time: Time,
    /// Number of the conversation.
    pub stream: u32,
    /// 0 when the sender also sent the first segment of the conversation, else 1.
    pub side: u8,
    /// An earlier frame already held it, and differs so.
    pub copy: Option<Difference>,
    /// It says that its sender has received something twice (RFC 2883).
    pub(super) received_twice: bool,
    /// TTL or hop limit of its packet.
    pub ttl: u8,
    /// What it does to the list of conversations.
    pub(super) step: Step,
    /// What it offers, if it is a SYN.
    pub(super) offer: Offer,
    /// Bytes in its SACK blocks.
    pub(super) selectively_acked: u32,
    /// IPv4 identification of its packet; 0 where there is none.
    pub(super) identification: u16,
}

/// What a segment does to the list of conversations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It goes on with one.
    GoesOn,
    /// It begins one.
    Begins,
    /// It begins one whose ends were those of an earlier one, which is over.
    Replaces(u32),
    /// A SYN+ACK with another number than before: its side counts from there.
    Renumbers,
}

/// The two ends of a conversation and what their numbers count from.
struct Entry {
    /// Who sent the first segment, and the other side.
    ends: [End; 2],
    bases: [Option<u32>; 2],
}

/// How many conversations are found without the table: those of a moment.
const RECENT: usize = 256;

/// One direction of a conversation that had a segment lately: its two ends over IPv4, packed, and
/// what the table would say. Two zeros are an empty place.
#[derive(Clone, Copy, Default)]
struct Recent {
    from: u64,
    to: u64,
    stream: u32,
    side: u8,
    /// It is known what the numbers of both sides count from.
    settled: bool,
    /// The number after all payload, once there was some.
    next: Option<u32>,
    /// A packet came again: others may.
    again: bool,
}

/// The two ends of a segment over IPv4, packed; not those that would look like an empty place.
#[inline]
fn packed(source: IpAddr, destination: IpAddr, segment: &Segment) -> Option<(u64, u64)> {
    let (IpAddr::V4(source), IpAddr::V4(destination)) = (source, destination) else {
        return None;
    };
    let end = |address: Ipv4Addr, port: u16| u64::from(address.to_bits()) << 16 | u64::from(port);
    let from = end(source, segment.source_port);
    let to = end(destination, segment.destination_port);
    (from | to != 0).then_some((from, to))
}

/// Where a direction has its place among the recent ones. Whoever chooses ports that meet at one
/// place only makes us ask the table.
#[inline]
fn place((from, to): (u64, u64)) -> usize {
    let mixed = (from ^ to.rotate_left(23)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56;
    usize::from(mixed.to_le_bytes()[0])
}

/// One conversation in the table, with half of its hash: the ends, which lie elsewhere, are only
/// looked at when it fits.
#[derive(Clone, Copy)]
struct Known {
    half: u32,
    stream: u32,
}

impl Known {
    /// The hash that the table is given, made of the half twice.
    fn hash(half: u32) -> u64 {
        u64::from(half) << 32 | u64::from(half)
    }
}

/// All conversations by their ends.
pub(super) struct Directory {
    recent: Box<[Recent; RECENT]>,
    /// Conversations by the hash of their ends.
    table: HashTable<Known>,
    hasher: foldhash::fast::RandomState,
    entries: Chunks<Entry>,
    /// The last segments, for the ICMP errors that quote them: one at its number modulo [`SENT`].
    sent: Box<[Sent; SENT]>,
    /// Those that came again as the same packet.
    pub(super) late: Late,
    /// The VLANs of conversations with tags.
    vlans: HashMap<u32, Vlans, foldhash::fast::RandomState>,
}

/// How many of the last segments an ICMP error is compared with.
const SENT: usize = 1024;

/// Where a packet was seen: the interface of the recording, and of a cooked frame a few bits of the
/// interface and the direction that its header tells.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) interface: u32,
    pub(super) cooked: u16,
}

/// No packet is so many seconds on its way (RFC 9293 §3.4.2).
const LIFETIME: u32 = 120;

/// A segment that an ICMP error may quote.
#[derive(Clone, Copy, Default)]
struct Sent {
    stream: u32,
    frame: u32,
    identification: u32,
    seq: u32,
    ack: u32,
    flags: u16,
    side: u8,
    /// An earlier frame held it.
    copy: bool,
    /// Its length, where it was seen, and the second in which it was.
    length: u16,
    place: Place,
    second: u32,
    /// Its TTL, and whether an error is known about it.
    like: Alike,
}

/// In which VLAN each side of a conversation sent first; two of one side, if there are such. A
/// router that passes packets from one VLAN to another shows each of them in both, as copies.
#[derive(Clone, Copy, Default)]
pub(super) struct Vlans {
    pub(super) sides: [Option<u16>; 2],
    pub(super) mixed: Option<(u16, u16)>,
}

/// How many segments that came again are named.
const NAMED: usize = 20;

/// Segments that came again as the same packet, long after it.
#[derive(Default)]
pub(crate) struct Late {
    pub(crate) count: u32,
    /// With another TTL.
    pub(crate) routed: u32,
    /// At another place, and of those at another interface of the recording: it may have been put
    /// together of several.
    pub(crate) elsewhere: u32,
    pub(crate) interfaces: u32,
    /// The first ones, each after the frame it is a copy of.
    pub(crate) pairs: Vec<(u32, u32)>,
}

/// The length of a segment, and the second of a time, as they are kept.
fn length(segment: &Segment) -> u16 {
    u16::try_from(segment.length.unwrap_or(0)).unwrap_or(u16::MAX)
}

fn second(time: Time) -> u32 {
    u32::try_from(time.0.div_euclid(1_000_000_000)).unwrap_or_default()
}

impl Recent {
    /// Whether a segment brings nothing new, or may come again for another reason.
    #[inline]
    fn is_behind(&mut self, segment: &Segment) -> bool {
        let length = segment.length.unwrap_or(0);
        if length == 0 {
            return self.again || segment.has(tcp::SYN);
        }
        let end = segment.seq.wrapping_add(length);
        let behind = self
            .next
            .is_some_and(|next| end.wrapping_sub(next).cast_signed() <= 0);
        if !behind {
            self.next = Some(end);
        }
        behind || self.again
    }
}

impl Default for Directory {
    fn default() -> Self {
        Directory {
            recent: Box::new([Recent::default(); RECENT]),
            table: HashTable::new(),
            hasher: foldhash::fast::RandomState::default(),
            entries: Chunks::default(),
            sent: Box::new([Sent::default(); SENT]),
            late: Late::default(),
            vlans: HashMap::default(),
        }
    }
}

impl Directory {
    /// Finds the conversation of a segment, or begins one: its number, the side that sent the
    /// segment, and what the segment does.
    #[inline]
    pub(super) fn find(
        &mut self,
        source: IpAddr,
        destination: IpAddr,
        segment: &Segment,
    ) -> (u32, u8, Step, bool) {
        let Some(ends @ (from, to)) = packed(source, destination, segment) else {
            let (stream, side, step) = self.look_up(source, destination, segment);
            return (stream, side, step, false);
        };
        let known = self.recent[place(ends)];
        if (known.from, known.to) == ends {
            let plain = !segment.has(tcp::SYN);
            if plain && known.settled {
                let behind = self.recent[place(ends)].is_behind(segment);
                return (known.stream, known.side, Step::GoesOn, behind);
            }
            // A SYN without ACK may begin another conversation.
            if plain || segment.has(tcp::ACK) {
                let entry = &mut self.entries[as_usize(known.stream)];
                let step = entry.step(usize::from(known.side), segment, known.stream);
                if let [Some(_), Some(_)] = entry.bases {
                    self.recent[place(ends)].settled = true;
                }
                let behind = self.recent[place(ends)].is_behind(segment);
                return (known.stream, known.side, step, behind);
            }
        }
        let (stream, side, step) = self.look_up(source, destination, segment);
        let recent = Recent {
            from,
            to,
            stream,
            side,
            settled: false,
            next: None,
            again: false,
        };
        let here = &mut self.recent[place(ends)];
        if (here.from, here.to, here.stream) != (from, to, stream) {
            *here = recent;
        }
        if from != to {
            // What the other direction's place says may be over.
            let there = &mut self.recent[place((to, from))];
            if (there.from, there.to, there.stream) != (to, from, stream) {
                *there = Recent {
                    from: to,
                    to: from,
                    side: 1 - side,
                    ..recent
                };
            }
        }
        let behind = step == Step::GoesOn && segment.has(tcp::SYN);
        (stream, side, step, behind)
    }

    /// Looks for a segment that was the same packet, among the last ones. A host that gives its
    /// packets one number for all tells nothing.
    #[cold]
    pub(super) fn same_packet(
        &mut self,
        seen: &Seen,
        ends: (IpAddr, IpAddr),
        (id, here): (u32, Place),
    ) -> Option<Difference> {
        let (side, own) = (seen.side, &seen.segment);
        let (length, now) = (length(own), second(seen.time));
        let same = |s: &Sent| {
            (s.seq, s.ack, s.flags, s.length) == (own.seq, own.ack, own.flags, length)
                && now.abs_diff(s.second) <= LIFETIME
        };
        let of = |s: &&Sent| {
            (s.stream, s.side, s.identification) == (seen.stream, side, id) && s.frame != 0
        };
        let earlier = self.sent.iter().filter(of);
        if !tells_apart(id) || !earlier.clone().all(same) {
            return None;
        }
        let newest = earlier.max_by_key(|s| s.frame)?;
        if newest.frame == seen.frame {
            return None;
        }
        let routed = newest.like.ttl != seen.ttl;
        let elsewhere = newest.place != here;
        self.late.count += 1;
        self.late.routed += u32::from(routed);
        self.late.elsewhere += u32::from(elsewhere);
        self.late.interfaces += u32::from(newest.place.interface != here.interface);
        if self.late.pairs.len() < NAMED {
            self.late.pairs.push((newest.frame, seen.frame));
        }
        if let Some(ends @ (from, to)) = packed(ends.0, ends.1, &seen.segment) {
            for ends in [ends, (to, from)] {
                let recent = &mut self.recent[place(ends)];
                recent.again |= (recent.from, recent.to) == ends;
            }
        }
        Some(match (routed, elsewhere) {
            (true, _) => Difference::Hop,
            (false, true) => Difference::Interface,
            (false, false) => Difference::None,
        })
    }

    /// Takes in the VLAN of a segment that is no copy.
    pub(super) fn tagged(&mut self, seen: &Seen, vlan: u16) {
        let mut own = self.vlans.get(&seen.stream).copied().unwrap_or_default();
        if let Step::Replaces(earlier) = seen.step
            && let Some(earlier) = self.vlans.get_mut(&earlier)
        {
            let mut others = earlier.sides.into_iter().flatten();
            if let Some(other) = others.find(|other| *other != vlan) {
                earlier.mixed.get_or_insert((other, vlan));
                own.mixed = Some((vlan, other));
            }
        }
        let first = *own.sides[usize::from(seen.side)].get_or_insert(vlan);
        if first != vlan {
            own.mixed.get_or_insert((first, vlan));
        }
        self.vlans.insert(seen.stream, own);
    }

    /// The VLANs of a conversation, if it has tags.
    pub(super) fn vlans(&self, stream: usize) -> Option<&Vlans> {
        self.vlans.get(&u32::try_from(stream).ok()?)
    }

    /// Remembers a segment for the ICMP errors that may quote it.
    #[inline]
    pub(super) fn remember(&mut self, seen: &Seen, (identification, place): (u32, Place)) {
        self.sent[as_usize(seen.frame) % SENT] = Sent {
            stream: seen.stream,
            frame: seen.frame,
            identification,
            seq: seen.segment.seq,
            ack: seen.segment.ack,
            flags: seen.segment.flags,
            side: seen.side,
            copy: seen.copy.is_some(),
            length: length(&seen.segment),
            place,
            second: second(seen.time),
            like: Alike {
                ttl: seen.ttl,
                told: Told::No,
            },
        };
    }

    /// Finds the conversation of a segment in the table, or begins one: its number, the side that
    /// sent the segment, and what the segment does.
    #[inline(never)]
    fn look_up(
        &mut self,
        source: IpAddr,
        destination: IpAddr,
        segment: &Segment,
    ) -> (u32, u8, Step) {
        let from = End {
            address: source,
            port: segment.source_port,
        };
        let to = End {
            address: destination,
            port: segment.destination_port,
        };
        let half = half(&self.hasher, &from, &to);
        let mut side = 0;
        let found = self.table.find_mut(Known::hash(half), |known| {
            if known.half != half {
                return false;
            }
            let [first, second] = &self.entries[as_usize(known.stream)].ends;
            side = u8::from(*first != from);
            if side == 0 {
                *second == to
            } else {
                *first == to && *second == from
            }
        });
        let next = u32::try_from(self.entries.len()).expect("fewer than four billion streams");
        let (number, step) = match found {
            Some(known) => {
                let entry = &mut self.entries[as_usize(known.stream)];
                let step = entry.step(usize::from(side), segment, known.stream);
                if let Step::Replaces(_) = step {
                    known.stream = next;
                }
                (known.stream, step)
            }
            None => {
                let known = Known { half, stream: next };
                self.table
                    .insert_unique(Known::hash(half), known, |known| Known::hash(known.half));
                (next, Step::Begins)
            }
        };
        if number == next {
            side = 0;
            let mut entry = Entry {
                ends: [from, to],
                bases: [None; 2],
            };
            entry.count_from(0, segment);
            self.entries.push(entry);
        }
        (number, side, step)
    }

    /// The newest conversation between the ends that an ICMP error quotes.
    pub(super) fn quoted(&self, quoted: &Quoted) -> Option<u32> {
        let ports = quoted.ports?;
        let ends = [(quoted.source, ports.0), (quoted.destination, ports.1)];
        let [from, to] = ends.map(|(address, port)| End { address, port });
        let half = half(&self.hasher, &from, &to);
        let known = self.table.find(Known::hash(half), |known| {
            let ends = &self.entries[as_usize(known.stream)].ends;
            known.half == half && (*ends == [from, to] || *ends == [to, from])
        });
        known.map(|known| known.stream)
    }

    /// Which of the last frames of its conversation the ICMP error in a frame is about, and how surely.
    /// `ran_out` is the TTL that it probably had, if that is what the error says.
    pub(super) fn whose(
        &mut self,
        stream: u32,
        quoted: &Quoted,
        ran_out: Option<u8>,
        frame: u32,
    ) -> Option<(u32, Told)> {
        // IPv6 has no identification.
        if quoted.identification == 0 {
            return None;
        }
        let is_quoted = |s: &Sent| {
            let same = s.stream == stream && s.identification == quoted.identification;
            let seq = quoted.sequence.is_none_or(|seq| seq == s.seq);
            s.frame != 0 && !s.copy && same && seq
        };
        let newest = (1..=SENT).map(|back| (as_usize(frame) + SENT - back) % SENT);
        let own = newest.filter(|at| is_quoted(&self.sent[*at]));
        let mut places: Vec<usize> = own.take(ALIKE).collect();
        places.sort_unstable_by_key(|at| self.sent[*at].frame);
        let alike: Vec<Alike> = places.iter().map(|at| self.sent[*at].like).collect();
        let (at, told) = whose(&alike, ran_out)?;
        let sent = &mut self.sent[places[at]];
        sent.like.tell(told);
        Some((sent.frame, told))
    }

    /// The two ends of a conversation, first sender first.
    pub(super) fn ends(&self, stream: usize) -> Option<[End; 2]> {
        self.entries.get(stream).map(|entry| entry.ends)
    }
}

/// Half of a hash, the same for both directions.
fn half(hasher: &foldhash::fast::RandomState, a: &End, b: &End) -> u32 {
    let hash = match (&a.address, &b.address) {
        (IpAddr::V4(x), IpAddr::V4(y)) => {
            let (a, b) = (
                u64::from(x.to_bits()) << 16 | u64::from(a.port),
                u64::from(y.to_bits()) << 16 | u64::from(b.port),
            );
            hasher.hash_one((a.min(b), a.max(b)))
        }
        _ => hasher.hash_one((a.min(b), a.max(b))),
    };
    u32::try_from(hash >> 32).unwrap_or_default()
}

impl Entry {
    /// What a segment of `side` does, and what is known of the numbers after it.
    fn step(&mut self, side: usize, segment: &Segment, number: u32) -> Step {
        let other = self.bases[side].is_some_and(|base| base != segment.seq);
        let mut step = Step::GoesOn;
        if other && segment.has(tcp::SYN) {
            if !segment.has(tcp::ACK) {
                return Step::Replaces(number);
            }
            self.bases[side] = Some(segment.seq);
            step = Step::Renumbers;
        }
        self.count_from(side, segment);
        step
    }

    /// Sets what numbers count from, as [`analysis`] does.
    #[inline]
    fn count_from(&mut self, side: usize, segment: &Segment) {
        if segment.length.is_none() {
            return;
        }
        self.bases[side].get_or_insert(analysis::own_base(segment));
        if segment.has(tcp::ACK) {
            self.bases[1 - side].get_or_insert(analysis::peer_base(segment));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(source_port: u16, destination_port: u16) -> Segment {
        Segment {
            source_port,
            destination_port,
            ..Segment::default()
        }
    }

    #[test]
    fn ends_are_packed_with_nothing_lost() {
        let [a, b] = [[10, 0, 0, 1], [192, 168, 255, 2]].map(IpAddr::from);
        let both = packed(a, b, &segment(40_000, 80));
        assert_eq!(both, Some((0x0a00_0001_9c40, 0xc0a8_ff02_0050)));
        let none = IpAddr::from([0, 0, 0, 0]);
        assert_eq!(packed(none, none, &segment(0, 0)), None);
        assert_eq!(packed(none, none, &segment(0, 1)), Some((0, 1)));
        assert_eq!(packed(IpAddr::from([0; 16]), a, &segment(1, 2)), None);
    }

    #[test]
    fn the_conversations_of_a_moment_have_places_of_their_own() {
        let [host, server] = [[10, 0, 0, 1], [10, 0, 0, 2]].map(IpAddr::from);
        let mut places: Vec<usize> = (40_000..40_064)
            .flat_map(|port| {
                let there = packed(host, server, &segment(port, 80)).expect("it is IPv4");
                [place(there), place((there.1, there.0))]
            })
            .collect();
        places.sort_unstable();
        places.dedup();
        assert!(
            places.len() > 80 && places.iter().all(|p| *p < RECENT),
            "{}",
            places.len()
        );
    }
}
