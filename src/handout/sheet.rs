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
        Type::Frames if part.tells_frames() => "numbers of frames",
        Type::Frames => "numbers, in order",
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

/// What a part asks, in words: its text, or what announces it, or its name.
fn asked(part: &Part) -> String {
    match (part.text.as_str(), part.labels.first()) {
        ("", Some(label)) => label.clone(),
        ("", None) => part.id.replace('-', " "),
        (text, _) => text.to_owned(),
    }
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

/// Everything that is right: the answer, what is in other readings of the question, and what the
/// handout lets pass as well.
fn texts<'a>(answer: &'a Answer, part: &'a Part) -> impl Iterator<Item = &'a str> {
    let equals = answer.equals.iter().map(|equal| equal.text.as_str());
    let also = part.also.iter().map(String::as_str);
    std::iter::once(answer.text.as_str())
        .chain(equals)
        .chain(also)
}

/// Whether an answer is a number to learning management systems.
fn is_number(kind: &Type, text: &str) -> bool {
    let numeric = matches!(kind, Type::Int | Type::Port | Type::Frame | Type::Duration);
    numeric && text.parse::<f64>().is_ok()
}

/// How far off a number may be; of a time that is a share, as in grading.
fn off(text: &str, part: &Part) -> String {
    let number: f64 = text.parse().unwrap_or_default();
    super::value::decimals(match part.kind.get_ref() {
        Type::Duration => number.abs() * part.tolerance.unwrap_or(0.05),
        _ => part.tolerance.unwrap_or_default(),
    })
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
            plain(&match &part.unit {
                Some(unit) => format!("{}, in {unit}", asked(part)),
                None => asked(part),
            })
        );
        let rights = |each: &dyn Fn(&str) -> String| -> String {
            let all = texts(answer, part).map(|text| format!("={}", each(text)));
            all.collect::<Vec<_>>().join(" ")
        };
        let body = match part.kind.get_ref() {
            _ if answer.missing.is_some() => "{}".to_owned(),
            Type::Prose => "{}".to_owned(),
            Type::YesNo if answer.text == "yes" => "{TRUE}".to_owned(),
            Type::YesNo => "{FALSE}".to_owned(),
            kind if is_number(kind, &answer.text) => {
                format!(
                    "{{#{}}}",
                    rights(&|text| format!("{text}:{}", off(text, part)))
                )
            }
            _ => format!("{{{}}}", rights(&plain)),
        };
        let _ = writeln!(out, "{body}\n");
    }
    out
}

/// Questions as Moodle XML; what has no answer in the captures, and prose, is an essay. The frames
/// that prove an answer are its general feedback.
/// <https://docs.moodle.org/en/Moodle_XML_format>
pub fn moodle_xml(handout: &Handout, answers: &[Answer]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<quiz>\n");
    let title = xml(&handout.file.title);
    let _ = writeln!(
        out,
        "<question type=\"category\"><category><text>$course$/{title}</text></category></question>"
    );
    for answer in answers {
        let question = &handout.file.question[answer.question];
        let part = &question.part[answer.part];
        let open = answer.missing.is_some();
        let kind = match part.kind.get_ref() {
            _ if open => "essay",
            Type::Prose => "essay",
            Type::YesNo => "truefalse",
            kind if is_number(kind, &answer.text) => "numerical",
            _ => "shortanswer",
        };
        let mut asked = format!("{} ({}", question.text, asked(part));
        if let Some(unit) = &part.unit {
            let _ = write!(asked, ", in {unit}");
        }
        asked.push(')');
        let _ = write!(
            out,
            "<question type=\"{kind}\">\n  <name><text>{}</text></name>\n  <questiontext format=\"plain_text\"><text>{}</text></questiontext>\n  <generalfeedback format=\"plain_text\"><text>{}</text></generalfeedback>\n  <defaultgrade>{}</defaultgrade>\n",
            xml(&answer.id),
            xml(&asked),
            xml(&format!("{} {}", answer.frames(), answer.reason)),
            part.points,
        );
        match kind {
            "truefalse" => {
                let yes = answer.text == "yes";
                for (word, right) in [("true", yes), ("false", !yes)] {
                    let fraction = if right { 100 } else { 0 };
                    let _ = writeln!(
                        out,
                        "  <answer fraction=\"{fraction}\"><text>{word}</text></answer>"
                    );
                }
            }
            "numerical" => {
                for text in texts(answer, part).filter(|text| is_number(part.kind.get_ref(), text))
                {
                    let off = off(text, part);
                    let _ = writeln!(
                        out,
                        "  <answer fraction=\"100\"><text>{text}</text><tolerance>{off}</tolerance></answer>"
                    );
                }
                wrong_ones(&mut out, part);
            }
            "shortanswer" => {
                let _ = writeln!(out, "  <usecase>0</usecase>");
                for text in texts(answer, part) {
                    // A star stands for anything in Moodle.
                    let text = xml(&text.replace('*', "\\*"));
                    let _ = writeln!(
                        out,
                        "  <answer fraction=\"100\"><text>{text}</text></answer>"
                    );
                }
                wrong_ones(&mut out, part);
            }
            _ => {
                let _ = writeln!(
                    out,
                    "  <graderinfo format=\"plain_text\"><text>{}</text></graderinfo>",
                    xml(&part.model)
                );
            }
        }
        out.push_str("</question>\n");
    }
    out.push_str("</quiz>\n");
    out
}

/// The well-known wrong answers, with what to tell the student.
fn wrong_ones(out: &mut String, part: &Part) {
    for wrong in &part.wrong {
        let _ = writeln!(
            out,
            "  <answer fraction=\"0\"><text>{}</text><feedback format=\"plain_text\"><text>{}</text></feedback></answer>",
            xml(&wrong.value),
            xml(&wrong.say)
        );
    }
}

/// Text in an XML element; characters that XML does not know are left out.
fn xml(text: &str) -> String {
    let known = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    let text: String = text.chars().filter(known).collect();
    quick_xml::escape::escape(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handout::{Equal, Found, Material, answers};

    const HOSTILE: &str = "id = \"x\"\ntitle = \"<b>&]]>\"\n[[question]]\nid = \"1\"\ntext = \"a < b & \\u0007 ]]>\"\n[[question.part]]\nid = \"n\"\ntype = \"int\"\nvalue = 7\ntolerance = 1\n[[question.part]]\nid = \"t\"\ntype = \"text\"\nvalue = \"</text><script>*\"\n[[question.part]]\nid = \"y\"\ntype = \"yes-no\"\nvalue = false\n";

    #[test]
    fn moodle_reads_what_is_written_and_nothing_of_it_is_markup() {
        let handout = Handout::parse(HOSTILE).expect("it is well written");
        let material = Material::default();
        let found = Found::new(&handout, &material);
        let text = moodle_xml(&handout, &answers(&handout, &material, &found));
        let mut reader = quick_xml::Reader::from_str(&text);
        let mut names: Vec<String> = Vec::new();
        loop {
            match reader.read_event().expect("it is XML") {
                quick_xml::events::Event::Start(e) => {
                    names.push(e.name().as_ref().to_owned());
                }
                quick_xml::events::Event::Eof => break,
                _ => {}
            }
        }
        let count = |name: &str| names.iter().filter(|n| *n == name).count();
        assert_eq!((count("question"), count("script"), count("b")), (4, 0, 0));
        assert!(text.contains("<text>7</text><tolerance>1</tolerance>"));
        assert!(text.contains("<answer fraction=\"100\"><text>false</text></answer>"));
        assert!(text.contains("&lt;script&gt;\\*"), "{text}");
    }
    #[test]
    fn what_is_right_in_another_reading_is_right_for_moodle_too() {
        let handout = Handout::parse(HOSTILE).expect("it is well written");
        let material = Material::default();
        let found = Found::new(&handout, &material);
        let mut answers = answers(&handout, &material, &found);
        assert!(gift(&handout, &answers).contains("{#=7:1}"));
        for answer in &mut answers {
            answer.equals.push(Equal {
                values: Vec::new(),
                text: "9".to_owned(),
                say: String::new(),
            });
        }
        let text = gift(&handout, &answers);
        assert!(text.contains("{#=7:1 =9:1}"), "{text}");
        assert!(text.contains("<script>* =9}"), "{text}");
        assert!(text.contains("{FALSE}"), "{text}");
        let text = moodle_xml(&handout, &answers);
        assert!(text.contains("<text>9</text><tolerance>1</tolerance>"));
        assert!(text.contains("<answer fraction=\"100\"><text>9</text></answer>"));
    }
}
