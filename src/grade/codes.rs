//! Numbers that stand for names, such as those of protocols: alone, and beside a name.

use super::claim::{Claim, Claimed};
use super::names::Mention;
use super::piece::Piece;
use super::token::{Kind, Token, Unit, hedged};
use crate::handout::format::{Names, Part};
use crate::handout::names::table;
use regex::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// A number that stands for a name.
pub fn number(part: &Part, pieces: &mut [Piece<'_>]) -> Option<Claim> {
    let Some(Names::Known(name)) = &part.names else {
        return None;
    };
    let entries = table(name)?;
    for piece in pieces.iter_mut() {
        for t in 0..piece.tokens.len() {
            let token = &piece.tokens[t];
            let Kind::Number(n) = token.kind else {
                continue;
            };
            if token.frame || token.unit != Unit::None || piece.used[t] {
                continue;
            }
            // `0806` is written as a type is, in hexadecimal.
            let written = &piece.text[token.span.clone()];
            let hex = (written.len() == 4 && written.starts_with('0'))
                .then(|| i128::from_str_radix(written, 16).ok())
                .flatten();
            let n = hex.unwrap_or(n);
            let Some(entry) = entries.iter().find(|e| i128::from(e.0) == n) else {
                continue;
            };
            let text = piece.quote(token.span.start);
            let conflict = protocol_beside(piece, &token.span);
            piece.used[t] = true;
            return Some(Claim {
                value: Claimed::Name(entry.1.to_owned()),
                hedged: hedged(&text),
                conflict,
                text,
                ..Claim::default()
            });
        }
    }
    None
}

/// Names of protocols.
pub static PROTOCOLS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(?:https?|dns|dhcp|tls|ssl|ssh|ftp|smtp|ntp|ethernet|tcp|udp|icmp|igmp|arp|ip|ipv4|ipv6|rst|fin|syn)\b")
        .expect("the pattern is right")
});

/// A protocol just beside a number that stands for another name: `0x0800 TCP`. The part knows no name
/// in the text, or the number would not have been read.
fn protocol_beside(piece: &Piece<'_>, number: &Range<usize>) -> Option<String> {
    let lower = &piece.lower;
    let found = PROTOCOLS.find_iter(lower).find(|m| {
        let gap = lower
            .get(number.end..m.start())
            .or(lower.get(m.end()..number.start));
        gap.is_some_and(|gap| !gap.contains(char::is_alphanumeric))
    });
    found.map(|m| m.as_str().to_uppercase())
}

/// The name that a number just beside a name stands for, where it is another one: `IPv4 0x86dd`.
pub fn other_code(part: &Part, first: &Mention, piece: &Piece<'_>) -> Option<String> {
    let Some(Names::Known(name)) = &part.names else {
        return None;
    };
    let joined = |from: usize, to: usize| {
        let gap = piece.lower.get(from..to);
        gap.is_some_and(|gap| !gap.contains(|c: char| c.is_alphanumeric() || c == '.'))
    };
    let beside = |t: &&Token| {
        let near = joined(first.span.end, t.span.start) || joined(t.span.end, first.span.start);
        near && t.hex && !t.frame
    };
    let tokens = piece.tokens.iter();
    let dropped = piece.dropped.iter();
    let mut codes = tokens.zip(dropped).filter(|(_, dropped)| !**dropped);
    codes.find_map(|(token, _)| {
        let Kind::Number(n) = token.kind else {
            return None;
        };
        let found = table(name)?.iter().find(|e| i128::from(e.0) == n)?;
        let other = beside(&token) && !found.1.eq_ignore_ascii_case(&first.value);
        other.then(|| found.1.to_owned())
    })
}
