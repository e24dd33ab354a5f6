//! `wirelab grade HANDOUT SUBMISSIONS`: marks for a class, with the reason for every point.

mod files;
mod review;
mod show;

use super::{Status, answer, terminal};
use crate::grade::{self, Limits, Marks, Submission, integrity, prints, progress, roster};
use crate::handout::Handout;
use crate::lab::description::Lab;
use crate::lab::parameters::Values;
use crate::render::{Format, safe};
use anyhow::{Context, bail};
use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Grade hand-ins against the answers that each student's own captures give.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The handout: a built-in one (`wirelab handout list`), or a file.
    handout: String,
    /// A folder with a folder, archive or files for each student, as Moodle, Canvas, Gradescope and
    /// GitHub Classroom export them; an archive of such; or one CSV with a row for each student.
    submissions: PathBuf,
    /// How to write the result.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// How many hand-ins are graded at the same time; as many as there are processors if not given.
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// How long one hand-in may take; one that takes longer is left to a person.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    limit: u64,
    /// Write the gradebook (grades.csv; moodle.csv or canvas.csv for hand-ins from there), a page for
    /// the class, and for each student a page (Markdown, HTML) and the points as Gradescope and
    /// Autolab read them into this folder. A run that was interrupted goes on where it stopped.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// What persons decided, a TOML file that each run reads again; `SUBMISSIONS.decisions.toml` if
    /// not given.
    #[arg(long, value_name = "FILE")]
    decisions: Option<PathBuf>,
    /// Walk through the answers that need a person, question by question, the largest groups first; a
    /// key press decides all equal answers. Where standard output is no terminal, print them as
    /// entries for the file of decisions.
    #[arg(long)]
    review: bool,
    /// Who decides; the user's name if not given.
    #[arg(long, value_name = "NAME")]
    grader: Option<String>,
    /// Captures that everybody may have: packets of these are shared by nobody.
    #[arg(long, value_name = "FOLDER")]
    teacher: Option<PathBuf>,
    /// A CSV with a row for each student: the name, and what the captures should show (columns such
    /// as address, mac, host; a column `seed` stands for what `wirelab lab run --seed` uses).
    #[arg(long, value_name = "FILE")]
    roster: Option<PathBuf>,
    /// Captures made before this time earn no points (`2026-11-01` or `2026-11-01T12:00`).
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<i64>,
    /// Captures made after this time earn no points.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<i64>,
    /// Call hand-ins by numbers that say nothing about the students' names.
    #[arg(long)]
    anonymous: bool,
    /// Leave the key, the frames that prove it, and what is only for teachers, out of every output.
    #[arg(long, conflicts_with = "review")]
    student_view: bool,
}

/// Runs the subcommand.
pub(super) fn run(args: &Args) -> anyhow::Result<Status> {
    let (handout, text) = answer::load(&args.handout)?;
    let handout = Arc::new(handout);
    let mut submissions = grade::collect(&args.submissions).map_err(|e| anyhow::anyhow!("{e}"))?;
    if submissions.is_empty() {
        bail!(
            "{} holds no hand-in\nhint: put a folder for each student into it",
            args.submissions.display()
        );
    }
    if args.anonymous {
        hide(&mut submissions);
    }
    let path = match &args.decisions {
        Some(path) => path.clone(),
        None => beside(&args.submissions),
    };
    let decided = decisions(&path, args.decisions.is_some() && !args.review, &handout)?;
    let mut all = graded(args, &handout, &text, submissions)?;
    grade::whose(&mut all);
    roster::window(&mut all, args.since, args.until);
    if let Some(file) = &args.roster {
        expected(file, &handout)?.check(&mut all);
    }
    grade::decisions::apply(&decided, &mut all);
    if args.review {
        if std::io::stdout().is_terminal()
            || !std::io::stdin().is_terminal() && args.grader.is_some()
        {
            let user = || std::env::var("USER").unwrap_or_else(|_| "a person".to_owned());
            let grader = args.grader.clone().unwrap_or_else(user);
            return review::run(&handout, &all, &path, &grader);
        }
        let mut out = std::io::stdout().lock();
        out.write_all(grade::decisions::open(&all).as_bytes())?;
        return Ok(Status::Done);
    }
    let mut found = integrity::findings(&all, &teacher(args.teacher.as_deref())?);
    if args.student_view {
        all = all.iter().map(grade::student_view::marks).collect();
        found = integrity::Findings::default();
    }
    if let Some(folder) = &args.out {
        files::write(folder, &handout, &all, &found)?;
        // It is finished: nothing is left to go on with.
        let _ = std::fs::remove_file(folder.join(UNFINISHED));
    }
    let mut out = BufWriter::new(std::io::stdout().lock());
    show::write(&mut out, args.format, &handout, &all, &found)?;
    out.flush()?;
    Ok(Status::Done)
}

/// What was graded before an interruption, in the folder of results.
const UNFINISHED: &str = "unfinished.jsonl";
/// What takes less time is begun again rather than kept.
const WORTH: Duration = Duration::from_secs(2);

/// Grades all, going on where an earlier run stopped.
fn graded(
    args: &Args,
    handout: &Arc<Handout>,
    text: &str,
    submissions: Vec<Submission>,
) -> anyhow::Result<Vec<Marks>> {
    let limits = Limits {
        jobs: args.jobs.unwrap_or(Limits::default().jobs),
        time: Duration::from_secs(args.limit.max(1)),
    };
    let kept = args.out.as_ref().map(|folder| folder.join(UNFINISHED));
    let known = match &kept {
        Some(path) if path.exists() => {
            let text =
                std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            progress::read(&String::from_utf8_lossy(&text))
        }
        _ => Default::default(),
    };
    let (todo, mut results) = progress::split(text, &submissions, known);
    let submissions = Arc::new(submissions);
    let mut shown = terminal::Progress::new("hand-ins graded");
    let begun = Instant::now();
    let mut finished = submissions.len() - todo.len();
    let mut waiting: Vec<usize> = Vec::new();
    let mut trouble = None;
    grade::workers::run(handout, &submissions, todo, limits, |at, marks| {
        results[at] = Some(marks);
        finished += 1;
        shown.show(finished as u64);
        let Some(path) = &kept else { return };
        waiting.push(at);
        if begun.elapsed() > WORTH && trouble.is_none() {
            trouble = keep(path, text, &submissions, &results, &waiting).err();
            waiting.clear();
        }
    });
    shown.clear();
    if let Some(error) = trouble {
        return Err(error);
    }
    Ok(results.into_iter().flatten().collect())
}

fn keep(
    path: &Path,
    handout: &str,
    submissions: &[Submission],
    results: &[Option<Marks>],
    finished: &[usize],
) -> anyhow::Result<()> {
    let told = || format!("cannot write {}", path.display());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(told)?;
    }
    let mut lines = String::new();
    for at in finished {
        if let Some(marks) = &results[*at] {
            lines.push_str(&progress::line(
                &progress::key(handout, &submissions[*at]),
                marks,
            ));
        }
    }
    let file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path);
    file.and_then(|mut f| f.write_all(lines.as_bytes()))
        .with_context(told)
}

/// The file of decisions that lies beside the hand-ins.
fn beside(submissions: &Path) -> PathBuf {
    let whole = submissions
        .canonicalize()
        .unwrap_or_else(|_| submissions.to_owned());
    let mut name = whole.file_stem().unwrap_or_default().to_os_string();
    name.push(".decisions.toml");
    whole.with_file_name(name)
}

fn decisions(
    path: &Path,
    asked: bool,
    handout: &Handout,
) -> anyhow::Result<grade::decisions::File> {
    if !path.exists() {
        if asked {
            bail!(
                "there is no {}\nhint: `--review` makes one, or leave --decisions out",
                path.display()
            );
        }
        return Ok(grade::decisions::File::default());
    }
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let wrong = |at: usize, words: &str| {
        let line = text[..at].matches('\n').count() + 1;
        anyhow::anyhow!("{}, line {line}: {}", path.display(), safe(words))
    };
    let file: grade::decisions::File =
        toml::from_str(&text).map_err(|e| wrong(e.span().map_or(0, |s| s.start), e.message()))?;
    match grade::decisions::impossible(&file, handout) {
        Some((at, words)) => Err(wrong(at, &words)),
        None => Ok(file),
    }
}

/// Gives every hand-in a number, in an order that has nothing to do with the names.
fn hide(submissions: &mut [Submission]) {
    submissions.sort_by_cached_key(|s| progress::key("", s));
    for (number, one) in submissions.iter_mut().enumerate() {
        one.student = format!("hand-in {:03}", number + 1);
        one.owner = None;
    }
}

/// The packets of a folder of captures.
fn teacher(folder: Option<&Path>) -> anyhow::Result<integrity::Known> {
    let Some(folder) = folder else {
        return Ok(integrity::Known::default());
    };
    let all = grade::collect(folder).map_err(|e| anyhow::anyhow!("{e}"))?;
    let mut read = Vec::new();
    for one in &all {
        let (files, _) = grade::submission::unpacked(one);
        for file in files {
            if grade::student::is_capture(&file)
                && let Ok(reader) = grade::student::open(&file)
            {
                read.push(prints::read(file.name, reader));
            }
        }
    }
    if read.is_empty() {
        bail!("{} holds no capture", folder.display());
    }
    Ok(integrity::known(read.iter()))
}

/// The table of students, with seeds as what the lab makes of them.
fn expected(path: &Path, handout: &Handout) -> anyhow::Result<roster::Roster> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let lab = crate::lab::labs::text(&handout.file.id).and_then(|text| Lab::parse(text).ok());
    let parameters = lab.and_then(|lab| lab.parameters().ok());
    let more = |name: &str, value: &str| {
        if name != "seed" {
            return None;
        }
        let seed = value.parse().ok()?;
        let values = Values::new(parameters.as_ref()?, Some(seed));
        let own = values
            .iter()
            .filter(|(name, _)| matches!(*name, "vm" | "vm_mac" | "client" | "client_mac" | "far"));
        Some(own.map(|(n, v)| (n.to_owned(), v.to_lowercase())).collect())
    };
    roster::Roster::read(&text, more)
        .map_err(|e| anyhow::anyhow!("{}: {}", path.display(), safe(&e)))
}

/// A day, or a day with a time, of this machine's zone; in nanoseconds since 1970.
fn moment(text: &str) -> Result<i64, String> {
    let told = "give a day (2026-11-01) or a day and a time (2026-11-01T12:00)";
    let zone = jiff::tz::TimeZone::system();
    let time = match text.parse::<jiff::Timestamp>() {
        Ok(time) => time,
        Err(_) => {
            let civil: jiff::civil::DateTime = text
                .parse::<jiff::civil::DateTime>()
                .or_else(|_| text.parse::<jiff::civil::Date>().map(Into::into))
                .map_err(|_| told.to_owned())?;
            zone.to_timestamp(civil).map_err(|_| told.to_owned())?
        }
    };
    i64::try_from(time.as_nanosecond()).map_err(|_| told.to_owned())
}
