//! Is the house in order? The import table of `docs/architecture.md`, and file sizes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What each folder may import, from the design.
fn allowed() -> BTreeMap<&'static str, Vec<&'static str>> {
    BTreeMap::from([
        ("capture", vec![]),
        ("dissect", vec!["capture"]),
        ("facts", vec!["capture", "dissect"]),
        ("track", vec!["dissect", "facts", "capture"]),
        // `capture` carries the frames a session reads; `analyze` is the stream they run through.
        ("query", vec!["facts", "dissect", "track", "capture"]),
        (
            "report",
            vec!["facts", "dissect", "track", "analyze", "query"],
        ),
        // A student's captures are read once, through the stream of `analyze` into the store.
        (
            "handout",
            vec!["facts", "query", "capture", "dissect", "analyze", "store"],
        ),
        (
            "grade",
            vec!["handout", "query", "facts", "capture", "render"],
        ),
        ("render", vec!["report", "facts", "dissect"]),
        ("lab", vec!["capture"]),
        (
            "handout",
            vec![
                "facts", "query", "store", "analyze", "capture", "dissect", "report", "render",
            ],
        ),
        (
            "grade",
            vec![
                "handout", "query", "facts", "capture", "analyze", "store", "report", "render",
                "dissect",
            ],
        ),
    ])
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    if !folder.exists() {
        return found;
    }
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("its entries can be read").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn no_arrow_runs_against_the_table() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for (folder, may) in allowed() {
        for path in sources(&src.join(folder)) {
            let text = std::fs::read_to_string(&path).expect("a source is text");
            // Tests at the foot of a file may use the neighbours they need.
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            for (number, line) in code.lines().enumerate() {
                let Some((_, rest)) = line.split_once("crate::") else {
                    continue;
                };
                if line.trim_start().starts_with("//") {
                    continue;
                }
                let target: String = rest
                    .chars()
                    .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                    .collect();
                let own =
                    target == folder || matches!(target.as_str(), "fields" | "fact" | "states");
                if !own && !may.contains(&target.as_str()) {
                    wrong.push(format!(
                        "{}:{} imports {target}",
                        path.display(),
                        number + 1
                    ));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "against the table of the design:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn nothing_is_imported_through_two_supers() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for path in sources(&src) {
        let text = std::fs::read_to_string(&path).expect("a source is text");
        assert!(
            !text.contains("super::super"),
            "{} reaches through super::super",
            path.display()
        );
    }
}

/// Each folder of the table stands in the document that explains it, and the other way round.
#[test]
fn the_house_is_explained() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("docs/architecture.md")).expect("it is there");
    let rows = text
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let explained: Vec<&str> = rows.filter(|name| *name != "cli").collect();
    let table = allowed();
    for name in table.keys() {
        assert!(explained.contains(name), "{name} is not explained");
    }
    for name in explained {
        assert!(
            table.contains_key(name),
            "{name} is explained and not in the table"
        );
    }
}

/// Past 600 lines, with a little room for a change under way, a file is split along its ideas.
const LONGEST: usize = 650;

#[test]
fn files_are_small() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut long = Vec::new();
    for path in sources(&src) {
        let text = std::fs::read_to_string(&path).expect("a source is text");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let name = path
            .strip_prefix(&src)
            .expect("it is below")
            .display()
            .to_string();
        let lines = code.lines().count();
        if lines > LONGEST {
            long.push(format!("{lines} lines: {name}"));
        }
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}
