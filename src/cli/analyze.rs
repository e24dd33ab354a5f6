//! `wirelab analyze CAPTURE...`: what happened.

use super::restriction::Restriction;
use super::{Status, terminal};
use crate::analyze::{Analysis, Wants, analyze};
use crate::capture::{Kept, Reader};
use crate::facts::Rows;
use crate::facts::capture::Capture;
use crate::query;
use crate::render::{self, Extent, Format, Report, safe};
use crate::report::{Clock, Times, summary};
use crate::store;
use anyhow::{Context, bail};
use clap::Args as ClapArgs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// What happened in a capture: connections, datagrams, ARP, next hops, pings, and what stands out.
#[derive(ClapArgs)]
pub(super) struct Args {
    /// Capture files (pcap or pcapng, also gzip, zstd or lz4); `-` is standard input.
    #[arg(required = true, value_name = "CAPTURE")]
    captures: Vec<PathBuf>,
    /// Show only these sections, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "SECTION")]
    section: Vec<String>,
    /// How to write the report.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Show every row of every table.
    #[arg(long)]
    all: bool,
    /// How to tell times.
    #[arg(long, value_enum, default_value_t = TimeStyle::Relative)]
    time: TimeStyle,
    /// Size in bytes of the UDP receiver's buffer, to see what it cuts.
    #[arg(long, value_name = "N")]
    receive_buffer: Option<u32>,
    /// Colour for what stands out.
    #[arg(long, value_enum, default_value_t)]
    color: terminal::WhenColour,
    /// In JSON, say of each field that has no value why, and of each that has one which frames
    /// prove it.
    #[arg(long)]
    why: bool,
    /// Put the frames of several captures on one timeline.
    #[arg(long)]
    merge: bool,
    /// Tell only of what frames for which this display filter holds are part of, or only facts for
    /// which it does: `connection.closed == reset`. `wirelab fields --list` has the names of both.
    #[arg(short = 'Y', long, value_name = "FILTER", allow_hyphen_values = true)]
    filter: Option<String>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum TimeStyle {
    /// Seconds since the first frame.
    Relative,
    /// Date and time in UTC.
    Utc,
    /// Date and time where this machine is.
    Local,
}

/// Rows of a table unless `--all` is given.
const ROWS: usize = 40;

/// Analyzes the captures one after another.
pub(super) fn run(args: &Args) -> anyhow::Result<Status> {
    for name in &args.section {
        if store::kind(name).is_none() {
            bail!(
                "no section is called {:?}; there are: {}",
                safe(name),
                store::names().join(", ")
            );
        }
    }
    let restriction = Restriction::new(args.filter.as_deref(), &args.section)?;
    let mut out = BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
    let mut status = Status::Done;
    if args.merge && args.captures.len() > 1 {
        let readers = args
            .captures
            .iter()
            .map(|path| {
                let kept = keep(path, &restriction)?;
                let file = kept.as_ref().map_or(path.as_path(), Kept::path);
                Ok((Reader::open(file)?, restriction.passing(file)?))
            })
            .collect::<anyhow::Result<Vec<_>>>()?;
        let names: Vec<String> = args.captures.iter().map(|p| name(p)).collect();
        let (analysis, endings) = crate::analyze::merge(readers, wants(args, &restriction));
        for (name, ending) in names.iter().zip(endings) {
            status = status.worse(complain(name, &ending)?);
        }
        let told = tell(&mut out, &names.join(", "), &analysis, args, &restriction)?;
        out.flush()?;
        return Ok(status.worse(told));
    }
    for (place, path) in args.captures.iter().enumerate() {
        if place > 0 && args.format != Format::Json {
            writeln!(out)?;
        }
        match one(&mut out, path, args, &restriction) {
            Ok((one, analysis)) => {
                status = status.worse(one);
                if place + 1 == args.captures.len() {
                    // The program ends: what the system takes back at once need not be given back
                    // piece by piece.
                    std::mem::forget(analysis);
                }
            }
            // The other captures are still worth reading.
            Err(error) if args.captures.len() > 1 && !super::is_closed_pipe(&error) => {
                writeln!(std::io::stderr(), "wirelab: {error:#}")?;
                status = Status::Failed;
            }
            Err(error) => return Err(error),
        }
    }
    out.flush()?;
    Ok(status)
}

fn one(
    out: &mut dyn Write,
    path: &Path,
    args: &Args,
    restriction: &Restriction,
) -> anyhow::Result<(Status, Analysis)> {
    let name = name(path);
    if path.as_os_str() == "-" {
        terminal::outlive_interrupt()?;
    }
    let kept = keep(path, restriction)?;
    let reader =
        Reader::open(kept.as_ref().map_or(path, Kept::path)).context("cannot read the capture")?;
    let passing = restriction.passing(kept.as_ref().map_or(path, Kept::path))?;
    let mut progress = terminal::Progress::new("frames read");
    let wants = wants(args, restriction);
    let analysis = analyze(reader, wants, passing, |frames| progress.show(frames));
    progress.clear();
    let status = tell(out, &name, &analysis, args, restriction)?;
    out.flush()?;
    let status = status.worse(complain(&name, &analysis.ending)?);
    Ok((status, analysis))
}

/// Tells of an analysis that was made while its frames came.
pub(super) fn told_live(
    out: &mut dyn Write,
    name: &str,
    analysis: &Analysis,
) -> anyhow::Result<Status> {
    let command = <Args as clap::Args>::augment_args(clap::Command::new("analyze"));
    let matches = command.get_matches_from(["analyze", "-"]);
    let args = <Args as clap::FromArgMatches>::from_arg_matches(&matches)?;
    tell(out, name, analysis, &args, &Restriction::new(None, &[])?)
}

/// What the sections that are told need.
fn wants(args: &Args, restriction: &Restriction) -> Wants {
    match restriction {
        Restriction::Facts(filters) => Wants::of(filters.iter().map(|f| f.0)),
        _ => Wants::of(args.section.iter().map(String::as_str)),
    }
}

/// Where to read a capture, as often as the restriction needs.
fn keep(path: &Path, restriction: &Restriction) -> anyhow::Result<Option<Kept>> {
    restriction
        .reads_twice()
        .then(|| Kept::new(path).context("cannot keep standard input in a temporary file"))
        .transpose()
}

/// What a capture is called in the report.
fn name(path: &Path) -> String {
    match path.to_str() {
        Some("-") => "standard input".to_owned(),
        _ => path.display().to_string(),
    }
}

/// Says on stderr what was remarkable about the file.
fn complain(name: &str, ending: &crate::capture::Ending) -> anyhow::Result<Status> {
    let mut err = std::io::stderr().lock();
    for remark in &ending.remarks {
        writeln!(err, "wirelab: {}: {}", safe(name), safe(remark))?;
    }
    if ending.verdict.is_whole() {
        return Ok(Status::Done);
    }
    let reason = ending
        .reason
        .as_deref()
        .unwrap_or("could not be read to its end");
    writeln!(
        err,
        "wirelab: {}: {}: {}",
        safe(name),
        ending.verdict.word(),
        safe(reason)
    )?;
    Ok(Status::Failed)
}

fn tell(
    out: &mut dyn Write,
    name: &str,
    analysis: &Analysis,
    args: &Args,
    restriction: &Restriction,
) -> anyhow::Result<Status> {
    let clock = match args.time {
        TimeStyle::Relative => Clock::Relative,
        TimeStyle::Utc => Clock::Utc,
        TimeStyle::Local => Clock::Local,
    };
    let options = store::Options {
        receive_buffer: args.receive_buffer,
    };
    let mut sections = match restriction {
        Restriction::Facts(filters) => filters
            .iter()
            .filter_map(|(about, filter)| {
                let mut rows = (store::kind(about)?.rows)(analysis, options);
                query::keep(&mut rows, filter);
                Some(rows)
            })
            .collect(),
        _ => store::sections(analysis, options, &args.section),
    };
    sections.retain(|rows| !rows.is_empty());
    let facts: usize = sections.iter().map(Rows::len).sum();
    let filter = args.filter.clone().filter(|text| !text.trim().is_empty());
    let capture = Capture {
        file: name.to_owned(),
        passing_frames: analysis.passing.as_ref().map(|p| p.count),
        filter,
        ..analysis.capture.clone()
    };
    let report = Report {
        lines: summary::lines(analysis, &capture, facts),
        capture,
        sections,
        times: Times {
            clock,
            start: analysis.start.map_or(0, |t| t.0),
            whole: args.all,
        },
        extent: Extent {
            rows: if args.all { usize::MAX } else { ROWS },
            width: terminal::width(),
        },
        colour: terminal::colour(args.color),
        why: args.why,
    };
    render::write(out, args.format, &report)?;
    // A filter that nothing passes is an answer, and not the one hoped for.
    let nothing =
        report.capture.filter.is_some() && (facts == 0 || report.capture.passing_frames == Some(0));
    Ok(if nothing {
        Status::Unfavourable
    } else {
        Status::Done
    })
}
