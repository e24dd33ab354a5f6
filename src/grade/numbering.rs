//! Which question a piece of a report answers: numbers as people number them, in lines, in tables,
//! and in the middle of a line.

use super::report::Block;
use crate::handout::Handout;
use crate::handout::format::Type;
use regex::{Regex, RegexSet};
use std::sync::LazyLock;
use titles::{ECHO, unasked};

pub use slots::Slot;

mod labels;
mod letters;
mod scheme;
mod slots;
mod tables;
mod titles;
mod words;

/// A piece of a report that answers something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The question; nothing when the report does not say.
    pub question: Option<usize>,
    /// The question it follows, where it names none itself.
    pub after: Option<usize>,
    /// It comes before the first question is named: a title, or an introduction.
    pub front: bool,
    /// Words of the report's own that announce it: the first cell of a row, the rest of a heading.
    pub hint: String,
    /// The text.
    pub text: String,
    /// It stands under several questions together, and was given to this one by its words.
    pub shared: bool,
    /// The part that it names.
    pub slot: Option<Slot>,
    /// How many names of questions came before: a question that is named again is answered again.
    pub turn: usize,
    /// A blank line is before it.
    pub apart: bool,
}

/// How the questions of a handout are recognised.
pub struct Numbering {
    /// Lines of the answer sheet: how they begin, the question, and the part in words.
    sheet: Vec<(String, usize, String)>,
    /// The handout's own words, which answer nothing.
    own: Vec<String>,
    ids: Vec<Id>,
    /// The same names at once: which of them a line can have.
    starts: RegexSet,
    anywheres: RegexSet,
    leads: RegexSet,
    handout: Vec<Names>,
    /// What the parts of each question are called.
    parts: Vec<Vec<Vec<String>>>,
}

/// What a question's own name looks like.
struct Id {
    question: usize,
    start: Regex,
    anywhere: Regex,
    lead: Regex,
    /// The first run: `1` of `1A`.
    group: String,
    /// The rest: `A` of `1A`.
    rest: String,
}

/// What else a question or its parts are called.
struct Names {
    /// The question's own words, and those of its parts.
    asked: String,
    /// It asks for numbers of frames.
    frames: bool,
    called: Vec<String>,
    /// Letters and digits of the numbered ones.
    numbered: Vec<Vec<String>>,
    labels: Vec<String>,
    /// Names that are answers to it.
    answers: Vec<String>,
    typed: Vec<super::claim::Class>,
    /// Which of its parts is the number of a frame.
    frame: Vec<bool>,
    /// Which of its parts has several values.
    several: Vec<bool>,
}

/// Whether a text is all in brackets.
fn is_bracketed(text: &str) -> bool {
    let text = text.trim();
    let inner = text.strip_prefix('(').and_then(|t| t.strip_suffix(')'));
    inner.is_some_and(|inner| !inner.contains(['(', ')']))
}

/// What a label stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    Question(usize),
    Group(String),
    /// Several questions that a heading names: `Proxy (P1, P2)`.
    Several(Vec<usize>),
}

const PREFIX: &str = r"(?i)^[\s#*_>•\-–(\[]*(?:(?:as\s+)?(?:for|in|to|on|about|regarding)\s+)?(?:(?:questions?|quest|q|tasks?|answers?|ans|exercises?|ex|problems?|parts?|aufgabe|frage|antwort|no|nr|number|step)\b?[\s.:#\-–]*)*[*_(\[]*";
const WORDED: &str = r"(?i)^[\s#*_>•\-–(\[]*(?:(?:questions?|q|tasks?|answers?|ans|exercises?|ex|problems?|parts?|aufgabe|frage|antwort)\b?[\s.:#\-–]*)+[*_(\[]*";
const BARE: &str = r"(?i)^[\s#*_>•\-–(\[]*";
const MARKED: &str = r"(?:[*_]*\s*(?:[).\]:=]|[\-–|,]\s|->)[*_]*\s*|[*_\s]*$)";
const SUFFIX: &str = r"(?:[\s*_]*[).\]:,=>–\-|/]+[*_]*|[*_]+|\s|$)\s*";

static ELSE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^[\s#*_>\-]*(?:extra|also|additionally|additional|more|other|others|remarks?|notes?|ps|appendix|anhang)\s*:\s*")
        .expect("the pattern is right")
});
static PICTURE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)!\[[^\]]*\]\([^)]*\)|\(?\b(?:see|siehe|look at|in)?\s*(?:the\s+)?(?:attached\s+)?(?:screen\s?shots?|pictures?|images?|figures?|bild|abb|fig)(?:\.?\s*(?:no\.?|nr\.?)?\s*\d+)?(?:\s+(?:below|above|attached))?\b[\s.:)]*")
        .expect("the pattern is right")
});

impl Numbering {
    /// For a handout.
    pub fn new(handout: &Handout) -> Numbering {
        let mut ids = Vec::new();
        let mut names = Vec::new();
        for (question, q) in handout.file.question.iter().enumerate() {
            let runs = runs(&q.id);
            let joined: Vec<String> = runs.iter().map(|r| regex::escape(r)).collect();
            // `1 B`, `1.B`, `Part 1, question B`
            let body = joined.join(
                r"(?:[\s.\-–_:/()]*|[\s,.:\-–]+(?:questions?|parts?|tasks?|letter|item|point)[\s.:]+)",
            );
            let pattern = |p: String| Regex::new(&p).expect("escaped names make a pattern");
            ids.push(Id {
                question,
                start: pattern(if q.id.len() == 1 && q.id.chars().all(char::is_alphabetic) {
                    // `A file descriptor` is no answer to question a.
                    format!("{WORDED}{body}{SUFFIX}|{BARE}{body}{MARKED}")
                } else {
                    format!("{PREFIX}{body}{SUFFIX}")
                }),
                anywhere: pattern(format!(
                    r"(?i)(?P<lead>[.;,]\s+(?:of\s+|for\s+|and\s+|to\s+|in\s+)?)(?P<id>{body})(?P<mark>\s*[):]\s*|\s+)"
                )),
                lead: pattern(lead(&q.id, &body)),
                group: runs.first().cloned().unwrap_or_default(),
                rest: runs.get(1..).unwrap_or_default().concat(),
            });
            let mut labels = Vec::new();
            let mut typed = Vec::new();
            let mut answers = Vec::new();
            for part in &q.part {
                answers.extend(super::names::known(part).into_iter().map(|(_, name)| name));
                labels.extend(part.labels.iter().map(|l| l.to_lowercase()));
                typed.push(super::claim::class(*part.kind.get_ref()));
            }
            let parts = q.part.iter().map(|p| p.text.as_str());
            let asked: Vec<&str> = std::iter::once(q.text.as_str()).chain(parts).collect();
            names.push(Names {
                asked: asked.join(" "),
                frames: q
                    .part
                    .iter()
                    .any(|p| matches!(p.kind.get_ref(), Type::Frame | Type::Frames)),
                numbered: q
                    .called
                    .iter()
                    .map(|c| self::runs(&c.to_lowercase()))
                    .filter(|runs| runs.len() > 2 && runs.iter().any(|r| r.parse::<u32>().is_ok()))
                    .collect(),
                called: q.called.iter().map(|c| c.to_lowercase()).collect(),
                labels,
                answers,
                typed,
                several: q
                    .part
                    .iter()
                    .map(|p| matches!(p.kind.get_ref(), Type::Set | Type::Frames))
                    .collect(),
                frame: q
                    .part
                    .iter()
                    .map(|p| *p.kind.get_ref() == Type::Frame)
                    .collect(),
            });
        }
        let mut sheet = Vec::new();
        for (question, q) in handout.file.question.iter().enumerate() {
            for part in &q.part {
                let words = part.id.replace('-', " ");
                sheet.push((format!("{} {words} (", q.id), question, words));
            }
        }
        let mut own: Vec<String> = Vec::new();
        own.extend(handout.file.question.iter().map(|q| q.text.to_lowercase()));
        own.extend(handout.file.capture.iter().map(|c| c.title.to_lowercase()));
        own.retain(|text| text.len() > 12);
        // Building them takes longer than grading many a hand-in.
        let (starts, anywheres, leads) = std::thread::scope(|scope| {
            let anywheres = scope.spawn(|| set(&ids, |id| &id.anywhere));
            let leads = scope.spawn(|| set(&ids, |id| &id.lead));
            let starts = set(&ids, |id| &id.start);
            let built = "patterns that are right alone are right together";
            (
                starts,
                anywheres.join().expect(built),
                leads.join().expect(built),
            )
        });
        Numbering {
            sheet,
            own,
            starts,
            anywheres,
            leads,
            ids,
            handout: names,
            parts: slots::names(handout),
        }
    }

    /// Gives every piece of a report its question.
    pub fn segments(&self, blocks: &[Block]) -> Vec<Segment> {
        let mut out = Vec::new();
        let mut now: Option<Target> = None;
        let mut blank = false;
        let mut turn = 0;
        let mut begun = false;
        let mut filled = false;
        let mut table = false;
        let mut heads: Option<Vec<String>> = None;
        let blocks = self.plain_words(&self.unjoined(blocks));
        let blocks = self.framed(self.paragraphs(&blocks));
        for (at, block) in blocks.iter().enumerate() {
            if let Some(drafts) = self.pasted(&blocks, at, now.as_ref()) {
                out.extend(drafts.into_iter().map(|d| Draft { turn, ..d }));
                (blank, filled, table) = (false, false, false);
                continue;
            }
            match block {
                Block::Line(line) => {
                    let line = PICTURE.replace_all(line, " ").into_owned();
                    if line.trim().is_empty() {
                        blank |= !out.is_empty();
                        continue;
                    }
                    // Rules and fences say nothing.
                    if line.chars().all(|c| " -=*_`~#+>|\t".contains(c)) {
                        continue;
                    }
                    let before = out.len();
                    let was = now.clone();
                    let title = self.sheet_line(&line).is_none()
                        && (self.is_title(&line, &blocks[at + 1..])
                            || !filled && self.is_echo(&line, now.as_ref(), &blocks[at + 1..]));
                    // A blank line below a question's name is no end of its answer.
                    turn += usize::from(self.line(&line, &mut now, blank && filled, &mut out));
                    if title {
                        out.truncate(before);
                    }
                    // `Q1 (q1.pcap)` is a name, too.
                    let said = |draft: &Draft| !is_bracketed(&draft.text);
                    filled = out[before..].iter().any(said) || filled && now == was;
                    begun |= now.is_some();
                    for draft in &mut out[before..] {
                        draft.front = !begun;
                        draft.turn = turn;
                        draft.apart = blank;
                    }
                    // A heading that names no question answers none.
                    let inner = line.trim_start().trim_start_matches('#');
                    let heading = inner.len() < line.trim_start().len() && inner.starts_with(' ');
                    if heading && (now.is_none() || self.label(&line, was.as_ref()).0.is_none()) {
                        out.truncate(before);
                    }
                    blank = false;
                }
                Block::Text(line) => {
                    let mut draft = match &now {
                        Some(Target::Question(_)) if blank && filled => {
                            Draft::new(None, now.clone(), String::new(), line)
                        }
                        _ => Draft::new(now.clone(), None, String::new(), line),
                    };
                    (draft.front, draft.turn, draft.apart) = (!begun, turn, blank);
                    out.push(draft);
                    (blank, filled) = (false, true);
                }
                Block::Item(part, text) => {
                    let mut draft = Draft::new(now.clone(), None, String::new(), text);
                    (draft.turn, draft.slot) = (turn, Some(Slot::Place(*part)));
                    out.push(draft);
                    (begun, blank, filled) = (true, false, true);
                }
                Block::Row(cells) => {
                    begun = true;
                    if let Some(target) = self.headed(cells, now.as_ref()) {
                        now = Some(target);
                        continue;
                    }
                    let before = out.len();
                    if !table {
                        turn += 1;
                        table = true;
                        let next = blocks.get(at + 1);
                        if let Some((target, named)) = next.and_then(|n| self.named_heads(cells, n))
                        {
                            now = Some(target);
                            heads = Some(named);
                            continue;
                        }
                        heads = self.heads(cells, now.as_ref());
                        if heads.is_some() {
                            continue;
                        }
                    }
                    match &heads {
                        Some(heads) if heads.len() == cells.len() && cells.len() > 2 => {
                            self.record(heads, cells, &now, &mut out);
                        }
                        _ => self.row(cells, &now, &mut out),
                    }
                    out[before..].iter_mut().for_each(|d| d.turn = turn);
                    continue;
                }
                Block::Keyed(key, value) => {
                    begun = true;
                    let before = out.len();
                    turn += 1;
                    self.row(&[key.replace('_', " "), value.clone()], &now, &mut out);
                    out[before..].iter_mut().for_each(|d| d.turn = turn);
                }
            }
            table = false;
        }
        self.slotted(self.spread(out))
    }

    /// Reads a line; says whether it names its question.
    fn line(
        &self,
        line: &str,
        now: &mut Option<Target>,
        blank: bool,
        out: &mut Vec<Draft>,
    ) -> bool {
        if let Some((question, hint, text)) = self.sheet_line(line) {
            *now = Some(Target::Question(question));
            out.push(Draft::new(now.clone(), None, hint, text));
            return true;
        }
        let bare = line.trim_start().trim_start_matches(['-', '*']).trim();
        let bare = bare.to_lowercase();
        if self.own.iter().any(|text| bare.starts_with(text.as_str())) {
            return false;
        }
        if let Some((questions, rest)) = self.letters(line, now.as_ref()) {
            for question in questions {
                *now = Some(Target::Question(question));
                out.push(Draft::new(now.clone(), None, String::new(), rest));
            }
            return true;
        }
        let (target, hint, rest) = self.label(line, now.as_ref());
        let own = target.is_some();
        // The handout's question, copied without its number.
        if !own && let Some(question) = self.repeated(line) {
            *now = Some(Target::Question(question));
            return true;
        }
        // `1A, 1B: …` answers both.
        let (mut rest, mut hint) = (rest, hint);
        let mut also = Vec::new();
        if own && hint.is_empty() {
            while !rest.starts_with(char::is_whitespace)
                && let (Some(Target::Question(next)), words, more) = self.label(rest, None)
                && words.is_empty()
                && self.ids.iter().any(|id| {
                    id.question == next
                        && id.group.chars().all(|c| c.is_ascii_digit())
                        && !id.rest.is_empty()
                })
                && line[..line.len() - rest.len()]
                    .trim_end()
                    .ends_with([',', '/', '&', '+'])
            {
                also.push(next);
                (rest, hint) = (more, words);
            }
        }
        for next in also {
            let target = Some(Target::Question(next));
            out.push(Draft::new(target, None, String::new(), rest));
        }
        if let Some(target) = target {
            *now = Some(target);
        } else if let Some(found) = ELSE.find(line) {
            *now = None;
            out.push(Draft::new(None, None, String::new(), &line[found.end()..]));
            return false;
        }
        // Labels in the middle of the line.
        let mut pieces: Vec<(Option<usize>, &str)> = Vec::new();
        let mut from = 0;
        while let Some((question, start, end)) = self.next_label(&rest[from..]) {
            pieces.push((None, &rest[from..from + start]));
            let after = from + end;
            let stop = self
                .next_label(&rest[after..])
                .map_or(rest.len(), |(_, s, _)| after + s);
            pieces.push((Some(question), &rest[after..stop]));
            from = stop;
        }
        pieces.push((None, &rest[from..]));
        for (question, text) in pieces {
            // `*Which frames …?*` and `> Which frames …` repeat the question.
            let outer = text.trim();
            let inner = outer.trim_matches(['*', '_', '>', ' ']);
            // The mark at the beginning stood before the number.
            let bold = line.trim_start().starts_with("**") && outer.ends_with("?**");
            let emphasis = outer.starts_with(['*', '_'])
                && outer.ends_with(['*', '_'])
                && !outer[1..].starts_with(' ');
            let marked = outer.starts_with('>') || emphasis || bold;
            let inner = if marked { inner } else { outer };
            let asked = match (&question, &*now) {
                (Some(q), _) => Some(*q),
                (None, Some(Target::Question(q))) => Some(*q),
                _ => None,
            };
            let text = if ECHO.is_match(inner) && !inner.ends_with('?')
                || marked && inner.ends_with('?') && (bold || !inner.contains(". "))
                || marked && asked.is_some_and(|q| self.repeats(q, inner, 5))
            {
                ""
            } else {
                unasked(text)
            };
            if text.trim().is_empty() {
                continue;
            }
            match question {
                Some(question) => {
                    *now = Some(Target::Question(question));
                    out.push(Draft::new(now.clone(), None, String::new(), text));
                }
                // A group goes on to the next number.
                None if own
                    || !blank
                    || matches!(now, Some(Target::Group(_) | Target::Several(_))) =>
                {
                    out.push(Draft::new(now.clone(), None, hint.clone(), text))
                }
                None => out.push(Draft::new(None, now.clone(), String::new(), text)),
            }
        }
        own
    }

    /// A line of the answer sheet: its question, its part in words, and what was filled in.
    fn sheet_line<'l>(&self, line: &'l str) -> Option<(usize, String, &'l str)> {
        let bare = line
            .trim_start()
            .trim_start_matches(['-', '*'])
            .trim_start();
        let (_, question, words) = self.sheet.iter().find(|s| bare.starts_with(&s.0))?;
        let (_, text) = bare.split_once("):")?;
        Some((*question, words.clone(), text.trim()))
    }

    /// The next question's name in the middle of a line: its question, where the text before it
    /// ends, and where the text after it begins.
    fn next_label(&self, text: &str) -> Option<(usize, usize, usize)> {
        let mut best: Option<(usize, usize, usize)> = None;
        for id in self.anywheres.matches(text) {
            let id = &self.ids[id];
            for found in id.anywhere.captures_iter(text) {
                let (Some(lead), Some(name), Some(mark)) =
                    (found.name("lead"), found.name("id"), found.name("mark"))
                else {
                    continue;
                };
                let closed = mark.as_str().contains([')', ':']);
                let sentence = lead.as_str().starts_with(['.', ';']);
                let parted = name.as_str().contains(['.', ' ', ')']);
                let counts = || self.counts(id, &text[mark.end()..]);
                // `frame no. 4 is` names a frame.
                let before = text[..lead.start()].to_ascii_lowercase();
                let counted = [" no", " nr"].iter().any(|w| before.ends_with(w));
                if !closed && (!sentence || parted || counted || counts()) {
                    continue;
                }
                if best.is_none_or(|b| lead.start() < b.1) {
                    best = Some((id.question, lead.start(), mark.end()));
                }
                break;
            }
        }
        best
    }
}

struct Draft {
    front: bool,
    turn: usize,
    apart: bool,
    target: Option<Target>,
    after: Option<Target>,
    hint: String,
    text: String,
    slot: Option<Slot>,
}

impl Draft {
    fn new(target: Option<Target>, after: Option<Target>, hint: String, text: &str) -> Draft {
        Draft {
            front: false,
            turn: 0,
            apart: false,
            target,
            after,
            hint,
            slot: None,
            text: text.trim().trim_matches(['*', '_']).trim().to_owned(),
        }
    }

    /// Pieces of it, with the place it has in the report.
    fn as_told(&self, mut pieces: Vec<Segment>) -> Vec<Segment> {
        for piece in &mut pieces {
            (piece.turn, piece.apart) = (self.turn, self.apart);
        }
        pieces
    }
}

/// What stands before a question's name in a line: `request 2C: …`, `for 2C, …`, `First task: 2C …`. A
/// name that is a number alone counts only behind a word for a question: in `Frames: 1, 2, 3` it is a value.
fn lead(id: &str, body: &str) -> String {
    const ASKS: &str =
        r"(?:questions?|tasks?|answers?|exercises?|problems?|parts?|aufgabe|frage|antwort)";
    let start = r"(?i)^[\s#*_>\-]*";
    let words = r"(?P<words>(?:[a-z]+\s+){0,6}for\s+)ID\s*,";
    let all = if id.bytes().all(|b| b.is_ascii_digit()) {
        let lead = format!(r"(?P<lead>(?:[a-z]+\s+){{1,2}}{ASKS}\s+)ID\s*:");
        let named = format!(r"(?P<named>(?:[a-z]+\s+){{0,2}}{ASKS}\s*:\s*)ID(?:[).:]|,\s|\s)");
        format!(r"{start}(?:{lead}|{words}|{named})\s*")
    } else {
        let lead = r"(?P<lead>(?:[a-z]+\s+){1,3})ID\s*:";
        // A name without digits may be any word.
        let named = match id.bytes().any(|b| b.is_ascii_digit()) {
            true => r"|(?P<named>(?:[a-z]+\s+){0,2}[a-z]{3,}\s*:\s*)ID(?:[).:]|,\s|\s)",
            false => "",
        };
        format!(r"{start}(?:{lead}|{words}{named})\s*")
    };
    all.replace("ID", &format!("(?:{body})"))
}

/// Letters and digits of a name, run by run: `L2.4` is `L`, `2`, `4`.
fn runs(id: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut last = None;
    for c in id.chars() {
        let sort = match c {
            c if c.is_ascii_digit() => 1,
            c if c.is_alphabetic() => 2,
            _ => 0,
        };
        if sort != 0 {
            match out.last_mut() {
                Some(run) if last == Some(sort) => run.push(c),
                _ => out.push(c.to_string()),
            }
        }
        last = Some(sort);
    }
    out
}

/// Patterns of all questions, searched together.
fn set(ids: &[Id], pick: fn(&Id) -> &Regex) -> RegexSet {
    RegexSet::new(ids.iter().map(|id| pick(id).as_str())).expect("each is a pattern")
}

/// What a question shares with its neighbours: `1` of `1A`.
pub fn group(id: &str) -> String {
    runs(id).into_iter().next().unwrap_or_default()
}
