//! Single sentences of `fixtures/classes/sentences`, each an answer of its own: what a fair teacher says
//! of them was written before they were first graded, and without a look at the handouts' words.
//!
//! They do not all agree, and need not: what counts is that a sentence that is not understood goes to a
//! person. The share that agrees may not fall, and next to none may be confident and false.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wirelab::grade::{self, Marks, Verdict};
use wirelab::handout::{Handout, built_in};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/classes")
}

fn handout(name: &str) -> Arc<Handout> {
    match Handout::parse(built_in(name).expect("it is built in")) {
        Ok(handout) => Arc::new(handout),
        Err(problems) => panic!("{problems:?}"),
    }
}

/// The captures of a recorded run, and its values.
fn run(name: &str) -> (BTreeMap<String, Vec<u8>>, BTreeMap<String, String>) {
    let path = folder().join("runs").join(format!("{name}.tar.gz"));
    let file = std::fs::File::open(&path).expect("the run");
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(file));
    let (mut files, mut values) = (BTreeMap::new(), BTreeMap::new());
    for entry in archive.entries().expect("entries") {
        let mut entry = entry.expect("an entry");
        let path = entry.path().expect("a path").into_owned();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("bytes");
        if name == "values.toml" {
            values = toml::from_str(&String::from_utf8_lossy(&bytes)).expect("values");
        } else if !bytes.is_empty() {
            files.insert(name, bytes);
        }
    }
    (files, values)
}

/// Grades reports, one line each, with the captures of a run.
fn graded(lab: &str, run: &BTreeMap<String, Vec<u8>>, reports: &[String]) -> Vec<Marks> {
    let place = tempfile::tempdir().expect("a folder");
    for (at, report) in reports.iter().enumerate() {
        let own = place.path().join(format!("p{at:03}"));
        std::fs::create_dir(&own).expect("a folder");
        for (name, bytes) in run {
            std::fs::write(own.join(name), bytes).expect("a capture");
        }
        std::fs::write(own.join("report.md"), report).expect("a report");
    }
    let submissions = Arc::new(grade::collect(place.path()).expect("the class can be read"));
    grade::all(&handout(lab), &submissions, 2, |_| {})
}

/// `question | text | part=verdict[,verdict] …`
fn sentences(lab: &str, recorded: &str, least: f64) {
    let (captures, values) = run(recorded);
    let path = folder().join("sentences").join(format!("{lab}.txt"));
    let text = std::fs::read_to_string(path).expect("the sentences");
    let mut lines = Vec::new();
    for line in text.lines().filter(|l| !l.trim().is_empty()) {
        let cells: Vec<&str> = line.split(" | ").map(str::trim).collect();
        let [question, text, wanted] = cells.as_slice() else {
            panic!("three cells: {line}");
        };
        let mut text = (*text).to_owned();
        for (name, value) in &values {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        assert!(!text.contains('{'), "a value is missing: {text}");
        lines.push(((*question).to_owned(), text, (*wanted).to_owned()));
    }
    let reports: Vec<String> = lines
        .iter()
        .map(|(q, t, _)| format!("{q}: {t}\n"))
        .collect();
    let all = graded(lab, &captures, &reports);
    assert_eq!(all.len(), lines.len());
    let (mut count, mut agree, mut confident) = (0, 0, 0);
    let mut told = Vec::new();
    for ((question, text, wanted), marks) in lines.iter().zip(&all) {
        for rule in wanted.split_whitespace() {
            let (part, fair) = rule.split_once('=').expect("part=verdict");
            let part = format!("{question}.{part}");
            let mark = marks.parts.iter().find(|m| m.part == part).expect("a part");
            let said = mark.outcome.verdict.word();
            count += 1;
            if fair.split(',').any(|f| f == said) {
                agree += 1;
                continue;
            }
            let sure = |v: &str| matches!(v, "right" | "wrong");
            let turned = sure(said) && fair.split(',').any(sure);
            confident += usize::from(turned);
            told.push(format!("{part}: {said} for {fair}: {text}"));
        }
        // What answers one question is no mistake in another.
        for mark in &marks.parts {
            let other = mark.question != *question && mark.outcome.verdict == Verdict::Wrong;
            assert!(!other, "{question}: {text}: {} is called wrong", mark.part);
        }
    }
    let share = f64::from(agree) / f64::from(count);
    let told = told.join("\n");
    assert!(share >= least, "{lab}: {agree} of {count} agree\n{told}");
    assert!(
        confident * 100 <= usize::try_from(count).expect("a count"),
        "{lab}: {confident} confident and false\n{told}"
    );
}

#[test]
fn sentences_about_ip_dhcp_and_arp() {
    sentences("ip-dhcp-arp", "ip-dhcp-arp-1", 0.92);
}

#[test]
fn sentences_about_client_and_server() {
    sentences("client-server", "client-server-11", 0.92);
}
