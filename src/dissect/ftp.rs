//! The control connection of the file transfer protocol (RFC 959, RFC 2428), and its data
//! connections. Left out: which command a data connection belongs to.

use super::definition::{Definition, Found, Given, Line, NOTHING, Names, State, Taken};
use super::field::{Kind, Sink, Value};
use super::lines::{self, word};
use super::text;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

crate::fields! {
    REQUEST: "ftp.request", Kind::Boolean, "The client speaks.";
    RESPONSE: "ftp.response", Kind::Boolean, "The server speaks.";
    COMMAND: "ftp.request.command", Kind::Text, "The client's command, such as USER, RETR or QUIT.";
    ARG: "ftp.request.arg", Kind::Text, "What the command is about: a name, a password, a file.";
    CODE: "ftp.response.code", Kind::Unsigned(32), "The reply's number: 1xx begun, 2xx done, 3xx go on, 4xx not now, 5xx refused.";
    RESPONSE_ARG: "ftp.response.arg", Kind::Text, "The reply's words.";
    PASSIVE_IP: "ftp.passive.ip", Kind::Ipv4, "Address that the server waits at for the data connection (reply to PASV).";
    PASSIVE_PORT: "ftp.passive.port", Kind::Unsigned(16), "Port that the server waits at for the data connection (reply to PASV).";
    PASSIVE_NAT: "ftp.passive.nat", Kind::Boolean, "The address in the reply to PASV is not the server's own here: it was translated on the way.";
    ACTIVE_IP: "ftp.active.cip", Kind::Ipv4, "Address that the client waits at for the data connection (PORT).";
    ACTIVE_PORT: "ftp.active.port", Kind::Unsigned(16), "Port that the client waits at for the data connection (PORT).";
    ACTIVE_NAT: "ftp.active.nat", Kind::Boolean, "The address in PORT is not the client's own here: it was translated on the way.";
    EPRT_AF: "ftp.eprt.af", Kind::Unsigned(8), "Kind of address in EPRT: 1 is IPv4, 2 is IPv6.";
    EPRT_IP: "ftp.eprt.ip", Kind::Ipv4, "IPv4 address that the client waits at (EPRT).";
    EPRT_IPV6: "ftp.eprt.ipv6", Kind::Ipv6, "IPv6 address that the client waits at (EPRT).";
    EPRT_PORT: "ftp.eprt.port", Kind::Unsigned(16), "Port that the client waits at (EPRT).";
    EPSV_IP: "ftp.epsv.ip", Kind::Ipv4, "IPv4 address of the server that entered extended passive mode.";
    EPSV_IPV6: "ftp.epsv.ipv6", Kind::Ipv6, "IPv6 address of the server that entered extended passive mode.";
    EPSV_PORT: "ftp.epsv.port", Kind::Unsigned(16), "Port that the server waits at (reply to EPSV).";
}

/// Everything about the control connection.
pub const DEFINITION: Definition = Definition {
    layers: &[(
        "ftp",
        "File transfer protocol: the connection with the commands.",
    )],
    title: "FTP",
    found: Found {
        tcp: &[21],
        ..Found::NOWHERE
    },
    fields: FIELDS,
    emit,
    take: Some(take),
    line: Some(line),
    values: &[Names {
        fields: &["ftp.response.code"],
        values: &[
            (110, "Restart marker reply"),
            (120, "Service ready in nnn minutes"),
            (125, "Data connection already open; transfer starting"),
            (150, "File status okay; about to open data connection"),
            (200, "Command okay"),
            (202, "Command not implemented, superfluous at this site"),
            (211, "System status, or system help reply"),
            (212, "Directory status"),
            (213, "File status"),
            (214, "Help message"),
            (215, "NAME system type"),
            (220, "Service ready for new user"),
            (221, "Service closing control connection"),
            (225, "Data connection open; no transfer in progress"),
            (226, "Closing data connection"),
            (227, "Entering Passive Mode"),
            (229, "Entering Extended Passive Mode"),
            (230, "User logged in, proceed"),
            (232, "User logged in, authorized by security data exchange"),
            (234, "Security data exchange complete"),
            (250, "Requested file action okay, completed"),
            (257, "PATHNAME created"),
            (331, "User name okay, need password"),
            (332, "Need account for login"),
            (350, "Requested file action pending further information"),
            (421, "Service not available, closing control connection"),
            (425, "Can't open data connection"),
            (426, "Connection closed; transfer aborted"),
            (430, "Invalid username or password"),
            (450, "Requested file action not taken"),
            (451, "Requested action aborted: local error in processing"),
            (
                452,
                "Requested action not taken. Insufficient storage space in system",
            ),
            (500, "Syntax error, command unrecognized"),
            (501, "Syntax error in parameters or arguments"),
            (502, "Command not implemented"),
            (503, "Bad sequence of commands"),
            (504, "Command not implemented for that parameter"),
            (522, "Network protocol not supported"),
            (530, "Not logged in"),
            (532, "Need account for storing files"),
            (534, "Request denied for policy reasons"),
            (550, "Requested action not taken: File unavailable"),
            (551, "Requested action aborted: page type unknown"),
            (
                552,
                "Requested file action aborted: Exceeded storage allocation",
            ),
            (553, "Requested action not taken: File name not allowed"),
        ],
    }],
    ..NOTHING
};

/// Everything about a data connection: bytes of files and of directory lists.
pub const DATA: Definition = Definition {
    layers: &[(
        "ftp-data",
        "File transfer protocol: a connection with a file or a list in it.",
    )],
    title: "FTP-DATA",
    found: Found {
        tcp: &[20],
        ..Found::NOWHERE
    },
    take: Some(|_, bytes| Taken::Message(bytes.len())),
    line: Some(|given| Line {
        protocol: "FTP-DATA",
        info: format!("FTP Data: {} bytes", given.view.bytes.len()),
    }),
    ..NOTHING
};

/// Whether the first characters of a file's bytes can be printed, so that Wireshark shows lines.
pub fn begins_as_text(bytes: &[u8]) -> bool {
    let first = &bytes[..bytes.len().min(20)];
    first
        .iter()
        .all(|b| matches!(b, b' '..=b'~' | b'\n' | b'\r'))
}

/// The client asked for TLS.
const ASKED_TLS: u32 = 1;

fn take(state: &mut State, bytes: &[u8]) -> Taken {
    let first = lines::line(bytes, 0).text(bytes);
    if state.to_server {
        state.phase = match word(first) {
            (command, at) if command.eq_ignore_ascii_case(b"AUTH") => {
                let kind = first[at..].to_ascii_uppercase();
                u32::from(kind.starts_with(b"TLS") || kind.starts_with(b"SSL")) * ASKED_TLS
            }
            _ => state.phase & ASKED_TLS,
        };
    } else if state.phase == ASKED_TLS {
        state.phase = 0;
        if lines::code(first) == Some(234) {
            return Taken::ThenTls(bytes.len());
        }
    }
    Taken::Message(bytes.len())
}

fn line(given: &Given<'_, '_>) -> Line {
    let bytes = given.view.bytes;
    let who = if given.state.to_server {
        "Request"
    } else {
        "Response"
    };
    let first = lines::line(bytes, 0).text(bytes);
    Line {
        protocol: "FTP",
        info: format!("{who}: {}", text::spelled(first)),
    }
}

/// Hands over the fields of the first line; Wireshark looks at no other.
fn emit<'a>(given: &Given<'_, 'a>, sink: &mut Sink<'a>) -> Option<()> {
    let bytes = given.view.bytes;
    let asks = given.state.to_server;
    sink.boolean(REQUEST, 0..0, asks);
    sink.boolean(RESPONSE, 0..0, !asks);
    let line = lines::line(bytes, 0);
    let first = line.text(bytes);
    let (code, rest) = if asks {
        let (command, next) = word(first);
        if !command.is_empty() {
            sink.put(COMMAND, 0..command.len(), Value::Text(text::ascii(command)));
        }
        (None, next)
    } else {
        let code = lines::code(first);
        if let Some(code) = code {
            sink.unsigned(CODE, 0..3, code);
        }
        (
            code,
            if code.is_some() {
                4.min(first.len())
            } else {
                0
            },
        )
    };
    let arg = &first[rest..];
    let place = rest..line.end;
    if !arg.is_empty() {
        let index = if asks { ARG } else { RESPONSE_ARG };
        sink.put(index, place.clone(), Value::Text(text::ascii(arg)));
    }
    let ip = given.packet.ip.as_ref();
    let source = ip.map(|ip| ip.source);
    let command = if asks { word(first).0 } else { b"" };
    match (command, code) {
        (b"PORT", _) => {
            let (address, port) = six_numbers(arg)?;
            sink.put(ACTIVE_IP, place.clone(), Value::Ipv4(address.octets()));
            sink.unsigned(ACTIVE_PORT, place.clone(), port);
            if source != Some(address.into()) {
                sink.boolean(ACTIVE_NAT, place, true);
            }
        }
        (_, Some(227)) => {
            let (address, port) = six_numbers(arg)?;
            sink.put(PASSIVE_IP, place.clone(), Value::Ipv4(address.octets()));
            sink.unsigned(PASSIVE_PORT, place.clone(), port);
            if source != Some(address.into()) {
                sink.boolean(PASSIVE_NAT, place, true);
            }
        }
        (b"EPRT", _) => {
            let (family, address, port) = extended_port(arg)?;
            sink.unsigned(EPRT_AF, place.clone(), family);
            match address {
                IpAddr::V4(ip) => sink.put(EPRT_IP, place.clone(), Value::Ipv4(ip.octets())),
                IpAddr::V6(ip) => sink.put(EPRT_IPV6, place.clone(), Value::Ipv6(ip.octets())),
            }
            sink.unsigned(EPRT_PORT, place, port);
        }
        (_, Some(229)) => {
            let port = extended_passive(arg)?;
            match source? {
                IpAddr::V4(ip) => sink.put(EPSV_IP, 0..0, Value::Ipv4(ip.octets())),
                IpAddr::V6(ip) => sink.put(EPSV_IPV6, 0..0, Value::Ipv6(ip.octets())),
            }
            sink.unsigned(EPSV_PORT, place, port);
        }
        _ => {}
    }
    Some(())
}

/// Where a control message says that a data connection will be made: the end that waits.
pub fn announced(to_server: bool, from: IpAddr, bytes: &[u8]) -> Option<(IpAddr, u16)> {
    let first = lines::line(bytes, 0).text(bytes);
    if to_server {
        let (command, next) = word(first);
        let arg = &first[next..];
        return match command {
            b"PORT" => six_numbers(arg).map(|(ip, port)| (ip.into(), port)),
            b"EPRT" => extended_port(arg).map(|(_, ip, port)| (ip, port)),
            _ => None,
        };
    }
    let arg = first.get(4..)?;
    match lines::code(first)? {
        227 => six_numbers(arg).map(|(ip, port)| (ip.into(), port)),
        229 => extended_passive(arg).map(|port| (from, port)),
        _ => None,
    }
}

/// `h1,h2,h3,h4,p1,p2` anywhere in a text.
fn six_numbers(text: &[u8]) -> Option<(Ipv4Addr, u16)> {
    let mut at = 0;
    loop {
        at += text.get(at..)?.iter().position(u8::is_ascii_digit)?;
        if let Some([a, b, c, d, high, low]) = six_from(&text[at..]) {
            let ip = Ipv4Addr::new(a, b, c, d);
            return Some((ip, u16::from_be_bytes([high, low])));
        }
        at += text[at..].iter().take_while(|b| b.is_ascii_digit()).count();
    }
}

fn six_from(text: &[u8]) -> Option<[u8; 6]> {
    let mut out = [0; 6];
    let mut parts = text.split(|b| *b == b',');
    for (place, value) in out.iter_mut().enumerate() {
        let part = parts.next()?;
        let digits = part.iter().take_while(|b| b.is_ascii_digit()).count();
        // Behind the last number anything may follow.
        if digits == 0 || (digits < part.len() && place < 5) {
            return None;
        }
        *value = std::str::from_utf8(&part[..digits]).ok()?.parse().ok()?;
    }
    Some(out)
}

/// `|family|address|port|` (RFC 2428), with any delimiter.
fn extended_port(arg: &[u8]) -> Option<(u8, IpAddr, u16)> {
    let delimiter = *arg.first()?;
    let mut parts = arg[1..].split(|b| *b == delimiter);
    let mut next = || std::str::from_utf8(parts.next()?).ok();
    let family = next()?.parse().ok()?;
    let address = next()?;
    let address = match family {
        1 => IpAddr::V4(address.parse::<Ipv4Addr>().ok()?),
        2 => IpAddr::V6(address.parse::<Ipv6Addr>().ok()?),
        _ => return None,
    };
    Some((family, address, next()?.parse().ok()?))
}

/// `(|||port|)` (RFC 2428).
fn extended_passive(arg: &[u8]) -> Option<u16> {
    let open = arg.iter().position(|b| *b == b'(')?;
    let delimiter = *arg.get(open + 1)?;
    let mut parts = arg[open + 2..].split(|b| *b == delimiter);
    let port = parts.nth(2)?;
    std::str::from_utf8(port).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 6, 12));

    #[test]
    fn the_end_that_waits_for_data_is_announced() {
        let passive = announced(
            false,
            SERVER,
            b"227 Entering Passive Mode (132,235,1,2,24,131).\r\n",
        );
        let there = IpAddr::V4(Ipv4Addr::new(132, 235, 1, 2));
        assert_eq!(passive, Some((there, 6275)));
        // RFC 959, RFC 2428 §2 and §3.
        let port = announced(true, SERVER, b"PORT 132,235,1,2,24,131\r\n");
        assert_eq!(port, Some((there, 6275)));
        let eprt = announced(true, SERVER, b"EPRT |2|1080::8:800:200C:417A|5282|\r\n");
        assert_eq!(
            eprt,
            Some(("1080::8:800:200c:417a".parse().expect("it is one"), 5282))
        );
        let epsv = announced(
            false,
            SERVER,
            b"229 Entering Extended Passive Mode (|||6446|)\r\n",
        );
        assert_eq!(epsv, Some((SERVER, 6446)));
        assert_eq!(announced(true, SERVER, b"PORT 1,2,3\r\n"), None);
        assert_eq!(
            announced(false, SERVER, b"227 Entering (1,2,3,4,5,256)\r\n"),
            None
        );
    }

    #[test]
    fn tls_follows_when_both_agree_and_only_then() {
        let mut state = State {
            to_server: true,
            ..State::default()
        };
        take(&mut state, b"AUTH TLS\r\n");
        let mut refused = State {
            to_server: false,
            ..state
        };
        let mut agreed = refused;
        assert_eq!(take(&mut agreed, b"234 go\r\n"), Taken::ThenTls(8));
        assert_eq!(take(&mut refused, b"502 no\r\n"), Taken::Message(8));
        assert_eq!(take(&mut refused, b"234 go\r\n"), Taken::Message(8));
    }
}
