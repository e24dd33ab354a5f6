//! Which value a report gives for each part of a question.

use super::assign::assign;
use super::claim::{Claim, Claimed, Class, class};
use super::compare::same;
use super::names;
use super::numbering::Slot;
use super::piece::{Piece, find_label};
use super::token::Unit;
use super::{codes, digits, flags, frames, items, list, none, services, texts};
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
            Class::Frames => frames::claim(part, answers[at], pieces, only_labelled),
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
            Class::List => {
                let mut told = list::claim(part, answers[at], pieces, only_labelled);
                if let Some(claim) = &mut told {
                    not_of_others(question, at, answers, claim);
                }
                told
            }
            Class::Text => texts::claim(question, at, answers, pieces),
            _ => None,
        };
    }
    for ((part, claim), key) in question.part.iter().zip(claims.iter_mut()).zip(answers) {
        let kind = *part.kind.get_ref();
        if matches!(kind, Type::Hex | Type::Int) && claim.is_none() {
            // A decimal number only where it is the right one.
            let fits =
                |c: &Claim| kind == Type::Hex || same(part, &key.values, &key.text, &c.value);
            *claim = flags::claim(part, pieces).or_else(|| hexadecimal(question, pieces, fits));
        }
        if class(*part.kind.get_ref()) == Class::Ports && claim.is_none() {
            *claim = services::claim(part, pieces);
        }
    }
    names::claims(question, pieces, claims, only_labelled);
    for kind in [Class::Ip, Class::Mac, Class::Ports, Class::Number] {
        assign(question, kind, pieces, claims, only_labelled);
    }
    for (at, part) in question.part.iter().enumerate() {
        if claims[at].is_none() {
            claims[at] = none::claim(question, part, answers[at], pieces);
        }
        let numbered = class(*part.kind.get_ref()) == Class::Number;
        if claims[at].is_none() && numbered && !only_labelled {
            claims[at] = codes::by_name(part, pieces).or_else(|| services::claim(part, pieces));
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

/// Takes out of a list's strangers what another part of the question asks for.
fn not_of_others(question: &Question, at: usize, answers: &[&Answer], claim: &mut Claim) {
    let Claimed::Items(_, strange) = &mut claim.value else {
        return;
    };
    let asked = |text: &String| {
        let others = (0..question.part.len()).filter(|o| *o != at);
        let mut single = others.filter(|o| *question.part[*o].kind.get_ref() == Type::Ip);
        single.any(|o| answers[o].text == *text)
    };
    strange.retain(|text| !asked(text));
}

/// A whole answer in hexadecimal digits or in bits, where that fits.
fn hexadecimal(
    question: &Question,
    pieces: &mut [Piece<'_>],
    fits: impl Fn(&Claim) -> bool,
) -> Option<Claim> {
    let alone = question.part.len() == 1;
    let read = |text: &str| {
        let text = text.trim().trim_end_matches("(hex)");
        digits::binary(text).or_else(|| digits::hexadecimal(text))
    };
    let told = pieces.iter_mut().filter(|p| alone || p.slot.is_some());
    let mut told = told.filter_map(|piece| {
        let label = piece.slot.and(piece.text.split_once([':', '=', ' ']));
        let rest = label.and_then(|(_, rest)| read(rest));
        let n = read(piece.text).or(rest)?;
        #[expect(clippy::cast_precision_loss, reason = "compared as such")]
        let claim = Claim {
            value: Claimed::Number(n as f64, Unit::None),
            text: piece.text.trim().to_owned(),
            ..Claim::default()
        };
        fits(&claim).then_some((piece, claim))
    });
    let (piece, claim) = told.next()?;
    piece.take(0..piece.text.len());
    Some(claim)
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

/// What stands behind a label.
fn value_of<'p>(piece: &'p Piece<'_>) -> &'p str {
    match (piece.slot, piece.lower.split_once(':')) {
        (Some(Slot::Label(_)), Some((_, value))) => value.trim(),
        _ => &piece.lower,
    }
}

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
        let told = value_of(p);
        (p.slot.is_some() || p.hint == name || alone && several || refers)
            && told.chars().any(char::is_alphanumeric)
            && !names::nothing(told)
    })?;
    Some(Claim {
        value: Claimed::Vague,
        text: piece.text.trim().to_owned(),
        hedged: true,
        ..Claim::default()
    })
}
