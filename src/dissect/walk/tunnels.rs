//! Packets in packets: MPLS, PPPoE, VXLAN, GTP, GRE, IP in IP.

use super::{Rest, by_version, ethernet, ppp, stop};
use crate::dissect::ethernet::EtherType;
use crate::dissect::layer::Protocol;
use crate::dissect::{Packet, Payload, Transport};

/// Goes on with the packet in a tunnel: it is the one that is told of, as in Wireshark. Which
/// hardware address carries it is not known.
pub(super) fn inside<'a>(
    packet: &mut Packet<'a>,
    rest: Rest<'a>,
    walk: impl FnOnce(&mut Packet<'a>, Rest<'a>),
) {
    if rest.depth > 4 {
        return;
    }
    if let (Some(ip), None) = (packet.ip.take(), &packet.tunnel) {
        packet.tunnel = Some((ip, packet.macs));
    }
    packet.transport = Transport::None;
    packet.payload = Payload::default();
    packet.application = None;
    packet.macs = None;
    let inner = Rest {
        depth: rest.depth + 1,
        ..rest
    };
    walk(packet, inner);
    packet.macs = None;
}

/// MPLS (RFC 3032): labels of four bytes until one says it is the last, then a packet.
pub(super) fn mpls<'a>(packet: &mut Packet<'a>, rest: Rest<'a>) {
    packet.layers.push(rest.layer(Protocol::Other, "mpls"));
    let view = rest.view();
    for label in 0..16 {
        let Some(last) = view.u8(label * 4 + 2) else {
            return stop(packet, rest.missing(label * 4 + 4));
        };
        if last & 1 == 1 {
            // A first nibble that is no IP version begins something else: 0 a control word before
            // an Ethernet frame (RFC 4385).
            let inner = rest.after(label * 4 + 4);
            return match inner.bytes().first().map(|b| b >> 4) {
                Some(0) => inside(packet, inner.after(4), ethernet),
                Some(1) | None => {}
                Some(4 | 6) => inside(packet, inner, by_version),
                Some(_) => {
                    packet.layers.push(inner.layer(Protocol::Data, "data"));
                }
            };
        }
    }
}

/// PPP over Ethernet (RFC 2516): six bytes, then PPP without its framing.
pub(super) fn pppoe<'a>(packet: &mut Packet<'a>, rest: Rest<'a>) {
    packet.layers.push(rest.layer(Protocol::Other, "pppoes"));
    let Some(length) = rest.view().u16(4) else {
        return stop(packet, rest.missing(6));
    };
    inside(packet, rest.after(6).limit(usize::from(length)), ppp);
}

/// VXLAN (RFC 7348): eight bytes, then an Ethernet frame.
pub(super) fn vxlan<'a>(packet: &mut Packet<'a>, rest: Rest<'a>) {
    packet.layers.push(rest.layer(Protocol::Other, "vxlan"));
    if rest.bytes().len() < 8 {
        return stop(packet, rest.missing(8));
    }
    inside(packet, rest.after(8), ethernet);
}

/// GTP version 1, user plane (3GPP TS 29.281 §5): a packet behind a header of 8 bytes or more.
pub(super) fn gtp<'a>(packet: &mut Packet<'a>, rest: Rest<'a>) {
    packet.layers.push(rest.layer(Protocol::Other, "gtp"));
    let view = rest.view();
    let Some(flags) = view.u8(0) else { return };
    let user_packet = flags >> 4 == 3 && view.u8(1) == Some(255);
    // Extension headers (bit 4) are not followed.
    if !user_packet || flags & 4 != 0 {
        return;
    }
    let header = if flags & 3 == 0 { 8 } else { 12 };
    if rest.bytes().len() > header {
        inside(packet, rest.after(header), by_version);
    }
}

/// GRE (RFC 2784, RFC 2890): flags, an EtherType, and up to three optional words.
pub(super) fn gre<'a>(packet: &mut Packet<'a>, rest: Rest<'a>) {
    packet.layers.push(rest.layer(Protocol::Other, "gre"));
    let view = rest.view();
    let (Some(flags), Some(number)) = (view.u16(0), view.u16(2)) else {
        return stop(packet, rest.missing(4));
    };
    let words = (flags & 0xb000).count_ones() as usize;
    let header = 4 + words * 4;
    // Routing and version 1 (PPTP) have another form.
    if flags & 0x4007 != 0 || rest.bytes().len() <= header {
        return;
    }
    match EtherType(number) {
        EtherType::IPV4 | EtherType::IPV6 => inside(packet, rest.after(header), by_version),
        EtherType(0x6558) => inside(packet, rest.after(header), ethernet),
        _ => {}
    }
}
