//! Ordered pairs of hosts: how much went from one to the other, with which TTLs, to which
//! hardware address. Hosts and next hops are read off this table at the end.
//!
//! Bounded: past [`MOST`] pairs new ones are only counted, and the report says so.

use crate::capture::Time;
use crate::dissect::{Ip, Packet};
use crate::facts::Mac;
use crate::facts::names::Lease;
use crate::facts::network::{Hop, Host, Neighbour};
use foldhash::fast::RandomState;
use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr};

/// Most pairs kept.
pub const MOST: usize = 32_768;

/// From how many destinations on a hardware address is taken for a router's. Two may be one
/// host's IPv4 and IPv6 address.
const SEVERAL: usize = 3;

/// What went from one host to another.
struct Pair {
    source: IpAddr,
    destination: IpAddr,
    first_frame: u32,
    frames: u64,
    bytes: u64,
    fragments: u64,
    /// TTLs seen, as a set of 256 bits.
    ttls: [u64; 4],
    /// Destination and source hardware address, and whether they ever differed.
    macs: Option<([u8; 6], [u8; 6])>,
    varied: bool,
}

/// The table.
#[derive(Default)]
pub struct Pairs {
    list: Vec<Pair>,
    index: HashMap<(IpAddr, IpAddr), u32, RandomState>,
    /// The pairs of the last frames over IPv4, packed, with their places: traffic comes in runs.
    recent: [(u64, u32); 4],
    /// Frames of pairs that did not fit.
    pub overflow: u64,
}

/// A network that DHCP or nothing told us about.
#[derive(Clone, Copy, Debug, Default)]
pub struct Local {
    /// Mask of the local network.
    pub mask: Option<Ipv4Addr>,
    /// Default router.
    pub router: Option<Ipv4Addr>,
    /// Frame that said so.
    pub frame: u32,
}

/// What the capture says of the local network, made to be looked up.
pub struct Known<'t> {
    /// The first binding of each hardware address, for IPv4 and IPv6.
    owners: HashMap<([u8; 6], bool), &'t Neighbour, RandomState>,
    /// The binding of each address.
    bound: HashMap<IpAddr, &'t Neighbour, RandomState>,
    /// The first binding of each hardware address that is a router's, as it said over IPv6.
    routers: HashMap<[u8; 6], &'t Neighbour, RandomState>,
    /// The first lease of each address.
    leased: HashMap<IpAddr, &'t Lease, RandomState>,
    /// What DHCP told of the network.
    local: Local,
}

impl<'t> Known<'t> {
    /// Bindings by ARP and neighbour discovery, who said over IPv6 that it is a router, who was
    /// given which address, and what DHCP told of the network.
    pub fn new(
        table: &'t [Neighbour],
        routers: &[IpAddr],
        leases: &'t [Lease],
        local: Local,
    ) -> Known<'t> {
        let mut known = Known {
            owners: HashMap::default(),
            bound: HashMap::default(),
            routers: HashMap::default(),
            leased: HashMap::default(),
            local,
        };
        let routers: HashSet<&IpAddr, RandomState> = routers.iter().collect();
        for neighbour in table.iter().filter(|n| !n.conflict) {
            let (mac, address) = (neighbour.mac.0, neighbour.address);
            let owner = (mac, address.is_ipv4());
            known.owners.entry(owner).or_insert(neighbour);
            known.bound.entry(address).or_insert(neighbour);
            if routers.contains(&address) {
                known.routers.entry(mac).or_insert(neighbour);
            }
        }
        for lease in leases {
            if let Some(address) = lease.acknowledged {
                known.leased.entry(address).or_insert(lease);
            }
        }
        known
    }

    /// The neighbour of the same IP version that has this hardware address: a host's IPv4
    /// address says nothing of where its IPv6 packets go.
    fn owner(&self, mac: [u8; 6], version: IpAddr) -> Option<&'t Neighbour> {
        self.owners.get(&(mac, version.is_ipv4())).copied()
    }

    fn bound(&self, address: IpAddr) -> Option<&'t Neighbour> {
        self.bound.get(&address).copied()
    }

    /// The frame in which DHCP gave this address to this card.
    fn leased(&self, address: IpAddr, mac: [u8; 6]) -> Option<u32> {
        let lease = self.leased.get(&address)?;
        lease
            .ack_frame
            .filter(|_| lease.client_mac == Some(Mac(mac)))
    }

    /// The router with this hardware address.
    fn router(&self, mac: [u8; 6]) -> Option<&'t Neighbour> {
        self.routers.get(&mac).copied()
    }
}

/// What is counted to tell a router by the many destinations behind it: addresses of IPv4,
/// networks of IPv6, where every host has several addresses.
fn behind(destination: IpAddr) -> Option<IpAddr> {
    match destination {
        IpAddr::V4(_) => Some(destination),
        IpAddr::V6(a) if a.is_unicast_link_local() => None,
        IpAddr::V6(a) => {
            let [one, two, three, four, ..] = a.segments();
            Some(std::net::Ipv6Addr::new(one, two, three, four, 0, 0, 0, 0).into())
        }
    }
}

impl Pairs {
    /// Takes in one IP packet.
    #[inline]
    pub fn packet(&mut self, packet: &Packet<'_>, ip: &Ip) {
        let Some(index) = self.find(packet, ip) else {
            self.overflow += 1;
            return;
        };
        let pair = &mut self.list[index];
        pair.frames += 1;
        pair.bytes += u64::from(packet.frame.wire_length);
        pair.fragments += u64::from(ip.is_fragment());
        pair.ttls[usize::from(ip.ttl >> 6)] |= 1 << (ip.ttl & 63);
        if pair.macs != packet.macs {
            pair.varied = true;
        }
    }

    fn find(&mut self, packet: &Packet<'_>, ip: &Ip) -> Option<usize> {
        let (source, destination) = (ip.source, ip.destination);
        let packed = match (source, destination) {
            (IpAddr::V4(a), IpAddr::V4(b)) => u64::from(a.to_bits()) << 32 | u64::from(b.to_bits()),
            _ => 0,
        };
        if packed != 0
            && let Some(known) = self.recent.iter().find(|known| known.0 == packed)
        {
            return Some(crate::dissect::as_usize(known.1));
        }
        let place = self.look_up(packet, source, destination)?;
        if packed != 0 {
            self.recent.rotate_right(1);
            self.recent[0] = (packed, place);
        }
        Some(crate::dissect::as_usize(place))
    }

    #[inline(never)]
    fn look_up(&mut self, packet: &Packet<'_>, source: IpAddr, destination: IpAddr) -> Option<u32> {
        let place = match self.index.get(&(source, destination)) {
            Some(place) => *place,
            None if self.list.len() >= MOST => return None,
            None => {
                let place = u32::try_from(self.list.len()).ok()?;
                self.index.insert((source, destination), place);
                self.list.push(Pair {
                    source,
                    destination,
                    first_frame: packet.frame.number,
                    frames: 0,
                    bytes: 0,
                    fragments: 0,
                    ttls: [0; 4],
                    macs: packet.macs,
                    varied: false,
                });
                place
            }
        };
        Some(place)
    }

    /// The first frame an address sent, and whether a packet for it alone was captured.
    pub fn seen(&self, address: IpAddr) -> (Option<u32>, bool) {
        let sent = self.list.iter().filter(|p| p.source == address);
        let alone = |p: &&Pair| p.macs.is_some_and(|m| m.0[0] & 1 == 0);
        let received = self.list.iter().filter(alone);
        (
            sent.map(|p| p.first_frame).min(),
            received.map(|p| p.destination).any(|d| d == address),
        )
    }

    /// The hosts, in order of their first frame.
    pub fn hosts(&self) -> Vec<Host> {
        let mut hosts: Vec<(Host, [u64; 4])> = Vec::new();
        let mut places: HashMap<IpAddr, usize, RandomState> = HashMap::default();
        let mut place = |hosts: &mut Vec<(Host, [u64; 4])>, address: IpAddr| {
            *places.entry(address).or_insert_with(|| {
                hosts.push((unseen(address), [0; 4]));
                hosts.len() - 1
            })
        };
        for pair in &self.list {
            let sender = place(&mut hosts, pair.source);
            let (host, ttls) = &mut hosts[sender];
            if host.frames_sent == 0 {
                host.first_frame = pair.first_frame;
                host.mac = pair.macs.map(|m| Mac(m.1));
            }
            host.frames_sent += pair.frames;
            host.bytes_sent += pair.bytes;
            host.fragments += pair.fragments;
            if pair.varied || host.mac != pair.macs.map(|m| Mac(m.1)) {
                host.mac = None;
            }
            for (all, new) in ttls.iter_mut().zip(pair.ttls) {
                *all |= new;
            }
            let receiver = place(&mut hosts, pair.destination);
            hosts[receiver].0.frames_received += pair.frames;
        }
        let mut list: Vec<Host> = hosts
            .into_iter()
            .filter(|(host, _)| host.frames_sent > 0)
            .map(|(mut host, ttls)| {
                let ttls = members(ttls);
                host.ttls = ttls.iter().map(u8::to_string).collect::<Vec<_>>().join(" ");
                host.likely_initial_ttl = ttls.first().map(|low| initial_ttl(*low));
                if let ([only], Some(initial)) = (ttls.as_slice(), host.likely_initial_ttl) {
                    host.hops = Some(initial - only);
                }
                host
            })
            .collect();
        list.sort_by_key(|host| host.first_frame);
        list
    }

    /// Whose hardware address the frames of each pair were sent to.
    pub fn next_hops(&self, known: &Known<'_>) -> Vec<Hop> {
        // How many destinations one card reaches through another.
        type Way = ([u8; 6], [u8; 6], bool);
        let mut carried: HashMap<Way, Vec<IpAddr>, RandomState> = HashMap::default();
        for pair in &self.list {
            if let Some(macs) = pair.macs.filter(|m| m.0[0] & 1 == 0 && m.0 != m.1)
                && let Some(place) = behind(pair.destination)
            {
                let way = (macs.0, macs.1, place.is_ipv4());
                let seen = carried.entry(way).or_default();
                if seen.len() < SEVERAL && !seen.contains(&place) {
                    seen.push(place);
                }
            }
        }
        self.list
            .iter()
            .filter_map(|pair| {
                let (mac, source) = pair.macs?;
                if mac == [0; 6] {
                    return None;
                }
                let way = (mac, source, pair.destination.is_ipv4());
                let carried = carried.get(&way).map_or(0, Vec::len);
                let (belongs_to, router, reason) = whose(pair, mac, known, carried);
                Some(Hop {
                    source: pair.source,
                    destination: pair.destination,
                    mac: Mac(mac),
                    belongs_to,
                    router,
                    reason,
                    first_frame: pair.first_frame,
                    frames: pair.frames,
                })
            })
            .collect()
    }
}

/// A host before anything is known of it.
fn unseen(address: IpAddr) -> Host {
    Host {
        address,
        first_frame: 0,
        frames_sent: 0,
        frames_received: 0,
        bytes_sent: 0,
        ttls: String::new(),
        likely_initial_ttl: None,
        hops: None,
        fragments: 0,
        mac: None,
    }
}

fn members(set: [u64; 4]) -> Vec<u8> {
    (0..=255u8)
        .filter(|n| set[usize::from(n >> 6)] >> (n & 63) & 1 == 1)
        .collect()
}

/// The next usual initial TTL: 32 (old Windows), 64 (Linux, BSD, macOS), 128 (Windows), 255
/// (routers).
fn initial_ttl(seen: u8) -> u8 {
    [32, 64, 128]
        .into_iter()
        .find(|usual| seen <= *usual)
        .unwrap_or(255)
}

/// Decides whose address `mac` is, with the reason.
fn whose(
    pair: &Pair,
    mac: [u8; 6],
    known: &Known<'_>,
    carried: usize,
) -> (&'static str, Option<IpAddr>, String) {
    let said = |n: &Neighbour| {
        if n.address.is_ipv4() {
            "ARP"
        } else {
            "neighbour discovery"
        }
    };
    if mac[0] & 1 == 1 {
        return ("group", None, "multicast or broadcast".to_owned());
    }
    if pair.varied {
        return (
            "unknown",
            None,
            "the frames of this pair did not all go to the same hardware address".to_owned(),
        );
    }
    if let Some(own) = known.bound(pair.destination)
        && own.mac.0 == mac
    {
        let reason = format!(
            "{}: {} has it (frame {})",
            said(own),
            pair.destination,
            own.frame
        );
        return ("destination host", None, reason);
    }
    if let Some(frame) = known.leased(pair.destination, mac) {
        let reason = format!("DHCP gave {} to it (frame {frame})", pair.destination);
        return ("destination host", None, reason);
    }
    let local = known.local;
    let off_link = off_link(pair, local);
    let owner = match pair.destination {
        // A host has several IPv6 addresses; only who says so is a router.
        IpAddr::V6(_) => known.router(mac),
        IpAddr::V4(_) => known.owner(mac, pair.destination),
    };
    if let Some(neighbour) = owner {
        let mut reason = format!(
            "{}: it is that of {} (frame {})",
            said(neighbour),
            neighbour.address,
            neighbour.frame
        );
        if off_link == Some(false) {
            reason.push_str(&format!(
                "; but {} is on the same network by the mask of frame {}: a second address of that host, or it answers for others",
                pair.destination, local.frame
            ));
            return ("unknown", None, reason);
        }
        if off_link == Some(true) {
            reason.push_str(&format!(
                "; {} is off-link by the mask of frame {}",
                pair.destination, local.frame
            ));
        }
        return ("router", Some(neighbour.address), reason);
    }
    if off_link == Some(true) {
        let reason = format!(
            "{} is off-link by the mask of frame {}",
            pair.destination, local.frame
        );
        return ("router", local.router.map(IpAddr::V4), reason);
    }
    if carried >= SEVERAL {
        let reason = "this hardware address is used for several destinations, so it forwards them";
        return ("router", None, reason.to_owned());
    }
    (
        "unknown",
        None,
        "no ARP or DHCP here tells whose it is".to_owned(),
    )
}

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

/// Keeps the time type in one place for the trackers beside this file.
pub(super) fn time_of(packet: &Packet<'_>) -> Time {
    packet.frame.time.unwrap_or_default()
}
