//! A real browser through the proxy: a page with style, script and picture; the second time from
//! the cache, with the origin stopped.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod lab_bench;

use lab_bench::{Guard, NEVER, Server, free_port, stranger};
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

const PAGE: &str = r#"<!DOCTYPE html><html><head><title>lab</title><link rel="stylesheet" href="style.css">
<script src="script.js" defer></script></head><body><p id="text">plain</p><img id="picture" src="picture.png"></body></html>"#;
const STYLE: &str = "#text { color: rgb(1, 2, 3) }";
const SCRIPT: &str = "const p = document.getElementById('text');
p.textContent = 'style ' + getComputedStyle(p).color;
const i = document.getElementById('picture');
const done = () => document.body.setAttribute('data-width', i.naturalWidth);
if (i.complete) done(); else i.onload = done;";
/// A picture of 2 × 1 points.
const PICTURE: [u8; 70] = [
    137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 0, 2, 0, 0, 0, 1, 8, 2, 0,
    0, 0, 123, 64, 232, 221, 0, 0, 0, 13, 73, 68, 65, 84, 120, 156, 99, 248, 207, 192, 0, 68, 0, 8,
    254, 1, 255, 198, 158, 121, 247, 0, 0, 0, 0, 73, 69, 78, 68, 174, 66, 96, 130,
];

/// What the browser makes of the page, after its scripts.
fn dump(proxy: &str, url: &str, profile: &Path) -> Option<String> {
    let mut chromium = stranger("chromium")?;
    chromium.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
    ]);
    chromium.args([
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
    ]);
    chromium.args([
        "--virtual-time-budget=10000",
        "--proxy-bypass-list=<-loopback>",
    ]);
    chromium.arg(format!("--proxy-server=http://{proxy}"));
    chromium.arg(format!("--user-data-dir={}", profile.display()));
    chromium
        .env("HOME", profile)
        .env("XDG_CONFIG_HOME", profile)
        .env("XDG_CACHE_HOME", profile);
    let output = chromium
        .args(["--dump-dom", url])
        .stderr(Stdio::null())
        .output()
        .unwrap();
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn a_browser_gets_a_page_and_the_second_time_from_the_cache() {
    let (Some(mut nginx), Some(_)) = (stranger("nginx"), stranger("chromium")) else {
        return;
    };
    let folder = tempfile::TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (name, bytes) in [
        ("index.html", PAGE.as_bytes()),
        ("style.css", STYLE.as_bytes()),
        ("script.js", SCRIPT.as_bytes()),
        ("picture.png", &PICTURE),
    ] {
        std::fs::write(at(name), bytes).unwrap();
    }
    let port = free_port();
    let user = if rustix::process::geteuid().is_root() {
        "user root;"
    } else {
        ""
    };
    let root = folder.path().display();
    std::fs::write(
        at("nginx.conf"),
        format!(
            "daemon off; master_process off; pid {root}/pid; error_log {root}/error.log; {user} events {{}}
             http {{ access_log {root}/access.log; types {{ text/html html; text/css css; text/javascript js; image/png png; }}
             client_body_temp_path {root}/b; proxy_temp_path {root}/p; fastcgi_temp_path {root}/f; uwsgi_temp_path {root}/u; scgi_temp_path {root}/s;
             server {{ listen 127.0.0.1:{port}; root {root}; expires 1h; }} }}"
        ),
    )
    .unwrap();
    nginx
        .arg("-e")
        .arg(at("error.log"))
        .arg("-c")
        .arg(at("nginx.conf"));
    let mut nginx = Guard(nginx.stderr(Stdio::null()).spawn().unwrap());
    let begun = Instant::now();
    while TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
        assert!(begun.elapsed() < NEVER, "nginx listens");
    }
    let proxy = Server::start_unheard(&["proxy", "--allow", "127.0.0.0/8"]);
    let url = format!("http://127.0.0.1:{port}/");
    let first = dump(&proxy.address.to_string(), &url, &at("first")).unwrap();
    let log = std::fs::read_to_string(at("access.log")).unwrap();
    for name in [
        "GET / ",
        "GET /style.css",
        "GET /script.js",
        "GET /picture.png",
    ] {
        assert!(
            log.contains(name),
            "{name} came through the proxy: {log}{first}"
        );
    }
    nginx.0.kill().unwrap();
    nginx.0.wait().unwrap();
    // The port may take a moment longer.
    while TcpStream::connect(format!("127.0.0.1:{port}")).is_ok() {
        assert!(begun.elapsed() < NEVER * 2, "nginx ends");
    }
    // A browser that has never seen the page.
    let second = dump(&proxy.address.to_string(), &url, &at("second")).unwrap();
    for page in [first, second] {
        assert!(
            page.contains("style rgb(1, 2, 3)"),
            "style and script: {page}"
        );
        assert!(page.contains("data-width=\"2\""), "the picture: {page}");
    }
}
