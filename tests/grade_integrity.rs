//! Sixty hand-ins, twelve of them copies and forgeries of eight kinds, made from recorded runs: all are
//! found with frames of both files, and no honest one is, pair work and shared machines included.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wirelab::capture::{Batch, Reader};
use wirelab::grade::integrity::{self, Findings, How};
use wirelab::grade::{self, Marks};
use wirelab::handout::{Handout, built_in};

mod class;

/// Captures of a run.
const FILES: usize = 5;

/// A frame: nanoseconds since 1970, and its bytes.
type Frames = Vec<(i64, Vec<u8>)>;
/// A run of the lab: its captures, and what was chosen for it.
struct Run {
    captures: BTreeMap<String, Frames>,
    raw: BTreeMap<String, Vec<u8>>,
    values: BTreeMap<String, String>,
}

fn run(name: &str) -> Run {
    let class::Run { captures, values } = class::run(&format!("ip-dhcp-arp-{name}"));
    let stem = |name: &String| name.trim_end_matches(".pcapng").to_owned();
    let raw: BTreeMap<String, Vec<u8>> = captures
        .into_iter()
        .map(|(name, bytes)| (stem(&name), bytes))
        .collect();
    assert_eq!(raw.len(), FILES, "{name}");
    let captures = raw
        .iter()
        .map(|(name, bytes)| (name.clone(), frames(bytes)));
    Run {
        captures: captures.collect(),
        raw,
        values,
    }
}

fn frames(bytes: &[u8]) -> Frames {
    let mut reader = Reader::from_read("a run", Cursor::new(bytes.to_vec()));
    let mut batch = Batch::new();
    let mut out = Vec::new();
    while reader.next_batch(&mut batch) {
        for frame in batch.frames() {
            out.push((frame.time.expect("a time").0, frame.bytes.to_vec()));
        }
    }
    out
}

/// A pcap file of microseconds.
fn pcap(frames: &Frames) -> Vec<u8> {
    let mut out = Vec::new();
    for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65535, 1] {
        out.extend(word.to_le_bytes());
    }
    for (time, bytes) in frames {
        let micros = time / 1000;
        let length = u32::try_from(bytes.len()).expect("short");
        for word in [
            u32::try_from(micros / 1_000_000).expect("a time"),
            u32::try_from(micros % 1_000_000).expect("a part"),
            length,
            length,
        ] {
            out.extend(word.to_le_bytes());
        }
        out.extend(bytes);
    }
    out
}

fn replace(bytes: &mut [u8], old: &[u8], new: &[u8]) {
    let mut at = 0;
    while at + old.len() <= bytes.len() {
        if bytes[at..].starts_with(old) {
            bytes[at..at + old.len()].copy_from_slice(new);
            at += old.len();
        } else {
            at += 1;
        }
    }
}

fn shift(frames: &mut Frames, by: impl Fn(usize) -> i64) {
    for (at, frame) in frames.iter_mut().enumerate() {
        frame.0 += by(at);
    }
}

/// Other addresses and hardware addresses for the student's own machine, and another host to ping.
fn rewrite(frames: &mut Frames, values: &BTreeMap<String, String>) {
    let ip = |text: &str| -> Vec<u8> {
        text.split('.')
            .map(|p| p.parse().expect("a byte"))
            .collect()
    };
    let mac = |text: &str| -> Vec<u8> {
        let parts = text.split(':');
        parts
            .map(|p| u8::from_str_radix(p, 16).expect("a byte"))
            .collect()
    };
    for (_, bytes) in frames {
        replace(bytes, &ip(&values["vm"]), &[10, 0, 2, 77]);
        replace(
            bytes,
            &mac(&values["vm_mac"]),
            &[8, 0, 0x27, 0xab, 0xcd, 0xef],
        );
        replace(bytes, &ip(&values["far"]), &[104, 98, 76, 9]);
    }
}

/// Another port for every client, in TCP and UDP over Ethernet and IPv4 without options.
fn report(frames: &mut Frames) {
    for (_, bytes) in frames {
        if bytes.len() < 38 || bytes[12..14] != [8, 0] || ![6, 17].contains(&bytes[23]) {
            continue;
        }
        for at in [34, 36] {
            let port = u16::from_be_bytes([bytes[at], bytes[at + 1]]);
            if port > 30_000 {
                bytes[at..at + 2].copy_from_slice(&(port ^ 0x0155).to_be_bytes());
            }
        }
    }
}

const SECOND: i64 = 1_000_000_000;

/// A forgery of a run, of one of eight kinds; `own` is the forger's own run.
fn forged(kind: usize, original: &Run, own: &Run) -> Vec<(String, Vec<u8>)> {
    let each = |change: &dyn Fn(&mut Frames)| -> Vec<(String, Vec<u8>)> {
        let list = original.captures.iter().enumerate();
        list.map(|(n, (_, frames))| {
            let mut frames = frames.clone();
            change(&mut frames);
            (format!("task{n}.pcap"), pcap(&frames))
        })
        .collect()
    };
    let rest = |list: &[&str]| -> Vec<(String, Vec<u8>)> {
        let own = own
            .raw
            .iter()
            .filter(|(name, _)| list.contains(&name.as_str()));
        own.map(|(name, bytes)| (format!("{name}.pcapng"), bytes.clone()))
            .collect()
    };
    match kind {
        // The files themselves, under other names.
        1 => original
            .raw
            .iter()
            .map(|(name, bytes)| (format!("mine_{name}.pcapng"), bytes.clone()))
            .collect(),
        // Another container, compressed.
        2 => each(&|_| {})
            .into_iter()
            .map(|(name, bytes)| {
                let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                gz.write_all(&bytes).expect("bytes");
                (format!("{name}.gz"), gz.finish().expect("a stream"))
            })
            .collect(),
        // Every clock an hour and a half later.
        3 => each(&|f| shift(f, |_| 5400 * SECOND)),
        // Other addresses.
        4 => each(&|f| rewrite(f, &original.values)),
        // Other addresses and ports, two days later.
        5 => each(&|f| {
            rewrite(f, &original.values);
            report(f);
            shift(f, |_| 172_800 * SECOND);
        }),
        // A piece of one file; the rest is the forger's own.
        6 => {
            let mut all = rest(&["L2.4", "1", "2", "3"]);
            let piece: Frames = original.captures["4"][8..14].to_vec();
            all.push(("web.pcap".into(), pcap(&piece)));
            all
        }
        // One file in which the own frames and those of another are merged.
        7 => {
            let mut all = rest(&["L2.4", "3", "4"]);
            let mut both = own.captures["1"].clone();
            both.extend(original.captures["2"].clone());
            both.extend(original.captures["1"].clone());
            both.sort_by_key(|f| f.0);
            all.push(("everything.pcap".into(), pcap(&both)));
            all
        }
        // Other texts, and time stamps by hand.
        8 => each(&|f| {
            for (_, bytes) in f.iter_mut() {
                replace(bytes, b"Invalid", b"invalid");
                replace(bytes, b"TIME", b"Time");
                replace(bytes, b" 2026", b" 2025");
            }
            shift(f, |at| {
                3600 * SECOND + i64::try_from(at * at % 7).expect("small") * SECOND / 2
            });
        }),
        _ => unreachable!("eight kinds"),
    }
}

fn write(folder: &Path, student: &str, files: &[(String, Vec<u8>)]) {
    let place = folder.join(student);
    std::fs::create_dir_all(&place).expect("a folder");
    for (name, bytes) in files {
        std::fs::write(place.join(name), bytes).expect("a file");
    }
}

fn honest(run: &Run) -> Vec<(String, Vec<u8>)> {
    let raw = run.raw.iter();
    raw.map(|(name, bytes)| (format!("{name}.pcapng"), bytes.clone()))
        .collect()
}

/// A second recording of the same traffic, by a partner at the other end of the table.
fn partner(run: &Run) -> Vec<(String, Vec<u8>)> {
    let list = run.captures.iter();
    list.map(|(name, frames)| {
        let mut frames = frames.clone();
        shift(&mut frames, |at| {
            3_000_000 + i64::try_from(at * 37 % 11).expect("small") * 40_000
        });
        (format!("{name}_partner.pcap"), pcap(&frames))
    })
    .collect()
}

fn graded(folder: &Path) -> Vec<Marks> {
    let handout = match Handout::parse(built_in("ip-dhcp-arp").expect("it is built in")) {
        Ok(handout) => Arc::new(handout),
        Err(problems) => panic!("{problems:?}"),
    };
    let submissions = Arc::new(grade::collect(folder).expect("the class can be read"));
    grade::all(&handout, &submissions, 2, |_| {})
}

fn copies(all: &[Marks], found: &Findings) -> Vec<(String, String)> {
    let shared = found.shared.iter().filter(|s| s.is_copy());
    shared
        .map(|s| (all[s.first].student.clone(), all[s.second].student.clone()))
        .collect()
}

#[test]
fn copies_and_forgeries_are_found_and_nobody_else() {
    let folder = tempfile::tempdir().expect("a folder");
    // Honest: machines of their own, the same addresses for all, the same machine at another time,
    // and two partners who recorded the same traffic.
    for n in 1..=36 {
        write(
            folder.path(),
            &format!("h{n:02}"),
            &honest(&run(&n.to_string())),
        );
    }
    for n in 1..=6 {
        write(
            folder.path(),
            &format!("h{}", 36 + n),
            &honest(&run(&format!("d{n}"))),
        );
    }
    for n in 1..=4 {
        write(
            folder.path(),
            &format!("h{}", 42 + n),
            &honest(&run(&format!("{n}b"))),
        );
    }
    for n in 1..=2 {
        write(
            folder.path(),
            &format!("h{}", 46 + n),
            &partner(&run(&n.to_string())),
        );
    }
    let kinds = [1, 2, 3, 4, 5, 6, 7, 8, 4, 5, 7, 8];
    let mut wanted = Vec::new();
    for (n, kind) in kinds.iter().enumerate() {
        let original = n + 5;
        let own = run(&(37 + n / 2 % 4).to_string());
        let files = forged(*kind, &run(&original.to_string()), &own);
        write(folder.path(), &format!("x{:02}", n + 1), &files);
        wanted.push((format!("h{original:02}"), format!("x{:02}", n + 1)));
    }
    let all = graded(folder.path());
    assert_eq!(all.len(), 60);
    let found = integrity::findings(&all, &integrity::Known::default());
    wanted.sort();
    let told: Vec<String> = found
        .shared
        .iter()
        .flat_map(|s| &s.captures)
        .map(integrity::Pair::sentence)
        .collect();
    assert_eq!(copies(&all, &found), wanted, "{told:#?}");
    for pair in found.shared.iter().filter(|s| s.is_copy()) {
        for capture in pair.captures.iter() {
            let (one, two) = (&all[pair.first], &all[pair.second]);
            assert!(one.prints.iter().any(|p| p.file == capture.first));
            assert!(two.prints.iter().any(|p| p.file == capture.second));
            assert!(!capture.frames.is_empty(), "{capture:?}");
            assert!(
                capture.sentence().contains("frames"),
                "{}",
                capture.sentence()
            );
        }
    }
    let together: Vec<(&str, &str)> = found
        .shared
        .iter()
        .filter(|s| !s.is_copy())
        .map(|s| {
            (
                all[s.first].student.as_str(),
                all[s.second].student.as_str(),
            )
        })
        .collect();
    assert_eq!(together, [("h01", "h47"), ("h02", "h48")]);
    assert!(found.spread.is_empty(), "{:?}", found.spread);
    let how = |x: &str| {
        let pair = found.shared.iter().find(|s| all[s.second].student == x);
        pair.expect("it is found").captures[0].how
    };
    assert_eq!(how("x01"), How::Copied);
    assert_eq!(how("x03"), How::Copied);
    assert_eq!(how("x04"), How::Rewritten);
    assert_eq!(how("x05"), How::Rewritten);
    // Time stamps by hand are seen without the original, too; honest clocks are not remarkable.
    for marks in &all {
        let odd = !marks.evidence.is_empty();
        let by_hand = ["x08", "x12"].contains(&marks.student.as_str());
        assert_eq!(odd, by_hand, "{}: {:?}", marks.student, marks.evidence);
    }
}

#[test]
fn what_the_teacher_gave_out_is_nobodys() {
    let folder = tempfile::tempdir().expect("a folder");
    let (own, given) = (folder.path().join("class"), folder.path().join("given"));
    for (student, n) in [("a", "1"), ("b", "2"), ("c", "3")] {
        let mut files = honest(&run(n));
        files.extend(
            honest(&run("40"))
                .into_iter()
                .map(|(n, b)| (format!("example-{n}"), b)),
        );
        write(&own, student, &files);
    }
    write(&given, "example", &honest(&run("40")));
    let all = graded(&own);
    let teacher = graded(&given);
    let prints = teacher.iter().flat_map(|m| &m.prints);
    let known = integrity::known(prints);
    assert!(integrity::findings(&all, &known).shared.is_empty());
    assert_eq!(
        integrity::findings(&all, &integrity::Known::default())
            .shared
            .len(),
        3
    );
}

#[test]
fn what_half_the_class_has_is_told_once() {
    let folder = tempfile::tempdir().expect("a folder");
    for n in 1..=12 {
        let mut files = honest(&run(&n.to_string()));
        if n % 2 == 0 {
            files.extend(
                honest(&run("40"))
                    .into_iter()
                    .map(|(n, b)| (format!("given-{n}"), b)),
            );
        }
        write(folder.path(), &format!("h{n:02}"), &files);
    }
    let all = graded(folder.path());
    let found = integrity::findings(&all, &integrity::Known::default());
    assert!(found.shared.is_empty(), "{:?}", found.shared);
    assert_eq!(found.spread.len(), 1);
    assert_eq!(found.spread[0].students.len(), 6);
    assert!(found.spread[0].sentence().contains("--teacher"));
}

#[test]
fn the_writing_program_is_told_when_it_edits() {
    let folder = tempfile::tempdir().expect("a folder");
    let path: PathBuf = folder.path().join("a");
    std::fs::create_dir(&path).expect("a folder");
    // A section that says who wrote it, then the capture's own.
    let name = b"Mergecap (Wireshark) 4.0.17";
    let mut block = Vec::new();
    block.extend(0x1a2b_3c4d_u32.to_le_bytes());
    block.extend([1, 0, 0, 0]);
    block.extend([0xff; 8]);
    block.extend(4u16.to_le_bytes());
    block.extend(u16::try_from(name.len()).expect("short").to_le_bytes());
    block.extend(name);
    block.resize(block.len().next_multiple_of(4), 0);
    block.extend([0; 4]);
    let length = u32::try_from(block.len() + 12).expect("short");
    let mut bytes = 0x0a0d_0d0a_u32.to_le_bytes().to_vec();
    bytes.extend(length.to_le_bytes());
    bytes.extend(block);
    bytes.extend(length.to_le_bytes());
    bytes.extend(&run("1").raw["1"]);
    std::fs::write(path.join("1.pcapng"), bytes).expect("a file");
    write(folder.path(), "b", &honest(&run("2")));
    let all = graded(folder.path());
    assert!(
        all[0].evidence.iter().any(|e| e.contains("Mergecap")),
        "{:?}",
        all[0].evidence
    );
    assert!(all[1].evidence.is_empty());
}
