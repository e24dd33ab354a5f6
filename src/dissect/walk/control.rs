//! The messages that control IP, and the packets that their errors quote.

use super::{Rest, by_version, ipv4, payload, stop};
use crate::dissect::layer::Protocol;
use crate::dissect::{Message, Packet, Stop, Transport, icmp, icmpv6};

/// ICMP and ICMPv6, and the packet that an error quotes.
pub(super) fn control<'a>(packet: &mut Packet<'a>, rest: Rest<'a>, v6: bool) {
    let (protocol, name) = if v6 {
        (Protocol::Icmpv6, "icmpv6")
    } else {
        (Protocol::Icmp, "icmp")
    };
    packet.layers.push(rest.layer(protocol, name));
    let view = rest.view();
    let (Some(kind), Some(code)) = (view.u8(0), view.u8(1)) else {
        return stop(packet, rest.missing(8));
    };
    let echo = if v6 {
        matches!(kind, 128 | 129)
    } else {
        matches!(kind, 0 | 8)
    };
    if !rest.quoted {
        let number = |at| {
            if echo {
                view.u16(at).unwrap_or_default()
            } else {
                0
            }
        };
        let message = Message {
            kind,
            code,
            identifier: number(4),
            sequence: number(6),
        };
        packet.transport = if v6 {
            Transport::Icmpv6(message)
        } else {
            Transport::Icmp(message)
        };
        packet.payload = payload(&rest.after(8));
    }
    let quotes = if v6 {
        icmpv6::quotes(kind)
    } else {
        icmp::quotes(kind)
    };
    let inner = Rest {
        quoted: true,
        depth: rest.depth + 1,
        ..rest.after(8)
    };
    if rest.bytes().len() < 8 {
        stop(packet, rest.missing(8));
    } else if quotes && rest.reported > 8 && inner.depth <= 3 {
        match v6 {
            // All of what is quoted was cut: Wireshark names an IPv4 header all the same.
            false if inner.bytes().is_empty() => ipv4(packet, inner),
            true if inner.bytes().is_empty() => stop(packet, Stop::Snapped),
            _ => by_version(packet, inner),
        }
    } else if echo && rest.reported > 8 {
        let stamp = if v6 {
            0
        } else {
            icmp::time_stamp(&rest.after(8).view(), packet.frame.time).map_or(0, |found| found.0)
        };
        let data = rest.after(8 + stamp);
        if data.reported > 0 {
            packet.layers.push(data.layer(Protocol::Data, "data"));
        }
    }
}
