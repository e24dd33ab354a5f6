//! Situations that come from how the capture was made, not from the network: frames recorded
//! twice, checksums that the sender's network card had not filled in yet.

use super::checksums::{Checksums, Found, MOST, Sum};
use super::copies::{Copies, Difference};
use crate::facts::situation::{About, Situation, SituationKind};
use std::net::IpAddr;

/// Frames that appear twice, so that nobody takes them for retransmissions.
pub(super) fn twice(copies: &Copies) -> Option<Situation> {
    if copies.count == 0 {
        return None;
    }
    let why = match copies.difference() {
        Difference::Tag => {
            "once with and once without a VLAN tag (or under another one), because both the interface and its VLAN, or two ports of a switch, were recorded"
        }
        Difference::Interface => {
            "by several interfaces at once, as a capture on \"any\" of a host that forwards does"
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
        copies.count, copies.frames
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
        let why = if unfilled.iter().all(|sum| sum.1.senders.len() <= 2) {
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
