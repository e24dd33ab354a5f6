//! Situations that come from how the capture was made, not from the network: frames recorded
//! twice, checksums that the sender's network card had not filled in yet.

use super::arp::Binding;
use super::checksums::{Checksums, Found, MOST, Sum};
use super::copies::{Copies, Difference, Relay};
use crate::facts::situation::{About, Situation, SituationKind};
use std::net::IpAddr;

/// Who has put itself between two others: packets were sent to its hardware address and went on
/// from there, and it claims an address that another card claims as well. A router does the
/// first, and nobody has to do the second.
fn detours<'c>(
    copies: &'c Copies,
    bindings: &'c [Binding],
) -> impl Iterator<Item = (&'c Relay, &'c Binding, &'c Binding)> {
    copies.relays.iter().filter_map(|relay| {
        let own = bindings.iter().filter(|b| b.mac.0 == relay.mac);
        let both = own.filter_map(|own| {
            let mut others = bindings.iter().filter(|b| b.address == own.address);
            Some((own, others.find(|b| b.mac != own.mac)?))
        });
        let (own, other) = both.min_by_key(|b| b.0.frame)?;
        Some((relay, own, other))
    })
}

/// Frames that appear twice, so that nobody takes them for retransmissions; and those that do
/// because somebody stands between.
pub(super) fn twice(copies: &Copies, bindings: &[Binding]) -> Vec<Situation> {
    let mut told: Vec<Situation> = Vec::new();
    let mut relayed = 0;
    for (relay, own, other) in detours(copies, bindings) {
        relayed += relay.count;
        let mut frames: Vec<u32> = relay.pairs.iter().flat_map(|p| [p.0, p.1]).collect();
        frames.extend([own.frame, other.frame]);
        frames.sort_unstable();
        frames.dedup();
        let (mac, address) = (own.mac, own.address);
        let packets = match relay.count {
            1 => "1 packet was".to_owned(),
            count => format!("{count} packets were"),
        };
        let sentence = format!(
            "{packets} sent to {mac} and passed on by it: such a packet is in the capture twice, and was sent once. {mac} says that it has {address} (frame {}), which {} says too (frame {}): so it looks like a man in the middle, not like a router of this network.",
            own.frame, other.mac, other.frame
        );
        told.push(situation(SituationKind::Detour, frames, sentence));
    }
    told.extend(plainly_twice(copies, relayed));
    told
}

/// Frames that appear twice, but for those that were told already.
fn plainly_twice(copies: &Copies, relayed: u64) -> Option<Situation> {
    let count = copies.count.saturating_sub(relayed);
    if count == 0 {
        return None;
    }
    let why = match copies.difference() {
        Difference::Tag => {
            "once with and once without a VLAN tag (or under another one), because both the interface and its VLAN, or two ports of a switch, were recorded"
        }
        Difference::Interface => {
            "by several interfaces at once, as a capture of several interfaces, or on \"any\" of a host that forwards, does"
        }
        Difference::Hop => {
            "before and after a router (the TTL differs by one), because both its sides were recorded"
        }
        Difference::Address => {
            "with different hardware addresses, because both sides of a device between were recorded"
        }
        Difference::None => {
            "with nothing that differs, as a mirror port does that copies both directions (or a loop in the network doubled it)"
        }
    };
    let therefore = match copies.difference() {
        Difference::None => {
            "What is sent again carries a new IP identification, so these are no retransmissions"
        }
        _ => "They were not sent again",
    };
    let mut frames: Vec<u32> = copies.pairs.iter().flat_map(|p| [p.0, p.1]).collect();
    frames.sort_unstable();
    frames.dedup();
    let sentence = format!(
        "{} of {} IP frames are copies of a frame shortly before: the same packet was captured {why}. {therefore}, though the counts of retransmissions and duplicate ACKs, here as in Wireshark, include them.",
        count, copies.frames
    );
    Some(situation(SituationKind::CapturedTwice, frames, sentence))
}

/// Checksums that are wrong, and those that only look so.
pub(super) fn checksums(checksums: &Checksums, packets: u64, found: &mut Vec<Situation>) {
    let among = if packets > u64::from(checksums.seen) {
        format!(" among the first {MOST} packets")
    } else {
        String::new()
    };
    let sums = |of: fn(&Sum) -> &Found| -> Vec<(&'static str, &Found)> {
        let sums = checksums.sums.iter().map(|sum| (sum.name, of(sum)));
        sums.filter(|sum| sum.1.count > 0).collect()
    };
    let unfilled = sums(|sum| &sum.unfilled);
    if !unfilled.is_empty() {
        let (counted, senders, frames) = told(&unfilled);
        let few = unfilled.iter().all(|sum| sum.1.senders.len() <= 2);
        let why = if unfilled.iter().any(|sum| sum.1.routed) {
            "some of these packets have been passed on by a router or by the host of a virtual machine, so whether a network card still fills them in (checksum offload) or they were removed from the capture cannot be told"
        } else if few && unfilled.iter().any(|sum| sum.1.both_ways) {
            "both ends leave them to a card (checksum offload), as virtual machines, containers or namespaces of one host do, where no wire is between"
        } else if few {
            "most likely checksum offload: the capture ran on the sending host, and its network card fills them in afterwards, so nothing is wrong on the wire"
        } else {
            "as with checksum offload on the capturing host, or in a capture whose checksums were removed afterwards"
        };
        found.push(situation(
            SituationKind::ChecksumOffload,
            frames,
            format!("{counted}{among} from {senders} not filled in: {why}."),
        ));
    }
    let loopback = sums(|sum| &sum.loopback);
    if !loopback.is_empty() {
        let (counted, senders, frames) = told(&loopback);
        found.push(situation(
            SituationKind::ChecksumOffload,
            frames,
            format!("{counted}{among} from {senders} not filled in: these packets never leave their host, where nobody needs them."),
        ));
    }
    let large = sums(|sum| &sum.large);
    if !large.is_empty() {
        let (counted, senders, frames) = told(&large);
        found.push(situation(
            SituationKind::ChecksumOffload,
            frames,
            format!("{counted}{among} from {senders} say nothing: the frames are larger than a wire carries, put together by the receiving network card or still to be cut by the sending one (segmentation offload)."),
        ));
    }
    let bad = sums(|sum| &sum.bad);
    if !bad.is_empty() {
        let (counted, senders, frames) = told(&bad);
        found.push(situation(
            SituationKind::ChecksumWrong,
            frames,
            format!("{counted}{among} from {senders} wrong: whoever receives such a packet drops it, unless it was damaged, rewritten or not finished (checksum offload) only in the capture."),
        ));
    }
}

fn situation(kind: SituationKind, frames: Vec<u32>, sentence: String) -> Situation {
    Situation {
        kind,
        protocol: About::Ip,
        client: None,
        server: None,
        server_port: None,
        count: 1,
        frames,
        sentence,
    }
}

/// How many of which, from whom, in which frames.
fn told(sums: &[(&'static str, &Found)]) -> (String, String, Vec<u32>) {
    let counted: Vec<String> = sums
        .iter()
        .map(|(name, sum)| format!("{} {name}", sum.count))
        .collect();
    let plural = if sums.iter().map(|sum| sum.1.count).sum::<u32>() == 1 {
        ""
    } else {
        "s"
    };
    let mut senders: Vec<IpAddr> = Vec::new();
    for sender in sums.iter().flat_map(|sum| &sum.1.senders) {
        if !senders.contains(sender) {
            senders.push(*sender);
        }
    }
    let mut frames: Vec<u32> = sums.iter().flat_map(|sum| sum.1.frames.clone()).collect();
    frames.sort_unstable();
    frames.dedup();
    (
        format!("{} checksum{plural}", counted.join(", ")),
        named(&senders),
        frames,
    )
}

/// The first few senders.
fn named(senders: &[IpAddr]) -> String {
    let named: Vec<String> = senders.iter().take(3).map(ToString::to_string).collect();
    match (named.join(", "), senders.len().saturating_sub(3)) {
        (named, 0) => named,
        (named, more) => format!("{named} and {more} more"),
    }
}
