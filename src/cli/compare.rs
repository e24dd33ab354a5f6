//! `wirelab compare A B`: two captures of the same traffic, packet by packet.

use super::{Status, terminal};
use crate::capture::Reader;
use crate::handout::pairs::{Comparison, Recording};
use crate::handout::value::decimals;
use crate::render::{self, safe};
use anyhow::bail;
use serde_json::{Value, json};
use std::cmp::Ordering;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

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

/// Different changes of a field that are listed.
const VALUES: usize = 8;
/// Frames of one capture only that are listed.
const FRAMES: usize = 20;
/// Lines of the translation table that are shown.
const LINES: usize = 100;

/// Runs the subcommand.
pub(super) fn run(args: &Args) -> anyhow::Result<Status> {
    let mut status = Status::Done;
    let mut read = |path: &Path| -> anyhow::Result<(String, Recording)> {
        let reader = Reader::open(path)?;
        let (recording, ending) = Recording::read(reader);
        status = status.worse(super::report_ending(path, &ending)?);
        if ending.frames == 0 {
            bail!("there is nothing to compare in {}", path.display());
        }
        Ok((safe(&path.display().to_string()), recording))
    };
    let (first, a) = read(&args.first)?;
    let (second, b) = read(&args.second)?;
    let told = Told {
        names: [&first, &second],
        recordings: [&a, &b],
        comparison: Comparison::new(&a, &b),
    };
    let mut out = BufWriter::new(std::io::stdout().lock());
    match args.format {
        Format::Json => {
            writeln!(out, "{}", serde_json::to_string_pretty(&told.as_json())?)?;
        }
        Format::Table => told.tell(&mut out)?,
    }
    out.flush()?;
    Ok(match told.comparison.count() {
        0 => status.worse(Status::Unfavourable),
        _ => status,
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

/// From the first capture to the second: all packets, those that went this way, and those that
/// came back, by their TTLs.
struct Times {
    all: Span,
    there: Option<Span>,
    back: Option<Span>,
}

impl Times {
    /// A router counts a TTL down: so it shows which way a packet went.
    fn of(timed: &[(Ordering, f64)]) -> Option<Times> {
        let along = |went| {
            let these = timed.iter().filter(move |t| t.0 == went);
            Span::of(these.map(|t| t.1))
        };
        Some(Times {
            all: Span::of(timed.iter().map(|t| t.1))?,
            there: along(Ordering::Greater),
            back: along(Ordering::Less),
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

/// What is told.
struct Told<'r> {
    names: [&'r str; 2],
    recordings: [&'r Recording; 2],
    comparison: Comparison<'r>,
}

impl Told<'_> {
    fn times(&self) -> Option<Times> {
        let timed: Vec<(Ordering, f64)> = self.comparison.times().collect();
        Times::of(&timed)
    }

    fn as_json(&self) -> Value {
        let frames = |in_first| -> Vec<u32> {
            let only = self.comparison.unpaired();
            let only = only.filter(|u| u.in_first == in_first);
            only.map(|u| u.frame).collect()
        };
        let changed: Vec<Value> = self
            .comparison
            .changes()
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
        let paired: Vec<[u32; 2]> = self.comparison.frames().map(|(a, b)| [a, b]).collect();
        let translations: Vec<Value> = self
            .comparison
            .translations()
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
        let [first, second] = self.recordings.map(|r| {
            json!({"packets": r.packets, "compared": r.compared(), "frames_of_other_protocols": r.others})
        });
        json!({
            "read": {"first": first, "second": second},
            "paired": paired,
            "only_first": frames(true),
            "only_second": frames(false),
            "changed": changed,
            "translations": translations,
            "time_between": self.times().map(|t| t.as_json()),
        })
    }

    fn tell(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        for (name, recording) in self.names.iter().zip(self.recordings) {
            let (compared, packets) = (recording.compared(), recording.packets);
            if u64::try_from(compared)? < packets {
                writeln!(
                    out,
                    "only the first {compared} of the {packets} packets in {name} are compared: there is no room for more"
                )?;
            }
            if recording.others > 0 {
                writeln!(
                    out,
                    "not compared: {} frames of {name} that are neither IP nor ARP, or are cut before it shows",
                    recording.others
                )?;
            }
        }
        let total = self.comparison.count();
        writeln!(out, "{total} packets are in both captures")?;
        self.tell_only(out)?;
        for change in self.comparison.changes() {
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
        if total > 0 {
            self.tell_translations(out)?;
        }
        if let Some(times) = self.times() {
            writeln!(out, "{}", times.sentence())?;
        }
        Ok(())
    }

    fn tell_only(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let (mut count, mut during) = ([0u64; 2], [0u64; 2]);
        let mut listed = [Vec::new(), Vec::new()];
        for one in self.comparison.unpaired() {
            let side = usize::from(!one.in_first);
            count[side] += 1;
            during[side] += u64::from(one.while_both_recorded);
            if listed[side].len() < FRAMES {
                listed[side].push(one.frame.to_string());
            }
        }
        for (side, name) in self.names.iter().enumerate().filter(|n| count[n.0] > 0) {
            let during = match during[side] {
                0 => "none".to_owned(),
                some => some.to_string(),
            };
            let more = if count[side] > listed[side].len().try_into()? {
                ", …"
            } else {
                ""
            };
            writeln!(
                out,
                "{} only in {name}, {during} of them while the other recorded: frames {}{more}",
                count[side],
                listed[side].join(", ")
            )?;
        }
        Ok(())
    }

    fn tell_translations(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let translations = self.comparison.translations();
        if translations.is_empty() {
            writeln!(out, "of these, no address and no port was translated")?;
            return Ok(());
        }
        writeln!(out, "addresses or ports were translated between the two:")?;
        let headings = [
            "protocol",
            "first capture",
            "second capture",
            "packets",
            "frames",
        ];
        let mut rows = vec![headings.map(str::to_owned).to_vec()];
        for line in translations.iter().take(LINES) {
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
        if translations.len() > LINES {
            let more = translations.len() - LINES;
            writeln!(out, "  and {more} more: --format json has them all")?;
        }
        Ok(())
    }
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
