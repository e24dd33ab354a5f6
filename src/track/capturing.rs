//! Situations that come from how the capture was made, not from the network: frames recorded
//! twice, checksums that the sender's network card had not filled in yet.

use super::arp::Binding;
use super::checksums::{Checksums, Found, MOST, Sum};
use super::copies::{Copies, Relay};
use super::places::one_link;
use super::tcp::{Connections, Late};
use crate::facts::situation::{About, Difference, Situation, SituationKind, Story, Unfit};
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::net::IpAddr;

/// Who has put itself between two others: packets were sent to its hardware address and went on
/// from there, and it claims an address that another card claims as well. A router does the
/// first, and nobody has to do the second.
fn detours<'c>(
    copies: &'c Copies,
    bindings: &'c [Binding],
) -> impl Iterator<Item = (&'c Relay, &'c Binding, &'c Binding)> {
    // The first binding of each address, and the first that contradicts it.
    let mut claims: HashMap<IpAddr, (&Binding, Option<&Binding>), RandomState> = HashMap::default();
    for binding in bindings {
        let (first, other) = claims.entry(binding.address).or_insert((binding, None));
        if first.mac != binding.mac && one_link(first.vlan, binding.vlan) {
            other.get_or_insert(binding);
        }
    }
    copies.relays.iter().filter_map(move |relay| {
        let mut own = bindings.iter().filter(|b| b.mac.0 == relay.mac);
        own.find_map(|own| {
            let (first, other) = *claims.get(&own.address)?;
            let other = Some(first).filter(|b| b.mac != own.mac).or(other)?;
            Some((relay, own, other))
        })
    })
}

/// Frames that appear twice, so that nobody takes them for retransmissions; and those that do
/// because somebody stands between.
pub(super) fn twice(copies: &Copies, bindings: &[Binding], tcp: &Connections) -> Vec<Situation> {
    let mut told: Vec<Situation> = Vec::new();
    let mut relayed = 0;
    let late = tcp.came_again();
    if let Some(joined) = copies
        .joined(&late.pairs)
        .filter(|_| late.count > 0 || copies.count > 0)
    {
        return vec![one_after_the_other(copies, late, joined)];
    }
    for (relay, own, other) in detours(copies, bindings) {
        relayed += relay.count;
        let mut frames: Vec<u32> = relay.pairs.iter().flat_map(|p| [p.0, p.1]).collect();
        frames.extend([own.frame, other.frame]);
        frames.sort_unstable();
        frames.dedup();
        let story = Story::Relayed {
            count: relay.count,
            address: own.address,
            relay: (own.mac, own.frame),
            other: (other.mac, other.frame),
        };
        told.push(situation(SituationKind::Detour, frames, story));
    }
    told.extend(plainly_twice(copies, relayed, tcp));
    if late.count > 0 {
        let mut frames: Vec<u32> = late.pairs.iter().flat_map(|p| [p.0, p.1]).collect();
        frames.sort_unstable();
        frames.dedup();
        let story = Story::CameAgain {
            count: late.count,
            routed: late.routed * 2 > late.count,
            at_once: copies.elsewhere() > 0,
            elsewhere: late.elsewhere * 2 > late.count,
            interfaces: late.interfaces * 2 > late.count,
            doubled: if copies.count == 0 { tcp.doubled() } else { 0 },
        };
        told.push(Situation {
            protocol: About::Tcp,
            ..situation(SituationKind::CapturedTwice, frames, story)
        });
    }
    told
}

/// Frames that appear twice because two captures were put one after the other.
fn one_after_the_other(copies: &Copies, late: &Late, joined: u32) -> Situation {
    let pairs = copies.pairs.iter().chain(&late.pairs);
    let mut frames: Vec<u32> = pairs.flat_map(|p| [p.0, p.1]).collect();
    frames.sort_unstable();
    frames.dedup();
    let story = Story::Copied {
        count: copies.count + u64::from(late.count),
        packets: copies.frames,
        difference: copies.difference(),
        doubled: 0,
        most: copies.most,
        joined: Some(joined),
    };
    situation(SituationKind::CapturedTwice, frames, story)
}

/// Frames that appear twice, but for those that were told already.
fn plainly_twice(copies: &Copies, relayed: u64, tcp: &Connections) -> Option<Situation> {
    let count = copies.count.saturating_sub(relayed + copies.loops.looped());
    if count == 0 {
        return None;
    }
    let came_round = |frame: u32| copies.loops.list.iter().any(|l| l.frames.contains(&frame));
    let pairs = copies.pairs.iter().filter(|pair| !came_round(pair.1));
    let mut frames: Vec<u32> = pairs.flat_map(|p| [p.0, p.1]).collect();
    frames.sort_unstable();
    frames.dedup();
    let story = Story::Copied {
        count,
        packets: copies.frames,
        difference: copies.difference(),
        doubled: match copies.difference() {
            Difference::None => tcp.doubled(),
            _ => 0,
        },
        most: copies.most,
        joined: None,
    };
    Some(situation(SituationKind::CapturedTwice, frames, story))
}

/// Checksums of one kind of fault, each with its protocol.
type Sums<'a> = [(&'static str, &'a Found)];

/// Checksums that are wrong, and those that only look so.
pub(super) fn checksums(checksums: &Checksums, packets: u64, found: &mut Vec<Situation>) {
    let among = (packets > u64::from(checksums.seen)).then_some(MOST);
    let mut tell = |kind, of: fn(&Sum) -> &Found, reason: fn(&Sums<'_>) -> Unfit| {
        let sums = checksums.sums.iter().map(|sum| (sum.name, of(sum)));
        let sums: Vec<(&'static str, &Found)> = sums.filter(|sum| sum.1.count > 0).collect();
        if sums.is_empty() {
            return;
        }
        let story = Story::Checksums {
            counts: sums.iter().map(|(name, sum)| (*name, sum.count)).collect(),
            among,
            senders: senders(&sums),
            reason: reason(&sums),
        };
        let mut frames: Vec<u32> = sums.iter().flat_map(|sum| sum.1.frames.clone()).collect();
        frames.sort_unstable();
        frames.dedup();
        found.push(situation(kind, frames, story));
    };
    tell(SituationKind::ChecksumOffload, |s| &s.unfilled, unfilled);
    tell(
        SituationKind::ChecksumOffload,
        |s| &s.loopback,
        |_| Unfit::Loopback,
    );
    tell(
        SituationKind::ChecksumOffload,
        |s| &s.large,
        |_| Unfit::Large,
    );
    tell(SituationKind::ChecksumWrong, |s| &s.bad, |_| Unfit::Wrong);
}

fn unfilled(sums: &Sums<'_>) -> Unfit {
    let few = sums.iter().all(|sum| sum.1.senders.len() <= 2);
    if sums.iter().any(|sum| sum.1.routed) {
        Unfit::UnfilledPassedOn
    } else if few && sums.iter().any(|sum| sum.1.both_ways) {
        Unfit::UnfilledBothWays
    } else if few {
        Unfit::UnfilledFew
    } else {
        Unfit::UnfilledMany
    }
}

fn senders(sums: &Sums<'_>) -> Vec<IpAddr> {
    let mut senders: Vec<IpAddr> = Vec::new();
    for sender in sums.iter().flat_map(|sum| &sum.1.senders) {
        if !senders.contains(sender) {
            senders.push(*sender);
        }
    }
    senders
}

/// It is about the capture as a whole.
fn situation(kind: SituationKind, frames: Vec<u32>, story: Story) -> Situation {
    Situation::new(kind, About::Ip, frames, story)
}
