//! Does each rule speak when it should, and only then? Each file of `fixtures/scenarios` is a list
//! of packets and what must be told of them, in the language of `analyze -Y`:
//!
//! ```text
//! 0.000 c:40000 > s:80 tcp S seq=999
//! 0.001 s:80 > c:40000 tcp RA seq=0 ack=1000
//! expect connection.opened == refused
//! never situation.kind == host-silent
//! ```
//!
//! `expect FILTER` holds for a fact, `expect 2 FILTER` for exactly two, `never FILTER` for none.
//! `keep SECTION 2 5` says which rows, from 1, are told where there is room for so many.
//! How packets are written is in `scenario/mod.rs`.

mod scenario;

use std::io::Cursor;
use std::path::Path;
use wirelab::analyze::{Analysis, Wants, analyze};
use wirelab::capture::Reader;
use wirelab::query::{self, Catalogue, Filter};
use wirelab::report;
use wirelab::store::{self, KINDS, Options};

/// How many facts a filter holds for, of the kinds that have its fields.
fn count(analysis: &Analysis, text: &str) -> Result<usize, String> {
    let (mut count, mut understood, mut error) = (0, false, String::new());
    let prefix = text.trim_start_matches(['!', '(', ' ']);
    let prefix = prefix.split(['.', ' ']).next().unwrap_or_default();
    for kind in KINDS {
        let schema = (kind.schema)();
        let own = schema.columns.first().expect("a fact has fields").name;
        if own.split('.').next() != Some(prefix) {
            continue;
        }
        match Filter::parse(text, &Catalogue::facts(&schema)) {
            Ok(filter) => {
                understood = true;
                let mut rows = (kind.rows)(analysis, Options::default());
                query::keep(&mut rows, &filter);
                count += rows.len();
            }
            Err(why) => error = why.explain(text),
        }
    }
    if understood {
        Ok(count)
    } else {
        Err(format!("no kind of fact understands {text}: {error}"))
    }
}

/// The rows of a section that matter most.
fn most_important(analysis: &Analysis, section: &str, count: usize) -> String {
    let sections = store::sections(analysis, Options::default(), &[section.to_owned()]);
    let [rows] = sections.as_slice() else {
        return format!("no {section}");
    };
    let kept = report::most_important(rows, count);
    let numbers: Vec<String> = kept.iter().map(|row| (row + 1).to_string()).collect();
    numbers.join(" ")
}

/// What is wrong with a scenario, each with its line.
fn check(text: &str) -> Vec<String> {
    let capture = match scenario::capture(text) {
        Ok(capture) => capture,
        Err(why) => return vec![why],
    };
    let reader = Reader::from_read("scenario", Cursor::new(capture));
    let analysis = analyze(reader, Wants { segments: true }, None, |_| {});
    let mut wrong = Vec::new();
    let mut asked = 0;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(kept) = line.strip_prefix("keep ") {
            asked += 1;
            let (section, rows) = kept.split_once(' ').expect("a section and its rows");
            let found = most_important(&analysis, section, rows.split(' ').count());
            if found != rows {
                wrong.push(format!("line {}: kept are {found}: {line}", number + 1));
            }
            continue;
        }
        let (filter, wanted) = if let Some(filter) = line.strip_prefix("never ") {
            (filter, Some(0))
        } else if let Some(rest) = line.strip_prefix("expect ") {
            let (first, filter) = rest.split_once(' ').unwrap_or((rest, ""));
            match first.parse() {
                Ok(count) => (filter, Some(count)),
                Err(_) => (rest, None),
            }
        } else {
            continue;
        };
        asked += 1;
        match (count(&analysis, filter), wanted) {
            (Err(why), _) => wrong.push(format!("line {}: {why}", number + 1)),
            (Ok(0), None) => wrong.push(format!("line {}: nothing holds: {line}", number + 1)),
            (Ok(found), Some(wanted)) if found != wanted => {
                wrong.push(format!("line {}: holds {found} times: {line}", number + 1));
            }
            _ => {}
        }
    }
    if asked == 0 {
        wrong.push("nothing is expected".to_owned());
    }
    wrong
}

#[test]
fn every_rule_speaks_when_it_should_and_only_then() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/scenarios");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the scenarios are there")
        .map(|entry| entry.expect("an entry can be read").path())
        .collect();
    files.sort();
    assert!(files.len() >= 5, "the scenarios are there");
    let mut wrong = Vec::new();
    let mut scenarios = 0;
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a scenario is text");
        let name = file.file_name().expect("a file has a name");
        // A line of dashes begins the next scenario, with its name.
        for part in text.split("\n--- ") {
            let (title, rest) = part.split_once('\n').unwrap_or((part, ""));
            scenarios += 1;
            for why in check(rest) {
                wrong.push(format!("{}, {title}: {why}", name.display()));
            }
        }
    }
    println!("{scenarios} scenarios");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
