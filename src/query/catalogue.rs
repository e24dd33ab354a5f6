//! Every field by its name: its type, its sentence, and where its values come from.

use super::advice;
use super::error::Cause;
use super::known::{self, Known};
use super::notes::{NOTES, Notes};
use crate::dissect::field::{FieldIndex, Kind};
use crate::dissect::layer::Protocol;
use crate::dissect::{DEFINITIONS, MARKS};
use crate::facts;
use hashbrown::HashMap;
use std::sync::OnceLock;

/// Number of an entry in its catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(pub u16);

/// Where a field's values are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The layer as a whole, by Wireshark's name of it.
    Layer(&'static str),
    /// A field of a protocol's table.
    Field(Protocol, FieldIndex),
    /// A field of a tracker's notes.
    Note(Notes, FieldIndex),
    /// A field of a fact, by position in its table.
    Fact(u16),
}

/// One name.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Full name: `ip.ttl`, `connection.opened`.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// One sentence.
    pub doc: &'static str,
    /// Where its values are found; protocols that share fields (DNS and mDNS) make several.
    pub places: Vec<Place>,
}

/// All names that can be asked for together.
#[derive(Debug, Default)]
pub struct Catalogue {
    entries: Vec<Entry>,
    by_name: HashMap<&'static str, EntryId, foldhash::fast::RandomState>,
    /// What is asked about, in the plural: `frames`, `connections`.
    pub about: &'static str,
}

/// Names that Wireshark gave up, with what they are called now.
const RENAMED: &[(&str, &str)] = &[
    ("bootp", "dhcp"),
    ("ssl", "tls"),
    ("tcp.flags.ns", "tcp.flags.ae"),
    ("http2", "http2"),
    ("icmpv6.nd.ns.target", "icmpv6.nd.ns.target_address"),
    ("icmpv6.nd.na.target", "icmpv6.nd.na.target_address"),
    ("frame.pkt_len", "frame.len"),
    ("tcp.options.time_stamp", "tcp.options.timestamp"),
    ("tcp.options.wscale_val", "tcp.options.wscale.shift"),
    ("tcp.segment_data.len", "tcp.len"),
    ("ip.tos", "ip.dsfield"),
    ("ipv6.class", "ipv6.tclass"),
    ("dns.resp.primaryname", "dns.cname"),
    (
        "ssl.handshake.extensions_server_name",
        "tls.handshake.extensions_server_name",
    ),
];

/// Fields that Wireshark 4.0 has and does not fill either, unless a setting asks for it: they can be
/// asked for and are always absent, and are not listed.
const NEVER_FILLED: &[(&str, Kind, &str)] = &[
    (
        "ip.flags.sf",
        Kind::Boolean,
        "Security flag (RFC 3514), in place of the reserved bit.",
    ),
    (
        "dhcp.option.novell_netware_ip_domain",
        Kind::Text,
        "NetWare/IP domain (62).",
    ),
];

impl Catalogue {
    /// The names of frames: every protocol, every field.
    pub fn frames() -> &'static Catalogue {
        static FRAMES: OnceLock<Catalogue> = OnceLock::new();
        FRAMES.get_or_init(|| {
            let mut catalogue = Catalogue {
                about: "frames",
                ..Catalogue::default()
            };
            let layers = DEFINITIONS.iter().flat_map(|(_, d)| d.layers);
            for (name, doc) in layers.chain(MARKS) {
                catalogue.add(name, Kind::Protocol, doc, Place::Layer(name));
            }
            for (protocol, definition) in DEFINITIONS {
                for (index, field) in definition.fields.iter().enumerate() {
                    let index =
                        FieldIndex(u8::try_from(index).expect("tables have 256 fields at most"));
                    let place = Place::Field(*protocol, index);
                    catalogue.add(field.name, field.kind, field.doc, place);
                }
            }
            for (name, kind, doc) in NEVER_FILLED {
                catalogue.declare(name, *kind, doc);
            }
            for (notes, table) in NOTES {
                for (index, field) in table.iter().enumerate() {
                    let index =
                        FieldIndex(u8::try_from(index).expect("tables have 256 fields at most"));
                    catalogue.add(
                        field.name,
                        field.kind,
                        field.doc,
                        Place::Note(*notes, index),
                    );
                }
            }
            catalogue
        })
    }

    /// The names of a kind of fact.
    pub fn facts(schema: &facts::Schema) -> Catalogue {
        let mut catalogue = Catalogue {
            about: schema.section,
            ..Catalogue::default()
        };
        for (index, column) in schema.columns.iter().enumerate() {
            let place = Place::Fact(u16::try_from(index).unwrap_or(u16::MAX));
            catalogue.add(column.name, column.kind, column.doc, place);
        }
        catalogue
    }

    fn add(&mut self, name: &'static str, kind: Kind, doc: &'static str, place: Place) {
        let id = self.declare(name, kind, doc);
        self.entries[usize::from(id.0)].places.push(place);
    }

    /// The entry of a name, which may be new.
    fn declare(&mut self, name: &'static str, kind: Kind, doc: &'static str) -> EntryId {
        if let Some(id) = self.by_name.get(name) {
            return *id;
        }
        let id = EntryId(u16::try_from(self.entries.len()).expect("fewer than 65536 fields"));
        self.by_name.insert(name, id);
        self.entries.push(Entry {
            name,
            kind,
            doc,
            places: Vec::new(),
        });
        id
    }

    /// All entries, protocols first, then in the order of the tables.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// An entry by its number.
    pub fn entry(&self, id: EntryId) -> &Entry {
        &self.entries[usize::from(id.0)]
    }

    /// Looks a name up, also one that Wireshark has given up since.
    pub fn find(&self, name: &str) -> Option<EntryId> {
        if let Some(id) = self.by_name.get(name) {
            return Some(*id);
        }
        RENAMED.iter().find_map(|(old, new)| {
            let rest = name.strip_prefix(old)?;
            if !(rest.is_empty() || rest.starts_with('.')) {
                return None;
            }
            self.by_name.get(format!("{new}{rest}").as_str()).copied()
        })
    }

    /// The names nearest to one that does not exist, best first.
    pub fn nearest(&self, name: &str) -> Vec<&'static str> {
        let wanted: Vec<char> = name.to_lowercase().chars().take(64).collect();
        let limit = 2 + wanted.len() / 4;
        let last = name.rsplit('.').next().unwrap_or(name);
        let protocol = name.split('.').next().unwrap_or(name);
        let mut found: Vec<(usize, &'static str)> = Vec::new();
        for entry in &self.entries {
            let mut cost = distance(&wanted, entry.name);
            // The right protocol with another last word, or the right word elsewhere.
            let same_protocol = entry.name.split('.').next() == Some(protocol);
            let same_word = last.len() > 2 && entry.name.rsplit('.').next() == Some(last);
            if same_protocol && same_word {
                cost = cost.min(1);
            } else if same_word && name.contains('.') {
                cost = cost.min(limit);
            } else if same_protocol && last.len() > 2 && entry.name.contains(last) {
                cost = cost.min(2);
            }
            if cost <= limit {
                found.push((cost, entry.name));
            }
        }
        found.sort_by_key(|(cost, name)| (*cost, name.len(), *name));
        found.into_iter().take(4).map(|(_, name)| name).collect()
    }

    /// What to say of a name that Wireshark has and this catalogue of frames has not.
    pub fn known_elsewhere(&self, name: &str) -> Option<Cause> {
        if self.about != "frames" || advice::by_meaning(name, self).is_some() {
            return None;
        }
        let decoded = |protocol: &str| {
            let with_dot = format!("{protocol}.");
            self.entries
                .iter()
                .any(|entry| entry.name.starts_with(&with_dot))
        };
        Some(match known::look_up(name, decoded)? {
            Known::Protocol(protocol) => Cause::NotDecoded(protocol.to_owned()),
            Known::Field => Cause::NotFilled(name.to_owned()),
        })
    }

    /// Advice about a name that does not exist; nothing when no name is near.
    pub fn advice(&self, name: &str) -> Option<String> {
        if let Some(meant) = advice::by_meaning(name, self) {
            return Some(format!("did you mean `{meant}`?"));
        }
        let names = self.nearest(name);
        let (last, first) = names.split_last()?;
        let list = if first.is_empty() {
            format!("`{last}`")
        } else {
            let first: Vec<String> = first.iter().map(|n| format!("`{n}`")).collect();
            format!("{} or `{last}`", first.join(", "))
        };
        Some(format!("did you mean {list}?"))
    }
}

/// Edits that lead from one name to another; neighbours that changed places count once.
pub(crate) fn distance(from: &[char], to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    if from.len().abs_diff(to.len()) > 20 {
        return usize::MAX;
    }
    let mut before: Vec<usize> = vec![0; to.len() + 1];
    let mut above: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let mut cost = (above[j] + usize::from(a != b))
                .min(above[j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && *a == to[j - 1] && from[i - 1] == *b {
                cost = cost.min(before[j - 1] + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or(usize::MAX)
}

/// A type in words, with its article.
pub fn describe(kind: Kind) -> &'static str {
    match kind {
        Kind::Protocol => "a protocol",
        Kind::Mark => "a mark without a value",
        Kind::Boolean => "a truth value",
        Kind::Unsigned(_) | Kind::Hex(_) | Kind::Signed(_) => "a number",
        Kind::Frame => "a frame number",
        Kind::Frames => "a list of frame numbers",
        Kind::Address => "an IPv4 or IPv6 address",
        Kind::State(_) => "one of several states",
        Kind::Text => "text",
        Kind::Bytes => "bytes",
        Kind::Ether => "a hardware address",
        Kind::Ipv4 => "an IPv4 address",
        Kind::Ipv6 => "an IPv6 address",
        Kind::Time => "a moment",
        Kind::Duration => "a span of time",
        Kind::Float => "a decimal number",
    }
}
