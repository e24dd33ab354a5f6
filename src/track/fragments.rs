//! IP fragments put together (RFC 791 §3.2, RFC 8200 §4.5): bounded, the first data wins, and
//! overlapping data that differs is told.

use crate::dissect::field::{Kind, Sink};
use crate::dissect::{Ip, Packet, as_usize};
use crate::facts::Moment;
use crate::facts::ip::{Fragment, Fragmented};
use crate::track::room::Room;
use foldhash::fast::RandomState;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;

crate::fields! {
    REASSEMBLED_IN: "ip.reassembled_in", Kind::Frame, "Frame in which the datagram of this fragment is complete.";
    FRAGMENT: "ip.fragment", Kind::Frame, "Frame of one of the fragments.";
    COUNT: "ip.fragment.count", Kind::Unsigned(32), "How many fragments the datagram came in.";
    LENGTH: "ip.reassembled.length", Kind::Unsigned(32), "Payload bytes of the whole datagram.";
    OVERLAP: "ip.fragment.overlap", Kind::Boolean, "A fragment covers bytes that another one had brought.";
    CONFLICT: "ip.fragment.overlap.conflict", Kind::Boolean, "Overlapping bytes differ.";
    V6_REASSEMBLED_IN: "ipv6.reassembled.in", Kind::Frame, "Frame in which the packet of this fragment is complete.";
    V6_FRAGMENT: "ipv6.fragment", Kind::Frame, "Frame of one of the fragments.";
    V6_COUNT: "ipv6.fragment.count", Kind::Unsigned(32), "How many fragments the packet came in.";
    V6_LENGTH: "ipv6.reassembled.length", Kind::Unsigned(32), "Payload bytes of the whole packet.";
}

/// Which datagram a fragment belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    source: IpAddr,
    destination: IpAddr,
    identification: u32,
    protocol: u8,
}

impl Key {
    fn of(ip: &Ip) -> Key {
        Key {
            source: ip.source,
            destination: ip.destination,
            identification: ip.identification,
            protocol: if ip.source.is_ipv4() { ip.protocol } else { 0 },
        }
    }
}

/// A datagram in the making.
#[derive(Default)]
struct Parts {
    /// Offset, bytes and frame of each.
    pieces: Vec<(u32, Vec<u8>, u32)>,
    covered: Covered,
    /// Bytes they hold, [`PIECE`] more for each.
    held: usize,
    first_frame: u32,
}

/// What the fragments of a datagram cover.
#[derive(Default)]
struct Covered {
    /// Starts and ends, in order and apart from each other.
    ranges: Vec<(u32, u32)>,
    total: Option<u32>,
    /// Start and length of each fragment that is listed, once.
    pieces: HashSet<(u32, u32), RandomState>,
}

/// A datagram that is whole.
#[derive(Clone, Debug)]
pub struct Whole {
    /// Its payload.
    pub bytes: Vec<u8>,
    /// The frames it came in, in order of offset.
    pub frames: Vec<u32>,
    /// How many different pieces: one that came again counts once.
    pub pieces: usize,
    /// Pieces overlapped.
    pub overlap: bool,
    /// Overlapping bytes differed.
    pub conflict: bool,
}

/// Most datagrams in the making, and bytes they may hold together.
const MOST: usize = 1024;
const MOST_BYTES: usize = 16 << 20;
/// Most pieces of one: a datagram has at most 65,535 bytes, so no honest one has more.
const MOST_PIECES: usize = 8192;
/// What a piece costs besides its bytes.
const PIECE: usize = 64;

/// All datagrams in the making.
#[derive(Default)]
pub struct Fragments {
    open: HashMap<Key, Parts, RandomState>,
    /// The same by their first frames: the oldest is given up first.
    oldest: BTreeMap<u32, Key>,
    held: usize,
    /// Fragment frame to completing frame.
    completed_in: HashMap<u32, u32, RandomState>,
    /// Datagrams that were given up for want of room.
    pub given_up: u64,
    /// The newest datagram of each key, by its place in `datagrams`.
    newest: HashMap<Key, usize, RandomState>,
    datagrams: Vec<Fragmented>,
    /// What of each of them was seen, be it cut.
    covered: Vec<Covered>,
    pieces: Vec<Fragment>,
    /// The frame that completed the last datagram whose pieces disagree.
    disagreed: u32,
    /// Fragments that are not listed for want of room.
    pub overflow: u64,
}

/// Most datagrams and fragments listed.
const MOST_LISTED: usize = 65_536;

impl Fragments {
    /// Takes in one frame; gives the datagram that it completes.
    pub fn packet(&mut self, packet: &Packet<'_>) -> Option<Whole> {
        let ip = packet.ip.as_ref().filter(|ip| ip.is_fragment())?;
        let place = self.list(ip, packet);
        if ip.payload_captured < ip.payload_reported || ip.payload_reported == 0 {
            return None;
        }
        let start = as_usize(ip.payload_start);
        let bytes = packet
            .frame
            .bytes
            .get(start..start + as_usize(ip.payload_captured))?;
        let whole = self.add(ip, bytes, packet.frame.number)?;
        if let Some(datagram) = place.and_then(|place| self.datagrams.get_mut(place)) {
            datagram.overlap = whole.overlap;
            datagram.conflict = whole.conflict;
        }
        if whole.conflict {
            self.disagreed = packet.frame.number;
        }
        for frame in whole.frames.iter().filter(|f| **f != packet.frame.number) {
            self.completed_in.insert(*frame, packet.frame.number);
        }
        Some(whole)
    }

    /// Lists a fragment with its datagram; gives the datagram's place.
    fn list(&mut self, ip: &Ip, packet: &Packet<'_>) -> Option<usize> {
        if !self.pieces.has_room(MOST_LISTED) {
            self.overflow += 1;
            return None;
        }
        let key = Key::of(ip);
        let frame = packet.frame.number;
        let known = self.newest.get(&key).copied();
        let place = known.filter(|place| self.datagrams.get(*place).is_some_and(|d| !d.complete));
        let place = place.unwrap_or(self.datagrams.len());
        if place == self.datagrams.len() {
            self.newest.insert(key, place);
            self.datagrams.push(Fragmented {
                number: u32::try_from(place + 1).unwrap_or(u32::MAX),
                time: packet.frame.time.map(|t| Moment(t.0)),
                source: ip.source,
                destination: ip.destination,
                identification: ip.identification,
                protocol: ip.protocol,
                fragment_count: 0,
                frames: Vec::new(),
                length_bytes: None,
                missing: None,
                complete: false,
                completed_frame: None,
                completed_time: None,
                overlap: false,
                cut: false,
                conflict: false,
            });
            self.covered.push(Covered::default());
        }
        let datagram = &mut self.datagrams[place];
        let piece = (ip.fragment_offset, ip.payload_reported);
        if self.covered[place].pieces.insert(piece) {
            datagram.fragment_count += 1;
        }
        datagram.frames.push(frame);
        datagram.cut |= ip.payload_captured < ip.payload_reported;
        if ip.payload_reported > 0 {
            let covered = &mut self.covered[place];
            covered.add(ip, ip.payload_reported);
            datagram.length_bytes = covered.total;
            datagram.missing = covered.missing();
            if covered.whole().is_some() {
                datagram.complete = true;
                if datagram.completed_frame.is_none() {
                    datagram.completed_frame = Some(frame);
                    datagram.completed_time = packet.frame.time.map(|t| Moment(t.0));
                }
            }
        }
        self.pieces.push(Fragment {
            frame,
            datagram: datagram.number,
            source: ip.source,
            destination: ip.destination,
            identification: ip.identification,
            offset_bytes: ip.fragment_offset,
            length_bytes: ip.payload_reported,
            more: ip.more_fragments,
        });
        Some(place)
    }

    /// Takes in that the newest fragment is the same packet as that of an earlier frame: it begins no
    /// datagram of its own.
    pub(super) fn came_again(&mut self, frame: u32, original: u32) {
        let Ok(at) = self.pieces.binary_search_by_key(&original, |p| p.frame) else {
            return;
        };
        let known = self.pieces[at].datagram;
        let begun = self.datagrams.last().is_some_and(|d| d.frames == [frame]);
        let Some(newest) = self.pieces.last_mut().filter(|_| begun) else {
            return;
        };
        newest.datagram = known;
        self.datagrams.pop();
        self.covered.pop();
        let place = as_usize(known) - 1;
        // Not by the packet: a datagram that is whole may hold one of other addresses.
        let datagram = &self.datagrams[place];
        let v4 = datagram.source.is_ipv4();
        let key = Key {
            source: datagram.source,
            destination: datagram.destination,
            identification: datagram.identification,
            protocol: if v4 { datagram.protocol } else { 0 },
        };
        let began = self.datagrams.len();
        if self.newest.get(&key) == Some(&began) {
            self.newest.insert(key, place);
        }
        self.datagrams[place].frames.push(frame);
    }

    /// Whether this frame completed a datagram whose overlapping pieces differ.
    pub(super) fn disagree_in(&self, frame: u32) -> bool {
        self.disagreed == frame
    }

    /// The datagrams that came in fragments, in order.
    pub fn datagrams(&self) -> &[Fragmented] {
        &self.datagrams
    }

    /// The fragments, in order.
    pub fn pieces(&self) -> &[Fragment] {
        &self.pieces
    }

    /// The frame in which the datagram of an earlier frame's fragment was complete.
    pub fn completed_in(&self, frame: u32) -> Option<u32> {
        self.completed_in.get(&frame).copied()
    }

    fn add(&mut self, ip: &Ip, bytes: &[u8], frame: u32) -> Option<Whole> {
        let key = Key::of(ip);
        self.make_room(bytes.len() + PIECE);
        let parts = self.open.entry(key).or_insert_with(|| {
            self.oldest.insert(frame, key);
            Parts {
                first_frame: frame,
                ..Parts::default()
            }
        });
        if !parts.pieces.has_room(MOST_PIECES) {
            return None;
        }
        parts
            .pieces
            .push((ip.fragment_offset, bytes.to_vec(), frame));
        parts.held += bytes.len() + PIECE;
        self.held += bytes.len() + PIECE;
        parts.covered.add(ip, u32::try_from(bytes.len()).ok()?);
        let total = parts.covered.whole()?;
        let mut parts = self.open.remove(&key)?;
        self.oldest.remove(&parts.first_frame);
        self.held = self.held.saturating_sub(parts.held);
        Some(assemble(&mut parts.pieces, as_usize(total)))
    }

    /// Gives up the oldest datagrams when there is no room.
    fn make_room(&mut self, needed: usize) {
        while self.open.len() > MOST || self.held + needed > MOST_BYTES {
            let Some((_, oldest)) = self.oldest.pop_first() else {
                return;
            };
            if let Some(parts) = self.open.remove(&oldest) {
                self.held = self.held.saturating_sub(parts.held);
                self.given_up += 1;
            }
        }
    }
}

impl Covered {
    /// Adds a fragment with so many bytes.
    fn add(&mut self, ip: &Ip, length: u32) {
        let (start, end) = (ip.fragment_offset, ip.fragment_offset + length);
        if !ip.more_fragments {
            self.total.get_or_insert(end);
        }
        let first = self.ranges.partition_point(|range| range.1 < start);
        let after = self.ranges.partition_point(|range| range.0 <= end);
        let joined = self.ranges.get(first..after).unwrap_or_default();
        let start = joined.first().map_or(start, |range| range.0.min(start));
        let end = joined.last().map_or(end, |range| range.1.max(end));
        self.ranges.splice(first..after.max(first), [(start, end)]);
    }

    /// The bytes that were not seen: the first and the last of each gap.
    fn missing(&self) -> Option<String> {
        let mut told = Vec::new();
        let mut next = 0;
        for (start, end) in &self.ranges {
            if *start > next {
                told.push(format!("{next}-{}", start - 1));
            }
            next = next.max(*end);
        }
        match self.total {
            None => told.push(format!("{next}-")),
            Some(total) if total > next => told.push(format!("{next}-{}", total - 1)),
            Some(_) => {}
        }
        (!told.is_empty()).then(|| told.join(","))
    }

    /// How many bytes the datagram has, when all of it was seen.
    fn whole(&self) -> Option<u32> {
        let total = self.total?;
        matches!(self.ranges.first(), Some((0, reach)) if *reach >= total).then_some(total)
    }
}

/// Lays the pieces out, which cover all of it.
fn assemble(pieces: &mut [(u32, Vec<u8>, u32)], total: usize) -> Whole {
    pieces.sort_by_key(|piece| (piece.0, piece.2));
    let mut whole = Whole {
        bytes: Vec::with_capacity(total),
        frames: Vec::new(),
        pieces: 0,
        overlap: false,
        conflict: false,
    };
    let mut newest = None;
    for (offset, bytes, frame) in pieces.iter() {
        let offset = as_usize(*offset).min(total);
        let end = (offset + bytes.len()).min(total);
        let known = whole.bytes.len().min(end).saturating_sub(offset);
        if known > 0 {
            whole.overlap = true;
            whole.conflict |= whole.bytes[offset..offset + known] != bytes[..known];
        }
        if end > whole.bytes.len() {
            whole.bytes.extend_from_slice(&bytes[known..end - offset]);
        }
        whole.frames.push(*frame);
        // In order of the offset, those with the same length next to each other only where they
        // came one after the other; others overlap, and are told of.
        whole.pieces += usize::from(newest != Some((offset, bytes.len())));
        newest = Some((offset, bytes.len()));
    }
    whole
}

/// Hands over the fields of a frame that completes a datagram, or belongs to one.
pub(crate) fn emit(
    whole: Option<&Whole>,
    completed_in: Option<u32>,
    v6: bool,
    sink: &mut Sink<'_>,
) {
    let (fragment, count, length, within) = if v6 {
        (V6_FRAGMENT, V6_COUNT, V6_LENGTH, V6_REASSEMBLED_IN)
    } else {
        (FRAGMENT, COUNT, LENGTH, REASSEMBLED_IN)
    };
    if let Some(whole) = whole {
        for frame in &whole.frames {
            sink.unsigned(fragment, 0..0, *frame);
        }
        if whole.overlap && !v6 {
            sink.boolean(OVERLAP, 0..0, true);
            if whole.conflict {
                sink.boolean(CONFLICT, 0..0, true);
            }
        }
        sink.unsigned(count, 0..0, u64::try_from(whole.frames.len()).unwrap_or(0));
        sink.unsigned(length, 0..0, u64::try_from(whole.bytes.len()).unwrap_or(0));
    }
    if let Some(frame) = completed_in {
        sink.unsigned(within, 0..0, frame);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A datagram of 32 bytes in four pieces, in this order; where each goes, and what is known
    /// after each.
    fn pieces(offsets: &[u32]) -> Vec<Option<Whole>> {
        let mut fragments = Fragments::default();
        let taken = (1..).zip(offsets).map(|(frame, &offset)| {
            let address: IpAddr = [10, 0, 0, 1].into();
            let ip = Ip {
                source: address,
                destination: address,
                ttl: 64,
                protocol: 17,
                identification: 7,
                fragment_offset: offset,
                more_fragments: offset < 24,
                stated_length: 28,
                start: 0,
                payload_start: 20,
                payload_captured: 8,
                payload_reported: 8,
            };
            let byte = u8::try_from(offset).expect("small");
            fragments.add(&ip, &[byte; 8], frame)
        });
        taken.collect()
    }

    #[test]
    fn a_datagram_is_whole_with_the_piece_that_closes_the_last_hole() {
        for offsets in [[0, 8, 16, 24], [24, 16, 8, 0], [8, 24, 0, 16]] {
            let taken = pieces(&offsets);
            assert!(taken[..3].iter().all(Option::is_none));
            let whole = taken[3].as_ref().expect("it is whole");
            assert_eq!(whole.bytes, [[0; 8], [8; 8], [16; 8], [24; 8]].concat());
            assert!(!whole.overlap && whole.frames.len() == 4);
        }
    }

    #[test]
    fn pieces_that_come_again_do_not_close_a_hole() {
        let taken = pieces(&[0, 0, 0, 24, 0, 24, 4, 16, 8]);
        assert!(taken[..8].iter().all(Option::is_none));
        let whole = taken[8].as_ref().expect("it is whole");
        assert!(whole.overlap && whole.conflict && whole.bytes.len() == 32);
    }

    /// Datagrams whose pieces are as many bytes as they should have, with a hole: with all of
    /// them laid out anew for each piece this takes minutes.
    #[test]
    fn a_flood_of_pieces_is_taken_in_one_reading_and_bounded_memory() {
        let mut fragments = Fragments::default();
        for frame in 1..300_000u32 {
            let address: IpAddr = [10, 0, 0, 1].into();
            let ip = Ip {
                source: address,
                destination: address,
                ttl: 64,
                protocol: 17,
                identification: frame / 8000,
                fragment_offset: if frame % 8000 == 0 { 800 } else { 8 },
                more_fragments: frame % 8000 != 0,
                stated_length: 28,
                start: 0,
                payload_start: 20,
                payload_captured: 8,
                payload_reported: 8,
            };
            assert!(fragments.add(&ip, &[0; 8], frame).is_none());
        }
        assert!(fragments.held <= MOST_BYTES && fragments.given_up > 0);
        assert_eq!(fragments.open.len(), fragments.oldest.len());
    }

    fn piece(identification: u32, offset: u32, more: bool) -> Ip {
        let address: IpAddr = [10, 0, 0, 1].into();
        Ip {
            source: address,
            destination: address,
            ttl: 64,
            protocol: 17,
            identification,
            fragment_offset: offset,
            more_fragments: more,
            stated_length: 28,
            start: 0,
            payload_start: 20,
            payload_captured: 8,
            payload_reported: 8,
        }
    }

    #[test]
    fn the_oldest_is_given_up_first_and_what_is_whole_is_forgotten() {
        let mut fragments = Fragments::default();
        // A number that was used before, for a datagram that became whole.
        assert!(fragments.add(&piece(7, 0, true), &[0; 8], 1).is_none());
        assert!(fragments.add(&piece(7, 8, false), &[0; 8], 2).is_some());
        assert_eq!((fragments.held, fragments.open.len()), (0, 0));
        assert!(fragments.oldest.is_empty());
        for (number, frame) in (100..).zip(3..MOST + 3) {
            let frame = u32::try_from(frame).expect("small");
            fragments.add(&piece(number, 0, true), &[0; 8], frame);
        }
        assert_eq!((fragments.open.len(), fragments.given_up), (MOST, 0));
        assert_eq!(fragments.held, MOST * (8 + PIECE));
        fragments.add(&piece(7, 0, true), &[0; 8], 5000);
        assert_eq!((fragments.open.len(), fragments.given_up), (MOST + 1, 0));
        // One more: the first of those that wait goes, not the one whose number came early.
        assert!(fragments.add(&piece(7, 8, false), &[0; 8], 5001).is_some());
        assert_eq!(fragments.given_up, 1);
        assert!(
            fragments
                .add(&piece(100, 8, false), &[0; 8], 5002)
                .is_none()
        );
        assert!(
            fragments
                .add(&piece(101, 8, false), &[0; 8], 5003)
                .is_some()
        );
    }

    #[test]
    fn bytes_are_bounded_too() {
        let mut fragments = Fragments::default();
        let bytes = vec![0; 60_000];
        let fit = MOST_BYTES / (bytes.len() + PIECE);
        for number in 0..=fit {
            let number = u32::try_from(number).expect("small");
            assert_eq!(fragments.given_up, 0);
            fragments.add(&piece(number, 0, true), &bytes, number + 1);
        }
        assert_eq!((fragments.given_up, fragments.open.len()), (1, fit));
        assert_eq!(fragments.held, fit * (bytes.len() + PIECE));
    }

    #[test]
    fn too_many_pieces_are_not_looked_at() {
        let mut fragments = Fragments::default();
        for frame in 1..=u32::try_from(MOST_PIECES).expect("small") {
            assert!(fragments.add(&piece(7, 8, true), &[0; 8], frame).is_none());
        }
        fragments.add(&piece(7, 16, false), &[0; 8], 9000);
        assert!(fragments.add(&piece(7, 0, true), &[0; 8], 9001).is_none());
    }
}
