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

/// The verdicts of parts of a report; `{1A.source}` stands for the key of that part.
fn told(lab: &str, report: &str, parts: &[&str]) -> Vec<&'static str> {
    told_of(&handout(lab), &captures(lab), report, parts)
}

fn told_of(
    handout: &Arc<Handout>,
    captures: &BTreeMap<String, Vec<u8>>,
    report: &str,
    parts: &[&str],
) -> Vec<&'static str> {
    let mut text = report.to_owned();
    for key in key(handout, captures) {
        text = text.replace(&format!("{{{}}}", key.id), &key.text);
    }
    assert!(!text.contains('{'), "a key is missing: {text}");
    let place = tempfile::tempdir().expect("a folder");
    let own = place.path().join("ada");
    std::fs::create_dir(&own).expect("a folder");
    for (name, bytes) in captures {
        std::fs::write(own.join(name), bytes).expect("a capture");
    }
    std::fs::write(own.join("report.md"), text).expect("a report");
    let submissions = Arc::new(grade::collect(place.path()).expect("it can be read"));
    let marks = grade::all(handout, &submissions, 1, |_| {}).remove(0);
    let one = |part: &&str| {
        let mark = marks.parts.iter().find(|m| m.part == **part);
        mark.expect("a part").outcome.verdict.word()
    };
    parts.iter().map(one).collect()
}

/// Two datagrams, to two addresses.
const SETS: &str = r#"
id = "sets"
title = "sets"
let = { all = { what = "a datagram", in = "frames", where = "udp", which = "all" }, first = { what = "a datagram", in = "frames", where = "udp" } }
[[question]]
id = "1"
text = "Who gets the datagrams, and how long are they?"
part = [
  { id = "first", type = "ip", of = "first", take = "ip.dst", labels = ["first"] },
  { id = "all", type = "set", of = "all", take = "ip.dst", over = "set", labels = ["all"] },
  { id = "sizes", type = "set", of = "all", take = "udp.length", over = "set", labels = ["sizes"] },
]
"#;

#[test]
fn sets_of_addresses_and_of_numbers() {
    let handout = Arc::new(Handout::parse(SETS).unwrap_or_else(|p| panic!("{p:?}")));
    let packets = "0.0 c:5000 > s:80 udp \"a\"\n0.1 c:5000 > d:80 udp len=1440\n";
    let bytes = scenario::capture(packets).expect("it is well written");
    let captures = BTreeMap::from([("sets.pcap".to_owned(), bytes)]);
    let told = |report: &str| {
        told_of(
            &handout,
            &captures,
            report,
            &["1.first", "1.all", "1.sizes"],
        )
    };
    let sheet = "- 1 all (all values, in any order): 10.0.0.3, 10.0.0.2\n- 1 sizes (all values, in any order): 1448, 9\n";
    assert_eq!(told(sheet), ["missing", "right", "right"]);
    let sheet = "- 1 all (all values, in any order): 10.0.0.2\n- 1 sizes (all values, in any order): 9,1448,77\n";
    assert_eq!(told(sheet), ["missing", "partly", "partly"]);
    let sheet = "- 1 first (an IP address): 10.0.0.2\n- 1 sizes (all values, in any order): 5, 6\n";
    assert_eq!(told(sheet), ["right", "missing", "wrong"]);
}

#[test]
fn a_blank_slot_is_missing_whatever_stands_in_the_others() {
    let parts = ["2B.server-id", "2B.dns"];
    let sheet =
        "- 2B server id (an IP address): \n- 2B dns (all values, in any order): {2B.server-id}\n";
    assert_eq!(told("ip-dhcp-arp", sheet, &parts), ["missing", "wrong"]);
    let label = "2B. DNS: 8.8.8.8\n";
    assert_eq!(told("ip-dhcp-arp", label, &parts), ["missing", "wrong"]);
    let versions = ["1.browser-version", "1.server-version", "1.status"];
    let label = "1. server: HTTP/1.1\n";
    assert_eq!(
        told("http", label, &versions),
        ["missing", "right", "missing"]
    );
    // A value that no slot claims is for a person.
    let parts = ["1A.source", "1A.destination"];
    let sheet = "- 1A source (an IP address): {1A.source}, it pings {1A.destination}\n- 1A destination (an IP address):\n";
    let verdicts = told("ip-dhcp-arp", sheet, &parts);
    assert_eq!(verdicts[1], "review");
    // Below the line is in the slot, too.
    let below = "- 1A source (an IP address):\n{1A.destination}\n- 1A destination (an IP address):\n{1A.source}\n";
    assert_eq!(told("ip-dhcp-arp", below, &parts), ["wrong", "wrong"]);
}

#[test]
fn what_names_no_part_is_dealt_out_by_what_fits() {
    let parts = ["1A.source", "1A.destination"];
    let report = "1A: {1A.source} -> {1A.destination}\n";
    assert_eq!(told("ip-dhcp-arp", report, &parts), ["right", "right"]);
    let blank = "- 1A source (an IP address):\n- 1A destination (an IP address):\n\nFrom {1A.source} to {1A.destination}.\n";
    assert_eq!(told("ip-dhcp-arp", blank, &parts), ["right", "right"]);
    // A number and its name may share a label.
    let report = "4C. Type: IPv4 (0x0800)\n";
    let parts = ["4C.value", "4C.protocol"];
    assert_eq!(told("ip-dhcp-arp", report, &parts), ["right", "right"]);
}

#[test]
fn labels_in_a_sentence_say_of_what_it_speaks() {
    let parts = ["4.closed-tcp", "4.closed-udp"];
    let turned = "4. When the TCP port is closed the server sends ICMP port unreachable, when the UDP port is closed a RST is sent.\n";
    let turned = told("rtt", turned, &parts);
    assert!(!turned.contains(&"right"), "{turned:?}");
    let report = "4. When the TCP port is closed a RST comes, when the UDP port is closed an ICMP port unreachable.\n";
    assert_eq!(told("rtt", report, &parts), ["right", "right"]);
    let parts = ["1.browser-version", "1.server-version"];
    let report = "1. The browser speaks HTTP 1.0 and the server HTTP 1.1\n";
    assert_eq!(told("http", report, &parts), ["wrong", "right"]);
    let report = "1. The browser speaks HTTP 1.1 and the server HTTP 1.1\n";
    assert_eq!(told("http", report, &parts), ["right", "right"]);
}

#[test]
fn what_is_denied_is_not_said() {
    let parts = ["4.closed-tcp", "4.closed-udp", "4.absent"];
    let sheet = "- 4 closed tcp (a name): the server does not answer with RST\n- 4 closed udp (a name): no ICMP port unreachable comes back\n- 4 absent (a name): ARP is answered\n";
    assert_eq!(told("rtt", sheet, &parts), ["review", "review", "wrong"]);
    let sheet = "- 4 closed tcp (a name): it answers with RST\n- 4 closed udp (a name): an ICMP port unreachable comes back\n- 4 absent (a name): no answer to ARP\n";
    assert_eq!(told("rtt", sheet, &parts), ["right", "right", "right"]);
}

#[test]
fn digits_are_read_as_people_write_them() {
    let one = |text: &str| {
        let sheet = format!("- 3 length (a number): {text}\n");
        told("tcp-upload", &sheet, &["3.length"])[0]
    };
    for text in ["{3.length}", "1,448", "1,448 bytes", "1 448 bytes"] {
        assert_eq!(one(text), "right", "{text}");
    }
    // What can be read in two ways, or is rounded, goes to a person.
    for text in ["1.448", "1 448", "1.4 kB", "1.4 kilobytes", "11.6 kbit"] {
        assert_eq!(one(text), "review", "{text}");
    }
    for text in ["1,449", "1", "448", "5 kB", "5 kbit", "1.4 MB"] {
        assert_eq!(one(text), "wrong", "{text}");
    }
    // The first digits name no question.
    let report = "3. frame: 4\nlength: 1,448\n";
    assert_eq!(told("tcp-upload", report, &["3.length"]), ["right"]);
    let time = |text: &str| {
        let sheet = format!("- 2 rtt (a time with its unit): {text}\n");
        told("tcp-upload", &sheet, &["2.rtt"])[0]
    };
    for text in ["0.064 ms", ".064 ms", "0,064 ms", "0,064"] {
        assert_eq!(time(text), "right", "{text}");
    }
    assert_eq!(time(".64 ms"), "wrong");
}

#[test]
fn none_is_a_count() {
    let part = ["3.answers-in-query"];
    for text in [
        "- 3 answers in query (a number): none\n",
        "- 3 answers in query (a number): no answers\n",
        "3. In the query: none\n",
    ] {
        assert_eq!(told("dns", text, &part), ["right"], "{text}");
    }
    for text in [
        "- 3 answers in query (a number): no idea\n",
        "- 3 answers in query (a number):\n- 3 answers (a number): none\n",
    ] {
        assert_eq!(told("dns", text, &part), ["missing"], "{text}");
    }
    let part = ["4.retransmissions"];
    for text in [
        "4. There were no retransmissions.\n",
        "4. sent again: none\n",
    ] {
        assert_eq!(told("tcp-upload", text, &part), ["wrong"], "{text}");
    }
}

#[test]
fn who_answers_twice_says_two_things() {
    let part = ["1C.header-length"];
    for report in ["1C: 24\n\n1C: 20\n", "1C: 20\n\n1C: 24\n"] {
        assert_eq!(told("ip-dhcp-arp", report, &part), ["review"], "{report}");
    }
    assert_eq!(
        told("ip-dhcp-arp", "1C: 20\n\n1C: 20 bytes\n", &part),
        ["right"]
    );
    assert_eq!(told("ip-dhcp-arp", "1C: 24\n\n1C: 28\n", &part), ["wrong"]);
}

#[test]
fn a_code_of_another_name_contradicts_it() {
    let part = ["3A.ethertype"];
    assert_eq!(
        told("ip-dhcp-arp", "3A. Type: ARP (0x0806)\n", &part),
        ["right"]
    );
    assert_eq!(
        told("ip-dhcp-arp", "3A. Type: ARP (0x0800)\n", &part),
        ["review"]
    );
    assert_eq!(
        told(
            "ip-dhcp-arp",
            "- 3A ethertype (a name): 0x0806 TCP\n",
            &part
        ),
        ["review"]
    );
    assert_eq!(
        told("ip-dhcp-arp", "- 3A ethertype (a name): 0x0806\n", &part),
        ["right"]
    );
}

#[test]
fn lists_and_sets_tell_what_does_not_belong_to_them() {
    let parts = ["4.routers", "4.type"];
    let list = |routers: &str, kind: &str| {
        let sheet = format!(
            "- 4 routers (all values, in order): {routers}\n- 4 type (all values, in order): {kind}\n"
        );
        told("ip-fragments", &sheet, &parts)
    };
    let words = "ICMP type 11 (TTL exceeded), code 0";
    assert_eq!(list("{4.routers}", words), ["right", "right"]);
    assert_eq!(
        list("{4.routers}, {4.destination}", "11/0"),
        ["partly", "right"]
    );
    assert_eq!(list("{4.destination}", "3/3"), ["wrong", "wrong"]);
    let parts = ["3.changed", "3.ttl"];
    let set = |changed: &str| {
        told(
            "nat",
            &format!("- 3 changed (all values, in any order): {changed}\n"),
            &parts,
        )
    };
    let all = "MAC addresses, source IP address, source port, TTL, header checksum, TCP checksum";
    assert_eq!(set(all), ["right", "missing"]);
    assert_eq!(set("TTL, source IP address"), ["partly", "missing"]);
    assert_eq!(
        set("TTL and the colour of the cable"),
        ["review", "missing"]
    );
    assert_eq!(told("nat", "3. TTL 64 and 63\n", &["3.ttl"]), ["right"]);
    let offsets = "2. The offsets are 0, 1480 and 2960\n";
    assert_eq!(told("ip-fragments", offsets, &["2.offsets"]), ["right"]);
}

#[test]
fn a_number_before_what_a_question_counts_is_no_name_of_another() {
    let report = "4. {1.source}:{1.source-port} -> {2.source}:{2.source-port}; {4.lines} lines\n";
    assert_eq!(
        told("nat", report, &["4.line", "4.lines"]),
        ["right", "right"]
    );
}

#[test]
fn a_label_with_a_small_number_is_no_heading_and_a_word_for_questions_is_one() {
    let parts = ["2.frames", "2.client-isn", "2.rtt"];
    for frames in [
        "Frames: 1, 2, 3",
        "- Frames: 1, 2, 3",
        "Packets: 1, 2 and 3",
        "Frames: 1 2 3",
        "1, 2, 3",
    ] {
        let rest = "Client ISN: {2.client-isn}\nRTT: {2.rtt} ms\n";
        let report = format!("Question 2\n{frames}\n{rest}");
        assert_eq!(
            told("tcp-upload", &report, &parts),
            ["right"; 3],
            "{frames}"
        );
    }
    // Of the question that is spoken of, not of one that the word could name.
    let report = "Question 3\nName: {3.name}\nAnswers: 1\nQuestion 4\nTime: {4.time} ms\n";
    assert_eq!(told("dns", report, &["3.answers", "4.time"]), ["right"; 2]);
    for heading in ["My task: 2.", "My answer 2:", "Answer: 2", "2,"] {
        let report = format!("Question 1\nServer port: 80\n{heading} RTT: {{2.rtt}} ms\n");
        assert_eq!(
            told("tcp-upload", &report, &["2.rtt"]),
            ["right"],
            "{heading}"
        );
    }
}
