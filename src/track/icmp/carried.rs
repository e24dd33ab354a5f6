//! What echoes carry: whether a reply brings back what its request did.

use crate::dissect::layer::Protocol;
use crate::dissect::{Ip, Packet, Transport, as_u32};
use crate::facts::icmp::Echoed;
use foldhash::fast::FixedState;
use std::hash::BuildHasher;

/// The checksum of a message; of a reply, what it would be were it a request.
pub(super) fn sum(packet: &Packet<'_>, reply: bool) -> Option<u16> {
    let v6 = matches!(packet.transport, Transport::Icmpv6(_));
    let protocol = if v6 { Protocol::Icmpv6 } else { Protocol::Icmp };
    let sum = packet.view(packet.layers.find(protocol)?).u16(2)?;
    // The types stand in the upper bytes of the first words that are added up.
    let added: u16 = match (reply, v6) {
        (false, _) => return Some(sum),
        (true, false) => 0x0800,
        (true, true) => !0x0100,
    };
    let (folded, carry) = (!sum).overflowing_add(added);
    Some(!(folded + u16::from(carry)))
}

/// What an echo carries.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Carried {
    /// How many bytes, and how many of these were captured; fragments alone do not tell.
    bytes: Option<u32>,
    captured: u32,
    /// Those that were captured, mixed.
    mixed: u64,
}

impl Carried {
    pub(super) fn of(packet: &Packet<'_>, ip: &Ip) -> Carried {
        let part = ip.is_fragment() && packet.datagram.is_none();
        let bytes = packet.payload_bytes();
        Carried {
            bytes: Some(packet.payload.reported).filter(|_| !part),
            captured: as_u32(bytes.len()),
            mixed: FixedState::default().hash_one(bytes),
        }
    }

    /// What a reply brings back of it, as far as the capture tells.
    pub(super) fn echoed(&self, reply: &Carried) -> Option<Echoed> {
        let (asked, answered) = (self.bytes?, reply.bytes?);
        if asked != answered {
            return Some(Echoed::Length);
        }
        if self.captured != reply.captured {
            return None;
        }
        match self.mixed == reply.mixed {
            false => Some(Echoed::Changed),
            true => (self.captured == asked).then_some(Echoed::Same),
        }
    }
}
