//! `wirelab compare A B`: two captures of the same traffic, packet by packet.

use super::{Status, answer, terminal};
use crate::facts::pair::Unpaired;
use crate::handout::pairs::{self, Change, Compared};
use crate::handout::value::decimals;
use crate::handout::{Handout, Material};
use crate::render::{self, safe};
use anyhow::{anyhow, bail};
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

/// The question that makes a reading keep what comparing needs.
const ASKED: &str = "id = \"compare\"\ntitle = \"\"\n[let.pair]\nwhat = \"\"\nin = \"pairs\"\n";
/// Different changes of a field that are listed.
const VALUES: usize = 8;
/// Frames of one capture only that are listed.
const FRAMES: usize = 20;

/// Runs the subcommand.
pub(super) fn run(args: &Args) -> anyhow::Result<Status> {
    let handout = Handout::parse(ASKED).map_err(|p| anyhow!("{p:?}"))?;
    let mut sides = Vec::new();
    let mut status = Status::Done;
    for path in [&args.first, &args.second] {
        let mut material = Material::of_files(&handout, &[path]);
        answer::complain(&material, &mut status)?;
        let Some(file) = material.files.pop() else {
            bail!("there is nothing to compare in {}", path.display());
        };
        let source = handout.compared.unwrap_or(0);
        sides.push((safe(&path.display().to_string()), file.rows[source].clone()));
    }
    let [(first, a), (second, b)] = &sides[..] else {
        bail!("two captures are compared");
    };
    let compared = pairs::compare(a, b);
    let changes = pairs::changes(&compared, a, b);
    let mut out = BufWriter::new(std::io::stdout().lock());
    match args.format {
        Format::Json => {
            let whole = as_json(&compared, &changes);
            writeln!(out, "{}", serde_json::to_string_pretty(&whole)?)?;
        }
        Format::Table => tell(&mut out, [first, second], &compared, &changes)?,
    }
    out.flush()?;
    Ok(match compared.pairs.is_empty() {
        true => status.worse(Status::Unfavourable),
        false => status,
    })
}

/// The shortest and the longest time from the first capture to the second, in milliseconds.
fn times(compared: &Compared) -> Option<(f64, f64)> {
    let gaps = compared.pairs.iter().filter_map(|p| Some(p.between_ms?.0));
    let shortest = gaps.clone().min_by(f64::total_cmp)?;
    Some((shortest, gaps.max_by(f64::total_cmp)?))
}

fn only(compared: &Compared, in_first: bool) -> Vec<&Unpaired> {
    let all = compared.unpaired.iter();
    all.filter(|u| u.in_first == in_first).collect()
}

fn as_json(compared: &Compared, changes: &[Change]) -> Value {
    let frames = |in_first| -> Vec<u32> {
        let only = only(compared, in_first);
        only.iter().map(|u| u.frame).collect()
    };
    let changed: Vec<Value> = changes
        .iter()
        .map(|c| {
            let values: Vec<Value> = c
                .values
                .iter()
                .map(|v| {
                    let frames = [v.frames.0, v.frames.1];
                    json!({"first": v.first, "second": v.second, "packets": v.packets, "frames": frames})
                })
                .collect();
            json!({"field": c.field, "packets": c.packets, "values": values})
        })
        .collect();
    let pairs = compared.pairs.iter();
    let paired: Vec<[u32; 2]> = pairs.map(|p| [p.first_frame, p.second_frame]).collect();
    let translations: Vec<Value> = compared
        .translations
        .iter()
        .map(|t| {
            json!({
                "protocol": t.protocol,
                "first": {"address": t.first_address.to_string(), "port": t.first_port},
                "second": {"address": t.second_address.to_string(), "port": t.second_port},
                "packets": t.packet_count,
                "frames": [t.first_frame, t.second_frame],
            })
        })
        .collect();
    let times = times(compared);
    json!({
        "paired": paired,
        "only_first": frames(true),
        "only_second": frames(false),
        "changed": changed,
        "translations": translations,
        "time_between": times.map(|(a, b)| json!({"shortest_s": a / 1e3, "longest_s": b / 1e3})),
    })
}

fn tell(
    out: &mut dyn Write,
    names: [&str; 2],
    compared: &Compared,
    changes: &[Change],
) -> anyhow::Result<()> {
    let total = compared.pairs.len();
    writeln!(out, "{total} packets are in both captures")?;
    for (name, in_first) in names.iter().zip([true, false]) {
        let only = only(compared, in_first);
        if only.is_empty() {
            continue;
        }
        let listed: Vec<String> = only
            .iter()
            .take(FRAMES)
            .map(|u| u.frame.to_string())
            .collect();
        let more = if only.len() > FRAMES { ", …" } else { "" };
        let during = only.iter().filter(|u| u.while_both_recorded).count();
        writeln!(
            out,
            "{} only in {name}, {during} of them while the other recorded: frames {}{more}",
            only.len(),
            listed.join(", ")
        )?;
    }
    for change in changes {
        writeln!(
            out,
            "{} differs in {} of {total}:",
            change.field, change.packets
        )?;
        for v in change.values.iter().take(VALUES) {
            let (first, second) = (safe(&v.first), safe(&v.second));
            let (n, frames) = (v.packets, v.frames);
            writeln!(
                out,
                "  {first} -> {second} in {n} (frames {} and {})",
                frames.0, frames.1
            )?;
        }
        if change.values.len() > VALUES {
            writeln!(out, "  and {} more", change.values.len() - VALUES)?;
        }
    }
    if total > 0 && !compared.translations.is_empty() {
        writeln!(out, "addresses or ports were translated between the two:")?;
        let headings = [
            "protocol",
            "first capture",
            "second capture",
            "packets",
            "frames",
        ];
        let mut rows = vec![headings.map(str::to_owned).to_vec()];
        for line in &compared.translations {
            let end = |address: std::net::IpAddr, port: Option<u16>| match port {
                Some(port) => std::net::SocketAddr::from((address, port)).to_string(),
                None => address.to_string(),
            };
            rows.push(vec![
                line.protocol.to_string(),
                end(line.first_address, line.first_port),
                end(line.second_address, line.second_port),
                line.packet_count.to_string(),
                format!("{} and {}", line.first_frame, line.second_frame),
            ]);
        }
        render::table(out, rows, terminal::width())?;
    } else if total > 0 {
        writeln!(out, "no address and no port was translated")?;
    }
    if let Some((shortest, longest)) = times(compared) {
        writeln!(
            out,
            "from the first capture to the second: {} to {} ms, if both clocks agree",
            decimals(shortest),
            decimals(longest)
        )?;
    }
    Ok(())
}
