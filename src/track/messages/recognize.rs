//! What a stream carries that no port tells of.

use super::Kind;
use crate::dissect::layer::Protocol;
use crate::dissect::{http, outline, ports, tls};

/// What a stream that no port tells of carries.
pub(super) fn recognize(bytes: &[u8], (source, destination): (u16, u16)) -> Kind {
    if http::recognize(bytes).is_some()
        && names_http(bytes)
        && ports::tcp_may_be(Protocol::Http, source, destination)
    {
        return Kind::Http;
    }
    match tls::Record::parse(bytes) {
        Some(record)
            if matches!(
                record.content,
                tls::content::HANDSHAKE | tls::content::APPLICATION_DATA
            ) && record.version < 0x0304
                && record.length > 0
                && ports::tcp_may_be(Protocol::Tls, source, destination) =>
        {
            Kind::Tls
        }
        _ => outline::tcp(source, destination, bytes).map_or(Kind::Unknown, Kind::Outlined),
    }
}

/// Whether bytes begin as text does, which nobody takes for TLS.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    let first = &bytes[..bytes.len().min(8)];
    first.len() > 1 && first.iter().all(|b| matches!(b, b' '..=b'~'))
}

/// Whether the first line is whole and begins or ends with the version: without, words that look
/// like a method are just words.
fn names_http(bytes: &[u8]) -> bool {
    let Some(end) = memchr::memchr(b'\n', bytes) else {
        return false;
    };
    let line = bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]);
    let version = |at: usize| {
        line.get(at..at + 7)
            .is_some_and(|v| v.eq_ignore_ascii_case(b"HTTP/1."))
    };
    line.len() > 8 && (version(0) || version(line.len() - 8))
}
