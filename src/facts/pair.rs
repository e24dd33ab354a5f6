//! Facts about two captures of the same traffic: packets of one found again in the other.

use crate::facts::{Absent, Mac, Milliseconds};
use std::net::IpAddr;

fn no_ports(_: &Pair) -> Absent {
    Absent::inapplicable("it has no ports, or they are in another fragment")
}

fn no_ip(_: &Pair) -> Absent {
    Absent::inapplicable("it has no IPv4 header")
}

fn no_address(_: &Pair) -> Absent {
    Absent::inapplicable("it is no IP packet")
}

fn no_link(_: &Pair) -> Absent {
    Absent::untold("the capture has no Ethernet headers")
}

crate::fact! {
    "One packet that is in both of two captures, before and behind a router or a translation: told by `compare` and asked by handouts; a single capture has none."
    Pair "pairs" "pair" by [first_frame] {
        first_frame: u32, "Its frame in the first capture.";
        second_frame: u32, "Its frame in the second capture.";
        between_ms: Option<Milliseconds>, "From the first capture to the second, if both clocks agree; negative for the way back." absent |_| Absent::untold("the frames have no time");
        protocol: Option<u8>, "Number of the protocol that IP carries." absent no_address;
        first_source: Option<IpAddr>, "Its source address in the first capture." absent no_address;
        second_source: Option<IpAddr>, "Its source address in the second capture." absent no_address;
        first_destination: Option<IpAddr>, "Its destination address in the first capture." absent no_address;
        second_destination: Option<IpAddr>, "Its destination address in the second capture." absent no_address;
        first_source_port: Option<u16>, "Its source port in the first capture." absent no_ports;
        second_source_port: Option<u16>, "Its source port in the second capture." absent no_ports;
        first_destination_port: Option<u16>, "Its destination port in the first capture." absent no_ports;
        second_destination_port: Option<u16>, "Its destination port in the second capture." absent no_ports;
        first_ttl: Option<u8>, "Its TTL or hop limit in the first capture." absent no_address;
        second_ttl: Option<u8>, "Its TTL or hop limit in the second capture." absent no_address;
        first_checksum: Option<u16>, "Its IP header checksum in the first capture." absent no_ip;
        second_checksum: Option<u16>, "Its IP header checksum in the second capture." absent no_ip;
        first_source_mac: Option<Mac>, "Who sent the frame on the first link." absent no_link;
        second_source_mac: Option<Mac>, "Who sent the frame on the second link." absent no_link;
        first_destination_mac: Option<Mac>, "Whom the frame was sent to on the first link." absent no_link;
        second_destination_mac: Option<Mac>, "Whom the frame was sent to on the second link." absent no_link;
        changed: Vec<&'static str>, "The fields that differ, by Wireshark's names.";
        translated: bool, "Whether an address, a port or the identifier of a ping differs.";
    }
}

crate::fact! {
    "One line of the translation table that two captures show: an end on one side, and what it is on the other."
    Translation "translations" "translation" by [first_frame] {
        protocol: u8, "Number of the protocol that IP carries: 6 is TCP, 17 UDP, 1 ICMP.";
        first_address: IpAddr, "The end's address in the first capture.";
        first_port: Option<u16>, "Its port there; of a ping its identifier." absent |_| Absent::inapplicable("the protocol has no ports");
        second_address: IpAddr, "The same end's address in the second capture.";
        second_port: Option<u16>, "Its port there; of a ping its identifier." absent |_| Absent::inapplicable("the protocol has no ports");
        packet_count: u32, "How many packets show it.";
        first_frame: u32, "The first of them in the first capture.";
        second_frame: u32, "The first of them in the second capture.";
    }
}

crate::fact! {
    "One packet that only one of two captures has: lost on the way, not passed on, or outside what both recorded."
    Unpaired "unpaired" "unpaired" by [frame] {
        frame: u32, "Its frame.";
        in_first: bool, "Whether it is the first capture that has it.";
        source: Option<IpAddr>, "Its source address." absent |_| Absent::inapplicable("it is no IP packet");
        destination: Option<IpAddr>, "Its destination address." absent |_| Absent::inapplicable("it is no IP packet");
        protocol: Option<u8>, "Number of the protocol that IP carries." absent |_| Absent::inapplicable("it is no IP packet");
        while_both_recorded: bool, "Whether the other capture recorded when it would have passed there, as early or as late as the packets did that are in both.";
    }
}
