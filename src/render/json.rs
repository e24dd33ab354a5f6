//! One JSON object: `capture`, then one array per section under its name.

use super::Report;
use super::text::{decimal, float, is_dangerous};
use crate::dissect::field::Value;
use crate::facts::capture::Capture;
use crate::facts::{Column, Fact, Record, Schema};
use crate::report::{Clock, Times};
use std::io::{self, Write};

/// Text as a JSON string (RFC 8259 §7); everything that acts on a terminal is escaped.
pub fn json_text(text: &str) -> String {
    let mut result = String::with_capacity(text.len() + 2);
    result.push('"');
    // Most texts are plain.
    let plain = |b: &u8| matches!(b, b' '..=b'~') && !matches!(b, b'"' | b'\\');
    if text.as_bytes().iter().all(plain) {
        result.push_str(text);
        result.push('"');
        return result;
    }
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

pub(super) fn write(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    let utc = Times {
        clock: Clock::Utc,
        ..Times::default()
    };
    let mut text = String::new();
    object(
        &mut text,
        &Schema::of::<Capture>(),
        &report.capture,
        &utc,
        false,
    );
    // The count's name of old, which scripts read.
    write!(
        out,
        "{{\"capture\":{{\n\"frames\":{},{}",
        report.capture.frame_count,
        &text[1..]
    )?;
    for rows in report
        .sections
        .iter()
        .filter(|r| r.schema.section != Capture::SECTION)
    {
        write!(out, ",\n{}:[", json_text(rows.schema.section))?;
        let mut first = true;
        for index in 0..rows.len() {
            let Some(record) = rows.get(index) else {
                continue;
            };
            text.clear();
            object(
                &mut text,
                &rows.schema,
                record.as_ref(),
                &report.times,
                report.why,
            );
            write!(out, "{}\n {text}", if first { "" } else { "," })?;
            first = false;
        }
        write!(out, "]")?;
    }
    writeln!(out, "}}")
}

/// One fact as an object; with `why`, what is absent says why, what is only the least says what is
/// missing, and what is there names the frames that prove it.
fn object(text: &mut String, schema: &Schema, record: &dyn Record, times: &Times, why: bool) {
    text.push('{');
    for (field, column) in schema.columns.iter().enumerate() {
        if field > 0 {
            text.push(',');
        }
        text.push_str(&json_text(column.key()));
        text.push(':');
        match record.value(field) {
            Some(value) => push(text, &value, times),
            None => text.push_str("null"),
        }
    }
    if why {
        let keys = || schema.columns.iter().map(Column::key).enumerate();
        let absent = keys().filter_map(|(field, key)| {
            let why = record.why(field)?;
            let (word, because) = (json_text(why.word()), json_text(why.because()));
            Some(format!(
                "{}:{{\"absent\":{word},\"because\":{because}}}",
                json_text(key)
            ))
        });
        let absent: Vec<String> = absent.collect();
        let proof = keys().filter_map(|(field, key)| {
            record.value(field)?;
            let frames = record.proof(field);
            let frames: Vec<String> = frames.iter().map(u32::to_string).collect();
            Some(format!("{}:[{}]", json_text(key), frames.join(",")))
        });
        let proof: Vec<String> = proof.collect();
        let doubts = keys().filter_map(|(field, key)| {
            let doubt = json_text(&record.doubt(field)?);
            Some(format!("{}:{doubt}", json_text(key)))
        });
        let doubts: Vec<String> = doubts.collect();
        text.push_str(&format!(
            ",\"why\":{{{}}},\"at_least\":{{{}}},\"proof\":{{{}}}",
            absent.join(","),
            doubts.join(","),
            proof.join(",")
        ));
    }
    text.push('}');
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
        Value::List(list) => {
            text.push('[');
            for (at, one) in list.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                push(text, one, times);
            }
            text.push(']');
        }
        other => text.push_str(&json_text(&super::text::plain(other, times))),
    }
}
