//! Numbers that stand for names, such as those of protocols: alone, and beside a name.

use super::claim::{Claim, Claimed};
use super::names::Mention;
use super::piece::{Piece, find_label, within};
use super::token::{Kind, Token, Unit, hedged};
use super::{flags, none, services};
use crate::handout::format::{Names, Part};
use crate::handout::names::table;
use regex::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// A number that stands for a name.
pub fn number(part: &Part, pieces: &mut [Piece<'_>]) -> Option<Claim> {
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
            let alone = piece.text.trim() == written;
            let Some(name) = name_of(part, n, alone) else {
                continue;
            };
            let text = piece.quote(token.span.start);
            let conflict = protocol_beside(piece, &token.span);
            piece.used[t] = true;
            return Some(Claim {
                value: Claimed::Name(name),
                hedged: hedged(&text),
                conflict,
                text,
                ..Claim::default()
            });
        }
    }
    None
}

/// What a number stands for among the names of a part. Where a handout numbers them all, a number alone
/// that has no name is another one.
fn name_of(part: &Part, n: i128, alone: bool) -> Option<String> {
    match part.names.as_ref()? {
        Names::Known(name) => {
            let entry = table(name)?.iter().find(|e| i128::from(e.0) == n)?;
            Some(entry.1.to_owned())
        }
        Names::Own(own) => {
            let key = own.keys().find(|key| code(key) == Some(n));
            let numbered = own.keys().all(|key| code(key).is_some());
            key.cloned().or((alone && numbered).then(|| n.to_string()))
        }
    }
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

/// The numbers that a part's names stand for, and these names.
pub fn codes(part: &Part) -> Vec<(i128, String)> {
    match &part.names {
        Some(Names::Known(name)) => {
            let entries = table(name).into_iter().flatten();
            let all = entries.flat_map(|(n, short, others)| {
                let names = std::iter::once(short).chain(others.iter());
                names.map(|name| (i128::from(*n), (*name).to_owned()))
            });
            all.collect()
        }
        Some(Names::Own(own)) => {
            let numbered = own.iter().filter_map(|(n, names)| Some((code(n)?, names)));
            let all = numbered.flat_map(|(n, names)| {
                let names = names.as_array().into_iter().flatten();
                let names = names.filter_map(|name| name.as_str());
                names.map(move |name| (n, name.to_owned()))
            });
            all.collect()
        }
        None => Vec::new(),
    }
}

/// The number of a value that a part has a name for.
pub fn code_of(part: &Part, value: &str) -> Option<i128> {
    let known = codes(part).into_iter();
    let mut known = known.filter(|(_, name)| name.eq_ignore_ascii_case(value));
    let own = matches!(part.names, Some(Names::Own(_)));
    known
        .next()
        .map(|(n, _)| n)
        .or_else(|| code(value).filter(|_| own))
}

/// A number as a handout writes it: `200`, `0x0800`.
fn code(text: &str) -> Option<i128> {
    match text.strip_prefix("0x") {
        Some(digits) => i128::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// Whether what stands between a name and a number says that the one is the other: `TCP (6)`, `TCP = 6`.
fn joins(gap: &str) -> bool {
    matches!(gap.trim(), "(" | "=" | "= (" | "[" | "is" | ":")
}

/// What stands beside a number and contradicts it: another notation of another number, a mask of
/// another length, a name that stands for another.
pub fn contradiction(part: &Part, piece: &Piece<'_>, t: usize) -> Option<String> {
    let token = &piece.tokens[t];
    // `8df3d837` is one word.
    let written = |other: &Token| {
        let more = piece.text[other.span.end..].split(|c: char| !c.is_alphanumeric());
        let end = other.span.end + more.into_iter().next().map_or(0, str::len);
        piece.text[other.span.start..end].to_owned()
    };
    if let Some(other) = piece.tokens.get(t + 1)
        && joins(&piece.lower[token.span.end..other.span.start])
    {
        let notation = match (&token.kind, &other.kind) {
            (Kind::Number(a), Kind::Number(b)) => a != b && token.hex != other.hex,
            (Kind::Ip(a), Kind::Ip(b)) => a != b && written(other).starts_with('/') && is_mask(*a),
            _ => false,
        };
        if notation && other.unit == Unit::None {
            return Some(written(other));
        }
    }
    let Kind::Number(n) = token.kind else {
        return None;
    };
    let behind = &piece.lower[token.span.end..];
    if let Some(other) = flags::contradiction(part, n, behind)
        .or_else(|| services::contradiction(part, n, behind))
        .or_else(|| none::contradiction(part, behind).filter(|_| n == 0))
    {
        return Some(other);
    }
    let beside = |name: &String| {
        let (name, mut from) = (name.to_lowercase(), 0);
        while let Some((start, end)) = find_label(&piece.lower, &name, from) {
            let (before, after) = (
                piece.lower.get(end..token.span.start),
                piece.lower.get(token.span.end..start),
            );
            if within(&piece.lower, start, end) == (false, false)
                && (before.is_some_and(joins) || after.is_some_and(joins))
            {
                return true;
            }
            from = end;
        }
        false
    };
    let all = codes(part);
    let told: Vec<&(i128, String)> = all.iter().filter(|(_, name)| beside(name)).collect();
    let other = told.iter().find(|(code, _)| *code != n)?;
    let same = told.iter().any(|(code, _)| *code == n);
    (!same).then(|| other.1.clone())
}

/// Whether an address is a mask: ones, and then zeros.
fn is_mask(address: std::net::Ipv4Addr) -> bool {
    let bits = u32::from(address);
    bits.leading_ones() + bits.trailing_zeros() == 32
}

/// The number of a part that asks for one, told by its name: `OK` for 200.
pub fn by_name(part: &Part, pieces: &[Piece<'_>]) -> Option<Claim> {
    let codes = codes(part);
    let told = pieces.iter().enumerate().find_map(|(p, piece)| {
        let found = super::names::mentions(part, p, &piece.lower);
        let first = found.first()?;
        let one = found.iter().all(|m| m.value == first.value);
        one.then(|| (piece, first.clone()))
    });
    let (piece, mention) = told?;
    let name = &piece.lower[mention.span.clone()];
    let (n, _) = codes
        .iter()
        .find(|(_, own)| own.eq_ignore_ascii_case(name))?;
    let text = piece.quote(mention.span.start);
    #[expect(clippy::cast_precision_loss, reason = "numbers with names are small")]
    Some(Claim {
        value: Claimed::Number(*n as f64, Unit::None),
        hedged: hedged(&text),
        text,
        ..Claim::default()
    })
}

/// The name that a number just beside a name stands for, where it is another one: `IPv4 0x86dd`; or the
/// number itself, where it has no name.
pub fn other_code(part: &Part, first: &Mention, piece: &Piece<'_>) -> Option<String> {
    let codes = codes(part);
    let near = |from: usize, to: usize| {
        let gap = piece.lower.get(from..to);
        gap.is_some_and(|gap| !gap.contains(|c: char| c.is_alphanumeric() || c == '.'))
    };
    let told = |token: &Token| {
        let behind = piece.lower.get(first.span.end..token.span.start);
        let hex = token.hex
            && (near(first.span.end, token.span.start) || near(token.span.end, first.span.start));
        !token.frame
            && !token.port
            && (hex || token.unit == Unit::None && behind.is_some_and(joins))
    };
    let own = |n: i128| {
        let same = |(code, name): &&(i128, String)| {
            *code == n
                && (name.eq_ignore_ascii_case(&first.value) || code.to_string() == first.value)
        };
        codes.iter().any(|code| same(&code))
    };
    // `0100 = 4` behind a name: its own number is there as well.
    let mut all = piece.tokens.iter();
    let told_too = all.any(|t| matches!(t.kind, Kind::Number(n) if own(n)));
    let known = |n: i128| {
        let entry = codes.iter().find(|(code, _)| *code == n);
        let name = entry.map(|(_, name)| name.clone());
        name.or_else(|| (!told_too).then(|| n.to_string()))
    };
    let numbered = codes
        .iter()
        .any(|(_, name)| name.eq_ignore_ascii_case(&piece.lower[first.span.clone()]));
    let mut all = piece.tokens.iter().zip(&piece.dropped);
    all.find_map(|(token, dropped)| match token.kind {
        Kind::Number(n) if numbered && !dropped && told(token) && !own(n) => known(n),
        _ => None,
    })
}
