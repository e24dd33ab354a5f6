//! What numbers of protocols are called, for answers and for comparing.

/// The tables there are.
pub const TABLES: &[&str] = &["ip.proto", "eth.type"];

/// A number, its short name, and what else it is called.
pub type Entry = (u32, &'static str, &'static [&'static str]);

/// Upper-layer protocols of IP.
const IP_PROTO: &[Entry] = &[
    (1, "ICMP", &["internet control message protocol", "icmpv4"]),
    (2, "IGMP", &["internet group management protocol"]),
    (
        6,
        "TCP",
        &["transmission control protocol", "transmission control"],
    ),
    (17, "UDP", &["user datagram protocol", "user datagram"]),
    (41, "IPv6", &["ip version 6", "ipv6 encapsulation"]),
    (47, "GRE", &["generic routing encapsulation"]),
    (
        58,
        "ICMPv6",
        &["icmp6", "internet control message protocol v6"],
    ),
    (89, "OSPF", &["open shortest path first"]),
];

/// Types of Ethernet.
const ETH_TYPE: &[Entry] = &[
    (
        0x0800,
        "IPv4",
        &[
            "ip",
            "ip v4",
            "ip version 4",
            "internet protocol",
            "internet protocol v4",
            "internet protocol version 4",
        ],
    ),
    (0x0806, "ARP", &["address resolution protocol"]),
    (0x8100, "802.1Q", &["vlan"]),
    (
        0x86dd,
        "IPv6",
        &["ip v6", "ip version 6", "internet protocol version 6"],
    ),
];

/// A table by its name.
pub fn table(name: &str) -> Option<&'static [Entry]> {
    match name {
        "ip.proto" => Some(IP_PROTO),
        "eth.type" => Some(ETH_TYPE),
        _ => None,
    }
}
