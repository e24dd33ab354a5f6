//! Answers that are right in another reading of the question: about another of several things that
//! are equally good, another frame of a message, another way to count. And reasons that tell something.

use Verdict::{Review, Right, Wrong};
use std::path::{Path, PathBuf};
use wirelab::grade::{self, Marks, Numbering, Verdict};
use wirelab::handout::{BUILT_IN, Found, Handout, Material, answers, built_in};

mod scenario;

fn parse(text: &str) -> Handout {
    Handout::parse(text).unwrap_or_else(|p| panic!("{p:?}"))
}

fn capture(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("captures").join(name)
}

/// Grades a report that is handed in with captures of the project.
fn graded(handout: &str, captures: &[&str], report: &str) -> Marks {
    let folder = tempfile::tempdir().expect("a folder");
    let student = folder.path().join("ada");
    std::fs::create_dir(&student).expect("a folder");
    for name in captures {
        let file = Path::new(name).file_name().expect("a name");
        std::fs::copy(capture(name), student.join(file)).expect("a copy");
    }
    std::fs::write(student.join("report.md"), report).expect("a report");
    let handout = parse(handout);
    let submissions = grade::collect(folder.path()).expect("the folder can be read");
    grade::student::grade(&handout, &Numbering::new(&handout), &submissions[0])
}

fn told<'m>(marks: &'m Marks, part: &str) -> (Verdict, &'m str) {
    let mark = marks.parts.iter().find(|m| m.part == part);
    let outcome = &mark.unwrap_or_else(|| panic!("{part} is asked")).outcome;
    (outcome.verdict, &outcome.reason)
}

const PINGS: &str = r#"
id = "ping"
title = "ping"
[let.ping]
what = "an echo request with its reply"
in = "pings"
where = "ping.reply_frame"
which = "any"
[[question]]
id = "1"
text = "A ping: its frames."
[[question.part]]
id = "request"
type = "frame"
of = "ping"
take = "ping.frame"
labels = ["request"]
[[question.part]]
id = "reply"
type = "frame"
of = "ping"
take = "ping.reply_frame"
labels = ["reply"]
"#;

/// The frames of the pings of a capture.
fn pings() -> Vec<(u32, u32)> {
    let handout = parse(PINGS);
    let material = Material::of_files(&handout, &[capture("ping.pcap")]);
    let found = Found::new(&handout, &material);
    let equals = found.hits(0).expect("there are pings").equals;
    (0..equals)
        .map(|nth| {
            let keys = answers(
                &handout,
                &material,
                &found.taking(&handout, &material, 0, nth),
            );
            let frame = |at: usize| keys[at].text.parse().expect("a frame");
            (frame(0), frame(1))
        })
        .collect()
}

#[test]
fn answers_that_are_all_of_another_of_the_equally_good_are_right() {
    let (request, reply) = pings()[1];
    let report = format!("1 request: {request}\n1 reply: {reply}\n");
    let marks = graded(PINGS, &["ping.pcap"], &report);
    for part in ["1.request", "1.reply"] {
        let (verdict, reason) = told(&marks, part);
        assert_eq!(verdict, Right, "{reason}");
        assert!(
            reason.contains(&format!("frame {request} of ping.pcap")),
            "{reason}"
        );
    }
}

#[test]
fn answers_of_two_of_them_go_to_a_person_and_what_is_of_none_is_wrong() {
    let (request, other) = (pings()[0].0, pings()[1].1);
    let report = format!("1 request: {request}\n1 reply: {other}\n");
    let marks = graded(PINGS, &["ping.pcap"], &report);
    assert_eq!(told(&marks, "1.request").0, Right);
    let (verdict, reason) = told(&marks, "1.reply");
    assert_eq!(verdict, Review, "{reason}");
    assert!(
        reason.starts_with("that is true of an echo request"),
        "{reason}"
    );
    let marks = graded(PINGS, &["ping.pcap"], "1 request: 4711\n1 reply: 4712\n");
    let (verdict, reason) = told(&marks, "1.request");
    assert_eq!(verdict, Wrong);
    let about = format!("frame {request} of ping.pcap, one of {}", pings().len());
    assert!(reason.contains(&about), "{reason}");
    // The first is asked for: another is wrong.
    let first = PINGS.replace("which = \"any\"", "which = \"first\"");
    let (request, reply) = pings()[1];
    let report = format!("1 request: {request}\n1 reply: {reply}\n");
    let marks = graded(&first, &["ping.pcap"], &report);
    assert_eq!(told(&marks, "1.request").0, Wrong);
}

/// A page in three segments, and the same page again.
const PAGE: &str = r#"
0.000 c:40000 > s:80 tcp S seq=999
0.001 s:80 > c:40000 tcp SA seq=4999
0.002 c:40000 > s:80 tcp A
0.010 c:40000 > s:80 tcp PA "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
0.020 s:80 > c:40000 tcp A
0.050 s:80 > c:40000 tcp PA "HTTP/1.1 200 OK\r\nContent-Length: 15\r\nETag: e1\r\n\r\n01234"
0.060 s:80 > c:40000 tcp PA "56789"
0.070 s:80 > c:40000 tcp PA "abcde"
0.080 c:40000 > s:80 tcp PA "GET /a HTTP/1.1\r\nHost: h\r\nIf-None-Match: e1\r\n\r\n"
0.090 s:80 > c:40000 tcp PA "HTTP/1.1 304 Not Modified\r\n\r\n"
"#;

#[test]
fn the_first_and_the_last_frame_of_a_response_are_right_and_the_one_between_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("page.pcap");
    std::fs::write(&page, scenario::capture(PAGE).expect("packets")).expect("a file");
    let page = page.to_str().expect("text");
    let text = built_in("http").expect("it is built in");
    let verdict = |slot: &str, frame: u32| {
        let marks = graded(text, &[page], &format!("{slot}: {frame}\n"));
        let (verdict, reason) = told(&marks, &slot.replace(' ', "."));
        (verdict, reason.to_owned())
    };
    assert_eq!(verdict("2 response", 6).0, Right);
    let (last, reason) = verdict("2 response", 8);
    assert_eq!(last, Right);
    assert!(
        reason.contains("last byte") && reason.contains("frame 6"),
        "{reason}"
    );
    let (between, reason) = verdict("2 response", 7);
    assert_eq!(between, Wrong);
    assert!(reason.contains("6 or 8"), "{reason}");
    // The frame of the conditional request, or of its answer.
    for (frame, expected) in [(9, Right), (10, Right), (4, Wrong)] {
        assert_eq!(verdict("4 frame", frame).0, expected, "{frame}");
    }
}

#[test]
fn segments_are_counted_with_those_sent_again_or_without() {
    let text = built_in("tcp-upload").expect("it is built in");
    for (count, verdict) in [("47", Right), ("44", Right), ("45", Wrong), ("41", Wrong)] {
        let report = format!("4 bytes: 60000\n4 segments: {count}\n4 retransmissions: 3\n");
        let marks = graded(text, &["upload.pcap"], &report);
        assert_eq!(told(&marks, "4.segments").0, verdict, "{count}");
    }
}

#[test]
fn how_long_a_client_waits_between_its_syns_is_not_asserted() {
    let text = built_in("rtt").expect("it is built in");
    let handout = parse(text);
    let part = handout
        .file
        .question
        .iter()
        .flat_map(|q| &q.part)
        .find(|p| p.id == "silent");
    let because = part.and_then(|p| p.because.as_deref()).unwrap_or_default();
    assert!(!because.contains("the gaps double"), "{because}");
}

#[test]
fn a_relative_sequence_number_is_seen_by_a_person_and_another_small_number_is_wrong() {
    let text = built_in("tcp-upload").expect("it is built in");
    let marks = graded(text, &["upload.pcap"], "2 client isn: 0\n2 server isn: 1\n");
    let (verdict, reason) = told(&marks, "2.client-isn");
    assert_eq!(verdict, Review, "{reason}");
    assert!(reason.contains("relative number"), "{reason}");
    assert_eq!(told(&marks, "2.server-isn").0, Wrong);
}

#[test]
fn a_reason_has_no_empty_brackets_and_no_flag_that_happens_to_be_the_same() {
    let text = built_in("http").expect("it is built in");
    let marks = graded(text, &["http.pcap"], "2 server: 10.1.0.9\n");
    let all: Vec<&str> = marks
        .parts
        .iter()
        .map(|m| m.outcome.reason.as_str())
        .collect();
    assert!(!all.iter().any(|reason| reason.contains("()")), "{all:?}");
    let flags = PINGS
        .replace("pings", "frames")
        .replace("\"any\"", "\"first\"")
        .replace("ping.reply_frame", "ip")
        .replace(
            "type = \"frame\"\nof = \"ping\"\ntake = \"ping.frame\"",
            "type = \"yes-no\"\nof = \"ping\"\ntake = \"ip.flags.df\"",
        );
    let flags = flags
        .split("[[question.part]]\nid = \"reply\"")
        .next()
        .unwrap_or_default();
    let flags = flags
        .replace("id = \"request\"", "id = \"df\"")
        .replace("request\"]", "df\"]");
    let handout = parse(&flags);
    let material = Material::of_files(&handout, &[capture("ping.pcap")]);
    let key = answers(&handout, &material, &Found::new(&handout, &material)).remove(0);
    let wrong = if key.text == "yes" { "no" } else { "yes" };
    let marks = graded(&flags, &["ping.pcap"], &format!("1 df: {wrong}\n"));
    let (verdict, reason) = told(&marks, "1.df");
    assert_eq!(
        (verdict, reason),
        (Wrong, format!("the capture shows {}", key.text).as_str())
    );
}

#[test]
fn no_model_answer_is_doubted() {
    for (name, text) in BUILT_IN {
        let handout = parse(text);
        for part in handout.file.question.iter().flat_map(|q| &q.part) {
            let judged = grade::prose::score(part, &part.model);
            let right = part.model.is_empty() || judged.mistakes.is_empty() && judged.share >= 1.0;
            assert!(right, "{name} {}: {judged:?}", part.id);
        }
    }
}

#[test]
fn a_calculated_number_may_be_rounded() {
    let mean = PINGS.replace("which = \"any\"", "which = \"all\"").replace(
        "type = \"frame\"\nof = \"ping\"\ntake = \"ping.frame\"",
        "type = \"int\"\nof = \"ping\"\ntake = \"ping.frame * 1000 / 6\"\nover = \"mean\"",
    );
    let mean = mean
        .split("[[question.part]]\nid = \"reply\"")
        .next()
        .unwrap_or_default();
    let handout = parse(mean);
    let material = Material::of_files(&handout, &[capture("ping.pcap")]);
    let key = answers(&handout, &material, &Found::new(&handout, &material)).remove(0);
    assert_eq!(key.text, "1166.67");
    let number: f64 = key.text.parse().expect("a number");
    for (report, verdict) in [
        (key.text.clone(), Right),
        (format!("{number:.0}"), Right),
        (format!("{:.0}", number + 2.0), Wrong),
    ] {
        let marks = graded(mean, &["ping.pcap"], &format!("1 request: {report}\n"));
        assert_eq!(told(&marks, "1.request").0, verdict, "{report}");
    }
}

#[test]
fn the_smaller_of_two_tells_the_larger_and_a_denied_comparison_tells_neither() {
    let text = built_in("rtt").expect("it is built in");
    for (report, verdict) in [
        ("UDP is smaller than TCP", Right),
        ("UDP's RTT is lower than that of TCP", Right),
        ("UDP is faster than TCP.", Right),
        ("TCP is larger than UDP", Right),
        ("TCP takes longer than UDP", Right),
        ("TCP is smaller than UDP", Wrong),
        ("UDP is larger than TCP", Wrong),
        ("UDP", Wrong),
        ("UDP is not larger than TCP", Review),
    ] {
        let marks = graded(text, &[], &format!("3. {report}\n"));
        let (told, reason) = told(&marks, "3.larger");
        assert_eq!(told, verdict, "{report}: {reason}");
    }
}

#[test]
fn of_too_many_that_are_equally_good_none_is_wrong_for_good() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("pings.pcap");
    let pair = |n: u32| {
        let (at, then) = (n * 4, n * 4 + 1);
        format!(
            "{}.{:03} c > s icmp echo id=1 seq={n}\n{}.{:03} s > c icmp reply id=1 seq={n}\n",
            at / 1000,
            at % 1000,
            then / 1000,
            then % 1000
        )
    };
    for (count, verdict) in [(90, Wrong), (150, Review)] {
        let packets: String = (0..count).map(pair).collect();
        std::fs::write(&file, scenario::capture(&packets).expect("packets")).expect("a file");
        let marks = graded(PINGS, &[file.to_str().expect("text")], "1 request: 4711\n");
        assert_eq!(told(&marks, "1.request").0, verdict, "{count}");
    }
}
