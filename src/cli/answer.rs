//! `wirelab answer HANDOUT CAPTURE...`: a handout's questions, answered with evidence.

use super::{Status, terminal};
use crate::capture;
use crate::capture::annotate::Comments;
use crate::handout::format;
use crate::handout::slots::{self, Slot};
use crate::handout::{self, Answer, Found, Handout, Material};
use crate::render;
use crate::render::{Format, csv_cell, markdown_cell, safe};
use anyhow::{Context, bail};
use serde_json::{Value, json};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Answer a handout's questions from captures, with the frames that prove each answer.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The handout: a built-in one (`wirelab handout list`), or a file; with --ask, a capture.
    handout: String,
    /// The captures; which is which is told by what they hold.
    #[arg(required_unless_present = "ask", value_name = "CAPTURE")]
    captures: Vec<PathBuf>,
    /// Answer one question typed here, in the keys of a handout:
    /// 'in = "frames", where = "icmp.type == 8", which = "first", take = "ip.ttl"'.
    #[arg(long, value_name = "KEYS")]
    ask: Option<String>,
    /// Only this question (`1A`) or part (`1A.source`); may be given several times.
    #[arg(long, value_name = "ID")]
    question: Vec<String>,
    /// How to write the answers.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Show where to look, but no values.
    #[arg(long)]
    student: bool,
    /// Write the capture to this file (pcapng), with each answer as a comment at the frames that
    /// prove it, for Wireshark. Of several captures each goes into a file of its own:
    /// `OUT-NAME.pcapng`.
    #[arg(long, value_name = "OUT")]
    annotate: Option<PathBuf>,
}

/// Reads a handout: a built-in one by its name, or a file.
pub(super) fn load(name: &str) -> anyhow::Result<(Handout, String)> {
    let (text, shown) = match handout::built_in(name) {
        Some(text) => (text.to_owned(), format!("{name}.toml")),
        None => {
            let path = PathBuf::from(name);
            if !path.exists() {
                let names: Vec<&str> = handout::BUILT_IN.iter().map(|b| b.0).collect();
                bail!(
                    "there is no handout called {}, and no file of that name\nhint: built in are {}",
                    safe(name),
                    names.join(", ")
                );
            }
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            (text, name.to_owned())
        }
    };
    match Handout::parse(&text) {
        Ok(handout) => Ok((handout, text)),
        Err(problems) => {
            let drawn: Vec<String> = problems.iter().map(|p| p.draw(&shown, &text)).collect();
            bail!(
                "the handout {} cannot be used\n{}",
                safe(name),
                drawn.join("\n")
            )
        }
    }
}

/// Runs the subcommand.
pub(super) fn run(args: &Args) -> anyhow::Result<Status> {
    let (handout, captures) = match &args.ask {
        Some(keys) => {
            let first = PathBuf::from(&args.handout);
            let captures = std::iter::once(first).chain(args.captures.clone());
            (asked(keys)?, captures.collect())
        }
        None => (load(&args.handout)?.0, args.captures.clone()),
    };
    let material = Material::of_files(&handout, &captures);
    let mut status = Status::Done;
    complain(&material, &mut status)?;
    let found = Found::new(&handout, &material);
    let mut answers = handout::answers(&handout, &material, &found);
    if !args.question.is_empty() {
        let wanted = |id: &str| {
            args.question
                .iter()
                .any(|q| q == id || id.split_once('.').is_some_and(|_| question_of(id) == q))
        };
        answers.retain(|a| wanted(&a.id));
        if answers.is_empty() {
            let parts = parts_of(&handout, &args.question);
            let known = if parts.is_empty() {
                ids(&handout)
            } else {
                parts
            };
            bail!(
                "the handout has no question {}; it has {}",
                args.question.join(", "),
                known.join(", ")
            );
        }
    }
    if let Some(out) = &args.annotate {
        annotate(out, &captures, &handout, &material, &answers, args.student)?;
    }
    if answers.iter().any(|a| a.missing.is_some()) {
        status = status.worse(Status::Unfavourable);
    }
    let mut out = BufWriter::new(std::io::stdout().lock());
    let slots = match args.question.is_empty() {
        true => slots::slots(&handout, &found),
        false => Vec::new(),
    };
    let told = Told {
        handout: &handout,
        material: &material,
        answers: &answers,
        slots: &slots,
        student: args.student,
    };
    told.write(&mut out, args.format)?;
    out.flush()?;
    Ok(status)
}

/// Writes the captures once more, with the answers as comments at their frames.
fn annotate(
    out: &Path,
    captures: &[PathBuf],
    handout: &Handout,
    material: &Material,
    answers: &[Answer],
    student: bool,
) -> anyhow::Result<()> {
    for (number, file) in material.files.iter().enumerate() {
        let input = captures.get(file.place).context("a capture has a path")?;
        let mut comments = Comments::new();
        for answer in answers {
            let text = match (&answer.missing, student) {
                (Some(_), _) => continue,
                (None, true) if gives_away(handout, answer) => continue,
                (None, true) => format!("{}: look here", answer.id),
                (None, false) => match unit(handout, answer) {
                    Some(unit) => format!("{} = {} {unit}", answer.id, answer.text),
                    None => format!("{} = {}", answer.id, answer.text),
                },
            };
            for evidence in answer.evidence.iter().filter(|e| e.capture == number) {
                comments
                    .entry(evidence.frame)
                    .or_default()
                    .push(text.clone());
            }
        }
        let target = match material.files.len() {
            1 => out.to_path_buf(),
            _ => {
                let name = |p: &Path| {
                    p.file_stem()
                        .unwrap_or_default()
                        .to_string_lossy()
                        .into_owned()
                };
                out.with_file_name(format!("{}-{}.pcapng", name(out), name(input)))
            }
        };
        let same = |a: &Path, b: &Path| a.canonicalize().ok().zip(b.canonicalize().ok());
        if same(input, &target).is_some_and(|(a, b)| a == b) {
            bail!(
                "{} is the capture itself; name another file",
                target.display()
            );
        }
        // The file appears whole or not at all.
        let folder = target.parent().filter(|p| !p.as_os_str().is_empty());
        let mut written = tempfile::Builder::new()
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
            .tempfile_in(folder.unwrap_or(Path::new(".")))
            .with_context(|| format!("cannot write {}", target.display()))?;
        let done = capture::annotate::annotate(input, &comments, BufWriter::new(&mut written))?;
        written
            .persist(&target)
            .with_context(|| format!("cannot write {}", target.display()))?;
        let mut err = std::io::stderr().lock();
        writeln!(
            err,
            "wirelab: {}: comments at {} of its frames",
            safe(&target.display().to_string()),
            done.placed
        )?;
        for frame in &done.unplaced {
            writeln!(
                err,
                "wirelab: frame {frame} has no comment: its block has no room, or the copy ends before it"
            )?;
        }
        if let Some(reason) = &done.reason {
            writeln!(err, "wirelab: the copy ends early: {}", safe(reason))?;
        }
    }
    Ok(())
}

/// A handout of one question, from keys typed on the command line.
fn asked(keys: &str) -> anyhow::Result<Handout> {
    const OF_PART: [&str; 8] = [
        "take", "or_take", "over", "type", "unit", "map", "names", "show",
    ];
    let table: toml::Table = toml::from_str(&format!("asked = {{ {keys} }}"))
        .map_err(|e| anyhow::anyhow!("cannot read the question: {}", e.message()))?;
    let Some(toml::Value::Table(asked)) = table.get("asked") else {
        bail!("cannot read the question");
    };
    let mut thing = toml::Table::new();
    let mut part = toml::Table::new();
    for (key, value) in asked {
        let of_part = OF_PART.contains(&key.as_str());
        (if of_part { &mut part } else { &mut thing }).insert(key.clone(), value.clone());
    }
    thing.entry("what").or_insert("what is asked for".into());
    if part.contains_key("over") {
        thing.entry("which").or_insert("all".into());
    }
    let kind = if part.contains_key("over") {
        "int"
    } else {
        "list"
    };
    part.entry("type").or_insert(kind.into());
    part.insert("id".into(), "answer".into());
    part.insert("of".into(), "asked".into());
    let text = format!(
        "id = \"asked\"\ntitle = \"asked\"\n[let.asked]\n{thing}\n[[question]]\nid = \"ask\"\ntext = \"\"\n[[question.part]]\n{part}"
    );
    Handout::parse(&text).map_err(|problems| {
        let drawn: Vec<String> = problems.iter().map(|p| p.draw("--ask", &text)).collect();
        anyhow::anyhow!("the question cannot be asked\n{}", drawn.join("\n"))
    })
}

/// The question a part belongs to.
fn question_of(id: &str) -> &str {
    id.rsplit_once('.').map_or(id, |(question, _)| question)
}

/// The parts of the questions whose parts were asked for.
fn parts_of(handout: &Handout, asked: &[String]) -> Vec<String> {
    let questions = handout.file.question.iter();
    questions
        .filter(|q| asked.iter().any(|a| question_of(a) == q.id))
        .flat_map(|q| q.part.iter().map(|p| format!("{}.{}", q.id, p.id)))
        .collect()
}

fn ids(handout: &Handout) -> Vec<String> {
    handout.file.question.iter().map(|q| q.id.clone()).collect()
}

/// Says on stderr what was wrong with the captures.
pub(super) fn complain(material: &Material, status: &mut Status) -> anyhow::Result<()> {
    let mut err = std::io::stderr().lock();
    for (name, reason) in &material.unreadable {
        writeln!(err, "wirelab: {}: {}", safe(name), safe(reason))?;
        *status = Status::Failed;
    }
    for (copy, original) in &material.copies {
        let words = "holds the same frames as";
        writeln!(err, "wirelab: {} {words} {}", safe(copy), safe(original))?;
    }
    for file in &material.files {
        let ending = &file.analysis.ending;
        if !ending.verdict.is_whole() {
            let reason = ending.reason.as_deref().unwrap_or("it is cut");
            writeln!(err, "wirelab: {}: {}", safe(&file.name), safe(reason))?;
            *status = Status::Failed;
        }
    }
    Ok(())
}

/// What is told.
struct Told<'t> {
    handout: &'t Handout,
    material: &'t Material,
    answers: &'t [Answer],
    slots: &'t [Slot],
    student: bool,
}

impl Told<'_> {
    fn write(&self, out: &mut dyn Write, format: Format) -> anyhow::Result<()> {
        let Told {
            handout,
            answers,
            student,
            ..
        } = *self;
        match format {
            Format::Json => {
                let parts: Vec<Value> = answers.iter().map(|a| part(handout, a, student)).collect();
                let captures: Vec<Value> = self
                .slots
                .iter()
                .map(|s| json!({"id": s.id, "files": s.names(self.material), "missing": s.missing}))
                .collect();
                let all = json!({
                    "handout": handout.file.id,
                    "title": handout.file.title,
                    "captures": captures,
                    "parts": parts,
                });
                writeln!(out, "{}", serde_json::to_string_pretty(&all)?)?;
            }
            Format::Csv => {
                writeln!(out, "question,part,value,unit,frames,reason,missing")?;
                for answer in answers {
                    let row = row(handout, answer, student);
                    let unit = unit(handout, answer).unwrap_or_default();
                    // The unit has a column of its own.
                    let told = answer.missing.is_none() && !student;
                    let value = if told { &answer.text } else { &row.value };
                    let cells = [
                        question_of(&answer.id),
                        &answer.id,
                        value,
                        unit,
                        &row.frames,
                        &row.reason,
                        missing(answer, student).unwrap_or_default(),
                    ];
                    let cells: Vec<String> = cells.iter().map(|c| csv_cell(c)).collect();
                    writeln!(out, "{}", cells.join(","))?;
                }
            }
            Format::Markdown => {
                writeln!(out, "# {}\n", markdown_cell(&handout.file.title))?;
                writeln!(out, "| part | value | frames | why |\n|---|---|---|---|")?;
                for answer in answers {
                    let row = row(handout, answer, student);
                    writeln!(
                        out,
                        "| {} | {} | {} | {} |",
                        markdown_cell(&answer.id),
                        markdown_cell(&row.value),
                        markdown_cell(&row.frames),
                        markdown_cell(&row.reason)
                    )?;
                }
            }
            Format::Table => {
                let headings = ["part", "answer", "frames", "why"].map(str::to_owned);
                let mut rows = vec![headings.to_vec()];
                rows.extend(answers.iter().map(|answer| {
                    let row = row(handout, answer, student);
                    vec![answer.id.clone(), row.value, row.frames, row.reason]
                }));
                writeln!(out, "{}\n", safe(&handout.file.title))?;
                render::table(out, rows, terminal::width())?;
                self.captures(out)?;
            }
        }
        Ok(())
    }

    /// Says which file is which capture of the handout.
    fn captures(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        if self.slots.is_empty() {
            return Ok(());
        }
        let headings = ["capture", "found in", "missing"].map(str::to_owned);
        let mut rows = vec![headings.to_vec()];
        rows.extend(self.slots.iter().map(|slot| {
            let names = slot.names(self.material).join(", ");
            vec![slot.id.clone(), names, slot.missing.join("; ")]
        }));
        writeln!(out)?;
        render::table(out, rows, terminal::width())?;
        Ok(())
    }
}

/// One line of a table.
struct Line {
    value: String,
    frames: String,
    reason: String,
}

/// Whether the frames of an answer are the answer.
fn gives_away(handout: &Handout, answer: &Answer) -> bool {
    let part = &handout.file.question[answer.question].part[answer.part];
    let counted = part.over.as_ref().map(|o| *o.get_ref()) == Some(format::Over::Count);
    counted
        || matches!(
            part.kind.get_ref(),
            format::Type::Frame | format::Type::Frames
        )
}

fn unit<'h>(handout: &'h Handout, answer: &Answer) -> Option<&'h str> {
    let part = &handout.file.question[answer.question].part[answer.part];
    part.unit.as_deref()
}

fn row(handout: &Handout, answer: &Answer, student: bool) -> Line {
    let value = match (&answer.missing, student) {
        (Some(_), _) if answer.candidates.is_empty() => "?".to_owned(),
        (Some(_), false) => answer.candidates.join(" / "),
        (Some(_), true) => "?".to_owned(),
        (None, true) => "…".to_owned(),
        (None, false) => match unit(handout, answer) {
            Some(unit) => format!("{} {unit}", answer.text),
            None => answer.text.clone(),
        },
    };
    let question = &handout.file.question[answer.question];
    let reason = match (&answer.missing, student) {
        (Some(_), _) => missing(answer, student).unwrap_or_default().to_owned(),
        (None, true) => question.hints.join(" "),
        (None, false) => answer.reason.clone(),
    };
    let frames = match student && gives_away(handout, answer) {
        true => "…".to_owned(),
        false => answer.frames(),
    };
    Line {
        value,
        frames,
        reason,
    }
}

/// Why there is no answer; what is possible is no business of students.
fn missing(answer: &Answer, student: bool) -> Option<&str> {
    match answer.missing.as_deref() {
        Some(_) if student && !answer.candidates.is_empty() => Some("several are possible"),
        missing => missing,
    }
}

/// One answer as JSON.
fn part(handout: &Handout, answer: &Answer, student: bool) -> Value {
    let hidden = student && gives_away(handout, answer);
    let evidence: Vec<Value> = answer
        .evidence
        .iter()
        .filter(|_| !hidden)
        .map(|e| json!({"file": e.file, "frame": e.frame, "field": e.field}))
        .collect();
    let told = answer.missing.is_none() && !student;
    json!({
        "question": question_of(&answer.id),
        "part": answer.id,
        "value": if told { Value::from(answer.text.clone()) } else { Value::Null },
        "unit": unit(handout, answer),
        "evidence": evidence,
        "reason": row(handout, answer, student).reason,
        "candidates": if student { Vec::new() } else { answer.candidates.clone() },
        "missing": missing(answer, student),
    })
}
