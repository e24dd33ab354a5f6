//! Do we agree with tshark? Every capture of the repository, field by field, compared live. Skips
//! aloud where tshark is not installed, and must not skip in CI.

mod skip;

use std::collections::{HashMap, HashSet};
use std::process::Command;
use wirelab::dissect::meaning;

const FIELDS: &[&str] = &[
    "frame.number",
    "frame.time_epoch",
    "frame.time_relative",
    "frame.len",
    "frame.cap_len",
    "eth.dst",
    "eth.src",
    "eth.type",
    "sll.pkttype",
    "arp.opcode",
    "arp.src.proto_ipv4",
    "arp.dst.proto_ipv4",
    "arp.src.hw_mac",
    "ip.version",
    "ip.hdr_len",
    "ip.len",
    "ip.id",
    "ip.flags",
    "ip.frag_offset",
    "ip.ttl",
    "ip.proto",
    "ip.checksum",
    "ip.src",
    "ip.dst",
    "ip.fragment.count",
    "ip.reassembled_in",
    "ipv6.src",
    "ipv6.dst",
    "ipv6.plen",
    "ipv6.hlim",
    "icmp.type",
    "icmp.code",
    "icmp.ident",
    "icmp.seq",
    "icmp.resp_in",
    "icmp.resp_to",
    "icmpv6.type",
    "udp.srcport",
    "udp.dstport",
    "udp.length",
    "udp.checksum",
    "udp.stream",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.stream",
    "tcp.completeness",
    "tcp.len",
    "tcp.seq",
    "tcp.seq_raw",
    "tcp.nxtseq",
    "tcp.ack",
    "tcp.hdr_len",
    "tcp.flags",
    "tcp.flags.str",
    "tcp.window_size_value",
    "tcp.window_size",
    "tcp.window_size_scalefactor",
    "tcp.option_kind",
    "tcp.options.mss_val",
    "tcp.options.timestamp.tsval",
    "tcp.time_relative",
    "tcp.time_delta",
    "tcp.analysis.initial_rtt",
    "tcp.analysis.acks_frame",
    "tcp.analysis.ack_rtt",
    "tcp.analysis.bytes_in_flight",
    "tcp.analysis.push_bytes_sent",
    "tcp.analysis.flags",
    "tcp.analysis.retransmission",
    "dhcp.id",
    "dhcp.ip.your",
    "dhcp.hw.mac_addr",
    "dhcp.option.type",
    "dhcp.option.dhcp",
    "dhcp.option.subnet_mask",
    "dhcp.option.router",
    "dns.id",
    "dns.qry.name",
    "dns.qry.type",
    "dns.a",
    "dns.flags",
    "dns.response_in",
    "dns.response_to",
    "dns.time",
    "arp.duplicate-address-detected",
    "arp.duplicate-address-frame",
    "icmp.checksum.status",
    "tcp.analysis.rto",
    "http.request.method",
    "http.request_number",
    "http.response.code",
    "http.response.line",
    "http.response_in",
    "http.response_number",
    "http.time",
    "tls.record.content_type",
    "tls.handshake.type",
];

const FILTERS: &[&str] = &[
    "arp.opcode == 1",
    "ip.addr == 10.0.0.0/8 and not tcp",
    "tcp.flags & 0x02",
    "tcp.port in {80, 12000..13000}",
    "frame contains \"HTTP\"",
    "http.host matches r\"^[a-z0-9.]+$\"",
    "ip.len - ip.hdr_len > 100",
    "any tcp.port > 40000 and all tcp.port > 20",
    "tcp.payload[0:4] == 47:45:54:20 || dns.flags.response == 0",
    "len(http.host) > 3 or upper(http.request.method) == \"GET\"",
    "dhcp.option.type == 54",
    "ipv6.addr == fe80::/10 || icmpv6.type in {133..136}",
    "tcp.analysis.flags || udp.stream == 0 || icmp.resp_in",
    "frame.time_delta > 0.1 and !(eth.dst[0] & 1)",
    "tcp.completeness == 31",
];

/// Whether there is nothing to compare with; said aloud, and never so in CI.
fn is_missing() -> bool {
    let missing = Command::new("tshark").arg("--version").output().is_err();
    if missing {
        assert!(std::env::var_os("CI").is_none(), "CI installs tshark");
        skip::skip("agreement with tshark: tshark is not installed");
    }
    missing
}

fn lines(program: &str, before: &[&str], capture: &str) -> Vec<String> {
    let mut command = Command::new(program);
    command.args(before).arg(capture);
    if program == "tshark" {
        command.args(["-T", "fields"]);
    }
    for field in FIELDS {
        command.args(["-e", field]);
    }
    let output = command.output().expect("the program runs");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(str::to_owned)
        .collect()
}

/// Where tshark numbers and judges by what its dissectors foresee, and we by what was sent: its FTP
/// dissector opens the data connection's conversation before the SYN, which is then not counted as
/// seen; its SNMP and TFTP dissectors open conversations that no packet belongs to.
fn ours_on_purpose(path: &str, field: &str) -> bool {
    let foreseen = [
        ("ftp.pcap", "tcp.completeness"),
        ("snmp.pcap", "udp.stream"),
    ];
    foreseen
        .iter()
        .any(|(file, name)| path.ends_with(file) && field == *name)
}

#[test]
fn every_field_of_every_capture_is_what_tshark_prints() {
    if is_missing() {
        return;
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/captures");
    let mut wrong = Vec::new();
    let mut compared = 0;
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("its entries can be read").path();
        if path.extension().is_none_or(|e| e != "pcap") {
            continue;
        }
        let path = path.display().to_string();
        let want = lines("tshark", &["-2", "-n", "-r"], &path);
        let got = lines(env!("CARGO_BIN_EXE_wirelab"), &["fields"], &path);
        assert_eq!(got.len(), want.len(), "{path}: frames");
        for (frame, (want, got)) in want.iter().zip(&got).enumerate() {
            for (field, (want, got)) in FIELDS.iter().zip(want.split('\t').zip(got.split('\t'))) {
                compared += usize::from(!want.is_empty() || !got.is_empty());
                if want != got && !ours_on_purpose(&path, field) {
                    wrong.push(format!(
                        "{path} frame {}: {field}: tshark {want:?}, wirelab {got:?}",
                        frame + 1
                    ));
                }
            }
        }
    }
    assert!(compared > 2000, "{compared} cells were compared");
    assert!(
        wrong.is_empty(),
        "{} cells differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_filter_lets_the_frames_pass_that_tshark_lets_pass() {
    if is_missing() {
        return;
    }
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/captures");
    let mut wrong = Vec::new();
    for capture in ["web.pcap", "ping.pcap", "dhcp.pcap", "fragments.pcap"] {
        let capture = format!("{root}/{capture}");
        for filter in FILTERS {
            let numbers = |program: &str, before: &[&str]| {
                let output = Command::new(program)
                    .args(before)
                    .args([capture.as_str(), "-Y", filter])
                    .args(if program == "tshark" {
                        &["-T", "fields"][..]
                    } else {
                        &[]
                    })
                    .args(["-e", "frame.number"])
                    .output()
                    .expect("the program runs");
                String::from_utf8_lossy(&output.stdout).into_owned()
            };
            let tshark = numbers("tshark", &["-2", "-n", "-r"]);
            let ours = numbers(env!("CARGO_BIN_EXE_wirelab"), &["fields"]);
            if tshark != ours {
                wrong.push(format!(
                    "{capture} {filter}: tshark {tshark:?}, ours {ours:?}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Values that we name and tshark's filters do not, or otherwise: its packet list's names (NTP,
/// NBNS), and numbers of systems and servers that it leaves out.
const NAMED_OTHERWISE: &[(&str, u64)] = &[
    ("null.family", 10),
    ("null.family", 23),
    ("ftp.response.code", 430),
    ("ntp.flags.mode", 6),
    ("ntp.flags.mode", 7),
    ("igmp.type", 20),
    ("stp.flags.port_role", 0),
    ("nbns.flags.opcode", 7),
    ("nbns.flags.opcode", 9),
];

#[test]
fn filters_know_values_by_the_names_that_tshark_knows() {
    if is_missing() {
        return;
    }
    let output = Command::new("tshark").args(["-G", "values"]).output();
    let text = String::from_utf8_lossy(&output.expect("tshark runs").stdout).into_owned();
    let mut theirs: HashMap<(&str, u64), Vec<&str>> = HashMap::new();
    let mut listed = HashSet::new();
    for line in text.lines() {
        let [_, field, value, name] = line.split('\t').collect::<Vec<_>>()[..] else {
            continue;
        };
        listed.insert(field);
        let number = match value.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16),
            None => value.parse(),
        };
        if let Ok(number) = number {
            theirs.entry((field, number)).or_default().push(name);
        }
    }
    let mut wrong = Vec::new();
    for (field, value, name) in meaning::all() {
        let agreed = match theirs.get(&(field, value)) {
            _ if meaning::is_shown_only(field) => !listed.contains(field),
            _ if NAMED_OTHERWISE.contains(&(field, value)) => true,
            names => names.is_some_and(|names| names.contains(&name)),
        };
        if !agreed {
            wrong.push(format!(
                "{field} {value} {name}: {:?}",
                theirs.get(&(field, value))
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
