//! Captures that lack things, hold them twice, or hold what looks like them: what is answered must
//! be true. `fixtures/look-alikes.txt` holds them, packets as in `scenario/mod.rs`:
//!
//! ```text
//! handout ID | ask KEYS      a built-in handout, or one question
//! capture NAME               what the file is called; its packets follow, or `text` with its bytes
//! answer PART = VALUE        is answered so
//! missing PART[: WORDS]      stays open, with these words among the reasons
//! ```

mod scenario;

use std::path::Path;
use wirelab::handout::{Answer, Found, Handout, Material, answers, built_in};

fn ask(keys: &str) -> String {
    const OF_PART: [&str; 3] = ["take", "over", "type"];
    let table: toml::Table = toml::from_str(&format!("asked = {{ {keys} }}")).expect("keys");
    let mut thing = toml::Table::new();
    let mut part = toml::Table::new();
    for (key, value) in table["asked"].as_table().expect("a table") {
        let of_part = OF_PART.contains(&key.as_str());
        (if of_part { &mut part } else { &mut thing }).insert(key.clone(), value.clone());
    }
    thing.insert("what".into(), "what is asked for".into());
    part.entry("type").or_insert("list".into());
    format!(
        "id = \"q\"\ntitle = \"q\"\n[let.it]\n{thing}\n[[question]]\nid = \"ask\"\ntext = \"\"\n[[question.part]]\nid = \"answer\"\nof = \"it\"\n{part}"
    )
}

fn answered(block: &str) -> Vec<Answer> {
    let mut handout = None;
    let folder = tempfile::tempdir().expect("a folder");
    let mut files = Vec::new();
    for line in block.lines() {
        if let Some(id) = line.strip_prefix("handout ") {
            handout = built_in(id).map(str::to_owned);
        } else if let Some(keys) = line.strip_prefix("ask ") {
            handout = Some(ask(keys));
        } else if let Some(name) = line.strip_prefix("capture ") {
            let text = block.lines().find_map(|l| l.strip_prefix("text "));
            let bytes = match text {
                Some(text) => text.replace("\\n", "\n").into_bytes(),
                None => {
                    let own = |l: &&str| l.starts_with(|c: char| c.is_ascii_digit());
                    let packets: Vec<&str> = block.lines().filter(own).collect();
                    scenario::capture(&packets.join("\n")).expect("packets")
                }
            };
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).expect("a file");
            files.push(path);
        }
    }
    let handout = Handout::parse(&handout.expect("a handout")).expect("it is well written");
    let material = Material::of_files(&handout, &files);
    let found = Found::new(&handout, &material);
    answers(&handout, &material, &found)
}

#[test]
fn what_looks_alike_is_told_apart() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/look-alikes.txt");
    let text = std::fs::read_to_string(path).expect("it is there");
    let (mut wrong, mut checks) = (Vec::new(), 0);
    for block in text.split("--- ").filter(|b| !b.trim().is_empty()) {
        let title = block.lines().next().unwrap_or_default();
        let all = answered(block);
        let find = |part: &str| {
            let found = all.iter().find(|a| a.id == part);
            found.unwrap_or_else(|| panic!("{title}: no part {part}"))
        };
        for line in block.lines() {
            let said = if let Some(rest) = line.strip_prefix("answer ") {
                let (part, value) = rest.split_once(" = ").expect("PART = VALUE");
                let answer = find(part);
                (answer.text != value || answer.missing.is_some()).then_some(answer)
            } else if let Some(rest) = line.strip_prefix("missing ") {
                let (part, words) = rest.split_once(": ").unwrap_or((rest, ""));
                let answer = find(part);
                let missing = answer.missing.as_deref();
                missing.is_none_or(|m| !m.contains(words)).then_some(answer)
            } else {
                continue;
            };
            checks += 1;
            if let Some(answer) = said {
                wrong.push(format!(
                    "{title}: {line}\n  but {:?} missing {:?}",
                    answer.text, answer.missing
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(checks > 20, "{checks}");
}
