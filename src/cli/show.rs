//! `wirelab show`: one frame, layer by layer, each field with its value, then the bytes.

use super::Status;
use crate::dissect::checksum::{self, Verdict};
use crate::dissect::layer::Protocol;
use crate::dissect::{Packet, vendor};
use crate::query::Session;
use crate::query::details::Layer;
use crate::render::safe;
use crate::track::icmp;
use anyhow::bail;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

/// Show one frame: every layer with its fields, then its bytes.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The capture; `-` is standard input.
    capture: PathBuf,
    /// Number of the frame, from 1.
    #[arg(value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    number: u32,
    /// Only this layer, by Wireshark's name of the protocol.
    #[arg(long, value_name = "NAME")]
    layer: Option<String>,
    /// Say of every field, in a sentence, what it is.
    #[arg(long)]
    explain: bool,
}

/// Fields that say the same a second time or are Wireshark's own; its details pane hides them
/// too. `fields` prints them.
const HIDDEN: &[&str] = &[
    "frame.offset_shift",
    "frame.time_delta_displayed",
    "frame.marked",
    "frame.ignored",
    "eth.addr",
    "_ws.expert",
    "eth.addr_resolved",
    "eth.addr.oui",
    "eth.dst.oui",
    "eth.src.oui",
    "eth.dst_resolved",
    "eth.src_resolved",
    "eth.lg",
    "eth.ig",
    "ip.addr",
    "ip.host",
    "ip.src_host",
    "ip.dst_host",
    "ipv6.addr",
    "ipv6.host",
    "ipv6.src_host",
    "ipv6.dst_host",
    "tcp.port",
    "udp.port",
];

/// Runs the subcommand.
pub(super) fn run(args: &Args) -> anyhow::Result<Status> {
    let session = Session::new(None, &[]).following_all();
    let mut found: Option<(Vec<Layer>, Vec<u8>, Sums)> = None;
    let ending = session.run(&args.capture, |seen| {
        if seen.packet.frame.number == args.number {
            let bytes = seen.packet.frame.bytes.to_vec();
            found = Some((seen.details(), bytes, sums(seen.packet)));
        }
        Ok(())
    })?;
    let status = super::report_ending(&args.capture, &ending)?;
    let Some((mut layers, bytes, sums)) = found else {
        bail!(
            "there is no frame {}; the capture has {}",
            args.number,
            ending.frames
        );
    };
    if let Some(name) = &args.layer {
        let names: Vec<String> = layers.iter().map(|l| l.name.clone()).collect();
        layers.retain(|l| l.name == *name);
        if layers.is_empty() {
            bail!(
                "frame {} has no layer `{}`; its layers are {}",
                args.number,
                safe(name),
                names.join(", ")
            );
        }
    }
    let mut out = BufWriter::new(io::stdout().lock());
    for layer in &layers {
        describe(layer, &sums, args.explain, &mut out)?;
    }
    if args.layer.is_none() {
        writeln!(out)?;
        dump(&bytes, &mut out)?;
    }
    out.flush()?;
    Ok(status)
}

/// The checksums of the outermost packet, by the name of their field. Wireshark's `.status`
/// fields keep to its defaults, which do not verify; here we do.
type Sums = Vec<(&'static str, Verdict)>;

fn sums(packet: &Packet<'_>) -> Sums {
    let header = checksum::header(packet).map(|v| ("ip.checksum", v));
    let message = checksum::transport(packet).map(|(protocol, v)| match protocol {
        Protocol::Tcp => ("tcp.checksum", v),
        Protocol::Udp => ("udp.checksum", v),
        Protocol::Icmp => ("icmp.checksum", v),
        _ => ("icmpv6.checksum", v),
    });
    header.into_iter().chain(message).collect()
}

/// What an ICMP code means depends on the type.
fn code(layer: &Layer, name: &str) -> Option<String> {
    let number = |name: &str| -> Option<u8> {
        let field = layer.fields.iter().find(|f| f.name == name)?;
        std::str::from_utf8(&field.value).ok()?.parse().ok()
    };
    let (v6, kind) = match name {
        "icmp.code" => (false, number("icmp.type")?),
        "icmpv6.code" => (true, number("icmpv6.type")?),
        _ => return None,
    };
    // Of other messages the code says nothing.
    let error = if v6 {
        kind < 128
    } else {
        matches!(kind, 3 | 5 | 11 | 12)
    };
    error.then(|| icmp::meaning(v6, kind, number(name).unwrap_or_default()).to_owned())
}

fn verdict(verdict: Verdict) -> String {
    match verdict {
        Verdict::Good => "correct".to_owned(),
        Verdict::Bad(right) => format!("wrong, 0x{right:04x} would be right"),
        Verdict::NotFilledIn => {
            "not filled in, as when the sender's network card does it (checksum offload)".to_owned()
        }
        Verdict::Unused => "the sender computed none".to_owned(),
        Verdict::Unknown => "not all the bytes it covers are in the capture".to_owned(),
    }
}

fn describe(layer: &Layer, sums: &Sums, explain: bool, out: &mut impl Write) -> io::Result<()> {
    let quoted = if layer.quoted {
        " (quoted by the error)"
    } else {
        ""
    };
    let place = match layer.start {
        // Remarks are about the frame, not in it.
        _ if layer.name.starts_with("_ws.") => String::new(),
        Some(start) => format!(" at byte {start}"),
        None => " (put together from the stream)".to_owned(),
    };
    writeln!(out, "{}{quoted}{place}: {}", layer.name, layer.doc)?;
    let shown = || {
        // The verdict stands beside the checksum itself.
        let judged = |name: &str| {
            sums.iter()
                .any(|s| !layer.quoted && name.strip_suffix(".status") == Some(s.0))
        };
        let fields = layer.fields.iter();
        fields.filter(move |f| !HIDDEN.contains(&f.name) && !judged(f.name))
    };
    // Where its bytes are: in the frame, or in the message that was put together.
    let place = |bytes: &std::ops::Range<usize>| match bytes.len() {
        0 => String::new(),
        1 => format!("{}", layer.start.unwrap_or(0) + bytes.start),
        _ => {
            let start = layer.start.unwrap_or(0);
            format!("{}-{}", start + bytes.start, start + bytes.end - 1)
        }
    };
    let width = shown().map(|f| f.name.len()).max().unwrap_or(0).min(44);
    for field in shown() {
        let value = String::from_utf8_lossy(&field.value);
        let mut value = safe(&value);
        // Payloads are below, byte for byte.
        if value.chars().count() > 96 {
            value = value.chars().take(96).chain("…".chars()).collect();
        }
        let sum = sums
            .iter()
            .find(|s| !layer.quoted && s.0 == field.name)
            .map(|s| verdict(s.1));
        let meaning = field.meaning.clone().or(sum);
        let meaning = meaning
            .or_else(|| vendor::name_of_text(&value))
            .or_else(|| code(layer, field.name));
        let meaning = meaning.map_or(String::new(), |m| format!(" ({m})"));
        let place = place(&field.bytes);
        writeln!(out, "{place:>9}  {:<width$}  {value}{meaning}", field.name)?;
        if explain {
            writeln!(out, "               {}", field.doc)?;
        }
    }
    if let Some(text) = &layer.text {
        writeln!(out, "           as text:")?;
        for line in text.lines().take(MOST_LINES) {
            writeln!(out, "           | {}", safe(line))?;
        }
        let more = text.lines().count().saturating_sub(MOST_LINES);
        if more > 0 {
            writeln!(out, "           … and {more} lines more")?;
        }
    }
    Ok(())
}

/// Lines of a body that are shown.
const MOST_LINES: usize = 200;

/// Sixteen bytes a line, in hexadecimal and as text.
fn dump(bytes: &[u8], out: &mut impl Write) -> io::Result<()> {
    for (line, chunk) in bytes.chunks(16).enumerate() {
        write!(out, "{:04x} ", line * 16)?;
        for place in 0..16 {
            if place == 8 {
                write!(out, " ")?;
            }
            match chunk.get(place) {
                Some(byte) => write!(out, " {byte:02x}")?,
                None => write!(out, "   ")?,
            }
        }
        let text: String = chunk
            .iter()
            .map(|b| {
                if (0x20..0x7f).contains(b) {
                    char::from(*b)
                } else {
                    '.'
                }
            })
            .collect();
        writeln!(out, "  {text}")?;
    }
    Ok(())
}
