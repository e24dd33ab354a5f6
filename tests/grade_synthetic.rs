//! The synthetic classes of `fixtures/classes`: hand-ins made from recorded runs of the labs with
//! different seeds, in every accepted form, with marks that were written by hand beforehand.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use wirelab::grade::{self, Marks, Verdict};
use wirelab::handout::{Handout, sheet};

mod class;
mod skip;

use class::{Run, folder, handout, run};

/// A hand-in as the class file tells it.
struct HandIn {
    name: String,
    run: String,
    form: String,
    captures: Option<Vec<String>>,
    rules: Vec<String>,
    text: String,
}

fn hand_ins(name: &str) -> Vec<HandIn> {
    let text = std::fs::read_to_string(folder().join(format!("{name}.txt"))).expect("the class");
    let mut all: Vec<HandIn> = Vec::new();
    for section in text.split("\n=== ").skip(1) {
        let (head, body) = section.split_once("\n---\n").expect("rules, then the text");
        let mut lines = head.lines();
        let mut words = lines.next().expect("a heading").split_whitespace();
        let mut one = HandIn {
            name: words.next().expect("a name").to_owned(),
            run: String::new(),
            form: String::new(),
            captures: None,
            rules: Vec::new(),
            text: body.to_owned(),
        };
        for word in words {
            let (key, value) = word.split_once('=').expect("key=value");
            match key {
                "run" => one.run = format!("{name}-{value}"),
                "form" => one.form = value.to_owned(),
                "captures" if value == "none" => one.captures = Some(Vec::new()),
                "captures" => one.captures = Some(value.split(',').map(str::to_owned).collect()),
                other => panic!("{other}"),
            }
        }
        for line in lines {
            match line {
                "captures none" => one.captures = Some(Vec::new()),
                rule => one.rules.push(rule.to_owned()),
            }
        }
        all.push(one);
    }
    all
}

fn fill(text: &str, values: &BTreeMap<String, String>) -> String {
    let mut out = text.to_owned();
    for (name, value) in values {
        out = out.replace(&format!("{{{name}}}"), value);
    }
    out
}

/// The text in the form of the hand-in: a file's name and bytes.
fn form(handout: &Handout, form: &str, text: &str) -> (String, Vec<u8>) {
    match form {
        "sheet" => ("answers.md".into(), fill_sheet(handout, text).into_bytes()),
        "docx" => ("report.docx".into(), docx(text)),
        "pdf" => ("report.pdf".into(), pdf(text)),
        "zip" => ("report.txt".into(), text.as_bytes().to_vec()),
        other => (format!("report.{other}"), text.as_bytes().to_vec()),
    }
}

fn fill_sheet(handout: &Handout, text: &str) -> String {
    let mut sheet = sheet::sheet(handout);
    for line in text.lines() {
        let (label, value) = line.split_once(": ").expect("label: value");
        let at = sheet
            .find(&format!("- {label} ("))
            .expect("a line of the sheet");
        let end = at + sheet[at..].find("): ").expect("its end") + 3;
        sheet.insert_str(end, value);
    }
    sheet
}

fn docx(text: &str) -> Vec<u8> {
    let safe = |t: &str| {
        t.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
    };
    let paragraph = |t: &str| format!("<w:p><w:r><w:t>{}</w:t></w:r></w:p>", safe(t));
    let mut body = String::new();
    for line in text.lines() {
        if let Some(row) = line.strip_prefix("| ") {
            let cells = row.trim_end_matches(" |").split(" | ");
            let cells: String = cells
                .map(|c| format!("<w:tc>{}</w:tc>", paragraph(c)))
                .collect();
            body.push_str(&format!("<w:tbl><w:tr>{cells}</w:tr></w:tbl>"));
        } else {
            body.push_str(&paragraph(line));
        }
    }
    let document = format!(
        "<?xml version=\"1.0\"?><w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body>{body}</w:body></w:document>"
    );
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    zip.start_file("word/document.xml", options)
        .expect("an entry");
    zip.write_all(document.as_bytes()).expect("its bytes");
    zip.finish().expect("an archive").into_inner()
}

/// A page of text, as small as a PDF can be.
fn pdf(text: &str) -> Vec<u8> {
    let mut stream = String::from("BT /F1 8 Tf 9 TL 30 820 Td\n");
    for line in text.lines() {
        let line = line
            .replace('\\', "\\\\")
            .replace('(', "\\(")
            .replace(')', "\\)");
        stream.push_str(&format!("({line}) Tj T*\n"));
    }
    stream.push_str("ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 1200 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>".to_owned(),
        format!("<< /Length {} >>\nstream\n{stream}\nendstream", stream.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>".to_owned(),
    ];
    let mut out = String::from("%PDF-1.4\n");
    let mut places = Vec::new();
    for (n, object) in objects.iter().enumerate() {
        places.push(out.len());
        out.push_str(&format!("{} 0 obj\n{object}\nendobj\n", n + 1));
    }
    let start = out.len();
    out.push_str(&format!(
        "xref\n0 {}\n0000000000 65535 f \n",
        places.len() + 1
    ));
    for place in &places {
        out.push_str(&format!("{place:010} 00000 n \n"));
    }
    out.push_str(&format!(
        "trailer << /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n",
        places.len() + 1
    ));
    out.into_bytes()
}

/// What was expected of a part, and words that the reason must hold one of.
struct Wanted {
    verdict: String,
    why: Option<String>,
}

fn wanted(handout: &Handout, rules: &[String]) -> Vec<(String, Wanted)> {
    let mut all: Vec<(String, Wanted)> = Vec::new();
    for question in &handout.file.question {
        for part in &question.part {
            let prose = format!("{:?}", part.kind.get_ref()) == "Prose" || part.review;
            let verdict = if prose { "review" } else { "right" };
            let name = format!("{}.{}", question.id, part.id);
            all.push((
                name,
                Wanted {
                    verdict: verdict.into(),
                    why: None,
                },
            ));
        }
    }
    for rule in rules {
        let (rule, why) = match rule.split_once(" \"") {
            Some((rule, why)) => (rule, Some(why.trim_end_matches('"').to_owned())),
            None => (rule.as_str(), None),
        };
        let mut words = rule.split_whitespace();
        let verdict = words.next().expect("a verdict");
        for pattern in words {
            let mut hit = false;
            for (name, wanted) in &mut all {
                let fits = match pattern.strip_suffix('*') {
                    Some(start) => name.starts_with(start),
                    None => name == pattern,
                };
                if fits {
                    hit = true;
                    *wanted = Wanted {
                        verdict: verdict.into(),
                        why: why.clone(),
                    };
                }
            }
            assert!(hit, "{pattern} is no part");
        }
    }
    all
}

fn agree(lab: &str) {
    let handout = handout(lab);
    let place = tempfile::tempdir().expect("a folder");
    let class = hand_ins(lab);
    let pdftotext = std::process::Command::new("pdftotext")
        .arg("-v")
        .output()
        .is_ok();
    for one in &class {
        let Run { captures, values } = run(&one.run);
        let text = fill(&one.text, &values);
        assert!(
            !text.contains("{vm") && !text.contains("{t1"),
            "{}: a value is missing",
            one.name
        );
        let (name, bytes) = form(&handout, &one.form, &text);
        let mut all: Vec<(String, Vec<u8>)> = vec![(name, bytes)];
        for (name, bytes) in captures {
            let stem = name.strip_suffix(".pcapng").unwrap_or("").to_owned();
            let chosen = one.captures.as_ref().is_none_or(|c| c.contains(&stem));
            if !stem.is_empty() && chosen {
                all.push((name, bytes));
            }
        }
        if one.form == "zip" {
            let path = place.path().join(format!("{}.zip", one.name));
            let mut zip = zip::ZipWriter::new(std::fs::File::create(path).expect("a file"));
            for (name, bytes) in all {
                let options = zip::write::SimpleFileOptions::default();
                zip.start_file(name, options).expect("an entry");
                zip.write_all(&bytes).expect("its bytes");
            }
            zip.finish().expect("an archive");
        } else {
            let path = place.path().join(&one.name);
            std::fs::create_dir(&path).expect("a folder");
            for (name, bytes) in all {
                std::fs::write(path.join(name), bytes).expect("a file");
            }
        }
    }
    let submissions = Arc::new(grade::collect(place.path()).expect("the class can be read"));
    let all: Vec<Marks> = grade::all(&handout, &submissions, 2, |_| {});
    assert_eq!(all.len(), class.len());
    let (mut parts, mut confident, mut needless) = (0, 0, 0);
    let mut wrong = Vec::new();
    for (one, marks) in class.iter().zip(&all) {
        assert_eq!(one.name, marks.student);
        if one.form == "pdf" && !pdftotext {
            skip::skip("pdftotext is missing");
            continue;
        }
        for ((name, wanted), mark) in wanted(&handout, &one.rules).iter().zip(&marks.parts) {
            assert_eq!(*name, mark.part);
            parts += 1;
            let said = mark.outcome.verdict.word();
            let reason = &mark.outcome.reason;
            if said != wanted.verdict {
                let against = [("right", "wrong"), ("wrong", "right")];
                confident += usize::from(against.contains(&(said, &wanted.verdict)));
                needless += usize::from(mark.outcome.verdict == Verdict::Review);
                wrong.push(format!(
                    "{} {name}: {said} for {}: {:?} [{}] {reason}",
                    one.name, wanted.verdict, mark.answer, mark.key
                ));
            } else if let Some(why) = &wanted.why
                && !why.split('|').any(|w| reason.contains(w))
            {
                wrong.push(format!("{} {name}: no {why:?} in {reason:?}", one.name));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{lab}: {} of {parts} disagree, {confident} confident and false, {needless} needless reviews\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn ip_dhcp_arp() {
    agree("ip-dhcp-arp");
}

#[test]
fn client_server() {
    agree("client-server");
}

#[test]
fn transport() {
    agree("transport");
}

#[test]
fn netcat_secret_file() {
    agree("netcat-secret-file");
}

#[test]
fn rtt() {
    agree("rtt");
}
