//! The labs' programs with programs of others: netcat, socat, Python's sockets, lsof, curl and
//! nginx, over IPv4 and IPv6.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod lab_bench;

use lab_bench::{Server, failure, python_server, run_with, stdout, stranger, wirelab};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

const BOTH: [&str; 2] = ["127.0.0.1", "::1"];

/// Runs a Python program with `HOST` and `PORT` as its arguments.
fn python(program: &str, host: &str, port: &str) -> Option<String> {
    let mut python = stranger("python3")?;
    let output = python.args(["-c", program, host, port]).output().unwrap();
    Some(stdout(&output))
}

#[test]
fn netcat_talks_to_each_tcp_server() {
    for bind in BOTH {
        for (words, sent, expected) in [
            (&["tcp-upper"][..], &b"hello\n"[..], "HELLO\n"),
            (&["tcp-upper"], b"no line end", "NO LINE END"),
            (
                &["chat"],
                b"hello\nend\n",
                "Message received\nMessage received\n",
            ),
            (
                &["chat", "--mode", "fork"],
                b"hello\nend\n",
                "Message received\nMessage received\n",
            ),
            (
                &["chat", "--mode", "select"],
                b"hello\r\nend\r\n",
                "Message received\r\nMessage received\r\n",
            ),
            (
                &["secret"],
                b"123Ted 32is 343SECRET cool\n",
                // The line end that netcat sends is none of the string.
                "Digits: 12332343 Count: 8",
            ),
            (&["secret"], b"Ted is SECRET cool", "Digits: Count: 0"),
        ] {
            let Some(mut nc) = stranger("nc") else { return };
            let server = Server::start(&[words, &["--bind", bind]].concat());
            let output = run_with(nc.args(["-N", bind, &server.port()]), sent);
            assert_eq!(stdout(&output), expected, "{words:?} {bind}");
        }
    }
}

#[test]
fn netcat_holds_the_command_session() {
    let Some(mut nc) = stranger("nc") else { return };
    let mut server = Server::start(&["command"]);
    let output = run_with(
        nc.args(["127.0.0.1", &server.port()]),
        b"TIME\nDATE\nEXIT\n",
    );
    let text = stdout(&output);
    let client = lab_bench::address(&server.wait_for("opened"), "remote");
    assert!(text.starts_with(&format!("{client}\n")), "{text}");
    assert!(text.ends_with("\nInvalid command!\n"), "{text}");
    assert!(server.ended().success());
}

#[test]
fn netcat_and_socat_ask_the_udp_servers() {
    for bind in BOTH {
        let upper = Server::start(&["udp-upper", "--bind", bind]);
        let chat = Server::start(&["udp-chat", "--bind", bind]);
        if let Some(mut nc) = stranger("nc") {
            let output = run_with(nc.args(["-u", "-W", "1", bind, &upper.port()]), b"hello\n");
            assert_eq!(stdout(&output), "HELLO\n");
        }
        if let Some(mut socat) = stranger("socat") {
            let host = if bind.contains(':') {
                format!("[{bind}]")
            } else {
                bind.to_owned()
            };
            let address = format!("UDP:{host}:{}", chat.port());
            let text = "Sometimes an application on a network needs to send a long text";
            let output = run_with(socat.args(["-t", "1", "-", &address]), text.as_bytes());
            assert_eq!(stdout(&output), "Message received");
            let record = chat.wait_for("datagram");
            assert_eq!(
                (&record["bytes"], &record["received_bytes"]),
                (&text.len().into(), &50.into())
            );
        }
    }
}

/// What the textbook's clients do: bare bytes, then one `recv`.
#[test]
fn the_textbooks_python_clients_are_answered() {
    const TCP: &str = "
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
s.send(sys.argv[0].encode() if False else b'input lowercase sentence')
print('From Server:', s.recv(1024).decode())
s.close()";
    const CHAT: &str = "
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
for message in ('hello', 'second', 'end'):
    s.sendall(message.encode())
    print(s.recv(1024).decode())
print(repr(s.recv(1024)))";
    const UDP: &str = "
import socket, sys
family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
s = socket.socket(family, socket.SOCK_DGRAM)
s.sendto('größe'.encode(), (sys.argv[1], int(sys.argv[2])))
print(s.recvfrom(2048)[0].decode())
s.sendto(b'', (sys.argv[1], int(sys.argv[2])))
print(len(s.recvfrom(2048)[0]))";
    for bind in BOTH {
        let server = Server::start(&["tcp-upper", "--bind", bind]);
        let Some(text) = python(TCP, bind, &server.port()) else {
            return;
        };
        assert_eq!(text, "From Server: INPUT LOWERCASE SENTENCE\n");
        for mode in ["blocking", "fork", "select", "threads"] {
            let server = Server::start(&["chat", "--bind", bind, "--mode", mode]);
            let text = python(CHAT, bind, &server.port()).unwrap();
            assert_eq!(
                text,
                "Message received\nMessage received\nMessage received\nb''\n"
            );
        }
        let server = Server::start(&["udp-upper", "--bind", bind]);
        assert_eq!(python(UDP, bind, &server.port()).unwrap(), "GRÖSSE\n0\n");
    }
}

#[test]
fn our_clients_are_answered_by_the_textbooks_python_servers() {
    const TCP: &str = "
import socket, sys
family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
s = socket.socket(family)
s.bind((sys.argv[1], 0)); s.listen(1)
print(s.getsockname()[1])
while True:
    c, a = s.accept()
    c.send(c.recv(1024).decode().upper().encode())
    c.close()";
    const UDP: &str = "
import socket, sys
family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
s = socket.socket(family, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 0))
print(s.getsockname()[1])
while True:
    m, a = s.recvfrom(2048)
    s.sendto(m.upper(), a)";
    const CHAT: &str = "
import socket, sys
family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
s = socket.socket(family)
s.bind((sys.argv[1], 0)); s.listen(1)
print(s.getsockname()[1])
c, a = s.accept()
while (m := c.recv(1024)):
    if m.strip() == b'end': break
    c.send(b'Message received')
c.close()";
    for bind in BOTH {
        let client = |program: &str, port: &str, words: &[&str]| {
            let mut command = wirelab();
            command
                .args(["client", program, bind, "--port", port])
                .args(words);
            stdout(&command.stdin(Stdio::null()).output().unwrap())
        };
        let Some((_tcp, port)) = python_server(TCP, bind) else {
            return;
        };
        assert_eq!(
            client("tcp-upper", &port, &["hello", "two"]),
            "HELLO\nTWO\n"
        );
        let text = client("rtt", &port, &["--tcp", "--count", "2"]);
        assert!(text.contains("2 of 2 answered"), "{text}");
        let (_udp, port) = python_server(UDP, bind).unwrap();
        assert_eq!(
            client("udp-upper", &port, &["hello", "two"]),
            "HELLO\nTWO\n"
        );
        let text = client("rtt", &port, &["--udp", "--count", "2"]);
        assert!(text.contains("2 of 2 answered"), "{text}");
        let (_chat, port) = python_server(CHAT, bind).unwrap();
        // This one says nothing to "end".
        assert_eq!(
            client("chat", &port, &["hello", "end"]),
            "Message received\n"
        );
    }
}

#[test]
fn netcat_and_our_two_way_chat_talk_either_way_round() {
    for bind in BOTH {
        let Some(mut nc) = stranger("nc") else { return };
        // Ours listens.
        let mut ours = wirelab();
        ours.args(["serve", "nc", "--bind", bind, "--port", "0", "--name", "R2"]);
        let mut ours = ours
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut listening = String::new();
        let mut told = BufReader::new(ours.stderr.take().unwrap());
        told.read_line(&mut listening).unwrap();
        let port = listening.trim_end().rsplit(':').next().unwrap().to_owned();
        ours.stdin
            .take()
            .unwrap()
            .write_all(b"hello\nbye\n")
            .unwrap();
        let output = run_with(nc.args(["-N", bind, &port]), b"hi\n");
        assert_eq!(stdout(&output), "R2: hello\nR2: bye\n");
        let mut shown = String::new();
        ours.stdout
            .take()
            .unwrap()
            .read_to_string(&mut shown)
            .unwrap();
        assert_eq!(shown, "hi\n");
        assert!(ours.wait().unwrap().success());
        // Netcat listens.
        let port = lab_bench::free_port();
        let mut nc = stranger("nc").unwrap();
        let mut nc = nc.args(["-v", "-N", "-l", bind, &port]);
        nc = nc
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut nc = nc.spawn().unwrap();
        let mut told = BufReader::new(nc.stderr.take().unwrap());
        told.read_line(&mut listening).unwrap();
        nc.stdin
            .take()
            .unwrap()
            .write_all(b"from netcat\n")
            .unwrap();
        let mut ours = wirelab();
        ours.args(["client", "nc", bind, "--port", &port, "--name", "KALI"]);
        let output = run_with(&mut ours, b"from us\n");
        assert_eq!(stdout(&output), "from netcat\n");
        let mut shown = String::new();
        nc.stdout
            .take()
            .unwrap()
            .read_to_string(&mut shown)
            .unwrap();
        assert_eq!(shown, "KALI: from us\n");
        nc.wait().unwrap();
    }
}

#[test]
fn files_arrive_bit_exact_from_and_at_netcat() {
    let folder = tempfile::tempdir().unwrap();
    // White space at the ends of chunks, and everything a byte can be.
    let content: Vec<u8> = (0..300_000_u32)
        .map(|at| {
            if at % 1024 > 1000 {
                b' '
            } else {
                at.to_le_bytes()[0]
            }
        })
        .collect();
    let file = folder.path().join("original");
    std::fs::write(&file, &content).unwrap();
    for bind in BOTH {
        let Some(mut nc) = stranger("nc") else { return };
        let out = tempfile::tempdir().unwrap();
        let server = Server::start(&[
            "file",
            "--bind",
            bind,
            "--out",
            out.path().to_str().unwrap(),
        ]);
        let output = run_with(nc.args(["-N", bind, &server.port()]), &content);
        assert_eq!(stdout(&output), "");
        assert_eq!(
            std::fs::read(out.path().join("received-1")).unwrap(),
            content
        );
        let hash = server.wait_for("received")["sha256"]
            .as_str()
            .unwrap()
            .to_owned();
        if let Some(mut sha256sum) = stranger("sha256sum") {
            let sum = stdout(&sha256sum.arg(&file).output().unwrap());
            assert!(sum.starts_with(&hash));
        }
        let port = lab_bench::free_port();
        let mut nc = stranger("nc").unwrap();
        nc.args(["-v", "-l", bind, &port])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut nc = nc.spawn().unwrap();
        BufReader::new(nc.stderr.take().unwrap())
            .read_line(&mut String::new())
            .unwrap();
        let mut shown = nc.stdout.take().unwrap();
        let reader = std::thread::spawn(move || {
            let mut copy = Vec::new();
            shown.read_to_end(&mut copy).unwrap();
            copy
        });
        let mut client = wirelab();
        client
            .args(["client", "file", bind, "--port", &port])
            .arg(&file);
        assert!(stdout(&client.output().unwrap()).contains(&hash));
        assert_eq!(reader.join().unwrap(), content);
        nc.wait().unwrap();
    }
}

#[test]
fn lsof_sees_five_children_on_one_listening_socket() {
    let Some(mut lsof) = stranger("lsof") else {
        return;
    };
    let server = Server::start(&["chat", "--mode", "fork"]);
    for _ in 0..5 {
        server.wait_for("listening");
    }
    let port = format!("-iTCP:{}", server.port());
    let output = lsof
        .args(["-nP", "-sTCP:LISTEN", "-Fpn", &port])
        .output()
        .unwrap();
    let text = stdout(&output);
    assert_eq!(
        text.lines().filter(|line| line.starts_with('p')).count(),
        5,
        "{text}"
    );
    let table = stdout(
        &wirelab()
            .args(["sockets", &format!(":{}", server.port())])
            .output()
            .unwrap(),
    );
    assert_eq!(table.matches("/wirelab").count(), 5, "{table}");
    assert_eq!(table.matches("LISTEN").count(), 1, "{table}");
}

#[test]
fn our_client_names_a_stranger_that_is_not_there() {
    let closed = lab_bench::closed_tcp_port();
    let output = Command::new(env!("CARGO_BIN_EXE_wirelab"))
        .args(["client", "nc", "127.0.0.1", "--port", &closed.port])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(failure(&output).contains("refused (ECONNREFUSED)"));
}
