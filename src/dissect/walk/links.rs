//! Link layers besides Ethernet, as far as to the packet in them.

use super::carried::only_named;
use super::{Rest, ether_type, ipv4, ipv6, stop};
use crate::dissect::layer::Protocol;
use crate::dissect::{Packet, cooked, named, outline};

/// ARCNET as Linux records it (RFC 1201): addresses, offset, protocol, fragmentation header.
pub(super) fn arcnet<'a>(packet: &mut Packet<'a>, rest: Rest<'a>) {
    packet.layers.push(rest.layer(Protocol::Other, "arcnet"));
    match rest.view().array::<8>(0) {
        Some([_, _, _, _, 212, ..]) => ipv4(packet, rest.after(8)),
        Some([_, _, _, _, 213 | 214, ..]) => {
            packet
                .layers
                .push(rest.after(8).layer(Protocol::Arp, "arp"));
        }
        Some(_) => {}
        None => stop(packet, rest.missing(8)),
    }
}

/// A frame of a controller area network, as Linux records it: identifier and flags, length, data.
pub(super) fn can<'a>(packet: &mut Packet<'a>, rest: Rest<'a>, read: fn([u8; 4]) -> u32) {
    packet.layers.push(rest.layer(Protocol::Other, "can"));
    let (Some(identifier), Some(length)) = (rest.view().array(0).map(read), rest.view().u8(4))
    else {
        return stop(packet, rest.missing(8));
    };
    let error = identifier & 0x2000_0000 != 0;
    if length == 0 || error {
        return;
    }
    let long = identifier & 0x8000_0000 != 0;
    let number = identifier & if long { 0x1fff_ffff } else { 0x7ff };
    let data = rest.after(8).limit(usize::from(length));
    let asked = identifier & 0x4000_0000 != 0;
    packet.layers.push(match number {
        0 if !asked => data.layer(Protocol::Other, "autosar-nm"),
        _ => data.layer(Protocol::Data, "data"),
    });
}

/// Cisco HDLC: address, control, EtherType.
pub(super) fn cisco_hdlc<'a>(packet: &mut Packet<'a>, rest: Rest<'a>) {
    packet.layers.push(rest.layer(Protocol::Other, "chdlc"));
    match rest.view().u16(2) {
        // Wireshark looks for other EtherTypes in vain.
        Some(number @ (0x0800 | 0x86dd | 0x8847 | 0x8848)) => {
            ether_type(packet, rest.after(4), number);
        }
        Some(_) => {
            packet
                .layers
                .push(rest.after(4).layer(Protocol::Data, "data"));
        }
        None => stop(packet, rest.missing(4)),
    }
}

/// FDDI (ANSI X3.139): frame control, two addresses, LLC.
pub(super) fn fddi<'a>(packet: &mut Packet<'a>, rest: Rest<'a>) {
    packet.layers.push(rest.layer(Protocol::Other, "fddi"));
    if rest.bytes().len() < 13 {
        return stop(packet, rest.missing(13));
    }
    llc(packet, rest.after(13));
}

pub(super) fn sll<'a>(packet: &mut Packet<'a>, rest: Rest<'a>, version2: bool) {
    packet
        .layers
        .push(rest.layer(Protocol::Sll, if version2 { "sll2" } else { "sll" }));
    let header = if version2 {
        cooked::SLL2_LENGTH
    } else {
        cooked::SLL_LENGTH
    };
    let (Some(number), true) = (
        cooked::protocol(&rest.view(), version2),
        rest.bytes().len() >= header,
    ) else {
        return stop(packet, rest.missing(header));
    };
    match number {
        4 => llc(packet, rest.after(header)),
        0x000c => can(packet, rest.after(header), u32::from_le_bytes),
        0..=1500 => {
            packet
                .layers
                .push(rest.after(header).layer(Protocol::Data, "data"));
        }
        _ => ether_type(packet, rest.after(header), number),
    }
}

pub(super) fn null<'a>(packet: &mut Packet<'a>, rest: Rest<'a>) {
    packet.layers.push(rest.layer(Protocol::Null, "null"));
    match cooked::null::family(&rest.view()) {
        Some(2) => ipv4(packet, rest.after(4)),
        Some(10 | 23 | 24 | 28 | 30) => ipv6(packet, rest.after(4)),
        Some(_) => {
            packet
                .layers
                .push(rest.after(4).layer(Protocol::Data, "data"));
        }
        None => stop(packet, rest.missing(4)),
    }
}

pub(super) fn ppp<'a>(packet: &mut Packet<'a>, rest: Rest<'a>) {
    packet.layers.push(rest.layer(Protocol::Ppp, "ppp"));
    match cooked::ppp::protocol(&rest.view()) {
        Some((_, 0x0021, header)) => ipv4(packet, rest.after(header)),
        Some((_, 0x0057, header)) => ipv6(packet, rest.after(header)),
        Some((_, number, header)) => {
            let after = rest.after(header);
            packet.layers.push(match named::by_ppp(number) {
                Some(name) => after.layer(Protocol::Other, name),
                None => after.layer(Protocol::Data, "data"),
            });
        }
        None => stop(packet, rest.missing(2)),
    }
}

/// Cisco's number as an organisation, in SNAP.
const CISCO: [u8; 3] = [0, 0, 0x0c];

/// 802.2: two service access points, control, and what is behind.
pub(super) fn llc<'a>(packet: &mut Packet<'a>, rest: Rest<'a>) {
    // Novell's raw 802.3 has no LLC header: IPX begins with 0xffff.
    if rest.bytes().starts_with(&[0xff, 0xff]) {
        packet.layers.push(rest.layer(Protocol::Other, "ipx"));
        return;
    }
    packet.layers.push(rest.layer(Protocol::Llc, "llc"));
    let view = rest.view();
    match (view.u16(0), view.u8(2), view.array::<3>(3), view.u16(6)) {
        (Some(0xaaaa), Some(3), Some([0, 0, 0] | [0, 0, 0xf8]), Some(number)) if number > 1500 => {
            ether_type(packet, rest.after(8), number);
        }
        (Some(0xaaaa), Some(3), Some(CISCO), Some(0x2000)) => {
            packet
                .layers
                .push(rest.after(8).layer(Protocol::Cdp, "cdp"));
        }
        (Some(0xf0f0), Some(control), _, _) => {
            // Numbered frames have two bytes of control.
            let header = if control & 3 == 3 { 3 } else { 4 };
            let mut names = outline::Names::new();
            outline::netbios(rest.after(header).bytes(), &mut names);
            for name in names {
                packet.layers.push(rest.layer(Protocol::Other, name));
            }
        }
        (Some(0x0606), Some(3), _, _) => ipv4(packet, rest.after(3)),
        (Some(0x4242), Some(3), _, _) => {
            packet
                .layers
                .push(rest.after(3).layer(Protocol::Stp, "stp"));
        }
        (None, ..) => stop(packet, rest.missing(3)),
        (Some(points), Some(control), _, _) => {
            let [destination, source] = points.to_be_bytes();
            let after = rest.after(if control & 3 == 3 { 3 } else { 4 });
            if after.reported == 0 {
                return;
            }
            match named::by_access_point(destination).or_else(|| named::by_access_point(source)) {
                Some(name) => only_named(packet, &after, name),
                // Unnumbered frames with information, and numbered ones.
                None if points != 0xaaaa && (control == 3 || control & 1 == 0) => {
                    packet.layers.push(after.layer(Protocol::Data, "data"));
                }
                None => {}
            }
        }
        _ => {}
    }
}
