//! What only many connections together show: probes of ports without SYNs, and calls of many hosts
//! that were answered and never completed.

use crate::facts::situation::{About, Situation, SituationKind, Story};
use crate::track::tcp::Unopened;
use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};
use std::net::IpAddr;

/// So many ports, or callers, are a crowd.
const CROWD: usize = 30;
/// Most crowds that are told apart, and most frames that one names.
const MOST: usize = 1000;
const NAMED: usize = 100;

/// One crowd in the making.
struct Crowd<T> {
    members: HashSet<T, RandomState>,
    count: usize,
    frames: Vec<u32>,
}

impl<T> Default for Crowd<T> {
    fn default() -> Self {
        Crowd {
            members: HashSet::default(),
            count: 0,
            frames: Vec::new(),
        }
    }
}

impl<T: std::hash::Hash + Eq> Crowd<T> {
    fn add(&mut self, member: T, frames: &[u32]) {
        self.count += 1;
        self.members.insert(member);
        let known = frames.iter().filter(|frame| **frame != 0);
        let room = NAMED.saturating_sub(self.frames.len());
        self.frames.extend(known.take(room));
    }
}

/// All of them.
#[derive(Default)]
pub(super) struct Crowds {
    /// Ports of a host to which one host sent what belongs to no connection.
    strays: HashMap<(IpAddr, IpAddr), Crowd<u16>, RandomState>,
    /// Callers of a port that never completed their calls.
    callers: HashMap<(IpAddr, u16), Crowd<IpAddr>, RandomState>,
}

impl Crowds {
    /// Takes in what was sent to nobody.
    pub(super) fn stray(&mut self, probe: &Unopened) {
        let (to, port) = probe.server;
        let key = (probe.client, to);
        if self.strays.len() < MOST || self.strays.contains_key(&key) {
            self.strays.entry(key).or_default().add(port, &probe.frames);
        }
    }

    /// Takes in a call that was answered and never completed.
    pub(super) fn half_open(&mut self, call: &Unopened) {
        let to = call.server;
        if self.callers.len() < MOST || self.callers.contains_key(&to) {
            self.callers
                .entry(to)
                .or_default()
                .add(call.client, &call.frames);
        }
    }

    /// The rows, in no order.
    pub(super) fn finish(self, found: &mut Vec<Situation>) {
        let strays = self
            .strays
            .into_iter()
            .filter(|(_, crowd)| crowd.members.len() >= CROWD);
        for ((from, to), crowd) in strays {
            let story = Story::Probed {
                from,
                to,
                ports: crowd.members.len(),
            };
            found.push(Situation {
                client: Some(from),
                ..situation(SituationKind::Scan, to, crowd.count, crowd.frames, story)
            });
        }
        let callers = self
            .callers
            .into_iter()
            .filter(|(_, crowd)| crowd.members.len() >= CROWD);
        for ((to, port), crowd) in callers {
            let story = Story::NeverCompleted {
                to: (to, port),
                calls: crowd.count,
                callers: crowd.members.len(),
            };
            found.push(Situation {
                server_port: Some(port),
                ..situation(
                    SituationKind::HalfOpen,
                    to,
                    crowd.count,
                    crowd.frames,
                    story,
                )
            });
        }
    }
}

fn situation(
    kind: SituationKind,
    server: IpAddr,
    count: usize,
    mut frames: Vec<u32>,
    story: Story,
) -> Situation {
    frames.sort_unstable();
    frames.dedup();
    Situation {
        server: Some(server),
        count: u32::try_from(count).unwrap_or(u32::MAX),
        ..Situation::new(kind, About::Tcp, frames, story)
    }
}
