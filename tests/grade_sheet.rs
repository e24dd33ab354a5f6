//! The sheet that the program prints, and files with the names of parts: what stands in a slot belongs
//! to its part and to no other. Of every built-in handout, in every way of handing in.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use wirelab::grade::{self, Mark, Verdict};
use wirelab::handout::format::Type;
use wirelab::handout::{Answer, BUILT_IN, Found, Handout, Material, answers, sheet};

mod class;
mod scenario;

use class::{handout, run};

/// A traceroute through one router, as the tests write it.
const TRACEROUTE: &str = "\
0.000 c:40000 > o:33434 udp \"a\" ttl=1 ipid=1
0.001 r > c icmp exceeded code=0 about=1
0.100 c:40001 > o:33435 udp \"b\" ttl=2 ipid=2
0.102 o > c icmp unreachable code=3 about=3
";

/// Captures that answer a handout.
fn captures(lab: &str) -> BTreeMap<String, Vec<u8>> {
    let files: &[&str] = match lab {
        "tcp-upload" => &["upload.pcap"],
        "ip-fragments" => &["fragments.pcap"],
        "dns" => &["dns.pcap"],
        "http" => &["web.pcap", "http.pcap"],
        "nat" => &["nat-inside.pcap", "nat-outside.pcap"],
        "ip-dhcp-arp" => return run("ip-dhcp-arp-1").captures,
        other => return run(&format!("{other}-11")).captures,
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    let read = |name: &&str| std::fs::read(root.join(name)).expect("a capture");
    let mut all: BTreeMap<String, Vec<u8>> =
        files.iter().map(|f| ((*f).to_owned(), read(f))).collect();
    if lab == "ip-fragments" {
        let bytes = scenario::capture(TRACEROUTE).expect("it is well written");
        all.insert("traceroute.pcap".into(), bytes);
    }
    all
}

/// The key, as the program itself tells it.
fn key(handout: &Handout, captures: &BTreeMap<String, Vec<u8>>) -> Vec<Answer> {
    let place = tempfile::tempdir().expect("a folder");
    let mut files = Vec::new();
    for (name, bytes) in captures {
        let path = place.path().join(name);
        std::fs::write(&path, bytes).expect("a capture");
        files.push(path);
    }
    let material = Material::of_files(handout, &files);
    let found = Found::new(handout, &material);
    answers(handout, &material, &found)
}

/// What is written for each part, by its question and its name.
type Filled = Vec<(String, String, String)>;

/// The ways of handing in: a file's name, and its text.
fn forms(handout: &Handout, filled: &Filled) -> Vec<(&'static str, String)> {
    let mut page = sheet::sheet(handout);
    let (mut csv, mut table) = (
        csv::Writer::from_writer(vec![]),
        csv::Writer::from_writer(vec![]),
    );
    table
        .write_record(["question", "part", "answer"])
        .expect("a row");
    let mut nested = serde_json::Map::new();
    let (mut flat, mut toml) = (serde_json::Map::new(), toml::Table::new());
    for (question, part, text) in filled {
        let line = format!("- {question} {} (", part.replace('-', " "));
        let at = page.find(&line).expect("a line of the sheet");
        let end = at + page[at..].find("): ").expect("its end") + 3;
        page.insert_str(end, text);
        csv.write_record([&format!("{question}.{part}"), text])
            .expect("a row");
        table.write_record([question, part, text]).expect("a row");
        flat.insert(format!("{question}.{part}"), text.clone().into());
        let own = nested
            .entry(question)
            .or_insert_with(|| serde_json::json!({}));
        own[part] = text.clone().into();
        let own = toml
            .entry(question)
            .or_insert_with(|| toml::Table::new().into());
        let own = own.as_table_mut().expect("a table");
        own.insert(part.clone(), text.clone().into());
    }
    let text = |writer: csv::Writer<Vec<u8>>| {
        String::from_utf8(writer.into_inner().expect("rows")).expect("text")
    };
    vec![
        ("answers.md", page),
        ("answers.csv", text(csv)),
        ("answers-table.csv", text(table)),
        ("answers.toml", toml::to_string(&toml).expect("it is TOML")),
        ("flat.json", serde_json::Value::Object(flat).to_string()),
        ("nested.json", serde_json::Value::Object(nested).to_string()),
    ]
}

/// The marks of sheets that are filled in differently, each in every form.
fn graded(
    handout: &Arc<Handout>,
    captures: &BTreeMap<String, Vec<u8>>,
    all: &[Filled],
) -> Vec<(usize, String, Vec<Mark>)> {
    let place = tempfile::tempdir().expect("a folder");
    let mut names = Vec::new();
    for (at, filled) in all.iter().enumerate() {
        for (form, text) in forms(handout, filled) {
            let own = place.path().join(format!("s{:04}", names.len()));
            std::fs::create_dir(&own).expect("a folder");
            for (name, bytes) in captures {
                std::fs::write(own.join(name), bytes).expect("a capture");
            }
            std::fs::write(own.join(form), text).expect("a report");
            names.push((at, form.to_owned()));
        }
    }
    let submissions = Arc::new(grade::collect(place.path()).expect("the class can be read"));
    let marks = grade::all(handout, &submissions, 2, |_| {});
    assert_eq!(marks.len(), names.len());
    let all = names.into_iter().zip(marks);
    all.map(|((at, form), marks)| (at, form, marks.parts))
        .collect()
}

/// The values that are filled in: prose and what the captures do not show stays blank.
fn own_key(handout: &Handout, key: &[Answer]) -> Filled {
    let shown = key.iter().filter(|k| k.missing.is_none());
    let value = shown.filter(|k| kind(handout, k) != Type::Prose);
    value
        .map(|k| {
            let question = &handout.file.question[k.question];
            let part = &question.part[k.part];
            (question.id.clone(), part.id.clone(), k.text.clone())
        })
        .collect()
}

fn kind(handout: &Handout, key: &Answer) -> Type {
    *handout.file.question[key.question].part[key.part]
        .kind
        .get_ref()
}

#[test]
fn the_programs_own_key_in_its_own_sheet_is_right() {
    let mut wrong = Vec::new();
    for (lab, _) in BUILT_IN {
        let (handout, captures) = (handout(lab), captures(lab));
        let key = key(&handout, &captures);
        let missing: Vec<&str> = key
            .iter()
            .filter(|k| k.missing.is_some())
            .map(|k| k.id.as_str())
            .collect();
        assert!(missing.len() <= 4, "{lab}: {missing:?}");
        let filled = own_key(&handout, &key);
        for (_, form, marks) in graded(&handout, &captures, &[filled]) {
            for (key, mark) in key.iter().zip(&marks) {
                let part = &handout.file.question[key.question].part[key.part];
                if key.missing.is_some() || kind(&handout, key) == Type::Prose || part.review {
                    continue;
                }
                if mark.outcome.verdict != Verdict::Right {
                    wrong.push(format!(
                        "{lab} {form} {}: {:?} for {:?}: {:?} {}",
                        mark.part, mark.answer, mark.key, mark.outcome.verdict, mark.outcome.reason
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn two_values_that_changed_places_are_never_right() {
    let mut wrong = Vec::new();
    for (lab, _) in BUILT_IN {
        let (handout, captures) = (handout(lab), captures(lab));
        let key = key(&handout, &captures);
        let filled = own_key(&handout, &key);
        let told: Vec<&Answer> = key
            .iter()
            .filter(|k| k.missing.is_none() && kind(&handout, k) != Type::Prose)
            .collect();
        let mut swaps: Vec<(usize, usize)> = Vec::new();
        for (a, one) in told.iter().enumerate() {
            for (b, two) in told.iter().enumerate().skip(a + 1) {
                let alike = kind(&handout, one) == kind(&handout, two);
                if alike && one.question == two.question && one.text != two.text {
                    swaps.push((a, b));
                }
            }
        }
        let sheets: Vec<Filled> = swaps
            .iter()
            .map(|(a, b)| {
                let mut sheet = filled.clone();
                sheet[*a].2.clone_from(&filled[*b].2);
                sheet[*b].2.clone_from(&filled[*a].2);
                sheet
            })
            .collect();
        for (at, form, marks) in graded(&handout, &captures, &sheets) {
            let (a, b) = swaps[at];
            for told in [told[a], told[b]] {
                let mark = marks.iter().find(|m| m.part == told.id).expect("a mark");
                if !matches!(mark.outcome.verdict, Verdict::Wrong | Verdict::Review) {
                    wrong.push(format!(
                        "{lab} {form} {}: {:?} for {:?}: {:?} {}",
                        mark.part, mark.answer, mark.key, mark.outcome.verdict, mark.outcome.reason
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
