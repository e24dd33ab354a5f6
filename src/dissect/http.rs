//! The head of one HTTP/1 message (RFC 9112): request or status line and header fields.
//!
//! The walk is our own, not httparse's, because Wireshark shows what httparse refuses: unknown
//! versions, spaces before colons, bytes that no header may have. Bodies and what ties requests
//! to responses span segments, and are `track`'s.

pub mod body;
pub mod fields;

pub(crate) use fields::FIELDS;

use super::definition::{Definition, Found, NOTHING};
use super::field::{FieldIndex, Sink, Value};
use super::layer::View;
use super::text;
use fields::*;
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

/// The methods that make a line a request: those of HTTP, WebDAV (RFC 4918, RFC 3253), UPnP and
/// of Microsoft's tunnels.
pub const METHODS: &[&str] = &[
    "GET",
    "PUT",
    "COPY",
    "HEAD",
    "LOCK",
    "MOVE",
    "POLL",
    "POST",
    "BCOPY",
    "BMOVE",
    "MKCOL",
    "TRACE",
    "LABEL",
    "MERGE",
    "PATCH",
    "DELETE",
    "SEARCH",
    "UNLOCK",
    "REPORT",
    "UPDATE",
    "BDELETE",
    "CONNECT",
    "OPTIONS",
    "CHECKIN",
    "PROPFIND",
    "CHECKOUT",
    "CCM_POST",
    "PROPPATCH",
    "BPROPFIND",
    "BPROPPATCH",
    "UNCHECKOUT",
    "MKACTIVITY",
    "MKWORKSPACE",
    "RPC_CONNECT",
    "RPC_IN_DATA",
    "RPC_OUT_DATA",
    "VERSION-CONTROL",
    "BASELINE-CONTROL",
    "SSTP_DUPLEX_POST",
];

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

/// What a status code means.
pub fn description(code: u16) -> String {
    let known = match code {
        100 => "Continue",
        101 => "Switching Protocols",
        102 => "Processing",
        103 => "Early Hints",
        199 => "Informational - Others",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        203 => "Non-authoritative Information",
        204 => "No Content",
        205 => "Reset Content",
        206 => "Partial Content",
        207 => "Multi-Status",
        208 => "Already Reported",
        226 => "IM Used",
        299 => "Success - Others",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        305 => "Use Proxy",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        399 => "Redirection - Others",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Time-out",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Request Entity Too Large",
        414 => "Request-URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Requested Range Not Satisfiable",
        417 => "Expectation Failed",
        418 => "I'm a teapot",
        421 => "Misdirected Request",
        422 => "Unprocessable Entity",
        423 => "Locked",
        424 => "Failed Dependency",
        425 => "Too Early",
        426 => "Upgrade Required",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        451 => "Unavailable For Legal Reasons",
        499 => "Client Error - Others",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Time-out",
        505 => "HTTP Version not supported",
        506 => "Variant Also Negotiates",
        507 => "Insufficient Storage",
        508 => "Loop Detected",
        511 => "Network Authentication Required",
        599 => "Server Error - Others",
        _ => return format!("Unknown ({code})"),
    };
    known.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::field::Wanted;

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
}
