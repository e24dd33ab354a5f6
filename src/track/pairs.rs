//! Ordered pairs of hosts: how much went from one to the other, with which TTLs, to which
//! hardware address. Hosts and next hops are read off this table at the end.
//!
//! Bounded: past [`MOST`] pairs new ones are only counted, and the report says so.

use crate::capture::Time;
use crate::dissect::{Ip, Packet};
use crate::facts::Mac;
use crate::facts::network::{Hop, Host, Neighbour};
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

/// Most pairs kept.
pub const MOST: usize = 65_536;

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
    /// The pairs of the last frames: traffic comes in runs.
    recent: [u32; 2],
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

impl Pairs {
    /// Takes in one IP packet.
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
        for place in self.recent {
            let place = crate::dissect::as_usize(place);
            if self
                .list
                .get(place)
                .is_some_and(|p| p.source == source && p.destination == destination)
            {
                return Some(place);
            }
        }
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
        self.recent = [place, self.recent[0]];
        Some(crate::dissect::as_usize(place))
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
        let mut order: Vec<IpAddr> = Vec::new();
        let mut hosts: HashMap<IpAddr, (Host, [u64; 4], bool), RandomState> = HashMap::default();
        for pair in &self.list {
            let (host, ttls, _) = entry(&mut hosts, &mut order, pair.source);
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
            entry(&mut hosts, &mut order, pair.destination)
                .0
                .frames_received += pair.frames;
        }
        let mut list: Vec<Host> = order
            .into_iter()
            .filter_map(|address| hosts.remove(&address))
            .map(|(mut host, ttls, _)| {
                let ttls = members(ttls);
                host.ttls = ttls.iter().map(u8::to_string).collect::<Vec<_>>().join(" ");
                host.likely_initial_ttl = ttls.first().map(|low| initial_ttl(*low));
                if let ([only], Some(initial)) = (ttls.as_slice(), host.likely_initial_ttl) {
                    host.hops = Some(initial - only);
                }
                host
            })
            .filter(|host| host.frames_sent > 0)
            .collect();
        list.sort_by_key(|host| host.first_frame);
        list
    }

    /// Whose hardware address the frames of each pair were sent to.
    pub fn next_hops(&self, table: &[Neighbour], local: Local) -> Vec<Hop> {
        let owner = |mac: [u8; 6]| table.iter().find(|n| n.mac.0 == mac && !n.conflict);
        let bound = |address: IpAddr| table.iter().find(|n| n.address == address && !n.conflict);
        // How many destinations one card reaches through another.
        let mut carried: HashMap<([u8; 6], [u8; 6]), Vec<IpAddr>, RandomState> = HashMap::default();
        for pair in &self.list {
            if let Some(macs) = pair.macs.filter(|m| m.0[0] & 1 == 0 && m.0 != m.1) {
                let seen = carried.entry(macs).or_default();
                if seen.len() < SEVERAL && !seen.contains(&pair.destination) {
                    seen.push(pair.destination);
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
                let (belongs_to, router, reason) = whose(
                    pair,
                    mac,
                    &owner,
                    &bound,
                    local,
                    carried.get(&(mac, source)).map_or(0, Vec::len),
                );
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

type Entry = (Host, [u64; 4], bool);

fn entry<'m>(
    hosts: &'m mut HashMap<IpAddr, Entry, RandomState>,
    order: &mut Vec<IpAddr>,
    address: IpAddr,
) -> &'m mut Entry {
    hosts.entry(address).or_insert_with(|| {
        order.push(address);
        let host = Host {
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
        };
        (host, [0; 4], false)
    })
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
fn whose<'t>(
    pair: &Pair,
    mac: [u8; 6],
    owner: &dyn Fn([u8; 6]) -> Option<&'t Neighbour>,
    bound: &dyn Fn(IpAddr) -> Option<&'t Neighbour>,
    local: Local,
    carried: usize,
) -> (&'static str, Option<IpAddr>, String) {
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
    if let Some(known) = bound(pair.destination)
        && known.mac.0 == mac
    {
        let reason = format!("ARP: {} has it (frame {})", pair.destination, known.frame);
        return ("destination host", None, reason);
    }
    let off_link = off_link(pair, local);
    if let Some(neighbour) = owner(mac) {
        let mut reason = format!(
            "ARP: it is that of {} (frame {})",
            neighbour.address, neighbour.frame
        );
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

/// Whether the mask puts the destination on another network than the source.
fn off_link(pair: &Pair, local: Local) -> Option<bool> {
    match (pair.source, pair.destination, local.mask) {
        (IpAddr::V4(a), IpAddr::V4(b), Some(mask)) if !b.is_broadcast() && !b.is_multicast() => {
            Some(a.to_bits() & mask.to_bits() != b.to_bits() & mask.to_bits())
        }
        _ => None,
    }
}

/// Keeps the time type in one place for the trackers beside this file.
pub(super) fn time_of(packet: &Packet<'_>) -> Time {
    packet.frame.time.unwrap_or_default()
}
