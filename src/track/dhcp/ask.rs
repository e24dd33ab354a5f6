//! What a client asks for, by what its messages say (RFC 2131 §4.3.2): which of them belong to one
//! exchange.

use super::words::is_cut;
use crate::dissect::Packet;
use crate::dissect::dhcp::{Message, kind};
use crate::facts::dhcp::{RequestKind, stated};
use crate::track::pairs::is_group;
use std::net::{IpAddr, Ipv4Addr};

/// What a message of a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// Any server.
    Discover,
    /// An address.
    Request(Request),
    /// Other settings than an address.
    Inform,
}

/// What a Request says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// `None`: it fits none of the four kinds.
    pub(super) kind: Option<RequestKind>,
    pub(super) address: Option<IpAddr>,
    pub(super) server: Option<IpAddr>,
}

impl Ask {
    /// That of a message; of those that the capture cuts nothing is known. `offered` says that in its
    /// exchange the client looked for a server, or was made an offer.
    pub(super) fn of(message: &Message<'_>, packet: &Packet<'_>, offered: bool) -> Option<Ask> {
        match message.kind()? {
            kind::DISCOVER => Some(Ask::Discover),
            kind::INFORM => Some(Ask::Inform),
            kind::REQUEST => Some(Ask::Request(Request {
                // Some servers do not name themselves: then what takes their offer does not either.
                kind: request_kind(message, packet)
                    .filter(|kind| !offered || *kind != RequestKind::InitReboot),
                address: stated(message.address(50)).or(stated(Some(message.client))),
                server: stated(message.address(54)),
            })),
            _ => None,
        }
    }

    /// What a Request is for.
    pub(super) fn kind(self) -> Option<RequestKind> {
        match self {
            Ask::Request(request) => request.kind,
            Ask::Discover | Ask::Inform => None,
        }
    }

    /// Whether it is asked anew, in the same words, once that has been answered. A Request for a new
    /// address is not: it was sent again before its answer had come.
    pub(super) fn renews(self) -> bool {
        match self {
            Ask::Discover | Ask::Inform => true,
            Ask::Request(request) => request.extends(),
        }
    }

    /// Whether it belongs to the same exchange as what was asked last, and not answered.
    pub(super) fn goes_on_from(self, last: Ask) -> bool {
        match (last, self) {
            (Ask::Discover, Ask::Discover) | (Ask::Inform, Ask::Inform) => true,
            (Ask::Discover, Ask::Request(request)) => !request.extends(),
            (Ask::Request(last), Ask::Request(request)) => last.extends() == request.extends(),
            _ => false,
        }
    }
}

impl Request {
    /// Whether it is about the address that the client has already.
    pub(super) fn extends(self) -> bool {
        use RequestKind::{Extending, Rebinding, Renewing};
        matches!(self.kind, Some(Renewing | Rebinding | Extending))
    }
}

/// Which of the four kinds a Request is (RFC 2131 §4.3.2, table 4).
fn request_kind(message: &Message<'_>, packet: &Packet<'_>) -> Option<RequestKind> {
    if is_cut(message, packet) {
        return None;
    }
    let has = stated(Some(message.client)).is_some();
    let asks = stated(message.address(50)).is_some();
    match (message.address(54).is_some(), asks, has) {
        (true, true, false) => Some(RequestKind::Selecting),
        (false, true, false) => Some(RequestKind::InitReboot),
        (false, false, true) if stated(Some(message.relay)).is_some() => {
            Some(RequestKind::Extending)
        }
        (false, false, true) if goes_to_all(packet) => Some(RequestKind::Rebinding),
        (false, false, true) => Some(RequestKind::Renewing),
        _ => None,
    }
}

fn goes_to_all(packet: &Packet<'_>) -> bool {
    let all = IpAddr::V4(Ipv4Addr::BROADCAST);
    let group = packet.macs.is_some_and(|(to, _)| to[0] & 1 == 1);
    group
        || packet
            .ip
            .is_some_and(|ip| ip.destination == all || is_group(ip.destination))
}
