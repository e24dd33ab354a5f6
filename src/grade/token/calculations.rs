//! Sums and differences in a text: what is calculated with is no answer, what comes out is one.

use super::{Kind, Token, Unit, sentence};
use regex::Regex;
use std::sync::LazyLock;

/// Marks what is calculated with, and what comes out.
pub(super) fn calculations(text: &str, found: &mut [Token]) {
    static SIGN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\s*(?:(?:bytes?\s*|s\s*|ms\s*)?,?\s*[-+*x×−–÷/]|(?:[a-z]+\s+){1,3}[-−–]\s|(?:[a-z]+\s+){0,3}(?:minus|plus|times|without|less))\s*(?:the\s+|frames?\s+|packets?\s+|no\.?\s+|header\s+|header length\s+|payload\s+|tcp\s+|total\s+)*$").expect("the pattern is right")
    });
    static EQUALS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i)^(?P<unit>.*?)(?:=>?|gives|makes|equals|results? in|is|leaves|→|->)\s*(?:the\s+|a\s+)?$",
        )
        .expect("the pattern is right")
    });
    // `68, dport = 67` names a value; it does not calculate one.
    static UNITS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:bytes?|octets?|bits?|words?|b|which|that|this|it|so|the|a|of|header|total|payload|length|[^a-z])*$")
            .expect("the pattern is right")
    });
    let number = |t: &Token| t.amount().is_some();
    let gap = |a: &Token, b: &Token| text[a.span.end..b.span.start].to_owned();
    for at in 1..found.len() {
        let (a, b) = (&found[at - 1], &found[at]);
        if !number(a) || !number(b) || !SIGN.is_match(&gap(a, b)) {
            continue;
        }
        // Only what something comes out of is a calculation.
        let around = sentence(text, b.span.start);
        let rest = &text[b.span.end..around.end.max(b.span.end)];
        let comes = [
            "=", "gives", "makes", "equals", "result", "→", " is ", "leaves",
        ];
        let before = at >= 2 && text[found[at - 2].span.end..a.span.start].contains('=');
        // `ack = 3515532922 + 1` tells the sum.
        if let (Kind::Number(a), Kind::Number(1)) = (&found[at - 1].kind, &found[at].kind)
            && *a > 65_535
            && gap(&found[at - 1], &found[at]).trim() == "+"
            && !rest.contains('=')
        {
            found[at - 1].kind = Kind::Number(a + 1);
            found[at].kind = Kind::Other;
        } else if before || comes.iter().any(|w| rest.contains(w)) {
            found[at - 1].operand = true;
            found[at].operand = true;
        }
    }
    for at in 1..found.len() {
        let (a, b) = (&found[at - 1], &found[at]);
        let gap = gap(a, b);
        let Some(equals) = EQUALS.captures(&gap) else {
            continue;
        };
        let unit = equals.name("unit").map_or("", |u| u.as_str());
        if !number(a)
            || !number(b)
            || gap.len() >= 30
            || gap.contains(['\n', ';'])
            || gap.contains("->")
            || gap.trim() == "→" && !a.operand && b.unit == Unit::None
            || !(UNITS.is_match(unit) || a.operand && unit.split_whitespace().count() < 3)
            || !a.operand && [" is ", " leaves "].iter().any(|w| gap.contains(w))
        {
            continue;
        }
        if b.operand && !a.operand {
            found[at - 1].result = true;
        } else {
            found[at - 1].operand = true;
            found[at].result = true;
        }
    }
    // What stands after an equals sign and goes on being calculated with is no result.
    for token in found.iter_mut() {
        if token.operand {
            token.result = false;
        }
    }
}
