//! A count of nothing: `none`, `no retransmissions`, `sent again: none`.

use super::claim::{Claim, Claimed};
use super::compare::whole;
use super::names;
use super::piece::{Piece, find_label};
use super::token::{Unit, hedged};
use crate::handout::Answer;
use crate::handout::format::{Part, Question, Type};
use regex::Regex;
use std::sync::LazyLock;

/// A count that is said to be none.
pub fn claim(
    question: &Question,
    part: &Part,
    key: &Answer,
    pieces: &[Piece<'_>],
) -> Option<Claim> {
    if *part.kind.get_ref() != Type::Int {
        return None;
    }
    let zero = key.values.first().and_then(whole) == Some(0);
    let alone = question.part.len() == 1;
    let piece = pieces.iter().find(|p| {
        let own = alone || p.slot.is_some();
        own && says_none(&p.lower, zero) || denies(part, &p.lower, zero)
    })?;
    Some(Claim {
        value: Claimed::Number(0.0, Unit::None),
        text: piece.text.trim().to_owned(),
        hedged: hedged(piece.text),
        ..Claim::default()
    })
}

/// Whether a whole answer says that there are none. The bare word may also say that there is no
/// answer, so it counts only where it is right.
fn says_none(text: &str, zero: bool) -> bool {
    static NONE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^\W*(?P<word>none|no|nothing|nil|never|not any|not one)(?P<more>(?:\s+[a-z]+){0,4})\W*$")
            .expect("the pattern is right")
    });
    let Some(found) = NONE.captures(text) else {
        return false;
    };
    let bare = found["more"].trim().is_empty();
    let unanswered = names::nothing(text) && &found["word"] != "none";
    !unanswered && (zero || !bare)
}

/// Whether a text says that there are none of what a label of the part names. In other words than these
/// few it counts only where it is right: `no segment had to be sent again`, `none in the query`.
fn denies(part: &Part, text: &str, zero: bool) -> bool {
    static AWAY: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(?:no|not any|none|nothing|keine?|aucune?)\s+(?:[a-z]+\s+){0,5}$")
            .expect("the pattern is right")
    });
    static HOLDS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^[a-z]*\s+(?:holds?|has|have|had|contains?)\s+(?:no|none|zero)\b")
            .expect("the pattern is right")
    });
    static UNSURE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(?:idea|time|clue|but|except|only|other|more)\b")
            .expect("the pattern is right")
    });
    static NO: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(?:no|not any|without(?: any)?)\s+(?:[a-z]+\s+)?$")
            .expect("the pattern is right")
    });
    static NONE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"^[a-z]*\s*(?:[:=]|is|are|was|were|-)\s*(?:none|nothing|nil|no)\b\s*(?:[.,;]|$)",
        )
        .expect("the pattern is right")
    });
    let labels = part.labels.iter().map(|l| l.to_ascii_lowercase());
    let mut found = labels.filter_map(|l| find_label(text, &l, 0));
    found.any(|(start, end)| {
        let (before, behind) = (&text[..start], &text[end..]);
        let away = AWAY.find(before).map_or("but", |m| m.as_str());
        NO.is_match(before)
            || NONE.is_match(behind)
            || zero && (!UNSURE.is_match(away) || HOLDS.is_match(behind))
    })
}

/// What behind a count of nothing says that there were some: `0, all were retransmitted`.
pub fn contradiction(part: &Part, behind: &str) -> Option<String> {
    static SOME: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"\b(?P<some>all|every|each|most|some|several|many)\b(?P<gap>\s+(?:[a-z]+\s+){0,4})$",
        )
        .expect("the pattern is right")
    });
    let labels = part.labels.iter().map(|l| l.to_ascii_lowercase());
    let mut found = labels.filter_map(|l| find_label(behind, &l, 0));
    found.find_map(|(start, _)| {
        let found = SOME.captures(&behind[..start])?;
        let before = found.get(0).map_or("", |m| &behind[..m.start()]);
        let denied = before.trim_end().ends_with("not")
            || found["gap"]
                .split(' ')
                .any(|w| matches!(w, "no" | "not" | "never"));
        (!denied).then(|| found["some"].to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::says_none;

    #[test]
    fn none_is_a_count_and_no_idea_is_none() {
        for text in [
            "none",
            "None.",
            "no retransmissions",
            "nothing was sent again",
        ] {
            assert!(says_none(&text.to_lowercase(), true), "{text}");
        }
        for text in ["no idea", "not done", "n/a", "none of them, but 3", "2"] {
            assert!(!says_none(text, true), "{text}");
        }
        assert!(!says_none("none", false));
    }
}
