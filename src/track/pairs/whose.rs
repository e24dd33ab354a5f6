//! Whose hardware address the frames of a pair of hosts were sent to, and why that can be said.

use super::{Known, LOWEST, Local, Pair, SEVERAL};
use crate::facts::ip::Owner;
use std::net::IpAddr;

/// What was decided of a hardware address.
pub(super) struct Decision {
    pub(super) owner: Owner,
    pub(super) router: Option<IpAddr>,
    pub(super) reason: String,
    pub(super) frame: Option<u32>,
}

impl Decision {
    fn new(owner: Owner, reason: impl Into<String>, frame: Option<u32>) -> Decision {
        Decision {
            owner,
            router: None,
            reason: reason.into(),
            frame,
        }
    }
}

/// Decides whose address `mac` is, with the reason. `back` are the TTLs of what came from it.
pub(super) fn whose(
    pair: &Pair,
    mac: [u8; 6],
    known: &Known<'_>,
    carried: usize,
    back: &[u8],
) -> Decision {
    let said = |address: IpAddr| {
        if address.is_ipv4() {
            "ARP"
        } else {
            "neighbour discovery"
        }
    };
    let to = pair.destination;
    if mac[0] & 1 == 1 {
        return Decision::new(Owner::Group, "multicast or broadcast", None);
    }
    if pair.elsewhere {
        let reason = "the frames of this pair did not all go to the same hardware address";
        return Decision::new(Owner::Unknown, reason, None);
    }
    if let Some(frame) = known.said(to, mac) {
        let mut reason = format!("{}: {to} has it (frame {frame})", said(to));
        if let Some(other) = known.contradicted(to, mac) {
            reason.push_str(&format!(
                "; but frame {} gives {to} another hardware address",
                other.frame
            ));
            return Decision::new(Owner::Unknown, reason, Some(frame));
        }
        if let Some(ttl) = passed_on(back) {
            reason.push_str(&format!(
                "; but its packets come with TTL {ttl}, as if a router had passed them on: it may be one that answers for {to} (proxy ARP), or the sender chose the TTL"
            ));
            return Decision::new(Owner::Unknown, reason, Some(frame));
        }
        return Decision::new(Owner::Destination, reason, Some(frame));
    }
    if let Some((frame, given)) = known.leased(to, mac) {
        let reason = if given {
            format!("DHCP gave {to} to it (frame {frame})")
        } else {
            format!("DHCP: it says that it has {to} (frame {frame})")
        };
        return Decision::new(Owner::Destination, reason, Some(frame));
    }
    let local = known.local;
    let off_link = off_link(pair, local);
    let owner = match to {
        // A host has several IPv6 addresses; only who says so is a router.
        IpAddr::V6(_) => known.router(mac),
        IpAddr::V4(_) => known.owner(mac, to),
    };
    let mask = local.frame;
    if let Some(neighbour) = owner {
        let mut reason = format!(
            "{}: it is that of {} (frame {})",
            said(neighbour.address),
            neighbour.address,
            neighbour.frame
        );
        if off_link == Some(false) {
            reason.push_str(&format!(
                "; but {to} is on the same network by the mask of frame {mask}: a second address of that host, or it answers for others"
            ));
            return Decision::new(Owner::Unknown, reason, Some(neighbour.frame));
        }
        if off_link == Some(true) {
            reason.push_str(&format!("; {to} is off-link by the mask of frame {mask}"));
        } else if let [ttl @ (64 | 128 | 255)] = back {
            reason.push_str(&format!(
                "; TTL {ttl} on the way back: NAT, a proxy, or {to} is its own address"
            ));
        }
        return Decision {
            router: Some(neighbour.address),
            ..Decision::new(Owner::Router, reason, Some(neighbour.frame))
        };
    }
    if off_link == Some(true) {
        let reason = format!("{to} is off-link by the mask of frame {mask}");
        return Decision {
            router: local.router.map(IpAddr::V4),
            ..Decision::new(Owner::Router, reason, Some(mask))
        };
    }
    if carried >= SEVERAL {
        let reason = "this hardware address is used for several destinations, so it forwards them";
        return Decision::new(Owner::Router, reason, None);
    }
    if let Some(ttl) = passed_on(back) {
        let reason = format!(
            "packets of {to} come from it with TTL {ttl}, which no system begins with by itself: routers have passed them on, unless the sender chose it"
        );
        return Decision::new(Owner::Router, reason, None);
    }
    let reason = "neither ARP nor DHCP in this capture shows whose it is";
    Decision::new(Owner::Unknown, reason, None)
}

/// The one TTL of all packets, if no system begins with it.
fn passed_on(back: &[u8]) -> Option<u8> {
    let [ttl] = back else { return None };
    (*ttl > LOWEST && !USUAL.contains(ttl)).then_some(*ttl)
}

/// What systems begin with.
const USUAL: [u8; 6] = [32, 60, 64, 100, 128, 255];

/// Whether the mask puts the destination on another network than the source; unknown when the
/// source is not on the network that the mask belongs to.
fn off_link(pair: &Pair, local: Local) -> Option<bool> {
    let (IpAddr::V4(source), IpAddr::V4(destination)) = (pair.source, pair.destination) else {
        return None;
    };
    let (mask, router) = (local.mask?.to_bits(), local.router?.to_bits());
    if destination.is_broadcast() || destination.is_multicast() {
        return None;
    }
    let network = source.to_bits() & mask;
    (network == router & mask).then_some(network != destination.to_bits() & mask)
}
