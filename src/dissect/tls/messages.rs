//! Handshake messages after the hellos, and the fingerprints of hellos.

use super::emit::{signature, signatures};
use super::fields::*;
use super::is_grease;
use crate::dissect::cursor::Cursor;
use crate::dissect::field::FieldIndex;
use md5::{Digest, Md5};
use std::fmt::Write as _;

/// The server's half of a key exchange (RFC 8422 §5.4, RFC 5246 §7.4.3). Which kind it is depends on
/// the cipher; here its lengths tell, which must fit to the last byte.
pub(super) fn server_key(body: &mut Cursor<'_, '_>) -> Option<()> {
    let all = body.peek(body.left())?;
    if let [3, _, _, length, ..] = all
        && let Some(rest) = all.get(4 + usize::from(*length)..)
        && signed(rest)
    {
        body.u8(CURVE_TYPE)?;
        body.u16(NAMED_CURVE)?;
        let length = usize::from(body.u8(POINT_LENGTH)?);
        body.bytes(POINT, length)?;
        return signed_parts(body, rest);
    }
    // Three numbers of a Diffie-Hellman exchange, each behind its length.
    let mut at = 0;
    for _ in 0..3 {
        let length = u16::from_be_bytes(*all.get(at..)?.first_chunk()?);
        at += 2 + usize::from(length);
    }
    let rest = all.get(at..).filter(|rest| signed(rest))?;
    body.skip(at)?;
    signed_parts(body, rest)
}

/// Whether this is a signature with its length, or with algorithm and length.
fn signed(rest: &[u8]) -> bool {
    let number = |at: usize| {
        let bytes = rest.get(at..)?.first_chunk::<2>()?;
        Some(usize::from(u16::from_be_bytes(*bytes)))
    };
    number(2).is_some_and(|length| length + 4 == rest.len())
        || number(0).is_some_and(|length| length + 2 == rest.len())
}

fn signed_parts(body: &mut Cursor<'_, '_>, rest: &[u8]) -> Option<()> {
    let old = rest
        .first_chunk()
        .map(|b| usize::from(u16::from_be_bytes(*b)) + 2);
    if old != Some(rest.len()) {
        signature(body)?;
    }
    let length = usize::from(body.u16(SIGNATURE_LENGTH)?);
    body.bytes(SIGNATURE_BYTES, length)?;
    Some(())
}

/// The server asks for the client's certificate (RFC 5246 §7.4.4).
pub(super) fn certificate_request(body: &mut Cursor<'_, '_>) -> Option<()> {
    let kinds = usize::from(*body.peek(1)?.first()?);
    body.skip(1 + kinds)?;
    let listed = usize::from(body.peek_u16()?);
    // Before TLS 1.2 the names of authorities come at once.
    if listed + 2 < body.left() {
        signatures(body)?;
        body.skip(listed)?;
    }
    Some(())
}

/// The client proves that a certificate is its own.
pub(super) fn certificate_verify(body: &mut Cursor<'_, '_>) -> Option<()> {
    let all = body.peek(body.left())?;
    signed(all).then(|| signed_parts(body, all))?
}

/// The fingerprint of the hello that begins at `start`: version, ciphers, extensions and, of a
/// client, groups and point formats, without the values that mean nothing (RFC 8701).
pub(super) fn fingerprint(cursor: &mut Cursor<'_, '_>, start: usize, client: bool) -> Option<()> {
    let (full, short) = match client {
        true => (JA3_FULL, JA3),
        false => (JA3S_FULL, JA3S),
    };
    if !cursor.sink.wants(full) && !cursor.sink.wants(short) {
        return Some(());
    }
    let hello = cursor
        .bytes
        .get(start..cursor.end.min(cursor.bytes.len()))?;
    let line = line(hello, client)?;
    let mut sum = String::with_capacity(32);
    for byte in Md5::digest(line.as_bytes()) {
        let _ = write!(sum, "{byte:02x}");
    }
    put(cursor, full, line);
    put(cursor, short, sum);
    Some(())
}

fn put(cursor: &mut Cursor<'_, '_>, index: FieldIndex, text: String) {
    cursor.sink.owned_text(index, 0..0, text);
}

fn line(hello: &[u8], client: bool) -> Option<String> {
    let number = |at: usize| {
        let bytes = hello.get(at..)?.first_chunk::<2>()?;
        Some(u16::from_be_bytes(*bytes))
    };
    let mut out = format!("{},", number(0)?);
    let mut at = 35 + usize::from(*hello.get(34)?);
    if client {
        let length = usize::from(number(at)?);
        list(&mut out, hello.get(at + 2..at + 2 + length)?);
        at += 2 + length;
        at += 1 + usize::from(*hello.get(at)?);
    } else {
        let _ = write!(out, "{}", number(at)?);
        at += 3;
    }
    out.push(',');
    let (mut kinds, mut groups, mut points) = (Vec::new(), Vec::new(), Vec::new());
    let end = at + 2 + usize::from(number(at).unwrap_or(0));
    at += 2;
    while at + 4 <= end.min(hello.len()) {
        let (kind, length) = (number(at)?, usize::from(number(at + 2)?));
        let data = hello.get(at + 4..at + 4 + length)?;
        kinds.extend(kind.to_be_bytes());
        match kind {
            10 => groups = data.get(2..).unwrap_or_default().to_vec(),
            11 => points = data.get(1..).unwrap_or_default().to_vec(),
            _ => {}
        }
        at += 4 + length;
    }
    list(&mut out, &kinds);
    if client {
        out.push(',');
        list(&mut out, &groups);
        out.push(',');
        let points: Vec<String> = points.iter().map(u8::to_string).collect();
        out.push_str(&points.join("-"));
    }
    Some(out)
}

/// Numbers of two bytes with dashes between them.
fn list(out: &mut String, bytes: &[u8]) {
    let mut first = true;
    for pair in bytes.chunks_exact(2) {
        let value = u16::from_be_bytes([pair[0], pair[1]]);
        if !is_grease(value) {
            if !first {
                out.push('-');
            }
            first = false;
            let _ = write!(out, "{value}");
        }
    }
}
