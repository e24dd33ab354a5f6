//! Two captures of the same traffic: packets of one found again in the other, before and behind a
//! router, on both sides of a translation, at the sender and at the receiver.

use crate::capture::Reader;
use crate::dissect::field::Value;
use crate::query::{Catalogue, EntryId, Session, expression, print};
use std::collections::BTreeMap;
use std::path::Path;

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

/// A packet as one capture has it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its frame.
    pub frame: u32,
    /// Nanoseconds since 1970.
    pub time: i64,
    /// The fields of `CHANGES` it has.
    pub fields: BTreeMap<&'static str, String>,
}

/// Two captures compared.
#[derive(Debug, Default)]
pub struct Pairs {
    /// Packets in both.
    pub both: Vec<(Seen, Seen)>,
    /// Packets of the first only.
    pub first: Vec<u32>,
    /// Packets of the second only.
    pub second: Vec<u32>,
}

/// A field that differs.
#[derive(Debug)]
pub struct Change {
    /// The field.
    pub field: &'static str,
    /// Values in the first and in the second capture, with how many packets have them, and the
    /// first frames of both.
    pub values: Vec<(String, String, usize, u32, u32)>,
    /// In how many packets it differs.
    pub count: usize,
}

/// Compares two captures.
pub fn compare(first: &Path, second: &Path) -> Result<Pairs, String> {
    let (a, b) = (read(first)?, read(second)?);
    let mut waiting: BTreeMap<Vec<u8>, Vec<Seen>> = BTreeMap::new();
    for (key, seen) in b {
        waiting.entry(key).or_default().push(seen);
    }
    for list in waiting.values_mut() {
        list.reverse();
    }
    let mut pairs = Pairs::default();
    for (key, seen) in a {
        match waiting.get_mut(&key).and_then(Vec::pop) {
            Some(other) => pairs.both.push((seen, other)),
            None => pairs.first.push(seen.frame),
        }
    }
    pairs.second = waiting.into_values().flatten().map(|s| s.frame).collect();
    pairs.second.sort_unstable();
    Ok(pairs)
}

fn read(path: &Path) -> Result<Vec<(Vec<u8>, Seen)>, String> {
    let frames = Catalogue::frames();
    let ids = |names: &[&'static str]| -> Vec<(EntryId, &'static str)> {
        names
            .iter()
            .filter_map(|n| Some((frames.find(n)?, *n)))
            .collect()
    };
    let (same, changes) = (ids(SAME), ids(CHANGES));
    let fields: Vec<EntryId> = same.iter().chain(&changes).map(|f| f.0).collect();
    let session = Session::new(None, &fields);
    let mut list = Vec::new();
    session
        .run_from(
            || Reader::open(path),
            |seen| {
                let mut key = Vec::new();
                let text = |slot: usize| -> Option<Vec<u8>> {
                    let value: Value<'static> = expression::owned(seen.values.of(slot).next()?);
                    let mut out = Vec::new();
                    print::value(frames.entry(fields[slot]).kind, &value, &mut out);
                    Some(out)
                };
                for slot in 0..same.len() {
                    key.extend(text(slot).unwrap_or_default());
                    key.push(0);
                }
                let mut own = BTreeMap::new();
                for (at, (_, name)) in changes.iter().enumerate() {
                    if let Some(value) = text(same.len() + at) {
                        own.insert(*name, String::from_utf8_lossy(&value).into_owned());
                    }
                }
                let frame = seen.packet.frame;
                list.push((
                    key,
                    Seen {
                        frame: frame.number,
                        time: frame.time.map_or(0, |t| t.0),
                        fields: own,
                    },
                ));
                Ok(())
            },
        )
        .map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(list)
}

impl Pairs {
    /// What changed on the way, field by field.
    pub fn changes(&self) -> Vec<Change> {
        let mut out = Vec::new();
        for field in CHANGES {
            let mut values: Vec<(String, String, usize, u32, u32)> = Vec::new();
            let (mut count, mut kept) = (0, 0);
            for (a, b) in &self.both {
                let (Some(x), Some(y)) = (a.fields.get(field), b.fields.get(field)) else {
                    continue;
                };
                if x == y {
                    continue;
                }
                count += 1;
                match values.iter_mut().find(|v| v.0 == *x && v.1 == *y) {
                    Some(known) => known.2 += 1,
                    None if kept < 1000 => {
                        kept += 1;
                        values.push((x.clone(), y.clone(), 1, a.frame, b.frame));
                    }
                    None => {}
                }
            }
            if count > 0 {
                out.push(Change {
                    field,
                    values,
                    count,
                });
            }
        }
        out
    }

    /// The shortest and the longest time from the first capture to the second, in nanoseconds.
    pub fn times(&self) -> Option<(i64, i64)> {
        let gaps = self.both.iter().map(|(a, b)| b.time - a.time);
        Some((gaps.clone().min()?, gaps.max()?))
    }
}
