//! Answers that are one of several names, yes or no included: found as whole words, with negation
//! understood.

use super::claim::{Claim, Claimed, Class, class};
use super::codes::{PROTOCOLS, code_of, codes, number, other_code};
use super::piece::{Piece, find, find_label, within};
use super::token::{Kind, hedged, sentence};
use crate::handout::format::{Names, Part, Question, Type};
use crate::handout::names::table;
use regex::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// A name that was found in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// The value it stands for.
    pub value: String,
    /// The piece.
    pub piece: usize,
    /// Where.
    pub span: Range<usize>,
}

/// The names a part knows: each with the value it stands for.
pub fn known(part: &Part) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    let mut add = |value: &str, name: &str| {
        let name = name.to_ascii_lowercase();
        if !all.iter().any(|(_, n)| *n == name) {
            all.push((value.to_owned(), name));
        }
    };
    match &part.names {
        Some(Names::Known(name)) => {
            for (_, short, others) in table(name).into_iter().flatten() {
                add(short, short);
                for other in *others {
                    add(short, other);
                }
            }
        }
        Some(Names::Own(own)) => {
            for (value, others) in own {
                let own = matches!(value.as_str(), "yes" | "no");
                if !own && !value.bytes().all(|b| b.is_ascii_digit()) {
                    add(value, value);
                }
                for other in others.as_array().into_iter().flatten() {
                    add(value, other.as_str().unwrap_or_default());
                }
            }
        }
        None => {}
    }
    for wrong in &part.wrong {
        let own = matches!(wrong.value.as_str(), "yes" | "no");
        if !own && wrong.value.chars().any(char::is_alphabetic) {
            add(&wrong.value, &wrong.value);
        }
    }
    all.sort_by_key(|(_, name)| std::cmp::Reverse(name.len()));
    all
}

/// The names in a text, the longest where several overlap, negated ones left out.
pub fn mentions(part: &Part, piece: usize, text: &str) -> Vec<Mention> {
    told(part, &known(part), piece, text)
}

/// Those of names that were looked up before.
fn told(part: &Part, known: &[(String, String)], piece: usize, text: &str) -> Vec<Mention> {
    let mut found: Vec<Mention> = Vec::new();
    for (value, name) in known {
        let mut from = 0;
        while let Some((start, end)) = find_whole(text, name, from) {
            from = end;
            if found
                .iter()
                .any(|m| m.span.start < end && start < m.span.end)
            {
                continue;
            }
            found.push(Mention {
                value: value.clone(),
                piece,
                span: start..end,
            });
        }
    }
    found.sort_by_key(|m| m.span.start);
    // `target IP 10.0.2.2` and `IP header` speak of addresses and headers, not of the protocol.
    found.retain(|m| {
        let after = text[m.span.end..].trim_start_matches([' ', ':', '=']);
        let about = ["addr", "header", "of ", "is 1", "is 2"];
        text[m.span.clone()] != *"ip"
            || !(after.starts_with(|c: char| c.is_ascii_digit())
                || about.iter().any(|w| after.starts_with(w)))
    });
    let all = found.clone();
    super::denial::deny(text, &mut found);
    super::comparison::settle(&part.text, text, &all, &mut found);
    found
}

/// A name as a whole word.
fn find_whole(text: &str, name: &str, from: usize) -> Option<(usize, usize)> {
    let mut at = from;
    while let Some(start) = find(text, name, at) {
        let end = start + name.len();
        let (before, after) = within(text, start, end);
        let joined = text[..start].ends_with('_') || text[end..].starts_with('_');
        if !before && !after && !joined {
            return Some((start, end));
        }
        at = start + 1;
    }
    None
}

/// Words that begin an explanation.
pub static BECAUSE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(?:because|since|why|as|with|would|so|therefore|due to|but)\b")
        .expect("the pattern is right")
});
static VAGUE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(?:an|some|the)\s+(?:error|failure|exception)\b|\bit fails\b")
        .expect("the pattern is right")
});

/// Whether a name stands for nothing coming.
pub fn silence(value: &str) -> bool {
    value.starts_with("no ") || value.starts_with("nothing ")
}

/// Whether a text says that there is no answer.
pub fn nothing(text: &str) -> bool {
    static NOTHING: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\W*(?:n/a|none|unknown|todo|tbd|idk|(?:i\s+)?(?:don'?t|do not|did not|didn't|could not|couldn't|cannot|can't)\s+(?:know|find|answer|see|do|try|understand)(?:\s+(?:it|this|that|out|any|the question))*(?:,?\s+sorry)?(?:\s+(?:how|what|where|why|which)\b.*)?|dunno|no (?:idea|answer|clue|time)|(?:i\s+)?(?:forgot|skipped|did not manage|didn't manage|could not do|couldn't do|ran out of time|(?:did not|didn't|had not|hadn't) (?:have|get) (?:the |any |enough )?time|had no time)\b.*|skipped|missing|not (?:done|found|answered|available|finished|recorded|captured))?\W*$")
            .expect("the pattern is right")
    });
    NOTHING.is_match(text)
}

/// Whether a text says that something fails, and not what.
pub fn vague(text: &str) -> bool {
    VAGUE.is_match(text)
}

/// Claims of parts that are names, and of those that are yes or no.
pub fn claims(
    question: &Question,
    pieces: &mut [Piece<'_>],
    claims: &mut [Option<Claim>],
    only_labelled: bool,
) {
    let parts: Vec<usize> = (0..question.part.len())
        .filter(|at| class(*question.part[*at].kind.get_ref()) == Class::Name)
        .collect();
    let several = parts.len() > 1;
    let many = question.part.len() > 1;
    let numbers = question
        .part
        .iter()
        .any(|p| class(*p.kind.get_ref()) == Class::Number);
    for at in parts {
        if claims[at].is_some() {
            continue;
        }
        let part = &question.part[at];
        let others: Vec<&Part> = question
            .part
            .iter()
            .filter(|p| !std::ptr::eq(*p, part) && class(*p.kind.get_ref()) == Class::Name)
            .collect();
        let listed = question
            .part
            .iter()
            .any(|p| *p.kind.get_ref() == Type::List);
        // Where several parts are named alike, or the text is about other things as well, the
        // part's own label has to be near.
        let need = !part.labels.is_empty() && (listed || only_labelled);
        let mut found = Vec::new();
        let names = known(part);
        for (p, piece) in pieces.iter().enumerate() {
            for mention in told(part, &names, p, &piece.lower) {
                let near = nearness(piece, &mention, &part.labels);
                let other = others
                    .iter()
                    .filter_map(|o| nearness(piece, &mention, &foreign(part, o)))
                    .min();
                let hinted = part
                    .labels
                    .iter()
                    .any(|l| find_label(piece.hint, &l.to_ascii_lowercase(), 0).is_some());
                if need && near.is_none() && !hinted {
                    continue;
                }
                if several
                    && !hinted
                    && other.is_some_and(|other| near.map_or(other < 40, |near| other < near))
                {
                    continue;
                }
                found.push((near.unwrap_or(usize::MAX), mention));
            }
        }
        if need || several {
            let nearest = found.iter().map(|f| f.0).min();
            found.retain(|f| Some(f.0) == nearest || !need);
        }
        let mut found: Vec<Mention> = found.into_iter().map(|f| f.1).collect();
        // `No answer from the program, but an ICMP message`: what there is counts.
        found.sort_by_key(|m| silence(&m.value));
        // The number that the name stands for, as in `UDP (17)`.
        let codes: Vec<Kind> = match numbers {
            true => Vec::new(),
            false => codes(part)
                .iter()
                .map(|code| Kind::Number(code.0))
                .collect(),
        };
        claims[at] = match found.first() {
            Some(first) => {
                let own = code_of(part, &first.value).unwrap_or(-1);
                Some(named(part, first, &found, pieces, &codes, own))
            }
            None if !numbers => number(part, pieces),
            None => None,
        };
        if claims[at].is_none() && part.review && !only_labelled {
            claims[at] = whole(pieces);
        }
        if claims[at].is_none() && !only_labelled {
            claims[at] = strange(question, part, pieces);
        }
        if claims[at].is_none() && !only_labelled && many {
            claims[at] = pieces.iter().find_map(|piece| {
                let found = VAGUE.find(&piece.lower)?;
                Some(Claim {
                    value: Claimed::Vague,
                    text: piece.quote(found.start()),
                    hedged: true,
                    ..Claim::default()
                })
            });
        }
    }
    if !only_labelled {
        unknown(question, pieces, claims);
    }
    for (at, part) in question.part.iter().enumerate() {
        if *part.kind.get_ref() == Type::YesNo && claims[at].is_none() && !only_labelled {
            claims[at] = pieces
                .iter_mut()
                .find_map(|piece| super::yes_no::claim(question, part, piece));
        }
    }
}

/// Where a name is asked for and the words give none that is known, a person has to see them: in the
/// answer to a question that asks for little else, and where the part is spoken of.
fn unknown(question: &Question, pieces: &[Piece<'_>], claims: &mut [Option<Claim>]) {
    let value = |p: &&Part| class(*p.kind.get_ref()) != Class::Prose;
    let others = question.part.iter().zip(claims.iter());
    let silent = others.filter(|(p, c)| value(p) && c.is_some()).count() == 0;
    let names = |p: &Part| class(*p.kind.get_ref()) == Class::Name;
    let only = question.part.iter().filter(value).all(names);
    let words = |p: &&Piece<'_>| {
        p.lower
            .split_whitespace()
            .any(|w| w.contains(char::is_alphabetic))
    };
    for (part, claim) in question.part.iter().zip(claims.iter_mut()) {
        if !names(part) || claim.is_some() {
            continue;
        }
        let own = part.id.replace('-', " ");
        let spoken = |piece: &&Piece<'_>| {
            piece.hint.contains(own.as_str())
                || silent && only
                || part.labels.iter().any(|l| {
                    let label = l.to_ascii_lowercase();
                    find_label(&piece.lower, &label, 0).is_some()
                })
        };
        let mut said = pieces.iter().filter(words).filter(|p| !nothing(&p.lower));
        if let Some(piece) = said.find(spoken) {
            *claim = Some(Claim {
                value: Claimed::Vague,
                text: piece.text.trim().to_owned(),
                hedged: true,
                ..Claim::default()
            });
        }
    }
}

/// Labels of another part that do not belong to this one as well.
pub fn foreign(part: &Part, other: &Part) -> Vec<String> {
    let text = part.text.to_lowercase();
    let own = |l: &&String| !text.contains(&l.to_lowercase());
    other.labels.iter().filter(own).cloned().collect()
}

/// A name of something else where this part is told: one that another part of the question knows, or
/// a protocol that is none of those asked for.
fn strange(question: &Question, part: &Part, pieces: &[Piece<'_>]) -> Option<Claim> {
    /// What comes before the name of a protocol that is used.
    static RUNS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(?:runs?|running|goes|uses?|based|carried|sent)\s+(?:(?:over|on|via|by|upon|in)\s+)?(?:the\s+)?$")
            .expect("the pattern is right")
    });
    let siblings = question
        .part
        .iter()
        .filter(|o| !std::ptr::eq(*o, part) && class(*o.kind.get_ref()) == Class::Name);
    let siblings: Vec<&Part> = siblings.collect();
    let names: Vec<Vec<(String, String)>> = siblings.iter().map(|o| known(o)).collect();
    for (p, piece) in pieces.iter().enumerate() {
        let mut all: Vec<Mention> = Vec::new();
        for (sibling, names) in siblings.iter().zip(&names) {
            all.extend(told(sibling, names, p, &piece.lower));
        }
        if matches!(part.names, Some(Names::Known(_))) {
            all.extend(PROTOCOLS.find_iter(&piece.lower).map(|m| Mention {
                value: m.as_str().to_uppercase(),
                piece: p,
                span: m.range(),
            }));
        }
        for mention in all {
            let taken = piece
                .taken
                .iter()
                .any(|t| t.start < mention.span.end && mention.span.start < t.end);
            let near = if RUNS.is_match(&piece.lower[..mention.span.start]) {
                Some(0)
            } else {
                nearness(piece, &mention, &part.labels)
            };
            let other = siblings
                .iter()
                .filter_map(|o| nearness(piece, &mention, &foreign(part, o)))
                .min();
            if taken
                || near.is_none_or(|n| n > 25)
                || other.is_some_and(|o| near.is_some_and(|n| o <= n))
                || super::denial::negated(&piece.lower[..mention.span.start])
            {
                continue;
            }
            let text = piece.quote(mention.span.start);
            return Some(Claim {
                value: Claimed::Name(mention.value),
                hedged: hedged(&text),
                text,
                ..Claim::default()
            });
        }
    }
    None
}

/// All that was written, where it is to be looked at anyway.
fn whole(pieces: &[Piece<'_>]) -> Option<Claim> {
    let piece = pieces
        .iter()
        .find(|p| p.text.chars().any(char::is_alphanumeric))?;
    Some(Claim {
        value: Claimed::Text(piece.text.to_owned()),
        text: piece.text.to_owned(),
        hedged: hedged(piece.text),
        ..Claim::default()
    })
}

/// How far a label of a part is from a name within its sentence.
pub fn nearness(piece: &Piece<'_>, mention: &Mention, labels: &[String]) -> Option<usize> {
    let around = sentence(piece.text, mention.span.start);
    let text = &piece.lower[around.clone()];
    let mut best: Option<usize> = None;
    for label in labels {
        let mut from = 0;
        let label = label.to_ascii_lowercase();
        while let Some((start, end)) = find_label(text, &label, from) {
            from = end;
            let (start, end) = (around.start + start, around.start + end);
            // `A for X and B for Y`: what joins two clauses parts them.
            let parted = |gap: &str| {
                gap.contains([',', ';'])
                    || [" and ", " while ", " but "]
                        .iter()
                        .any(|w| gap.contains(w))
            };
            let distance = if end <= mention.span.start {
                let cut = parted(&piece.lower[end..mention.span.start]);
                mention.span.start - end + if cut { 40 } else { 0 }
            } else if start >= mention.span.end {
                let gap = &piece.lower[mention.span.end..start];
                let bound = matches!(
                    gap.trim(),
                    "for" | "over" | "with" | "via" | "in" | "on" | "under" | "("
                );
                if bound {
                    0
                } else {
                    start - mention.span.end + if parted(gap) { 60 } else { 5 }
                }
            } else {
                0
            };
            best = Some(best.map_or(distance, |b| b.min(distance)));
        }
    }
    best
}

fn named(
    part: &Part,
    first: &Mention,
    found: &[Mention],
    pieces: &mut [Piece<'_>],
    codes: &[Kind],
    own: i128,
) -> Claim {
    let piece = &pieces[first.piece];
    let around = sentence(piece.text, first.span.start);
    let others: Vec<&Mention> = found
        .iter()
        .filter(|m| m.value != first.value && m.piece == first.piece)
        .filter(|m| m.span.start < first.span.start || rivals(piece, first, m))
        .collect();
    let text = piece.text[around.clone()].trim().to_owned();
    let question = piece.text[first.span.end..].trim_start().starts_with('?');
    let begin = piece.text[..first.span.start]
        .rfind([',', ';'])
        .map_or(0, |at| at.max(around.start))
        .max(around.start);
    let mut end = around.end;
    if let Some(found) = BECAUSE.find(&piece.lower[first.span.end..around.end])
        && !hedged(&piece.text[first.span.end..around.end])
    {
        end = first.span.end + found.start();
    }
    // Where the number is asked for as well, it is an answer of its own.
    let asked = codes.is_empty();
    let code = other_code(part, first, piece).filter(|_| !asked);
    let claim = Claim {
        value: Claimed::Name(first.value.clone()),
        hedged: question || hedged(&piece.text[begin..end]),
        conflict: (!others.is_empty())
            .then(|| {
                let values: Vec<&str> = others.iter().map(|m| m.value.as_str()).collect();
                values.join(" / ")
            })
            .or(code),
        text,
        ..Claim::default()
    };
    let others: Vec<Mention> = others.into_iter().cloned().collect();
    for mention in found {
        if mention.value == first.value || others.contains(mention) {
            let piece = &mut pieces[mention.piece];
            piece.taken.push(mention.span.clone());
            // The number in brackets behind it.
            for (t, token) in piece.tokens.iter().enumerate() {
                let behind = token.span.start >= mention.span.end;
                let own = behind
                    && Kind::Number(own) == token.kind
                    && matches!(
                        piece.lower[mention.span.end..token.span.start].trim(),
                        "" | "/" | "=" | "("
                    );
                if own
                    || codes.contains(&token.kind)
                        && token.bracket
                        && behind
                        && token.span.start < mention.span.end + 14
                {
                    piece.used[t] = true;
                }
            }
        }
    }
    claim
}

/// Whether another name is claimed as well, and not only spoken of in an explanation.
fn rivals(piece: &Piece<'_>, first: &Mention, other: &Mention) -> bool {
    static DENIES: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(?:no|not|without|cannot|never|impossible)\b|n't\b")
            .expect("the pattern is right")
    });
    let around = sentence(piece.text, other.span.start);
    let alone = &piece.lower[around.clone()];
    if !around.contains(&first.span.start) {
        // A short sentence of its own says another value; a longer one explains.
        let end = other.span.end - around.start;
        return other.span.start > first.span.end
            && alone.split_whitespace().count() <= 5
            && !alone[end..].contains(char::is_alphabetic)
            && !BECAUSE.is_match(alone)
            && !DENIES.is_match(alone);
    }
    if other.span.start <= first.span.end {
        return false;
    }
    let between = &piece.lower[first.span.end..other.span.start];
    if BECAUSE.is_match(between) {
        return false;
    }
    let Some(comma) = between.find([',', '(', '–']) else {
        return true;
    };
    let clause = &piece.lower[first.span.end + comma..around.end];
    !(DENIES.is_match(clause) && clause.split_whitespace().count() >= 4)
}

/// Hardware addresses that are told by a name, such as `all ones`.
pub fn macs(question: &Question, pieces: &mut [Piece<'_>], claims: &mut [Option<Claim>]) {
    for (at, part) in question.part.iter().enumerate() {
        if *part.kind.get_ref() != Type::Mac || claims[at].is_some() || part.names.is_none() {
            continue;
        }
        let found = pieces
            .iter()
            .enumerate()
            .find_map(|(p, piece)| mentions(part, p, &piece.lower).into_iter().next());
        if let Some(mention) = found
            && let Some(mac) = crate::handout::value::mac(&mention.value)
        {
            let piece = &mut pieces[mention.piece];
            let text = piece.quote(mention.span.start);
            piece.taken.push(mention.span.clone());
            claims[at] = Some(Claim {
                value: Claimed::Mac(mac),
                hedged: hedged(&text),
                text,
                ..Claim::default()
            });
        }
    }
}
