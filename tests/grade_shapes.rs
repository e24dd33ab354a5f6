//! Shapes of answers that look right or wrong and are neither: second values and other units beside a
//! number, times without a unit, raw and relative numbers, flags and ports by name, struck-out text,
//! words that nothing is read from. Each rule speaks in one text and is silent in another.

use std::path::Path;
use wirelab::grade::{self, Mark, Numbering};
use wirelab::handout::{Handout, built_in};

const SHAPES: &str = r#"
id = "shapes"
title = "A connection"
[let.c]
what = "a connection from its SYN on"
in = "connections"
where = "connection.syn_frame && connection.client_bytes > 0"
[let.syn]
what = "the SYN and the SYN+ACK"
in = "frames"
where = "frame.number == $c.syn_frame || frame.number == $c.synack_frame"
which = "all"
[let.accepted]
what = "the SYN+ACK"
in = "frames"
where = "frame.number == $c.synack_frame"
[let.ack]
what = "the ACK of the handshake"
in = "frames"
where = "frame.number == $c.ack_frame"
[let.data]
what = "a data segment of the client"
in = "segments"
where = 'segment.stream == $c.stream && segment.sender == "client" && segment.length_bytes > 0'
which = "all"
[[question]]
id = "1"
text = "What does the connection show?"
part = [
  { id = "bytes", type = "int", unit = "bytes", of = "c", take = "connection.client_bytes" },
  { id = "segments", type = "int", of = "data", over = "count" },
  { id = "again", type = "int", of = "c", take = "connection.client_sent_again", labels = ["sent again", "retransmi"] },
  { id = "isn", type = "int", of = "c", take = "connection.client_isn" },
  { id = "server-isn", type = "int", of = "c", take = "connection.server_isn" },
  { id = "rtt", type = "duration", unit = "ms", of = "c", take = "connection.handshake_rtt_ms" },
  { id = "when", type = "duration", unit = "s", of = "accepted", take = "frame.time_epoch" },
  { id = "port", type = "port", of = "c", take = "connection.server_port" },
  { id = "ports", type = "ports", of = "c", take = ["connection.client_port", "connection.server_port"] },
  { id = "frames", type = "frames", of = "c", take = ["connection.syn_frame", "connection.synack_frame"] },
  { id = "flags", type = "hex", of = "accepted", take = "tcp.flags" },
  { id = "set", type = "yes-no", of = "accepted", take = "tcp.flags.syn" },
  { id = "number", type = "int", of = "ack", take = "tcp.ack" },
  { id = "window", type = "int", of = "ack", take = "tcp.window_size" },
  { id = "mss", type = "list", of = "syn", take = "tcp.options.mss_val" },
  { id = "server", type = "ip", of = "c", take = "connection.server" },
]
"#;

/// Grades a file that is handed in with a capture of the project, and what else is there.
fn handed(handout: &Handout, capture: &str, name: &str, report: &str, more: &[&str]) -> Vec<Mark> {
    let folder = tempfile::tempdir().expect("a folder");
    let student = folder.path().join("ada");
    std::fs::create_dir(&student).expect("a folder");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    std::fs::copy(root.join(capture), student.join(capture)).expect("a copy");
    std::fs::write(student.join(name), report).expect("a report");
    for other in more {
        std::fs::write(student.join(other), b"other").expect("a file");
    }
    let submissions = grade::collect(folder.path()).expect("the folder can be read");
    grade::student::grade(handout, &Numbering::new(handout), &submissions[0]).parts
}

fn parse(text: &str) -> Handout {
    Handout::parse(text).unwrap_or_else(|p| panic!("{p:?}"))
}

fn word<'m>(marks: &'m [Mark], part: &str) -> &'m str {
    let mark = marks.iter().find(|m| m.part == part);
    mark.expect("a part").outcome.verdict.word()
}

/// Each answer to a part, in a line of its own, and the verdict on it.
fn told(part: &str, cases: &[(&str, &str)]) {
    let handout = parse(SHAPES);
    let part = format!("1.{part}");
    for (answer, wanted) in cases {
        let report = format!("- {} (what it is): {answer}\n", part.replace('.', " "));
        let marks = handed(&handout, "web.pcap", "report.md", &report, &[]);
        let mark = marks.iter().find(|m| m.part == part).expect("a part");
        let (verdict, reason) = (mark.outcome.verdict.word(), &mark.outcome.reason);
        assert_eq!(verdict, *wanted, "{part}: {answer}: {reason}, {}", mark.key);
    }
}

/// A report on a question of a built-in handout, and the verdicts on some parts.
fn answered(handout: &str, capture: &str, report: &str, parts: &[(&str, &str)]) {
    let handout = parse(built_in(handout).expect("a built-in handout"));
    let marks = handed(&handout, capture, "report.md", report, &[]);
    for (part, wanted) in parts {
        let mark = marks.iter().find(|m| m.part == *part).expect("a part");
        let reason = &mark.outcome.reason;
        assert_eq!(word(&marks, part), *wanted, "{part}: {report}: {reason}");
    }
}

#[test]
fn a_second_value_beside_the_first_goes_to_a_person() {
    for answer in [
        "161 (or 171?)",
        "161 (maybe 171)",
        "161 vs 171",
        "161 resp. 171",
        "161 ± 1",
    ] {
        told("bytes", &[(answer, "review")]);
    }
    told(
        "bytes",
        &[
            ("161, not 171", "right"),
            ("161 (171 with a header)", "right"),
        ],
    );
    told(
        "frames",
        &[
            ("7, 8 or 7, 9", "review"),
            ("7 or 8", "review"),
            ("7 and 8", "right"),
        ],
    );
    told(
        "set",
        &[("Yes (no)", "review"), ("Yes (no doubt)", "right")],
    );
}

#[test]
fn another_unit_or_name_goes_to_a_person() {
    told(
        "bytes",
        &[
            ("161 frames", "review"),
            ("161 ms", "review"),
            ("161 bytes", "right"),
        ],
    );
    told(
        "segments",
        &[
            ("2 bytes", "review"),
            ("2 segments", "right"),
            ("2 frames", "right"),
        ],
    );
    told(
        "again",
        &[
            ("0, all were sent again", "review"),
            ("0, not all were sent again", "right"),
        ],
    );
    told(
        "port",
        &[
            ("80 (DNS)", "review"),
            ("80 (UDP)", "review"),
            ("80 (http)", "right"),
        ],
    );
    told("port", &[("80/tcp", "right"), ("81 (DNS)", "wrong")]);
    told(
        "flags",
        &[("0x12 (ACK, FIN)", "review"), ("0x12 (SYN, ACK)", "right")],
    );
}

#[test]
fn flags_and_ports_have_names() {
    told(
        "flags",
        &[
            ("SYN, ACK", "right"),
            ("SYN=1, ACK=1", "right"),
            ("SYN, FIN", "wrong"),
        ],
    );
    told(
        "flags",
        &[
            ("000000010010", "right"),
            ("0b10010", "right"),
            ("0b10011", "wrong"),
        ],
    );
    told(
        "port",
        &[
            ("http", "right"),
            ("https", "wrong"),
            ("ephemeral", "review"),
        ],
    );
    told(
        "ports",
        &[
            ("51150 → http", "right"),
            ("51150, https", "wrong"),
            ("51150", "partly"),
        ],
    );
    told("ports", &[("Src Port: 51150, Dst Port: 80", "right")]);
    told(
        "set",
        &[
            ("set", "right"),
            ("not set", "wrong"),
            ("settled", "review"),
        ],
    );
}

#[test]
fn one_number_for_all_of_a_list() {
    told(
        "mss",
        &[
            ("both 1460", "right"),
            ("2 x 1460", "right"),
            ("1460 each", "right"),
        ],
    );
    told(
        "mss",
        &[
            ("1460", "partly"),
            ("both 1500", "wrong"),
            ("3 x 1460", "partly"),
        ],
    );
    told(
        "frames",
        &[("client: 7, server: 8", "right"), ("client: 7", "partly")],
    );
}

#[test]
fn times_in_the_seconds_of_wireshark_go_to_a_person() {
    told(
        "rtt",
        &[
            ("0.000040", "review"),
            ("0.04", "right"),
            ("0.0004", "wrong"),
        ],
    );
    told("rtt", &[("0.000040 ms", "wrong"), ("0.000040 s", "right")]);
}

#[test]
fn a_share_of_a_moment_is_no_tolerance() {
    told(
        "when",
        &[
            ("1795231680.722126 s", "right"),
            ("1795231680.72 s", "right"),
        ],
    );
    told(
        "when",
        &[
            ("1795231680 s", "right"),
            ("1795231000 s", "wrong"),
            ("1795231689 s", "wrong"),
        ],
    );
}

#[test]
fn raw_numbers_for_relative_ones_and_windows_without_scale_go_to_a_person() {
    let handout = parse(SHAPES);
    let blank = handed(&handout, "web.pcap", "report.md", "nothing", &[]);
    let isn = blank
        .iter()
        .find(|m| m.part == "1.server-isn")
        .expect("a part");
    let raw: u64 = isn.key.parse().expect("a number");
    told(
        "number",
        &[((raw + 1).to_string().as_str(), "review"), ("1", "right")],
    );
    told(
        "number",
        &[((raw + 2).to_string().as_str(), "wrong"), ("2", "wrong")],
    );
    told(
        "window",
        &[("63", "review"), ("64", "wrong"), ("64512", "right")],
    );
}

#[test]
fn digits_in_other_notations() {
    told(
        "bytes",
        &[("16l", "review"), ("l6l", "review"), ("16x", "wrong")],
    );
    told(
        "isn",
        &[
            ("176a2bd9", "right"),
            ("176a2bd8", "wrong"),
            ("392'834'009", "review"),
        ],
    );
    told(
        "bytes",
        &[
            ("see 4", "review"),
            ("see frame 3", "review"),
            ("4", "wrong"),
        ],
    );
}

#[test]
fn what_is_struck_out_or_corrected_is_not_said() {
    told(
        "bytes",
        &[("~~171~~ 161", "right"), ("~~161~~ 171", "wrong")],
    );
    told(
        "bytes",
        &[
            ("<del>171</del> 161", "right"),
            ("161 <s>bytes</s>", "right"),
        ],
    );
    let server = [
        ("203.0.113.5 (corrected from 10.0.0.1)", "right"),
        ("10.0.0.1 (corrected from 203.0.113.5)", "wrong"),
        ("10.0.0.1, corrected: 203.0.113.5", "right"),
    ];
    told("server", &server);
    told(
        "bytes",
        &[
            ("161, sorry, not 171", "right"),
            ("171, sorry, 161", "right"),
        ],
    );
    let handout = parse(SHAPES);
    let page = "<html><body><h2>Question 1</h2><ul><li>bytes: <del>171</del> 161</li><li>server: <s>10.0.0.1</s> 203.0.113.5</li></ul></body></html>";
    let marks = handed(&handout, "web.pcap", "report.html", page, &[]);
    assert_eq!(
        [word(&marks, "1.bytes"), word(&marks, "1.server")],
        ["right"; 2]
    );
}

#[test]
fn words_that_nothing_is_read_from_are_for_a_person() {
    let name = ("3.name", "review");
    answered("dns", "dns.pcap", "3. google.example, A, 0, 1\n", &[name]);
    answered(
        "dns",
        "dns.pcap",
        "3. type A, 0, 1\n",
        &[("3.name", "missing")],
    );
    // The question itself says nothing.
    let asked = "3. Which name and type are asked for?\ntype: A\n";
    answered("dns", "dns.pcap", asked, &[("3.name", "missing")]);
    let two = "2B. Server and router: 10.0.2.2; mask: 255.255.255.0\n";
    answered(
        "ip-dhcp-arp",
        "dhcp.pcap",
        two,
        &[("2B.server-id", "review"), ("2B.dns", "missing")],
    );
    let why = "4B) No; it belongs to the next hop.\n";
    answered(
        "ip-dhcp-arp",
        "web.pcap",
        why,
        &[("4B.explanation", "review")],
    );
    answered(
        "ip-dhcp-arp",
        "web.pcap",
        "4B) No.\n",
        &[("4B.explanation", "missing")],
    );
}

#[test]
fn a_count_of_nothing_in_words() {
    let none = [
        ("web", "none of it was sent again", "right"),
        ("web", "no segment had to be sent again", "right"),
        ("upload", "no segment had to be sent again", "review"),
    ];
    let handout = parse(SHAPES);
    for (capture, words, wanted) in none {
        let text = format!("Question 1\nsegments: 2\n{words}\n");
        let marks = handed(
            &handout,
            &format!("{capture}.pcap"),
            "report.md",
            &text,
            &[],
        );
        assert_eq!(word(&marks, "1.again"), wanted, "{capture}: {words}");
    }
}

#[test]
fn what_is_missing_beside_pictures_that_are_pointed_at_stays_open() {
    let handout = parse(SHAPES);
    let bytes = |text: &str, more: &[&str]| {
        let marks = handed(&handout, "web.pcap", "report.md", text, more);
        word(&marks, "1.bytes").to_owned()
    };
    let shown = "Question 1\nsegments: 2\n![all of it](one.png)\n";
    assert_eq!(bytes(shown, &["one.png"]), "review");
    assert_eq!(bytes("Question 1\nsegments: 2\n", &["one.png"]), "missing");
    assert_eq!(bytes("Question 1\nbytes: see screenshot\n", &[]), "review");
    assert_eq!(
        bytes("Question 1\nbytes:\nsegments: see screenshot\n", &[]),
        "missing"
    );
}

#[test]
fn a_hexadecimal_number_is_no_frame() {
    let all = "1. Frame 1: Standard query 0x3af6 A; Frame 2: Standard query response 0x3af6; UDP\n";
    answered(
        "dns",
        "dns.pcap",
        all,
        &[("1.query", "right"), ("1.response", "right")],
    );
    let other =
        "1. Frame 5: Standard query 0x0001 A; Frame 6: Standard query response 0x0002; UDP\n";
    answered("dns", "dns.pcap", other, &[("1.transport", "right")]);
}

#[test]
fn the_time_to_the_syn_ack_is_a_round_trip_time_as_well() {
    let answer = |time: &str, wanted: &str| {
        let text = format!("Question 2\nRTT: {time}\n");
        answered("tcp-upload", "upload.pcap", &text, &[("2.rtt", wanted)]);
    };
    answer("0.064 ms", "right");
    answer("SYNACK", "review");
}

#[test]
fn an_answer_with_a_question_mark_is_no_question() {
    let handout = parse(SHAPES);
    let marks = |text: &str| handed(&handout, "web.pcap", "report.md", text, &[]);
    let doubted = marks("Question 1\nSegments: 2?\nBytes: 161\n");
    assert_eq!(word(&doubted, "1.segments"), "review");
    assert_eq!(word(&doubted, "1.bytes"), "right");
    // The question itself says nothing, also with a number in it.
    let asked = marks("Question 1\nHow many segments: 1 or 2 or more?\nBytes: 161\n");
    assert_eq!(word(&asked, "1.segments"), "missing");
}
