//! Servers against clients that mean no good: names, requests, addresses, half a file.

mod lab_bench;

use lab_bench::{Server, failure, stdout};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
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

#[test]
fn thirty_malformed_requests_are_answered_or_closed_and_none_is_fatal() {
    let many_fields = format!(
        "GET http://127.0.0.1/ HTTP/1.1\r\n{}\r\n",
        "A: b\r\n".repeat(200)
    );
    let long_head = format!(
        "GET http://127.0.0.1/{} HTTP/1.1\r\n\r\n",
        "a".repeat(20_000)
    );
    let long_line = "a".repeat(70_000);
    let requests: [&[u8]; 36] = [
        b"\r\n\r\n",
        b" \r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 x\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET \r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/2.0\r\nHost: h\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / FTP/1.1\r\n\r\n",
        b"GET http:// HTTP/1.1\r\n\r\n",
        b"GET http:///x HTTP/1.1\r\n\r\n",
        b"GET http://h:99999/ HTTP/1.1\r\n\r\n",
        b"GET http://h:x/ HTTP/1.1\r\n\r\n",
        b"GET http://[::1/ HTTP/1.1\r\n\r\n",
        b"GET http://user:password@h/ HTTP/1.1\r\n\r\n",
        b"GET ftp://h/ HTTP/1.1\r\n\r\n",
        b"GET http://h/ HTTP/1.1\r\nBad Header: x\r\n\r\n",
        b"GET http://h/ HTTP/1.1\r\nHeader\r\n\r\n",
        b"GET http://h/ HTTP/1.1\r\nA: b\r\n folded\r\n\r\n",
        b"GET http://h/ HTTP/1.1\r\nA: \0\r\n\r\n",
        b"GET http://h/ HTTP/1.1\nHost: a\nHost: b\n\n",
        b"POST http://h/ HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST http://h/ HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST http://h/ HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"POST http://h/ HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST http://h/ HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"CONNECT h:443 HTTP/1.1\r\n\r\n",
        b"TRACE http://h/ HTTP/1.1\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
        b"https://h/\r\n",
        b"http://\xff\xfe/\r\n",
        many_fields.as_bytes(),
        long_head.as_bytes(),
        long_line.as_bytes(),
    ];
    let proxy = Server::start(&["proxy"]);
    for request in requests {
        let mut client = proxy.connect();
        // A proxy that has read enough may close before everything is sent.
        let _ = client.write_all(request);
        let _ = client.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        let read = client.read_to_end(&mut answer);
        let shown = String::from_utf8_lossy(&request[..request.len().min(60)]).into_owned();
        let status = String::from_utf8_lossy(&answer[..answer.len().min(12)]).into_owned();
        let is_refusal = status.starts_with("HTTP/1.1 4") || status.starts_with("HTTP/1.1 5");
        assert!(
            is_refusal || answer.is_empty() || read.is_err(),
            "{shown:?}: {status}"
        );
    }
    // Requests that never end, and one that is well.
    let mut slow = proxy.connect();
    slow.write_all(b"GET http://h/ HTTP/1.1\r\nA: ").unwrap();
    let mut client = proxy.connect();
    client
        .write_all(b"GET http://127.0.0.1/ HTTP/1.1\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{answer}");
}

#[test]
fn the_proxy_goes_nowhere_it_was_not_allowed_to_go() {
    let origin = TcpListener::bind("127.0.0.1:0").unwrap();
    origin.set_nonblocking(true).unwrap();
    let port = origin.local_addr().unwrap().port();
    let proxy = Server::start(&["proxy", "--allow", "127.0.0.2"]);
    let status_of = |url: &str| {
        let mut client = proxy.connect();
        let request = format!("GET {url} HTTP/1.1\r\nHost: public.example\r\n\r\n");
        client.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        answer[9..12].to_owned()
    };
    for host in [
        "127.0.0.1",
        "localhost",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "[::1]",
        "0.0.0.0",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "10.0.0.1",
        "192.168.0.1",
        "172.16.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "[fe80::1]",
        "[fd00::1]",
        "224.0.0.1",
        "255.255.255.255",
    ] {
        let status = status_of(&format!("http://{host}:{port}/"));
        assert!(
            matches!(status.as_str(), "403" | "400" | "502"),
            "{host}: {status}"
        );
    }
    assert!(origin.accept().is_err(), "somebody came through");
    // Allowed, but the proxy itself.
    let everywhere = Server::start(&["proxy", "--allow", "0.0.0.0/0", "--allow", "::/0"]);
    let own = everywhere.port();
    for host in ["127.0.0.1", "localhost", "0.0.0.0", "127.0.0.5"] {
        let mut client = everywhere.connect();
        client
            .write_all(format!("http://{host}:{own}/\n").as_bytes())
            .unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 508 ") || answer.starts_with("HTTP/1.1 502 "),
            "{host}: {answer}"
        );
    }
}
