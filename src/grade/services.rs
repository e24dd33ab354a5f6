//! Ports that are told by the names of their services: `http`, `53644 → http`, `bootpc -> bootps`.

use super::claim::{Claim, Claimed};
use super::piece::Piece;
use super::token::{Unit, hedged};
use crate::handout::format::{Part, Take, Type};
use regex::Regex;
use std::sync::LazyLock;

/// Ports that have names, as `/etc/services` and Wireshark know them.
pub const SERVICES: [(i128, &str); 16] = [
    (21, "ftp"),
    (22, "ssh"),
    (23, "telnet"),
    (25, "smtp"),
    (53, "domain"),
    (53, "dns"),
    (67, "bootps"),
    (68, "bootpc"),
    (69, "tftp"),
    (80, "http"),
    (80, "www"),
    (110, "pop3"),
    (123, "ntp"),
    (143, "imap"),
    (161, "snmp"),
    (443, "https"),
];

/// The port of a name, or of digits.
fn port(text: &str) -> Option<i128> {
    let named = SERVICES.iter().find(|(_, name)| *name == text);
    named.map(|(n, _)| *n).or_else(|| text.parse().ok())
}

/// A port, or two, told by names.
pub fn claim(part: &Part, pieces: &mut [Piece<'_>]) -> Option<Claim> {
    static ONE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\bport(?:\s+(?:is|no\.?|number))?[\s:=]+(?P<name>[a-z]+3?)\b")
            .expect("the pattern is right")
    });
    static ALONE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?:[a-z ]+[:=])?\s*(?P<name>[a-z]+3?)[\s.]*$").expect("the pattern is right")
    });
    static TWO: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?:^|[\s(:=])(?P<one>[a-z]+3?|\d{2,5})\s*(?:-+>|→|=>|,|/|\bto\b)\s*(?P<two>[a-z]+3?|\d{2,5})\s*(?:[.,;)(]|$)")
            .expect("the pattern is right")
    });
    let kind = *part.kind.get_ref();
    pieces.iter_mut().find_map(|piece| {
        let lower = piece.lower.clone();
        let alone = piece.slot.and_then(|_| ALONE.captures(&lower));
        let (found, value) = match kind {
            Type::Port => ONE.captures_iter(&lower).chain(alone).find_map(|found| {
                let name = &found["name"];
                #[expect(clippy::cast_precision_loss, reason = "ports are small")]
                let value = Claimed::Number(port(name)? as f64, Unit::None);
                Some((found.name("name")?.range(), value))
            }),
            Type::Ports => TWO.captures_iter(&lower).find_map(|found| {
                let (one, two) = (port(&found["one"])?, port(&found["two"])?);
                let named = found[0].contains(char::is_alphabetic);
                let span = found.name("one")?.start()..found.name("two")?.end();
                named.then_some((span, Claimed::Ports(Some(one), Some(two))))
            }),
            _ => None,
        }?;
        let text = piece.quote(found.start);
        piece.take(found);
        Some(Claim {
            value,
            hedged: hedged(&text),
            text,
            ..Claim::default()
        })
    })
}

/// The name just behind a port that is another one's, or the other transport protocol: `80 (https)`,
/// `80 (UDP)` of a TCP segment. A service may have another port than its own (`8080 (http)`).
pub fn contradiction(part: &Part, told: i128, behind: &str) -> Option<String> {
    static NAME: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^\s*[(\[=/]\s*(?P<name>[a-z]+3?)\b").expect("the pattern is right")
    });
    if *part.kind.get_ref() != Type::Port {
        return None;
    }
    let name = NAME.captures(behind)?["name"].to_owned();
    let known = SERVICES.iter().any(|(n, _)| *n == told);
    let own = SERVICES.iter().find(|(_, own)| *own == name);
    let service = known && own.is_some_and(|(n, _)| *n != told);
    let field = match part.take.as_ref().map(toml::Spanned::get_ref) {
        Some(Take::One(field)) => field.as_str(),
        _ => "",
    };
    let over_tcp = ["tcp.", "connection.", "segment."].iter();
    let transport = match name.as_str() {
        "udp" => over_tcp.into_iter().any(|own| field.starts_with(own)),
        "tcp" => field.starts_with("udp."),
        _ => false,
    };
    (service || transport).then(|| name.to_uppercase())
}
