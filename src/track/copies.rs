//! Frames that were captured twice: by an interface and its VLAN, by several interfaces at once
//! (`any`), on both sides of a router, by a mirror port that copies both directions.
//!
//! Wireshark counts such copies as retransmissions and duplicate ACKs, and so do our counts; but
//! a report has to say what they are. A copy is the same IP packet (addresses, identification,
//! length, place, and the first bytes of its payload, the transport checksum among them) within a
//! millisecond, with the same TTL or one that a router has counted down. Two packets without an identification, as
//! IPv6 has none, must besides differ in what only the link or a router adds: hosts do send the
//! same RST twice.
//!
//! Every IP frame leaves a small token among the last sixteen. What is needed to be sure is only
//! kept while copies are to be expected: at the beginning, and for a while after each.

use crate::capture::{LinkType, Time};
use crate::dissect::{Ip, Packet, as_usize};
use std::net::IpAddr;

/// How many frames back a copy is looked for.
const LAST: usize = 16;
/// A copy comes within this many nanoseconds.
pub(super) const WITHIN: i64 = 1_000_000;
/// A router may take so many nanoseconds, when the hardware addresses show the way through it.
const ROUTED_WITHIN: i64 = 1_000_000_000;
/// For how many frames more is kept than the token, from the beginning and after each copy.
const ATTENTIVE: u32 = 4096;
/// How many copies are named.
const NAMED: usize = 20;

/// What differs between a frame and its copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The headers below IP have another length or another VLAN number.
    Tag,
    /// Another interface recorded it.
    Interface,
    /// A router was between.
    Hop,
    /// The hardware addresses.
    Address,
    /// Nothing.
    None,
}

const DIFFERENCES: [Difference; 5] = [
    Difference::Tag,
    Difference::Interface,
    Difference::Hop,
    Difference::Address,
    Difference::None,
];

/// What must be known of a frame to be sure that another is its copy.
#[derive(Clone, Copy)]
struct Record {
    frame: u32,
    time: Time,
    source: IpAddr,
    destination: IpAddr,
    identification: u32,
    ttl: u8,
    interface: u32,
    link: LinkType,
    /// Length of what comes before the IP header, and its bytes but hardware addresses.
    below: (u32, [u8; 8]),
    macs: Option<([u8; 6], [u8; 6])>,
}

/// The copies of a capture.
pub struct Copies {
    tokens: [u32; LAST],
    place: usize,
    attentive: u32,
    records: [Option<Record>; LAST],
    /// IP frames seen.
    pub frames: u64,
    /// Copies among them.
    pub count: u64,
    kinds: [u64; DIFFERENCES.len()],
    /// The first copies, each after the frame it is a copy of.
    pub pairs: Vec<(u32, u32)>,
}

impl Default for Copies {
    fn default() -> Self {
        Copies {
            tokens: [0; LAST],
            place: 0,
            attentive: ATTENTIVE,
            records: [None; LAST],
            frames: 0,
            count: 0,
            kinds: [0; DIFFERENCES.len()],
            pairs: Vec::new(),
        }
    }
}

impl Copies {
    /// Takes in an IP packet; says whether an earlier frame held the same one.
    pub fn packet(&mut self, packet: &Packet<'_>, ip: &Ip) -> bool {
        self.frames += 1;
        let token = token(packet, ip);
        // All of them, without an early end: that is a few instructions for eight at a time.
        let hit = self.tokens.iter().fold(false, |hit, t| hit | (*t == token));
        let place = self.place;
        self.tokens[place] = token;
        self.place = (place + 1) % LAST;
        if !hit && self.attentive == 0 {
            return false;
        }
        self.look(packet, ip, token, place, hit)
    }

    #[cold]
    fn look(&mut self, packet: &Packet<'_>, ip: &Ip, token: u32, place: usize, hit: bool) -> bool {
        self.attentive = if hit { ATTENTIVE } else { self.attentive - 1 };
        let record = Record::of(packet, ip);
        let earlier = |n: &usize| (place + LAST - n) % LAST;
        let found = hit
            .then(|| {
                (1..LAST)
                    .map(|n| earlier(&n))
                    .filter(|i| self.tokens[*i] == token)
                    .filter_map(|i| self.records[i])
                    .find_map(|old| Some((old.frame, old.copied_as(&record)?)))
            })
            .flatten();
        self.records[place] = Some(record);
        let Some((original, difference)) = found else {
            return false;
        };
        self.count += 1;
        if let Some(kind) = DIFFERENCES.iter().position(|d| *d == difference) {
            self.kinds[kind] += 1;
        }
        if self.pairs.len() < NAMED {
            self.pairs.push((original, record.frame));
        }
        true
    }

    /// What most of the copies differ in.
    pub fn difference(&self) -> Difference {
        let most = self.kinds.iter().max();
        let kind = self.kinds.iter().position(|k| Some(k) == most);
        kind.map_or(Difference::None, |k| DIFFERENCES[k])
    }
}

impl Record {
    fn of(packet: &Packet<'_>, ip: &Ip) -> Record {
        let frame = packet.frame;
        let mut below = [0; 8];
        // After the addresses of Ethernet; of a cooked frame the packet type and the interface.
        let from = if packet.macs.is_some() && frame.link == LinkType::ETHERNET {
            12
        } else {
            0
        };
        let end = as_usize(ip.start).min(frame.bytes.len());
        let bytes = frame.bytes.get(from..end).unwrap_or_default();
        for (kept, byte) in below.iter_mut().zip(bytes) {
            *kept = *byte;
        }
        if frame.link == LinkType::LINUX_SLL2 {
            // Protocol, reserved, interface index; then the packet type, in byte 10.
            below[1] = frame.bytes.get(10).copied().unwrap_or_default();
        }
        Record {
            frame: frame.number,
            time: frame.time.unwrap_or_default(),
            source: ip.source,
            destination: ip.destination,
            identification: ip.identification,
            ttl: ip.ttl,
            interface: frame.interface,
            link: frame.link,
            below: (ip.start, below),
            macs: packet.macs,
        }
    }

    /// What differs when `later` holds the same packet; `None` when it is another.
    fn copied_as(&self, later: &Record) -> Option<Difference> {
        // The frame goes on from where the earlier one went to, and was numbered by its sender.
        let routed = self.ttl.checked_sub(1) == Some(later.ttl)
            && later.identification != 0
            && self.macs.zip(later.macs).is_some_and(|(a, b)| a.0 == b.1);
        let limit = if routed { ROUTED_WITHIN } else { WITHIN };
        let near = (0..=limit).contains(&later.time.since(self.time));
        let same = self.source == later.source
            && self.destination == later.destination
            && self.identification == later.identification;
        // Routers are passed in order of time, but two interfaces may be read in any order.
        if !near || !same || self.ttl.abs_diff(later.ttl) > 1 {
            return None;
        }
        let cooked = matches!(later.link, LinkType::LINUX_SLL | LinkType::LINUX_SLL2);
        let difference = if self.ttl != later.ttl {
            Difference::Hop
        } else if self.interface != later.interface || (cooked && self.below != later.below) {
            Difference::Interface
        } else if self.below != later.below {
            Difference::Tag
        } else if self.macs != later.macs {
            Difference::Address
        } else if later.identification != 0 {
            Difference::None
        } else {
            return None;
        };
        Some(difference)
    }
}

/// A few bits of everything that is the same in copies: identification and length, ports or the
/// like, numbers, the transport checksum.
fn token(packet: &Packet<'_>, ip: &Ip) -> u32 {
    const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
    let start = as_usize(ip.payload_start);
    let bytes = packet.frame.bytes.get(start..).unwrap_or_default();
    let head = bytes
        .first_chunk::<8>()
        .map_or(0, |b| u64::from_le_bytes(*b));
    let next = bytes
        .get(8..)
        .and_then(|b| b.first_chunk::<10>())
        .map_or(0, |b| {
            let [a, b, c, d, e, f, g, h, i, j] = *b;
            u64::from_le_bytes([a, b, c, d, e, f, g, h])
                ^ u64::from(u16::from_le_bytes([i, j])) << 24
        });
    let length = u64::from(ip.stated_length) ^ u64::from(ip.fragment_offset) << 13;
    let stated = u64::from(ip.identification) << 32 | length;
    let mixed = (head.wrapping_mul(MIX) ^ next)
        .wrapping_mul(MIX)
        .rotate_left(31)
        ^ stated.wrapping_mul(MIX);
    // The upper half of a product is the well-mixed one. Never 0, which marks an empty place.
    u32::try_from(mixed >> 32).unwrap_or_default() | 1
}
