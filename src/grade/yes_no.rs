//! Answers that are yes or no, said as such or by the question's own words, with negation understood.

use super::claim::{Claim, Claimed};
use super::names::{BECAUSE, mentions};
use super::piece::{Piece, find_label};
use super::token::{hedged, sentence};
use crate::handout::format::{Part, Question};
use regex::Regex;
use std::sync::LazyLock;

static YES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(?:yes|true|ja|correct)\b").expect("the pattern is right"));
static NO: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\W*(?:no|nope|false|nein)\b|\b(?:no|false)(?:\s*[,.;:!]|\s*$|\s+(?:it|this|that|the)\b)|\byes\s+and\s+no\b|^\W*(?:that|this|it)(?:\s+is|'s)\s+(?:wrong|incorrect|not true)\b")
        .expect("the pattern is right")
});
static BARE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^\W*no\s*[,.;:!]|^\W*no\s*$|^\W*no\s+(?:it|this|the proxy)\b|^\W*(?:false|nope|nein)\b|\b(?:wrong|incorrect|not true)\b",
    )
    .expect("the pattern is right")
});
static DIRECT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\byes\b[\s,]*(?:it|this|that)?\s*(?:does not|doesn't|is not|isn't)")
        .expect("the pattern is right")
});
static DENIES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\bnot\b|n't\b|\bnever\b").expect("the pattern is right"));
static VERB: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\W*(?:yes|no|true|false)?[\s,.:;]*(?:and no)?[\s,]*(?:(?:it|this|that)\s+(?:does|do|is)(?:\s+not|n't)?|doesn't|does not|isn't|is not)?\s*(?:belongs?(?:\s+to\s+(?:it|\d+\.\d+\.\d+\.\d+))?)?")
        .expect("the pattern is right")
});

/// What a sentence says of the question's own verb and object: `belongs to the web server`.
fn affirms(question: &Question, part: &Part, says: &str) -> Option<bool> {
    static OTHER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\bto\s+(?:the|my|our|a|its)\s+[a-z]+").expect("the pattern is right")
    });
    let asked = question.text.to_lowercase();
    for label in part.labels.iter().map(|l| l.to_lowercase()) {
        let Some((_, end)) = find_label(&asked, &label, 0) else {
            continue;
        };
        let object = asked[end..].split(['?', '.']).next().unwrap_or_default();
        let object = object.trim_start_matches("to ").trim();
        let object = object
            .strip_prefix("to the ")
            .or(object.strip_prefix("the "))
            .unwrap_or(object);
        let Some((start, end)) = find_label(says, &label, 0) else {
            continue;
        };
        if object.is_empty() {
            continue;
        }
        let rest = says[end..].split([',', ';']).next().unwrap_or_default();
        let rest = rest.split(" but ").next().unwrap_or_default();
        let denied = DENIES.is_match(&says[..start]);
        if let Some((at, _)) = find_label(rest, object, 0) {
            return Some(!denied && !DENIES.is_match(&rest[..at]));
        }
        if OTHER.is_match(rest) && !denied {
            return Some(false);
        }
    }
    None
}

/// What a piece says of a part that is yes or no.
pub fn claim(question: &Question, part: &Part, piece: &mut Piece<'_>) -> Option<Claim> {
    let lower = piece.lower.clone();
    if lower.trim().is_empty() {
        return None;
    }
    let first = sentence(piece.text, lower.len() - lower.trim_start().len());
    let says = &lower[first.clone()];
    let mut yes = YES.is_match(says);
    let mut no = NO.is_match(says);
    let named = mentions(part, 0, &lower);
    let explicit = yes || no;
    if explicit && no && !yes && !named.is_empty() {
        // `No DNS query, so from the cache` is no `no`.
        if !BARE.is_match(says) {
            no = false;
        }
    }
    let denied = |span: &std::ops::Range<usize>| {
        let before = &lower[first.start.min(span.start)..span.start];
        let cut = [", ", "; ", " so ", " but ", " and "].iter();
        let from = cut.filter_map(|c| before.rfind(c)).max().unwrap_or(0);
        DENIES.is_match(&before[from..])
    };
    for mention in &named {
        if !explicit && denied(&mention.span) {
            match mention.value.as_str() {
                "yes" => no = true,
                "no" => yes = true,
                _ => {}
            }
            continue;
        }
        match mention.value.as_str() {
            "yes" if !explicit => yes = true,
            "no" if !explicit => no = true,
            _ => {}
        }
    }
    let denies = DENIES.is_match(says);
    match affirms(question, part, says) {
        Some(true) => yes = true,
        Some(false) if !yes || explicit => no = true,
        _ => {}
    }
    if !yes && !no {
        if denies {
            no = true;
        } else {
            let about = part
                .labels
                .iter()
                .any(|l| find_label(says, &l.to_ascii_lowercase(), 0).is_some());
            if !about && !hedged(says) {
                return None;
            }
        }
    } else if yes && !no && explicit {
        // `Yes, it does not` says both.
        no = DIRECT.is_match(says);
    }
    let hedge = hedged(&piece.text[first.clone()]) || (!yes && !no);
    let text = piece.text[first.clone()].trim().to_owned();
    for mention in named {
        piece.taken.push(mention.span);
    }
    if !explicit {
        // Up to where it is explained.
        let cut = [
            says.find([',', ';']),
            says.find(" but "),
            BECAUSE.find(says).map(|m| m.start()),
        ];
        let end = cut.into_iter().flatten().min().unwrap_or(says.len());
        let why = question
            .part
            .iter()
            .any(|p| super::prose::rubric(p, &says[..end]));
        if !why {
            piece.taken.push(first.start..first.start + end);
        }
    } else if let Some(verb) = VERB.find(says) {
        piece
            .taken
            .push(first.start + verb.start()..first.start + verb.end());
    }
    Some(Claim {
        value: Claimed::YesNo(yes && !no),
        text,
        hedged: hedge,
        firm: true,
        unplain: false,
        conflict: (yes && no).then(|| "yes and no".to_owned()),
    })
}
