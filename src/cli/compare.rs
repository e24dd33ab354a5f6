//! `wirelab compare A B`: two captures of the same traffic, packet by packet.

use super::{Status, answer, terminal};
use crate::facts::pair::{Pair, Unpaired};
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

/// The shortest and the longest of some times, in milliseconds.
#[derive(Clone, Copy)]
struct Span {
    shortest: f64,
    longest: f64,
}

impl Span {
    fn of(gaps: impl Iterator<Item = f64> + Clone) -> Option<Span> {
        Some(Span {
            shortest: gaps.clone().min_by(f64::total_cmp)?,
            longest: gaps.max_by(f64::total_cmp)?,
        })
    }

    /// The same in seconds.
    fn as_json(self) -> Value {
        json!({"shortest_s": self.shortest / 1e3, "longest_s": self.longest / 1e3})
    }
}

/// A router counts a TTL down: so it shows which way a packet went.
fn way(pair: &Pair) -> Option<std::cmp::Ordering> {
    Some(pair.first_ttl?.cmp(&pair.second_ttl?))
}

/// From the first capture to the second: all packets, those that went this way, and those that
/// came back, by their TTLs.
struct Times {
    all: Span,
    there: Option<Span>,
    back: Option<Span>,
}

impl Times {
    fn of(pairs: &[Pair]) -> Option<Times> {
        let timed = pairs.iter().filter_map(|p| Some((way(p), p.between_ms?.0)));
        let along = |went| {
            let these = timed.clone().filter(move |t| t.0 == Some(went));
            Span::of(these.map(|t| t.1))
        };
        Some(Times {
            all: Span::of(timed.clone().map(|t| t.1))?,
            there: along(std::cmp::Ordering::Greater),
            back: along(std::cmp::Ordering::Less),
        })
    }

    /// How much the second clock is ahead, between two values: nothing arrives before it was sent.
    fn ahead(&self) -> Option<(f64, f64)> {
        Some((self.back?.longest, self.there?.shortest))
    }

    /// Whether the clocks cannot agree; a microsecond is what many of them are read to.
    fn disagree(&self) -> bool {
        const READ_TO: f64 = 0.001;
        let late = self.back.is_some_and(|back| back.longest > READ_TO);
        late || self.there.is_some_and(|there| there.shortest < -READ_TO)
    }

    /// There and back together, whatever the clocks say.
    fn together(&self) -> Option<Span> {
        let (there, back) = self.there.zip(self.back)?;
        Some(Span {
            shortest: there.shortest - back.longest,
            longest: there.longest - back.shortest,
        })
    }

    fn as_json(&self) -> Value {
        let mut value = self.all.as_json();
        value["there"] = self.there.map_or(Value::Null, Span::as_json);
        value["back"] = self.back.map_or(Value::Null, Span::as_json);
        value["there_and_back"] = self.together().map_or(Value::Null, Span::as_json);
        value["clocks_disagree"] = self.disagree().into();
        value
    }

    fn sentence(&self) -> String {
        let told = |span: Span| {
            let (shortest, longest) = (decimals(span.shortest), decimals(span.longest));
            format!("{shortest} to {longest} ms")
        };
        let (Some(there), Some(back)) = (self.there, self.back) else {
            let all = told(self.all);
            return if self.disagree() {
                format!(
                    "from the first capture to the second: {all}; nothing arrives before it is sent, so the clocks do not agree"
                )
            } else {
                format!("from the first capture to the second: {all}, if both clocks agree")
            };
        };
        if !self.disagree() {
            let back = Span {
                shortest: -back.longest,
                longest: -back.shortest,
            };
            return format!(
                "from the first capture to the second: {}, and back: {}, if both clocks agree",
                told(there),
                told(back)
            );
        }
        let why = match self.ahead() {
            Some((least, most)) if least <= most => format!(
                "the second is ahead by {} to {} ms",
                decimals(least),
                decimals(most)
            ),
            _ => "and how far they are apart changes".to_owned(),
        };
        let together = match self.together() {
            Some(span) if span.shortest >= 0.0 => {
                format!("; there and back together takes {}", told(span))
            }
            _ => String::new(),
        };
        format!(
            "from the first capture to the second: {} by their times, and for what comes back {}: nothing arrives before it is sent, so the clocks do not agree ({why}){together}",
            told(there),
            told(back)
        )
    }
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
    let times = Times::of(&compared.pairs);
    json!({
        "paired": paired,
        "only_first": frames(true),
        "only_second": frames(false),
        "changed": changed,
        "translations": translations,
        "time_between": times.map(|t| t.as_json()),
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
    if let Some(times) = Times::of(&compared.pairs) {
        writeln!(out, "{}", times.sentence())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(gaps: &[f64]) -> Option<Span> {
        Span::of(gaps.iter().copied())
    }

    fn told(there: &[f64], back: &[f64]) -> String {
        let all: Vec<f64> = there.iter().chain(back).copied().collect();
        let times = Times {
            all: span(&all).expect("there are some"),
            there: span(there),
            back: span(back),
        };
        times.sentence()
    }

    #[test]
    fn clocks_that_agree_give_each_way_its_time() {
        assert_eq!(
            told(&[0.05, 0.06], &[-0.03, -0.02]),
            "from the first capture to the second: 0.05 to 0.06 ms, and back: 0.02 to 0.03 ms, if both clocks agree"
        );
        assert_eq!(
            told(&[0.05], &[]),
            "from the first capture to the second: 0.05 to 0.05 ms, if both clocks agree"
        );
    }

    #[test]
    fn what_comes_before_it_is_sent_shows_clocks_that_do_not_agree() {
        let both = told(&[500.0625, 500.125], &[499.875, 499.9375]);
        assert!(
            both.contains("the second is ahead by 499.9375 to 500.0625 ms"),
            "{both}"
        );
        assert!(
            both.ends_with("there and back together takes 0.125 to 0.25 ms"),
            "{both}"
        );
        let behind = told(&[-7.5], &[-8.0]);
        assert!(
            behind.contains("the second is ahead by -8 to -7.5 ms"),
            "{behind}"
        );
        // One way alone shows it only when it takes less than no time.
        assert!(told(&[-0.5], &[]).contains("do not agree"));
        // They did not keep their distance.
        let drifting = told(&[5.0, 1.0], &[4.0, 0.5]);
        assert!(drifting.contains("changes"), "{drifting}");
        assert!(!drifting.contains("together"), "{drifting}");
    }
}
