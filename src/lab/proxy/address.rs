//! Which origins a proxy may be used against: public addresses, and what was allowed by name.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use thiserror::Error;

/// An address block that was allowed: `10.0.6.0/24`, `::1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    address: IpAddr,
    length: u8,
}

/// A text that is no address block.
#[derive(Debug, Error)]
#[error("{0} is no address and no block; hint: 127.0.0.1, 10.0.0.0/8 or ::1")]
pub struct NoBlock(String);

impl FromStr for Block {
    type Err = NoBlock;

    fn from_str(text: &str) -> Result<Block, NoBlock> {
        let error = || NoBlock(text.to_owned());
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| error())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let length = match length {
            Some(length) => length.parse().map_err(|_| error())?,
            None => most,
        };
        if length > most {
            return Err(error());
        }
        Ok(Block { address, length })
    }
}

impl Block {
    /// Whether `address` is in the block.
    pub fn holds(&self, address: IpAddr) -> bool {
        let left = u32::from(self.length);
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(block), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - left).unwrap_or(0);
                block.to_bits() & mask == address.to_bits() & mask
            }
            (IpAddr::V6(block), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - left).unwrap_or(0);
                block.to_bits() & mask == address.to_bits() & mask
            }
            _ => false,
        }
    }
}

/// Whether the proxy may connect to `address` and `port`. Of public addresses only the ports of
/// the web and those above 1023, so that it is no way into mail servers and the like.
pub fn may_connect(address: IpAddr, port: u16, allowed: &[Block]) -> bool {
    if port == 0 {
        return false;
    }
    let is_web = matches!(port, 80 | 443 | 1024..);
    allowed.iter().any(|block| block.holds(address)) || (is_web && is_public(address))
}

/// Whether an address belongs to the public network, looking through the ways an IPv4 address
/// can be written as an IPv6 one (RFC 6890 and its registries).
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = match address.octets() {
        [0 | 10 | 127 | 224..=255, ..] => true,
        [100, second, ..] => (64..128).contains(&second),
        [169, 254, ..] | [192, 168, ..] => true,
        [172, second, ..] => (16..32).contains(&second),
        [192, 0, 0 | 2, _] | [192, 88, 99, _] => true,
        [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => true,
        _ => false,
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let embedded = |high: u16, low: u16| {
        is_public_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
    };
    match segments {
        // NAT64 and 6to4 carry an IPv4 address.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        [0x2002, high, low, ..] => embedded(high, low),
        // Teredo, benchmarking and ORCHID, documentation.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn addresses_inside_are_not_public_however_they_are_written() {
        for address in [
            "127.0.0.1",
            "127.1.2.3",
            "0.0.0.0",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "fec0::1",
            "::127.0.0.1",
        ] {
            assert!(!is_public(ip(address)), "{address}");
        }
        for address in [
            "93.184.216.34",
            "172.32.0.1",
            "2606:4700::1",
            "64:ff9b::5db8:d822",
        ] {
            assert!(is_public(ip(address)), "{address}");
        }
    }

    #[test]
    fn what_was_allowed_is_allowed_and_nothing_beside_it() {
        let allowed: Vec<Block> = ["127.0.0.1", "10.0.6.0/24", "::1"]
            .iter()
            .map(|block| block.parse().unwrap())
            .collect();
        for address in ["127.0.0.1", "10.0.6.77", "::1", "::ffff:127.0.0.1"] {
            assert!(may_connect(ip(address), 80, &allowed), "{address}");
        }
        for address in ["127.0.0.2", "10.0.7.1", "::2", "192.168.0.1"] {
            assert!(!may_connect(ip(address), 80, &allowed), "{address}");
        }
        assert!(!may_connect(ip("93.184.216.34"), 25, &allowed));
        assert!(may_connect(ip("127.0.0.1"), 25, &allowed));
        assert!("0.0.0.0/0".parse::<Block>().unwrap().holds(ip("1.2.3.4")));
        for text in ["", "x", "1.2.3.4/33", "::/129", "1.2.3.4/-1", "1.2.3.4/"] {
            assert!(text.parse::<Block>().is_err(), "{text}");
        }
    }
}
