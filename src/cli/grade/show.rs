//! The result on standard output: table, JSON, CSV, Markdown.

use crate::cli::terminal;
use crate::grade::integrity::{Findings, Shared};
use crate::grade::output::{self, points};
use crate::grade::{Marks, student::Mark};
use crate::handout::Handout;
use crate::render::{self, Format, csv_cell, markdown_cell, safe};
use serde_json::{Value, json};
use std::io::Write;

/// Writes the result.
pub(super) fn write(
    out: &mut dyn Write,
    format: Format,
    handout: &Handout,
    all: &[Marks],
    found: &Findings,
) -> anyhow::Result<()> {
    match format {
        Format::Json => {
            let students: Vec<Value> = all.iter().map(student).collect();
            let shared: Vec<Value> = found.shared.iter().map(|s| evidence(s, all)).collect();
            let spread: Vec<String> = found.spread.iter().map(|s| s.sentence()).collect();
            let whole = json!({
                "handout": handout.file.id,
                "title": handout.file.title,
                "students": students,
                "integrity": shared,
                "integrity_many": spread,
            });
            writeln!(out, "{}", serde_json::to_string_pretty(&whole)?)?;
        }
        Format::Csv => {
            writeln!(
                out,
                "student,question,part,answer,key,verdict,points,of,reason,frames,filter"
            )?;
            for marks in all {
                for mark in &marks.parts {
                    writeln!(out, "{}", row(&marks.student, mark))?;
                }
            }
        }
        Format::Markdown => {
            writeln!(out, "# {}\n", markdown_cell(&handout.file.title))?;
            writeln!(
                out,
                "| student | points | for review | of | remarks |\n|---|---|---|---|---|"
            )?;
            for marks in all {
                let cells = cells(marks).map(|c| markdown_cell(&c));
                writeln!(out, "| {} |", cells.join(" | "))?;
            }
        }
        Format::Table => {
            writeln!(out, "{}", safe(&handout.file.title))?;
            let headings = ["student", "points", "for review", "of", "remarks"];
            let mut rows = vec![headings.map(str::to_owned).to_vec()];
            rows.extend(all.iter().map(|marks| cells(marks).to_vec()));
            writeln!(out)?;
            render::table(out, rows, terminal::width())?;
            for (who, lines) in output::lines(all, found) {
                writeln!(out, "\n{}:", safe(&who))?;
                for line in lines {
                    writeln!(out, "  {}", safe(&line))?;
                }
            }
        }
    }
    Ok(())
}

fn cells(marks: &Marks) -> [String; 5] {
    [
        marks.student.clone(),
        points(marks.points()),
        points(marks.open()),
        points(marks.of()),
        marks.remarks.join("; "),
    ]
}

fn row(student: &str, mark: &Mark) -> String {
    [
        student,
        &mark.question,
        &mark.part,
        &mark.answer,
        &mark.key,
        mark.outcome.verdict.word(),
        &points(mark.points),
        &points(mark.of),
        &mark.outcome.reason,
        &mark.frames,
        &mark.filter,
    ]
    .map(csv_cell)
    .join(",")
}

fn student(marks: &Marks) -> Value {
    let parts: Vec<Value> = marks
        .parts
        .iter()
        .map(|mark| {
            json!({
                "question": mark.question,
                "part": mark.part,
                "answer": mark.answer,
                "key": if mark.key.is_empty() { Value::Null } else { Value::from(mark.key.clone()) },
                "verdict": mark.outcome.verdict.word(),
                "reason": mark.outcome.reason,
                "frames": mark.frames,
                "filter": mark.filter,
                "points": mark.points,
                "of": mark.of,
                "note": mark.note,
            })
        })
        .collect();
    let captures: Vec<Value> = marks
        .captures
        .iter()
        .map(|c| json!({"capture": c.id, "file": c.file, "missing": c.missing, "points": c.points, "of": c.of}))
        .collect();
    json!({
        "student": marks.student,
        "points": marks.points(),
        "review_points": marks.open(),
        "of": marks.of(),
        "captures": captures,
        "remarks": marks.remarks,
        "evidence": marks.evidence,
        "parts": parts,
    })
}

fn evidence(shared: &Shared, all: &[Marks]) -> Value {
    let captures: Vec<Value> = shared
        .captures
        .iter()
        .map(|c| {
            json!({
                "first": c.first,
                "second": c.second,
                "how": c.how.word(),
                "shared_packets": c.frames.len(),
                "of": c.of,
                "frames": c.frames.iter().map(|(a, b)| json!([a, b])).collect::<Vec<_>>(),
                "seen": c.sentence(),
            })
        })
        .collect();
    json!({
        "first": all[shared.first].student,
        "second": all[shared.second].student,
        "copy": shared.is_copy(),
        "captures": captures,
    })
}
