//! What numbers are called: the names that Wireshark shows beside them and takes in filters. Each
//! protocol's definition has those of its fields.

use super::tables::DEFINITIONS;

fn list(field: &str) -> Option<&'static [(u64, &'static str)]> {
    let mut lists = DEFINITIONS.iter().flat_map(|(_, d)| d.values);
    let names = lists.find(|names| names.fields.contains(&field))?;
    Some(names.values)
}

/// Every name: the field, the value, what it is called.
pub fn all() -> impl Iterator<Item = (&'static str, u64, &'static str)> {
    let lists = DEFINITIONS.iter().flat_map(|(_, d)| d.values);
    lists.flat_map(|names| {
        let fields = names.fields.iter();
        fields.flat_map(|field| {
            names
                .values
                .iter()
                .map(|(value, name)| (*field, *value, *name))
        })
    })
}

/// Whether the names of a field's values are only shown.
pub fn is_shown_only(field: &str) -> bool {
    SHOWN.contains(&field)
}

/// Fields whose values Wireshark's filters know by number alone: their names are only shown.
const SHOWN: &[&str] = &[
    "icmp.type",
    "tcp.port",
    "tcp.srcport",
    "tcp.dstport",
    "udp.port",
    "udp.srcport",
    "udp.dstport",
    "tcp.completeness",
    "dhcp.option.type",
    "dhcp.option.request_list_item",
    "telnet.subcmd",
];

/// Whether a field's values can be written by name in a filter.
pub fn has_filter_names(field: &str) -> bool {
    list(field).is_some() && !is_shown_only(field)
}

/// The value that a name stands for, in any case of letters.
pub fn value(field: &str, name: &str) -> Option<u64> {
    let found = list(field)?
        .iter()
        .find(|(_, n)| n.eq_ignore_ascii_case(name))?;
    Some(found.0)
}

/// The name of a field's value.
pub fn name(field: &str, value: u64) -> Option<&'static str> {
    let found = list(field)?.iter().find(|(v, _)| *v == value)?;
    Some(found.1)
}

/// Some names of a field's values, those that resemble `wanted` first.
pub fn nearest(field: &str, wanted: &str) -> Vec<String> {
    let wanted = wanted.to_ascii_lowercase();
    let start = wanted.get(..wanted.len().min(2)).unwrap_or_default();
    let mut names: Vec<&str> = list(field)
        .unwrap_or_default()
        .iter()
        .map(|(_, n)| *n)
        .collect();
    names.sort_by_key(|n| {
        let lower = n.to_ascii_lowercase();
        (
            !(lower.contains(&wanted) || wanted.contains(&lower)),
            !lower.starts_with(start),
        )
    });
    names.iter().take(5).map(|n| format!("\"{n}\"")).collect()
}
