//! How much of the packet list is tshark's: `cargo run --release --example packet_list -- FOLDER`
//! reads every capture under the folder, and compares the columns Protocol and Info of each frame
//! with those of `tshark -2 -n`.
//!
//! Counted are the lines of protocols that are decoded here (by tshark's column Protocol). Lines
//! that differ are shown by kind, the most frequent first, with an example. Frames of protocols
//! that are only named, and of link types that are not read, are not counted.

use anyhow::Context;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use wirelab::capture::Reader;
use wirelab::dissect::tables::DEFINITIONS;
use wirelab::query::Session;

/// Columns that tshark writes for protocols decoded here, besides their titles.
const ALSO: &[&str] = &[
    "BOOTP",
    "HTTP/JSON",
    "HTTP/XML",
    "IPv4",
    "IPv6",
    "RARP",
    "SSDP",
    "SSL",
    "SSLv2",
    "SSLv3",
    "TLSv1",
    "TLSv1.1",
    "TLSv1.2",
    "TLSv1.3",
];

/// Lines of a column: how many are equal, and how many there are.
type Score = (usize, usize);

#[derive(Default)]
struct Outcome {
    scores: BTreeMap<String, Score>,
    /// Kinds of difference, with the first place of each.
    differences: BTreeMap<(String, String), (usize, String)>,
}

fn main() -> anyhow::Result<()> {
    let folder = std::env::args_os().nth(1);
    let folder = PathBuf::from(folder.context("name a folder of captures")?);
    let mut files = Vec::new();
    collect(&folder, &mut files)?;
    files.sort();
    let mut outcome = Outcome::default();
    for file in &files {
        let Some(theirs) = tshark(file)? else {
            continue;
        };
        compare(file, &ours(file), &theirs, &mut outcome);
    }
    print(&outcome, files.len())
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, into)?;
        } else {
            into.push(path);
        }
    }
    Ok(())
}

/// Protocol and Info of each frame, as we say them.
fn ours(file: &Path) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    let session = Session::new(None, &[]).following_all();
    let read = session.run_from(
        || Reader::open(file),
        |seen| {
            let row = seen.row();
            rows.push((row.protocol, row.info));
            Ok(())
        },
    );
    // A damaged capture has the rows of its readable part.
    drop(read);
    rows
}

/// The same, as tshark says them, with the protocols of each frame; nothing where it reads nothing.
fn tshark(file: &Path) -> anyhow::Result<Option<Vec<[String; 3]>>> {
    let columns = ["frame.protocols", "_ws.col.Protocol", "_ws.col.Info"];
    let output = Command::new("tshark")
        .args(["-2", "-n", "-r"])
        .arg(file)
        .args(["-T", "fields"])
        .args(columns.iter().flat_map(|name| ["-e", name]))
        .output()
        .context("tshark is not installed")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let rows = text.lines().map(|line| {
        let mut cells = line.splitn(3, '\t').map(str::to_owned);
        std::array::from_fn(|_| cells.next().unwrap_or_default())
    });
    let rows: Vec<[String; 3]> = rows.collect();
    Ok((!rows.is_empty()).then_some(rows))
}

fn is_decoded(protocol: &str) -> bool {
    let mut titles = DEFINITIONS.iter().map(|(_, d)| d.title);
    titles.any(|title| !title.is_empty() && title == protocol) || ALSO.contains(&protocol)
}

/// Numbers say little of a kind.
fn kind(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().take(90) {
        match c {
            '0'..='9' if out.ends_with('#') => {}
            '0'..='9' => out.push('#'),
            c => out.push(c),
        }
    }
    out
}

fn compare(file: &Path, ours: &[(String, String)], theirs: &[[String; 3]], outcome: &mut Outcome) {
    let rows = ours.iter().zip(theirs);
    for (number, ((protocol, info), [_, wanted, their_info])) in rows.enumerate() {
        if !is_decoded(wanted) {
            continue;
        }
        let score = outcome.scores.entry(wanted.clone()).or_default();
        score.1 += 1;
        if protocol == wanted && info == their_info {
            score.0 += 1;
            continue;
        }
        let key = (
            format!("{wanted} {}", kind(their_info)),
            format!("{protocol} {}", kind(info)),
        );
        let place = format!("{} frame {}", file.display(), number + 1);
        outcome.differences.entry(key).or_insert((0, place)).0 += 1;
    }
}

fn print(outcome: &Outcome, files: usize) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let mut kinds: Vec<_> = outcome.differences.iter().collect();
    kinds.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
    for ((theirs, ours), (count, place)) in kinds.into_iter().take(60) {
        writeln!(
            out,
            "{count:6}  {place}\n        tshark  {theirs}\n        wirelab {ours}"
        )?;
    }
    let mut all = (0, 0);
    for (protocol, (equal, lines)) in &outcome.scores {
        writeln!(out, "{protocol:12} {equal:7} of {lines:7}")?;
        all = (all.0 + equal, all.1 + lines);
    }
    let (equal, lines) = all;
    let thousandths = (equal * 100_000).checked_div(lines).unwrap_or(0);
    writeln!(
        out,
        "{equal} of {lines} lines equal in {files} files: {}.{:03} %",
        thousandths / 1000,
        thousandths % 1000
    )?;
    Ok(())
}
