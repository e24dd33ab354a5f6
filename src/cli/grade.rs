//! `wirelab grade HANDOUT SUBMISSIONS`: marks for a class, with the reason for every point.

use super::{Status, answer, terminal};
use crate::grade::{self, Marks, integrity, output};
use crate::render;
use crate::render::{Format, csv_cell, markdown_cell, safe};
use anyhow::Context;
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
    /// Write the gradebook (grades.csv), a page for the class, and a page for each student (Markdown,
    /// HTML, and JSON as Gradescope reads it) into this folder.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// What a person decided, a TOML file that later runs read again.
    #[arg(long, value_name = "FILE")]
    decisions: Option<PathBuf>,
    /// Print the answers that need a person, the largest groups first, as entries for that file.
    #[arg(long)]
    review: bool,
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
    let decided = match &args.decisions {
        Some(path) if path.exists() => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            toml::from_str(&text)
                .map_err(|e| anyhow::anyhow!("{}: {}", path.display(), e.message()))?
        }
        _ => grade::decisions::File::default(),
    };
    let mut all = grade::all(&handout, &submissions, jobs, |done| {
        if let Ok(mut progress) = progress.lock() {
            progress.show(done as u64);
        }
    });
    if let Ok(mut progress) = progress.lock() {
        progress.clear();
    }
    grade::decisions::apply(&decided, &mut all);
    if args.review {
        let mut out = std::io::stdout().lock();
        out.write_all(grade::decisions::open(&all).as_bytes())?;
        return Ok(Status::Done);
    }
    let shared = integrity::shared(&all);
    if let Some(folder) = &args.out {
        write_all(folder, &handout, &all, &shared, args.student_view)?;
    }
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
                        &output::reason(mark, args.student_view),
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

/// Writes everything into a folder; each file appears whole or not at all.
fn write_all(
    folder: &std::path::Path,
    handout: &crate::handout::Handout,
    all: &[Marks],
    shared: &[integrity::Shared],
    student_view: bool,
) -> anyhow::Result<()> {
    let feedback = folder.join("feedback");
    std::fs::create_dir_all(&feedback)
        .with_context(|| format!("cannot make {}", feedback.display()))?;
    let write = |path: PathBuf, text: String| -> anyhow::Result<()> {
        let parent = path.parent().unwrap_or(folder);
        let mut file = tempfile::NamedTempFile::new_in(parent)?;
        file.write_all(text.as_bytes())?;
        file.persist(&path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(())
    };
    for (number, marks) in all.iter().enumerate() {
        // A name that is safe in every file system, and no other student's.
        let tame: String = marks
            .student
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || c == '-' {
                    c
                } else {
                    '_'
                }
            })
            .take(60)
            .collect();
        let twin = all.iter().filter(|m| m.student != marks.student).any(|m| {
            m.student.len() == marks.student.len() && m.student.eq_ignore_ascii_case(&marks.student)
        });
        let name = if tame == marks.student && !twin {
            tame
        } else {
            format!("{tame}-{}", number + 1)
        };
        let page = output::feedback(handout, marks, student_view);
        write(feedback.join(format!("{name}.md")), page)?;
        let page = output::feedback_html(handout, marks, student_view);
        write(feedback.join(format!("{name}.html")), page)?;
        let json = serde_json::to_string_pretty(&output::gradescope(marks))?;
        write(feedback.join(format!("{name}.results.json")), json)?;
    }
    write(folder.join("class.md"), output::class(handout, all, shared))?;
    write(folder.join("grades.csv"), output::gradebook(all))
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
                "reason": output::reason(mark, student_view),
                "frames": mark.frames,
                "filter": mark.filter,
                "points": mark.points,
                "of": mark.of,
                "note": if student_view { "" } else { &mark.note },
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
