//! Which conversation a segment belongs to: by its two ends, numbered in order of appearance as
//! Wireshark does, with a new one where a SYN shows that the ports are used again.

use super::offer::Offer;
use super::{analysis, option_bytes};
use crate::capture::Time;
use crate::dissect::tcp::{self, Segment};
use crate::dissect::{Ip, Packet, as_usize};
use crate::track::chunks::Chunks;
use hashbrown::HashTable;
use std::hash::BuildHasher;
use std::net::IpAddr;

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
    /// An earlier frame already held it.
    pub copy: bool,
    /// A filter keeps it out of what is told.
    pub hidden: bool,
    /// What it does to the list of conversations.
    pub(super) step: Step,
    /// What it offers, if it is a SYN.
    pub(super) offer: Offer,
    /// Bytes in its SACK blocks.
    pub(super) selectively_acked: u32,
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

/// All conversations by their ends.
#[derive(Default)]
pub(super) struct Directory {
    /// Numbers of conversations, by the hash of their ends.
    table: HashTable<u32>,
    hasher: foldhash::fast::RandomState,
    entries: Chunks<Entry>,
}

impl Directory {
    /// Finds the conversation of a segment, or begins one.
    pub(super) fn find(&mut self, packet: &Packet<'_>, ip: &Ip, segment: &Segment) -> Seen {
        let from = End {
            address: ip.source,
            port: segment.source_port,
        };
        let to = End {
            address: ip.destination,
            port: segment.destination_port,
        };
        let hash = hash(&self.hasher, &from, &to);
        let mut side = 0;
        let found = self.table.find_mut(hash, |known| {
            let [first, second] = &self.entries[as_usize(*known)].ends;
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
                let entry = &mut self.entries[as_usize(*known)];
                let step = entry.step(usize::from(side), segment, *known);
                if let Step::Replaces(_) = step {
                    *known = next;
                }
                (*known, step)
            }
            None => {
                let (hasher, entries) = (&self.hasher, &self.entries);
                self.table.insert_unique(hash, next, |known| {
                    let [first, second] = &entries[as_usize(*known)].ends;
                    self::hash(hasher, first, second)
                });
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
        let options = option_bytes(packet, segment);
        Seen {
            segment: *segment,
            frame: packet.frame.number,
            time: packet.frame.time.unwrap_or_default(),
            stream: number,
            side,
            copy: false,
            hidden: false,
            step,
            offer: if segment.has(tcp::SYN) {
                Offer::new(&tcp::parse_options(options))
            } else {
                Offer::default()
            },
            selectively_acked: analysis::selective(options),
        }
    }

    /// The newest conversation between two ends.
    pub(super) fn between(&self, from: (IpAddr, u16), to: (IpAddr, u16)) -> Option<u32> {
        let [from, to] = [from, to].map(|(address, port)| End { address, port });
        let known = self.table.find(hash(&self.hasher, &from, &to), |known| {
            let ends = &self.entries[as_usize(*known)].ends;
            *ends == [from, to] || *ends == [to, from]
        });
        known.copied()
    }

    /// The two ends of a conversation, first sender first.
    pub(super) fn ends(&self, stream: usize) -> Option<[End; 2]> {
        self.entries.get(stream).map(|entry| entry.ends)
    }
}

/// The same for both directions.
fn hash(hasher: &foldhash::fast::RandomState, a: &End, b: &End) -> u64 {
    match (&a.address, &b.address) {
        (IpAddr::V4(x), IpAddr::V4(y)) => {
            let (a, b) = (
                u64::from(x.to_bits()) << 16 | u64::from(a.port),
                u64::from(y.to_bits()) << 16 | u64::from(b.port),
            );
            hasher.hash_one((a.min(b), a.max(b)))
        }
        _ => hasher.hash_one((a.min(b), a.max(b))),
    }
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
