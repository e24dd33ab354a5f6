//! `wirelab analyze CAPTURE...`: what happened.

use super::restriction::Restriction;
use super::{Status, terminal};
use crate::analyze::{Analysis, analyze};
use crate::capture::{Kept, Reader, Verdict};
use crate::render::{self, Extent, Format, Line, Scalar, safe};
use crate::report::{Clock, Section, Times, sections};
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
    /// Put the frames of several captures on one timeline.
    #[arg(long)]
    merge: bool,
    /// Tell only of frames for which this display filter holds, or only facts for which it does:
    /// `connection.closed == "reset"`. `wirelab fields --list` has the names of both.
    #[arg(short = 'Y', long, value_name = "FILTER")]
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
        if !sections::NAMES.contains(&name.as_str()) {
            bail!(
                "no section is called {:?}; there are: {}",
                safe(name),
                sections::NAMES.join(", ")
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
        let (analysis, endings) = crate::analyze::merge(readers);
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
            Ok(one) => status = status.worse(one),
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
) -> anyhow::Result<Status> {
    let name = name(path);
    if path.as_os_str() == "-" {
        terminal::outlive_interrupt()?;
    }
    let kept = keep(path, restriction)?;
    let reader =
        Reader::open(kept.as_ref().map_or(path, Kept::path)).context("cannot read the capture")?;
    let passing = restriction.passing(kept.as_ref().map_or(path, Kept::path))?;
    let mut progress = terminal::Progress::new("frames read");
    let analysis = analyze(reader, passing.as_ref(), |frames| progress.show(frames));
    progress.clear();
    let status = tell(out, &name, &analysis, args, restriction)?;
    out.flush()?;
    Ok(status.worse(complain(&name, &analysis.ending)?))
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
    let times = Times {
        clock,
        start: analysis.summary.start.map_or(0, |t| t.0),
    };
    let options = sections::Options {
        receive_buffer: args.receive_buffer,
    };
    let mut list: Vec<Box<dyn Section + '_>> = sections::all(analysis, options);
    list.retain(|s| args.section.is_empty() || args.section.iter().any(|n| n == s.name()));
    if let (Restriction::Facts(about), Some(text)) = (restriction, &args.filter) {
        list.retain(|s| about.contains(&s.name()));
        for section in &mut list {
            section.keep(text)?;
        }
        list.retain(|s| !s.is_empty());
    }
    let facts: usize = list.iter().map(|s| s.len()).sum();
    let extent = Extent {
        rows: if args.all { usize::MAX } else { ROWS },
        width: terminal::width(),
    };
    render::write(
        out,
        args.format,
        &summary(name, analysis, args.filter.as_deref(), facts),
        &list,
        &times,
        extent,
    )?;
    // A filter that nothing passes is an answer, and not the one hoped for.
    let nothing = args.filter.is_some() && facts == 0;
    Ok(if nothing {
        Status::Unfavourable
    } else {
        Status::Done
    })
}

/// The summary's lines.
fn summary(name: &str, analysis: &Analysis, filter: Option<&str>, facts: usize) -> Vec<Line> {
    let (summary, ending) = (&analysis.summary, &analysis.ending);
    let text = |key, value: &str, shown| Line {
        key,
        value: Scalar::Text(value.to_owned()),
        text: shown,
    };
    let number = |key, value: u64, shown| Line {
        key,
        value: Scalar::Number(value.to_string()),
        text: shown,
    };
    let absolute = Times {
        clock: Clock::Utc,
        start: 0,
    };
    let stamp = |time: Option<crate::capture::Time>| {
        time.map(|t| crate::report::moment(Some(crate::facts::Moment(t.0)), &absolute))
    };
    let or_null = |value: Option<String>| value.map_or(Scalar::Null, Scalar::Text);
    let duration = summary.first.zip(summary.last).map(|(a, b)| b.since(a));
    let verdict = ending.verdict;
    let whole = match (verdict, &ending.reason) {
        (Verdict::Clean, _) => String::new(),
        (Verdict::Odd, _) => "read to its end, with remarks".to_owned(),
        (other, Some(reason)) => format!("{}: {reason}", other.word()),
        (other, None) => other.word().to_owned(),
    };
    let about: Vec<&str> = [ending.format.as_str(), whole.as_str()]
        .into_iter()
        .filter(|t| !t.is_empty())
        .collect();
    let about = about.join("; ");
    let filter = filter.filter(|text| !text.trim().is_empty());
    let mut remarks = ending.remarks.clone();
    if analysis.restricted {
        remarks.push(
            "told from the frames that pass the filter alone: an answer that does not pass counts \
             as none"
                .to_owned(),
        );
    }
    let first = stamp(summary.first);
    let mut when = first.clone().map(|f| format!("first frame {f}"));
    if let (Some(when), Some(ns)) = (&mut when, duration) {
        when.push_str(&format!(
            ", over {:.3} s",
            crate::facts::Milliseconds::from_nanoseconds(ns).0 / 1000.0
        ));
    }
    let mut limits = Vec::new();
    if summary.snapped > 0 {
        limits.push(format!(
            "{} frames are cut short by the snapshot length",
            summary.snapped
        ));
    }
    if summary.malformed > 0 {
        limits.push(format!(
            "{} frames have headers that contradict themselves",
            summary.malformed
        ));
    }
    if summary.undecoded > 0 {
        limits.push(format!(
            "{} frames are of a link type that is not decoded",
            summary.undecoded
        ));
    }
    if analysis.trackers.pairs.overflow > 0 {
        limits.push(format!(
            "{} frames belong to more pairs of hosts than are listed",
            analysis.trackers.pairs.overflow
        ));
    }
    vec![
        text("file", name, Some(format!("{name}: {about}"))),
        text("format", &ending.format, None),
        text("verdict", verdict.word(), None),
        Line {
            key: "stopped_at_byte",
            value: ending
                .stopped_at_byte
                .map_or(Scalar::Null, |b| Scalar::Number(b.to_string())),
            text: None,
        },
        Line {
            key: "reason",
            value: or_null(ending.reason.clone()),
            text: None,
        },
        Line {
            key: "remarks",
            value: Scalar::List(remarks),
            text: None,
        },
        number(
            "frames",
            ending.frames,
            Some(match filter {
                Some(filter) if analysis.restricted => format!(
                    "{} of {} frames pass `{filter}`, {} bytes on the wire; what follows is told \
                     from these alone: an answer that does not pass counts as none",
                    summary.frames, ending.frames, summary.bytes
                ),
                Some(filter) => format!(
                    "{} frames, {} bytes on the wire; `{filter}` holds for {facts} {}",
                    ending.frames,
                    summary.bytes,
                    if facts == 1 { "fact" } else { "facts" }
                ),
                None => format!(
                    "{} frames, {} bytes on the wire",
                    ending.frames, summary.bytes
                ),
            }),
        ),
        Line {
            key: "filter",
            value: or_null(filter.map(str::to_owned)),
            text: None,
        },
        Line {
            key: "passing_frames",
            value: if analysis.restricted {
                Scalar::Number(summary.frames.to_string())
            } else {
                Scalar::Null
            },
            text: None,
        },
        number("bytes", summary.bytes, None),
        Line {
            key: "first_time",
            value: or_null(first),
            text: when,
        },
        Line {
            key: "last_time",
            value: or_null(stamp(summary.last)),
            text: None,
        },
        Line {
            key: "duration_ms",
            value: duration.map_or(Scalar::Null, |ns| {
                Scalar::Number(format!(
                    "{}",
                    crate::facts::Milliseconds::from_nanoseconds(ns).0
                ))
            }),
            text: None,
        },
        number(
            "snapped_frames",
            summary.snapped,
            (!limits.is_empty()).then(|| limits.join("; ")),
        ),
        number("malformed_frames", summary.malformed, None),
        number("undecoded_frames", summary.undecoded, None),
    ]
}
