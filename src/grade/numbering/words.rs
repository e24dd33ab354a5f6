//! The report's own words for a question and its own numerals: `SORU 1`, `ad 4A`, `Part Two`, `II.`.
//! A word stands for "question" where the report has it before several of the handout's numbers.

use super::{Id, Numbering};
use crate::grade::report::Block;
use regex::{Captures, Regex};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// A word and a number, or a name, at the beginning of a line.
static WORD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?P<lead>[\s#*_>•\-–(]*)(?P<word>\p{L}{2,14})\.?[\s:#\-–]+(?P<name>\d{1,2}[A-Za-z]?|[A-Za-z]{1,2}\d{1,2}(?:\.\d)?|(?i:one|two|three|four|five|six|seven|eight)|[IVX]{1,4})(?:\b|$)")
        .expect("the pattern is right")
});
/// A Roman number at the beginning of a line.
static ROMAN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?P<lead>[\s#*_>•\-–(]*)(?P<name>[IVX]{1,4})(?P<mark>[.):])[*_]*(?:\s|$)")
        .expect("the pattern is right")
});
/// Words before numbers of something else.
const OTHERS: &[&str] = &[
    "frame",
    "frames",
    "packet",
    "packets",
    "paket",
    "trame",
    "pacchetto",
    "paquete",
    "lab",
    "week",
    "port",
    "ports",
    "option",
    "opt",
    "type",
    "code",
    "version",
    "figure",
    "fig",
    "table",
    "page",
    "group",
    "byte",
    "bytes",
    "ip",
    "mac",
    "tcp",
    "udp",
    "seq",
    "ack",
    "len",
    "win",
    "see",
    "line",
];

impl Numbering {
    /// The lines with `Question` instead of the report's own word for it.
    pub(super) fn plain_words(&self, blocks: &[Block]) -> Vec<Block> {
        let mut words: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut romans: BTreeSet<String> = BTreeSet::new();
        for line in lines(blocks) {
            if let Some((word, name)) = self.named(line) {
                words.entry(word).or_default().insert(name);
            }
            if let Some(found) = ROMAN.captures(line) {
                romans.extend(self.group_of(&found["name"], short(line)));
            }
        }
        words.retain(|_, names| names.len() > 1);
        let roman = romans.len() > 1 && romans.contains("1");
        if words.is_empty() && !roman {
            return blocks.to_vec();
        }
        let plain = |line: &String| -> Option<String> {
            let rest = |found: &Captures<'_>, name: &str| {
                let end = found.name("mark").or(found.name("name"))?.end();
                Some(format!("{}Question {name}{}", &found["lead"], &line[end..]))
            };
            if let Some((word, name)) = self.named(line)
                && words.contains_key(&word)
            {
                return rest(&WORD.captures(line)?, &name);
            }
            let found = ROMAN.captures(line).filter(|_| roman)?;
            let name = self.group_of(&found["name"], short(line))?;
            rest(&found, &name)
        };
        blocks
            .iter()
            .map(|block| match block {
                Block::Line(line) => Block::Line(plain(line).unwrap_or_else(|| line.clone())),
                other => other.clone(),
            })
            .collect()
    }

    /// The word that a line begins with before a question's or a group's number, and that number.
    fn named(&self, line: &str) -> Option<(String, String)> {
        let found = WORD.captures(line)?;
        let word = found["word"].to_lowercase();
        if OTHERS.contains(&word.as_str()) {
            return None;
        }
        let name = &found["name"];
        let whole = |id: &&Id| {
            let both = name.bytes().any(|b| b.is_ascii_digit())
                && name.bytes().any(|b| b.is_ascii_alphabetic());
            both && id.start.find(name).is_some_and(|f| f.end() == name.len())
        };
        if self.ids.iter().any(|id| whole(&id)) {
            return Some((word, name.to_owned()));
        }
        Some((word, self.group_of(name, short(line))?))
    }

    /// The number of a group whose questions have letters, however it is written.
    fn group_of(&self, name: &str, heading: bool) -> Option<String> {
        const WORDS: [&str; 8] = [
            "one", "two", "three", "four", "five", "six", "seven", "eight",
        ];
        const ROMANS: [&str; 8] = ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii"];
        let name = name.to_lowercase();
        let place = |list: &[&str]| list.iter().position(|w| *w == name).map(|at| at + 1);
        let number = place(&WORDS).or_else(|| place(&ROMANS));
        let number = number.or_else(|| name.parse().ok())?.to_string();
        let lettered = |id: &Id| {
            id.group == number && !id.rest.is_empty() && id.rest.chars().all(char::is_alphabetic)
        };
        (heading && self.ids.iter().any(lettered)).then_some(number)
    }
}

/// Whether a line is no longer than a heading.
fn short(line: &str) -> bool {
    line.trim_start().starts_with('#')
        || line.split_whitespace().count() <= 10 && !line.trim_end().ends_with(['.', ',', ';'])
}

fn lines(blocks: &[Block]) -> impl Iterator<Item = &String> {
    blocks.iter().filter_map(|block| match block {
        Block::Line(line) => Some(line),
        _ => None,
    })
}
