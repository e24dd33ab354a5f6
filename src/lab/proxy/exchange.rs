//! Request to the origin, answer to the client, and a copy into the cache on the way.

use super::body::{LAST_CHUNK, Pieces, chunk};
use super::cache::Draft;
use super::request::{Bad, Body, Fields, Request, Style, end_to_end, words};
use super::response::{self, Response, Unusable, fresh_for, has};
use super::{Failed, One, of};
use crate::lab::conversation::{Conversation, Ended};
use std::time::{Duration, SystemTime};

impl One<'_> {
    pub(super) fn exchange(
        &self,
        client: &mut Conversation,
        origin: &mut Conversation,
        request: &Request,
        key: &str,
    ) -> Result<(), Failed> {
        self.ask(client, origin, request)?;
        let mut response = match response::read(origin, &request.method) {
            Ok(response) => response,
            Err(unusable) => return Err(failure(unusable)),
        };
        if request.style == Style::Plain && response.body == Body::Chunked {
            // Nobody who was asked in HTTP/1.0 should answer so; it is handed on as it comes.
            response.body = Body::UntilClose;
        }
        let mut draft = self.draft(client, request, &response, key);
        let head = match request.style {
            Style::Plain => response.bytes.clone(),
            style => response_head(&response, style, &self.proxy.name),
        };
        let rechunked = response.body == Body::Chunked && request.style == Style::Http11;
        let mut pieces = Pieces::of(response.body);
        // An answer is kept before its last bytes go out: who has read it whole and asks again
        // gets it from the cache.
        if pieces.are_over() {
            self.keep(client, key, draft.take());
        }
        client.send(&head).map_err(Failed::Client)?;
        let mut sent = head.len();
        loop {
            let piece = match pieces.next(origin) {
                Ok(Some(piece)) => piece,
                Ok(None) => break,
                Err(Unusable::Ended(Ended::Stopped)) => return Err(Failed::Client(Ended::Stopped)),
                Err(unusable) => return Err(self.broken_off(client, &unusable)),
            };
            let fits = draft
                .as_mut()
                .is_some_and(|draft| draft.push(&piece).unwrap_or(false));
            if !fits && draft.take().is_some() {
                self.not_stored(client, key, "longer than the cache takes");
            }
            if pieces.are_over() {
                self.keep(client, key, draft.take());
            }
            let piece = if rechunked { chunk(&piece) } else { piece };
            client.send(&piece).map_err(Failed::Client)?;
            sent += piece.len();
        }
        self.keep(client, key, draft.take());
        if rechunked {
            client.send(LAST_CHUNK).map_err(Failed::Client)?;
        }
        self.log.record(
            &of(client, "answered")
                .text("url", key)
                .number("status", usize::from(response.status))
                .number("bytes", sent),
        );
        Ok(())
    }

    fn keep(&self, client: &Conversation, key: &str, draft: Option<Draft<'_>>) {
        match draft.map(Draft::finish) {
            Some(Ok(())) => self.log.record(&of(client, "stored").text("url", key)),
            Some(Err(error)) => self.not_stored(client, key, &error.to_string()),
            None => {}
        }
    }

    fn ask(
        &self,
        client: &mut Conversation,
        origin: &mut Conversation,
        request: &Request,
    ) -> Result<(), Failed> {
        let head = request_head(request, &self.proxy.name);
        origin.send(&head).map_err(|ended| failure(ended.into()))?;
        if words(&request.fields, "expect")
            .iter()
            .any(|word| word == "100-continue")
        {
            client
                .send(b"HTTP/1.1 100 Continue\r\n\r\n")
                .map_err(Failed::Client)?;
        }
        let mut pieces = Pieces::of(request.body);
        loop {
            match pieces.next(client) {
                Ok(Some(piece)) => {
                    let piece = match request.body {
                        Body::Chunked => chunk(&piece),
                        _ => piece,
                    };
                    origin.send(&piece).map_err(|ended| failure(ended.into()))?;
                }
                Ok(None) => break,
                Err(Unusable::Ended(ended)) => return Err(Failed::Client(ended)),
                Err(_) => return Err(Bad::new(400, "the request's body is not complete").into()),
            }
        }
        if request.body == Body::Chunked {
            origin
                .send(LAST_CHUNK)
                .map_err(|ended| failure(ended.into()))?;
        }
        Ok(())
    }

    /// A place in the cache for this answer, when it may be kept.
    fn draft(
        &self,
        client: &Conversation,
        request: &Request,
        response: &Response,
        key: &str,
    ) -> Option<Draft<'_>> {
        let fresh = match fresh_for(request, response, self.proxy.fresh_for, SystemTime::now()) {
            Ok(_)
                if request.style == Style::Plain && has(&response.fields, "transfer-encoding") =>
            {
                Err("its coding is not undone for a plain line")
            }
            fresh => fresh,
        };
        let fresh = match fresh {
            Ok(fresh) => fresh,
            Err(why) => {
                self.not_stored(client, key, why);
                return None;
            }
        };
        let vary = words(&response.fields, "vary");
        let begun = self
            .proxy
            .cache
            .begin(key, fresh, &vary, &request.fields)
            .and_then(|mut draft| draft.push(&stored_head(response)).map(|_| draft));
        match begun {
            Ok(draft) => Some(draft),
            Err(error) => {
                self.not_stored(client, key, &error.to_string());
                None
            }
        }
    }

    fn not_stored(&self, client: &Conversation, key: &str, why: &str) {
        self.log.record(
            &of(client, "not stored")
                .text("url", key)
                .text("reason", why),
        );
    }

    /// The head is out already; the client must see that the rest is missing, so no proper end.
    fn broken_off(&self, client: &Conversation, unusable: &Unusable) -> Failed {
        self.log
            .record(&of(client, "broken off").text("reason", unusable.to_string()));
        Failed::Client(Ended::Socket(std::io::ErrorKind::UnexpectedEof.into()))
    }
}

fn failure(unusable: Unusable) -> Failed {
    match unusable {
        Unusable::Ended(Ended::Stopped) => Failed::Client(Ended::Stopped),
        Unusable::Ended(Ended::Idle(_)) => Bad::new(504, "the origin does not answer").into(),
        Unusable::Ended(Ended::Socket(_)) => {
            Bad::new(502, "the origin broke the connection").into()
        }
        Unusable::Incomplete => Bad::new(502, "the origin closed before its answer").into(),
        Unusable::NoHttp => Bad::new(502, "the origin's answer is no HTTP").into(),
    }
}

/// What the origin is asked. Host comes from the target: a client that asks for one host and
/// names another must not fill the cache of the first with the second.
fn request_head(request: &Request, name: &str) -> Vec<u8> {
    let target = &request.target;
    let host = match (target.host.contains(':'), target.port) {
        (true, 80) => format!("[{}]", target.host),
        (true, port) => format!("[{}]:{port}", target.host),
        (false, 80) => target.host.clone(),
        (false, port) => format!("{}:{port}", target.host),
    };
    let version = match request.style {
        Style::Http11 => "HTTP/1.1",
        Style::Plain | Style::Http10 => "HTTP/1.0",
    };
    let mut head = format!(
        "{} {} {version}\r\nHost: {host}\r\n",
        request.method, target.path
    )
    .into_bytes();
    let fields: Fields = end_to_end(&request.fields)
        .into_iter()
        .filter(|(name, _)| {
            !name.eq_ignore_ascii_case("host") && !name.eq_ignore_ascii_case("expect")
        })
        .collect();
    push_fields(&mut head, &fields);
    match request.body {
        Body::Length(length) if has(&request.fields, "content-length") => {
            head.extend_from_slice(format!("Content-Length: {length}\r\n").as_bytes());
        }
        Body::Chunked => head.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
        _ => {}
    }
    head.extend_from_slice(format!("Via: 1.1 {name}\r\nConnection: close\r\n\r\n").as_bytes());
    head
}

fn response_head(response: &Response, style: Style, name: &str) -> Vec<u8> {
    let mut head = status_line(response.status, &response.reason, style);
    push_fields(&mut head, &end_to_end(&response.fields));
    match response.body {
        Body::Chunked if style == Style::Http11 => {
            head.extend_from_slice(b"Transfer-Encoding: chunked\r\n");
        }
        // Of an answer to HEAD too: it says how long the content would be.
        Body::Length(_) => push_length(&mut head, response),
        _ => {}
    }
    head.extend_from_slice(format!("Via: 1.1 {name}\r\nConnection: close\r\n\r\n").as_bytes());
    head
}

fn push_length(head: &mut Vec<u8>, response: &Response) {
    if let Some(length) = words(&response.fields, "content-length").first() {
        head.extend_from_slice(format!("Content-Length: {length}\r\n").as_bytes());
    }
}

/// The head that is kept: without what belonged to the connection it came over.
fn stored_head(response: &Response) -> Vec<u8> {
    let mut head = status_line(response.status, &response.reason, Style::Http11);
    let mut fields = end_to_end(&response.fields);
    // It is told anew each time.
    fields.retain(|(name, _)| !name.eq_ignore_ascii_case("age"));
    push_fields(&mut head, &fields);
    if matches!(response.body, Body::Length(_)) {
        push_length(&mut head, response);
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// A kept head for a client, with its age.
pub(super) fn aged(stored: &[u8], style: Style, age: Duration, name: &str) -> Vec<u8> {
    let lines = stored.strip_suffix(b"\r\n").unwrap_or(stored);
    let version: &[u8] = match style {
        Style::Http10 => b"HTTP/1.0",
        Style::Plain | Style::Http11 => b"HTTP/1.1",
    };
    let rest = lines.get(version.len()..).unwrap_or_default();
    let own = format!(
        "Age: {}\r\nVia: 1.1 {name}\r\nConnection: close\r\n\r\n",
        age.as_secs()
    );
    [version, rest, own.as_bytes()].concat()
}

fn status_line(status: u16, reason: &str, style: Style) -> Vec<u8> {
    let version = match style {
        Style::Http10 => "HTTP/1.0",
        Style::Plain | Style::Http11 => "HTTP/1.1",
    };
    format!("{version} {status} {reason}\r\n").into_bytes()
}

fn push_fields(head: &mut Vec<u8>, fields: &Fields) {
    for (name, value) in fields {
        head.extend_from_slice(name.as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value);
        head.extend_from_slice(b"\r\n");
    }
}
