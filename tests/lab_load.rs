//! Servers under load. These tests count answers; how long they take is printed, not judged.
//! `cargo test --test lab_load -- --nocapture` shows the times.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod lab_bench;

use lab_bench::{NEVER, Server, stdout};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::time::{Duration, Instant};

const CONNECTIONS: usize = 1000;

/// Highest memory use of a process so far, in kB.
fn peak_memory_kb(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_thousand_connections_of_ten_echoes_have_no_error() {
    wirelab::lab::listen::raise_descriptor_limit();
    let servers: [(&[&str], bool); 3] = [
        (&["tcp-upper", "--sentences", "0"], true),
        (&["chat", "--mode", "threads"], false),
        (&["chat", "--mode", "select"], false),
    ];
    for (words, echoes) in servers {
        let server = Server::start_unheard(words);
        let begun = Instant::now();
        // All are open at the same time.
        let connections: Vec<TcpStream> = (0..CONNECTIONS).map(|_| server.connect()).collect();
        let mut answers = 0;
        for round in 0..10 {
            let letter = b'a' + round;
            let mut message = vec![letter; 1024];
            message[1023] = b'\n';
            let expected = match echoes {
                true => message.to_ascii_uppercase(),
                false => b"Message received\n".to_vec(),
            };
            for mut connection in &connections {
                connection.write_all(&message).unwrap();
            }
            for mut connection in &connections {
                let mut answer = vec![0; expected.len()];
                connection.read_exact(&mut answer).unwrap();
                assert_eq!(answer, expected);
                answers += 1;
            }
        }
        assert_eq!(answers, 10 * CONNECTIONS);
        println!(
            "{words:?}: {answers} answers in {:?}, peak {} kB",
            begun.elapsed(),
            peak_memory_kb(&server)
        );
    }
}

#[test]
fn five_hundred_clients_that_say_one_byte_and_wait_hold_nobody_up() {
    wirelab::lab::listen::raise_descriptor_limit();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    // The proxy gets a blank to wait with: a letter could be a host's name, and be looked up.
    let servers: [(&[&str], &[u8]); 7] = [
        (&["tcp-upper"], b"HELLO\n"),
        (&["chat", "--mode", "threads"], b"Message received\n"),
        (&["chat", "--mode", "select"], b"Message received\n"),
        (&["command", "--max-clients", "600"], b"Invalid command!\n"),
        (&["secret"], b"Secret code not found.\n"),
        (&["proxy"], b"HTTP/1.1 400 Bad Request\r\n"),
        (&["file", "--out", out], b""),
    ];
    for (words, expected) in servers {
        let server = Server::start_unheard(words);
        let waiting: Vec<TcpStream> = (0..500)
            .map(|_| {
                let mut client = server.connect();
                let byte = if words[0] == "proxy" { b" " } else { b"W" };
                client.write_all(byte).unwrap();
                client
            })
            .collect();
        let mut times: Vec<Duration> = (0..200)
            .map(|_| {
                let begun = Instant::now();
                let mut client = server.connect();
                let mut reader = BufReader::new(client.try_clone().unwrap());
                let mut answer = Vec::new();
                if words[0] == "command" {
                    reader.read_until(b'\n', &mut answer).unwrap();
                    answer.clear();
                }
                // To a proxy this is no request, to the file server a file.
                let question: &[u8] = match words[0] {
                    "proxy" => b"no request\r\n\r\n",
                    _ => b"hello\n",
                };
                client.write_all(question).unwrap();
                if expected.is_empty() {
                    client.shutdown(std::net::Shutdown::Write).unwrap();
                }
                reader.read_until(b'\n', &mut answer).unwrap();
                assert_eq!(answer.trim_ascii(), expected.trim_ascii(), "{words:?}");
                begun.elapsed()
            })
            .collect();
        times.sort();
        println!(
            "{words:?}: median {:?}, 99th percentile {:?} of {}",
            times[100],
            times[197],
            times.len()
        );
        drop(waiting);
    }
}

#[test]
fn a_hundred_thousand_datagrams_of_every_size_are_answered() {
    let server = Server::start_unheard(&["udp-upper"]);
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.connect(server.address).unwrap();
    client.set_read_timeout(Some(NEVER)).unwrap();
    let content = vec![b'a'; 65_507];
    let capitals = vec![b'A'; 65_507];
    let mut answer = vec![0; 65_536];
    let begun = Instant::now();
    let lengths: Vec<usize> = (0..100_000)
        .map(|number| match number % 10 {
            0 => number / 10 * 65_507 / 9_999,
            _ => number % 1_473,
        })
        .collect();
    // A few at a time, never more than the server's socket holds.
    for window in lengths.chunks(10) {
        for &length in window {
            client.send(&content[..length]).unwrap();
        }
        for &length in window {
            let received = client.recv(&mut answer).unwrap();
            assert!(answer[..received] == capitals[..length]);
        }
    }
    let bytes: usize = lengths.iter().sum();
    println!(
        "100000 datagrams, {bytes} bytes each way in {:?}",
        begun.elapsed()
    );
    let chat = Server::start_unheard(&["udp-chat"]);
    client.connect(chat.address).unwrap();
    for length in [0, 1, 49, 50, 51, 65_507] {
        client.send(&content[..length]).unwrap();
        let received = client.recv(&mut answer).unwrap();
        assert_eq!(&answer[..received], b"Message received");
    }
}

#[test]
fn a_large_file_is_copied_bit_for_bit_in_little_memory() {
    const LENGTH: usize = 96 << 20;
    let folder = tempfile::tempdir().unwrap();
    let out = tempfile::tempdir().unwrap();
    let original = folder.path().join("original");
    let mut file = std::fs::File::create(&original).unwrap();
    // A linear congruence: no block equals another, and no file of random bytes is needed.
    let mut state = 1_u64;
    let mut block = vec![0; 1 << 20];
    for _ in 0..LENGTH / block.len() {
        for chunk in block.chunks_exact_mut(8) {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            chunk.copy_from_slice(&state.to_le_bytes());
        }
        file.write_all(&block).unwrap();
    }
    let server = Server::start(&["file", "--out", out.path().to_str().unwrap()]);
    let begun = Instant::now();
    let text = stdout(&server.client("file", &[original.to_str().unwrap(), "--named"]));
    assert!(text.contains(&format!("sent {LENGTH} bytes")), "{text}");
    let received = server.wait_for("received");
    assert!(text.contains(received["sha256"].as_str().unwrap()));
    let peak = peak_memory_kb(&server);
    assert!(peak < 64 * 1024, "{peak} kB");
    println!(
        "{LENGTH} bytes in {:?}, server's peak {peak} kB",
        begun.elapsed()
    );
    let open = |path: &std::path::Path| {
        BufReader::with_capacity(1 << 20, std::fs::File::open(path).unwrap())
    };
    let (mut first, mut second) = (open(&original), open(&out.path().join("original")));
    let (mut left, mut right) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    for _ in 0..LENGTH / left.len() {
        first.read_exact(&mut left).unwrap();
        second.read_exact(&mut right).unwrap();
        assert!(left == right);
    }
    assert_eq!(second.read(&mut right).unwrap(), 0);
}
