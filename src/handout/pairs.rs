//! Two captures of the same traffic: packets of one found again in the other, before and behind a
//! router, on both sides of a translation, at the sender and at the receiver.
//!
//! A packet is known by what no router and no translation touches (`SAME`). Several that are
//! alike in all of that, such as a segment sent twice with the same identification, are paired in
//! their order.

use super::Datum;
use super::material::FrameRow;
use crate::dissect::field::Value;
use crate::facts::pair::{Pair, Translation, Unpaired};
use crate::facts::{Mac, Milliseconds};
use crate::query::{Catalogue, EntryId, print};
use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::rc::Rc;

/// What stays the same on the way, whatever is translated: it tells which packet is which.
const SAME: &[&str] = &[
    "ip.id",
    "ip.proto",
    "ip.frag_offset",
    "ipv6.nxt",
    "ipv6.flow",
    "tcp.seq_raw",
    "tcp.ack_raw",
    "tcp.flags",
    "tcp.payload",
    "udp.length",
    "udp.payload",
    "icmp.type",
    "icmp.code",
    "icmp.seq",
    "icmpv6.type",
    "arp.opcode",
    "arp.src.proto_ipv4",
    "arp.dst.proto_ipv4",
];

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
];

/// The sections that tell of two captures.
pub const SECTIONS: &[&str] = &["pairs", "translations", "unpaired"];

/// The fields that are read of every frame to find it again.
pub fn fields() -> Vec<EntryId> {
    let names = SAME.iter().chain(CHANGES).chain(&["frame.time_epoch"]);
    names.filter_map(|n| Catalogue::frames().find(n)).collect()
}

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

/// Compares two captures by their frames, each with the values of [`fields`].
pub fn compare(first: &[Rc<FrameRow>], second: &[Rc<FrameRow>]) -> Compared {
    let state = foldhash::fast::FixedState::with_seed(11);
    let mut waiting: HashMap<u64, Vec<usize>> = HashMap::new();
    for (at, row) in second.iter().enumerate().rev() {
        waiting.entry(key(row, &state)).or_default().push(at);
    }
    let (spans, mut taken) = ((span(first), span(second)), vec![false; second.len()]);
    let mut out = Compared::default();
    for row in first {
        match waiting.get_mut(&key(row, &state)).and_then(Vec::pop) {
            Some(at) => {
                taken[at] = true;
                out.pairs.push(pair(row, &second[at]));
            }
            None => out.unpaired.push(unpaired(row, true, spans.1)),
        }
    }
    for (row, _) in second.iter().zip(&taken).filter(|(_, taken)| !**taken) {
        out.unpaired.push(unpaired(row, false, spans.0));
    }
    out.translations = translations(&out.pairs, first, second);
    out
}

/// The values of a field, outermost layer first.
fn values<'r>(row: &'r FrameRow, name: &str) -> impl Iterator<Item = &'r Value<'static>> {
    let id = Catalogue::frames().find(name);
    let at = row.fields.iter().position(|f| Some(*f) == id);
    let values = at.map(|at| row.of(at));
    values.into_iter().flatten().map(|(_, value)| value)
}

fn datum(row: &FrameRow, name: &str) -> Option<Datum> {
    let kind = Catalogue::frames().find(name)?;
    let kind = Catalogue::frames().entry(kind).kind;
    let mut all = Vec::new();
    Datum::of(kind, values(row, name).next()?, &mut all);
    all.into_iter().next()
}

fn key(row: &FrameRow, state: &foldhash::fast::FixedState) -> u64 {
    let mut all = Vec::new();
    for name in SAME {
        shown(row, name, &mut all);
        all.push(0);
    }
    state.hash_one(all)
}

/// Writes a field's first value as `fields` prints it.
fn shown(row: &FrameRow, name: &str, out: &mut Vec<u8>) {
    let id = Catalogue::frames().find(name);
    if let (Some(id), Some(value)) = (id, values(row, name).next()) {
        print::value(Catalogue::frames().entry(id).kind, value, out);
    }
}

fn address(row: &FrameRow, v4: &str, v6: &str) -> Option<IpAddr> {
    match datum(row, v4).or_else(|| datum(row, v6))? {
        Datum::Ip(address) => Some(address),
        _ => None,
    }
}

fn number<T: TryFrom<i128>>(row: &FrameRow, names: &[&str]) -> Option<T> {
    match names.iter().find_map(|name| datum(row, name))? {
        Datum::Number { value, .. } => T::try_from(value).ok(),
        _ => None,
    }
}

fn mac(row: &FrameRow, name: &str) -> Option<Mac> {
    match datum(row, name)? {
        Datum::Mac(mac) => Some(Mac(mac)),
        _ => None,
    }
}

fn time(row: &FrameRow) -> Option<i64> {
    match datum(row, "frame.time_epoch")? {
        // `frame.time_epoch` is a span since 1970.
        Datum::Duration(time) => Some(time),
        _ => None,
    }
}

/// The time from the first frame to the last.
fn span(rows: &[Rc<FrameRow>]) -> Option<(i64, i64)> {
    let times = rows.iter().filter_map(|row| time(row));
    Some((times.clone().min()?, times.max()?))
}

fn unpaired(row: &FrameRow, in_first: bool, other: Option<(i64, i64)>) -> Unpaired {
    let within = |t: i64| other.is_some_and(|(from, to)| from <= t && t <= to);
    Unpaired {
        frame: row.frame,
        in_first,
        source: address(row, "ip.src", "ipv6.src"),
        destination: address(row, "ip.dst", "ipv6.dst"),
        protocol: number(row, &["ip.proto", "ipv6.nxt"]),
        while_both_recorded: time(row).is_some_and(within),
    }
}

fn pair(a: &FrameRow, b: &FrameRow) -> Pair {
    let between = time(a).zip(time(b)).and_then(|(x, y)| y.checked_sub(x));
    let changed: Vec<&'static str> = CHANGES
        .iter()
        .copied()
        .filter(|name| {
            let (x, y) = (values(a, name).next(), values(b, name).next());
            x.is_some() && y.is_some() && x != y
        })
        .collect();
    let ttl = ["ip.ttl", "ipv6.hlim"];
    let (from, to) = (
        ["tcp.srcport", "udp.srcport"],
        ["tcp.dstport", "udp.dstport"],
    );
    Pair {
        first_frame: a.frame,
        second_frame: b.frame,
        between_ms: between.map(Milliseconds::from_nanoseconds),
        protocol: number(a, &["ip.proto", "ipv6.nxt"]),
        first_source: address(a, "ip.src", "ipv6.src"),
        second_source: address(b, "ip.src", "ipv6.src"),
        first_destination: address(a, "ip.dst", "ipv6.dst"),
        second_destination: address(b, "ip.dst", "ipv6.dst"),
        first_source_port: number(a, &from),
        second_source_port: number(b, &from),
        first_destination_port: number(a, &to),
        second_destination_port: number(b, &to),
        first_ttl: number(a, &ttl),
        second_ttl: number(b, &ttl),
        first_checksum: number(a, &["ip.checksum"]),
        second_checksum: number(b, &["ip.checksum"]),
        first_source_mac: mac(a, "eth.src"),
        second_source_mac: mac(b, "eth.src"),
        first_destination_mac: mac(a, "eth.dst"),
        second_destination_mac: mac(b, "eth.dst"),
        translated: changed.iter().any(|name| TRANSLATED.contains(name)),
        changed,
    }
}

/// An end: protocol, address, and its port or identifier.
type End = (u8, IpAddr, Option<u16>);

/// The ends that are another in the second capture, in the order of their first packets.
fn translations(
    pairs: &[Pair],
    first: &[Rc<FrameRow>],
    second: &[Rc<FrameRow>],
) -> Vec<Translation> {
    let by_frame = |rows: &[Rc<FrameRow>]| -> BTreeMap<u32, Rc<FrameRow>> {
        rows.iter().map(|r| (r.frame, Rc::clone(r))).collect()
    };
    let (a, b) = (by_frame(first), by_frame(second));
    let ident = |rows: &BTreeMap<u32, Rc<FrameRow>>, frame: u32| -> Option<u16> {
        rows.get(&frame)
            .and_then(|row| number(row, &["icmp.ident"]))
    };
    let mut known: HashMap<(End, End), usize> = HashMap::new();
    let mut table: Vec<Translation> = Vec::new();
    for pair in pairs.iter().filter(|p| p.translated) {
        let Some(protocol) = pair.protocol else {
            continue;
        };
        // A ping's identifier belongs to who asks: the request's source, the reply's destination.
        let (own, other) = (ident(&a, pair.first_frame), ident(&b, pair.second_frame));
        let asks = own.is_some() && pair.first_source != pair.second_source;
        let ends = [
            (
                pair.first_source,
                pair.first_source_port.or(own.filter(|_| asks)),
                pair.second_source,
                pair.second_source_port.or(other.filter(|_| asks)),
            ),
            (
                pair.first_destination,
                pair.first_destination_port.or(own.filter(|_| !asks)),
                pair.second_destination,
                pair.second_destination_port.or(other.filter(|_| !asks)),
            ),
        ];
        for (was, port, is, new) in ends {
            let (Some(was), Some(is)) = (was, is) else {
                continue;
            };
            if (was, port) == (is, new) {
                continue;
            }
            let ends = ((protocol, was, port), (protocol, is, new));
            let at = *known.entry(ends).or_insert_with(|| {
                table.push(Translation {
                    protocol,
                    first_address: was,
                    first_port: port,
                    second_address: is,
                    second_port: new,
                    packet_count: 0,
                    first_frame: pair.first_frame,
                    second_frame: pair.second_frame,
                });
                table.len() - 1
            });
            table[at].packet_count += 1;
        }
    }
    table
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

/// What changed on the way, field by field.
pub fn changes(
    compared: &Compared,
    first: &[Rc<FrameRow>],
    second: &[Rc<FrameRow>],
) -> Vec<Change> {
    let of = |rows: &[Rc<FrameRow>], frame: u32| {
        let at = rows.binary_search_by_key(&frame, |row| row.frame);
        at.ok().map(|at| Rc::clone(&rows[at]))
    };
    let text = |row: &FrameRow, name: &str| -> String {
        let mut text = Vec::new();
        shown(row, name, &mut text);
        String::from_utf8_lossy(&text).into_owned()
    };
    let mut list: Vec<Change> = Vec::new();
    for pair in &compared.pairs {
        let frames = (pair.first_frame, pair.second_frame);
        let (Some(a), Some(b)) = (of(first, frames.0), of(second, frames.1)) else {
            continue;
        };
        for field in &pair.changed {
            let at = list.iter().position(|c| c.field == *field);
            let at = at.unwrap_or_else(|| {
                list.push(Change {
                    field,
                    values: Vec::new(),
                    packets: 0,
                });
                list.len() - 1
            });
            let change = &mut list[at];
            change.packets += 1;
            let (x, y) = (text(&a, field), text(&b, field));
            let mut known = change.values.iter();
            match known.position(|v| v.first == x && v.second == y) {
                Some(at) => change.values[at].packets += 1,
                None if change.values.len() < VALUES => change.values.push(Changed {
                    first: x,
                    second: y,
                    packets: 1,
                    frames,
                }),
                None => {}
            }
        }
    }
    list.sort_by_key(|c| CHANGES.iter().position(|f| *f == c.field));
    list
}
