//! Which question a datagram of DHCP asks or answers: they are numbered.

use super::Open;
use crate::dissect::dhcp::{self, kind};

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
