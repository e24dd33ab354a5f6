//! Lines that only name or repeat a question, and lines that were wrapped.

use super::labels::{GROUP, LETTER, LETTERS};
use super::scheme::is_listed;
use super::{Id, Numbering, Target, runs};
use crate::grade::report::Block;
use crate::grade::token::{self, Kind, hedged};
use regex::Regex;
use std::sync::LazyLock;

/// A question or a task, told as such.
pub(super) static ECHO: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^(?:(?:what|which|how|why|who|find|calculate|confirm|explain|list|describe|give|identify|name|state|determine|write|compare)\b[^.!?:]*(?:\.|\?|\([^)]*\)\.?)+|(?:does|do|is|are|was)\b[^.!?:]*\?+)$")
        .expect("the pattern is right")
});

impl Numbering {
    /// The question that a short line names in other words: `Lab 2 question 4` is `Lab 2.4`, and so is
    /// `The server from last week (L2.4)`.
    pub(super) fn heading(&self, line: &str) -> Option<usize> {
        let line = line
            .trim()
            .trim_matches(['#', '*', '_', ' ', ':', '-', '=']);
        let words = line.split_whitespace().count();
        let digits = line.bytes().any(|b| b.is_ascii_digit());
        if words == 0 || words > 12 || !digits || line.ends_with(['.', ';', ',']) {
            return None;
        }
        let bracket = line.strip_suffix(')').and_then(|l| l.rsplit_once('('));
        let called = self.numbered(line).or_else(|| self.numbered(bracket?.0));
        called.or_else(|| {
            // `Aufgabe 4 of Lab 2 (L2.4) – server`
            let (inner, rest) = match bracket {
                Some((_, inner)) => (inner, ""),
                None => line.split_once('(')?.1.split_once(')')?,
            };
            let rest = rest.trim_start();
            let title = rest.is_empty() || rest.starts_with(['-', '–', '—']);
            let title = title && !rest.contains(|c: char| c.is_ascii_digit());
            self.whole(inner).filter(|_| title)
        })
    }

    /// The question with a numbered name of its own that a title is: `Lab 02 Q4` without zeros and
    /// words.
    pub(super) fn numbered(&self, title: &str) -> Option<usize> {
        const SORTS: [&str; 13] = [
            "question", "q", "task", "exercise", "ex", "part", "point", "item", "problem", "step",
            "no", "nr", "number",
        ];
        if self.handout.iter().all(|n| n.numbered.is_empty()) {
            return None;
        }
        let mut bare = runs(&title.to_lowercase());
        bare.retain(|r| !SORTS.contains(&r.as_str()));
        // `From Lab 2, task 4`
        let lab = bare.iter().position(|r| r.starts_with("lab"));
        bare.drain(..lab.unwrap_or(0));
        // `Laboratorio 2, esercizio 4` in any language.
        if let [lab, _, word, _] = bare.as_mut_slice()
            && lab.starts_with("lab")
            && word.chars().all(char::is_alphabetic)
        {
            "lab".clone_into(lab);
            bare.remove(2);
        }
        for run in &mut bare {
            let zeros = run.len() - run.trim_start_matches('0').len();
            run.drain(..zeros.min(run.len() - 1));
        }
        let whole = self.handout.iter().position(|n| n.numbered.contains(&bare));
        // `Lab 2`, where one question is of it.
        whole.or_else(|| {
            let begun = |q: &usize| {
                let mut own = self.handout[*q].numbered.iter();
                bare.len() > 1 && own.any(|n| n.starts_with(&bare))
            };
            let mut begun = (0..self.handout.len()).filter(begun);
            begun.next().filter(|_| begun.next().is_none())
        })
    }

    /// The questions that a heading names in brackets at its end: `Web proxy (P1, P2)`.
    pub(super) fn several(&self, line: &str) -> Option<Vec<usize>> {
        let line = line.trim().trim_end_matches(['*', '_', ':', ' ']);
        let (title, inner) = line.strip_suffix(')')?.rsplit_once('(')?;
        let short = title.split_whitespace().count() <= 10;
        let names = inner.split([',', '/', '&', '+', ' ']);
        let names = names.filter(|n| !matches!(*n, "" | "and" | "together" | "und" | "et"));
        let questions: Option<Vec<usize>> = names.map(|n| self.whole(n)).collect();
        questions.filter(|all| short && all.len() > 1)
    }

    /// The question that is called so, letter by letter.
    pub(super) fn exactly(&self, word: &str) -> Option<usize> {
        let named = |id: &&Id| format!("{}{}", id.group, id.rest).eq_ignore_ascii_case(word);
        Some(self.ids.iter().find(named)?.question)
    }

    /// The question whose whole name a text is.
    fn whole(&self, text: &str) -> Option<usize> {
        let whole = |id: &&Id| id.start.find(text).is_some_and(|f| f.end() == text.len());
        let id = self.ids.iter().find(whole)?;
        (!id.rest.is_empty()).then_some(id.question)
    }

    /// The question in brackets before a colon, and what follows: `The proxy's request (P1): …`.
    pub(super) fn bracketed<'l>(&self, line: &'l str) -> Option<(usize, &'l str)> {
        let (before, rest) = line.split_once("):")?;
        let (title, inner) = before.split_once('(')?;
        let words = title.split_whitespace().count();
        (words <= 8).then_some(())?;
        Some((self.whole(inner.trim())?, rest))
    }

    /// Whether a line only names its question, whose answer follows in lines of their own: the question
    /// is quoted, or told by little but its own words.
    pub(super) fn is_title(&self, line: &str, next: &[Block]) -> bool {
        // Digits behind where a number can stand are values.
        let asks = line.trim_end().ends_with('?');
        let values = line.bytes().skip(16).any(|b| b.is_ascii_digit());
        if values && !asks || line.len() > 160 {
            return false;
        }
        let (Some(Target::Question(question)), _, rest) = self.label(line, None) else {
            return false;
        };
        let plain = next.iter().find_map(|block| match block {
            Block::Line(line) if line.trim().is_empty() => None,
            Block::Line(line) => Some(self.label(line, None).0.is_none()),
            Block::Text(_) => Some(true),
            _ => Some(false),
        });
        // `> 1A. 10.0.2.15` is an answer, quoted or not.
        let values = rest.contains(|c: char| c.is_ascii_digit()) && !rest.trim_end().ends_with('?');
        let address = |t: &token::Token| matches!(t.kind, Kind::Mac(_) | Kind::Ip(_));
        let values = values || token::tokens(rest).iter().any(address);
        let quoted = line.trim_start().starts_with('>') && !values;
        let denies = [" no ", " not ", "n't ", "yes"]
            .iter()
            .any(|w| format!(" {} ", rest.to_lowercase()).contains(w));
        plain == Some(true) && (quoted || !denies && !values && self.repeats(question, rest, 1))
    }

    /// Whether a line without a number only repeats the question it stands under, whose answer
    /// follows.
    pub(super) fn is_echo(&self, line: &str, now: Option<&Target>, next: &[Block]) -> bool {
        let Some(Target::Question(question)) = now else {
            return false;
        };
        let follows = next.iter().find_map(|block| match block {
            Block::Line(line) if line.trim().is_empty() => None,
            Block::Line(line) => Some(self.label(line, None).0.is_none()),
            _ => Some(true),
        });
        let denies = [" no ", " not ", "n't ", " yes "];
        let words = format!(" {} ", line.to_lowercase());
        follows == Some(true)
            && !denies.iter().any(|w| words.contains(w))
            && self.label(line, now).0.is_none()
            && self.repeats(*question, line, 4)
    }

    /// Lines of which a wider one was wrapped are one line.
    pub(super) fn paragraphs(&self, blocks: &[Block]) -> Vec<Block> {
        const WIDE: usize = 60;
        let mut out: Vec<Block> = Vec::new();
        let mut wide = false;
        for block in blocks {
            let Block::Line(line) = block else {
                out.push(block.clone());
                wide = false;
                continue;
            };
            let begins = line
                .trim_start()
                .starts_with(|c: char| c.is_alphanumeric() || matches!(c, '"' | '(' | '“'));
            let labelled = || {
                self.label(line, None).0.is_some()
                    || self.sheet_line(line).is_some()
                    || is_listed(line)
                    || LETTER.is_match(line)
                    || LETTERS.is_match(line)
                    || GROUP.is_match(line) && !line.starts_with(|c: char| c.is_ascii_digit())
                    || line
                        .split_once(':')
                        .is_some_and(|(key, _)| key.split(' ').count() < 4)
            };
            match out.last_mut() {
                Some(Block::Line(last))
                    if wide && begins && !line.starts_with([' ', '\t']) && !labelled() =>
                {
                    last.push(' ');
                    last.push_str(line.trim_start());
                }
                _ => out.push(block.clone()),
            }
            let ends = line.trim_end().ends_with(['.', '?', '!', ';']);
            let markup = line.trim_start().starts_with(['#', '|', '>']) || is_listed(line);
            wide = line.chars().count() >= WIDE && !ends && !markup;
        }
        out
    }

    /// The question whose words a line repeats, if it is one.
    pub(super) fn repeated(&self, line: &str) -> Option<usize> {
        let line = line.trim().trim_matches(['*', '_', '>', ' ']);
        if !line.ends_with('?') {
            return None;
        }
        let mut all = (0..self.handout.len()).filter(|q| self.repeats(*q, line, 5));
        all.next().filter(|_| all.next().is_none())
    }

    /// Whether a text has little but the words that its question is asked with.
    pub(super) fn repeats(&self, question: usize, text: &str, least: usize) -> bool {
        let words = |t: &str| -> Vec<String> {
            let all = t
                .split(|c: char| !c.is_alphanumeric())
                .filter(|w| w.len() > 2);
            all.map(str::to_lowercase).collect()
        };
        let asked = words(&self.handout[question].asked);
        let told = words(text);
        let same = told
            .iter()
            .filter(|w| asked.iter().any(|a| a == *w))
            .count();
        let values = text.contains(|c: char| c.is_ascii_digit());
        told.len() >= least && !values && same * 10 >= told.len() * 7
    }
}

/// A text without the questions at its end.
pub(super) fn unasked(text: &str) -> &str {
    /// `How should it connect when it has no address?` asks nothing.
    static ANSWERS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i)\b(?:when|if|without|while)\b.*(?:\b(?:no|not|yet|without)\b|n't\b)|\bwho has \d",
        )
        .expect("the pattern is right")
    });
    /// `RTT: 0.007 ms?` is an answer by somebody who is not sure.
    static VALUE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"[:=]\s+\S*\d\S*(?:\s+\S+)?$").expect("the pattern is right"));
    let mut text = text.trim();
    while text.ends_with('?') && !text.ends_with("??") {
        let body = text.trim_end_matches('?');
        let cut = [". ", "; ", "! ", "? "]
            .iter()
            .filter_map(|s| body.rfind(s))
            .max();
        let last = body[cut.map_or(0, |at| at + 1)..].trim();
        if ANSWERS.is_match(last) || VALUE.is_match(last) || hedged(last) {
            break;
        }
        text = cut.map_or("", |at| &text[..=at]).trim();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handout::{Handout, built_in};

    #[test]
    fn a_heading_names_its_question_in_many_ways() {
        let text = built_in("ip-dhcp-arp").expect("it is built in");
        let handout = Handout::parse(text).unwrap_or_else(|p| panic!("{p:?}"));
        let numbering = Numbering::new(&handout);
        let server = handout.file.question.iter().position(|q| q.id == "L2.4");
        assert!(server.is_some());
        for line in [
            "Lab 2 question 4",
            "## Lab 2 point 4 (cmdserver.pcapng)",
            "LAB 02 Q4",
            "Lab 2",
            "From Lab 2, task 4",
            "Laboratorio 2, esercizio 4",
            "The server from last week (L2.4)",
        ] {
            assert_eq!(numbering.heading(line), server, "{line}");
        }
        for line in ["Lab 3", "Lab 24", "frame 2 and 4", "point 4 of lab 3"] {
            assert_eq!(numbering.heading(line), None, "{line}");
        }
    }
}
