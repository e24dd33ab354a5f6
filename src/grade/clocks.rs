//! The time stamps of a capture against the clocks inside its packets, and what the file says of the
//! programs that wrote it. This is evidence for a person, never a verdict.

use super::prints::{Prints, Told};
use crate::handout::value::{decimals, seconds};
use std::collections::BTreeMap;

/// Programs that cut, join or rewrite captures.
const EDITORS: &[&str] = &[
    "mergecap",
    "editcap",
    "reordercap",
    "tcprewrite",
    "tcpreplay",
    "tracewrangler",
    "bittwist",
    "text2pcap",
    "scapy",
    "joincap",
    "pcapfix",
    "randpkt",
];

/// What is remarkable about the clocks and the making of a capture.
pub fn remarks(prints: &Prints) -> Vec<String> {
    let mut out = Vec::new();
    let file = &prints.file;
    let offsets = |pick: fn(Told) -> Option<i64>, most: i64| -> Vec<(u32, i64)> {
        let clocks = prints.clocks.iter();
        clocks
            .filter_map(|c| Some((c.frame, c.time - pick(c.told)?)))
            .filter(|(_, d)| d.abs() > most)
            .collect()
    };
    let ping = offsets(
        |t| match t {
            Told::Ping(at) => Some(at),
            _ => None,
        },
        2_000_000_000,
    );
    if let Some((frame, first)) = ping.first() {
        let even = ping.iter().all(|(_, d)| (d - first).abs() < 1_000_000_000);
        let how = if even {
            format!("by {} s", decimals(seconds(*first).round()))
        } else {
            "by different amounts".to_owned()
        };
        out.push(format!(
            "{file}: the time stamps differ from the clock inside the echo requests {how} (from frame {frame} on): \
             the time stamps were changed, or the sender's clock is wrong"
        ));
    }
    let date = offsets(
        |t| match t {
            Told::Date(at) => Some(at),
            _ => None,
        },
        120_000_000_000,
    );
    if let Some((frame, first)) = date.first() {
        out.push(format!(
            "{file}: the time stamp of frame {frame} differs from the Date of the web server by {} s: \
             the time stamps were changed, or one of the clocks is wrong",
            decimals(seconds(*first).round())
        ));
    }
    out.extend(ticks(prints));
    out
}

/// Programs that wrote captures of a hand-in and are made to change them.
pub fn programs(all: &[Prints]) -> Vec<String> {
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for prints in all {
        for program in &prints.programs {
            let lower = program.to_lowercase();
            if EDITORS.iter().any(|e| lower.contains(e)) {
                found.entry(program).or_default().push(&prints.file);
            }
        }
    }
    found
        .into_iter()
        .map(|(program, files)| {
            format!(
                "{}: written by {program}, as the file says: perhaps only converted, perhaps cut, joined or rewritten",
                files.join(", ")
            )
        })
        .collect()
}

/// Directions of connections whose own clock ran at another pace than the time stamps.
fn ticks(prints: &Prints) -> Option<String> {
    let mut flows: BTreeMap<u64, Vec<(u32, i64, u32)>> = BTreeMap::new();
    for clock in &prints.clocks {
        if let Told::Ticks(flow, value) = clock.told {
            flows
                .entry(flow)
                .or_default()
                .push((clock.frame, clock.time, value));
        }
    }
    let mut worst: Option<(i64, String, u32)> = None;
    for list in flows.values() {
        let (Some(first), Some(last)) = (list.first(), list.last()) else {
            continue;
        };
        let ticks = i64::from(last.2.wrapping_sub(first.2));
        let lasted = last.1 - first.1;
        if list.len() < 3 || ticks > 1 << 30 {
            continue;
        }
        // Systems count in thousandths, 4 ms, 10 ms or 100 ms.
        let off = [1_000_000, 4_000_000, 10_000_000, 100_000_000]
            .iter()
            .map(|unit: &i64| (lasted - ticks.saturating_mul(*unit)).abs() - unit)
            .min()
            .unwrap_or_default();
        if off > 200_000_000 + lasted.abs() / 50 && worst.as_ref().is_none_or(|w| off > w.0) {
            let text = format!(
                "{}: between frames {} and {} the time stamps run for {} s, the sender's own clock (TCP time stamps) for {} s: \
                 the time stamps were changed, or its clock is uncommon",
                prints.file,
                first.0,
                last.0,
                decimals(seconds(lasted)),
                decimals(seconds(ticks * 1_000_000))
            );
            worst = Some((off, text, first.0));
        }
    }
    worst.map(|w| w.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grade::prints::Clock;

    const SECOND: i64 = 1_000_000_000;
    const START: i64 = 1_700_000_000 * SECOND;

    /// A capture whose time stamps are off by so much from what its packets tell.
    fn capture(told: impl Fn(i64) -> Told, off: i64) -> Prints {
        let clocks = (0..5u32).map(|n| {
            let at = START + i64::from(n) * SECOND;
            Clock {
                frame: n + 1,
                time: at + off,
                told: told(at),
            }
        });
        Prints {
            file: "a.pcap".into(),
            clocks: clocks.collect(),
            ..Prints::default()
        }
    }

    #[test]
    fn clocks_that_fit_are_not_remarkable() {
        let late = 30_000_000;
        assert!(remarks(&capture(Told::Ping, late)).is_empty());
        assert!(remarks(&capture(Told::Date, late)).is_empty());
        let ticks = |unit: i64| {
            move |at: i64| Told::Ticks(1, u32::try_from((at - START) / unit).expect("small") + 7)
        };
        for unit in [1_000_000, 4_000_000, 10_000_000] {
            assert!(remarks(&capture(ticks(unit), 0)).is_empty(), "{unit}");
        }
    }

    #[test]
    fn clocks_that_do_not_fit_are_told_with_the_difference() {
        let told = remarks(&capture(Told::Ping, 5400 * SECOND));
        assert!(told[0].contains("by 5400 s (from frame 1 on)"), "{told:?}");
        let told = remarks(&capture(Told::Date, -600 * SECOND));
        assert!(told[0].contains("by -600 s"), "{told:?}");
        let slow =
            |at: i64| Told::Ticks(1, u32::try_from((at - START) / 3_000_000).expect("small"));
        let told = remarks(&capture(slow, 0));
        assert!(told[0].contains("frames 1 and 5"), "{told:?}");
    }
}
