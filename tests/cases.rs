//! Does this command print exactly this? Each folder of `fixtures/cases` is one command:
//! `command` (one line), `status`, `stdout`, `stderr` (absent when empty).

use std::path::Path;
use std::process::Command;

#[test]
fn every_case_prints_what_it_should() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut cases: Vec<_> = std::fs::read_dir(root.join("fixtures/cases"))
        .expect("the cases are there")
        .map(|entry| entry.expect("a case can be read").path())
        .collect();
    cases.sort();
    assert!(cases.len() >= 10, "the cases are there");
    let mut wrong = Vec::new();
    for case in cases {
        let read = |name: &str| std::fs::read_to_string(case.join(name)).unwrap_or_default();
        let command = read("command");
        let mut words = command.split_whitespace();
        assert_eq!(
            words.next(),
            Some("wirelab"),
            "{}: begins with wirelab",
            case.display()
        );
        let output = Command::new(env!("CARGO_BIN_EXE_wirelab"))
            .args(words)
            .current_dir(root)
            .env("COLUMNS", "80")
            .env("TZ", "UTC")
            .output()
            .expect("the program runs");
        let status: i32 = read("status").trim().parse().unwrap_or(0);
        for (what, got, want) in [
            (
                "stdout",
                String::from_utf8_lossy(&output.stdout).into_owned(),
                read("stdout"),
            ),
            (
                "stderr",
                String::from_utf8_lossy(&output.stderr).into_owned(),
                read("stderr"),
            ),
            (
                "status",
                output.status.code().unwrap_or(-1).to_string(),
                status.to_string(),
            ),
        ] {
            if got != want {
                wrong.push(format!(
                    "{}: {what}\n--- want\n{want}\n--- got\n{got}",
                    case.display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
