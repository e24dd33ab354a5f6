//! Addresses that were given to a second client while the first one's lease still ran.

use super::transaction::Transaction;
use crate::capture::Time;
use crate::facts::Mac;
use crate::facts::dhcp::Lease;
use std::collections::HashMap;
use std::net::IpAddr;

/// Who was given an address, by whom, and in which frame.
pub(crate) type Gift = (Mac, Option<IpAddr>, u32);

/// An address that two clients were given.
pub(crate) struct GivenTwice {
    /// The address.
    pub(crate) address: IpAddr,
    /// The one and the other.
    pub(crate) gifts: [Gift; 2],
    /// For how many seconds it was the first one's.
    pub(crate) seconds: u32,
    /// Nanoseconds from the first time to the second.
    pub(crate) after: i64,
}

/// An address in a virtual LAN.
type Place = (Option<u16>, IpAddr);

/// Who holds an address.
struct Holder<'t> {
    gift: Gift,
    client: &'t Transaction,
    since: Time,
    seconds: u32,
}

impl Holder<'_> {
    /// Whether its lease still runs; the largest number of seconds stands for always (RFC 2131 §3.3).
    fn holds(&self, now: Time) -> bool {
        let lease = i64::from(self.seconds).saturating_mul(1_000_000_000);
        (0..lease).contains(&now.since(self.since)) || self.seconds == u32::MAX
    }
}

/// All of them, by the transactions and what is told of them.
pub(super) fn find(list: &[Transaction], leases: &[Lease]) -> Vec<GivenTwice> {
    let mut all: Vec<(&Transaction, &Lease)> = list.iter().zip(leases).collect();
    // A client may begin before another one and be served after it.
    all.sort_by_key(|(_, lease)| lease.ack_frame.or(lease.frames.first().copied()));
    let mut holders: HashMap<Place, Holder<'_>> = HashMap::new();
    // What each card holds.
    let mut held: HashMap<[u8; 16], Place> = HashMap::new();
    let mut found = Vec::new();
    for (client, lease) in all {
        let vlan = client.vlan;
        let own = |holder: &Holder<'_>| holder.client.is_same(client);
        // What is given back, refused, or left for another address is free.
        let given_up = [lease.released, lease.declined];
        let refused = lease.requested.filter(|_| lease.ack_frame.is_none());
        let refused = refused.filter(|_| lease.nak_frame.is_some());
        for address in given_up.into_iter().chain([refused]).flatten() {
            let place = (vlan, address);
            if holders.get(&place).is_some_and(own) {
                holders.remove(&place);
            }
        }
        let (Some(address), Some(mac), Some(frame), Some(since)) = (
            lease.acknowledged.filter(|_| lease.inform_frame.is_none()),
            lease.client_mac,
            lease.ack_frame,
            client.acknowledged_at(lease.ack_frame),
        ) else {
            continue;
        };
        let place = (vlan, address);
        if let Some(before) = held.insert(client.hardware, place)
            && holders.get(&before).is_some_and(own)
        {
            holders.remove(&before);
        }
        let Some(seconds) = lease
            .lease_seconds
            .filter(|_| lease.decline_frame.is_none())
        else {
            continue;
        };
        let gift = (mac, lease.server, frame);
        let holder = Holder {
            gift,
            client,
            since,
            seconds,
        };
        if let Some(first) = holders.insert(place, holder)
            && first.holds(since)
            && !first.client.is_same(client)
        {
            found.push(GivenTwice {
                address,
                gifts: [first.gift, gift],
                seconds: first.seconds,
                after: since.since(first.since),
            });
        }
    }
    found
}
