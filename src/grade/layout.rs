//! Whose hand-in a file or folder is: the names that learning management systems give their exports.

use regex::Regex;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

/// Where an export comes from.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub enum Source {
    /// `Ada Lovelace_123456_assignsubmission_file_`.
    Moodle,
    /// `lovelaceada_12345_67890_report.md`.
    Canvas,
    /// `submission_123456789`, with `submission_metadata.yml`.
    Gradescope,
    /// `lab3-ada`, a repository for each student.
    Classroom,
}

/// Whose a file or folder is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The student.
    pub student: String,
    /// The number that the system gave.
    pub id: String,
    /// The system.
    pub source: Source,
    /// The file's own name; empty for folders.
    pub file: String,
}

/// Reads a name as Moodle or Canvas writes it.
pub fn owner(name: &str) -> Option<Owner> {
    static MOODLE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?P<who>.+?)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)_?(?P<file>.*)$")
            .expect("the pattern is right")
    });
    static CANVAS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?P<who>[^_]+)_(?:LATE_)?(?P<id>\d+)_(?:question_\d+_)?\d+_(?P<file>.+)$")
            .expect("the pattern is right")
    });
    for (pattern, source) in [(&*MOODLE, Source::Moodle), (&*CANVAS, Source::Canvas)] {
        if let Some(found) = pattern.captures(name) {
            let part = |n| found.name(n).map_or("", |m| m.as_str()).to_owned();
            return Some(Owner {
                student: part("who"),
                id: part("id"),
                source,
                file: part("file"),
            });
        }
    }
    None
}

/// Names of the folders of a whole export, for those that need more than their own name.
pub fn folders(root: &Path, names: &[String]) -> BTreeMap<String, Owner> {
    let mut out = BTreeMap::new();
    for name in names {
        if let Some(found) = owner(name).filter(|o| o.source == Source::Moodle) {
            out.insert(name.clone(), found);
        }
    }
    let gradescope = std::fs::read(root.join("submission_metadata.yml"))
        .map(|bytes| metadata(&String::from_utf8_lossy(&bytes)))
        .unwrap_or_default();
    for name in names {
        if let Some(student) = gradescope.get(name) {
            let id = name.strip_prefix("submission_").unwrap_or(name);
            let source = Source::Gradescope;
            out.insert(name.clone(), named(student, id, source));
        }
    }
    // Repositories of one assignment begin alike.
    let repository =
        |n: &&String| root.join(n).join(".git").exists() || root.join(n).join(".github").exists();
    let alike = names.len() >= 2 && names.iter().all(|n| repository(&n));
    if alike && let Some(length) = common(names) {
        for name in names {
            let student = &name[length..];
            out.insert(name.clone(), named(student, student, Source::Classroom));
        }
    }
    out
}

fn named(student: &str, id: &str, source: Source) -> Owner {
    Owner {
        student: student.to_owned(),
        id: id.to_owned(),
        source,
        file: String::new(),
    }
}

/// How long the beginning is that all names share, up to a dash.
fn common(names: &[String]) -> Option<usize> {
    let first = names.first()?;
    let mut length = first.len();
    for name in names {
        let same = first
            .bytes()
            .zip(name.bytes())
            .take_while(|(a, b)| a == b)
            .count();
        length = length.min(same);
    }
    let dash = first.get(..length)?.rfind('-')? + 1;
    names.iter().all(|n| n.len() > dash).then_some(dash)
}

/// Students of Gradescope's list: `submission_1:` and below it `:name: Ada`.
fn metadata(text: &str) -> BTreeMap<String, String> {
    let mut out: BTreeMap<String, String> = BTreeMap::new();
    let mut now = String::new();
    for line in text.lines().take(200_000) {
        let bare = line.trim().trim_start_matches("- ");
        if let Some(name) = line
            .strip_suffix(':')
            .filter(|n| n.starts_with("submission_"))
        {
            now = name.to_owned();
        } else if let Some(student) = bare.strip_prefix(":name:")
            && !now.is_empty()
        {
            let student = student.trim().trim_matches(['"', '\'']);
            let known = out.entry(now.clone()).or_default();
            if !known.is_empty() {
                known.push_str(", ");
            }
            known.push_str(student);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_exports_are_read() {
        let told = |name: &str| owner(name).map(|o| (o.student, o.id, o.source, o.file));
        let wanted = |s: &str, id: &str, source, f: &str| {
            Some((s.to_owned(), id.to_owned(), source, f.to_owned()))
        };
        assert_eq!(
            told("Ada Lovelace_123456_assignsubmission_file_"),
            wanted("Ada Lovelace", "123456", Source::Moodle, "")
        );
        assert_eq!(
            told("Jean_Luc O'Neil_77_assignsubmission_file_my_report.md"),
            wanted("Jean_Luc O'Neil", "77", Source::Moodle, "my_report.md")
        );
        assert_eq!(
            told("lovelaceada_LATE_123_456_ping_1.pcapng"),
            wanted("lovelaceada", "123", Source::Canvas, "ping_1.pcapng")
        );
        assert_eq!(told("s01_report.md"), None);
        assert_eq!(told("ada_2_report.md"), None);
    }

    #[test]
    fn the_list_of_gradescope_is_read() {
        let text = "---\nsubmission_11:\n  :submitters:\n  - :name: Ada Lovelace\n    :sid: '1'\n  - :name: \"Grace Hopper\"\n  :score: 0.0\n";
        let read = metadata(text);
        assert_eq!(read["submission_11"], "Ada Lovelace, Grace Hopper");
    }
}
