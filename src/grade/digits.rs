//! What digits can mean beside what they are taken for: `200.000`, `1 448`, `200 kB` and `8 Mbit/s`.

use super::token::{Kind, Token};
use regex::Regex;
use std::sync::LazyLock;

/// How near a rounded amount has to come, as a share.
const ROUNDED: f64 = 0.05;

/// A number in bits, as Wireshark shows it or with a sign before: `.... ...1 ..1.`, `0b10010`,
/// `000000010010`.
pub fn binary(text: &str) -> Option<i128> {
    static BITS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^[:\s]*(?:0b(?P<plain>[01]+)|(?P<eight>[01]{8,16})|(?P<dots>[01.·]{1,4}(?:\s[01.·]{4})+))$")
            .expect("the pattern is right")
    });
    let found = BITS.captures(text.trim_end())?;
    let bits = ["plain", "eight", "dots"];
    let bits = bits.iter().find_map(|name| found.name(name))?.as_str();
    let bits: String = bits.chars().filter(|c| !c.is_whitespace()).collect();
    i128::from_str_radix(&bits.replace(['.', '·'], "0"), 2).ok()
}

/// A number in hexadecimal, written without its sign: `efda2c79`, `ef:da:2c:79`, `efda2c79h`. Digits
/// alone are none.
pub fn hexadecimal(text: &str) -> Option<i128> {
    static HEX: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:0x\s?)?(?P<digits>[0-9a-f]{4,16}|[0-9a-f]{2}(?:[:\s][0-9a-f]{2}){1,7}|[0-9a-f]{4}(?:[_\s][0-9a-f]{4}){1,3})h?$")
            .expect("the pattern is right")
    });
    let found = HEX.captures(text.trim().trim_end_matches('.'))?;
    let digits: String = found["digits"]
        .chars()
        .filter(char::is_ascii_hexdigit)
        .collect();
    let plain = digits.bytes().all(|b| b.is_ascii_digit());
    (!plain)
        .then(|| i128::from_str_radix(&digits, 16).ok())
        .flatten()
}

/// A number with letters that look like digits among its own: `6O105`, `43692663l`, `O.040`.
fn letters(text: &str, token: &Token) -> Option<String> {
    static ALIKE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^[0-9OolI]*(?:[.,][0-9OolI]+)?$").expect("the pattern is right")
    });
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ',');
    let start = text[..token.span.start].trim_end_matches(inside).len();
    let rest = text[token.span.end..].trim_start_matches(inside);
    let word = text[start..text.len() - rest.len()].trim_end_matches(['.', ',']);
    let digits = word.replace(['O', 'o'], "0").replace(['l', 'I'], "1");
    (digits != word && ALIKE.is_match(word)).then(|| digits.replace(',', "."))
}

/// Other readings of a number in a text, each with how near it has to come to be meant.
pub fn readings(text: &str, token: &Token) -> Vec<(f64, f64)> {
    static GROUPS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^[1-9]\d{0,2}(?:\.\d{3})+$").expect("the pattern is right"));
    static BEHIND: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^(?:[ ']\d{3})+\b").expect("the pattern is right"));
    static BEFORE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\b[1-9]\d{0,2}(?: \d{3})* $").expect("the pattern is right"));
    static SCALE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"^\s?(?P<scale>[kKmMgG])(?:ilo|ega|iga|i)?(?:(?P<bits>[Bb]its?|b(?:ps|/s))|[Bb](?:ytes?|ps)?)\b",
        )
        .expect("the pattern is right")
    });
    if !matches!(token.kind, Kind::Number(_) | Kind::Decimal(_)) || token.hex {
        return Vec::new();
    }
    let written = &text[token.span.clone()];
    let (before, after) = (&text[..token.span.start], &text[token.span.end..]);
    let mut told: Vec<String> = Vec::new();
    if GROUPS.is_match(written) {
        told.push(written.replace('.', ""));
    } else if written.contains(',') {
        told.push(written.replacen(',', ".", 1));
        if GROUPS.is_match(&written.replace(',', ".")) {
            told.push(written.replace(',', ""));
        }
    }
    told.extend(letters(text, token));
    let first = written.len() <= 3;
    if let Some(more) = BEHIND.find(after).filter(|_| first) {
        told.push(format!("{written}{}", more.as_str()).replace([' ', '\''], ""));
    }
    if let Some(more) = BEFORE.find(before).filter(|_| written.len() == 3) {
        told.push(format!("{}{written}", more.as_str()).replace(' ', ""));
    }
    let mut out: Vec<(f64, f64)> = told
        .iter()
        .filter_map(|t| t.parse().ok())
        .map(|n| (n, 1e-9))
        .collect();
    if let Some(scale) = SCALE.captures(after)
        && let Ok(n) = written.replace(',', ".").parse::<f64>()
    {
        let power = match &scale["scale"] {
            "G" | "g" => 3,
            "M" | "m" => 2,
            _ => 1,
        };
        let bits = scale.name("bits").is_some();
        for step in [1000f64, 1024.0] {
            let amount = n * step.powi(power);
            out.push((amount, ROUNDED));
            if bits {
                out.push((amount / 8.0, ROUNDED));
            }
        }
    }
    out
}
