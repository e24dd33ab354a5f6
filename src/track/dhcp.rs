//! DHCP over time: messages of one transaction (xid and client) made into one record.
//!
//! What counts is what the chosen server said: the one that the client's request names (RFC 2131
//! §4.3.2), or else whose acknowledgment came, or else whose offer came first. A release or
//! decline has a transaction of its own. Each renewal is a record of its own, also with the number of
//! the first Request: what a Request says tells which it is (RFC 2131 §4.3.2), not the time.

mod ask;
mod stated;
mod transaction;
mod twice;
mod unanswered;
mod untaken;
mod words;

use super::arp::Binding;
use super::pairs::Local;
use crate::dissect::Packet;
use crate::dissect::dhcp::{Message, kind};
use crate::facts::dhcp::{DhcpMessage, Lease, RequestKind, stated};
use crate::facts::{Mac, Moment};
use crate::track::room::Room;
use ask::Ask;
pub(crate) use stated::{Stated, What};
use std::collections::HashMap;
use std::net::IpAddr;
use transaction::Transaction;
pub(crate) use twice::GivenTwice;
pub(super) use unanswered::Unanswered;
pub(super) use untaken::Untaken;
use words::{clipped, is_cut, name, options};

/// Most transactions kept.
const MOST: usize = 65_536;
/// Most messages kept of one transaction: a storm is told by its first.
const MOST_MESSAGES: usize = 64;
/// How many transactions back a copy is looked for.
const LAST: usize = 64;

/// All transactions.
#[derive(Default)]
pub struct Leases {
    list: Vec<Transaction>,
    /// The newest record of each transaction and client.
    places: HashMap<(u32, [u8; 16]), usize>,
    messages: Vec<DhcpMessage>,
    local: Local,
    stated: Vec<Stated>,
    /// Messages past what is kept.
    pub overflow: u64,
}

impl Leases {
    /// Takes in one message; `copy_of` is the earlier frame that held the same packet: it was sent
    /// once.
    pub fn packet(&mut self, packet: &Packet<'_>, copy_of: Option<u32>) {
        let Some(message) = Message::parse(packet.payload_bytes()) else {
            return;
        };
        let frame = packet.frame.number;
        let cut = is_cut(&message, packet);
        let newest = self.places.get(&(message.xid, message.hardware));
        let offered = newest.is_some_and(|place| self.list[*place].is_offered());
        let ask = Ask::of(&message, packet, offered);
        self.tell(&message, packet, ask);
        if self.stated.has_room(MOST) {
            self.stated.extend(Stated::of(&message, packet));
        }
        if let Some(original) = copy_of {
            return self.once_more(&message, original, frame);
        }
        let Some(place) = self.place(&message, packet, ask) else {
            self.overflow += 1;
            return;
        };
        let transaction = &mut self.list[place];
        let lease = &mut transaction.lease;
        if lease.frames.has_room(MOST_MESSAGES) {
            // What a relay passed on is in the capture once more where both its sides were recorded.
            let relayed = stated(Some(message.relay)).map_or("", |_| " (relayed)");
            let kind = match ask.and_then(Ask::kind) {
                // What follows an Offer needs no word.
                None | Some(RequestKind::Selecting) => String::new(),
                Some(kind) => format!(" ({kind})"),
            };
            let told = format!("{} {frame}{kind}{relayed}", name(&message, cut));
            lease.messages.push(told);
            lease.frames.push(frame);
        } else {
            self.overflow += 1;
        }
        lease.relay = lease.relay.or(stated(Some(message.relay)));
        lease.options_cut |= cut;
        if message.operation == 1 {
            if !transaction.ended {
                lease.client_options = options(&message).join("; ");
            }
            if let Some(name) = message.option(12) {
                lease.host_name = Some(clipped(String::from_utf8_lossy(name).into_owned()));
            }
        }
        transaction.take(&message, packet, ask);
        if message.kind() == Some(kind::ACK) && self.local.mask.is_none() {
            self.local = Local {
                mask: message.address(1).map(Into::into),
                router: message.addresses(3).first().map(|a| (*a).into()),
                frame,
            };
        }
    }

    /// Adds a copy to the frames of its transaction, one of the last.
    fn once_more(&mut self, message: &Message<'_>, original: u32, frame: u32) {
        let holds = |place: &usize| self.list[*place].lease.frames.contains(&original);
        let known = self.places.get(&(message.xid, message.hardware)).copied();
        let own = known.filter(holds);
        let own = own.or_else(|| (0..self.list.len()).rev().take(LAST).find(holds));
        match own.and_then(|place| self.list.get_mut(place)) {
            Some(own) if own.lease.frames.has_room(MOST_MESSAGES) => own.lease.frames.push(frame),
            _ => self.overflow += 1,
        }
    }

    fn tell(&mut self, message: &Message<'_>, packet: &Packet<'_>, ask: Option<Ask>) {
        if !self.messages.has_room(MOST) {
            return;
        }
        self.messages.push(DhcpMessage {
            frame: packet.frame.number,
            time: packet.frame.time.map(|t| Moment(t.0)),
            xid: message.xid,
            kind: name(message, is_cut(message, packet)).to_owned(),
            request_kind: ask.and_then(Ask::kind),
            client_mac: message.mac().map(Mac),
            address: stated(Some(message.yours))
                .or(stated(message.address(50)))
                .or(stated(Some(message.client))),
            server: stated(message.address(54)),
            options: options(message),
        });
    }

    /// The record of the transaction a message belongs to, or a new one while there is room.
    fn place(
        &mut self,
        message: &Message<'_>,
        packet: &Packet<'_>,
        ask: Option<Ask>,
    ) -> Option<usize> {
        let key = (message.xid, message.hardware);
        let alone = matches!(message.kind(), Some(kind::RELEASE | kind::DECLINE));
        if let Some(&place) = self.places.get(&key).filter(|_| !alone) {
            let again = ask.is_some_and(|ask| self.list[place].is_over(ask));
            if !again {
                return Some(place);
            }
        }
        if !self.list.has_room(MOST) {
            return None;
        }
        let place = self.list.len();
        self.list.push(Transaction::new(message, packet));
        if !alone {
            self.places.insert(key, place);
        }
        Some(place)
    }

    /// What the first ACK said of the local network.
    pub fn local(&self) -> Local {
        self.local
    }

    /// Whose hardware addresses the messages tell, in order.
    pub fn stated(&self) -> &[Stated] {
        &self.stated
    }

    /// The messages in order.
    pub fn messages(&self) -> &[DhcpMessage] {
        &self.messages
    }

    /// The transactions in order, as they stand.
    pub fn leases(&self) -> Vec<Lease> {
        // Who was given what, so that an offer is not called vain that was taken up later.
        let mut given: HashMap<([u8; 16], IpAddr), u32> = HashMap::new();
        for transaction in &self.list {
            let lease = transaction.settled();
            if let (Some(address), Some(frame)) = (lease.acknowledged, lease.ack_frame) {
                given
                    .entry((transaction.hardware, address))
                    .or_insert(frame);
            }
        }
        // Which server gave it last.
        let mut givers: HashMap<([u8; 16], IpAddr), IpAddr> = HashMap::new();
        let mut leases = Vec::with_capacity(self.list.len());
        for transaction in &self.list {
            let mut lease = transaction.settled();
            let acknowledged = lease.acknowledged.filter(|_| lease.inform_frame.is_none());
            if let (Some(address), Some(server)) = (acknowledged, lease.server) {
                let before = givers.insert((transaction.hardware, address), server);
                lease.earlier_server = before.filter(|before| *before != server);
            }
            if let (None, Some(address)) = (lease.ack_frame, lease.offered) {
                lease.obtained_frame = given.get(&(transaction.hardware, address)).copied();
            }
            leases.push(lease);
        }
        self.decline(&mut leases);
        leases
    }

    /// Whether the requests of a transaction ask for different things.
    pub(super) fn is_mixed(&self, place: usize) -> bool {
        self.list.get(place).is_some_and(|t| t.mixed)
    }

    /// What clients asked again and no server answered.
    pub(super) fn unanswered(&self) -> Vec<Unanswered> {
        unanswered::find(&self.list)
    }

    /// Clients that were offered addresses and asked for none.
    pub(super) fn untaken(&self) -> Vec<Untaken> {
        untaken::find(&self.list)
    }

    /// Addresses that two clients were given at once; `leases` are all of them.
    pub(super) fn given_twice(&self, leases: &[Lease]) -> Vec<GivenTwice> {
        twice::find(&self.list, leases)
    }

    /// Ties what was declined to what gave it: a Decline may have a number of its own, but names
    /// the address (RFC 2131 §4.4.4).
    fn decline(&self, leases: &mut [Lease]) {
        // The newest row that gave each client an address.
        let mut newest: HashMap<([u8; 16], IpAddr), usize> = HashMap::new();
        for (place, transaction) in self.list.iter().enumerate() {
            let lease = &leases[place];
            if let (Some(address), None) = (lease.acknowledged, lease.inform_frame) {
                newest.insert((transaction.hardware, address), place);
            }
            let (Some(address), Some(frame)) = (lease.declined, lease.decline_frame) else {
                continue;
            };
            let Some(given) = newest.get(&(transaction.hardware, address)) else {
                continue;
            };
            let ack = leases[*given].ack_frame.filter(|ack| *ack < frame);
            if ack.is_some() {
                leases[*given].decline_frame.get_or_insert(frame);
                leases[place].obtained_frame = ack;
            }
        }
    }
}

/// Adds who else said that it has a declined address.
pub(super) fn conflicts(leases: &mut [Lease], bindings: &[Binding]) {
    // Of what many cards claim, the first few.
    const MOST: usize = 16;
    if leases.iter().all(|lease| lease.decline_frame.is_none()) {
        return;
    }
    let mut claims: HashMap<IpAddr, Vec<&Binding>> = HashMap::new();
    for binding in bindings {
        let known = claims.entry(binding.address).or_default();
        if known.has_room(MOST) {
            known.push(binding);
        }
    }
    for lease in leases {
        let address = lease.declined.or(lease.acknowledged);
        let (Some(address), Some(frame)) = (address, lease.decline_frame) else {
            continue;
        };
        let known = claims.get(&address).into_iter().flatten();
        let others = known.filter(|b| Some(b.mac) != lease.client_mac && b.frame < frame);
        if let Some(other) = others.max_by_key(|b| b.frame) {
            lease.conflict_frame = Some(other.frame);
            lease.conflict_mac = Some(other.mac);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::{Frame, LinkType, Time};
    use std::net::Ipv4Addr;

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
            tracker.packet(
                &Packet::dissect(Frame {
                    number,
                    time: Some(Time(i64::from(number) * 1_000_000_000)),
                    wire_length: u32::from(length(28)),
                    interface: 0,
                    link: LinkType::RAW,
                    bytes: &bytes,
                }),
                None,
            );
        }
        tracker
    }

    fn leases(messages: &[Vec<u8>]) -> Vec<Lease> {
        track(messages).leases()
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
        assert_eq!(
            lease.messages,
            ["Discover 1", "Offer 2", "Request 3", "ACK 4"]
        );
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
    fn a_release_is_a_transaction_of_its_own() {
        let mut messages = handout(1);
        messages.push(message(9, GIVEN, NONE, &[(53, &[7]), SERVER]));
        let leases = leases(&messages);
        assert_eq!(leases.len(), 2);
        assert_eq!((leases[0].released, leases[0].release_frame), (None, None));
        assert_eq!(leases[1].xid, 9);
        assert_eq!(leases[1].released, ip(GIVEN));
        assert_eq!(leases[1].release_frame, Some(5));
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
        assert_eq!(leases[1].messages, ["Request 6 (renewing)", "ACK 7"]);
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
