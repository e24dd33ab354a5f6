//! One transaction: what its messages give, and whose counts.

use super::ask::{Ask, Request};
use super::unanswered::Open;
use super::words::{REPLY, clipped, is_cut, options};
use crate::capture::Time;
use crate::dissect::Packet;
use crate::dissect::dhcp::{Message, kind};
use crate::facts::dhcp::{Lease, RequestKind, stated};
use crate::facts::{Mac, Moment};
use crate::track::room::Room;
use std::net::{IpAddr, Ipv4Addr};

/// Most offers of one transaction.
const MOST_OFFERS: usize = 16;

/// Discovers of one transaction.
#[derive(Clone, Copy)]
pub(super) struct Discovers {
    pub(super) count: usize,
    /// Frames and times of the first and the last.
    pub(super) frames: (u32, u32),
    pub(super) times: Option<(Time, Time)>,
}

/// What a server's message settles.
struct Settings {
    frame: u32,
    time: Option<Time>,
    server: Option<IpAddr>,
    address: Option<IpAddr>,
    subnet_mask: Option<IpAddr>,
    router: Option<IpAddr>,
    dns_servers: Option<Vec<IpAddr>>,
    domain: Option<String>,
    lease_seconds: Option<u32>,
    renewal_seconds: Option<u32>,
    rebinding_seconds: Option<u32>,
    options: Vec<String>,
}

impl Settings {
    fn of(message: &Message<'_>, (frame, time): (u32, Option<Time>)) -> Settings {
        let servers = message.addresses(6);
        Settings {
            frame,
            time,
            server: stated(message.address(54)),
            address: stated(Some(message.yours)).or(stated(Some(message.client))),
            subnet_mask: stated(message.address(1)),
            router: stated(message.addresses(3).first().copied()),
            dns_servers: (!servers.is_empty())
                .then(|| servers.iter().map(|a| Ipv4Addr::from(*a).into()).collect()),
            domain: message
                .option(15)
                .map(|name| clipped(String::from_utf8_lossy(name).into_owned())),
            lease_seconds: message.number(51),
            renewal_seconds: message.number(58),
            rebinding_seconds: message.number(59),
            options: options(message),
        }
    }
}

/// A transaction in the making.
pub(super) struct Transaction {
    pub(super) lease: Lease,
    pub(super) hardware: [u8; 16],
    /// The client's identifier (option 61), where it gives one.
    identifier: Option<Vec<u8>>,
    /// The virtual LAN of its first message.
    pub(super) vlan: Option<u16>,
    /// How often the client looked for a server.
    pub(super) discovers: Option<Discovers>,
    /// It was acknowledged or refused.
    pub(super) ended: bool,
    /// Its requests ask for different things, so that an answer may be to either.
    pub(super) mixed: bool,
    /// What the client asked last.
    last: Option<Ask>,
    /// What it asked and no server has answered yet.
    pub(super) open: Option<Open>,
    /// Frame of the first message of a server.
    pub(super) heard: Option<u32>,
    /// Server that the request names.
    chosen: Option<IpAddr>,
    offers: Vec<Settings>,
    acks: Vec<Settings>,
}

impl Transaction {
    /// One that begins with this message.
    pub(super) fn new(message: &Message<'_>, packet: &Packet<'_>) -> Transaction {
        Transaction {
            lease: blank(message, packet),
            hardware: message.hardware,
            identifier: None,
            vlan: packet.vlan(),
            discovers: None,
            ended: false,
            mixed: false,
            last: None,
            open: None,
            heard: None,
            chosen: None,
            offers: Vec::new(),
            acks: Vec::new(),
        }
    }

    /// Whether what a client asks begins another exchange.
    pub(super) fn is_over(&self, ask: Ask) -> bool {
        match self.last {
            Some(last) if self.ended => last != ask || ask.renews(),
            Some(last) => !ask.goes_on_from(last),
            None => self.ended,
        }
    }

    /// Whether the client looked for a server in it, or was made an offer, and has no answer yet.
    pub(super) fn is_offered(&self) -> bool {
        let offered = self.lease.discover_frame.is_some() || !self.offers.is_empty();
        offered && !self.ended
    }

    /// Takes in a message, and what it asks for.
    pub(super) fn take(&mut self, message: &Message<'_>, packet: &Packet<'_>, ask: Option<Ask>) {
        let frame = packet.frame.number;
        if message.operation == REPLY {
            self.open = None;
            self.heard.get_or_insert(frame);
        } else if let Some(ask) = ask {
            Open::ask(&mut self.open, ask, message, (frame, packet.frame.time));
            if let Ask::Request(request) = ask {
                self.request(request, frame);
            }
            self.last = Some(ask);
            let identifier = message.option(61).map(<[u8]>::to_vec);
            self.identifier = identifier.or(self.identifier.take());
        }
        let lease = &mut self.lease;
        match message.kind() {
            Some(kind::DISCOVER) => {
                lease.discover_frame.get_or_insert(frame);
                let time = packet.frame.time;
                let own = self.discovers.get_or_insert(Discovers {
                    count: 0,
                    frames: (frame, frame),
                    times: time.zip(time),
                });
                own.count += 1;
                own.frames.1 = frame;
                own.times = own.times.zip(time).map(|(times, last)| (times.0, last));
            }
            Some(kind::OFFER) if self.offers.has_room(MOST_OFFERS) => {
                self.offers
                    .push(Settings::of(message, (frame, packet.frame.time)));
            }
            Some(kind::INFORM) => {
                lease.inform_frame.get_or_insert(frame);
                lease.own_address = lease.own_address.or(stated(Some(message.client)));
            }
            Some(kind::ACK) => {
                self.ended = true;
                if self.acks.has_room(MOST_OFFERS) {
                    self.acks
                        .push(Settings::of(message, (frame, packet.frame.time)));
                }
            }
            Some(kind::NAK) => {
                self.ended = true;
                if lease.nak_frame.is_none() {
                    lease.nak_frame = Some(frame);
                    lease.nak_server = stated(message.address(54));
                }
                lease.server = lease.server.or(stated(message.address(54)));
            }
            Some(kind::RELEASE) => {
                lease.released = stated(Some(message.client));
                lease.release_frame.get_or_insert(frame);
                lease.server = lease.server.or(stated(message.address(54)));
            }
            Some(kind::DECLINE) => {
                lease.decline_frame.get_or_insert(frame);
                lease.declined = stated(message.address(50)).or(stated(Some(message.client)));
                lease.server = lease.server.or(stated(message.address(54)));
            }
            // A reply of BOOTP gives the address for good.
            None if message.operation == REPLY && !is_cut(message, packet) => {
                self.ended = true;
                if self.acks.has_room(MOST_OFFERS) {
                    self.acks
                        .push(Settings::of(message, (frame, packet.frame.time)));
                }
            }
            _ => {}
        }
    }

    /// Takes in what a Request says; that it asks for something else before an answer comes counts.
    fn request(&mut self, request: Request, frame: u32) {
        let lease = &mut self.lease;
        let other = match self.last {
            Some(Ask::Request(last)) => {
                (last.address, last.server) != (request.address, request.server)
            }
            _ => false,
        };
        self.mixed |= other;
        if lease.request_frame.is_none() || other && !self.ended {
            lease.request_frame = Some(frame);
            lease.requested = request.address;
            lease.request_kind = request.kind;
            self.chosen = request.server;
        }
        if request.kind == Some(RequestKind::Rebinding) {
            lease.rebinding_frame.get_or_insert(frame);
        }
    }

    /// Whether two are of one client: a host may have several cards and one identifier.
    pub(super) fn is_same(&self, other: &Transaction) -> bool {
        let one = self.identifier.is_some() && self.identifier == other.identifier;
        one || self.hardware == other.hardware
    }

    /// When this frame acknowledged it.
    pub(super) fn acknowledged_at(&self, frame: Option<u32>) -> Option<Time> {
        let ack = self.acks.iter().find(|ack| Some(ack.frame) == frame);
        ack.and_then(|ack| ack.time)
    }

    /// The first offer: what, by whom, in which frame.
    pub(super) fn first_offer(&self) -> Option<(Option<IpAddr>, Option<IpAddr>, u32)> {
        let offer = self.offers.first()?;
        Some((offer.address, offer.server, offer.frame))
    }

    /// The record, with what the chosen server said.
    pub(super) fn settled(&self) -> Lease {
        let mut lease = self.lease.clone();
        let of = |list: &'_ [Settings]| -> Option<usize> {
            let chosen = self.chosen?;
            list.iter().position(|s| s.server == Some(chosen))
        };
        let ack = of(&self.acks).or((!self.acks.is_empty()).then_some(0));
        let ack = ack.and_then(|at| self.acks.get(at));
        let server = ack.and_then(|a| a.server).or(self.chosen);
        let offer = match server {
            Some(server) => self.offers.iter().find(|o| o.server == Some(server)),
            None => None,
        };
        // Without a choice the first offer stands for all; another server's never for the chosen one.
        let offer = offer.or(if server.is_none() {
            self.offers.first()
        } else {
            self.offers.first().filter(|o| o.server.is_none())
        });
        if let Some(offer) = offer {
            lease.offered = offer.address;
            lease.offer_frame = Some(offer.frame);
        }
        if let Some(ack) = ack {
            lease.acknowledged = ack.address;
            lease.ack_frame = Some(ack.frame);
            let other = |a: &&Settings| a.server.is_some() && a.server != ack.server;
            if let Some(other) = self
                .acks
                .iter()
                .find(other)
                .filter(|_| ack.server.is_some())
            {
                lease.other_acknowledged = other.address;
                lease.other_ack_frame = Some(other.frame);
                lease.other_ack_server = other.server;
            }
        }
        lease.server = server.or(offer.and_then(|o| o.server)).or(lease.server);
        let mut others: Vec<IpAddr> = Vec::new();
        for other in self.offers.iter().filter_map(|o| o.server) {
            if Some(other) != lease.server && !others.contains(&other) {
                others.push(other);
            }
        }
        lease.other_servers = (!others.is_empty()).then_some(others);
        // The acknowledgment counts; where it is silent, the same server's offer speaks for it.
        for settings in [offer, ack].into_iter().flatten() {
            lease.subnet_mask = settings.subnet_mask.or(lease.subnet_mask);
            lease.router = settings.router.or(lease.router);
            if settings.dns_servers.is_some() {
                lease.dns_servers.clone_from(&settings.dns_servers);
            }
            if settings.domain.is_some() {
                lease.domain.clone_from(&settings.domain);
            }
            lease.lease_seconds = settings.lease_seconds.or(lease.lease_seconds);
            lease.renewal_seconds = settings.renewal_seconds.or(lease.renewal_seconds);
            lease.rebinding_seconds = settings.rebinding_seconds.or(lease.rebinding_seconds);
            lease.server_options = settings.options.join("; ");
        }
        lease
    }
}

fn blank(message: &Message<'_>, packet: &Packet<'_>) -> Lease {
    Lease {
        xid: message.xid,
        client_mac: message.mac().map(Mac),
        messages: Vec::new(),
        frames: Vec::new(),
        start_time: packet.frame.time.map(|t| Moment(t.0)),
        discover_frame: None,
        offered: None,
        offer_frame: None,
        obtained_frame: None,
        other_servers: None,
        requested: None,
        request_frame: None,
        request_kind: None,
        rebinding_frame: None,
        acknowledged: None,
        ack_frame: None,
        other_acknowledged: None,
        other_ack_frame: None,
        other_ack_server: None,
        inform_frame: None,
        own_address: None,
        nak_frame: None,
        nak_server: None,
        released: None,
        release_frame: None,
        decline_frame: None,
        declined: None,
        conflict_frame: None,
        conflict_mac: None,
        server: None,
        earlier_server: None,
        relay: None,
        subnet_mask: None,
        router: None,
        dns_servers: None,
        domain: None,
        lease_seconds: None,
        renewal_seconds: None,
        rebinding_seconds: None,
        host_name: None,
        client_options: String::new(),
        server_options: String::new(),
        options_cut: false,
    }
}
