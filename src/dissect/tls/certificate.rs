//! Names and times in a certificate (RFC 5280 §4.1), and the algorithms of the time stamps that its
//! logs signed (RFC 6962 §3.3). The rest of it is skipped by its lengths.

use super::fields::*;
use crate::dissect::field::{FieldIndex, Sink, Value};
use crate::dissect::text;

/// Deepest nesting that is followed; certificates have about ten levels.
const DEEPEST: u8 = 24;

/// Identifiers of the extensions that are read: other names of the subject, signed time stamps.
const ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 0x11];
const TIME_STAMPS: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x04, 0x02];

/// Hands over what the certificate at `at` says.
pub(super) fn emit<'a>(bytes: &'a [u8], at: usize, sink: &mut Sink<'a>) {
    const ASKED: [FieldIndex; 6] = [
        PRINTABLE,
        UTF8,
        DNS_NAME,
        UTC_TIME,
        SIGNATURE,
        SIGNATURE_HASH,
    ];
    if ASKED.iter().any(|field| sink.wants(*field)) || sink.wants(SIGNATURE_KEY) {
        let mut extension = None;
        walk(bytes, at, 0, &mut extension, sink);
    }
}

/// One element: its tag, where its content begins and the content.
pub(super) fn element(bytes: &[u8]) -> Option<(u8, usize, &[u8])> {
    let (tag, first) = (*bytes.first()?, *bytes.get(1)?);
    let (start, length) = match first {
        0..=0x7f => (2, usize::from(first)),
        0x81..=0x83 => {
            let count = usize::from(first & 0x7f);
            let digits = bytes.get(2..2 + count)?;
            let length = digits.iter().fold(0, |n, b| n << 8 | usize::from(*b));
            (2 + count, length)
        }
        _ => return None,
    };
    Some((tag, start, bytes.get(start..start.checked_add(length)?)?))
}

/// Walks elements that follow each other; `extension` is the identifier read last.
fn walk<'a>(
    bytes: &'a [u8],
    at: usize,
    depth: u8,
    extension: &mut Option<&'a [u8]>,
    sink: &mut Sink<'a>,
) {
    let mut done = 0;
    while let Some((tag, start, content)) = bytes.get(done..).and_then(element) {
        let from = at + done + start;
        let range = from..from + content.len();
        let put = |sink: &mut Sink<'a>, index, value| {
            sink.put(index, range.clone(), Value::Text(value));
        };
        match tag {
            0x06 => *extension = Some(content),
            0x0c => put(sink, UTF8, text::utf8(content)),
            0x13 => put(sink, PRINTABLE, text::ascii(content)),
            0x17 => put(sink, UTC_TIME, moment(content).into_bytes().into()),
            // An extension's content is wrapped in bytes.
            0x04 if *extension == Some(ALTERNATIVE_NAME) => names(content, from, sink),
            0x04 if *extension == Some(TIME_STAMPS) => time_stamps(content, from, sink),
            0x30 | 0x31 | 0xa0..=0xa3 if depth < DEEPEST => {
                walk(content, from, depth + 1, extension, sink);
            }
            _ => {}
        }
        done += start + content.len();
    }
}

/// The list of a subject's other names; tag 2 is a host.
fn names<'a>(bytes: &'a [u8], at: usize, sink: &mut Sink<'a>) {
    let Some((0x30, start, list)) = element(bytes) else {
        return;
    };
    let mut done = 0;
    while let Some((tag, begin, name)) = list.get(done..).and_then(element) {
        if tag == 0x82 {
            let from = at + start + done + begin;
            let range = from..from + name.len();
            sink.put(DNS_NAME, range, Value::Text(text::ascii(name)));
        }
        done += begin + name.len();
    }
}

/// The list of signed time stamps: of each only the algorithm of its signature.
fn time_stamps<'a>(bytes: &'a [u8], at: usize, sink: &mut Sink<'a>) {
    let Some((0x04, start, list)) = element(bytes) else {
        return;
    };
    let number = |at: usize| {
        let bytes = list.get(at..)?.first_chunk::<2>()?;
        Some(usize::from(u16::from_be_bytes(*bytes)))
    };
    let mut done = 2;
    while let Some(length) = number(done) {
        // Version, log, time, extensions.
        let algorithm = number(done + 43).map(|extensions| done + 45 + extensions);
        if let Some(place) = algorithm
            && let Some([hash, key]) = list.get(place..).and_then(|rest| rest.first_chunk())
        {
            let from = at + start + place;
            sink.unsigned(SIGNATURE, from..from + 2, u16::from_be_bytes([*hash, *key]));
            sink.unsigned(SIGNATURE_HASH, from..from + 1, *hash);
            sink.unsigned(SIGNATURE_KEY, from + 1..from + 2, *key);
        }
        done += 2 + length;
    }
}

/// `230501120000Z` as Wireshark writes it: `2023-05-01 12:00:00 (UTC)`.
fn moment(content: &[u8]) -> String {
    let text = String::from_utf8_lossy(content);
    let pair = |at: usize| text.get(at..at + 2).unwrap_or("??");
    let shape = content.len() == 13 && content[..12].iter().all(u8::is_ascii_digit);
    if !shape || content.last() != Some(&b'Z') {
        return text.into_owned();
    }
    let century = if pair(0) < "50" { "20" } else { "19" };
    let (day, time) = (
        format!("{century}{}-{}-{}", pair(0), pair(2), pair(4)),
        format!("{}:{}:{}", pair(6), pair(8), pair(10)),
    );
    format!("{day} {time} (UTC)")
}
