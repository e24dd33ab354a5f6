//! The options by number: name, what the value is made of, and the value in readable words
//! (RFC 2132 and those that followed it).

use super::fields::*;
use crate::dissect::field::FieldIndex;
use crate::dissect::{dns, text};
use std::net::{Ipv4Addr, Ipv6Addr};

/// What an option's value is made of, and the field that shows it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// Bytes without a field of their own.
    Opaque,
    /// One IPv4 address.
    Address(FieldIndex),
    /// A list of IPv4 addresses.
    Addresses(FieldIndex),
    /// Pairs of IPv4 addresses.
    Pairs(FieldIndex, FieldIndex),
    /// Text.
    Text(FieldIndex),
    /// Yes or no.
    Boolean(FieldIndex),
    /// A one-byte number.
    Number8(FieldIndex),
    /// A two-byte number.
    Number16(FieldIndex),
    /// Two-byte numbers.
    Numbers16(FieldIndex),
    /// A list of one-byte numbers.
    Numbers8(FieldIndex),
    /// Seconds.
    Seconds(FieldIndex),
    /// Seconds that may be negative.
    SignedSeconds(FieldIndex),
    /// Something with a form of its own.
    Special,
}

use Shape::{
    Address, Addresses, Boolean, Number8, Number16, Numbers8, Numbers16, Opaque, Pairs, Seconds,
    SignedSeconds, Special, Text,
};

/// Every option that has a name, in order of its number.
static TABLE: &[(u8, &str, Shape)] = &[
    (0, "Padding", Opaque),
    (1, "Subnet Mask", Address(SUBNET_MASK)),
    (2, "Time Offset", SignedSeconds(TIME_OFFSET)),
    (3, "Router", Addresses(ROUTER)),
    (4, "Time Server", Addresses(TIME_SERVER)),
    (5, "Name Server", Addresses(NAME_SERVER)),
    (6, "Domain Name Server", Addresses(DOMAIN_NAME_SERVER)),
    (7, "Log Server", Addresses(LOG_SERVER)),
    (8, "Quotes Server", Addresses(QUOTES_SERVER)),
    (9, "LPR Server", Addresses(LPR_SERVER)),
    (10, "Impress Server", Addresses(IMPRESS_SERVER)),
    (
        11,
        "Resource Location Server",
        Addresses(RESOURCE_LOCATION_SERVER),
    ),
    (12, "Host Name", Text(HOSTNAME)),
    (13, "Boot File Size", Number16(BOOT_FILE_SIZE)),
    (14, "Merit Dump File", Text(MERIT_DUMP_FILE)),
    (15, "Domain Name", Text(DOMAIN_NAME)),
    (16, "Swap Server", Address(SWAP_SERVER)),
    (17, "Root Path", Text(ROOT_PATH)),
    (18, "Extensions Path", Text(EXTENSION_PATH)),
    (19, "IP Forwarding", Boolean(IP_FORWARDING)),
    (
        20,
        "Non-Local Source Routing",
        Boolean(NON_LOCAL_SOURCE_ROUTING),
    ),
    (
        21,
        "Policy Filter",
        Pairs(POLICY_FILTER_IP, POLICY_FILTER_MASK),
    ),
    (
        22,
        "Maximum Datagram Reassembly Size",
        Number16(MAX_DATAGRAM_REASSEMBLY_SIZE),
    ),
    (23, "Default IP Time-to-Live", Number8(DEFAULT_IP_TTL)),
    (
        24,
        "Path MTU Aging Timeout",
        Seconds(PATH_MTU_AGING_TIMEOUT),
    ),
    (25, "Path MTU Plateau Table", Numbers16(PATH_MTU_PLATEAU)),
    (26, "Interface MTU", Number16(INTERFACE_MTU)),
    (27, "All Subnets are Local", Boolean(ALL_SUBNETS_ARE_LOCAL)),
    (28, "Broadcast Address", Address(BROADCAST_ADDRESS)),
    (
        29,
        "Perform Mask Discovery",
        Boolean(PERFORM_MASK_DISCOVERY),
    ),
    (30, "Mask Supplier", Boolean(MASK_SUPPLIER)),
    (
        31,
        "Perform Router Discover",
        Boolean(PERFORM_ROUTER_DISCOVER),
    ),
    (
        32,
        "Router Solicitation Address",
        Address(ROUTER_SOLICITATION_ADDRESS),
    ),
    (
        33,
        "Static Route",
        Pairs(STATIC_ROUTE_IP, STATIC_ROUTE_ROUTER),
    ),
    (34, "Trailer Encapsulation", Boolean(TRAILER_ENCAPSULATION)),
    (35, "ARP Cache Timeout", Seconds(ARP_CACHE_TIMEOUT)),
    (
        36,
        "Ethernet Encapsulation",
        Boolean(ETHERNET_ENCAPSULATION),
    ),
    (37, "TCP Default TTL", Number8(TCP_DEFAULT_TTL)),
    (
        38,
        "TCP Keepalive Interval",
        Seconds(TCP_KEEPALIVE_INTERVAL),
    ),
    (39, "TCP Keepalive Garbage", Boolean(TCP_KEEPALIVE_GARBAGE)),
    (40, "Network Information Service Domain", Text(NIS_DOMAIN)),
    (
        41,
        "Network Information Service Servers",
        Addresses(NIS_SERVER),
    ),
    (42, "Network Time Protocol Servers", Addresses(NTP_SERVER)),
    (43, "Vendor-Specific Information", Special),
    (
        44,
        "NetBIOS over TCP/IP Name Server",
        Addresses(NETBIOS_NAME_SERVER),
    ),
    (
        45,
        "NetBIOS over TCP/IP Datagram Distribution Name Server",
        Addresses(NETBIOS_DD_SERVER),
    ),
    (
        46,
        "NetBIOS over TCP/IP Node Type",
        Number8(NETBIOS_NODE_TYPE),
    ),
    (47, "NetBIOS over TCP/IP Scope", Text(NETBIOS_SCOPE)),
    (
        48,
        "X Window System Font Server",
        Addresses(XWINDOWS_FONT_SERVER),
    ),
    (
        49,
        "X Window System Display Manager",
        Addresses(XWINDOWS_DISPLAY_MANAGER),
    ),
    (50, "Requested IP Address", Address(REQUESTED_IP_ADDRESS)),
    (51, "IP Address Lease Time", Seconds(LEASE_TIME)),
    (52, "Option Overload", Special),
    (53, "DHCP Message Type", Special),
    (54, "DHCP Server Identifier", Address(SERVER_ID)),
    (55, "Parameter Request List", Numbers8(REQUEST_LIST_ITEM)),
    (56, "Message", Text(MESSAGE)),
    (57, "Maximum DHCP Message Size", Number16(MAX_MESSAGE_SIZE)),
    (58, "Renewal Time Value", Seconds(RENEWAL_TIME)),
    (59, "Rebinding Time Value", Seconds(REBINDING_TIME)),
    (60, "Vendor class identifier", Text(VENDOR_CLASS_ID)),
    (61, "Client identifier", Special),
    (62, "Novell/Netware IP domain", Opaque),
    (63, "Novell Options", Special),
    (
        64,
        "Network Information Service+ Domain",
        Text(NIS_PLUS_DOMAIN),
    ),
    (
        65,
        "Network Information Service+ Servers",
        Addresses(NIS_PLUS_SERVER),
    ),
    (66, "TFTP Server Name", Text(TFTP_SERVER_NAME)),
    (67, "Bootfile name", Text(BOOTFILE_NAME)),
    (68, "Mobile IP Home Agent", Addresses(MOBILE_IP_HOME_AGENT)),
    (69, "SMTP Server", Addresses(SMTP_SERVER)),
    (70, "POP3 Server", Addresses(POP3_SERVER)),
    (71, "NNTP Server", Addresses(NNTP_SERVER)),
    (72, "Default WWW Server", Addresses(WWW_SERVER)),
    (73, "Default Finger Server", Addresses(FINGER_SERVER)),
    (74, "Default IRC Server", Addresses(IRC_SERVER)),
    (75, "StreetTalk Server", Addresses(STREETTALK_SERVER)),
    (
        76,
        "StreetTalk Directory Assistance Server",
        Addresses(STREETTALK_DA_SERVER),
    ),
    (77, "User Class Information", Special),
    (78, "Directory Agent Information", Special),
    (79, "Service Location Agent Scope", Special),
    (80, "Rapid commit", Opaque),
    (81, "Client Fully Qualified Domain Name", Special),
    (82, "Agent Information Option", Special),
    (83, "iSNS", Opaque),
    (
        85,
        "Novell Directory Services Servers",
        Addresses(NOVELL_DSS_IP),
    ),
    (86, "Novell Directory Services Tree Name", Text(NOVELL_TREE)),
    (
        87,
        "Novell Directory Services Context",
        Text(NOVELL_CONTEXT),
    ),
    (88, "BCMCS Controller Domain Name", Opaque),
    (89, "BCMCS Controller IPv4 address", Opaque),
    (90, "Authentication", Special),
    (
        91,
        "Client last transaction time",
        Seconds(LAST_TRANSACTION_TIME),
    ),
    (92, "Associated IP option", Addresses(ASSOCIATED_IP)),
    (93, "Client System Architecture", Numbers16(ARCHITECTURE)),
    (94, "Client Network Device Interface", Special),
    (95, "LDAP", Opaque),
    (97, "UUID/GUID-based Client Identifier", Special),
    (98, "Open Group's User Authentication", Opaque),
    (99, "Civic Addresses Configuration", Special),
    (100, "PCode", Text(TZ_PCODE)),
    (101, "TCode", Text(TZ_TCODE)),
    (108, "IPv6-Only Preferred", Opaque),
    (
        112,
        "NetInfo Parent Server Address",
        Addresses(NETINFO_ADDRESS),
    ),
    (113, "NetInfo Parent Server Tag", Text(NETINFO_TAG)),
    (114, "DHCP Captive-Portal", Text(CAPTIVE_PORTAL)),
    (116, "DHCP Auto-Configuration", Number8(AUTO_CONFIGURATION)),
    (117, "Name Service Search", Special),
    (118, "Subnet Selection Option", Addresses(SUBNET_SELECTION)),
    (119, "Domain Search", Special),
    (120, "SIP Servers", Special),
    (121, "Classless Static Route", Special),
    (122, "CableLabs Client Configuration", Opaque),
    (123, "Coordinate-based Location Configuration", Opaque),
    (124, "V-I Vendor Class", Special),
    (125, "V-I Vendor-specific Information", Special),
    (128, "PXE - undefined (vendor specific)", Opaque),
    (129, "PXE - undefined (vendor specific)", Opaque),
    (130, "PXE - undefined (vendor specific)", Opaque),
    (131, "PXE - undefined (vendor specific)", Opaque),
    (132, "PXE - undefined (vendor specific)", Opaque),
    (133, "PXE - undefined (vendor specific)", Opaque),
    (134, "PXE - undefined (vendor specific)", Opaque),
    (135, "PXE - undefined (vendor specific)", Opaque),
    (136, "PANA Authentication Agent", Addresses(PANA_AGENT)),
    (137, "LoST Server Domain Name", Text(LOST_SERVER)),
    (
        138,
        "CAPWAP Access Controllers",
        Addresses(CAPWAP_CONTROLLER),
    ),
    (139, "IPv4 Address-MoS", Opaque),
    (140, "IPv4 FQDN-MoS", Opaque),
    (141, "SIP UA Configuration Domains", Opaque),
    (142, "IPv4 Address ANDSF", Addresses(ANDSF_SERVER)),
    (143, "Zerotouch Redirect", Opaque),
    (144, "Geospatial Location", Opaque),
    (
        145,
        "Forcerenew Nonce Capable",
        Numbers8(FORCERENEW_ALGORITHM),
    ),
    (146, "RDNSS Selection", Special),
    (150, "TFTP Server Address", Addresses(TFTP_SERVER_ADDRESS)),
    (151, "Leasequery Status code", Special),
    (152, "Leasequery Base Time", Special),
    (
        153,
        "Leasequery Start Time of State",
        Seconds(BULK_STATE_TIME),
    ),
    (154, "Leasequery Query Start Time", Special),
    (155, "Leasequery Query End Time", Special),
    (156, "Leasequery Dhcp State", Number8(BULK_STATE)),
    (157, "Leasequery Data Source", Boolean(BULK_SOURCE)),
    (158, "PCP Server", Special),
    (159, "Portparams", Special),
    (
        160,
        "Captive-Portal (before RFC 8910)",
        Text(CAPTIVE_PORTAL),
    ),
    (161, "Manufacturer Usage Description", Text(MUDURL)),
    (175, "Etherboot", Opaque),
    (176, "IP Telephone", Opaque),
    (177, "Etherboot", Opaque),
    (208, "PXELINUX Magic", Opaque),
    (209, "PXE Configuration file", Text(PXE_CONFIG_FILE)),
    (210, "PXE Path Prefix", Text(PXE_PATH_PREFIX)),
    (211, "Reboot Time", Opaque),
    (212, "6RD", Special),
    (213, "V4 Access Domain", Opaque),
    (220, "Subnet Allocation", Opaque),
    (221, "Virtual Subnet Selection", Opaque),
    (242, "Private/Avaya IP Telephone", Opaque),
    (249, "Private/Classless Static Route (Microsoft)", Special),
    (
        252,
        "Private/Proxy autodiscovery",
        Text(PROXY_AUTODISCOVERY),
    ),
    (255, "End", Opaque),
];

fn row(code: u8) -> Option<&'static (u8, &'static str, Shape)> {
    let at = TABLE.binary_search_by_key(&code, |row| row.0).ok()?;
    TABLE.get(at)
}

/// What the value of an option is made of.
pub(super) fn shape(code: u8) -> Shape {
    row(code).map_or(Opaque, |row| row.2)
}

/// The name of an option, as Wireshark gives it.
pub fn name(code: u8) -> &'static str {
    match (row(code), code) {
        (Some(row), _) => row.1,
        (None, 224..) => "Private",
        (None, _) => "Unassigned",
    }
}

/// The name of a message type (option 53): `Discover`.
pub fn message_name(kind: u8) -> Option<&'static str> {
    const NAMES: [&str; 18] = [
        "Discover",
        "Offer",
        "Request",
        "Decline",
        "ACK",
        "NAK",
        "Release",
        "Inform",
        "Force Renew",
        "Lease query",
        "Lease Unassigned",
        "Lease Unknown",
        "Lease Active",
        "Bulk Lease Query",
        "Lease Query Done",
        "Active LeaseQuery",
        "Lease Query Status",
        "TLS",
    ];
    NAMES.get(usize::from(kind).checked_sub(1)?).copied()
}

/// The value of an option in readable words. Text in it is as captured: not safe to print.
pub fn value(code: u8, bytes: &[u8]) -> String {
    let shown = match shape(code) {
        Opaque => None,
        Address(_) if bytes.len() == 4 => Some(addresses(bytes)),
        Addresses(_) if bytes.len().is_multiple_of(4) => Some(addresses(bytes)),
        Pairs(..) if bytes.len().is_multiple_of(8) => Some(pairs(bytes)),
        Text(_) => Some(string(bytes)),
        Boolean(_) if bytes.len() == 1 => Some(yes(bytes).into()),
        Number8(_) | Number16(_) if bytes.len() <= 2 => Some(number(bytes).to_string()),
        Numbers16(_) if bytes.len().is_multiple_of(2) => {
            Some(list(bytes.chunks(2), |b| number(b).to_string()))
        }
        Numbers8(_) if code == 55 => Some(list(bytes.chunks(1), |b| {
            let code = b.first().copied().unwrap_or_default();
            format!("{} ({code})", name(code))
        })),
        Numbers8(_) => Some(list(bytes.chunks(1), |b| number(b).to_string())),
        Seconds(_) if bytes.len() == 4 => Some(seconds(bytes)),
        SignedSeconds(_) => bytes
            .first_chunk()
            .map(|b| format!("{} s", i32::from_be_bytes(*b))),
        _ => special(code, bytes),
    };
    shown.unwrap_or_else(|| text::hex(bytes))
}

fn special(code: u8, bytes: &[u8]) -> Option<String> {
    Some(match (code, bytes) {
        (52, [1]) => "the file field holds options".into(),
        (52, [2]) => "the server name field holds options".into(),
        (52, [3]) => "the file and server name fields hold options".into(),
        (53, &[kind]) => message_name(kind)?.into(),
        (61 | 97, [0, rest @ ..]) if code == 97 || rest.len() == 16 => text::hex(rest),
        (61, [0, rest @ ..]) => string(rest),
        (61, [1, rest @ ..]) if rest.len() == 6 => text::colons(rest),
        (81, [flags, _, _, rest @ ..]) if flags & 4 != 0 => {
            dns::name::read(rest, 0, 0, Some(rest.len().max(1)))?.text()
        }
        (81, [_, _, _, rest @ ..]) => string(rest),
        (119, _) => names(bytes)?,
        (120, [0, rest @ ..]) => names(rest)?,
        (120, [1, rest @ ..]) if rest.len().is_multiple_of(4) => addresses(rest),
        (121 | 249, _) => routes(bytes)?,
        (212, [_, width, rest @ ..]) => {
            let prefix: [u8; 16] = *rest.first_chunk()?;
            let relays = rest.get(16..)?;
            let prefix = Ipv6Addr::from(prefix);
            format!("{prefix}/{width}, {}", addresses(relays))
        }
        _ => return None,
    })
}

/// The names in a search list (RFC 3397).
fn names(bytes: &[u8]) -> Option<String> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let name = dns::name::read(bytes, at, 0, Some(bytes.len()))?;
        at += name.used.max(1);
        found.push(name.text());
    }
    Some(found.join(", "))
}

/// Routes as `10.0.0.0/8 via 10.1.1.1` (RFC 3442).
fn routes(bytes: &[u8]) -> Option<String> {
    let mut found = Vec::new();
    let mut rest = bytes;
    while let Some((&width, after)) = rest.split_first() {
        let octets = usize::from(width).div_ceil(8);
        let significant = after.get(..octets)?;
        let router: [u8; 4] = *after.get(octets..)?.first_chunk()?;
        let mut network = [0; 4];
        network.get_mut(..octets)?.copy_from_slice(significant);
        let (network, router) = (Ipv4Addr::from(network), Ipv4Addr::from(router));
        found.push(format!("{network}/{width} via {router}"));
        rest = after.get(octets + 4..)?;
    }
    Some(found.join(", "))
}

fn list<'a>(parts: impl Iterator<Item = &'a [u8]>, show: impl Fn(&[u8]) -> String) -> String {
    parts.map(show).collect::<Vec<_>>().join(", ")
}

/// Addresses with commas between them.
pub(super) fn addresses(bytes: &[u8]) -> String {
    list(bytes.chunks_exact(4), |b| {
        b.first_chunk::<4>()
            .map_or_else(String::new, |b| Ipv4Addr::from(*b).to_string())
    })
}

fn pairs(bytes: &[u8]) -> String {
    list(bytes.chunks_exact(8), |b| {
        addresses(b).replace(", ", " and ")
    })
}

fn string(bytes: &[u8]) -> String {
    String::from_utf8_lossy(text::until_zero(bytes)).into_owned()
}

fn yes(bytes: &[u8]) -> &'static str {
    if bytes.iter().any(|&b| b != 0) {
        "yes"
    } else {
        "no"
    }
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |n, &b| n << 8 | u32::from(b))
}

fn seconds(bytes: &[u8]) -> String {
    match number(bytes) {
        u32::MAX => "infinity".into(),
        n => format!("{n} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order() {
        assert!(TABLE.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn values_are_shown_in_words() {
        assert_eq!(value(1, &[255, 255, 255, 0]), "255.255.255.0");
        assert_eq!(value(6, &[8, 8, 8, 8, 1, 1, 1, 1]), "8.8.8.8, 1.1.1.1");
        assert_eq!(value(51, &[0, 0, 14, 16]), "3600 s");
        assert_eq!(value(51, &[255; 4]), "infinity");
        assert_eq!(value(53, &[5]), "ACK");
        assert_eq!(value(55, &[1, 3]), "Subnet Mask (1), Router (3)");
        assert_eq!(value(61, &[1, 2, 3, 4, 5, 6, 7]), "02:03:04:05:06:07");
        assert_eq!(value(119, b"\x03lab\x00\x03net\xc0\x00"), "lab, net.lab");
        let route = [24, 10, 0, 1, 10, 0, 0, 1, 0, 10, 0, 0, 2];
        assert_eq!(
            value(121, &route),
            "10.0.1.0/24 via 10.0.0.1, 0.0.0.0/0 via 10.0.0.2"
        );
    }

    #[test]
    fn values_of_a_wrong_length_are_shown_as_bytes() {
        assert_eq!(value(1, &[255, 255]), "ffff");
        assert_eq!(value(121, &[40, 1]), "2801");
        assert_eq!(value(200, &[1, 2]), "0102");
    }

    #[test]
    fn no_value_panics() {
        for code in 0..=255 {
            for length in 0..40 {
                value(code, &vec![length; usize::from(length)]);
                value(code, &vec![0; usize::from(length)]);
                value(code, &vec![255; usize::from(length)]);
            }
        }
    }
}
