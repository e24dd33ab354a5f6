//! Protocols that are named and not decoded: what they carry is counted, not read.

use super::definition::{Definition, NOTHING};

/// Everything about them: their names.
pub const DEFINITION: Definition = Definition {
    layers: &[
        ("chdlc", "Cisco HDLC."),
        ("arcnet", "ARCNET."),
        ("cfp", "Cisco FabricPath."),
        ("fddi", "Fiber distributed data interface."),
        ("gre", "Generic routing encapsulation (named, not decoded)."),
        ("esp", "Encrypted IP payload (named, not decoded)."),
        ("ah", "Authenticated IP payload (named, not decoded)."),
        (
            "sctp",
            "Stream control transmission protocol (named, not decoded).",
        ),
        (
            "dccp",
            "Datagram congestion control protocol (named, not decoded).",
        ),
        (
            "eigrp",
            "Cisco's interior routing protocol (named, not decoded).",
        ),
        (
            "pim",
            "Protocol independent multicast (named, not decoded).",
        ),
        (
            "vrrp",
            "Virtual router redundancy protocol (named, not decoded).",
        ),
        (
            "rsvp",
            "Resource reservation protocol (named, not decoded).",
        ),
        (
            "l2tp",
            "Layer two tunnelling protocol (named, not decoded).",
        ),
        ("udplite", "Lightweight UDP (named, not decoded)."),
        (
            "pppoed",
            "PPP over Ethernet, discovery (named, not decoded).",
        ),
        ("pppoes", "PPP over Ethernet, session (named, not decoded)."),
        ("mpls", "Label switching (named, not decoded)."),
        ("eapol", "802.1X authentication (named, not decoded)."),
        ("macsec", "Encrypted Ethernet (named, not decoded)."),
        ("loop", "Ethernet configuration test (named, not decoded)."),
        (
            "slow",
            "802.3 slow protocols, such as link aggregation (named, not decoded).",
        ),
        ("ipx", "Novell's network layer (named, not decoded)."),
    ],
    ..NOTHING
};

/// Those that IP names by a number, and Wireshark's name of each.
const IP: &[(u8, &str)] = &[
    (33, "dccp"),
    (46, "rsvp"),
    (47, "gre"),
    (50, "esp"),
    (51, "ah"),
    (88, "eigrp"),
    (103, "pim"),
    (112, "vrrp"),
    (115, "l2tp"),
    (132, "sctp"),
    (136, "udplite"),
];

/// Those that an EtherType names.
const ETHERNET: &[(u16, &str)] = &[
    (0x6558, "eth_bridge"),
    (0x8809, "slow"),
    (0x8847, "mpls"),
    (0x8848, "mpls"),
    (0x8863, "pppoed"),
    (0x8864, "pppoes"),
    (0x888e, "eapol"),
    (0x88e5, "macsec"),
    (0x9000, "loop"),
];

/// The name of what IP carries under this number.
pub(super) fn by_ip(number: u8) -> Option<&'static str> {
    let found = IP.iter().find(|(n, _)| *n == number)?;
    Some(found.1)
}

/// The name of what Ethernet carries under this number.
pub(super) fn by_ether_type(number: u16) -> Option<&'static str> {
    let found = ETHERNET.iter().find(|(n, _)| *n == number)?;
    Some(found.1)
}
