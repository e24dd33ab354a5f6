//! `wirelab grade HANDOUT SUBMISSIONS`: marks for a class, with the reason for every point.

use super::{Status, answer, terminal};
use crate::grade::{self, Mark, Marks, integrity};
use crate::render;
use crate::render::{Format, csv_cell, markdown_cell, safe};
use serde_json::{Value, json};
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::Mutex;

/// Grade hand-ins against the answers that each student's own captures give.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The handout: a built-in one (`wirelab handout list`), or a file.
    handout: String,
    /// A folder with a folder, archive or files for each student; an archive of such; or one CSV
    /// with a row for each student.
    submissions: PathBuf,
    /// How to write the result.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// How many hand-ins are graded at the same time; as many as there are processors if not given.
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Leave the key out of every output.
    #[arg(long)]
    student_view: bool,
}

/// Runs the subcommand.
pub(super) fn run(args: &Args) -> anyhow::Result<Status> {
    let (handout, _) = answer::load(&args.handout)?;
    let submissions = grade::collect(&args.submissions).map_err(|e| anyhow::anyhow!("{e}"))?;
    if submissions.is_empty() {
        anyhow::bail!(
            "{} holds no hand-in\nhint: put a folder for each student into it",
            args.submissions.display()
        );
    }
    let jobs = args
        .jobs
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let progress = Mutex::new(terminal::Progress::new("hand-ins graded"));
    let all = grade::all(&handout, &submissions, jobs, |done| {
        if let Ok(mut progress) = progress.lock() {
            progress.show(done as u64);
        }
    });
    if let Ok(mut progress) = progress.lock() {
        progress.clear();
    }
    let shared = integrity::shared(&all);
    let mut out = BufWriter::new(std::io::stdout().lock());
    match args.format {
        Format::Json => {
            let students: Vec<Value> = all.iter().map(|m| student(m, args.student_view)).collect();
            let shared: Vec<Value> = shared.iter().map(|s| evidence(s, &all)).collect();
            let whole = json!({
                "handout": handout.file.id,
                "title": handout.file.title,
                "students": students,
                "integrity": shared,
            });
            writeln!(out, "{}", serde_json::to_string_pretty(&whole)?)?;
        }
        Format::Csv => {
            writeln!(
                out,
                "student,question,part,answer,key,verdict,points,of,reason,frames,filter"
            )?;
            for marks in &all {
                for mark in &marks.parts {
                    let key = if args.student_view { "" } else { &mark.key };
                    let cells = [
                        &marks.student,
                        &mark.question,
                        &mark.part,
                        &mark.answer,
                        key,
                        mark.outcome.verdict.word(),
                        &number(mark.points),
                        &number(mark.of),
                        &reason(mark, args.student_view),
                        &mark.frames,
                        &mark.filter,
                    ]
                    .map(csv_cell);
                    writeln!(out, "{}", cells.join(","))?;
                }
            }
        }
        Format::Markdown => {
            writeln!(out, "# {}\n", markdown_cell(&handout.file.title))?;
            writeln!(
                out,
                "| student | points | for review | of | remarks |\n|---|---|---|---|---|"
            )?;
            for marks in &all {
                writeln!(
                    out,
                    "| {} | {} | {} | {} | {} |",
                    markdown_cell(&marks.student),
                    number(marks.points()),
                    number(marks.open()),
                    number(marks.of()),
                    markdown_cell(&marks.remarks.join("; "))
                )?;
            }
        }
        Format::Table => table(&mut out, &handout.file.title, &all, &shared)?,
    }
    out.flush()?;
    Ok(Status::Done)
}

fn table(
    out: &mut dyn Write,
    title: &str,
    all: &[Marks],
    shared: &[integrity::Shared],
) -> anyhow::Result<()> {
    writeln!(out, "{}", safe(title))?;
    let headings = ["student", "points", "for review", "of", "remarks"];
    let mut rows = vec![headings.map(str::to_owned).to_vec()];
    rows.extend(all.iter().map(|marks| {
        vec![
            marks.student.clone(),
            number(marks.points()),
            number(marks.open()),
            number(marks.of()),
            marks.remarks.join("; "),
        ]
    }));
    writeln!(out)?;
    render::table(out, rows, terminal::width())?;
    for pair in shared {
        let names = (&all[pair.first].student, &all[pair.second].student);
        writeln!(out, "\n{} and {}:", safe(names.0), safe(names.1))?;
        for capture in &pair.captures {
            writeln!(out, "  {}", safe(&capture.sentence()))?;
        }
    }
    Ok(())
}

/// Points with as many decimals as they need.
fn number(points: f64) -> String {
    // Adding zero makes of -0 a plain 0.
    crate::handout::value::decimals((points * 100.0).round() / 100.0 + 0.0)
}

/// The reason, without the key where students see it.
fn reason(mark: &Mark, student_view: bool) -> String {
    if student_view {
        let reason = &mark.outcome.reason;
        match reason.strip_prefix(&format!("the capture shows {}", mark.key)) {
            Some(rest) => rest.trim_start_matches([' ', ';']).to_owned(),
            None => reason.clone(),
        }
    } else {
        mark.outcome.reason.clone()
    }
}

fn student(marks: &Marks, student_view: bool) -> Value {
    let parts: Vec<Value> = marks
        .parts
        .iter()
        .map(|mark| {
            json!({
                "question": mark.question,
                "part": mark.part,
                "answer": mark.answer,
                "key": if student_view { Value::Null } else { Value::from(mark.key.clone()) },
                "verdict": mark.outcome.verdict.word(),
                "reason": reason(mark, student_view),
                "frames": mark.frames,
                "filter": mark.filter,
                "points": mark.points,
                "of": mark.of,
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
        "parts": parts,
    })
}

fn evidence(shared: &integrity::Shared, all: &[Marks]) -> Value {
    let captures: Vec<Value> = shared
        .captures
        .iter()
        .map(|c| {
            json!({
                "first": c.first,
                "second": c.second,
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
        "captures": captures,
    })
}
