//! A piece of a report with the values found in it, and how labels are found in its words.

use super::numbering::{Segment, Slot};
use super::token::{self, Kind, Token, Unit, hedged, sentence};
use regex::Regex;
use std::sync::LazyLock;

/// A piece of the report with what was found in it.
pub struct Piece<'s> {
    /// Its text.
    pub text: &'s str,
    /// The same in lower case, of the same length.
    pub lower: String,
    /// The same without what is quoted: its words announce nothing.
    pub words: String,
    /// Words that announce it.
    pub hint: &'s str,
    /// The part that it names.
    pub slot: Option<Slot>,
    /// Values in it.
    pub tokens: Vec<Token>,
    /// Tokens that were used.
    pub used: Vec<bool>,
    /// Places that were used otherwise.
    pub taken: Vec<std::ops::Range<usize>>,
    /// Tokens that the text takes back: `not X`, `X, sorry, Y`, `first I thought X, but`.
    pub dropped: Vec<bool>,
}

impl<'s> Piece<'s> {
    /// Looks a segment through.
    pub fn new(segment: &'s Segment) -> Piece<'s> {
        let mut tokens = token::tokens(&segment.text);
        let has = |words: &[&str]| words.iter().any(|w| segment.hint.contains(w));
        if has(&["frame", "packet"]) && !has(&["size", "length", "bytes", "total", "whole"]) {
            for token in &mut tokens {
                let digit =
                    segment.text[token.span.clone()].starts_with(|c: char| c.is_ascii_digit());
                token.frame |=
                    digit && token.unit == Unit::None && matches!(token.kind, Kind::Number(_));
            }
        }
        let lower = plain(&segment.text);
        Piece {
            text: &segment.text,
            dropped: dropped(&lower, &tokens),
            words: unquoted(&lower),
            lower,
            hint: &segment.hint,
            slot: segment.slot,
            used: vec![false; tokens.len()],
            tokens,
            taken: Vec::new(),
        }
    }

    /// Notes that a place was read, with the values in it.
    pub fn take(&mut self, place: std::ops::Range<usize>) {
        for (token, used) in self.tokens.iter().zip(&mut self.used) {
            *used |= place.start <= token.span.start && token.span.end <= place.end;
        }
        self.taken.push(place);
    }

    /// The sentence around a place.
    pub fn quote(&self, at: usize) -> String {
        self.text[sentence(self.text, at)].trim().to_owned()
    }
}

/// A text with marks for the letters of quotations of several words, of the same length.
fn unquoted(lower: &str) -> String {
    static QUOTED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#""[^"\n]*\s[^"\n]*"|“[^”\n]*\s[^”\n]*”"#).expect("the pattern is right")
    });
    if !lower.contains(['"', '“']) {
        return lower.to_owned();
    }
    let mark = |c: &regex::Captures<'_>| {
        let text = c.get(0).map_or("", |m| m.as_str());
        text.chars()
            .map(|c| if c.is_ascii_alphabetic() { '-' } else { c })
            .collect::<String>()
    };
    QUOTED.replace_all(lower, mark).into_owned()
}

/// Which values a text takes back: what it denies, what it corrects when another of the same sort
/// follows, and what was thought at first.
pub fn dropped(lower: &str, tokens: &[Token]) -> Vec<bool> {
    static CORRECTION: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(?:sorry|no wait|wait,|correction|corrected|oops|i mean|i meant|scratch that|better:|wrong, it)\b")
            .expect("the pattern is right")
    });
    static FIRST: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(?:at first|first,? (?:i|we|my)|initially|i (?:first|had) (?:thought|noted|wrote|expected|looked)|before that i|my first (?:idea|guess))\b")
            .expect("the pattern is right")
    });
    static NOT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?:\bnot|\binstead of|\brather than|\bneither|\bnor|\bcorrected from|n't)\s+(?:(?:a|an|the|to|from|as|of|frame|packet|port|address|number|no\.?|is|it|by|in)\s+){0,3}#?$")
            .expect("the pattern is right")
    });
    static BUT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(?:but|however|then|now|later|actually|in fact)\b|[.;]\s")
            .expect("the pattern is right")
    });
    let same = |a: &Kind, b: &Kind| std::mem::discriminant(a) == std::mem::discriminant(b);
    let denied = |t: &Token| NOT.is_match(token::tail(&lower[..t.span.start], 96));
    let after = |at: usize, kind: &Kind| {
        let mut later = tokens.iter().filter(|t| t.span.start >= at);
        later.any(|t| same(&t.kind, kind) && !denied(t))
    };
    // What is corrected in a sentence stands in it; a sentence that begins so corrects all before.
    // What something was corrected from is denied, and what stands before it is meant.
    let from = |m: &regex::Match<'_>| lower[m.end()..].trim_start().starts_with("from ");
    let fix = CORRECTION.find(lower).filter(|m| !from(m)).map(|m| {
        let ended = lower[..m.start()].trim_end();
        if ended.ends_with(['.', '!']) && !ended.ends_with("..") {
            return 0..m.start();
        }
        let before = lower[..m.start()].trim_end_matches(['.', ' ', '-', '–', '(', ',']);
        let cut = [". ", "; ", "\n"]
            .iter()
            .filter_map(|c| before.rfind(c))
            .max();
        cut.unwrap_or(0)..m.start()
    });
    let first = FIRST.find(lower).map(|m| {
        let end = BUT
            .find(&lower[m.end()..])
            .map_or(m.end(), |b| m.end() + b.end());
        m.start()..end
    });
    tokens
        .iter()
        .map(|t| {
            denied(t)
                || fix
                    .as_ref()
                    .is_some_and(|fix| fix.contains(&t.span.start) && after(fix.end, &t.kind))
                || first.as_ref().is_some_and(|r| r.contains(&t.span.start))
        })
        .collect()
}

/// A text in lower case, of the same length; `domain-name-servers` and `subnet_mask` are words.
fn plain(text: &str) -> String {
    static JOINED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b[a-z]+(?:-[a-z]+){2,}\b|\b[a-z]+(?:_[a-z]+)+\b")
            .expect("the pattern is right")
    });
    let lower = text.to_ascii_lowercase();
    if !lower.contains(['-', '_']) {
        return lower;
    }
    JOINED
        .replace_all(&lower, |c: &regex::Captures<'_>| {
            c.get(0).map_or("", |m| m.as_str()).replace(['-', '_'], " ")
        })
        .into_owned()
}

/// Where a text stands in another, from a place on. Both are short and there are many: what
/// `str::find` prepares would cost more than the search.
pub fn find(text: &str, part: &str, from: usize) -> Option<usize> {
    let first = *part.as_bytes().first()?;
    let mut at = from;
    loop {
        let rest = text.as_bytes().get(at..)?;
        let start = at + memchr::memchr(first, rest)?;
        if text.as_bytes().get(start..start + part.len())? == part.as_bytes() {
            return Some(start);
        }
        at = start + 1;
    }
}

/// Whether a letter or digit stands just before a place, and just behind another.
pub fn within(text: &str, start: usize, end: usize) -> (bool, bool) {
    let before = text[..start].chars().next_back();
    let after = text[end..].chars().next();
    let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    (word(before), word(after))
}

/// Where a label begins a word in a lower-case text, from a place on.
pub fn find_label(text: &str, label: &str, from: usize) -> Option<(usize, usize)> {
    let short = label.len() <= 3 || label.bytes().all(|b| b.is_ascii_digit());
    let mut at = from;
    while let Some(start) = find(text, label, at) {
        let end = start + label.len();
        let (before, after) = within(text, start, end);
        // Longer labels may have endings: `command` finds `commands`.
        if !before && (!after || !short) {
            return Some((start, end));
        }
        at = start + 1;
    }
    None
}

/// Whether the words just around a value say that the writer is not sure.
pub fn hedged_near(piece: &Piece<'_>, token: &Token) -> bool {
    let around = sentence(piece.text, token.span.start);
    let before = piece.text[around.start..token.span.start]
        .rfind([',', ':'])
        .map_or(around.start, |at| around.start + at);
    let mut end = around.end.min(token.span.end + 40);
    while !piece.text.is_char_boundary(end) {
        end -= 1;
    }
    let end = end.max(token.span.end);
    let after = piece.text[token.span.end..end]
        .find([',', '('])
        .map_or(end, |at| token.span.end + at);
    // `Who has 10.0.2.2? Tell …` quotes a question.
    let asked = piece.lower[around.start..token.span.start].contains("who ");
    let rest = piece.text[token.span.end..].trim_start();
    let rest = rest.trim_start_matches(char::is_alphabetic).trim_start();
    let question = !asked && (rest.starts_with('?') || rest.starts_with("(?)"));
    // `…, I think` comes behind the comma.
    let tail = piece.text[token.span.end..end].trim_start_matches([',', ' ', '.']);
    let tail = &tail[..tail
        .len()
        .min(tail.char_indices().nth(12).map_or(tail.len(), |c| c.0))];
    question || hedged(&piece.text[before..after]) || super::token::hedges(tail)
}
