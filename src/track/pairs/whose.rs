//! Whose hardware address the frames of a pair of hosts were sent to, and why that can be said.

use super::{Elsewhere, Known, LOWEST, Local, Pair, SEVERAL, members};
use crate::facts::Mac;
use crate::facts::ip::Owner;
use crate::track::ttl;
use std::net::IpAddr;

/// What was decided of a hardware address.
pub(super) struct Decision {
    pub(super) owner: Owner,
    pub(super) router: Option<IpAddr>,
    pub(super) reason: String,
    pub(super) frame: Option<u32>,
    /// The router that the pair's other hardware address is.
    pub(super) other_router: Option<IpAddr>,
}

/// A hardware address that frames of a pair were sent to.
pub(super) struct Way {
    pub(super) mac: [u8; 6],
    /// How many destinations its sender reaches through it.
    pub(super) carried: usize,
    /// TTLs of what came from it.
    pub(super) back: Vec<u8>,
    /// TTLs of all that came from it in the name of addresses that are not known to be its own.
    pub(super) brought: Vec<u8>,
}

impl Way {
    /// It brings packets of others on their way: with TTLs that no system begins with.
    fn passes(&self) -> bool {
        let lowered = |ttl: &u8| *ttl > LOWEST && !ttl::is_initial(*ttl);
        self.brought.iter().any(lowered)
    }

    /// The TTL of what comes back, if systems begin with it.
    fn begun(&self) -> Option<u8> {
        match self.back[..] {
            [ttl @ (64 | 128 | 255)] => Some(ttl),
            _ => None,
        }
    }
}

impl Decision {
    fn new(owner: Owner, reason: impl Into<String>, frame: Option<u32>) -> Decision {
        Decision {
            owner,
            router: None,
            reason: reason.into(),
            frame,
            other_router: None,
        }
    }
}

/// Decides whose the hardware address of a pair is, with the reason; and whose the other one,
/// where later frames went.
pub(super) fn whose(
    pair: &Pair,
    first: &Way,
    other: Option<&(Way, Elsewhere)>,
    known: &Known<'_>,
) -> Decision {
    let mut decided = one(pair, first, known);
    let Some((way, elsewhere)) = other else {
        return decided;
    };
    let then = later(pair, way, elsewhere.frame, known);
    if (decided.owner, then.owner) == (Owner::Group, Owner::Group) {
        return decided;
    }
    let others = if elsewhere.others {
        ", and others to others"
    } else {
        ""
    };
    if let Some(reason) = changed_hands(pair, first, (way, elsewhere), known) {
        return reason;
    }
    if let Some(told) = both_sides(pair, (way, elsewhere), known) {
        decided.reason = format!("{}; {told}", decided.reason);
        decided.other_router = then.router;
        return decided;
    }
    let same = decided.reason == then.reason && decided.owner == Owner::Unknown;
    let first = if same {
        String::new()
    } else {
        format!(" At first: {}.", decided.reason)
    };
    let many = if pair.moved() { "all" } else { "some" };
    decided.reason = format!(
        "the frames of this pair did not all go to the same hardware address.{first} From frame {} on {many} to {}{others}: {}",
        elsewhere.frame,
        Mac(way.mac),
        then.reason
    );
    if decided.owner != then.owner || elsewhere.others {
        decided.owner = Owner::Unknown;
        decided.router = None;
    }
    decided.other_router = then.router;
    decided
}

/// That the frames of a pair are captured on both sides of a router.
fn both_sides(
    pair: &Pair,
    (way, elsewhere): (&Way, &Elsewhere),
    known: &Known<'_>,
) -> Option<String> {
    let (here, there) = (pair.first_frame, elsewhere.frame);
    if let Some(before) = known.shown.before(there) {
        return Some(format!(
            "frame {there}, the packet of frame {before} behind a router, went to {}",
            Mac(way.mac)
        ));
    }
    (known.shown.before(here) == Some(there)).then(|| {
        format!(
            "frame {here} is the packet of frame {there} behind the router that has {}",
            Mac(way.mac)
        )
    })
}

/// One address to which first the one hardware address belonged and then the other, as was said: that
/// of the router, whoever has it now.
fn changed_hands(
    pair: &Pair,
    first: &Way,
    (way, elsewhere): (&Way, &Elsewhere),
    known: &Known<'_>,
) -> Option<Decision> {
    let (address, before, after) = known.handed_over(first.mac, way.mac, pair.vlan)?;
    let to = pair.destination;
    let alike = address.is_ipv4() == to.is_ipv4() && address != to;
    if !alike || elsewhere.others || off_link(pair, known.local) == Some(false) {
        return None;
    }
    let said = if address.is_ipv4() {
        "ARP"
    } else {
        "neighbour discovery"
    };
    let reason = format!(
        "{said}: it is that of {address} (frame {before}), and so is {} (frame {after}), to which the frames of this pair went from frame {} on: its card was replaced, it has several, another host took the address over, or pretends to have it",
        Mac(way.mac),
        elsewhere.frame
    );
    Some(Decision {
        router: Some(address),
        other_router: Some(address),
        ..Decision::new(Owner::Router, reason, Some(before))
    })
}

/// Decides whose the hardware address is that frames of a pair went to from `frame` on: a redirect
/// before may have named it.
fn later(pair: &Pair, way: &Way, frame: u32, known: &Known<'_>) -> Decision {
    let to = pair.destination;
    let redirect = known.redirects.get(&(pair.source, to));
    let Some(redirect) = redirect.filter(|r| r.frame < frame) else {
        return one(pair, way, known);
    };
    let (gateway, told) = (redirect.gateway, redirect.frame);
    let owner = known.owner(way.mac, gateway, pair.vlan);
    let said = known.said(gateway, way.mac);
    if owner.is_some_and(|owner| owner.address != gateway) && said.is_none() {
        return one(pair, way, known);
    }
    let shown = match said {
        Some(frame) => format!(", whose it is (frame {frame})"),
        None => String::new(),
    };
    if gateway == to {
        let reason = format!("the redirect in frame {told} says that {to} is on the link itself");
        return Decision::new(Owner::Destination, reason, Some(told));
    }
    let reason = format!("the redirect in frame {told} names the router {gateway}{shown}");
    Decision {
        router: Some(gateway),
        ..Decision::new(Owner::Router, reason, Some(told))
    }
}

/// Decides whose a hardware address is, with the reason.
fn one(pair: &Pair, way: &Way, known: &Known<'_>) -> Decision {
    let (mac, carried, back) = (way.mac, way.carried, &way.back[..]);
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
    if let Some(frame) = known.said(to, mac) {
        let mut reason = format!("{}: {to} has it (frame {frame})", said(to));
        if let Some(other) = known.contradicted(to, mac, pair.vlan) {
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
    if let Some((reason, frame)) = by_dhcp(to, mac, known) {
        return Decision::new(Owner::Destination, reason, Some(frame));
    }
    let local = known.local;
    let off_link = off_link(pair, local);
    let owner = match to {
        // A host has several IPv6 addresses; only who says so is a router.
        IpAddr::V6(_) => known.router(mac),
        IpAddr::V4(_) => known.owner(mac, to, pair.vlan),
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
        } else if let Some(ttl) = way.begun() {
            reason.push_str(&format!(
                "; TTL {ttl} on the way back: NAT, a proxy, or {to} is its own address"
            ));
        }
        let named = local.router.map(IpAddr::V4);
        let said = to.is_ipv6() || named == Some(neighbour.address);
        let mut shown = said || !back.is_empty() || way.passes();
        if let Some(frame) = known.reports(neighbour.address).filter(|_| !shown) {
            shown = true;
            reason.push_str(&format!(
                "; it sends ICMP errors about packets for others (frame {frame})"
            ));
        }
        if !shown && let Some(told) = known.shown.passing(pair, mac) {
            shown = true;
            reason.push_str(&format!("; {told}"));
        }
        if !shown {
            reason.push_str(match pair.receiver_at(pair.last_frame) {
                Some(_) => "; nothing here shows that it passes packets on",
                None => "; whether it passes packets on is not looked into where they go by turns",
            });
        }
        reason.push_str(&known.shown.comes_back(pair, mac));
        if let Some(named) = named.filter(|n| off_link == Some(true) && *n != neighbour.address) {
            reason.push_str(&format!("; DHCP names another router, {named}"));
        }
        let owner = if shown { Owner::Router } else { Owner::Used };
        return Decision {
            router: Some(neighbour.address),
            ..Decision::new(owner, reason, Some(neighbour.frame))
        };
    }
    if off_link == Some(true) {
        return beyond(pair, way, known);
    }
    let disputed = known.disputed(mac, to, pair.vlan);
    let passes = known.shown.passes(pair, mac);
    if let Some((reason, frame, router)) = passes.clone().filter(|_| disputed.is_none()) {
        let own = |r: &IpAddr| known.contradicted(*r, mac, pair.vlan).is_none();
        return Decision {
            router: router.filter(own),
            ..Decision::new(Owner::Router, reason, Some(frame))
        };
    }
    if carried >= SEVERAL {
        let begun = |ttl: &u8| ttl::is_initial(*ttl);
        if !way.brought.is_empty() && way.brought.iter().all(begun) {
            let reason = "this hardware address is used for several destinations, whose packets come from it with TTLs that systems begin with: they are addresses of one host, or NAT or a proxy stands between";
            return Decision::new(Owner::Unknown, reason, None);
        }
        let reason = if way.passes() {
            "this hardware address is used for several destinations, so it forwards them"
        } else {
            "this hardware address is used for several destinations, so it forwards them, unless one host has all these addresses"
        };
        return Decision::new(Owner::Router, reason, None);
    }
    if let Some(ttl) = passed_on(back) {
        let reason = format!(
            "packets of {to} come from it with TTL {ttl}, which no system begins with by itself: routers have passed them on, unless the sender chose it"
        );
        return Decision::new(Owner::Router, reason, None);
    }
    if let Some((claim, other)) = disputed {
        let (address, frame) = (claim.address, claim.frame);
        let passes = passes.map_or_else(String::new, |(told, ..)| format!("; {told}"));
        let reason = format!(
            "{}: it is that of {address} (frame {frame}), but frame {} gives {address} another hardware address{passes}",
            said(to),
            other.frame
        );
        return Decision::new(Owner::Unknown, reason, Some(frame));
    }
    let reason = match to {
        IpAddr::V4(_) => "neither ARP nor DHCP in this capture shows whose it is",
        IpAddr::V6(_) => "neighbour discovery in this capture does not show whose it is",
    };
    let other = known.contradicted(to, mac, pair.vlan);
    let reason = other.map_or(reason.to_owned(), |other| {
        format!(
            "{reason}; frame {} gives {to} another one, {}",
            other.frame, other.mac
        )
    });
    Decision::new(Owner::Unknown, reason, other.map(|other| other.frame))
}

/// That DHCP shows the card to be that of a host, with the frame.
fn by_dhcp(host: IpAddr, card: [u8; 6], known: &Known<'_>) -> Option<(String, u32)> {
    if let Some((frame, given)) = known.leased(host, card) {
        let reason = if given {
            format!("DHCP gave {host} to it (frame {frame})")
        } else {
            format!("DHCP: it says that it has {host} (frame {frame})")
        };
        return Some((reason, frame));
    }
    if let Some(frame) = known.own(host, card) {
        let reason = format!("DHCP: it says that it has {host} (frame {frame})");
        return Some((reason, frame));
    }
    if let Some((frame, took)) = known.offered(host, card) {
        let took = took.map_or_else(String::new, |(other, ack)| {
            format!("; what it got is {other} (frame {ack})")
        });
        return Some((
            format!("DHCP offered {host} to it (frame {frame}){took}"),
            frame,
        ));
    }
    let frame = known.serves(host, card)?;
    let reason = format!(
        "the DHCP server {host} sends from it (frame {frame}), and is on this link by the mask in that frame"
    );
    Some((reason, frame))
}

/// Decides whose a hardware address is for which ARP names nobody, and to which packets for another
/// network go. What DHCP names as router is what a client was told: whose the address is shows only
/// where that router sends from it.
fn beyond(pair: &Pair, way: &Way, known: &Known<'_>) -> Decision {
    let (to, mask) = (pair.destination, known.local.frame);
    let mut reason = format!("{to} is off-link by the mask of frame {mask}");
    let Some(router) = known.local.router.map(IpAddr::V4) else {
        return Decision::new(Owner::Used, reason, Some(mask));
    };
    let decided = |owner, router, reason: String| Decision {
        router,
        ..Decision::new(owner, reason, Some(mask))
    };
    if let Some(frame) = known.sent_from(router, way.mac) {
        reason.push_str(&format!(
            "; {router}, which DHCP names as router, sends from it (frame {frame})"
        ));
        return decided(Owner::Router, Some(router), reason);
    }
    let elsewhere = known.sends_from_another(router, way.mac);
    if let Some(frame) = elsewhere {
        reason.push_str(&format!(
            "; but {router}, which DHCP names as router, has another hardware address (frame {frame})"
        ));
    }
    if let Some(ttl) = way.begun() {
        reason.push_str(&format!(
            "; TTL {ttl} on the way back: NAT, a proxy, or {to} is its own address"
        ));
        return decided(Owner::Unknown, None, reason);
    }
    let told = elsewhere.is_none() && known.told_of(pair.source, router);
    if told {
        reason.push_str(&format!("; DHCP told {} to use {router}", pair.source));
    }
    let shown = known.shown.passing(pair, way.mac);
    if let Some(shown) = &shown {
        reason.push_str(&format!("; {shown}"));
    }
    reason.push_str(&known.shown.comes_back(pair, way.mac));
    let owner = if told || way.passes() || shown.is_some() {
        Owner::Router
    } else {
        Owner::Used
    };
    decided(owner, told.then_some(router), reason)
}

/// The one TTL of all packets, if no system begins with it.
fn passed_on(back: &[u8]) -> Option<u8> {
    let [ttl] = back else { return None };
    (*ttl > LOWEST && !ttl::is_initial(*ttl)).then_some(*ttl)
}

/// Whether the mask puts the destination on another network than the source; unknown when the
/// source is not on the network that the mask belongs to.
fn off_link(pair: &Pair, local: Local) -> Option<bool> {
    let (IpAddr::V4(source), IpAddr::V4(destination)) = (pair.source, pair.destination) else {
        return None;
    };
    let (mask, router) = (local.mask?.to_bits(), local.router?.to_bits());
    // What routers have passed on already goes by other masks.
    if passed_on(&members(pair.ttls)).is_some() {
        return None;
    }
    if destination.is_broadcast() || destination.is_multicast() {
        return None;
    }
    let network = source.to_bits() & mask;
    let off = network != destination.to_bits() & mask;
    // A router is on more than one network.
    (network == router & mask && !(off && source.to_bits() == router)).then_some(off)
}
