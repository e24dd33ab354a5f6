//! The file server against clients that mean no good: names, headers, half a file.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod lab_bench;

use lab_bench::{Server, failure, stdout};
use std::io::{Read, Write};
use std::net::Shutdown;
use std::path::Path;

/// Every file below a folder.
fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn forty_hostile_file_names_are_refused_and_write_nothing() {
    let long = "a".repeat(256);
    let names: [&[u8]; 42] = [
        b"",
        b".",
        b"..",
        b"...",
        b"/",
        b"/etc/passwd",
        b"../x",
        b"../../etc/passwd",
        b"a/../../x",
        b"a/b",
        b"./x",
        b"x/",
        b"..\\x",
        b"C:\\x",
        b"\\\\host\\x",
        b"C:x",
        b"x:stream",
        b"a\0b",
        b"/dev/null",
        b"\r",
        b"\x1b[2J",
        b"a\x7f",
        b"\xff\xfe",
        b"\xc0\xae\xc0\xae\xc0\xafx",
        b".bashrc",
        b".ssh/authorized_keys",
        b"-rf",
        b"--help",
        b"~",
        b"~root",
        b" x",
        b"x ",
        b"x.",
        b"CON",
        b"nul.txt",
        b"Com1",
        b"a*b",
        b"a|b",
        b"<x>",
        long.as_bytes(),
        "a\u{202e}txt.exe".as_bytes(),
        "..\u{2215}x".as_bytes(),
    ];
    let parent = tempfile::tempdir().unwrap();
    let out = parent.path().join("out");
    std::fs::create_dir(&out).unwrap();
    let server = Server::start(&["file", "--out", out.to_str().unwrap(), "--overwrite"]);
    for name in names {
        let mut client = server.connect();
        client
            .write_all(&[b"WIRELAB-FILE 1 3 ", name, b"\nabc"].concat())
            .unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert!(
            answer.starts_with("REFUSED "),
            "{:?}: {answer}",
            String::from_utf8_lossy(name)
        );
        server.wait_for("refused");
    }
    for header in [
        "WIRELAB-FILE 1 x y\n",
        "WIRELAB-FILE 1 99999999999999 y\n",
        "WIRELAB-FILE 1 5\n",
    ] {
        let mut client = server.connect();
        client.write_all(header.as_bytes()).unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("REFUSED "), "{header}: {answer}");
    }
    assert_eq!(files(&out), [""; 0]);
    assert_eq!(files(parent.path()), ["out"]);
}

#[test]
fn half_a_file_leaves_nothing_and_a_name_is_given_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("note.txt");
    std::fs::write(&path, b"  the new one \n").unwrap();
    let path = path.to_str().unwrap();
    let out = tempfile::tempdir().unwrap();
    let server = Server::start(&["file", "--out", out.path().to_str().unwrap()]);
    let mut half = server.connect();
    half.write_all(b"WIRELAB-FILE 1 10 half\n01234").unwrap();
    half.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    half.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "GO\nREFUSED 5 bytes came, 10 were announced\n");
    assert_eq!(files(out.path()), [""; 0]);
    let sent = stdout(&server.client("file", &[path, "--named"]));
    assert!(sent.contains("sent 15 bytes, SHA-256 ") && sent.contains("the receiver has the same"));
    let again = failure(&server.client("file", &[path, "--named"]));
    assert!(
        again.contains("a file of this name exists; it is kept"),
        "{again}"
    );
    stdout(&server.client("file", &[path]));
    stdout(&server.client("file", &[path]));
    assert_eq!(files(out.path()), ["note.txt", "received-1", "received-2"]);
    for name in files(out.path()) {
        assert_eq!(
            std::fs::read(out.path().join(name)).unwrap(),
            b"  the new one \n"
        );
    }
    std::fs::write(path, b"newer").unwrap();
    let server = Server::start(&["file", "--overwrite", "--out", out.path().to_str().unwrap()]);
    stdout(&server.client("file", &[path, "--named"]));
    assert_eq!(
        std::fs::read(out.path().join("note.txt")).unwrap(),
        b"newer"
    );
}

#[test]
fn a_file_that_looks_like_our_header_arrives_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("odd");
    std::fs::write(&path, b"WIRELAB-FILE 1 3 ../../x\nabc").unwrap();
    let out = tempfile::tempdir().unwrap();
    let server = Server::start(&["file", "--out", out.path().to_str().unwrap()]);
    stdout(&server.client("file", &[path.to_str().unwrap()]));
    assert_eq!(files(out.path()), ["odd"]);
    assert_eq!(
        std::fs::read(out.path().join("odd")).unwrap(),
        std::fs::read(&path).unwrap()
    );
    let mut part = server.connect();
    part.write_all(b"WIRELAB").unwrap();
    part.shutdown(Shutdown::Write).unwrap();
    server.wait_for("received");
    server.wait_for("received");
    assert_eq!(
        std::fs::read(out.path().join("received-1")).unwrap(),
        b"WIRELAB"
    );
}

#[test]
fn more_bytes_than_allowed_are_not_kept() {
    let out = tempfile::tempdir().unwrap();
    let server = Server::start(&[
        "file",
        "--max-bytes",
        "10",
        "--out",
        out.path().to_str().unwrap(),
    ]);
    let mut client = server.connect();
    client.write_all(&[0; 11]).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(
        server.wait_for("refused")["reason"],
        "longer than the 10 bytes this server takes"
    );
    assert_eq!(files(out.path()), [""; 0]);
}
