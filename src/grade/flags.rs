//! The flags of a TCP segment, as their names tell them: `SYN, ACK`, `SYN=1, ACK=1`.

use super::claim::{Claim, Claimed};
use super::piece::Piece;
use super::token::{Unit, hedged};
use crate::handout::format::{Part, Take};
use regex::Regex;
use std::sync::LazyLock;

/// The names of the flags, with their bits.
const FLAGS: [(&str, i128); 8] = [
    ("fin", 1),
    ("syn", 2),
    ("rst", 4),
    ("psh", 8),
    ("ack", 16),
    ("urg", 32),
    ("ece", 64),
    ("cwr", 128),
];

static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(?P<name>fin|syn|rst|psh|ack|urg|ece|cwr)\b(?:\s*[:=]\s*(?P<value>0|1|set|not set|unset)\b)?")
        .expect("the pattern is right")
});

/// Whether a part asks for all of them.
fn asked(part: &Part) -> bool {
    matches!(part.take.as_ref().map(toml::Spanned::get_ref), Some(Take::One(field)) if field == "tcp.flags")
}

/// The bits of the flags that a text names, if it names some.
fn bits(text: &str) -> Option<i128> {
    let mut sum = None;
    for found in NAMED.captures_iter(text) {
        let set = !matches!(
            found.name("value").map(|v| v.as_str()),
            Some("0" | "not set" | "unset")
        );
        let bit = FLAGS.iter().find(|(name, _)| *name == &found["name"]);
        let bit = bit.map_or(0, |(_, bit)| *bit);
        sum = Some(sum.unwrap_or(0) | if set { bit } else { 0 });
    }
    sum
}

/// Flags that are told by their names alone, where they are asked for.
pub fn claim(part: &Part, pieces: &mut [Piece<'_>]) -> Option<Claim> {
    if !asked(part) {
        return None;
    }
    pieces
        .iter_mut()
        .filter(|p| p.slot.is_some())
        .find_map(|piece| {
            let rest = NAMED.replace_all(&piece.lower, " ");
            let plain =
                |w: &str| matches!(w, "flag" | "flags" | "and" | "set" | "are" | "is" | "the");
            let mut words = rest.split(|c: char| !c.is_alphanumeric());
            if !words.all(|w| w.is_empty() || plain(w)) {
                return None;
            }
            let sum = bits(&piece.lower)?;
            piece.take(0..piece.text.len());
            #[expect(clippy::cast_precision_loss, reason = "flags are small")]
            Some(Claim {
                value: Claimed::Number(sum as f64, Unit::None),
                hedged: hedged(piece.text),
                text: piece.text.trim().to_owned(),
                ..Claim::default()
            })
        })
}

/// The names in a bracket behind a number that are those of other flags: `0x12 (ACK, FIN)`.
pub fn contradiction(part: &Part, told: i128, behind: &str) -> Option<String> {
    let behind = behind.trim_start();
    let inner = behind.strip_prefix(['(', '[', '=', ':'])?;
    let end = inner.find([')', ']', '\n', ';']).unwrap_or(inner.len());
    let other = asked(part) && bits(&inner[..end])? != told & 0xff;
    other.then(|| inner[..end].trim().to_uppercase())
}
