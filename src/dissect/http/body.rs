//! What a message carries behind its head: chunks put together, packed bodies unpacked, and the
//! name Wireshark gives it.

use super::fields::{CHUNK_DATA, CHUNK_SIZE, FILE_DATA};
use super::{BodyLength, Head};
use crate::dissect::field::{Sink, Value};
use crate::dissect::text;
use std::borrow::Cow;
use std::io::Read as _;
use std::ops::Range;

/// Longest unpacked body that is shown: what is small when packed may be of any size.
const LONGEST: u64 = 16 << 20;

/// A chunk's data.
type Chunk = Range<usize>;

/// The chunks of a body (RFC 9112 §7.1), as far as they can be followed; the last is empty.
pub fn chunks(body: &[u8]) -> Vec<Chunk> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = body.get(at..) {
        let Some(end) = memchr::memchr(b'\n', rest) else {
            break;
        };
        let digits = rest[..end].split(|b| *b == b';').next();
        let size = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let size = size.and_then(|text| usize::from_str_radix(text.trim(), 16).ok());
        let Some(size) = size else { break };
        let start = at + end + 1;
        let Some(last) = start.checked_add(size).filter(|last| *last <= body.len()) else {
            break;
        };
        found.push(start..last);
        if size == 0 {
            break;
        }
        at = match body.get(last..) {
            Some([b'\r', b'\n', ..]) => last + 2,
            Some([b'\n', ..]) => last + 1,
            _ => break,
        };
    }
    found
}

/// The body as the sender meant it: without chunks, unpacked where that is possible.
pub fn content<'a>(head: &Head<'_>, body: &'a [u8]) -> Cow<'a, [u8]> {
    let joined = match head.body {
        BodyLength::Chunked => {
            let parts = chunks(body);
            Cow::Owned(
                parts
                    .into_iter()
                    .flat_map(|part| &body[part])
                    .copied()
                    .collect(),
            )
        }
        _ => Cow::Borrowed(body),
    };
    match unpacked(head, &joined) {
        Some(bytes) => Cow::Owned(bytes),
        None => joined,
    }
}

fn unpacked(head: &Head<'_>, body: &[u8]) -> Option<Vec<u8>> {
    let coding = head.header("content-encoding")?.to_ascii_lowercase();
    let mut out = Vec::new();
    let read = match coding.as_slice() {
        b"gzip" | b"x-gzip" => flate2::read::MultiGzDecoder::new(body)
            .take(LONGEST)
            .read_to_end(&mut out),
        b"deflate" if body.first().is_some_and(|b| b & 15 == 8) => {
            flate2::read::ZlibDecoder::new(body)
                .take(LONGEST)
                .read_to_end(&mut out)
        }
        b"deflate" => flate2::read::DeflateDecoder::new(body)
            .take(LONGEST)
            .read_to_end(&mut out),
        _ => return None,
    };
    // A body cut short gives what was unpacked before its end.
    (read.is_ok() || !out.is_empty()).then_some(out)
}

/// The body of the message that these bytes are; all of them where they are the middle of one.
pub fn of(bytes: &[u8]) -> Cow<'_, [u8]> {
    let Some(head) = super::parse_cut_head(bytes, None) else {
        return Cow::Borrowed(middle(bytes).map_or(bytes, |found| found.body));
    };
    let body = bytes.get(head.head_length..).unwrap_or_default();
    content(&head, body)
}

/// Hands over the chunks and the body.
pub fn emit<'a>(view: &'a [u8], head: &Head<'a>, sink: &mut Sink<'a>) {
    let Some(body) = view.get(head.head_length..).filter(|body| !body.is_empty()) else {
        return;
    };
    if head.body == BodyLength::Chunked && (sink.wants(CHUNK_SIZE) || sink.wants(CHUNK_DATA)) {
        for chunk in chunks(body) {
            let range = head.head_length + chunk.start..head.head_length + chunk.end;
            sink.unsigned(CHUNK_SIZE, range.clone(), chunk.len() as u64);
            if !chunk.is_empty() {
                sink.bytes(CHUNK_DATA, range, &body[chunk]);
            }
        }
    }
    if sink.wants(FILE_DATA) {
        let bytes = content(head, body);
        let shown = text::ascii(&bytes).into_owned();
        if !bytes.is_empty() {
            let range = head.head_length..view.len();
            sink.put(FILE_DATA, range, Value::Text(Cow::Owned(shown)));
        }
    }
}

/// The middle of a message, which begins with neither a request nor a status: Wireshark reads on
/// as if it were within a head, where the first byte is a letter or a sign.
pub struct Middle<'a> {
    /// It begins as a line of text does.
    pub text: bool,
    /// Its first line is a header's.
    pub header: bool,
    /// What is behind lines that are headers.
    pub body: &'a [u8],
}

/// Reads the middle of a message; `None` where its first line has no end.
pub fn middle(bytes: &[u8]) -> Option<Middle<'_>> {
    if !matches!(bytes.first(), Some(b' '..=b'~')) {
        return Some(Middle {
            text: false,
            header: false,
            body: bytes,
        });
    }
    let (mut rest, mut header) = (bytes, false);
    loop {
        // A carriage return alone ends a line as well.
        let end = memchr::memchr2(b'\n', b'\r', rest);
        // At the very end it may be half of a line's end.
        let Some(end) = end.filter(|end| rest[*end..] != *b"\r") else {
            return header.then_some(Middle {
                text: true,
                header,
                body: &[],
            });
        };
        let line = &rest[..end];
        let next = end
            + if rest[end..].starts_with(b"\r\n") {
                2
            } else {
                1
            };
        if line.is_empty() && header {
            rest = &rest[next..];
        }
        if line.is_empty() || !line.contains(&b':') {
            return Some(Middle {
                text: true,
                header,
                body: rest,
            });
        }
        header = true;
        rest = &rest[next..];
    }
}

/// Hands over the middle of a message, of which nothing more is known.
pub fn continuation<'a>(view: &'a [u8], sink: &mut Sink<'a>) {
    // A line without its end, where the capture cuts it, is all there is.
    let body = middle(view).map_or(view, |found| if found.text { found.body } else { &[] });
    if !body.is_empty() && sink.wants(FILE_DATA) {
        let shown = text::ascii(body).into_owned();
        let start = view.len() - body.len();
        sink.put(FILE_DATA, start..view.len(), Value::Text(Cow::Owned(shown)));
    }
}

/// Wireshark's name of what takes the body of the message that these bytes are; `None` without
/// one.
pub fn protocol(bytes: &[u8]) -> Option<&'static str> {
    let Some(head) = super::parse_cut_head(bytes, None) else {
        let found = middle(bytes);
        return found.is_none_or(|f| !f.body.is_empty()).then_some("data");
    };
    let body = bytes
        .get(head.head_length..)
        .filter(|body| !body.is_empty() && !head.cut_in_name)?;
    if head.body == BodyLength::Chunked && chunks(body).first().is_none_or(Range::is_empty) {
        return None;
    }
    let packed = head.header("content-encoding").is_some();
    if packed && content(&head, body).is_empty() {
        return None;
    }
    let kind = head.header("content-type").unwrap_or_default();
    let kind = kind.split(|b| *b == b';' || *b == b',').next()?;
    let kind = String::from_utf8_lossy(kind.trim_ascii()).to_ascii_lowercase();
    Some(match kind.as_str() {
        "" | "application/octet-stream" => "data",
        "text/html"
        | "text/plain"
        | "text/css"
        | "text/javascript"
        | "application/javascript"
        | "application/x-javascript"
        | "application/x-tia-p25-issi"
        | "text/parameters"
        | "text/rtf"
        | "text/richtext"
        | "text/enriched"
        | "text/vnd.wap.wml"
        | "text/vnd.wap.wmlscript"
        | "text/vnd.sun.j2me.app-descriptor"
        | "application/x-ns-proxy-autoconfig"
        | "application/x-wap-prov.browser-bookmarks" => "data-text-lines",
        "application/json"
        | "application/json-rpc"
        | "application/json-seq"
        | "application/dds-web+json"
        | "text/json"
        | "application/jwt" => "json",
        "application/x-www-form-urlencoded" => "urlencoded-form",
        "image/gif" => "image-gif",
        "image/jpeg" | "image/jpg" => "image-jfif",
        "image/png" => "png",
        "application/ocsp-request" | "application/ocsp-response" => "ocsp",
        "text/xml"
        | "application/xml"
        | "application/soap+xml"
        | "application/xhtml+xml"
        | "image/svg+xml"
        | "application/atom+xml"
        | "application/rss+xml" => "xml",
        other if other.starts_with("multipart/") => "mime_multipart",
        other if other.ends_with("+xml") => "xml",
        other if other.ends_with("+json") => "json",
        _ => "media",
    })
}

/// As [`protocol`], with the names of what that carries in turn.
pub fn protocols(bytes: &[u8]) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = protocol(bytes).into_iter().collect();
    if names == ["ocsp"] {
        crate::dissect::tls::elements(&of(bytes), 0, &mut names);
    }
    // A picture that is none of its kind may be of another.
    if let ["image-gif" | "png"] = names.as_slice() {
        let body = of(bytes);
        names = vec![match body.as_ref() {
            b if b.starts_with(b"GIF8") => "image-gif",
            b if b.starts_with(b"\x89PNG\r\n\x1a\n") => "png",
            b if b.starts_with(b"\xff\xd8") => "image-jfif",
            _ => "media",
        }];
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::http::parse_head;

    #[test]
    fn chunks_are_put_together_and_a_packed_body_is_unpacked() {
        let body = b"5;x\r\nhello\r\n1\n \na\r\n0123456789\r\n0\r\n\r\n";
        let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let head = parse_head(head, None).expect("a head");
        assert_eq!(content(&head, body).as_ref(), b"hello 0123456789");
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut packer, b"hello").expect("memory takes it");
        let packed = packer.finish().expect("memory takes it");
        let head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n";
        let head = parse_head(head, None).expect("a head");
        assert_eq!(content(&head, &packed).as_ref(), b"hello");
        // What is not what it says stays as it came.
        assert_eq!(content(&head, b"hello").as_ref(), b"hello");
    }

    #[test]
    fn a_body_is_named_by_its_content_type() {
        let named = |head: &str| {
            let text = format!("HTTP/1.1 200 OK\r\n{head}\r\n<p>");
            protocol(text.as_bytes())
        };
        assert_eq!(
            named("Content-Type: text/html; charset=x\r\n"),
            Some("data-text-lines")
        );
        assert_eq!(named("Content-Type: video/mp4\r\n"), Some("media"));
        assert_eq!(named(""), Some("data"));
        assert_eq!(protocol(b"HTTP/1.1 200 OK\r\n\r\n"), None);
    }
}
