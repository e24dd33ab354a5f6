//! What is compared with tshark: the captures, and what a program prints of their fields.

mod fields;
mod ours;

pub(crate) use ours::OURS;

use crate::{random, scenario};
use fields::{FIELDS, INFO, OF_STREAMS};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Longer values are kept as their beginning and their length.
const LONGEST: usize = 60;

/// What a program prints of a capture: of each frame the fields that have a value.
pub(crate) fn told(program: &str, before: &[&str], capture: &Path) -> Vec<String> {
    let mut command = Command::new(program);
    command.args(before).arg(capture).env("TZ", "UTC");
    if program == "tshark" {
        command.args(["-T", "fields"]);
    }
    for field in FIELDS {
        command.args(["-e", field]);
    }
    let output = command.output().expect("the program runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = |(at, line): (usize, &str)| {
        let cells = FIELDS.iter().zip(line.split('\t'));
        let streams = line.split('\t').next().is_some_and(|p| p.contains(":tcp"));
        let asked = |name: &&str| streams || !OF_STREAMS.contains(name);
        let cells = cells.map(|(name, value)| match *name {
            INFO => (name, brackets(value)),
            _ => (name, value.to_owned()),
        });
        let told = cells.filter(|(name, value)| asked(name) && !value.is_empty());
        let cells: String = told
            .map(|(name, value)| match value.get(..LONGEST) {
                _ if *name == "_ws.malformed" => format!("\t{name}"),
                Some(start) => format!("\t{name}={start}… {}", value.len()),
                None => format!("\t{name}={value}"),
            })
            .collect();
        format!("{}{cells}", at + 1)
    };
    text.lines().enumerate().map(line).collect()
}

/// Each capture, and the packets of each scenario written into one: by the file that keeps what
/// tshark says of it, and its name there.
pub(crate) fn captures(folder: &Path) -> BTreeMap<String, Vec<(String, PathBuf)>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = |folder: &str, extension: &str| {
        let entries = std::fs::read_dir(root.join(folder)).expect("the folder is there");
        let paths = entries.map(|e| e.expect("an entry can be read").path());
        let mut paths: Vec<PathBuf> = paths
            .filter(|path| path.extension().is_some_and(|e| e == extension))
            .collect();
        paths.sort();
        paths
    };
    let stem = |path: &Path| {
        let stem = path.file_stem().expect("a file has a name");
        stem.to_string_lossy().into_owned()
    };
    let mut found: BTreeMap<String, Vec<(String, PathBuf)>> = BTreeMap::new();
    for path in files("captures", "pcap") {
        let title = stem(&path);
        found.entry(title.clone()).or_default().push((title, path));
    }
    for path in files("fixtures/scenarios", "txt") {
        let text = std::fs::read_to_string(&path).expect("a scenario is text");
        for (number, block) in text.split("\n--- ").enumerate() {
            let (title, packets) = block.split_once('\n').unwrap_or((block, ""));
            let made = folder.join(format!("{}-{number}.pcap", stem(&path)));
            let bytes = scenario::capture(packets).expect("packets");
            std::fs::write(&made, bytes).expect("a file can be written");
            let kept = format!("scenarios-{}", stem(&path));
            found
                .entry(kept)
                .or_default()
                .push((title.to_owned(), made));
        }
    }
    for (kind, make, count) in random::KINDS {
        for seed in 1..=*count {
            let made = folder.join(format!("random-{kind}-{seed}.pcap"));
            let bytes = scenario::capture(&make(seed)).expect("packets");
            std::fs::write(&made, bytes).expect("a file can be written");
            let kept = format!("random-{kind}");
            found
                .entry(kept)
                .or_default()
                .push((format!("{kind} {seed}"), made));
        }
    }
    found
}

/// What is in brackets.
fn brackets(text: &str) -> String {
    let parts = text
        .split('[')
        .skip(1)
        .filter_map(|part| part.split_once(']'));
    parts.map(|(inside, _)| format!("[{inside}]")).collect()
}

/// The file that keeps what tshark prints.
pub(crate) fn kept(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join(format!("fixtures/tshark/{name}.txt"))
}
