//! The handouts' dialogues, each with a stranger written as the handout's own program is: bare
//! bytes, one `recv`, no line ends.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod lab_bench;

use lab_bench::{Guard, NEVER, Server, failure, python_server, stdout, stranger, wirelab};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

fn client(program: &str, port: &str, words: &[&str]) -> Output {
    let mut command = wirelab();
    command
        .args(["client", program, "127.0.0.1", "--port", port])
        .args(words);
    command.stdin(Stdio::null()).output().unwrap()
}

const LISTEN: &str = "
import socket, sys
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((sys.argv[1], 0)); s.listen(); print(s.getsockname()[1])
";

/// A server of a handout, after the listening socket `s` is made.
fn handouts_server(program: &str) -> Option<(Guard, String)> {
    python_server(&format!("{LISTEN}{program}"), "127.0.0.1")
}

#[test]
fn a_chat_server_that_compares_with_the_bare_word_is_ended() {
    let Some((mut server, port)) = handouts_server(
        "
c, _ = s.accept()
while True:
    received = c.recv(1024)
    c.send(b'Message received')
    if received == b'end': break
c.close()",
    ) else {
        return;
    };
    let output = client("chat", &port, &["hello", "end"]);
    assert_eq!(stdout(&output), "Message received\nMessage received\n");
    let begun = Instant::now();
    while server.0.try_wait().unwrap().is_none() {
        assert!(begun.elapsed() < NEVER, "the server has understood end");
    }
}

#[test]
fn a_proxy_that_takes_the_bare_host_name_gets_it() {
    let Some((_server, port)) = handouts_server(
        "
c, _ = s.accept()
host = c.recv(1024).decode()
c.send(b'asked for <' + host.encode() + b'>'); c.close()",
    ) else {
        return;
    };
    let output = client("proxy", &port, &["www.example.org"]);
    assert_eq!(stdout(&output), "asked for <www.example.org>");
}

#[test]
fn a_server_that_reads_lines_gets_them_with_newline() {
    let Some((_server, port)) = handouts_server(
        "
c, _ = s.accept()
c.sendall(c.makefile().readline().upper().encode()); c.close()",
    ) else {
        return;
    };
    let output = client("tcp-upper", &port, &["--newline", "a line"]);
    assert_eq!(stdout(&output), "A LINE\n");
}

#[test]
fn a_sentence_of_a_hundred_thousand_letters_comes_back_whole() {
    let server = Server::start(&["tcp-upper"]);
    let folder = tempfile::TempDir::new().unwrap();
    let script = folder.path().join("script");
    std::fs::write(&script, "x".repeat(100_000)).unwrap();
    for newline in [&["--newline"][..], &[]] {
        let words = [newline, &["--script", script.to_str().unwrap()]].concat();
        let output = server.client("tcp-upper", &words);
        assert_eq!(stdout(&output), "X".repeat(100_000) + "\n");
    }
}

#[test]
fn a_plain_file_transfer_says_that_nobody_confirmed_it() {
    let Some((_server, port)) = handouts_server(
        "
c, _ = s.accept()
while c.recv(1024): pass
c.close()",
    ) else {
        return;
    };
    let mut command = wirelab();
    command.args(["client", "file", "127.0.0.1", "--port", &port, "Cargo.toml"]);
    let output = command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(stdout(&output).contains("nobody confirmed that it was kept"));
    let folder = tempfile::TempDir::new().unwrap();
    let odd = folder.path().join("two\nlines");
    std::fs::write(&odd, "x").unwrap();
    let server = Server::start(&["file", "--out", folder.path().to_str().unwrap()]);
    let output = server.client("file", &["--named", odd.to_str().unwrap()]);
    assert!(failure(&output).contains("line end"));
}

#[test]
fn the_secret_servers_reply_is_the_bare_text() {
    let server = Server::start(&["secret"]);
    let mut stream = server.connect();
    stream.write_all(b"123Ted 32is 343SECRET cool\n").unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    assert_eq!(reply, "Digits: 12332343 Count: 8");
}

#[test]
fn rtt_is_served_over_udp_and_tcp_by_one_command() {
    let server = Server::start(&["rtt"]);
    let output = server.client("rtt", &["--compare", "--count", "3"]);
    let text = stdout(&output);
    assert_eq!(text.matches("3 of 3 answered").count(), 2, "{text}");
    // Each says only what the measured parts explain.
    assert!(text.contains("the connection set-up took"), "{text}");
}

#[test]
fn a_slow_tcp_server_is_not_blamed_on_the_handshake() {
    let Some((_server, port)) = handouts_server(
        "
import threading, time
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(s.getsockname())
def udp():
    while True:
        d, a = u.recvfrom(2048); u.sendto(d.upper(), a)
threading.Thread(target=udp, daemon=True).start()
while True:
    c, _ = s.accept(); d = c.recv(2048); time.sleep(0.05); c.send(d.upper()); c.close()",
    ) else {
        return;
    };
    // The server tells its port before its UDP socket is bound.
    let begun = Instant::now();
    while !client("rtt", &port, &["--udp"]).status.success() {
        assert!(begun.elapsed() < NEVER, "UDP is not served");
    }
    let output = client("rtt", &port, &["--compare", "--count", "2"]);
    let text = stdout(&output);
    assert!(
        text.contains("which the handshake does not explain"),
        "{text}"
    );
}

#[test]
fn a_forking_server_holds_the_listening_socket_once_in_each_process() {
    let Some(mut lsof) = stranger("lsof") else {
        return;
    };
    let server = Server::start(&["chat", "--mode", "fork"]);
    let begun = Instant::now();
    loop {
        let port = format!("-iTCP:{}", server.port());
        let output = lsof
            .args(["-nP", &port, "-sTCP:LISTEN", "-Fpf"])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let count = |letter: char| text.lines().filter(|line| line.starts_with(letter)).count();
        if count('p') == 5 && count('f') == 5 {
            break;
        }
        assert!(begun.elapsed() < NEVER, "{text}");
        lsof = stranger("lsof").unwrap();
    }
}

#[test]
fn who_is_silent_gives_way_when_all_places_are_taken() {
    let server = Server::start(&["chat", "--mode", "threads", "--max-clients", "2"]);
    let silent: Vec<TcpStream> = (0..2).map(|_| server.connect()).collect();
    for _ in &silent {
        server.wait_for("opened");
    }
    let mut third = server.connect();
    third.write_all(b"hello\n").unwrap();
    let mut answer = [0; 17];
    third.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"Message received\n");
    server.wait_for("gave way");
    // One of the silent ones is told; the other stays.
    let mut ended = 0;
    for mut stream in silent {
        stream
            .set_read_timeout(Some(Duration::from_millis(100)))
            .unwrap();
        ended += usize::from(matches!(stream.read(&mut [0; 9]), Ok(0)));
    }
    assert_eq!(ended, 1);
}

#[test]
fn datagrams_that_the_receive_buffer_had_no_room_for_are_told() {
    let server = Server::start(&["udp-chat"]);
    let pid = server.child.id().to_string();
    let stop = |signal: &str| {
        assert!(
            Command::new("kill")
                .args([signal, &pid])
                .status()
                .unwrap()
                .success()
        )
    };
    stop("-STOP");
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for _ in 0..2000 {
        sender.send_to(&[7; 1000], server.address).unwrap();
    }
    stop("-CONT");
    let dropped = server.wait_for("dropped");
    let count = dropped["datagrams"].as_u64().unwrap();
    assert!((1..2000).contains(&count), "{count}");
    let output = wirelab()
        .args(["sockets", &server.port()])
        .output()
        .unwrap();
    let table = stdout(&output);
    assert!(
        table.contains(&format!("{count} datagrams arrived and were thrown away")),
        "{table}"
    );
}

#[test]
fn a_full_table_of_descriptors_is_told_once_with_what_to_do() {
    let mut shell = Command::new("sh");
    shell.args([
        "-c",
        "ulimit -n 14; exec \"$0\" serve chat --mode threads --port 0",
    ]);
    shell.arg(env!("CARGO_BIN_EXE_wirelab"));
    let mut child = shell
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut output = child.stdout.take().unwrap();
    let mut child = Guard(child);
    let mut line = [0; 200];
    let read = output.read(&mut line).unwrap();
    let text = String::from_utf8_lossy(&line[..read]).into_owned();
    let address = text.trim().rsplit(' ').next().unwrap().to_owned();
    let clients: Vec<TcpStream> = (0..20)
        .map(|_| TcpStream::connect(&address).unwrap())
        .collect();
    std::thread::sleep(Duration::from_millis(800));
    drop(clients);
    child.0.kill().unwrap();
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!(rest.matches("EMFILE").count(), 1, "{rest}");
    assert!(rest.contains("ulimit -n"), "{rest}");
}

#[test]
fn loopback_is_named_where_it_explains_a_refusal() {
    let mut server = wirelab();
    server
        .args(["serve", "chat", "--port", "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut server = Guard(server.spawn().unwrap());
    let mut said = String::new();
    let stderr = server.0.stderr.take().unwrap();
    BufReader::new(stderr).read_line(&mut said).unwrap();
    assert!(
        said.contains("only this machine can reach") && said.contains("--bind 0.0.0.0"),
        "{said}"
    );
    // No address of ours is needed to see the words; here the whole of 127/8 is ours.
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = held.local_addr().unwrap().port().to_string();
    drop(held);
    let said = failure(&client("chat", &port, &["x"]));
    assert_eq!(said.matches("ECONNREFUSED").count(), 1, "{said}");
}

#[test]
fn nc_takes_host_and_port_as_nc_does() {
    let Some((_server, port)) = handouts_server(
        "
c, _ = s.accept()
print(c.recv(99).decode(), flush=True); c.send(b'from the server'); c.close()",
    ) else {
        return;
    };
    let mut command = wirelab();
    command.args(["client", "nc", "127.0.0.1", &port]);
    let output = lab_bench::run_with(&mut command, b"from the client\n");
    assert_eq!(stdout(&output), "from the server");
}

/// At a keyboard the second client of a blocking server waits, and is told why.
#[test]
fn at_a_keyboard_the_second_client_waits_and_is_told_why() {
    let Some(mut python) = stranger("python3") else {
        return;
    };
    let server = Server::start(&["chat"]);
    let mut first = server.connect();
    first.write_all(b"hello\n").unwrap();
    first.read_exact(&mut [0; 17]).unwrap();
    const TERMINAL: &str = "
import os, pty, select, sys, time
pid, fd = pty.fork()
if pid == 0: os.execv(sys.argv[1], sys.argv[1:])
seen = b''; begun = time.time(); said = False
def until(what):
    global seen
    while what not in seen:
        if time.time() - begun > 25: print('no', what, seen); sys.exit(1)
        if select.select([fd], [], [], 0.1)[0]: seen += os.read(fd, 999)
until(b'Message: '); os.write(fd, b'second\\n')
until(b'may be serving another'); print('told', flush=True); sys.stdin.readline()
until(b'Message received'); print('answered')
";
    python.args([
        "-uc",
        TERMINAL,
        env!("CARGO_BIN_EXE_wirelab"),
        "client",
        "chat",
        "127.0.0.1",
        "--port",
        &server.port(),
    ]);
    let mut python = Guard(
        python
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut output = python.0.stdout.take().unwrap();
    let mut told = [0; 5];
    output.read_exact(&mut told).unwrap();
    assert_eq!(&told, b"told\n");
    first.write_all(b"end\n").unwrap();
    drop(first);
    python.0.stdin.take().unwrap().write_all(b"go\n").unwrap();
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "answered\n");
}
