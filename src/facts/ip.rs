//! Hosts, the way between them, and datagrams in fragments.

use super::{Absent, Frames, Mac, Moment};
use std::net::IpAddr;

fn no_hops(h: &Host) -> Absent {
    if h.frames_sent == 0 {
        Absent::untold("no packet from it is in the capture")
    } else if h.ttls.contains(' ') {
        Absent::untold("several TTLs were seen from it")
    } else {
        Absent::untold("how many routers lie between cannot be told from these packets")
    }
}

crate::fact! {
    "One address seen as a sender: its TTLs, and how many routers its packets have crossed if they began with the next of the usual TTLs above."
    Host "ip_hosts" "host" by [first_frame] {
        address: IpAddr, "The address.";
        first_frame: u32, "First frame it sent.";
        frames_sent: u64, "Frames with this source address.";
        frames_received: u64, "Frames with this destination address.";
        bytes_sent: u64, "Bytes of the frames it sent, on the wire.";
        ttls: String, "TTLs (hop limits) seen from it, lowest first.";
        likely_initial_ttl: Option<u8>, "What the sender probably started with: the next of 32, 64, 128 and 255 above every TTL that was seen." absent no_hops;
        hops: Option<u8>, "Routers its packets crossed: 0 where ARP or the address show that it is on this link; else the initial TTL less the TTL seen, if that guess is right." absent no_hops;
        fragments: u64, "Frames that were fragments.";
        mac: Option<Mac>, "Hardware address its frames came from, when it was always the same." absent |_| Absent::untold("its frames came from several hardware addresses, or from none");
    }
}

fn unwhole(f: &Fragmented) -> Option<String> {
    let why = "a fragment of it is not in the capture";
    (!f.complete).then(|| why.to_owned())
}

fn one_way(_: &Hop) -> Absent {
    Absent::never("all frames of the pair were sent to the same hardware address")
}

crate::states! {
    "Whose a hardware address is." Owner {
        Destination "destination host" "The host that the packet is for.";
        Router "router" "A router, which sends the packet on.";
        Used "used as router" "Not the host that the packet is for, as it seems: the sender uses it as a router, and nothing shows that it passes packets on.";
        Group "group" "Everybody, or a group: multicast or broadcast.";
        Unknown "unknown" "The capture does not tell.";
    }
}

crate::fact! {
    "Which hardware address the frames of each pair of hosts were sent to, and whose it is."
    Hop "next_hops" "hop" by [first_frame, reason_frame] {
        source: IpAddr, "Sender of the packets.";
        destination: IpAddr, "Where the packets go.";
        mac: Mac, "Destination hardware address of the frames.";
        vlan: Option<u16>, "Virtual LAN of the frames; each is a link of its own." by [first_frame] absent |_| Absent::inapplicable("the frames carry no tag of a virtual LAN");
        belongs_to: Owner, "Whose it is.";
        router: Option<IpAddr>, "Address of the router, when it is known." absent |h: &Hop| match h.belongs_to { Owner::Router | Owner::Used => Absent::untold("no ARP or DHCP in the capture gives the router's address"), _ => Absent::inapplicable("the frames did not go to a router, as far as is known") };
        reason: String, "Why we say so.";
        reason_frame: Option<u32>, "Frame that says so." absent |_| Absent::inapplicable("the reason is no single frame");
        other_mac: Option<Mac>, "Another hardware address that later frames of the pair were sent to; the first, if there are several." by [other_frame] absent one_way;
        other_frame: Option<u32>, "The first frame to it." absent one_way;
        other_router: Option<IpAddr>, "Address of the router that the other one is, when it is known." by [other_frame] absent |h: &Hop| match h.other_mac { Some(_) => Absent::untold("neither ARP nor a redirect in the capture gives the address of a router there"), None => one_way(h) };
        first_frame: u32, "First frame.";
        frame_count: u64, "How many frames.";
    }
}

crate::fact! {
    "One IP datagram that came in fragments; the fragments are rows of their own."
    Fragmented "fragmented" "fragmented" by [frames] {
        number: u32, "Number of the datagram, from 1 in order of the first fragment.";
        time: Option<Moment>, "When the first fragment was seen." absent |_| Absent::untold("the frames have no time");
        source: IpAddr, "Sender.";
        destination: IpAddr, "Receiver.";
        identification: u32, "Identification, the same in all fragments.";
        protocol: u8, "Number of the protocol it carries.";
        fragment_count: u32, "How many different fragments are in the capture: one that came again counts once." doubt unwhole;
        frames: Frames, "Their frames; of one that was captured twice, both." doubt unwhole;
        length_bytes: Option<u32>, "IP payload of the whole datagram, as its last fragment says." absent |_| Absent::untold("its last fragment is not in the capture");
        missing: Option<String>, "Bytes of that payload that no fragment in the capture brings, counted from 0: 1480-2959,4440- where the end is not known either." by [frames] absent |_| Absent::never("all fragments are in the capture");
        complete: bool, "Whether all fragments are in the capture.";
        completed_frame: Option<u32>, "Frame with which it is whole." absent |_| Absent::untold("a fragment is not in the capture");
        completed_time: Option<Moment>, "When it was whole." by [completed_frame] absent |f: &Fragmented| match f.completed_frame { Some(_) => Absent::untold("the frames have no time"), None => Absent::untold("a fragment is not in the capture") };
        overlap: bool, "Whether fragments overlap.";
        cut: bool, "Whether bytes of a fragment are not in the capture, as a snapshot length leaves them out.";
        conflict: bool, "Whether they bring different bytes where they overlap: what the datagram says depends on who puts it together, and many hosts drop it.";
    }
}

crate::fact! {
    "One fragment of an IP datagram: where its bytes belong."
    Fragment "fragments" "fragment" by [frame] {
        frame: u32, "Its frame.";
        datagram: u32, "Number of the datagram, as fragmented.number.";
        source: IpAddr, "Sender.";
        destination: IpAddr, "Receiver.";
        identification: u32, "Identification, the same in all fragments of the datagram.";
        offset_bytes: u32, "Where in the datagram's payload its bytes belong (the header field times 8).";
        length_bytes: u32, "Its payload.";
        more: bool, "Whether it says that more fragments follow.";
    }
}
