//! One line taken apart: its words, its values, its text; and the names of hosts.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub(super) struct Line<'t> {
    pub(super) words: Vec<&'t str>,
    pub(super) values: HashMap<&'t str, &'t str>,
    pub(super) text: Option<&'t str>,
}

impl Line<'_> {
    pub(super) fn number<T: std::str::FromStr>(&self, key: &str, usual: T) -> T {
        let value = self.values.get(key);
        value.map_or(usual, |v| {
            v.parse().ok().unwrap_or_else(|| panic!("{key}={v}"))
        })
    }

    pub(super) fn address(&self, key: &str) -> Option<Ipv4Addr> {
        self.values.get(key).map(|name| v4(host(name).0))
    }

    pub(super) fn payload(&self) -> Vec<u8> {
        if let Some(digits) = self.values.get("hex") {
            let pairs = digits.as_bytes().chunks(2);
            let digit = |d: u8| char::from(d).to_digit(16).expect("a hexadecimal digit");
            let byte = |p: &[u8]| u8::try_from(digit(p[0]) * 16 + digit(p[1])).expect("a byte");
            return pairs.map(byte).collect();
        }
        match self.text {
            Some(text) => text.replace("\\r\\n", "\r\n").into_bytes(),
            None => vec![b'x'; self.number("len", 0)],
        }
    }
}

/// The address of a host, and the last byte of its card's.
pub(super) fn host(name: &str) -> (IpAddr, u8) {
    let of_six = |last: u8| IpAddr::from([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
    match name {
        "c" => ([10, 0, 0, 1].into(), 1),
        "s" => ([10, 0, 0, 2].into(), 2),
        "d" => ([10, 0, 0, 3].into(), 3),
        "e" => ([10, 0, 0, 4].into(), 4),
        "r" => ([10, 0, 0, 254].into(), 254),
        "o" => ([93, 184, 216, 34].into(), 254),
        "all" => (Ipv4Addr::BROADCAST.into(), 255),
        "none" => (Ipv4Addr::UNSPECIFIED.into(), 1),
        "c6" => (of_six(1), 1),
        "s6" => (of_six(2), 2),
        "d6" => (of_six(3), 3),
        "e6" => (of_six(4), 4),
        "r6" => (of_six(254), 254),
        "o6" => ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 7].into(), 254),
        "all6" => ([0xff02, 0, 0, 0, 0, 0, 0, 1].into(), 255),
        "none6" => (Ipv6Addr::UNSPECIFIED.into(), 1),
        address => {
            let address = address.trim_matches(['[', ']']);
            let address: IpAddr = address.parse().unwrap_or_else(|_| panic!("host {address}"));
            let (local, last) = match address {
                IpAddr::V4(a) => (a.octets()[..3] == [10, 0, 0], a.octets()[3]),
                IpAddr::V6(a) => (matches!(a.octets()[0], 0xfd..=0xff), a.octets()[15]),
            };
            (address, if local { last } else { 254 })
        }
    }
}

pub(super) fn v4(address: IpAddr) -> Ipv4Addr {
    match address {
        IpAddr::V4(address) => address,
        IpAddr::V6(address) => panic!("{address} is no address of IPv4"),
    }
}

/// The name of an end, and its port.
pub(super) fn end(text: &str) -> (&str, u16) {
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, port),
        _ => return (text, 0),
    };
    (name, port.parse().expect("a port"))
}

pub(super) fn mac(last: u8) -> [u8; 6] {
    if last == 255 {
        [255; 6]
    } else {
        [2, 0, 0, 0, 0, last]
    }
}
