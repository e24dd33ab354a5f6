//! `wirelab follow`: what the two ends of one conversation said, as Wireshark's Follow Stream.

use super::Status;
use crate::capture::Kept;
use crate::dissect::meaning;
use crate::query::{Catalogue, Filter, Session};
use crate::render::{Format, csv_cell, json_text, markdown_cell, safe};
use crate::report::follow::{Content, Lines, Row, Talk};
use crate::track::stream::conversation::{Conversation, End, Said, Which};
use anyhow::{Context, bail};
use std::collections::BTreeSet;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::PathBuf;

/// Show what both ends of one conversation said, in order.
///
/// The filter selects the conversation: `tcp.stream == 3`, `udp.stream == 0`, or whatever only its
/// frames have. Text is told line by line, with who said it and the frames that carried it.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  wirelab follow lab.pcap 'tcp.stream == 3'
  wirelab follow lab.pcap 'ftp.request.command == \"RETR\"'
  wirelab follow lab.pcap 'tcp.stream == 4' --as raw --only server > notes.txt")]
pub(super) struct Args {
    /// The capture; `-` is standard input.
    capture: PathBuf,
    /// A display filter whose frames all belong to one conversation.
    filter: String,
    /// How the bytes are shown.
    #[arg(long = "as", value_enum, default_value_t, value_name = "HOW")]
    how: How,
    /// Only what this end said.
    #[arg(long, value_enum, value_name = "END")]
    only: Option<Only>,
    /// How to write the lines of text.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How bytes are shown.
#[derive(Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum How {
    /// Line by line; bytes that are no text are counted.
    #[default]
    Text,
    /// Sixteen bytes a line, in hexadecimal and as text.
    Hex,
    /// As they are, for another program or a file.
    Raw,
}

/// One of the two ends.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Only {
    /// Who opened the conversation.
    Client,
    /// The other.
    Server,
    /// Who sent the first frame, where the client cannot be told.
    A,
    /// The other of them.
    B,
}

/// Port of Telnet, whose commands stand between the text.
const TELNET: u16 = 23;

/// Runs the subcommand.
pub(super) fn run(args: &Args) -> anyhow::Result<Status> {
    if args.how != How::Text && args.format != Format::Table {
        bail!("--format is for text; --as hex and --as raw have their own form");
    }
    let mut stdout = io::stdout().lock();
    if args.how == How::Raw && stdout.is_terminal() {
        bail!(
            "raw bytes may act on a terminal\nhint: write them to a file, or use --as hex to look at them"
        );
    }
    let kept = Kept::new(&args.capture).context("keeping standard input for a second reading")?;
    let Some(which) = select(args, &kept)? else {
        writeln!(
            io::stderr(),
            "wirelab: no frame of a TCP or UDP conversation passes the filter"
        )?;
        return Ok(Status::Unfavourable);
    };
    let mut out = BufWriter::new(&mut stdout);
    let mut told = Telling {
        conversation: Conversation::new(which),
        writer: Writer::new(args),
        out: &mut out,
        error: None,
    };
    let session = Session::new(None, &fields()?).once();
    let ending = session.run(kept.path(), |seen| {
        told.packet(seen.packet, seen.notes);
        told.error.take().map_or(Ok(()), Err)
    })?;
    told.end()?;
    let nothing = told.writer.shown == 0;
    let names = told.writer.names.map(str::to_lowercase);
    out.flush()?;
    let status = super::report_ending(&args.capture, &ending)?;
    if nothing {
        let hint = match (args.only, names) {
            (Some(_), [first, second]) if !first.is_empty() => {
                format!("\nhint: the ends are `{first}` and `{second}`")
            }
            _ => String::new(),
        };
        writeln!(io::stderr(), "wirelab: nothing was said{hint}")?;
        return Ok(status.worse(Status::Unfavourable));
    }
    Ok(status)
}

/// The fields that make a session follow conversations.
fn fields() -> anyhow::Result<[crate::query::EntryId; 2]> {
    let find = |name| Catalogue::frames().find(name);
    let (tcp, udp) = (find("tcp.stream"), find("udp.stream"));
    let both = tcp.zip(udp).context("conversations have numbers")?;
    Ok([both.0, both.1])
}

/// The one conversation whose frames pass the filter; none when no frame of any does.
fn select(args: &Args, kept: &Kept) -> anyhow::Result<Option<Which>> {
    let filter = Filter::parse(&args.filter, Catalogue::frames())
        .map_err(|error| anyhow::anyhow!("{}", error.explain(&args.filter)))?;
    let mut found: BTreeSet<Which> = BTreeSet::new();
    let mut frames = 0u64;
    let session = Session::new(Some(&filter), &fields()?);
    session.run(kept.path(), |seen| {
        frames += 1;
        found.extend(Which::of(seen.notes));
        Ok(())
    })?;
    if found.len() > 1 {
        let first: Vec<String> = found.iter().take(4).map(|w| format!("'{w}'")).collect();
        let more = if found.len() > 4 { ", …" } else { "" };
        bail!(
            "the filter selects {} conversations\nhint: follow one of them: {}{more}",
            found.len(),
            first.join(", ")
        );
    }
    Ok(found.into_iter().next())
}

/// The conversation on its way to the output.
struct Telling<'w, W: Write> {
    conversation: Conversation,
    writer: Writer,
    out: &'w mut W,
    error: Option<io::Error>,
}

impl<W: Write> Telling<'_, W> {
    fn packet(&mut self, packet: &crate::dissect::Packet<'_>, notes: &crate::track::Notes) {
        let mut pieces: Vec<(usize, u32, Vec<u8>, u32)> = Vec::new();
        let mut keep = |said: Said<'_>| {
            pieces.push((said.side, said.frame, said.bytes.to_vec(), said.missing));
        };
        self.conversation.packet(packet, notes, &mut keep);
        self.write(&pieces);
    }

    fn end(&mut self) -> anyhow::Result<()> {
        let mut pieces = Vec::new();
        self.conversation.end(&mut |said| {
            pieces.push((said.side, said.frame, said.bytes.to_vec(), said.missing));
        });
        self.write(&pieces);
        if let Some(error) = self.error.take() {
            return Err(error.into());
        }
        self.writer.end(self.out)?;
        Ok(())
    }

    fn write(&mut self, pieces: &[(usize, u32, Vec<u8>, u32)]) {
        for (side, frame, bytes, missing) in pieces {
            let said = Said {
                side: *side,
                frame: *frame,
                bytes,
                missing: *missing,
            };
            let written = self.writer.said(&self.conversation, &said, self.out);
            if let Err(error) = written {
                self.error.get_or_insert(error);
            }
        }
    }
}

/// Writes what is said.
struct Writer {
    how: How,
    only: Option<Only>,
    format: Format,
    lines: Lines,
    names: [&'static str; 2],
    ends: [String; 2],
    offsets: [u64; 2],
    /// Rows or pieces written.
    shown: u64,
}

impl Writer {
    fn new(args: &Args) -> Writer {
        Writer {
            how: args.how,
            only: args.only,
            format: args.format,
            lines: Lines::default(),
            names: ["", ""],
            ends: [String::new(), String::new()],
            offsets: [0, 0],
            shown: 0,
        }
    }

    fn said(
        &mut self,
        conversation: &Conversation,
        said: &Said<'_>,
        out: &mut impl Write,
    ) -> io::Result<()> {
        if self.names[0].is_empty() {
            self.begin(conversation, out)?;
        }
        let end = match self.only {
            Some(Only::Client) => "client",
            Some(Only::Server) => "server",
            Some(Only::A) => "A",
            Some(Only::B) => "B",
            None => self.names[said.side],
        };
        if self.names[said.side] != end {
            return Ok(());
        }
        match self.how {
            How::Raw => {
                self.shown += 1;
                out.write_all(said.bytes)
            }
            How::Hex => self.hex(said, out),
            How::Text => {
                let mut rows = Vec::new();
                self.lines.said(said, &mut |row| rows.push(row));
                self.rows(&rows, out)
            }
        }
    }

    /// Who talks to whom, before anything is said.
    fn begin(&mut self, conversation: &Conversation, out: &mut impl Write) -> io::Result<()> {
        let Some(ends) = conversation.ends else {
            return Ok(());
        };
        self.names = match conversation.client {
            Some(0) => ["client", "server"],
            Some(_) => ["server", "client"],
            None => ["A", "B"],
        };
        self.ends = ends.map(end);
        let telnet = ends.iter().any(|end| end.1 == TELNET);
        self.lines = Lines::new(match conversation.which {
            Which::Udp(_) => Talk::Datagrams,
            Which::Tcp(_) if telnet => Talk::Telnet,
            Which::Tcp(_) => Talk::Stream,
        });
        if self.how == How::Raw {
            return Ok(());
        }
        match self.format {
            Format::Table => {
                for side in 0..2 {
                    writeln!(out, "{} is {}", self.names[side], self.ends[side])?;
                }
                if conversation.client.is_none() {
                    writeln!(out, "(which of them is the client cannot be told)")?;
                }
                writeln!(out)
            }
            Format::Json => write!(out, "["),
            Format::Csv => writeln!(out, "first_frame,last_frame,who,from,what,text"),
            Format::Markdown => {
                writeln!(out, "| frames | who | says |\n|---|---|---|")
            }
        }
    }

    fn end(&mut self, out: &mut impl Write) -> io::Result<()> {
        let mut rows = Vec::new();
        self.lines.end(&mut |row| rows.push(row));
        self.rows(&rows, out)?;
        if self.format == Format::Json {
            if self.names[0].is_empty() {
                write!(out, "[")?;
            }
            writeln!(out, "]")?;
        }
        Ok(())
    }

    fn rows(&mut self, rows: &[Row], out: &mut impl Write) -> io::Result<()> {
        for row in rows {
            let (first, last) = row.frames;
            let who = self.names[row.side];
            let (what, words) = content(&row.content);
            match self.format {
                Format::Table => {
                    let frames = frames(row);
                    writeln!(out, "{frames:>9}  {who:<6}  {}", safe(&words))?;
                }
                Format::Json => {
                    let comma = if self.shown > 0 { "," } else { "" };
                    let from = json_text(&self.ends[row.side]);
                    write!(
                        out,
                        "{comma}\n{{\"frames\":[{first},{last}],\"who\":\"{who}\",\"from\":{from},\"what\":\"{what}\",\"text\":{}}}",
                        json_text(&words)
                    )?;
                }
                Format::Csv => {
                    let from = csv_cell(&self.ends[row.side]);
                    let words = csv_cell(&words);
                    writeln!(out, "{first},{last},{who},{from},{what},{words}")?;
                }
                Format::Markdown => {
                    let words = markdown_cell(&words);
                    writeln!(out, "| {} | {who} | {words} |", frames(row))?;
                }
            }
            self.shown += 1;
        }
        Ok(())
    }

    /// As Wireshark's hex dump: what the second end says stands further to the right.
    fn hex(&mut self, said: &Said<'_>, out: &mut impl Write) -> io::Result<()> {
        let indent = if said.side == 1 { "    " } else { "" };
        let who = self.names[said.side];
        if !said.bytes.is_empty() {
            let (frame, length) = (said.frame, said.bytes.len());
            let s = if length == 1 { "" } else { "s" };
            writeln!(out, "{indent}frame {frame}, {who}, {length} byte{s}")?;
        }
        for chunk in said.bytes.chunks(16) {
            write!(out, "{indent}{:08x} ", self.offsets[said.side])?;
            for place in 0..16 {
                if place == 8 {
                    write!(out, " ")?;
                }
                match chunk.get(place) {
                    Some(byte) => write!(out, " {byte:02x}")?,
                    None => write!(out, "   ")?,
                }
            }
            let text: String = chunk.iter().map(|b| printable(*b)).collect();
            writeln!(out, "   {text}")?;
            self.offsets[said.side] += chunk.len() as u64;
        }
        if said.missing > 0 {
            let words = content(&Content::Missing(u64::from(said.missing))).1;
            writeln!(out, "{indent}{who}: {words}")?;
            self.offsets[said.side] += u64::from(said.missing);
        }
        self.shown += 1;
        Ok(())
    }
}

fn printable(byte: u8) -> char {
    match byte {
        0x20..=0x7e => char::from(byte),
        _ => '.',
    }
}

fn end((ip, port): End) -> String {
    std::net::SocketAddr::new(ip, port).to_string()
}

fn frames(row: &Row) -> String {
    let (first, last) = row.frames;
    match first == last {
        true => first.to_string(),
        false => format!("{first}–{last}"),
    }
}

/// What a row tells: its kind in a word, and its text.
fn content(content: &Content) -> (&'static str, String) {
    match content {
        Content::Line(text) => ("line", text.clone()),
        Content::Bytes(1) => ("bytes", "(1 byte that is no text)".to_owned()),
        Content::Bytes(n) => ("bytes", format!("({n} bytes that are no text)")),
        Content::Missing(1) => ("missing", "(1 byte is not in the capture)".to_owned()),
        Content::Missing(n) => ("missing", format!("({n} bytes are not in the capture)")),
        Content::Telnet(command, option) => {
            let name = meaning::name("telnet.cmd", u64::from(*command)).unwrap_or("command");
            let option = option.map(|n| match meaning::name("telnet.subcmd", u64::from(n)) {
                Some(option) => format!(" {option}"),
                None => format!(" option {n}"),
            });
            ("telnet", format!("({name}{})", option.unwrap_or_default()))
        }
    }
}
