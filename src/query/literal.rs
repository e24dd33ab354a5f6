//! What is written in a filter into a value of the type it is compared with.

use super::error::{Cause, FilterError};
use crate::dissect::field::{Kind, Value};
use crate::dissect::meaning;
use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

/// A value, or a network of addresses.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Constant {
    One(Value<'static>),
    /// An address and how many of its bits count.
    Network(Value<'static>, u8),
}

/// How a literal was written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Written<'t> {
    /// Without quotes.
    Word(&'t str),
    /// In double quotes.
    Text(&'t [u8]),
    /// In single quotes.
    Character(u8),
}

/// What the literal is compared with.
pub(super) struct Wanted<'t> {
    pub(super) kind: Kind,
    /// The field's name, for value names and messages; empty for an expression.
    pub(super) field: &'t str,
    /// Pieces of an address are enough (`contains`).
    pub(super) partial: bool,
}

/// A number as Wireshark reads it: decimal, `0x` hexadecimal, `0` octal, `0b` binary.
pub(super) fn number(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    if let Some(digits) = lower.strip_prefix("0x") {
        return plain(digits, 16);
    }
    if let Some(digits) = lower.strip_prefix("0b") {
        return plain(digits, 2);
    }
    match lower.strip_prefix('0') {
        Some(digits) if !digits.is_empty() => plain(digits, 8),
        _ => plain(&lower, 10),
    }
}

/// Digits only: Rust's own parser also takes a sign.
fn plain(digits: &str, radix: u32) -> Option<u64> {
    if digits.starts_with(['+', '-']) {
        return None;
    }
    u64::from_str_radix(digits, radix).ok()
}

/// Reads a literal as a value of the wanted type.
pub(super) fn read(
    written: Written<'_>,
    wanted: &Wanted<'_>,
    span: Range<usize>,
) -> Result<Constant, FilterError> {
    let fail = |what: String| {
        let text = match written {
            Written::Word(word) => word.to_string(),
            Written::Text(bytes) => format!("\"{}\"", String::from_utf8_lossy(bytes)),
            Written::Character(byte) => format!("'{}'", char::from(byte).escape_default()),
        };
        FilterError::new(span.clone(), Cause::Literal { text, wanted: what })
    };
    let one = |value| Ok(Constant::One(value));
    match wanted.kind {
        Kind::Boolean => match written {
            Written::Word(word) if let Some(n) = number(word) => one(Value::Boolean(n != 0)),
            Written::Word(word) => truth(word.as_bytes()).map_or_else(
                || Err(fail("true or false (1 or 0)".into())),
                |b| one(Value::Boolean(b)),
            ),
            Written::Text(text) => truth(text).map_or_else(
                || Err(fail("true or false (1 or 0)".into())),
                |b| one(Value::Boolean(b)),
            ),
            Written::Character(byte) => one(Value::Boolean(byte != 0)),
        },
        Kind::Unsigned(_) | Kind::Hex(_) | Kind::Signed(_) | Kind::Frame | Kind::Frames => {
            integer(written, wanted, &span, &fail).map(Constant::One)
        }
        Kind::Float => match written {
            Written::Word(word) => match word.parse::<f64>() {
                Ok(n) if n.is_finite() => one(Value::Float(n)),
                _ => Err(fail("a decimal number".into())),
            },
            _ => Err(fail("a decimal number".into())),
        },
        Kind::Text => one(Value::Text(Cow::Owned(match written {
            Written::Word(word) => word.as_bytes().to_vec(),
            Written::Text(text) => text.to_vec(),
            Written::Character(byte) => vec![byte],
        }))),
        Kind::Bytes | Kind::Protocol => one(Value::Bytes(Cow::Owned(match written {
            Written::Word(word) => {
                bytes(word).ok_or_else(|| fail("a sequence of bytes, such as 47:45:54".into()))?
            }
            Written::Text(text) => text.to_vec(),
            Written::Character(byte) => vec![byte],
        }))),
        Kind::Ether => ether(written, wanted, &fail).map(Constant::One),
        Kind::Ipv4 => match written {
            Written::Word(word) => ipv4(word),
            Written::Text(text) => ipv4(std::str::from_utf8(text).unwrap_or_default()),
            Written::Character(_) => None,
        }
        .ok_or_else(|| fail("an IPv4 address, such as 10.0.0.1 or 10.0.0.0/8".into())),
        Kind::Ipv6 => match written {
            Written::Word(word) => ipv6(word),
            Written::Text(text) => ipv6(std::str::from_utf8(text).unwrap_or_default()),
            Written::Character(_) => None,
        }
        .ok_or_else(|| fail("an IPv6 address, such as fe80::1 or fe80::/10".into())),
        Kind::Time => {
            let text = match written {
                Written::Word(word) => word,
                Written::Text(text) => std::str::from_utf8(text).unwrap_or_default(),
                Written::Character(_) => "",
            };
            super::moment::parse(text)
                .map(|t| Constant::One(Value::Time(t)))
                .ok_or_else(|| fail("a moment, such as \"2024-05-01 12:30:00\"".into()))
        }
        Kind::Duration => match written {
            Written::Word(word) => super::moment::seconds(word)
                .map(|t| Constant::One(Value::Duration(t)))
                .ok_or_else(|| fail("a number of seconds, such as 0.25".into())),
            _ => Err(fail(
                "a number of seconds, such as 0.25 (without quotes)".into(),
            )),
        },
        Kind::Address => match written {
            Written::Word(word) => ipv4(word).or_else(|| ipv6(word)),
            Written::Text(text) => {
                let text = std::str::from_utf8(text).unwrap_or_default();
                ipv4(text).or_else(|| ipv6(text))
            }
            Written::Character(_) => None,
        }
        .ok_or_else(|| fail("an address, such as 10.0.0.1, 10.0.0.0/8 or fe80::1".into())),
        Kind::State(states) => {
            let text = match written {
                Written::Word(word) => word.as_bytes(),
                Written::Text(text) => text,
                Written::Character(_) => &[],
            };
            let known = states.iter().find(|s| s.word.as_bytes() == text);
            match known {
                Some(state) => one(Value::Text(Cow::Borrowed(state.word.as_bytes()))),
                None if wanted.partial => one(Value::Text(Cow::Owned(text.to_vec()))),
                None => {
                    let words: Vec<&str> = states.iter().map(|s| s.word).collect();
                    Err(fail(format!("a state of {}", wanted.field))
                        .hint(format!("the states are {}", words.join(", "))))
                }
            }
        }
        Kind::Mark => Err(fail(format!(
            "needed: {} has no value and can only be tested for being there",
            wanted.field
        ))),
    }
}

fn integer(
    written: Written<'_>,
    wanted: &Wanted<'_>,
    span: &Range<usize>,
    fail: &dyn Fn(String) -> FilterError,
) -> Result<Value<'static>, FilterError> {
    let name = match written {
        Written::Character(byte) => return Ok(Value::Unsigned(u64::from(byte))),
        Written::Word(word) => {
            if let Some(value) = number(word) {
                return in_range(value, word, wanted, span).map(Value::Unsigned);
            }
            word
        }
        Written::Text(text) => std::str::from_utf8(text).unwrap_or_default(),
    };
    let named = meaning::value(wanted.field, name);
    if let Some(value) = named.filter(|_| meaning::has_filter_names(wanted.field)) {
        return Ok(Value::Unsigned(value));
    }
    let all_digits = !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
    if all_digits && matches!(written, Written::Word(_)) && !name.starts_with('0') {
        let most = most(wanted.kind);
        let (text, field) = (name.to_string(), wanted.field.to_string());
        return Err(FilterError::new(
            span.clone(),
            Cause::TooLarge { text, field, most },
        ));
    }
    let error = fail(if meaning::has_filter_names(wanted.field) {
        format!("a number or the name of a value of {}", wanted.field)
    } else {
        "a number".into()
    });
    if matches!(written, Written::Text(_)) && number(name).is_some() {
        return Err(error.hint(format!("write the number without quotes: {name}")));
    }
    if let Some(value) = named {
        return Err(error.hint(number_for(name, value)));
    }
    let names = meaning::nearest(wanted.field, name);
    if names.is_empty() || !meaning::has_filter_names(wanted.field) {
        return Err(error);
    }
    Err(error.hint(format!(
        "values of {} are {}",
        wanted.field,
        names.join(", ")
    )))
}

/// What to write where a name is no value for a filter.
pub(super) fn number_for(name: &str, value: u64) -> String {
    format!("filters take the number here: {name} is {value}")
}

fn in_range(
    value: u64,
    text: &str,
    wanted: &Wanted<'_>,
    span: &Range<usize>,
) -> Result<u64, FilterError> {
    let most = most(wanted.kind);
    if value <= most {
        return Ok(value);
    }
    let field = if wanted.field.is_empty() {
        "this number".to_string()
    } else {
        wanted.field.to_string()
    };
    let text = text.to_string();
    Err(FilterError::new(
        span.clone(),
        Cause::TooLarge { text, field, most },
    ))
}

/// The largest number of a type. Wireshark gives numbers whole bytes.
fn most(kind: Kind) -> u64 {
    match kind {
        Kind::Unsigned(bits) | Kind::Hex(bits) => {
            let bytes = u32::from(bits).div_ceil(8).clamp(1, 8);
            u64::MAX >> (64 - bytes * 8)
        }
        Kind::Signed(bits) => {
            let bytes = u32::from(bits).div_ceil(8).clamp(1, 8);
            u64::MAX >> (65 - bytes * 8)
        }
        _ => u64::from(u32::MAX),
    }
}

fn truth(word: &[u8]) -> Option<bool> {
    let is = |names: &[&str]| {
        names
            .iter()
            .any(|n| word.eq_ignore_ascii_case(n.as_bytes()))
    };
    if is(&["true", "set", "yes", "good"]) {
        Some(true)
    } else if is(&["false", "not set", "no", "bad"]) {
        Some(false)
    } else {
        None
    }
}

fn ether(
    written: Written<'_>,
    wanted: &Wanted<'_>,
    fail: &dyn Fn(String) -> FilterError,
) -> Result<Value<'static>, FilterError> {
    let wrong = || fail("a hardware address, such as 00:11:22:33:44:55".into());
    let list = match written {
        Written::Word(word) => bytes(word).ok_or_else(wrong)?,
        Written::Text(text) if wanted.partial => text.to_vec(),
        Written::Text(text) => {
            bytes(std::str::from_utf8(text).unwrap_or_default()).ok_or_else(wrong)?
        }
        Written::Character(byte) => vec![byte],
    };
    match <[u8; 6]>::try_from(list.as_slice()) {
        Ok(address) => Ok(Value::Ether(address)),
        Err(_) if wanted.partial => Ok(Value::Bytes(Cow::Owned(list))),
        Err(_) => Err(wrong()),
    }
}

/// Bytes in hexadecimal, separated by `:`, `-` or `.`, or not at all.
pub(super) fn bytes(text: &str) -> Option<Vec<u8>> {
    let text = text.strip_prefix("0x").unwrap_or(text);
    let text = text.strip_suffix(':').unwrap_or(text);
    if text.is_empty()
        || !text
            .bytes()
            .all(|b| b.is_ascii_hexdigit() || b":-.".contains(&b))
    {
        return None;
    }
    let mut out = Vec::new();
    for part in text.split([':', '-', '.']) {
        match part.len() {
            1 => out.push(u8::from_str_radix(part, 16).ok()?),
            n if n % 2 == 0 && n > 0 => {
                for at in (0..n).step_by(2) {
                    out.push(u8::from_str_radix(&part[at..at + 2], 16).ok()?);
                }
            }
            _ => return None,
        }
    }
    Some(out)
}

fn ipv4(text: &str) -> Option<Constant> {
    let (address, bits) = split_network(text, 32)?;
    let address: Ipv4Addr = address.parse().ok()?;
    let value = Value::Ipv4(address.octets());
    Some(match bits {
        Some(bits) => Constant::Network(value, bits),
        None => Constant::One(value),
    })
}

fn ipv6(text: &str) -> Option<Constant> {
    let (address, bits) = split_network(text, 128)?;
    let address: Ipv6Addr = address.parse().ok()?;
    let value = Value::Ipv6(address.octets());
    Some(match bits {
        Some(bits) => Constant::Network(value, bits),
        None => Constant::One(value),
    })
}

/// An address and, behind a slash, how many of its bits count.
fn split_network(text: &str, most: u8) -> Option<(&str, Option<u8>)> {
    match text.split_once('/') {
        None => Some((text, None)),
        Some((address, bits)) => {
            let bits = plain(bits, 10).and_then(|n| u8::try_from(n).ok())?;
            (bits <= most).then_some((address, Some(bits)))
        }
    }
}
