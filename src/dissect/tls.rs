//! TLS records and what a handshake says in the clear (RFC 8446, RFC 5246).
//!
//! Left out: everything encrypted, the client's half of the key exchange, of certificates all but
//! names and times, and of the hello of SSL 2 all but its versions.

mod certificate;
pub mod ciphers;
mod emit;
pub mod fields;
mod messages;
mod names;

pub use emit::{State, emit};
pub(crate) use fields::FIELDS;
pub use names::{carried, elements};

use super::definition::{Definition, Found, NOTHING, Names};
use super::layer::View;

/// Everything about TLS.
pub const DEFINITION: Definition = Definition {
    layers: &[("tls", "Transport layer security.")],
    title: "TLS",
    found: Found {
        tcp: &[
            324, 443, 465, 636, 802, 853, 993, 995, 1300, 2221, 2443, 3249, 3250, 3251, 3252, 3496,
            5061, 5671, 5684, 5868, 8883, 11207, 19999, 27017,
        ],
        ..Found::NOWHERE
    },
    fields: FIELDS,
    emit: |given, sink| {
        let mut state = given.state.tls;
        emit(&given.view, &mut state, sink);
        Some(())
    },
    values: &[
        Names {
            fields: &["tls.record.content_type"],
            values: &[
                (20, "Change Cipher Spec"),
                (21, "Alert"),
                (22, "Handshake"),
                (23, "Application Data"),
            ],
        },
        Names {
            fields: &["tls.record.version", "tls.handshake.version"],
            values: &[
                (0x0300, "SSL 3.0"),
                (0x0301, "TLS 1.0"),
                (0x0302, "TLS 1.1"),
                (0x0303, "TLS 1.2"),
                (0x0304, "TLS 1.3"),
            ],
        },
        Names {
            fields: &["tls.handshake.type"],
            values: &[
                (0, "Hello Request"),
                (1, "Client Hello"),
                (2, "Server Hello"),
                (3, "Hello Verify Request"),
                (4, "New Session Ticket"),
                (5, "End of Early Data"),
                (6, "Hello Retry Request"),
                (8, "Encrypted Extensions"),
                (11, "Certificate"),
                (12, "Server Key Exchange"),
                (13, "Certificate Request"),
                (14, "Server Hello Done"),
                (15, "Certificate Verify"),
                (16, "Client Key Exchange"),
                (20, "Finished"),
                (21, "Client Certificate URL"),
                (22, "Certificate Status"),
                (24, "Key Update"),
                (25, "Compressed Certificate"),
                (67, "Encrypted Extensions"),
            ],
        },
        Names {
            fields: &["tls.alert_message.level"],
            values: &[(1, "Warning"), (2, "Fatal")],
        },
        Names {
            fields: &["tls.alert_message.desc"],
            values: &[
                (0, "Close Notify"),
                (10, "Unexpected Message"),
                (20, "Bad Record MAC"),
                (22, "Record Overflow"),
                (40, "Handshake Failure"),
                (42, "Bad Certificate"),
                (43, "Unsupported Certificate"),
                (44, "Certificate Revoked"),
                (45, "Certificate Expired"),
                (46, "Certificate Unknown"),
                (47, "Illegal Parameter"),
                (48, "Unknown CA"),
                (49, "Access Denied"),
                (50, "Decode Error"),
                (51, "Decrypt Error"),
                (70, "Protocol Version"),
                (71, "Insufficient Security"),
                (80, "Internal Error"),
                (86, "Inappropriate Fallback"),
                (90, "User Canceled"),
                (100, "No Renegotiation"),
                (110, "Unsupported Extension"),
                (112, "Unrecognized Name"),
                (116, "Certificate Required"),
                (120, "No application Protocol"),
            ],
        },
    ],
    ..NOTHING
};

/// Content types of records.
pub mod content {
    /// From here on the sender encrypts.
    pub const CHANGE_CIPHER_SPEC: u8 = 20;
    /// An alert.
    pub const ALERT: u8 = 21;
    /// A handshake message, or a part of one, or several.
    pub const HANDSHAKE: u8 = 22;
    /// Encrypted data.
    pub const APPLICATION_DATA: u8 = 23;
    /// A heartbeat.
    pub const HEARTBEAT: u8 = 24;
}

/// Most bytes a record carries: 2^14 and room for old ciphers.
const LONGEST_RECORD: usize = (1 << 14) + 2048;
/// Most handshake bytes that are put together for one hello.
const LONGEST_HELLO: usize = 1 << 16;
/// Bytes of a record before what it carries.
pub const RECORD_HEADER: usize = 5;

/// A record's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it carries; see [`content`].
    pub content: u8,
    /// Its version, which says little.
    pub version: u16,
    /// Bytes it carries.
    pub length: usize,
}

impl Record {
    /// Reads a header. `None`: too short, or not TLS.
    pub fn parse(bytes: &[u8]) -> Option<Record> {
        let [content, major, minor, high, low] = *bytes.first_chunk()?;
        let length = usize::from(u16::from_be_bytes([high, low]));
        let known = (20..=24).contains(&content) && major == 3 && minor <= 4;
        (known && length <= LONGEST_RECORD).then_some(Record {
            content,
            version: u16::from_be_bytes([major, minor]),
            length,
        })
    }
}

/// Whether a record may begin with these bytes, fewer than its header has.
pub fn may_begin(bytes: &[u8]) -> bool {
    matches!(bytes.first(), Some(20..=24)) && bytes.get(1).is_none_or(|major| *major == 3)
}

/// The length of the hello of SSL 2 that begins here, in which a client says that it speaks newer
/// versions (RFC 5246, E.2).
pub fn ssl2_hello(bytes: &[u8]) -> Option<usize> {
    let head: [u8; 11] = *bytes.first_chunk()?;
    let number = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
    let ciphers = number(5);
    let length = 2 + usize::from(number(0) & 0x7fff);
    let hello = number(0) & 0x8000 != 0
        && head[2] == 1
        && matches!(number(3), 0x0002 | 0x0300..=0x0303)
        && ciphers > 0
        && ciphers % 3 == 0
        && matches!(number(7), 0 | 16)
        && usize::from(ciphers) + usize::from(number(7)) + usize::from(number(9)) + 11 == length;
    (hello && bytes.len() >= length).then_some(length)
}

/// What a client's hello says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientHello {
    /// Version in the old place; TLS 1.3 writes 1.2 there.
    pub legacy_version: u16,
    /// Versions of the extension, in the client's order; empty without it.
    pub versions: Vec<u16>,
    /// Ciphers offered.
    pub ciphers: Vec<u16>,
    /// Host the client wants to reach, as captured.
    pub server_name: Option<Vec<u8>>,
    /// Protocols above TLS, as captured.
    pub alpn: Vec<Vec<u8>>,
    /// Whether all of it could be read.
    pub complete: bool,
}

/// What a server's hello says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerHello {
    /// Version in the old place.
    pub legacy_version: u16,
    /// Version chosen in the extension.
    pub selected_version: Option<u16>,
    /// Cipher chosen, if that far is there.
    pub cipher: Option<u16>,
    /// Protocol above TLS, as captured.
    pub alpn: Option<Vec<u8>>,
    /// Whether the server asks for another client hello.
    pub retry: bool,
    /// Whether all of it could be read.
    pub complete: bool,
}

/// A hello of either side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hello {
    /// The client's.
    Client(ClientHello),
    /// The server's.
    Server(ServerHello),
}

impl ClientHello {
    /// The highest version offered, without the reserved values that keep servers tolerant.
    pub fn version(&self) -> Option<u16> {
        let real = self.versions.iter().filter(|v| !is_grease(**v));
        let old = || legacy(self.legacy_version, self.complete);
        real.max().copied().or_else(old)
    }
}

impl ServerHello {
    /// The version that is spoken.
    pub fn version(&self) -> Option<u16> {
        let old = || legacy(self.legacy_version, self.complete);
        self.selected_version.or_else(old)
    }
}

/// The version in the old place, where no extension names one. TLS 1.3 writes 1.2 there
/// (RFC 8446 §4.1.2): of a hello that is not complete that tells nothing.
fn legacy(version: u16, complete: bool) -> Option<u16> {
    (complete || matches!(version, 1..0x0303)).then_some(version)
}

/// Values that mean nothing on purpose (RFC 8701).
pub fn is_grease(value: u16) -> bool {
    let [a, b] = value.to_be_bytes();
    a == b && a & 0x0f == 0x0a
}

/// A version in words: `TLS 1.3`.
pub fn version_name(version: u16) -> Option<&'static str> {
    Some(match version {
        0x0300 => "SSL 3.0",
        0x0301 => "TLS 1.0",
        0x0302 => "TLS 1.1",
        0x0303 => "TLS 1.2",
        0x0304 => "TLS 1.3",
        _ => return None,
    })
}

/// The random number by which a server's hello asks for another client hello (RFC 8446 §4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// The hello that one direction of a stream begins with, put together from its records. `None`:
/// no hello, or not its first bytes yet; a hello of which only a part is there is not complete.
pub fn first_hello(stream: &[u8]) -> Option<Hello> {
    let mut rest = stream;
    let mut message = Vec::new();
    while let Some(record) = Record::parse(rest) {
        if record.content != content::HANDSHAKE {
            break;
        }
        let body = rest.get(RECORD_HEADER..)?;
        let part = body.get(..record.length.min(body.len()))?;
        message.extend_from_slice(part);
        let wanted = match message.get(1..4) {
            Some([a, b, c]) => 4 + as_length([*a, *b, *c]),
            _ => LONGEST_HELLO,
        };
        if message.len() >= wanted.min(LONGEST_HELLO) || part.len() < record.length {
            break;
        }
        rest = body.get(record.length..)?;
    }
    parse_hello(&message)
}

fn as_length([a, b, c]: [u8; 3]) -> usize {
    usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c)
}

/// Reads a hello from a handshake message, its type and length first. `None`: another message.
pub fn parse_hello(message: &[u8]) -> Option<Hello> {
    let [kind, a, b, c] = *message.first_chunk()?;
    let end = 4 + as_length([a, b, c]);
    let view = View {
        bytes: message.get(..end.min(message.len()))?,
        reported: end,
        quoted: false,
    };
    match kind {
        1 => {
            let mut hello = ClientHello::default();
            hello.complete = hello.read(&view).is_some();
            Some(Hello::Client(hello))
        }
        2 => {
            let mut hello = ServerHello::default();
            hello.complete = hello.read(&view).is_some();
            Some(Hello::Server(hello))
        }
        _ => None,
    }
}

impl ClientHello {
    fn read(&mut self, view: &View<'_>) -> Option<()> {
        self.legacy_version = view.u16(4)?;
        let session = usize::from(view.u8(38)?);
        let mut at = 39 + session;
        let length = usize::from(view.u16(at)?);
        self.ciphers = numbers(view.slice(at + 2..at + 2 + length)?);
        at += 2 + length;
        at += 1 + usize::from(view.u8(at)?);
        each_extension(view, at, |kind, data| match kind {
            0 => self.server_name = server_name(data),
            16 => self.alpn = protocols(data),
            43 => self.versions = numbers(data.get(1..).unwrap_or_default()),
            _ => {}
        })
    }
}

impl ServerHello {
    fn read(&mut self, view: &View<'_>) -> Option<()> {
        self.legacy_version = view.u16(4)?;
        self.retry = view.array(6)? == RETRY;
        let at = 39 + usize::from(view.u8(38)?);
        self.cipher = Some(view.u16(at)?);
        view.u8(at + 2)?;
        each_extension(view, at + 3, |kind, data| match kind {
            16 => self.alpn = protocols(data).into_iter().next(),
            43 => self.selected_version = numbers(data).first().copied(),
            _ => {}
        })
    }
}

/// Hands each extension's type and data to `take`. A hello may have none at all.
fn each_extension<'a>(
    view: &View<'a>,
    at: usize,
    mut take: impl FnMut(u16, &'a [u8]),
) -> Option<()> {
    if at == view.reported {
        return Some(());
    }
    let end = at + 2 + usize::from(view.u16(at)?);
    let mut at = at + 2;
    while at < end {
        let (kind, length) = (view.u16(at)?, usize::from(view.u16(at + 2)?));
        take(kind, view.slice(at + 4..at + 4 + length)?);
        at += 4 + length;
    }
    Some(())
}

fn numbers(bytes: &[u8]) -> Vec<u16> {
    let pairs = bytes.chunks_exact(2);
    let number = |pair: &[u8]| pair.first_chunk().map(|b| u16::from_be_bytes(*b));
    pairs.filter_map(number).collect()
}

/// The first host name of the list (RFC 6066 §3).
fn server_name(data: &[u8]) -> Option<Vec<u8>> {
    let mut rest = data.get(2..)?;
    while let Some(&[kind, a, b]) = rest.first_chunk() {
        let length = usize::from(u16::from_be_bytes([a, b]));
        let name = rest.get(3..3 + length)?;
        if kind == 0 {
            return Some(name.to_vec());
        }
        rest = rest.get(3 + length..)?;
    }
    None
}

/// The names of the list (RFC 7301).
fn protocols(data: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut rest = data.get(2..).unwrap_or_default();
    while let Some((&length, after)) = rest.split_first() {
        let Some((name, after)) = after.split_at_checked(usize::from(length)) else {
            break;
        };
        found.push(name.to_vec());
        rest = after;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::field::{Sink, Value, Wanted};

    /// The hello of curl 7.88 held to TLS 1.2, and the answer of `openssl s_server` to another
    /// one that offered TLS 1.3.
    const CLIENT: &str = "16030100d9010000d50303513f40ef6c0db0c8f442141fe5cae3fac96950146127e53bb73f33e1e06076ff00\
        0038c02cc030009fcca9cca8ccaac02bc02f009ec024c028006bc023c0270067c00ac0140039c009c0130033\
        009d009c003d003c0035002f00ff0100007400000010000e00000b6c61622e6578616d706c65000b00040300\
        0102000a000c000a001d0017001e001900180010000e000c02683208687474702f312e310016000000170000\
        000d002a0028040305030603080708080809080a080b08040805080604010501060103030301030204020502\
        0602";
    const SERVER: &str = "160303007a020000760303d75b08a4142e9895c84fddc3df183e04519c52171b4373bd36e5093d56e0cf2a20\
        6f1f824b19f3ee8637714e386b5b1238411f78ed6de493c8c57916c07aaeeb44130200002e002b0002030400\
        330024001d002042ad0c5b9aa83da96f6f1758ed9380fc95195adcc77ca8c9fae525a9e86aea55";

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len() / 2)
            .map(|i| u8::from_str_radix(&hex[i * 2..i * 2 + 2], 16).expect("hexadecimal"))
            .collect()
    }

    fn shown(bytes: &[u8]) -> Vec<(&'static str, Value<'_>)> {
        let view = View {
            bytes,
            reported: bytes.len(),
            quoted: false,
        };
        let mut sink = Sink::new(Wanted::ALL);
        emit(&view, &mut State::default(), &mut sink);
        let name = |at: u8| FIELDS[usize::from(at)].name;
        let found = sink.found.into_iter();
        found.map(|f| (name(f.index.0), f.value)).collect()
    }

    #[test]
    fn a_client_says_what_it_wants() {
        let Some(Hello::Client(hello)) = first_hello(&bytes(CLIENT)) else {
            panic!("no client hello");
        };
        assert_eq!(hello.server_name.as_deref(), Some(&b"lab.example"[..]));
        assert_eq!(hello.alpn, [b"h2".to_vec(), b"http/1.1".to_vec()]);
        assert_eq!(hello.version(), Some(0x0303));
        assert_eq!(hello.ciphers.len(), 28);
        assert!(hello.complete);
        let record = bytes(CLIENT);
        let name = Value::Text(b"lab.example".as_slice().into());
        assert!(shown(&record).contains(&("tls.handshake.extensions_server_name", name)));
    }

    #[test]
    fn a_server_chooses() {
        let Some(Hello::Server(hello)) = first_hello(&bytes(SERVER)) else {
            panic!("no server hello");
        };
        assert_eq!(hello.legacy_version, 0x0303);
        assert_eq!(hello.version().and_then(version_name), Some("TLS 1.3"));
        assert_eq!(
            hello.cipher.and_then(ciphers::name),
            Some("TLS_AES_256_GCM_SHA384")
        );
        assert!(hello.complete && !hello.retry);
    }

    #[test]
    fn a_hello_may_be_spread_over_records() {
        let whole = bytes(CLIENT);
        let mut spread = Vec::new();
        for part in whole[RECORD_HEADER..].chunks(50) {
            spread.extend([22, 3, 1, 0, u8::try_from(part.len()).expect("short")]);
            spread.extend(part);
        }
        assert_eq!(first_hello(&spread), first_hello(&whole));
    }

    #[test]
    fn every_shorter_prefix_is_not_complete() {
        for hex in [CLIENT, SERVER] {
            let whole = bytes(hex);
            for end in 0..whole.len() {
                let complete = match first_hello(&whole[..end]) {
                    Some(Hello::Client(hello)) => hello.complete,
                    Some(Hello::Server(hello)) => hello.complete,
                    None => false,
                };
                assert!(!complete);
                assert!(shown(&whole[..end]).is_empty());
            }
        }
    }

    #[test]
    fn no_damaged_byte_panics() {
        for hex in [CLIENT, SERVER] {
            let whole = bytes(hex);
            for at in 0..whole.len() {
                for value in [0, 1, 2, 11, 43, 127, 255] {
                    let mut damaged = whole.clone();
                    damaged[at] = value;
                    first_hello(&damaged);
                    shown(&damaged);
                }
            }
        }
    }

    #[test]
    fn other_bytes_are_not_tls() {
        assert_eq!(Record::parse(b"GET / HTTP/1.1"), None);
        assert_eq!(Record::parse(&[22, 3, 1, 255, 255]), None);
        assert_eq!(first_hello(b""), None);
    }
}
