//! What stands in a report where nobody asked for it: sentences without a number, and values of the
//! key where their question is not answered.

use super::assign::value;
use super::claim::{Claim, Claimed, Class, class};
use super::compare::same;
use super::numbering::{Segment, group};
use super::piece::Piece;
use super::prose as judge;
use super::reading::Said;
use super::token::{Kind, Unit};
use crate::handout::format::{Part, Type};
use crate::handout::{Answer, Handout};

/// Words under no number that can be an answer; fewer are greetings and file names.
const ENOUGH: usize = 12;
/// Words of such a text that are quoted: a person looks at the report itself.
const QUOTED: usize = 80;

/// A part that nothing was found for is not "missing" while its right value stands, unused, under
/// its own question, under a question beside it or under none: a person looks.
pub fn values(
    handout: &Handout,
    keys: &[Answer],
    pieces: &[Vec<Piece<'_>>],
    loose: &[Piece<'_>],
    claims: &mut [Vec<Option<Claim>>],
) {
    let questions = &handout.file.question;
    for key in keys.iter().filter(|k| k.missing.is_none()) {
        let (q, at) = (key.question, key.part);
        let part = &questions[q].part[at];
        if claims[q][at].is_some() {
            continue;
        }
        let near = (0..questions.len())
            .filter(|o| *o != q && group(&questions[*o].id) == group(&questions[q].id));
        let near = near.flat_map(|o| &pieces[o]);
        let own = pieces[q].iter().find_map(|p| standing(part, key, p, true));
        let found = own.or_else(|| {
            let mut others = loose.iter().chain(near);
            others.find_map(|p| standing(part, key, p, false))
        });
        claims[q][at] = found.map(|(value, text)| Claim {
            value,
            text,
            elsewhere: true,
            ..Claim::default()
        });
    }
}

/// A question that the report names nowhere is not "missing" while the report has text under no
/// number: a person looks.
pub fn unnumbered(handout: &Handout, segments: &[Segment], loose: &[Piece<'_>], all: &mut [Said]) {
    let named = segments.iter().any(|s| s.question.is_some());
    let own = segments.iter().filter(|s| s.question.is_none());
    let mut text = String::new();
    for (_, piece) in own.zip(loose).filter(|(s, _)| !(s.front && named)) {
        for sentence in sentences(piece) {
            text.push_str(&sentence);
            text.push_str("; ");
        }
    }
    let questions = &handout.file.question;
    let mut at = 0;
    for (q, question) in questions.iter().enumerate() {
        if segments.iter().any(|s| s.question == Some(q)) {
            at += question.part.len();
            continue;
        }
        // Text under the number of its group, which went to the others.
        let mut text = text.clone();
        let beside = |o: usize| group(&questions[o].id) == group(&question.id);
        for segment in segments.iter().filter(|s| s.shared) {
            if segment.question.is_some_and(beside) {
                text.push_str(&segment.text);
                text.push_str("; ");
            }
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        let enough = words.len() >= ENOUGH;
        let quote = words[..words.len().min(QUOTED)].join(" ");
        for part in &question.part {
            let said = &mut all[at];
            at += 1;
            if !enough || said.claim.is_some() || said.prose.is_some() {
                continue;
            }
            if *part.kind.get_ref() == Type::Prose {
                said.prose = Some(judge::Judgement {
                    text: quote.clone(),
                    ..judge::score(part, &text)
                });
            } else {
                said.claim = Some(Claim {
                    value: Claimed::Vague,
                    text: quote.trim_end_matches(';').to_owned(),
                    elsewhere: true,
                    ..Claim::default()
                });
            }
        }
    }
}

/// The key's value among those of a piece that nothing used, and the words around it. Small numbers
/// say little where the question is another.
fn standing(part: &Part, key: &Answer, piece: &Piece<'_>, own: bool) -> Option<(Claimed, String)> {
    let kind = class(*part.kind.get_ref());
    let free = |t: &usize| {
        let token = &piece.tokens[*t];
        let small = matches!(token.kind, Kind::Number(n) if n < 256) && token.unit == Unit::None;
        !piece.used[*t] && !piece.dropped[*t] && kind.holds(token) && (own || !small || token.frame)
    };
    let free: Vec<usize> = (0..piece.tokens.len()).filter(free).collect();
    let quote = |t: usize| piece.quote(piece.tokens[t].span.start);
    let fits = |value: &Claimed| same(part, &key.values, &key.text, value);
    match kind {
        Class::Ip | Class::Mac | Class::Number => free.iter().find_map(|t| {
            let value = value(&piece.tokens[*t]).filter(fits)?;
            Some((value, quote(*t)))
        }),
        Class::Frames | Class::Ports => {
            let numbers = |run: &[usize]| -> Vec<i128> {
                let of = |t: &usize| match piece.tokens[*t].kind {
                    Kind::Number(n) => n,
                    _ => -1,
                };
                run.iter().map(of).collect()
            };
            free.windows(key.values.len().max(1)).find_map(|run| {
                let told = numbers(run);
                let value = match (kind, told.as_slice()) {
                    (Class::Ports, [a, b]) => Claimed::Ports(Some(*a), Some(*b)),
                    (Class::Ports, _) => return None,
                    _ => Claimed::Numbers(told),
                };
                fits(&value).then(|| (value, quote(run[0])))
            })
        }
        _ => None,
    }
}

/// Sentences that name no question go to the prose that they fit, or to the only one left.
pub fn prose(handout: &Handout, loose: &[Piece<'_>], fronts: &[bool], all: &mut [Said]) {
    let mut open: Vec<usize> = Vec::new();
    let mut at = 0;
    let mut parts = Vec::new();
    for question in &handout.file.question {
        for part in &question.part {
            if *part.kind.get_ref() == Type::Prose {
                open.push(at);
            }
            parts.push(part);
            at += 1;
        }
    }
    let mut left: Vec<String> = Vec::new();
    for (piece, front) in loose.iter().zip(fronts) {
        for sentence in sentences(piece) {
            let best = open
                .iter()
                .map(|o| (judge::score(parts[*o], &sentence), *o))
                .map(|(j, o)| (j.ideas.len() + j.mistakes.len(), o, j))
                .max_by_key(|(n, o, _)| (*n, std::cmp::Reverse(*o)));
            match best {
                Some((n, o, judged)) if n > 0 && sentence.split_whitespace().count() > 3 => {
                    match &mut all[o].prose {
                        Some(known) => {
                            known.text.push_str("; ");
                            known.text.push_str(&sentence);
                        }
                        empty => *empty = Some(judged),
                    }
                }
                _ if !front && sentence.split_whitespace().count() >= 3 => left.push(sentence),
                _ => {}
            }
        }
    }
    open.retain(|o| all[*o].prose.is_none());
    if let ([one], [sentence]) = (open.as_slice(), left.as_slice()) {
        all[*one].prose = Some(judge::score(parts[*one], sentence));
    }
}

/// Sentences without values that were used.
fn sentences(piece: &Piece<'_>) -> Vec<String> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < piece.text.len() {
        let mut range = super::token::sentence(piece.text, at);
        if range.end <= at {
            range.end = at + 1;
            while !piece.text.is_char_boundary(range.end) {
                range.end += 1;
            }
        }
        let used = piece
            .tokens
            .iter()
            .zip(&piece.used)
            .any(|(t, used)| *used && range.contains(&t.span.start));
        let taken = piece.taken.iter().any(|t| range.contains(&t.start));
        let text = piece.text[range.start.max(at)..range.end].trim_matches(['.', ' ', '\n', ';']);
        if !used && !taken && !text.is_empty() {
            out.push(text.to_owned());
        }
        at = range.end
            + usize::from(
                range.end < piece.text.len() && piece.text.is_char_boundary(range.end + 1),
            );
        if at <= range.start {
            break;
        }
        while at < piece.text.len() && !piece.text.is_char_boundary(at) {
            at += 1;
        }
    }
    out
}
