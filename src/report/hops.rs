//! The next hops for people: one line per hardware address, with the reason once; or with several,
//! where what it is known by differs.

use super::{Times, columns};
use crate::facts::Mac;
use crate::facts::Rows;
use crate::facts::ip::{Hop, Owner};
use foldhash::fast::RandomState;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

/// Headings of the table.
pub const HEADINGS: [&str; 6] = ["from", "sent to", "whose", "for", "because", "frames"];

/// Most addresses named in a cell.
const NAMED: usize = 3;

/// Source and destination.
type Ends = (IpAddr, IpAddr);

/// What is known of one hardware address.
struct Way {
    mac: Mac,
    vlan: Option<u16>,
    owner: Owner,
    router: Option<IpAddr>,
    /// What it is known by, each with the pairs for which it is.
    reasons: Vec<(String, Vec<Ends>)>,
    /// Their places, by what is the same for all of them.
    places: HashMap<String, usize, RandomState>,
    sources: Vec<IpAddr>,
    destinations: Vec<IpAddr>,
    frames: Vec<u32>,
}

/// The lines of the table.
pub fn lines(rows: &Rows<'_>, times: &Times) -> Vec<Vec<String>> {
    let mut ways: Vec<Way> = Vec::new();
    let mut places = HashMap::new();
    // Which addresses each way has already: a scan has thousands.
    let mut known: HashSet<(usize, bool, IpAddr), RandomState> = HashSet::default();
    for index in 0..rows.len() {
        let Some(record) = rows.get(index) else {
            continue;
        };
        let Some(hop) = record.as_any().downcast_ref::<Hop>() else {
            continue;
        };
        let key = (hop.mac, hop.vlan, hop.belongs_to, hop.router);
        let place = *places.entry(key).or_insert(ways.len());
        if place == ways.len() {
            ways.push(Way {
                mac: hop.mac,
                vlan: hop.vlan,
                owner: hop.belongs_to,
                router: hop.router,
                reasons: Vec::new(),
                places: HashMap::default(),
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
        way.holds(hop);
    }
    ways.iter().map(|way| way.cells(times)).collect()
}

impl Way {
    /// Takes in the reason for a pair: one that only names another destination is the same.
    fn holds(&mut self, hop: &Hop) {
        let destination = hop.destination.to_string();
        let shape = of_each(&hop.reason, &destination);
        match self.places.get(&shape) {
            Some(place) => self.reasons[*place].1.push((hop.source, hop.destination)),
            None => {
                self.places.insert(shape, self.reasons.len());
                let ends = (hop.source, hop.destination);
                self.reasons.push((hop.reason.clone(), vec![ends]));
            }
        }
    }

    /// What it is known by.
    fn because(&self, times: &Times) -> String {
        let told = |(reason, of): &(String, Vec<Ends>)| match of.split_first() {
            Some(((_, first), rest)) if rest.iter().any(|(_, other)| other != first) => {
                of_each(reason, &first.to_string())
            }
            _ => reason.clone(),
        };
        // What differs for one destination differs by who sends.
        let by_source = self.destinations.len() == 1;
        let whose = |of: &[Ends]| {
            let ends = of
                .iter()
                .map(|ends| if by_source { ends.0 } else { ends.1 });
            let word = if by_source { "from" } else { "for" };
            format!("{word} {}", named(&distinct(ends), times))
        };
        if let [only] = self.reasons.as_slice() {
            return told(only);
        }
        let most = if times.whole { usize::MAX } else { NAMED };
        let told_of = self.reasons.iter().take(most);
        let mut list: Vec<String> = told_of
            .map(|reason| format!("{}: {}", whose(&reason.1), told(reason)))
            .collect();
        let more = self.reasons.len().saturating_sub(most);
        list.extend((more > 0).then(|| format!("and {more} more reasons")));
        list.join("; ")
    }

    fn cells(&self, times: &Times) -> Vec<String> {
        let whose = match self.router {
            Some(router) => format!("{} {router}", self.owner),
            None if self.owner == Owner::Destination => "the host itself".to_owned(),
            None => self.owner.to_string(),
        };
        vec![
            named(&self.sources, times),
            match self.vlan {
                Some(vlan) => format!("{} in VLAN {vlan}", columns::mac(self.mac)),
                None => columns::mac(self.mac),
            },
            whose,
            named(&self.destinations, times),
            self.because(times),
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

/// A reason without the name of the one destination.
fn of_each(reason: &str, destination: &str) -> String {
    let word = |word: &str| {
        if word.trim_end_matches([',', ';', ':']) == destination {
            word.replace(destination, "each")
        } else {
            word.to_owned()
        }
    };
    reason.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// A list in which nothing comes twice.
fn distinct(list: impl Iterator<Item = IpAddr>) -> Vec<IpAddr> {
    let mut seen = HashSet::new();
    list.filter(|address| seen.insert(*address)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(source: u8, to: u8, reason: &str) -> Hop {
        Hop {
            source: [10, 0, 0, source].into(),
            destination: [10, 9, 9, to].into(),
            mac: Mac([2, 0, 0, 0, 0, 1]),
            vlan: None,
            belongs_to: Owner::Unknown,
            router: None,
            reason: reason.to_owned(),
            reason_frame: None,
            other_mac: None,
            other_frame: None,
            other_router: None,
            first_frame: 1,
            frame_count: 1,
        }
    }

    /// The reasons in the one line of these.
    fn because(hops: &[Hop]) -> String {
        let lines = lines(&Rows::list(hops), &Times::default());
        assert_eq!(lines.len(), 1);
        lines[0][4].clone()
    }

    #[test]
    fn a_reason_is_told_once_and_of_each_for_whom_it_holds() {
        let (one, two) = ("10.9.9.1 is off-link", "10.9.9.12 is off-link");
        assert_eq!(because(&[hop(1, 1, one)]), one);
        assert_eq!(because(&[hop(1, 1, one), hop(2, 1, one)]), one);
        let both = [hop(1, 1, one), hop(1, 12, two)];
        assert_eq!(because(&both), "each is off-link");
    }

    #[test]
    fn several_reasons_are_told_with_the_ends_that_each_holds_for() {
        let hops = [hop(1, 1, "a"), hop(1, 2, "b"), hop(1, 3, "a")];
        assert_eq!(because(&hops), "for 10.9.9.1 10.9.9.3: a; for 10.9.9.2: b");
        let hops = [hop(1, 1, "a"), hop(2, 1, "b")];
        assert_eq!(because(&hops), "from 10.0.0.1: a; from 10.0.0.2: b");
        let hops: Vec<Hop> = (1..6).map(|n| hop(1, n, &"x".repeat(n.into()))).collect();
        assert!(because(&hops).ends_with("xxx; and 2 more reasons"));
    }
}
