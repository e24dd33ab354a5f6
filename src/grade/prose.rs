//! Prose: whether there is any, and what the rubric makes of it. The result is a suggestion for a
//! person, never a mark.

use super::claim::Class;
use super::piece::{Piece, find_label};
use crate::handout::format::{Idea, Part, Question};
use regex::Regex;
use std::sync::LazyLock;

/// What the rubric makes of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The text.
    pub text: String,
    /// Ideas it has.
    pub ideas: Vec<String>,
    /// Mistakes it has, with what to tell the student.
    pub mistakes: Vec<(String, String)>,
    /// How much of the points is suggested, from 0 to 1.
    pub share: f64,
}

/// Words that say nothing by themselves.
const IDLE: &[&str] = &[
    "a",
    "an",
    "the",
    "is",
    "are",
    "was",
    "were",
    "be",
    "been",
    "it",
    "its",
    "this",
    "that",
    "these",
    "and",
    "or",
    "of",
    "in",
    "on",
    "at",
    "to",
    "from",
    "for",
    "by",
    "with",
    "we",
    "i",
    "you",
    "he",
    "they",
    "my",
    "our",
    "your",
    "has",
    "have",
    "had",
    "do",
    "does",
    "did",
    "value",
    "field",
    "frame",
    "frames",
    "packet",
    "packets",
    "number",
    "no",
    "yes",
    "not",
    "answer",
    "see",
    "shown",
    "shows",
    "show",
    "here",
    "wireshark",
    "header",
    "address",
    "addresses",
    "ip",
    "mac",
    "source",
    "destination",
    "client",
    "server",
    "port",
    "ports",
    "protocol",
    "uses",
    "use",
    "used",
    "listens",
    "byte",
    "bytes",
    "option",
    "options",
    "layer",
    "type",
    "which",
    "what",
    "also",
    "again",
    "page",
    "must",
    "means",
    "time",
    "live",
    "ttl",
    "proxy",
    "nr",
    "decimal",
    "hex",
    "dec",
    "total",
    "length",
    "size",
    "so",
    "capture",
    "request",
    "reply",
    "response",
    "comes",
    "back",
    "get",
    "got",
    "discover",
    "bits",
    "first",
    "second",
    "third",
    "one",
    "two",
    "both",
    "via",
    "screenshot",
    "transport",
    "tcp",
    "udp",
    "other",
    "same",
    "think",
    "believe",
    "guess",
    "sure",
    "maybe",
    "probably",
    "perhaps",
    "unsure",
    "know",
    "would",
    "say",
    "but",
    "rst",
    "syn",
    "ack",
    "icmp",
    "bootpc",
    "bootps",
    "sport",
    "dport",
    "src",
    "dst",
    "there",
    "all",
    "any",
    "at",
    "then",
];

static BECAUSE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:because|since|so that|therefore|due to|reason|otherwise)\b")
        .expect("the pattern is right")
});

/// What a question's pieces hold beside its values, if that is prose.
pub fn find(question: &Question, part: &Part, pieces: &[Piece<'_>]) -> Option<Judgement> {
    let mut rest = String::new();
    let mut whole = String::new();
    for piece in pieces {
        // A row about another part is no prose.
        let other = question.part.iter().any(|p| {
            !std::ptr::eq(p, part)
                && p.labels
                    .iter()
                    .any(|l| find_label(piece.hint, &l.to_lowercase(), 0).is_some())
        });
        if other && !BECAUSE.is_match(piece.text) && score(part, piece.text).ideas.is_empty() {
            continue;
        }
        if !whole.is_empty() {
            whole.push(' ');
        }
        whole.push_str(piece.text);
        rest.push(' ');
        rest.push_str(&left(piece));
    }
    if rest.trim().is_empty() {
        return None;
    }
    let judged = score(part, &rest);
    let full = score(part, &whole);
    let count = rest
        .split(|c: char| !c.is_alphanumeric() && c != '\'')
        .map(str::to_lowercase)
        .filter(|w| w.len() > 1 && w.chars().all(|c| c.is_alphabetic() || c == '\''))
        .filter(|w| !IDLE.contains(&w.as_str()))
        .filter(|w| {
            !question.part.iter().any(|p| {
                p.labels
                    .iter()
                    .any(|l| l.to_lowercase().split(' ').any(|l| w.starts_with(l)))
            })
        })
        .count();
    let vague = pieces.iter().any(|p| super::names::vague(&p.lower)) && count > 0;
    let speaks = vague
        || !judged.ideas.is_empty()
        || !judged.mistakes.is_empty()
        || BECAUSE.is_match(&rest)
        || count >= 2
        || rubric(part, &rest)
        || count > 0 && pieces.iter().any(|p| asks_why(p.hint))
        || pieces.iter().any(untouched)
        || names_addresses(question, pieces);
    speaks.then_some(Judgement {
        text: whole.trim().to_owned(),
        ..full
    })
}

/// Whether a text names an address though the question asks for none: `no, it is from 10.0.2.2`.
fn names_addresses(question: &Question, pieces: &[Piece<'_>]) -> bool {
    let asked = |class: Class| {
        let mut kinds = question
            .part
            .iter()
            .map(|p| super::claim::class(*p.kind.get_ref()));
        kinds.any(|kind| kind == class)
    };
    let mut classes = [Class::Ip, Class::Mac]
        .into_iter()
        .filter(|class| !asked(*class));
    classes.any(|class| {
        pieces
            .iter()
            .flat_map(|p| &p.tokens)
            .any(|t| class.holds(t))
    })
}

/// Whether the words that announce a text say that it explains.
fn asks_why(hint: &str) -> bool {
    ["why", "expla", "reason", "meaning", "proof", "prove"]
        .iter()
        .any(|w| find_label(hint, w, 0).is_some())
}

/// Whether a text has a word of the rubric.
pub fn rubric(part: &Part, text: &str) -> bool {
    let lower = text.to_lowercase();
    let groups = part.idea.iter().flat_map(|i| &i.words);
    let mut words = groups.flat_map(|g| g.split('|')).map(str::trim);
    words.any(|w| {
        w.len() > 2
            && !IDLE.contains(&w)
            && w.chars().all(|c| c.is_alphabetic() || c == ' ')
            && match w.contains(' ') {
                true => find_label(&lower, &w.to_lowercase(), 0).is_some(),
                false => lower
                    .split(|c: char| !c.is_alphabetic())
                    .any(|word| word.starts_with(&w.to_lowercase())),
            }
    })
}

/// Whether a piece has a clause of some length from which no value was read.
fn untouched(piece: &Piece<'_>) -> bool {
    let mut at = 0;
    for clause in piece.text.split_inclusive([',', ';', '.', '\n']) {
        let range = at..at + clause.len();
        at = range.end;
        let read = piece
            .tokens
            .iter()
            .zip(&piece.used)
            .any(|(t, used)| *used && range.contains(&t.span.start))
            || piece
                .taken
                .iter()
                .any(|t| t.start < range.end && range.start < t.end);
        let words = clause
            .split_whitespace()
            .filter(|w| w.chars().any(char::is_alphabetic));
        if !read && words.count() >= 5 {
            return true;
        }
    }
    false
}

/// A piece without the values that were read from it.
fn left(piece: &Piece<'_>) -> String {
    let mut out = String::new();
    let mut at = 0;
    let mut spans = piece.taken.clone();
    for (t, token) in piece.tokens.iter().enumerate() {
        if piece.used[t] {
            spans.push(token.span.clone());
        }
    }
    spans.sort_by_key(|s| s.start);
    for span in spans {
        if span.start >= at {
            out.push_str(&piece.text[at..span.start]);
            out.push(' ');
        }
        at = at.max(span.end);
    }
    out.push_str(piece.text.get(at..).unwrap_or_default());
    out
}

/// What the rubric makes of a text.
pub fn score(part: &Part, text: &str) -> Judgement {
    let lower = text.to_lowercase();
    let ideas: Vec<String> = part
        .idea
        .iter()
        .filter(|i| has(&lower, i))
        .map(|i| i.idea.clone())
        .collect();
    let mistakes: Vec<(String, String)> = part
        .mistake
        .iter()
        .filter(|i| asserts(&lower, i))
        .map(|i| (i.idea.clone(), i.say.clone()))
        .collect();
    let enough = part.enough.unwrap_or(part.idea.len()).max(1);
    #[expect(clippy::cast_precision_loss, reason = "a handful of ideas")]
    let share = (ideas.len() as f64 / enough as f64).min(1.0);
    let share = match (ideas.is_empty(), mistakes.is_empty()) {
        (true, false) => 0.0,
        (false, false) => share / 2.0,
        (true, true) => 0.5,
        (false, true) => share,
    };
    Judgement {
        text: text.trim().to_owned(),
        ideas,
        mistakes,
        share,
    }
}

/// Whether a text has an idea: of each group of words one.
fn has(text: &str, idea: &Idea) -> bool {
    idea.words.iter().all(|group| {
        group
            .split('|')
            .any(|word| find_label(text, &word.trim().to_lowercase(), 0).is_some())
    })
}

/// Whether a text has a mistake and does not deny it: `nothing is lost on the network` is none. A
/// mistake that is itself a denial is found by its words alone.
fn asserts(text: &str, mistake: &Idea) -> bool {
    let denial = mistake.words.iter().any(|group| DENIAL.is_match(group));
    if denial {
        return has(text, mistake);
    }
    mistake.words.iter().all(|group| {
        let mut words = group.split('|');
        words.any(|word| said(text, &word.trim().to_lowercase()))
    })
}

/// Whether words stand somewhere in a text where nothing before them in their clause denies them.
fn said(text: &str, words: &str) -> bool {
    let mut from = 0;
    while let Some((start, end)) = find_label(text, words, from) {
        let clause = CLAUSE.find_iter(&text[..start]).last();
        let before = &text[clause.map_or(0, |c| c.end())..start];
        if !DENIAL.is_match(&before.replace("not only", "")) {
            return true;
        }
        from = end;
    }
    false
}

/// Words that deny what follows them.
static DENIAL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(?:no|nothing|none|nobody|nowhere|never|neither|nor|without|cannot|not)\b|n't\b")
        .expect("the pattern is right")
});

/// Where another clause begins, of which a denial says nothing.
static CLAUSE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[.,;:!?\n]|\b(?:but|and|because|since|due|so|therefore)\b")
        .expect("the pattern is right")
});

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake(words: &str) -> Idea {
        Idea {
            idea: String::new(),
            words: vec![words.to_owned()],
            say: String::new(),
        }
    }

    #[test]
    fn a_mistake_that_is_denied_is_none() {
        let loss = mistake("packet loss|lost on the network");
        for text in [
            "nothing is lost on the network",
            "the rest is cut: it isn't lost on the network",
            "this is not packet loss, the buffer is too small",
            "there is no packet loss",
        ] {
            assert!(!asserts(text, &loss), "{text}");
        }
    }

    #[test]
    fn a_mistake_that_is_asserted_is_one() {
        let loss = mistake("packet loss|lost on the network");
        for text in [
            "the rest is lost on the network",
            "it is not cut, it is packet loss",
            "the server does not get it because of packet loss",
            "not truncation but packet loss",
            "not only packet loss",
        ] {
            assert!(asserts(text, &loss), "{text}");
        }
        let silence = mistake("does not send|nothing is sent");
        assert!(asserts("udp does not send it", &silence));
    }
}
