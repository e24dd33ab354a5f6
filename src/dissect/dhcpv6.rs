//! DHCP for IPv6 (RFC 8415): messages, relays, and the options that clients and servers exchange.
//! Left out: authentication, what vendors add.

use super::cursor::Cursor;
use super::definition::{Definition, Found, Line, NOTHING, Names};
use super::field::{FieldIndex, Kind, Sink, Value};
use super::layer::View;
use super::text;
use std::fmt::Write as _;
use std::net::Ipv6Addr;

crate::fields! {
    MSG_TYPE: "dhcpv6.msgtype", Kind::Unsigned(8), "1 solicit, 2 advertise, 3 request, 7 reply, 8 release, 11 asks for information.";
    HOPS: "dhcpv6.hopcount", Kind::Unsigned(8), "How many relays there were.";
    LINK: "dhcpv6.linkaddr", Kind::Ipv6, "Address of the relay on the client's link.";
    PEER: "dhcpv6.peeraddr", Kind::Ipv6, "Whose message the relay passes on.";
    XID: "dhcpv6.xid", Kind::Hex(24), "Number of the exchange.";
    OPTION_STR: "dhcpv6.option.type_str", Kind::Text, "An option in words.";
    OPTION_TYPE: "dhcpv6.option.type", Kind::Unsigned(16), "Its number.";
    OPTION_LENGTH: "dhcpv6.option.length", Kind::Unsigned(16), "Length of its content.";
    DUID: "dhcpv6.duid.bytes", Kind::Bytes, "Who it is: an identifier that lasts.";
    DUID_TYPE: "dhcpv6.duid.type", Kind::Unsigned(16), "How it was made: 1 from address and time, 3 from the address.";
    LLT_HARDWARE: "dhcpv6.duidllt.hwtype", Kind::Unsigned(16), "Hardware type in an identifier of address and time.";
    LLT_TIME: "dhcpv6.duidllt.time", Kind::Time, "When the identifier was made.";
    LLT_ADDRESS: "dhcpv6.duidllt.link_layer_addr", Kind::Text, "The hardware address in it.";
    ENTERPRISE: "dhcpv6.duiden.enterprise", Kind::Unsigned(32), "Whose identifier it is.";
    IDENTIFIER: "dhcpv6.duiden.identifier", Kind::Bytes, "The enterprise's identifier.";
    LL_HARDWARE: "dhcpv6.duidll.hwtype", Kind::Unsigned(16), "Hardware type in an identifier made of an address.";
    LL_ADDRESS: "dhcpv6.duidll.link_layer_addr", Kind::Text, "The hardware address in it.";
    UUID: "dhcpv6.duiduuid.bytes", Kind::Bytes, "An identifier that is unique by itself.";
    IAID: "dhcpv6.iaid", Kind::Text, "Which of the client's interfaces is meant.";
    T1: "dhcpv6.iaid.t1", Kind::Unsigned(32), "Seconds after which the client asks this server to renew.";
    T2: "dhcpv6.iaid.t2", Kind::Unsigned(32), "Seconds after which the client asks any server.";
    ADDRESS: "dhcpv6.iaaddr.ip", Kind::Ipv6, "The address that is asked for or given.";
    PREFERRED: "dhcpv6.iaaddr.pref_lifetime", Kind::Unsigned(32), "Seconds that it may be used freely.";
    VALID: "dhcpv6.iaaddr.valid_lifetime", Kind::Unsigned(32), "Seconds that it is valid.";
    REQUESTED: "dhcpv6.requested_option_code", Kind::Unsigned(16), "An option that the client asks for.";
    PREFERENCE: "dhcpv6.option_preference", Kind::Unsigned(8), "How much the server shall be preferred.";
    ELAPSED: "dhcpv6.elapsed_time", Kind::Unsigned(16), "Hundredths of a second since the client began.";
    STATUS: "dhcpv6.status_code", Kind::Unsigned(16), "0 is success.";
    STATUS_MSG: "dhcpv6.status_msg", Kind::Text, "The same in words.";
    DNS: "dhcpv6.dns_server", Kind::Ipv6, "A DNS server.";
    SEARCH: "dhcpv6.search_list_entry", Kind::Text, "A domain in which names are looked up.";
    LIFETIME: "dhcpv6.lifetime", Kind::Unsigned(32), "Seconds after which information is asked for again.";
    PREFIX_PREFERRED: "dhcpv6.iaprefix.pref_lifetime", Kind::Unsigned(32), "Seconds that a prefix may be used freely.";
    PREFIX_VALID: "dhcpv6.iaprefix.valid_lifetime", Kind::Unsigned(32), "Seconds that a prefix is valid.";
    PREFIX_LENGTH: "dhcpv6.iaprefix.pref_len", Kind::Unsigned(8), "Length of the prefix.";
    PREFIX: "dhcpv6.iaprefix.pref_addr", Kind::Ipv6, "The prefix.";
}

/// Everything about DHCPv6.
pub const DEFINITION: Definition = Definition {
    layers: &[("dhcpv6", "Dynamic host configuration protocol for IPv6.")],
    title: "DHCPv6",
    found: Found {
        udp: &[546, 547],
        ..Found::NOWHERE
    },
    fields: FIELDS,
    emit: |given, sink| emit(&given.view, sink),
    strict: true,
    line: Some(|given| line(&given.view)),
    values: &[
        Names {
            fields: &["dhcpv6.msgtype"],
            values: MESSAGES,
        },
        Names {
            fields: &["dhcpv6.option.type", "dhcpv6.requested_option_code"],
            values: OPTIONS,
        },
        Names {
            fields: &["dhcpv6.status_code"],
            values: &[
                (0, "Success"),
                (1, "UnspecFail"),
                (2, "NoAddrAvail"),
                (3, "NoBinding"),
                (4, "NotOnLink"),
                (5, "UseMulticast"),
                (6, "NoPrefixAvail"),
            ],
        },
    ],
    ..NOTHING
};

const MESSAGES: &[(u64, &str)] = &[
    (1, "Solicit"),
    (2, "Advertise"),
    (3, "Request"),
    (4, "Confirm"),
    (5, "Renew"),
    (6, "Rebind"),
    (7, "Reply"),
    (8, "Release"),
    (9, "Decline"),
    (10, "Reconfigure"),
    (11, "Information-request"),
    (12, "Relay-forw"),
    (13, "Relay-reply"),
];

const OPTIONS: &[(u64, &str)] = &[
    (1, "Client Identifier"),
    (2, "Server Identifier"),
    (3, "Identity Association for Non-temporary Address"),
    (4, "Identity Association for Temporary Address"),
    (5, "IA Address"),
    (6, "Option Request"),
    (7, "Preference"),
    (8, "Elapsed time"),
    (9, "Relay Message"),
    (11, "Authentication"),
    (12, "Server unicast"),
    (13, "Status code"),
    (14, "Rapid Commit"),
    (15, "User Class"),
    (16, "Vendor Class"),
    (17, "Vendor-specific Information"),
    (18, "Interface-Id"),
    (19, "Reconfigure Message"),
    (20, "Reconfigure Accept"),
    (21, "SIP Server Domain Name List"),
    (22, "SIP Servers IPv6 Address List"),
    (23, "DNS recursive name server"),
    (24, "Domain Search List"),
    (25, "Identity Association for Prefix Delegation"),
    (26, "IA Prefix"),
    (31, "Simple Network Time Protocol Server"),
    (32, "Lifetime"),
    (37, "Remote Identifier"),
    (39, "Client Fully Qualified Domain Name"),
    (56, "NTP Server"),
    (64, "Dual-Stack Lite AFTR Name"),
    (82, "SOL_MAX_RT"),
    (83, "INF_MAX_RT"),
];

const RELAY: u64 = 9;

/// Messages in messages, options in options: no real one has more.
const DEEPEST: u8 = 8;

/// Seconds from 1970 to 2000, from where identifiers count.
const SINCE_2000: i64 = 946_684_800;

fn emit<'a>(view: &View<'a>, sink: &mut Sink<'a>) -> Option<()> {
    let mut c = Cursor {
        bytes: view.bytes,
        at: 0,
        end: view.reported,
        sink,
    };
    message(&mut c, &mut String::new(), 0)
}

fn line(view: &View<'_>) -> Line {
    let mut sink = Sink::default();
    let mut info = String::new();
    let mut c = Cursor {
        bytes: view.bytes,
        at: 0,
        end: view.reported,
        sink: &mut sink,
    };
    // What there is of a message that is cut short.
    let _ = message(&mut c, &mut info, 0);
    Line {
        protocol: "DHCPv6",
        info,
    }
}

/// A message; `told` is what the packet list says of it.
fn message(c: &mut Cursor<'_, '_>, told: &mut String, depth: u8) -> Option<()> {
    let kind = c.u8(MSG_TYPE)?;
    let name = MESSAGES.iter().find(|m| m.0 == u64::from(kind));
    let name = name.map_or("Message Type Unknown", |n| n.1);
    let _ = write!(told, "{name} ");
    if matches!(kind, 12 | 13) {
        c.u8(HOPS)?;
        let link = Ipv6Addr::from(c.ipv6(LINK)?);
        c.ipv6(PEER)?;
        let _ = write!(told, "L: {link} ");
    } else {
        let number = c.u24(XID)?;
        let _ = write!(told, "XID: 0x{number:06x} ");
    }
    options(c, told, depth)
}

fn options(c: &mut Cursor<'_, '_>, told: &mut String, depth: u8) -> Option<()> {
    while c.left() > 0 && depth < DEEPEST {
        let start = c.at;
        let kind = u64::from(c.peek_u16()?);
        let name = OPTIONS.iter().find(|o| o.0 == kind);
        if c.sink.wants(OPTION_STR) {
            let name = name.map_or_else(|| format!("Unknown ({kind})"), |n| n.1.to_owned());
            c.sink.owned_text(OPTION_STR, start..start + 2, name);
        }
        c.u16(OPTION_TYPE)?;
        let length = usize::from(c.u16(OPTION_LENGTH)?);
        if length > c.left() {
            return None;
        }
        let mut inner = c.part(length);
        option(kind, &mut inner, told, depth)?;
    }
    Some(())
}

fn option(kind: u64, c: &mut Cursor<'_, '_>, told: &mut String, depth: u8) -> Option<()> {
    let all = c.left();
    match kind {
        1 => {
            let id = text::hex(c.peek(all)?);
            let _ = write!(told, "CID: {id} ");
            identifier(c)?;
        }
        2 => identifier(c)?,
        3 | 25 => {
            iaid(c)?;
            c.u32(T1)?;
            c.u32(T2)?;
            options(c, told, depth + 1)?;
        }
        5 => {
            let address = Ipv6Addr::from(c.ipv6(ADDRESS)?);
            let _ = write!(told, "IAA: {address} ");
            c.u32(PREFERRED)?;
            c.u32(VALID)?;
            options(c, told, depth + 1)?;
        }
        6 => {
            while c.left() > 0 {
                c.u16(REQUESTED)?;
            }
        }
        7 => _ = c.u8(PREFERENCE)?,
        8 => _ = c.u16(ELAPSED)?,
        RELAY => message(c, told, depth + 1)?,
        13 => {
            c.u16(STATUS)?;
            if c.left() > 0 {
                c.utf8(STATUS_MSG, c.left())?;
            }
        }
        23 => {
            while c.left() > 0 {
                c.ipv6(DNS)?;
            }
        }
        24 => domains(c)?,
        26 => {
            c.u32(PREFIX_PREFERRED)?;
            c.u32(PREFIX_VALID)?;
            c.u8(PREFIX_LENGTH)?;
            c.ipv6(PREFIX)?;
            options(c, told, depth + 1)?;
        }
        32 => _ = c.u32(LIFETIME)?,
        _ => c.skip(all)?,
    }
    Some(())
}

fn iaid(c: &mut Cursor<'_, '_>) -> Option<()> {
    let (bytes, range) = c.take(4)?;
    c.sink.owned_text(IAID, range, text::hex(bytes));
    Some(())
}

/// An identifier (RFC 8415 §11).
fn identifier(c: &mut Cursor<'_, '_>) -> Option<()> {
    let all = c.left();
    let place = c.at..c.at + all;
    let bytes = c.peek(all)?;
    c.sink.bytes(DUID, place, bytes);
    match c.u16(DUID_TYPE)? {
        1 => {
            c.u16(LLT_HARDWARE)?;
            let (bytes, range) = c.take(4)?;
            let seconds = i64::from(u32::from_be_bytes(*bytes.first_chunk()?)) + SINCE_2000;
            c.sink
                .put(LLT_TIME, range, Value::Time(seconds * 1_000_000_000));
            hardware(c, LLT_ADDRESS)
        }
        2 => {
            c.u32(ENTERPRISE)?;
            c.bytes(IDENTIFIER, c.left()).map(|_| ())
        }
        3 => {
            c.u16(LL_HARDWARE)?;
            hardware(c, LL_ADDRESS)
        }
        4 => c.bytes(UUID, c.left()).map(|_| ()),
        _ => Some(()),
    }
}

fn hardware(c: &mut Cursor<'_, '_>, index: FieldIndex) -> Option<()> {
    let (bytes, range) = c.take(c.left())?;
    if !bytes.is_empty() {
        c.sink.owned_text(index, range, text::colons(bytes));
    }
    Some(())
}

/// Names in DNS's form, one after the other.
fn domains(c: &mut Cursor<'_, '_>) -> Option<()> {
    while c.left() > 0 {
        let rest = c.peek(c.left())?;
        let mut words = String::new();
        let mut length = 0;
        loop {
            let label = usize::from(*rest.get(length)?);
            if label == 0 || label > 63 {
                length += 1;
                break;
            }
            let bytes = rest.get(length + 1..length + 1 + label)?;
            let _ = write!(words, "{}.", text::spelled(bytes));
            length += 1 + label;
        }
        let (_, range) = c.take(length)?;
        c.sink.owned_text(SEARCH, range, words);
    }
    Some(())
}
