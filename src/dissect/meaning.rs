//! What numbers are called: the names that Wireshark shows beside them and takes in filters. Each
//! protocol's definition has those of its fields.

use super::tables::DEFINITIONS;

fn list(field: &str) -> Option<&'static [(u64, &'static str)]> {
    let mut lists = DEFINITIONS.iter().flat_map(|(_, d)| d.values);
    let names = lists.find(|names| names.fields.contains(&field))?;
    Some(names.values)
}

/// Whether a field's values have names.
pub fn has_names(field: &str) -> bool {
    list(field).is_some()
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
