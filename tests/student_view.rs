//! `--student-view`: whoever may hand in again reads no key in it, and no frame of one.

use std::path::{Path, PathBuf};
use std::process::Command;
use wirelab::handout::{self, Answer, Found, Handout, Material, answers, sheet};

fn captures(name: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    let own: &[&str] = match name {
        "tcp-upload" => &["upload.pcap"],
        "ip-fragments" => &["fragments.pcap", "labs/ip-dhcp-arp/1E-routers.pcapng"],
        "dns" => &["dns.pcap"],
        "http" => &["http.pcap"],
        "nat" => &["nat-inside.pcap", "nat-outside.pcap"],
        lab => {
            let folder = root.join("labs").join(lab);
            let all = std::fs::read_dir(folder).expect("the captures are there");
            let all = all.map(|entry| entry.expect("an entry").path());
            let mut all: Vec<PathBuf> = all
                .filter(|p| p.extension().is_some_and(|e| e == "pcapng"))
                .collect();
            all.sort();
            return all;
        }
    };
    own.iter().map(|name| root.join(name)).collect()
}

/// A value that is nearly another.
fn near(value: &str) -> String {
    let last = value.char_indices().rfind(|(_, c)| c.is_ascii_digit());
    let Some((at, digit)) = last else {
        return format!("un{value}");
    };
    let other = if digit == '7' { '3' } else { '7' };
    format!("{}{other}{}", &value[..at], &value[at + 1..])
}

/// The sheet, filled in by what is said of each part.
fn filled(handout: &Handout, keys: &[Answer], say: impl Fn(usize) -> String) -> String {
    let mut lines = sheet::sheet(handout);
    for (at, key) in keys.iter().enumerate() {
        let part = &handout.file.question[key.question].part[key.part];
        let slot = format!(
            "- {} {} (",
            handout.file.question[key.question].id,
            part.id.replace('-', " ")
        );
        let start = lines.find(&slot).expect("a slot");
        let end = start + lines[start..].find(": \n").expect("an empty slot") + 2;
        lines.insert_str(end, &say(at));
    }
    lines
}

/// All that is written of a hand-in, and the verdicts.
fn told(handout: &str, class: &Path) -> (String, serde_json::Value) {
    let out = class.with_extension("out");
    let grade = |format: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wirelab"));
        command.args([
            "grade",
            handout,
            "--student-view",
            "--format",
            format,
            "--out",
        ]);
        let done = command.arg(&out).arg(class).output().expect("it runs");
        String::from_utf8(done.stdout).expect("text")
    };
    let mut all = ["table", "csv", "markdown"].map(grade).concat();
    let json = grade("json");
    for folder in [out.clone(), out.join("feedback")] {
        for entry in std::fs::read_dir(folder).expect("results") {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                all.push_str(&std::fs::read_to_string(path).expect("text"));
            }
        }
    }
    all.push_str(&json);
    (all, serde_json::from_str(&json).expect("JSON"))
}

/// Whether a text has words, not within others.
fn has(text: &str, words: &str) -> bool {
    let whole = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '.');
    text.match_indices(words).any(|(at, _)| {
        whole(text[..at].chars().next_back()) && whole(text[at + words.len()..].chars().next())
    })
}

fn put(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(path, bytes).expect("a file");
}

/// What may be seen of a part that is not right.
fn seen(
    name: &str,
    handout: &Handout,
    report: &str,
    keys: &[Answer],
    told: &(String, serde_json::Value),
) -> Vec<String> {
    let public = format!(
        "{report}{}{}",
        sheet::sheet(handout),
        sheet::overview(handout)
    );
    let parts = told.1["students"][0]["parts"].as_array().expect("parts");
    let mut out = Vec::new();
    let open = keys
        .iter()
        .zip(parts)
        .filter(|(_, part)| part["verdict"] != "right");
    for (key, part) in open.filter(|(key, _)| !key.text.is_empty()) {
        assert!(
            part["key"].is_null() && part["frames"] == "" && part["filter"] == "",
            "{part}"
        );
        // A short one is in many texts by chance.
        if key.text.len() > 2 && !has(&public, &key.text) && has(&told.0, &key.text) {
            out.push(format!("{name} {}: the key {}", key.id, key.text));
        }
        let reason = part["reason"].as_str().expect("a reason");
        if !has(part["answer"].as_str().expect("an answer"), &key.text)
            && has(reason, &key.text)
            && !reason.contains("are told")
        {
            out.push(format!("{name} {}: {} in {reason}", key.id, key.text));
        }
        for evidence in &key.evidence {
            let ways = [
                format!("frame {}", evidence.frame),
                format!("{}:{}", evidence.file, evidence.frame),
                format!("frame.number == {}", evidence.frame),
            ];
            let found = ways
                .into_iter()
                .filter(|way| !has(&public, way) && has(&told.0, way));
            out.extend(found.map(|way| format!("{name} {}: {way}", key.id)));
        }
    }
    out
}

#[test]
fn no_key_and_no_frame_of_one_is_in_any_output() {
    let mut out = Vec::new();
    for (name, text) in handout::BUILT_IN {
        let handout = Handout::parse(text).unwrap_or_else(|p| panic!("{p:?}"));
        let files = captures(name);
        let of = |files: &[PathBuf]| {
            let material = Material::of_files(&handout, files);
            let found = Found::new(&handout, &material);
            answers(&handout, &material, &found)
        };
        let keys = of(&files);
        let next = |at: usize| {
            let sort = |a: &Answer| {
                handout.file.question[a.question].part[a.part]
                    .kind
                    .get_ref()
                    .to_owned()
            };
            let other = (at + 1..keys.len())
                .chain(0..at)
                .find(|o| sort(&keys[*o]) == sort(&keys[at]));
            keys[other.unwrap_or(at)].text.clone()
        };
        let reports = [
            String::new(),
            filled(&handout, &keys, |_| "not answered".to_owned()),
            filled(&handout, &keys, |at| near(&keys[at].text)),
            filled(&handout, &keys, next),
            filled(&handout, &keys, |at| match at % 2 {
                0 => keys[at].text.clone(),
                _ => String::new(),
            }),
        ];
        // Captures of which some are missing say what is there instead.
        let most = reports.iter().map(|r| (r, &files[..]));
        let last = files.len().saturating_sub(1);
        for (nth, (report, files)) in most.chain([(&reports[2], &files[last..])]).enumerate() {
            let folder = tempfile::tempdir().expect("a folder");
            let class = folder.path().join("class");
            put(&class.join("ada/report.md"), report.as_bytes());
            for file in files {
                let name = file.file_name().expect("a name");
                put(
                    &class.join("ada").join(name),
                    &std::fs::read(file).expect("a capture"),
                );
            }
            let told = told(name, &class);
            out.extend(seen(
                &format!("{name}, report {nth}"),
                &handout,
                report,
                &of(files),
                &told,
            ));
        }
    }
    assert_eq!(out, Vec::<String>::new());
}

const REPORT: &str = "Notes: I saw 10.0.2.15, 10.0.2.2 and 104.98.76.146.\n\n1B: TCP\n";

#[test]
fn where_the_right_value_was_found_is_not_quoted_and_what_is_suggested_is_not_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let class = folder.path().join("class");
    put(
        &class.join("ada/report.md"),
        b"1B: ICMP\n\nMy notes: 10.0.2.15, 104.98.76.146, 20 bytes and 64.\n",
    );
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/labs/ip-dhcp-arp");
    let capture = std::fs::read(root.join("1.pcapng")).expect("a capture");
    put(&class.join("ada/1.pcapng"), &capture);
    let (_, json) = told("ip-dhcp-arp", &class);
    let parts = json["students"][0]["parts"].as_array().expect("parts");
    let open: Vec<_> = parts.iter().filter(|p| p["verdict"] == "review").collect();
    let found = |part: &str| open.iter().any(|p| p["part"] == part && p["answer"] == "");
    assert!(found("1A.source") && found("1C.header-length"), "{open:?}");
    for part in open {
        assert_eq!(part["reason"], "a person decides");
        assert_eq!(part["points"], 0.0);
    }
}

#[test]
fn who_decides_sees_the_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let class = folder.path().join("class");
    put(&class.join("ada/report.md"), REPORT.as_bytes());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/labs/ip-dhcp-arp");
    let capture = std::fs::read(root.join("1.pcapng")).expect("a capture");
    put(&class.join("ada/1.pcapng"), &capture);
    let grade = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wirelab"));
        command
            .args(["grade", "ip-dhcp-arp"])
            .arg(&class)
            .args(arguments);
        command.output().expect("it runs")
    };
    let told = String::from_utf8(grade(&["--format", "csv"]).stdout).expect("text");
    assert!(
        told.contains("ICMP") && told.contains("frame.number =="),
        "{told}"
    );
    assert_eq!(
        grade(&["--review", "--student-view"]).status.code(),
        Some(2)
    );
}
