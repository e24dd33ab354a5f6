//! DHCP over time: messages of one transaction (xid and client) made into one record.
//!
//! A release or decline, which has a transaction number of its own, belongs to the lease it
//! ends; a request long after the acknowledgment is a renewal and begins a new record.

use super::pairs::Local;
use crate::capture::Time;
use crate::dissect::Packet;
use crate::dissect::dhcp::{self, Message, kind};
use crate::facts::names::{Lease, stated};
use crate::facts::{Mac, Moment};
use std::collections::HashMap;

/// Most transactions kept.
const MOST: usize = 65_536;
/// A request so long after the acknowledgment is a renewal, not a repetition: nanoseconds.
const RENEWAL_NS: i64 = 2_000_000_000;
/// Longest text kept of a message's options, in bytes.
const LONGEST_TEXT: usize = 4096;

/// All transactions.
#[derive(Default)]
pub struct Leases {
    list: Vec<Lease>,
    /// The newest record of each transaction and client.
    places: HashMap<(u32, [u8; 16]), usize>,
    /// The record in which a client was given an address.
    given: HashMap<([u8; 16], [u8; 4]), usize>,
    /// When each record was acknowledged or refused.
    ended: Vec<Option<Time>>,
    local: Local,
}

impl Leases {
    /// Takes in one message.
    pub fn packet(&mut self, packet: &Packet<'_>) {
        let Some(message) = Message::parse(packet.payload_bytes()) else {
            return;
        };
        let frame = packet.frame.number;
        let Some(place) = self.ends(&message).or_else(|| self.place(&message, packet)) else {
            return;
        };
        match message.kind() {
            Some(kind::ACK) => {
                self.ended[place] = packet.frame.time;
                self.given.insert((message.hardware, message.yours), place);
            }
            Some(kind::NAK) => self.ended[place] = packet.frame.time,
            _ => {}
        }
        let lease = &mut self.list[place];
        let name = message
            .kind()
            .and_then(dhcp::message_name)
            .unwrap_or("BOOTP");
        // A storm of one transaction is told by its first messages.
        if lease.frames.len() < 64 {
            if !lease.messages.is_empty() {
                lease.messages.push_str(", ");
            }
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

    /// The record of the lease that this message gives back or rejects.
    fn ends(&self, message: &Message<'_>) -> Option<usize> {
        let address = match message.kind()? {
            kind::RELEASE => message.client,
            kind::DECLINE => message.address(50)?,
            _ => return None,
        };
        self.given.get(&(message.hardware, address)).copied()
    }

    /// The record of the transaction a message belongs to, or a new one while there is room.
    fn place(&mut self, message: &Message<'_>, packet: &Packet<'_>) -> Option<usize> {
        let key = (message.xid, message.hardware);
        if let Some(&place) = self.places.get(&key) {
            let again = match (message.kind(), self.ended[place]) {
                (Some(kind::DISCOVER | kind::INFORM), Some(_)) => true,
                (Some(kind::REQUEST), Some(ended)) => {
                    let time = packet.frame.time;
                    time.is_some_and(|time| time.since(ended) >= RENEWAL_NS)
                }
                _ => false,
            };
            if !again {
                return Some(place);
            }
        }
        if self.list.len() >= MOST {
            return None;
        }
        let place = self.list.len();
        self.list.push(blank(message, packet));
        self.ended.push(None);
        self.places.insert(key, place);
        Some(place)
    }

    /// What the first ACK said of the local network.
    pub fn local(&self) -> Local {
        self.local
    }

    /// The transactions in order.
    pub fn leases(&self) -> &[Lease] {
        &self.list
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
    clipped(told.join("; "))
}

/// Cut to a length that is kept, with a sign that it was.
fn clipped(mut text: String) -> String {
    if text.len() > LONGEST_TEXT {
        let fits = (0..=LONGEST_TEXT)
            .rev()
            .find(|&at| text.is_char_boundary(at));
        text.truncate(fits.unwrap_or(0));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::{Frame, LinkType};
    use std::net::{IpAddr, Ipv4Addr};

    const CLIENT: [u8; 6] = [0x12, 0x8f, 0xc2, 0x5d, 0x70, 0x53];

    /// A message: operation, transaction, address of the client, address given, options.
    fn message(xid: u32, client: [u8; 4], yours: [u8; 4], options: &[(u8, &[u8])]) -> Vec<u8> {
        let kind = options.first().and_then(|(_, value)| value.first());
        let from_server = matches!(kind, Some(&(kind::OFFER | kind::ACK | kind::NAK)));
        let mut bytes = vec![1 + u8::from(from_server), 1, 6, 0];
        bytes.extend(xid.to_be_bytes());
        bytes.extend([0; 4]);
        bytes.extend(client);
        bytes.extend(yours);
        bytes.extend([0; 8]);
        bytes.extend(CLIENT);
        bytes.resize(236, 0);
        bytes.extend([99, 130, 83, 99]);
        for (code, value) in options {
            bytes.extend([*code, u8::try_from(value.len()).expect("short")]);
            bytes.extend(*value);
        }
        bytes.push(255);
        bytes
    }

    /// Frame after frame, a second apart, over UDP and raw IPv4.
    fn track(messages: &[Vec<u8>]) -> Leases {
        let mut tracker = Leases::default();
        for (number, payload) in (1..).zip(messages) {
            let length = |more: usize| u16::try_from(payload.len() + more).expect("short");
            let mut bytes = vec![0x45, 0];
            bytes.extend(length(28).to_be_bytes());
            bytes.extend([0, 0, 0, 0, 64, 17, 0, 0, 10, 9, 0, 1, 10, 9, 0, 50]);
            bytes.extend([0, 67, 0, 68]);
            bytes.extend(length(8).to_be_bytes());
            bytes.extend([0, 0]);
            bytes.extend(payload);
            tracker.packet(&Packet::dissect(Frame {
                number,
                time: Some(Time(i64::from(number) * 1_000_000_000)),
                wire_length: u32::from(length(28)),
                interface: 0,
                link: LinkType::RAW,
                bytes: &bytes,
            }));
        }
        tracker
    }

    fn leases(messages: &[Vec<u8>]) -> Vec<Lease> {
        track(messages).finish()
    }

    const GIVEN: [u8; 4] = [10, 9, 0, 50];
    const SERVER: (u8, &[u8]) = (54, &[10, 9, 0, 1]);
    const NONE: [u8; 4] = [0; 4];

    fn handout(xid: u32) -> Vec<Vec<u8>> {
        let settings = [
            (1, &[255u8, 255, 255, 0][..]),
            (3, &[10, 9, 0, 1]),
            (51, &[0, 0, 2, 88]),
        ];
        let answer = |kind: &'static [u8]| [&[(53, kind), SERVER][..], &settings].concat();
        vec![
            message(xid, NONE, NONE, &[(53, &[1]), (12, b"student")]),
            message(xid, NONE, GIVEN, &answer(&[2])),
            message(xid, NONE, NONE, &[(53, &[3]), (50, &GIVEN), SERVER]),
            message(xid, NONE, GIVEN, &answer(&[5])),
        ]
    }

    fn ip(bytes: [u8; 4]) -> Option<IpAddr> {
        stated(Some(bytes))
    }

    #[test]
    fn four_messages_are_one_lease() {
        let leases = leases(&handout(0x835d_e057));
        assert_eq!(leases.len(), 1);
        let lease = &leases[0];
        assert_eq!(lease.xid, 0x835d_e057);
        assert_eq!(lease.messages, "Discover 1, Offer 2, Request 3, ACK 4");
        assert_eq!(lease.frames, [1, 2, 3, 4]);
        assert_eq!(lease.client_mac, Some(Mac(CLIENT)));
        assert_eq!((lease.offered, lease.requested), (ip(GIVEN), ip(GIVEN)));
        assert_eq!((lease.acknowledged, lease.ack_frame), (ip(GIVEN), Some(4)));
        assert_eq!(lease.subnet_mask, ip([255, 255, 255, 0]));
        assert_eq!(lease.lease_seconds, Some(600));
        assert_eq!(lease.host_name.as_deref(), Some("student"));
        assert_eq!(lease.renewal_seconds, None);
    }

    #[test]
    fn a_release_belongs_to_the_lease_it_ends() {
        let mut messages = handout(1);
        messages.push(message(9, GIVEN, NONE, &[(53, &[7]), SERVER]));
        let leases = leases(&messages);
        assert_eq!(leases.len(), 1);
        assert_eq!(leases[0].released, ip(GIVEN));
        assert_eq!(leases[0].release_frame, Some(5));
    }

    #[test]
    fn a_refusal_gives_nothing() {
        let leases = leases(&[
            message(1, NONE, NONE, &[(53, &[3]), (50, &GIVEN)]),
            message(1, NONE, NONE, &[(53, &[6]), SERVER, (56, b"wrong network")]),
        ]);
        assert_eq!(leases[0].nak_frame, Some(2));
        assert!(leases[0].server_options.is_empty());
        assert_eq!(leases[0].acknowledged, None);
    }

    #[test]
    fn a_request_after_the_acknowledgment_renews() {
        let mut messages = handout(1);
        messages.push(Vec::new());
        messages.push(message(1, GIVEN, NONE, &[(53, &[3])]));
        messages.push(message(1, GIVEN, GIVEN, &[(53, &[5]), SERVER]));
        let leases = leases(&messages);
        assert_eq!(leases.len(), 2);
        assert_eq!(leases[1].messages, "Request 6, ACK 7");
        assert_eq!(leases[1].requested, ip(GIVEN));
    }

    #[test]
    fn silence_is_unanswered() {
        let leases = leases(&[message(1, NONE, NONE, &[(53, &[1])])]);
        assert_eq!(leases[0].ack_frame, None);
        assert_eq!(leases[0].offered, None);
    }

    #[test]
    fn the_acknowledgment_tells_the_local_network() {
        let local = track(&handout(1)).local();
        assert_eq!(local.mask, Some(Ipv4Addr::new(255, 255, 255, 0)));
        assert_eq!(local.router, Some(Ipv4Addr::new(10, 9, 0, 1)));
        assert_eq!(local.frame, 4);
    }
}
