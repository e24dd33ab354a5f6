//! Heads as real programs write them, and odd ones.

use super::*;
use crate::dissect::field::{Sink, Value, Wanted};
use crate::dissect::layer::View;

/// What curl 7.88 asked Python's file server, and what it answered.
const REQUEST: &[u8] = b"GET /hello.txt?x=1 HTTP/1.1\r\nHost: 127.0.0.1:18431\r\n\
    User-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n";
const RESPONSE: &[u8] = b"HTTP/1.0 200 OK\r\nServer: SimpleHTTP/0.6 Python/3.11.7\r\n\
    Date: Sat, 21 Nov 2026 03:50:10 GMT\r\nContent-type: text/plain\r\n\
    Content-Length: 6\r\nLast-Modified: Sat, 21 Nov 2026 03:50:09 GMT\r\n\r\nhello\n";

fn shown(bytes: &[u8]) -> Vec<(&'static str, Value<'_>)> {
    let view = View {
        bytes,
        reported: bytes.len(),
        quoted: false,
    };
    let mut sink = Sink::new(Wanted::ALL);
    emit(&view, &mut sink);
    let name = |at: u8| FIELDS[usize::from(at)].name;
    let found = sink.found.into_iter();
    found.map(|f| (name(f.index.0), f.value)).collect()
}

fn text(value: &str) -> Value<'_> {
    Value::Text(value.as_bytes().into())
}

#[test]
fn a_request_is_read() {
    let head = parse_head(REQUEST, None).expect("a head");
    assert_eq!(head.kind, Kind::Request);
    assert_eq!(head.uri, b"/hello.txt?x=1");
    assert_eq!(head.header("host"), Some(&b"127.0.0.1:18431"[..]));
    assert_eq!((head.head_length, head.complete), (REQUEST.len(), true));
    assert_eq!(head.body, BodyLength::None);
    let found = shown(REQUEST);
    let full = text("http://127.0.0.1:18431/hello.txt?x=1");
    assert!(found.contains(&("http.request.full_uri", full)));
    assert!(found.contains(&("http.request.line", text("Accept: */*\r\n"))));
    assert!(found.contains(&("http.request.uri.query", text("x=1"))));
}

#[test]
fn a_response_is_read() {
    let head = parse_head(RESPONSE, Some(b"GET")).expect("a head");
    assert_eq!((head.kind, head.code), (Kind::Response, Some(200)));
    assert_eq!(head.phrase, b"OK");
    assert_eq!(head.head_length, RESPONSE.len() - 6);
    assert_eq!(head.body, BodyLength::Length(6));
    let found = shown(RESPONSE);
    assert!(found.contains(&("http.content_length", Value::Unsigned(6))));
    assert!(found.contains(&("http.response.code", Value::Unsigned(200))));
}

#[test]
fn some_responses_have_no_body() {
    let body = |line: &str, method: &str| {
        let bytes = format!("HTTP/1.1 {line}\r\nContent-Length: 9\r\n\r\n");
        parse_head(bytes.as_bytes(), Some(method.as_bytes())).map(|head| head.body)
    };
    assert_eq!(body("200 OK", "GET"), Some(BodyLength::Length(9)));
    assert_eq!(body("200 OK", "HEAD"), Some(BodyLength::None));
    assert_eq!(body("200 OK", "CONNECT"), Some(BodyLength::None));
    assert_eq!(body("204 No Content", "GET"), Some(BodyLength::None));
    assert_eq!(body("304 Not Modified", "GET"), Some(BodyLength::None));
    assert_eq!(body("100 Continue", "POST"), Some(BodyLength::None));
}

#[test]
fn chunks_count_before_a_length_and_without_either_the_close_ends_it() {
    let body = |bytes: &[u8]| parse_head(bytes, None).map(|head| head.body);
    let both = b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(body(both), Some(BodyLength::Chunked));
    let neither = b"HTTP/1.1 200 OK\r\n\r\n";
    assert_eq!(body(neither), Some(BodyLength::UntilClose));
    let odd = b"HTTP/1.1 200 OK\r\nContent-Length: 3x\r\n\r\n";
    assert_eq!(body(odd), Some(BodyLength::UntilClose));
    let huge = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n";
    assert_eq!(body(huge), Some(BodyLength::UntilClose));
}

#[test]
fn methods_are_told_from_other_words() {
    assert_eq!(recognize(b"GET /"), Some(Kind::Request));
    assert_eq!(recognize(b"M-SEARCH * HTTP/1.1\r\n"), Some(Kind::Request));
    assert_eq!(
        recognize(b"NOTIFY * HTTP/1.1\r\n"),
        Some(Kind::Notification)
    );
    assert_eq!(recognize(b"HTTP/1.1 200 OK\r\n"), Some(Kind::Response));
    assert_eq!(recognize(b"\r\nGET / HTTP/1.1\r\n"), Some(Kind::Request));
    assert_eq!(recognize(b"get / HTTP/1.1\r\n"), None);
    assert_eq!(recognize(b"GETX / HTTP/1.1\r\n"), None);
    assert_eq!(recognize(b"220 mail ESMTP\r\n"), None);
    assert_eq!(recognize(b""), None);
}

#[test]
fn credentials_are_decoded() {
    let decoded = |value: &[u8]| basic_credentials(value);
    assert_eq!(decoded(b"Basic dXNlcjpwYXNz"), Some(b"user:pass".to_vec()));
    assert_eq!(decoded(b"Basic dTpw"), Some(b"u:p".to_vec()));
    assert_eq!(decoded(b"Basic dTo="), Some(b"u:".to_vec()));
    assert_eq!(decoded(b"Digest x"), None);
}

#[test]
fn every_shorter_prefix_is_taken_calmly() {
    for whole in [REQUEST, RESPONSE] {
        for end in 0..whole.len() {
            shown(&whole[..end]);
            parse_head(&whole[..end], None);
        }
    }
}
