//! `wirelab analyze CAPTURE...`: what happened.

use super::{Status, terminal};
use crate::analyze::{Analysis, analyze};
use crate::capture::{Reader, Verdict};
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
    let mut out = BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
    let mut status = Status::Done;
    if args.merge && args.captures.len() > 1 {
        let readers = args
            .captures
            .iter()
            .map(|p| Ok(Reader::open(p)?))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let names: Vec<String> = args.captures.iter().map(|p| name(p)).collect();
        let (analysis, endings) = crate::analyze::merge(readers);
        for (name, ending) in names.iter().zip(endings) {
            status = status.worse(complain(name, &ending)?);
        }
        tell(&mut out, &names.join(", "), &analysis, args)?;
        out.flush()?;
        return Ok(status);
    }
    for (place, path) in args.captures.iter().enumerate() {
        if place > 0 && args.format != Format::Json {
            writeln!(out)?;
        }
        match one(&mut out, path, args) {
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

fn one(out: &mut dyn Write, path: &Path, args: &Args) -> anyhow::Result<Status> {
    let name = name(path);
    if path.as_os_str() == "-" {
        terminal::outlive_interrupt()?;
    }
    let reader = Reader::open(path).with_context(|| "cannot read the capture".to_owned())?;
    let mut progress = terminal::Progress::new("frames read");
    let analysis = analyze(reader, |frames| progress.show(frames));
    progress.clear();
    tell(out, &name, &analysis, args)?;
    out.flush()?;
    complain(&name, &analysis.ending)
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

fn tell(out: &mut dyn Write, name: &str, analysis: &Analysis, args: &Args) -> anyhow::Result<()> {
    let clock = match args.time {
        TimeStyle::Relative => Clock::Relative,
        TimeStyle::Utc => Clock::Utc,
        TimeStyle::Local => Clock::Local,
    };
    let times = Times {
        clock,
        start: analysis.summary.first.map_or(0, |t| t.0),
    };
    let options = sections::Options {
        receive_buffer: args.receive_buffer,
    };
    let mut list: Vec<Box<dyn Section + '_>> = sections::all(analysis, options);
    list.retain(|s| args.section.is_empty() || args.section.iter().any(|n| n == s.name()));
    let extent = Extent {
        rows: if args.all { usize::MAX } else { ROWS },
        width: terminal::width(),
    };
    render::write(
        out,
        args.format,
        &summary(name, analysis),
        &list,
        &times,
        extent,
    )?;
    Ok(())
}

/// The summary's lines.
fn summary(name: &str, analysis: &Analysis) -> Vec<Line> {
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
            value: Scalar::List(ending.remarks.clone()),
            text: None,
        },
        number(
            "frames",
            ending.frames,
            Some(format!(
                "{} frames, {} bytes on the wire",
                ending.frames, summary.bytes
            )),
        ),
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
