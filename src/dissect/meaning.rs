//! What numbers are called: the names that Wireshark shows beside them and takes in filters.

/// Fields, by name, that share a list of names.
struct Names {
    fields: &'static [&'static str],
    values: &'static [(u64, &'static str)],
}

const ETHERTYPES: &[(u64, &str)] = &[
    (0x0800, "IPv4"),
    (0x0806, "ARP"),
    (0x8035, "RARP"),
    (0x8100, "802.1Q Virtual LAN"),
    (0x86dd, "IPv6"),
    (0x8808, "MAC Control"),
    (0x8847, "MPLS label switched packet"),
    (0x8863, "PPPoE Discovery"),
    (0x8864, "PPPoE Session"),
    (0x888e, "802.1X Authentication"),
    (0x88a8, "802.1ad Provider Bridge (Q-in-Q)"),
    (0x88cc, "802.1 Link Layer Discovery Protocol (LLDP)"),
];

const PROTOCOLS: &[(u64, &str)] = &[
    (0, "IPv6 Hop-by-Hop Option"),
    (1, "ICMP"),
    (2, "IGMP"),
    (4, "IPIP"),
    (6, "TCP"),
    (17, "UDP"),
    (41, "IPv6"),
    (43, "Routing Header for IPv6"),
    (44, "Fragment Header for IPv6"),
    (47, "Generic Routing Encapsulation"),
    (50, "Encap Security Payload"),
    (51, "Authentication Header"),
    (58, "ICMPv6"),
    (59, "No Next Header for IPv6"),
    (60, "Destination Options for IPv6"),
    (89, "OSPF IGP"),
    (132, "SCTP"),
];

#[rustfmt::skip]
const DNS_TYPES: &[(u64, &str)] = &[
    (0, "Unused"), (1, "A"), (2, "NS"), (3, "MD"), (4, "MF"), (5, "CNAME"), (6, "SOA"), (7, "MB"),
    (8, "MG"), (9, "MR"), (10, "NULL"), (11, "WKS"), (12, "PTR"), (13, "HINFO"), (14, "MINFO"),
    (15, "MX"), (16, "TXT"), (17, "RP"), (18, "AFSDB"), (19, "X25"), (20, "ISDN"), (21, "RT"),
    (22, "NSAP"), (23, "NSAP-PTR"), (24, "SIG"), (25, "KEY"), (26, "PX"), (27, "GPOS"),
    (28, "AAAA"), (29, "LOC"), (30, "NXT"), (31, "EID"), (32, "NIMLOC"), (33, "SRV"),
    (34, "ATMA"), (35, "NAPTR"), (36, "KX"), (37, "CERT"), (38, "A6"), (39, "DNAME"),
    (40, "SINK"), (41, "OPT"), (42, "APL"), (43, "DS"), (44, "SSHFP"), (45, "IPSECKEY"),
    (46, "RRSIG"), (47, "NSEC"), (48, "DNSKEY"), (49, "DHCID"), (50, "NSEC3"), (51, "NSEC3PARAM"),
    (52, "TLSA"), (55, "HIP"), (57, "RKEY"), (58, "TALINK"), (59, "CDS"), (60, "CDNSKEY"),
    (61, "OPENPGPKEY"), (62, "CSYNC"), (63, "ZONEMD"), (64, "SVCB"), (65, "HTTPS"), (99, "SPF"),
    (100, "UINFO"), (101, "UID"), (102, "GID"), (103, "UNSPEC"), (104, "NID"), (105, "L32"),
    (106, "L64"), (107, "LP"), (108, "EUI48"), (109, "EUI64"), (249, "TKEY"), (250, "TSIG"),
    (251, "IXFR"), (252, "AXFR"), (253, "MAILB"), (254, "MAILA"), (255, "ANY"), (256, "URI"),
    (257, "CAA"), (32768, "TA"), (32769, "DLV"), (65281, "WINS"), (65282, "WINS-R"),
    (65422, "XPF"),
];

const SERVICES: &[(u64, &str)] = &[
    (7, "echo"),
    (9, "discard"),
    (13, "daytime"),
    (20, "ftp-data"),
    (21, "ftp"),
    (22, "ssh"),
    (23, "telnet"),
    (25, "smtp"),
    (37, "time"),
    (53, "domain"),
    (53, "dns"),
    (67, "bootps"),
    (67, "dhcp"),
    (68, "bootpc"),
    (69, "tftp"),
    (79, "finger"),
    (80, "http"),
    (110, "pop3"),
    (123, "ntp"),
    (137, "netbios-ns"),
    (138, "netbios-dgm"),
    (139, "netbios-ssn"),
    (143, "imap"),
    (161, "snmp"),
    (179, "bgp"),
    (389, "ldap"),
    (443, "https"),
    (445, "microsoft-ds"),
    (514, "syslog"),
    (587, "submission"),
    (631, "ipp"),
    (993, "imaps"),
    (995, "pop3s"),
    (1900, "ssdp"),
    (3306, "mysql"),
    (3389, "ms-wbt-server"),
    (5353, "mdns"),
    (5355, "llmnr"),
    (5432, "postgresql"),
    (8080, "http-alt"),
];

const LISTS: &[Names] = &[
    Names {
        fields: &[
            "eth.type",
            "vlan.etype",
            "sll.etype",
            "llc.type",
            "arp.proto.type",
        ],
        values: ETHERTYPES,
    },
    Names {
        fields: &["ip.proto", "ipv6.nxt", "ipv6.fraghdr.nxt"],
        values: PROTOCOLS,
    },
    Names {
        fields: &[
            "tcp.port",
            "tcp.srcport",
            "tcp.dstport",
            "udp.port",
            "udp.srcport",
            "udp.dstport",
        ],
        values: SERVICES,
    },
    Names {
        fields: &["dns.qry.type", "dns.resp.type"],
        values: DNS_TYPES,
    },
    Names {
        fields: &["dns.qry.class", "dns.resp.class"],
        values: &[(1, "IN"), (3, "CH"), (4, "HS"), (254, "NONE"), (255, "ANY")],
    },
    Names {
        fields: &["dns.flags.opcode"],
        values: &[
            (0, "Standard query"),
            (1, "Inverse query"),
            (2, "Server status request"),
            (4, "Zone change notification"),
            (5, "Dynamic update"),
            (6, "DNS Stateful operations (DSO)"),
        ],
    },
    Names {
        fields: &["dns.flags.rcode"],
        values: &[
            (0, "No error"),
            (1, "Format error"),
            (2, "Server failure"),
            (3, "No such name"),
            (4, "Not implemented"),
            (5, "Refused"),
            (6, "Name exists"),
            (7, "RRset exists"),
            (8, "RRset does not exist"),
            (9, "Not authoritative"),
            (10, "Name out of zone"),
            (11, "DSO-Type not implemented"),
            (16, "Bad OPT Version or TSIG Signature Failure"),
            (17, "Key not recognized"),
            (18, "Signature out of time window"),
            (19, "Bad TKEY Mode"),
            (20, "Duplicate key name"),
            (21, "Algorithm not supported"),
            (22, "Bad Truncation"),
            (23, "Bad/missing Server Cookie"),
        ],
    },
    Names {
        fields: &["arp.opcode"],
        values: &[
            (1, "request"),
            (2, "reply"),
            (3, "reverse request"),
            (4, "reverse reply"),
            (8, "inarp request"),
            (9, "inarp reply"),
        ],
    },
    Names {
        fields: &["arp.hw.type", "dhcp.hw.type", "sll.hatype"],
        values: &[
            (1, "Ethernet"),
            (6, "IEEE 802"),
            (512, "PPP"),
            (772, "Loopback"),
            (65534, "NONE"),
        ],
    },
    Names {
        fields: &["sll.pkttype"],
        values: &[
            (0, "Unicast to us"),
            (1, "Broadcast"),
            (2, "Multicast"),
            (3, "Unicast to another host"),
            (4, "Sent by us"),
        ],
    },
    Names {
        fields: &["null.family"],
        values: &[
            (2, "IP"),
            (10, "IPv6"),
            (23, "IPv6"),
            (24, "IPv6"),
            (28, "IPv6"),
            (30, "IPv6"),
        ],
    },
    Names {
        fields: &["ppp.protocol"],
        values: &[
            (0x21, "Internet Protocol version 4"),
            (0x57, "Internet Protocol version 6"),
            (0x8021, "Internet Protocol Control Protocol"),
            (0xc021, "Link Control Protocol"),
            (0xc023, "Password Authentication Protocol"),
            (0xc223, "Challenge Handshake Authentication Protocol"),
        ],
    },
    Names {
        fields: &["icmp.type"],
        values: &[
            (0, "Echo (ping) reply"),
            (3, "Destination unreachable"),
            (4, "Source quench"),
            (5, "Redirect"),
            (8, "Echo (ping) request"),
            (9, "Router advertisement"),
            (10, "Router solicitation"),
            (11, "Time-to-live exceeded"),
            (12, "Parameter problem"),
            (13, "Timestamp request"),
            (14, "Timestamp reply"),
            (17, "Address mask request"),
            (18, "Address mask reply"),
        ],
    },
    Names {
        fields: &["icmpv6.type"],
        values: &[
            (1, "Destination Unreachable"),
            (2, "Packet Too Big"),
            (3, "Time Exceeded"),
            (4, "Parameter Problem"),
            (128, "Echo (ping) request"),
            (129, "Echo (ping) reply"),
            (130, "Multicast Listener Query"),
            (131, "Multicast Listener Report"),
            (132, "Multicast Listener Done"),
            (133, "Router Solicitation"),
            (134, "Router Advertisement"),
            (135, "Neighbor Solicitation"),
            (136, "Neighbor Advertisement"),
            (137, "Redirect"),
            (143, "Multicast Listener Report Message v2"),
        ],
    },
    Names {
        fields: &["ip.dsfield.dscp", "ipv6.tclass.dscp"],
        values: &[
            (0, "Default"),
            (8, "Class Selector 1"),
            (10, "Assured Forwarding 11"),
            (16, "Class Selector 2"),
            (18, "Assured Forwarding 21"),
            (24, "Class Selector 3"),
            (26, "Assured Forwarding 31"),
            (32, "Class Selector 4"),
            (34, "Assured Forwarding 41"),
            (40, "Class Selector 5"),
            (46, "Expedited Forwarding"),
            (48, "Class Selector 6"),
            (56, "Class Selector 7"),
        ],
    },
    Names {
        fields: &["ip.dsfield.ecn", "ipv6.tclass.ecn"],
        values: &[
            (0, "Not ECN-Capable Transport"),
            (1, "ECN-Capable Transport codepoint '01'"),
            (2, "ECN-Capable Transport codepoint '10'"),
            (3, "Congestion Experienced"),
        ],
    },
    Names {
        fields: &["tcp.option_kind"],
        values: &[
            (0, "End of Option List"),
            (1, "No-Operation"),
            (2, "Maximum Segment Size"),
            (3, "Window Scale"),
            (4, "SACK Permitted"),
            (5, "SACK"),
            (8, "Time Stamp Option"),
        ],
    },
    Names {
        fields: &[
            "ip.checksum.status",
            "tcp.checksum.status",
            "udp.checksum.status",
            "icmp.checksum.status",
            "icmpv6.checksum.status",
        ],
        values: &[
            (0, "Bad"),
            (1, "Good"),
            (2, "Unverified"),
            (3, "Not present"),
        ],
    },
    Names {
        fields: &["dhcp.type"],
        values: &[(1, "Boot Request"), (2, "Boot Reply")],
    },
    Names {
        fields: &["dhcp.option.dhcp"],
        values: &[
            (1, "Discover"),
            (2, "Offer"),
            (3, "Request"),
            (4, "Decline"),
            (5, "ACK"),
            (6, "NAK"),
            (7, "Release"),
            (8, "Inform"),
        ],
    },
    Names {
        fields: &["dhcp.option.type", "dhcp.option.request_list_item"],
        values: &[
            (0, "Padding"),
            (1, "Subnet Mask"),
            (3, "Router"),
            (6, "Domain Name Server"),
            (12, "Host Name"),
            (15, "Domain Name"),
            (26, "Interface MTU"),
            (28, "Broadcast Address"),
            (42, "Network Time Protocol Servers"),
            (43, "Vendor-Specific Information"),
            (50, "Requested IP Address"),
            (51, "IP Address Lease Time"),
            (53, "DHCP Message Type"),
            (54, "DHCP Server Identifier"),
            (55, "Parameter Request List"),
            (57, "Maximum DHCP Message Size"),
            (58, "Renewal Time Value"),
            (59, "Rebinding Time Value"),
            (60, "Vendor class identifier"),
            (61, "Client identifier"),
            (66, "TFTP Server Name"),
            (67, "Bootfile name"),
            (81, "Client Fully Qualified Domain Name"),
            (119, "Domain Search"),
            (121, "Classless Static Route"),
            (255, "End"),
        ],
    },
    Names {
        fields: &["tls.record.content_type"],
        values: &[
            (20, "Change Cipher Spec"),
            (21, "Alert"),
            (22, "Handshake"),
            (23, "Application Data"),
        ],
    },
    Names {
        fields: &["tls.record.version", "tls.handshake.version"],
        values: &[
            (0x0300, "SSL 3.0"),
            (0x0301, "TLS 1.0"),
            (0x0302, "TLS 1.1"),
            (0x0303, "TLS 1.2"),
            (0x0304, "TLS 1.3"),
        ],
    },
    Names {
        fields: &["tls.handshake.type"],
        values: &[
            (0, "Hello Request"),
            (1, "Client Hello"),
            (2, "Server Hello"),
            (3, "Hello Verify Request"),
            (4, "New Session Ticket"),
            (5, "End of Early Data"),
            (6, "Hello Retry Request"),
            (8, "Encrypted Extensions"),
            (11, "Certificate"),
            (12, "Server Key Exchange"),
            (13, "Certificate Request"),
            (14, "Server Hello Done"),
            (15, "Certificate Verify"),
            (16, "Client Key Exchange"),
            (20, "Finished"),
            (21, "Certificate URL"),
            (22, "Certificate Status"),
            (24, "Key Update"),
            (25, "Compressed Certificate"),
            (67, "Encrypted Extensions"),
        ],
    },
    Names {
        fields: &["tls.alert_message.level"],
        values: &[(1, "Warning"), (2, "Fatal")],
    },
    Names {
        fields: &["tls.alert_message.desc"],
        values: &[
            (0, "Close Notify"),
            (10, "Unexpected Message"),
            (20, "Bad Record MAC"),
            (22, "Record Overflow"),
            (40, "Handshake Failure"),
            (42, "Bad Certificate"),
            (43, "Unsupported Certificate"),
            (44, "Certificate Revoked"),
            (45, "Certificate Expired"),
            (46, "Certificate Unknown"),
            (47, "Illegal Parameter"),
            (48, "Unknown CA"),
            (49, "Access Denied"),
            (50, "Decode Error"),
            (51, "Decrypt Error"),
            (70, "Protocol Version"),
            (71, "Insufficient Security"),
            (80, "Internal Error"),
            (86, "Inappropriate Fallback"),
            (90, "User Canceled"),
            (100, "No Renegotiation"),
            (110, "Unsupported Extension"),
            (112, "Unrecognized Name"),
            (116, "Certificate Required"),
            (120, "No application Protocol"),
        ],
    },
    Names {
        fields: &["_ws.expert.severity"],
        values: &[
            (0x0010_0000, "Comment"),
            (0x0020_0000, "Chat"),
            (0x0040_0000, "Note"),
            (0x0060_0000, "Warning"),
            (0x0080_0000, "Error"),
        ],
    },
    Names {
        fields: &["_ws.expert.group"],
        values: &[
            (0x0100_0000, "Checksum"),
            (0x0200_0000, "Sequence"),
            (0x0700_0000, "Malformed"),
            (0x0900_0000, "Protocol"),
            (0x0c00_0000, "Comments"),
        ],
    },
    Names {
        fields: &["tcp.completeness"],
        values: &[
            (1, "Incomplete, SYN_SENT"),
            (3, "Incomplete, CLIENT_ESTABLISHED"),
            (7, "Incomplete, ESTABLISHED"),
            (15, "Incomplete, DATA"),
            (31, "Complete, WITH_DATA"),
            (47, "Complete, WITH_DATA"),
            (63, "Complete, WITH_DATA"),
            (23, "Complete, NO_DATA"),
            (39, "Complete, NO_DATA"),
            (55, "Complete, NO_DATA"),
        ],
    },
];

fn list(field: &str) -> Option<&'static [(u64, &'static str)]> {
    let names = LISTS.iter().find(|names| names.fields.contains(&field))?;
    Some(names.values)
}

/// Whether a field's values have names.
pub fn has_names(field: &str) -> bool {
    list(field).is_some()
}

/// The value that a name stands for, in any case of letters.
pub fn value(field: &str, name: &str) -> Option<u64> {
    let found = list(field)?
        .iter()
        .find(|(_, n)| n.eq_ignore_ascii_case(name))?;
    Some(found.0)
}

/// The name of a field's value.
pub fn name(field: &str, value: u64) -> Option<&'static str> {
    let found = list(field)?.iter().find(|(v, _)| *v == value)?;
    Some(found.1)
}

/// Some names of a field's values, those that resemble `wanted` first.
pub fn nearest(field: &str, wanted: &str) -> Vec<String> {
    let wanted = wanted.to_ascii_lowercase();
    let start = wanted.get(..wanted.len().min(2)).unwrap_or_default();
    let mut names: Vec<&str> = list(field)
        .unwrap_or_default()
        .iter()
        .map(|(_, n)| *n)
        .collect();
    names.sort_by_key(|n| {
        let lower = n.to_ascii_lowercase();
        (
            !(lower.contains(&wanted) || wanted.contains(&lower)),
            !lower.starts_with(start),
        )
    });
    names.iter().take(5).map(|n| format!("\"{n}\"")).collect()
}
