//! `wirelab fields`: the values of fields, a line a frame, as `tshark -T fields` prints them.

use super::Status;
use crate::capture::Ending;
use crate::dissect::field::{Kind, Value};
use crate::query::{Catalogue, EntryId, Session, Values, catalogue, print};
use crate::render;
use anyhow::{Context, bail};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

/// Print fields of frames, as `tshark -T fields` does.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The capture; `-` is standard input.
    #[arg(required_unless_present = "list")]
    capture: Option<PathBuf>,
    /// A field to print, by Wireshark's name; may be given several times.
    #[arg(short = 'e', long = "field", value_name = "FIELD")]
    fields: Vec<String>,
    /// Only frames for which this display filter holds.
    #[arg(
        short = 'Y',
        long = "filter",
        value_name = "FILTER",
        allow_hyphen_values = true
    )]
    filter: Option<String>,
    /// How to print: header=y|n, separator=C, aggregator=C, quote=d|s|n, occurrence=f|l|a
    /// (/t is a tab, /s a space).
    #[arg(short = 'E', long = "option", value_name = "NAME=VALUE")]
    options: Vec<String>,
    /// Instead of tshark's columns.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// List the fields, or those whose name or sentence has TEXT.
    #[arg(long, value_name = "TEXT", num_args = 0..=1, default_missing_value = "")]
    list: Option<String>,
}

/// How rows are written.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// An array with an object a frame.
    Json,
    /// Comma-separated values with a heading.
    Csv,
}

/// Runs the subcommand.
pub(super) fn run(args: &Args) -> anyhow::Result<Status> {
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    if let Some(text) = &args.list {
        list(text, &mut out)?;
        out.flush()?;
        return Ok(Status::Done);
    }
    let Some(capture) = &args.capture else {
        bail!("name a capture, or `-` for standard input");
    };
    if args.fields.is_empty() {
        bail!("name fields with -e, such as -e ip.src; `wirelab fields --list` lists them");
    }
    let style = Style::new(args)?;
    let fields = lookup(&args.fields)?;
    let filter = super::filter(args.filter.as_deref(), Catalogue::frames())?;
    let session = Session::new(filter.as_ref(), &fields).as_wireshark();
    let ending = print(&session, capture, &args.fields, &fields, &style, &mut out)?;
    out.flush()?;
    super::report_ending(capture, &ending)
}

/// Writes every frame's row.
fn print(
    session: &Session<'_>,
    capture: &Path,
    names: &[String],
    fields: &[EntryId],
    style: &Style,
    out: &mut impl Write,
) -> anyhow::Result<Ending> {
    let kinds: Vec<Kind> = fields
        .iter()
        .map(|id| Catalogue::frames().entry(*id).kind)
        .collect();
    let mut line = Vec::new();
    style.heading(names, &mut line);
    out.write_all(&line)?;
    let mut first = true;
    let terminal = style.format.is_none() && io::stdout().is_terminal();
    let ending = session.run(capture, |seen| {
        line.clear();
        match style.format {
            Some(Format::Json) => json(names, &kinds, seen.values, first, &mut line),
            _ => style.row(&kinds, seen.values, &mut line),
        }
        if terminal {
            // tshark lets through what acts on a terminal; a file may have it as it is.
            let text = String::from_utf8_lossy(&line);
            line = text
                .split(['\n', '\t'])
                .map(render::safe)
                .collect::<Vec<_>>()
                .join("\t")
                .into_bytes();
            if line.last() == Some(&b'\t') {
                line.pop();
            }
            line.push(b'\n');
        }
        first = false;
        out.write_all(&line)
    })?;
    if style.format == Some(Format::Json) {
        out.write_all(if first { b"]\n" } else { b"\n]\n" })?;
    }
    Ok(ending)
}

/// Names into fields.
fn lookup(names: &[String]) -> anyhow::Result<Vec<EntryId>> {
    let catalogue = Catalogue::frames();
    let find = |name: &String| {
        catalogue.find(name).with_context(|| {
            if let Some(cause) = catalogue.known_elsewhere(name) {
                return cause.to_string();
            }
            let advice = catalogue.advice(name);
            let advice = advice.map_or(String::new(), |advice| format!("; {advice}"));
            format!("there is no field `{name}`{advice}")
        })
    };
    names.iter().map(find).collect()
}

/// Which of several values of a field are printed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Occurrence {
    First,
    Last,
    All,
}

/// What `-E` says.
struct Style {
    format: Option<Format>,
    header: bool,
    separator: Vec<u8>,
    aggregator: Vec<u8>,
    quote: Option<u8>,
    occurrence: Occurrence,
}

impl Style {
    fn new(args: &Args) -> anyhow::Result<Style> {
        let mut style = Style {
            format: args.format,
            header: false,
            separator: vec![b'\t'],
            aggregator: vec![b','],
            quote: None,
            occurrence: Occurrence::All,
        };
        if args.format == Some(Format::Csv) {
            style.header = true;
            style.separator = vec![b','];
        }
        for option in &args.options {
            style
                .set(option)
                .with_context(|| format!("cannot use -E {option}"))?;
        }
        Ok(style)
    }

    fn set(&mut self, option: &str) -> anyhow::Result<()> {
        let (name, value) = option
            .split_once('=')
            .context("write NAME=VALUE, such as header=y")?;
        match (name, value) {
            ("header", "y") => self.header = true,
            ("header", "n") => self.header = false,
            ("separator", value) => self.separator = character(value)?,
            ("aggregator", value) => self.aggregator = character(value)?,
            ("quote", "d") => self.quote = Some(b'"'),
            ("quote", "s") => self.quote = Some(b'\''),
            ("quote", "n") => self.quote = None,
            ("occurrence", "f") => self.occurrence = Occurrence::First,
            ("occurrence", "l") => self.occurrence = Occurrence::Last,
            ("occurrence", "a") => self.occurrence = Occurrence::All,
            ("header", _) => bail!("header is y or n"),
            ("quote", _) => bail!("quote is d (double), s (single) or n (none)"),
            ("occurrence", _) => bail!("occurrence is f (first), l (last) or a (all)"),
            _ => bail!("the names are header, separator, aggregator, quote and occurrence"),
        }
        Ok(())
    }

    fn heading(&self, names: &[String], line: &mut Vec<u8>) {
        if self.format == Some(Format::Json) {
            line.push(b'[');
        } else if self.header {
            for (at, name) in names.iter().enumerate() {
                if at > 0 {
                    line.extend_from_slice(&self.separator);
                }
                self.cell(name.as_bytes(), line);
            }
            line.push(b'\n');
        }
    }

    fn row(&self, kinds: &[Kind], values: &Values<'_>, line: &mut Vec<u8>) {
        let mut cell = Vec::new();
        for (slot, kind) in kinds.iter().enumerate() {
            if slot > 0 {
                line.extend_from_slice(&self.separator);
            }
            if self.format.is_none() && self.quote.is_none() {
                self.values(*kind, values, slot, line);
                continue;
            }
            cell.clear();
            self.values(*kind, values, slot, &mut cell);
            if !cell.is_empty() {
                self.cell(&cell, line);
            }
        }
        line.push(b'\n');
    }

    /// The values of one field, joined.
    fn values(&self, kind: Kind, values: &Values<'_>, slot: usize, out: &mut Vec<u8>) {
        let last = match self.occurrence {
            Occurrence::Last => values.of(slot).last(),
            _ => None,
        };
        if let Some(value) = last {
            return print::value(kind, value, out);
        }
        for (at, value) in values.of(slot).enumerate() {
            if at > 0 {
                if self.occurrence == Occurrence::First {
                    return;
                }
                out.extend_from_slice(&self.aggregator);
            }
            print::value(kind, value, out);
        }
    }

    /// A cell with its quotes: always where tshark was asked for them, in CSV where needed.
    fn cell(&self, text: &[u8], line: &mut Vec<u8>) {
        if self.format == Some(Format::Csv) {
            let cell = render::csv_cell(&String::from_utf8_lossy(text));
            return line.extend_from_slice(cell.as_bytes());
        }
        line.extend(self.quote);
        line.extend_from_slice(text);
        line.extend(self.quote);
    }
}

/// A separator as `-E` writes it.
fn character(text: &str) -> anyhow::Result<Vec<u8>> {
    match text {
        "/t" => Ok(vec![b'\t']),
        "/s" => Ok(vec![b' ']),
        "" => bail!("a character is missing; /t is a tab, /s a space"),
        other if other.chars().count() == 1 => Ok(other.as_bytes().to_vec()),
        _ => bail!("one character, /t for a tab or /s for a space"),
    }
}

/// One frame as a JSON object: each field that is there with the list of its values.
fn json(names: &[String], kinds: &[Kind], values: &Values<'_>, first: bool, line: &mut Vec<u8>) {
    line.extend_from_slice(if first { b"\n  {" } else { b",\n  {" });
    let mut some = false;
    for (slot, (name, kind)) in names.iter().zip(kinds).enumerate() {
        let mut list = values.of(slot).peekable();
        if list.peek().is_none() {
            continue;
        }
        if some {
            line.extend_from_slice(b", ");
        }
        some = true;
        json_text(name, line);
        line.extend_from_slice(b": [");
        for (at, value) in list.enumerate() {
            if at > 0 {
                line.extend_from_slice(b", ");
            }
            json_value(*kind, value, line);
        }
        line.push(b']');
    }
    line.push(b'}');
}

fn json_value(kind: Kind, value: &Value<'_>, line: &mut Vec<u8>) {
    match value {
        Value::Boolean(true) | Value::Present => line.extend_from_slice(b"true"),
        Value::Boolean(false) => line.extend_from_slice(b"false"),
        Value::Unsigned(_) if matches!(kind, Kind::Hex(_)) => {
            let mut text = Vec::new();
            print::value(kind, value, &mut text);
            json_text(&String::from_utf8_lossy(&text), line);
        }
        Value::Unsigned(_) | Value::Signed(_) | Value::Duration(_) => {
            print::value(kind, value, line);
        }
        Value::Float(n) if n.is_finite() => print::value(kind, value, line),
        Value::Text(text) => json_text(&String::from_utf8_lossy(text), line),
        Value::Bytes(bytes) if bytes.is_empty() => json_text("", line),
        Value::Frames(_) => {
            line.push(b'[');
            print::value(kind, value, line);
            line.push(b']');
        }
        value => {
            let mut text = Vec::new();
            print::value(kind, value, &mut text);
            json_text(&String::from_utf8_lossy(&text), line);
        }
    }
}

fn json_text(text: &str, line: &mut Vec<u8>) {
    line.extend_from_slice(render::json_text(text).as_bytes());
}

/// Lists the fields: of frames as Wireshark has them, then of facts, for `analyze -Y`.
fn list(text: &str, out: &mut impl Write) -> io::Result<()> {
    let wanted = text.to_lowercase();
    let facts = super::restriction::catalogues();
    for catalogue in std::iter::once(Catalogue::frames()).chain(&facts) {
        let filled = catalogue.entries().iter().filter(|e| !e.places.is_empty());
        let shown = filled.filter(|entry| {
            entry.name.to_lowercase().contains(&wanted)
                || entry.doc.to_lowercase().contains(&wanted)
        });
        for entry in shown {
            let kind = catalogue::describe(entry.kind);
            let kind = kind
                .strip_prefix("a ")
                .or(kind.strip_prefix("an "))
                .unwrap_or(kind);
            write!(out, "{:<40} {kind:<22} {}", entry.name, entry.doc)?;
            if !std::ptr::eq(catalogue, Catalogue::frames()) {
                write!(out, " (analyze --section {})", catalogue.about)?;
            }
            writeln!(out)?;
        }
    }
    Ok(())
}
