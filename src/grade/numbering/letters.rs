//! Text about several questions at once: by the letters in it, or by what each sentence is about.

use super::scheme::is_listed;
use super::{Draft, Id, Numbering, Segment, Target};
use crate::grade::{claim, piece, token};
use regex::Regex;
use std::sync::LazyLock;

impl Numbering {
    /// Pieces of groups go to the question that their words belong to.
    pub(super) fn spread(&self, drafts: Vec<Draft>) -> Vec<Segment> {
        let mut out = Vec::new();
        for draft in drafts {
            let question = |target: &Option<Target>| match target {
                Some(Target::Question(q)) => Some(*q),
                _ => None,
            };
            if let Some(Target::Group(number)) = &draft.target
                && let Some(parts) = self.lettered(number, &draft.text)
            {
                out.extend(draft.as_told(parts));
                continue;
            }
            if let Some(Target::Question(question)) = &draft.target
                && draft.hint.is_empty()
                && let Some(parts) = self.more_letters(*question, &draft.text)
            {
                out.extend(draft.as_told(parts));
                continue;
            }
            let members: Vec<usize> = match &draft.target {
                Some(Target::Several(questions)) => questions.clone(),
                Some(Target::Group(number)) => {
                    let own = self.ids.iter().filter(|id| id.group == *number);
                    own.map(|id| id.question).collect()
                }
                _ => {
                    out.push(Segment {
                        question: question(&draft.target),
                        after: question(&draft.after),
                        front: draft.front,
                        hint: draft.hint,
                        text: draft.text,
                        shared: false,
                        slot: draft.slot,
                        turn: draft.turn,
                        apart: draft.apart,
                    });
                    continue;
                }
            };
            if !draft.hint.is_empty() {
                out.push(Segment {
                    question: self.best(&members, &draft.hint, ""),
                    after: None,
                    front: false,
                    hint: draft.hint,
                    text: draft.text,
                    shared: true,
                    slot: None,
                    turn: draft.turn,
                    apart: draft.apart,
                });
                continue;
            }
            // A line of a packet list shows much and answers nothing by itself.
            if is_listed(&draft.text) {
                out.push(Segment {
                    question: None,
                    after: None,
                    front: true,
                    hint: String::new(),
                    text: draft.text,
                    shared: false,
                    slot: None,
                    turn: draft.turn,
                    apart: draft.apart,
                });
                continue;
            }
            let mut last = None;
            let mut met: Vec<usize> = Vec::new();
            for clause in clauses(&draft.text) {
                // A name alone, such as `ICMP`, answers what nothing else has.
                let open = || {
                    members
                        .iter()
                        .copied()
                        .filter(|m| !met.contains(m))
                        .collect()
                };
                let found = self.best(&members, clause, clause);
                let found = found.or_else(|| self.answered(open(), clause)).or(last);
                last = found;
                met.extend(found);
                let joined = out.last_mut().filter(|s: &&mut Segment| {
                    found.is_some() && s.question == found && s.hint.is_empty()
                });
                match joined {
                    Some(segment) => {
                        segment.text.push_str(", ");
                        segment.text.push_str(clause.trim());
                    }
                    None => out.push(Segment {
                        question: found,
                        after: None,
                        front: found.is_none(),
                        hint: String::new(),
                        text: clause.trim().to_owned(),
                        shared: true,
                        slot: None,
                        turn: draft.turn,
                        apart: draft.apart,
                    }),
                }
            }
        }
        out
    }

    /// The parts of a paragraph about a group that names its questions by their letters, one after
    /// another: `Question 1. (A) … (B) …`.
    fn lettered(&self, number: &str, text: &str) -> Option<Vec<Segment>> {
        static INLINE: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"(?:^|\s)\(?(?P<letter>[A-Za-z])\)[:.]?\s").expect("the pattern is right")
        });
        self.split(&INLINE, Vec::new(), number, text)
    }

    /// The same behind the name of the first of them: `3. (A) … (B) …`.
    fn more_letters(&self, question: usize, text: &str) -> Option<Vec<Segment>> {
        static INLINE: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"\s\((?P<letter>[A-Za-z])\)[:.]?\s").expect("the pattern is right")
        });
        if !text.contains('(') {
            return None;
        }
        let id = self.ids.iter().find(|id| id.question == question)?;
        self.split(&INLINE, vec![(0, 0, question)], &id.group, text)
    }

    /// A text from one mark of a group's letters to the next.
    fn split(
        &self,
        inline: &Regex,
        mut marks: Vec<(usize, usize, usize)>,
        group: &str,
        text: &str,
    ) -> Option<Vec<Segment>> {
        for found in inline.captures_iter(text) {
            let (Some(all), Some(letter)) = (found.get(0), found.name("letter")) else {
                continue;
            };
            let same =
                |id: &&Id| id.group == group && id.rest.eq_ignore_ascii_case(letter.as_str());
            let later = |id: &&Id| marks.last().is_none_or(|m| m.2 < id.question);
            if let Some(id) = self.ids.iter().find(same).filter(later) {
                marks.push((all.start(), all.end(), id.question));
            }
        }
        if marks.len() < 2 {
            return None;
        }
        let mut out = Vec::new();
        for (at, (_, from, question)) in marks.iter().enumerate() {
            let to = marks.get(at + 1).map_or(text.len(), |next| next.0);
            let text = text[*from..to].trim().trim_end_matches([',', ';']);
            let text = text.strip_suffix(" and").unwrap_or(text);
            out.push(Segment {
                question: Some(*question),
                after: None,
                front: false,
                hint: String::new(),
                text: text.to_owned(),
                shared: false,
                slot: None,
                turn: 0,
                apart: false,
            });
        }
        Some(out)
    }

    /// The question of several that a name in a text answers.
    fn answered(&self, members: Vec<usize>, text: &str) -> Option<usize> {
        let lower = text.to_lowercase();
        let has = |name: &String| piece::find_label(&lower, name, 0).is_some();
        let told = |m: &usize| self.handout[*m].answers.iter().any(has);
        let mut answered = members.into_iter().filter(told);
        let first = answered.next()?;
        answered.next().is_none().then_some(first)
    }

    /// The question of several whose words a text has.
    fn best(&self, members: &[usize], text: &str, values: &str) -> Option<usize> {
        let lower = text.to_lowercase();
        let tokens = token::tokens(values);
        let mut best: Option<(usize, usize)> = None;
        for question in members {
            let names = &self.handout[*question];
            let longest = |list: &[String]| {
                list.iter()
                    .filter(|l| piece::find_label(&lower, l, 0).is_some())
                    .map(String::len)
                    .max()
                    .unwrap_or(0)
            };
            let mut score = longest(&names.called) * 3 + longest(&names.labels) * 2;
            for class in &names.typed {
                let fits = tokens.iter().filter(|t| class.holds(t)).count();
                score += if matches!(class, claim::Class::Ip | claim::Class::Mac) {
                    fits * 6
                } else {
                    0
                };
            }
            if score > 0 && best.is_none_or(|b| score > b.1) {
                best = Some((*question, score));
            }
        }
        best.map(|b| b.0)
    }
}

/// Parts of sentences that say one thing each.
fn clauses(text: &str) -> Vec<&str> {
    static CUT: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"[.;,!]\s+|\s+and\s+").expect("the pattern is right"));
    let mut out = Vec::new();
    let mut from = 0;
    for cut in CUT.find_iter(text) {
        let digits = |t: &str| t.bytes().any(|b| b.is_ascii_digit());
        let depth =
            text[..cut.start()].matches('(').count() > text[..cut.start()].matches(')').count();
        if depth
            || cut.as_str().contains("and")
                && !(digits(&text[from..cut.start()]) && digits(&text[cut.end()..]))
        {
            continue;
        }
        out.push(&text[from..cut.start()]);
        from = cut.end();
    }
    out.push(&text[from..]);
    out.retain(|c| !c.trim().is_empty());
    out
}
