//! What a client of the proxy asks for: an HTTP request, or a plain line with a host or URL.

use crate::lab::conversation::{Conversation, Ended, PAUSE};
use std::time::Instant;

/// The longest request head.
const LONGEST_HEAD: usize = 16 * 1024;

/// The most header fields.
const MOST_FIELDS: usize = 100;

/// Names and values of header fields, in their order.
pub type Fields = Vec<(String, Vec<u8>)>;

/// Where a request leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Name or address, lower case, without brackets.
    pub host: String,
    /// Port, 80 unless said otherwise.
    pub port: u16,
    /// Path and query, beginning with a slash.
    pub path: String,
}

/// How the client asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A line with a host name or URL, as the lab's client sends.
    Plain,
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    Http11,
}

/// How long a message's body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// Exactly so many bytes; often none.
    Length(u64),
    /// In chunks that say their length.
    Chunked,
    /// Until the connection closes; only of responses.
    UntilClose,
}

/// A request, understood.
#[derive(Clone, Debug)]
pub struct Request {
    /// How it was asked.
    pub style: Style,
    /// `GET`, …
    pub method: String,
    /// Where to.
    pub target: Target,
    /// All header fields as they came.
    pub fields: Fields,
    /// What follows the head.
    pub body: Body,
}

/// A request that is answered by an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bad {
    /// The status code, 400 and above.
    pub status: u16,
    /// What is wrong, for the client and the log.
    pub why: &'static str,
}

impl Bad {
    /// An error with its reason.
    pub fn new(status: u16, why: &'static str) -> Bad {
        Bad { status, why }
    }
}

/// A bad request of the most general kind.
fn malformed(why: &'static str) -> Bad {
    Bad::new(400, why)
}

/// Reads one request. `None`: the client closed without asking.
pub fn read(conversation: &mut Conversation) -> Result<Option<Result<Request, Bad>>, Ended> {
    let deadline = Instant::now() + conversation.patience();
    let mut head = Vec::new();
    loop {
        if let Some(parsed) = parse(&head) {
            return Ok(Some(parsed.map(|(request, used)| {
                conversation.put_back(&head[used..]);
                request
            })));
        }
        if head.len() > LONGEST_HEAD {
            return Ok(Some(Err(Bad::new(
                431,
                "the request head is longer than 16 KiB",
            ))));
        }
        // Bare bytes without blank may be a host name from a client that now waits.
        let may_be_plain = !head.is_empty() && !head.contains(&b' ');
        let until = match may_be_plain {
            true => deadline.min(Instant::now() + PAUSE),
            false => deadline,
        };
        match conversation.chunk(until) {
            Ok(bytes) if bytes.is_empty() => {
                return Ok(match head.as_slice() {
                    [] => None,
                    bytes if may_be_plain => Some(plain(bytes)),
                    _ => Some(Err(malformed("the request ends within its head"))),
                });
            }
            Ok(bytes) => head.extend_from_slice(&bytes),
            Err(Ended::Idle(_)) if may_be_plain => return Ok(Some(plain(&head))),
            Err(Ended::Idle(_)) if !head.is_empty() => {
                return Ok(Some(Err(Bad::new(
                    408,
                    "the request did not come to its end in time",
                ))));
            }
            Err(ended) => return Err(ended),
        }
    }
}

/// The request in `head` and its length, once its end is there.
fn parse(head: &[u8]) -> Option<Result<(Request, usize), Bad>> {
    let line_end = head.iter().position(|&byte| byte == b'\n')?;
    let line = head[..line_end].trim_ascii_end();
    if !line.is_empty() && !line.contains(&b' ') {
        return Some(plain(line).map(|request| (request, line_end + 1)));
    }
    let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
    let mut request = httparse::Request::new(&mut fields);
    match request.parse(head) {
        Ok(httparse::Status::Partial) => None,
        Ok(httparse::Status::Complete(used)) => {
            Some(understand(&request).map(|request| (request, used)))
        }
        Err(httparse::Error::TooManyHeaders) => {
            Some(Err(Bad::new(431, "more than 100 header fields")))
        }
        Err(httparse::Error::Version) => Some(Err(Bad::new(
            505,
            "only HTTP/1.0 and HTTP/1.1 are spoken here",
        ))),
        Err(_) => Some(Err(malformed("this is no HTTP request"))),
    }
}

/// A line that is a host or URL and nothing else.
fn plain(line: &[u8]) -> Result<Request, Bad> {
    let line =
        std::str::from_utf8(line.trim_ascii()).map_err(|_| malformed("a host name is ASCII"))?;
    Ok(Request {
        style: Style::Plain,
        method: "GET".to_owned(),
        target: target(line)?,
        fields: Fields::new(),
        body: Body::Length(0),
    })
}

fn understand(request: &httparse::Request<'_, '_>) -> Result<Request, Bad> {
    let style = match request.version {
        Some(0) => Style::Http10,
        _ => Style::Http11,
    };
    let method = request.method.unwrap_or_default();
    let address = request.path.unwrap_or_default();
    let fields = fields_of(request.headers);
    let hosts: Vec<&[u8]> = values(&fields, "host").collect();
    if hosts.len() > 1 {
        return Err(malformed("more than one Host"));
    }
    let target = match method {
        "CONNECT" => return Err(Bad::new(501, "tunnels are not offered")),
        "TRACE" => return Err(Bad::new(501, "TRACE is not offered")),
        _ if address.starts_with('/') => target_of_path(address, hosts.first().copied())?,
        _ if address.contains("://") => target(address)?,
        _ => return Err(malformed("the request names no host")),
    };
    Ok(Request {
        style,
        method: method.to_owned(),
        target,
        body: body(&fields)?.unwrap_or(Body::Length(0)),
        fields,
    })
}

/// A request as a server gets it: the host is in the Host field.
fn target_of_path(path: &str, host: Option<&[u8]>) -> Result<Target, Bad> {
    let host = host.ok_or_else(|| malformed("the request names no host"))?;
    let host = std::str::from_utf8(host).map_err(|_| malformed("a host name is ASCII"))?;
    if host.contains('/') {
        return Err(malformed("this is no host"));
    }
    target(&format!("{host}{path}"))
}

/// A target from a URL, or from one without its `http://`.
pub fn target(url: &str) -> Result<Target, Bad> {
    let rest = match url.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
        Some(_) => return Err(Bad::new(501, "only http:// is offered")),
        None => url,
    };
    let rest = rest.split('#').next().unwrap_or_default();
    let path_at = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(path_at);
    if authority.contains('@') {
        return Err(malformed("user names in addresses are not taken"));
    }
    let (host, port) = host_and_port(authority)?;
    if !path.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(malformed("the path has characters that must be escaped"));
    }
    let path = match path {
        "" => "/".to_owned(),
        query if query.starts_with('?') => format!("/{query}"),
        path => path.to_owned(),
    };
    Ok(Target { host, port, path })
}

fn host_and_port(authority: &str) -> Result<(String, u16), Bad> {
    let no_host = || malformed("this is no host");
    let (host, port) = if let Some(rest) = authority.strip_prefix('[') {
        let (host, port) = rest.split_once(']').ok_or_else(no_host)?;
        host.parse::<std::net::Ipv6Addr>().map_err(|_| no_host())?;
        (host, port)
    } else {
        let at = authority.find(':').unwrap_or(authority.len());
        let (host, port) = authority.split_at(at);
        let fits = !host.is_empty() && host.len() <= 253 && !host.starts_with(['-', '.']);
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        if !fits || !host.bytes().all(is_host) {
            return Err(no_host());
        }
        (host, port)
    };
    let port = match port {
        "" => 80,
        port => port
            .strip_prefix(':')
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|digits| digits.parse().ok())
            .filter(|&port| port != 0)
            .ok_or_else(|| malformed("this is no port"))?,
    };
    Ok((host.to_ascii_lowercase(), port))
}

/// Header fields as we keep them.
pub fn fields_of(headers: &[httparse::Header<'_>]) -> Fields {
    headers
        .iter()
        .map(|header| (header.name.to_owned(), header.value.to_vec()))
        .collect()
}

/// All values of a field.
pub fn values<'a>(fields: &'a Fields, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    fields
        .iter()
        .filter(move |(field, _)| field.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_slice())
}

/// The comma-separated words of a field, lower case.
pub fn words(fields: &Fields, name: &str) -> Vec<String> {
    values(fields, name)
        .flat_map(|value| value.split(|&byte| byte == b','))
        .map(|word| String::from_utf8_lossy(word.trim_ascii()).to_ascii_lowercase())
        .filter(|word| !word.is_empty())
        .collect()
}

/// The body that the fields announce, if any does. Two ways at once are refused: whoever reads
/// them in the other way sees another message (RFC 9112 6.3).
pub fn body(fields: &Fields) -> Result<Option<Body>, Bad> {
    let codings = words(fields, "transfer-encoding");
    let mut lengths = words(fields, "content-length");
    lengths.dedup();
    match (codings.as_slice(), lengths.as_slice()) {
        ([], []) => Ok(None),
        ([], [length]) if length.bytes().all(|byte| byte.is_ascii_digit()) => length
            .parse()
            .map(|length| Some(Body::Length(length)))
            .map_err(|_| malformed("this is no length")),
        ([], _) => Err(malformed("this is no length")),
        ([coding], []) if coding == "chunked" => Ok(Some(Body::Chunked)),
        (_, []) => Err(Bad::new(501, "only the chunked transfer coding is known")),
        _ => Err(malformed("both Content-Length and Transfer-Encoding")),
    }
}

/// The fields that are for this connection only and go no further (RFC 9110 7.6.1).
pub fn end_to_end(fields: &Fields) -> Fields {
    const HOP_BY_HOP: [&str; 10] = [
        "connection",
        "keep-alive",
        "proxy-connection",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "content-length",
    ];
    let named = words(fields, "connection");
    fields
        .iter()
        .filter(|(name, _)| {
            let name = name.to_ascii_lowercase();
            !HOP_BY_HOP.contains(&name.as_str()) && !named.contains(&name)
        })
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: &[u8]) -> Result<Request, Bad> {
        parse(bytes)
            .expect("a whole head")
            .map(|(request, _)| request)
    }

    #[test]
    fn the_labs_plain_line_is_a_request() {
        for line in [
            &b"www.Example.org\n"[..],
            b"http://www.example.org\r\n",
            b"www.example.org:80/\n",
        ] {
            let request = of(line).unwrap();
            assert_eq!(request.style, Style::Plain);
            let expected = Target {
                host: "www.example.org".to_owned(),
                port: 80,
                path: "/".to_owned(),
            };
            assert_eq!(request.target, expected);
        }
    }

    #[test]
    fn both_forms_of_an_http_request_lead_to_the_same_place() {
        let absolute = of(b"GET http://h:81/x?y HTTP/1.1\r\nHost: other\r\n\r\n").unwrap();
        let origin = of(b"GET /x?y HTTP/1.0\r\nHost: h:81\r\n\r\n").unwrap();
        assert_eq!(absolute.target, origin.target);
        assert_eq!(absolute.style, Style::Http11);
        assert_eq!(origin.style, Style::Http10);
        assert_eq!(
            target("http://[::1]:8080?q").unwrap(),
            Target {
                host: "::1".to_owned(),
                port: 8080,
                path: "/?q".to_owned()
            }
        );
    }

    #[test]
    fn requests_that_two_readers_would_read_differently_are_refused() {
        for head in [
            "POST http://h/ HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST http://h/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "POST http://h/ HTTP/1.1\r\nContent-Length: +1\r\n\r\n",
            "POST http://h/ HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\n",
            "GET http://user@h/ HTTP/1.1\r\n\r\n",
            "GET http://h:0/ HTTP/1.1\r\n\r\n",
            "GET http://h:65536/ HTTP/1.1\r\n\r\n",
            "GET http:/// HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        ] {
            assert_eq!(of(head.as_bytes()).unwrap_err().status, 400, "{head}");
        }
    }

    #[test]
    fn fields_of_one_hop_go_no_further() {
        let request = of(b"GET http://h/ HTTP/1.1\r\nConnection: close, X-Mine\r\nX-Mine: 1\r\nKeep-Alive: 1\r\nAccept: */*\r\n\r\n").unwrap();
        assert_eq!(
            end_to_end(&request.fields),
            vec![("Accept".to_owned(), b"*/*".to_vec())]
        );
    }
}
