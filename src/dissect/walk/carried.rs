//! What protocols carry that are only named: bytes that nobody claims begin there.

use super::Rest;
use crate::dissect::layer::Protocol;
use crate::dissect::{Packet, outline};

/// A datagram of a protocol that is not decoded, and what it carries.
pub(super) fn only_named(packet: &mut Packet<'_>, above: &Rest<'_>, name: &'static str) {
    packet.layers.push(above.layer(Protocol::Other, name));
    let mut names = outline::Names::new();
    let data = outline::udp(name, above.bytes(), &mut names);
    for name in names {
        packet.layers.push(above.layer(Protocol::Other, name));
    }
    if let Some(data) = data {
        let part = above.after(data.start).limit(data.len());
        packet.layers.push(part.layer(Protocol::Data, "data"));
    }
}

/// Ethernet's configuration test: how many bytes to skip, then a reply with a number and data, or
/// an address to forward to.
pub(super) fn configuration_test(packet: &mut Packet<'_>, rest: Rest<'_>) {
    let view = rest.view();
    let Some(skipped) = view.u16(0).map(u16::swap_bytes) else {
        return;
    };
    let mut at = 2 + usize::from(skipped);
    // Stations that forward it, each with its address; more would not fit into a frame.
    for _ in 0..200 {
        match view.u16(at).map(u16::swap_bytes) {
            Some(2) => at += 8,
            Some(1) => {
                let data = rest.after(at + 4);
                if data.reported > 0 {
                    packet.layers.push(data.layer(Protocol::Data, "data"));
                }
                return;
            }
            _ => return,
        }
    }
}

/// SCTP (RFC 9260): chunks behind a header of twelve bytes; data of no known kind, between ports
/// that say nothing, is nobody's.
pub(super) fn sctp(packet: &mut Packet<'_>, rest: Rest<'_>) {
    let view = rest.view();
    let (Some(source), Some(destination)) = (view.u16(0), view.u16(2)) else {
        return;
    };
    let known = [source, destination]
        .iter()
        .any(|port| PORTS.contains(port));
    let mut at = 12;
    while let (Some(kind), Some(flags), Some(length)) =
        (view.u8(at), view.u8(at + 1), view.u16(at + 2))
    {
        let length = usize::from(length);
        // Unfragmented data: a message begins and ends in the chunk.
        if kind == 0 && flags & 3 == 3 && length > 16 {
            let kind = view.u32(at + 12).unwrap_or(0);
            if !known && !(1..=KINDS).contains(&kind) {
                let data = rest.after(at + 16).limit(length - 16);
                packet.layers.push(data.layer(Protocol::Data, "data"));
            }
        }
        at += length.max(4).next_multiple_of(4);
    }
}

/// The highest number of a kind of payload that has been given out.
const KINDS: u32 = 73;

/// SCTP ports that Wireshark gives to a protocol (`tshark -G decodes` of 4.0.17).
const PORTS: &[u16] = &[
    22, 53, 80, 324, 443, 465, 636, 802, 853, 993, 995, 1300, 2221, 2345, 2443, 2904, 2905, 2944,
    3249, 3250, 3251, 3252, 3496, 3565, 3863, 3868, 4739, 5061, 5671, 5675, 5684, 5868, 8883, 9082,
    9900, 9901, 9908, 10001, 11207, 14001, 19999, 21064, 27017, 29118, 29168, 29169, 36412, 36422,
    36443, 36444, 37464, 38412, 38422, 38462, 38472,
];
