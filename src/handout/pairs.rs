//! Two captures of the same traffic: packets of one found again in the other, before and behind a
//! router, on both sides of a translation, at the sender and at the receiver.
//!
//! A packet is known by what no router and no translation touches, as far as both captures hold
//! it ([`recording`]); which is which of those that are alike, and what was translated, decides
//! `matching`.

mod matching;
pub mod recording;
#[cfg(test)]
mod tests;

use crate::dissect::as_usize;
use crate::dissect::field::Value;
use crate::facts::pair::{Pair, Translation, Unpaired};
use crate::facts::{Mac, Milliseconds};
use crate::query::{Catalogue, print};
use foldhash::fast::FixedState;
pub use recording::Recording;
use recording::{Flow, Held};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::net::IpAddr;

/// What may change.
const CHANGES: &[&str] = &[
    "eth.src",
    "eth.dst",
    "ip.src",
    "ip.dst",
    "ip.ttl",
    "ip.checksum",
    "ip.dsfield",
    "ipv6.src",
    "ipv6.dst",
    "ipv6.hlim",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.checksum",
    "udp.srcport",
    "udp.dstport",
    "udp.checksum",
    "icmp.ident",
    "icmp.checksum",
    "icmpv6.echo.identifier",
    "icmpv6.checksum",
    "frame.len",
];

/// Fields of which a change is a translation.
const TRANSLATED: &[&str] = &[
    "ip.src",
    "ip.dst",
    "ipv6.src",
    "ipv6.dst",
    "tcp.srcport",
    "tcp.dstport",
    "udp.srcport",
    "udp.dstport",
    "icmp.ident",
    "icmpv6.echo.identifier",
];

/// The sections that tell of two captures.
pub const SECTIONS: &[&str] = &["pairs", "translations", "unpaired"];

/// Two captures compared.
#[derive(Debug, Default)]
pub struct Compared {
    /// Packets in both.
    pub pairs: Vec<Pair>,
    /// What became of the ends.
    pub translations: Vec<Translation>,
    /// Packets of one only: those of the first capture, then those of the second.
    pub unpaired: Vec<Unpaired>,
}

/// Compares two captures; every pair is made, for whoever asks each.
pub fn compare(first: &Recording, second: &Recording) -> Compared {
    let comparison = Comparison::new(first, second);
    Compared {
        pairs: comparison.pairs().collect(),
        translations: comparison.translations(),
        unpaired: comparison.unpaired().collect(),
    }
}

/// Two captures and which packet of one is which of the other: facts are made as they are asked
/// for, since there may be millions.
pub struct Comparison<'r> {
    first: &'r Recording,
    second: &'r Recording,
    matches: Vec<matching::Match>,
}

impl<'r> Comparison<'r> {
    /// Compares them.
    pub fn new(first: &'r Recording, second: &'r Recording) -> Comparison<'r> {
        Comparison {
            first,
            second,
            matches: matching::matches(first, second),
        }
    }

    /// How many packets are in both.
    pub fn count(&self) -> usize {
        self.matches.len()
    }

    fn both(&self) -> impl Iterator<Item = [Side<'r>; 2]> {
        self.matches.iter().map(|(a, b)| {
            [
                Side::new(self.first, &self.first.held[as_usize(*a)]),
                Side::new(self.second, &self.second.held[as_usize(*b)]),
            ]
        })
    }

    /// The packets in both, in the order of the first capture.
    pub fn pairs(&self) -> impl Iterator<Item = Pair> {
        self.both().map(|[a, b]| pair(&a, &b))
    }

    /// Their frames.
    pub fn frames(&self) -> impl Iterator<Item = (u32, u32)> {
        self.both().map(|[a, b]| (a.held.frame, b.held.frame))
    }

    /// From the first capture to the second, in milliseconds; and whether a packet went this way, as a
    /// lower TTL there shows, or came back. Without a router between them the senders tell: if all that
    /// some sent is later there and all that others sent is earlier, and both clocks agree.
    pub fn times(&self) -> impl Iterator<Item = (Ordering, f64)> {
        let senders = self.senders();
        self.both().filter_map(move |[a, b]| {
            let sender = || senders.get(&a.flow.source).copied();
            let way = a.held.ttl.cmp(&b.held.ttl);
            let way = way.then_with(|| sender().unwrap_or(Ordering::Equal));
            Some((way, between(&a, &b)?.0))
        })
    }

    /// Whose packets are all later in the second capture, and whose all earlier; nobody's, unless there
    /// are both.
    fn senders(&self) -> HashMap<IpAddr, Ordering, FixedState> {
        let mut senders: HashMap<IpAddr, Ordering, FixedState> = HashMap::default();
        for [a, b] in self.both() {
            let way = b.held.time().cmp(&a.held.time());
            let known = senders.entry(a.flow.source).or_insert(way);
            if *known != way {
                *known = Ordering::Equal;
            }
        }
        let has = |way| senders.values().any(|known| *known == way);
        if !(has(Ordering::Greater) && has(Ordering::Less)) {
            senders.clear();
        }
        senders
    }

    /// From the first capture to the second by the clocks of both, in nanoseconds: the earliest and the
    /// latest of all packets.
    fn gaps(&self) -> Option<(i64, i64)> {
        let gaps = self.both().filter_map(|[a, b]| {
            let (a, b) = (a.held.time()?, b.held.time()?);
            b.checked_sub(a)
        });
        gaps.fold(None, |known: Option<(i64, i64)>, gap| {
            let (least, most) = known.unwrap_or((gap, gap));
            Some((least.min(gap), most.max(gap)))
        })
    }

    /// Packets of one capture only: those of the first, then those of the second.
    pub fn unpaired(&self) -> impl Iterator<Item = Unpaired> {
        let mut taken = [self.first, self.second].map(|r| vec![false; r.held.len()]);
        for (a, b) in &self.matches {
            taken[0][as_usize(*a)] = true;
            taken[1][as_usize(*b)] = true;
        }
        let (least, most) = self.gaps().unwrap_or_default();
        let of = |own: &'r Recording, other: &'r Recording, taken: Vec<bool>, in_first| {
            // When it would have been seen here to be seen there as early or late as others were.
            let (early, late) = if in_first {
                (least, most)
            } else {
                (-most, -least)
            };
            let span = other
                .span()
                .map(|(from, to)| (from.saturating_sub(early), to.saturating_sub(late)));
            let all = own.held.iter().zip(taken);
            let alone = all.filter(|(_, taken)| !taken).map(|(held, _)| held);
            alone.map(move |held| unpaired(&Side::new(own, held), in_first, span))
        };
        let [first, second] = taken;
        let first = of(self.first, self.second, first, true);
        first.chain(of(self.second, self.first, second, false))
    }

    /// The ends that are another in the second capture, in the order of their first packets.
    pub fn translations(&self) -> Vec<Translation> {
        let mut known: HashMap<(End, End), usize, FixedState> = HashMap::default();
        let mut table: Vec<Translation> = Vec::new();
        for [a, b] in self.both() {
            let Some(protocol) = a.flow.protocol else {
                continue;
            };
            for (was, is) in [(a.source(), b.source()), (a.destination(), b.destination())] {
                if was == is {
                    continue;
                }
                let at = *known.entry((was, is)).or_insert_with(|| {
                    table.push(Translation {
                        protocol,
                        first_address: was.1,
                        first_port: was.2,
                        second_address: is.1,
                        second_port: is.2,
                        packet_count: 0,
                        first_frame: a.held.frame,
                        second_frame: b.held.frame,
                    });
                    table.len() - 1
                });
                table[at].packet_count += 1;
            }
        }
        table
    }

    /// What changed on the way, field by field.
    pub fn changes(&self) -> Vec<Change> {
        let mut list: Vec<Changing> = Vec::new();
        for [a, b] in self.both() {
            let frames = (a.held.frame, b.held.frame);
            for field in CHANGES {
                let Some((x, y)) = a.value(field).zip(b.value(field)).filter(|(x, y)| x != y)
                else {
                    continue;
                };
                let at = list.iter().position(|c| c.change.field == *field);
                let at = at.unwrap_or_else(|| {
                    list.push(Changing::new(field));
                    list.len() - 1
                });
                list[at].add(printed(field, &x), printed(field, &y), frames);
            }
        }
        let mut list: Vec<Change> = list.into_iter().map(|c| c.change).collect();
        list.sort_by_key(|c| CHANGES.iter().position(|f| *f == c.field));
        list
    }
}

/// A change that is being counted, and where its values are.
struct Changing {
    change: Change,
    places: HashMap<(String, String), usize, FixedState>,
}

impl Changing {
    fn new(field: &'static str) -> Changing {
        Changing {
            change: Change {
                field,
                values: Vec::new(),
                packets: 0,
            },
            places: HashMap::default(),
        }
    }

    fn add(&mut self, first: String, second: String, frames: (u32, u32)) {
        let Changing { change, places } = self;
        change.packets += 1;
        let values = (first, second);
        if let Some(at) = places.get(&values) {
            change.values[*at].packets += 1;
        } else if change.values.len() < VALUES {
            change.values.push(Changed {
                first: values.0.clone(),
                second: values.1.clone(),
                packets: 1,
                frames,
            });
            places.insert(values, change.values.len() - 1);
        }
    }
}

/// An end: protocol, address, and its port or identifier.
type End = (Option<u8>, IpAddr, Option<u16>);

/// One packet in one of the captures.
struct Side<'r> {
    held: &'r Held,
    flow: &'r Flow,
    macs: Option<([u8; 6], [u8; 6])>,
}

impl<'r> Side<'r> {
    fn new(recording: &'r Recording, held: &'r Held) -> Side<'r> {
        Side {
            held,
            flow: recording.flow(held),
            macs: recording.macs(held),
        }
    }

    fn source(&self) -> End {
        let flow = self.flow;
        (flow.protocol, flow.source, flow.source_port)
    }

    fn destination(&self) -> End {
        let flow = self.flow;
        (flow.protocol, flow.destination, flow.destination_port)
    }

    /// An address of IP: one of ARP is no address of a packet.
    fn address(&self, address: IpAddr) -> Option<IpAddr> {
        self.flow.protocol.map(|_| address)
    }

    /// A port, but no identifier of a ping.
    fn port(&self, port: Option<u16>) -> Option<u16> {
        port.filter(|_| matches!(self.flow.protocol, Some(6 | 17)))
    }

    /// The value of one of the fields that may change.
    fn value(&self, field: &str) -> Option<Value<'static>> {
        let Side { held, flow, .. } = self;
        let of = |protocol: u8| flow.protocol == Some(protocol);
        let ip = |wanted: IpAddr| match self.address(wanted)? {
            IpAddr::V4(a) => Some(Value::Ipv4(a.octets())),
            IpAddr::V6(a) => Some(Value::Ipv6(a.octets())),
        };
        let v4 = flow.protocol.is_some() && flow.source.is_ipv4();
        let v6 = flow.source.is_ipv6();
        let number = |is: bool, n: Option<u16>| n.filter(|_| is).map(|n| Value::Unsigned(n.into()));
        let identifier = flow.source_port.or(flow.destination_port);
        match field {
            "eth.src" => self.macs.map(|m| Value::Ether(m.1)),
            "eth.dst" => self.macs.map(|m| Value::Ether(m.0)),
            "ip.src" if v4 => ip(flow.source),
            "ip.dst" if v4 => ip(flow.destination),
            "ipv6.src" if v6 => ip(flow.source),
            "ipv6.dst" if v6 => ip(flow.destination),
            "ip.ttl" => number(v4, Some(held.ttl.into())),
            "ipv6.hlim" => number(v6, Some(held.ttl.into())),
            "ip.checksum" => number(v4, held.header_checksum),
            "ip.dsfield" => number(v4, Some(held.service.into())),
            "tcp.srcport" => number(of(6), flow.source_port),
            "tcp.dstport" => number(of(6), flow.destination_port),
            "tcp.checksum" => number(of(6), held.checksum),
            "udp.srcport" => number(of(17), flow.source_port),
            "udp.dstport" => number(of(17), flow.destination_port),
            "udp.checksum" => number(of(17), held.checksum),
            "icmp.ident" => number(of(1), identifier),
            "icmp.checksum" => number(of(1), held.checksum),
            "icmpv6.echo.identifier" => number(of(58), identifier),
            "icmpv6.checksum" => number(of(58), held.checksum),
            "frame.len" => Some(Value::Unsigned(held.length.into())),
            _ => None,
        }
    }
}

/// A field's value as `fields` prints it.
fn printed(field: &str, value: &Value<'_>) -> String {
    let mut text = Vec::new();
    if let Some(id) = Catalogue::frames().find(field) {
        print::value(Catalogue::frames().entry(id).kind, value, &mut text);
    }
    String::from_utf8_lossy(&text).into_owned()
}

fn between(a: &Side<'_>, b: &Side<'_>) -> Option<Milliseconds> {
    let (first, second) = (a.held.time()?, b.held.time()?);
    Some(Milliseconds::from_nanoseconds(second.checked_sub(first)?))
}

fn unpaired(side: &Side<'_>, in_first: bool, other: Option<(i64, i64)>) -> Unpaired {
    let within = |t: i64| other.is_some_and(|(from, to)| from <= t && t <= to);
    Unpaired {
        frame: side.held.frame,
        in_first,
        source: side.address(side.flow.source),
        destination: side.address(side.flow.destination),
        protocol: side.flow.protocol,
        while_both_recorded: side.held.time().is_some_and(within),
    }
}

fn pair(a: &Side<'_>, b: &Side<'_>) -> Pair {
    let differs = |name: &&&str| {
        let (x, y) = (a.value(name), b.value(name));
        x.is_some() && y.is_some() && x != y
    };
    let changed: Vec<&'static str> = CHANGES.iter().filter(differs).copied().collect();
    let ttl = |side: &Side<'_>| side.flow.protocol.map(|_| side.held.ttl);
    Pair {
        first_frame: a.held.frame,
        second_frame: b.held.frame,
        between_ms: between(a, b),
        protocol: a.flow.protocol,
        first_source: a.address(a.flow.source),
        second_source: b.address(b.flow.source),
        first_destination: a.address(a.flow.destination),
        second_destination: b.address(b.flow.destination),
        first_source_port: a.port(a.flow.source_port),
        second_source_port: b.port(b.flow.source_port),
        first_destination_port: a.port(a.flow.destination_port),
        second_destination_port: b.port(b.flow.destination_port),
        first_ttl: ttl(a),
        second_ttl: ttl(b),
        first_checksum: a.held.header_checksum,
        second_checksum: b.held.header_checksum,
        first_source_mac: a.macs.map(|m| Mac(m.1)),
        second_source_mac: b.macs.map(|m| Mac(m.1)),
        first_destination_mac: a.macs.map(|m| Mac(m.0)),
        second_destination_mac: b.macs.map(|m| Mac(m.0)),
        translated: changed.iter().any(|name| TRANSLATED.contains(name)),
        changed,
    }
}

/// A field that differs.
#[derive(Debug)]
pub struct Change {
    /// The field.
    pub field: &'static str,
    /// Its values, the commonest changes of them: at most a thousand.
    pub values: Vec<Changed>,
    /// In how many packets it differs.
    pub packets: usize,
}

/// One value that became another.
#[derive(Debug)]
pub struct Changed {
    /// In the first capture.
    pub first: String,
    /// In the second.
    pub second: String,
    /// In how many packets.
    pub packets: usize,
    /// The first of them, in both captures.
    pub frames: (u32, u32),
}

/// Different changes of one field that are told apart.
const VALUES: usize = 1000;
