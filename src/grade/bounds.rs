//! What stands just around a number and makes something else of it than a plain value: bounds, ranges,
//! signs, shares, and a half that is added.

use super::piece::Piece;
use super::token::{Kind, Token, Unit, tail};
use crate::handout::format::{Over, Part, Type};
use regex::Regex;
use std::sync::LazyLock;

/// What a number is, if it is no plain value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// The value is said to be this or more.
    Least,
    /// The value is said to be this or less.
    Most,
    /// The first end of a range.
    Range,
    /// A minus sign stands before it.
    Minus,
    /// A percent sign stands behind it.
    Share,
    /// It goes on behind it: a half, a dozen, another summand.
    More,
    /// The first and the last of several, as a range.
    Ends,
    /// Several with their names, in another order.
    Turned,
    /// Another value is told beside it that may be meant as well.
    Either,
    /// What stands behind it is counted otherwise than the part asks.
    Other,
    /// It is the number of a place that the answer points at.
    Place,
}

impl Bound {
    /// What a person is told of it.
    pub fn words(self) -> &'static str {
        match self {
            Bound::Least | Bound::Most => "a bound is told and not the value",
            Bound::Range => "a range is told and not one value",
            Bound::Minus => "a minus sign stands before the number",
            Bound::Share => "a share in percent is told",
            Bound::Ends => {
                "the range is from the first to the last, and not all between belong to it"
            }
            Bound::Turned => "all are told with their names, in another order",
            Bound::More => "the number goes on behind it",
            Bound::Either => "another value is told as well, and either may be meant",
            Bound::Place => "it points at another place",
            Bound::Other => "the number is told of something else than the part asks for",
        }
    }

    /// Whether the key can be what is meant, though the number is another.
    pub fn admits(self, told: f64, key: f64) -> bool {
        match self {
            Bound::Least | Bound::Range => told <= key,
            Bound::Most => key <= told,
            Bound::More | Bound::Ends | Bound::Either | Bound::Place => true,
            Bound::Minus | Bound::Share | Bound::Turned | Bound::Other => false,
        }
    }
}

/// What stands around a value of a piece.
pub fn bound(piece: &Piece<'_>, token: &Token) -> Option<Bound> {
    static LEAST: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?:\b(?:more|greater|larger|bigger|higher|longer) than|\bat least|\bno(?:t)? (?:less|fewer) than|\bover|\babove|[^-=<>]\s*>=?|^>=|≥)\s*$")
            .expect("the pattern is right")
    });
    static MOST: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?:\b(?:less|fewer|smaller|lower|shorter) than|\bat most|\bno(?:t)? (?:more|greater|larger) than|\bup to|\bunder|\bbelow|\bnearly|\balmost|(?:^|[^-=<>])\s*<=?|≤)\s*$")
            .expect("the pattern is right")
    });
    static BETWEEN: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\bbetween\s*$").expect("the pattern is right"));
    static MINUS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"[\s:=(]-$").expect("the pattern is right"));
    static MORE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^\s*(?:and (?:a|one) (?:half|quarter|third)\b|½|¼|¾|(?:dozens?|hundred|thousand|million)\b)")
            .expect("the pattern is right")
    });
    if token.operand || token.hex || !matches!(token.kind, Kind::Number(_) | Kind::Decimal(_)) {
        return None;
    }
    let (before, after) = (
        &piece.lower[..token.span.start],
        &piece.lower[token.span.end..],
    );
    let near = tail(before, 32);
    // Of a sum that is worked out, what is added is no number any more.
    let mut later = piece.tokens.iter();
    let next = later.find(|t| t.span.start >= token.span.end);
    let added = next.is_some_and(|t| {
        let gap = piece.lower.get(token.span.end..t.span.start);
        t.amount().is_some() && gap.is_some_and(|gap| gap.trim() == "+")
    });
    // `<64>` stands where the sheet had a word in such brackets.
    let filled = near.trim_end().ends_with('<') && after.trim_start().starts_with('>');
    // At the beginning of a line a dash makes an item of a list.
    let signed = MINUS.is_match(near) || near == "-" && piece.slot.is_some();
    let calculated = near
        .trim_end_matches(['-', ' '])
        .ends_with(|c: char| c.is_ascii_digit());
    Some(match () {
        () if filled => return None,
        () if MOST.is_match(near) => Bound::Most,
        () if LEAST.is_match(near) => Bound::Least,
        () if BETWEEN.is_match(near) => Bound::Range,
        () if signed && !calculated => Bound::Minus,
        () if token.unit == Unit::Percent => Bound::Share,
        () if added && !token.frame || MORE.is_match(after) => Bound::More,
        () => return None,
    })
}

/// Whether beside one of the numbers from one token to another stands a second value that may be meant
/// as well: `105 (or 171?)`, `0 (maybe 1)`, `64 ± 1`, `1, 2, 3 or 1, 2, 4`.
pub fn either(piece: &Piece<'_>, first: usize, last: usize) -> Option<Bound> {
    static OR: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^\s*[(\[,;]?\s*(?:(?:or|oder|vs|versus|resp|respectively|bzw|maybe|perhaps|possibly|actually|in fact)\b[.;]*\s*|±\s*|\+/?-\s*)+(?:even\s+)?(?:(?:frames?|packets?|no\.?)\s*)?#?$")
            .expect("the pattern is right")
    });
    let other = |a: &Token, b: &Token| {
        let alike = a.unit == b.unit || a.unit == Unit::None || b.unit == Unit::None;
        let differ = a.amount().is_some() && b.amount().is_some() && a.amount() != b.amount();
        let gap = piece.lower.get(a.span.end..b.span.start);
        alike && differ && gap.is_some_and(|gap| OR.is_match(between(gap)))
    };
    // The sentence ends behind the short form of a word.
    static OPEN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^\s*(?:or|oder|vs|resp|bzw)\.?\s*$").expect("the pattern is right")
    });
    let all = &piece.tokens;
    if OPEN.is_match(between(&piece.lower[all[last].span.end..])) {
        return Some(Bound::Either);
    }
    let before = first
        .checked_sub(1)
        .filter(|b| other(&all[*b], &all[first]));
    let after = all.get(last + 1).filter(|a| other(&all[last], a));
    (before.is_some() || after.is_some()).then_some(Bound::Either)
}

/// Whether a number is that of another answer, a frame or a picture that the text points at: `see frame
/// 3`, `as in 2`. Where a frame is asked for it is the answer.
pub fn refers(part: &Part, piece: &Piece<'_>, token: &Token) -> Option<Bound> {
    static SEE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(?:see|siehe|vgl\.?|(?:same )?as in|wie in)\s+(?:the\s+)?(?:(?:frames?|packets?|questions?|tasks?|answers?|figures?|q|no\.?)\s*)?#?$")
            .expect("the pattern is right")
    });
    let frame = *part.kind.get_ref() == Type::Frame;
    let points = token.unit == Unit::None && SEE.is_match(&piece.lower[..token.span.start]);
    (points && !frame).then_some(Bound::Place)
}

/// Whether a number is told of something that the part does not ask for: `60105 frames` of bytes,
/// `43 bytes` of segments.
pub fn misnamed(part: &Part, piece: &Piece<'_>, token: &Token) -> Option<Bound> {
    static COUNTED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^\s*\(?(?:frames|packets|segments|datagrams|messages)\b")
            .expect("the pattern is right")
    });
    let over = part.over.as_ref().map(|over| *over.get_ref());
    let sized = part.unit.as_deref() == Some("bytes");
    let counts = matches!(over, Some(Over::Count | Over::Different));
    let timed = token.unit.seconds().is_some();
    let after = &piece.lower[token.span.end..];
    // Before a colon it is the name of the next answer.
    let noun = COUNTED
        .find(after)
        .is_some_and(|noun| !after[noun.end()..].trim_start().starts_with([':', '=']));
    let other = sized && (noun || timed) || counts && (timed || token.unit.sized());
    other.then_some(Bound::Other)
}

/// What stands between two values, without the unit of the first.
pub fn between(gap: &str) -> &str {
    if Unit::of(gap) == Unit::None {
        return gap;
    }
    let unit = |c: char| c.is_alphabetic() || matches!(c, '%' | '/' | '-');
    gap.trim_start().trim_start_matches(unit)
}

/// Whether what stands between two values makes a range of them.
pub fn ranges(gap: &str) -> bool {
    matches!(
        between(gap).trim(),
        "-" | "–" | "—" | ".." | "..." | "…" | "to" | "through" | "until" | "bis"
    )
}
