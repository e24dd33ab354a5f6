//! What tshark 4.0.17 prints of the fields that need more than one frame, kept in `fixtures/tshark`:
//! of each capture, and of the packets of each scenario. So the rules behind them are tested where
//! tshark is not installed; where it is, that what is kept is what it prints.
//!
//! After a change of `fixtures/scenarios/NAME.txt`: `WIRELAB_KEEP=NAME cargo test --test goldens`,
//! then look at the diff.

mod golden;
mod numbers;
mod random;
mod scenario;
mod skip;

use golden::{OURS, captures, kept, told};
use std::collections::BTreeMap;
use std::process::Command;

#[test]
fn the_fields_are_those_that_tshark_printed() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut wrong = Vec::new();
    let mut compared = 0;
    for (name, captures) in captures(folder.path()) {
        let text = std::fs::read_to_string(kept(&name)).unwrap_or_default();
        let mut blocks: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for block in text.split("--- ").skip(1) {
            let (title, lines) = block.split_once('\n').expect("a title is a line");
            blocks.insert(title, lines.lines().collect());
        }
        for (title, path) in captures {
            let Some(want) = blocks.get(title.as_str()) else {
                wrong.push(format!("{name}, {title}: nothing is kept of it"));
                continue;
            };
            let got = told(env!("CARGO_BIN_EXE_wirelab"), &["fields"], &path);
            assert_eq!(got.len(), want.len(), "{name}, {title}: frames");
            for (want, got) in want.iter().zip(&got) {
                let [want, got] = [*want, got.as_str()].map(|line| -> Vec<&str> {
                    let cells = line.split('\t');
                    let own = |cell: &&str| {
                        let ours = OURS.iter().filter(|ours| ours.0 == title || ours.0 == name);
                        !ours.into_iter().any(|ours| cell.starts_with(ours.1))
                    };
                    cells.filter(own).collect()
                });
                compared += want.len();
                if want != got {
                    let only = |these: &[&str], those: &[&str]| -> Vec<String> {
                        let own = these.iter().filter(|c| !those.contains(c));
                        own.map(|c| (*c).to_owned()).collect()
                    };
                    wrong.push(format!(
                        "{name}, {title}, frame {}: tshark {:?}, wirelab {:?}",
                        want[0],
                        only(&want, &got),
                        only(&got, &want)
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(compared > 10_000, "{compared} cells were compared");
}

#[test]
fn what_is_kept_is_what_tshark_prints() {
    if Command::new("tshark").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "CI has tshark");
        skip::skip("goldens against tshark: tshark is not installed");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let keep = std::env::var("WIRELAB_KEEP").ok();
    for (name, captures) in captures(folder.path()) {
        if keep.as_ref().is_some_and(|keep| !name.contains(keep)) {
            continue;
        }
        let mut text = String::new();
        for (title, path) in captures {
            text += &format!("--- {title}\n");
            for line in told("tshark", &["-2", "-n", "-r"], &path) {
                text += &line;
                text += "\n";
            }
        }
        if keep.is_some() {
            std::fs::write(kept(&name), &text).expect("a file can be written");
        }
        let found = std::fs::read_to_string(kept(&name)).unwrap_or_default();
        let same = found.lines().zip(text.lines()).position(|(a, b)| a != b);
        assert!(
            found == text,
            "{name}: line {:?} differs",
            same.map(|at| at + 1)
        );
    }
}
