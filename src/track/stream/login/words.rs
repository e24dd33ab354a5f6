//! The words of a line in which somebody logs in.

use super::LONGEST_NAME;
use crate::dissect::http::basic_credentials;

/// Base64, as Basic authentication has it.
pub(super) fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    basic_credentials(&[b"Basic ", text].concat()).filter(|plain| !plain.is_empty())
}

/// What was typed, without what was taken back.
pub(super) fn corrected(typed: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(typed.len());
    for byte in typed {
        match byte {
            0x08 | 0x7f => drop(text.pop()),
            byte => text.push(*byte),
        }
    }
    text
}

/// The words of a line; in IMAP one in quotes may have blanks in it.
pub(super) struct Words<'a> {
    pub(super) rest: &'a [u8],
    pub(super) quoted: bool,
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let begin = self.rest.iter().position(|b| *b != b' ')?;
        let rest = &self.rest[begin..];
        let mut inside = false;
        let mut escaped = false;
        let end = rest.iter().position(|byte| {
            let ends = *byte == b' ' && !inside;
            inside ^= self.quoted && *byte == b'"' && !escaped;
            escaped = inside && *byte == b'\\' && !escaped;
            ends
        });
        let (word, rest) = rest.split_at(end.unwrap_or(rest.len()));
        self.rest = rest;
        Some(word)
    }
}

/// A word without its quotes.
pub(super) fn unquoted(word: &[u8]) -> &[u8] {
    let inner = word.strip_prefix(b"\"");
    inner.map_or(word, |w| w.strip_suffix(b"\"").unwrap_or(w))
}

/// A name as it is told.
pub(super) fn shown(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name);
    name.trim().chars().take(LONGEST_NAME).collect()
}
