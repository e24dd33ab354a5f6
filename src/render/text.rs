//! The gate: text from strangers made harmless.

use crate::dissect::field::Value;
use crate::facts::Moment;
use crate::report::{Clock, Times};

/// Whether a character must not reach a terminal or a page: controls of both sets, escape
/// sequences' beginnings, bidirectional marks (Unicode TR 9), and what is invisible.
pub(super) fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// Text with everything that acts on a terminal written out as `\n`, `\t` or `\u{1b}`.
pub fn safe(text: &str) -> String {
    if !text.chars().any(is_dangerous) {
        return text.to_owned();
    }
    let mut result = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\n' => result.push_str("\\n"),
            '\r' => result.push_str("\\r"),
            '\t' => result.push_str("\\t"),
            c if is_dangerous(c) => result.extend(c.escape_unicode()),
            c => result.push(c),
        }
    }
    result
}

/// A value in words, not yet safe: for CSV and Markdown.
pub(super) fn plain(value: &Value<'_>, times: &Times) -> String {
    match value {
        Value::Present => "yes".to_owned(),
        Value::Boolean(b) => if *b { "true" } else { "false" }.to_owned(),
        Value::Unsigned(n) => n.to_string(),
        Value::Signed(n) => n.to_string(),
        Value::Text(text) => String::from_utf8_lossy(text).into_owned(),
        Value::Bytes(bytes) => bytes.iter().map(|b| format!("{b:02x}")).collect(),
        Value::Ether(mac) => crate::facts::Mac(*mac).to_string(),
        Value::Ipv4(a) => std::net::Ipv4Addr::from(*a).to_string(),
        Value::Ipv6(a) => std::net::Ipv6Addr::from(*a).to_string(),
        Value::Time(ns) => moment(*ns, times),
        Value::Duration(ns) => decimal(i128::from(*ns)),
        Value::Float(f) => float(*f),
        Value::Frames(list) => list
            .iter()
            .map(u32::to_string)
            .collect::<Vec<_>>()
            .join(" "),
        Value::List(list) => list
            .iter()
            .map(|one| plain(one, times))
            .collect::<Vec<_>>()
            .join("; "),
    }
}

/// A moment with nine decimals, or as a date.
pub(super) fn moment(ns: i64, times: &Times) -> String {
    match times.clock {
        Clock::Relative => decimal(i128::from(ns) - i128::from(times.start)),
        _ => crate::report::moment(Some(Moment(ns)), times),
    }
}

/// Nanoseconds as seconds with nine decimals.
pub(super) fn decimal(ns: i128) -> String {
    let sign = if ns < 0 { "-" } else { "" };
    let ns = ns.unsigned_abs();
    format!("{sign}{}.{:09}", ns / 1_000_000_000, ns % 1_000_000_000)
}

/// A number of milliseconds with as many decimals as it needs, six at most.
pub(super) fn float(value: f64) -> String {
    let text = format!("{value:.6}");
    let short = text.trim_end_matches('0').trim_end_matches('.');
    short.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_and_overrides_are_written_out() {
        assert_eq!(safe("a\x1b[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(safe("x\u{202e}y\u{9b}z\r\n"), "x\\u{202e}y\\u{9b}z\\r\\n");
        assert_eq!(safe("Grüße, мир"), "Grüße, мир");
    }

    #[test]
    fn spans_keep_their_sign_below_a_second() {
        assert_eq!(decimal(-5), "-0.000000005");
        assert_eq!(float(0.125), "0.125");
        assert_eq!(float(3.0), "3");
    }
}
