//! `wirelab handout`: the questions there are, and the ones one has written.

use super::{Status, answer};
use crate::handout::find::count;
use crate::handout::{self, Found, Handout, Material, answers, draft, sheet};
use crate::render::safe;
use anyhow::{Context, bail};
use std::io::{BufWriter, Write};
use std::path::PathBuf;

/// Show the built-in handouts, check one's own, draft a new one.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// List the built-in handouts.
    List,
    /// Show a handout's questions.
    Show {
        /// A built-in handout, or a file.
        handout: String,
        /// The answer sheet for students: a heading for each question, no values.
        #[arg(long)]
        sheet: bool,
        /// The file as it is, to copy and change.
        #[arg(long, conflicts_with = "sheet")]
        source: bool,
    },
    /// Check a handout file: names, filters, and with captures, whether its questions are answered.
    Check {
        /// The file.
        file: PathBuf,
        /// Captures that should answer every question.
        captures: Vec<PathBuf>,
    },
    /// Draft a handout from a capture: its facts as questions to keep or delete.
    New {
        /// The capture.
        #[arg(long)]
        from: PathBuf,
    },
    /// Write a handout's questions for an LMS.
    Export {
        /// A built-in handout, or a file.
        handout: String,
        /// The captures that give the values.
        captures: Vec<PathBuf>,
        /// Moodle's GIFT format.
        #[arg(
            long,
            required_unless_present = "moodle_xml",
            conflicts_with = "moodle_xml"
        )]
        gift: bool,
        /// Moodle XML, with points, tolerances, and the frames as feedback.
        #[arg(long)]
        moodle_xml: bool,
    },
}

/// Runs the subcommand.
pub(super) fn run(args: &Args) -> anyhow::Result<Status> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    let status = match &args.command {
        Command::List => list(&mut out)?,
        Command::Show {
            handout,
            sheet,
            source,
        } => show(&mut out, handout, *sheet, *source)?,
        Command::Check { file, captures } => check(&mut out, file, captures)?,
        Command::New { from } => {
            out.write_all(
                draft::draft(from)
                    .map_err(|e| anyhow::anyhow!("{e}"))?
                    .as_bytes(),
            )?;
            Status::Done
        }
        Command::Export {
            handout,
            captures,
            moodle_xml,
            ..
        } => {
            let (handout, _) = answer::load(handout)?;
            let material = Material::of_files(&handout, captures);
            let found = Found::new(&handout, &material);
            let answers = answers(&handout, &material, &found);
            let text = match moodle_xml {
                true => sheet::moodle_xml(&handout, &answers),
                false => sheet::gift(&handout, &answers),
            };
            out.write_all(text.as_bytes())?;
            Status::Done
        }
    };
    out.flush()?;
    Ok(status)
}

fn list(out: &mut dyn Write) -> anyhow::Result<Status> {
    for (id, _) in handout::BUILT_IN {
        let (handout, _) = answer::load(id)?;
        let parts: usize = handout.file.question.iter().map(|q| q.part.len()).sum();
        writeln!(out, "{id:<20} {parts:>3} answers  {}", handout.file.title)?;
    }
    Ok(Status::Done)
}

fn show(out: &mut dyn Write, name: &str, is_sheet: bool, source: bool) -> anyhow::Result<Status> {
    let (handout, text) = answer::load(name)?;
    if source {
        out.write_all(text.as_bytes())?;
        return Ok(Status::Done);
    }
    let text = if is_sheet {
        sheet::sheet(&handout)
    } else {
        sheet::overview(&handout)
    };
    out.write_all(text.as_bytes())?;
    Ok(Status::Done)
}

fn check(out: &mut dyn Write, file: &PathBuf, captures: &[PathBuf]) -> anyhow::Result<Status> {
    let built_in = file.to_str().and_then(handout::built_in);
    let text = match built_in.filter(|_| !file.exists()) {
        Some(text) => text.to_owned(),
        None => {
            let bytes =
                std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            String::from_utf8(bytes).map_err(|_| {
                anyhow::anyhow!(
                    "{} is no text\nhint: the handout comes first, then the captures",
                    file.display()
                )
            })?
        }
    };
    let handout = match Handout::parse(&text) {
        Ok(handout) => handout,
        Err(problems) => {
            for problem in &problems {
                writeln!(
                    out,
                    "{}\n",
                    problem.draw(&file.display().to_string(), &text)
                )?;
            }
            let n = problems.len();
            writeln!(
                out,
                "{n} {} to repair",
                if n == 1 { "problem" } else { "problems" }
            )?;
            return Ok(Status::Unfavourable);
        }
    };
    let parts: usize = handout.file.question.iter().map(|q| q.part.len()).sum();
    if handout.file.question.is_empty() {
        bail!("the handout asks nothing\nhint: add [[question]] with an id and a text");
    }
    let count_of = |n: usize, what| count(u64::try_from(n).unwrap_or(u64::MAX), what);
    writeln!(
        out,
        "{}: {} with {}, {} to hand in",
        safe(&handout.file.id),
        count_of(handout.file.question.len(), "question"),
        count_of(parts, "answer"),
        count_of(handout.file.capture.len(), "capture")
    )?;
    for name in handout.unused() {
        writeln!(out, "[let.{}] is used by nothing", safe(&name))?;
    }
    if captures.is_empty() {
        return Ok(Status::Done);
    }
    let material = Material::of_files(&handout, captures);
    let mut status = Status::Done;
    answer::complain(&material, &mut status)?;
    if material.files.is_empty() {
        return Ok(status);
    }
    let found = Found::new(&handout, &material);
    let answers = answers(&handout, &material, &found);
    for answer in &answers {
        if let Some(missing) = &answer.missing {
            writeln!(out, "{}: no answer: {}", safe(&answer.id), safe(missing))?;
            status = status.worse(Status::Unfavourable);
        }
        let part = &handout.file.question[answer.question].part[answer.part];
        for wrong in &part.wrong {
            if handout::value::same(&wrong.value, &answer.text) {
                let words = "is listed as wrong, and is the answer";
                writeln!(
                    out,
                    "{}: `{}` {words}",
                    safe(&answer.id),
                    safe(&wrong.value)
                )?;
                status = status.worse(Status::Unfavourable);
            }
        }
    }
    let open = answers.iter().filter(|a| a.missing.is_some()).count();
    writeln!(out, "{} of {parts} answered", parts - open)?;
    Ok(status)
}
