//! Several values for one part, and lines that name it: what parts the values, names beside them, ranges;
//! how much is given for some of them, and what is said of the others. Files that nobody read.

use std::path::Path;
use wirelab::grade::{self, Mark, Marks, Numbering};
use wirelab::handout::{Handout, built_in};

const LEASE: &str = r#"
id = "lease"
title = "A lease"
[let.all]
what = "a DHCP message"
in = "frames"
where = "dhcp && frame.number in {1, 3, 5, 6}"
which = "all"
[let.ack]
what = "the ACK"
in = "frames"
where = "dhcp.option.dhcp == 5"
[[question]]
id = "1"
text = "Which frames are its messages, which addresses do they have, and how many are there?"
part = [
  { id = "messages", type = "frames", of = "all", take = "frame.number", labels = ["frames"] },
  { id = "addresses", type = "set", of = "all", take = ["ip.src", "ip.dst"], over = "set", labels = ["addresses"] },
  { id = "count", type = "int", of = "all", over = "count" },
  { id = "xid", type = "hex", of = "ack", take = "dhcp.id", labels = ["transaction"] },
  { id = "renewal", type = "duration", unit = "s", of = "ack", take = "dhcp.option.renewal_time_value", labels = ["t1"] },
  { id = "flags", type = "hex", of = "ack", take = "dhcp.flags", labels = ["flags"] },
]
"#;

fn parse(text: &str) -> Handout {
    Handout::parse(text).unwrap_or_else(|p| panic!("{p:?}"))
}

/// Grades a file that is handed in with a capture of the project.
fn handed(handout: &Handout, capture: &str, name: &str, report: &str) -> Marks {
    let folder = tempfile::tempdir().expect("a folder");
    let student = folder.path().join("ada");
    std::fs::create_dir(&student).expect("a folder");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    std::fs::copy(root.join(capture), student.join(capture)).expect("a copy");
    std::fs::write(student.join(name), report).expect("a report");
    let submissions = grade::collect(folder.path()).expect("the folder can be read");
    grade::student::grade(handout, &Numbering::new(handout), &submissions[0])
}

fn mark(all: &[Mark], part: &str) -> Mark {
    let found = all.iter().find(|m| m.part == part);
    found.unwrap_or_else(|| panic!("{part} is asked")).clone()
}

/// The mark of one part for an answer in its slot; `#1` is the first value of the key.
fn slot(part: &str, answer: &str) -> Mark {
    let handout = parse(LEASE);
    let blank = handed(&handout, "dhcp.pcap", "report.md", "nothing").parts;
    let id = format!("1.{part}");
    let key = mark(&blank, &id).key;
    let mut answer = answer.to_owned();
    for (at, value) in key.split(',').map(str::trim).enumerate() {
        answer = answer.replace(&format!("#{}", at + 1), value);
    }
    assert!(!answer.contains('#'), "{answer}: the key is {key}");
    let report = format!("- 1 {part} (values): {answer}\n");
    mark(
        &handed(&handout, "dhcp.pcap", "report.md", &report).parts,
        &id,
    )
}

fn verdict(part: &str, answer: &str) -> &'static str {
    slot(part, answer).outcome.verdict.word()
}

#[test]
fn what_parts_values_and_names_them_changes_nothing() {
    for answer in [
        "#1, #2, #3, #4",
        "#1; #2; #3; #4",
        "#1 #2 #3 #4",
        "Discover #1, Offer #2, Request #3, ACK #4",
        "DISCOVER: frame #1; OFFER: frame #2; REQUEST: frame #3; ACK: frame #4",
        "SYN (#1), SYN-ACK (#2), RST (#3), FIN (#4)",
        "#1st, #2rd, #3th and #4th",
        "#1, #2 and #3 to #4",
        "4 frames: #1, #2, #3, #4",
    ] {
        assert_eq!(verdict("messages", answer), "right", "{answer}");
    }
    for answer in [
        "#1, #2, #3, #4",
        "#4; #3; #2; #1",
        "first #1, second #2, third #3, last #4",
        "#1 (first), #2 (second), #3 (third), #4 (last)",
        "A=#1 B=#2 C=#3 D=#4",
    ] {
        let outcome = slot("addresses", answer).outcome;
        let reason = &outcome.reason;
        assert_eq!(outcome.verdict.word(), "right", "{answer}: {reason}");
        let all = slot("addresses", answer).answer;
        assert!(
            all.ends_with(|c: char| c.is_ascii_digit() || c == ')'),
            "{all}"
        );
    }
    // A label's own line goes on behind a semicolon, and ends where another part is told.
    let report = "Question 1\nMessages: 1; 3; 5; 6; count: 4\n";
    let all = handed(&parse(LEASE), "dhcp.pcap", "report.md", report).parts;
    for part in ["1.messages", "1.count"] {
        assert_eq!(mark(&all, part).outcome.verdict.word(), "right", "{part}");
    }
}

#[test]
fn some_of_several_earn_their_share_and_what_is_too_many_is_named() {
    for (part, answer, share, reason) in [
        ("messages", "#1", 0.25, "1 of 4 are told"),
        ("messages", "#1, #2, #3", 0.75, "3 of 4 are told"),
        (
            "messages",
            "#1, #2, #3, 10",
            0.5,
            "3 of 4 are told; 10 does not belong to it",
        ),
        (
            "messages",
            "#1, #2, #3, #4, 10",
            0.75,
            "10 does not belong to it",
        ),
        ("addresses", "#1, #2, #3", 0.75, "3 of 4 are told"),
        ("addresses", "#1, #1", 0.25, "1 of 4 are told"),
        (
            "addresses",
            "#1, #2, #3, #4, 8.8.8.8",
            0.75,
            "8.8.8.8 does not belong to it",
        ),
    ] {
        let outcome = slot(part, answer).outcome;
        let told = (
            outcome.verdict.word(),
            outcome.share,
            outcome.reason.as_str(),
        );
        assert_eq!(told, ("partly", share, reason), "{answer}");
    }
    // As many wrong ones as right ones are no knowledge.
    for answer in ["7, 8, 9", "#1, 2", "#1, 2, 4"] {
        assert_eq!(verdict("messages", answer), "wrong", "{answer}");
    }
    assert_eq!(verdict("addresses", "#1, 8.8.8.8"), "wrong");
}

#[test]
fn a_range_and_names_in_another_order_go_to_a_person() {
    for answer in ["#1-#4", "#1 to #4", "#1 through #4", "#1, #2, ..., #4"] {
        let outcome = slot("messages", answer).outcome;
        assert_eq!(
            outcome.verdict.word(),
            "review",
            "{answer}: {}",
            outcome.reason
        );
    }
    let turned = slot("messages", "Offer #2, Discover #1, Request #3, ACK #4").outcome;
    assert_eq!(
        turned.reason,
        "all are told with their names, in another order"
    );
    let outcome = slot("messages", "#4, #3, #2, #1").outcome;
    assert_eq!(outcome.verdict.word(), "wrong");
    assert!(
        outcome.reason.ends_with("the order is another one"),
        "{}",
        outcome.reason
    );
}

#[test]
fn a_count_is_no_frame_and_another_host_is_no_slip() {
    assert_eq!(slot("count", "5").outcome.reason, "the capture shows 4");
    let handout = parse(built_in("dns").expect("it is built in"));
    let server = mark(
        &handed(&handout, "dns.pcap", "a.md", "nothing").parts,
        "2.server",
    )
    .key;
    let hosts = ["10.0.6.11", "10.0.6.12", "10.0.6.1"];
    let reason = |address: &str| {
        let report = format!("- 2 server (address): {address}\n");
        mark(
            &handed(&handout, "dns.pcap", "a.md", &report).parts,
            "2.server",
        )
        .outcome
        .reason
    };
    for host in hosts.iter().filter(|h| **h != server) {
        assert!(!reason(host).is_empty(), "{host}");
    }
    let mut slip = server.clone();
    slip.push('9');
    assert!(
        reason(&slip).contains("one character is wrong"),
        "{}",
        reason(&slip)
    );
}

#[test]
fn a_line_that_names_its_part_lends_nothing_to_others() {
    let handout = parse(LEASE);
    let all = |report: &str| handed(&handout, "dhcp.pcap", "report.md", report).parts;
    let marks = all(
        "Question 1\nxid: cc51ee5a\nt1: half of the lease time\nflags: none set, unicast\ncount: 4\n",
    );
    let told = ["1.xid", "1.renewal", "1.flags", "1.count"]
        .map(|part| mark(&marks, part).outcome.verdict.word());
    assert_eq!(told, ["right", "review", "review", "right"]);
    let marks = all("Question 1\nxid: I do not know\nt1: 1:00:00\ncount: 4 or 5\n");
    let told = ["1.xid", "1.renewal", "1.flags", "1.count"]
        .map(|part| mark(&marks, part).outcome.verdict.word());
    assert_eq!(told, ["missing", "review", "missing", "review"]);
}

#[test]
fn a_number_beside_the_right_one_in_a_slot_is_seen_by_a_person() {
    for answer in ["6 with the others, 4 without", "8, no: 4"] {
        assert_eq!(verdict("count", answer), "review", "{answer}");
    }
    for answer in ["6 with the others, 5 without", "8"] {
        assert_eq!(verdict("count", answer), "wrong", "{answer}");
    }
}

#[test]
fn the_question_in_a_table_names_no_part() {
    let handout = parse(built_in("http").expect("it is built in"));
    let blank = handed(&handout, "web.pcap", "a.md", "nothing").parts;
    let (request, response) = (
        mark(&blank, "2.request").key,
        mark(&blank, "2.response").key,
    );
    let row = |cell: &str| {
        let report = format!(
            "| no | question | answer |\n|---|---|---|\n| 2 | {cell} | frames {request} and {response} |\n"
        );
        let all = handed(&handout, "web.pcap", "a.md", &report).parts;
        ["2.request", "2.response"].map(|part| mark(&all, part).outcome.verdict.word())
    };
    let asked = "Which addresses do the two have? In which frames are request and response, and how long did the response take?";
    assert_eq!(row(asked), ["right", "right"]);
    assert_eq!(row("response"), ["missing", "review"]);
}

#[test]
fn what_is_denied_of_a_thing_is_no() {
    let handout = parse(built_in("http").expect("it is built in"));
    for (line, wanted) in [
        ("no body was sent", "right"),
        ("body: none", "right"),
        ("the body was not sent", "right"),
        ("a body was sent", "wrong"),
    ] {
        let report = format!("Question 4\nstatus 304; {line}\n");
        let all = handed(&handout, "http.pcap", "a.md", &report).parts;
        let found = mark(&all, "4.body");
        let verdict = found.outcome.verdict.word();
        assert!(
            verdict == wanted || verdict == "no-capture",
            "{line}: {verdict}"
        );
    }
}

#[test]
fn a_page_is_read_without_its_markup() {
    let handout = parse(LEASE);
    let page = "<html><head><title>1 count: 9</title></head><body><p>Question&nbsp;1</p>\n<p>count: <b>4</b><br>t1: 1800&#32;s</p><script>count: 7</script></body></html>";
    let all = handed(&handout, "dhcp.pcap", "onlinetext.html", page).parts;
    for part in ["1.count", "1.renewal"] {
        assert_eq!(mark(&all, part).outcome.verdict.word(), "right", "{part}");
    }
    let table =
        "<table><tr><td>1 count</td><td>5</td></tr><tr><td>1 t1</td><td>30 min</td></tr></table>";
    let all = handed(&handout, "dhcp.pcap", "a.htm", table).parts;
    assert_eq!(mark(&all, "1.count").outcome.verdict.word(), "wrong");
    assert_eq!(mark(&all, "1.renewal").outcome.verdict.word(), "right");
}

#[test]
fn what_is_missing_stays_open_where_a_file_was_not_read() {
    let handout = parse(LEASE);
    for (name, wanted) in [
        ("answers.rtf", "review"),
        ("answers", "review"),
        ("shot.png", "missing"),
    ] {
        let marks = handed(&handout, "dhcp.pcap", name, "count: 4");
        let outcome = mark(&marks.parts, "1.count").outcome;
        assert_eq!(outcome.verdict.word(), wanted, "{name}: {}", outcome.reason);
        assert!(
            wanted == "missing" || outcome.reason.contains(name),
            "{}",
            outcome.reason
        );
        assert_eq!(outcome.share, 0.0);
    }
}

#[test]
fn both_folders_of_moodle_are_one_student_in_an_archive_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("all.zip");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).expect("a file"));
    let options = zip::write::SimpleFileOptions::default();
    for (name, text) in [
        (
            "Ada Lovelace_77_assignsubmission_onlinetext/onlinetext.html",
            "<p>Question 1</p><p>count: 4</p>",
        ),
        (
            "Ada Lovelace_77_assignsubmission_file_/notes.md",
            "Question 1\nt1: 1800 s\n",
        ),
        (
            "Grace Hopper_78_assignsubmission_file_/notes.md",
            "Question 1\n",
        ),
    ] {
        zip.start_file(name, options).expect("an entry");
        std::io::Write::write_all(&mut zip, text.as_bytes()).expect("its bytes");
    }
    zip.finish().expect("an archive");
    let all = grade::collect(&path).expect("it can be read");
    let told: Vec<(&str, usize)> = all
        .iter()
        .map(|s| (s.student.as_str(), s.files.len()))
        .collect();
    assert_eq!(told, [("Ada Lovelace", 2), ("Grace Hopper", 1)]);
    assert_eq!(all[0].owner.as_ref().map(|o| o.0.as_str()), Some("77"));
}
