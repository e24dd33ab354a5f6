//! The labs' programs with programs of others: netcat, socat, Python's sockets, lsof, curl and
//! nginx, over IPv4 and IPv6.

mod lab_bench;

use lab_bench::{Server, failure, run_with, stdout, stranger, wirelab};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};

const BOTH: [&str; 2] = ["127.0.0.1", "::1"];

/// A process that ends with its test.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a Python program with `HOST` and `PORT` as its arguments.
fn python(program: &str, host: &str, port: &str) -> Option<String> {
    let mut python = stranger("python3")?;
    let output = python.args(["-c", program, host, port]).output().unwrap();
    Some(stdout(&output))
}

/// A Python server that prints its port, then serves; and that port.
fn python_server(program: &str, host: &str) -> Option<(Guard, String)> {
    let mut python = stranger("python3")?;
    python.args(["-uc", program, host]).stdout(Stdio::piped());
    let mut child = python.spawn().unwrap();
    let mut port = String::new();
    BufReader::new(child.stdout.as_mut().unwrap())
        .read_line(&mut port)
        .unwrap();
    Some((Guard(child), port.trim().to_owned()))
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
                "Digits: 12332343 Count: 8\n",
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
        let port = lab_bench::closed_tcp_port();
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
        let port = lab_bench::closed_tcp_port();
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

/// An nginx on free ports of both families, with what the proxy's tests ask for.
fn nginx() -> Option<(Guard, tempfile::TempDir, String)> {
    let mut nginx = stranger("nginx")?;
    let folder = tempfile::tempdir().unwrap();
    let port = lab_bench::closed_tcp_port();
    let path = folder.path().display().to_string();
    std::fs::write(folder.path().join("page.html"), "<p>page</p>\n").unwrap();
    std::fs::write(folder.path().join("large"), vec![b'x'; 3_000_000]).unwrap();
    let config = format!(
        "daemon off; master_process off; pid {path}/pid; error_log stderr crit;\n\
         events {{}}\n\
         http {{\n access_log {path}/access.log combined; client_body_temp_path {path}/b; proxy_temp_path {path}/p;\n\
         fastcgi_temp_path {path}/f; uwsgi_temp_path {path}/u; scgi_temp_path {path}/s;\n\
         server {{ listen 127.0.0.1:{port}; listen [::1]:{port}; root {path};\n\
         location = /moved {{ return 301 http://www.example.org/; }}\n\
         location = /no-store {{ add_header Cache-Control no-store; return 200 'fresh'; }}\n\
         location = /private {{ add_header Cache-Control private; return 200 'mine'; }}\n\
         location = /empty {{ return 204; }}\n\
         location = /post {{ return 200 $request_method$content_length; }} }} }}\n"
    );
    let file = folder.path().join("nginx.conf");
    std::fs::write(&file, config).unwrap();
    let child = nginx
        .arg("-c")
        .arg(&file)
        .arg("-p")
        .arg(folder.path())
        .spawn()
        .unwrap();
    let guard = Guard(child);
    let begun = std::time::Instant::now();
    while std::net::TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
        assert!(begun.elapsed() < lab_bench::NEVER, "nginx does not start");
        std::thread::yield_now();
    }
    Some((guard, folder, port))
}

fn curl(proxy: &Server, words: &[&str]) -> Option<String> {
    let mut curl = stranger("curl")?;
    curl.env_remove("no_proxy").env_remove("NO_PROXY");
    let address = format!("http://{}", proxy.address);
    curl.args(["-sS", "--noproxy", "", "--max-time", "20", "-x", &address])
        .args(words);
    Some(stdout(&curl.output().unwrap()))
}

/// Requests that reached the origin.
fn origin_requests(folder: &tempfile::TempDir) -> usize {
    let log = std::fs::read_to_string(folder.path().join("access.log")).unwrap_or_default();
    log.lines().count()
}

#[test]
fn curl_gets_nginx_pages_through_the_proxy_and_again_from_its_cache() {
    let Some((_nginx, folder, port)) = nginx() else {
        return;
    };
    for (bind, host) in [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")] {
        let proxy = Server::start(&[
            "proxy",
            "--bind",
            bind,
            "--allow",
            "127.0.0.1",
            "--allow",
            "::1",
        ]);
        let url = format!("http://{host}:{port}/page.html");
        let Some(first) = curl(&proxy, &["-i", &url]) else {
            return;
        };
        assert!(
            first.starts_with("HTTP/1.1 200 OK\r\n") && first.ends_with("<p>page</p>\n"),
            "{first}"
        );
        let connected = proxy.wait_for("connected");
        assert_eq!(
            lab_bench::address(&connected, "origin_remote")
                .port()
                .to_string(),
            port
        );
        proxy.wait_for("stored");
        let before = origin_requests(&folder);
        for version in ["--http1.0", "--http1.1"] {
            let again = curl(&proxy, &["-i", version, &url]).unwrap();
            assert!(
                again.contains("\r\nAge: ") && again.ends_with("<p>page</p>\n"),
                "{again}"
            );
            let events = proxy.until("read from cache");
            assert!(
                events
                    .iter()
                    .all(|event| event["event"] != "connected" && event["event"] != "resolved")
            );
        }
        assert_eq!(origin_requests(&folder), before);
        curl(&proxy, &["-H", "Cache-Control: no-cache", &url]).unwrap();
        assert_eq!(origin_requests(&folder), before + 1);
        for path in ["no-store", "private"] {
            for _ in 0..2 {
                curl(&proxy, &[&format!("http://{host}:{port}/{path}")]).unwrap();
                assert_eq!(proxy.wait_for("not stored")["reason"], *path);
            }
        }
        assert_eq!(origin_requests(&folder), before + 5);
        let large = curl(&proxy, &[&format!("http://{host}:{port}/large")]).unwrap();
        assert!(large.len() == 3_000_000 && large.bytes().all(|byte| byte == b'x'));
        let head = curl(&proxy, &["-I", &url]).unwrap();
        assert!(head.contains("Content-Length: 12\r\n"), "{head}");
        let status = curl(
            &proxy,
            &["-w", "%{http_code}", &format!("http://{host}:{port}/empty")],
        )
        .unwrap();
        assert_eq!(status, "204");
        let posted = curl(
            &proxy,
            &["-d", "a=b&c=d", &format!("http://{host}:{port}/post")],
        )
        .unwrap();
        assert_eq!(posted, "POST7");
    }
}

#[test]
fn a_plain_line_is_answered_as_in_the_lab_first_by_the_origin_then_by_the_cache() {
    let Some((_nginx, _folder, port)) = nginx() else {
        return;
    };
    let Some(mut nc) = stranger("nc") else { return };
    let proxy = Server::start(&["proxy", "--allow", "127.0.0.0/8"]);
    let line = format!("127.0.0.1:{port}/moved\n");
    let first = stdout(&run_with(
        nc.args(["127.0.0.1", &proxy.port()]),
        line.as_bytes(),
    ));
    assert!(
        first.starts_with("HTTP/1.1 301 Moved Permanently\r\n"),
        "{first}"
    );
    assert!(
        first.contains("Location: http://www.example.org/\r\n"),
        "{first}"
    );
    proxy.wait_for("stored");
    let mut nc = stranger("nc").unwrap();
    let second = stdout(&run_with(
        nc.args(["127.0.0.1", &proxy.port()]),
        line.as_bytes(),
    ));
    assert!(
        second.starts_with("HTTP/1.0 200 OK\r\nContent-Type:text/html\r\n\r\n"),
        "{second}"
    );
    let events = proxy.until("read from cache");
    assert!(
        events
            .iter()
            .all(|event| event["event"] != "resolved" && event["event"] != "connected")
    );
    // Without a line end, by our client, and as a browser's path.
    let mut nc = stranger("nc").unwrap();
    let bare = format!("127.0.0.1:{port}/page.html");
    let output = run_with(nc.args(["127.0.0.1", &proxy.port()]), bare.as_bytes());
    assert!(stdout(&output).ends_with("<p>page</p>\n"));
    assert!(stdout(&proxy.client("proxy", &[&bare])).ends_with("\r\n\r\n<p>page</p>\n"));
    let Some(mut curl) = stranger("curl") else {
        return;
    };
    let url = format!("http://{}/{bare}", proxy.address);
    let output = curl.args(["-sS", "--noproxy", "*", &url]).output().unwrap();
    assert_eq!(stdout(&output), "<p>page</p>\n");
}

#[test]
fn an_origin_that_chunks_or_just_closes_is_passed_on_whole() {
    const ORIGIN: &str = "
import socket, sys
s = socket.socket()
s.bind((sys.argv[1], 0)); s.listen(5)
print(s.getsockname()[1])
while True:
    c, a = s.accept()
    request = c.recv(65536)
    path = request.split(b' ')[1]
    if path == b'/chunked':
        c.sendall(b'HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n3\\r\\nabc\\r\\n')
        c.sendall(b'2;x=y\\r\\nde\\r\\n0\\r\\nX: y\\r\\n\\r\\n')
    elif path == b'/close':
        c.sendall(b'HTTP/1.0 200 OK\\r\\n\\r\\nuntil the end')
    elif path == b'/short':
        c.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 10\\r\\n\\r\\nshort')
    elif path == b'/echo':
        c.sendall(b'HTTP/1.1 200 OK\\r\\nConnection: x-hop\\r\\nX-Hop: 1\\r\\nKeep-Alive: 5\\r\\n\\r\\n' + request)
    elif path == b'/garbage':
        c.sendall(b'\\x00\\x01\\x02 not http\\r\\n\\r\\n')
    c.close()";
    let Some((_origin, port)) = python_server(ORIGIN, "127.0.0.1") else {
        return;
    };
    let proxy = Server::start(&["proxy", "--allow", "127.0.0.1"]);
    let url = |path: &str| format!("http://127.0.0.1:{port}/{path}");
    for version in ["--http1.1", "--http1.0"] {
        // From the origin, then from the cache.
        for _ in 0..2 {
            let Some(text) = curl(&proxy, &[version, &url("chunked")]) else {
                return;
            };
            assert_eq!(text, "abcde");
            assert_eq!(
                curl(&proxy, &[version, &url("close")]).unwrap(),
                "until the end"
            );
        }
    }
    let mut cut = stranger("curl").unwrap();
    let address = format!("http://{}", proxy.address);
    let output = cut
        .args(["-sS", "--noproxy", "", "-x", &address, &url("short")])
        .output()
        .unwrap();
    assert!(!output.status.success(), "a cut answer must not look whole");
    let text = curl(
        &proxy,
        &[
            "-i",
            "-H",
            "Connection: x-mine",
            "-H",
            "X-Mine: 1",
            "-H",
            "TE: trailers",
            &url("echo"),
        ],
    )
    .unwrap();
    for hop in ["X-Hop", "Keep-Alive", "X-Mine", "TE:", "Proxy-Connection"] {
        assert!(!text.contains(hop), "{hop} in {text}");
    }
    assert!(
        text.contains(&format!("Host: 127.0.0.1:{port}\r\n"))
            && text.contains("\r\nVia: 1.1 wirelab"),
        "{text}"
    );
    let status = curl(
        &proxy,
        &["-o", "/dev/null", "-w", "%{http_code}", &url("garbage")],
    )
    .unwrap();
    assert_eq!(status, "502");
}

#[test]
fn our_client_names_a_stranger_that_is_not_there() {
    let output = Command::new(env!("CARGO_BIN_EXE_wirelab"))
        .args([
            "client",
            "nc",
            "127.0.0.1",
            "--port",
            &lab_bench::closed_tcp_port(),
        ])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(failure(&output).contains("refused (ECONNREFUSED)"));
}
