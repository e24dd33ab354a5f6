//! What is told of each scenario, whole: all facts with all their values, in `fixtures/told`. The
//! `expect` lines of a scenario say what it is about; this notices everything else that changes.
//!
//! After a change: `WIRELAB_KEEP=NAME cargo test --test told` writes the file of
//! `fixtures/scenarios/NAME.txt` anew. Its diff is to be read, line by line.

mod scenario;

use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// The sections that are told of a scenario; those of the link only where it is about the link.
fn sections(name: &str) -> &'static str {
    match name {
        "link" | "route" | "v6" => {
            "situations,arp,arp_table,next_hops,ip_hosts,traceroute,pings,icmp_errors"
        }
        "tcp-analysis" => "situations,connections,segments",
        "zeek" => "situations,connections,zeek_records",
        "many" | "sums" => "situations",
        _ => {
            "situations,connections,udp_flows,datagrams,fragmented,fragments,leases,dhcp_messages,arp,pings,traceroute,icmp_errors,lookups,dns_records,exchanges,hellos,translations,unpaired"
        }
    }
}

/// A value in few characters; nothing for what is absent, none or not so.
fn short(value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::Bool(false) => None,
        Value::Bool(true) => Some("yes".to_owned()),
        Value::String(text) => (!text.is_empty()).then(|| text.clone()),
        Value::Number(number) if number.as_f64() == Some(0.0) => None,
        Value::Array(list) => {
            let items: Vec<String> = list.iter().filter_map(short).collect();
            (!items.is_empty()).then(|| items.join(","))
        }
        other => Some(other.to_string()),
    }
}

/// All rows of a report, a line each.
fn told(report: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for (section, rows) in report.as_object().expect("a report is an object") {
        for row in rows.as_array().into_iter().flatten() {
            let mut line = section.clone();
            for (key, value) in row.as_object().expect("a row is an object") {
                // Of what is told only where it can be, zero is not the same as nothing.
                let zero = value.as_f64() == Some(0.0);
                let value = match zero && (key == "hops" || key.ends_with("_ms")) {
                    true => Some("0".to_owned()),
                    false => short(value),
                };
                if let Some(value) = value {
                    line += &format!(" {key}={value}");
                }
            }
            lines.push(line);
        }
    }
    lines
}

#[test]
fn all_that_is_told_of_a_scenario_is_known() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().expect("a folder");
    let capture = folder.path().join("scenario.pcap");
    let keep = std::env::var("WIRELAB_KEEP").ok();
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(root.join("fixtures/scenarios")).expect("the folder is there") {
        let path = entry.expect("an entry can be read").path();
        let name = path.file_stem().expect("a name").to_string_lossy();
        let text = std::fs::read_to_string(&path).expect("a scenario is text");
        let mut lines = Vec::new();
        for block in text.split("\n--- ") {
            let (title, packets) = block.split_once('\n').unwrap_or((block, ""));
            let bytes = scenario::capture(packets).expect("packets");
            std::fs::write(&capture, bytes).expect("a file can be written");
            let output = Command::new(env!("CARGO_BIN_EXE_wirelab"))
                .args(["analyze", "--format", "json", "--all", "--section"])
                .arg(sections(&name))
                .arg(&capture)
                .output()
                .expect("the program runs");
            let report = serde_json::from_slice(&output.stdout).expect("a report");
            lines.push(format!("--- {title}"));
            lines.extend(told(&report));
        }
        let path = root.join(format!("fixtures/told/{name}.txt"));
        if keep.as_deref() == Some(&*name) {
            std::fs::write(&path, lines.join("\n") + "\n").expect("a file can be written");
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        let kept: Vec<&str> = kept.lines().collect();
        let other = kept.iter().zip(&lines).position(|(a, b)| a != b);
        if let Some(at) = other {
            wrong.push(format!(
                "{name}, line {}\n--- kept\n{}\n--- told\n{}",
                at + 1,
                kept[at],
                lines[at]
            ));
        } else if kept.len() != lines.len() {
            wrong.push(format!("{name}: {} lines, not {}", lines.len(), kept.len()));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
