//! The lines above the tables: what kind of capture it is, who talks, what stands out.

use super::{Clock, Times, moment};
use crate::analyze::Analysis;
use crate::facts::capture::{Capture, FileState, Resolution};
use crate::facts::dns::{Lookup, NameService};
use crate::facts::situation::SituationKind;
use crate::facts::tcp::Closed;

/// The lines, in order.
pub fn lines(analysis: &Analysis, capture: &Capture, facts: usize) -> Vec<String> {
    let mut lines = vec![file(capture), size(analysis, capture, facts)];
    lines.extend(times(capture));
    lines.extend(limits(capture));
    if capture.filter.is_none() {
        lines.extend(talk(analysis, capture));
        lines.extend(notable(analysis));
    }
    lines
}

fn file(capture: &Capture) -> String {
    let whole = match (capture.verdict, &capture.reason) {
        (FileState::Clean, _) => String::new(),
        (FileState::Odd, _) => "read to its end, with remarks".to_owned(),
        (other, Some(reason)) => format!("{other}: {reason}"),
        (other, None) => other.to_string(),
    };
    let about: Vec<&str> = [capture.format.as_str(), whole.as_str()]
        .into_iter()
        .filter(|t| !t.is_empty())
        .collect();
    format!("{}: {}", capture.file, about.join("; "))
}

fn size(analysis: &Analysis, capture: &Capture, facts: usize) -> String {
    let all = format!(
        "{}, {} on the wire",
        many(capture.frame_count, "frame"),
        many(capture.bytes, "byte")
    );
    match (&capture.filter, &analysis.passing) {
        (Some(filter), Some(passing)) => format!(
            "{all}; {} of them pass `{filter}`, and what they are part of is told whole",
            passing.count
        ),
        (Some(filter), None) => format!(
            "{all}; `{filter}` holds for {}",
            many(u64::try_from(facts).unwrap_or(u64::MAX), "fact")
        ),
        (None, _) => all,
    }
}

fn times(capture: &Capture) -> Option<String> {
    let utc = Times {
        clock: Clock::Utc,
        ..Times::default()
    };
    let first = capture.first_time?;
    let over = capture
        .duration_ms
        .map_or_else(String::new, |ms| format!(", over {:.3} s", ms.0 / 1000.0));
    Some(format!("first frame {}{over}", moment(Some(first), &utc)))
}

fn limits(capture: &Capture) -> Option<String> {
    let counts = [
        (
            capture.snapped_frames,
            "frame",
            "is cut short by the snapshot length",
            "are cut short by the snapshot length",
        ),
        (
            capture.malformed_frames,
            "frame",
            "has headers that contradict themselves",
            "have headers that contradict themselves",
        ),
        (
            capture.undecoded_frames,
            "frame",
            "is of a link type that is not decoded",
            "are of a link type that is not decoded",
        ),
    ];
    let mut told: Vec<String> = counts
        .iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, what, one, several)| {
            format!(
                "{} {}",
                many(*count, what),
                if *count == 1 { one } else { several }
            )
        })
        .collect();
    let times = match capture.resolution {
        Resolution::Fine => None,
        Resolution::Still => Some("all frames have the same time"),
        Resolution::Seconds => Some("all times are whole seconds"),
    };
    told.extend(times.map(str::to_owned));
    told.extend(
        capture
            .remarks
            .iter()
            .filter(|_| capture.verdict != FileState::Odd)
            .cloned(),
    );
    (!told.is_empty()).then(|| told.join("; "))
}

/// Who talks, and in what.
fn talk(analysis: &Analysis, capture: &Capture) -> Option<String> {
    let facts = &analysis.facts;
    let streams = &analysis.trackers.streams.found;
    let lookups = analysis.lookups();
    let asked = lookups.iter().filter(|l| l.query_frame.is_some()).count();
    // Of what is told to everybody, announcements need no question, and several may answer one.
    let everybody = |l: &&Lookup| l.query_frame.is_none() && l.protocol == NameService::Mdns;
    let told_all = lookups.iter().filter(everybody).count();
    let pings = analysis.pings();
    let silent = pings.iter().filter(|p| p.reply_frame.is_none()).count();
    let unanswered = match silent {
        0 => String::new(),
        1 if pings.len() == 1 => " (no answer captured)".to_owned(),
        all if all == pings.len() => " (no answer to any of them captured)".to_owned(),
        some => format!(" (no answer to {some} of them captured)"),
    };
    let counts = [
        (capture.connection_count, "TCP connection"),
        (capture.udp_flow_count, "UDP flow"),
        (size_of(facts.leases.len()), "DHCP transaction"),
        (size_of(asked), "DNS question"),
        (
            size_of(lookups.len() - asked - told_all),
            "DNS answer without its question",
        ),
        (size_of(told_all), "mDNS announcement or further answer"),
        (size_of(streams.exchanges.len()), "HTTP exchange"),
        (size_of(streams.hellos.len()), "TLS hello"),
        (size_of(pings.len()), "ping"),
        (
            size_of(analysis.trackers.arp.list().len()),
            "ARP question or announcement",
        ),
    ];
    let told: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| many(*count, what) + if *what == "ping" { &unanswered } else { "" })
        .collect();
    if told.is_empty() {
        return None;
    }
    let mut busiest: Vec<_> = facts.hosts.iter().collect();
    busiest.sort_by_key(|h| {
        (
            std::cmp::Reverse(h.frames_sent + h.frames_received),
            h.first_frame,
        )
    });
    let names: Vec<String> = busiest
        .iter()
        .take(3)
        .map(|h| h.address.to_string())
        .collect();
    let hosts = match (names.len(), facts.hosts.len()) {
        (0, _) => String::new(),
        (named, all) if named == all => format!("; hosts: {}", names.join(", ")),
        (_, all) => format!("; {all} hosts, most of it by {}", names.join(", ")),
    };
    Some(format!("{}{hosts}", told.join(", ")))
}

/// What stands out.
fn notable(analysis: &Analysis) -> Option<String> {
    let mut told = Vec::new();
    let situations = &analysis.facts.situations;
    for state in SituationKind::STATES {
        let of = situations.iter().filter(|s| s.kind.word() == state.word);
        // A scan is one, however many ports it tries.
        let scan = state.word == SituationKind::Scan.word();
        let count: u64 = of.map(|s| if scan { 1 } else { u64::from(s.count) }).sum();
        if count > 0 {
            told.push(match count {
                1 => state.word.to_owned(),
                n => format!("{} ×{n}", state.word),
            });
        }
    }
    let tcp = &analysis.trackers.tcp;
    // Counting a million connections would cost more than telling of them.
    if tcp.len() <= 10_000 {
        let resets = (0..tcp.len())
            .filter_map(|i| tcp.connection(i))
            .filter(|c| c.closed == Closed::Reset && c.ack_frame.is_some())
            .count();
        if resets > 0 {
            told.push(many(size_of(resets), "connection") + " ended by RST");
        }
    }
    (!told.is_empty()).then(|| format!("stands out: {}", told.join(", ")))
}

fn size_of(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// A number with its noun.
pub fn many(count: u64, what: &str) -> String {
    match (count, what) {
        (1, _) => format!("1 {what}"),
        (_, "ARP question or announcement") => format!("{count} ARP questions or announcements"),
        (_, "mDNS announcement or further answer") => {
            format!("{count} mDNS announcements or further answers")
        }
        (_, "DNS answer without its question") => {
            format!("{count} DNS answers without their questions")
        }
        (_, what) => format!("{count} {what}s"),
    }
}
