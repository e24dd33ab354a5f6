//! `wirelab compare A B`: two captures of the same traffic, packet by packet.

use super::Status;
use crate::handout::pairs;
use crate::handout::value::{decimals, seconds};
use crate::render::safe;
use anyhow::anyhow;
use serde_json::{Value, json};
use std::io::{BufWriter, Write};
use std::path::PathBuf;

/// Pair the packets of two captures of the same traffic, and say what changed on the way.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The capture before the router, at the sender, or inside.
    first: PathBuf,
    /// The capture behind it, at the receiver, or outside.
    second: PathBuf,
    /// How to write it.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Lines for people.
    #[default]
    Table,
    /// One JSON object.
    Json,
}

/// Fields of which a change of value is a translation.
const TRANSLATED: [&str; 9] = [
    "ip.src",
    "ip.dst",
    "ipv6.src",
    "ipv6.dst",
    "tcp.srcport",
    "tcp.dstport",
    "udp.srcport",
    "udp.dstport",
    "icmp.ident",
];

/// Runs the subcommand.
pub(super) fn run(args: &Args) -> anyhow::Result<Status> {
    let pairs = pairs::compare(&args.first, &args.second).map_err(|e| anyhow!("{e}"))?;
    let changes = pairs.changes();
    let mut out = BufWriter::new(std::io::stdout().lock());
    if args.format == Format::Json {
        let changed: Vec<Value> = changes
            .iter()
            .map(|c| {
                let values: Vec<Value> = c
                    .values
                    .iter()
                    .map(|(a, b, n, f, g)| json!({"first": a, "second": b, "packets": n, "frames": [f, g]}))
                    .collect();
                json!({"field": c.field, "packets": c.count, "values": values})
            })
            .collect();
        let times = pairs
            .times()
            .map(|(a, b)| json!({"shortest_s": seconds(a), "longest_s": seconds(b)}));
        let paired: Vec<Value> = pairs
            .both
            .iter()
            .map(|(a, b)| json!([a.frame, b.frame]))
            .collect();
        let whole = json!({
            "paired": paired,
            "only_first": pairs.first,
            "only_second": pairs.second,
            "changed": changed,
            "time_between": times,
        });
        writeln!(out, "{}", serde_json::to_string_pretty(&whole)?)?;
    } else {
        let total = pairs.both.len();
        writeln!(out, "{total} packets are in both captures")?;
        let names = [(&args.first, &pairs.first), (&args.second, &pairs.second)];
        for (path, only) in names {
            let name = safe(&path.display().to_string());
            if !only.is_empty() {
                let list: Vec<String> = only.iter().take(20).map(u32::to_string).collect();
                let more = if only.len() > 20 { ", …" } else { "" };
                writeln!(
                    out,
                    "{} only in {name}: frames {}{more}",
                    only.len(),
                    list.join(", ")
                )?;
            }
        }
        for change in &changes {
            writeln!(
                out,
                "{} differs in {} of {total}:",
                change.field, change.count
            )?;
            for (a, b, n, f, g) in change.values.iter().take(8) {
                writeln!(
                    out,
                    "  {} -> {} in {n} (frames {f} and {g})",
                    safe(a),
                    safe(b)
                )?;
            }
            if change.values.len() > 8 {
                writeln!(out, "  and {} more", change.values.len() - 8)?;
            }
        }
        let translated = changes.iter().any(|c| TRANSLATED.contains(&c.field));
        if total > 0 {
            let words = if translated {
                "addresses or ports were translated between the two"
            } else {
                "no address and no port was translated"
            };
            writeln!(out, "{words}")?;
        }
        if let Some((shortest, longest)) = pairs.times() {
            writeln!(
                out,
                "from the first capture to the second: {} to {} s, if both clocks agree",
                decimals(seconds(shortest)),
                decimals(seconds(longest))
            )?;
        }
    }
    out.flush()?;
    Ok(if pairs.both.is_empty() {
        Status::Unfavourable
    } else {
        Status::Done
    })
}
