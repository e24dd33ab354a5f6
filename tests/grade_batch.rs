//! A batch of 300 hand-ins, 60 of them hostile or damaged: 300 rows, and the same bytes every time,
//! whatever the number of workers.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};

mod class;

use class::run;

fn wirelab(arguments: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirelab"));
    command
        .arg("grade")
        .arg("ip-dhcp-arp")
        .arg(folder)
        .args(arguments);
    command.output().expect("it runs")
}

fn gzip(length: u64, head: &[u8]) -> Vec<u8> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gz.write_all(head).expect("bytes");
    let zeros = vec![0u8; 1 << 20];
    for _ in 0..length >> 20 {
        gz.write_all(&zeros).expect("bytes");
    }
    gz.finish().expect("a stream")
}

fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file(*name, options).expect("an entry");
        zip.write_all(bytes).expect("its bytes");
    }
    zip.finish().expect("an archive").into_inner()
}

/// What hostile and damaged hand-ins hold: a name, and bytes.
fn hostile(kind: usize, good: &BTreeMap<String, Vec<u8>>) -> Vec<(String, Vec<u8>)> {
    let one = |name: &str, bytes: Vec<u8>| vec![(name.to_owned(), bytes)];
    let pcap = &good["1.pcapng"];
    let header = [
        0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0,
    ];
    match kind {
        0 => one("report.md", Vec::new()),
        1 => one("report.txt", vec![0; 100_000]),
        2 => one("report.docx", b"PK\x03\x04 no archive".to_vec()),
        3 => one("report.pdf", b"%PDF-1.7 nonsense".to_vec()),
        4 => one("report.json", "[".repeat(200_000).into_bytes()),
        5 => one(
            "report.toml",
            format!("a{} = 1", ".a".repeat(50_000)).into_bytes(),
        ),
        6 => one(
            "ping.pcap",
            b"version https://git-lfs.github.com/spec/v1\n".to_vec(),
        ),
        7 => one("ping.pcap", header[..10].to_vec()),
        8 => one("ping.pcapng", pcap[..pcap.len() / 2].to_vec()),
        9 => {
            let mut bytes = pcap.clone();
            for at in (40..bytes.len()).step_by(13) {
                bytes[at] ^= 0xff;
            }
            one("ping.pcapng", bytes)
        }
        // A bomb: a capture of a gigabyte of nothing.
        10 => one("ping.pcap.gz", gzip(520 << 20, &header)),
        11 => one(
            "all.zip",
            zip(&[("../../evil.txt", b"1B: ICMP"), ("inner.zip", b"PK")]),
        ),
        12 => one("bomb.zip", zip(&[("report.txt", &vec![b'a'; 20 << 20])])),
        13 => one("all.tar.gz", gzip(4 << 20, b"no archive")),
        14 => one("report.txt", "1A 1B 1C ( ( ".repeat(20_000).into_bytes()),
        15 => one(
            "report.csv",
            b"1A,=HYPERLINK(\"http://x\")\n\"\n1B,@SUM(A1)\n".to_vec(),
        ),
        16 => one(
            "report.md",
            b"1B: <script>alert(1)</script> \x1b[2J \xe2\x80\xae ICMP".to_vec(),
        ),
        17 => one("answers.png", b"\x89PNG".to_vec()),
        18 => one("report.md", b"\xff\xfe1\0A\0:\0 \0\xd8\xd8".to_vec()),
        _ => {
            // Frames that claim to be longer than they are.
            let mut bytes = header.to_vec();
            bytes.extend([0xff; 16]);
            bytes.extend([0; 64]);
            one("ping.pcap", bytes)
        }
    }
}

#[test]
fn three_hundred_rows_and_the_same_bytes_every_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let runs: Vec<_> = (1..=8)
        .map(|n| run(&format!("ip-dhcp-arp-{n}")).captures)
        .collect();
    for n in 0..240usize {
        let place = folder.path().join(format!("good{n:03}"));
        std::fs::create_dir(&place).expect("a folder");
        // A file or two each: the batch is about rows, not about captures.
        let files = &runs[n % runs.len()];
        let name = ["1.pcapng", "2.pcapng", "4.pcapng"][n % 3];
        std::fs::write(place.join(name), &files[name]).expect("a capture");
        let text = format!(
            "1B: ICMP\n1C: 20 bytes\n1E: {}\n2A: UDP, 68 -> 67\n",
            60 + n % 8
        );
        std::fs::write(place.join("report.md"), text).expect("a report");
    }
    for n in 0..60usize {
        let place = folder.path().join(format!("hostile{n:03}"));
        std::fs::create_dir(&place).expect("a folder");
        // One bomb is enough.
        let kind = if n > 20 && n % 20 == 10 { 7 } else { n % 20 };
        for (name, bytes) in hostile(kind, &runs[0]) {
            std::fs::write(place.join(name), bytes).expect("a file");
        }
        if n % 20 == 0 {
            std::os::unix::fs::symlink("/etc/passwd", place.join("link.txt")).expect("a link");
            std::os::unix::fs::symlink("/", place.join("root")).expect("a link");
        }
        if n % 20 == 1 {
            let pipe = Command::new("mkfifo").arg(place.join("pipe.txt")).status();
            assert!(pipe.expect("mkfifo runs").success());
        }
    }
    let results: Vec<Output> = ["1", "2", "7"]
        .iter()
        .map(|jobs| wirelab(&["--format", "json", "--jobs", jobs], folder.path()))
        .collect();
    for result in &results {
        let errors = String::from_utf8_lossy(&result.stderr);
        assert_eq!(result.status.code(), Some(0), "{errors}");
        assert!(result.stdout == results[0].stdout, "other bytes");
    }
    let told: serde_json::Value = serde_json::from_slice(&results[0].stdout).expect("it is JSON");
    let students = told["students"].as_array().expect("students");
    assert_eq!(students.len(), 300);
    for student in students {
        assert_eq!(student["parts"].as_array().expect("parts").len(), 30);
        let name = student["student"].as_str().expect("a name");
        if let Some(number) = name.strip_prefix("hostile") {
            let right = student["parts"].as_array().expect("parts").iter();
            let right = right.filter(|p| p["verdict"] == "right").count();
            assert_eq!(right, 0, "{name}");
            let remarks = student["remarks"].as_array().expect("remarks");
            let number: usize = number.parse().expect("a number");
            // Markup, nonsense and long text are read: there is nothing wrong with the file.
            if ![0, 1, 9, 14, 15, 16, 18].contains(&(number % 20)) || number % 20 < 2 {
                assert!(!remarks.is_empty(), "{name}");
            }
        }
    }
    let remark = |name: &str| {
        let one = students
            .iter()
            .find(|s| s["student"] == name)
            .expect("a row");
        one["remarks"].to_string()
    };
    assert!(remark("hostile000").contains("links are not followed"));
    assert!(remark("hostile001").contains("no regular file"));
    assert!(remark("hostile010").contains("more than 512 MiB"));
    assert!(remark("hostile011").contains("leads out of the archive"));
    assert!(remark("hostile012").contains("larger") || remark("hostile012").contains("more than"));
}

#[test]
fn a_hand_in_that_takes_too_long_costs_only_its_own_row() {
    use std::sync::Arc;
    use std::time::Duration;
    use wirelab::grade::{self, Limits, workers};
    use wirelab::handout::{Handout, built_in};
    let folder = tempfile::tempdir().expect("a folder");
    let good = run("ip-dhcp-arp-1").captures;
    for (student, text) in [
        ("a", "1B: ICMP".to_owned()),
        ("b", "1A 1B 1C ( ( ".repeat(9_000)),
    ] {
        let place = folder.path().join(student);
        std::fs::create_dir(&place).expect("a folder");
        std::fs::write(place.join("1.pcapng"), &good["1.pcapng"]).expect("a capture");
        std::fs::write(place.join("report.txt"), text).expect("a report");
    }
    let handout = match Handout::parse(built_in("ip-dhcp-arp").expect("it is built in")) {
        Ok(handout) => Arc::new(handout),
        Err(problems) => panic!("{problems:?}"),
    };
    let submissions = Arc::new(grade::collect(folder.path()).expect("the class can be read"));
    let mut rows = BTreeMap::new();
    let limits = Limits {
        jobs: 1,
        // Nobody is that fast: the limit itself is what is tested.
        time: Duration::ZERO,
    };
    workers::run(&handout, &submissions, vec![0, 1], limits, |at, marks| {
        rows.insert(at, marks);
    });
    assert_eq!(rows.len(), 2, "each has a row, finished or not");
    for (at, marks) in &rows {
        assert_eq!(marks.student, submissions[*at].student);
        assert_eq!(marks.parts.len(), 30);
    }
}
