//! The secure shell as far as it speaks in clear (RFC 4253): versions, the algorithms that each
//! side offers, and the messages up to the new keys. Left out: the keys themselves.

use super::cursor::Cursor;
use super::definition::{Definition, Found, Given, Line, NOTHING, Names, State, Taken};
use super::field::{FieldIndex, Kind, Sink, Value};
use super::lines;
use super::text;

crate::fields! {
    PROTOCOL: "ssh.protocol", Kind::Text, "The version and the program that speaks.";
    PACKET_LENGTH: "ssh.packet_length", Kind::Unsigned(32), "Length of a packet behind this number.";
    PADDING_LENGTH: "ssh.padding_length", Kind::Unsigned(8), "Length of the padding.";
    MESSAGE_CODE: "ssh.message_code", Kind::Unsigned(8), "What the packet is: 20 offers algorithms, 21 begins encryption, 30 and on exchange keys.";
    COOKIE: "ssh.cookie", Kind::Bytes, "Sixteen random bytes.";
    KEX_LENGTH: "ssh.kex_algorithms_length", Kind::Unsigned(32), "Length of the next list.";
    KEX: "ssh.kex_algorithms", Kind::Text, "Key exchanges that this side knows, the preferred first.";
    HOST_KEY_LENGTH: "ssh.server_host_key_algorithms_length", Kind::Unsigned(32), "Length of the next list.";
    HOST_KEY: "ssh.server_host_key_algorithms", Kind::Text, "Kinds of the server's key.";
    CIPHER_TO_LENGTH: "ssh.encryption_algorithms_client_to_server_length", Kind::Unsigned(32), "Length of the next list.";
    CIPHER_TO: "ssh.encryption_algorithms_client_to_server", Kind::Text, "Ciphers towards the server.";
    CIPHER_FROM_LENGTH: "ssh.encryption_algorithms_server_to_client_length", Kind::Unsigned(32), "Length of the next list.";
    CIPHER_FROM: "ssh.encryption_algorithms_server_to_client", Kind::Text, "Ciphers towards the client.";
    MAC_TO_LENGTH: "ssh.mac_algorithms_client_to_server_length", Kind::Unsigned(32), "Length of the next list.";
    MAC_TO: "ssh.mac_algorithms_client_to_server", Kind::Text, "Authentication codes towards the server.";
    MAC_FROM_LENGTH: "ssh.mac_algorithms_server_to_client_length", Kind::Unsigned(32), "Length of the next list.";
    MAC_FROM: "ssh.mac_algorithms_server_to_client", Kind::Text, "Authentication codes towards the client.";
    COMPRESSION_TO_LENGTH: "ssh.compression_algorithms_client_to_server_length", Kind::Unsigned(32), "Length of the next list.";
    COMPRESSION_TO: "ssh.compression_algorithms_client_to_server", Kind::Text, "Compression towards the server.";
    COMPRESSION_FROM_LENGTH: "ssh.compression_algorithms_server_to_client_length", Kind::Unsigned(32), "Length of the next list.";
    COMPRESSION_FROM: "ssh.compression_algorithms_server_to_client", Kind::Text, "Compression towards the client.";
    LANGUAGE_TO_LENGTH: "ssh.languages_client_to_server_length", Kind::Unsigned(32), "Length of the next list.";
    LANGUAGE_TO: "ssh.languages_client_to_server", Kind::Text, "Languages towards the server.";
    LANGUAGE_FROM_LENGTH: "ssh.languages_server_to_client_length", Kind::Unsigned(32), "Length of the next list.";
    LANGUAGE_FROM: "ssh.languages_server_to_client", Kind::Text, "Languages towards the client.";
    GUESS_FOLLOWS: "ssh.first_kex_packet_follows", Kind::Unsigned(8), "Whether this side begins the exchange on a guess.";
    DIRECTION: "ssh.direction", Kind::Boolean, "False from the client, true from the server.";
}

/// Everything about SSH.
pub const DEFINITION: Definition = Definition {
    layers: &[("ssh", "Secure shell: a terminal at a distance, encrypted.")],
    title: "SSH",
    found: Found {
        tcp: &[22],
        ..Found::NOWHERE
    },
    fields: FIELDS,
    emit,
    take: Some(take),
    line: Some(line),
    values: &[Names {
        fields: &["ssh.message_code"],
        values: &[
            (1, "Disconnect"),
            (2, "Ignore"),
            (3, "Unimplemented"),
            (4, "Debug"),
            (5, "Service Request"),
            (6, "Service Accept"),
            (20, "Key Exchange Init"),
            (21, "New Keys"),
        ],
    }],
    ..NOTHING
};

/// Lists of a key exchange message, each with its length before it.
const LISTS: [(FieldIndex, FieldIndex); 10] = [
    (KEX_LENGTH, KEX),
    (HOST_KEY_LENGTH, HOST_KEY),
    (CIPHER_TO_LENGTH, CIPHER_TO),
    (CIPHER_FROM_LENGTH, CIPHER_FROM),
    (MAC_TO_LENGTH, MAC_TO),
    (MAC_FROM_LENGTH, MAC_FROM),
    (COMPRESSION_TO_LENGTH, COMPRESSION_TO),
    (COMPRESSION_FROM_LENGTH, COMPRESSION_FROM),
    (LANGUAGE_TO_LENGTH, LANGUAGE_TO),
    (LANGUAGE_FROM_LENGTH, LANGUAGE_FROM),
];

const DISCONNECT: u8 = 1;
const OFFER: u8 = 20;
const NEW_KEYS: u8 = 21;

/// Longest packet that is believed (RFC 4253 §6.1 asks for 35000).
const LONGEST: usize = 1 << 18;

// What the phase remembers: of each side whether its version and its new keys have come, and how
// keys are exchanged, as the client prefers.
const VERSION: [u32; 2] = [1, 2];
const ENCRYPTED: [u32; 2] = [4, 8];
const GROUP: u32 = 16;
const ELLIPTIC: u32 = 32;
const EXCHANGES: u32 = GROUP | ELLIPTIC;

fn side(state: &State) -> usize {
    usize::from(!state.to_server)
}

/// A packet in clear: its length with the number before it, and its message code.
fn packet(bytes: &[u8]) -> Option<(usize, u8)> {
    let length = u32::from_be_bytes(*bytes.first_chunk()?);
    Some((super::as_usize(length) + 4, *bytes.get(5)?))
}

fn take(state: &mut State, bytes: &[u8]) -> Taken {
    let side = side(state);
    if state.phase & ENCRYPTED[side] != 0 {
        return Taken::Message(bytes.len());
    }
    let mut at = 0;
    if state.phase & VERSION[side] == 0 {
        let line = lines::line(bytes, 0);
        if !bytes.starts_with(b"SSH-") {
            // A server may say something before its version; a capture may begin later.
            state.phase |= VERSION[side];
            return Taken::Message(bytes.len());
        }
        if !line.is_ended() && bytes.len() < 256 {
            return Taken::OneMore;
        }
        state.phase |= VERSION[side];
        at = line.next;
    }
    while at < bytes.len() {
        let Some((length, code)) = packet(&bytes[at..]) else {
            return if at > 0 {
                Taken::Message(at)
            } else {
                Taken::OneMore
            };
        };
        if !(12..LONGEST).contains(&length) {
            // No packet: the beginning was missed.
            state.phase |= ENCRYPTED[side];
            return Taken::Message(bytes.len());
        }
        let Some(whole) = bytes.get(at..at + length) else {
            return if at > 0 {
                Taken::Message(at)
            } else {
                Taken::Needs(length)
            };
        };
        learn(state, code, whole);
        at += length;
        if code == NEW_KEYS {
            // What follows in the segment is encrypted already.
            return Taken::Message(bytes.len());
        }
    }
    Taken::Message(at)
}

fn learn(state: &mut State, code: u8, packet: &[u8]) {
    let side = side(state);
    match code {
        NEW_KEYS => state.phase |= ENCRYPTED[side],
        OFFER if state.to_server => {
            let list = packet.get(26..).unwrap_or_default();
            let kind = if list.starts_with(b"diffie-hellman-group-exchange-") {
                GROUP
            } else if list.starts_with(b"ecdh-") || list.starts_with(b"curve25519-") {
                ELLIPTIC
            } else {
                0
            };
            state.phase = state.phase & !EXCHANGES | kind;
        }
        _ => {}
    }
}

/// The packets in clear of a message, behind the version if that is in it.
fn packets<'a>(state: &State, bytes: &'a [u8]) -> impl Iterator<Item = (usize, &'a [u8], u8)> {
    let clear = state.phase & ENCRYPTED[side(state)] == 0;
    let version = bytes.starts_with(b"SSH-");
    let mut at = match (clear, version) {
        (false, _) => bytes.len(),
        (true, true) => lines::line(bytes, 0).next,
        (true, false) => 0,
    };
    std::iter::from_fn(move || {
        let start = at;
        let (length, code) = packet(bytes.get(start..)?)?;
        let whole = bytes.get(start..start + length).filter(|_| length >= 12)?;
        at = if code == NEW_KEYS {
            bytes.len()
        } else {
            start + length
        };
        Some((start, whole, code))
    })
}

/// What a message is called; the numbers from 30 on depend on how keys are exchanged.
fn called(phase: u32, code: u8) -> String {
    let name = match (code, phase & EXCHANGES) {
        (DISCONNECT, _) => "Disconnect",
        (2, _) => "Ignore",
        (3, _) => "Unimplemented",
        (4, _) => "Debug",
        (5, _) => "Service Request",
        (6, _) => "Service Accept",
        (OFFER, _) => "Key Exchange Init",
        (NEW_KEYS, _) => "New Keys",
        (30, ELLIPTIC) => "Elliptic Curve Diffie-Hellman Key Exchange Init",
        (31, ELLIPTIC) => "Elliptic Curve Diffie-Hellman Key Exchange Reply",
        (30, GROUP) => "Diffie-Hellman Group Exchange Request (Old)",
        (31, GROUP) => "Diffie-Hellman Group Exchange Group",
        (32, GROUP) => "Diffie-Hellman Group Exchange Init",
        (33, GROUP) => "Diffie-Hellman Group Exchange Reply",
        (34, GROUP) => "Diffie-Hellman Group Exchange Request",
        (30, _) => "Diffie-Hellman Key Exchange Init",
        (31, _) => "Diffie-Hellman Key Exchange Reply",
        _ => return format!("Unknown ({code})"),
    };
    name.to_owned()
}

fn line(given: &Given<'_, '_>) -> Line {
    let bytes = given.view.bytes;
    let state = &given.state;
    let mut parts = Vec::new();
    if bytes.starts_with(b"SSH-") {
        let version = lines::line(bytes, 0).text(bytes);
        parts.push(format!("Protocol ({})", text::spelled(version)));
    }
    parts.extend(packets(state, bytes).map(|(_, _, code)| called(state.phase, code)));
    if state.phase & ENCRYPTED[side(state)] != 0 {
        parts.push(format!("Encrypted packet (len={})", bytes.len()));
    }
    let who = if state.to_server { "Client" } else { "Server" };
    Line {
        protocol: match bytes.get(..6) {
            Some(b"SSH-1.") => "SSHv1",
            _ if state.phase == 0 && !bytes.starts_with(b"SSH-2.0") => "SSH",
            _ => "SSHv2",
        },
        info: format!("{who}: {}", parts.join(", ")),
    }
}

fn emit<'a>(given: &Given<'_, 'a>, sink: &mut Sink<'a>) -> Option<()> {
    let bytes = given.view.bytes;
    if bytes.starts_with(b"SSH-") {
        let version = lines::line(bytes, 0);
        let words = Value::Text(text::ascii(version.text(bytes)));
        sink.put(PROTOCOL, 0..version.end, words);
    }
    for (start, whole, code) in packets(&given.state, bytes) {
        let mut c = Cursor {
            bytes,
            at: start,
            end: start + whole.len(),
            sink: &mut *sink,
        };
        // A packet was checked to have these.
        c.u32(PACKET_LENGTH)?;
        c.u8(PADDING_LENGTH)?;
        c.u8(MESSAGE_CODE)?;
        if code == OFFER {
            // A packet that contradicts itself shows what there is of it.
            let _ = offer(&mut c);
        }
    }
    sink.boolean(DIRECTION, 0..0, !given.state.to_server);
    Some(())
}

fn offer(c: &mut Cursor<'_, '_>) -> Option<()> {
    c.bytes(COOKIE, 16)?;
    for (length, list) in LISTS {
        let length = c.u32(length)?;
        c.ascii(list, super::as_usize(length))?;
    }
    c.u8(GUESS_FOLLOWS).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_waited_for_and_new_keys_end_what_is_clear() {
        let mut state = State {
            to_server: true,
            ..State::default()
        };
        assert_eq!(take(&mut state, b"SSH-2.0-x"), Taken::OneMore);
        assert_eq!(take(&mut state, b"SSH-2.0-x\r\n"), Taken::Message(11));
        let keys = [0, 0, 0, 12, 10, 21, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(take(&mut state, &keys[..6]), Taken::Needs(16));
        let both = [&keys[..], &[9; 40]].concat();
        assert_eq!(packets(&state, &both).count(), 1);
        assert_eq!(take(&mut state, &both), Taken::Message(56));
        assert_eq!(take(&mut state, &[0; 3]), Taken::Message(3));
        assert_eq!(packets(&state, &both).count(), 0);
        // The other side is still in clear.
        state.to_server = false;
        assert_eq!(take(&mut state, b"SSH-2"), Taken::OneMore);
    }

    #[test]
    fn absurd_lengths_are_not_waited_for() {
        let mut state = State {
            phase: VERSION[1],
            ..State::default()
        };
        assert_eq!(take(&mut state, &[0xff; 20]), Taken::Message(20));
    }
}
