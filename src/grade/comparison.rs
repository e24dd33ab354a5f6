//! Names that are compared: `UDP is smaller than TCP` tells the larger one as well.

use super::names::Mention;
use regex::Regex;
use std::sync::LazyLock;

/// What one is that has more of it, and what one that has less.
const MORE: &str = "larger|bigger|greater|longer|higher|slower|more";
const LESS: &str = "smaller|shorter|lower|faster|quicker|fewer|less";

static COMPARED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(
        r"^[^.;:!?\n]*?\b(?:(?P<more>{MORE})|(?P<less>{LESS}))\b(?:\s+[\w-]+){{0,2}}\s+than\s+(?:(?:the|that|those|with|over|for|of|it|is)\s+)*$"
    ))
    .expect("the pattern is right")
});
static ASKED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(r"\b(?:(?P<more>{MORE})|(?P<less>{LESS}))\b"))
        .expect("the pattern is right")
});
/// A comparison that is denied or in question.
static NOT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(?:not|never|neither|no|hardly|if|whether)\b|n't\b")
        .expect("the pattern is right")
});

/// Settles which of two names with a comparison between them is told, where one thing is asked for
/// that has more, or less; `all` are the names before those behind `than` were taken for denied. What
/// a denied comparison tells is open: both are left.
pub fn settle(asked: &str, text: &str, all: &[Mention], found: &mut Vec<Mention>) {
    let Some(asked) = ASKED.captures(asked) else {
        return;
    };
    for pair in all.windows(2) {
        let [first, second] = pair else { continue };
        let Some(said) = COMPARED.captures(&text[first.span.end..second.span.start]) else {
            continue;
        };
        let before = &text[..first.span.start];
        let clause = before.rfind(['.', ',', ';', ':', '!', '?', '\n']);
        let clause = &text[clause.map_or(0, |at| at + 1)..second.span.start];
        let opposite = said.name("more").is_some() != asked.name("more").is_some();
        let told: &[&Mention] = match (NOT.is_match(clause), opposite) {
            (true, _) => &[first, second],
            (false, true) => &[second],
            (false, false) => &[first],
        };
        found.retain(|m| m.span != first.span && m.span != second.span);
        found.extend(told.iter().map(|m| (*m).clone()));
    }
    found.sort_by_key(|m| m.span.start);
}
