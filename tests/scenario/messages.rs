//! Messages of DNS and DHCP.

use super::line::{Line, host, mac};
use std::net::{IpAddr, Ipv4Addr};

pub(super) fn dns(line: &Line<'_>, rest: &[&str]) -> Option<Vec<u8>> {
    let id: u16 = line.number("id", 1);
    let name = line.values.get("name").copied().unwrap_or("a.b");
    let answers: Vec<IpAddr> = line.values.get("a").map_or_else(Vec::new, |names| {
        names.split(',').map(|name| host(name).0).collect()
    });
    let six = answers.iter().any(IpAddr::is_ipv6);
    let response = rest == ["response"];
    let mut bytes = id.to_be_bytes().to_vec();
    bytes.extend([
        if response { 0x81 } else { 1 }
            | if line.values.contains_key("cut") {
                2
            } else {
                0
            },
        if response { 0x80 } else { 0 } | line.number("rcode", 0),
        0,
        1,
        0,
    ]);
    let count = if response { answers.len() } else { 0 };
    bytes.extend([u8::try_from(count).ok()?, 0, 0, 0, 0]);
    for label in name.split('.') {
        bytes.push(u8::try_from(label.len()).ok()?);
        bytes.extend(label.as_bytes());
    }
    let kind = if six { 28 } else { line.number("type", 1) };
    bytes.extend([0, 0, kind, 0, 1]);
    for address in answers.into_iter().take(count) {
        let address = match address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        bytes.extend([0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 60, 0]);
        bytes.push(u8::try_from(address.len()).ok()?);
        bytes.extend(address);
    }
    Some(bytes)
}

pub(super) fn dhcp(line: &Line<'_>, rest: &[&str], smac: [u8; 6]) -> Option<Vec<u8>> {
    let kinds = [
        "discover",
        "offer",
        "request",
        "decline",
        "ack",
        "nak",
        "release",
        "inform",
        "force",
        "query",
        "unassigned",
        "unknown",
        "active",
    ];
    // Those of BOOTP have no type.
    let kind = match rest.first().copied()? {
        "bootrequest" | "bootreply" => None,
        name => Some(kinds.iter().position(|k| *k == name)? + 1),
    };
    let server = rest == ["bootreply"] || matches!(kind, Some(2 | 5 | 6 | 9 | 11..));
    let none = Ipv4Addr::UNSPECIFIED;
    let mut bytes = vec![1 + u8::from(server), 1, 6, 0];
    bytes.extend(line.number("xid", 1u32).to_be_bytes());
    bytes.extend([0; 4]);
    bytes.extend(line.address("client").unwrap_or(none).octets());
    bytes.extend(line.address("your").unwrap_or(none).octets());
    bytes.extend([0; 4]);
    bytes.extend(line.address("relay").unwrap_or(none).octets());
    bytes.extend(mac(line.number("chaddr", if server { 1 } else { smac[5] })));
    bytes.resize(236, 0);
    bytes.extend([99, 130, 83, 99]);
    if let Some(kind) = kind {
        bytes.extend([53, 1, u8::try_from(kind).ok()?]);
    }
    for (key, code) in [
        ("mask", 1u8),
        ("router", 3),
        ("dns", 6),
        ("asks", 50),
        ("server", 54),
    ] {
        if let Some(address) = line.address(key) {
            bytes.extend([code, 4]);
            bytes.extend(address.octets());
        }
    }
    if line.values.contains_key("lease") {
        bytes.extend([51, 4]);
        bytes.extend(line.number("lease", 0u32).to_be_bytes());
    }
    if line.values.contains_key("ident") {
        bytes.extend([61, 2, 0, line.number("ident", 0u8)]);
    }
    bytes.push(255);
    Some(bytes)
}
