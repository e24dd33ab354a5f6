//! Lists of numbers, and sets of anything but addresses: which members of the key a text tells, and
//! which others.

use super::claim::{Claim, Claimed};
use super::numbering::Slot;
use super::piece::{Piece, find_label, within};
use super::token::{Kind, Unit, hedged};
use crate::handout::format::{Names, Part, Type};
use crate::handout::{Answer, Datum};
use regex::Regex;
use std::sync::LazyLock;

/// Whether the key is made of numbers.
pub fn are_numbers(answer: &Answer) -> bool {
    let number = |v: &Datum| matches!(v, Datum::Number { .. });
    !answer.values.is_empty() && answer.values.iter().all(number)
}

/// Whether the key is made of addresses.
pub fn are_addresses(answer: &Answer) -> bool {
    answer.values.iter().any(|v| matches!(v, Datum::Ip(_)))
}

/// Numbers: those of a slot are all told of it; elsewhere those from the first one of the key to the
/// last.
pub fn numbers(
    part: &Part,
    answer: &Answer,
    pieces: &mut [Piece<'_>],
    only_labelled: bool,
) -> Option<Claim> {
    let keys: Vec<i128> = answer
        .values
        .iter()
        .filter_map(super::compare::whole)
        .collect();
    for piece in pieces.iter_mut() {
        let labelled = speaks_of(part, piece);
        if only_labelled && !labelled {
            continue;
        }
        let mut told: Vec<(usize, i128)> = Vec::new();
        for (t, token) in piece.tokens.iter().enumerate() {
            let free = !piece.used[t] && !piece.dropped[t] && !token.frame && !token.operand;
            // `Time exceeded (11), code 0`: the number of a name.
            let before = piece.lower[..token.span.start].strip_suffix('(');
            let coded = piece.slot.is_some()
                && before.is_some_and(|b| b.trim_end().ends_with(char::is_alphabetic))
                && token
                    .list()
                    .is_some_and(|l| l.iter().all(|n| keys.contains(n)));
            let bare = (!token.bracket || coded) && matches!(token.unit, Unit::None | Unit::Bytes);
            let list = token.list().filter(|_| free && bare);
            told.extend(list.into_iter().flatten().map(|n| (t, n)));
        }
        if piece.slot.is_none() {
            let first = told.iter().position(|(_, n)| keys.contains(n));
            let last = told.iter().rposition(|(_, n)| keys.contains(n));
            match (first, last) {
                (Some(first), Some(last)) => told = told[first..=last].to_vec(),
                _ if labelled && !told.is_empty() => return Some(unread(piece)),
                _ => continue,
            }
        }
        if told.is_empty() {
            continue;
        }
        if *part.kind.get_ref() == Type::List && one_for_all(piece, &told, &keys) {
            let last = told[told.len() - 1];
            told = vec![last; keys.len()];
        }
        let (mut order, mut strange) = (Vec::new(), Vec::new());
        for (t, n) in &told {
            piece.used[*t] = true;
            // Equal members one after the other.
            let free = |at: &usize| keys[*at] == *n && !order.contains(at);
            match (0..keys.len()).find(free) {
                Some(at) => order.push(at),
                None if keys.contains(n) && *part.kind.get_ref() == Type::Set => {}
                None => strange.push(n.to_string()),
            }
        }
        return Some(claimed(piece, order, strange));
    }
    None
}

/// Whether one number is told for all of a list, and all are the same: `both 1460`, `1460 each`,
/// `2 x 1460`.
fn one_for_all(piece: &Piece<'_>, told: &[(usize, i128)], keys: &[i128]) -> bool {
    static ALL: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(?:both|each|all|the same|same|twice|beide|jeweils)\b")
            .expect("the pattern is right")
    });
    let one = match told {
        [(_, one)] if ALL.is_match(&piece.lower) => *one,
        [(times, count), (t, one)] if usize::try_from(*count) == Ok(keys.len()) => {
            let span = piece.tokens[*times].span.end..piece.tokens[*t].span.start;
            let gap = piece.lower.get(span).unwrap_or_default();
            match matches!(gap.trim(), "x" | "×" | "*" | "times") {
                true => *one,
                false => return false,
            }
        }
        _ => return false,
    };
    keys.iter().all(|key| *key == one)
}

/// A set of names, such as fields: by themselves or by what the handout calls them as well. What is
/// told in other words is for a person.
pub fn names(
    part: &Part,
    answer: &Answer,
    pieces: &mut [Piece<'_>],
    only_labelled: bool,
) -> Option<Claim> {
    let keys: Vec<String> = answer.values.iter().map(ToString::to_string).collect();
    for piece in pieces.iter_mut() {
        let labelled = piece.slot.is_some() || speaks_of(part, piece);
        let mut found = mentions(part, &keys, &piece.lower);
        // Without a label, several names are a list, and one may stand in any sentence.
        let listed = found.len() > 1 && !only_labelled;
        if !labelled && !listed {
            continue;
        }
        found.sort_by_key(|f| f.0);
        let clear = |from: usize, to: usize| {
            from >= to || !piece.lower[from..to].contains(char::is_alphabetic)
        };
        // Between the names of a list stand no other words.
        let fill = |text: &str| {
            let words = text
                .split(|c: char| !c.is_alphabetic())
                .filter(|w| !w.is_empty());
            words
                .into_iter()
                .all(|w| FILL.contains(&w) || part.labels.iter().any(|l| l.eq_ignore_ascii_case(w)))
        };
        let mut at = 0;
        let mut understood = !found.is_empty();
        for (start, end, _) in &found {
            understood &= clear(at, *start) || fill(&piece.lower[at.min(*start)..*start]);
            at = at.max(*end);
        }
        understood &= fill(&piece.lower[at.min(piece.lower.len())..]);
        if !understood {
            return labelled.then(|| unread(piece));
        }
        let (mut order, mut strange): (Vec<usize>, Vec<String>) = (Vec::new(), Vec::new());
        for (start, end, name) in &found {
            piece.taken.push(*start..*end);
            match keys.iter().position(|k| k == name) {
                Some(at) if !order.contains(&at) => order.push(at),
                None if !strange.contains(name) => strange.push(name.clone()),
                _ => {}
            }
        }
        return Some(claimed(piece, order, strange));
    }
    None
}

/// What a piece tells of a set or a list: which members, in order, and what is none.
fn claimed(piece: &Piece<'_>, order: Vec<usize>, strange: Vec<String>) -> Claim {
    let text = piece.text.trim().to_owned();
    Claim {
        value: Claimed::Items(order, strange),
        hedged: hedged(&text),
        text,
        ..Claim::default()
    }
}

/// Words that may stand between the names of a list.
const FILL: &[&str] = &[
    "the", "a", "and", "und", "et", "also", "both", "of", "fields", "field", "changed", "header",
];

/// Names in a text, the longest where several overlap: where, and what they stand for. A name may
/// stand for two.
fn mentions(part: &Part, keys: &[String], text: &str) -> Vec<(usize, usize, String)> {
    let mut all: Vec<(String, String)> =
        keys.iter().map(|k| (k.to_lowercase(), k.clone())).collect();
    if let Some(Names::Own(own)) = &part.names {
        for (value, others) in own {
            all.push((value.to_lowercase(), value.clone()));
            let others = others.as_array().into_iter().flatten();
            let others = others.filter_map(|o| o.as_str());
            all.extend(others.map(|o| (o.to_lowercase(), value.clone())));
        }
    }
    let mut out: Vec<(usize, usize, String)> = Vec::new();
    for (name, value) in &all {
        let mut from = 0;
        while let Some(start) = super::piece::find(text, name, from) {
            from = start + name.len();
            let known = out.contains(&(start, from, value.clone()));
            if within(text, start, from) == (false, false) && !known {
                out.push((start, from, value.clone()));
            }
        }
    }
    let spans: Vec<(usize, usize)> = out.iter().map(|o| (o.0, o.1)).collect();
    out.retain(|o| {
        let longer = |s: &(usize, usize)| s.0 <= o.0 && o.1 <= s.1 && s.1 - s.0 > o.1 - o.0;
        !spans.iter().any(longer)
    });
    // `Source port` is that of the protocol that is there.
    let here: Vec<(usize, usize)> = out
        .iter()
        .filter(|o| keys.contains(&o.2))
        .map(|o| (o.0, o.1))
        .collect();
    out.retain(|o| keys.contains(&o.2) || !here.contains(&(o.0, o.1)));
    out
}

/// Addresses that a text tells with those of a list and that are none of them.
pub fn strangers(
    items: &[String],
    piece: &Piece<'_>,
    hits: &[(usize, usize, usize)],
) -> Vec<String> {
    let own = matches!(piece.slot, Some(Slot::Own(_)));
    let joined =
        |from: usize, to: usize| from <= to && !piece.text[from..to].contains(char::is_alphabetic);
    let mut out = Vec::new();
    for token in &piece.tokens {
        if !matches!(token.kind, Kind::Ip(_) | Kind::Ip6(_)) || token.bracket {
            continue;
        }
        let beside = hits
            .iter()
            .any(|h| joined(h.1, token.span.start) || joined(token.span.end, h.0));
        let text = piece.text[token.span.clone()].to_owned();
        if (own || beside) && !items.contains(&text) && !out.contains(&text) {
            out.push(text);
        }
    }
    out
}

/// Whether a piece announces a part.
fn speaks_of(part: &Part, piece: &Piece<'_>) -> bool {
    let mut labels = part.labels.iter().map(|l| l.to_ascii_lowercase());
    labels.any(|l| {
        find_label(piece.hint, &l, 0).is_some() || find_label(&piece.lower, &l, 0).is_some()
    })
}

/// Something is told, and not plainly what.
fn unread(piece: &Piece<'_>) -> Claim {
    Claim {
        value: Claimed::Vague,
        text: piece.text.trim().to_owned(),
        hedged: true,
        ..Claim::default()
    }
}
