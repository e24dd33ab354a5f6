//! A network whose truth is known: hosts that speak TCP (`ends`) as their programs want it
//! (`programs`), over a path that loses, delays and doubles packets, and a place on that path where
//! they are captured, though not all. What the program tells of the capture can be held against what
//! really happened.

mod ends;
mod programs;
mod setting;
mod truth;

use crate::known::{Identifications, Micros};
use crate::numbers::Random;
pub(crate) use ends::{CLIENT, End, SERVER};
pub(crate) use programs::{Ending, Plan, Round};
pub(crate) use setting::Setting;
use std::collections::{BTreeMap, VecDeque};
pub(crate) use truth::{SIDES, Truth};

/// A segment on its way, its numbers counted from the first of its side.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(crate) connection: usize,
    /// Which side sent it.
    pub(crate) from: usize,
    /// As the scenario language writes them: `SA`, `PA`.
    pub(crate) flags: &'static str,
    pub(crate) seq: u32,
    pub(crate) ack: u32,
    pub(crate) length: u32,
    pub(crate) id: u16,
    /// Its place among all that were sent: copies have the same.
    pub(crate) serial: u64,
    /// Whether its sender had sent this before.
    pub(crate) again: bool,
}

impl Segment {
    pub(crate) fn has(&self, flag: char) -> bool {
        self.flags.contains(flag)
    }

    /// How many sequence numbers it takes.
    pub(crate) fn numbers(&self) -> u32 {
        self.length + u32::from(self.has('S')) + u32::from(self.has('F'))
    }
}

/// What happens at a moment.
#[derive(Clone, Debug)]
enum Event {
    /// It comes past the place where packets are captured.
    Passes(Segment),
    Arrives(Segment),
    Wakes(usize, usize, Wake),
}

/// Why an end wakes up.
#[derive(Clone, Copy, Debug)]
enum Wake {
    Opens,
    Greets,
    /// The client asks what it asks in this round, and the server answers it.
    Asks(usize),
    Replies(usize),
    /// It says that it sends no more, and goes on reading.
    Shuts,
    Closes,
    Aborts,
    /// The client has done all it wanted.
    Finishes,
    /// Nothing was acknowledged in time, unless the timer was set anew since.
    Waited(u64),
    /// An acknowledgment has been held back long enough.
    HeldBack(u64),
}

/// A segment that was captured.
#[derive(Clone, Debug)]
pub(crate) struct Captured {
    pub(crate) time: Micros,
    pub(crate) segment: Segment,
}

/// One connection, and what really happened on it.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) ends: [End; 2],
    pub(crate) plan: Plan,
    pub(crate) port: u16,
    /// In which turn each side first sent its FIN, and in which the other side's came to it.
    pub(crate) fin_sent: [Option<u64>; 2],
    pub(crate) fin_received: [Option<u64>; 2],
    /// Who sent a RST, in order.
    pub(crate) resets: Vec<usize>,
    /// The SYN that was answered, and the client's ACK of the SYN+ACK, by their serial numbers.
    pub(crate) syn: Option<u64>,
    pub(crate) ack: Option<u64>,
    /// Payload that each side sent.
    pub(crate) bytes: [u32; 2],
}

pub(crate) struct Network {
    pub(crate) setting: Setting,
    pub(crate) connections: Vec<Connection>,
    pub(crate) captured: Vec<Captured>,
    now: Micros,
    random: Random,
    events: BTreeMap<(Micros, u64), Event>,
    turn: u64,
    /// The next identification of each host: that of each client, and the server's.
    identification: [u16; 2],
    /// Whom a server that serves one client at a time serves, and who waits.
    served: Option<usize>,
    waiting: VecDeque<usize>,
}

/// An identification that is not one of those that scripts give to all their packets.
fn small(random: &mut Random) -> u16 {
    2 + u16::try_from(random.below(65_000)).expect("16 bits")
}

impl Network {
    /// Lets all happen that a number stands for, for a minute.
    pub(crate) fn run(seed: u64) -> Network {
        let mut random = Random::new(seed);
        let setting = Setting::any(&mut random);
        let plans: Vec<Plan> = (0..setting.clients)
            .map(|_| Plan::any(&mut random))
            .collect();
        let mut network = Network {
            setting,
            connections: Vec::new(),
            captured: Vec::new(),
            now: 0,
            events: BTreeMap::new(),
            turn: 0,
            identification: [small(&mut random), small(&mut random)],
            served: None,
            waiting: VecDeque::new(),
            random,
        };
        for (number, plan) in plans.into_iter().enumerate() {
            network.add(number, plan);
        }
        while let Some(((time, _), event)) = network.events.pop_first() {
            if time > 60_000_000 {
                break;
            }
            network.now = time;
            match event {
                Event::Passes(segment) => network.passes(&segment),
                Event::Arrives(segment) => network.arrives(&segment),
                Event::Wakes(connection, side, wake) => network.wakes(connection, side, wake),
            }
        }
        network.captured.sort_by_key(|captured| captured.time);
        network
    }

    fn add(&mut self, number: usize, plan: Plan) {
        let random = &mut self.random;
        let starts = plan.starts;
        self.connections.push(Connection {
            ends: [End::new(random), End::new(random)],
            plan,
            port: 40_000 + u16::try_from(number).expect("few"),
            fin_sent: [None; 2],
            fin_received: [None; 2],
            resets: Vec::new(),
            syn: None,
            ack: None,
            bytes: [0; 2],
        });
        self.wake(starts, number, CLIENT, Wake::Opens);
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

    fn wake(&mut self, after: Micros, connection: usize, side: usize, wake: Wake) {
        self.at(self.now + after, Event::Wakes(connection, side, wake));
    }

    /// Sends a segment on its way, past the place of the capture: its serial number.
    fn send(&mut self, mut segment: Segment) -> u64 {
        let from = segment.from;
        let counted = self.identification[from];
        self.identification[from] = counted.checked_add(1).unwrap_or(2);
        self.turn += 1;
        let serial = self.turn;
        segment.serial = serial;
        segment.id = match self.setting.identifications {
            Identifications::Count => counted,
            Identifications::Zero => 0,
            Identifications::Random => small(&mut self.random),
        };
        let (near, far) = (
            self.setting.stretches[from],
            self.setting.stretches[1 - from],
        );
        if self.random.chance(near.lost) {
            return serial;
        }
        let mut passes = self.now + near.delay + self.upto(self.setting.jitter);
        let doubled = self.random.chance(self.setting.doubled);
        for _ in 0..=usize::from(doubled) {
            self.at(passes, Event::Passes(segment.clone()));
            if !self.random.chance(far.lost) {
                let arrives = passes + far.delay + self.upto(self.setting.jitter);
                self.at(arrives, Event::Arrives(segment.clone()));
            }
            passes += 1 + self.upto(20);
        }
        serial
    }

    fn passes(&mut self, segment: &Segment) {
        let mut time = self.now;
        for _ in 0..=usize::from(self.setting.captured_twice) {
            if !self.random.chance(self.setting.missed) {
                let segment = segment.clone();
                self.captured.push(Captured { time, segment });
            }
            time += 1 + self.upto(20);
        }
    }

    /// The captured segments as the scenario language writes them.
    pub(crate) fn lines(&self, captured: &[Captured]) -> String {
        captured.iter().map(|c| self.line(c)).collect()
    }

    fn line(&self, captured: &Captured) -> String {
        let segment = &captured.segment;
        let connection = &self.connections[segment.connection];
        let number = |side: usize, number: u32| connection.ends[side].first.wrapping_add(number);
        let client = format!("10.0.0.{}:{}", 11 + segment.connection, connection.port);
        let server = format!("s:{}", connection.plan.port());
        let (from, to) = match segment.from {
            CLIENT => (client, server),
            _ => (server, client),
        };
        let mut line = format!(
            "{}.{:06} {from} > {to} tcp {} seq={} ipid={}",
            captured.time / 1_000_000,
            captured.time % 1_000_000,
            segment.flags,
            number(segment.from, segment.seq),
            segment.id,
        );
        if segment.length > 0 {
            let start = usize::try_from(segment.seq - 1).expect("32 bits");
            let written = &connection.ends[segment.from].written.as_bytes()[start..];
            line += &match connection.plan.http {
                true => {
                    let bytes = written.iter().take(segment.length as usize);
                    let digits: String = bytes.map(|byte| format!("{byte:02x}")).collect();
                    format!(" hex={digits}")
                }
                false => format!(" len={}", segment.length),
            };
        }
        if segment.has('A') {
            line += &format!(" ack={}", number(1 - segment.from, segment.ack));
        }
        if segment.has('R') {
            line += " win=0";
        }
        line + "\n"
    }
}
