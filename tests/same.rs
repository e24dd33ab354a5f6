//! The same bytes, the same answer: every command and format twice, over all captures, and with
//! one processor as with two.

use std::path::Path;
use std::process::Command;

fn output(arguments: &[&str], one_processor: bool) -> Vec<u8> {
    let program = env!("CARGO_BIN_EXE_wirelab");
    let mut command = if one_processor {
        let mut command = Command::new("taskset");
        command.args(["-c", "0", program]);
        command
    } else {
        Command::new(program)
    };
    let output = command
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("COLUMNS", "100")
        .env("TZ", "UTC")
        .output()
        .expect("the program runs");
    [output.stdout, output.stderr].concat()
}

#[test]
fn the_same_capture_gives_the_same_bytes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    let mut captures: Vec<String> = std::fs::read_dir(folder)
        .expect("the captures are there")
        .map(|entry| entry.expect("an entry can be read").file_name())
        .filter_map(|name| name.into_string().ok())
        .filter(|name| name.ends_with(".pcap") || name.ends_with(".pcapng"))
        .map(|name| format!("captures/{name}"))
        .collect();
    captures.sort();
    assert!(captures.len() >= 10, "the captures are there");
    let commands: &[&[&str]] = &[
        &["analyze", "CAPTURE"],
        &["analyze", "CAPTURE", "--all", "--color", "always"],
        &["analyze", "CAPTURE", "--format", "json", "--all", "--why"],
        &["analyze", "CAPTURE", "--format", "csv"],
        &["analyze", "CAPTURE", "--format", "markdown"],
        &[
            "analyze",
            "CAPTURE",
            "--section",
            "segments,zeek_records,protocols,fragments,dns_records",
        ],
        &["analyze", "CAPTURE", "-Y", "tcp || udp.port == 53"],
        &["frames", "CAPTURE"],
        &["show", "CAPTURE", "1", "--explain"],
        &[
            "fields",
            "CAPTURE",
            "-e",
            "frame.number",
            "-e",
            "tcp.stream",
            "-e",
            "ip.src",
        ],
        &[
            "fields",
            "CAPTURE",
            "--format",
            "json",
            "-e",
            "frame.protocols",
        ],
        &["fields", "CAPTURE", "--format", "csv", "-e", "frame.time"],
    ];
    let taskset = Path::new("/usr/bin/taskset").exists();
    for capture in &captures {
        for command in commands {
            let arguments: Vec<&str> = command
                .iter()
                .map(|word| if *word == "CAPTURE" { capture } else { *word })
                .collect();
            let first = output(&arguments, false);
            assert!(!first.is_empty(), "{arguments:?} prints nothing");
            assert!(first == output(&arguments, false), "{arguments:?} differs");
            if taskset {
                assert!(
                    first == output(&arguments, true),
                    "{arguments:?} differs on one processor"
                );
            }
        }
    }
}
