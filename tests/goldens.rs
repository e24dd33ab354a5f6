//! What tshark 4.0.17 prints of the fields that need more than one frame, kept in `fixtures/tshark`:
//! of each capture, and of the packets of each scenario. So the rules behind them are tested where
//! tshark is not installed; where it is, that what is kept is what it prints.
//!
//! After a change of `fixtures/scenarios/NAME.txt`: `WIRELAB_KEEP=NAME cargo test --test goldens`,
//! then look at the diff.

mod random;
mod scenario;
mod skip;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

const FIELDS: &[&str] = &[
    "frame.protocols",
    "_ws.col.Protocol",
    INFO,
    "_ws.malformed",
    "data.len",
    "arp.duplicate-address-detected",
    "arp.duplicate-address-frame",
    "arp.seconds-since-duplicate-address-frame",
    "dns.response_in",
    "dns.response_to",
    "dns.retransmission",
    "dns.retransmit_request_in",
    "dns.retransmit_response_in",
    "dns.time",
    "dns.unsolicited",
    "icmp.no_resp",
    "icmp.resp_in",
    "icmp.resp_not_found",
    "icmp.resp_to",
    "icmp.resptime",
    "icmpv6.resp_in",
    "icmpv6.resp_to",
    "icmpv6.resptime",
    "ip.fragment",
    "ip.fragment.count",
    "ip.fragment.overlap",
    "ip.fragment.overlap.conflict",
    "ip.reassembled.length",
    "ip.reassembled_in",
    "ipv6.fragment",
    "ipv6.fragment.count",
    "ipv6.reassembled.in",
    "ipv6.reassembled.length",
    "udp.stream",
    "udp.time_delta",
    "udp.time_relative",
    "tcp.stream",
    "tcp.completeness",
    "tcp.time_delta",
    "tcp.time_relative",
    "tcp.seq",
    "tcp.ack",
    "tcp.nxtseq",
    "tcp.len",
    "tcp.window_size",
    "tcp.window_size_scalefactor",
    "tcp.connection.fin",
    "tcp.connection.fin_active",
    "tcp.connection.fin_passive",
    "tcp.connection.rst",
    "tcp.connection.syn",
    "tcp.connection.synack",
    "tcp.analysis",
    "tcp.analysis.ack_lost_segment",
    "tcp.analysis.ack_rtt",
    "tcp.analysis.acks_frame",
    "tcp.analysis.bytes_in_flight",
    "tcp.analysis.duplicate_ack",
    "tcp.analysis.duplicate_ack_frame",
    "tcp.analysis.duplicate_ack_num",
    "tcp.analysis.fast_retransmission",
    "tcp.analysis.flags",
    "tcp.analysis.initial_rtt",
    "tcp.analysis.keep_alive",
    "tcp.analysis.keep_alive_ack",
    "tcp.analysis.lost_segment",
    "tcp.analysis.out_of_order",
    "tcp.analysis.push_bytes_sent",
    "tcp.analysis.retransmission",
    "tcp.analysis.reused_ports",
    "tcp.analysis.rto",
    "tcp.analysis.rto_frame",
    "tcp.analysis.spurious_retransmission",
    "tcp.analysis.window_full",
    "tcp.analysis.window_update",
    "tcp.analysis.zero_window",
    "tcp.analysis.zero_window_probe",
    "tcp.analysis.zero_window_probe_ack",
    "tcp.segment_data",
    "tcp.reassembled_in",
    "tcp.segments",
    "tcp.segment",
    "tcp.segment.count",
    "tcp.reassembled.length",
    "tcp.reassembled.data",
    "tcp.pdu.size",
    "http.request.method",
    "http.request_number",
    "http.response.code",
    "http.response_number",
    "http.request_in",
    "http.response_in",
    "http.prev_request_in",
    "http.prev_response_in",
    "http.next_request_in",
    "http.next_response_in",
    "http.response_for.uri",
    "http.time",
    "http.content_length",
    "http.proxy_connect_host",
    "http.proxy_connect_port",
    "http.file_data",
    "dns.id",
    "dns.qry.name",
    "tls.record.content_type",
    "tls.record.version",
    "tls.handshake.type",
    "ftp.request.command",
    "ftp.response.code",
    "smtp.req.command",
    "smtp.response.code",
];

/// Fields of the above that are asked of what TCP carries: over UDP, tshark takes what is on a port
/// of no protocol it knows for one that may be.
const OF_STREAMS: &[&str] = &["frame.protocols", INFO, "_ws.malformed", "data.len"];

/// The line of the packet list. Only what is in brackets is kept: flags, and what was noticed.
const INFO: &str = "_ws.col.Info";

/// What is in brackets.
fn brackets(text: &str) -> String {
    let parts = text
        .split('[')
        .skip(1)
        .filter_map(|part| part.split_once(']'));
    parts.map(|(inside, _)| format!("[{inside}]")).collect()
}

/// Longer values are kept as their beginning and their length.
const LONGEST: usize = 60;

/// What a program prints of a capture: of each frame the fields that have a value.
fn told(program: &str, before: &[&str], capture: &Path) -> Vec<String> {
    let mut command = Command::new(program);
    command.args(before).arg(capture).env("TZ", "UTC");
    if program == "tshark" {
        command.args(["-T", "fields"]);
    }
    for field in FIELDS {
        command.args(["-e", field]);
    }
    let output = command.output().expect("the program runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = |(at, line): (usize, &str)| {
        let cells = FIELDS.iter().zip(line.split('\t'));
        let streams = line.split('\t').next().is_some_and(|p| p.contains(":tcp"));
        let asked = |name: &&str| streams || !OF_STREAMS.contains(name);
        let cells = cells.map(|(name, value)| match *name {
            INFO => (name, brackets(value)),
            _ => (name, value.to_owned()),
        });
        let told = cells.filter(|(name, value)| asked(name) && !value.is_empty());
        let cells: String = told
            .map(|(name, value)| match value.get(..LONGEST) {
                _ if *name == "_ws.malformed" => format!("\t{name}"),
                Some(start) => format!("\t{name}={start}… {}", value.len()),
                None => format!("\t{name}={value}"),
            })
            .collect();
        format!("{}{cells}", at + 1)
    };
    text.lines().enumerate().map(line).collect()
}

/// Each capture, and the packets of each scenario written into one: by the file that keeps what
/// tshark says of it, and its name there.
fn captures(folder: &Path) -> BTreeMap<String, Vec<(String, PathBuf)>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = |folder: &str, extension: &str| {
        let entries = std::fs::read_dir(root.join(folder)).expect("the folder is there");
        let paths = entries.map(|e| e.expect("an entry can be read").path());
        let mut paths: Vec<PathBuf> = paths
            .filter(|path| path.extension().is_some_and(|e| e == extension))
            .collect();
        paths.sort();
        paths
    };
    let stem = |path: &Path| {
        let stem = path.file_stem().expect("a file has a name");
        stem.to_string_lossy().into_owned()
    };
    let mut found: BTreeMap<String, Vec<(String, PathBuf)>> = BTreeMap::new();
    for path in files("captures", "pcap") {
        let title = stem(&path);
        found.entry(title.clone()).or_default().push((title, path));
    }
    for path in files("fixtures/scenarios", "txt") {
        let text = std::fs::read_to_string(&path).expect("a scenario is text");
        for (number, block) in text.split("\n--- ").enumerate() {
            let (title, packets) = block.split_once('\n').unwrap_or((block, ""));
            let made = folder.join(format!("{}-{number}.pcap", stem(&path)));
            let bytes = scenario::capture(packets).expect("packets");
            std::fs::write(&made, bytes).expect("a file can be written");
            let kept = format!("scenarios-{}", stem(&path));
            found
                .entry(kept)
                .or_default()
                .push((title.to_owned(), made));
        }
    }
    for (kind, make, count) in random::KINDS {
        for seed in 1..=*count {
            let made = folder.join(format!("random-{kind}-{seed}.pcap"));
            let bytes = scenario::capture(&make(seed)).expect("packets");
            std::fs::write(&made, bytes).expect("a file can be written");
            let kept = format!("random-{kind}");
            found
                .entry(kept)
                .or_default()
                .push((format!("{kind} {seed}"), made));
        }
    }
    found
}

/// Where we say something else: by capture, scenario or kept file, what the cells begin with, and why.
const OURS: &[(&str, &str, &str)] = &[
    (
        "ftp",
        "tcp.completeness=",
        "tshark opens the data connection before its SYN",
    ),
    (
        "snmp",
        "udp.",
        "tshark opens conversations that no packet belongs to",
    ),
    ("mail", "_ws.col.Protocol=", "mails are not decoded"),
    ("mail", "frame.protocols=", "mails are not decoded"),
    (
        "nbns",
        "_ws.col.Protocol=",
        "what browsers tell is not decoded",
    ),
    // These send in clear what would be encrypted.
    (
        "what follows AUTH TLS cannot be read",
        "",
        "TLS is expected",
    ),
    ("POP after STLS", "_ws.col.Protocol=", "TLS is expected"),
    (
        "a tunnel, and a change of protocol",
        "_ws.col.Info=",
        "the hello in it is none, and messages of WebSocket are not decoded",
    ),
    (
        "what comes again at once, of a record that is whole already",
        "_ws.col.Info=",
        "tshark's words for what cannot be put together",
    ),
    (
        "of two records that came in two segments each, either is known when its bytes come again",
        "_ws.col.Info=",
        "tshark's words for what cannot be put together",
    ),
    (
        "a packet of SSH that the capture cuts is not waited for",
        "_ws.col.Info=",
        "tshark notes that a packet is cut in the middle of what it says",
    ),
    (
        "what is only named: one message, two in a segment, one in two, one that is cut",
        "_ws.col.Info=",
        "what is only named has no line of its own",
    ),
    (
        "of a server whose callers are not captured, the answers on ports used again are told",
        "_ws.col.Info=",
        "tshark calls the ports used again in the line, and its second reading counts from the last answer",
    ),
    (
        "of a server whose callers are not captured, the answers on ports used again are told",
        "tcp.",
        "tshark's second reading counts from the last answer",
    ),
    (
        "an answer again after the end is another record only where the caller was never seen",
        "_ws.col.Info=",
        "tshark calls the ports used again in the line, and not in its field",
    ),
    (
        "SMTP after STARTTLS, and a mail that speaks of passwords",
        "",
        "mails are not decoded",
    ),
    (
        "a RST before the SYN belongs to an earlier connection",
        "tcp.analysis",
        "tshark has an analysis, and nothing in it, for the SYN",
    ),
    (
        "in chunks, with a trailer, and until the end",
        "http.response_for.uri=",
        "tshark adds the host of an earlier request",
    ),
    (
        "asked together, answered together, and an interim answer",
        "http.",
        "tshark's second reading numbers two requests of one frame alike",
    ),
    (
        "a hole in a body counts, a hole in a head does not",
        "http.",
        "tshark reads on in a head behind a hole",
    ),
    (
        "asked together, answered together, and an interim answer",
        "frame.protocols=",
        "tshark names the messages of one segment once",
    ),
    (
        "asked together, and the first thing that is said is interim",
        "frame.protocols=",
        "tshark names the messages of one segment once",
    ),
    (
        "two questions in one segment, and their answers in one",
        "frame.protocols=",
        "tshark names the messages of one segment once",
    ),
    (
        "questions by TCP: a length alone, a message in three, two in one",
        "frame.protocols=",
        "tshark names the messages of one segment once",
    ),
    (
        "what is only named: one message, two in a segment, one in two, one that is cut",
        "tcp.pdu.size=",
        "what is only named is not measured",
    ),
    (
        "a change to HTTP/2",
        "tcp.pdu.size=",
        "what is only named is not measured",
    ),
    (
        "a change to HTTP/2",
        "_ws.col.Info=",
        "what is only named is not looked into",
    ),
    (
        "a request in chunks, and lines that end without a carriage return",
        "frame.protocols=",
        "tshark names the messages of one segment once",
    ),
    (
        "what is only named, with a name above it",
        "tcp.pdu.size=",
        "what is only named is not measured",
    ),
    (
        "what is only named, with a name above it",
        "_ws.col.Protocol=",
        "tshark calls Modbus by its transport",
    ),
    (
        "a refusal opens no tunnel",
        "frame.protocols=",
        "tshark takes it for one",
    ),
    (
        "a tunnel, and a change of protocol",
        "frame.protocols=",
        "messages of WebSocket are not decoded",
    ),
    ("POP after STLS", "frame.protocols=", "TLS is expected"),
    (
        "a tunnel, and a change of protocol",
        "_ws.col.Protocol=",
        "the hello in it is none",
    ),
    (
        "a tunnel, and a change of protocol",
        "tcp.pdu.size=",
        "messages of WebSocket are not decoded",
    ),
    (
        "a refusal opens no tunnel",
        "http.",
        "tshark takes it for one",
    ),
    (
        "pings of several",
        "icmp.",
        "tshark pairs the newest of equal requests, and nothing with what went to everybody",
    ),
    (
        "pieces that overlap, alike and not",
        "ip.fragment=",
        "tshark leaves out a piece that differs",
    ),
    (
        "fragments that overlap and disagree: neither is the checksum wrong, nor what was sent known",
        "ip.fragment=",
        "tshark leaves out a piece that differs",
    ),
    (
        "length and payload disagree",
        "udp.",
        "tshark stops at a length that cannot be",
    ),
    (
        "communities of SNMP",
        "udp.",
        "tshark opens conversations that no packet belongs to",
    ),
    (
        "who is there, by SSDP",
        "http.response_for.uri=",
        "tshark names what is only asked later",
    ),
    (
        "files by FTP, over the connections that are announced",
        "tcp.completeness=",
        "tshark opens the data connection before its SYN",
    ),
    (
        "holes in a chunk, in a body until the end, and in the line of a chunk",
        "http.",
        "tshark reads on behind holes",
    ),
    (
        "what was seen before was sent again, whatever it is called",
        "tcp.segment_data=",
        "tshark calls it out of order and waits for the rest of a message that it has seen",
    ),
    (
        "a first line in drops",
        "",
        "for tshark a line that ends in the version is enough to begin HTTP",
    ),
    (
        "wrong",
        "udp.time",
        "tshark keeps no times of a datagram without payload",
    ),
    (
        "SMTP: AUTH PLAIN in its own line, and given up",
        "smtp.req.command=",
        "tshark takes the line that gives up for none",
    ),
    (
        "random-http",
        "http.response_for.uri=",
        "tshark's second reading begins with the last request of its first",
    ),
    (
        "random-mishaps-http",
        "http.response_for.uri=",
        "tshark's second reading begins with the last request of its first",
    ),
    (
        "random-mishaps-dns",
        "frame.protocols=",
        "tshark names the messages of one segment once",
    ),
    (
        "random-dns-tcp",
        "frame.protocols=",
        "tshark names the messages of one segment once",
    ),
    (
        "random-pieces",
        "ip.fragment.overlap=",
        "tshark repeats it for each piece that overlaps",
    ),
    (
        "an answer again after the end is another record only where the caller was never seen",
        "tcp.",
        "tshark's second reading counts from the later answer",
    ),
    (
        "after its end, the same ports and the same number are called again: that is another connection",
        "tcp.",
        "tshark's second reading counts from the later answer",
    ),
    (
        "after its end, the same ports and the same number are called again: that is another connection",
        "_ws.col.Info=",
        "tshark's second reading counts from the later answer",
    ),
    (
        "and so after both FINs",
        "tcp.",
        "tshark's second reading counts from the later answer",
    ),
    (
        "and so after both FINs",
        "_ws.col.Info=",
        "tshark's second reading counts from the later answer",
    ),
    (
        "a SYN with another number begins another record, but not behind the answer it belongs to",
        "tcp.analysis",
        "tshark has a round trip for what came before its SYN",
    ),
    (
        "frames of a SYN and of its refusal that were swapped",
        "tcp.analysis",
        "tshark has a round trip for what came before its SYN",
    ),
    (
        "the refusal of another SYN is none of this one",
        "tcp.analysis",
        "tshark has a round trip for what came before its SYN",
    ),
    (
        "a refusal before a SYN that was answered is none either",
        "tcp.analysis",
        "tshark has a round trip for what came before its SYN",
    ),
    (
        "a SYN behind the answer to it, and in the wrong order",
        "tcp.analysis",
        "tshark has an analysis, and nothing in it, for the SYN",
    ),
    // Letters where a head of HTTP is to be.
    (
        "segments and their round trips",
        "tcp.reassembled_in=",
        "what is no head is not put together",
    ),
    (
        "a server that answers both in turn does not let anybody wait",
        "tcp.reassembled_in=",
        "what is no head is not put together",
    ),
];

fn kept(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join(format!("fixtures/tshark/{name}.txt"))
}

#[test]
fn the_fields_are_those_that_tshark_printed() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut wrong = Vec::new();
    let mut compared = 0;
    for (name, captures) in captures(folder.path()) {
        let text = std::fs::read_to_string(kept(&name)).unwrap_or_default();
        let mut blocks: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for block in text.split("--- ").skip(1) {
            let (title, lines) = block.split_once('\n').expect("a title is a line");
            blocks.insert(title, lines.lines().collect());
        }
        for (title, path) in captures {
            let Some(want) = blocks.get(title.as_str()) else {
                wrong.push(format!("{name}, {title}: nothing is kept of it"));
                continue;
            };
            let got = told(env!("CARGO_BIN_EXE_wirelab"), &["fields"], &path);
            assert_eq!(got.len(), want.len(), "{name}, {title}: frames");
            for (want, got) in want.iter().zip(&got) {
                let [want, got] = [*want, got.as_str()].map(|line| -> Vec<&str> {
                    let cells = line.split('\t');
                    let own = |cell: &&str| {
                        let ours = OURS.iter().filter(|ours| ours.0 == title || ours.0 == name);
                        !ours.into_iter().any(|ours| cell.starts_with(ours.1))
                    };
                    cells.filter(own).collect()
                });
                compared += want.len();
                if want != got {
                    let only = |these: &[&str], those: &[&str]| -> Vec<String> {
                        let own = these.iter().filter(|c| !those.contains(c));
                        own.map(|c| (*c).to_owned()).collect()
                    };
                    wrong.push(format!(
                        "{name}, {title}, frame {}: tshark {:?}, wirelab {:?}",
                        want[0],
                        only(&want, &got),
                        only(&got, &want)
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(compared > 10_000, "{compared} cells were compared");
}

#[test]
fn what_is_kept_is_what_tshark_prints() {
    if Command::new("tshark").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "CI has tshark");
        skip::skip("goldens against tshark: tshark is not installed");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let keep = std::env::var("WIRELAB_KEEP").ok();
    for (name, captures) in captures(folder.path()) {
        if keep.as_ref().is_some_and(|keep| !name.contains(keep)) {
            continue;
        }
        let mut text = String::new();
        for (title, path) in captures {
            text += &format!("--- {title}\n");
            for line in told("tshark", &["-2", "-n", "-r"], &path) {
                text += &line;
                text += "\n";
            }
        }
        if keep.is_some() {
            std::fs::write(kept(&name), &text).expect("a file can be written");
        }
        let found = std::fs::read_to_string(kept(&name)).unwrap_or_default();
        let same = found.lines().zip(text.lines()).position(|(a, b)| a != b);
        assert!(
            found == text,
            "{name}: line {:?} differs",
            same.map(|at| at + 1)
        );
    }
}
