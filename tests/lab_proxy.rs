//! The proxy between curl and nginx, and against clients and origins that mean no good.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod lab_bench;

use lab_bench::{Guard, Server, python_server, run_with, stdout, stranger};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};

/// An nginx on free ports of both families, with what the proxy's tests ask for.
fn nginx() -> Option<(Guard, tempfile::TempDir, String)> {
    let mut nginx = stranger("nginx")?;
    let folder = tempfile::tempdir().unwrap();
    let port = lab_bench::free_port();
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
