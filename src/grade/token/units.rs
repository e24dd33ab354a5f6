//! Units behind numbers, and times that are told in several of them.

use super::{Kind, Token};
use regex::Regex;
use std::sync::LazyLock;

/// The unit behind a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// None.
    None,
    /// Bytes.
    Bytes,
    /// Bits.
    Bits,
    /// Thousands of bytes or bits, to a power: kB, MiB, Gbit/s.
    Scaled {
        /// 1 for kilo, 2 for mega, 3 for giga.
        power: u8,
        /// Bits and not bytes.
        bits: bool,
    },
    /// Words of four bytes.
    Words,
    /// Nanoseconds.
    Nanoseconds,
    /// Microseconds.
    Microseconds,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// Minutes.
    Minutes,
    /// Hours.
    Hours,
    /// Days.
    Days,
    /// Hundredths of something.
    Percent,
}

impl Unit {
    /// The unit that a text begins with.
    pub fn of(text: &str) -> Unit {
        static UNIT: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"(?ix)^\s*[-(]?(?:
                (?P<days>days?\b)
                |(?P<hours>hours?|hrs?\b|h\b|stunden?\b)
                |(?P<minutes>minutes?|mins?\b|minuten\b)
                |(?P<nano>nanoseconds?|n(?:s|secs?)\b)
                |(?P<micro>microseconds?|[uµμ](?:s|secs?)\b)
                |(?P<milli>milliseconds?|millisecs?\b|m(?:s|secs?)\b)
                |(?P<seconds>seconds?|secs?\b|sekunden?\b|(?-i:s)\b)
                |(?P<words>words?)
                |(?P<percent>%|per\s?cent\b)
                |(?P<scale>[kmg])(?:ilo|ega|iga|i)?(?:(?P<scaled>bits?|(?-i:b)(?:ps|/s))|b(?:ytes?|ps)?)\b
                |(?P<bits>bits?)
                |(?P<bytes>bytes?|octets?|b\b))")
                .expect("the pattern is right")
        });
        let Some(found) = UNIT.captures(text) else {
            return Unit::None;
        };
        let is = |name| found.name(name).is_some();
        match () {
            () if is("days") => Unit::Days,
            () if is("hours") => Unit::Hours,
            () if is("minutes") => Unit::Minutes,
            () if is("nano") => Unit::Nanoseconds,
            () if is("micro") => Unit::Microseconds,
            () if is("milli") => Unit::Milliseconds,
            () if is("seconds") => Unit::Seconds,
            () if is("words") => Unit::Words,
            () if is("percent") => Unit::Percent,
            () if is("scale") => Unit::Scaled {
                power: match found["scale"].to_ascii_lowercase().as_str() {
                    "k" => 1,
                    "m" => 2,
                    _ => 3,
                },
                bits: is("scaled"),
            },
            () if is("bits") => Unit::Bits,
            () => Unit::Bytes,
        }
    }

    /// The seconds of a unit of time.
    pub fn seconds(self) -> Option<f64> {
        Some(match self {
            Unit::Nanoseconds => 1e-9,
            Unit::Microseconds => 1e-6,
            Unit::Milliseconds => 1e-3,
            Unit::Seconds => 1.0,
            Unit::Minutes => 60.0,
            Unit::Hours => 3600.0,
            Unit::Days => 86_400.0,
            _ => return None,
        })
    }

    /// Whether it is one of sizes.
    pub fn sized(self) -> bool {
        matches!(
            self,
            Unit::Bytes | Unit::Bits | Unit::Words | Unit::Scaled { .. }
        )
    }

    /// So many of another unit in this one; nothing where the one does not measure what the other does.
    /// What is asked for without a unit, or in pieces of any sort, is told with any but multiples.
    pub fn amount(self, told: f64, unit: Unit) -> Option<f64> {
        let times = |power: u8| 1000f64.powi(power.into());
        if let (Some(own), Some(each)) = (self.seconds(), unit.seconds()) {
            return Some(told * each / own);
        }
        match (self, unit) {
            (own, unit) if own == unit => Some(told),
            (_, Unit::None) => Some(told),
            (Unit::Bytes, Unit::Bits) => Some(told / 8.0),
            (Unit::Bytes, Unit::Words) => Some(told * 4.0),
            (
                Unit::Scaled { power, bits },
                Unit::Scaled {
                    power: other,
                    bits: b,
                },
            ) if bits == b => Some(told * times(other) / times(power)),
            (Unit::Scaled { power, bits: false }, Unit::Bytes) => Some(told / times(power)),
            (Unit::Scaled { power, bits: true }, Unit::Bits) => Some(told / times(power)),
            (_, Unit::Scaled { .. }) => None,
            (own, Unit::Percent) if own != Unit::None => None,
            _ => Some(told),
        }
    }
}

/// Joins what is one time: `1 h 30 min`, `1 hour, 30 minutes`. A comma parts two times where the first
/// is less than a minute.
pub(super) fn joined(text: &str, found: &mut Vec<Token>) {
    static GAP: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\s*-?\p{L}+\.?\s*(?P<join>,?\s*and|,|&)?\s*$")
            .expect("the pattern is right")
    });
    for at in (1..found.len()).rev() {
        let (a, b) = (&found[at - 1], &found[at]);
        let (Some(large), Some(small)) = (a.unit.seconds(), b.unit.seconds()) else {
            continue;
        };
        let Some(gap) = GAP.captures(&text[a.span.end..b.span.start]) else {
            continue;
        };
        let (Kind::Number(_), Some(first), Some(second)) = (&a.kind, a.amount(), b.amount()) else {
            continue;
        };
        let most = large / small;
        let (commas, less) = (gap.name("join").is_some(), second < most);
        if large <= small || !(less || !commas && second <= most) || commas && large < 60.0 {
            continue;
        }
        let (start, bracket) = (a.span.start, a.bracket);
        let token = &mut found[at];
        token.kind = Kind::Decimal(first * large + second * small);
        (token.unit, token.span.start, token.bracket) = (Unit::Seconds, start, bracket);
        found.remove(at - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read_as_people_write_them() {
        for (text, unit) in [
            (" μs", Unit::Microseconds),
            ("µsec", Unit::Microseconds),
            (" ns", Unit::Nanoseconds),
            (" msec.", Unit::Milliseconds),
            (" h", Unit::Hours),
            ("s", Unit::Seconds),
            (" S", Unit::None),
            (" hops", Unit::None),
            (" segments", Unit::None),
            (
                " KiB",
                Unit::Scaled {
                    power: 1,
                    bits: false,
                },
            ),
            (
                " Mbit/s",
                Unit::Scaled {
                    power: 2,
                    bits: true,
                },
            ),
            ("%", Unit::Percent),
        ] {
            assert_eq!(Unit::of(text), unit, "{text}");
        }
    }

    #[test]
    fn an_amount_is_told_in_another_unit_of_the_same_sort_only() {
        assert_eq!(Unit::Seconds.amount(2.0, Unit::Hours), Some(7200.0));
        assert_eq!(Unit::Bytes.amount(368.0, Unit::Bits), Some(46.0));
        let kilo = Unit::Scaled {
            power: 1,
            bits: false,
        };
        assert_eq!(kilo.amount(5900.0, Unit::Bytes), Some(5.9));
        assert_eq!(Unit::Bytes.amount(46.0, kilo), None);
        assert_eq!(Unit::None.amount(12.0, Unit::Bytes), Some(12.0));
    }
}
