//! Which question a datagram asks or answers, where its protocol numbers them: DHCP and DNS.

use super::Open;
use crate::dissect::dhcp::{self, kind};
use foldhash::fast::FixedState;
use std::hash::BuildHasher;

/// A transaction of DHCP: flow, number, and the client where the flow may be that of several.
pub(super) type Transaction = (u32, u32, [u8; 16]);

/// What a message of DHCP is to its transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Asks,
    Answers,
    /// Nothing is sent back to it (RFC 2131 §4.3.3, §4.3.4).
    Ends,
}

/// The transaction of a message in a flow of DHCP, and what it is to it.
pub(super) fn transaction(flow: &Open, stream: u32, payload: &[u8]) -> (Transaction, Part) {
    let Some(message) = dhcp::Message::parse(payload) else {
        return ((stream, 0, [0; 16]), Part::Asks);
    };
    let part = match message.kind() {
        Some(kind::DECLINE | kind::RELEASE) => Part::Ends,
        _ if message.operation == 2 => Part::Answers,
        _ => Part::Asks,
    };
    // Only a relay's flow carries the messages of several clients, and what answers a lease query
    // names the client of the lease, not the one that asks (RFC 4388 §6.1).
    let several = flow.ends[0].1 == flow.ends[1].1;
    let names_client = matches!(message.kind(), Some(kind::DISCOVER..=kind::INFORM));
    let client = if several && names_client {
        message.hardware
    } else {
        [0; 16]
    };
    ((stream, message.xid, client), part)
}

/// A message of DNS in a flow: its number and what it asks for, mixed; 0 where that is not there.
pub(super) type Question = (u32, u16, u32);

/// The question of a message of DNS, and whether it answers one.
pub(super) fn question(stream: u32, payload: &[u8]) -> Option<(Question, Part)> {
    let [high, low, flags, _, 0, count, ..] = *payload.first_chunk::<6>()? else {
        return None;
    };
    let rest = payload.get(12..).unwrap_or_default();
    let name = rest.iter().position(|b| *b == 0);
    let asked = name
        .and_then(|end| rest.get(..end + 5))
        .filter(|_| count > 0);
    // Some clients mix capitals into a name (0x20), and some servers do not keep them.
    let mixed = asked.map_or(0, |asked| {
        let hash = FixedState::default().hash_one(asked.to_ascii_lowercase());
        u32::try_from(hash >> 32).unwrap_or_default() | 1
    });
    let part = if flags & 0x80 == 0 {
        Part::Asks
    } else {
        Part::Answers
    };
    Some(((stream, u16::from_be_bytes([high, low]), mixed), part))
}
