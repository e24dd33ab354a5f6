//! Rows about an address, found again: each virtual LAN is a link of its own, on which other hosts may
//! have the same addresses.

use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::net::IpAddr;

/// Whether what was seen with these tags may be one link: a link may be captured with its tag and without,
/// but two tags are two.
pub(super) fn one_link(one: Option<u16>, other: Option<u16>) -> bool {
    one.zip(other).is_none_or(|(one, other)| one == other)
}

/// Where the row of each address is in a list.
#[derive(Default)]
pub(super) struct Places {
    rows: HashMap<(IpAddr, Option<u16>), usize, RandomState>,
    /// The tag that each address was seen with first.
    first: HashMap<IpAddr, Option<u16>, RandomState>,
}

impl Places {
    /// The row of an address on this link: of its virtual LAN, or where one of them has no tag.
    pub(super) fn get(&self, address: IpAddr, vlan: Option<u16>) -> Option<usize> {
        let first = *self.first.get(&address)?;
        let row = |vlan| self.rows.get(&(address, vlan)).copied();
        let other = if vlan.is_some() { None } else { first };
        row(vlan).or_else(|| row(other))
    }

    /// Whether any link has this address.
    pub(super) fn has(&self, address: IpAddr) -> bool {
        self.first.contains_key(&address)
    }

    pub(super) fn insert(&mut self, address: IpAddr, vlan: Option<u16>, row: usize) {
        self.first.entry(address).or_insert(vlan);
        self.rows.insert((address, vlan), row);
    }
}
