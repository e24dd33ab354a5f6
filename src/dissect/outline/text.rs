//! Protocols of lines: SIP, RTSP and XMPP.

use super::{Names, Outline, PLAIN, Taken, contains, length};
use crate::dissect::ports::names::is_sip;

/// Sessions (RFC 3261) over TCP, on any port.
pub(super) const SIP: Outline = Outline {
    name: "sip",
    begins: is_sip,
    divide: |bytes, _| {
        if !is_sip(bytes) {
            // The middle of something.
            return None;
        }
        Some(head_and_body(bytes))
    },
    above: |message, _, names| body(message, names),
    ..PLAIN
};

/// Streams (RFC 2326).
pub(super) const RTSP: Outline = Outline {
    name: "rtsp",
    tcp: &[554, 8554],
    divide: |bytes, _| match bytes {
        // Data between the messages: a dollar sign, a channel and a length.
        [b'$', _, a, b, ..] => Some(length(bytes, 4 + usize::from(u16::from_be_bytes([*a, *b])))),
        [b'$', ..] => Some(Taken::OneMore),
        _ => Some(head_and_body(bytes)),
    },
    above: |message, _, names| {
        if message.first() != Some(&b'$') {
            body(message, names);
        }
    },
    ..PLAIN
};

/// A head to its empty line, and a body of the length that the head states.
fn head_and_body(bytes: &[u8]) -> Taken {
    let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else {
        return Taken::OneMore;
    };
    let stated = header(&bytes[..end], b"content-length").or(header(&bytes[..end], b"l"));
    let stated = stated.and_then(|value| std::str::from_utf8(value).ok()?.trim().parse().ok());
    length(bytes, (end + 4).saturating_add(stated.unwrap_or(0)))
}

/// The value of a line of a head.
fn header<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    head.split(|b| *b == b'\n').find_map(|line| {
        let colon = memchr::memchr(b':', line)?;
        let found = line[..colon].trim_ascii().eq_ignore_ascii_case(name);
        found.then(|| line[colon + 1..].trim_ascii())
    })
}

/// What a message's body is, by its kind.
pub(super) fn body(message: &[u8], names: &mut Names) {
    let Some(end) = memchr::memmem::find(message, b"\r\n\r\n") else {
        return;
    };
    if message.len() <= end + 4 {
        return;
    }
    let kind = header(&message[..end], b"content-type").or(header(&message[..end], b"c"));
    let kind = kind.unwrap_or_default().to_ascii_lowercase();
    if contains(&kind, b"application/sdp") {
        names.push("sdp");
    } else if contains(&kind, b"text/plain") {
        names.push("data-text-lines");
    } else if contains(&kind, b"+xml") {
        names.push("xml");
    }
}

/// Messages and presence (RFC 6120): a stream of XML that is read whenever an element may end.
pub(super) const XMPP: Outline = Outline {
    name: "xmpp",
    tcp: &[5222, 5269],
    divide: |bytes, _| match bytes.last() {
        Some(b'>') => Some(Taken::Message(bytes.len())),
        _ => Some(Taken::OneMore),
    },
    above: |_, _, names| names.push("xml"),
    ..PLAIN
};
