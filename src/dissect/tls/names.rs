//! Names that Wireshark gives to parts of certificates and of what answers for them (RFC 5280,
//! RFC 6960): each attribute, extension and qualifier is read by whoever knows its identifier.

use super::{RECORD_HEADER, Record, State, content};

/// Deepest nesting that is followed.
const DEEPEST: u8 = 24;

/// The names of what the handshake messages in these records carry.
pub fn carried(bytes: &[u8], state: &State) -> Vec<&'static str> {
    let mut names = Vec::new();
    if state.encrypted || state.tls13 {
        return names;
    }
    let mut handshake = Vec::new();
    let mut at = 0;
    while let Some(record) = bytes.get(at..).and_then(Record::parse) {
        let end = at + RECORD_HEADER + record.length;
        let Some(body) = bytes.get(at + RECORD_HEADER..end) else {
            break;
        };
        match record.content {
            content::HANDSHAKE => handshake.extend_from_slice(body),
            content::CHANGE_CIPHER_SPEC => break,
            _ => {}
        }
        at = end;
    }
    messages(&handshake, &mut names);
    names
}

fn messages(bytes: &[u8], names: &mut Vec<&'static str>) {
    let mut rest = bytes;
    while let Some([kind, a, b, c]) = rest.first_chunk() {
        let length = super::as_length([*a, *b, *c]);
        let Some(body) = rest.get(4..4 + length) else {
            return;
        };
        match kind {
            11 => list::<3>(body.get(3..), names),
            // Names of authorities, behind kinds of certificates and maybe algorithms.
            13 => authorities(body, names),
            22 => elements(body.get(4..).unwrap_or_default(), 0, names),
            _ => {}
        }
        rest = &rest[4 + length..];
    }
}

/// Pieces, each behind a length of `N` bytes.
fn list<const N: usize>(bytes: Option<&[u8]>, names: &mut Vec<&'static str>) {
    let mut rest = bytes.unwrap_or_default();
    while let Some(digits) = rest.first_chunk::<N>() {
        let length = digits.iter().fold(0, |n, b| n << 8 | usize::from(*b));
        let Some(piece) = rest.get(N..N + length) else {
            return;
        };
        elements(piece, 0, names);
        rest = &rest[N + length..];
    }
}

fn authorities(body: &[u8], names: &mut Vec<&'static str>) {
    let number = |at: usize| {
        let bytes = body.get(at..)?.first_chunk::<2>()?;
        Some(usize::from(u16::from_be_bytes(*bytes)))
    };
    let after = 1 + usize::from(body.first().copied().unwrap_or(0));
    let Some(first) = number(after) else { return };
    // Before TLS 1.2 there are no algorithms.
    let start = match after + 2 + first == body.len() {
        true => after + 2,
        false => after + 4 + first,
    };
    list::<2>(body.get(start..), names);
}

/// The names of what is in elements of ASN.1 that follow each other.
pub fn elements(bytes: &[u8], depth: u8, names: &mut Vec<&'static str>) {
    let mut rest = bytes;
    while let Some((tag, start, content)) = super::certificate::element(rest) {
        if tag & 0x20 != 0 && depth < DEEPEST {
            match tag {
                0x30 => sequence(content, depth, names),
                _ => elements(content, depth + 1, names),
            }
        }
        rest = &rest[start + content.len()..];
    }
}

/// A sequence that begins with an identifier and goes on is read by whoever knows that.
fn sequence(content: &[u8], depth: u8, names: &mut Vec<&'static str>) {
    let first = super::certificate::element(content).filter(|(tag, ..)| *tag == 0x06);
    let Some((_, start, identifier)) = first else {
        return elements(content, depth + 1, names);
    };
    let mut rest = &content[start + identifier.len()..];
    let name = reader(identifier).filter(|_| !rest.is_empty());
    names.extend(name);
    // The value of an extension is wrapped in bytes, behind a mark that it is critical.
    if let Some((0x01, start, mark)) = super::certificate::element(rest) {
        rest = &rest[start + mark.len()..];
    }
    match super::certificate::element(rest) {
        Some((0x04, _, wrapped)) if name.is_some() => elements(wrapped, depth + 1, names),
        _ => elements(rest, depth + 1, names),
    }
}

/// Who reads what this identifier names.
fn reader(identifier: &[u8]) -> Option<&'static str> {
    let numbers = |list: &[u8], n: &u8| list.contains(n);
    Some(match identifier {
        // Attributes of a directory: names of people and places.
        [0x55, 0x04, n] if numbers(&[1, 31, 32, 33, 34, 49], n) => "x509if",
        [0x55, 0x04, n] if numbers(&[36, 37, 38, 39, 40, 53, 58], n) => "x509af",
        [0x55, 0x04, _] => "x509sat",
        // dc, uid and other attributes of RFC 4519, an address of mail, an office's place.
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 25]
        | [
            0x2a,
            0x86,
            0x48,
            0x86,
            0xf7,
            0x0d,
            1,
            9,
            1 | 7 | 8 | 13 | 20 | 21,
        ]
        | [0x2b, 6, 1, 4, 1, 0x82, 0x37, 60, 2, 1, 1..=3]
        | [0x2b, 6, 1, 4, 1, 0x82, 0x37, 20, 2]
        | [0x2b, 6, 1, 4, 1, 0x82, 0x37, 21, 1..=4] => "x509sat",
        [0x55, 0x1d, n] if EXTENSIONS.contains(n) => "x509ce",
        [0x2b, 6, 1, 4, 1, 0x82, 0x37, 21, 7 | 10] => "x509ce",
        [0x2a, 0x86, 0x48, 0x86, 0xf6, 0x7d, 7, 0x41, 0] => "x509ce",
        // Where to ask and whom to trust (RFC 5280 §4.2.2 and §4.2.1.4).
        [0x2b, 6, 1, 5, 5, 7, 1, 1] | [0x2b, 6, 1, 5, 5, 7, 2, 2] => "pkix1implicit",
        [0x2b, 6, 1, 5, 5, 7, 1, 7 | 8 | 24] | [0x2b, 6, 1, 5, 5, 7, 2, 1] => "pkix1explicit",
        [0x2b, 6, 1, 5, 5, 7, 1, 2 | 3] => "pkixqualified",
        [0x2b, 6, 1, 5, 5, 7, 1, 12] => "logotypecertextn",
        // The answer of a responder, and its number against replay.
        [0x2b, 6, 1, 5, 5, 7, 48, 1, 1..=7] => "ocsp",
        // Time stamps of logs (RFC 6962 §3.3).
        [0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 2 | 5] => "tls",
        [0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x42, 1, 1..=13] => "ns_cert_exts",
        // Keys on a curve.
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1] => "pkcs-1",
        _ => return None,
    })
}

/// Last numbers of the extensions under 2.5.29.
const EXTENSIONS: &[u8] = &[
    3, 9, 14, 15, 16, 17, 18, 19, 20, 21, 23, 27, 28, 29, 30, 31, 32, 33, 35, 36, 37, 40, 44, 45,
    46, 47, 53, 54, 58, 59, 60, 61,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u8::try_from(content.len()).expect("a short element");
        [&[tag, length], content].concat()
    }

    #[test]
    fn attributes_and_extensions_are_read_by_who_knows_them() {
        let name = element(0x30, &[6, 3, 0x55, 4, 3, 0x13, 1, b'x']);
        let names = element(0x30, &element(0x31, &name));
        // A host's other name is a directory name here: inside bytes, inside a tag of its own.
        let other = element(0x30, &element(0xa4, &names));
        let extension = [&[6, 3, 0x55, 0x1d, 17][..], &element(0x04, &other)].concat();
        // An identifier that nobody knows, and one that stands alone.
        let unknown = element(0x30, &[6, 2, 0x2a, 3, 0x05, 0]);
        let usage = element(0x30, &[6, 3, 0x55, 4, 3]);
        let all = [names, element(0x30, &extension), unknown, usage].concat();
        let mut found = Vec::new();
        elements(&all, 0, &mut found);
        assert_eq!(found, ["x509sat", "x509ce", "x509sat"]);
        for end in 0..all.len() {
            elements(&all[..end], 0, &mut Vec::new());
        }
    }
}
