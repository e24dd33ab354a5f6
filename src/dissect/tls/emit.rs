//! Hands over the fields of records in Wireshark's order.

use super::fields::*;
use super::{RECORD_HEADER, Record, certificate, content, messages};
use crate::dissect::cursor::Cursor;
use crate::dissect::field::{FieldIndex, Sink, Value};
use crate::dissect::layer::View;

/// What is known of the session and of this direction before the records at hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The server chose TLS 1.3.
    pub tls13: bool,
    /// This direction changed to its cipher: handshake messages and alerts are encrypted.
    pub encrypted: bool,
    /// The version that the server chose; 0 while it is not known.
    pub version: u16,
}

/// Hands over the fields of all records that begin here, of one that is cut those that are there,
/// and moves the state on. Answers where the first byte is that belongs to none of them.
pub fn emit<'a>(view: &View<'a>, state: &mut State, sink: &mut Sink<'a>) -> usize {
    let mut at = 0;
    if let Some(length) = super::ssl2_hello(view.bytes) {
        let mut cursor = Cursor {
            bytes: view.bytes,
            at: 2,
            end: length,
            sink: &mut *sink,
        };
        // Its length was checked.
        let _ = old_hello(&mut cursor);
        at = length;
    }
    while let Some(record) = view.bytes.get(at..).and_then(Record::parse) {
        let end = at + RECORD_HEADER + record.length;
        if end > view.reported {
            break;
        }
        let mut cursor = Cursor {
            bytes: view.bytes,
            at,
            end,
            sink,
        };
        one(&mut cursor, &record, state);
        at = end;
    }
    at
}

/// The hello of SSL 2, which says that its sender speaks newer versions (RFC 5246, E.2).
fn old_hello(cursor: &mut Cursor<'_, '_>) -> Option<()> {
    let end = cursor.end;
    cursor.sink.mark(RECORD, 0..end);
    cursor.sink.unsigned(RECORD_VERSION, 0..0, 2u16);
    let length = u32::try_from(end - 2).ok()?;
    cursor.sink.unsigned(RECORD_LENGTH, 0..2, length);
    cursor.u8(HANDSHAKE_TYPE)?;
    cursor.u16(HANDSHAKE_VERSION)?;
    let ciphers = usize::from(cursor.peek_u16()?);
    cursor.skip(2)?;
    cursor.u16(SESSION_ID_LENGTH)?;
    cursor.skip(2)?;
    cursor.mark(CIPHER_SUITES, ciphers)?;
    Some(())
}

fn one(cursor: &mut Cursor<'_, '_>, record: &Record, state: &mut State) -> Option<()> {
    cursor.mark_cut(RECORD, cursor.left())?;
    let hidden = state.tls13 && record.content == content::APPLICATION_DATA;
    cursor.u8(if hidden { OPAQUE_TYPE } else { CONTENT_TYPE })?;
    cursor.u16(RECORD_VERSION)?;
    cursor.u16(RECORD_LENGTH)?;
    let length = cursor.left();
    // The first record of a hello may name any version.
    if state.version == 0 && record.content != content::HANDSHAKE {
        state.version = record.version;
    }
    match record.content {
        content::CHANGE_CIPHER_SPEC => {
            cursor.mark(CHANGE_CIPHER_SPEC, length)?;
            state.encrypted |= !state.tls13;
        }
        content::ALERT => {
            cursor.mark_cut(ALERT, length)?;
            if length == 2 {
                cursor.u8(ALERT_LEVEL)?;
                cursor.u8(ALERT_DESCRIPTION)?;
            }
        }
        content::HANDSHAKE => handshake(cursor, state)?,
        content::APPLICATION_DATA => {
            cursor.bytes(APP_DATA, length)?;
        }
        _ => {
            cursor.mark(HEARTBEAT, length)?;
        }
    }
    Some(())
}

/// Handshake messages that are whole within the record.
fn handshake(cursor: &mut Cursor<'_, '_>, state: &mut State) -> Option<()> {
    // Encrypted data is longer than the shortest code that protects it; a request to begin anew
    // stands alone. Zeros that look like one are the number that some ciphers begin with.
    let zeros = cursor.peek(4).is_some_and(|head| head == [0; 4]);
    if cursor.left() >= 16 && (state.encrypted || zeros) {
        return cursor.mark_cut(HANDSHAKE, cursor.left());
    }
    while cursor.left() > 0 {
        let whole = message_length(cursor);
        let Some(length) = whole else {
            if state.encrypted {
                cursor.mark_cut(HANDSHAKE, cursor.left())?;
            }
            return Some(());
        };
        let version = cursor.peek(6).map(|head| [head[4], head[5]]);
        // Wireshark looks for the version among the extensions of a server hello first.
        let searched = version.is_none_or(|version| version == [3, 3] && length > 46);
        if cursor.peek_u8() == Some(2) && searched {
            cursor.peek(4 + length)?;
        }
        cursor.mark_cut(HANDSHAKE, 4 + length)?;
        let kind = cursor.u8(HANDSHAKE_TYPE)?;
        cursor.u24(HANDSHAKE_LENGTH)?;
        let mut body = cursor.part(length);
        match kind {
            1 => client_hello(&mut body, state)?,
            2 => server_hello(&mut body, state)?,
            11 if !state.tls13 => certificates(&mut body)?,
            // A message that is not understood to its end hides nothing behind it.
            12 if !state.tls13 => drop(messages::server_key(&mut body)),
            13 if !state.tls13 => drop(messages::certificate_request(&mut body)),
            15 => drop(messages::certificate_verify(&mut body)),
            22 if !state.tls13 => drop(body.u8(STATUS_TYPE)),
            _ => {}
        }
    }
    Some(())
}

/// The length of the next message; `None` when it is encrypted or goes on in the next record.
fn message_length(cursor: &Cursor<'_, '_>) -> Option<usize> {
    let [kind, a, b, c] = *cursor.peek(4)?.first_chunk()?;
    let known = matches!(kind, 0..=6 | 8 | 11..=16 | 20..=25 | 67 | 254);
    let length = super::as_length([a, b, c]);
    (known && 4 + length <= cursor.left()).then_some(length)
}

/// Version, random number and session.
fn hello_head(cursor: &mut Cursor<'_, '_>, state: &State) -> Option<()> {
    cursor.u16(HANDSHAKE_VERSION)?;
    let at = cursor.at;
    cursor.bytes(RANDOM, 32)?;
    if !state.tls13 {
        let mut inner = Cursor {
            bytes: cursor.bytes,
            at,
            end: at + 32,
            sink: cursor.sink,
        };
        let (bytes, range) = inner.take(4)?;
        let seconds = u32::from_be_bytes(*bytes.first_chunk()?);
        let time = Value::Time(i64::from(seconds) * 1_000_000_000);
        inner.sink.put(RANDOM_TIME, range, time);
        inner.bytes(RANDOM_BYTES, 28)?;
    }
    let session = usize::from(cursor.u8(SESSION_ID_LENGTH)?);
    if session > 0 {
        cursor.bytes(SESSION_ID, session)?;
    }
    Some(())
}

fn client_hello(cursor: &mut Cursor<'_, '_>, state: &State) -> Option<()> {
    let start = cursor.at;
    hello_head(cursor, state)?;
    let length = usize::from(cursor.u16(CIPHER_SUITES_LENGTH)?);
    list16(cursor, length, CIPHER_SUITES, CIPHER_SUITE)?;
    let length = usize::from(cursor.u8(COMPRESSION_LENGTH)?);
    list8(cursor, length, COMPRESSIONS, COMPRESSION)?;
    extensions(cursor, true)?;
    messages::fingerprint(cursor, start, true)
}

fn server_hello(cursor: &mut Cursor<'_, '_>, state: &mut State) -> Option<()> {
    if let Some(version) = chosen_version(cursor) {
        state.version = version;
        // Drafts count as TLS 1.3.
        state.tls13 = matches!(version, 0x0304 | 0x7f00..=0x7fff | 0xfb17 | 0xfb1a);
    }
    let start = cursor.at;
    hello_head(cursor, state)?;
    cursor.u16(CIPHER_SUITE)?;
    cursor.u8(COMPRESSION)?;
    extensions(cursor, false)?;
    messages::fingerprint(cursor, start, false)
}

/// The version in a server hello's extension (RFC 8446 §4.2.1), without handing anything over.
fn chosen_version(cursor: &Cursor<'_, '_>) -> Option<u16> {
    let body = cursor.bytes.get(cursor.at..cursor.end)?;
    let number = |at: usize| Some(u16::from_be_bytes(*body.get(at..)?.first_chunk()?));
    let session = usize::from(*body.get(34)?);
    let mut at = 35 + session + 2 + 1 + 2;
    while let (Some(kind), Some(length)) = (number(at), number(at + 2)) {
        if kind == 43 && length == 2 {
            return number(at + 4);
        }
        at += 4 + usize::from(length);
    }
    number(0)
}

fn list16(
    cursor: &mut Cursor<'_, '_>,
    length: usize,
    list: FieldIndex,
    item: FieldIndex,
) -> Option<()> {
    cursor.mark_cut(list, length)?;
    let mut part = cursor.part(length);
    while part.left() >= 2 {
        part.u16(item)?;
    }
    Some(())
}

fn list8(
    cursor: &mut Cursor<'_, '_>,
    length: usize,
    list: FieldIndex,
    item: FieldIndex,
) -> Option<()> {
    cursor.mark_cut(list, length)?;
    let mut part = cursor.part(length);
    while part.left() > 0 {
        part.u8(item)?;
    }
    Some(())
}

fn extensions(cursor: &mut Cursor<'_, '_>, client: bool) -> Option<()> {
    if cursor.left() == 0 {
        return Some(());
    }
    let length = usize::from(cursor.u16(EXTENSIONS_LENGTH)?);
    let mut all = cursor.part(length);
    while all.left() >= 4 {
        // Wireshark shows none that the capture cuts.
        let length = all
            .peek(4)?
            .last_chunk()
            .map_or(0, |l| u16::from_be_bytes(*l));
        if all.left() >= 4 + usize::from(length) {
            all.peek(4 + usize::from(length))?;
        }
        let kind = all.u16(EXTENSION_TYPE)?;
        let length = usize::from(all.u16(EXTENSION_LENGTH)?);
        let mut body = all.part(length);
        // A broken extension does not hide the next one.
        let _ = extension(&mut body, kind, client);
    }
    Some(())
}

fn extension(body: &mut Cursor<'_, '_>, kind: u16, client: bool) -> Option<()> {
    let length = body.left();
    match kind {
        0 if length > 0 => server_names(body)?,
        5 if client => {
            body.u8(STATUS_TYPE)?;
            let responders = usize::from(body.u16(STATUS_RESPONDERS_LENGTH)?);
            body.skip(responders)?;
            body.u16(STATUS_EXTENSIONS_LENGTH)?;
        }
        10 => {
            let length = usize::from(body.u16(GROUPS_LENGTH)?);
            list16(body, length, GROUPS, GROUP)?;
        }
        11 => {
            let length = usize::from(body.u8(POINT_FORMATS_LENGTH)?);
            list8(body, length, POINT_FORMATS, POINT_FORMAT)?;
        }
        13 | 34 | 50 => signatures(body)?,
        16 => {
            let length = usize::from(body.u16(ALPN_LENGTH)?);
            body.mark(ALPN_LIST, length)?;
            while body.left() > 0 {
                let length = usize::from(body.u8(ALPN_NAME_LENGTH)?);
                body.ascii(ALPN_NAME, length)?;
            }
        }
        21 => {
            body.bytes(PADDING, length)?;
        }
        28 => {
            body.u16(RECORD_SIZE_LIMIT)?;
        }
        35 => {
            body.bytes(EXTENSION_DATA, length)?;
        }
        43 if client => {
            body.u8(VERSIONS_LENGTH)?;
            while body.left() >= 2 {
                body.u16(VERSION)?;
            }
        }
        43 => {
            body.u16(VERSION)?;
        }
        45 => {
            let length = body.u8(PSK_MODES_LENGTH)?;
            for _ in 0..length {
                body.u8(PSK_MODE)?;
            }
        }
        51 => key_shares(body, client)?,
        0xff01 => {
            let length = usize::from(body.u8(RENEGOTIATION_LENGTH)?);
            if length > 0 {
                body.bytes(RENEGOTIATION, length)?;
            }
        }
        // These have nothing in them, or something that is left out.
        0
        | 1
        | 5
        | 9
        | 15
        | 17..=20
        | 22
        | 23
        | 27
        | 41
        | 42
        | 44
        | 47..=49
        | 57
        | 13172
        | 17513 => {}
        _ => {
            body.bytes(EXTENSION_DATA, length)?;
        }
    }
    Some(())
}

fn server_names(body: &mut Cursor<'_, '_>) -> Option<()> {
    let length = usize::from(body.u16(SERVER_NAME_LIST_LENGTH)?);
    let mut list = body.part(length);
    while list.left() > 0 {
        list.u8(SERVER_NAME_TYPE)?;
        let length = usize::from(list.u16(SERVER_NAME_LENGTH)?);
        list.ascii(SERVER_NAME, length)?;
    }
    Some(())
}

pub(super) fn signatures(body: &mut Cursor<'_, '_>) -> Option<()> {
    let length = usize::from(body.u16(SIGNATURES_LENGTH)?);
    body.mark(SIGNATURES, length)?;
    let mut list = body.part(length);
    while list.left() >= 2 {
        signature(&mut list)?;
    }
    Some(())
}

/// A signature algorithm, whole and in its older parts.
pub(super) fn signature(cursor: &mut Cursor<'_, '_>) -> Option<()> {
    let at = cursor.at;
    let [hash, key] = cursor.u16(SIGNATURE)?.to_be_bytes();
    cursor.sink.unsigned(SIGNATURE_HASH, at..at + 1, hash);
    cursor.sink.unsigned(SIGNATURE_KEY, at + 1..at + 2, key);
    Some(())
}

fn key_shares(body: &mut Cursor<'_, '_>, client: bool) -> Option<()> {
    if client {
        body.u16(KEY_SHARE_LENGTH)?;
    } else if body.left() == 2 {
        body.u16(KEY_SHARE_SELECTED)?;
        return Some(());
    }
    while body.left() > 0 {
        body.u16(KEY_SHARE_GROUP)?;
        let length = usize::from(body.u16(KEY_SHARE_KEY_LENGTH)?);
        body.bytes(KEY_SHARE_KEY, length)?;
    }
    Some(())
}

fn certificates(body: &mut Cursor<'_, '_>) -> Option<()> {
    body.u24(CERTIFICATES_LENGTH)?;
    let length = body.left();
    body.mark_cut(CERTIFICATES, length)?;
    while body.left() > 0 {
        let length = usize::try_from(body.u24(CERTIFICATE_LENGTH)?).ok()?;
        let at = body.at;
        let one = body.bytes(CERTIFICATE, length)?;
        certificate::emit(one, at, body.sink);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::field::Wanted;
    use crate::dissect::tls::FIELDS;

    fn told(bytes: &[u8], state: &mut State) -> Vec<(&'static str, Value<'static>)> {
        let view = View {
            bytes,
            reported: bytes.len(),
            quoted: false,
        };
        let mut sink = Sink::new(Wanted::ALL);
        emit(&view, state, &mut sink);
        let found = sink.found.into_iter().filter_map(|found| {
            let name = FIELDS[usize::from(found.index.0)].name;
            match found.value {
                Value::Unsigned(n) => Some((name, Value::Unsigned(n))),
                _ => None,
            }
        });
        found.collect()
    }

    #[test]
    fn after_a_hello_of_tls_13_data_is_of_opaque_type() {
        let mut hello = vec![22, 3, 3, 0, 50, 2, 0, 0, 46, 3, 3];
        hello.extend([0; 32]);
        hello.extend([0, 0x13, 1, 0, 0, 6, 0, 43, 0, 2, 3, 4]);
        let mut state = State::default();
        let first = told(&hello, &mut state);
        assert!(first.contains(&("tls.record.content_type", Value::Unsigned(22))));
        assert!(state.tls13);
        let data = told(&[23, 3, 3, 0, 1, 9], &mut state);
        assert_eq!(data[0], ("tls.record.opaque_type", Value::Unsigned(23)));
    }

    #[test]
    fn an_encrypted_handshake_message_has_no_type() {
        let mut finished = vec![22, 3, 3, 0, 40];
        finished.extend([0; 40]);
        let types = |found: &[(&str, Value<'_>)]| {
            found.iter().filter(|f| f.0 == "tls.handshake.type").count()
        };
        // Zeros are no request to begin anew, also when its beginning was not seen.
        assert_eq!(types(&told(&finished, &mut State::default())), 0);
        let request = [22, 3, 3, 0, 4, 0, 0, 0, 0];
        assert_eq!(types(&told(&request, &mut State::default())), 1);
        finished[5] = 20;
        finished[8] = 12;
        let mut encrypted = State {
            encrypted: true,
            ..State::default()
        };
        assert_eq!(types(&told(&finished, &mut encrypted)), 0);
    }

    #[test]
    fn a_hello_of_ssl_2_tells_its_versions() {
        let mut hello = vec![0x80, 12 + 16, 1, 3, 1, 0, 3, 0, 0, 0, 16, 0, 0, 5];
        hello.extend([7; 16]);
        let found = told(&hello, &mut State::default());
        assert_eq!(
            found,
            [
                ("tls.record.version", Value::Unsigned(2)),
                ("tls.record.length", Value::Unsigned(28)),
                ("tls.handshake.type", Value::Unsigned(1)),
                ("tls.handshake.version", Value::Unsigned(0x0301)),
                ("tls.handshake.session_id_length", Value::Unsigned(0)),
            ]
        );
    }
}
