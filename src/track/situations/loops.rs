//! Packets that go round between routers: seen to do so, or told by ICMP errors.

use crate::facts::icmp::{IcmpError, TraceProbe};
use crate::facts::situation::{About, Situation, SituationKind, Story};
use crate::track::{Trackers, traces};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// No usual way has so many routers that a packet with this TTL does not arrive.
const HIGH: u8 = 40;
/// Most pairs of hosts that are told of.
const MOST: usize = 20;

pub(super) fn find(
    trackers: &Trackers,
    errors: &[IcmpError],
    probes: &[TraceProbe],
) -> Vec<Situation> {
    let mut found = Vec::new();
    let loops = &trackers.copies.loops.list;
    let ran_out = || errors.iter().filter(|e| traces::ran_out(e));
    for went in loops.iter().take(MOST) {
        let ends = (went.source, went.destination);
        let error = ran_out().find(|e| about(e) == Some(ends));
        let mut frames = went.frames.clone();
        frames.extend(error.map(|e| e.frame));
        let story = Story::WentRound {
            ends,
            packets: went.packets,
            count: went.count,
            ttls: went.ttls,
            error: error.map(|e| (e.sender, e.frame)),
        };
        found.push(situation(ends, frames, went.packets, story));
    }
    let mut told: Vec<(IpAddr, IpAddr)> = loops.iter().map(|l| (l.source, l.destination)).collect();
    let most = told.len() + MOST;
    for error in ran_out() {
        let (Some(ends), Some(packet)) = (about(error), error.about_frame) else {
            continue;
        };
        if told.len() >= most || told.contains(&ends) {
            continue;
        }
        told.push(ends);
        let ttl = trackers.pairs.lowest_ttl(ends.0, ends.1);
        let Some(ttl) = ttl.filter(|ttl| *ttl >= HIGH) else {
            continue;
        };
        let all: Vec<&IcmpError> = ran_out().filter(|e| about(e) == Some(ends)).collect();
        let first = all.iter().take(MOST);
        let frames = first.flat_map(|e| e.about_frame.into_iter().chain([e.frame]));
        let story = Story::RanOut {
            ends,
            sender: error.sender,
            frames: (error.frame, packet),
            ttl,
            errors: all.len(),
        };
        let count = u64::try_from(all.len()).unwrap_or(u64::MAX);
        found.push(situation(ends, frames.collect(), count, story));
    }
    traced(probes, &mut found);
    found
}

/// Who answered the probes of one TTL first, and in which frame; nobody where several did.
type Hops = BTreeMap<u8, Option<(IpAddr, u32)>>;

/// Traceroutes that met one router twice and never arrived. Where the destination answers, or several
/// routers answer at one distance, the way has only changed or divided meanwhile.
fn traced(probes: &[TraceProbe], found: &mut Vec<Situation>) {
    let mut traces: BTreeMap<(IpAddr, IpAddr), Hops> = BTreeMap::new();
    let mut arrived = BTreeSet::new();
    for probe in probes {
        let ends = (probe.source, probe.destination);
        let (Some(router), Some(frame)) = (probe.router, probe.answer_frame) else {
            continue;
        };
        if probe.reached == Some(true) {
            arrived.insert(ends);
        } else if probe.refusal.is_none() {
            let hops = traces.entry(ends).or_default();
            let hop = hops.entry(probe.ttl).or_insert(Some((router, frame)));
            *hop = hop.filter(|first| first.0 == router);
        }
    }
    traces.retain(|ends, _| !arrived.contains(ends));
    for (ends, hops) in traces.into_iter().take(MOST) {
        let hops: Vec<_> = hops
            .into_iter()
            .filter_map(|(t, h)| Some((t, h?)))
            .collect();
        let again = |at: usize| {
            let (ttl, (router, _)) = hops[at];
            let later = hops.iter().skip(at + 2).find(|hop| hop.1.0 == router)?;
            let between = &hops[at + 1];
            (between.1.0 != router).then_some([(ttl, hops[at].1), *between, *later])
        };
        let Some(hops) = (0..hops.len()).find_map(again) else {
            continue;
        };
        let frames = hops.iter().map(|hop| hop.1.1).collect();
        let story = Story::MetTwice { ends, hops };
        found.push(situation(ends, frames, 1, story));
    }
}

/// From whom to whom the packet went that an error is about.
fn about(error: &IcmpError) -> Option<(IpAddr, IpAddr)> {
    error.about_source.zip(error.about_destination)
}

fn situation(
    (source, destination): (IpAddr, IpAddr),
    mut frames: Vec<u32>,
    count: u64,
    story: Story,
) -> Situation {
    frames.sort_unstable();
    frames.dedup();
    Situation {
        client: Some(source),
        server: Some(destination),
        count: u32::try_from(count).unwrap_or(u32::MAX),
        ..Situation::new(SituationKind::RoutingLoop, About::Ip, frames, story)
    }
}
