//! Pages: one for each student, one for the class. Nothing in them can be executed.

use super::compare::Verdict;
use super::integrity::Findings;
use super::student::{Mark, Marks};
use crate::handout::Handout;
use crate::handout::value::decimals;
use crate::render::markdown_cell;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Points with two decimals at most.
pub fn points(number: f64) -> String {
    decimals((number * 100.0).round() / 100.0)
}

/// Text in HTML, with everything that is markup made plain.
pub fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in crate::render::safe(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A page for one student.
pub fn feedback(handout: &Handout, marks: &Marks) -> String {
    let mut out = format!(
        "# {}: {}\n\n{} of {} points; {} more for a person to decide.\n",
        markdown_cell(&handout.file.title),
        markdown_cell(&marks.student),
        points(marks.points()),
        points(marks.of()),
        points(marks.open())
    );
    for remark in &marks.remarks {
        let _ = writeln!(out, "\n- {}", markdown_cell(remark));
    }
    let mut last = "";
    for mark in &marks.parts {
        if mark.question != last {
            let asked = handout.file.question.iter().find(|q| q.id == mark.question);
            let text = asked.map_or("", |q| q.text.as_str());
            let _ = writeln!(
                out,
                "\n## {}\n\n{}",
                markdown_cell(&mark.question),
                markdown_cell(text)
            );
            last = &mark.question;
        }
        let _ = writeln!(
            out,
            "\n**{}**: {} ({} of {})",
            markdown_cell(&mark.part),
            mark.outcome.verdict.word(),
            points(mark.points),
            points(mark.of)
        );
        if !mark.answer.is_empty() {
            let _ = writeln!(out, "\n> {}", markdown_cell(&mark.answer));
        }
        let reason = &mark.outcome.reason;
        if !reason.is_empty() {
            let _ = writeln!(out, "\n{}.", markdown_cell(reason));
        }
        for hint in hints(handout, mark) {
            let _ = writeln!(out, "\nTo review: {}", markdown_cell(hint));
        }
        if !mark.filter.is_empty() {
            let _ = writeln!(
                out,
                "\nFrames {}; in Wireshark: {}",
                markdown_cell(&mark.frames),
                markdown_cell(&mark.filter)
            );
        }
    }
    out
}

/// What to look up again, for what was not right: the handout's hints on the question.
fn hints<'h>(handout: &'h Handout, mark: &Mark) -> &'h [String] {
    let asked = handout.file.question.iter().find(|q| q.id == mark.question);
    let wrong = matches!(
        mark.outcome.verdict,
        Verdict::Wrong | Verdict::Partly | Verdict::Missing
    );
    asked.filter(|_| wrong).map_or(&[], |q| q.hints.as_slice())
}

/// The same page as HTML.
pub fn feedback_html(handout: &Handout, marks: &Marks) -> String {
    let title = html(&format!("{}: {}", handout.file.title, marks.student));
    let mut out = head(&title);
    let _ = writeln!(
        out,
        "<p>{} of {} points; {} more for a person to decide.</p>",
        points(marks.points()),
        points(marks.of()),
        points(marks.open())
    );
    if !marks.remarks.is_empty() {
        out.push_str("<ul>\n");
        for remark in &marks.remarks {
            let _ = writeln!(out, "<li>{}</li>", html(remark));
        }
        out.push_str("</ul>\n");
    }
    out.push_str("<table>\n<tr><th>part</th><th>your answer</th><th>verdict</th><th>points</th><th>why</th><th>frames</th><th>filter</th></tr>\n");
    for mark in &marks.parts {
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{} of {}</td><td>{}</td><td>{}</td><td><code>{}</code></td></tr>",
            html(&mark.part),
            html(&mark.answer),
            mark.outcome.verdict.word(),
            points(mark.points),
            points(mark.of),
            html(&mark.outcome.reason),
            html(&mark.frames),
            html(&mark.filter)
        );
    }
    out.push_str("</table>\n</body></html>\n");
    out
}

/// What the table of the class tells of each part.
const CLASS: [&str; 9] = [
    "part",
    "success",
    "right",
    "partly",
    "wrong",
    "missing",
    "review",
    "no capture",
    "commonest wrong answers",
];

/// The class: per part how many were right, and the commonest wrong answers.
fn rows(all: &[Marks]) -> Vec<[String; 9]> {
    let parts = all.first().map_or(0, |m| m.parts.len());
    let row = |at: usize| {
        let marks: Vec<&Mark> = all.iter().filter_map(|m| m.parts.get(at)).collect();
        let count = |v: Verdict| {
            let of = marks.iter().filter(|m| m.outcome.verdict == v);
            of.count().to_string()
        };
        let mut wrong: BTreeMap<&str, usize> = BTreeMap::new();
        let told = |m: &&&Mark| m.outcome.verdict == Verdict::Wrong && !m.claim.is_empty();
        for mark in marks.iter().filter(told) {
            *wrong.entry(mark.claim.as_str()).or_default() += 1;
        }
        let mut wrong: Vec<(&str, usize)> = wrong.into_iter().collect();
        wrong.sort_by_key(|(value, n)| (std::cmp::Reverse(*n), *value));
        let wrong: Vec<String> = wrong
            .iter()
            .take(3)
            .map(|(value, n)| format!("{value} ({n})"))
            .collect();
        [
            marks.first().map_or(String::new(), |m| m.part.clone()),
            success(&marks),
            count(Verdict::Right),
            count(Verdict::Partly),
            count(Verdict::Wrong),
            count(Verdict::Missing),
            count(Verdict::Review),
            count(Verdict::NoCapture),
            wrong.join(", "),
        ]
    };
    (0..parts).map(row).collect()
}

/// The page of the class.
pub fn class(handout: &Handout, all: &[Marks], found: &Findings) -> String {
    let mut out = format!(
        "# {}\n\n{} hand-ins\n\n| {} |\n|{}\n",
        markdown_cell(&handout.file.title),
        all.len(),
        CLASS.join(" | "),
        "---|".repeat(CLASS.len())
    );
    for row in rows(all) {
        let _ = writeln!(out, "| {} |", row.map(|c| markdown_cell(&c)).join(" | "));
    }
    let seen = lines(all, found);
    if !seen.is_empty() {
        let _ = writeln!(out, "\n## For a person to look at\n\n{SEEN}");
    }
    for (who, lines) in seen {
        let _ = writeln!(out, "\n{}:\n", markdown_cell(&who));
        for line in lines {
            let _ = writeln!(out, "- {}", markdown_cell(&line));
        }
    }
    out
}

/// What goes before evidence.
const SEEN: &str = "This was seen; what it means is for a person to find out.";

/// The same page as HTML.
pub fn class_html(handout: &Handout, all: &[Marks], found: &Findings) -> String {
    let mut out = head(&html(&handout.file.title));
    let heads: Vec<String> = CLASS.iter().map(|c| format!("<th>{c}</th>")).collect();
    let _ = writeln!(
        out,
        "<p>{} hand-ins</p>\n<table>\n<tr>{}</tr>",
        all.len(),
        heads.concat()
    );
    for row in rows(all) {
        let cells = row.map(|c| format!("<td>{}</td>", html(&c)));
        let _ = writeln!(out, "<tr>{}</tr>", cells.concat());
    }
    out.push_str("</table>\n");
    let seen = lines(all, found);
    if !seen.is_empty() {
        let _ = writeln!(out, "<h2>For a person to look at</h2>\n<p>{SEEN}</p>");
    }
    for (who, lines) in seen {
        let _ = writeln!(out, "<h3>{}</h3>\n<ul>", html(&who));
        for line in lines {
            let _ = writeln!(out, "<li>{}</li>", html(&line));
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</body></html>\n");
    out
}

/// How a page in HTML begins: nothing in it may run, nothing may be fetched.
fn head(title: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"><title>{title}</title><style>body{{font-family:sans-serif;max-width:50em;margin:2em auto}}table{{border-collapse:collapse}}td,th{{border:1px solid #aaa;padding:.3em .5em;text-align:left;vertical-align:top}}</style></head>\n<body><h1>{title}</h1>\n"
    )
}

/// The share of the points given, of those that are settled.
fn success(marks: &[&Mark]) -> String {
    let settled = marks
        .iter()
        .filter(|m| m.outcome.verdict != Verdict::Review && m.of > 0.0);
    let (given, of) = settled.fold((0.0, 0.0), |(g, o), m| (g + m.points, o + m.of));
    if of > 0.0 {
        format!("{:.0} %", given / of * 100.0)
    } else {
        "none settled".to_owned()
    }
}

/// What a person should look at: of whom, and what was seen.
pub fn lines(all: &[Marks], found: &Findings) -> Vec<(String, Vec<String>)> {
    let mut out = Vec::new();
    for pair in &found.shared {
        let who = format!(
            "{} and {}",
            all[pair.first].student, all[pair.second].student
        );
        let seen = pair.captures.iter().map(super::integrity::Pair::sentence);
        out.push((who, seen.collect()));
    }
    for spread in &found.spread {
        let names: Vec<&str> = spread
            .students
            .iter()
            .take(5)
            .map(|s| all[*s].student.as_str())
            .collect();
        let more = if spread.students.len() > 5 {
            ", …"
        } else {
            ""
        };
        out.push((
            format!("{}{more}", names.join(", ")),
            vec![spread.sentence()],
        ));
    }
    for marks in all.iter().filter(|m| !m.evidence.is_empty()) {
        out.push((marks.student.clone(), marks.evidence.clone()));
    }
    out
}
