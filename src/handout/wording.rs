//! Problems of a handout's text in words a teacher understands: what TOML and the filter language
//! say of a mistake, and what was probably meant.

use super::plan::{facts, nearest};
use super::problem::Problem;
use crate::query::{Catalogue, FilterError};
use crate::store;
use std::ops::Range;

/// What is often written for a word of the handout language.
const MEANT: &[(&str, &str)] = &[
    ("avg", "mean"),
    ("average", "mean"),
    ("total", "sum"),
    ("number", "count"),
    ("bool", "yes-no"),
    ("boolean", "yes-no"),
    ("yesno", "yes-no"),
    ("integer", "int"),
    ("number", "int"),
    ("ipv4", "ip"),
    ("ipv6", "ip"),
    ("address", "ip"),
    ("ether", "mac"),
    ("string", "text"),
    ("str", "text"),
    ("time", "duration"),
    ("dur", "duration"),
    ("essay", "prose"),
];

/// Words in backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// What is wrong with the file as TOML, or with a key or value of it.
pub(super) fn of_toml(error: &toml::de::Error, text: &str) -> Problem {
    let message = error.message();
    let span = error.span().unwrap_or(0..0);
    let line_start = text
        .get(..span.start)
        .and_then(|t| t.rfind('\n'))
        .map_or(0, |at| at + 1);
    let line = text
        .get(line_start..)
        .and_then(|t| t.lines().next())
        .unwrap_or_default();
    let words = quoted(message);
    let problem = |words: String, hint: String| Problem::new(span.clone(), words).hint(hint);
    if message.starts_with("unknown field") {
        let (wrong, known) = words.split_first().map_or(("", &[][..]), |(w, k)| (*w, k));
        let hint = match nearest(wrong, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if ["in", "where", "which", "prefer", "by", "beside"].contains(&wrong) => {
                "what is looked for has its place in [let.NAME], and a part names it with `of`"
                    .into()
            }
            None => format!("the keys here are {}", known.join(", ")),
        };
        return problem(format!("there is no key `{wrong}` here"), hint);
    }
    if message.starts_with("unknown variant") {
        let (wrong, known) = words.split_first().map_or(("", &[][..]), |(w, k)| (*w, k));
        let small = wrong.to_lowercase();
        let meant = MEANT
            .iter()
            .find(|m| m.0 == small && known.contains(&m.1))
            .map(|m| m.1);
        let same = known.iter().copied().find(|k| **k == *small);
        let hint = match meant
            .or(same)
            .or_else(|| nearest(&small, known.iter().copied()))
        {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", known.join(", ")),
        };
        return problem(
            format!("`{wrong}` is none of the words that can stand here"),
            hint,
        );
    }
    if message.starts_with("missing field") {
        let key = words.first().copied().unwrap_or_default();
        return problem(
            format!("the key `{key}` is missing"),
            format!("add `{key} = …`"),
        );
    }
    let table = line.trim_start().starts_with('[');
    let repeated = ["expected a sequence", "duplicate key"];
    if table && repeated.iter().any(|words| message.contains(words)) {
        let name = line.trim().trim_matches(['[', ']']);
        if name.starts_with("let.") {
            return problem(
                format!("[{name}] stands here twice"),
                "give the second one another name".into(),
            );
        }
        return problem(
            format!("[{name}] can stand several times"),
            format!("write it with two brackets: [[{name}]]"),
        );
    }
    if message.contains("expected a sequence") {
        return problem(
            "a list is expected".into(),
            "put it in brackets: [\"…\"]".into(),
        );
    }
    if message.contains("expected f64")
        || message.contains("expected i64")
        || message.contains("expected usize")
    {
        return problem(
            "a number is expected".into(),
            "write it without quotes".into(),
        );
    }
    if message.contains("expected a string") {
        return problem("a text is expected".into(), "put it in quotes".into());
    }
    if message.contains("invalid float")
        || message.contains("invalid boolean")
        || message.contains("string values must be quoted")
    {
        return problem(
            "this is no value".into(),
            "a text stands in quotes: \"…\"".into(),
        );
    }
    let several_quotes = line.matches('"').count() > 2 && !line.contains('\'');
    if several_quotes
        && (message.contains("expected newline")
            || message.contains("key with no value")
            || message.contains("unexpected"))
    {
        return problem(
            message.to_owned(),
            "a filter that has double quotes in it stands in single ones: 'http.request.method == \"GET\"'".into(),
        );
    }
    Problem::new(span, message)
}

/// What is wrong with a filter or a calculation over a table.
pub(super) fn of_filter(
    error: &FilterError,
    text: &str,
    catalogue: &Catalogue,
    place: Range<usize>,
) -> Problem {
    let name = text.get(error.span.clone()).unwrap_or_default();
    let mut problem = Problem::new(place, error.to_string());
    problem.hint.clone_from(&error.hint);
    if catalogue.find(name).is_some() {
        return problem;
    }
    // A field of another table is no typing error.
    let here = catalogue.about;
    let elsewhere = store::KINDS
        .iter()
        .find(|kind| facts(kind).find(name).is_some());
    if let Some(kind) = elsewhere {
        let section = (kind.schema)().section;
        problem.words = format!("`{name}` is a field of {section}, and {here} are asked here");
        return problem.hint(format!("look for it with `in = \"{section}\"`"));
    }
    if here != "frames" && Catalogue::frames().find(name).is_some() {
        problem.words = format!("`{name}` is a field of frames, and {here} are asked here");
        return problem.hint("look for it with `in = \"frames\"`");
    }
    problem
}
