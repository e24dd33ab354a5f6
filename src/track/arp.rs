//! ARP over time: each request with its reply, who claims which address, and who else does.

use crate::capture::Time;
use crate::dissect::arp::Arp as Message;
use crate::dissect::as_usize;
use crate::dissect::field::{Kind, Sink};
use crate::dissect::layer::Protocol;
use crate::dissect::{Packet, arp};
use crate::facts::arp::{Arp, ArpKind, Neighbour};
use crate::facts::{Mac, Milliseconds, Moment};
use crate::track::copies;
use crate::track::discovery::{self, DEFENDED, MOST_TAKEN, Taken};
use crate::track::places::{Places, one_link};
use crate::track::room::Room;
use foldhash::fast::{FixedState, RandomState};
use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::BuildHasher;
use std::net::{IpAddr, Ipv4Addr};

/// Most bindings kept; a scan of a /16 fits.
const MOST: usize = 65_536;

/// What the tracker says of one packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// The sender's address belongs to another host already, and the target's does.
    pub duplicates: [Option<Duplicate>; 2],
}

/// An address that two hosts claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// Frame that told the other hardware address last.
    pub frame: u32,
    /// Seconds since then, as Wireshark counts them: without their fractions.
    pub seconds: u32,
}

crate::fields! {
    DUPLICATE_FRAME: "arp.duplicate-address-frame", Kind::Frame, "Frame in which another host used the same address.";
    DUPLICATE_DETECTED: "arp.duplicate-address-detected", Kind::Mark, "Another hardware address was seen with the same IP address.";
    SECONDS_SINCE: "arp.seconds-since-duplicate-address-frame", Kind::Unsigned(32), "Seconds since the frame in which another host used the same address.";
}

/// Hands over the fields.
pub(crate) fn emit(note: &Note, sink: &mut Sink<'_>) {
    for duplicate in note.duplicates.iter().flatten() {
        sink.unsigned(DUPLICATE_FRAME, 0..0, duplicate.frame);
        sink.mark(DUPLICATE_DETECTED, 0..0);
        sink.unsigned(SECONDS_SINCE, 0..0, duplicate.seconds);
    }
}

/// Who used an address first, and where it was seen last with that hardware address.
struct Claim {
    mac: [u8; 6],
    frame: u32,
    seconds: i64,
}

/// Requests for one address that nobody answered.
#[derive(Clone, Debug)]
pub struct Unanswered {
    /// The address.
    pub asked: IpAddr,
    /// Who asked for it.
    pub asker: IpAddr,
    /// Frames of the requests.
    pub frames: Vec<u32>,
    /// When the last was sent.
    pub last: Option<Moment>,
    /// One came so soon after another as whoever gets no answer asks again.
    pub again: bool,
    /// How many came sooner after another than any host asks again.
    pub at_once: usize,
    /// The last frame in which the address was claimed.
    pub claimed: Option<u32>,
}

/// Nobody waits for less than this before asking again: nanoseconds.
const AT_ONCE: std::ops::Range<i64> = 0..10_000_000;

impl Unanswered {
    /// Nothing asked yet.
    pub(super) fn new(asked: IpAddr, asker: IpAddr) -> Unanswered {
        Unanswered {
            asked,
            asker,
            frames: Vec::new(),
            last: None,
            again: false,
            at_once: 0,
            claimed: None,
        }
    }

    /// Takes in a request.
    pub(super) fn asks(&mut self, frame: u32, time: Option<Moment>) {
        let gap = self.last.zip(time);
        let gap = gap.map(|(before, now)| now.0.saturating_sub(before.0));
        self.again |= gap.is_some_and(|gap| RETRY.contains(&gap));
        self.at_once += usize::from(gap.is_some_and(|gap| AT_ONCE.contains(&gap)));
        self.frames.push(frame);
        self.last = time;
    }
}

/// How many messages back a copy is looked for: a switch has many ports.
const LAST: usize = 64;
/// Bytes of a message for IPv4 over Ethernet.
const MESSAGE: usize = 28;

/// One of the last messages.
struct Last {
    frame: u32,
    time: Time,
    /// Its bytes, mixed; and what they came in.
    message: u64,
    link: u64,
}

/// Nanoseconds after which a question is asked again, at least and at most: what comes sooner is a
/// copy, and what comes later may be another occasion.
const RETRY: std::ops::RangeInclusive<i64> = 100_000_000..=5_000_000_000;

/// Who asked whether an address is free, in which frame, when, and in which virtual LAN.
type Wanted = (Mac, u32, Time, Option<u16>);

/// What is remembered.
#[derive(Default)]
pub struct Requests {
    last: VecDeque<Last>,
    list: Vec<Arp>,
    times: Vec<Time>,
    /// The open request per asked address and asker, by its address and its card; `None` stands for
    /// the newest of whatever card.
    open: HashMap<(Ipv4Addr, Ipv4Addr, Option<[u8; 6]>), usize>,
    table: Vec<Neighbour>,
    place: Places,
    /// Of rows of the table that several claim, the frame of the last other claim.
    against: HashMap<usize, u32>,
    claims: HashMap<Ipv4Addr, Claim>,
    /// Who asked last whether an address is free.
    wanted: HashMap<Ipv4Addr, Wanted>,
    taken: Vec<Taken>,
    bindings: Bindings,
    /// Packets past what is kept.
    pub overflow: u64,
}

/// That an address was said to have a hardware address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The address.
    pub address: IpAddr,
    /// The hardware address.
    pub mac: Mac,
    /// First frame that said so.
    pub frame: u32,
    /// The virtual LAN in which it was said.
    pub vlan: Option<u16>,
}

/// Every pair of address and hardware address, with the frame that said so first.
#[derive(Default)]
pub(super) struct Bindings(pub Vec<Binding>);

impl Bindings {
    pub(super) fn add(&mut self, new: Binding) {
        // Those of one address are few; a flood of them is told by its first.
        let known = self.0.iter().rev().take(64);
        let said = |b: &Binding| {
            (b.address, b.mac) == (new.address, new.mac) && one_link(b.vlan, new.vlan)
        };
        if self.0.has_room(MOST) && !known.into_iter().any(said) {
            self.0.push(new);
        }
    }
}

impl Requests {
    /// Takes in one frame.
    pub fn packet(&mut self, packet: &Packet<'_>) -> Note {
        let message = packet.layers.find(Protocol::Arp);
        let Some(message) = message.and_then(|layer| arp::parse(&packet.view(layer))) else {
            return Note::default();
        };
        let (frame, time) = (packet.frame.number, packet.frame.time);
        match self.copied(packet) {
            Some(original) => self.once_more(original, frame),
            None => {
                self.message(&message, frame, time, packet.vlan());
                self.asked_from(packet, &message);
            }
        }
        self.duplicates(&message, frame, time.unwrap_or_default())
    }

    /// The reply may go to the card that sent the question, where that says another one.
    fn asked_from(&mut self, packet: &Packet<'_>, message: &Message) {
        let ethernet = packet.layers.find(Protocol::Ethernet);
        let card = ethernet.and_then(|layer| packet.view(layer).array::<6>(6));
        let asked = |card| (message.target, message.sender, card);
        let newest = self.open.get(&asked(None)).copied();
        let own = |place: &usize| {
            let known = self.list.get(*place);
            known.is_some_and(|request| request.frame == packet.frame.number)
        };
        if let (Some(card), Some(place)) = (card, newest.filter(own)) {
            self.open.insert(asked(Some(card)), place);
        }
    }

    /// The frame that held the same message a moment ago on another interface or another link,
    /// as on the ports of a switch.
    fn copied(&mut self, packet: &Packet<'_>) -> Option<u32> {
        let layer = packet.layers.find(Protocol::Arp)?;
        let below = packet.frame.bytes.get(..as_usize(layer.start));
        let state = FixedState::default();
        let last = Last {
            frame: packet.frame.number,
            time: packet.frame.time.unwrap_or_default(),
            message: state.hash_one(packet.view(layer).bytes.get(..MESSAGE)?),
            link: state.hash_one((packet.frame.interface, below.unwrap_or_default())),
        };
        // A cooked frame tells the interface and the direction: what is between may hold the message.
        let cooked = packet.layers.find(Protocol::Ethernet).is_none();
        let same = |other: &&Last| {
            let apart = last.time.since(other.time);
            let held = match cooked && other.link != last.link {
                true => *RETRY.start() - 1,
                false => copies::WITHIN,
            };
            other.message == last.message && (-copies::WITHIN..=held).contains(&apart)
        };
        let mut earlier = self.last.iter().rev().filter(same);
        let original = earlier
            .next()
            .map(|first| (first.frame, first.link != last.link));
        // The same link twice: said again, and each of its copies is one of that.
        let again = original.is_some() && earlier.any(|e| e.link == last.link);
        if self.last.len() == LAST {
            self.last.pop_front();
        }
        self.last.push_back(last);
        original.filter(|o| o.1 && !again).map(|o| o.0)
    }

    /// Adds a copy to the row of the first frame, if it is among the last.
    fn once_more(&mut self, original: u32, frame: u32) {
        let mut rows = self.list.iter_mut().rev().take(LAST);
        if let Some(row) = rows.find(|row| row.frames.contains(&original)) {
            row.frames.push(frame);
        }
    }

    fn message(&mut self, message: &Message, frame: u32, time: Option<Time>, vlan: Option<u16>) {
        let conflict = self.learn(message, frame, vlan);
        self.want(message, frame, time.unwrap_or_default(), vlan);
        if message.opcode == 2 && self.answer(message, frame, time.unwrap_or_default(), conflict) {
            return;
        }
        if !matches!(message.opcode, 1 | 2) {
            return;
        }
        if !self.list.has_room(MOST) {
            self.overflow += 1;
            return;
        }
        let kind = match message.opcode {
            _ if message.sender == message.target => ArpKind::Gratuitous,
            1 if message.sender.is_unspecified() => ArpKind::Probe,
            1 => ArpKind::Request,
            _ => ArpKind::Reply,
        };
        if message.opcode == 1 && kind != ArpKind::Gratuitous {
            for card in [Some(message.sender_mac), None] {
                let asked = (message.target, message.sender, card);
                self.open.insert(asked, self.list.len());
            }
        }
        self.times.push(time.unwrap_or_default());
        self.list.push(Arp {
            frame,
            time: time.map(|t| Moment(t.0)),
            kind,
            sender: message.sender.into(),
            sender_mac: Mac(message.sender_mac),
            asked: message.target.into(),
            reply_frame: None,
            reply_mac: None,
            reply_time_ms: None,
            conflict_frame: conflict,
            frames: vec![frame],
        });
    }

    /// Takes in that somebody asks whether an address is free (RFC 5227 section 2.1), and that somebody
    /// else says that it has it.
    fn want(&mut self, message: &Message, frame: u32, time: Time, vlan: Option<u16>) {
        let card = Mac(message.sender_mac);
        if message.sender.is_unspecified() {
            let room = self.wanted.has_room(MOST) || self.wanted.contains_key(&message.target);
            if message.opcode == 1 && room {
                let new = (card, frame, time, vlan);
                if let Some(before) = self.wanted.insert(message.target, new) {
                    self.want_both(message.target.into(), before, new);
                }
            }
            return;
        }
        let Some((mac, asked, then, within)) = self.wanted.get(&message.sender).copied() else {
            return;
        };
        let address = IpAddr::V4(message.sender);
        if mac != card
            && vlan == within
            && (0..=DEFENDED).contains(&time.since(then))
            && self.taken.has_room(MOST_TAKEN)
            && !self
                .taken
                .iter()
                .any(|t| t.address == address && t.wants.0 == mac && !t.both_want)
        {
            self.taken.push(Taken {
                address,
                wants: (mac, asked),
                has: (card, frame),
                both_want: false,
            });
        }
    }

    /// Takes in two questions whether an address is free: they may be of two hosts at once.
    fn want_both(&mut self, address: IpAddr, before: Wanted, new: Wanted) {
        let known = |t: &Taken| t.address == address && t.both_want;
        if before.0 != new.0
            && one_link(before.3, new.3)
            && (0..discovery::AT_ONCE).contains(&new.2.since(before.2))
            && self.taken.has_room(MOST_TAKEN)
            && !self.taken.iter().any(known)
        {
            self.taken.push(Taken {
                address,
                wants: (before.0, before.1),
                has: (new.0, new.1),
                both_want: true,
            });
        }
    }

    /// Addresses that were asked for and are not free, in order.
    pub fn taken(&self) -> &[Taken] {
        &self.taken
    }

    /// Addresses that this packet binds to another hardware address than the one they were first
    /// seen with. Unlike `learn`, the first binding stays, as in Wireshark.
    fn duplicates(&mut self, message: &Message, frame: u32, time: Time) -> Note {
        let mut note = Note::default();
        let target = (message.target, message.target_mac);
        let bindings = match message.opcode {
            1 => [Some((message.sender, message.sender_mac)), None],
            2 => [Some((message.sender, message.sender_mac)), Some(target)],
            _ => [None, None],
        };
        for (binding, duplicate) in bindings.into_iter().zip(&mut note.duplicates) {
            let Some((address, mac)) = binding else {
                continue;
            };
            if mac[0] & 1 == 1 || mac == [0; 6] || address.is_unspecified() {
                continue;
            }
            let seconds = time.0.div_euclid(1_000_000_000);
            let Some(claim) = self.claims.get_mut(&address) else {
                if self.claims.has_room(MOST) {
                    self.claims.insert(
                        address,
                        Claim {
                            mac,
                            frame,
                            seconds,
                        },
                    );
                }
                continue;
            };
            if claim.mac == mac {
                claim.frame = frame;
                claim.seconds = seconds;
            } else if claim.frame != frame {
                let since = seconds.wrapping_sub(claim.seconds);
                *duplicate = Some(Duplicate {
                    frame: claim.frame,
                    // The clock may have been set back: Wireshark's number wraps.
                    seconds: u32::try_from(since.rem_euclid(1 << 32)).unwrap_or(u32::MAX),
                });
            }
        }
        note
    }

    /// Writes the binding into the table; the frame that gave the address another hardware address, if
    /// one did.
    fn learn(&mut self, message: &Message, frame: u32, vlan: Option<u16>) -> Option<u32> {
        if message.sender.is_unspecified() {
            return None;
        }
        let (mac, address) = (Mac(message.sender_mac), IpAddr::V4(message.sender));
        let binding = Binding {
            address,
            mac,
            frame,
            vlan,
        };
        if let Some(place) = self.place.get(address, vlan) {
            let known = &mut self.table[place];
            if known.mac == mac {
                return self.against.get(&place).copied();
            }
            let before = std::mem::replace(&mut known.frame, frame);
            known.conflict = true;
            known.mac = mac;
            self.against.insert(place, before);
            self.bindings.add(binding);
            return Some(before);
        }
        if self.table.has_room(MOST) {
            self.place.insert(address, vlan, self.table.len());
            self.table.push(Neighbour {
                address,
                mac,
                frame,
                vlan,
                conflict: false,
            });
            self.bindings.add(binding);
        }
        None
    }

    /// Every pair of address and hardware address that was said, in order.
    pub fn bindings(&self) -> &[Binding] {
        &self.bindings.0
    }

    /// The requests and announcements.
    pub fn list(&self) -> &[Arp] {
        &self.list
    }

    /// Closes the request that a reply answers; a further reply closes none.
    fn answer(&mut self, message: &Message, frame: u32, time: Time, conflict: Option<u32>) -> bool {
        // Some replies name no card that asked.
        let asked = |card| self.open.get(&(message.sender, message.target, card));
        let Some(place) = asked(Some(message.target_mac)).or_else(|| asked(None)) else {
            return false;
        };
        let Some(request) = self.list.get_mut(*place) else {
            return false;
        };
        if request.reply_frame.is_some() {
            if request.reply_mac != Some(Mac(message.sender_mac)) {
                request.conflict_frame.get_or_insert(frame);
            }
            return false;
        }
        request.reply_frame = Some(frame);
        request.reply_mac = Some(Mac(message.sender_mac));
        request.reply_time_ms = Milliseconds::between(self.times[*place].0, time.0);
        request.frames.push(frame);
        if let Some(frame) = conflict {
            request.conflict_frame.get_or_insert(frame);
        }
        true
    }

    /// The table as it stands.
    pub fn table(&self) -> &[Neighbour] {
        &self.table
    }

    /// The addresses from or to which a reply was captured: replies go to one host only.
    pub fn exchanged(&self) -> HashSet<IpAddr, RandomState> {
        let replied = self.list.iter().filter(|r| r.reply_frame.is_some());
        replied.flat_map(|r| [r.sender, r.asked]).collect()
    }

    /// Requests nobody answered, per asked address.
    pub fn unanswered(&self) -> Vec<Unanswered> {
        let mut result: Vec<Unanswered> = Vec::new();
        // The last frame that told each asker of each address: by then it knew.
        let mut told: HashMap<(IpAddr, IpAddr), u32> = HashMap::new();
        for row in &self.list {
            let (asked, asker, frame) = match (row.kind, row.reply_frame) {
                (ArpKind::Reply, _) => (row.sender, row.asked, row.frame),
                (_, Some(frame)) => (row.asked, row.sender, frame),
                _ => continue,
            };
            let last = told.entry((asked, asker)).or_default();
            *last = frame.max(*last);
        }
        let mut place: HashMap<(IpAddr, IpAddr), usize> = HashMap::new();
        for request in self
            .list
            .iter()
            .filter(|r| r.kind == ArpKind::Request && r.reply_frame.is_none())
        {
            let IpAddr::V4(asked) = request.asked else {
                continue;
            };
            let claimed = self.claims.get(&asked).map(|c| c.frame);
            let told = told.get(&(request.asked, request.sender));
            if told > Some(&request.frame) {
                continue;
            }
            let at = *place
                .entry((request.asked, request.sender))
                .or_insert(result.len());
            if at == result.len() {
                result.push(Unanswered::new(request.asked, request.sender));
            }
            result[at].asks(request.frame, request.time);
            result[at].claimed = claimed;
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: u8 = 0xa;
    const B: u8 = 0xb;
    const C: u8 = 0xc;
    const NOBODY: u8 = 0;

    fn message(opcode: u16, sender: (u8, u8), target: (u8, u8)) -> Message {
        let mac = |last: u8| match last {
            NOBODY => [0; 6],
            last => [2, 0, 0, 0, 0, last],
        };
        Message {
            opcode,
            sender_mac: mac(sender.0),
            sender: Ipv4Addr::new(10, 0, 0, sender.1),
            target_mac: mac(target.0),
            target: Ipv4Addr::new(10, 0, 0, target.1),
        }
    }

    /// The frames and the answers of tshark 4.0.17.
    #[test]
    fn duplicates_are_those_that_tshark_finds() {
        let frames = [
            (1, (A, 1), (NOBODY, 2)),
            (2, (B, 2), (A, 1)),
            (2, (C, 2), (A, 1)),
            (2, (B, 2), (C, 1)),
            (2, (C, 2), (B, 1)),
            (1, (C, 3), (B, 2)),
            (1, (C, 1), (B, 2)),
            (3, (C, 1), (B, 2)),
            (2, (B, 2), (A, 1)),
            (2, (C, 2), (A, 1)),
        ];
        let mut requests = Requests::default();
        let mut found = Vec::new();
        for (number, (opcode, sender, target)) in (1u32..).zip(frames) {
            let tenths = if number % 2 == 1 { 1 } else { 9 };
            let second = i64::from((number - 1) * 3 / 2);
            let time = Time((1000 + second) * 1_000_000_000 + tenths * 100_000_000);
            let note = requests.duplicates(&message(opcode, sender, target), number, time);
            for duplicate in note.duplicates.iter().flatten() {
                found.push((number, duplicate.frame, duplicate.seconds));
            }
        }
        let tshark = [
            (3, 2, 2),
            (4, 3, 1),
            (5, 4, 2),
            (5, 3, 3),
            (7, 3, 6),
            (10, 9, 1),
        ];
        assert_eq!(found, tshark);
    }

    #[test]
    fn what_is_said_again_is_bound_once() {
        let mut requests = Requests::default();
        for (number, card) in (1..).zip([A, B, A, B, A, C]) {
            requests.message(&message(2, (card, 1), (B, 2)), number, None, None);
        }
        let frames: Vec<u32> = requests.bindings().iter().map(|b| b.frame).collect();
        assert_eq!(frames, [1, 2, 6]);
    }
}
