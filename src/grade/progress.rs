//! What was graded before a run was interrupted: one line for each finished hand-in.
//!
//! A line is used again only for the same handout, the same program, and files of the same names,
//! sizes and times.

use super::submission::{Content, Submission};
use super::{Marks, submission};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

/// What a hand-in is known by: a line is good for no other.
pub fn key(handout: &str, one: &Submission) -> String {
    let mut hash = Sha256::new();
    let mut add = |bytes: &[u8]| {
        hash.update(bytes.len().to_le_bytes());
        hash.update(bytes);
    };
    add(env!("CARGO_PKG_VERSION").as_bytes());
    add(handout.as_bytes());
    add(one.student.as_bytes());
    add(format!("{:?} {:?} {:?}", one.rows, one.remarks, one.owner).as_bytes());
    let disk = |path: &Path| {
        let meta = std::fs::metadata(path).ok();
        let time = meta.as_ref().and_then(|m| m.modified().ok());
        format!("{:?} {:?}", meta.map(|m| m.len()), time)
    };
    for file in &one.files {
        add(file.name.as_bytes());
        match &file.content {
            Content::Path(path) => add(disk(path).as_bytes()),
            Content::Bytes(bytes) => add(bytes),
        }
    }
    for (name, path) in &one.archives {
        add(name.as_bytes());
        add(disk(path).as_bytes());
    }
    let digest = hash.finalize();
    digest.iter().map(|b| format!("{b:02x}")).collect()
}

/// A finished hand-in, in a line.
pub fn line(key: &str, marks: &Marks) -> String {
    let marks = serde_json::to_value(marks).unwrap_or_default();
    format!("{}\n", serde_json::json!({ "key": key, "marks": marks }))
}

/// Finished hand-ins, by their keys. What is cut or of another version is left out.
pub fn read(text: &str) -> BTreeMap<String, Marks> {
    #[derive(serde::Deserialize)]
    struct Line {
        key: String,
        marks: Marks,
    }
    text.lines()
        .filter_map(|line| serde_json::from_str::<Line>(line).ok())
        .map(|line| (line.key, line.marks))
        .collect()
}

/// Hand-ins that are to be graded, and those that were.
pub fn split(
    handout: &str,
    submissions: &[submission::Submission],
    mut known: BTreeMap<String, Marks>,
) -> (Vec<usize>, Vec<Option<Marks>>) {
    let mut todo = Vec::new();
    let mut results = Vec::new();
    for (at, one) in submissions.iter().enumerate() {
        let marks = if known.is_empty() {
            None
        } else {
            known.remove(&key(handout, one))
        };
        if marks.is_none() {
            todo.push(at);
        }
        results.push(marks);
    }
    (todo, results)
}
