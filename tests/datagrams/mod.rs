//! A network of routers between clients and a server, whose programs send datagrams and pings
//! (`programs`), and a link on it that is captured, though not wholly. It loses, delays and doubles
//! packets; what is told of the capture can be held against what really happened.

mod lines;
mod programs;
mod setting;
pub(crate) mod told;

use crate::known::{Identifications, Micros};
use crate::numbers::Random;
pub(crate) use lines::lines;
pub(crate) use programs::{Plan, Service};
pub(crate) use setting::Setting;
use std::collections::{BTreeMap, HashMap};

/// Who sends and receives: the clients are on link 0, router `n` between links `n - 1` and `n`, the
/// server behind the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Host {
    Client(usize),
    Router(u8),
    Server,
}

/// What a packet is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum What {
    Datagram {
        from: u16,
        to: u16,
        carries: Carries,
    },
    Echo {
        id: u16,
        seq: u16,
    },
    Reply {
        id: u16,
        seq: u16,
    },
    /// ICMP errors about the packet that caused them.
    Unreachable {
        code: u8,
    },
    Exceeded,
    ArpRequest {
        asked: Host,
    },
    ArpReply,
}

/// What a datagram brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Carries {
    Text(String),
    Query(Question),
    Response {
        question: Question,
        address: Option<u8>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) id: u16,
    pub(crate) name: String,
    /// Whether it asks for an address of IPv6.
    pub(crate) six: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Packet {
    /// Its place among all that were sent: copies have the same.
    pub(crate) serial: u64,
    pub(crate) from: Host,
    pub(crate) to: Host,
    pub(crate) what: What,
    /// As it was sent.
    pub(crate) ttl: u8,
    pub(crate) id: u16,
    /// The packet that it answers, or is an error about.
    pub(crate) cause: Option<u64>,
}

impl Packet {
    pub(crate) fn is_error(&self) -> bool {
        matches!(self.what, What::Unreachable { .. } | What::Exceeded)
    }

    pub(crate) fn is_arp(&self) -> bool {
        matches!(self.what, What::ArpRequest { .. } | What::ArpReply)
    }
}

enum Event {
    Passes(Packet),
    Arrives(Packet),
    /// A client does its next step, unless it was set anew since.
    Wakes(usize, u64),
    /// Something is sent now.
    Sends(Packet),
}

/// A packet that was captured, or would have been: what is missed may be quoted by others.
#[derive(Clone, Debug)]
pub(crate) struct Captured {
    pub(crate) time: Micros,
    pub(crate) packet: Packet,
    pub(crate) missed: bool,
}

pub(crate) struct Network {
    pub(crate) setting: Setting,
    pub(crate) clients: Vec<programs::Client>,
    /// What came by, in order.
    pub(crate) captured: Vec<Captured>,
    /// All that was sent.
    pub(crate) sent: HashMap<u64, Packet>,
    now: Micros,
    random: Random,
    events: BTreeMap<(Micros, u64), Event>,
    turn: u64,
    identifications: HashMap<Host, u16>,
    /// When each last sent an error, where errors are limited.
    complained: HashMap<Host, Micros>,
}

impl Network {
    /// Lets all happen that a number stands for, for a minute.
    pub(crate) fn run(seed: u64) -> Network {
        let mut random = Random::new(seed);
        let setting = Setting::any(&mut random);
        let clients = (0..setting.clients)
            .map(|number| programs::Client::any(&mut random, number))
            .collect::<Vec<_>>();
        let mut network = Network {
            setting,
            clients,
            captured: Vec::new(),
            sent: HashMap::new(),
            now: 0,
            random,
            events: BTreeMap::new(),
            turn: 0,
            identifications: HashMap::new(),
            complained: HashMap::new(),
        };
        for client in 0..network.clients.len() {
            let starts = network.upto(300_000);
            network.wake(starts, client);
        }
        while let Some(((time, _), event)) = network.events.pop_first() {
            if time > 60_000_000 {
                break;
            }
            network.now = time;
            match event {
                Event::Passes(packet) => network.passes(&packet),
                Event::Arrives(packet) => network.arrives(&packet),
                Event::Wakes(client, turn) => network.wakes(client, turn),
                Event::Sends(packet) => network.send(packet),
            }
        }
        network.captured.sort_by_key(|captured| captured.time);
        network
    }

    /// Some microseconds, at most so many.
    fn upto(&mut self, most: Micros) -> Micros {
        let most = usize::try_from(most).expect("64 bits");
        u64::try_from(self.random.below(most + 1)).expect("64 bits")
    }

    fn at(&mut self, time: Micros, event: Event) {
        self.turn += 1;
        self.events.insert((time, self.turn), event);
    }

    /// A packet that was not sent yet.
    fn packet(&mut self, from: Host, to: Host, what: What, ttl: u8, cause: Option<u64>) -> Packet {
        self.turn += 1;
        Packet {
            serial: self.turn,
            from,
            to,
            what,
            ttl,
            id: 0,
            cause,
        }
    }

    /// Sends something after a while: its serial number.
    fn later(
        &mut self,
        after: Micros,
        from: Host,
        to: Host,
        what: What,
        ttl: u8,
        cause: Option<u64>,
    ) -> u64 {
        let packet = self.packet(from, to, what, ttl, cause);
        let serial = packet.serial;
        match after {
            0 => self.send(packet),
            _ => self.at(self.now + after, Event::Sends(packet)),
        }
        serial
    }

    /// A packet from one host to another, with the TTL that hosts use.
    fn now(&mut self, from: Host, to: Host, what: What, cause: Option<u64>) -> u64 {
        let ttl = self.setting.ttl;
        self.later(0, from, to, what, ttl, cause)
    }

    /// Where a host stands: router `n` behind link `n - 1`.
    pub(crate) fn place(&self, host: Host) -> u8 {
        match host {
            Host::Client(_) => 0,
            Host::Router(router) => router,
            Host::Server => self.setting.routers + 1,
        }
    }

    /// How many routers a packet from a host crosses to come to the captured link.
    pub(crate) fn crossed(&self, from: Host) -> u8 {
        let (place, link) = (self.place(from), self.setting.link);
        match place <= link {
            true => link - place,
            false => place - 1 - link,
        }
    }

    /// Numbers a packet and sends it on its way, past the captured link if that lies on it.
    fn send(&mut self, mut packet: Packet) {
        let counted = self.identifications.entry(packet.from).or_insert(0);
        *counted = match *counted {
            0 | u16::MAX => 2 + u16::try_from(self.random.below(60_000)).expect("16 bits"),
            id => id + 1,
        };
        packet.id = match self.setting.identifications {
            Identifications::Count => *counted,
            Identifications::Zero => 0,
            Identifications::Random => {
                2 + u16::try_from(self.random.below(65_000)).expect("16 bits")
            }
        };
        self.sent.insert(packet.serial, packet.clone());
        let (from, to) = (self.place(packet.from), self.place(packet.to));
        // Where it ends: with its receiver, or where its TTL runs out.
        let reach = match from < to {
            true => to.min(from.saturating_add(packet.ttl)),
            false => to.max(from.saturating_sub(packet.ttl)),
        };
        let (low, high) = (from.min(reach), from.max(reach));
        let links = Micros::from(high - low);
        let delay = self.setting.delay;
        let jitter = |network: &mut Network| network.upto(network.setting.jitter);
        if !(low..high).contains(&self.setting.link) {
            if !self.random.chance(self.setting.lost[0]) {
                let arrives = self.now + links * delay + jitter(self);
                self.at(arrives, Event::Arrives(packet));
            }
            return;
        }
        let before = Micros::from(self.crossed(packet.from));
        let (near, far) = match from < to {
            true => (self.setting.lost[0], self.setting.lost[1]),
            false => (self.setting.lost[1], self.setting.lost[0]),
        };
        if self.random.chance(near) {
            return;
        }
        let mut passes = self.now + before * delay + delay / 2 + jitter(self);
        let doubled = self.random.chance(self.setting.doubled);
        for _ in 0..=usize::from(doubled) {
            self.at(passes, Event::Passes(packet.clone()));
            if !self.random.chance(far) {
                let arrives = passes + (links - before) * delay - delay / 2 + jitter(self);
                self.at(arrives, Event::Arrives(packet.clone()));
            }
            passes += 1 + self.upto(20);
        }
    }

    fn passes(&mut self, packet: &Packet) {
        let mut time = self.now;
        if self.setting.arp {
            self.resolve(packet);
        }
        for _ in 0..=usize::from(self.setting.captured_twice) {
            self.captured.push(Captured {
                time,
                packet: packet.clone(),
                missed: self.random.chance(self.setting.missed),
            });
            time += 1 + self.upto(20);
        }
    }

    /// Whom a packet comes from on the captured link, and whom it goes to there.
    pub(crate) fn neighbours(&self, packet: &Packet) -> (Host, Host) {
        let link = self.setting.link;
        let left = |host: Host| match link {
            0 => host,
            router => Host::Router(router),
        };
        let right = match link == self.setting.routers {
            true => Host::Server,
            false => Host::Router(link + 1),
        };
        match self.place(packet.from) <= link {
            true => (left(packet.from), right),
            false => (right, left(packet.to)),
        }
    }

    /// Who asks whom for a card's address before the first packet between them.
    fn resolve(&mut self, packet: &Packet) {
        let (from, to) = self.neighbours(packet);
        let known = |c: &Captured| {
            matches!(&c.packet.what, What::ArpRequest { asked } if
                (c.packet.from, *asked) == (from, to) || (c.packet.from, *asked) == (to, from))
        };
        if packet.is_arp() || self.captured.iter().any(known) {
            return;
        }
        let mut cause = None;
        for (after, from, to, what) in [
            (90, from, to, What::ArpRequest { asked: to }),
            (60, to, from, What::ArpReply),
        ] {
            let packet = self.packet(from, to, what, 0, cause);
            cause = Some(packet.serial);
            self.sent.insert(packet.serial, packet.clone());
            self.captured.push(Captured {
                time: self.now.saturating_sub(after),
                packet,
                missed: self.random.chance(self.setting.missed),
            });
        }
    }

    fn arrives(&mut self, packet: &Packet) {
        let (from, to) = (self.place(packet.from), self.place(packet.to));
        let hops = from.abs_diff(to);
        if hops > packet.ttl {
            let router = match from < to {
                true => from + packet.ttl,
                false => from - packet.ttl,
            };
            if !self.setting.mute.contains(&router) {
                self.complain(Host::Router(router), packet, What::Exceeded);
            }
            return;
        }
        match packet.to {
            Host::Client(client) => self.heard(client, packet),
            Host::Server => self.serve(packet),
            Host::Router(_) => {}
        }
    }

    /// Sends an ICMP error about a packet, unless one was sent within the limit.
    fn complain(&mut self, host: Host, about: &Packet, what: What) {
        if about.is_error() {
            return;
        }
        let last = self.complained.get(&host);
        if self.setting.limits_errors && last.is_some_and(|last| self.now - last < 500_000) {
            return;
        }
        self.complained.insert(host, self.now);
        let ttl = match host {
            Host::Router(_) => 255,
            _ => self.setting.ttl,
        };
        self.later(0, host, about.from, what, ttl, Some(about.serial));
    }
}
