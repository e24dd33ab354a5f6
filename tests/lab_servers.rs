//! The labs' servers with our own clients: the handouts' dialogues, the limits, the ends.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod lab_bench;

use lab_bench::{
    Server, address, closed_tcp_port, closed_udp_port, failure, run_with, stdout, wirelab,
};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::Stdio;

const BOTH: [&str; 2] = ["127.0.0.1", "::1"];

fn line(reader: &mut impl BufRead) -> String {
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    line
}

fn lines(stream: &TcpStream) -> BufReader<TcpStream> {
    BufReader::new(stream.try_clone().unwrap())
}

#[test]
fn sentences_come_back_in_capitals_over_both_transports_and_families() {
    for bind in BOTH {
        for program in ["udp-upper", "tcp-upper"] {
            let server = Server::start(&[program, "--bind", bind]);
            let output = server.client(program, &["hello world", "größe λ", ""]);
            assert_eq!(
                stdout(&output),
                "HELLO WORLD\nGRÖSSE Λ\n\n",
                "{program} {bind}"
            );
            let script = std::env::temp_dir().join(format!(
                "wirelab-{}-{}",
                std::process::id(),
                server.port()
            ));
            std::fs::write(&script, "from a script\r\nand more").unwrap();
            let output = server.client(program, &["--script", script.to_str().unwrap()]);
            assert_eq!(stdout(&output), "FROM A SCRIPT\nAND MORE\n");
            std::fs::remove_file(script).unwrap();
        }
    }
}

#[test]
fn a_server_for_all_addresses_serves_both_families_and_logs_ipv4_as_such() {
    for program in ["udp-upper", "tcp-upper"] {
        let server = Server::start(&[program, "--bind", "::"]);
        for host in BOTH {
            let mut client = wirelab();
            client.args(["client", program, host, "--port", &server.port(), "x"]);
            assert_eq!(stdout(&client.output().unwrap()), "X\n");
            let record = server.wait_for("answered");
            assert_eq!(address(&record, "remote").ip().to_string(), host);
        }
    }
}

#[test]
fn bytes_that_are_no_text_come_back_as_they_are() {
    let server = Server::start(&["tcp-upper", "--sentences", "0"]);
    let mut client = server.connect();
    client.write_all(b"a\xff\0\xc3").unwrap();
    client.write_all(b"\xa4b").unwrap();
    client.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).unwrap();
    assert_eq!(answer, b"A\xff\0\xc3\x84B");
}

#[test]
fn the_chat_answers_until_end_in_every_mode() {
    for mode in ["blocking", "fork", "select", "threads"] {
        let server = Server::start(&["chat", "--mode", mode]);
        for _ in 0..7 {
            let output = server.client("chat", &["hello", "is anybody there", "end", "never sent"]);
            assert_eq!(stdout(&output), "Message received\n".repeat(3), "{mode}");
        }
        let mut bare = server.connect();
        bare.write_all(b"bare").unwrap();
        let mut answer = [0; 16];
        bare.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"Message received");
        bare.write_all(b"end").unwrap();
        let mut rest = Vec::new();
        bare.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"Message received", "{mode}");
    }
}

#[test]
fn the_second_client_of_a_blocking_server_waits_until_the_first_ends() {
    let server = Server::start(&["chat"]);
    let mut first = server.connect();
    first.write_all(b"one\n").unwrap();
    assert_eq!(line(&mut lines(&first)), "Message received\n");
    // The kernel completes the connection and takes the data.
    let mut second = server.connect();
    second.write_all(b"two\n").unwrap();
    second.set_nonblocking(true).unwrap();
    first.write_all(b"three\n").unwrap();
    assert_eq!(line(&mut lines(&first)), "Message received\n");
    assert_eq!(
        second.read(&mut [0]).unwrap_err().kind(),
        std::io::ErrorKind::WouldBlock
    );
    second.set_nonblocking(false).unwrap();
    first.write_all(b"end\n").unwrap();
    assert_eq!(line(&mut lines(&second)), "Message received\n");
}

#[test]
fn several_clients_are_served_at_once_by_one_process_or_by_several() {
    for (mode, processes) in [("select", 1), ("threads", 1), ("fork", 5)] {
        let server = Server::start(&["chat", "--mode", mode]);
        let clients: Vec<TcpStream> = (0..5).map(|_| server.connect()).collect();
        let mut pids = Vec::new();
        for mut client in &clients {
            client.write_all(b"hello\n").unwrap();
            assert_eq!(line(&mut lines(client)), "Message received\n");
            pids.push(server.wait_for("message")["pid"].as_u64().unwrap());
        }
        pids.sort_unstable();
        pids.dedup();
        assert_eq!(pids.len(), processes, "{mode}");
        if mode == "fork" {
            let parent = u64::from(server.child.id());
            assert!(!pids.contains(&parent));
            for pid in pids {
                let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
                assert!(
                    stat.contains(&format!("(wirelab) S {parent} "))
                        || stat.contains(&format!("(wirelab) R {parent} ")),
                    "{stat}"
                );
            }
        }
    }
}

#[test]
fn the_children_end_with_their_parent_even_when_it_is_killed() {
    for signal in ["-TERM", "-KILL"] {
        let mut server = Server::start(&["chat", "--mode", "fork"]);
        let mut children = Vec::new();
        while children.len() < 5 {
            let started = server.wait_for("child started");
            children.push(started["child_pid"].as_str().unwrap().to_owned());
        }
        // One child serves: all five have set themselves up, or end at their first look.
        let client = server.client("chat", &["hello", "end"]);
        stdout(&client);
        server.signal(signal);
        let begun = std::time::Instant::now();
        for child in children {
            let gone = || {
                !std::fs::read_to_string(format!("/proc/{child}/stat"))
                    .is_ok_and(|stat| !stat.contains(") Z "))
            };
            while !gone() {
                assert!(
                    begun.elapsed() < lab_bench::NEVER,
                    "child {child} is left ({signal})"
                );
                std::thread::yield_now();
            }
        }
    }
}

#[test]
fn the_udp_chat_tells_what_its_buffer_cut() {
    let server = Server::start(&["udp-chat"]);
    let text = "Sometimes an application on a network needs to send more. ".repeat(18);
    let output = server.client("udp-chat", &[&text, "short", "end"]);
    assert_eq!(stdout(&output), "Message received\n".repeat(3));
    let long = server.wait_for("datagram");
    assert_eq!(long["bytes"], text.len());
    assert_eq!(long["received_bytes"], 50);
    assert_eq!(long["cut_bytes"], text.len() - 50);
    assert_eq!(server.wait_for("datagram")["cut_bytes"], 0);
    let all = Server::start(&["udp-chat", "--buffer", "2000"]);
    stdout(&all.client("udp-chat", &[&text, "end"]));
    assert_eq!(all.wait_for("datagram")["cut_bytes"], 0);
}

#[test]
fn the_command_session_of_the_handout() {
    for bind in BOTH {
        let mut server = Server::start(&["command", "--bind", bind]);
        let output = server.client("command", &["TIME", "DATE", "EXIT"]);
        let client = address(&server.wait_for("opened"), "remote");
        let text = stdout(&output);
        let replies: Vec<&str> = text.lines().collect();
        assert_eq!(replies[0], client.to_string());
        let time = jiff::fmt::strtime::parse("%a %b %e %H:%M:%S %Y", replies[1]);
        assert!(time.is_ok(), "{}", replies[1]);
        assert_eq!(replies[2..], ["Invalid command!"]);
        assert!(server.ended().success());
        assert!(TcpStream::connect(server.address).is_err());
    }
}

#[test]
fn commands_are_lines_however_they_are_cut() {
    let server = Server::start(&["command"]);
    let mut client = server.connect();
    let mut replies = lines(&client);
    line(&mut replies);
    client.write_all(b"foo\r\nbar\nTI").unwrap();
    assert_eq!(line(&mut replies), "Invalid command!\r\n");
    assert_eq!(line(&mut replies), "Invalid command!\n");
    client.write_all(b"ME\n").unwrap();
    assert_eq!(
        line(&mut replies).trim_end().len(),
        "Sun Oct  1 13:33:03 2023".len()
    );
    // The handout's client sends bare words and waits.
    client.write_all(b"TIME").unwrap();
    let mut bare = [0; 24];
    replies.read_exact(&mut bare).unwrap();
}

#[test]
fn exit_closes_every_connection_and_silence_only_its_own() {
    let mut server = Server::start(&["command", "--max-clients", "3", "--timeout", "0.2"]);
    let silent = server.connect();
    let mut replies = lines(&silent);
    line(&mut replies);
    assert_eq!(line(&mut replies), "", "closed after the time-out");
    assert_eq!(
        server.wait_for("closed")["reason"],
        "nothing came for 0.2 s"
    );
    drop(server);
    server = Server::start(&["command", "--max-clients", "3"]);
    let others: Vec<TcpStream> = (0..2).map(|_| server.connect()).collect();
    for other in &others {
        line(&mut lines(other));
    }
    server.connect().write_all(b"EXIT\n").unwrap();
    for other in &others {
        assert_eq!(line(&mut lines(other)), "");
    }
    assert!(server.ended().success());
}

#[test]
fn the_secret_dialogue_of_the_handout() {
    for bind in BOTH {
        let server = Server::start(&["secret", "--bind", bind]);
        for (string, answer) in [
            ("sfdsd Ted is cool23432", "Secret code not found."),
            ("Ted is SECRET cool", "Digits: Count: 0"),
            ("123Ted 32is 343SECRET cool", "Digits: 12332343 Count: 8"),
        ] {
            // Without quotes the shell hands over words; they are one string.
            let words: Vec<&str> = string.split(' ').collect();
            let output = server.client("secret", &words);
            assert_eq!(
                stdout(&output),
                format!("Sent:     {string}\nReceived: {answer}\n")
            );
        }
    }
}

#[test]
fn our_two_way_chat_talks_to_itself_with_names() {
    let mut server = wirelab()
        .args(["client", "nc", "--listen", "--port", "0", "--name", "R2"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let listening = line(&mut BufReader::new(server.stderr.take().unwrap()));
    let port = listening.trim_end().rsplit(':').next().unwrap().to_owned();
    let mut typed = server.stdin.take().unwrap();
    typed.write_all(b"hello\nhow are you\n").unwrap();
    let mut client = wirelab();
    client.args([
        "client",
        "nc",
        "127.0.0.1",
        "--port",
        &port,
        "--name",
        "KALI",
    ]);
    let mut client = client
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut shown = BufReader::new(client.stdout.take().unwrap());
    assert_eq!(line(&mut shown), "R2: hello\n");
    assert_eq!(line(&mut shown), "R2: how are you\n");
    client.stdin.take().unwrap().write_all(b"fine\n").unwrap();
    let mut shown = BufReader::new(server.stdout.take().unwrap());
    assert_eq!(line(&mut shown), "KALI: fine\n");
    drop(typed);
    assert!(client.wait().unwrap().success());
    assert!(server.wait().unwrap().success());
}

#[test]
fn round_trips_are_measured_against_both_servers() {
    let tcp = Server::start(&["tcp-upper"]);
    let udp = Server::start(&["udp-upper", "--port", &tcp.port()]);
    let text = stdout(&udp.client("rtt", &["--compare", "--count", "3"]));
    assert_eq!(text.matches("3 of 3 answered").count(), 2, "{text}");
    assert_eq!(text.matches(": sent ").count(), 6);
    assert!(text.contains("connection set-up  min "));
    assert!(text.contains("standard deviation"));
    assert!(text.contains("side by side"));
    let one = stdout(&udp.client("rtt", &["--udp"]));
    assert!(one.contains("standard deviation unknown (one sample)"));
}

#[test]
fn what_went_wrong_is_told_apart_and_the_status_says_so() {
    let client = |words: &[&str]| {
        let mut command = wirelab();
        command.arg("client").args(words).stdin(Stdio::null());
        command.output().unwrap()
    };
    let tcp = closed_tcp_port();
    for program in ["tcp-upper", "chat", "command", "secret"] {
        let message = failure(&client(&[program, "127.0.0.1", "--port", &tcp.port, "x"]));
        assert!(message.contains("refused (ECONNREFUSED)"), "{message}");
    }
    let udp = closed_udp_port();
    let message = failure(&client(&[
        "udp-upper",
        "127.0.0.1",
        "--port",
        &udp.port,
        "x",
    ]));
    assert!(message.contains("refused (ECONNREFUSED)"), "{message}");
    let unheard = [
        "udp-upper",
        "127.0.0.1",
        "--port",
        &udp.port,
        "--unconnected",
        "--timeout",
        "0.1",
        "x",
    ];
    let message = failure(&client(&unheard));
    assert!(message.contains("timed out (ETIMEDOUT)"), "{message}");
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port().to_string();
    let message = failure(&client(&[
        "udp-chat",
        "127.0.0.1",
        "--port",
        &port,
        "--timeout",
        "0.1",
        "x",
    ]));
    assert!(message.contains("timed out (ETIMEDOUT)"), "{message}");
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = mute.local_addr().unwrap().port().to_string();
    let message = failure(&client(&[
        "secret",
        "127.0.0.1",
        "--port",
        &port,
        "--timeout",
        "0.1",
        "x",
    ]));
    assert!(
        message.contains("timed out (ETIMEDOUT): the answer"),
        "{message}"
    );
    let closer = std::thread::spawn(move || {
        // The one that timed out, then the one that is let down.
        drop(mute.accept().unwrap());
        let (mut stream, _) = mute.accept().unwrap();
        stream.read_exact(&mut [0; 2]).unwrap();
    });
    let message = failure(&client(&["secret", "127.0.0.1", "--port", &port, "xy"]));
    assert!(message.contains("closed early (end of file)"), "{message}");
    closer.join().unwrap();
    // A label has at most 63 letters: this name is nobody's, and nobody is asked.
    let nobody = "a".repeat(64);
    let message = failure(&client(&["chat", &nobody, "x"]));
    assert!(
        message.contains("no address is known for aaaa"),
        "{message}"
    );
    let output = client(&[
        "rtt",
        "127.0.0.1",
        "--port",
        &udp.port,
        "--udp",
        "--count",
        "2",
    ]);
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        text.contains("0 of 2 answered") && text.contains("ECONNREFUSED"),
        "{text}"
    );
}

#[test]
fn every_server_ends_on_a_signal_with_clients_and_once_without() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let servers: [&[&str]; 11] = [
        &["udp-upper"],
        &["udp-chat"],
        &["tcp-upper"],
        &["chat", "--mode", "blocking"],
        &["chat", "--mode", "fork"],
        &["chat", "--mode", "select"],
        &["chat", "--mode", "threads"],
        &["command"],
        &["secret"],
        &["file", "--out", out],
        &["proxy"],
    ];
    for (words, signal) in servers.iter().zip(["-INT", "-TERM"].iter().cycle()) {
        let mut server = Server::start(words);
        let is_tcp = !words[0].starts_with("udp");
        let clients: Vec<TcpStream> = (0..if is_tcp { 3 } else { 0 })
            .map(|_| {
                let mut client = server.connect();
                client.write_all(b"W").unwrap();
                client
            })
            .collect();
        if is_tcp {
            server.wait_for("opened");
        }
        let begun = std::time::Instant::now();
        let status = server.signal(signal);
        assert_eq!(status.code(), Some(0), "{words:?}");
        assert!(begun.elapsed().as_secs() < 5, "{words:?}");
        drop(clients);
        // The port is free again.
        let again = Server::start(&[*words, &["--port", &server.port()]].concat());
        drop(again);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_server_for_one_client_ends_after_it() {
    for mode in ["blocking", "fork", "select", "threads"] {
        let mut server = Server::start(&["chat", "--mode", mode, "--once"]);
        stdout(&server.client("chat", &["hello", "end"]));
        assert!(server.ended().success(), "{mode}");
    }
    for (program, lines) in [
        ("udp-upper", ["a"]),
        ("udp-chat", ["end"]),
        ("tcp-upper", ["a"]),
        ("secret", ["a"]),
    ] {
        let mut server = Server::start(&[program, "--once"]);
        stdout(&server.client(program, &lines));
        assert!(server.ended().success(), "{program}");
    }
}

#[test]
fn no_more_clients_than_allowed_are_served() {
    for mode in ["threads", "select"] {
        let server = Server::start(&["chat", "--mode", mode, "--max-clients", "2"]);
        let clients: Vec<TcpStream> = (0..3).map(|_| server.connect()).collect();
        for mut client in &clients {
            client.write_all(b"hello\n").unwrap();
        }
        for client in &clients[..2] {
            assert_eq!(line(&mut lines(client)), "Message received\n");
        }
        clients[2].set_nonblocking(true).unwrap();
        assert!((&clients[2]).read(&mut [0]).is_err());
        clients[2].set_nonblocking(false).unwrap();
        (&clients[0]).write_all(b"end\n").unwrap();
        assert_eq!(line(&mut lines(&clients[2])), "Message received\n");
    }
    let server = Server::start(&["udp-chat", "--max-clients", "1"]);
    stdout(&server.client("udp-chat", &["hello"]));
    let second = server.client("udp-chat", &["hello", "--timeout", "0.1"]);
    assert!(failure(&second).contains("ETIMEDOUT"));
    server.wait_for("turned away");
}

#[test]
fn a_port_in_use_says_who_has_it() {
    for program in ["tcp-upper", "udp-upper"] {
        let server = Server::start(&[program]);
        let second = wirelab()
            .args(["serve", program, "--port", &server.port()])
            .output()
            .unwrap();
        let message = failure(&second);
        let holder = format!("in use (EADDRINUSE) by PID {} (wirelab)", server.child.id());
        assert!(message.contains(&holder), "{message}");
    }
}

#[test]
fn a_record_has_time_and_both_addresses() {
    let server = Server::start(&["tcp-upper"]);
    let mut client = server.connect();
    let ours = client.local_addr().unwrap();
    client.write_all(b"x\n").unwrap();
    for event in ["opened", "answered", "closed"] {
        let record = server.wait_for(event);
        assert_eq!(address(&record, "local"), server.address);
        assert_eq!(address(&record, "remote"), ours);
        assert_eq!(record["transport"], "tcp");
        assert!(record["epoch"].as_f64().unwrap() > 1.7e9);
        assert!(record["time"].as_str().unwrap().ends_with('Z'));
    }
}

#[test]
fn the_socket_table_shows_server_and_client_with_their_processes() {
    let server = Server::start(&["chat"]);
    let _client = server.connect();
    server.wait_for("opened");
    let port = format!(":{}", server.port());
    let sockets = |words: &[&str]| wirelab().arg("sockets").args(words).output().unwrap();
    let table = stdout(&sockets(&[&port]));
    // Connections of an earlier server that had the same port may still wait.
    let now = table.lines().filter(|line| !line.contains("TIME_WAIT"));
    assert_eq!(now.count(), 4, "{table}");
    let server_lines = table
        .lines()
        .filter(|line| line.contains(&format!("{}/wirelab", server.child.id())));
    assert_eq!(server_lines.count(), 2, "{table}");
    let pid = std::process::id().to_string();
    let json = stdout(&sockets(&[&port, "--pid", &pid, "--format", "json"]));
    let rows: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 1, "{json}");
    assert_eq!(rows[0]["state"], "ESTABLISHED");
    assert_eq!(rows[0]["foreign"], server.address.to_string());
    assert!(stdout(&sockets(&[&port, "--explain"])).contains("Recv-Q   bytes that arrived"));
    let udp = Server::start(&["udp-chat"]);
    for _ in 0..3 {
        stdout(&udp.client("udp-chat", &["hello"]));
    }
    let table = stdout(&sockets(&[&format!(":{}", udp.port()), "--format", "csv"]));
    // A TCP connection of another test may use the same number.
    let of_udp = table.lines().filter(|line| line.starts_with("udp"));
    assert_eq!(of_udp.count(), 1, "{table}");
    let closed = closed_tcp_port();
    let nothing = sockets(&[&format!(":{}", closed.port)]);
    assert_eq!(nothing.status.code(), Some(1));
}

#[test]
fn standard_input_is_a_script_too() {
    let server = Server::start(&["chat"]);
    let mut client = wirelab();
    client.args(["client", "chat", "127.0.0.1", "--port", &server.port()]);
    let output = run_with(&mut client, b"one\ntwo\r\nend\nthree\n");
    assert_eq!(stdout(&output), "Message received\n".repeat(3));
    let texts: Vec<String> = (0..3)
        .map(|_| {
            server.wait_for("message")["text"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(texts, ["one", "two", "end"]);
}
