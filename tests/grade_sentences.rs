//! Single sentences of `fixtures/classes/sentences`, each an answer of its own: what a fair teacher says
//! of them was written before they were first graded, and without a look at the handouts' words.
//!
//! They do not all agree, and need not: what counts is that a sentence that is not understood goes to a
//! person. The share that agrees may not fall, and next to none may be confident and false.

use std::collections::BTreeMap;
use std::sync::Arc;
use wirelab::grade::{self, Marks, Verdict};

mod class;

use class::{Run, folder, handout, run};

/// Grades reports, one line each, with the captures of a run.
fn graded(lab: &str, run: &BTreeMap<String, Vec<u8>>, reports: &[String]) -> Vec<Marks> {
    let place = tempfile::tempdir().expect("a folder");
    for (at, report) in reports.iter().enumerate() {
        let own = place.path().join(format!("p{at:03}"));
        std::fs::create_dir(&own).expect("a folder");
        for (name, bytes) in run {
            std::fs::write(own.join(name), bytes).expect("a capture");
        }
        std::fs::write(own.join("report.md"), report).expect("a report");
    }
    let submissions = Arc::new(grade::collect(place.path()).expect("the class can be read"));
    grade::all(&handout(lab), &submissions, 2, |_| {})
}

/// `question | text | part=verdict[,verdict] …`
fn sentences(lab: &str, recorded: &str, least: f64) {
    let Run { captures, values } = run(recorded);
    let path = folder().join("sentences").join(format!("{lab}.txt"));
    let text = std::fs::read_to_string(path).expect("the sentences");
    let mut lines = Vec::new();
    for line in text.lines().filter(|l| !l.trim().is_empty()) {
        let cells: Vec<&str> = line.split(" | ").map(str::trim).collect();
        let [question, text, wanted] = cells.as_slice() else {
            panic!("three cells: {line}");
        };
        let mut text = (*text).to_owned();
        for (name, value) in &values {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        assert!(!text.contains('{'), "a value is missing: {text}");
        lines.push(((*question).to_owned(), text, (*wanted).to_owned()));
    }
    let reports: Vec<String> = lines
        .iter()
        .map(|(q, t, _)| format!("{q}: {t}\n"))
        .collect();
    let all = graded(lab, &captures, &reports);
    assert_eq!(all.len(), lines.len());
    let (mut count, mut agree, mut confident) = (0, 0, 0);
    let mut told = Vec::new();
    for ((question, text, wanted), marks) in lines.iter().zip(&all) {
        for rule in wanted.split_whitespace() {
            let (part, fair) = rule.split_once('=').expect("part=verdict");
            let part = format!("{question}.{part}");
            let mark = marks.parts.iter().find(|m| m.part == part).expect("a part");
            let said = mark.outcome.verdict.word();
            count += 1;
            if fair.split(',').any(|f| f == said) {
                agree += 1;
                continue;
            }
            let sure = |v: &str| matches!(v, "right" | "wrong");
            let turned = sure(said) && fair.split(',').any(sure);
            confident += usize::from(turned);
            told.push(format!("{part}: {said} for {fair}: {text}"));
        }
        // What answers one question is no mistake in another.
        for mark in &marks.parts {
            let other = mark.question != *question && mark.outcome.verdict == Verdict::Wrong;
            assert!(!other, "{question}: {text}: {} is called wrong", mark.part);
        }
    }
    let share = f64::from(agree) / f64::from(count);
    let told = told.join("\n");
    assert!(share >= least, "{lab}: {agree} of {count} agree\n{told}");
    assert!(
        confident * 100 <= usize::try_from(count).expect("a count"),
        "{lab}: {confident} confident and false\n{told}"
    );
}

#[test]
fn sentences_about_ip_dhcp_and_arp() {
    sentences("ip-dhcp-arp", "ip-dhcp-arp-1", 0.92);
}

#[test]
fn sentences_about_client_and_server() {
    sentences("client-server", "client-server-11", 0.92);
}

/// Grades one report with the captures of a run, and gives the verdicts of some parts.
fn told(lab: &str, recorded: &str, report: &str, parts: &[&str]) -> Vec<&'static str> {
    let Run { captures, values } = run(recorded);
    let mut report = report.to_owned();
    for (name, value) in &values {
        report = report.replace(&format!("{{{name}}}"), value);
    }
    assert!(!report.contains('{'), "a value is missing: {report}");
    let marks = graded(lab, &captures, &[report]).remove(0);
    let one = |part: &&str| {
        let mark = marks.parts.iter().find(|m| m.part == **part);
        mark.expect("a part").outcome.verdict.word()
    };
    parts.iter().map(one).collect()
}

fn ip(report: &str, parts: &[&str]) -> Vec<&'static str> {
    told("ip-dhcp-arp", "ip-dhcp-arp-1", report, parts)
}

fn cs(report: &str, parts: &[&str]) -> Vec<&'static str> {
    told("client-server", "client-server-11", report, parts)
}

#[test]
fn what_is_taken_back_is_not_meant() {
    let both = ["3A.asked-address", "3A.sender-ip"];
    let report = "3A: Asked: {dns} ... sorry, here it is {router}. Sender: {vm}";
    assert_eq!(ip(report, &both), ["right", "right"]);
    let report = "3A: Asked: {dns}. Sender: {vm}. Sorry for the short answer.";
    assert_eq!(ip(report, &both), ["wrong", "right"]);
    let both = ["1A.source", "1A.destination"];
    let report = "1A: At first I wrote down {dns}, but it goes from {vm} to {far}.";
    assert_eq!(ip(report, &both), ["right", "right"]);
    let report = "1A: from {vm} to {dns}, not to {far}";
    assert_eq!(ip(report, &both), ["right", "wrong"]);
}

#[test]
fn a_remark_in_brackets_answers_nothing() {
    let report = "3A: They look for {router} and it is me, {vm}, who asks (there are more ARPs from {dns} in it, those are not mine).";
    let both = ["3A.asked-address", "3A.sender-ip"];
    assert_eq!(ip(report, &both), ["right", "right"]);
    let report = "3A: sent by {dns} (the name server)";
    assert_eq!(ip(report, &both[1..]), ["wrong"]);
}

#[test]
fn numbers_alone_and_letters_are_questions() {
    let report = "1\na  {vm} > {far}\nb  icmp\n\n2\na  udp 68>67\n\n4\nb  no. gateway\nc  0800\n";
    let parts = [
        "1A.source",
        "1B.protocol",
        "2A.ports",
        "4B.belongs",
        "4C.value",
    ];
    assert_eq!(ip(report, &parts), ["right"; 5]);
    let report = "Part 1\n------\n**Question A.** {far} to {vm}\n**Question B.** UDP\n";
    assert_eq!(ip(report, &parts[..2]), ["wrong", "wrong"]);
    // A number in a table about one question is none of another's.
    let report = "2B:\n| option | value |\n|---|---|\n| 1 | 255.255.255.0 |\n| 3 | {dns} |\n";
    assert_eq!(
        ip(report, &["2B.mask", "2B.router", "1A.source"]),
        ["right", "wrong", "missing"]
    );
}

#[test]
fn a_heading_and_a_repeated_question_answer_nothing() {
    let report = "**T2** Client port: {t2_port}. MSS: I don't know.\n\n## 2. Server not there\n\n**Q1** RST\n";
    assert_eq!(
        cs(report, &["T2.client-port", "T2.mss", "Q1.observed"]),
        ["right", "missing", "right"]
    );
    let report = "## Q1\n*TCP client before the server?*\n\nThe SYN is answered with RST, ACK.\n";
    assert_eq!(cs(report, &["Q1.observed"]), ["right"]);
}

#[test]
fn the_questions_own_words_below_its_number_answer_nothing() {
    let report = "### 2B\nServer identifier, subnet mask, router, DNS server of the offer\n\n> {router}\n> 255.255.255.0\n> {router}\n> {dns}\n";
    assert_eq!(ip(report, &["2B.mask"]), ["right"]);
    // What is said last is the answer.
    let report = "4B\nThe destination MAC address belongs to the web server\n";
    assert_eq!(ip(report, &["4B.belongs"]), ["wrong"]);
}

#[test]
fn rows_of_a_table_are_read_under_its_headings() {
    let table = |first: &str, second: &str| {
        format!(
            "T2\n| frame | flags | seq | ack |\n|---|---|---|---|\n| 3 | SYN | {first} | - |\n| 4 | SYN, ACK | {second} | {{t2_ack}} |\n"
        )
    };
    let parts = ["T2.syn-seq", "T2.synack-seq", "T2.synack-ack"];
    assert_eq!(cs(&table("{t2_syn}", "{t2_synack}"), &parts), ["right"; 3]);
    let turned = cs(&table("{t2_synack}", "{t2_syn}"), &parts);
    assert!(
        turned[..2].iter().all(|v| ["wrong", "review"].contains(v)),
        "{turned:?}"
    );
    let report = "| Q | evidence | answer |\n|---|---|---|\n| 1A | #9 (a.pcap) | src {vm}, dst {far} |\n| 1E | #10 (a.pcap) | 61 |\n";
    assert_eq!(ip(report, &["1A.source", "1E.ttl"]), ["right", "wrong"]);
}

#[test]
fn a_list_may_be_told_over_several_lines() {
    let parts = ["L2.4.commands", "L2.4.closer"];
    let report = "L2.4\n> TIME\n< {time}\n> HELLO\n< Invalid command!\n> EXIT\nclosed by: server\n";
    assert_eq!(ip(report, &parts), ["right", "right"]);
    let report = "L2.4\n> TIME\n< {time}\n> EXIT\nclosed by: client\n";
    assert_eq!(ip(report, &parts), ["partly", "wrong"]);
    let report = "L2.4: I typed TIME and got the date, then HELLO, and at the end EXIT. EXIT gets no answer.";
    assert_eq!(ip(report, &parts[..1]), ["right"]);
}

#[test]
fn what_answers_another_question_is_missing_here_and_no_mistake() {
    let report = "1D: 64 bytes (8 bytes ICMP header + 56 bytes data)\n4B: The destination MAC is the router's, not that of {web}.\n";
    assert_eq!(
        ip(
            report,
            &["1C.header-length", "1A.destination", "1D.payload-length"]
        ),
        ["missing", "missing", "right"]
    );
}

#[test]
fn a_name_that_is_not_known_goes_to_a_person() {
    assert_eq!(ip("1B: the ping protocol", &["1B.protocol"]), ["review"]);
    assert_eq!(ip("1B: UDP", &["1B.protocol"]), ["wrong"]);
    assert_eq!(ip("1B: I don't know", &["1B.protocol"]), ["missing"]);
    assert_eq!(cs("Q1: some red line", &["Q1.observed"]), ["review"]);
    assert_eq!(
        cs("Q1: the SYN is answered with SYN, ACK", &["Q1.observed"]),
        ["wrong"]
    );
}

#[test]
fn a_negation_of_something_else_is_no_no() {
    let part = ["P2.from-cache"];
    assert_eq!(
        cs("P2: The proxy did not ask the origin again.", &part),
        ["review"]
    );
    assert_eq!(
        cs("P2: It was not served from the cache.", &part),
        ["wrong"]
    );
    assert_eq!(
        cs("P2: No DNS packets, so it came from its cache.", &part),
        ["right"]
    );
    let part = ["4B.belongs"];
    assert_eq!(
        ip("4B: It does not, since MAC addresses are local.", &part),
        ["right"]
    );
    assert_eq!(ip("4B: It doesn't matter.", &part), ["review"]);
    assert_eq!(
        ip("4B: Of course, otherwise it would not arrive.", &part),
        ["wrong"]
    );
}

#[test]
fn hardware_addresses_with_their_makers_name_are_read() {
    let parts = ["4A.source-mac", "4A.destination-mac"];
    let both = "4A: Src: PcsCompu_8f:db:0a, Dst: RealtekU_12:35:02";
    assert_eq!(ip(both, &parts), ["right", "right"]);
    let turned = "4A: Src: RealtekU_12:35:02, Dst: PcsCompu_8f:db:0a";
    assert_eq!(ip(turned, &parts), ["wrong", "wrong"]);
    let twice = "4A: PcsCompu_8f:db:0a ({vm_mac}) -> RealtekU_12:35:02 ({router_mac})";
    assert_eq!(ip(twice, &parts), ["right", "right"]);
}

#[test]
fn a_report_has_its_own_words_and_numerals_for_questions() {
    let parts = [
        "1A.source",
        "1B.protocol",
        "2A.transport",
        "4B.belongs",
        "4C.value",
    ];
    for report in [
        "SORU 1 (Question 1)\nA. from {vm} to {far}\nB. ICMP\n\nSORU 2\nA. UDP\n\nSORU 4\nB. no\nC. 0x0800\n",
        "### Ejercicio 1 / Exercise 1\n\n**a)** from {vm} to {far}\n\n**b)** ICMP\n\n### Ejercicio 2\n\n**a)** UDP\n\n### Ejercicio 4\n\n**b)** no\n\n**c)** 0x0800\n",
        "ad 4C  0x0800\nad 4B  no\nad 2A  udp\nad 1B  icmp\nad 1A  {vm} -> {far}\n",
        "Part One: Ping\nA. from {vm} to {far}\nB. ICMP\nPart Two: DHCP\nA. UDP\nPart Four: Ethernet\nB. no\nC. 0x0800\n",
        "I. IP\n a) from {vm} to {far}\n b) ICMP\n\nII. DHCP\n a) UDP\n\nIV. HTTP\n b) no\n c) 0x0800\n",
        "1\na\n   {vm} to {far}\nb\n   ICMP\n\n2\na\n   UDP\n\n4\nb\n   no\nc\n   0x0800\n",
        "1\nA - {vm} to {far}\nB - ICMP\n\n2\nA - UDP\n\n4\nB - no\nC - 0x0800\n",
        "I.a  from {vm} to {far}\nI.b  ICMP\nII.a  UDP\nIV.b  no\nIV.c  0x0800\n",
        "> 1.1 source and destination?\n\n{vm} to {far}\n\n1.2 ICMP\n2.1 UDP\n4.2 no\n4.3 0x0800\n",
        "Q1.1 {vm} to {far}\nQ1.2 ICMP\nQ2.1 UDP\nQ4.2 no\nQ4.3 0x0800\n",
        "## 1 (ping1.pcap, No. 9)\n* (A) {vm} to {far}\n* (B) ICMP\n\n## 2 (b.pcap)\n* (A) UDP\n\n## 4\n* (B) no\n* (C) 0x0800\n",
    ] {
        assert_eq!(ip(report, &parts), ["right"; 5], "{report}");
    }
    // A numbered list within an answer names no questions.
    let report = "1A. {vm} to {far}\n1B. ICMP\n2B.\n1. {router}\n2. 255.255.255.0\n3. {router}\n4. {dns}\n4C. 0x0800\n";
    let options = ["2B.mask", "2B.dns", "4C.value", "1A.source"];
    assert_eq!(ip(report, &options), ["right"; 4]);
    let report = "1. A) {vm} to {far}\n2. A) UDP\n2. B)\n3. B) {router}\n4. C) 0x0800\n";
    assert_eq!(
        ip(report, &["2A.transport", "2B.mask", "4C.value"]),
        ["right", "missing", "right"]
    );
    let report = "4C: 0x0800\nLaboratorio 2, esercizio 4\nTIME, HELLO, EXIT\n";
    assert_eq!(ip(report, &["L2.4.commands"]), ["right"]);
    // `Frame` before numbers is no question, and neither is a word that stands there once.
    let report = "Frame 1: {vm} to {far}\nFrame 2: {far} to {vm}\nGruppe 1\n";
    assert_ne!(ip(report, &parts[..1]), ["wrong"]);
    assert_eq!(ip("Gruppe 2: UDP\n", &["2A.transport"]), ["missing"]);
    // A word that counts further than the questions counts something else.
    let report = "Question 1\na) {vm} to {far}\nPlot 1\nb) ICMP\nPlot 2\nc) 20\nPlot 3\nPlot 4\nPlot 5\nPlot 6\nPlot 7\nPlot 8\n";
    let header = ["1A.source", "1B.protocol", "1C.header-length"];
    assert_eq!(ip(report, &header), ["right"; 3]);
    // A packet list begins with a number, too.
    let report = "Question 2\nA. UDP\n    3   0.771471   0.0.0.0 → 255.255.255.255 DHCP 342\n";
    assert_eq!(
        ip(report, &["2A.transport", "3A.asked-address"]),
        ["right", "missing"]
    );
}

#[test]
fn tasks_are_named_by_their_words_and_by_the_question_itself() {
    let report = "Task 1 (UDP)\nrequest in frame {t1_req}\nTask 2 (TCP)\nMSS 1460\nQuestion 1\nRST, ACK\nQuestion 2\nICMP port unreachable\nProxy 2\nYes.\n";
    let parts = [
        "T1.request-frame",
        "T2.mss",
        "Q1.observed",
        "Q2.observed",
        "P2.from-cache",
    ];
    assert_eq!(cs(report, &parts), ["right"; 5]);
    let report =
        "Was the second request served from the cache?\nYes.\n\nHow was the weather?\nNo.\n";
    assert_eq!(cs(report, &parts[4..]), ["right"]);
    assert_eq!(
        ip("4C: 0x0800\nLab 2\nTIME, HELLO, EXIT\n", &["L2.4.commands"]),
        ["right"]
    );
}

#[test]
fn several_questions_are_answered_together() {
    let report = "Question 1\nA, B, C: it goes from {vm} to {far} and contains ICMP, its header is 20 bytes\n";
    let parts = [
        "1A.source",
        "1A.destination",
        "1B.protocol",
        "1C.header-length",
    ];
    assert_eq!(ip(report, &parts), ["right"; 4]);
    assert_eq!(ip("Question 1\nA: ICMP\n", &parts[2..3]), ["missing"]);
    let report =
        "Proxy (P1, P2)\nIt was served from the cache the second time, there was no DNS query.\n";
    let verdicts = cs(report, &["P2.from-cache", "P1.dns-server"]);
    assert_eq!(verdicts[0], "right", "{verdicts:?}");
    assert_ne!(verdicts[1], "right", "{verdicts:?}");
}

#[test]
fn what_stands_under_no_number_is_no_mistake_but_a_persons() {
    let report = "I pinged 203.0.113.9 from my machine and saw an answer with the protocol SCTP in it, that is all I can say about this lab today.\n";
    let parts = ["1A.destination", "1B.protocol", "2A.transport"];
    let verdicts = ip(report, &parts);
    assert!(!verdicts.contains(&"wrong"), "{verdicts:?}");
    assert_eq!(verdicts[0], "review");
    // A few words are a greeting.
    assert_eq!(ip("Best regards, Ann\n", &parts), ["missing"; 3]);
    // What is numbered is not answered by what is not.
    let report = "1A: {vm} to {far}\n1B:\n\n2A: tcp\n";
    assert_eq!(ip(report, &parts), ["right", "missing", "wrong"]);
}

#[test]
fn the_right_value_in_an_unexpected_place_is_not_missing() {
    let report = "T1: request in frame {t1_req}\nT2: the client came from port {t2_port}; MSS 1460\n\nAll of T2 in short: {t2_syn}\n";
    let verdict = cs(report, &["T2.syn-seq"]);
    assert_ne!(verdict, ["missing"]);
    assert_ne!(verdict, ["wrong"]);
}

#[test]
fn tables_have_columns_for_things_units_and_remarks() {
    let report = "## T1\n\n| | request | reply |\n|---|---|---|\n| frame | {t1_req} | {t1_rep} |\n| source port | {t1_port} | 12000 |\n| destination port | 12000 | {t1_port} |\n";
    let parts = [
        "T1.request-frame",
        "T1.reply-frame",
        "T1.client-port",
        "T1.server-port",
    ];
    assert_eq!(cs(report, &parts), ["right"; 4]);
    let turned = report
        .replace("{t1_req} | {t1_rep}", "{t1_rep} | {t1_req}")
        .replace(
            "source port | {t1_port} | 12000",
            "source port | 12000 | {t1_port}",
        );
    assert!(!cs(&turned, &parts[..2]).contains(&"right"));
    // The same without bars at the ends, and the question before the headings.
    let report = "**T1** | request | reply\n---|---|---\nframe | {t1_req} | {t1_rep}\nsource port | {t1_port} | 12000\n\nT2 | in frame 99\n";
    assert_eq!(cs(report, &parts[..3]), ["right"; 3]);
    let report = "| part | answer | remark |\n|---|---|---|\n| 3A who has | {router} | tell {vm} |\n| 4B | no | it is the router's |\n";
    let parts = ["3A.asked-address", "3A.sender-ip", "4B.belongs"];
    assert_eq!(ip(report, &parts), ["right"; 3]);
    // An answer that stands in such a place is no heading.
    let report = "| 1B | protocol | ICMP |\n|---|---|---|\n| 4C | value | 0x0800 |\n";
    assert_eq!(ip(report, &["1B.protocol", "4C.value"]), ["right"; 2]);
    // A table of one column is lines.
    assert_eq!(
        ip("| 1B: ICMP |\n|---|\n| 4C: 0x0800 |\n", &["1B.protocol"]).len(),
        1
    );
    let report = "| Task | What I found | Packet |\n|---|---|---|\n| 1A | {vm} to {far} | 9 |\n| 1C | 20 bytes | 9 |\n";
    assert_eq!(
        ip(report, &["1A.source", "1C.header-length"]),
        ["right", "right"]
    );
}

#[test]
fn sums_and_thousands_are_numbers() {
    let grouped = |n: &str| -> String {
        let first = n.len() % 3;
        let mut out = n[..first].to_owned();
        for at in (first..n.len()).step_by(3) {
            if !out.is_empty() {
                out.push(',');
            }
            out.push_str(&n[at..at + 3]);
        }
        out
    };
    let values = run("client-server-11").values;
    let syn = &values["t2_syn"];
    let report = format!(
        "T2: seq of SYN: {}, ack of SYN ACK: {syn} + 1\n",
        grouped(syn)
    );
    assert_eq!(
        cs(&report, &["T2.syn-seq", "T2.synack-ack"]),
        ["right", "right"]
    );
    let report = format!("T2: seq of SYN: {syn}, ack of SYN ACK: {syn}\n");
    assert_eq!(
        cs(&report, &["T2.syn-seq", "T2.synack-ack"]),
        ["right", "wrong"]
    );
}

#[test]
fn labels_and_values_go_together_by_their_order() {
    let parts = ["T1.request-frame", "T1.reply-frame"];
    let report = "T1: request / reply frame: {t1_req} / {t1_rep}";
    assert_eq!(cs(report, &parts), ["right", "right"]);
    let report = "T1: request / reply frame: {t1_rep} / {t1_req}";
    assert_eq!(cs(report, &parts), ["wrong", "wrong"]);
}
