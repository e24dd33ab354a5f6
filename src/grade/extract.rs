//! Which value a report gives for each part of a question.

use super::assign::assign;
use super::claim::{Claim, Claimed, Class, class};
use super::denial;
use super::names;
use super::piece::{Piece, find_label, within};
use super::token::{hedged, sentence};
use super::{frames, items, list, none};
use crate::handout::Answer;
use crate::handout::format::{Part, Question, Type};
use regex::Regex;
use std::sync::LazyLock;

/// Reads the claims for all parts of a question from its pieces. `only_labelled` takes nothing by
/// order alone: for text that names no question.
pub fn extract(
    question: &Question,
    answers: &[&Answer],
    pieces: &mut [Piece<'_>],
    claims: &mut [Option<Claim>],
    only_labelled: bool,
) {
    for (at, part) in question.part.iter().enumerate() {
        if claims[at].is_some() {
            continue;
        }
        claims[at] = match class(*part.kind.get_ref()) {
            Class::Frames => frames::claim(part, pieces, only_labelled),
            Class::Ip if set_of_others(part, answers[at]) => {
                if items::are_numbers(answers[at]) {
                    items::numbers(part, answers[at], pieces, only_labelled)
                } else {
                    items::names(part, answers[at], pieces, only_labelled)
                }
            }
            Class::List if items::are_numbers(answers[at]) => {
                items::numbers(part, answers[at], pieces, only_labelled)
            }
            Class::List => list::claim(part, answers[at], pieces, only_labelled),
            Class::Text => text(question, part, answers[at], pieces),
            _ => None,
        };
    }
    names::claims(question, pieces, claims, only_labelled);
    for kind in [Class::Ip, Class::Mac, Class::Ports, Class::Number] {
        assign(question, kind, pieces, claims, only_labelled);
    }
    for (at, part) in question.part.iter().enumerate() {
        if claims[at].is_none() {
            claims[at] = none::claim(question, part, answers[at], pieces);
        }
    }
    if !only_labelled {
        for (part, claim) in question.part.iter().zip(claims) {
            if claim.is_none() && class(*part.kind.get_ref()) != Class::Prose {
                *claim = unread(question, part, pieces);
            }
        }
    }
}

/// Whether a set has other members than addresses.
fn set_of_others(part: &Part, answer: &Answer) -> bool {
    *part.kind.get_ref() == Type::Set && !answer.values.is_empty() && !items::are_addresses(answer)
}

/// What points at another answer.
static REFERS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(?:same|identical|equal|as (?:in|above|before)|see (?:above|\d)|idem|ditto)\b")
        .expect("the pattern is right")
});

/// Something stands where this part is asked for by its name or alone, and it is no value: for a
/// person.
fn unread(question: &Question, part: &Part, pieces: &[Piece<'_>]) -> Option<Claim> {
    let name = part.id.replace('-', " ");
    let alone = question.part.len() == 1;
    let piece = pieces.iter().find(|p| {
        let several = p.lower.split_whitespace().count() > 1;
        // `router: the same as the server` names a value elsewhere.
        let refers = REFERS.is_match(&p.lower)
            && (find_label(p.hint, &name, 0).is_some()
                || part.labels.iter().any(|l| {
                    let label = l.to_ascii_lowercase();
                    let in_hint = find_label(p.hint, &label, 0).is_some();
                    in_hint || find_label(&p.lower, &label, 0).is_some_and(|(at, _)| at < 4)
                }));
        (p.slot.is_some() || p.hint == name || alone && several || refers)
            && p.text.chars().any(char::is_alphanumeric)
            && !names::nothing(&p.lower)
    })?;
    Some(Claim {
        value: Claimed::Vague,
        text: piece.text.trim().to_owned(),
        hedged: true,
        ..Claim::default()
    })
}

/// A text: the key's own words somewhere, or else something that a person has to compare.
fn text(
    question: &Question,
    part: &Part,
    answer: &Answer,
    pieces: &mut [Piece<'_>],
) -> Option<Claim> {
    let key = answer.text.trim().to_ascii_lowercase();
    let label = |hint: &str| {
        let own = part.id.replace('-', " ");
        let mut labels = part.labels.iter().map(|l| l.to_ascii_lowercase());
        find_label(hint, &own, 0).is_some() || labels.any(|l| find_label(hint, &l, 0).is_some())
    };
    for piece in pieces.iter_mut() {
        if key.is_empty() {
            break;
        }
        let mut from = 0;
        while let Some(found) = piece.lower.get(from..).and_then(|t| t.find(&key)) {
            let (start, end) = (from + found, from + found + key.len());
            if whole(piece, start, end, &answer.text) && meant(question, part, piece, start..end) {
                piece.take(start..end);
                let quote = piece.quote(start);
                return Some(Claim {
                    value: Claimed::Text(answer.text.clone()),
                    hedged: hedged(&quote),
                    text: quote,
                    ..Claim::default()
                });
            }
            from = end;
        }
    }
    let alone = question.part.len() == 1;
    let piece = pieces
        .iter()
        .find(|p| !p.text.trim().is_empty() && (alone || label(p.hint) || label(&p.lower)))?;
    Some(Claim {
        value: Claimed::Vague,
        text: piece.text.to_owned(),
        hedged: true,
        ..Claim::default()
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

/// Whether a text that is found is said of this part: it is not denied, and no label of another text
/// is nearer.
fn meant(
    question: &Question,
    part: &Part,
    piece: &Piece<'_>,
    span: std::ops::Range<usize>,
) -> bool {
    if denial::negated(&piece.lower[..span.start]) {
        return false;
    }
    let around = sentence(piece.text, span.start);
    if piece.slot.is_some() || piece.lower[around].contains("both") {
        return true;
    }
    let siblings = question
        .part
        .iter()
        .filter(|o| !std::ptr::eq(*o, part) && class(*o.kind.get_ref()) == Class::Text);
    let mention = names::Mention {
        value: String::new(),
        piece: 0,
        span,
    };
    let near = |labels: &[String]| names::nearness(piece, &mention, labels);
    let own = near(&part.labels);
    let other = siblings
        .filter_map(|o| near(&names::foreign(part, o)))
        .min();
    other.is_none_or(|other| own.is_some_and(|own| own <= other))
}
