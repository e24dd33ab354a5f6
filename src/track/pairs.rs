//! Ordered pairs of hosts: how much went from one to the other, with which TTLs, to which
//! hardware address. Hosts and next hops are read off this table at the end.
//!
//! Bounded: past [`MOST`] pairs new ones are only counted, and the report says so.

mod census;
mod known;
mod shown;
mod whose;

use census::Sent;
pub(crate) use census::{ANSWER, Census};
pub(crate) use known::{Known, Local};
pub(crate) use shown::Answered;

use super::ttl;
use crate::capture::{Frame, Time};
use crate::dissect::layer::{Layer, Protocol};
use crate::dissect::{Ip, Macs, Packet, Usual, as_usize};
use crate::facts::Mac;
use crate::facts::ip::{Hop, Host};
use crate::track::room::Room;
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use whose::{Way, whose};

/// Most pairs kept.
pub(crate) const MOST: usize = 32_768;

/// From how many destinations on a hardware address is taken for a router's. Two may be one
/// host's IPv4 and IPv6 address.
const SEVERAL: usize = 3;

/// Most claims to an address, or virtual LANs of a card, that are looked at.
const MOST_CLAIMS: usize = 16;

/// What went from one host to another.
struct Pair {
    source: IpAddr,
    destination: IpAddr,
    /// The virtual LAN, of frames with a tag: each is a link of its own.
    vlan: Option<u16>,
    first_frame: u32,
    last_frame: u32,
    frames: u64,
    bytes: u64,
    fragments: u32,
    /// TTLs seen, as a set of 256 bits.
    ttls: [u64; 4],
    /// Those of the first frame, and whether they ever differed.
    macs: Option<Macs>,
    varied: bool,
    /// Where else they went.
    elsewhere: Option<Elsewhere>,
}

/// Where frames of a pair went that did not go where its first one did.
#[derive(Clone, Copy)]
struct Elsewhere {
    /// The first of those.
    macs: Macs,
    /// Its frame.
    frame: u32,
    /// How many frames of the pair came before it, and how many went there.
    before: u64,
    count: u64,
    /// Others went to still others.
    others: bool,
}

impl Pair {
    /// Nothing yet, but this packet is the first.
    fn new(packet: &Packet<'_>, source: IpAddr, destination: IpAddr, macs: Option<Macs>) -> Pair {
        Pair {
            source,
            destination,
            vlan: packet.vlan(),
            first_frame: packet.frame.number,
            last_frame: packet.frame.number,
            frames: 0,
            bytes: 0,
            fragments: 0,
            ttls: [0; 4],
            macs,
            varied: false,
            elsewhere: None,
        }
    }

    #[inline]
    fn add(&mut self, frame: u32, wire_length: u32, macs: Option<Macs>, ttl: u8) {
        self.last_frame = frame;
        self.frames += 1;
        self.bytes += u64::from(wire_length);
        self.ttls[usize::from(ttl >> 6)] |= 1 << (ttl & 63);
        if self.macs != macs {
            self.differs(frame, macs);
        }
    }

    fn differs(&mut self, frame: u32, macs: Option<Macs>) {
        self.varied = true;
        let (Some(first), Some(macs)) = (self.macs, macs) else {
            return;
        };
        if first.0 == macs.0 {
            return;
        }
        let elsewhere = self.elsewhere.get_or_insert(Elsewhere {
            macs,
            frame,
            before: self.frames - 1,
            count: 0,
            others: false,
        });
        let there = elsewhere.macs.0 == macs.0;
        elsewhere.others |= !there;
        elsewhere.count += u64::from(there);
    }

    /// Whether all frames from a certain one on went elsewhere.
    fn moved(&self) -> bool {
        self.elsewhere
            .is_some_and(|e| e.before + e.count == self.frames)
    }

    /// The card that a frame of this pair went to, if that can be told.
    fn receiver_at(&self, frame: u32) -> Option<[u8; 6]> {
        let first = self.macs?.0;
        match self.elsewhere {
            None => Some(first),
            Some(other) if frame < other.frame => Some(first),
            Some(other) if frame == other.frame || self.moved() => Some(other.macs.0),
            Some(_) => None,
        }
    }

    /// The card that a frame of this pair came from, if that can be told.
    fn sender_at(&self, frame: u32) -> Option<[u8; 6]> {
        let first = !self.varied || frame == self.first_frame;
        let macs = if first {
            self.macs
        } else {
            let other = self.elsewhere.filter(|other| other.frame == frame);
            other.map(|other| other.macs)
        };
        macs.map(|macs| macs.1)
    }
}

/// Two addresses in one number.
#[inline]
fn packed(source: Ipv4Addr, destination: Ipv4Addr) -> u64 {
    u64::from(source.to_bits()) << 32 | u64::from(destination.to_bits())
}

/// A pair of addresses of IPv4, packed, its place and its virtual LAN.
type Recent = (u64, u32, Option<u16>);

/// The table.
#[derive(Default)]
pub struct Pairs {
    list: Vec<Pair>,
    /// Their places, by source, destination and virtual LAN.
    index: HashMap<(IpAddr, IpAddr, Option<u16>), u32, RandomState>,
    /// The pairs of the last frames over IPv4, packed, with their places: traffic comes in runs.
    recent: [Recent; 4],
    /// What was sent in packets whose header ends behind the sender's address; where to is unknown.
    cut: Vec<Pair>,
    cut_places: HashMap<IpAddr, usize, RandomState>,
    /// Frames of pairs that did not fit.
    pub overflow: u64,
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
        self.tunnel(packet);
        self.header(packet, ip, packet.macs);
    }

    /// Takes in the tunnel that a packet is in, if it is in one.
    #[inline]
    pub fn tunnel(&mut self, packet: &Packet<'_>) {
        if let Some((outer, macs)) = &packet.tunnel {
            self.header(packet, outer, *macs);
        }
    }

    /// Takes in one header of IP, and the hardware addresses below it.
    #[inline]
    fn header(&mut self, packet: &Packet<'_>, ip: &Ip, macs: Option<Macs>) {
        let Some(index) = self.find(packet, ip, macs) else {
            self.overflow += 1;
            return;
        };
        let pair = &mut self.list[index];
        pair.fragments += u32::from(ip.is_fragment());
        let frame = &packet.frame;
        pair.add(frame.number, frame.wire_length, macs, ip.ttl);
    }

    /// The place of the pair of a usual frame, if it is one of the last ones.
    #[inline]
    pub(crate) fn recent(&self, usual: &Usual) -> Option<usize> {
        let packed = packed(usual.source, usual.destination);
        // A usual frame has no tag.
        let same = |known: &&Recent| known.0 == packed && known.2.is_none();
        let known = self.recent.iter().find(same)?;
        (packed != 0).then_some(as_usize(known.1))
    }

    /// Takes in a usual frame whose pair has this place.
    #[inline]
    pub(crate) fn usual(&mut self, place: usize, frame: &Frame<'_>, usual: &Usual) {
        let macs = Some(usual.macs);
        self.list[place].add(frame.number, frame.wire_length, macs, usual.ttl);
    }

    /// Takes in a packet without a whole header of IP: who sent it may be in it.
    pub fn cut(&mut self, packet: &Packet<'_>) {
        let version = |l: &&Layer| matches!(l.protocol, Protocol::Ipv4 | Protocol::Ipv6);
        let Some(layer) = packet.layers.as_slice().iter().find(version) else {
            return;
        };
        let view = packet.view(layer);
        let (source, ttl, header) = match layer.protocol {
            Protocol::Ipv4 => (view.array::<4>(12).map(IpAddr::from), view.u8(8), 20),
            _ => (view.array::<16>(8).map(IpAddr::from), view.u8(7), 40),
        };
        let (Some(source), Some(ttl)) = (source, ttl) else {
            return;
        };
        // What contradicts itself is not believed.
        if layer.quoted || view.bytes.len() >= header {
            return;
        }
        let next = self.cut.len();
        let place = match self.cut_places.get(&source) {
            Some(place) => *place,
            None if next < MOST => {
                self.cut_places.insert(source, next);
                self.cut
                    .push(Pair::new(packet, source, source, packet.macs));
                next
            }
            None => {
                self.overflow += 1;
                return;
            }
        };
        let frame = &packet.frame;
        self.cut[place].add(frame.number, frame.wire_length, packet.macs, ttl);
    }

    fn find(&mut self, packet: &Packet<'_>, ip: &Ip, macs: Option<Macs>) -> Option<usize> {
        let (source, destination) = (ip.source, ip.destination);
        let packed = match (source, destination) {
            (IpAddr::V4(a), IpAddr::V4(b)) => packed(a, b),
            _ => 0,
        };
        let vlan = packet.vlan();
        let same = |known: &&Recent| known.0 == packed && known.2 == vlan;
        if packed != 0
            && let Some(known) = self.recent.iter().find(same)
        {
            return Some(as_usize(known.1));
        }
        let place = self.look_up(packet, (source, destination, vlan), macs)?;
        if packed != 0 {
            self.recent.rotate_right(1);
            self.recent[0] = (packed, place, vlan);
        }
        Some(as_usize(place))
    }

    #[inline(never)]
    fn look_up(
        &mut self,
        packet: &Packet<'_>,
        ends: (IpAddr, IpAddr, Option<u16>),
        macs: Option<Macs>,
    ) -> Option<u32> {
        if let Some(place) = self.index.get(&ends) {
            return Some(*place);
        }
        let untagged = (ends.0, ends.1, None);
        // A link may be captured with its tag and without: both are one, but two tags are not.
        if let Some(place) = self.index.get(&untagged).copied()
            && let known @ None = &mut self.list[as_usize(place)].vlan
        {
            *known = ends.2;
            self.index.insert(ends, place);
            return Some(place);
        }
        if !self.list.has_room(MOST) {
            return None;
        }
        let place = u32::try_from(self.list.len()).ok()?;
        self.index.insert(ends, place);
        self.index.entry(untagged).or_insert(place);
        self.list.push(Pair::new(packet, ends.0, ends.1, macs));
        Some(place)
    }

    /// All pairs, and whether the second of each is known.
    fn all(&self) -> impl Iterator<Item = (&Pair, bool)> {
        let cut = self.cut.iter().map(|pair| (pair, false));
        self.list.iter().map(|pair| (pair, true)).chain(cut)
    }

    /// The first frame of what one host sent to another, if it went to a single hardware address.
    pub fn first_to_one(&self, source: IpAddr, destination: IpAddr) -> Option<u32> {
        let all = self.all().map(|(pair, _)| pair);
        let of = all.filter(|p| p.source == source && p.destination == destination);
        let first = of.min_by_key(|p| p.first_frame)?;
        let single = first.macs.is_some_and(|m| m.0[0] & 1 == 0);
        single.then_some(first.first_frame)
    }

    /// The last frame of what each host sent to each other one.
    pub fn last_frames(&self) -> HashMap<(IpAddr, IpAddr), u32, RandomState> {
        let mut last: HashMap<_, u32, RandomState> = HashMap::default();
        for (pair, _) in self.all() {
            let known = last.entry((pair.source, pair.destination)).or_default();
            *known = pair.last_frame.max(*known);
        }
        last
    }

    /// Another TTL of what one host sent to another, if there is one that began as this did and crossed
    /// more or fewer routers.
    pub fn other_ttl(&self, source: IpAddr, destination: IpAddr, ttl: u8) -> Option<u8> {
        let place = self.index.get(&(source, destination, None))?;
        let all = members(self.list.get(as_usize(*place))?.ttls);
        let alike = |other: &u8| *other != ttl && ttl::initial(*other) == ttl::initial(ttl);
        all.into_iter().find(alike)
    }

    /// The lowest TTL of what one host sent to another.
    pub fn lowest_ttl(&self, source: IpAddr, destination: IpAddr) -> Option<u8> {
        let all = self.all().map(|(pair, _)| pair);
        let of = all.filter(|p| p.source == source && p.destination == destination);
        of.filter_map(|p| members(p.ttls).first().copied()).min()
    }

    /// Who sent something, and who was sent something alone, in a capture whose last frame has this
    /// time.
    pub fn census(&self, end: Option<Time>) -> Census {
        let mut census = Census {
            end,
            ..Census::default()
        };
        for (pair, whole) in self.all() {
            let sent = census.sent.entry(pair.source).or_insert(Sent {
                first: pair.first_frame,
                last: pair.last_frame,
                on_link: false,
            });
            sent.first = sent.first.min(pair.first_frame);
            sent.last = sent.last.max(pair.last_frame);
            sent.on_link |= whole && stays_on_link(pair.destination);
            let alone = pair.macs.is_none_or(|m| m.0[0] & 1 == 0) && !is_group(pair.destination);
            if alone && whole {
                census.sent_to.insert(pair.destination);
            }
        }
        census
    }

    /// The hosts, in order of their first frame.
    pub fn hosts(&self, known: &Known<'_>) -> Vec<Host> {
        let mut hosts: Vec<(Host, Heard)> = Vec::new();
        let mut places: HashMap<IpAddr, usize, RandomState> = HashMap::default();
        let mut place = |hosts: &mut Vec<(Host, Heard)>, address: IpAddr| {
            *places.entry(address).or_insert_with(|| {
                hosts.push((unseen(address), Heard::default()));
                hosts.len() - 1
            })
        };
        for (pair, whole) in self.all() {
            let sender = place(&mut hosts, pair.source);
            let (host, heard) = &mut hosts[sender];
            if host.frames_sent == 0 {
                host.first_frame = pair.first_frame;
                host.mac = pair.macs.map(|m| Mac(m.1));
            }
            host.first_frame = host.first_frame.min(pair.first_frame);
            host.frames_sent += pair.frames;
            host.bytes_sent += pair.bytes;
            host.fragments += u64::from(pair.fragments);
            if pair.varied || host.mac != pair.macs.map(|m| Mac(m.1)) {
                host.mac = None;
            }
            let group = is_group(pair.destination);
            heard.to_link |= group && stays_on_link(pair.destination);
            for (place, new) in pair.ttls.into_iter().enumerate() {
                heard.all[place] |= new;
                heard.alone[place] |= if group { 0 } else { new };
            }
            let receiver = place(&mut hosts, pair.destination);
            hosts[receiver].0.frames_received += if whole { pair.frames } else { 0 };
        }
        let mut list: Vec<Host> = hosts
            .into_iter()
            .filter(|(host, _)| host.frames_sent > 0)
            .map(|(mut host, heard)| {
                let all: Vec<String> = members(heard.all).iter().map(u8::to_string).collect();
                host.ttls = all.join(" ");
                let alone = members(heard.alone);
                if let (Some(low), Some(high)) = (alone.first(), alone.last())
                    && high - low <= NEAR
                    && *low > LOWEST
                    && *members(heard.all).last().unwrap_or(&0) <= ttl::initial(*high)
                {
                    host.likely_initial_ttl = Some(ttl::initial(*high));
                }
                host.hops = hops(&host, &heard, &alone, known);
                host
            })
            .collect();
        list.sort_by_key(|host| host.first_frame);
        list
    }

    /// Whose hardware address the frames of each pair were sent to.
    pub fn next_hops(&self, known: &Known<'_>) -> Vec<Hop> {
        // How many destinations one card reaches through another.
        type Through = ([u8; 6], [u8; 6], bool);
        let mut carried: HashMap<Through, Vec<IpAddr>, RandomState> = HashMap::default();
        for pair in &self.list {
            if let Some(macs) = pair.macs.filter(|m| m.0[0] & 1 == 0 && m.0 != m.1)
                && let Some(place) = behind(pair.destination)
            {
                let way = (macs.0, macs.1, place.is_ipv4());
                let seen = carried.entry(way).or_default();
                if seen.has_room(SEVERAL) && !seen.contains(&place) {
                    seen.push(place);
                }
            }
        }
        // TTLs of what each card sent in the name of addresses that nobody says are its own.
        let mut brought: HashMap<([u8; 6], bool), [u64; 4], RandomState> = HashMap::default();
        for pair in self.list.iter().filter(|p| !p.source.is_unspecified()) {
            let elsewhere = pair.elsewhere.map(|other| other.macs);
            for card in pair.macs.into_iter().chain(elsewhere).map(|macs| macs.1) {
                if known.said(pair.source, card).is_none() {
                    let ttls = brought.entry((card, pair.source.is_ipv4())).or_default();
                    for (all, new) in ttls.iter_mut().zip(pair.ttls) {
                        *all |= new;
                    }
                }
            }
        }
        // TTLs of what one host got from another over one card.
        let mut back: HashMap<(IpAddr, IpAddr, [u8; 6]), [u64; 4], RandomState> =
            HashMap::default();
        for pair in &self.list {
            if let Some(macs) = pair.macs {
                let way = (pair.source, pair.destination, macs.1);
                let ttls = back.entry(way).or_default();
                for (all, new) in ttls.iter_mut().zip(pair.ttls) {
                    *all |= new;
                }
            }
        }
        self.list
            .iter()
            .filter_map(|pair| {
                let way = |(mac, source): Macs| {
                    let through = (mac, source, pair.destination.is_ipv4());
                    let back = back.get(&(pair.destination, pair.source, mac));
                    Way {
                        mac,
                        carried: carried.get(&through).map_or(0, Vec::len),
                        back: back.map_or_else(Vec::new, |ttls| members(*ttls)),
                        brought: brought
                            .get(&(mac, pair.destination.is_ipv4()))
                            .map_or_else(Vec::new, |ttls| members(*ttls)),
                    }
                };
                let first = way(pair.macs?);
                let mac = first.mac;
                if mac == [0; 6] {
                    return None;
                }
                let other = pair.elsewhere.map(|other| (way(other.macs), other));
                let decided = whose(pair, &first, other.as_ref(), known);
                Some(Hop {
                    source: pair.source,
                    destination: pair.destination,
                    mac: Mac(mac),
                    vlan: pair.vlan,
                    belongs_to: decided.owner,
                    router: decided.router,
                    reason: decided.reason,
                    reason_frame: decided.frame,
                    other_mac: other.as_ref().map(|(way, _)| Mac(way.mac)),
                    other_frame: other.as_ref().map(|(_, other)| other.frame),
                    other_router: decided.other_router,
                    first_frame: pair.first_frame,
                    frame_count: pair.frames,
                })
            })
            .collect()
    }
}

/// What was heard of a sender.
#[derive(Default)]
struct Heard {
    /// TTLs of all its packets, and of those that were not for a group: multicast has its own.
    all: [u64; 4],
    alone: [u64; 4],
    /// It sent to a group that routers do not forward to.
    to_link: bool,
}

/// TTLs so near each other are one system's over changing routes, not chosen ones.
const NEAR: u8 = 3;
/// A lower TTL is how probes of traceroute look, whatever their sender usually begins with.
const LOWEST: u8 = 32;
/// No way in the Internet is longer.
const FARTHEST: u8 = 40;

/// Routers between the sender and the capture, where that can be told.
fn hops(host: &Host, heard: &Heard, alone: &[u8], known: &Known<'_>) -> Option<u8> {
    let local = match host.address {
        IpAddr::V4(a) => a.is_link_local() || a.is_unspecified() || a.is_loopback(),
        IpAddr::V6(a) => a.is_unicast_link_local() || a.is_unspecified() || a.is_loopback(),
    };
    let mac = host.mac.map(|m| m.0);
    let bound = mac.is_some_and(|mac| known.said(host.address, mac).is_some());
    if local || bound || (heard.to_link && mac.is_some()) {
        return Some(0);
    }
    let initial = host.likely_initial_ttl?;
    let [only] = alone else { return None };
    let hops = initial - only;
    // On the link it would be a neighbour, and ARP does not show it: nothing is known for sure.
    // Nor if ARP does, with another card than its packets come from.
    let on_link = heard.to_link || known.bindings.contains_key(&host.address);
    (hops == 0 || hops <= FARTHEST && !on_link).then_some(hops)
}

/// Whether an address stands for everybody, or a group.
pub(super) fn is_group(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(a) => a.is_multicast() || a.is_broadcast(),
        IpAddr::V6(a) => a.is_multicast(),
    }
}

/// Groups that no router forwards to (RFC 5771 §4, RFC 4291 §2.7).
fn stays_on_link(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(a) => a.is_broadcast() || a.octets()[..3] == [224, 0, 0],
        IpAddr::V6(a) => a.octets()[..2] == [0xff, 2],
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

/// Keeps the time type in one place for the trackers beside this file.
pub(super) fn time_of(packet: &Packet<'_>) -> Time {
    packet.frame.time.unwrap_or_default()
}
