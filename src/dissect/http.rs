//! The head of one HTTP/1 message (RFC 9112): request or status line and header fields,
//! read here, shown as fields in `http/emit.rs`.
//!
//! The walk is our own, not httparse's, because Wireshark shows what httparse refuses: unknown
//! versions, spaces before colons, bytes that no header may have. Bodies and what ties requests
//! to responses span segments, and are `track`'s.

pub mod body;
mod emit;
pub mod fields;
mod names;
#[cfg(test)]
mod tests;

pub use emit::{basic_credentials, emit};
pub(crate) use fields::FIELDS;
pub use names::METHODS;

use super::definition::{Definition, Found, NOTHING};
use std::ops::Range;

/// Everything about HTTP.
pub const DEFINITION: Definition = Definition {
    layers: &[
        ("http", "Hypertext transfer protocol 1.x."),
        (
            "ssdp",
            "Simple service discovery protocol: HTTP in datagrams.",
        ),
    ],
    title: "HTTP",
    found: Found {
        udp: &[SSDP],
        tcp: &[
            80, 631, 1900, 2710, 2869, 3128, 3132, 3689, 5985, 8080, 8088, 11371,
        ],
        ..Found::NOWHERE
    },
    fields: FIELDS,
    emit: |given, sink| emit(&given.view, sink).map(|_| ()),
    ..NOTHING
};

/// Port of SSDP, which is HTTP over UDP: Wireshark calls the layer `ssdp` and shows `http` fields.
pub const SSDP: u16 = 1900;

/// Longest head that is looked at; what is longer is no head.
pub const LONGEST_HEAD: usize = 256 * 1024;

/// What a first line begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A client asks.
    Request,
    /// A server answers.
    Response,
    /// An event of UPnP: `NOTIFY`, `SUBSCRIBE`, `UNSUBSCRIBE`.
    Notification,
}

/// How long a message's body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyLength {
    /// There is none.
    None,
    /// So many bytes.
    Length(u64),
    /// Chunks, each with its length before it.
    Chunked,
    /// Until the connection closes.
    UntilClose,
}

/// One header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// Name as written.
    pub name: &'a [u8],
    /// Value without the spaces around it.
    pub value: &'a [u8],
    /// Where its line is, the line end included.
    pub line: Range<usize>,
}

/// A message's head.
#[derive(Clone, Debug)]
pub struct Head<'a> {
    /// Request, response or notification.
    pub kind: Kind,
    /// Method of a request: `GET`.
    pub method: &'a [u8],
    /// Target of a request: `/index.html`.
    pub uri: &'a [u8],
    /// Version: `HTTP/1.1`.
    pub version: &'a [u8],
    /// Status code of a response.
    pub code: Option<u16>,
    /// Reason phrase of a response.
    pub phrase: &'a [u8],
    /// Header fields in their order.
    pub headers: Vec<Header<'a>>,
    /// Bytes of the head, the empty line and any line break before it included.
    pub head_length: usize,
    /// Whether the head ended with an empty line.
    pub complete: bool,
    /// Whether the capture ends within the name of a header field.
    pub cut_in_name: bool,
    /// How long the body is.
    pub body: BodyLength,
}

impl<'a> Head<'a> {
    /// The value of the first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        let mut same = self
            .headers
            .iter()
            .filter(|header| header.name.eq_ignore_ascii_case(name.as_bytes()));
        same.next().map(|header| header.value)
    }

    /// The full address asked for: host and target.
    pub fn full_uri(&self) -> Option<Vec<u8>> {
        let host = self
            .headers
            .iter()
            .rfind(|header| header.name.eq_ignore_ascii_case(b"host"))?;
        let uri = self.uri;
        let absolute = |scheme: &[u8]| {
            uri.get(..scheme.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        };
        if self.method == b"CONNECT" || absolute(b"http://") || absolute(b"https://") {
            return Some(uri.to_vec());
        }
        Some([b"http://", host.value, uri].concat())
    }
}

/// What the bytes begin, if they begin an HTTP message; the first line need not be all there.
pub fn recognize(bytes: &[u8]) -> Option<Kind> {
    let start = after_line_break(bytes).0;
    let line = first_line(start).map_or(start, |(line, _)| line);
    let line = line.strip_prefix(b"M-").unwrap_or(line);
    if line.starts_with(b"HTTP/") {
        return Some(Kind::Response);
    }
    let method = line.split(|&b| b == b' ').next()?;
    if method == b"ICY" {
        return Some(Kind::Response);
    }
    if matches!(method, b"NOTIFY" | b"SUBSCRIBE" | b"UNSUBSCRIBE") {
        return Some(Kind::Notification);
    }
    METHODS
        .contains(&std::str::from_utf8(method).ok()?)
        .then_some(Kind::Request)
}

/// The bytes behind a line break that stands before a message, and how long it is.
fn after_line_break(bytes: &[u8]) -> (&[u8], usize) {
    match bytes.strip_prefix(b"\r\n") {
        Some(rest) if bytes.len() > 3 => (rest, 2),
        _ => (bytes, 0),
    }
}

/// The first line without its end, and how long it is with it; `None` without a line end.
fn first_line(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let area = bytes.get(..bytes.len().min(LONGEST_HEAD))?;
    let end = area.iter().position(|&b| b == b'\n')?;
    let line = area.get(..end)?;
    Some((line.strip_suffix(b"\r").unwrap_or(line), end + 1))
}

/// The first line of a message, without its end; `None` where none begins.
pub fn start_line(bytes: &[u8]) -> Option<&[u8]> {
    recognize(bytes)?;
    Some(last_line(after_line_break(bytes).0)?.0)
}

/// The first line, or all there is.
fn last_line(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let all = || (bytes.strip_suffix(b"\r").unwrap_or(bytes), bytes.len());
    first_line(bytes).or_else(|| (!bytes.is_empty()).then(all))
}

/// Cuts the first word off at the next space, and the spaces after it.
fn word(line: &[u8]) -> (&[u8], &[u8]) {
    let end = line.iter().position(|&b| b == b' ').unwrap_or(line.len());
    let (word, rest) = line.split_at(end);
    let spaces = rest.iter().position(|&b| b != b' ').unwrap_or(rest.len());
    (word, rest.get(spaces..).unwrap_or_default())
}

/// Reads the head of the message that begins here. `None`: no first line, or not HTTP.
///
/// `request_method` is the method of the request this is the response to, where it is known: the
/// responses to HEAD, and good ones to CONNECT, have no body whatever their headers say.
pub fn parse_head<'a>(bytes: &'a [u8], request_method: Option<&[u8]>) -> Option<Head<'a>> {
    head_by_lines(bytes, request_method, first_line)
}

/// As [`parse_head`], when no more bytes will come: what has no line break is a line too.
pub fn parse_cut_head<'a>(bytes: &'a [u8], request_method: Option<&[u8]>) -> Option<Head<'a>> {
    head_by_lines(bytes, request_method, last_line)
}

/// Cuts off a line, and says how many bytes it takes with its break.
type CutLine = fn(&[u8]) -> Option<(&[u8], usize)>;

fn head_by_lines<'a>(
    bytes: &'a [u8],
    request_method: Option<&[u8]>,
    cut: CutLine,
) -> Option<Head<'a>> {
    let kind = recognize(bytes)?;
    let (rest, skipped) = after_line_break(bytes);
    let (line, length) = cut(rest)?;
    let mut head = Head {
        kind,
        method: &[],
        uri: &[],
        version: &[],
        code: None,
        phrase: &[],
        headers: Vec::new(),
        head_length: skipped + length,
        complete: false,
        cut_in_name: false,
        body: BodyLength::None,
    };
    if kind == Kind::Response {
        status_line(&mut head, line);
    } else {
        request_line(&mut head, line);
    }
    head_lines(&mut head, bytes, cut);
    head.body = body_length(&head, request_method);
    Some(head)
}

fn request_line<'a>(head: &mut Head<'a>, line: &'a [u8]) {
    // One space ends each word: a second one makes the next word empty.
    let mut words = line.splitn(3, |&b| b == b' ');
    head.method = words.next().unwrap_or_default();
    head.uri = words.next().unwrap_or_default();
    let version = words.next().unwrap_or_default();
    let spaces = version.iter().position(|&b| b != b' ');
    head.version = version.get(spaces.unwrap_or(0)..).unwrap_or_default();
}

fn status_line<'a>(head: &mut Head<'a>, line: &'a [u8]) {
    let (version, rest) = word(line);
    head.version = version;
    let (code, phrase) = word(rest);
    if let Some(three) = code.first_chunk::<3>() {
        head.code = Some(leading_number(three));
        head.phrase = phrase;
    }
}

/// The number that digits begin with; 0 without one.
fn leading_number(digits: &[u8; 3]) -> u16 {
    digits
        .iter()
        .take_while(|b| b.is_ascii_digit())
        .fold(0, |n, &b| n * 10 + u16::from(b - b'0'))
}

/// Reads header lines up to the empty line, or to one that is none.
fn head_lines<'a>(head: &mut Head<'a>, bytes: &'a [u8], cut: CutLine) {
    let most = bytes.len().min(LONGEST_HEAD);
    while let Some((line, length)) = bytes.get(head.head_length..most).and_then(cut) {
        let at = head.head_length;
        if line.is_empty() {
            head.head_length += length;
            head.complete = true;
            return;
        }
        let Some(colon) = line.iter().position(|&b| b == b':') else {
            // A line that is no header ends the head where it begins.
            head.complete = true;
            head.cut_in_name = first_line(&bytes[at..most]).is_none();
            return;
        };
        head.head_length += length;
        let value = line.get(colon + 1..).unwrap_or_default();
        head.headers.push(Header {
            name: line.get(..colon).unwrap_or_default(),
            value: trimmed(value),
            line: at..at + length,
        });
    }
}

/// Without spaces and tabs before it.
fn trimmed(value: &[u8]) -> &[u8] {
    let start = value.iter().position(|b| !matches!(b, b' ' | b'\t'));
    value
        .get(start.unwrap_or(value.len())..)
        .unwrap_or_default()
}

/// The rules of RFC 9112 §6.3, as far as the head and the request's method tell.
fn body_length(head: &Head<'_>, request_method: Option<&[u8]>) -> BodyLength {
    let response = head.kind == Kind::Response;
    if response {
        let code = head.code.unwrap_or_default();
        let connected = request_method == Some(b"CONNECT") && code / 100 == 2;
        let bodiless = code / 100 == 1 || code == 204 || code == 304;
        if request_method == Some(b"HEAD") || connected || bodiless {
            return BodyLength::None;
        }
    }
    let chunked = head.headers.iter().any(|header| {
        header.name.eq_ignore_ascii_case(b"transfer-encoding")
            && header
                .value
                .to_ascii_lowercase()
                .windows(7)
                .any(|part| part == b"chunked")
    });
    if chunked {
        return BodyLength::Chunked;
    }
    let stated = head
        .headers
        .iter()
        .rfind(|header| header.name.eq_ignore_ascii_case(b"content-length"));
    match stated.and_then(|header| length_value(header.value)) {
        Some(0) => BodyLength::None,
        Some(length) => BodyLength::Length(length),
        None if response => BodyLength::UntilClose,
        None => BodyLength::None,
    }
}

/// The number of a Content-Length: digits, perhaps a plus before and a space after them.
fn length_value(value: &[u8]) -> Option<u64> {
    let digits = value.strip_prefix(b"+").unwrap_or(value);
    let end = digits.iter().position(|b| !b.is_ascii_digit());
    let (digits, after) = digits.split_at(end.unwrap_or(digits.len()));
    if after.first().is_some_and(|b| !b.is_ascii_whitespace()) {
        return None;
    }
    let number: i64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    u64::try_from(number).ok()
}
