//! Texts with variables: `tcp.stream == $session.stream` in filters, `{frame}` in sentences.

use super::Datum;
use std::ops::Range;

/// A piece of a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text as it is.
    Text(String),
    /// A field of a thing.
    Variable {
        /// The thing's number.
        thing: usize,
        /// The field.
        field: String,
    },
}

/// A variable in a text.
#[derive(Clone, Copy, Debug)]
pub struct Variable<'p> {
    /// The thing's number.
    pub thing: usize,
    /// The field.
    pub field: &'p str,
}

/// The variables of a text.
pub fn variables(pieces: &[Piece]) -> impl Iterator<Item = Variable<'_>> {
    pieces.iter().filter_map(|piece| match piece {
        Piece::Text(_) => None,
        Piece::Variable { thing, field } => Some(Variable {
            thing: *thing,
            field,
        }),
    })
}

/// Reads a text; a name nobody has is given back with its place.
pub fn read(text: &str, names: &[String]) -> Result<Vec<Piece>, (usize, String)> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    let mut quoted = false;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        if c == '"' {
            quoted = !quoted;
        }
        if c == '$' && !quoted {
            let end = after
                .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))
                .unwrap_or(after.len());
            let (name, tail) = after.split_at(end);
            let place = text.len() - rest.len();
            let Some(thing) = names.iter().position(|n| n == name) else {
                return Err((place, name.to_owned()));
            };
            let tail = tail.strip_prefix('.').unwrap_or(tail);
            let end = tail
                .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'))
                .unwrap_or(tail.len());
            let (field, tail) = tail.split_at(end);
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Variable {
                thing,
                field: field.to_owned(),
            });
            rest = tail;
            continue;
        }
        plain.push(c);
        rest = after;
    }
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    Ok(pieces)
}

/// The text with values in place of variables; `None` when one has no value. After `in`, all
/// values of a variable make a set; elsewhere the first stands for it.
pub fn fill(
    pieces: &[Piece],
    mut value: impl FnMut(Variable<'_>) -> Option<Vec<Datum>>,
) -> Option<String> {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(plain) => text.push_str(plain),
            Piece::Variable { thing, field } => {
                let values = value(Variable {
                    thing: *thing,
                    field,
                })?;
                if text.trim_end().ends_with(" in") {
                    let list: Vec<String> = values.iter().map(Datum::literal).collect();
                    if list.is_empty() {
                        return None;
                    }
                    text.push('{');
                    text.push_str(&list.join(", "));
                    text.push('}');
                } else {
                    text.push_str(&values.first()?.literal());
                }
            }
        }
    }
    Some(text)
}

/// Where a place of a filled text is in the text as it was written, and the variable it lies in.
pub fn place(
    pieces: &[Piece],
    names: &[String],
    values: &[String],
    span: &Range<usize>,
) -> (Range<usize>, Option<String>) {
    let mut values = values.iter();
    let (mut filled, mut written) = (0, 0);
    let mut last = 0..0;
    for piece in pieces {
        let (long, own, name) = match piece {
            Piece::Text(text) => (text.len(), text.len(), None),
            Piece::Variable { thing, field } => {
                let name = format!("${}.{field}", names.get(*thing).map_or("", String::as_str));
                // After `in` a value stands in braces, which are counted with it.
                let long = values.next().map_or(0, String::len);
                (long, name.len(), Some(name))
            }
        };
        if span.start < filled + long || span.start == filled && long == 0 {
            let within = span.start - filled;
            return match name {
                Some(name) => (written..written + own, Some(name)),
                None => {
                    let start = written + within;
                    let end = (start + span.len()).min(written + own).max(start);
                    (start..end, None)
                }
            };
        }
        filled += long;
        written += own;
        last = written..written;
    }
    (last, None)
}

/// The conditions of a filter that have no variable: what can be tested while frames are read.
pub fn constant_part(pieces: &[Piece]) -> String {
    const MARK: char = '\u{1}';
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(plain) => text.push_str(plain),
            Piece::Variable { .. } => text.push(MARK),
        }
    }
    if !text.contains(MARK) {
        return text;
    }
    let mut parts = vec![String::new()];
    let (mut depth, mut quoted) = (0i32, false);
    let mut rest = text.as_str();
    while let Some(c) = rest.chars().next() {
        if c == '"' {
            quoted = !quoted;
        }
        if !quoted {
            depth += match c {
                '(' | '{' | '[' => 1,
                ')' | '}' | ']' => -1,
                _ => 0,
            };
            if depth == 0 {
                if rest.starts_with("||") || rest.starts_with(" or ") {
                    return String::new();
                }
                let and = ["&&", " and "].iter().find(|a| rest.starts_with(**a));
                if let Some(and) = and {
                    parts.push(String::new());
                    rest = &rest[and.len()..];
                    continue;
                }
            }
        }
        if let Some(last) = parts.last_mut() {
            last.push(c);
        }
        rest = &rest[c.len_utf8()..];
    }
    parts.retain(|part| !part.contains(MARK));
    let parts: Vec<&str> = parts.iter().map(|p| p.trim()).collect();
    parts.join(" && ")
}

/// The names in braces of a sentence.
pub fn braces(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('{') {
        let Some((name, tail)) = after.split_once('}') else {
            break;
        };
        names.push(name);
        rest = tail;
    }
    names
}

/// The sentence with a text for each name in braces.
pub fn sentence(text: &str, mut value: impl FnMut(&str) -> String) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        out.push_str(&value(name));
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        vec!["session".to_owned()]
    }

    #[test]
    fn what_needs_no_variable_is_tested_while_reading() {
        let read = |t: &str| constant_part(&read(t, &names()).expect("it is well written"));
        let text = "tcp.len > 0 && tcp.stream == $session.stream && tcp.dstport == 80";
        assert_eq!(read(text), "tcp.len > 0 && tcp.dstport == 80");
        assert_eq!(read("tcp.stream == $session.stream || udp"), "");
        assert_eq!(read("(udp || tcp.stream == $session.stream) && ip"), "ip");
    }

    #[test]
    fn a_set_follows_in() {
        let pieces = read("ip.dst in $session.server", &names()).expect("it is well written");
        let two = |_: Variable<'_>| Some(vec![Datum::number(1), Datum::number(2)]);
        assert_eq!(fill(&pieces, two).as_deref(), Some("ip.dst in {1, 2}"));
    }

    #[test]
    fn a_name_nobody_has_is_found_out() {
        assert_eq!(
            read("a == $sesion.x", &names()),
            Err((5, "sesion".to_owned()))
        );
    }
}
