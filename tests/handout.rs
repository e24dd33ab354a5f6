//! Handouts: those that come with the program on the captures of their labs, one's own checked, and
//! captures that lack what is asked.

use std::path::{Path, PathBuf};
use wirelab::handout::{self, Answer, Found, Handout, Material, answers, built_in, draft, sheet};

fn parse(text: &str) -> Handout {
    match Handout::parse(text) {
        Ok(handout) => handout,
        Err(problems) => panic!("{problems:?}"),
    }
}

fn captures(folder: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("captures")
        .join(folder);
    let mut found: Vec<PathBuf> = std::fs::read_dir(&root)
        .expect("the captures are there")
        .map(|e| e.expect("an entry").path())
        .filter(|p| p.extension().is_some_and(|e| e == "pcap" || e == "pcapng"))
        .collect();
    found.sort();
    found
}

fn one(name: &str) -> Vec<PathBuf> {
    vec![
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("captures")
            .join(name),
    ]
}

fn answered(handout: &Handout, files: &[PathBuf]) -> Vec<Answer> {
    let material = Material::of_files(handout, files);
    let found = Found::new(handout, &material);
    answers(handout, &material, &found)
}

fn get<'a>(answers: &'a [Answer], id: &str) -> &'a Answer {
    answers
        .iter()
        .find(|a| a.id == id)
        .unwrap_or_else(|| panic!("{id} is asked"))
}

#[test]
fn every_built_in_handout_answers_itself_on_its_lab() {
    // The short ones have no lab of their own.
    let elsewhere: [(&str, &[&str]); 5] = [
        ("tcp-upload", &["upload.pcap"]),
        (
            "ip-fragments",
            &["fragments.pcap", "labs/ip-dhcp-arp/1E-routers.pcapng"],
        ),
        ("dns", &["dns.pcap"]),
        ("http", &["http.pcap"]),
        ("nat", &["nat-inside.pcap", "nat-outside.pcap"]),
    ];
    for (name, text) in handout::BUILT_IN {
        let handout = parse(text);
        let files = match elsewhere.iter().find(|e| e.0 == *name) {
            Some((_, names)) => names.iter().flat_map(|name| one(name)).collect(),
            None => captures(&format!("labs/{name}")),
        };
        for answer in answered(&handout, &files) {
            assert_eq!(answer.missing, None, "{name} {}", answer.id);
            assert!(!answer.text.is_empty(), "{name} {}", answer.id);
        }
    }
}

#[test]
fn without_captures_nothing_is_answered_out_of_nothing() {
    for (name, text) in handout::BUILT_IN {
        let handout = parse(text);
        for answer in answered(&handout, &[]) {
            let part = &handout.file.question[answer.question].part[answer.part];
            let told = part.value.is_some() || !part.idea.is_empty();
            assert!(
                told || answer.missing.is_some(),
                "{name} {}: {}",
                answer.id,
                answer.text
            );
        }
    }
}

#[test]
fn a_capture_of_something_else_gives_no_answers() {
    let handout = parse(built_in("ip-dhcp-arp").expect("it is built in"));
    let all = answered(&handout, &one("udp-echo.pcap"));
    for id in [
        "L2.4.commands",
        "1A.source",
        "2B.router",
        "4A.source-mac",
        "4B.belongs",
    ] {
        let answer = get(&all, id);
        let missing = answer.missing.as_deref().unwrap_or_default();
        assert!(missing.contains("no sign of"), "{id}: {answer:?}");
    }
}

#[test]
fn what_is_there_instead_is_said() {
    let handout = parse(built_in("client-server").expect("it is built in"));
    let all = answered(&handout, &one("absent.pcap"));
    assert!(get(&all, "T2.frames").missing.is_some());
    let transport = parse(built_in("transport").expect("it is built in"));
    let files = vec![one("labs/transport/2.3b.pcapng").remove(0)];
    let all = answered(&transport, &files);
    let missing = get(&all, "1.1.handshake")
        .missing
        .clone()
        .unwrap_or_default();
    assert!(missing.contains("refuses a connection"), "{missing}");
}

const PING: &str = r#"
id = "ping"
title = "ping"
[let.request]
what = "an echo request"
in = "frames"
where = "icmp.type == 8"
which = "all"
[[question]]
id = "1"
text = "?"
[[question.part]]
id = "payload"
type = "int"
of = "first"
take = "ip.len - ip.hdr_len"
[[question.part]]
id = "count"
type = "int"
of = "request"
over = "count"
[[question.part]]
id = "different"
type = "int"
of = "request"
take = "ip.dst"
over = "different"
[[question.part]]
id = "targets"
type = "set"
of = "request"
take = "ip.dst"
over = "set"
"#;

#[test]
fn calculations_counts_and_sets_are_answers() {
    let text = PING.replace(
        "[[question]]",
        "[let.first]\nwhat = \"the first\"\nin = \"frames\"\nwhere = \"icmp.type == 8\"\n[[question]]",
    );
    let all = answered(&parse(&text), &one("ping.pcap"));
    assert_eq!(get(&all, "1.payload").text, "64");
    assert_eq!(get(&all, "1.count").text, "5");
    assert!(get(&all, "1.targets").text.contains(','));
    let targets = get(&all, "1.targets").values.len();
    assert_eq!(get(&all, "1.different").text, targets.to_string());
    assert!((2..5).contains(&targets), "{targets}");
}

#[test]
fn of_several_none_is_guessed() {
    let text = PING.replace("which = \"all\"", "which = \"only\"").replace(
        "of = \"first\"\ntake = \"ip.len - ip.hdr_len\"",
        "of = \"request\"\ntake = \"icmp.seq\"",
    );
    let all = answered(&parse(&text), &one("ping.pcap"));
    let answer = get(&all, "1.payload");
    assert!(
        answer.missing.is_some() && answer.candidates.len() > 1,
        "{answer:?}"
    );
}

#[test]
fn mistakes_are_found_with_their_place_and_the_right_name() {
    let check = |text: &str| match Handout::parse(text) {
        Ok(_) => panic!("it is wrong"),
        Err(problems) => problems,
    };
    let problems = check(PING);
    assert!(problems[0].words.contains("`first`"), "{problems:?}");
    let text = PING.replace("of = \"first\"", "of = \"reqest\"");
    assert_eq!(
        check(&text)[0].hint.as_deref(),
        Some("did you mean `request`?")
    );
    let text = text.replace("of = \"reqest\"", "of = \"request\"");
    let wrong = text.replace("icmp.type == 8", "icmp.tpe == 8");
    let problems = check(&wrong);
    assert_eq!(&wrong[problems[0].span.clone()], "icmp.tpe");
    let wrong = text.replace("in = \"frames\"", "in = \"frame\"");
    assert_eq!(
        check(&wrong)[0].hint.as_deref(),
        Some("did you mean `frames`?")
    );
    let wrong = text.replace("which = \"all\"", "whihc = \"all\"");
    assert!(
        check(&wrong)[0].words.contains("whihc"),
        "{:?}",
        check(&wrong)
    );
    let wrong = text.replace("ip.len - ip.hdr_len", "ip.len == 3");
    assert!(!check(&wrong).is_empty());
}

#[test]
fn a_problem_is_drawn_below_its_line() {
    let text = PING.replace("of = \"first\"", "of = \"reqest\"");
    let Err(problems) = Handout::parse(&text) else {
        panic!("it is wrong");
    };
    let drawn = problems[0].draw("ping.toml", &text);
    assert!(
        drawn.contains("ping.toml:14") || drawn.contains("ping.toml:15"),
        "{drawn}"
    );
    assert!(
        drawn.contains("^^^") && drawn.contains("did you mean `request`?"),
        "{drawn}"
    );
}

#[test]
fn a_draft_answers_itself() {
    let file = one("web.pcap").remove(0);
    let text = draft::draft(&file).expect("there is something to ask");
    for answer in answered(&parse(&text), &[file]) {
        assert_eq!(answer.missing, None, "{}", answer.id);
    }
}

#[test]
fn the_sheet_has_a_line_for_each_answer_and_no_value() {
    let handout = parse(built_in("ip-dhcp-arp").expect("it is built in"));
    let sheet = sheet::sheet(&handout);
    let parts: usize = handout.file.question.iter().map(|q| q.part.len()).sum();
    assert_eq!(sheet.matches("): \n").count(), parts);
    assert!(!sheet.contains("0x0806"));
}

/// Every TOML example of the teacher's guide is a handout, or the beginning of one.
#[test]
fn the_guides_examples_are_handouts() {
    let guide = include_str!("../docs/handouts.md");
    let mut found = 0;
    for part in guide.split("```toml\n").skip(1) {
        let text = part.split("```").next().unwrap_or_default();
        if text.contains("id = ") && text.contains("title = ") {
            let handout = parse(text);
            found += handout.file.question.len();
        }
    }
    assert!(found > 0);
}

/// A handout that asks of two captures.
const SIDES: &str = r#"
id = "sides"
title = "two captures"
[let.pair]
what = "a packet that is in both captures"
in = "pairs"
which = "all"
[let.translated]
what = "a packet with another address or port"
in = "pairs"
where = "pair.translated"
which = "all"
[let.lost]
what = "a packet that only one capture has"
in = "unpaired"
which = "all"
[[question]]
id = "1"
text = "?"
[[question.part]]
id = "both"
type = "int"
of = "pair"
over = "count"
[[question.part]]
id = "translated"
type = "int"
of = "translated"
over = "count"
[[question.part]]
id = "ttl"
type = "set"
of = "translated"
take = "pair.first_ttl - pair.second_ttl"
over = "set"
[[question.part]]
id = "lost"
type = "int"
of = "lost"
over = "count"
"#;

#[test]
fn packets_are_found_again_behind_a_translation() {
    let sides = parse(SIDES);
    let files = [one("nat-inside.pcap"), one("nat-outside.pcap")].concat();
    let all = answered(&sides, &files);
    assert_eq!(get(&all, "1.both").text, "14");
    assert_eq!(get(&all, "1.translated").text, "14");
    assert_eq!(get(&all, "1.ttl").text, "1,-1");
    assert_eq!(get(&all, "1.lost").text, "0");
    // Both captures prove it.
    let files: Vec<usize> = get(&all, "1.ttl")
        .evidence
        .iter()
        .map(|e| e.capture)
        .collect();
    assert!(files.contains(&0) && files.contains(&1), "{files:?}");
}

#[test]
fn packets_of_something_else_are_not_paired() {
    let sides = parse(SIDES);
    let files = [one("tcp-echo.pcap"), one("udp-echo.pcap")].concat();
    let all = answered(&sides, &files);
    assert_eq!(get(&all, "1.both").text, "0");
    assert_eq!(get(&all, "1.lost").text, "15");
}

#[test]
fn the_guide_names_every_kind_of_fact() {
    let guide = include_str!("../docs/handouts.md");
    for kind in wirelab::store::KINDS {
        let schema = (kind.schema)();
        let prefix = schema.columns[0].name.split('.').next().unwrap_or_default();
        let row = format!("| `{}` | `{prefix}.` |", schema.section);
        assert!(guide.contains(&row), "{row}");
    }
}

/// What is wrong, where, and what to do: as a teacher reads it.
#[test]
fn mistakes_are_said_in_words() {
    let good = r#"
id = "x"
title = "x"
[let.request]
what = "a request"
in = "frames"
where = "icmp.type == 8"
[let.all]
what = "every request"
in = "frames"
where = "icmp.type == 8 && ip.id == $request.ip.id"
which = "all"
[[question]]
id = "1"
text = "?"
[[question.part]]
id = "a"
type = "ip"
of = "request"
take = "ip.src"
"#;
    parse(good);
    // What is changed, what is said, and what stands under the mark.
    let cases: [(&str, &str, &str, &str); 24] = [
        ("type = \"ip\"", "type = ip", "stands in quotes", ""),
        (
            "type = \"ip\"",
            "type = \"ipv4\"",
            "did you mean `ip`?",
            "\"ipv4\"",
        ),
        (
            "type = \"ip\"",
            "type = \"bool\"",
            "did you mean `yes-no`?",
            "\"bool\"",
        ),
        (
            "type = \"ip\"",
            "type = \"mac\"",
            "ip.src is an IP address",
            "\"ip.src\"",
        ),
        (
            "type = \"ip\"",
            "type = \"int\"",
            "make it `type = \"ip\"`",
            "\"ip.src\"",
        ),
        ("take = ", "tak = ", "did you mean `take`?", "tak"),
        ("ip.src\"", "ip.srk\"", "ip.src", "ip.srk"),
        ("ip.src\"", "ping.source\"", "field of pings", "ping.source"),
        (
            "of = \"request\"",
            "of = \"reqest\"",
            "did you mean `request`?",
            "\"reqest\"",
        ),
        (
            "$request.ip.id\"",
            "$request\"",
            "is a thing, not a value",
            "",
        ),
        (
            "$request.ip.id\"",
            "$all.ip.id\"",
            "stands further down",
            "$all",
        ),
        (
            "$request.ip.id\"",
            "$request.ip.src\"",
            "a value of `$request.ip.src` does not fit",
            "",
        ),
        (
            "ip.id == $request.ip.id\"",
            "ip.id == $request.ip.id && icmp.typ == 3\"",
            "icmp.type",
            "icmp.typ",
        ),
        (
            "take = \"ip.src\"",
            "take = \"ip.src\"\nover = \"avg\"",
            "did you mean `mean`?",
            "\"avg\"",
        ),
        (
            "take = \"ip.src\"",
            "over = \"count\"",
            "add `which = \"all\"`",
            "\"count\"",
        ),
        (
            "take = \"ip.src\"",
            "take = \"ip.src\"\nover = \"count\"",
            "`over = \"different\"` counts the different values",
            "\"ip.src\"",
        ),
        (
            "take = \"ip.src\"",
            "over = \"count\"",
            "a count is a number, and an IP address is asked for",
            "\"count\"",
        ),
        (
            "take = \"ip.src\"",
            "take = \"ip.src\"\nvalue = \"10.0.0.1\"",
            "two answers",
            "",
        ),
        (
            "take = \"ip.src\"",
            "take = \"ip.src\"\npoints = -1",
            "not negative",
            "",
        ),
        (
            "take = \"ip.src\"",
            "take = \"ip.src\"\ntolerance = 1",
            "only numbers have a tolerance",
            "",
        ),
        (
            "take = \"ip.src\"",
            "take = \"ip.src\"\nbecause = \"{ip.tll}\"",
            "ip.ttl",
            "",
        ),
        (
            "take = \"ip.src\"",
            "take = [\"ip.src\", \"ip.dst\"]",
            "make it `type = \"list\"`",
            "",
        ),
        ("[[question]]", "[question]", "[[question]]", ""),
        (
            "take = \"ip.src\"",
            "take = \"ip.src\"\nlabels = \"source\"",
            "put it in brackets",
            "",
        ),
    ];
    for (was, now, said, marked) in cases {
        let text = good.replacen(was, now, 1);
        assert_ne!(text, good, "{was}");
        let problems = match Handout::parse(&text) {
            Ok(_) => panic!("{now} is accepted"),
            Err(problems) => problems,
        };
        let told = problems.iter().find(|p| {
            let hint = p.hint.as_deref().unwrap_or_default();
            p.words.contains(said) || hint.contains(said)
        });
        let told = told.unwrap_or_else(|| panic!("{now}: {problems:?}"));
        if !marked.is_empty() {
            assert_eq!(&text[told.span.clone()], marked, "{now}: {told:?}");
        }
    }
}
