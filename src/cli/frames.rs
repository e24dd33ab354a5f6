//! `wirelab frames`: one line a frame, as Wireshark's packet list.

use super::Status;
use crate::dissect::vendor;
use crate::query::frames::Seen;
use crate::query::{Catalogue, Session};
use crate::render::safe;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

/// List the frames of a capture, one line each, as Wireshark's packet list.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The capture; `-` is standard input.
    capture: PathBuf,
    /// Only frames for which this display filter holds.
    #[arg(
        short = 'Y',
        long = "filter",
        value_name = "FILTER",
        allow_hyphen_values = true
    )]
    filter: Option<String>,
}

/// Runs the subcommand.
pub(super) fn run(args: &Args) -> anyhow::Result<Status> {
    let filter = super::filter(args.filter.as_deref(), Catalogue::frames())?;
    let session = Session::new(filter.as_ref(), &[]).following_all();
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let mut shown = 0u64;
    let ending = session.run(&args.capture, |seen| {
        shown += 1;
        line(&mut out, seen)
    })?;
    out.flush()?;
    let status = super::report_ending(&args.capture, &ending)?;
    // A filter that nothing passes is an answer, and not the one hoped for.
    Ok(if args.filter.is_some() && shown == 0 {
        status.worse(Status::Unfavourable)
    } else {
        status
    })
}

/// One line of the packet list.
pub(super) fn line(out: &mut dyn Write, seen: &Seen<'_, '_>) -> io::Result<()> {
    let frame = seen.packet.frame;
    let row = seen.row();
    let time = match (frame.time, seen.clock.first) {
        (Some(time), Some(first)) => {
            let since = time.since(first);
            let sign = if since < 0 { "-" } else { "" };
            let since = since.unsigned_abs();
            format!(
                "{sign}{}.{:06}",
                since / 1_000_000_000,
                since % 1_000_000_000 / 1000
            )
        }
        _ => String::new(),
    };
    writeln!(
        out,
        "{:>5} {time:>12} {:>15} → {:<15} {:<8} {:>5} {}",
        frame.number,
        named(row.source),
        named(row.destination),
        row.protocol,
        frame.wire_length,
        safe(&row.info)
    )
}

/// An address as Wireshark shows it: hardware addresses with their maker.
fn named(address: String) -> String {
    vendor::name_of_text(&address).unwrap_or(address)
}
