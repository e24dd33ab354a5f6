//! What the capture says of the local network, made to be looked up: whose hardware address is whose,
//! and who is a router.

use super::Pairs;
use crate::facts::Mac;
use crate::facts::arp::Neighbour;
use crate::facts::dhcp::Lease;
use crate::facts::icmp::IcmpError;
use crate::track::arp::Binding;
use crate::track::redirects::Redirect;
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

/// What the capture says of the local network, made to be looked up.
pub struct Known<'t> {
    /// The first binding of each hardware address, for IPv4 and IPv6.
    owners: HashMap<([u8; 6], bool), &'t Neighbour, RandomState>,
    /// The first frame that told each binding, also of those that contradict each other.
    said: HashMap<(IpAddr, [u8; 6]), u32, RandomState>,
    /// The addresses of each hardware address, and how many hardware addresses each address has.
    claims: HashMap<[u8; 6], Vec<IpAddr>, RandomState>,
    claimed: HashMap<IpAddr, usize, RandomState>,
    /// The first binding of each address, and the first that contradicts it.
    pub(super) bindings: HashMap<IpAddr, (&'t Binding, Option<&'t Binding>), RandomState>,
    /// The first binding of each hardware address that is a router's, as it said over IPv6.
    routers: HashMap<[u8; 6], &'t Neighbour, RandomState>,
    /// The first lease of each address.
    leased: HashMap<IpAddr, &'t Lease, RandomState>,
    /// The first redirect of each host for each destination.
    pub(super) redirects: HashMap<(IpAddr, IpAddr), Redirect, RandomState>,
    /// The first frame in which DHCP offered an address to a card.
    offered: HashMap<(IpAddr, [u8; 6]), u32, RandomState>,
    /// The first binding of each hardware address whose address another one claims as well.
    disputed: HashMap<([u8; 6], bool), &'t Binding, RandomState>,
    /// The first ICMP error that each host sent about a packet for another one.
    reports: HashMap<IpAddr, u32, RandomState>,
    /// The hardware addresses that the router sends from which DHCP names, with the first frame.
    router_cards: Vec<([u8; 6], u32)>,
    /// What DHCP told of the network.
    pub(super) local: Local,
}

impl<'t> Known<'t> {
    /// Bindings by ARP and neighbour discovery, all that were said and those that hold; who said
    /// over IPv6 that it is a router, who was given which address, who was redirected, and what
    /// DHCP told of the network.
    pub fn new(
        table: &'t [Neighbour],
        bindings: &'t [Binding],
        routers: &[IpAddr],
        leases: &'t [Lease],
        redirects: &[Redirect],
        local: Local,
    ) -> Known<'t> {
        let mut known = Known {
            owners: HashMap::default(),
            said: HashMap::default(),
            claims: HashMap::default(),
            claimed: HashMap::default(),
            bindings: HashMap::default(),
            routers: HashMap::default(),
            leased: HashMap::default(),
            redirects: HashMap::default(),
            offered: HashMap::default(),
            disputed: HashMap::default(),
            reports: HashMap::default(),
            router_cards: Vec::new(),
            local,
        };
        let routers: HashSet<&IpAddr, RandomState> = routers.iter().collect();
        for neighbour in table.iter().filter(|n| !n.conflict) {
            let (mac, address) = (neighbour.mac.0, neighbour.address);
            let owner = (mac, address.is_ipv4());
            known.owners.entry(owner).or_insert(neighbour);
            if routers.contains(&address) {
                known.routers.entry(mac).or_insert(neighbour);
            }
        }
        for binding in bindings {
            let said = (binding.address, binding.mac.0);
            if let Entry::Vacant(new) = known.said.entry(said) {
                new.insert(binding.frame);
                let claims = known.claims.entry(binding.mac.0);
                claims.or_default().push(binding.address);
                *known.claimed.entry(binding.address).or_default() += 1;
            }
            let all = known.bindings.entry(binding.address);
            let (first, other) = all.or_insert((binding, None));
            if first.mac != binding.mac {
                other.get_or_insert(binding);
            }
        }
        for binding in bindings {
            if known.contradicted(binding.address, binding.mac.0).is_some() {
                let card = (binding.mac.0, binding.address.is_ipv4());
                known.disputed.entry(card).or_insert(binding);
            }
        }
        for lease in leases {
            if let (Some(address), Some(Mac(mac)), Some(frame)) =
                (lease.offered, lease.client_mac, lease.offer_frame)
            {
                known.offered.entry((address, mac)).or_insert(frame);
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
    pub(super) fn owner(&self, mac: [u8; 6], version: IpAddr) -> Option<&'t Neighbour> {
        self.owners.get(&(mac, version.is_ipv4())).copied()
    }

    /// The frame in which this address was said to have this hardware address.
    pub(super) fn said(&self, address: IpAddr, mac: [u8; 6]) -> Option<u32> {
        self.said.get(&(address, mac)).copied()
    }

    /// The first binding that gives this address another hardware address.
    pub(super) fn contradicted(&self, address: IpAddr, mac: [u8; 6]) -> Option<&'t Binding> {
        let (first, other) = self.bindings.get(&address)?;
        Some(*first).filter(|b| b.mac.0 != mac).or(*other)
    }

    /// The one address that was said to have the first of these hardware addresses and later the second,
    /// and no other, with the frames that say so.
    pub(super) fn handed_over(
        &self,
        first: [u8; 6],
        second: [u8; 6],
    ) -> Option<(IpAddr, u32, u32)> {
        let mut both = self.claims.get(&first)?.iter().filter_map(|address| {
            let before = self.said(*address, first)?;
            let after = self.said(*address, second)?;
            let only = self.claimed.get(address) == Some(&2);
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

    /// Takes in what the packets themselves show: who reports errors, and where the router that DHCP
    /// names sends from.
    pub fn shown(&mut self, errors: &[IcmpError], pairs: &Pairs) {
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

    /// The frame in which DHCP offered this address to this card.
    pub(super) fn offered(&self, address: IpAddr, mac: [u8; 6]) -> Option<u32> {
        self.offered.get(&(address, mac)).copied()
    }

    /// What gives this hardware address an address of this IP version, and what gives that another
    /// one.
    pub(super) fn disputed(
        &self,
        mac: [u8; 6],
        version: IpAddr,
    ) -> Option<(&'t Binding, &'t Binding)> {
        let claim = *self.disputed.get(&(mac, version.is_ipv4()))?;
        Some((claim, self.contradicted(claim.address, mac)?))
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
        sent.or(self.contradicted(router, mac).map(|b| b.frame))
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
