//! Hands over the fields of a message in Wireshark's order.

use super::fields::*;
use super::names::description;
use super::{
    Head, Header, Kind, after_line_break, body, last_line, length_value, parse_cut_head, trimmed,
};
use crate::dissect::field::{FieldIndex, Sink, Value};
use crate::dissect::layer::View;
use crate::dissect::text;
use std::ops::Range;

/// Hands over the fields of the message that begins here. Answers where its head ends.
///
/// What needs other frames (`http.request_in`, `http.response_in`, `http.time`, the numbers) is put in by
/// who knows them.
pub fn emit<'a>(view: &View<'a>, sink: &mut Sink<'a>) -> Option<usize> {
    let Some(head) = parse_cut_head(view.bytes, None) else {
        body::continuation(view.bytes, sink);
        return None;
    };
    let skipped = after_line_break(view.bytes).1;
    let (line, length) = last_line(view.bytes.get(skipped..)?)?;
    sink.mark(CHAT, skipped..skipped + length);
    let place = |part: &[u8]| {
        let at = part.as_ptr().addr().wrapping_sub(line.as_ptr().addr());
        let at = skipped + at.min(line.len());
        at..at + part.len()
    };
    if head.kind == Kind::Response {
        put(sink, RESPONSE_VERSION, place(head.version), head.version);
        if let Some(code) = head.code {
            let range = place(line).start + head.version.len() + 1;
            let range = range..range + 3;
            sink.unsigned(RESPONSE_CODE, range.clone(), code);
            if sink.wants(RESPONSE_CODE_DESC) {
                sink.owned_text(RESPONSE_CODE_DESC, range, description(code));
            }
            if !head.phrase.is_empty() {
                put(sink, RESPONSE_PHRASE, place(head.phrase), head.phrase);
            }
        }
    } else {
        put(sink, REQUEST_METHOD, place(head.method), head.method);
        put(sink, REQUEST_URI, place(head.uri), head.uri);
        uri_parts(sink, head.uri, place(head.uri).start);
        put(sink, REQUEST_VERSION, place(head.version), head.version);
    }
    for header in &head.headers {
        emit_header(view.bytes, sink, &head, header)?;
    }
    if head.cut_in_name {
        // Wireshark comes no further.
        return Some(head.head_length);
    }
    if head.kind != Kind::Response
        && sink.wants(REQUEST_FULL_URI)
        && let Some(uri) = head.full_uri()
    {
        let uri = text::ascii(&uri).into_owned();
        sink.put(REQUEST_FULL_URI, 0..0, Value::Text(uri.into()));
    }
    let index = match head.kind {
        Kind::Request => REQUEST,
        Kind::Response => RESPONSE,
        Kind::Notification => NOTIFICATION,
    };
    sink.boolean(index, 0..0, true);
    body::emit(view.bytes, &head, sink);
    Some(head.head_length)
}

fn put<'a>(sink: &mut Sink<'a>, index: FieldIndex, range: Range<usize>, value: &'a [u8]) {
    if sink.wants(index) {
        sink.put(index, range, Value::Text(text::ascii(value)));
    }
}

/// Path, query and parameters of a target with a question mark and something behind it.
fn uri_parts<'a>(sink: &mut Sink<'a>, uri: &'a [u8], at: usize) {
    let Some(mark) = uri.iter().position(|&b| b == b'?') else {
        return;
    };
    let (Some(path), Some(query)) = (uri.get(..mark), uri.get(mark + 1..)) else {
        return;
    };
    if query.is_empty() {
        return;
    }
    put(sink, URI_PATH, at..at + mark, path);
    let mut at = at + mark + 1;
    put(sink, URI_QUERY, at..at + query.len(), query);
    for parameter in query.split(|&b| b == b'&') {
        if !parameter.is_empty() {
            let range = at..at + parameter.len();
            put(sink, URI_PARAMETER, range, parameter);
        }
        at += parameter.len() + 1;
    }
}

fn emit_header<'a>(
    bytes: &'a [u8],
    sink: &mut Sink<'a>,
    head: &Head<'a>,
    header: &Header<'a>,
) -> Option<()> {
    let line = header.line.clone();
    if let Some(index) = header_field(header.name) {
        put(sink, index, line.clone(), header.value);
        match index {
            COOKIE => cookie_pairs(sink, header),
            AUTHORIZATION | PROXY_AUTHORIZATION if sink.wants(AUTHBASIC) => {
                if let Some(credentials) = basic_credentials(header.value) {
                    let credentials = text::ascii(&credentials).into_owned();
                    let value = Value::Text(credentials.into());
                    sink.put(AUTHBASIC, line.clone(), value);
                }
            }
            CONTENT_LENGTH_HEADER => {
                if let Some(length) = length_value(header.value) {
                    sink.unsigned(CONTENT_LENGTH, line.clone(), length);
                }
            }
            _ => {}
        }
    }
    let index = match head.kind {
        Kind::Request => REQUEST_LINE,
        Kind::Response => RESPONSE_LINE,
        Kind::Notification => return Some(()),
    };
    let whole = bytes.get(line.clone())?;
    put(sink, index, line, whole);
    Some(())
}

fn cookie_pairs<'a>(sink: &mut Sink<'a>, header: &Header<'a>) {
    for pair in header.value.split(|&b| b == b';') {
        let pair = trimmed(pair);
        if !pair.is_empty() {
            put(sink, COOKIE_PAIR, header.line.clone(), pair);
        }
    }
}

/// The decoded `user:password` of basic authentication (RFC 7617). Only whole groups of four
/// digits count.
pub fn basic_credentials(value: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for group in value.strip_prefix(b"Basic ")?.chunks_exact(4) {
        let mut bits = 0u32;
        let mut digits = 0;
        for &byte in group {
            let digit = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                b'=' => {
                    bits <<= 6;
                    continue;
                }
                _ => return Some(out),
            };
            bits = bits << 6 | u32::from(digit);
            digits += 1;
        }
        let [_, a, b, c] = bits.to_be_bytes();
        out.extend([a, b, c].into_iter().take(digits * 6 / 8));
    }
    Some(out)
}

/// The field of a header with one of its own.
fn header_field(name: &[u8]) -> Option<FieldIndex> {
    const KNOWN: &[(&[u8], FieldIndex)] = &[
        (b"authorization", AUTHORIZATION),
        (b"proxy-authorization", PROXY_AUTHORIZATION),
        (b"proxy-authenticate", PROXY_AUTHENTICATE),
        (b"www-authenticate", WWW_AUTHENTICATE),
        (b"content-type", CONTENT_TYPE),
        (b"content-length", CONTENT_LENGTH_HEADER),
        (b"content-encoding", CONTENT_ENCODING),
        (b"transfer-encoding", TRANSFER_ENCODING),
        (b"upgrade", UPGRADE),
        (b"user-agent", USER_AGENT),
        (b"host", HOST),
        (b"connection", CONNECTION),
        (b"cookie", COOKIE),
        (b"accept", ACCEPT),
        (b"referer", REFERER),
        (b"accept-language", ACCEPT_LANGUAGE),
        (b"accept-encoding", ACCEPT_ENCODING),
        (b"date", DATE),
        (b"cache-control", CACHE_CONTROL),
        (b"server", SERVER),
        (b"location", LOCATION),
        (b"sec-websocket-accept", WEBSOCKET_ACCEPT),
        (b"sec-websocket-extensions", WEBSOCKET_EXTENSIONS),
        (b"sec-websocket-key", WEBSOCKET_KEY),
        (b"sec-websocket-protocol", WEBSOCKET_PROTOCOL),
        (b"sec-websocket-version", WEBSOCKET_VERSION),
        (b"set-cookie", SET_COOKIE),
        (b"last-modified", LAST_MODIFIED),
        (b"x-forwarded-for", X_FORWARDED_FOR),
        (b"http2-settings", HTTP2_SETTINGS),
    ];
    let found = KNOWN.iter().find(|row| name.eq_ignore_ascii_case(row.0))?;
    Some(found.1)
}
