//! DHCP over time: messages of one transaction (xid and client) made into one record.

use super::pairs::Local;
use crate::dissect::Packet;
use crate::dissect::dhcp::{self, Message, kind};
use crate::facts::names::{Lease, stated};
use crate::facts::{Mac, Moment};
use std::collections::HashMap;

/// Most transactions kept.
const MOST: usize = 65_536;

/// All transactions.
#[derive(Default)]
pub struct Leases {
    list: Vec<Lease>,
    places: HashMap<(u32, [u8; 16]), usize>,
    local: Local,
}

impl Leases {
    /// Takes in one message.
    pub fn packet(&mut self, packet: &Packet<'_>) {
        let Some(message) = Message::parse(packet.payload_bytes()) else {
            return;
        };
        let frame = packet.frame.number;
        let key = (message.xid, message.hardware);
        let place = match self.places.get(&key) {
            Some(place) => *place,
            None if self.list.len() >= MOST => return,
            None => {
                self.list.push(blank(&message, packet));
                self.places.insert(key, self.list.len() - 1);
                self.list.len() - 1
            }
        };
        let lease = &mut self.list[place];
        let name = message
            .kind()
            .and_then(dhcp::message_name)
            .unwrap_or("BOOTP");
        if !lease.messages.is_empty() {
            lease.messages.push_str(", ");
        }
        // A storm of one transaction is told by its first messages.
        if lease.frames.len() < 64 {
            lease.messages.push_str(&format!("{name} {frame}"));
            lease.frames.push(frame);
        }
        by_kind(lease, &message, frame);
        if message.operation == 2 {
            from_server(lease, &message);
            if message.kind() == Some(kind::ACK) && self.local.mask.is_none() {
                self.local = Local {
                    mask: message.address(1).map(Into::into),
                    router: message.addresses(3).first().map(|a| (*a).into()),
                    frame,
                };
            }
        } else {
            lease.client_options = options(&message);
            if let Some(name) = message.option(12) {
                lease.host_name = Some(String::from_utf8_lossy(name).into_owned());
            }
        }
    }

    /// What the first ACK said of the local network.
    pub fn local(&self) -> Local {
        self.local
    }

    /// The transactions in order.
    pub fn finish(self) -> Vec<Lease> {
        self.list
    }
}

fn blank(message: &Message<'_>, packet: &Packet<'_>) -> Lease {
    Lease {
        xid: message.xid,
        client_mac: message.mac().map(Mac),
        messages: String::new(),
        frames: Vec::new(),
        start_time: packet.frame.time.map(|t| Moment(t.0)),
        offered: None,
        offer_frame: None,
        requested: None,
        request_frame: None,
        acknowledged: None,
        ack_frame: None,
        nak_frame: None,
        released: None,
        release_frame: None,
        decline_frame: None,
        server: None,
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
    }
}

fn by_kind(lease: &mut Lease, message: &Message<'_>, frame: u32) {
    match message.kind() {
        Some(kind::OFFER) => {
            lease.offered = lease.offered.or(stated(Some(message.yours)));
            lease.offer_frame.get_or_insert(frame);
        }
        Some(kind::REQUEST) => {
            let asked = stated(message.address(50)).or(stated(Some(message.client)));
            lease.requested = lease.requested.or(asked);
            lease.request_frame.get_or_insert(frame);
        }
        Some(kind::ACK) => {
            lease.acknowledged = stated(Some(message.yours)).or(stated(Some(message.client)));
            lease.ack_frame.get_or_insert(frame);
        }
        Some(kind::NAK) => {
            lease.nak_frame.get_or_insert(frame);
        }
        Some(kind::RELEASE) => {
            lease.released = stated(Some(message.client));
            lease.release_frame.get_or_insert(frame);
        }
        Some(kind::DECLINE) => {
            lease.decline_frame.get_or_insert(frame);
        }
        _ => {}
    }
    lease.server = lease.server.or(stated(message.address(54)));
    lease.relay = lease.relay.or(stated(Some(message.relay)));
}

/// What the newest answer says counts.
fn from_server(lease: &mut Lease, message: &Message<'_>) {
    if message.kind() == Some(kind::NAK) {
        return;
    }
    lease.subnet_mask = stated(message.address(1)).or(lease.subnet_mask);
    lease.router = stated(message.addresses(3).first().copied()).or(lease.router);
    if message.option(6).is_some() {
        lease.dns_servers = message.joined(6).map(|b| dhcp::value(6, &b));
    }
    if let Some(domain) = message.option(15) {
        lease.domain = Some(String::from_utf8_lossy(domain).into_owned());
    }
    lease.lease_seconds = message.number(51).or(lease.lease_seconds);
    lease.renewal_seconds = message.number(58).or(lease.renewal_seconds);
    lease.rebinding_seconds = message.number(59).or(lease.rebinding_seconds);
    lease.server_options = options(message);
}

/// All options but padding and end, as text.
fn options(message: &Message<'_>) -> String {
    let told: Vec<String> = message
        .options
        .iter()
        .filter(|option| !matches!(option.code, 0 | 255))
        .take(128)
        .map(|option| {
            format!(
                "{} {}: {}",
                option.code,
                dhcp::name(option.code),
                dhcp::value(option.code, option.bytes)
            )
        })
        .collect();
    told.join("; ")
}
