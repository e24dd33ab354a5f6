//! The one kind of heading that a report has for its questions, where the handout's questions are
//! numbers: `Question 2`, `## 2`, `2.`, `2a`. A number of another kind is no heading where its question
//! has one of this kind. Letters and numbers below a heading are the parts of the question in their order.

use super::labels::is_time;
use super::{Draft, Id, Numbering, Target};
use crate::grade::report::Block;
use regex::Regex;
use std::collections::BTreeSet;
use std::sync::LazyLock;

const WORDS: &str = "questions?|quest|q|tasks?|answers?|ans|exercises?|ex|problems?|parts?|aufgabe|frage|antwort|pregunta|domanda|vraag";

static HEAD: LazyLock<Regex> = LazyLock::new(|| {
    let number = r"[*_(\[]*(?P<number>\d{1,2})(?P<more>.*)$";
    let lead = r"^(?P<lead>[\s#*_>•\-–(\[]*)";
    Regex::new(&format!(
        r"(?i){lead}(?:(?P<word>{WORDS})[\s.:#\-–]*)?{number}"
    ))
    .expect("the pattern is right")
});
/// What stands behind a heading's number.
static MARK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?P<mark>[*_\s]*[).:\]=]+[*_]*|[*_]*\s|[*_]*$)").expect("the pattern is right")
});
/// A letter or a number for the part behind a heading's number: `1a`, `1.a)`, `1 (a)`, `1.2`.
static PLACE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^(?:\.?(?P<tight>[a-h])(?:[*_]*[).:\]]+[*_]*|\s|$)|[\s.]*\(?(?P<loose>[a-h])[*_]*[).:\]]+[*_]*(?:\s|$)|\.(?P<nth>\d{1,2})[*_]*[).:]*[*_]*(?:\s|$))")
        .expect("the pattern is right")
});
/// An item of a list below a heading.
static ITEM: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^[\s>]*(?:[-*•]\s+)?[*_]*\(?(?:(?:(?P<own>\d{1,2})[\s.]?)?(?P<letter>[a-h])[*_]*[).:]|(?P<nth>\d{1,2})[*_]*[).])[*_]*(?:\s+(?P<text>.*))?$")
        .expect("the pattern is right")
});
/// Several questions in one line.
static INLINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(
        r"(?i)\b(?P<word>{WORDS})[\s.#]*(?P<name>\d{{1,2}}[a-h]?)\s*[:.)]"
    ))
    .expect("the pattern is right")
});

/// Several questions in one line, by their numbers alone.
static NUMBERED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^\s*|[.;,!?]\s+)(?P<name>\d{1,2})[.)]\s").expect("the pattern is right")
});

/// Several items in one line.
static LETTERED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^|\s)(?P<mark>\(?(?P<letter>[a-h])\))\s").expect("the pattern is right")
});

/// What a line that begins with a question's number looks like.
#[derive(Clone, PartialEq, Eq)]
struct Kind {
    lead: String,
    word: String,
    mark: String,
    placed: bool,
}

/// A line that may be the heading of a question.
struct Head<'l> {
    kind: Kind,
    question: usize,
    place: usize,
    rest: &'l str,
}

/// An item of a list below a heading: its line, its place in the list and its text.
struct Item<'l> {
    line: usize,
    place: usize,
    text: &'l str,
}

impl Numbering {
    /// Whether the handout's questions are numbers alone.
    fn is_numbered(&self) -> bool {
        let number = |id: &Id| id.rest.is_empty() && is_number(&id.group);
        self.ids.iter().all(number)
    }

    /// A paragraph with several questions, or with several items, each in a line of its own: `Question 1: … Question 2: …`.
    pub(super) fn unjoined(&self, blocks: &[Block]) -> Vec<Block> {
        let mut out = Vec::new();
        for block in blocks {
            let cuts = match block {
                Block::Line(line) => self.joints(line),
                _ => Vec::new(),
            };
            match block {
                Block::Line(line) if !cuts.is_empty() => {
                    let mut from = 0;
                    for to in cuts.into_iter().chain([line.len()]) {
                        out.push(Block::Line(line[from..to].trim().to_owned()));
                        from = to;
                    }
                }
                other => out.push(other.clone()),
            }
        }
        out
    }

    /// Where the second question of a line and those behind it begin: behind the same word, in order, and
    /// without one left out, so that no mention of another question is taken for it. Numbers alone have to
    /// be all of them, and letters begin with the first.
    fn joints(&self, line: &str) -> Vec<usize> {
        let rising = |found: &[(usize, &str)]| -> bool {
            let questions = found.iter().map(|(_, name)| self.exactly(name));
            let questions: Option<Vec<usize>> = questions.collect();
            questions.is_some_and(|q| q.windows(2).all(|pair| pair[0] + 1 == pair[1]))
        };
        let all = INLINE.captures_iter(line);
        let all = all.filter_map(|c| Some((c.get(0)?.start(), c.name("name")?, c.name("word")?)));
        let all: Vec<_> = all.collect();
        let mut words = all.iter().map(|(_, _, word)| word.as_str().to_lowercase());
        let first = words.next();
        let same = words.all(|word| Some(word) == first);
        let worded: Vec<_> = all
            .iter()
            .map(|(at, name, _)| (*at, name.as_str()))
            .collect();
        let numbers = NUMBERED.captures_iter(line);
        let numbers = numbers.filter_map(|c| c.name("name"));
        let numbers: Vec<_> = numbers.map(|n| (n.start(), n.as_str())).collect();
        let whole = self.handout.len().max(2);
        let letters = LETTERED.captures_iter(line);
        let letters =
            letters.filter_map(|c| Some((c.name("mark")?.start(), of_letter(&c["letter"]))));
        let letters: Vec<_> = letters.collect();
        let items = letters
            .iter()
            .zip(1..)
            .all(|((_, place), nth)| *place == nth);
        if items && letters.len() > 1 && self.is_numbered() {
            return letters
                .into_iter()
                .map(|(at, _)| at)
                .filter(|at| *at > 0)
                .collect();
        }
        let found = if same && worded.len() >= whole.min(3) && rising(&worded) {
            worded
        } else if numbers.len() == whole && rising(&numbers) {
            numbers
        } else {
            Vec::new()
        };
        let cuts = found.into_iter().map(|(at, _)| at);
        cuts.filter(|at| *at > 0).collect()
    }

    /// The lines of a report that has one kind of heading: others that look like one are text, and lists
    /// below a heading name the parts.
    pub(super) fn framed(&self, blocks: Vec<Block>) -> Vec<Block> {
        if !self.is_numbered() {
            return blocks;
        }
        let heads: Vec<Option<Head<'_>>> = blocks
            .iter()
            .map(|block| match block {
                Block::Line(line) => self.head(line),
                _ => None,
            })
            .collect();
        let Some(kind) = self.kind(&heads) else {
            return blocks;
        };
        let own = |at: usize| heads[at].as_ref().filter(|h| h.kind == kind);
        let covered: BTreeSet<usize> = (0..heads.len())
            .filter_map(|at| Some(own(at)?.question))
            .collect();
        let stop = behind(&blocks, &heads, &kind);
        let mut out = Vec::new();
        let mut at = 0;
        while at < stop {
            let now = own(at).map(|h| h.question);
            let goes_on = |o: &usize| own(*o).is_none_or(|h| Some(h.question) == now);
            let mut end = at + 1;
            while end < stop && goes_on(&end) {
                end += 1;
            }
            let section = &blocks[at..end];
            let heads: Vec<_> = (at..end).map(own).collect();
            self.section(section, &heads, &covered, &mut out);
            at = end;
        }
        out.extend_from_slice(&blocks[stop..]);
        out
    }

    /// The lines below a heading, or before the first.
    fn section(
        &self,
        blocks: &[Block],
        heads: &[Option<&Head<'_>>],
        covered: &BTreeSet<usize>,
        out: &mut Vec<Block>,
    ) {
        let now = heads[0].map(|h| h.question);
        let items = now
            .map(|q| self.items(q, blocks, heads))
            .unwrap_or_default();
        let named = now.is_some_and(|q| self.are_parts(q, &items));
        let listed = items.len() > 1 && items.iter().zip(1..).all(|(i, place)| i.place == place);
        for (at, block) in blocks.iter().enumerate() {
            let Block::Line(line) = block else {
                out.push(block.clone());
                continue;
            };
            let item = items.iter().find(|i| i.line == at && (named || listed));
            let name = now.map(|q| self.ids[q].group.as_str()).unwrap_or_default();
            if at == 0 && (item.is_some() || heads[at].is_some_and(|h| h.kind.placed)) {
                out.push(Block::Line(format!("Question {name}")));
            }
            match (item, now, heads[at]) {
                (Some(item), _, _) if named => {
                    out.push(Block::Item(item.place - 1, item.text.to_owned()));
                }
                (Some(item), _, _) => out.push(Block::Text(item.text.to_owned())),
                (_, _, Some(head)) if head.kind.placed => {
                    out.push(Block::Text(head.rest.to_owned()));
                }
                (_, _, Some(head)) if self.next_label(head.rest).is_some() => {
                    let title = &line[..line.len() - head.rest.len()];
                    out.push(Block::Line(title.to_owned()));
                    out.push(Block::Text(head.rest.to_owned()));
                }
                (_, _, Some(_)) => out.push(block.clone()),
                _ => out.push(self.plain_text(line, now, covered)),
            }
        }
    }

    /// A line of a packet list below a question that asks for frames, and before the first one the
    /// numbers of all, for parts that nothing is told of in words.
    pub(super) fn pasted(
        &self,
        blocks: &[Block],
        at: usize,
        now: Option<&Target>,
    ) -> Option<Vec<Draft>> {
        let shown = packet(&blocks[at])?;
        let asks = matches!(now, Some(Target::Question(q)) if self.handout[*q].frames);
        asks.then_some(())?;
        let draft = |target, after, text: &str| Draft::new(target, after, String::new(), text);
        let mut out = Vec::new();
        if at == 0 || packet(&blocks[at - 1]).is_none() {
            out.push(draft(None, now.cloned(), &frames(&blocks[at..])));
        }
        out.push(draft(now.cloned(), None, shown));
        Some(out)
    }

    /// A line that is no heading: as text, where it looks like one.
    fn plain_text(&self, line: &str, now: Option<usize>, covered: &BTreeSet<usize>) -> Block {
        let other = |q: usize| Some(q) != now && covered.contains(&q);
        let target = now.map(Target::Question);
        let looks = match self.label(line, target.as_ref()).0 {
            Some(Target::Question(question)) => other(question),
            Some(Target::Group(number)) => self.exactly(&number).is_some_and(other),
            Some(Target::Several(_)) => false,
            None => self.next_label(line).is_some(),
        };
        match line.trim_start().strip_prefix('#') {
            _ if !looks || self.sheet_line(line).is_some() => Block::Line(line.to_owned()),
            // A heading without a value answers nothing.
            Some(title) if title.matches(char::is_numeric).count() < 2 => {
                Block::Line(String::new())
            }
            _ => Block::Text(line.to_owned()),
        }
    }

    /// A line as the heading of a question.
    fn head<'l>(&self, line: &'l str) -> Option<Head<'l>> {
        if let Some((question, _, rest)) = self.sheet_line(line) {
            let kind = Kind {
                lead: String::new(),
                word: "sheet".to_owned(),
                mark: String::new(),
                placed: false,
            };
            let place = 0;
            return Some(Head {
                kind,
                question,
                place,
                rest,
            });
        }
        let found = HEAD.captures(line)?;
        let question = self.exactly(&found["number"])?;
        let more = found.name("more")?.as_str();
        if is_listed(line) {
            return None;
        }
        let word = found.name("word").map_or("", |w| w.as_str());
        let word = word.to_lowercase().trim_end_matches('s').to_owned();
        let hashed = found["lead"].contains('#');
        let (mut place, end, mark);
        if let Some(placed) = PLACE.captures(more) {
            let letter = placed.name("tight").or(placed.name("loose"));
            place = letter.map_or(0, |l| of_letter(l.as_str()));
            if let Some(nth) = placed.name("nth") {
                place = nth.as_str().parse().ok()?;
            }
            (end, mark) = (placed[0].len(), String::new());
        } else {
            let found = MARK.captures(more)?;
            place = 0;
            (end, mark) = (found[0].len(), found["mark"].trim().to_owned());
            // `12:30`, `10.13.1.2`
            if !mark.is_empty() && more[end..].starts_with(|c: char| c.is_ascii_digit()) {
                return None;
            }
        }
        let plain = word.is_empty() && !hashed;
        let lead = match () {
            () if plain => found["lead"].to_owned(),
            () if hashed => found["lead"].replace(|c| c != '#', ""),
            () => String::new(),
        };
        let mark = if plain { mark } else { String::new() };
        Some(Head {
            kind: Kind {
                lead,
                word,
                mark,
                placed: place > 0,
            },
            question,
            place,
            rest: &more[end..],
        })
    }

    /// The kind of heading that comes in the order of the questions, or has a word, and has them all, or more than one
    /// where no other kind has.
    fn kind(&self, heads: &[Option<Head<'_>>]) -> Option<Kind> {
        let mut kinds: Vec<(usize, &Kind)> = Vec::new();
        for head in heads.iter().flatten() {
            if kinds.iter().any(|(_, kind)| **kind == head.kind) {
                continue;
            }
            let own = heads.iter().flatten().filter(|h| h.kind == head.kind);
            let order: Vec<(usize, usize)> = own.map(|h| (h.question, h.place)).collect();
            let mut questions: Vec<usize> = order.iter().map(|o| o.0).collect();
            let lines = if head.kind.placed { 3 } else { 2 };
            // Who writes `Question 4` first means it.
            let ordered = !head.kind.word.is_empty() && !head.kind.placed || order.is_sorted();
            questions.sort_unstable();
            questions.dedup();
            if ordered && questions.len() > 1 && order.len() >= lines {
                kinds.push((questions.len(), &head.kind));
            }
        }
        let most = kinds.iter().map(|(n, _)| *n).max()?;
        let all = most == self.handout.len();
        kinds.retain(|(n, _)| *n == most || !all);
        let word = kinds.iter().find(|(_, kind)| !kind.word.is_empty());
        let mark = kinds.iter().find(|(_, kind)| kind.lead.contains('#'));
        match kinds.as_slice() {
            [(_, kind)] => Some((*kind).clone()),
            _ if all => Some(word.or(mark).or(kinds.first())?.1.clone()),
            _ => None,
        }
    }

    /// The items of the list below a heading: by letters, or else by numbers.
    fn items<'l>(
        &self,
        question: usize,
        blocks: &'l [Block],
        heads: &[Option<&Head<'l>>],
    ) -> Vec<Item<'l>> {
        let (mut letters, mut numbers) = (Vec::new(), Vec::new());
        for (line, block) in blocks.iter().enumerate() {
            let Block::Line(text) = block else { continue };
            let text = match heads[line] {
                Some(head) if head.kind.placed => {
                    let (place, text) = (head.place, head.rest);
                    letters.push(Item { line, place, text });
                    continue;
                }
                Some(head) => head.rest,
                None => text,
            };
            let Some(found) = ITEM.captures(text) else {
                continue;
            };
            let text = found.name("text").map_or("", |t| t.as_str());
            let own = found.name("own").map(|o| o.as_str());
            if let Some(letter) = found.name("letter")
                && own.is_none_or(|own| own == self.ids[question].group)
            {
                let place = of_letter(letter.as_str());
                letters.push(Item { line, place, text });
            }
            if let Some(place) = found.name("nth").and_then(|n| n.as_str().parse().ok()) {
                numbers.push(Item { line, place, text });
            }
        }
        if letters.is_empty() { numbers } else { letters }
    }

    /// Whether the items of a list are the parts of a question: as many, in order, and none tells
    /// plainly what another part asks for.
    fn are_parts(&self, question: usize, items: &[Item<'_>]) -> bool {
        let parts = self.parts[question].len();
        let rising = items.windows(2).all(|pair| pair[0].place < pair[1].place);
        let last = items.last().is_some_and(|i| i.place == parts);
        let own = |i: &Item<'_>| i.place > 0 && self.can_be(question, i.place - 1, i.text);
        items.len() > 1 && rising && last && items.iter().all(own)
    }
}

/// Where another question is named again behind the last heading and a blank line, in another way and in
/// no list: `3) should be 105`.
fn behind(blocks: &[Block], heads: &[Option<Head<'_>>], kind: &Kind) -> usize {
    let own = |h: &Option<Head<'_>>| h.as_ref().is_some_and(|h| h.kind == *kind);
    let last = heads.iter().rposition(own).unwrap_or(0);
    let others = || heads.iter().enumerate().skip(last + 1);
    let again = |at: usize, question: usize| {
        let blank = matches!(&blocks[at - 1], Block::Line(line) if line.trim().is_empty());
        let goes_on = |h: &Head<'_>| h.question + 1 == question || h.question == question + 1;
        let mut list = others().filter_map(|(_, h)| h.as_ref());
        blank && !list.any(goes_on)
    };
    let found = others().find(|(at, h)| h.as_ref().is_some_and(|h| again(*at, h.question)));
    found.map_or(blocks.len(), |(at, _)| at)
}

/// The place of a letter: `b` is 2.
fn of_letter(letter: &str) -> usize {
    let first = letter.bytes().next().unwrap_or_default();
    usize::from(first.to_ascii_lowercase().saturating_sub(b'a')) + 1
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a line is one of a packet list: a number, a time with many decimals, and an address.
pub(super) fn is_listed(line: &str) -> bool {
    let address = |word: &str| {
        let digits = word.contains(|c: char| c.is_ascii_digit());
        word.starts_with(char::is_alphanumeric) && digits && word.contains(['.', ':', '_'])
    };
    let mut words = line.split_whitespace();
    let counted = words.next().is_some_and(is_number);
    counted && words.next().is_some_and(is_time) && words.next().is_some_and(address)
}

/// What a line of a packet list shows behind its number and time.
fn packet(block: &Block) -> Option<&str> {
    let (Block::Line(line) | Block::Text(line)) = block else {
        return None;
    };
    let rest = line.trim_start().split_once(char::is_whitespace)?.1;
    let rest = rest.trim_start().split_once(char::is_whitespace)?.1;
    is_listed(line).then_some(rest)
}

/// The numbers of a packet list's frames, told as a person would.
fn frames(blocks: &[Block]) -> String {
    let number = |block: &Block| match block {
        Block::Line(line) | Block::Text(line) if is_listed(line) => {
            Some(format!("frame {}", line.split_whitespace().next()?))
        }
        _ => None,
    };
    let numbers: Vec<String> = blocks.iter().map_while(number).collect();
    numbers.join(", ")
}
