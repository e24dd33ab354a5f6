//! What a line begins with: a question's name, a group's number, or letters.

use super::scheme::is_listed;
use super::{Id, Numbering, Target};
use crate::grade::token::{self, Kind};
use regex::Regex;
use std::sync::LazyLock;

pub(super) static GROUP: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^[\s#*_>•\-–(]*(?P<word>questions?|q|tasks?|exercises?|aufgabe|problem|part)?[\s.:\-–#]*(?P<number>\d{1,2})(?P<mark>\s*[).:]+|\t|\s{2,}|[\s*_:]|$)[\s*_\-–]*")
        .expect("the pattern is right")
});
pub(super) static LETTER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[\s#*_>•\-–(]*(?:(?i:questions?|q|tasks?|exercises?|parts?|aufgabe|frage)[\s.:\-–]*)?(?P<letter>[A-Za-z])(?:[*_]*[).:/][*_]*(?:\s+|$)|(?:\t|\s{2,})[\s]*|\s+[\-–—]\s+|[*_]*$)")
        .expect("the pattern is right")
});
/// Several letters at once: `A, B and C: …`.
pub(super) static LETTERS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[\s#*_>•\-–(]*(?P<letters>[A-Za-z](?:\s*(?:[,/&+]|,?\s+and\s)\s*[A-Za-z])+)[*_]*[).:][*_]*(?:\s+|$)")
        .expect("the pattern is right")
});

impl Numbering {
    /// The label at a line's beginning: what it stands for, words that came with it, and the rest.
    pub(super) fn label<'l>(
        &self,
        line: &'l str,
        now: Option<&Target>,
    ) -> (Option<Target>, String, &'l str) {
        let whole = |line: &'l str| -> Option<(Target, String, &'l str)> {
            let mut best: Option<(usize, usize)> = None;
            for id in self.starts.matches(line) {
                let id = &self.ids[id];
                if let Some(found) = id.start.find(line)
                    && best.is_none_or(|b| found.end() > b.1)
                {
                    best = Some((id.question, found.end()));
                }
            }
            if let Some((question, end)) = best {
                return Some((Target::Question(question), String::new(), &line[end..]));
            }
            for id in self.leads.matches(line) {
                let id = &self.ids[id];
                if let Some(found) = id.lead.captures(line)
                    && let Some(all) = found.get(0)
                    && let Some(lead) = ["lead", "words", "named"]
                        .iter()
                        .find_map(|n| found.name(n))
                {
                    let hint = lead.as_str().trim().trim_end_matches(':').to_lowercase();
                    return Some((Target::Question(id.question), hint, &line[all.end()..]));
                }
            }
            None
        };
        if is_listed(line) || self.is_value(line, now) {
            return (None, String::new(), line);
        }
        if let Some((target, hint, rest)) = whole(line) {
            return (Some(target), hint, rest);
        }
        if let Some(questions) = self.several(line) {
            return (Some(Target::Several(questions)), String::new(), "");
        }
        if let Some(question) = self.heading(line) {
            return (Some(Target::Question(question)), String::new(), "");
        }
        // `**Lab 2 Q4** typed …`
        if let Some((title, rest)) = line
            .trim_start()
            .strip_prefix("**")
            .and_then(|l| l.split_once("**"))
            && let Some(question) = self.numbered(title)
        {
            return (Some(Target::Question(question)), String::new(), rest);
        }
        if let Some((title, rest)) = line.split_once(':')
            && title.split_whitespace().count() <= 6
            && let Some(question) = self.numbered(title)
        {
            return (Some(Target::Question(question)), String::new(), rest);
        }
        if let Some((question, rest)) = self.bracketed(line) {
            return (Some(Target::Question(question)), String::new(), rest);
        }
        for (question, names) in self.handout.iter().enumerate() {
            static WORD: LazyLock<Regex> = LazyLock::new(|| {
                Regex::new(
                    r"(?i)^(?:questions?|tasks?|exercises?|aufgabe|problem|part|lab)[\s.:#\-–]+",
                )
                .expect("the pattern is right")
            });
            let bare = line.trim_start_matches(['#', '*', '_', '>', '-', ' ', '\t']);
            let stripped = &bare[WORD.find(bare).map_or(0, |word| word.end())..];
            for called in &names.called {
                let numbered = called.bytes().any(|b| b.is_ascii_digit());
                let mut ways = [bare, stripped].into_iter();
                if let Some(way) = ways.find(|w| numbered && starts_with_word(w, called)) {
                    let rest =
                        way[called.len()..].trim_start_matches(['*', '_', ':', ')', '.', ' ']);
                    // `Task 1 (UDP)` is a heading.
                    let title = rest.starts_with('(') && rest.trim_end().ends_with(')');
                    let rest = if title { "" } else { rest };
                    return (Some(Target::Question(question)), String::new(), rest);
                }
            }
        }
        if GROUP.is_match(line)
            && let Some(found) = GROUP.captures(line)
            && let (Some(all), Some(number)) = (found.get(0), found.name("number"))
        {
            let rest = &line[all.end()..];
            if let Some((target, hint, rest)) = whole(rest) {
                return (Some(target), hint, rest);
            }
            let number = number.as_str();
            let rest = told_again(rest, number);
            // A packet list begins with a number and a time.
            if rest.split_whitespace().next().is_some_and(is_time) {
                return (None, String::new(), line);
            }
            // A number alone, or set off, is one as well where questions have letters.
            let lettered = |id: &Id| id.group == number && id.rest.chars().all(char::is_alphabetic);
            let apart = self
                .ids
                .iter()
                .any(|id| lettered(id) && !id.rest.is_empty());
            let marked = found.name("mark").is_some_and(|m| {
                let mark = m.as_str();
                mark.contains([')', '.', ':'])
                    || apart && (rest.trim().is_empty() || mark.contains('\t') || mark.len() > 1)
            });
            // `## 1 (ping.pcap, No. 9)` and `## 2 DHCP` are headings.
            let title = rest
                .trim()
                .split_once('(')
                .map_or(rest.trim(), |(title, _)| title);
            let few = title.split_whitespace().count() < 5
                && !title.contains(|c: char| c.is_ascii_digit());
            let heading = line.trim_start().starts_with('#') && few;
            let rest = if heading { "" } else { rest };
            let worded = found.name("word").is_some() || heading;
            if (worded || marked) && self.ids.iter().any(|id| id.group == number) {
                let short = rest.split_whitespace().count() < 6 && worded;
                let rest = if short && !rest.contains(|c: char| c.is_ascii_digit()) {
                    ""
                } else {
                    rest
                };
                return (Some(Target::Group(number.to_owned())), String::new(), rest);
            }
        }
        if let Some(found) = LETTER.captures(line)
            && let (Some(all), Some(letter)) = (found.get(0), found.name("letter"))
            && let Some(question) = self.member(letter.as_str(), now)
        {
            let rest = &line[all.end()..];
            return (Some(Target::Question(question)), String::new(), rest);
        }
        (None, String::new(), line)
    }

    /// Whether a line below a question's name answers it and names none, though it begins with a number,
    /// or has one behind a word that means a question as well: `1, 2, 3`, `Answers: 1`.
    fn is_value(&self, line: &str, now: Option<&Target>) -> bool {
        static RUN: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"(?i)^[\s*_>•\-–(]*(?P<numbers>\d+(?:(?:\s*,\s*|\s+and\s+|\s*,\s*and\s+)\d+){2,})[\s*_).]*$")
                .expect("the pattern is right")
        });
        let Some(Target::Question(question)) = now else {
            return false;
        };
        if let Some(found) = RUN.captures(line) {
            let digits = found["numbers"].split(|c: char| !c.is_ascii_digit());
            let numbers: Vec<u64> = digits.filter_map(|d| d.parse().ok()).collect();
            let near = |pair: &[u64]| (pair[0] + 1..pair[0] + 50).contains(&pair[1]);
            return numbers.windows(2).all(near);
        }
        let bare = line.trim_start_matches([' ', '\t', '#', '*', '_', '>', '-', '•', '–', '(']);
        let Some((label, value)) = bare.split_once([':', '=']) else {
            return false;
        };
        let value = value.trim_start_matches(['*', '_', ' ']);
        let tokens = token::tokens(value);
        let begins = tokens.first().is_some_and(|t| {
            let goes_on = value[t.span.end..].starts_with(char::is_alphanumeric);
            t.span.start == 0 && t.kind != Kind::Other && !goes_on
        });
        begins && self.is_label(*question, label)
    }

    /// The question that a letter names where another of its group, or the group, was named before.
    fn member(&self, letter: &str, now: Option<&Target>) -> Option<usize> {
        let group = match now? {
            Target::Group(number) => number,
            Target::Several(_) => return None,
            Target::Question(q) => &self.ids.iter().find(|id| id.question == *q)?.group,
        };
        let mut ids = self.ids.iter();
        let id = ids.find(|id| id.group == *group && id.rest.eq_ignore_ascii_case(letter))?;
        Some(id.question)
    }

    /// The questions that a line's letters name together, and the rest of the line.
    pub(super) fn letters<'l>(
        &self,
        line: &'l str,
        now: Option<&Target>,
    ) -> Option<(Vec<usize>, &'l str)> {
        let found = LETTERS.captures(line)?;
        let mut questions = Vec::new();
        for letter in found["letters"].split(|c: char| !c.is_alphabetic()) {
            if !letter.is_empty() && letter != "and" {
                questions.push(self.member(letter, now)?);
            }
        }
        Some((questions, &line[found.get(0)?.end()..]))
    }
}

/// What follows a heading's number without the same number in another language: `/ Exercise 1`.
fn told_again<'l>(rest: &'l str, number: &str) -> &'l str {
    static AGAIN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"^[\s(/|–\-,]*\p{L}{1,14}[\s.:]*(?P<number>\d{1,2})(?:[\s)/–\-:]+|\.(?:\s|$)|$)",
        )
        .expect("the pattern is right")
    });
    match AGAIN.captures(rest) {
        Some(found) if &found["number"] == number => &rest[found[0].len()..],
        _ => rest,
    }
}

/// Whether a word is a time of a packet list: seconds with many decimals.
pub(super) fn is_time(word: &str) -> bool {
    let Some((whole, decimals)) = word.split_once('.') else {
        return false;
    };
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    digits(whole) && digits(decimals) && decimals.len() >= 3
}

fn starts_with_word(text: &str, word: &str) -> bool {
    text.get(..word.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(word))
        && !text[word.len()..].starts_with(|c: char| c.is_alphanumeric())
}
