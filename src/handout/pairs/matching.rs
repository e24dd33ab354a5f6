//! Which packet of one capture is which of the other.
//!
//! First those between the same ends. What is left may have been translated: packets that are
//! alike in all that a translation leaves alone say which conversation became which, and a
//! conversation counts as translated only when several of its packets say so, or one that nothing
//! else in the network looks like, or its addresses became what those of others became.
//! Packets that are alike are paired so that their times suit those of the others.
//!
//! **Invariant:** everything is sorted and gone through once; no group is compared all with all.

use super::recording::{Flow, Held, RUNGS, Recording, mix};
use crate::dissect::{as_u32, as_usize};
use foldhash::fast::FixedState;
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

/// How many packets must be known before their times say when others are due.
const ENOUGH: usize = 8;
/// How far from when they are due packets may come in any case, in nanoseconds.
const SLACK: i64 = 50_000_000;

/// A place in each capture's list of packets.
pub(super) type Match = (u32, u32);

/// Pairs the packets of two captures; gives their places in the order of the first.
pub(super) fn matches(first: &Recording, second: &Recording) -> Vec<Match> {
    let mut matching = Matching::new(first, second);
    matching.untranslated();
    matching.translated();
    let mut pairs = matching.pairs;
    pairs.sort_unstable();
    pairs
}

/// When packets are due in the second capture, from when they were in the first.
#[derive(Clone, Copy, Debug)]
struct Due {
    /// For those whose TTL is lower there, the same, higher.
    after: [i64; 3],
    within: i64,
    /// How much sooner than then the fastest come: nothing overtakes its own sending.
    soonest: [i64; 2],
}

fn way(a: &Held, b: &Held) -> usize {
    match a.ttl.cmp(&b.ttl) {
        Ordering::Greater => 0,
        Ordering::Equal => 1,
        Ordering::Less => 2,
    }
}

impl Due {
    /// From pairs that are sure; `None` when these are too few.
    fn of(sure: &[(usize, i64)]) -> Option<Due> {
        if sure.len() < ENOUGH {
            return None;
        }
        let middle = |way: Option<usize>| {
            let own = sure.iter().filter(|s| way.is_none_or(|w| s.0 == w));
            let mut all: Vec<i64> = own.map(|s| s.1).collect();
            let half = all.len() / 2;
            (all.len() >= ENOUGH).then(|| *all.select_nth_unstable(half).1)
        };
        let all = middle(None)?;
        let after = [0, 1, 2].map(|way| middle(Some(way)).unwrap_or(all));
        let mut off: Vec<u64> = sure.iter().map(|s| s.1.abs_diff(after[s.0])).collect();
        let most = off.len() * 99 / 100;
        let usual = *off.select_nth_unstable(most).1;
        let usual = i64::try_from(usual).unwrap_or(i64::MAX);
        // Of those that come back the second capture has the earlier time.
        let soonest = [(0, 1), (2, -1)].map(|(way, sign)| {
            let own = sure.iter().filter(|s| s.0 == way);
            let known = own.clone().count() >= ENOUGH;
            let fastest = own.map(|s| sign * (s.1 - after[way])).min();
            fastest.filter(|_| known)
        });
        Some(Due {
            soonest: soonest.map(|s| s.unwrap_or(i64::MIN / 2) - SLACK / 50),
            after,
            within: usual.saturating_mul(2).saturating_add(SLACK),
        })
    }
}

/// One packet among those that are sorted: what it is known by, which capture, its place.
type Entry = (u64, bool, u32);

struct Matching<'r> {
    held: [&'r [Held]; 2],
    /// The flows of both captures, and for each its way back.
    flows: Vec<Flow>,
    back: Vec<u32>,
    /// For each capture's flows the place among those.
    joint: [Vec<u32>; 2],
    rung: Option<usize>,
    taken: [Vec<bool>; 2],
    due: Option<Due>,
    pairs: Vec<Match>,
}

impl<'r> Matching<'r> {
    fn new(first: &'r Recording, second: &'r Recording) -> Matching<'r> {
        let mut flows: Vec<Flow> = Vec::new();
        let mut places: HashMap<Flow, u32, FixedState> = HashMap::default();
        let mut place = |flow: Flow| {
            *places.entry(flow).or_insert_with(|| {
                flows.push(flow);
                as_u32(flows.len() - 1)
            })
        };
        let joint = [first, second].map(|r| {
            let own = r.flows.iter();
            own.map(|flow| (place(*flow), place(flow.reversed())).0)
                .collect::<Vec<u32>>()
        });
        let back = flows.iter().map(|f| places[&f.reversed()]).collect();
        let cut_at = first.cut_at.into_iter().chain(second.cut_at).min();
        let cut_at = cut_at.unwrap_or(usize::MAX);
        Matching {
            held: [&first.held, &second.held],
            flows,
            back,
            joint,
            rung: RUNGS.iter().rposition(|rung| *rung <= cut_at),
            taken: [first, second].map(|r| vec![false; r.held.len()]),
            due: None,
            pairs: Vec::new(),
        }
    }

    fn at(&self, second: bool, place: u32) -> &'r Held {
        let side: &'r [Held] = self.held[usize::from(second)];
        &side[as_usize(place)]
    }

    fn flow_of(&self, second: bool, place: u32) -> u32 {
        let own = self.at(second, place).flow;
        self.joint[usize::from(second)][as_usize(own)]
    }

    /// The packets that are not paired and have a key, by their keys.
    fn entries(&self, key: impl Fn(&Self, bool, u32, &Held) -> Option<u64>) -> Vec<Entry> {
        let mut entries = Vec::new();
        for second in [false, true] {
            let side = usize::from(second);
            for (place, held) in (0u32..).zip(self.held[side]) {
                if self.taken[side][as_usize(place)] {
                    continue;
                }
                if let Some(key) = key(self, second, place, held) {
                    entries.push((key, second, place));
                }
            }
        }
        entries.sort_unstable();
        entries
    }

    /// How much later than it is due the packet came in the second capture.
    fn late(&self, a: &Held, b: &Held) -> i64 {
        let after = self.due.map_or(0, |due| due.after[way(a, b)]);
        let between = a.time().zip(b.time()).map(|(x, y)| y.saturating_sub(x));
        between.map_or(0, |between| between.saturating_sub(after))
    }

    /// Whether a packet comes so far from when it is due that it is another one.
    fn is_off(&self, a: &Held, b: &Held, late: i64) -> bool {
        self.due.is_some_and(|due| {
            let too_soon = match way(a, b) {
                0 => late < due.soonest[0],
                1 => false,
                _ => late.saturating_neg() < due.soonest[1],
            };
            too_soon || late.unsigned_abs() > due.within.unsigned_abs()
        })
    }

    /// Pairs packets that are alike in the order of their times, those that are missing in one of
    /// the captures left out.
    fn align(&self, a: &[Entry], b: &[Entry], mut found: impl FnMut(u32, u32)) {
        let (mut i, mut j) = (0, 0);
        let late = |i: usize, j: usize| {
            let (x, y) = (a.get(i)?, b.get(j)?);
            Some(self.late(self.at(false, x.2), self.at(true, y.2)))
        };
        let nearer = |other: Option<i64>, than: i64| {
            other.is_some_and(|other| other.unsigned_abs() < than.unsigned_abs())
        };
        while let Some(now) = late(i, j) {
            let (x, y) = (a[i].2, b[j].2);
            let (one, other) = (self.at(false, x), self.at(true, y));
            let alone = a.len() == 1 && b.len() == 1;
            if !one.agrees(other)
                || self.is_off(one, other, now) && !(alone && one.telling && other.telling)
            {
                match now > 0 {
                    true => i += 1,
                    false => j += 1,
                }
                continue;
            }
            let (left, right) = (a.len() - i, b.len() - j);
            match left.cmp(&right) {
                Ordering::Greater if nearer(late(i + 1, j), now) => i += 1,
                Ordering::Less if nearer(late(i, j + 1), now) => j += 1,
                _ => {
                    found(x, y);
                    (i, j) = (i + 1, j + 1);
                }
            }
        }
    }

    fn take(&mut self, pair: Match) {
        self.taken[0][as_usize(pair.0)] = true;
        self.taken[1][as_usize(pair.1)] = true;
        self.pairs.push(pair);
    }

    /// Pairs what goes from the same end to the same end.
    fn untranslated(&mut self) {
        let entries = self.entries(|all, second, place, held| {
            let flow = all.flow_of(second, place);
            Some(mix(held.key_with(all.rung), flow.into()))
        });
        self.due = Due::of(&self.sure(&entries));
        let mut pairs = Vec::new();
        for (a, b) in groups(&entries) {
            self.align(a, b, |x, y| pairs.push((x, y)));
        }
        for pair in pairs {
            self.take(pair);
        }
    }

    /// How long the packets took that are alone in both captures.
    fn sure(&self, entries: &[Entry]) -> Vec<(usize, i64)> {
        let alone = groups(entries).filter(|(a, b)| a.len() == 1 && b.len() == 1);
        alone
            .filter_map(|(a, b)| {
                let (a, b) = (self.at(false, a[0].2), self.at(true, b[0].2));
                let sure = a.telling && b.telling && a.agrees(b);
                let between = b.time()?.checked_sub(a.time()?)?;
                sure.then(|| (way(a, b), between))
            })
            .collect()
    }

    /// Pairs what is left and may have been translated.
    fn translated(&mut self) {
        let by_ports = self.entries(|all, second, place, held| {
            let flow = all.may_be_translated(second, place)?;
            let ports = (flow.source_port, flow.destination_port);
            let both = ports.0.zip(ports.1);
            let port = |p: Option<u16>| u64::from(p.unwrap_or_default());
            (both.is_some() || held.telling).then(|| {
                let ports = port(ports.0) << 16 | port(ports.1);
                mix(held.key_with(all.rung), ports)
            })
        });
        if self.due.is_none() {
            self.due = Due::of(&self.sure(&by_ports));
        }
        let mut votes = self.votes(&by_ports);
        let voted: [HashSet<u32>; 2] = [
            votes.iter().map(|v| v.pair.0).collect(),
            votes.iter().map(|v| v.pair.1).collect(),
        ];
        let by_any = self.entries(|all, second, place, held| {
            all.may_be_translated(second, place)?;
            let new = held.telling && !voted[usize::from(second)].contains(&place);
            new.then(|| held.key_with(all.rung))
        });
        if self.due.is_none() {
            self.due = Due::of(&self.sure(&by_any));
        }
        votes.extend(self.votes(&by_any));
        let accepted = self.accepted(&votes);
        for vote in &votes {
            if accepted.contains(&vote.flows) {
                self.take(vote.pair);
            }
        }
        self.along(&votes, &accepted);
    }

    /// A flow whose packets may have been translated: nobody translates what stays on its link.
    fn may_be_translated(&self, second: bool, place: u32) -> Option<&Flow> {
        let held = self.at(second, place);
        let flow = &self.flows[as_usize(self.flow_of(second, place))];
        let moves = routed(flow.source) && routed(flow.destination);
        (moves && flow.protocol.is_some() && !held.later_fragment).then_some(flow)
    }

    /// Packets that are alike, where only one conversation of each capture has such.
    fn votes(&self, entries: &[Entry]) -> Vec<Vote> {
        let mut votes = Vec::new();
        for (a, b) in groups(entries) {
            let flow = |second, side: &[Entry]| {
                let own = self.flow_of(second, side[0].2);
                let others = side.iter().skip(1);
                let mut others = others.map(|e| self.flow_of(second, e.2));
                others.all(|f| f == own).then_some(own)
            };
            let Some(flows) = flow(false, a).zip(flow(true, b)) else {
                continue;
            };
            if flows.0 == flows.1 || flows.0 == self.back[as_usize(flows.1)] {
                continue;
            }
            self.align(a, b, |x, y| {
                let (one, other) = (self.at(false, x), self.at(true, y));
                let late = self.late(one, other);
                if !self.is_off(one, other, late) {
                    votes.push(Vote {
                        flows: self.either_way(flows),
                        pair: (x, y),
                        single: one.single && other.single,
                    });
                }
            });
        }
        votes
    }

    /// The same two flows, whichever way they go.
    fn either_way(&self, flows: (u32, u32)) -> (u32, u32) {
        let back = |flow: u32| self.back[as_usize(flow)];
        flows.min((back(flows.0), back(flows.1)))
    }

    /// Which conversations became which, on sufficient evidence.
    fn accepted(&self, votes: &[Vote]) -> HashSet<(u32, u32), FixedState> {
        let mut counts: HashMap<(u32, u32), (u32, bool), FixedState> = HashMap::default();
        for vote in votes {
            let (count, single) = counts.entry(vote.flows).or_default();
            *count += 1;
            *single |= vote.single;
        }
        let sure = |(count, single): (u32, bool)| count > 1 || single;
        let mut known: HashSet<(IpAddr, IpAddr), FixedState> = HashSet::default();
        for (flows, counted) in &counts {
            if sure(*counted) {
                known.extend(self.ends(*flows));
            }
        }
        let mut accepted: HashSet<(u32, u32), FixedState> = HashSet::default();
        for (flows, counted) in counts {
            let like_others = || self.ends(flows).iter().all(|end| known.contains(end));
            if sure(counted) || like_others() {
                accepted.insert(flows);
            }
        }
        accepted
    }

    /// What the two addresses of a conversation became.
    fn ends(&self, flows: (u32, u32)) -> [(IpAddr, IpAddr); 2] {
        let (a, b) = (
            &self.flows[as_usize(flows.0)],
            &self.flows[as_usize(flows.1)],
        );
        [(a.source, b.source), (a.destination, b.destination)]
    }

    /// Pairs what is left of conversations that are known to be translated, and their fragments.
    fn along(&mut self, votes: &[Vote], accepted: &HashSet<(u32, u32), FixedState>) {
        // In the order of their first packets, so that the first is kept.
        let mut becomes: HashMap<u32, u32, FixedState> = HashMap::default();
        let mut hosts: HashSet<[(IpAddr, IpAddr); 2], FixedState> = HashSet::default();
        for vote in votes.iter().filter(|v| accepted.contains(&v.flows)) {
            let (a, b) = vote.flows;
            becomes.entry(a).or_insert(b);
            let back = (self.back[as_usize(a)], self.back[as_usize(b)]);
            becomes.entry(back.0).or_insert(back.1);
            let ends = self.ends(vote.flows);
            hosts.insert(ends);
            hosts.insert([ends[1], ends[0]]);
        }
        if becomes.is_empty() {
            return;
        }
        let targets: HashSet<u32, FixedState> = becomes.values().copied().collect();
        let rest = self.entries(|all, second, place, held| {
            let own = all.flow_of(second, place);
            let becomes = if second {
                targets.get(&own)
            } else {
                becomes.get(&own)
            };
            becomes.map(|flow| mix(held.key_with(all.rung), u64::from(*flow)))
        });
        let mut pairs = Vec::new();
        for (a, b) in groups(&rest) {
            self.align(a, b, |x, y| pairs.push((x, y)));
        }
        for pair in pairs.drain(..) {
            self.take(pair);
        }
        let fragments =
            self.entries(|all, _, _, held| held.later_fragment.then(|| held.key_with(all.rung)));
        for (a, b) in groups(&fragments) {
            let flows = (self.flow_of(false, a[0].2), self.flow_of(true, b[0].2));
            let alone = a.len() == 1 && b.len() == 1;
            if alone && hosts.contains(&self.ends(flows)) {
                self.align(a, b, |x, y| pairs.push((x, y)));
            }
        }
        for pair in pairs {
            self.take(pair);
        }
    }
}

/// Two packets that are alike, and the conversations that they are of.
struct Vote {
    flows: (u32, u32),
    pair: Match,
    single: bool,
}

/// Entries of one key, where both captures have some: those of each.
fn groups(entries: &[Entry]) -> impl Iterator<Item = (&[Entry], &[Entry])> {
    entries.chunk_by(|a, b| a.0 == b.0).filter_map(|group| {
        let (a, b) = group.split_at(group.partition_point(|e| !e.1));
        (!a.is_empty() && !b.is_empty()).then_some((a, b))
    })
}

/// Whether a router passes on what has this address.
fn routed(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(a) => {
            !(a.is_multicast() || a.is_broadcast() || a.is_link_local() || a.is_unspecified())
        }
        IpAddr::V6(a) => !(a.is_multicast() || a.is_unicast_link_local() || a.is_unspecified()),
    }
}
