//! What the capture says of the local network, made to be looked up: whose hardware address is whose,
//! and who is a router.

use super::shown::{Answered, Shown};
use super::{MOST_CLAIMS, Pairs};
use crate::facts::Mac;
use crate::facts::arp::Neighbour;
use crate::facts::dhcp::Lease;
use crate::facts::icmp::IcmpError;
use crate::track::Neighbourhood;
use crate::track::arp::Binding;
use crate::track::copies::Copies;
use crate::track::dhcp::What;
use crate::track::places::one_link;
use crate::track::redirects::Redirect;
use crate::track::room::Room;
use foldhash::fast::RandomState;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr};

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

/// What DHCP says of an address and a card.
type Said = (What, IpAddr, [u8; 6]);

/// What the capture says of the local network, made to be looked up.
pub struct Known<'t> {
    /// The first binding of each hardware address in each virtual LAN, for IPv4 and IPv6.
    owners: HashMap<([u8; 6], bool), Vec<&'t Neighbour>, RandomState>,
    /// The first frame that told each binding, also of those that contradict each other.
    said: HashMap<(IpAddr, [u8; 6]), u32, RandomState>,
    /// The addresses of each hardware address.
    claims: HashMap<[u8; 6], Vec<IpAddr>, RandomState>,
    /// The first bindings of each address.
    pub(super) bindings: HashMap<IpAddr, Vec<&'t Binding>, RandomState>,
    /// The first binding of each hardware address that is a router's, as it said over IPv6.
    routers: HashMap<[u8; 6], &'t Neighbour, RandomState>,
    /// The first lease of each address.
    leased: HashMap<IpAddr, &'t Lease, RandomState>,
    /// The first redirect of each host for each destination.
    pub(super) redirects: HashMap<(IpAddr, IpAddr), Redirect, RandomState>,
    /// The first frame in which DHCP says something of an address and a card, and the transaction's
    /// number.
    stated: HashMap<Said, (u32, u32), RandomState>,
    /// What each client got in a transaction, and the frame.
    took: HashMap<([u8; 6], u32), (IpAddr, u32), RandomState>,
    /// The first binding of each hardware address whose address another one claims as well.
    disputed: HashMap<([u8; 6], bool), Vec<&'t Binding>, RandomState>,
    /// The first ICMP error that each host sent about a packet for another one.
    reports: HashMap<IpAddr, u32, RandomState>,
    /// The hardware addresses that the router sends from which DHCP names, with the first frame.
    router_cards: Vec<([u8; 6], u32)>,
    /// What the packets show.
    pub(super) shown: Shown,
    /// What DHCP told of the network.
    pub(super) local: Local,
}

impl<'t> Known<'t> {
    /// Who is where; who said over IPv6 that it is a router, who was redirected, and what DHCP told of
    /// the network.
    pub fn new(
        near: &'t Neighbourhood,
        routers: &[IpAddr],
        redirects: &[Redirect],
        local: Local,
    ) -> Known<'t> {
        let mut known = Known {
            owners: HashMap::default(),
            said: HashMap::default(),
            claims: HashMap::default(),
            bindings: HashMap::default(),
            routers: HashMap::default(),
            leased: HashMap::default(),
            redirects: HashMap::default(),
            stated: HashMap::default(),
            took: HashMap::default(),
            disputed: HashMap::default(),
            reports: HashMap::default(),
            router_cards: Vec::new(),
            shown: Shown::default(),
            local,
        };
        let routers: HashSet<&IpAddr, RandomState> = routers.iter().collect();
        for neighbour in near.table.iter().filter(|n| !n.conflict) {
            let (mac, address) = (neighbour.mac.0, neighbour.address);
            let owner = (mac, address.is_ipv4());
            let owned = known.owners.entry(owner).or_default();
            if owned.has_room(MOST_CLAIMS) && !owned.iter().any(|n| n.vlan == neighbour.vlan) {
                owned.push(neighbour);
            }
            if routers.contains(&address) {
                known.routers.entry(mac).or_insert(neighbour);
            }
        }
        for binding in &near.bindings {
            let said = (binding.address, binding.mac.0);
            if let Entry::Vacant(new) = known.said.entry(said) {
                new.insert(binding.frame);
                let claims = known.claims.entry(binding.mac.0);
                claims.or_default().push(binding.address);
            }
            let all = known.bindings.entry(binding.address).or_default();
            if all.has_room(MOST_CLAIMS) {
                all.push(binding);
            }
        }
        for binding in &near.bindings {
            let (mac, vlan) = (binding.mac.0, binding.vlan);
            if known.contradicted(binding.address, mac, vlan).is_some() {
                let card = (mac, binding.address.is_ipv4());
                let all = known.disputed.entry(card).or_default();
                if all.has_room(MOST_CLAIMS) && !all.iter().any(|b| b.vlan == vlan) {
                    all.push(binding);
                }
            }
        }
        for stated in &near.stated {
            let said = (stated.what, stated.address, stated.mac);
            let first = (stated.frame, stated.xid);
            known.stated.entry(said).or_insert(first);
        }
        for lease in &near.leases {
            if let (Some(address), Some(Mac(mac)), Some(frame)) =
                (lease.acknowledged, lease.client_mac, lease.ack_frame)
            {
                let took = known.took.entry((mac, lease.xid));
                took.or_insert((address, frame));
            }
            // Who declined an address does not use it.
            let kept = lease.acknowledged.or(lease.own_address);
            let kept = kept.filter(|_| lease.decline_frame.is_none());
            if let Some(address) = kept {
                known.leased.entry(address).or_insert(lease);
            }
        }
        for redirect in redirects {
            let pair = (redirect.host, redirect.destination);
            known.redirects.entry(pair).or_insert(*redirect);
        }
        known
    }

    /// The neighbour of the same IP version that has this hardware address: a host's IPv4
    /// address says nothing of where its IPv6 packets go.
    pub(super) fn owner(
        &self,
        mac: [u8; 6],
        version: IpAddr,
        vlan: Option<u16>,
    ) -> Option<&'t Neighbour> {
        let mut owned = self.owners.get(&(mac, version.is_ipv4()))?.iter().copied();
        owned.find(|n| one_link(n.vlan, vlan))
    }

    /// The frame in which this address was said to have this hardware address.
    pub(super) fn said(&self, address: IpAddr, mac: [u8; 6]) -> Option<u32> {
        self.said.get(&(address, mac)).copied()
    }

    /// The bindings of an address in a virtual LAN.
    fn of(&self, address: IpAddr, vlan: Option<u16>) -> impl Iterator<Item = &'t Binding> {
        let all = self.bindings.get(&address).into_iter().flatten().copied();
        all.filter(move |b| one_link(b.vlan, vlan))
    }

    /// The first binding that gives this address another hardware address in this virtual LAN.
    pub(super) fn contradicted(
        &self,
        address: IpAddr,
        mac: [u8; 6],
        vlan: Option<u16>,
    ) -> Option<&'t Binding> {
        self.of(address, vlan).find(|b| b.mac.0 != mac)
    }

    /// The one address that was said to have the first of these hardware addresses and later the second,
    /// and no other, with the frames that say so.
    pub(super) fn handed_over(
        &self,
        first: [u8; 6],
        second: [u8; 6],
        vlan: Option<u16>,
    ) -> Option<(IpAddr, u32, u32)> {
        let mut both = self.claims.get(&first)?.iter().filter_map(|address| {
            let before = self.said(*address, first)?;
            let after = self.said(*address, second)?;
            let only = |b: &Binding| b.mac.0 == first || b.mac.0 == second;
            let only = self.of(*address, vlan).all(only);
            (only && before < after).then_some((*address, before, after))
        });
        let one = both.next()?;
        both.next().is_none().then_some(one)
    }

    /// The frame in which DHCP gave this address to this card, or in which the card says that it
    /// has it, and which of them.
    pub(super) fn leased(&self, address: IpAddr, mac: [u8; 6]) -> Option<(u32, bool)> {
        let lease = self.leased.get(&address)?;
        if lease.client_mac != Some(Mac(mac)) {
            return None;
        }
        match (lease.inform_frame, lease.ack_frame) {
            (Some(inform), _) => Some((inform, false)),
            (None, ack) => Some((ack?, true)),
        }
    }

    /// Takes in what the packets themselves show: who passes packets on, who reports errors, and where
    /// the router that DHCP names sends from.
    pub fn shown(
        &mut self,
        pairs: &Pairs,
        (errors, redirects): (&[IcmpError], &[Redirect]),
        copies: &Copies,
        answers: &[Answered],
    ) {
        self.shown = Shown::new(pairs, (errors, redirects), copies, answers);
        for error in errors {
            if error.about_destination.is_some_and(|to| to != error.sender) {
                self.reports.entry(error.sender).or_insert(error.frame);
            }
        }
        let router = self.local.router.map(IpAddr::V4);
        for pair in pairs.list.iter().filter(|p| Some(p.source) == router) {
            self.router_cards
                .extend(pair.macs.map(|macs| (macs.1, pair.first_frame)));
        }
    }

    /// The frame in which DHCP offered this address to this card, and the other one that it got then,
    /// with the frame.
    pub(super) fn offered(
        &self,
        address: IpAddr,
        mac: [u8; 6],
    ) -> Option<(u32, Option<(IpAddr, u32)>)> {
        let (frame, xid) = *self.stated.get(&(What::Offered, address, mac))?;
        let took = self.took.get(&(mac, xid)).copied();
        Some((frame, took.filter(|took| took.0 != address)))
    }

    /// The frame of a DHCP message in which the card says that it has this address.
    pub(super) fn own(&self, address: IpAddr, mac: [u8; 6]) -> Option<u32> {
        let said = self.stated.get(&(What::Own, address, mac));
        said.map(|said| said.0)
    }

    /// The frame that the DHCP server with this address sent from this card.
    pub(super) fn serves(&self, address: IpAddr, mac: [u8; 6]) -> Option<u32> {
        let said = self.stated.get(&(What::Server, address, mac));
        said.map(|said| said.0)
    }

    /// What gives this hardware address an address of this IP version, and what gives that another
    /// one.
    pub(super) fn disputed(
        &self,
        mac: [u8; 6],
        version: IpAddr,
        vlan: Option<u16>,
    ) -> Option<(&'t Binding, &'t Binding)> {
        let all = self.disputed.get(&(mac, version.is_ipv4()))?;
        let claim = *all.iter().find(|b| one_link(b.vlan, vlan))?;
        Some((claim, self.contradicted(claim.address, mac, vlan)?))
    }

    /// The frame in which this host reports an error of a packet that is not for itself.
    pub(super) fn reports(&self, address: IpAddr) -> Option<u32> {
        self.reports.get(&address).copied()
    }

    /// A frame that the router which DHCP names sends from this card.
    pub(super) fn sent_from(&self, router: IpAddr, mac: [u8; 6]) -> Option<u32> {
        let sends = |card: &&([u8; 6], u32)| card.0 == mac;
        let sent = self.router_cards.iter().find(sends).map(|card| card.1);
        sent.or(self.said(router, mac))
    }

    /// A frame that shows that router with another card.
    pub(super) fn sends_from_another(&self, router: IpAddr, mac: [u8; 6]) -> Option<u32> {
        let sends = |card: &&([u8; 6], u32)| card.0 != mac;
        let sent = self.router_cards.iter().find(sends).map(|card| card.1);
        sent.or(self.contradicted(router, mac, None).map(|b| b.frame))
    }

    /// Whether DHCP told this host of this router.
    pub(super) fn told_of(&self, host: IpAddr, router: IpAddr) -> bool {
        let lease = self.leased.get(&host);
        lease.is_some_and(|lease| lease.router == Some(router))
    }

    /// The router with this hardware address.
    pub(super) fn router(&self, mac: [u8; 6]) -> Option<&'t Neighbour> {
        self.routers.get(&mac).copied()
    }
}
