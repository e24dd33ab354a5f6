//! A small web server for a lab's outside, and a client that asks for one page.
//!
//! One request a connection; HTTP/1.1 with a length and `Connection: close`.

use super::connect::{Family, connect, resolve};
use super::conversation::{Conversation, Ended, PAUSE};
use super::fault::Fault;
use super::log::{Event, Log};
use super::serve::{self, After, Limits};
use super::stop::Stop;
use std::net::TcpListener;
use std::time::{Duration, Instant};

/// What a server has.
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// The text of its one page.
    pub text: String,
    /// Paths that lead elsewhere.
    pub redirects: Vec<(String, String)>,
}

/// The answer to a request line.
pub fn answer(site: &Site, request: &str) -> (&'static str, Vec<u8>) {
    let mut words = request.split(' ');
    let (method, path) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let path = path
        .strip_prefix("http://")
        .map_or(path, |rest| rest.find('/').map_or("/", |at| &rest[at..]));
    let (status, extra, title, text) = match site.redirects.iter().find(|(from, _)| from == path) {
        _ if !matches!(method, "GET" | "HEAD") => (
            "405 Method Not Allowed",
            "Allow: GET, HEAD\r\n".to_owned(),
            "Not allowed",
            "Only GET and HEAD are served here.".to_owned(),
        ),
        Some((_, to)) => (
            "301 Moved Permanently",
            format!("Location: {to}\r\n"),
            "Moved",
            format!("The page is at {to}."),
        ),
        None if matches!(path, "/" | "/index.html") => (
            "200 OK",
            String::new(),
            "A page of the lab",
            site.text.clone(),
        ),
        None => (
            "404 Not Found",
            String::new(),
            "Not found",
            "There is no such page.".to_owned(),
        ),
    };
    let body = format!(
        "<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><p>{text}</p></body></html>\n"
    );
    let head = format!(
        "HTTP/1.1 {status}\r\nServer: wirelab\r\n{extra}Content-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let body = if method == "HEAD" { "" } else { &body };
    (status, [head.as_bytes(), body.as_bytes()].concat())
}

/// Serves until asked to stop.
pub fn serve(
    listener: TcpListener,
    site: &Site,
    limits: Limits,
    stop: &Stop,
    log: &Log,
) -> Result<(), Fault> {
    serve::serve(listener, limits, stop, log, |conversation| {
        talk(conversation, site, log)
    })
}

fn talk(conversation: &mut Conversation, site: &Site, log: &Log) -> Result<After, Ended> {
    const MOST_LINES: usize = 200;
    let mut request = None;
    for _ in 0..MOST_LINES {
        let Some(line) = conversation.message(|_| PAUSE * 20)? else {
            return Ok(After::Serve);
        };
        match (&request, line.text.is_empty()) {
            (None, false) => request = Some(line.text),
            (Some(_), true) => break,
            _ => {}
        }
    }
    let request = request.unwrap_or_default();
    let (status, bytes) = answer(site, &String::from_utf8_lossy(&request));
    conversation.send(&bytes)?;
    log.record(
        &Event::new("answered")
            .between("tcp", conversation.local, conversation.remote)
            .bytes("request", &request)
            .text("status", status)
            .number("bytes", bytes.len()),
    );
    Ok(After::Serve)
}

/// Asks for `http://HOST[:PORT]/PATH`; hands over what comes, head and body.
pub fn get(
    url: &str,
    patience: Duration,
    mut each: impl FnMut(&[u8]) -> std::io::Result<()>,
) -> Result<(), Fault> {
    let rest = url.strip_prefix("http://").unwrap_or(url);
    let (host_port, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (host, port) = match host_port.rsplit_once(':') {
        Some((host, port)) if !host.ends_with(':') => (host, port.parse().unwrap_or(80)),
        _ => (host_port, 80),
    };
    let addresses = resolve(host, port, Family::V4)?;
    let mut conversation = connect(&addresses, patience)?.conversation;
    let path = if path.is_empty() { "/" } else { path };
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host_port}\r\nUser-Agent: wirelab\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    );
    conversation.tell(request.as_bytes())?;
    loop {
        let piece = conversation
            .chunk(Instant::now() + patience)
            .map_err(|ended| conversation.fault(ended, "the answer"))?;
        if piece.is_empty() {
            return Ok(());
        }
        each(&piece).map_err(Fault::system("writing the output"))?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_redirects_and_errors_have_their_status_and_length() {
        let site = Site {
            text: "Hello".to_owned(),
            redirects: vec![("/old".to_owned(), "http://www.example.com/".to_owned())],
        };
        for (request, expected) in [
            ("GET / HTTP/1.1", "200 OK"),
            ("GET http://www.example.com/ HTTP/1.1", "200 OK"),
            ("GET /old HTTP/1.1", "301 Moved Permanently"),
            ("GET /none HTTP/1.1", "404 Not Found"),
            ("POST / HTTP/1.1", "405 Method Not Allowed"),
            ("", "405 Method Not Allowed"),
        ] {
            let (status, bytes) = answer(&site, request);
            assert_eq!(status, expected, "{request}");
            let text = String::from_utf8(bytes).unwrap();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())));
        }
        assert!(answer(&site, "HEAD / HTTP/1.1").1.ends_with(b"\r\n\r\n"));
    }
}
