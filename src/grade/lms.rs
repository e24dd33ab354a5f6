//! Grades for learning management systems: tables for spreadsheets, Moodle and Canvas, the file that
//! Gradescope reads, the line that Autolab reads. No cell is a formula.

use super::compare::Verdict;
use super::layout::Source;
use super::output::points;
use super::student::Marks;
use super::student_view;
use crate::handout::Handout;
use crate::render::csv_cell;
use std::fmt::Write as _;

/// One row for each student, for spreadsheets.
pub fn gradebook(all: &[Marks]) -> String {
    let mut out = String::from("Student,Points,For review,Maximum");
    for mark in all.first().into_iter().flat_map(|m| &m.parts) {
        let _ = write!(out, ",{}", csv_cell(&mark.part));
    }
    out.push('\n');
    for marks in all {
        let _ = write!(
            out,
            "{},{},{},{}",
            csv_cell(&marks.student),
            points(marks.points()),
            points(marks.open()),
            points(marks.of())
        );
        for mark in &marks.parts {
            // What a person decides has no points yet.
            let cell = match mark.outcome.verdict {
                Verdict::Review => "review".to_owned(),
                _ => points(mark.points),
            };
            let _ = write!(out, ",{}", csv_cell(&cell));
        }
        out.push('\n');
    }
    out
}

/// Words about what is still to be decided.
fn comment(marks: &Marks) -> String {
    if marks.open() > 0.0 {
        format!(
            "{} more points are for a person to decide",
            points(marks.open())
        )
    } else {
        String::new()
    }
}

/// Moodle's offline grading worksheet, if the hand-ins came from Moodle.
pub fn moodle(all: &[Marks]) -> Option<String> {
    let mut out = String::from("Identifier,Full name,Grade,Maximum Grade,Feedback comments\n");
    let mut any = false;
    for marks in all {
        let Some((id, Source::Moodle)) = &marks.owner else {
            continue;
        };
        any = true;
        let _ = writeln!(
            out,
            "{},{},{},{},{}",
            csv_cell(&format!("Participant {id}")),
            csv_cell(&marks.student),
            points(marks.points()),
            points(marks.of()),
            csv_cell(&comment(marks))
        );
    }
    any.then_some(out)
}

/// What Canvas imports, if the hand-ins came from Canvas.
pub fn canvas(handout: &Handout, all: &[Marks]) -> Option<String> {
    let title = csv_cell(&handout.file.title);
    let of = all.first().map_or(0.0, Marks::of);
    let mut out = format!(
        "Student,ID,SIS User ID,SIS Login ID,Section,{title}\n    Points Possible,,,,,{}\n",
        points(of)
    );
    let mut any = false;
    for marks in all {
        let Some((id, Source::Canvas)) = &marks.owner else {
            continue;
        };
        any = true;
        let _ = writeln!(
            out,
            "{},{},,,,{}",
            csv_cell(&marks.student),
            csv_cell(id),
            points(marks.points())
        );
    }
    any.then_some(out)
}

/// What Gradescope reads, of one student; the student sees it.
pub fn gradescope(marks: &Marks) -> serde_json::Value {
    let marks = student_view::marks(marks);
    let tests: Vec<serde_json::Value> = marks
        .parts
        .iter()
        .map(|mark| {
            serde_json::json!({
                "name": mark.part,
                "score": mark.points,
                "max_score": mark.of,
                "output": format!("{}: {}", mark.outcome.verdict.word(), mark.outcome.reason),
            })
        })
        .collect();
    serde_json::json!({ "score": marks.points(), "tests": tests })
}

/// The line that Autolab reads: the points of each question.
pub fn autolab(marks: &Marks) -> String {
    let mut scores = serde_json::Map::new();
    let mut add = |name: &str, points: f64| {
        let old = scores.get(name).and_then(serde_json::Value::as_f64);
        let sum = ((old.unwrap_or(0.0) + points) * 100.0).round() / 100.0;
        scores.insert(name.to_owned(), sum.into());
    };
    for mark in &marks.parts {
        let settled = mark.outcome.verdict != Verdict::Review;
        add(&mark.question, if settled { mark.points } else { 0.0 });
    }
    for capture in marks.captures.iter().filter(|c| c.of > 0.0) {
        add(&format!("capture {}", capture.id), capture.points);
    }
    format!("{}\n", serde_json::json!({ "scores": scores }))
}
