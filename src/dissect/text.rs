//! Text as Wireshark reads it from a packet: which bytes count, and what stands for the others.
//!
//! None of this makes text safe to print; that is `render`'s.

use std::borrow::Cow;
use std::fmt::Write;

/// Stands for bytes that are not text in the encoding at hand.
const REPLACEMENT: char = '\u{fffd}';

/// ASCII text: ends at a zero byte; each byte above 127 becomes a replacement character.
pub fn ascii(bytes: &[u8]) -> Cow<'_, [u8]> {
    let text = until_zero(bytes);
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let replaced: String = text
        .iter()
        .map(|&b| {
            if b.is_ascii() {
                char::from(b)
            } else {
                REPLACEMENT
            }
        })
        .collect();
    Cow::Owned(replaced.into_bytes())
}

/// UTF-8 text: ends at a zero byte; what is not UTF-8 becomes replacement characters.
pub fn utf8(bytes: &[u8]) -> Cow<'_, [u8]> {
    match String::from_utf8_lossy(until_zero(bytes)) {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

/// The bytes before the first zero.
pub fn until_zero(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    bytes.get(..end).unwrap_or(bytes)
}

/// Text with its unprintable characters spelled out, as Wireshark shows names: `\n`, `\001`,
/// `\u202E`. Backslashes that were there before stay as they are.
pub fn spelled(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, after)) = rest.split_first() {
        if first.is_ascii() {
            spell_ascii(&mut out, first);
            rest = after;
        } else {
            let (character, length) = decode(rest);
            spell_character(&mut out, character);
            rest = rest.get(length..).unwrap_or_default();
        }
    }
    out
}

fn spell_ascii(out: &mut String, byte: u8) {
    match byte {
        0x20..=0x7e => out.push(char::from(byte)),
        0x07 => out.push_str("\\a"),
        0x08 => out.push_str("\\b"),
        0x09 => out.push_str("\\t"),
        0x0a => out.push_str("\\n"),
        0x0b => out.push_str("\\v"),
        0x0c => out.push_str("\\f"),
        0x0d => out.push_str("\\r"),
        _ => {
            let _ = write!(out, "\\{byte:03o}");
        }
    }
}

fn spell_character(out: &mut String, character: char) {
    let code = u32::from(character);
    if !unprintable(code) {
        out.push(character);
    } else if code <= 0xffff {
        let _ = write!(out, "\\u{code:04X}");
    } else {
        let _ = write!(out, "\\U{code:08X}");
    }
}

/// Control, format and non-characters; unassigned ones are not told apart.
fn unprintable(code: u32) -> bool {
    matches!(
        code,
        0..=0x1f
            | 0x7f..=0x9f
            | 0xad
            | 0x600..=0x605
            | 0x61c
            | 0x6dd
            | 0x70f
            | 0x8e2
            | 0x180e
            | 0x200b..=0x200f
            | 0x2028..=0x202e
            | 0x2060..=0x206f
            | 0xfdd0..=0xfdef
            | 0xfeff
            | 0xfff9..=0xfffb
            | 0xe0001
            | 0xe0020..=0xe007f
    ) || code & 0xfffe == 0xfffe
}

/// One character above 127 and the bytes it took; a broken one is a replacement character.
fn decode(bytes: &[u8]) -> (char, usize) {
    let first = bytes.first().copied().unwrap_or_default();
    let (wanted, bits) = match first {
        0xc0..=0xdf => (1, first & 0x1f),
        0xe0..=0xef => (2, first & 0x0f),
        0xf0..=0xf7 => (3, first & 0x07),
        _ => return (REPLACEMENT, 1),
    };
    let mut code = u32::from(bits);
    let mut length = 1;
    while length <= wanted {
        match bytes.get(length) {
            Some(&next) if next & 0xc0 == 0x80 => code = code << 6 | u32::from(next & 0x3f),
            _ => return (REPLACEMENT, length),
        }
        length += 1;
    }
    (char::from_u32(code).unwrap_or(REPLACEMENT), length)
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// Bytes as hexadecimal digits in pairs, colons between them: a hardware address.
pub fn colons(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().map(|b| format!("{b:02x}")).collect();
    pairs.join(":")
}

/// A moment as Wireshark writes it: `Mar  2, 2023 12:00:00.000000000 UTC`.
pub fn moment(seconds: i64) -> String {
    match jiff::Timestamp::from_second(seconds) {
        Ok(time) => time
            .strftime("%b %e, %Y %H:%M:%S.000000000 UTC")
            .to_string(),
        Err(_) => "Not representable".into(),
    }
}

/// A moment in seconds since 1900 (RFC 5905), the first half of which is taken for the era that
/// begins in 2036.
pub fn network_time(seconds: u32) -> String {
    const UNIX: i64 = 2_208_988_800;
    let era = if seconds < 1 << 31 { 1 << 32 } else { 0 };
    moment(i64::from(seconds) + era - UNIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_ends_at_zero_and_replaces_high_bytes() {
        assert_eq!(&*ascii(b"host\0rest"), b"host");
        assert_eq!(&*ascii(b"caf\xe9"), "caf\u{fffd}".as_bytes());
    }

    #[test]
    fn names_are_spelled_as_wireshark_spells_them() {
        assert_eq!(spelled(b"a\x01\x07\x7f\\"), "a\\001\\a\\177\\");
        assert_eq!(
            spelled("\u{202e}é\u{10ffff}".as_bytes()),
            "\\u202Eé\\U0010FFFF"
        );
        assert_eq!(spelled(b"<\xed\xa0\x80\xe2\x28>"), "<\u{fffd}\u{fffd}(>");
    }
}
