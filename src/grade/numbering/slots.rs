//! Which part of its question a piece names: a line of the sheet, a key or cell, or a label with a
//! colon in the text.

use super::{Id, Numbering, Segment};
use crate::grade::announce::SORTS;
use crate::grade::claim::Class;
use crate::grade::piece::{dropped, find_label};
use crate::grade::token::{self, Kind, Token, Unit};
use crate::handout::Handout;
use regex::Regex;
use std::sync::LazyLock;

/// How a piece names the part that it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// By the part's own name, as the sheet has it: nothing of it belongs to another part.
    Own(usize),
    /// By a label: no value of the same sort in it belongs to another part.
    Label(usize),
    /// By its place in a list of as many items as there are parts.
    Place(usize),
}

impl Slot {
    /// The part.
    pub fn part(self) -> usize {
        match self {
            Slot::Own(part) | Slot::Label(part) | Slot::Place(part) => part,
        }
    }
}

/// Labels that say little away from their value.
const WEAK: &[&str] = &["to", "from", "for", "by", "with"];

/// A port behind its address.
static PORT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\.\d{1,3}(?:(?:[\s:/,;(]|\band\b|\bund\b)+(?:(?:tcp|udp|source|destination|src|dst)[\s-]+)?ports?\b[\s:=#]*\d|(?::|\s+/\s*|\s*[,(]\s*)\d{2,5}(?:[^.\d:]|$))")
        .expect("the pattern is right")
});

/// The names of the parts of each question, its own first.
pub(super) fn names(handout: &Handout) -> Vec<Vec<Vec<String>>> {
    // `Frame` says of what sort a value is, not which.
    let which = |label: &String| !SORTS.contains(&label.as_str());
    let of = |part: &crate::handout::format::Part| {
        let labels = part.labels.iter().map(|l| words(l)).filter(which);
        std::iter::once(words(&part.id)).chain(labels).collect()
    };
    let questions = handout.file.question.iter();
    questions.map(|q| q.part.iter().map(of).collect()).collect()
}

/// A name in small letters, with spaces between its words.
fn words(text: &str) -> String {
    let text = text.to_lowercase();
    let all = text.split(|c: char| c.is_whitespace() || matches!(c, '-' | '_' | '.' | ':' | '*'));
    let all: Vec<&str> = all.filter(|w| !w.is_empty()).collect();
    all.join(" ")
}

impl Numbering {
    /// Gives the pieces of each question the parts that they name, and parts lines at labels.
    pub(super) fn slotted(&self, segments: Vec<Segment>) -> Vec<Segment> {
        let mut out: Vec<Segment> = Vec::new();
        for mut segment in segments {
            let Some(question) = segment.question else {
                out.push(segment);
                continue;
            };
            if segment.slot.is_none() && !segment.hint.is_empty() {
                segment.slot = self.slot(question, &segment.hint);
                let label = matches!(segment.slot, Some(Slot::Label(_)));
                if label && self.speaks_of_others(question, segment.slot, &segment.text) {
                    segment.slot = None;
                }
            }
            if segment.slot.is_some() || !segment.hint.is_empty() {
                out.push(segment);
                continue;
            }
            // A value below the empty line that asks for it.
            let empty = |s: &&Segment| {
                s.turn == segment.turn && s.slot.is_some() && s.text.trim().is_empty()
            };
            if !segment.apart
                && let Some(above) = out.last().filter(empty)
            {
                segment.slot = above.slot;
                out.push(segment);
                continue;
            }
            out.extend(self.parted(question, segment));
        }
        out
    }

    /// Whether a number before a text counts what another question asks for: `; 3 lines`.
    pub(super) fn counts(&self, id: &Id, text: &str) -> bool {
        let lower = text.to_ascii_lowercase();
        let begins = |names: &Vec<String>| {
            let mut found = names.iter().filter_map(|n| find_label(&lower, n, 0));
            found.any(|(start, _)| start == 0)
        };
        let asks = |question: usize| self.parts[question].iter().any(begins);
        let others = (0..self.parts.len()).filter(|q| *q != id.question);
        id.rest.is_empty() && !asks(id.question) && others.into_iter().any(asks)
    }

    /// The part that words name.
    fn slot(&self, question: usize, hint: &str) -> Option<Slot> {
        let hint = words(hint);
        let parts = &self.parts[question];
        if let Some(own) = parts.iter().position(|names| names[0] == hint) {
            return Some(Slot::Own(own));
        }
        self.labelled(question, &hint).map(Slot::Label)
    }

    /// Whether words are a label of a part of a question, and no more.
    pub(super) fn is_label(&self, question: usize, label: &str) -> bool {
        let label = words(label);
        let mut names = self.parts[question].iter().flatten();
        names.any(|name| *name == label)
    }

    /// Whether a text is a line that begins with a part's own name or label and a colon.
    fn is_line(&self, question: usize, part: usize, text: &str) -> bool {
        let label = text.split_once(':').map_or("", |(label, _)| label);
        let label = words(label.trim_start_matches(['-', '*', '_', ' ', '•', '>']));
        let named = label.starts_with(char::is_alphabetic);
        named && !text.contains('\n') && self.parts[question][part].contains(&label)
    }

    /// The only part that words have a label of; the longest label counts where several overlap.
    fn labelled(&self, question: usize, hint: &str) -> Option<usize> {
        let parts = &self.parts[question];
        let exact = only(
            parts
                .iter()
                .enumerate()
                .filter(|(_, n)| n.iter().any(|n| n == hint)),
        );
        if let Some((part, _)) = exact {
            return Some(part);
        }
        let hits = self.hits(question, hint);
        let first = hits.first()?.2;
        hits.iter().all(|h| h.2 == first).then_some(first)
    }

    /// Labels of parts in words, without those inside of longer ones: where, and of which part.
    fn hits(&self, question: usize, text: &str) -> Vec<(usize, usize, usize)> {
        let mut hits: Vec<(usize, usize, usize)> = Vec::new();
        for (part, names) in self.parts[question].iter().enumerate() {
            for name in names {
                let number = name.bytes().all(|b| b.is_ascii_digit());
                if number || WEAK.contains(&name.as_str()) {
                    continue;
                }
                let mut from = 0;
                while let Some((start, end)) = find_label(text, name, from) {
                    hits.push((start, end, part));
                    from = end;
                }
            }
        }
        let spans: Vec<(usize, usize)> = hits.iter().map(|h| (h.0, h.1)).collect();
        hits.retain(|h| {
            let longer = |s: &(usize, usize)| s.0 <= h.0 && h.1 <= s.1 && s.1 - s.0 > h.1 - h.0;
            !spans.iter().any(longer)
        });
        hits
    }

    /// Whether a text has labels of other parts as well.
    fn speaks_of_others(&self, question: usize, slot: Option<Slot>, text: &str) -> bool {
        let lower = text.to_ascii_lowercase();
        let own = slot.map(Slot::part);
        let hits = self.hits(question, &lower);
        let shared = |h: &(usize, usize, usize)| {
            hits.iter()
                .any(|o| (o.0, o.1) == (h.0, h.1) && Some(o.2) == own)
        };
        hits.iter().any(|h| Some(h.2) != own && !shared(h))
    }

    /// Whether a text can be the answer to a part alone: it has a value of its sort, and none that
    /// another part asks for. A line of its own needs none.
    fn fits(&self, question: usize, part: usize, text: &str, line: bool) -> bool {
        let names = &self.handout[question];
        let (typed, own) = (&names.typed, names.typed[part]);
        let tokens = token::tokens(text);
        let has = |sort: Class| tokens.iter().any(|t| sort.holds(t));
        let mut others = [Class::Ip, Class::Mac].into_iter();
        let mixed = others.any(|sort| sort != own && typed.contains(&sort) && has(sort));
        // `Client: 10.0.2.15, port 5060` tells the port as well, where one is asked for.
        let asks = |names: &Vec<String>| names.iter().any(|name| name.ends_with("port"));
        let asked = self.parts[question].iter().any(asks);
        let mixed = mixed || own == Class::Ip && asked && PORT.is_match(text);
        // `UDP (0x11), bootpc(68) -> bootps(67)` tells ports as well.
        let several = tokens.iter().filter(|t| Class::Ports.holds(t)).count() > 1;
        let ports = own == Class::Name && typed.contains(&Class::Ports) && several;
        // `SYN=3, SYN/ACK=4, ACK=5` are frames, where frames are asked for.
        let small = |t: &Token| matches!(t.kind, Kind::Number(n) if n < 10_000);
        let shaken = own == Class::Number && typed.contains(&Class::Frames);
        let frames = shaken && tokens.iter().any(small);
        // `request frame: 69 B` is its size.
        let sized = names.frame[part] && tokens.iter().any(|t| t.unit != Unit::None);
        !mixed && !ports && !sized && (line || !frames && (!is_valued(own) || has(own)))
    }

    /// Whether an item of a list can be what is told of a part: a value of its sort or a word or two, and
    /// nothing that is named for another.
    pub(super) fn can_be(&self, question: usize, part: usize, text: &str) -> bool {
        let names = &self.handout[question];
        let own = names.typed[part];
        let tokens = token::tokens(text);
        let few = text.split_whitespace().count() <= 2;
        let told = few || !is_valued(own) || tokens.iter().any(|t| own.holds(t));
        let framed = names.frame[part] || names.several[part] || own == Class::Frames;
        let frame = names.frames && !framed && tokens.iter().any(|t| t.frame);
        let slot = Some(Slot::Label(part));
        let others = || self.speaks_of_others(question, slot, text);
        told && !frame && self.fits(question, part, text, true) && !others()
    }

    /// A piece from one label with a colon to the next.
    fn parted(&self, question: usize, segment: Segment) -> Vec<Segment> {
        static LABEL: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"(?i)(?:^|[\n;,]|\.\s)[\s*_>•\-–]*(?P<label>\p{L}[\p{L} /+'_-]{0,40}?)(?:\s*\([^()\n]*\))*[*_]*\s*[:=]")
                .expect("the pattern is right")
        });
        let mut cuts: Vec<(usize, Option<usize>)> = Vec::new();
        for found in LABEL.captures_iter(&segment.text) {
            let (Some(all), Some(label)) = (found.get(0), found.name("label")) else {
                continue;
            };
            // `… is ff:ff:ff` has colons, too.
            let words_of: Vec<&str> = label.as_str().split_whitespace().collect();
            let digits = |w: &&str| w.len() == 2 && w.bytes().all(|b| b.is_ascii_hexdigit());
            let short = words_of.len() <= 4 && !words_of.last().is_some_and(digits);
            let label = label.as_str();
            // `SYN, ACK` is one word.
            let before = segment.text[..all.start()].to_ascii_lowercase();
            if before.ends_with("syn") && label.eq_ignore_ascii_case("ack") {
                continue;
            }
            let part = self.labelled(question, &words(label)).filter(|_| short);
            // A word that is no label ends what the one before it announces.
            if part.is_some() || short && !cuts.is_empty() {
                let marks = [';', ',', '.', '\n'];
                let lead = all.as_str().len() - all.as_str().trim_start_matches(marks).len();
                cuts.push((all.start() + lead, part));
            }
        }
        // `T1: 1:00:00`: a name with digits is one where it is the part's own.
        let parts = 0..self.parts[question].len();
        let own = only(parts.filter(|part| self.is_line(question, *part, &segment.text)));
        if let (true, Some(part)) = (cuts.is_empty(), own)
            && self.fits(question, part, &segment.text, true)
        {
            let slot = Some(Slot::Label(part));
            return vec![Segment { slot, ..segment }];
        }
        // What takes something back may do so behind the sentence.
        let lower = segment.text.to_ascii_lowercase();
        if dropped(&lower, &token::tokens(&segment.text)).contains(&true) {
            return vec![segment];
        }
        let mut out = Vec::new();
        // What names no part stays together.
        let mut rest = String::new();
        let mut at = 0;
        for (nth, (from, part)) in cuts.iter().enumerate() {
            let Some(part) = *part else { continue };
            // Lists and sentences go on to the next part's label.
            let long = matches!(
                self.handout[question].typed[part],
                Class::List | Class::Prose
            );
            let mut more = cuts[nth + 1..].iter().filter(|c| !long || c.1.is_some());
            let next = more.next().map_or(segment.text.len(), |next| next.0);
            let several = self.handout[question].several[part];
            let end = clause_end(&segment.text[*from..next], several);
            let to = if long { next } else { from + end };
            let text = segment.text[*from..to].trim_end_matches([' ', ';', ',', '\n']);
            let slot = Some(Slot::Label(part));
            // A line of its own, whatever stands in it: `xid: efda2c79`, `t1: half of it`.
            let line = *from == 0 && cuts.len() == 1 && next == segment.text.len();
            let line = line && self.is_line(question, part, &segment.text);
            let fits = self.fits(question, part, text, line);
            let others = self.speaks_of_others(question, slot, text);
            let bare = line && text.matches(':').count() == 1 && token::tokens(text).is_empty();
            if !fits || others && !bare {
                continue;
            }
            rest.push_str(&segment.text[at..*from]);
            at = to;
            out.push(Segment {
                text: text.to_owned(),
                slot,
                ..segment.clone()
            });
        }
        rest.push_str(&segment.text[at..]);
        if out.is_empty() || rest.contains(char::is_alphanumeric) {
            let text = rest.trim_start_matches([';', ',', '.', ' ']).to_owned();
            let first = cuts.first().is_some_and(|c| c.0 == 0);
            let place = if first { out.len() } else { 0 };
            out.insert(place, Segment { text, ..segment });
        }
        out
    }
}

/// Whether parts of a sort are answered by a value.
fn is_valued(sort: Class) -> bool {
    matches!(
        sort,
        Class::Ip | Class::Mac | Class::Number | Class::Ports | Class::Frames
    )
}

/// Where what a label announces ends. Between values of a list a semicolon is a comma.
fn clause_end(text: &str, several: bool) -> usize {
    static END: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"[;\n]|\.\s").expect("the pattern is right"));
    // `1. TIME 2. HELLO` is numbered, not ended.
    let numbered = |at: usize| {
        let word = text[..at].rsplit(char::is_whitespace).next().unwrap_or("");
        (1..3).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_digit())
            || word.ends_with('.')
            || ["no", "nr"].iter().any(|n| word.eq_ignore_ascii_case(n))
                && text[at..]
                    .trim_start_matches(['.', ' ', '#'])
                    .starts_with(|c: char| c.is_ascii_digit())
    };
    let goes_on = |at: usize| {
        let rest = text[at..].strip_prefix(';').unwrap_or_default();
        let rest = rest.trim_start_matches([' ', '#']);
        let token = token::tokens(rest).into_iter().next();
        token.is_some_and(|t| match t.kind {
            Kind::Number(_) => t.span.start == 0 && t.unit == Unit::None,
            // A mask is no member of a set of hosts.
            Kind::Ip(ip) => t.span.start == 0 && !rest.starts_with('/') && ip.octets()[0] != 255,
            _ => false,
        })
    };
    let mut ends = END.find_iter(text).map(|end| end.start());
    ends.find(|at| !(numbered(*at) || several && goes_on(*at)))
        .unwrap_or(text.len())
}

/// The only one of several.
fn only<T>(mut all: impl Iterator<Item = T>) -> Option<T> {
    let first = all.next()?;
    all.next().is_none().then_some(first)
}
