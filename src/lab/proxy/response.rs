//! An origin's answer: its head, the length of its body, and whether it may be kept.

use super::request::{self, Body, Fields, Request, values, words};
use crate::lab::conversation::{Conversation, Ended};
use std::time::{Duration, Instant, SystemTime};
use thiserror::Error;

const LONGEST_HEAD: usize = 64 * 1024;
const MOST_FIELDS: usize = 200;

/// An answer without its body.
#[derive(Clone, Debug)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// The words after it.
    pub reason: String,
    /// All header fields as they came.
    pub fields: Fields,
    /// What follows.
    pub body: Body,
    /// The head's own bytes.
    pub bytes: Vec<u8>,
}

/// Why an origin's answer cannot be passed on.
#[derive(Debug, Error)]
pub enum Unusable {
    /// It is no HTTP.
    #[error("the origin's answer is no HTTP")]
    NoHttp,
    /// It ended before its end.
    #[error("the origin closed before its answer was complete")]
    Incomplete,
    /// It took too long, or the connection broke.
    #[error("{0}")]
    Ended(#[from] Ended),
}

/// Reads an answer's head; interim answers (1xx) are passed over.
pub fn read(origin: &mut Conversation, method: &str) -> Result<Response, Unusable> {
    let deadline = Instant::now() + origin.patience();
    let mut head = Vec::new();
    loop {
        match parse(&head, method)? {
            Some((response, used)) if (100..200).contains(&response.status) => {
                head.drain(..used);
                if response.status == 101 {
                    return Err(Unusable::NoHttp);
                }
                continue;
            }
            Some((response, used)) => {
                origin.put_back(&head[used..]);
                return Ok(response);
            }
            None if head.len() > LONGEST_HEAD => return Err(Unusable::NoHttp),
            None => {}
        }
        let bytes = origin.chunk(deadline)?;
        if bytes.is_empty() {
            return Err(Unusable::Incomplete);
        }
        head.extend_from_slice(&bytes);
    }
}

fn parse(head: &[u8], method: &str) -> Result<Option<(Response, usize)>, Unusable> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_FIELDS];
    let mut parsed = httparse::Response::new(&mut headers);
    let used = match parsed.parse(head) {
        Ok(httparse::Status::Complete(used)) => used,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(Unusable::NoHttp),
    };
    let status = parsed.code.unwrap_or_default();
    let fields = request::fields_of(parsed.headers);
    let body = match status {
        _ if method == "HEAD" => Body::Length(0),
        100..200 | 204 | 304 => Body::Length(0),
        _ => request::body(&fields)
            .map_err(|_| Unusable::NoHttp)?
            .unwrap_or(Body::UntilClose),
    };
    let response = Response {
        status,
        reason: parsed.reason.unwrap_or_default().to_owned(),
        fields,
        body,
        bytes: head[..used].to_vec(),
    };
    Ok(Some((response, used)))
}

/// Until when an answer may be given again, or why it may not be kept at all.
///
/// `unless_said` is how long an answer is fresh that does not say so itself.
pub fn fresh_for(
    request: &Request,
    response: &Response,
    unless_said: Duration,
    now: SystemTime,
) -> Result<Duration, &'static str> {
    let of_request = words(&request.fields, "cache-control");
    let directives = words(&response.fields, "cache-control");
    let says = |name: &str| {
        directives
            .iter()
            .any(|word| word == name || word.starts_with(&format!("{name}=")))
    };
    let number = |name: &str| {
        let value = directives
            .iter()
            .find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        value.map(|value| value.trim_matches('"').parse().unwrap_or(0))
    };
    if request.method != "GET" {
        return Err("only answers to GET are kept");
    }
    if !matches!(response.status, 200 | 203 | 300 | 301 | 308 | 404 | 410) {
        return Err("answers of this status are not kept");
    }
    if says("no-store") || of_request.iter().any(|word| word == "no-store") {
        return Err("no-store");
    }
    if says("private") {
        return Err("private");
    }
    if says("no-cache")
        || words(&response.fields, "pragma")
            .iter()
            .any(|word| word == "no-cache")
    {
        return Err("no-cache");
    }
    if has(&request.fields, "authorization") && !says("public") && !says("s-maxage") {
        return Err("the request was authorized");
    }
    if has(&response.fields, "set-cookie") {
        return Err("it sets a cookie");
    }
    if has(&request.fields, "range") {
        return Err("a part was asked for");
    }
    if words(&response.fields, "vary")
        .iter()
        .any(|word| word == "*")
    {
        return Err("vary: *");
    }
    let lifetime = match number("s-maxage").or_else(|| number("max-age")) {
        Some(seconds) => Duration::from_secs(seconds),
        None => match values(&response.fields, "expires").next() {
            Some(expires) => until(expires, date(&response.fields).unwrap_or(now)),
            None => unless_said,
        },
    };
    let age = values(&response.fields, "age")
        .next()
        .and_then(|age| std::str::from_utf8(age).ok()?.trim().parse().ok())
        .unwrap_or(0);
    match lifetime.saturating_sub(Duration::from_secs(age)) {
        Duration::ZERO => Err("it is not fresh"),
        fresh => Ok(fresh),
    }
}

/// Whether a request may be answered from what was kept.
pub fn may_use_cache(request: &Request) -> bool {
    let bypass = [
        "authorization",
        "range",
        "if-none-match",
        "if-modified-since",
        "if-match",
        "if-unmodified-since",
    ];
    let directives = words(&request.fields, "cache-control");
    let fresh_wanted = directives
        .iter()
        .any(|word| matches!(word.as_str(), "no-cache" | "no-store" | "max-age=0"))
        || (directives.is_empty()
            && words(&request.fields, "pragma")
                .iter()
                .any(|word| word == "no-cache"));
    request.method == "GET"
        && request.body == Body::Length(0)
        && !fresh_wanted
        && !bypass.iter().any(|name| has(&request.fields, name))
}

/// Whether a field is there.
pub fn has(fields: &Fields, name: &str) -> bool {
    values(fields, name).next().is_some()
}

fn until(expires: &[u8], now: SystemTime) -> Duration {
    http_date(expires)
        .and_then(|expires| expires.duration_since(now).ok())
        .unwrap_or_default()
}

fn date(fields: &Fields) -> Option<SystemTime> {
    http_date(values(fields, "date").next()?)
}

fn http_date(value: &[u8]) -> Option<SystemTime> {
    let value = std::str::from_utf8(value).ok()?;
    let zoned = jiff::fmt::rfc2822::parse(value.trim()).ok()?;
    Some(zoned.timestamp().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::proxy::request::{Style, target};

    fn request(fields: &[(&str, &str)]) -> Request {
        Request {
            style: Style::Http11,
            method: "GET".to_owned(),
            target: target("http://h/").unwrap(),
            fields: fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
                .collect(),
            body: Body::Length(0),
        }
    }

    fn kept(asked: &[(&str, &str)], fields: &str) -> Result<Duration, &'static str> {
        let head = format!("HTTP/1.1 200 OK\r\n{fields}\r\n");
        let (response, _) = parse(head.as_bytes(), "GET").unwrap().unwrap();
        fresh_for(
            &request(asked),
            &response,
            Duration::from_secs(60),
            SystemTime::now(),
        )
    }

    #[test]
    fn what_must_not_be_kept_is_not_kept() {
        for (fields, why) in [
            ("Cache-Control: no-store\r\n", "no-store"),
            ("cache-control: max-age=9, Private\r\n", "private"),
            ("Cache-Control: no-cache\r\n", "no-cache"),
            ("Cache-Control: max-age=0\r\n", "it is not fresh"),
            ("Cache-Control: max-age=5\r\nAge: 5\r\n", "it is not fresh"),
            ("Cache-Control: max-age=x\r\n", "it is not fresh"),
            ("Expires: 0\r\n", "it is not fresh"),
            ("Vary: *\r\n", "vary: *"),
            ("Set-Cookie: a=b\r\n", "it sets a cookie"),
        ] {
            assert_eq!(kept(&[], fields), Err(why), "{fields}");
        }
        assert_eq!(
            kept(&[("Authorization", "x")], ""),
            Err("the request was authorized")
        );
        assert_eq!(kept(&[("Cache-Control", "no-store")], ""), Err("no-store"));
    }

    #[test]
    fn what_may_be_kept_is_kept_as_long_as_it_says() {
        assert_eq!(kept(&[], ""), Ok(Duration::from_secs(60)));
        assert_eq!(
            kept(&[], "Cache-Control: max-age=9, s-maxage=7\r\n"),
            Ok(Duration::from_secs(7))
        );
        let dates =
            "Date: Sun, 01 Oct 2023 13:33:03 GMT\r\nExpires: Sun, 01 Oct 2023 13:34:03 GMT\r\n";
        assert_eq!(kept(&[], dates), Ok(Duration::from_secs(60)));
    }

    #[test]
    fn a_client_that_wants_it_fresh_gets_it_fresh() {
        assert!(may_use_cache(&request(&[])));
        for field in [
            ("Cache-Control", "no-cache"),
            ("Pragma", "no-cache"),
            ("Range", "bytes=0-1"),
            ("If-None-Match", "x"),
        ] {
            assert!(!may_use_cache(&request(&[field])));
        }
    }
}
