//! What a report says of each part: what stands under the question's own number first, then what
//! follows it, what names no question, and what another question's answer holds.

use super::assign::assign;
use super::claim::{Claim, Claimed, Class, class};
use super::compare::same;
use super::extract::extract;
use super::named;
use super::numbering::{Segment, Slot};
use super::piece::Piece;
use super::token::Unit;
use super::{left, prose, stray};
use crate::handout::format::{Part, Question, Type};
use crate::handout::{Answer, Handout};
use regex::Regex;
use std::sync::LazyLock;

/// What a student says of a part: a value, or prose.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// A value.
    pub claim: Option<Claim>,
    /// Prose.
    pub prose: Option<prose::Judgement>,
}

/// Reads the claims of every part, in the order of `keys`, from the pieces of a report.
pub fn claims(handout: &Handout, keys: &[Answer], segments: &[Segment]) -> Vec<Said> {
    let loose_segments: Vec<&Segment> = segments.iter().filter(|s| s.question.is_none()).collect();
    let mut loose: Vec<Piece<'_>> = loose_segments.iter().map(|s| Piece::new(s)).collect();
    let questions = &handout.file.question;
    let merged: Vec<Vec<Segment>> = (0..questions.len())
        .map(|q| {
            let own = segments.iter().filter(|s| s.question == Some(q));
            let keys = keys.iter().filter(|k| k.question == q);
            columns(&questions[q], &keys.collect::<Vec<_>>(), own)
        })
        .collect();
    let of = |q: usize| -> Vec<Piece<'_>> { merged[q].iter().map(Piece::new).collect() };
    let mut pieces: Vec<Vec<Piece<'_>>> = (0..questions.len()).map(of).collect();
    let mut claims: Vec<Vec<Option<Claim>>> =
        questions.iter().map(|q| vec![None; q.part.len()]).collect();
    let own = |q: usize| -> Vec<&Answer> { keys.iter().filter(|k| k.question == q).collect() };
    // What stands under the question's own number.
    for (q, question) in questions.iter().enumerate() {
        named::read(question, &own(q), &mut pieces[q], &mut claims[q]);
        named::twice(question, &own(q), &merged[q], &mut claims[q]);
    }
    let mut prose: Vec<Vec<Option<prose::Judgement>>> = Vec::new();
    for (q, question) in questions.iter().enumerate() {
        let judged = question.part.iter().map(|part| {
            let is = *part.kind.get_ref() == Type::Prose;
            is.then(|| prose::find(question, part, &pieces[q]))
                .flatten()
        });
        prose.push(judged.collect());
    }
    // What follows it, and what names no question.
    for (q, question) in questions.iter().enumerate() {
        for (piece, segment) in loose.iter_mut().zip(&loose_segments) {
            let follows = segment.after == Some(q);
            if claims[q].iter().any(Option::is_none) && (follows || segment.after.is_none()) {
                let one = std::slice::from_mut(piece);
                let before: Vec<bool> = claims[q].iter().map(Option::is_some).collect();
                let untouched = (one[0].used.clone(), one[0].taken.clone());
                extract(question, &own(q), one, &mut claims[q], !follows);
                // What stands under no number is no mistake in the answer to this one.
                if !follows {
                    keep_fitting(question, &own(q), &before, &mut claims[q], true);
                }
                if before == claims[q].iter().map(Option::is_some).collect::<Vec<_>>() {
                    (one[0].used, one[0].taken) = untouched;
                }
            }
        }
        // A question without a line of its own may be answered within another, but not in the line of
        // another's part.
        let free = |p: &Piece<'_>| !matches!(p.slot, Some(Slot::Own(_)));
        if pieces[q].is_empty() {
            let group = super::numbering::group(&question.id);
            let near = |o: &usize| {
                super::numbering::group(&questions[*o].id) == group
                    && group.bytes().all(|b| b.is_ascii_digit())
            };
            for other in (0..questions.len()).filter(|o| *o != q) {
                let before: Vec<bool> = claims[q].iter().map(Option::is_some).collect();
                if near(&other) {
                    named::with(&mut pieces[other], free, |free| {
                        extract(question, &own(q), free, &mut claims[q], true);
                    });
                } else {
                    // An address in the answer to a question that asks for none is another one's.
                    for kind in [Class::Ip, Class::Mac] {
                        let mut asked = questions[other].part.iter();
                        if !asked.any(|p| class(*p.kind.get_ref()) == kind) {
                            named::with(&mut pieces[other], free, |free| {
                                assign(question, kind, free, &mut claims[q], true);
                            });
                        }
                    }
                }
                // What was written for another question counts where it fits; it is no mistake here.
                keep_fitting(question, &own(q), &before, &mut claims[q], false);
                for (at, known) in before.into_iter().enumerate() {
                    if let Some(claim) = claims[q][at].as_mut().filter(|_| !known) {
                        claim.elsewhere = !near(&other) && claim.loose;
                    }
                }
            }
        }
        alike(question, &own(q), &mut claims[q]);
        for (at, claim) in claims[q].iter_mut().enumerate() {
            let (part, key) = (&question.part[at], own(q)[at]);
            if let Some(claim) = claim {
                let alone = claim.named || questions[q].part.len() == 1;
                doubt(part, key, claim, alone);
            }
        }
        named::misplaced(question, &own(q), &pieces[q], &mut claims[q]);
    }
    stray::values(handout, keys, &pieces, &loose, &mut claims);
    left::words(handout, &pieces, &mut claims);
    let mut all: Vec<Said> = Vec::new();
    for (claims, prose) in claims.into_iter().zip(prose) {
        for (claim, prose) in claims.into_iter().zip(prose) {
            all.push(Said { claim, prose });
        }
    }
    let fronts: Vec<bool> = loose_segments.iter().map(|s| s.front).collect();
    stray::prose(handout, &loose, &fronts, &mut all);
    stray::unnumbered(handout, segments, &loose, &mut all);
    all
}

/// Takes back the new claims that are not the key; where one of them is, names stay: the text is of
/// this question.
fn keep_fitting(
    question: &Question,
    keys: &[&Answer],
    before: &[bool],
    claims: &mut [Option<Claim>],
    one: bool,
) {
    let fits = |at: usize, claim: &Claim| {
        let (part, key) = (&question.part[at], keys[at]);
        same(part, &key.values, &key.text, &claim.value)
    };
    let new = |at: &usize| !before[*at];
    let any = (0..claims.len())
        .filter(new)
        .any(|at| claims[at].as_ref().is_some_and(|c| fits(at, c)));
    for at in (0..claims.len()).filter(new) {
        // A name in such a text is told of it; a number or an address may be of something else.
        let sort = class(*question.part[at].kind.get_ref());
        let told = one && any && matches!(sort, Class::Name | Class::YesNo | Class::List);
        claims[at] = claims[at].take().filter(|c| told || fits(at, c));
    }
}

/// A value that no label stands by is wrong only where no other could be meant. Where the right value
/// stands beside it and nothing else claims that, it is the one.
fn doubt(part: &Part, key: &Answer, claim: &mut Claim, alone: bool) {
    let fits = |value: &Claimed| same(part, &key.values, &key.text, value);
    if fits(&claim.value) || key.missing.is_some() {
        return;
    }
    if claim.readings.iter().any(|reading| means(key, *reading)) {
        claim.two_ways = true;
        return;
    }
    let mut others = claim.others.iter().filter(|(value, _)| fits(value));
    if !claim.loose {
        // Wireshark's relative number stands above the raw one.
        let relative = *part.kind.get_ref() == Type::Int
            && (claim.value == Claimed::Number(0.0, Unit::None)
                || claim.value == Claimed::Number(1.0, Unit::None));
        if let Some((value, _)) = others.next().filter(|_| relative) {
            claim.value = value.clone();
        }
        // `128, no: 64` where the part is named.
        let number = claim.named && matches!(claim.value, Claimed::Number(..));
        let beside = claim
            .others
            .iter()
            .any(|(v, elsewhere)| fits(v) && !elsewhere);
        claim.unplain = number && beside || second_of_two(&claim.text, &key.text);
        return;
    }
    if let (Type::Ports, Claimed::Ports(a, b)) = (part.kind.get_ref(), &claim.value) {
        let told = |n: &i128| *a == Some(*n) || *b == Some(*n);
        let key: Vec<i128> = key
            .values
            .iter()
            .filter_map(super::compare::whole)
            .collect();
        claim.unplain = key.iter().all(told);
        return;
    }
    let single = !alone && claim.conflict.is_none();
    match others.clone().find(|(_, elsewhere)| !elsewhere) {
        Some((value, _)) if single => claim.value = value.clone(),
        _ => claim.unplain = others.next().is_some(),
    }
}

/// Whether a reading of digits is the key's number.
fn means(key: &Answer, (told, room): (f64, f64)) -> bool {
    let number = key.values.first().and_then(|v| v.as_float());
    number.is_some_and(|n| (told - n).abs() <= (room * n.abs()).max(f64::EPSILON * n.abs()))
}

/// Whether a label is followed by two ends of which this is the second: `connection: A to B`. The
/// label is of both.
fn second_of_two(text: &str, value: &str) -> bool {
    let Some((before, _)) = text.split_once(value).filter(|_| !value.is_empty()) else {
        return false;
    };
    let before = before.trim_end();
    let mut links = ["to", "->", "→", "=>"].iter();
    let first = links.find_map(|link| before.strip_suffix(link));
    let first = first.and_then(|first| first.trim_end().rsplit_once(": "));
    first.is_some_and(|(_, end)| !end.is_empty() && !end.contains(char::is_whitespace))
}

/// The pieces of a question; items of a list that stand in lines of their own are one piece.
fn columns<'s>(
    question: &Question,
    keys: &[&Answer],
    pieces: impl Iterator<Item = &'s Segment>,
) -> Vec<Segment> {
    let bare = |text: &str| -> String {
        let text = text.trim().trim_start_matches(|c: char| {
            c.is_whitespace() || matches!(c, '-' | '*' | '•' | '>' | '.' | ')')
        });
        let text = text.trim_matches(['"', '\'', '“', '”', '`', '.', '!', ',']);
        text.to_lowercase()
    };
    let items: Vec<String> = question
        .part
        .iter()
        .zip(keys)
        .filter(|(part, _)| *part.kind.get_ref() == Type::List)
        .flat_map(|(_, key)| key.values.iter().map(|v| bare(&v.to_string())))
        .collect();
    let pieces: Vec<&Segment> = pieces.collect();
    let mut out: Vec<Segment> = Vec::new();
    let mut open = false;
    for piece in &pieces {
        // What a labelled answer goes on with, where no other part can have it.
        if let Some(last) = out
            .last_mut()
            .filter(|last| goes_on(question, &pieces, last, piece))
        {
            last.text.push_str("; ");
            last.text.push_str(piece.text.trim());
            continue;
        }
        let text = bare(&piece.text);
        let listed = !items.is_empty()
            && piece.hint.is_empty()
            && (items.contains(&text) || open && !text.contains(' ') && text.len() < 20);
        match out.last_mut() {
            Some(last) if listed && (open || last.text.trim_end().ends_with(':')) => {
                last.text.push_str(if open { ", " } else { " " });
                last.text.push_str(piece.text.trim());
                open = true;
            }
            _ => {
                open = listed;
                out.push((*piece).clone());
            }
        }
    }
    out
}

/// Whether a piece goes on with the labelled one before it: `Src Port: 53644, Dst Port: 80` in the answer
/// to a question with one part, and a bare number where all parts are named.
fn goes_on(question: &Question, all: &[&Segment], last: &Segment, piece: &Segment) -> bool {
    static LABELLED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^\s*\p{L}[\p{L}\d #./-]{0,30}[:=]").expect("the pattern is right")
    });
    static BARE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^\s*\d[\d.,]*\s*(?:\p{L}{1,7})?\s*[.?]?\s*$").expect("the pattern is right")
    });
    let Some(Slot::Label(part)) = last.slot else {
        return false;
    };
    let kind = *question.part[part].kind.get_ref();
    let several = matches!(kind, Type::Frames | Type::Ports | Type::List | Type::Hex);
    let named = |part: usize| all.iter().any(|s| s.slot.map(Slot::part) == Some(part));
    let free = piece.slot.is_none() && piece.hint.is_empty() && !piece.apart;
    let labelled = several && question.part.len() == 1 && LABELLED.is_match(&piece.text);
    let bare = class(kind) == Class::Number
        && BARE.is_match(&piece.text)
        && (0..question.part.len()).all(named);
    free && last.turn == piece.turn && (labelled || bare)
}

/// A value told once for two parts that mean the same thing.
fn alike(question: &Question, keys: &[&Answer], claims: &mut [Option<Claim>]) {
    for at in 0..question.part.len() {
        if claims[at].is_some() {
            continue;
        }
        for other in &question.part[at].alike {
            let found = question.part.iter().position(|p| p.id == *other);
            if let Some(found) = found
                && let Some(claim) = &claims[found]
                && same(
                    &question.part[at],
                    &keys[at].values,
                    &keys[at].text,
                    &claim.value,
                )
            {
                claims[at] = Some(claim.clone());
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::second_of_two;

    #[test]
    fn two_ends_after_a_label() {
        let value = "93.184.216.34";
        assert!(second_of_two(
            "origin: 10.0.2.4:459 to 93.184.216.34:80",
            value
        ));
        assert!(!second_of_two("origin: 93.184.216.34 to 10.0.2.4", value));
        assert!(!second_of_two("it goes to 93.184.216.34", value));
        assert!(!second_of_two(
            "origin: 10.0.2.4, sent to 93.184.216.34",
            value
        ));
    }
}
