//! Packets that go round between routers: seen to do so, or told by an ICMP error.

use crate::facts::icmp::IcmpError;
use crate::facts::situation::{About, Situation, SituationKind, Story};
use crate::track::{Trackers, traces};
use std::net::IpAddr;

/// No usual way has so many routers that a packet with this TTL does not arrive.
const HIGH: u8 = 40;
/// Most pairs of hosts that are told of.
const MOST: usize = 20;

pub(super) fn find(trackers: &Trackers, errors: &[IcmpError], found: &mut Vec<Situation>) {
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
