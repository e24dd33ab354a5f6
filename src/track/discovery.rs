//! IPv6 neighbour discovery (RFC 4861) over time: who said that which hardware address is its
//! own, and who said that it is a router. What ARP's table is for IPv4.

use crate::capture::Time;
use crate::dissect::layer::Protocol;
use crate::dissect::{Ip, Message, Packet};
use crate::facts::arp::Neighbour;
use crate::facts::{Mac, Moment};
use crate::track::arp::{Binding, Bindings, Unanswered};
use crate::track::pairs::time_of;
use crate::track::places::{Places, one_link};
use crate::track::room::Room;
use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv6Addr};

/// Most bindings kept.
const MOST: usize = 65_536;

const ROUTER_SOLICITATION: u8 = 133;
const ROUTER_ADVERTISEMENT: u8 = 134;
const NEIGHBOUR_SOLICITATION: u8 = 135;
const NEIGHBOUR_ADVERTISEMENT: u8 = 136;

/// What is remembered.
#[derive(Default)]
pub struct Discovery {
    table: Vec<Neighbour>,
    /// Of each row of the table the hardware address of who said that the address is its own.
    owners: Vec<Option<Mac>>,
    bindings: Bindings,
    place: Places,
    routers: Vec<IpAddr>,
    /// The same, to be looked up.
    known_routers: HashSet<IpAddr>,
    /// Who asked last whether an address is free, in which frame, when, and in which virtual LAN.
    wanted: HashMap<IpAddr, (Mac, u32, Time, Option<u16>)>,
    taken: Vec<Taken>,
    /// Who asked the link for whom, answered or not.
    asked: Vec<Unanswered>,
    /// Their places, by who was asked for and who asked.
    open: HashMap<(IpAddr, IpAddr), usize>,
    /// Who told others of its hardware address, and who was told.
    exchanged: HashSet<IpAddr>,
}

/// That somebody asked whether an address is free, and somebody else said that it has it.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    /// The address.
    pub address: IpAddr,
    /// Who asked, in which frame.
    pub wants: (Mac, u32),
    /// Who has it, and in which frame it says so.
    pub has: (Mac, u32),
    /// The second asked whether it is free as well.
    pub both_want: bool,
}

/// Who asks whether an address is free waits a second for who has it (RFC 4862 §5.4), or some
/// (RFC 5227 §2.1); hosts may be set to wait longer.
pub(super) const DEFENDED: i64 = 5_000_000_000;
/// Within this time who asks still waits, and hears who else asks.
pub(super) const AT_ONCE: i64 = 1_000_000_000;
/// Most taken addresses that are told.
pub(super) const MOST_TAKEN: usize = 100;

impl Discovery {
    /// Takes in an ICMPv6 message; whether an earlier frame held it.
    pub fn packet(&mut self, packet: &Packet<'_>, ip: &Ip, message: &Message, copy: bool) {
        let (options, own) = match message.kind {
            ROUTER_SOLICITATION => (8, true),
            ROUTER_ADVERTISEMENT => (16, true),
            NEIGHBOUR_SOLICITATION => (24, true),
            NEIGHBOUR_ADVERTISEMENT => (24, false),
            _ => return,
        };
        // What has crossed a router says nothing of this link (RFC 4861 §7.1).
        let Some(layer) = packet
            .layers
            .find(Protocol::Icmpv6)
            .filter(|_| ip.ttl == 255)
        else {
            return;
        };
        let view = packet.view(layer);
        let target = view.array::<16>(8).map(|a| IpAddr::V6(Ipv6Addr::from(a)));
        let address = if own { Some(ip.source) } else { target };
        if message.kind == NEIGHBOUR_SOLICITATION
            && ip.source.is_unspecified()
            && let Some(target) = target
        {
            self.want(packet, target);
        }
        let Some(address) = address.filter(|a| !a.is_unspecified()) else {
            return;
        };
        if let Some(target) = target {
            match message.kind {
                NEIGHBOUR_SOLICITATION if !copy => self.asks(packet, ip, target),
                NEIGHBOUR_ADVERTISEMENT => self.tells(ip, target),
                _ => {}
            }
        }
        // The R bit of an advertisement.
        let flag = |bit: u8| view.u8(4).is_some_and(|flags| flags & bit != 0);
        let router = message.kind == ROUTER_ADVERTISEMENT || (!own && flag(0x80));
        // Without the O bit, others may say the same: an address of several hosts, or somebody who
        // answers for another one (RFC 4861 §4.4, §7.2.8).
        let owner = own || flag(0x20);
        if router && self.routers.has_room(MOST) && self.known_routers.insert(address) {
            self.routers.push(address);
        }
        // Option 1 is the sender's hardware address, option 2 the target's.
        let wanted = if own { 1 } else { 2 };
        let mut card = packet.macs.map(|m| Mac(m.1));
        let mut at = options;
        while let (Some(kind), Some(units @ 1..)) = (view.u8(at), view.u8(at + 1)) {
            if kind == wanted
                && let Some(mac) = view.array::<6>(at + 2)
            {
                card = Some(Mac(mac));
                let binding = Binding {
                    address,
                    mac: Mac(mac),
                    frame: packet.frame.number,
                    vlan: packet.vlan(),
                };
                self.learn(binding, owner);
            }
            at += usize::from(units) * 8;
        }
        if let Some(card) = card.filter(|_| !own) {
            self.has(packet, address, card);
        }
    }

    /// Takes in that somebody asks the link who has an address; what goes to one host only asks
    /// whether it is still there (RFC 4861 §7.3.1).
    fn asks(&mut self, packet: &Packet<'_>, ip: &Ip, target: IpAddr) {
        if !ip.destination.is_multicast() || !self.asked.has_room(MOST) {
            return;
        }
        let next = self.asked.len();
        let place = *self.open.entry((target, ip.source)).or_insert(next);
        if place == next {
            self.asked.push(Unanswered::new(target, ip.source));
        }
        let time = packet.frame.time.map(|t| Moment(t.0));
        self.asked[place].asks(packet.frame.number, time);
    }

    /// Takes in that somebody says who has an address.
    fn tells(&mut self, ip: &Ip, target: IpAddr) {
        self.exchanged.insert(target);
        if !ip.destination.is_multicast() {
            self.exchanged.insert(ip.destination);
        }
    }

    /// Who was asked for and never said anything of itself.
    pub fn unanswered(&self) -> Vec<Unanswered> {
        let silent =
            |u: &&Unanswered| !self.place.has(u.asked) && !self.exchanged.contains(&u.asked);
        self.asked.iter().filter(silent).cloned().collect()
    }

    /// Who told others of its hardware address in answer, and who was told so alone.
    pub fn exchanged(&self) -> &HashSet<IpAddr> {
        &self.exchanged
    }

    /// Takes in that somebody asks whether an address is free (RFC 4862 §5.4.2).
    fn want(&mut self, packet: &Packet<'_>, target: IpAddr) {
        if let Some((_, card)) = packet.macs
            && (self.wanted.has_room(MOST) || self.wanted.contains_key(&target))
        {
            let (mac, frame, time, vlan) = (
                Mac(card),
                packet.frame.number,
                time_of(packet),
                packet.vlan(),
            );
            let before = self.wanted.insert(target, (mac, frame, time, vlan));
            let Some((other, asked, then, within)) = before else {
                return;
            };
            let known = |t: &Taken| t.address == target && t.both_want;
            if other != mac
                && one_link(within, vlan)
                && (0..AT_ONCE).contains(&time.since(then))
                && self.taken.has_room(MOST_TAKEN)
                && !self.taken.iter().any(known)
            {
                self.taken.push(Taken {
                    address: target,
                    wants: (other, asked),
                    has: (mac, frame),
                    both_want: true,
                });
            }
        }
    }

    /// Takes in that somebody says that it has an address: perhaps somebody else wants it.
    fn has(&mut self, packet: &Packet<'_>, address: IpAddr, card: Mac) {
        let Some((mac, frame, asked, vlan)) = self.wanted.get(&address).copied() else {
            return;
        };
        let known = |t: &Taken| t.address == address && t.wants.0 == mac && !t.both_want;
        if mac != card
            && one_link(vlan, packet.vlan())
            && (0..=DEFENDED).contains(&time_of(packet).since(asked))
            && self.taken.has_room(MOST_TAKEN)
            && !self.taken.iter().any(known)
        {
            self.taken.push(Taken {
                address,
                wants: (mac, frame),
                has: (card, packet.frame.number),
                both_want: false,
            });
        }
    }

    /// Addresses that were asked for and are not free, in order.
    pub fn taken(&self) -> &[Taken] {
        &self.taken
    }

    /// Writes the binding into the table. What the address's owner says, or so it seems, replaces what
    /// was said before (RFC 4861 §7.2.3, §7.2.5).
    fn learn(&mut self, binding: Binding, owner: bool) {
        let (address, mac) = (binding.address, binding.mac);
        let next = self.table.len();
        let place = match self.place.get(address, binding.vlan) {
            Some(place) => place,
            None if next < MOST => {
                self.place.insert(address, binding.vlan, next);
                self.owners.push(None);
                self.bindings.add(binding);
                self.table.push(Neighbour {
                    address,
                    mac,
                    frame: binding.frame,
                    vlan: binding.vlan,
                    conflict: false,
                });
                next
            }
            None => return,
        };
        if owner && self.owners[place] != Some(mac) {
            self.bindings.add(binding);
            let row = &mut self.table[place];
            row.conflict |= self.owners[place].is_some();
            if row.mac != mac {
                (row.mac, row.frame) = (mac, binding.frame);
            }
            self.owners[place] = Some(mac);
        }
    }

    /// Every pair of address and hardware address that was said, in order; of an address that
    /// somebody says is its own, only who says so, after the first.
    pub fn bindings(&self) -> &[Binding] {
        &self.bindings.0
    }

    /// The table that results.
    pub fn table(&self) -> &[Neighbour] {
        &self.table
    }

    /// Who said that it is a router.
    pub fn routers(&self) -> &[IpAddr] {
        &self.routers
    }
}
