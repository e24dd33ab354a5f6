//! A handout for people: its questions, the sheet students fill in, and questions for an LMS.

use super::format::{Part, Type};
use super::{Answer, Handout};
use std::fmt::Write as _;

/// What a type is called for students.
fn kind(part: &Part) -> &'static str {
    match part.kind.get_ref() {
        Type::Ip => "an IP address",
        Type::Mac => "a MAC address",
        Type::Int => "a number",
        Type::Hex => "a number in hexadecimal",
        Type::Port => "a port",
        Type::Ports => "two ports, from -> to",
        Type::Duration => "a time with its unit",
        Type::Text => "text",
        Type::YesNo => "yes or no",
        Type::Enum => "a name",
        Type::Frame => "the number of a frame",
        Type::Frames => "numbers of frames",
        Type::Set => "all values, in any order",
        Type::List => "all values, in order",
        Type::Prose => "a sentence or two",
    }
}

/// The sheet for students: a heading for each question, a line for each answer, no values.
pub fn sheet(handout: &Handout) -> String {
    let file = &handout.file;
    let mut out = format!("# {}\n\nName: \n\n", file.title);
    if !file.capture.is_empty() {
        out.push_str("Captures to hand in:\n\n");
        for capture in &file.capture {
            let _ = writeln!(out, "- {} (such as `{}`)", capture.title, capture.hint);
        }
        out.push('\n');
    }
    for question in &file.question {
        let _ = writeln!(out, "## {}\n\n{}\n", question.id, question.text);
        for part in &question.part {
            let _ = writeln!(
                out,
                "- {} {} ({}): ",
                question.id,
                part.id.replace('-', " "),
                kind(part)
            );
        }
        out.push('\n');
    }
    out
}

/// The questions with what they are worth.
pub fn overview(handout: &Handout) -> String {
    let file = &handout.file;
    let mut out = format!("{}\n{}\n", file.title, file.about.trim());
    for capture in &file.capture {
        let _ = writeln!(out, "  capture {}: {}", capture.id, capture.title);
    }
    for question in &file.question {
        let _ = writeln!(out, "\n{}  {}", question.id, question.text);
        for part in &question.part {
            let _ = writeln!(
                out,
                "    {}.{}  {} ({}, {} points)",
                question.id,
                part.id,
                part.text,
                kind(part),
                part.points
            );
        }
        for hint in &question.hints {
            let _ = writeln!(out, "    hint: {hint}");
        }
    }
    out
}

/// Text with GIFT's own characters made plain.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if matches!(c, '~' | '=' | '#' | '{' | '}' | ':' | '\\') {
            out.push('\\');
        }
        out.push(if c == '\n' { ' ' } else { c });
    }
    out
}

/// Questions in Moodle's GIFT format; what has no answer in the captures is an essay.
pub fn gift(handout: &Handout, answers: &[Answer]) -> String {
    let mut out = format!("// {}\n\n", handout.file.title.replace('\n', " "));
    for answer in answers {
        let question = &handout.file.question[answer.question];
        let part = &question.part[answer.part];
        let _ = write!(
            out,
            "::{}:: {} ({}) ",
            plain(&answer.id),
            plain(&question.text),
            plain(&part.text)
        );
        let value = plain(&answer.text);
        let body = match part.kind.get_ref() {
            _ if answer.missing.is_some() => "{}".to_owned(),
            Type::Prose => "{}".to_owned(),
            Type::YesNo => format!("{{{}}}", if value == "yes" { "TRUE" } else { "FALSE" }),
            Type::Int | Type::Port | Type::Frame => format!("{{#{value}:0}}"),
            _ => format!("{{={value}}}"),
        };
        let _ = writeln!(out, "{body}\n");
    }
    out
}
