//! ARP, and the table of neighbours that results.

use super::{Absent, Frames, Mac, Milliseconds, Moment};
use std::net::IpAddr;

crate::states! {
    "What an ARP packet is for." ArpKind {
        Request "request" "Asks who has an address.";
        Gratuitous "gratuitous" "Tells everybody its own address.";
        Probe "probe" "Asks, before using an address, whether somebody has it.";
        Reply "reply" "A reply that stands in no request's row: nobody asked in this capture, or another reply had answered before.";
    }
}

fn no_reply(a: &Arp) -> Absent {
    match a.kind {
        ArpKind::Request => Absent::untold("no reply is in the capture"),
        ArpKind::Probe => Absent::never("nobody claimed the address, as is hoped for"),
        ArpKind::Gratuitous | ArpKind::Reply => Absent::inapplicable("it asks nothing"),
    }
}

crate::fact! {
    "One ARP request, reply or announcement, with what came of it."
    Arp "arp" "arp" by [frame] {
        frame: u32, "Frame of the request, or of the reply when it answers none in the capture.";
        time: Option<Moment>, "When it was seen." absent |_| Absent::untold("the frame has no time");
        kind: ArpKind, "What it is for.";
        sender: IpAddr, "Address of the sender.";
        sender_mac: Mac, "Hardware address of the sender.";
        asked: IpAddr, "Address asked for.";
        reply_frame: Option<u32>, "Frame of the reply." absent no_reply;
        reply_mac: Option<Mac>, "Hardware address the reply gives." by [reply_frame] absent no_reply;
        reply_time_ms: Option<Milliseconds>, "From the request to the reply." by [frame, reply_frame] absent |a: &Arp| if a.reply_frame.is_some() { Absent::clock() } else { no_reply(a) };
        conflict_frame: Option<u32>, "Frame in which another hardware address claimed the same address." absent |_| Absent::never("no other hardware address claimed it");
        frames: Frames, "The frames this rests on." by [frames];
    }
}

crate::fact! {
    "Which hardware address belongs to which address, as ARP and (for IPv6) neighbour discovery in the capture say; where several claim an address, a host may have kept another."
    Neighbour "arp_table" "neighbour" by [frame] {
        address: IpAddr, "Protocol address.";
        mac: Mac, "Hardware address it was last bound to.";
        vlan: Option<u16>, "Virtual LAN in which that was said first; each is a link of its own." by [frame] absent |_| Absent::inapplicable("the frame carries no tag of a virtual LAN");
        frame: u32, "Frame that bound it so.";
        conflict: bool, "More than one hardware address claimed it.";
    }
}
