//! Answers that are yes or no, said as such or by the question's own words, with negation understood.

use super::claim::{Claim, Claimed};
use super::names::{self, BECAUSE, mentions};
use super::piece::{Piece, find_label};
use super::prose;
use super::token::{hedged, sentence};
use crate::handout::format::{Part, Question, Take};
use regex::Regex;
use std::sync::LazyLock;

static YES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(?:yes|true|ja|oui|correct|yep|yeah|of course|certainly|indeed)\b")
        .expect("the pattern is right")
});
/// A `no` that answers; `no packet` counts.
static NO: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\W*(?:nope|false|nein|non|not at all|not a chance|no way|of course not)\b|^\W*no\s*(?:[-–—,.;:!(]|$)|^\W*no\s+(?:it|this|that|the|they|he|because|since|as|but|i|we|only|and)\b|\b(?:no|false)\s*(?:[,.;:!)]|$)|[,.;:]\s*no\s+(?:it|this|that)\b|\byes\s+and\s+no\b|^\W*(?:that|this|it)(?:\s+is|'s)\s+(?:wrong|incorrect|not true)\b")
        .expect("the pattern is right")
});
/// An answer by its verb alone: `It does not, since …`.
static VERB_ALONE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\W*(?:it|this|that|they)\s+(?:does|is|was|do|did|has)(?P<not>\s+not|n't)?\s*(?:[,.;:!(]|$|because\b|since\b|as\b|but\b)")
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

/// Words that deny what follows: `no body was sent`.
static NONE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(?:no|without|without an?)\s+$").expect("the pattern is right")
});
/// What says of a thing that there is none: `body: none`.
static ABSENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*[:=]\s*(?:none|nothing|absent)\b").expect("the pattern is right")
});
/// What makes of an object what something is.
static IS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:\bis|'s|\bbe)(?P<not>\s+not|n't)?\s+(?:(?:the|that|of|to|mac|address|one|hardware|from)\s+)*$")
        .expect("the pattern is right")
});

/// What a whole answer says of a flag: `set`, `DF=1`, `0`.
fn flag(part: &Part, text: &str) -> Option<bool> {
    static FLAG: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^\W*(?:[a-z]{1,6}\s*[:=]\s*)?(?:(?:it\s+)?is\s+)?(?:(?P<no>not\s+set|unset|cleared|set\s+to\s+0|0|n)|(?P<yes>set(?:\s+to\s+1)?|1|y))\W*$")
            .expect("the pattern is right")
    });
    let field = part.take.as_ref().map(toml::Spanned::get_ref);
    let asked = matches!(field, Some(Take::One(field)) if field.contains(".flags."));
    let found = FLAG.captures(text).filter(|_| asked)?;
    Some(found.name("yes").is_some())
}

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
        if object.is_empty() {
            continue;
        }
        // `It is not the web server's`.
        if let Some((at, _)) = find_label(says, object, 0)
            && let Some(is) = IS.captures(&says[..at])
        {
            return Some(is.name("not").is_none());
        }
        let Some((start, end)) = find_label(says, &label, 0) else {
            continue;
        };
        let rest = says[end..].split([',', ';']).next().unwrap_or_default();
        // `It belongs not to … but to …`
        let ending = rest.trim_start_matches('s');
        if ending.trim_start().starts_with("not ") {
            return Some(false);
        }
        let rest = rest.split(" but ").next().unwrap_or_default();
        let denied = DENIES.is_match(&says[..start]) || NONE.is_match(&says[..start]);
        if ABSENT.is_match(&says[end..]) {
            return Some(false);
        }
        if let Some((at, _)) = find_label(rest, object, 0) {
            return Some(!denied && !DENIES.is_match(&rest[..at]));
        }
        if OTHER.is_match(rest) && !denied {
            return Some(false);
        }
    }
    None
}

/// What one sentence says: for it, against it, and whether by a plain yes or no.
struct Says {
    yes: bool,
    no: bool,
    explicit: bool,
}

fn says(question: &Question, part: &Part, text: &str) -> Says {
    let mut no = NO.is_match(text);
    let mut yes = YES.is_match(text) && !text.trim_start().starts_with("of course not");
    if let Some(found) = VERB_ALONE.captures(text) {
        no |= found.name("not").is_some();
        yes |= found.name("not").is_none();
    }
    if let Some(set) = flag(part, text) {
        yes |= set;
        no |= !set;
    }
    let explicit = yes || no;
    // `no, not from the origin but from the cache` says what it is.
    if no && !yes && DENIES.is_match(text) {
        let behind = text.split_once(" but ").map_or("", |(_, behind)| behind);
        let told = mentions(part, 0, behind);
        yes = !told.is_empty() && told.iter().all(|m| m.value == "yes");
    }
    if !explicit {
        let named = mentions(part, 0, text);
        for mention in &named {
            let before = &text[..mention.span.start];
            let cut = [", ", "; ", " so ", " but ", " and "].iter();
            let from = cut.filter_map(|c| before.rfind(c)).max().unwrap_or(0);
            let denied = DENIES.is_match(&before[from..]);
            match mention.value.as_str() {
                "yes" if denied => no = true,
                "no" if denied => yes = true,
                "yes" => yes = true,
                "no" => no = true,
                _ => {}
            }
        }
    }
    match affirms(question, part, text) {
        Some(true) => yes = true,
        Some(false) if !yes || explicit => no = true,
        _ => {}
    }
    if explicit && yes && !no {
        // `Yes, it does not` says both.
        no = DIRECT.is_match(text);
    }
    // What denies the question's own word; other negations may deny anything.
    let clauses = text.split([',', ';']);
    if !yes && !no {
        no = clauses.into_iter().any(|clause| {
            let mut labels = part.labels.iter().map(|l| l.to_ascii_lowercase());
            labels.any(|l| {
                find_label(clause, &l, 0).is_some_and(|(at, _)| DENIES.is_match(&clause[..at]))
            })
        });
    }
    Says { yes, no, explicit }
}

/// What a piece says of a part that is yes or no: the first sentence that says it. What none says
/// plainly is for a person.
pub fn claim(question: &Question, part: &Part, piece: &mut Piece<'_>) -> Option<Claim> {
    let lower = piece.lower.clone();
    let mut at = lower.len() - lower.trim_start().len();
    let first = sentence(piece.text, at);
    let mut found: Option<(std::ops::Range<usize>, Says)> = None;
    let mut against = false;
    while at < lower.len() {
        let range = sentence(piece.text, at);
        let told = says(question, part, &lower[range.clone()]);
        match &found {
            None if told.yes || told.no => found = Some((range.clone(), told)),
            Some((_, known)) if told.yes != told.no && !told.explicit => {
                against |= known.yes != told.yes;
            }
            _ => {}
        }
        at = range.end.max(at) + 1;
        while !lower.is_char_boundary(at.min(lower.len())) {
            at += 1;
        }
    }
    let words = lower
        .split_whitespace()
        .filter(|w| w.contains(char::is_alphabetic));
    if found.is_none() && (words.count() < 2 || names::nothing(&lower)) {
        return None;
    }
    let plain = found.is_some();
    let (range, told) = found.unwrap_or((
        first,
        Says {
            yes: false,
            no: false,
            explicit: false,
        },
    ));
    let text = &lower[range.clone()];
    if !plain {
        return Some(Claim {
            value: Claimed::Vague,
            text: piece.text[range].trim().to_owned(),
            hedged: true,
            ..Claim::default()
        });
    }
    let explains = |text: &str| question.part.iter().any(|p| prose::rubric(p, text));
    for mention in mentions(part, 0, &lower) {
        // `The router's` says no, and why.
        if !explains(&lower[mention.span.clone()]) {
            piece.taken.push(mention.span);
        }
    }
    if !told.explicit {
        // Up to where it is explained.
        let cut = [
            text.find([',', ';', '(']),
            text.find(" but "),
            BECAUSE.find(text).map(|m| m.start()),
        ];
        let end = cut.into_iter().flatten().min().unwrap_or(text.len());
        if !explains(&text[..end]) {
            piece.taken.push(range.start..range.start + end);
        }
    } else if let Some(verb) = VERB.find(text) {
        piece
            .taken
            .push(range.start + verb.start()..range.start + verb.end());
    }
    let both = told.yes && told.no || against;
    Some(Claim {
        value: Claimed::YesNo(told.yes && !told.no),
        hedged: hedged(&piece.text[range.clone()]),
        text: piece.text[range].trim().to_owned(),
        conflict: both.then(|| "yes and no".to_owned()),
        ..Claim::default()
    })
}
