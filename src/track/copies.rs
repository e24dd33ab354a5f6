//! Frames that were captured twice: by an interface and its VLAN, by several interfaces at once
//! (`any`), on both sides of a router, by a mirror port that copies both directions.
//!
//! Wireshark counts such copies as retransmissions and duplicate ACKs, and so do our counts; but
//! a report has to say what they are. A copy is the same IP packet, byte for byte but for its TTL
//! and header checksum, within a millisecond, with the same TTL or one that a router has counted
//! down. Two packets without an identification, as IPv6 has none, must besides differ in what only
//! the link or a router adds: hosts do send the same RST twice.
//!
//! Every IP frame leaves a small token among the last sixteen. The packet itself, which is needed
//! to be sure, is only kept while copies are to be expected: at the beginning, and for a while
//! after each.
//!
//! Who passes packets on under its own hardware address is counted: whether it is a router, or
//! somebody who has put itself in between, ARP tells.

use crate::capture::{Frame, LinkType, Time};
use crate::dissect::{Ip, Packet, Usual, as_usize};
use crate::facts::situation::Difference;
use std::net::IpAddr;

/// How many frames back a copy is looked for.
const LAST: usize = 16;
/// The same where several interfaces were recorded: they are written in turns.
pub(super) const LAST_OF_SEVERAL: usize = 512;
/// A copy comes within this many nanoseconds.
pub(super) const WITHIN: i64 = 1_000_000;
/// A router may take so many nanoseconds, when the hardware addresses show the way through it.
const ROUTED_WITHIN: i64 = 1_000_000_000;

/// Whether two packets that are otherwise alike, so many nanoseconds apart, are one that the network
/// doubled or a router held, by their IP identifications: what is sent again has another.
pub(super) fn is_held((known, own): (u32, u32), later: i64) -> bool {
    known != 0 && known == own && (0..=ROUTED_WITHIN).contains(&later)
}
/// Clocks of two interfaces, or of two captures put together, differ by so many nanoseconds.
const CLOCKS: i64 = 10_000_000_000;
/// For how many frames more is kept than the token, from the beginning and after each copy.
const ATTENTIVE: u32 = 4096;
/// How many copies are named.
const NAMED: usize = 1000;
/// How many frames of a loop are named.
const NAMED_OF_LOOP: usize = 100;
/// A packet that went round in a circle was sent again by the card that had sent it, so many times.
const ROUNDS: u32 = 3;
/// How many pairs of hosts whose packets went round are told apart.
const LOOPS: usize = 256;
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

/// Packets of one host to another that the same card sent again and again, each time with a lower
/// TTL: they go round between routers.
#[derive(Debug)]
pub struct Loop {
    /// Who sent them.
    pub source: IpAddr,
    /// To whom.
    pub destination: IpAddr,
    /// How many packets.
    pub packets: u64,
    /// How many frames they are.
    pub count: u64,
    /// The TTL of the first frame of the first one, and its last one.
    pub ttls: (u8, u8),
    /// The first frames.
    pub frames: Vec<u32>,
}

const DIFFERENCES: [Difference; 6] = [
    Difference::Tag,
    Difference::Interface,
    Difference::Hop,
    Difference::SameLink,
    Difference::Address,
    Difference::None,
];

/// What must be known of a frame to be sure that another is its copy.
#[derive(Default)]
struct Record {
    /// 0 marks an empty place.
    frame: u32,
    time: Time,
    /// The IP packet as captured, without TTL and header checksum.
    bytes: Vec<u8>,
    /// How long it is by its header.
    stated_length: u32,
    identification: u32,
    ttl: u8,
    interface: u32,
    link: LinkType,
    /// Length of what comes before the IP header, and its bytes but hardware addresses.
    below: (u32, [u8; 8]),
    macs: Option<([u8; 6], [u8; 6])>,
    /// How often the card that sent it had sent it before, or the other that sends it in turn.
    rounds: u32,
}

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
    /// Whose packets went round.
    pub loops: Vec<Loop>,
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
            apart: 0,
            pairs: Vec::new(),
            newest: None,
            back: None,
            across: 0,
            relays: Vec::new(),
            loops: Vec::new(),
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
        let token = token(
            packet.frame.bytes.get(start..).unwrap_or_default(),
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
        let token = token(bytes, usual.identification, usual.total.into());
        let alone =
            self.attentive == 0 && self.interface == Some(frame.interface) && !self.holds(token);
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
        match <&[u32; LAST]>::try_from(self.tokens.as_slice()) {
            Ok(few) => count(few) > 0,
            Err(_) => count(&self.tokens) > 0,
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
            self.follow_round(ip, token, place, &mut record);
        }
        let original = found.map(|(original, difference)| {
            self.count(original, &record, difference);
            (self.records[original].frame, difference)
        });
        self.records[place] = record;
        if self.attentive == 0 {
            // They would be taken for the last ones when it begins anew.
            self.records.fill_with(Record::default);
        }
        original
    }

    /// Takes in a packet that may have come round again.
    fn follow_round(&mut self, ip: &Ip, token: u32, place: usize, record: &mut Record) {
        let last = self.tokens.len();
        let earlier = (1..last).rev().map(|n| (place + last - n) % last);
        let earlier = earlier.filter(|at| self.tokens[*at] == token);
        let same = earlier.map(|at| &self.records[at]);
        let same: Vec<&Record> = same.filter(|r| r.frame != 0 && r.same(record)).collect();
        if !same.iter().any(|r| r.came_round_as(record)) {
            return;
        }
        let rounds = same.iter().map(|r| r.rounds).max().unwrap_or(0) + 1;
        record.rounds = rounds;
        if rounds < ROUNDS {
            return;
        }
        let mut known = self.loops.iter();
        let known = known.position(|l| l.source == ip.source && l.destination == ip.destination);
        let place = known.unwrap_or(self.loops.len());
        if place == LOOPS {
            return;
        }
        if place == self.loops.len() {
            self.loops.push(Loop {
                source: ip.source,
                destination: ip.destination,
                packets: 0,
                count: 0,
                ttls: (same[0].ttl, record.ttl),
                frames: Vec::new(),
            });
        }
        let told = &mut self.loops[place];
        // The first rounds are told when it is sure.
        let first = if rounds == ROUNDS { &same[..] } else { &[] };
        told.packets += u64::from(rounds == ROUNDS);
        if told.packets == 1 {
            told.ttls.1 = told.ttls.1.min(record.ttl);
        }
        for frame in first.iter().map(|r| r.frame).chain([record.frame]) {
            told.count += 1;
            if told.frames.len() < NAMED_OF_LOOP {
                told.frames.push(frame);
            }
        }
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

    /// How many copies are packets that came round again.
    pub fn looped(&self) -> u64 {
        self.loops.iter().map(|l| l.count - l.packets).sum()
    }

    /// What most of the other copies differ in.
    pub fn difference(&self) -> Difference {
        let (mut kinds, mut looped) = (self.kinds, self.looped());
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

impl Record {
    /// Keeps a frame in the memory of an earlier one.
    fn fill(&mut self, packet: &Packet<'_>, ip: &Ip) {
        let frame = packet.frame;
        let mut below = [0; 8];
        // After the addresses of Ethernet; of a cooked frame the packet type and the interface.
        let from = if frame.link == LinkType::ETHERNET {
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
        let start = as_usize(ip.start).min(frame.bytes.len());
        let rest = &frame.bytes[start..];
        let stated = match ip.stated_length {
            // Segmentation offload: all there is.
            0 => rest.len(),
            stated => as_usize(stated),
        };
        let whole = &rest[..rest.len().min(stated)];
        // TTL and header checksum, or hop limit.
        let masked: &[usize] = match ip.source {
            IpAddr::V4(_) => &[8, 10, 11],
            IpAddr::V6(_) => &[7],
        };
        self.bytes.clear();
        self.bytes.extend_from_slice(whole);
        for at in masked {
            if let Some(byte) = self.bytes.get_mut(*at) {
                *byte = 0;
            }
        }
        self.frame = frame.number;
        self.time = frame.time.unwrap_or_default();
        self.stated_length = ip.stated_length;
        self.identification = ip.identification;
        self.ttl = ip.ttl;
        self.interface = frame.interface;
        self.link = frame.link;
        self.below = (ip.start, below);
        self.macs = packet.macs;
        self.rounds = 0;
    }

    /// Whether the same card sent this packet again to the same one, after routers had counted its
    /// TTL down.
    fn came_round_as(&self, later: &Record) -> bool {
        let apart = later.time.since(self.time);
        let limit = if later.identification == 0 {
            WITHIN
        } else {
            ROUTED_WITHIN
        };
        self.ttl > later.ttl
            && self.interface == later.interface
            && self.below == later.below
            && self.macs.is_some_and(|(to, _)| to[0] & 1 == 0)
            && self.macs == later.macs
            && (0..=limit).contains(&apart)
    }

    /// Whether this is the same packet, as far as both were captured.
    fn same(&self, later: &Record) -> bool {
        let common = self.bytes.len().min(later.bytes.len());
        self.stated_length == later.stated_length && self.bytes[..common] == later.bytes[..common]
    }

    /// The card that this frame went to and the later one comes from.
    fn relayed_by(&self, later: &Record) -> Option<[u8; 6]> {
        let (before, after) = self.macs.zip(later.macs)?;
        let relayed = before.0 == after.1 && before.1 != after.1 && before.0[0] & 1 == 0;
        relayed.then_some(before.0)
    }

    /// What differs when `later` holds the same packet; `None` when it is another.
    fn copied_as(&self, later: &Record) -> Option<Difference> {
        if self.frame == 0 {
            return None;
        }
        // The frame goes on from where the earlier one went to, and was numbered by its sender.
        let routed = self.ttl.checked_sub(1) == Some(later.ttl)
            && later.identification != 0
            && self.relayed_by(later).is_some();
        let limit = if routed { ROUTED_WITHIN } else { WITHIN };
        // Routers are passed in order of time, but two interfaces may be read in any order.
        let first = if self.interface == later.interface {
            0
        } else {
            -WITHIN
        };
        let apart = later.time.since(self.time);
        let elsewhere = self.interface != later.interface
            && later.identification != 0
            && (-CLOCKS..=CLOCKS).contains(&apart);
        let near = (first..=limit).contains(&apart) || elsewhere;
        // Between two places there may be any number of routers.
        let counted = elsewhere || self.ttl.abs_diff(later.ttl) <= 1;
        let round = self.came_round_as(later);
        if !(round || near && counted) || !self.same(later) {
            return None;
        }
        let cooked = matches!(later.link, LinkType::LINUX_SLL | LinkType::LINUX_SLL2);
        let one_link = self.interface == later.interface && self.below == later.below && !cooked;
        let difference = if self.ttl != later.ttl && one_link && self.relayed_by(later).is_some() {
            Difference::SameLink
        } else if self.ttl != later.ttl {
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
/// like, numbers, the transport checksum. `bytes` begin with the IP payload.
#[inline]
fn token(bytes: &[u8], identification: u32, length: u64) -> u32 {
    const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
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
    let stated = u64::from(identification) << 32 | length;
    let mixed = (head ^ stated.rotate_left(17)).wrapping_mul(MIX);
    let mixed = (mixed ^ mixed >> 32 ^ next).wrapping_mul(MIX);
    // The upper half of a product is the well-mixed one. Never 0, which marks an empty place.
    u32::try_from(mixed >> 32).unwrap_or_default() | 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: u8 = 1;
    const ROUTER: u8 = 9;
    const SERVER: u8 = 2;

    /// What is varied of a frame.
    #[derive(Clone, Copy)]
    struct Sent {
        from: u8,
        to: u8,
        ttl: u8,
        identification: u16,
        interface: u32,
        microseconds: i64,
        destination: u16,
    }

    const SENT: Sent = Sent {
        from: HOST,
        to: ROUTER,
        ttl: 64,
        identification: 7,
        interface: 0,
        microseconds: 0,
        destination: 2,
    };

    fn frame(sent: Sent, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![2, 0, 0, 0, 0, sent.to, 2, 0, 0, 0, 0, sent.from, 8, 0];
        let length = u16::try_from(payload.len() + 28).expect("short");
        bytes.extend([0x45, 0]);
        bytes.extend(length.to_be_bytes());
        bytes.extend(sent.identification.to_be_bytes());
        let [high, low] = sent.destination.to_be_bytes();
        bytes.extend([
            0, 0, sent.ttl, 17, 0, sent.ttl, 10, 0, 0, 1, 10, 9, high, low,
        ]);
        bytes.extend([0, 68, 0, 67]);
        bytes.extend((length - 20).to_be_bytes());
        bytes.extend([0, 0]);
        bytes.extend(payload);
        bytes
    }

    /// A frame as it is recorded.
    struct Recorded {
        microseconds: i64,
        interface: u32,
        link: LinkType,
        bytes: Vec<u8>,
    }

    impl Recorded {
        fn of(sent: Sent, payload: &[u8]) -> Recorded {
            Recorded {
                microseconds: sent.microseconds,
                interface: sent.interface,
                link: LinkType::ETHERNET,
                bytes: frame(sent, payload),
            }
        }
    }

    /// Takes in frames as the analysis does.
    fn followed(frames: &[Recorded]) -> Copies {
        let mut copies = Copies::default();
        for (number, recorded) in (1..).zip(frames) {
            let frame = Frame {
                number,
                time: Some(Time(1_000_000_000 + recorded.microseconds * 1000)),
                wire_length: crate::dissect::as_u32(recorded.bytes.len()),
                interface: recorded.interface,
                link: recorded.link,
                bytes: &recorded.bytes,
            };
            if Usual::read(&frame).is_some_and(|usual| copies.usual(&frame, &usual)) {
                continue;
            }
            let packet = Packet::dissect(frame);
            let ip = packet.ip.expect("it is IP");
            copies.packet(&packet, &ip);
        }
        copies
    }

    fn tracked(frames: &[(Sent, &[u8])]) -> Copies {
        let frames: Vec<Recorded> = frames.iter().map(|f| Recorded::of(f.0, f.1)).collect();
        followed(&frames)
    }

    #[test]
    fn a_packet_that_differs_in_any_byte_is_no_copy() {
        let payload = [0u8; 300];
        assert_eq!(tracked(&[(SENT, &payload), (SENT, &payload)]).count, 1);
        for place in [0, 17, 100, 299] {
            let mut other = payload;
            other[place] = 1;
            assert_eq!(tracked(&[(SENT, &payload), (SENT, &other)]).count, 0);
        }
    }

    #[test]
    fn messages_of_many_clients_at_once_are_no_copies() {
        // As DHCP clients send them: no identification, the same ports, one number that differs.
        let messages: Vec<[u8; 240]> = (0..30)
            .map(|client| {
                let mut message = [0; 240];
                message[..4].copy_from_slice(&[1, 1, 6, 0]);
                message[33] = client;
                message
            })
            .collect();
        for identification in [0, 1] {
            let sent = Sent {
                identification,
                ..SENT
            };
            let frames: Vec<(Sent, &[u8])> = messages.iter().map(|m| (sent, &m[..])).collect();
            assert_eq!(tracked(&frames).count, 0);
        }
    }

    #[test]
    fn the_interfaces_of_one_file_record_a_packet_each_in_any_order() {
        for microseconds in [-200, 0, 200] {
            let other = Sent {
                interface: 1,
                identification: 0,
                microseconds,
                ..SENT
            };
            let first = Sent {
                identification: 0,
                ..SENT
            };
            let copies = tracked(&[(first, b"x"), (other, b"x")]);
            assert_eq!(copies.count, 1);
            assert_eq!(copies.difference(), Difference::Interface);
            // On one interface, what comes before was not sent after.
            let same = Sent {
                interface: 0,
                identification: 7,
                ..other
            };
            let count = u64::from(microseconds >= 0);
            assert_eq!(tracked(&[(SENT, b"x"), (same, b"x")]).count, count);
        }
    }

    #[test]
    fn whoever_passes_packets_on_is_counted() {
        let on = Sent {
            from: ROUTER,
            to: SERVER,
            ttl: 63,
            microseconds: 5000,
            ..SENT
        };
        let copies = tracked(&[(SENT, b"x"), (on, b"x")]);
        let difference = copies.difference();
        assert_eq!((copies.count, difference), (1, Difference::SameLink));
        assert_eq!(copies.relays[0].mac, [2, 0, 0, 0, 0, ROUTER]);
        assert_eq!(copies.relays[0].pairs, [(1, 2)]);
        // Not when it comes from somebody else.
        let astray = Sent { from: 7, ..on };
        assert_eq!(tracked(&[(SENT, b"x"), (astray, b"x")]).count, 0);
    }

    #[test]
    fn two_interfaces_with_clocks_of_their_own_record_both_sides_of_a_router() {
        let count = |microseconds: i64, identification: u16, ttl: u8, interface: u32| {
            let later = Sent {
                from: 7,
                to: SERVER,
                ttl,
                identification,
                interface,
                microseconds,
                ..SENT
            };
            let first = Sent {
                identification,
                ..SENT
            };
            tracked(&[(first, b"x"), (later, b"x")]).count
        };
        assert_eq!(count(500_000, 7, 63, 1), 1);
        assert_eq!(count(-500_000, 7, 63, 1), 1);
        assert_eq!(count(500_000, 7, 64, 1), 1);
        assert_eq!(count(500_000, 7, 62, 1), 1);
        // Farther apart, without an identification, or on one interface.
        assert_eq!(count(10_000_001, 7, 63, 1), 0);
        assert_eq!(count(500_000, 0, 63, 1), 0);
        assert_eq!(count(500_000, 7, 62, 0), 0);
        assert_eq!(count(500_000, 7, 63, 0), 0);
    }

    #[test]
    fn interfaces_that_are_written_in_turns_are_looked_at_farther_back() {
        let sent = |n: u16, interface: u32| Sent {
            identification: n + 1,
            interface,
            ttl: if interface == 0 { 64 } else { 63 },
            microseconds: i64::from(n) * 100,
            ..SENT
        };
        let turns = |most: u16, interface: u32| {
            let frames: Vec<(Sent, &[u8])> = (0..most)
                .map(|n| sent(n, 0))
                .chain((0..most).map(|n| sent(n, interface)))
                .map(|sent| (sent, &b"x"[..]))
                .collect();
            tracked(&frames).count
        };
        // The first frame of the second interface makes it look back.
        assert_eq!(turns(16, 1), 16);
        // Of a longer turn the first frames are no longer known when the second one begins.
        assert_eq!(turns(40, 1), 16);
    }

    /// A segment of TCP without data, the usual frame.
    fn segment(number: u32) -> Recorded {
        let [a, b, c, d] = number.to_be_bytes();
        let mut bytes = vec![2, 0, 0, 0, 0, ROUTER, 2, 0, 0, 0, 0, HOST, 8, 0];
        bytes.extend([0x45, 0, 0, 40, c, d, 0, 0, 64, 6, 0, 0]);
        bytes.extend([10, 0, 0, 1, 10, 9, 0, 2, 0, 9, 0, 80, a, b, c, d]);
        bytes.extend([0, 0, 0, 0, 0x50, 16, 0, 9, 0, 0, 0, 0]);
        Recorded {
            microseconds: i64::from(number) * 10,
            interface: 0,
            link: LinkType::ETHERNET,
            bytes,
        }
    }

    #[test]
    fn behind_a_long_quiet_the_first_copy_is_missed_and_wakes_us() {
        let count = |quiet: u32, times: u32| {
            let mut frames = Vec::new();
            for round in 0..times {
                let begin = 1 + round * (quiet + 3);
                frames.extend((begin..begin + quiet).map(segment));
                for copied in begin + quiet..begin + quiet + 3 {
                    frames.extend([segment(copied), segment(copied)]);
                }
            }
            let copies = followed(&frames);
            assert_eq!(copies.frames, frames.len() as u64);
            copies.count
        };
        assert_eq!(count(10, 2), 6);
        // The frame before the copy is the last one that is kept whole, and one too many.
        assert_eq!(count(ATTENTIVE - 2, 2), 6);
        assert_eq!(count(ATTENTIVE - 1, 2), 4);
        assert_eq!(count(2 * ATTENTIVE, 3), 6);
    }

    #[test]
    fn a_copy_is_looked_for_among_the_last_frames_only() {
        let count = |between: u32| {
            let others = (2..2 + between).map(segment);
            let first = || std::iter::once(segment(1));
            let mut frames: Vec<Recorded> = first().chain(others).chain(first()).collect();
            frames.last_mut().expect("there is one").microseconds = 500;
            followed(&frames).count
        };
        let most = u32::try_from(LAST).expect("it is small") - 2;
        assert_eq!((count(0), count(most), count(most + 1)), (1, 1, 0));
    }

    /// A packet in so many frames of one card, each with a lower TTL.
    fn rounds(sent: Sent, frames: u8, apart: i64) -> Vec<(Sent, &'static [u8])> {
        let each = (0..frames).map(|n| {
            let again = Sent {
                ttl: sent.ttl - n,
                microseconds: sent.microseconds + i64::from(n) * apart,
                ..sent
            };
            (again, &b"x"[..])
        });
        each.collect()
    }

    #[test]
    fn a_packet_that_comes_round_is_counted_once_and_its_frames_named_up_to_a_limit() {
        let high = Sent { ttl: 255, ..SENT };
        let loops = |frames: u8| tracked(&rounds(high, frames, 100)).loops;
        assert!(loops(3).is_empty());
        let copies = tracked(&rounds(high, 4, 100));
        let [told] = &copies.loops[..] else {
            panic!("one loop");
        };
        assert_eq!((told.packets, told.count, told.ttls), (1, 4, (255, 252)));
        assert_eq!(told.frames, [1, 2, 3, 4]);
        assert_eq!(copies.looped(), 3);
        let long = &loops(150)[0];
        assert_eq!((long.packets, long.count, long.ttls), (1, 150, (255, 106)));
        let named: Vec<u32> = (1..=100).collect();
        assert_eq!(long.frames, named);
        // Another packet of the same two hosts, and one of others.
        let second = Sent {
            identification: 8,
            microseconds: 10_000,
            ..SENT
        };
        let third = Sent {
            destination: 3,
            microseconds: 20_000,
            ..SENT
        };
        let mut frames = rounds(high, 4, 100);
        frames.extend(rounds(second, 5, 100));
        frames.extend(rounds(third, 4, 100));
        let copies = tracked(&frames);
        let told = copies.loops.iter().map(|l| (l.packets, l.count, l.ttls));
        assert_eq!(
            told.collect::<Vec<_>>(),
            [(2, 9, (255, 252)), (1, 4, (64, 61))]
        );
        assert_eq!(copies.looped(), 10);
    }

    #[test]
    fn what_goes_to_many_or_elsewhere_or_comes_too_late_does_not_come_round() {
        let told = |sent: Sent, apart: i64| tracked(&rounds(sent, 5, apart)).loops.len();
        assert_eq!((told(SENT, 1_000_000), told(SENT, 1_000_001)), (1, 0));
        let unnumbered = Sent {
            identification: 0,
            ..SENT
        };
        assert_eq!((told(unnumbered, 1000), told(unnumbered, 1001)), (1, 0));
        let to_many = Sent { to: 0, ..SENT };
        let mut frames = rounds(to_many, 5, 100);
        assert_eq!(tracked(&frames).loops.len(), 1);
        let mut many: Vec<Recorded> = frames.iter().map(|f| Recorded::of(f.0, f.1)).collect();
        for recorded in &mut many {
            recorded.bytes[0] |= 1;
        }
        assert_eq!(followed(&many).loops.len(), 0);
        // Each time by another card, or on another interface.
        for (number, frame) in (0..).zip(&mut frames) {
            frame.0.from = number;
        }
        assert_eq!(tracked(&frames).loops.len(), 0);
        for (number, frame) in (0..).zip(&mut frames) {
            frame.0.from = HOST;
            frame.0.interface = number;
        }
        assert_eq!(tracked(&frames).loops.len(), 0);
    }

    #[test]
    fn so_many_loops_and_relays_are_told_apart() {
        let most = u16::try_from(LOOPS).expect("it is small");
        let frames: Vec<_> = (0..most + 10)
            .flat_map(|destination| {
                let first = Sent {
                    destination,
                    microseconds: i64::from(destination) * 1000,
                    ..SENT
                };
                rounds(first, 5, 10)
            })
            .collect();
        let loops = tracked(&frames).loops;
        assert_eq!(loops.len(), LOOPS);
        assert!(loops.iter().all(|l| (l.packets, l.count) == (1, 5)));
        let most = u8::try_from(RELAYS).expect("it is small");
        let frames: Vec<_> = (0..2u16)
            .flat_map(|round| (100..100 + most + 2).map(move |relay| (round, relay)))
            .flat_map(|(round, relay)| {
                let first = Sent {
                    to: relay,
                    identification: (round << 8) + u16::from(relay),
                    ..SENT
                };
                let on = Sent {
                    from: relay,
                    to: SERVER,
                    ttl: 63,
                    ..first
                };
                [(first, &b"x"[..]), (on, &b"x"[..])]
            })
            .collect();
        let copies = tracked(&frames);
        assert_eq!(copies.count, 2 * u64::from(most + 2));
        assert_eq!(copies.relays.len(), RELAYS);
        assert!(copies.relays.iter().all(|r| r.count == 2));
        assert_eq!(copies.relays[1].pairs, [(3, 4), (39, 40)]);
    }

    #[test]
    fn copies_are_named_up_to_a_limit_and_counted_beyond() {
        let pairs = |count: u16| -> Copies {
            let each = (1..=count).flat_map(|identification| {
                let first = Sent {
                    identification,
                    ..SENT
                };
                let on = Sent {
                    from: ROUTER,
                    to: SERVER,
                    ttl: 63,
                    ..first
                };
                [(first, &b"x"[..]), (on, &b"x"[..])]
            });
            tracked(&each.collect::<Vec<_>>())
        };
        let named = u16::try_from(NAMED).expect("it is small");
        let copies = pairs(named);
        assert_eq!((copies.pairs.len(), copies.unnamed()), (NAMED, 0));
        let copies = pairs(named + 3);
        assert_eq!((copies.pairs.len(), copies.unnamed()), (NAMED, 3));
        let relay = &copies.relays[0];
        assert_eq!((relay.pairs.len(), relay.count), (NAMED, 1003));
    }

    #[test]
    fn what_most_copies_differ_in_is_told_and_loops_are_not_counted_with_them() {
        let number = |identification: u16| Sent {
            identification,
            ..SENT
        };
        let again = |sent: Sent| [(sent, &b"x"[..]), (sent, &b"x"[..])];
        let elsewhere = |n: u16| {
            let other = Sent {
                interface: 1,
                ttl: 63,
                ..number(n)
            };
            [(number(n), &b"x"[..]), (other, &b"x"[..])]
        };
        let astray = |n: u16| {
            let other = Sent {
                from: 5,
                ..number(n)
            };
            [(number(n), &b"x"[..]), (other, &b"x"[..])]
        };
        let difference = |frames: &[[(Sent, &[u8]); 2]]| tracked(&frames.concat()).difference();
        let few = [again(number(1)), astray(2), astray(3), elsewhere(4)];
        assert_eq!(difference(&few), Difference::Address);
        let few = [elsewhere(1), astray(2), elsewhere(3)];
        assert_eq!(difference(&few), Difference::Hop);
        let few = [again(number(1)), astray(2), again(number(3))];
        assert_eq!(difference(&few), Difference::None);
        // Nine frames of a packet that came round, and one that was captured twice.
        let mut frames = rounds(number(9), 10, 100);
        assert_eq!(tracked(&frames).count, 9);
        frames.extend(astray(1));
        let copies = tracked(&frames);
        assert_eq!((copies.count, copies.looped()), (10, 9));
        assert_eq!(copies.difference(), Difference::Address);
    }

    #[test]
    fn at_another_place_at_the_same_moment_is_elsewhere() {
        let count = |interface: u32, ttl: u8, microseconds: i64| {
            let other = Sent {
                interface,
                ttl,
                microseconds,
                ..SENT
            };
            tracked(&[(SENT, b"x"), (other, b"x")]).elsewhere()
        };
        assert_eq!((count(1, 64, 0), count(1, 63, 1000)), (1, 1));
        // Later than copies come, clocks may differ; and where only an address differs, it is here.
        assert_eq!((count(1, 63, 1001), count(0, 64, 0)), (0, 0));
    }

    #[test]
    fn what_follows_the_packet_in_its_frame_does_not_matter() {
        let padded = |byte: u8| {
            let mut recorded = Recorded::of(SENT, b"x");
            recorded.bytes.extend([byte; 5]);
            recorded
        };
        assert_eq!(followed(&[padded(1), padded(2)]).count, 1);
        // A length of zero, of a card that cuts segments: there is no end but that of the frame.
        let unstated = |byte: u8| {
            let mut recorded = padded(byte);
            recorded.bytes[16..18].fill(0);
            recorded
        };
        assert_eq!(followed(&[unstated(1), unstated(1)]).count, 1);
        assert_eq!(followed(&[unstated(1), unstated(2)]).count, 0);
    }

    #[test]
    fn of_a_packet_that_is_cut_what_was_captured_is_compared() {
        let cut = |payload: &[u8], bytes: usize| {
            let mut recorded = Recorded::of(SENT, payload);
            recorded.bytes.truncate(bytes);
            recorded
        };
        let count = |first: &[u8], cut_at: usize| {
            let whole = cut(b"the whole message", 100);
            followed(&[whole, cut(first, cut_at)]).count
        };
        assert_eq!(count(b"the whole massage", 52), 1);
        assert_eq!(count(b"the whole massage", 54), 0);
        // It is another one when its length is another.
        assert_eq!(count(b"the whole message!", 52), 0);
    }

    #[test]
    fn of_cooked_frames_the_interface_and_the_packet_type_tell_copies_apart() {
        let cooked = |link: LinkType, kind: u8, index: u8| {
            let ethernet = frame(SENT, b"x");
            let mut bytes = match link {
                LinkType::LINUX_SLL => vec![0, kind, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0],
                _ => vec![
                    8, 0, 0, 0, 0, 0, 0, index, 0, 1, kind, 6, 2, 0, 0, 0, 0, 1, 0, 0,
                ],
            };
            bytes.extend(&ethernet[14..]);
            Recorded {
                microseconds: 0,
                interface: 0,
                link,
                bytes,
            }
        };
        let differ = |link: LinkType, other: (u8, u8)| {
            let copies = followed(&[cooked(link, 4, 1), cooked(link, other.0, other.1)]);
            (copies.count, copies.difference())
        };
        let one = LinkType::LINUX_SLL;
        assert_eq!(differ(one, (0, 1)), (1, Difference::Interface));
        assert_eq!(differ(one, (4, 1)), (1, Difference::None));
        let two = LinkType::LINUX_SLL2;
        assert_eq!(differ(two, (0, 1)), (1, Difference::Interface));
        assert_eq!(differ(two, (4, 2)), (1, Difference::Interface));
        assert_eq!(differ(two, (4, 1)), (1, Difference::None));
    }
}
