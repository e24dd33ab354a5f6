//! What is told of frames that are copies.

use super::Difference;
use std::fmt::{Formatter, Result};

/// What is told of frames that are copies.
pub(super) fn copied(
    f: &mut Formatter<'_>,
    count: u64,
    packets: u64,
    difference: Difference,
    doubled: u32,
) -> Result {
    write!(
        f,
        "{count} of {packets} IP frames are copies of a frame shortly before: "
    )?;
    let include = "though the counts of retransmissions and duplicate ACKs, here as in Wireshark, include them.";
    if doubled > 0 && difference == Difference::None {
        return write!(
            f,
            "the same packet came twice with nothing that differs. The receiver says of {doubled} of them that it got the data twice (D-SACK), so the network doubled packets on the way; they were hardly sent again, as what is sent again nearly always carries a new IP identification, {include}"
        );
    }
    let why = difference_in_words(difference);
    let therefore = match difference {
        Difference::None => {
            "What is sent again nearly always carries a new IP identification, so these are hardly retransmissions"
        }
        _ => "They were not sent again",
    };
    write!(
        f,
        "the same packet was captured {why}. {therefore}, {include}"
    )
}

/// How it comes that a packet was captured twice.
fn difference_in_words(difference: Difference) -> &'static str {
    match difference {
        Difference::Tag => {
            "once with and once without a VLAN tag (or under another one), because both the interface and its VLAN, or two ports of a switch, were recorded"
        }
        Difference::Interface => {
            "by several interfaces at once, as a capture of several interfaces, or on \"any\" of a host that forwards, does"
        }
        Difference::Hop => {
            "before and after a router (which counts the TTL down), because both its sides were recorded"
        }
        Difference::SameLink => {
            "on its way to a router and on its way from it (which counts the TTL down), because the router passes it on over the same link, or both its sides were recorded"
        }
        Difference::Address => {
            "with different hardware addresses, because both sides of a device between were recorded"
        }
        Difference::None => {
            "with nothing that differs, as a mirror port does that copies both directions, or at both ends of a link, in captures that were merged, or doubled by the network on its way"
        }
    }
}
