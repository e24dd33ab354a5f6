//! What is told of frames that are copies.

use super::{Difference, Story};
use std::fmt::{Formatter, Result};
use std::net::IpAddr;

/// A mirror port and a network that doubles packets make two or three of one.
const STORM: u32 = 5;

/// What is told of frames that are copies.
pub(super) fn copied(
    f: &mut Formatter<'_>,
    (count, packets): (u64, u64),
    difference: Difference,
    doubled: u32,
    most: u32,
) -> Result {
    let are = match difference {
        Difference::Unnumbered => {
            "are perhaps copies of a frame shortly before, without an IP identification that would tell"
        }
        _ => "are copies of a frame shortly before",
    };
    write!(f, "{count} of {packets} IP frames {are}: ")?;
    if most >= STORM && difference == Difference::None {
        write!(
            f,
            "one packet came {most} times, with nothing that differs, as where switches pass it round in a circle (a switching loop, without a spanning tree), or a mirror copies many ports. "
        )?;
        return f.write_str("What is sent again nearly always carries a new IP identification, so these are hardly retransmissions, though the counts of retransmissions and duplicate ACKs, here as in Wireshark, include them.");
    }
    let include = "though the counts of retransmissions and duplicate ACKs, here as in Wireshark, include them.";
    if doubled > 0 && difference == Difference::None {
        return write!(
            f,
            "the same packet came twice with nothing that differs. The receiver says of {doubled} of them that it got the data twice (D-SACK), so the network doubled packets on the way; they were hardly sent again, as what is sent again nearly always carries a new IP identification, {include}"
        );
    }
    let why = difference_in_words(difference);
    let was = match difference {
        Difference::Unnumbered => {
            "the same packet was sent twice within a millisecond, which hosts hardly do, or captured"
        }
        _ => "the same packet was captured",
    };
    let therefore = match difference {
        Difference::Unnumbered => "What they say of retransmissions is said with a doubt",
        Difference::None => {
            "What is sent again nearly always carries a new IP identification, so these are hardly retransmissions"
        }
        _ => "They were not sent again",
    };
    write!(f, "{was} {why}. {therefore}, {include}")
}

/// What is told of segments that came again later, as the same packets.
pub(super) fn came_again(f: &mut Formatter<'_>, story: &Story) -> Result {
    let Story::CameAgain {
        count,
        routed,
        at_once,
        elsewhere,
        interfaces,
        doubled,
    } = story
    else {
        return Ok(());
    };
    let what = match count {
        1 => "1 TCP segment came again later, and is".to_owned(),
        count => format!("{count} TCP segments came again later, and are"),
    };
    let clocks = if *interfaces {
        ", unless their clocks differ"
    } else {
        ""
    };
    let why = match (*elsewhere, *routed, *at_once) {
        (true, true, _) => format!(
            "at another interface and with another TTL: both sides of a router were recorded, which held them for a while{clocks}"
        ),
        (true, false, _) => format!(
            "at another interface: both sides of a bridge, or of the host that recorded, were recorded, which held them for a while{clocks}"
        ),
        (false, false, _) if doubled >= count => {
            "and the receiver says that it got the data twice (D-SACK): so the network doubled them and was late with one".to_owned()
        }
        (false, true, true) => {
            "with another TTL, as routers leave it, while other copies came at once, so that it is not the clocks: a router held them for a while, or the network doubled them and was late with one".to_owned()
        }
        (false, true, false) => {
            "with another TTL: so frames of both sides of a router are here, which held them for a while or whose clocks differ, or the network doubled them and was late with one".to_owned()
        }
        (false, false, true) => {
            "so the network doubled them and was late with one".to_owned()
        }
        (false, false, false) => {
            "so the network doubled them and was late with one, or captures of two places whose clocks differ were put together".to_owned()
        }
    };
    write!(
        f,
        "{what} still the same packet, with the same IP identification and numbers, {why}. What is sent again nearly always carries a new identification, though the counts of retransmissions and duplicate ACKs, here as in Wireshark, include these."
    )
}

/// What is told of packets that go round between routers.
pub(super) fn looped(f: &mut Formatter<'_>, story: &Story) -> Result {
    match story {
        Story::WentRound {
            ends: (source, destination),
            packets,
            count,
            ttls: (from, to),
            error,
        } => {
            let ttl = lifetime(*source);
            let (what, first) = match packets {
                1 => ("1 packet".to_owned(), "with"),
                packets => (format!("{packets} packets"), "the first with"),
            };
            write!(
                f,
                "{what} of {source} to {destination} came by here again and again, in {count} frames, {first} {ttl} {from} down to {to}, sent by the same hardware addresses in turn: routers pass such a packet round in a circle (a routing loop) until its {ttl} has run out."
            )?;
            match error {
                Some((sender, frame)) => write!(f, " {sender} said that it had (frame {frame})."),
                None => Ok(()),
            }
        }
        Story::RanOut {
            ends: (source, destination),
            sender,
            frames: (error, about),
            ttl,
            errors,
        } => {
            let name = lifetime(*source);
            write!(
                f,
                "{sender} said that the {name} of a packet of {source} to {destination} ran out (frame {error} about frame {about}), though it came by here with {name} {ttl} or more, and no usual way has so many routers: so it went round in a circle (a routing loop); or something on the way sets {name}s to a low value, or somebody forged the error."
            )?;
            match errors {
                1 => Ok(()),
                more => write!(f, " {more} errors said so."),
            }
        }
        Story::MetTwice {
            ends: (source, destination),
            hops:
                [
                    (near, (router, first)),
                    (_, (other, between)),
                    (far, (_, again)),
                ],
        } => {
            let name = lifetime(*source);
            write!(
                f,
                "The traceroute of {source} to {destination}, of which no answer from there was captured, met {router} with {name} {near} (frame {first}) and again with {name} {far} (frame {again}), and {other} between (frame {between}): these routers send such packets round in a circle (a routing loop), unless the way changed meanwhile."
            )
        }
        _ => Ok(()),
    }
}

/// What counts the routers that a packet may still cross.
fn lifetime(address: IpAddr) -> &'static str {
    match address {
        IpAddr::V4(_) => "TTL",
        IpAddr::V6(_) => "hop limit",
    }
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
        Difference::Unnumbered => {
            "with nothing that differs, as by a mirror port that copies both directions"
        }
        Difference::None => {
            "with nothing that differs, as a mirror port does that copies both directions, or at both ends of a link, in captures that were merged, or doubled by the network on its way"
        }
    }
}
