//! Frames that were captured twice: by an interface and its VLAN, by several interfaces at once
//! (`any`), on both sides of a router, by a mirror port that copies both directions.
//!
//! Wireshark counts such copies as retransmissions and duplicate ACKs, and so do our counts; but a
//! report has to say what they are. A copy is the same IP packet, byte for byte but for its TTL and
//! header checksum, and a transport checksum that one of both leaves to a card, within a
//! millisecond, with the same TTL or one that a router has counted down. Two packets whose
//! identification tells nothing, as IPv6 has none, must besides differ in what only the link or a
//! router adds: hosts do send the same RST twice. Of TCP segments that take sequence numbers it is
//! at least in doubt: nothing is sent again within a millisecond (RFC 6298 section 2.4).
//!
//! Every IP frame leaves a small token among the last sixteen. The packet itself, which is needed
//! to be sure, is only kept while copies are to be expected: at the beginning, and for a while
//! after each.
//!
//! Who passes packets on under its own hardware address is counted: whether it is a router, or
//! somebody who has put itself in between, ARP tells.

mod record;
mod rounds;

use crate::capture::{Frame, Time};
use crate::dissect::{Ip, Packet, Usual, as_usize};
use crate::facts::situation::Difference;
use crate::track::room::Room;
use foldhash::fast::RandomState;
use record::Record;
use rounds::Loops;
use std::collections::HashMap;
use std::net::IpAddr;

/// How many frames back a copy is looked for.
const LAST: usize = 16;
/// The same where several interfaces were recorded: they are written in turns.
pub(super) const LAST_OF_SEVERAL: usize = 512;
/// A copy comes within this many nanoseconds.
pub(crate) const WITHIN: i64 = 1_000_000;
/// A router may take so many nanoseconds, when the hardware addresses show the way through it.
const ROUTED_WITHIN: i64 = 1_000_000_000;

/// Whether an IP identification tells packets of a host apart: 0 stands on those that need none
/// (RFC 6864 §4.1), and 1 on all that are made with scapy.
pub(super) fn tells_apart(identification: u32) -> bool {
    identification > 1
}

/// Receiver and sender of a frame, by their cards.
type Macs = ([u8; 6], [u8; 6]);

/// Whether one card sent two frames, to the same one. Whoever passes a packet on sends it from a card
/// of its own: with another TTL they are two packets, as of a traceroute.
pub(super) fn one_card(earlier: Option<Macs>, later: Option<Macs>) -> bool {
    earlier == later && earlier.is_some_and(|(to, from)| to != from)
}

/// Whether two packets that are otherwise alike, so many nanoseconds apart, are one that the network
/// doubled or a router held, by their IP identifications: what is sent again has another.
pub(super) fn is_held((known, own): (u32, u32), later: i64) -> bool {
    tells_apart(known) && known == own && (0..=ROUTED_WITHIN).contains(&later)
}
/// Clocks of two interfaces, or of two captures put together, differ by so many nanoseconds.
const CLOCKS: i64 = 10_000_000_000;
/// For how many frames more is kept than the token, from the beginning and after each copy.
const ATTENTIVE: u32 = 4096;
/// How many copies are named.
const NAMED: usize = 1000;
/// How many relays are told apart.
const RELAYS: usize = 16;

/// A card that packets were sent to, and that sent the same packets on.
#[derive(Debug)]
pub struct Relay {
    /// Its hardware address.
    pub mac: [u8; 6],
    /// How many copies show it.
    pub count: u64,
    /// The first of them, each after the frame it is a copy of.
    pub pairs: Vec<(u32, u32)>,
}

/// From whom to whom, and to which card.
pub(super) type Sent = (IpAddr, IpAddr, [u8; 6]);

const DIFFERENCES: [Difference; 7] = [
    Difference::Tag,
    Difference::Interface,
    Difference::Hop,
    Difference::SameLink,
    Difference::Address,
    Difference::Unnumbered,
    Difference::None,
];

/// The copies of a capture.
pub struct Copies {
    tokens: Vec<u32>,
    place: usize,
    attentive: u32,
    records: Vec<Record>,
    /// The interface of the first frame, and whether there are others.
    interface: Option<u32>,
    several: bool,
    /// IP frames seen.
    pub frames: u64,
    /// Copies among them.
    pub count: u64,
    kinds: [u64; DIFFERENCES.len()],
    /// How often one of them came that differs in nothing, at most.
    pub most: u32,
    /// Those among them that came so much later or earlier that clocks may differ.
    apart: u64,
    /// The first copies, each after the frame it is a copy of.
    pub pairs: Vec<(u32, u32)>,
    /// The time of the newest frame, and the first frame before whose time another had come.
    newest: Option<Time>,
    back: Option<u32>,
    /// How many copies stand behind that frame, with their originals before it.
    across: u64,
    /// Who passed packets on.
    pub relays: Vec<Relay>,
    /// Whose packets a card got and passed on with a TTL lower by one: the frame to it, and the one
    /// behind it.
    pub passed: HashMap<Sent, (u32, u32), RandomState>,
    /// Whose packets went round.
    pub loops: Loops,
}

impl Default for Copies {
    fn default() -> Self {
        Copies {
            tokens: vec![0; LAST],
            place: 0,
            attentive: ATTENTIVE,
            records: std::iter::repeat_with(Record::default).take(LAST).collect(),
            interface: None,
            several: false,
            frames: 0,
            count: 0,
            kinds: [0; DIFFERENCES.len()],
            most: 0,
            apart: 0,
            pairs: Vec::new(),
            newest: None,
            back: None,
            across: 0,
            relays: Vec::new(),
            passed: HashMap::default(),
            loops: Loops::default(),
        }
    }
}

impl Copies {
    /// Takes in an IP packet; says which earlier frame held the same one, and what differs.
    pub fn packet(&mut self, packet: &Packet<'_>, ip: &Ip) -> Option<(u32, Difference)> {
        self.clock(&packet.frame);
        let interface = packet.frame.interface;
        if *self.interface.get_or_insert(interface) != interface && !self.several {
            self.widen();
        }
        let start = as_usize(ip.payload_start);
        // By the number: what is cut or malformed is a copy all the same.
        let fixed = match ip.protocol {
            UDP if !ip.is_fragment() => !UDP_SUM,
            _ => u64::MAX,
        };
        let token = token(
            packet.frame.bytes.get(start..).unwrap_or_default(),
            fixed,
            ip.identification,
            u64::from(ip.stated_length) ^ u64::from(ip.fragment_offset) << 13,
        );
        let hit = self.holds(token);
        let place = self.keep(token);
        if !hit && self.attentive == 0 {
            return None;
        }
        self.look(packet, ip, token, place, hit)
    }

    /// Takes in a usual frame, if its token is enough: no copies are expected, and no earlier frame
    /// may hold the same. Otherwise nothing is done, and the whole packet is needed.
    #[inline]
    pub(crate) fn usual(&mut self, frame: &Frame<'_>, usual: &Usual) -> bool {
        let bytes = frame.bytes.get(Usual::TRANSPORT..).unwrap_or_default();
        let token = token(bytes, u64::MAX, usual.identification, usual.total.into());
        let alone = self.attentive == 0
            && self.interface == Some(frame.interface)
            && !self.several
            && !self.holds(token);
        if alone {
            self.clock(frame);
            self.keep(token);
        }
        alone
    }

    /// Takes in the time of a frame.
    #[inline]
    pub(super) fn clock(&mut self, frame: &Frame<'_>) {
        if frame.time < self.newest && frame.time.is_some() {
            self.back.get_or_insert(frame.number);
        }
        self.newest = frame.time;
    }

    /// Whether such a pair stands on both sides of the first frame at which time runs backwards.
    fn is_across(&self, pair: (u32, u32)) -> bool {
        self.back
            .is_some_and(|back| pair.0 < back && back <= pair.1)
    }

    /// The frame at which time runs backwards, where that divides all copies, and these pairs, from
    /// their originals.
    pub fn joined(&self, others: &[(u32, u32)]) -> Option<u32> {
        let all = self.across == self.count && others.iter().all(|pair| self.is_across(*pair));
        // Several interfaces are written in turns, each with what it has gathered.
        self.back.filter(|_| all && !self.several)
    }

    /// Whether one of the last frames had this token.
    #[inline]
    fn holds(&self, token: u32) -> bool {
        // All of them, without an early end: that is a few instructions for eight at a time.
        let count = |tokens: &[u32]| tokens.iter().map(|t| u32::from(*t == token)).sum::<u32>();
        match self.tokens.first_chunk::<LAST>() {
            Some(few) if !self.several => count(few) > 0,
            _ => count(&self.tokens) > 0,
        }
    }

    /// Looks farther back from now on.
    #[cold]
    fn widen(&mut self) {
        self.several = true;
        // The oldest first, so that the places behind are the next ones.
        self.tokens.rotate_left(self.place);
        self.records.rotate_left(self.place);
        self.place = LAST;
        self.tokens.resize(LAST_OF_SEVERAL, 0);
        self.records.resize_with(LAST_OF_SEVERAL, Record::default);
    }

    /// Keeps the token of a frame; gives its place.
    #[inline]
    fn keep(&mut self, token: u32) -> usize {
        self.frames += 1;
        let place = self.place;
        self.tokens[place] = token;
        self.place = (place + 1) % self.tokens.len();
        place
    }

    #[cold]
    fn look(
        &mut self,
        packet: &Packet<'_>,
        ip: &Ip,
        token: u32,
        place: usize,
        hit: bool,
    ) -> Option<(u32, Difference)> {
        self.attentive = if hit { ATTENTIVE } else { self.attentive - 1 };
        let mut record = std::mem::take(&mut self.records[place]);
        record.fill(packet, ip);
        let found = hit
            .then(|| {
                let last = self.tokens.len();
                (1..last)
                    .map(|n| (place + last - n) % last)
                    .filter(|i| self.tokens[*i] == token)
                    .find_map(|i| Some((i, self.records[i].copied_as(&record)?)))
            })
            .flatten();
        if hit {
            let last = self.tokens.len();
            let earlier = (1..last).rev().map(|n| (place + last - n) % last);
            let earlier = earlier.filter(|at| self.tokens[*at] == token);
            let same = earlier.map(|at| &self.records[at]);
            let same: Vec<&Record> = same.filter(|r| r.frame != 0 && r.same(&record)).collect();
            self.loops.follow(ip, &same, &mut record);
        }
        record.times = 1;
        let original = found.map(|(original, difference)| {
            if difference == Difference::None {
                record.times += self.records[original].times;
                self.most = self.most.max(record.times);
            }
            self.count(original, &record, difference);
            self.passed_on(original, &record, ip);
            (self.records[original].frame, difference)
        });
        self.records[place] = record;
        if self.attentive == 0 {
            // They would be taken for the last ones when it begins anew.
            self.records.fill_with(Record::default);
        }
        original
    }

    fn count(&mut self, original: usize, record: &Record, difference: Difference) {
        self.count += 1;
        if let Some(kind) = DIFFERENCES.iter().position(|d| *d == difference) {
            self.kinds[kind] += 1;
        }
        let original = &self.records[original];
        let apart = record.time.since(original.time).unsigned_abs();
        self.apart += u64::from(apart > WITHIN.unsigned_abs());
        let pair = (original.frame, record.frame);
        self.across += u64::from(self.is_across(pair));
        if self.pairs.len() < NAMED {
            self.pairs.push(pair);
        }
        let Some(mac) = original.relayed_by(record) else {
            return;
        };
        let known = self.relays.iter().position(|r| r.mac == mac);
        let place = known.unwrap_or(self.relays.len());
        if place == self.relays.len() {
            if place == RELAYS {
                return;
            }
            self.relays.push(Relay {
                mac,
                count: 0,
                pairs: Vec::new(),
            });
        }
        let relay = &mut self.relays[place];
        relay.count += 1;
        if relay.pairs.len() < NAMED {
            relay.pairs.push(pair);
        }
    }

    /// Takes in a copy that may lie behind a router, or before it.
    fn passed_on(&mut self, original: usize, record: &Record, ip: &Ip) {
        if let Some((card, frames)) = self.records[original].passed_as(record)
            && self.passed.has_room(NAMED)
        {
            let sent = (ip.source, ip.destination, card);
            self.passed.entry(sent).or_insert(frames);
        }
    }

    /// How many copies are not named.
    pub fn unnamed(&self) -> u64 {
        self.count.saturating_sub(self.pairs.len() as u64)
    }

    /// How many copies were taken at another place, at the same moment.
    pub fn elsewhere(&self) -> u64 {
        let of = |d: &Difference| matches!(d, Difference::Hop | Difference::Interface);
        let kinds = DIFFERENCES.iter().zip(&self.kinds);
        let all: u64 = kinds.filter(|(d, _)| of(d)).map(|(_, n)| n).sum();
        all.saturating_sub(self.apart)
    }

    /// What most of the other copies differ in.
    pub fn difference(&self) -> Difference {
        let (mut kinds, mut looped) = (self.kinds, self.loops.looped());
        for (kind, count) in DIFFERENCES.iter().zip(&mut kinds).rev() {
            if matches!(kind, Difference::Hop | Difference::SameLink) {
                let of_these = looped.min(*count);
                *count -= of_these;
                looped -= of_these;
            }
        }
        let most = kinds.iter().max();
        let kind = kinds.iter().position(|k| Some(k) == most);
        kind.map_or(Difference::None, |k| DIFFERENCES[k])
    }
}

/// UDP's number among IP's protocols.
const UDP: u8 = 17;
/// The checksum among the first eight bytes of a UDP datagram.
const UDP_SUM: u64 = u64::from_le_bytes([0, 0, 0, 0, 0, 0, 255, 255]);

/// A few bits of everything that is the same in copies: identification and length, ports or the
/// like, numbers. `bytes` begin with the IP payload, whose first eight count where `fixed` has ones: a
/// transport checksum may be filled in between a packet and its copy.
#[inline]
fn token(bytes: &[u8], fixed: u64, identification: u32, length: u64) -> u32 {
    const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
    let eight = |from: usize| {
        let bytes = bytes.get(from..).and_then(|b| b.first_chunk::<8>());
        bytes.map_or(0, |b| u64::from_le_bytes(*b))
    };
    let (head, next) = (eight(0) & fixed, eight(8));
    let stated = u64::from(identification) << 32 | length;
    let mixed = (head ^ stated.rotate_left(17)).wrapping_mul(MIX);
    let mixed = (mixed ^ mixed >> 32 ^ next).wrapping_mul(MIX);
    // The upper half of a product is the well-mixed one. Never 0, which marks an empty place.
    u32::try_from(mixed >> 32).unwrap_or_default() | 1
}

#[cfg(test)]
mod tests;
