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
    Regex::new(r"^(?P<lead>[\s#*_>•\-–(]*)(?P<name>[IVX]{1,4})(?P<mark>[.):])(?:[*_]*(?:\s|$)|(?P<letter>[A-Za-z])\b)")
        .expect("the pattern is right")
});
/// A number for the letter: `1.3` is `1C`.
static POINTS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?P<lead>[\s#*_>•\-–(]*)(?:\p{L}{1,12}[\s.:]*)?(?P<group>\d{1,2})\.(?P<place>\d{1,2})(?P<mark>[*_]*[).:]*[*_]*)(?:\s|$)")
        .expect("the pattern is right")
});
/// An item of a numbered list with something in it.
static ITEM: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s*\d{1,2}[.)]\s+[^\s*]").expect("the pattern is right"));
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
    "step",
    "screenshot",
    "screen",
    "picture",
    "image",
    "photo",
    "bild",
    "abbildung",
    "abb",
    "imagen",
    "captura",
    "immagine",
    "resim",
];

impl Numbering {
    /// The lines with `Question` instead of the report's own word for it.
    pub(super) fn plain_words(&self, blocks: &[Block]) -> Vec<Block> {
        let mut words: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        // Numbers behind a word that no question has: it counts something else.
        let mut foreign: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut romans: BTreeSet<String> = BTreeSet::new();
        let mut named = 0;
        for line in lines(blocks) {
            if let Some((word, name)) = self.named(line) {
                words.entry(word).or_default().insert(name);
            } else if let Some(found) = WORD.captures(line)
                && found["name"].bytes().all(|b| b.is_ascii_digit())
            {
                let word = found["word"].to_lowercase();
                let name = found["name"].to_owned();
                foreign.entry(word).or_default().insert(name);
            }
            if let Some(found) = ROMAN.captures(line) {
                let heading = is_heading(line, &found);
                romans.extend(self.group_of(&found["name"], heading));
            }
            named += usize::from(self.starts_whole(line));
        }
        // Where questions are numbers alone, many a word stands before one of them.
        let bare = self.ids.iter().all(|id| id.rest.is_empty());
        let least = if bare { self.handout.len() - 1 } else { 1 };
        words.retain(|word, names| {
            names.len() > 1.max(least).max(foreign.get(word).map_or(0, BTreeSet::len))
        });
        let roman = romans.len() > 1 && romans.contains("1");
        let mut points: BTreeSet<String> = BTreeSet::new();
        points.extend(lines(blocks).filter_map(|line| Some(self.point(line)?.1)));
        let pointed = points.len() >= 3;
        // Who writes `2B` counts with `1.`, and names no question by it.
        let counts = named >= 3;
        if words.is_empty() && !roman && !counts && !pointed {
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
            if let Some(plain) = self.point(line).filter(|_| pointed) {
                return Some(plain.0);
            }
            let found = ROMAN.captures(line).filter(|_| roman)?;
            let heading = is_heading(line, &found);
            let name = self.group_of(&found["name"], heading)?;
            rest(&found, &name)
        };
        let mut list = Listed::default();
        blocks
            .iter()
            .map(|block| match block {
                Block::Line(line) => {
                    let item = list.item(line, self.group_named(line)).filter(|_| counts);
                    let line = item.or_else(|| plain(line)).unwrap_or_else(|| line.clone());
                    Block::Line(line)
                }
                other => other.clone(),
            })
            .collect()
    }

    /// A line that counts the questions of a group, with the letter instead, and the question.
    fn point(&self, line: &str) -> Option<(String, String)> {
        let found = POINTS.captures(line)?;
        let place: usize = found["place"].parse().ok()?;
        let letter = char::from(
            b'A' + u8::try_from(place.checked_sub(1)?)
                .ok()
                .filter(|p| *p < 26)?,
        );
        let own = |id: &&Id| id.group == found["group"] && id.rest == letter.to_string();
        let id = self.ids.iter().find(own)?;
        let name = format!("{}{}", id.group, id.rest);
        let rest = &line[found.name("mark")?.end()..];
        Some((format!("{}{name}){rest}", &found["lead"]), name))
    }

    /// The number of the group whose question a line begins with.
    fn group_named(&self, line: &str) -> Option<u32> {
        let at = self.starts.matches(line).into_iter().next()?;
        self.ids[at].group.parse().ok()
    }

    /// Whether a line begins with the whole name of a question that has a number and a letter.
    fn starts_whole(&self, line: &str) -> bool {
        let lettered = |at: usize| {
            let id = &self.ids[at];
            id.group.bytes().all(|b| b.is_ascii_digit()) && !id.rest.is_empty()
        };
        self.starts.matches(line).into_iter().any(lettered)
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

    /// The number of a question, or of a group whose questions have letters, however it is written.
    fn group_of(&self, name: &str, heading: bool) -> Option<String> {
        const WORDS: [&str; 8] = [
            "one", "two", "three", "four", "five", "six", "seven", "eight",
        ];
        const ROMANS: [&str; 8] = ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii"];
        let name = name.to_lowercase();
        let place = |list: &[&str]| list.iter().position(|w| *w == name).map(|at| at + 1);
        let number = place(&WORDS).or_else(|| place(&ROMANS));
        let number = number.or_else(|| name.parse().ok())?.to_string();
        let lettered = |id: &Id| id.group == number && id.rest.chars().all(char::is_alphabetic);
        (heading && self.ids.iter().any(lettered)).then_some(number)
    }
}

/// Where a numbered list within an answer is: it begins at a number that was passed before.
#[derive(Default)]
struct Listed {
    group: u32,
    last: u32,
}

impl Listed {
    /// A line of such a list with a dash instead of its number; `group` is that of the question that
    /// the line names.
    fn item(&mut self, line: &str, group: Option<u32>) -> Option<String> {
        if let Some(group) = group {
            (self.group, self.last) = (group, 0);
            return None;
        }
        let mark = ITEM.is_match(line).then(|| line.find(['.', ')']))??;
        let number: u32 = line[..mark].trim().parse().ok()?;
        let goes_on = number == self.last + 1 && (self.last > 0 || number <= self.group);
        if !goes_on {
            return None;
        }
        self.last = number;
        Some(format!("-{}", &line[mark + 1..]))
    }
}

/// Whether a Roman number at the beginning of a line can be that of a heading.
fn is_heading(line: &str, found: &Captures<'_>) -> bool {
    let alone = found[0].len() == line.len();
    alone || short(line) || found.name("letter").is_some()
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
