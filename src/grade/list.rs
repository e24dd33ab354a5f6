//! Lists in order: which items of the key a text tells, and in which order.

use super::claim::{Claim, Claimed};
use super::items::{are_addresses, strangers};
use super::numbering::Slot;
use super::piece::{Piece, find, find_label, within};
use super::token::hedged;
use crate::handout::Answer;
use crate::handout::format::{Optional, Part};
use regex::Regex;
use std::sync::LazyLock;

static CLOCK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b\d{1,2}:\d{2}:\d{2}\b").expect("the pattern is right"));
static PORT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b\d{4,5}\b").expect("the pattern is right"));
static TWICE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:\b(\d)\s*x\s*|\b(twice|two times|two|three times)\s*:?\s*)$")
        .expect("the pattern is right")
});
static AFTER_TWICE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)^[\s(,\x22”’»\x27]*(?:x?(\d)\s*x?\b|(twice|two times|three times|both times)\b)",
    )
    .expect("the pattern is right")
});
static WORD: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b[A-Z][A-Z]+\b").expect("the pattern is right"));

/// Words in capitals that are no items.
const NAMES: &[&str] = &[
    "TCP", "UDP", "IP", "FIN", "ACK", "SYN", "RST", "PSH", "VM", "PDU", "HTTP", "DNS", "ARP",
    "DHCP", "MAC", "PORT", "SERVER", "CLIENT", "OK", "AND", "THEN", "THE",
];

/// What a text says of a list.
pub fn claim(
    part: &Part,
    answer: &Answer,
    pieces: &mut [Piece<'_>],
    only_labelled: bool,
) -> Option<Claim> {
    let items: Vec<String> = answer.values.iter().map(ToString::to_string).collect();
    let addresses = are_addresses(answer);
    let words = items.iter().all(|i| !i.contains(' ')) && !items.is_empty() && !addresses;
    if items.is_empty() {
        return unkeyed(part, pieces);
    }
    if let Some(claim) = whole_list(part, &items, (words, addresses), pieces) {
        return Some(claim);
    }
    for piece in pieces.iter_mut() {
        let text = piece.text.to_owned();
        if only_labelled && !items.iter().any(|i| whole(&text, i, 0).is_some()) {
            continue;
        }
        let end = if words {
            commands_end(&text, &items)
        } else {
            text.len()
        };
        let hits = told(part, &items, words, &text[..end]);
        let order: Vec<usize> = hits.iter().map(|h| h.2).collect();
        let order = unfold(&items, &order);
        let mut strange: Vec<String> = Vec::new();
        strange.extend(misquoted(&items, &order, &text));
        if addresses {
            strange.extend(strangers(&items, piece, &hits));
        }
        if words {
            for word in WORD.find_iter(&text[..end]) {
                let word = word.as_str();
                if !NAMES.contains(&word) && !items.iter().any(|i| i == word) {
                    strange.push(word.to_owned());
                }
            }
        }
        if order.is_empty() {
            // Something else is told, if it is this list that is told.
            strange.extend(quoted(&text));
            let hinted = matches!(piece.slot, Some(Slot::Own(_)));
            if hinted && strange.is_empty() && text.chars().any(char::is_alphanumeric) {
                strange.push(text.trim().to_owned());
            }
            let about = part
                .labels
                .iter()
                .any(|l| find_label(&piece.lower, &l.to_ascii_lowercase(), 0).is_some());
            if strange.is_empty() || !(hinted || about) {
                continue;
            }
        }
        for (start, stop, _) in &hits {
            piece.take(*start..*stop);
        }
        let quote: String = text[..end].trim().to_owned();
        return Some(Claim {
            value: Claimed::Items(order, strange),
            hedged: hedged(&quote),
            text: quote,
            ..Claim::default()
        });
    }
    None
}

/// The first item where a text begins it and goes on otherwise: a greeting with another number in it
/// is told, and not left out.
fn misquoted(items: &[String], order: &[usize], text: &str) -> Vec<String> {
    let Some(item) = items.first().filter(|_| !order.contains(&0)) else {
        return Vec::new();
    };
    let particular = item
        .find(|c: char| c.is_ascii_digit())
        .unwrap_or(item.len());
    let beginning = item[..particular].trim_end().to_ascii_lowercase();
    let told = find(&text.to_ascii_lowercase(), &beginning, 0);
    let told = told.filter(|_| beginning.split(' ').count() > 2);
    let told = told.and_then(|at| text.get(at..));
    let quote = told.and_then(|told| told.split([',', ';', '\n']).next());
    // Without a number it only says what kind of greeting came.
    let quote = quote.filter(|quote| quote.contains(|c: char| c.is_ascii_digit()));
    quote
        .map(|quote| quote.trim().to_owned())
        .into_iter()
        .collect()
}

/// Where a text tells items of the key: begin, end, and which.
fn told(part: &Part, items: &[String], words: bool, text: &str) -> Vec<(usize, usize, usize)> {
    let mut hits: Vec<(usize, usize, usize)> = Vec::new();
    for (at, item) in items.iter().enumerate() {
        // Equal items share their places.
        if items[..at].contains(item) {
            continue;
        }
        let first = at == 0 && part.optional == Some(Optional::First);
        for (start, stop) in places(text, item, words, first) {
            for _ in 0..times(text, start, stop) {
                hits.push((start, stop, at));
            }
        }
    }
    hits.sort_by_key(|h| (h.0, std::cmp::Reverse(h.1)));
    let mut out: Vec<(usize, usize, usize)> = Vec::new();
    let mut reached = 0;
    for hit in hits {
        if hit.0 < reached && out.last().is_some_and(|last| last.2 != hit.2) {
            continue;
        }
        reached = reached.max(hit.1);
        out.push(hit);
    }
    out
}

/// The whole list in its order, told over several lines or in the middle of other words. What is said
/// of its items again later is no other list.
fn whole_list(
    part: &Part,
    items: &[String],
    (words, addresses): (bool, bool),
    pieces: &mut [Piece<'_>],
) -> Option<Claim> {
    let mut hits: Vec<(usize, usize, usize, usize)> = Vec::new();
    for (p, piece) in pieces.iter().enumerate() {
        let own = told(part, items, words, piece.text);
        hits.extend(
            own.into_iter()
                .map(|(start, stop, at)| (p, start, stop, at)),
        );
    }
    let wanted: Vec<usize> = (0..items.len()).collect();
    let optional = usize::from(part.optional == Some(Optional::First));
    let count = (0..=optional).map(|less| items.len() - less).find(|n| {
        let order: Vec<usize> = hits.iter().take(*n).map(|h| h.3).collect();
        *n > 0 && order.len() == *n && unfold(items, &order) == wanted[items.len() - n..]
    })?;
    let (first, last) = (hits[0], hits[count - 1]);
    let between = |p: usize| {
        let piece = &pieces[p];
        let from = if p == first.0 { first.1 } else { 0 };
        let to = if p == last.0 {
            last.2
        } else {
            piece.text.len()
        };
        &piece.text[from..to]
    };
    // Another word in capitals among them is another item.
    let strange = words
        && (first.0..=last.0).any(|p| {
            let mut found = WORD.find_iter(between(p)).map(|w| w.as_str());
            found.any(|w| !NAMES.contains(&w) && !items.iter().any(|i| i == w))
        });
    // The list goes on.
    let more = hits.get(count).is_some_and(|next| {
        next.0 == last.0
            && !pieces[last.0].text[last.2..next.1]
                .contains(|c: char| c.is_alphabetic() || c == '.')
    });
    let among = (first.0..=last.0).any(|p| {
        let own = hits[..count].iter().filter(|h| h.0 == p);
        let own: Vec<(usize, usize, usize)> = own.map(|h| (h.1, h.2, h.3)).collect();
        addresses && !strangers(items, &pieces[p], &own).is_empty()
    });
    if strange || more || among {
        return None;
    }
    let text: Vec<&str> = (first.0..=last.0).map(|p| pieces[p].text.trim()).collect();
    let text = text.join(" ");
    for hit in &hits[..count] {
        pieces[hit.0].take(hit.1..hit.2);
    }
    let doubted = hedged(between_all(&text, items));
    let order = &wanted[items.len() - count..];
    Some(Claim {
        value: Claimed::Items(order.to_vec(), misquoted(items, order, &text)),
        hedged: doubted,
        text,
        ..Claim::default()
    })
}

/// A text up to its last item.
fn between_all<'t>(text: &'t str, items: &[String]) -> &'t str {
    let ends = items
        .iter()
        .filter_map(|i| text.rfind(i.as_str()).map(|at| at + i.len()));
    ends.max().map_or("", |end| &text[..end])
}

/// What stands between quotation marks.
fn quoted(text: &str) -> Vec<String> {
    static QUOTED: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("[\"“”]([^\"“”]+)[\"“”]").expect("the pattern is right"));
    let found = QUOTED.captures_iter(text);
    found
        .filter_map(|c| c.get(1))
        .map(|m| m.as_str().to_owned())
        .collect()
}

/// Without a key it can only be said whether something was written.
fn unkeyed(part: &Part, pieces: &[Piece<'_>]) -> Option<Claim> {
    let piece = pieces.iter().find(|piece| {
        !piece.text.trim().is_empty()
            && part
                .labels
                .iter()
                .any(|l| find_label(&piece.lower, &l.to_ascii_lowercase(), 0).is_some())
    })?;
    Some(Claim {
        value: Claimed::Text(piece.text.to_owned()),
        text: piece.text.to_owned(),
        hedged: false,
        ..Claim::default()
    })
}

/// Where the list of words ends: at the first sentence end after its first item, or where something
/// else begins to be told.
fn commands_end(text: &str, items: &[String]) -> usize {
    let first = items
        .iter()
        .filter_map(|i| whole(text, i, 0))
        .map(|f| f.0)
        .min();
    let Some(first) = first else {
        return text.len();
    };
    static STOP: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)[.](?:\s|$)|\n|\(welcome|→|\b(?:print|output|replies|reply|replied|answers?|got|returned|received|said|response|prints)\b|;\s*(?:answers?|repl)")
            .expect("the pattern is right")
    });
    STOP.find_iter(&text[first..])
        // `1. TIME 2. HELLO` is numbered, not ended.
        .find(|m| {
            let before = &text[..first + m.start()];
            !(m.as_str().starts_with('.') && before.ends_with(|c: char| c.is_ascii_digit()))
        })
        .map_or(text.len(), |m| first + m.start())
}

/// A word or phrase as it is, not as part of another word.
fn whole(text: &str, item: &str, from: usize) -> Option<(usize, usize)> {
    let mut at = from;
    while let Some(start) = find(text, item, at) {
        let end = start + item.len();
        if within(text, start, end) == (false, false) {
            return Some((start, end));
        }
        at = start + 1;
    }
    None
}

/// All places where an item is told.
fn places(text: &str, item: &str, exact: bool, first: bool) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    let (hay, needle) = if exact {
        (text.to_owned(), item.to_owned())
    } else {
        (text.to_ascii_lowercase(), item.to_ascii_lowercase())
    };
    let needle = needle.trim_end_matches(['!', '.', ' ']);
    let mut from = 0;
    while let Some((start, end)) = whole(&hay, needle, from) {
        out.push((start, end));
        from = end;
    }
    if out.is_empty()
        && let Some(clock) = CLOCK.find(item)
        && let Some((start, end)) = whole(text, clock.as_str(), 0)
    {
        out.push((start, end));
    }
    // A greeting is told by what is particular in it.
    if out.is_empty()
        && first
        && let Some(port) = PORT.find_iter(item).last()
        && let Some((start, end)) = whole(text, port.as_str(), 0)
    {
        out.push((start, end));
    }
    out
}

/// How often an item is said to have come.
fn times(text: &str, start: usize, end: usize) -> usize {
    let count = |c: &regex::Captures<'_>| {
        let digit = c.get(1).and_then(|d| d.as_str().parse().ok());
        let word = c.get(2).map(|w| {
            if w.as_str().starts_with("three") {
                3
            } else {
                2
            }
        });
        digit.or(word).unwrap_or(1)
    };
    let before = TWICE.captures(&text[..start]).map(|c| count(&c));
    before
        .or_else(|| {
            AFTER_TWICE
                .captures(&text[end..])
                .filter(|c| c.get(2).is_some())
                .map(|c| count(&c))
        })
        .unwrap_or(1)
        .min(20)
}

/// Equal items of the key, one after the other as they are told.
fn unfold(items: &[String], order: &[usize]) -> Vec<usize> {
    let mut seen = vec![0usize; items.len()];
    let mut out = Vec::new();
    for at in order {
        let equal: Vec<usize> = (0..items.len())
            .filter(|i| items[*i] == items[*at])
            .collect();
        let nth = seen[*at];
        seen[*at] += 1;
        // Said once more than it happened: the last of them.
        let place = equal.get(nth).or(equal.last()).copied();
        out.extend(place);
    }
    out.dedup();
    out
}
