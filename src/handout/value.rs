//! Values of answers: what fields give, free of the capture they came from, and how a type prints
//! them.

use super::format::Type;
use crate::dissect::field::{Kind, Value};
use std::fmt::Write as _;
use std::net::IpAddr;

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Datum {
    /// An IP address.
    Ip(IpAddr),
    /// A hardware address.
    Mac([u8; 6]),
    /// A number; `hex` is how many digits it has where it is written in hexadecimal.
    Number {
        /// The number.
        value: i128,
        /// Digits in hexadecimal.
        hex: Option<u8>,
    },
    /// A number with decimals.
    Float(f64),
    /// Nanoseconds.
    Duration(i64),
    /// Nanoseconds since 1970.
    Time(i64),
    /// Text.
    Text(String),
    /// Yes or no.
    YesNo(bool),
}

impl Datum {
    /// A number.
    pub fn number(value: impl Into<i128>) -> Datum {
        Datum::Number {
            value: value.into(),
            hex: None,
        }
    }

    /// The values that a field's value stands for: members of lists are values of their own.
    pub fn of(kind: Kind, value: &Value<'_>, into: &mut Vec<Datum>) {
        into.push(match value {
            Value::Present => Datum::YesNo(true),
            Value::Boolean(b) => Datum::YesNo(*b),
            Value::Unsigned(n) => Datum::Number {
                value: i128::from(*n),
                hex: match kind {
                    Kind::Hex(bits) => Some(bits.div_ceil(8) * 2),
                    _ => None,
                },
            },
            Value::Signed(n) => Datum::number(i128::from(*n)),
            Value::Text(text) => Datum::Text(clean(text)),
            Value::Bytes(bytes) => Datum::Text(readable(bytes)),
            Value::Ether(mac) => Datum::Mac(*mac),
            Value::Ipv4(a) => Datum::Ip(IpAddr::from(*a)),
            Value::Ipv6(a) => Datum::Ip(IpAddr::from(*a)),
            Value::Time(t) => Datum::Time(*t),
            Value::Duration(d) => Datum::Duration(*d),
            Value::Float(f) => Datum::Float(*f),
            Value::Frames(frames) => {
                into.extend(frames.iter().map(|f| Datum::number(i128::from(*f))));
                return;
            }
            Value::List(list) => {
                for value in list {
                    Datum::of(kind, value, into);
                }
                return;
            }
        });
    }

    /// As it is written in a filter.
    pub fn literal(&self) -> String {
        match self {
            Datum::Text(text) => {
                let mut quoted = String::from("\"");
                for c in text.chars() {
                    if matches!(c, '"' | '\\') {
                        quoted.push('\\');
                    }
                    quoted.push(c);
                }
                quoted.push('"');
                quoted
            }
            Datum::YesNo(b) => b.to_string(),
            Datum::Mac(_) | Datum::Ip(_) | Datum::Number { .. } => self.to_string(),
            Datum::Float(f) => f.to_string(),
            Datum::Duration(_) => self.to_string(),
            Datum::Time(n) => format!("{:?}", crate::query::moment::long(*n)),
        }
    }

    /// The number it is, if it is one.
    pub fn as_float(&self) -> Option<f64> {
        match self {
            #[expect(
                clippy::cast_precision_loss,
                reason = "counts and bytes stay below 2^53"
            )]
            Datum::Number { value, .. } => Some(*value as f64),
            Datum::Float(f) => Some(*f),
            Datum::Duration(n) => Some(seconds(*n)),
            _ => None,
        }
    }
}

/// Nanoseconds as seconds.
#[expect(
    clippy::cast_precision_loss,
    reason = "a span of 104 days keeps its nanoseconds"
)]
pub fn seconds(nanoseconds: i64) -> f64 {
    nanoseconds as f64 / 1e9
}

/// Captured bytes as text: no line end, what is no character replaced.
fn clean(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.trim_end_matches(['\r', '\n', '\0']).to_owned()
}

/// Captured bytes as text if they are text, and else as Wireshark writes them: `a37ba8c5`.
fn readable(bytes: &[u8]) -> String {
    let strange =
        |c: char| c == char::REPLACEMENT_CHARACTER || c.is_control() && !c.is_whitespace();
    let text = clean(bytes);
    match text.contains(strange) {
        true => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        false => text,
    }
}

impl std::fmt::Display for Datum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Datum::Ip(a) => write!(f, "{a}"),
            Datum::Mac([a, b, c, d, e, g]) => {
                write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
            }
            Datum::Number {
                value,
                hex: Some(digits),
            } => {
                let width = usize::from(*digits);
                write!(f, "0x{value:0width$x}")
            }
            Datum::Number { value, hex: None } => write!(f, "{value}"),
            Datum::Float(n) => write!(f, "{n}"),
            // By whole numbers: a float has not digits enough for a moment to the nanosecond.
            Datum::Duration(n) => {
                let sign = if *n < 0 { "-" } else { "" };
                let (whole, rest) = (
                    n.unsigned_abs() / 1_000_000_000,
                    n.unsigned_abs() % 1_000_000_000,
                );
                let text = format!("{sign}{whole}.{rest:09}");
                f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
            }
            Datum::Time(n) => write!(f, "{}", crate::query::moment::long(*n)),
            Datum::Text(text) => write!(f, "{text}"),
            Datum::YesNo(true) => f.write_str("yes"),
            Datum::YesNo(false) => f.write_str("no"),
        }
    }
}

/// A decimal number without idle digits, to the nanosecond.
pub fn decimals(number: f64) -> String {
    let text = format!("{number:.9}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    text.to_owned()
}

/// A calculated number to six digits, and to the whole number: more of them say nothing.
fn known(number: f64) -> String {
    let whole = number.abs().log10().floor();
    let behind = (0..9).find(|n| whole + f64::from(*n) >= 5.0).unwrap_or(9);
    let places = usize::try_from(behind).unwrap_or(9);
    let text = format!("{number:.places$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// Values as a type prints them.
pub fn print(kind: Type, values: &[Datum]) -> String {
    let separator = match kind {
        Type::Ports => " -> ",
        Type::Ip | Type::Mac | Type::Int | Type::Hex | Type::Port => ",",
        Type::List if values.iter().any(|v| v.to_string().contains(' ')) => " | ",
        Type::Set => ",",
        _ => ", ",
    };
    let mut text = String::new();
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            text.push_str(separator);
        }
        let _ = match (kind, value) {
            (Type::Int | Type::Port | Type::Frame, Datum::Number { value, .. }) => {
                write!(text, "{value}")
            }
            (Type::Hex, Datum::Number { value, hex }) => {
                let width = usize::from(hex.unwrap_or(4));
                write!(text, "0x{value:0width$x}")
            }
            (Type::Int, Datum::Float(n)) => write!(text, "{}", known(*n)),
            (_, Datum::Float(n)) => write!(text, "{}", decimals(*n)),
            (_, value) => write!(text, "{value}"),
        };
    }
    text
}

/// Whether two texts say the same value: `64`, `64 bytes` and `0x40` do.
pub fn same(a: &str, b: &str) -> bool {
    let number = |text: &str| -> Option<u64> {
        let word = text.split_whitespace().next()?;
        match word.strip_prefix("0x") {
            Some(hex) => u64::from_str_radix(hex, 16).ok(),
            None => word.parse().ok(),
        }
    };
    let equal = |x: Option<u64>, y: Option<u64>| x.is_some() && x == y;
    a.trim().eq_ignore_ascii_case(b.trim())
        || equal(number(a), number(b))
        || mac(a).is_some_and(|m| Some(m) == mac(b))
}

/// A hardware address in any notation: colons, dashes, dots, nothing; single digits, too.
pub fn mac(text: &str) -> Option<[u8; 6]> {
    let text = text.trim();
    let parts: Vec<&str> = text.split([':', '-']).collect();
    let mut mac = [0u8; 6];
    if parts.len() == 6 {
        for (byte, part) in mac.iter_mut().zip(&parts) {
            if part.is_empty() || part.len() > 2 {
                return None;
            }
            *byte = u8::from_str_radix(part, 16).ok()?;
        }
        return Some(mac);
    }
    let digits: String = match text.split('.').collect::<Vec<_>>().as_slice() {
        [a, b, c] if [a, b, c].iter().all(|p| p.len() == 4) => [*a, *b, *c].concat(),
        [_] if text.len() == 12 => text.to_owned(),
        _ => return None,
    };
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    for (at, byte) in mac.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_text_where_they_are_text_and_digits_where_not() {
        assert_eq!(readable(b"GET /\r\n"), "GET /");
        assert_eq!(readable("größer".as_bytes()), "größer");
        assert_eq!(readable(&[0xa3, 0x7b, 0xa8]), "a37ba8");
        assert_eq!(readable(b"ab\x01c"), "61620163");
        assert_eq!(readable(b""), "");
    }

    #[test]
    fn digits_that_say_nothing_are_left_out_and_those_of_whole_numbers_stay() {
        let told = |n: f64| print(Type::Int, &[Datum::Float(n)]);
        assert_eq!(told(123_456_790.123_456_78), "123456790");
        assert_eq!(told(1_448.666_666_666), "1448.67");
        assert_eq!(told(0.052_631_578_9), "0.0526316");
        assert_eq!(told(-2.5), "-2.5");
        assert_eq!(told(0.0), "0");
        let whole = [Datum::number(1_234_567_890)];
        assert_eq!(print(Type::Int, &whole), "1234567890");
    }
}
