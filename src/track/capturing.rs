//! Situations that come from how the capture was made, not from the network: frames recorded
//! twice, checksums that the sender's network card had not filled in yet.

use super::checksums::{Checksums, MOST, Sum};
use super::copies::{Copies, Difference};
use crate::facts::network::Situation;
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
    Some(Situation {
        kind: "captured-twice",
        protocol: "ip",
        client: None,
        server: None,
        server_port: None,
        frames: copies.pairs.iter().flat_map(|p| [p.0, p.1]).collect(),
        sentence: format!(
            "{} of {} IP frames are copies of a frame shortly before: the same packet was captured {why}. {therefore}, though the counts of retransmissions and duplicate ACKs, here as in Wireshark, include them.",
            copies.count, copies.frames
        ),
    })
}

/// Checksums that are wrong, and those that only look so.
pub(super) fn checksums(checksums: &Checksums, packets: u64, found: &mut Vec<Situation>) {
    let among = if packets > u64::from(checksums.seen) {
        format!(" among the first {MOST} packets")
    } else {
        String::new()
    };
    for sum in &checksums.sums {
        let protocol = match sum.name {
            "TCP" => "tcp",
            "UDP" => "udp",
            "ICMP" => "icmp",
            "ICMPv6" => "icmpv6",
            _ => "ip",
        };
        let situation = |kind, frames: &[u32], sentence| Situation {
            kind,
            protocol,
            client: None,
            server: None,
            server_port: None,
            frames: frames.to_vec(),
            sentence,
        };
        if sum.unfilled.0 > 0 {
            let why = if sum.senders.len() <= 2 {
                "most likely checksum offload: the capture ran on the sending host, and its network card fills them in afterwards, so nothing is wrong on the wire"
            } else {
                "as with checksum offload on the capturing host, or in a capture whose checksums were removed afterwards"
            };
            let sentence = format!(
                "{}{among} from {} not filled in: {why}.",
                counted(sum, sum.unfilled.0),
                told(&sum.senders),
            );
            found.push(situation("checksum-offload", &sum.unfilled.1, sentence));
        }
        if sum.bad.0 > 0 {
            let sentence = format!(
                "{}{among} from {} wrong: whoever receives such a packet drops it, unless it was damaged, rewritten or not finished (checksum offload) only in the capture.",
                counted(sum, sum.bad.0),
                told(&sum.bad_senders),
            );
            found.push(situation("checksum-wrong", &sum.bad.1, sentence));
        }
    }
}

fn counted(sum: &Sum, count: u32) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {} checksum{plural}", sum.name)
}

/// The first few senders.
fn told(senders: &[IpAddr]) -> String {
    let named: Vec<String> = senders.iter().take(3).map(ToString::to_string).collect();
    match (named.join(", "), senders.len().saturating_sub(3)) {
        (named, 0) => named,
        (named, more) => format!("{named} and {more} more"),
    }
}
