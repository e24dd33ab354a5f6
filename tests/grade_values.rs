//! One value for one part: units, bounds, signs, two values, names that contradict numbers, texts. What
//! is plainly right or plainly wrong gets its mark; what can be read in two ways goes to a person.

use std::path::Path;
use wirelab::grade::{self, Mark, Numbering};
use wirelab::handout::{Handout, built_in};

const LEASE: &str = r#"
id = "lease"
title = "A lease"
[let.ack]
what = "the ACK"
in = "frames"
where = "dhcp.option.dhcp == 5"
[[question]]
id = "1"
text = "What does the ACK say?"
part = [
  { id = "lease", type = "duration", unit = "s", of = "ack", take = "dhcp.option.ip_address_lease_time" },
  { id = "length", type = "int", unit = "bytes", of = "ack", take = "frame.len" },
  { id = "ttl", type = "int", of = "ack", take = "ip.ttl" },
  { id = "xid", type = "hex", of = "ack", take = "dhcp.id" },
  { id = "ethertype", type = "hex", of = "ack", take = "eth.type", names = "eth.type" },
  { id = "protocol", type = "enum", of = "ack", take = "ip.proto", names = "ip.proto" },
  { id = "message", type = "enum", of = "ack", take = "dhcp.option.dhcp", names = { 1 = ["Discover"], 3 = ["Request"], 5 = ["ACK"] } },
  { id = "code", type = "int", of = "ack", take = "dhcp.option.dhcp", names = { 5 = ["ACK"] } },
  { id = "mask", type = "ip", of = "ack", take = "dhcp.option.subnet_mask" },
  { id = "mac", type = "mac", of = "ack", take = "eth.dst" },
]
"#;

/// Grades a report that is handed in with a capture of the project.
fn marks(handout: &Handout, capture: &str, report: &str) -> Vec<Mark> {
    let folder = tempfile::tempdir().expect("a folder");
    let student = folder.path().join("ada");
    std::fs::create_dir(&student).expect("a folder");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    std::fs::copy(root.join(capture), student.join(capture)).expect("a copy");
    std::fs::write(student.join("report.md"), report).expect("a report");
    let submissions = grade::collect(folder.path()).expect("the folder can be read");
    grade::student::grade(handout, &Numbering::new(handout), &submissions[0]).parts
}

fn parse(text: &str) -> Handout {
    Handout::parse(text).unwrap_or_else(|p| panic!("{p:?}"))
}

/// Each answer to a part, alone, and the verdict on it.
fn lease(part: &str, cases: &[(&str, &str)]) {
    let handout = parse(LEASE);
    let blank = marks(&handout, "dhcp.pcap", "nothing");
    for (answer, wanted) in cases {
        let key = blank.iter().find(|m| m.part == format!("1.{part}"));
        let answer = answer.replace("KEY", &key.expect("a part").key);
        let report = format!("- 1 {part} (what it is): {answer}\n");
        let all = marks(&handout, "dhcp.pcap", &report);
        let id = format!("1.{part}");
        let mark = all.iter().find(|m| m.part == id).expect("a part");
        let (verdict, reason) = (mark.outcome.verdict.word(), &mark.outcome.reason);
        assert_eq!(verdict, *wanted, "{part}: {answer}: {reason}, {}", mark.key);
        let others = all.iter().filter(|m| m.part != id);
        for other in others {
            let word = other.outcome.verdict.word();
            assert_eq!(
                word, "missing",
                "{part}: {answer} is told of {}",
                other.part
            );
        }
    }
}

#[test]
fn times_are_read_in_every_unit() {
    let right = [
        "1 h",
        "1h",
        "1 hour",
        "60 min",
        "0 h 60 min",
        "3600",
        "3600 s",
        "3.6e+3 s",
        "3.6*10^3 s",
        "3600000 ms",
        "3600000000 μs",
        "3600000000 µs",
        "3600000000000 ns",
        "1 h or 3600 s",
        "7200 s - 3600 s = 3600 s",
        "0 days 1 hour",
        "1 hour, 0 minutes",
        "3.6 × 10³ s",
    ];
    lease("lease", &right.map(|answer| (answer, "right")));
    let wrong = [
        "2 h",
        "1 min",
        "3600 ms",
        "1 hour, 30 minutes",
        "1 h 60 min",
        "3.6e-3 s",
        "3600 bytes",
    ];
    for answer in wrong {
        let report = format!("- 1 lease (s): {answer}\n");
        let all = marks(&parse(LEASE), "dhcp.pcap", &report);
        let verdict = all[0].outcome.verdict.word();
        assert!(matches!(verdict, "wrong" | "review"), "{answer}: {verdict}");
    }
    // As English writes it, and as most others do.
    lease(
        "lease",
        &[
            ("3,600 s", "review"),
            ("3,601 s", "wrong"),
            ("2 h or 3600 s", "review"),
        ],
    );
}

#[test]
fn a_reason_names_the_unit() {
    let all = marks(
        &parse(LEASE),
        "dhcp.pcap",
        "- 1 lease (s): 2 h\n- 1 ttl (number): 3\n",
    );
    assert_eq!(all[0].outcome.reason, "the capture shows 3600 s");
    assert_eq!(all[2].outcome.reason, "the capture shows 64");
}

#[test]
fn multiples_of_bytes_are_other_amounts() {
    let right = ["KEY", "KEY bytes", "KEY octets", "it has KEY bytes in all"];
    lease("length", &right.map(|answer| (answer, "right")));
    let wrong = ["KEY kB", "KEY KB", "KEYKiB", "KEY MB", "KEY GB", "KEY bits"];
    lease("length", &wrong.map(|answer| (answer, "wrong")));
}

#[test]
fn bounds_ranges_and_signs_are_no_plain_values() {
    let person = [
        "more than KEY",
        "fewer than KEY",
        "at least KEY",
        "not more than KEY",
        ">= KEY",
        "< KEY",
        "KEY-1000",
        "KEY to 400",
        "KEY and a half",
        "-KEY",
        "KEY%",
        "KEY and 63",
        "KEY/63",
        "KEY (0x41)",
        "between 1 and 200",
        "more than 1",
    ];
    lease("ttl", &person.map(|answer| (answer, "review")));
    let right = [
        "KEY",
        "TTL: KEY",
        "+KEY",
        "KEY (0x40)",
        "KEY hops",
        "KEY - still full",
        "KEY, KEY and KEY",
        "<KEY>",
        "KEY (first of 1-3)",
        "KEY, since it crossed no router",
    ];
    lease("ttl", &right.map(|answer| (answer, "right")));
    lease(
        "ttl",
        &[
            ("more than 200", "wrong"),
            ("at most 3", "wrong"),
            ("-63", "wrong"),
        ],
    );
}

#[test]
fn a_name_or_another_notation_that_contradicts_a_number_goes_to_a_person() {
    let person = ["UDP (6)", "UDP = 6", "UDP (0x06)", "UDP or TCP"];
    lease("protocol", &person.map(|answer| (answer, "review")));
    let right = [
        "UDP (17)",
        "UDP = 17",
        "17",
        "UDP (0x11)",
        "UDP, ports 67 and 68",
        "UDP (frame 6)",
    ];
    lease("protocol", &right.map(|answer| (answer, "right")));
    let person = ["0x0800 = ARP", "0x0800 (IPv6)", "0x0800 (2054)"];
    lease("ethertype", &person.map(|answer| (answer, "review")));
    let right = [
        "0x0800 (IPv4)",
        "0x0800 = IP",
        "0x0800 (2048)",
        "IPv4",
        "0800",
    ];
    lease("ethertype", &right.map(|answer| (answer, "right")));
    lease("ethertype", &[("ARP", "wrong"), ("IPv6", "wrong")]);
    lease(
        "mask",
        &[
            ("KEY = /8", "review"),
            ("KEY (/8)", "review"),
            ("KEY", "right"),
        ],
    );
    lease(
        "xid",
        &[("KEY (12345)", "review"), ("KEY and 0x8df3d837", "review")],
    );
    lease(
        "xid",
        &[
            ("0x8df3d837 and KEY", "review"),
            ("KEY", "right"),
            ("0x8df3d837", "wrong"),
        ],
    );
    lease(
        "mac",
        &[("KEY / b6:e8:a6:49:02:d0", "review"), ("KEY", "right")],
    );
}

#[test]
fn names_of_a_handout_mean_their_numbers() {
    lease(
        "message",
        &[("ACK", "right"), ("5", "right"), ("ACK (5)", "right")],
    );
    lease(
        "message",
        &[
            ("3", "wrong"),
            ("2", "wrong"),
            ("Discover", "wrong"),
            ("ACK (2)", "review"),
        ],
    );
    lease(
        "code",
        &[
            ("ACK", "right"),
            ("5", "right"),
            ("ACK (5)", "right"),
            ("NAK", "review"),
        ],
    );
}

#[test]
fn hexadecimal_needs_no_sign() {
    let handout = parse(LEASE);
    let key = marks(&handout, "dhcp.pcap", "nothing")[3].key.clone();
    let digits = key.trim_start_matches("0x").to_owned();
    let pairs: Vec<&str> = (0..digits.len())
        .step_by(2)
        .map(|at| &digits[at..at + 2])
        .collect();
    let upper = digits.to_uppercase();
    for answer in [
        digits.clone(),
        upper,
        pairs.join(":"),
        pairs.join(" "),
        format!("{digits}h"),
    ] {
        lease("xid", &[(&answer, "right")]);
    }
    lease(
        "xid",
        &[
            ("8df3d837", "wrong"),
            ("deadbeef", "wrong"),
            ("no idea what", "review"),
        ],
    );
}

/// The verdicts on the versions of browser and server.
fn versions(line: &str) -> (&'static str, &'static str) {
    let handout = parse(built_in("http").expect("it is built in"));
    let all = marks(&handout, "web.pcap", &format!("Question 1\n{line}\n"));
    (all[0].outcome.verdict.word(), all[1].outcome.verdict.word())
}

#[test]
fn texts_of_one_form_are_told_by_label_or_in_order() {
    let (right, wrong) = ("right", "wrong");
    for (line, verdicts) in [
        ("HTTP/1.1 and HTTP/1.1, 200", (right, right)),
        ("Both speak HTTP/1.1, 200", (right, right)),
        ("HTTP/2 and HTTP/1.1, 200", (wrong, right)),
        ("HTTP/1.1, the server HTTP/1.1, 200", (right, right)),
        ("server HTTP/1.1, browser HTTP/1.0, 200", (wrong, right)),
        (
            "HTTP/1.0 (browser), HTTP/1.1 (server), 200 OK",
            (wrong, right),
        ),
    ] {
        assert_eq!(versions(line), verdicts, "{line}");
    }
}

#[test]
fn of_two_texts_for_one_part_a_person_decides() {
    let handout = parse(built_in("http").expect("it is built in"));
    let verdict = |answer: &str| {
        let report = format!("- 1 browser version (text): {answer}\n");
        marks(&handout, "web.pcap", &report)[0]
            .outcome
            .verdict
            .word()
    };
    for answer in [
        "HTTP/1.1",
        "1.1",
        "HTTP 1.1",
        "HTTP/1.1, not HTTP/2",
        "It is HTTP/1.1.",
    ] {
        assert_eq!(verdict(answer), "right", "{answer}");
    }
    for answer in [
        "HTTP/1.1 or HTTP/2",
        "either HTTP/1.0 or HTTP/1.1",
        "anything but HTTP/1.1",
        "HTTP/1.1 is not used",
        "the usual one",
    ] {
        assert_eq!(verdict(answer), "review", "{answer}");
    }
    assert_eq!(verdict("HTTP/1.0"), "wrong");
}

#[test]
fn a_label_behind_a_text_announces_what_follows_it() {
    let handout = parse(built_in("dns").expect("it is built in"));
    let blank = marks(&handout, "dns.pcap", "nothing");
    let key = |part: &str| {
        blank
            .iter()
            .find(|m| m.part == part)
            .expect("a part")
            .key
            .clone()
    };
    let (name, kind) = (key("3.name"), key("3.type"));
    for line in [
        format!("{name}, type {kind}"),
        format!("{name} (type {kind})"),
        format!("{name} type {kind}"),
        format!("type {kind}, name {name}"),
    ] {
        let all = marks(
            &handout,
            "dns.pcap",
            &format!("Question 3\n{line}; 0 and 1\n"),
        );
        for part in ["3.name", "3.type"] {
            let mark = all.iter().find(|m| m.part == part).expect("a part");
            assert_eq!(mark.outcome.verdict.word(), "right", "{part}: {line}");
        }
    }
}
