//! Texts: the key's own words somewhere, another text of the same form, or something that a person has
//! to compare.

use super::claim::{Claim, Claimed, Class, class};
use super::denial;
use super::names::{self, Mention};
use super::piece::{Piece, find_label, within};
use super::token::{Unit, hedged, sentence};
use crate::handout::Answer;
use crate::handout::format::{Part, Question};
use regex::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// What a report says of a part that is a text.
pub fn claim(
    question: &Question,
    at: usize,
    answers: &[&Answer],
    pieces: &mut [Piece<'_>],
) -> Option<Claim> {
    let (part, answer) = (&question.part[at], answers[at]);
    let key = answer.text.trim().to_ascii_lowercase();
    let label = |hint: &str| {
        let own = part.id.replace('-', " ");
        let mut labels = part.labels.iter().map(|l| l.to_ascii_lowercase());
        find_label(hint, &own, 0).is_some() || labels.any(|l| find_label(hint, &l, 0).is_some())
    };
    for piece in pieces.iter_mut().filter(|_| !key.is_empty()) {
        if let Some(claim) = told(question, at, answers, piece) {
            return Some(claim);
        }
    }
    let alone = question.part.len() == 1;
    let piece = pieces
        .iter()
        .find(|p| !p.text.trim().is_empty() && (alone || label(p.hint) || label(&p.lower)))?;
    let plain = alone || piece.slot.is_some();
    let value = match only(piece, &key).filter(|_| plain && answer.missing.is_none()) {
        Some(other) => Claimed::Text(other),
        None => Claimed::Vague,
    };
    Some(Claim {
        hedged: value == Claimed::Vague || hedged(piece.text),
        value,
        text: piece.text.to_owned(),
        ..Claim::default()
    })
}

/// What a piece says of a part: the key, or where several texts of its form are told for several parts,
/// the one that is told of this part.
fn told(
    question: &Question,
    at: usize,
    answers: &[&Answer],
    piece: &mut Piece<'_>,
) -> Option<Claim> {
    let (part, key) = (&question.part[at], answers[at].text.trim());
    let form = |text: &str| form(&text.trim().to_ascii_lowercase());
    let fellows: Vec<usize> = (0..question.part.len())
        .filter(|o| class(*question.part[*o].kind.get_ref()) == Class::Text)
        .filter(|o| *o == at || form(&answers[*o].text).is_some_and(|f| Some(f) == form(key)))
        .collect();
    let spans = candidates(piece, key);
    let is_key = |span: &&Range<usize>| piece.text[(*span).clone()].eq_ignore_ascii_case(key);
    let mine = |span: &&Range<usize>| meant(question, part, piece, span, &spans);
    let labelled = |span: &&Range<usize>| near(piece, span, &part.labels).is_some();
    let alone = piece.slot.is_some() || fellows.len() < 2;
    let ordered = spans.len() == fellows.len()
        && fellows.iter().all(|f| {
            let labels = &question.part[*f].labels;
            spans.iter().all(|span| near(piece, span, labels).is_none())
        });
    let span = match fellows.iter().position(|f| *f == at) {
        _ if alone => spans.iter().filter(is_key).find(mine),
        Some(place) if ordered => spans.get(place),
        _ => {
            let own = spans.iter().filter(mine).filter(labelled);
            let own = own.min_by_key(|span| near(piece, span, &part.labels));
            own.or_else(|| spans.iter().filter(is_key).find(mine))
        }
    };
    let span = span?.clone();
    let other = spans.iter().find(|o| alone && !is_key(o) && mine(o));
    let other = other.map(|o| piece.text[o.clone()].to_owned());
    let value = if is_key(&&span) {
        answers[at].text.clone()
    } else {
        piece.text[span.clone()].to_owned()
    };
    let quote = piece.quote(span.start);
    let conflict = other.or_else(|| alternative(piece, &span));
    piece.take(span);
    Some(Claim {
        value: Claimed::Text(value),
        hedged: hedged(&quote),
        conflict,
        text: quote,
        ..Claim::default()
    })
}

/// Where a piece has the key, or another text of its form, and does not deny it.
fn candidates(piece: &Piece<'_>, key: &str) -> Vec<Range<usize>> {
    let lower = key.to_ascii_lowercase();
    let mut spans: Vec<Range<usize>> = Vec::new();
    let mut from = 0;
    while let Some(found) = piece.lower.get(from..).and_then(|t| t.find(&lower)) {
        let span = from + found..from + found + lower.len();
        from = span.end;
        if whole(piece, span.start, span.end, key) {
            spans.push(span);
        }
    }
    if let Some(pattern) = form(&lower).and_then(|form| Regex::new(&form).ok()) {
        let all = pattern.captures_iter(&piece.lower);
        let all = all.filter_map(|c| Some(c.name("told").or(c.name("more")).or(c.get(0))?.range()));
        let new = all.filter(|span| {
            let apart = whole(piece, span.start, span.end, key)
                && Unit::of(&piece.text[span.end..]) == Unit::None;
            apart
                && !spans
                    .iter()
                    .any(|s| s.start < span.end && span.start < s.end)
        });
        spans.extend(new.collect::<Vec<_>>());
    }
    spans.retain(|span| !denied(&piece.lower, span));
    spans.sort_by_key(|span| span.start);
    spans
}

/// A pattern of texts that differ from one in their numbers only: `HTTP/1.1`, `HTTP/2`. Of a version
/// alone, `1.1`, it is another version, or any number behind a name and a stroke.
fn form(text: &str) -> Option<String> {
    static NUMBER: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\d+(?:\.\d+)*").expect("the pattern is right"));
    static VERSION: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^\d+\.\d+$").expect("the pattern is right"));
    if VERSION.is_match(text) {
        return Some(r"(?:[a-z]+[/ ]v?)?(?P<told>\d+\.\d+)|[a-z]+/(?P<more>\d+)".to_owned());
    }
    if !text.contains(char::is_alphabetic) || !NUMBER.is_match(text) {
        return None;
    }
    let parts: Vec<String> = NUMBER.split(text).map(regex::escape).collect();
    Some(parts.join(r"\d+(?:\.\d+)*"))
}

/// Whether the words around a place deny it: `not X`, `anything but X`, `X is not sent`.
fn denied(text: &str, span: &Range<usize>) -> bool {
    static BUT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(?:all|any\w*|every\w*)\s+(?:but|except)\s+(?:the\s+)?$")
            .expect("the pattern is right")
    });
    // Of `not HTTP/1.1` the version alone may be the key.
    let before = text[..span.start].trim_end_matches('/');
    let before = match before.len() < span.start {
        true => before.trim_end_matches(char::is_alphanumeric),
        false => before,
    };
    denial::negated(before) || BUT.is_match(before) || denial::ruled_out(&text[span.end..])
}

/// What is told as another possibility just beside a place: `either X or Y`.
fn alternative(piece: &Piece<'_>, span: &Range<usize>) -> Option<String> {
    static AFTER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^[\s\x22'”,]*\bor\s+(?P<other>[^\s,;]+)").expect("the pattern is right")
    });
    static BEFORE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?P<other>[^\s,;]+)[\s\x22'”,]*\bor\s+[\x22'“]?$")
            .expect("the pattern is right")
    });
    let after = AFTER.captures(&piece.text[span.end..]);
    let found = after.or_else(|| BEFORE.captures(&piece.text[..span.start]))?;
    Some(found["other"].trim_end_matches('.').to_owned())
}

/// Another text than the key, where a whole answer is one of its form. What differs from the key only in
/// how its words are parted is the key.
fn only(piece: &Piece<'_>, key: &str) -> Option<String> {
    let label = piece.slot.and(piece.text.split_once([':', '=']));
    let bare = |text: &str| {
        text.trim()
            .trim_matches(['"', '\'', '“', '”', '.', '`'])
            .to_owned()
    };
    let words = |text: &str| -> Vec<String> {
        let all = text.split(|c: char| c.is_whitespace() || matches!(c, '/' | ',' | '"'));
        all.filter(|w| !w.is_empty())
            .map(str::to_lowercase)
            .collect()
    };
    let mut ways = vec![bare(piece.text)];
    ways.extend(label.map(|(_, rest)| bare(rest)));
    let form = form(key).and_then(|form| Regex::new(&format!("(?i)^(?:{form})$")).ok());
    ways.into_iter().find_map(|told| match () {
        () if words(&told) == words(key) => Some(key.to_owned()),
        () if form.as_ref().is_some_and(|form| form.is_match(&told)) => Some(told),
        () => None,
    })
}

/// Whether a place has the key as a word of its own: `1.1` is not in `10.1.1.2`, and `A` not in `a`.
fn whole(piece: &Piece<'_>, start: usize, end: usize, key: &str) -> bool {
    let (before, after) = (&piece.lower[..start], &piece.lower[end..]);
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let goes_on = after.starts_with('.') && digit(after.chars().nth(1))
        || before.ends_with('.') && digit(before.chars().rev().nth(1));
    let short = key.trim().len() <= 2 && piece.text.trim().len() > 2;
    let written = !short || piece.text.get(start..end) == Some(key.trim());
    within(&piece.lower, start, end) == (false, false) && !goes_on && written
}

/// How far labels are from a place in its sentence.
fn near(piece: &Piece<'_>, span: &Range<usize>, labels: &[String]) -> Option<usize> {
    let mention = Mention {
        value: String::new(),
        piece: 0,
        span: span.clone(),
    };
    names::nearness(piece, &mention, labels)
}

/// Whether a text that is found is said of this part: no label of another text is nearer.
fn meant(
    question: &Question,
    part: &Part,
    piece: &Piece<'_>,
    span: &Range<usize>,
    all: &[Range<usize>],
) -> bool {
    let around = sentence(piece.text, span.start);
    if piece.slot.is_some() || piece.lower[around.clone()].contains("both") {
        return true;
    }
    let siblings = question
        .part
        .iter()
        .filter(|o| !std::ptr::eq(*o, part) && class(*o.kind.get_ref()) == Class::Text);
    let own = near(piece, span, &part.labels);
    let other = siblings
        .filter_map(|o| {
            let labels = names::foreign(part, o);
            let distance = near(piece, span, &labels)?;
            // A label belongs to the text of the form that is nearest to it.
            let nearer = |r: &Range<usize>| near(piece, r, &labels).is_some_and(|d| d < distance);
            let ahead = span.end..around.end.max(span.end);
            let announces = !nears(piece, around.start..span.start, &labels)
                && announced(&piece.lower[ahead], &labels);
            (!all.iter().any(nearer) && !announces).then_some(distance)
        })
        .min();
    other.is_none_or(|other| own.is_some_and(|own| own <= other))
}

/// Whether a label stands in a part of a piece.
fn nears(piece: &Piece<'_>, range: Range<usize>, labels: &[String]) -> bool {
    let text = &piece.lower[range];
    labels
        .iter()
        .any(|l| find_label(text, &l.to_ascii_lowercase(), 0).is_some())
}

/// Whether the first of some labels in a text announces a value behind it: `type A`, not `(client),`.
fn announced(text: &str, labels: &[String]) -> bool {
    static VALUE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^\s*[:=]?\s*[\x22“]?(?P<word>[a-z0-9][\w./-]*)").expect("the pattern is right")
    });
    const JOINING: [&str; 8] = ["and", "of", "in", "for", "with", "while", "but", "sends"];
    let places = labels
        .iter()
        .filter_map(|l| find_label(text, &l.to_ascii_lowercase(), 0));
    let first = places.min_by_key(|place| place.0);
    let word = first.and_then(|(_, end)| VALUE.captures(&text[end..]));
    word.is_some_and(|word| !JOINING.contains(&&word["word"]))
}
