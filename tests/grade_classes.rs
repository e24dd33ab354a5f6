//! The shared test classes: every key with its frames, every verdict, every copied capture.
//!
//! They are not part of the project; where they are missing the tests say so and prove nothing.

mod skip;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wirelab::grade::{self, Verdict, integrity};
use wirelab::handout::{Found, Material, answers};

const CLASSES: [&str; 2] = ["ip-dhcp-arp", "client-server"];

fn class(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/classes")
        .join(name);
    if path.is_dir() {
        return Some(path);
    }
    skip::skip(&format!("{} is missing", path.display()));
    None
}

fn table(path: &Path) -> Vec<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(path).expect("the table can be read");
    let mut lines = text.lines();
    let heads: Vec<&str> = lines.next().expect("it has headings").split('\t').collect();
    lines
        .map(|line| {
            let cells = line.split('\t').map(str::to_owned);
            heads.iter().map(|h| (*h).to_owned()).zip(cells).collect()
        })
        .collect()
}

mod class;

use class::handout;

#[test]
fn every_key_is_found_with_its_frames() {
    for name in CLASSES {
        let Some(root) = class(name) else { continue };
        let handout = handout(name);
        let rows = table(&root.join("expected.tsv"));
        let mut wrong = Vec::new();
        let students: std::collections::BTreeSet<&String> =
            rows.iter().map(|r| &r["student"]).collect();
        for student in students {
            let mut captures: Vec<PathBuf> = std::fs::read_dir(root.join(student))
                .expect("the folder can be read")
                .map(|e| e.expect("its entries can be read").path())
                .filter(|p| p.extension().is_some_and(|e| e == "pcap" || e == "pcapng"))
                .collect();
            captures.sort();
            let material = Material::of_files(&handout, &captures);
            let found = Found::new(&handout, &material);
            let answers = answers(&handout, &material, &found);
            for row in rows.iter().filter(|r| &r["student"] == student) {
                if row["key"].starts_with("prose") {
                    continue;
                }
                let answer = answers
                    .iter()
                    .find(|a| a.id == row["part"])
                    .unwrap_or_else(|| panic!("{} is asked", row["part"]));
                if row["key"] == "(cannot be computed)" {
                    if answer.missing.is_none() {
                        wrong.push(format!(
                            "{student} {}: {} out of nothing",
                            answer.id, answer.text
                        ));
                    }
                    continue;
                }
                let (file, frames) = row["frames"].split_once(':').expect("file and frames");
                let proven = frames.split(',').all(|frame| {
                    answer
                        .evidence
                        .iter()
                        .any(|e| e.frame.to_string() == frame && e.file.ends_with(file))
                });
                if answer.text != row["key"] || !proven {
                    wrong.push(format!(
                        "{student} {}: {} in {} instead of {} in {}",
                        answer.id,
                        answer.text,
                        answer.frames(),
                        row["key"],
                        row["frames"]
                    ));
                }
            }
        }
        assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
    }
}

#[test]
fn verdicts_agree_with_a_fair_teacher() {
    for name in CLASSES {
        let Some(root) = class(name) else { continue };
        let handout = handout(name);
        let submissions = Arc::new(grade::collect(&root).expect("the class can be read"));
        let all = grade::all(&handout, &submissions, 2, |_| {});
        let rows = table(&root.join("expected.tsv"));
        let (mut agree, mut false_marks, mut needless) = (0, 0, 0);
        let mut wrong = Vec::new();
        for row in &rows {
            let marks = all
                .iter()
                .find(|m| m.student == row["student"])
                .unwrap_or_else(|| panic!("{} is graded", row["student"]));
            let mark = marks
                .parts
                .iter()
                .find(|m| m.part == row["part"])
                .unwrap_or_else(|| panic!("{} is graded", row["part"]));
            let said = mark.outcome.verdict.word();
            let mut fair = vec![row["verdict"].as_str()];
            fair.extend(
                row["why"]
                    .split(';')
                    .filter_map(|w| w.strip_prefix("also-acceptable:")),
            );
            if fair.contains(&said) {
                agree += 1;
                continue;
            }
            let against =
                |a: Verdict, b: Verdict| mark.outcome.verdict == a && fair.contains(&b.word());
            if against(Verdict::Right, Verdict::Wrong) || against(Verdict::Wrong, Verdict::Right) {
                false_marks += 1;
            }
            needless += usize::from(mark.outcome.verdict == Verdict::Review);
            wrong.push(format!(
                "{} {}: {said} for {}: {}",
                row["student"], mark.part, fair[0], row["written"]
            ));
        }
        let share = |n: usize| n as f64 / rows.len() as f64;
        assert!(
            share(agree) >= 0.97,
            "{name}: {agree} of {}\n{}",
            rows.len(),
            wrong.join("\n")
        );
        assert!(share(false_marks) <= 0.005, "{name}:\n{}", wrong.join("\n"));
        assert!(share(needless) <= 0.05, "{name}:\n{}", wrong.join("\n"));
    }
}

#[test]
fn copies_are_found_and_look_alikes_are_not_accused() {
    for name in CLASSES {
        let Some(root) = class(name) else { continue };
        let handout = handout(name);
        let submissions = Arc::new(grade::collect(&root).expect("the class can be read"));
        let all = grade::all(&handout, &submissions, 2, |_| {});
        let found: Vec<(String, String)> = integrity::findings(&all, &integrity::Known::default())
            .shared
            .iter()
            .filter(|s| s.is_copy())
            .map(|s| (all[s.first].student.clone(), all[s.second].student.clone()))
            .collect();
        let copied: Vec<(String, String)> = table(&root.join("integrity.tsv"))
            .iter()
            .filter(|r| r["relation"] == "copied")
            .map(|r| (r["student_a"].clone(), r["student_b"].clone()))
            .collect();
        assert_eq!(found, copied, "{name}");
    }
}

#[test]
fn any_number_of_workers_gives_the_same_marks() {
    let Some(root) = class("client-server") else {
        return;
    };
    let handout = handout("client-server");
    let submissions = Arc::new(grade::collect(&root).expect("the class can be read"));
    let one = grade::all(&handout, &submissions, 1, |_| {});
    let four = grade::all(&handout, &submissions, 4, |_| {});
    assert_eq!(format!("{one:?}"), format!("{four:?}"));
}

/// Reports of our own, every value right, each worded in another way: nothing may be called wrong,
/// and no value that is told may be missed.
#[test]
fn right_answers_are_right_however_they_are_worded() {
    for name in CLASSES {
        let Some(root) = class(name) else { continue };
        let handout = handout(name);
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hand-ins");
        let mut seen = 0;
        for entry in std::fs::read_dir(fixtures).expect("the reports are there") {
            let report = entry.expect("an entry").path();
            let stem = report
                .file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            if !stem.starts_with(name) {
                continue;
            }
            seen += 1;
            let folder = tempfile::tempdir().expect("a folder");
            let student = folder.path().join("student");
            std::fs::create_dir(&student).expect("a folder");
            for capture in std::fs::read_dir(root.join("s01")).expect("the captures are there") {
                let path = capture.expect("an entry").path();
                if path.extension().is_some_and(|e| e == "pcap") {
                    let bytes = std::fs::read(&path).expect("a capture");
                    std::fs::write(student.join(path.file_name().expect("a name")), bytes)
                        .expect("a copy");
                }
            }
            std::fs::copy(&report, student.join("report.txt")).expect("a copy");
            let submissions =
                Arc::new(grade::collect(folder.path()).expect("the folder can be read"));
            let marks = grade::all(&handout, &submissions, 1, |_| {}).remove(0);
            let text = std::fs::read_to_string(&report).expect("a report");
            for mark in &marks.parts {
                let prose = mark.key.contains(' ') && mark.claim.is_empty();
                let told = text.contains(&mark.key);
                match mark.outcome.verdict {
                    Verdict::Right | Verdict::Review => {}
                    Verdict::Missing if prose || !told => {}
                    verdict => panic!("{stem} {}: {verdict:?}: {mark:?}", mark.part),
                }
            }
        }
        assert!(seen > 0);
    }
}
