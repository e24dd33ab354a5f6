//! The next hops for people: one line per hardware address, with the reason once.

use super::{Times, columns};
use crate::facts::Mac;
use crate::facts::Rows;
use crate::facts::ip::{Hop, Owner};
use foldhash::fast::RandomState;
use std::collections::HashSet;
use std::net::IpAddr;

/// Headings of the table.
pub const HEADINGS: [&str; 6] = ["from", "sent to", "whose", "for", "because", "frames"];

/// Most addresses named in a cell.
const NAMED: usize = 3;

/// What is known of one hardware address.
struct Way {
    mac: Mac,
    owner: Owner,
    router: Option<IpAddr>,
    reason: String,
    sources: Vec<IpAddr>,
    destinations: Vec<IpAddr>,
    frames: Vec<u32>,
}

/// The lines of the table.
pub fn lines(rows: &Rows<'_>, times: &Times) -> Vec<Vec<String>> {
    let mut ways: Vec<Way> = Vec::new();
    let mut places = std::collections::HashMap::new();
    // Which addresses each way has already: a scan has thousands.
    let mut known: HashSet<(usize, bool, IpAddr), RandomState> = HashSet::default();
    for index in 0..rows.len() {
        let Some(record) = rows.get(index) else {
            continue;
        };
        let Some(hop) = record.as_any().downcast_ref::<Hop>() else {
            continue;
        };
        let key = (hop.mac, hop.belongs_to, hop.router);
        let place = *places.entry(key).or_insert(ways.len());
        if place == ways.len() {
            ways.push(Way {
                mac: hop.mac,
                owner: hop.belongs_to,
                router: hop.router,
                reason: hop.reason.clone(),
                sources: Vec::new(),
                destinations: Vec::new(),
                frames: Vec::new(),
            });
        }
        let way = &mut ways[place];
        for (list, source, address) in [
            (&mut way.sources, true, hop.source),
            (&mut way.destinations, false, hop.destination),
        ] {
            if known.insert((place, source, address)) {
                list.push(address);
            }
        }
        way.frames.push(hop.first_frame);
    }
    ways.iter().map(|way| way.cells(times)).collect()
}

impl Way {
    fn cells(&self, times: &Times) -> Vec<String> {
        let whose = match self.router {
            Some(router) => format!("{} {router}", self.owner),
            None if self.owner == Owner::Destination => "the host itself".to_owned(),
            None => self.owner.to_string(),
        };
        vec![
            named(&self.sources, times),
            columns::mac(self.mac),
            whose,
            named(&self.destinations, times),
            self.reason.clone(),
            columns::frames(&self.frames, times),
        ]
    }
}

/// The first few addresses.
fn named(list: &[IpAddr], times: &Times) -> String {
    let most = if times.whole { usize::MAX } else { NAMED };
    let named: Vec<String> = list.iter().take(most).map(IpAddr::to_string).collect();
    match list.len().saturating_sub(most) {
        0 => named.join(" "),
        more => format!("{} and {more} more", named.join(" ")),
    }
}
