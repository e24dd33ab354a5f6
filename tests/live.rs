//! Captures that are still being made: a pipe, and a file that another program is writing.

use std::fs::OpenOptions;
use std::io::Write;
use std::process::{Command, Output, Stdio};

fn wirelab(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirelab"));
    command
        .args(arguments)
        .env("COLUMNS", "80")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn recording() -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/captures/tcp-echo.pcap");
    std::fs::read(path).expect("the capture is there")
}

/// Where the records of a capture end.
fn ends(bytes: &[u8]) -> Vec<usize> {
    let mut ends = vec![24];
    while let Some(length) = ends.last().and_then(|end| bytes.get(end + 8..end + 12)) {
        let length = u32::from_le_bytes(length.try_into().expect("four bytes"));
        let start = ends[ends.len() - 1];
        ends.push(start + 16 + usize::try_from(length).expect("frames are short"));
    }
    ends
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_pipe_says_the_same_as_the_file() {
    let bytes = recording();
    let from_file = wirelab(&["analyze", "captures/tcp-echo.pcap"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the program runs");
    let mut child = wirelab(&["analyze", "-"])
        .spawn()
        .expect("the program runs");
    let mut pipe = child.stdin.take().expect("it is piped");
    // As tcpdump -U writes: a record at a time, here even in two halves.
    for piece in bytes.chunks(33) {
        pipe.write_all(piece).expect("it reads");
        pipe.flush().expect("it reads");
    }
    drop(pipe);
    let from_pipe = child.wait_with_output().expect("it ends");
    assert!(from_pipe.status.success());
    let (piped, filed) = (text(&from_pipe), text(&from_file));
    assert_eq!(
        piped.replace("standard input:", ""),
        filed.replace("captures/tcp-echo.pcap:", "")
    );
    assert!(from_pipe.stderr.is_empty(), "nothing is counted in a pipe");
}

#[test]
fn ctrl_c_is_for_what_feeds_the_pipe() {
    let bytes = recording();
    let (first, second) = bytes.split_at(ends(&bytes)[4]);
    let mut child = wirelab(&["analyze", "-", "--section", "connections"])
        .spawn()
        .expect("the program runs");
    let mut pipe = child.stdin.take().expect("it is piped");
    // More than a pipe holds is taken only by a program that has begun to read.
    pipe.write_all(first).expect("it reads");
    for frame in 0..2000 {
        let start = ends(&bytes)[0];
        let end = ends(&bytes)[1];
        let _ = frame;
        pipe.write_all(&bytes[start..end]).expect("it reads");
    }
    let id = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status();
    assert!(sent.is_ok_and(|s| s.success()));
    pipe.write_all(second).expect("it still reads");
    drop(pipe);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{:?}", output.status);
    assert!(text(&output).contains("CONNECTIONS (1)"));
}

#[test]
fn a_file_that_is_still_written_is_read_as_far_as_it_goes() {
    let bytes = recording();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("growing.pcap");
    let mut writer = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .expect("a file");
    let ends = ends(&bytes);
    let mut written = 0;
    for (frames, end) in ends.iter().enumerate() {
        // Whole records, then half of the next one.
        for cut in [*end, (*end + 20).min(bytes.len())] {
            writer
                .write_all(&bytes[written..cut])
                .expect("it is written");
            written = cut;
            let name = path.to_str().expect("a plain name");
            let output = wirelab(&["analyze", "--format", "json", name])
                .output()
                .expect("the program runs");
            let json: serde_json::Value =
                serde_json::from_slice(&output.stdout).expect("JSON, whatever the file");
            assert_eq!(json["capture"]["frames"], frames);
            let whole = ends.contains(&cut);
            let verdict = if whole { "clean" } else { "cut" };
            assert_eq!(json["capture"]["verdict"], verdict, "{frames} {cut}");
            assert_eq!(output.status.code(), Some(if whole { 0 } else { 2 }));
        }
    }
}
