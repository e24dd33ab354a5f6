//! Which lines of a report are the headings of its questions: they are of one kind, and lists, pasted
//! lines and mentions below them are part of an answer.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wirelab::grade::{self, Mark, Numbering};
use wirelab::handout::{Found, Handout, Material, answers, built_in};

const REPORT: &str = "\
Question 1
Client: {1.client}
Client port: {1.client-port}
Server: {1.server}
Server port: {1.server-port}
Question 2
Frames: {2.frames}
Client ISN: {2.client-isn}
Server ISN: {2.server-isn}
RTT: {2.rtt}
Question 3
Frame: {3.frame}
Length: {3.length}
RTT: {3.rtt}
Question 4
Bytes: {4.bytes}
Segments: {4.segments}
Retransmissions: {4.retransmissions}
";

fn upload() -> Handout {
    let text = built_in("tcp-upload").expect("it is built in");
    Handout::parse(text).unwrap_or_else(|p| panic!("{p:?}"))
}

fn capture() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("captures/upload.pcap")
}

/// The key of each part.
fn key(handout: &Handout) -> BTreeMap<String, String> {
    let material = Material::of_files(handout, &[capture()]);
    let found = Found::new(handout, &material);
    let told = answers(handout, &material, &found).into_iter();
    let name = |q: usize, p: usize| {
        let question = &handout.file.question[q];
        format!("{}.{}", question.id, question.part[p].id)
    };
    let told = told.map(|a| (name(a.question, a.part), a.text));
    told.collect()
}

/// The marks for reports in which keys stand in the place of the parts' names.
fn graded(reports: &[(&str, String)]) -> Vec<(String, Vec<Mark>)> {
    let handout = upload();
    let key = key(&handout);
    let folder = tempfile::tempdir().expect("a folder");
    for (nth, (name, report)) in reports.iter().enumerate() {
        let student = folder.path().join(format!("s{nth:03}"));
        std::fs::create_dir(&student).expect("a folder");
        std::fs::copy(capture(), student.join("upload.pcap")).expect("a copy");
        let mut report = report.clone();
        for (part, value) in &key {
            report = report.replace(&format!("{{{part}}}"), value);
        }
        std::fs::write(student.join(name), report).expect("a report");
    }
    let numbering = Numbering::new(&handout);
    let submissions = grade::collect(folder.path()).expect("the folder can be read");
    assert_eq!(submissions.len(), reports.len());
    let all = submissions.iter().zip(reports);
    all.map(|(submission, (_, report))| {
        let marks = grade::student::grade(&handout, &numbering, submission);
        (report.clone(), marks.parts)
    })
    .collect()
}

/// Asserts that all of each report is right, except for some parts with another verdict.
fn told(reports: &[(&str, String)], others: &[(&str, &str)]) {
    for (report, marks) in graded(reports) {
        for mark in marks {
            let other = others.iter().find(|(part, _)| *part == mark.part);
            let wanted = other.map_or("right", |(_, verdict)| verdict);
            let (verdict, reason) = (mark.outcome.verdict.word(), &mark.outcome.reason);
            let (part, answer) = (&mark.part, &mark.answer);
            assert_eq!(verdict, wanted, "{part} {answer:?}: {reason}\n{report}");
        }
    }
}

/// The report with a text in the place of another.
fn with(from: &str, to: &str) -> (&'static str, String) {
    assert!(REPORT.contains(from), "{from}");
    ("report.md", REPORT.replace(from, to))
}

#[test]
fn a_number_of_another_kind_is_no_heading() {
    let mut reports = vec![("report.md", REPORT.to_owned())];
    for line in [
        "Step 1: filter tcp.len > 0\nStep 2: I took the first one",
        "Siehe Abb. 2",
        "Abb. 2 zeigt es.",
        "It is in Fig. 2.",
        "4. and so on",
        "2",
        "### 1. Finding it",
    ] {
        reports.push(with("Question 3\n", &format!("Question 3\n{line}\n")));
    }
    for line in [
        "frame no. {3.frame} is the first",
        "Frame no. {3.frame}",
        "It is no. {3.frame} and has data",
        "{3.frame}   0.000082  10.0.2.15 → 10.0.2.2  TCP 171 PUT /up HTTP/1.1",
    ] {
        reports.push(with("Frame: {3.frame}", line));
    }
    told(&reports, &[]);
}

#[test]
fn what_is_told_again_behind_the_last_answer_counts() {
    let mut reports = Vec::new();
    for line in ["3) Length: 1000", "Question 3: Length: 1000"] {
        reports.push(("report.md", format!("{REPORT}\n{line}\n")));
    }
    told(&reports, &[("3.length", "review")]);
}

#[test]
fn headings_of_one_kind_are_any_kind_in_any_order() {
    let mut reports = Vec::new();
    for kind in [
        "{}.",
        "{})",
        "## {}",
        "## Task {}",
        "**{}.**",
        "Aufgabe {}:",
        "Ejercicio {}",
    ] {
        let mut report = REPORT.to_owned();
        for number in ["1", "2", "3", "4"] {
            let heading = kind.replace("{}", number);
            report = report.replace(&format!("Question {number}"), &heading);
        }
        reports.push(("report.md", report));
    }
    let mut roman = REPORT.to_owned();
    for (number, name) in [("1", "I."), ("2", "II."), ("3", "III."), ("4", "IV.")] {
        roman = roman.replace(&format!("Question {number}"), name);
    }
    reports.push(("report.md", roman));
    // One of them is written otherwise: it is a heading, as no other has its number.
    for heading in ["3.", "3)", "## 3", "Task 3"] {
        reports.push(with("Question 3", heading));
    }
    let mut parts: Vec<&str> = REPORT.split_inclusive("Question").collect();
    parts.remove(0);
    parts.reverse();
    let turned: Vec<String> = parts
        .iter()
        .map(|p| format!("Question{}\n", p.trim_end_matches("Question").trim_end()))
        .collect();
    reports.push(("report.md", turned.concat()));
    told(&reports, &[]);
}

#[test]
fn questions_in_one_paragraph_are_parted() {
    let line = REPORT.replace('\n', " ");
    let named = ["1", "2", "3", "4"].iter().fold(line, |line, number| {
        line.replace(
            &format!("Question {number}"),
            &format!("Question {number}:"),
        )
    });
    told(&[("report.md", named)], &[]);
    let numbered = ["1", "2", "3", "4"]
        .iter()
        .fold(String::new(), |text, number| {
            let from = REPORT
                .find(&format!("Question {number}"))
                .expect("it has it")
                + 10;
            let end = REPORT[from..]
                .find("Question")
                .map_or(REPORT.len(), |at| from + at);
            format!(
                "{text}{number}. {}. ",
                REPORT[from..end].trim().replace('\n', "; ")
            )
        });
    told(&[("report.md", numbered)], &[]);
    // One that is only mentioned is none.
    let mention = with(
        "Length:",
        "Like Question 2: it has data. Like Question 3: yes.\nLength:",
    );
    told(&[mention], &[]);
}

#[test]
fn letters_and_numbers_below_a_heading_are_the_parts() {
    let mut reports = Vec::new();
    for (number, parts) in [
        (
            "1",
            vec!["1.client", "1.client-port", "1.server", "1.server-port"],
        ),
        (
            "2",
            vec!["2.frames", "2.client-isn", "2.server-isn", "2.rtt"],
        ),
        ("3", vec!["3.frame", "3.length", "3.rtt"]),
        ("4", vec!["4.bytes", "4.segments", "4.retransmissions"]),
    ] {
        let start = REPORT
            .find(&format!("Question {number}"))
            .expect("it has it");
        let end = REPORT[start + 1..]
            .find("Question")
            .map_or(REPORT.len(), |at| start + 1 + at);
        for mark in ["(@) ", "@) ", "@. ", "#. ", "#) ", "- #. "] {
            let line = |(nth, part): (usize, &&str)| {
                let letter = ["a", "b", "c", "d"][nth];
                let mark = mark
                    .replace('@', letter)
                    .replace('#', &(nth + 1).to_string());
                format!("{mark}{{{part}}}\n")
            };
            let list: String = parts.iter().enumerate().map(line).collect();
            let list = format!("Question {number}\n{list}");
            let report = [&REPORT[..start], &list, &REPORT[end..]].concat();
            reports.push(("report.md", report));
        }
    }
    reports.push(with(
        "Retransmissions: {4.retransmissions}",
        "c) {4.retransmissions}",
    ));
    reports.push(with(
        "Frame: {3.frame}\nLength: {3.length}\nRTT: {3.rtt}",
        "(a) {3.frame} (b) {3.length} (c) {3.rtt}",
    ));
    reports.push(with(
        "Frame: {3.frame}\nLength:",
        "1. Frame: {3.frame}\n2. Length:",
    ));
    // Labels say which, whatever the order.
    reports.push(with(
        "Frame: {3.frame}\nLength: {3.length}\nRTT: {3.rtt}",
        "1. RTT: {3.rtt}\n2. Frame: {3.frame}\n3. Length: {3.length}",
    ));
    reports.push(with(
        "Frame: {3.frame}\nLength: {3.length}\nRTT: {3.rtt}",
        "1. {3.length} bytes\n2. frame {3.frame}\n3. {3.rtt}",
    ));
    reports.push(with(
        "Frame: {3.frame}",
        "a) I opened the capture first\nb) I looked for the data\nc) I read the pane\nFrame: {3.frame}",
    ));
    // Letters for other things than parts.
    let (client, rest) = (
        "{1.client}\nClient port: ",
        "\nServer: {1.server}\nServer port: ",
    );
    let ends = format!("Client: {client}{{1.client-port}}{rest}{{1.server-port}}");
    for between in [" / ", ", Port ", ":"] {
        let (client, server) = ("client: {1.client}", "server: {1.server}");
        let list =
            format!("a) {client}{between}{{1.client-port}}\nb) {server}{between}{{1.server-port}}");
        reports.push(with(&ends, &list));
    }
    told(&reports, &[]);
    let wrong = with(
        "Frame: {3.frame}\nLength: {3.length}\nRTT: {3.rtt}",
        "(a) 2\n(b) {3.length}\n(c) {3.rtt}",
    );
    told(&[wrong], &[("3.frame", "wrong")]);
    // The letters are the report's own: values in each other's places are for a person.
    let swapped = with(
        "Frame: {3.frame}\nLength: {3.length}\nRTT: {3.rtt}",
        "(a) {3.length}\n(b) {3.frame}\n(c) {3.rtt}",
    );
    told(&[swapped], &[("3.frame", "review"), ("3.length", "review")]);
    // Two of three letters say nothing of the parts.
    let two = with(
        "Frame: {3.frame}\nLength: {3.length}\nRTT: {3.rtt}",
        "(a) frame {3.frame}\n(b) RTT {3.rtt}",
    );
    told(&[two], &[("3.length", "missing")]);
}

#[test]
fn letters_behind_the_number_are_the_parts() {
    const PARTS: [(&str, &[&str]); 4] = [
        ("1", &["client", "client-port", "server", "server-port"]),
        ("2", &["frames", "client-isn", "server-isn", "rtt"]),
        ("3", &["frame", "length", "rtt"]),
        ("4", &["bytes", "segments", "retransmissions"]),
    ];
    let mut reports = Vec::new();
    for name in ["1@ ", "1@) ", "1.# ", "1.@) ", "Task 1 @: ", "Q1(@) "] {
        let mut report = String::new();
        for (number, parts) in PARTS {
            for (nth, part) in parts.iter().enumerate() {
                let name = name.replace('1', number);
                let name = name.replace('@', ["a", "b", "c", "d"][nth]);
                let name = name.replace('#', &(nth + 1).to_string());
                report.push_str(&format!("{name}{{{number}.{part}}}\n"));
            }
        }
        reports.push(("report.md", report));
    }
    told(&reports, &[]);
}

#[test]
fn a_pasted_packet_list_tells_its_frames() {
    let list = "\
1   0.000000    10.0.2.15 → 10.0.2.2    TCP 74 53720 → 80 [SYN] Seq=0 Win=64240 Len=0
2   0.000028    10.0.2.2 → 10.0.2.15    TCP 74 80 → 53720 [SYN, ACK] Seq=0 Ack=1
3   0.000040    10.0.2.15 → 10.0.2.2    TCP 66 53720 → 80 [ACK] Seq=1 Ack=1";
    told(&[with("Frames: {2.frames}", list)], &[]);
    // What is told in words comes before what is pasted.
    let more = format!("{list}\n4   0.000082  10.0.2.15 → 10.0.2.2  TCP 171 PUT /up HTTP/1.1");
    for text in [
        "Frames: {2.frames}\n#",
        "#\nFrames: {2.frames}",
        "#\n\nFrames: {2.frames}",
    ] {
        told(
            &[with("Frames: {2.frames}", &text.replace('#', &more))],
            &[],
        );
    }
    let two: Vec<&str> = list.lines().take(2).collect();
    told(
        &[with("Frames: {2.frames}", &two.join("\n"))],
        &[("2.frames", "partly")],
    );
    let table = "\
| Frame | Flags | Seq (raw) | Time |
|---|---|---|---|
| 1 | SYN | {2.client-isn} | 0.000000 |
| 2 | SYN, ACK | {2.server-isn} | 0.000028 |
| 3 | ACK | 7 | 0.000040 |
";
    let told_by = "Frames: {2.frames}\nClient ISN: {2.client-isn}\nServer ISN: {2.server-isn}";
    let (_, report) = with(told_by, table);
    for (report, marks) in graded(&[("report.md", report)]) {
        for mark in marks.iter().filter(|m| !m.part.starts_with("2.")) {
            let reason = &mark.outcome.reason;
            assert_eq!(
                mark.outcome.verdict.word(),
                "right",
                "{} {reason}\n{report}",
                mark.part
            );
        }
    }
}

#[test]
fn pages_and_rows_keep_their_numbers_and_empty_cells() {
    let page = "\
<h2>Question 1</h2><table><tr><th></th><th>IP</th><th>Port</th></tr>
<tr><td>Client</td><td>{1.client}</td><td>{1.client-port}</td></tr>
<tr><td>Server</td><td>{1.server}</td><td>{1.server-port}</td></tr></table>
<h2>Question 2</h2><ul><li>Frames: {2.frames}</li><li>Client ISN: {2.client-isn}</li>
<li>Server ISN: {2.server-isn}</li><li>RTT: {2.rtt}</li></ul>
<h2>Question 3</h2><ol><li>{3.frame}</li><li>{3.length}</li><li>{3.rtt}</li></ol>
<h2>Question 4</h2><p>{4.bytes} bytes<br>{4.segments} segments<br>{4.retransmissions} sent again</p>";
    let numbered = "\
<ol><li>Client: {1.client}<br>Client port: {1.client-port}<br>Server: {1.server}<br>Server port: {1.server-port}</li></ol>
<p>And now the others.</p>
<ol start=\"2\"><li>Frames: {2.frames}<ul><li>Client ISN: {2.client-isn}</li><li>Server ISN: {2.server-isn}</li></ul>RTT: {2.rtt}</li>
<li>Frame: {3.frame}<br>Length: {3.length}<br>RTT: {3.rtt}</li>
<li>Bytes: {4.bytes}<br>Segments: {4.segments}<br>Retransmissions: {4.retransmissions}</li></ol>";
    let rows = "\
1;{1.client}, {1.client-port}, {1.server}, {1.server-port}
2;{2.frames}, {2.client-isn}, {2.server-isn}, {2.rtt}
3;{3.frame}, {3.length}, {3.rtt}
4;{4.bytes}, {4.segments}, {4.retransmissions}
";
    // A semicolon in a value is no comma of the file.
    let quoted = "\
question,answer
1.client,{1.client}
1.client-port,{1.client-port}
1.server,{1.server}
1.server-port,{1.server-port}
2.frames,\"1; 2; 3\"
2.client-isn,{2.client-isn}
2.server-isn,{2.server-isn}
2.rtt,{2.rtt}
3.frame,{3.frame}
3.length,{3.length}
3.rtt,{3.rtt}
4.bytes,{4.bytes}
4.segments,{4.segments}
4.retransmissions,{4.retransmissions}
";
    let reports = [
        ("report.html", page.to_owned()),
        ("report.html", numbered.to_owned()),
        ("report.csv", rows.to_owned()),
        ("report.csv", quoted.to_owned()),
    ];
    told(&reports, &[]);
}
