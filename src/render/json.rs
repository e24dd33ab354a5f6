//! One JSON object: `capture`, then one array per section under its name.

use super::text::{decimal, float, is_dangerous};
use super::{Line, Scalar};
use crate::dissect::field::Value;
use crate::report::{Clock, Section, Times};
use std::io::{self, Write};

/// Text as a JSON string (RFC 8259 §7); everything that acts on a terminal is escaped.
pub fn json_text(text: &str) -> String {
    let mut result = String::with_capacity(text.len() + 2);
    result.push('"');
    for c in text.chars() {
        match c {
            '"' => result.push_str("\\\""),
            '\\' => result.push_str("\\\\"),
            '\n' => result.push_str("\\n"),
            '\t' => result.push_str("\\t"),
            '\r' => result.push_str("\\r"),
            c if is_dangerous(c) => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    result.push_str(&format!("\\u{unit:04x}"));
                }
            }
            c => result.push(c),
        }
    }
    result.push('"');
    result
}

pub(super) fn write(
    out: &mut dyn Write,
    summary: &[Line],
    sections: &[Box<dyn Section + '_>],
    times: &Times,
) -> io::Result<()> {
    write!(out, "{{\"capture\":{{")?;
    for (place, line) in summary.iter().enumerate() {
        let comma = if place == 0 { "" } else { "," };
        write!(
            out,
            "{comma}\n {}:{}",
            json_text(line.key),
            scalar(&line.value)
        )?;
    }
    write!(out, "}}")?;
    for section in sections {
        write!(out, ",\n{}:[", json_text(section.name()))?;
        let keys: Vec<String> = section.fields().iter().map(|f| json_text(f.key)).collect();
        for row in 0..section.len() {
            let mut text = String::with_capacity(512);
            section.row(row, &mut |values| {
                for (key, value) in keys.iter().zip(values) {
                    text.push_str(if text.is_empty() { "{" } else { "," });
                    text.push_str(key);
                    text.push(':');
                    match value {
                        Some(value) => push(&mut text, value, times),
                        None => text.push_str("null"),
                    }
                }
                text.push('}');
            });
            write!(out, "{}\n {text}", if row == 0 { "" } else { "," })?;
        }
        write!(out, "]")?;
    }
    writeln!(out, "}}")
}

fn scalar(value: &Scalar) -> String {
    match value {
        Scalar::Null => "null".to_owned(),
        Scalar::Number(n) => n.clone(),
        Scalar::Text(text) => json_text(text),
        Scalar::List(list) => format!(
            "[{}]",
            list.iter()
                .map(|t| json_text(t))
                .collect::<Vec<_>>()
                .join(",")
        ),
    }
}

fn push(text: &mut String, value: &Value<'_>, times: &Times) {
    match value {
        Value::Present => text.push_str("true"),
        Value::Boolean(b) => text.push_str(if *b { "true" } else { "false" }),
        Value::Unsigned(n) => text.push_str(&n.to_string()),
        Value::Signed(n) => text.push_str(&n.to_string()),
        Value::Float(f) => text.push_str(&float(*f)),
        Value::Duration(ns) => text.push_str(&decimal(i128::from(*ns))),
        Value::Time(ns) if times.clock == Clock::Relative => {
            text.push_str(&decimal(i128::from(*ns) - i128::from(times.start)));
        }
        Value::Frames(list) => {
            text.push('[');
            text.push_str(
                &list
                    .iter()
                    .map(u32::to_string)
                    .collect::<Vec<_>>()
                    .join(","),
            );
            text.push(']');
        }
        other => text.push_str(&json_text(&super::text::plain(other, times))),
    }
}
