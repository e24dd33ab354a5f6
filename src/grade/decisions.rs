//! What a person decided about answers: one readable file, one entry for all equal answers of the
//! class, kept for later runs and late hand-ins.

use super::compare::Verdict;
use super::student::{Mark, Marks};
use crate::handout::Handout;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use toml::Spanned;

/// The file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The decisions, the later ones holding.
    #[serde(default)]
    pub decision: Vec<Decision>,
}

/// One decision.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// The part: `1E.meaning`.
    pub part: String,
    /// The answer, as it was written; case and spaces do not count.
    pub answer: String,
    /// The key it was decided under.
    pub key: String,
    /// What the key rests on: `frames`, or `no frames`; nothing in older files.
    #[serde(default)]
    pub evidence: String,
    /// Points given; an entry without them is still open.
    #[serde(default)]
    pub points: Option<Spanned<f64>>,
    /// Who decided.
    #[serde(default)]
    pub grader: String,
    /// When.
    #[serde(default)]
    pub time: String,
    /// What to tell the student.
    #[serde(default)]
    pub comment: String,
    /// How many hand-ins have this answer; told, not read.
    #[serde(default, rename = "hand_ins")]
    _hand_ins: u64,
    /// What is suggested; told, not read.
    #[serde(default, rename = "suggestion")]
    _suggestion: String,
}

impl Decision {
    fn given(&self) -> Option<f64> {
        self.points.as_ref().map(|points| *points.get_ref())
    }
}

/// Points that a part cannot have are an error of typing: where they stand, and what is wrong.
pub fn impossible(file: &File, handout: &Handout) -> Option<(usize, String)> {
    let questions = handout.file.question.iter();
    let parts: BTreeMap<String, f64> = questions
        .flat_map(|q| {
            q.part
                .iter()
                .map(|p| (format!("{}.{}", q.id, p.id), p.points))
        })
        .collect();
    file.decision.iter().find_map(|decision| {
        let points = decision.points.as_ref()?;
        let of = *parts.get(&decision.part)?;
        let words = format!(
            "{} points are given for {}, which is worth {of}",
            points.get_ref(),
            decision.part
        );
        (!(0.0..=of).contains(points.get_ref())).then(|| (points.span().start, words))
    })
}

/// An answer without what does not count.
fn normal(answer: &str) -> String {
    let words: Vec<String> = answer.split_whitespace().map(str::to_lowercase).collect();
    words.join(" ").trim_end_matches(['.', ';', ',']).to_owned()
}

/// Puts decisions into the marks they are about.
pub fn apply(file: &File, all: &mut [Marks]) {
    for mark in all.iter_mut().flat_map(|m| &mut m.parts) {
        let about =
            |d: &&Decision| d.part == mark.part && normal(&d.answer) == normal(&mark.answer);
        let mut list = file
            .decision
            .iter()
            .filter(|d| d.points.is_some())
            .filter(about);
        let rests = |d: &Decision| d.evidence.is_empty() || d.evidence == evidence(mark);
        let same = list.clone().rfind(|d| d.key == mark.key && rests(d));
        if let Some(decision) = same {
            settle(mark, decision);
        } else if let Some(old) = list.next_back() {
            let words = format!(
                "; {} points were decided under the old key {}",
                old.given().unwrap_or(0.0),
                old.key
            );
            mark.outcome.reason.push_str(&words);
        }
    }
}

fn settle(mark: &mut Mark, decision: &Decision) {
    let points = decision.given().unwrap_or(0.0).clamp(0.0, mark.of.max(0.0));
    mark.points = points;
    mark.outcome.share = if mark.of > 0.0 { points / mark.of } else { 0.0 };
    mark.outcome.verdict = if points >= mark.of {
        Verdict::Right
    } else if points > 0.0 {
        Verdict::Partly
    } else {
        Verdict::Wrong
    };
    let who = if decision.grader.is_empty() {
        "a person"
    } else {
        &decision.grader
    };
    mark.outcome.reason = format!("decided by {who}");
    if !decision.comment.is_empty() {
        mark.outcome.reason.push_str(": ");
        mark.outcome.reason.push_str(&decision.comment);
    }
    mark.told.clone_from(&mark.outcome.reason);
}

/// Equal answers that need a person.
pub struct Group<'m> {
    /// The hand-ins.
    pub students: Vec<usize>,
    /// The first of them.
    pub mark: &'m Mark,
}

/// The answers that need a person, question by question, largest group first.
pub fn groups(all: &[Marks]) -> Vec<Group<'_>> {
    let mut groups: BTreeMap<(usize, String, String, &str), Group<'_>> = BTreeMap::new();
    for (student, marks) in all.iter().enumerate() {
        for (at, mark) in marks.parts.iter().enumerate() {
            if mark.outcome.verdict == Verdict::Review {
                let key = (at, normal(&mark.answer), mark.key.clone(), evidence(mark));
                let group = groups.entry(key).or_insert(Group {
                    students: Vec::new(),
                    mark,
                });
                group.students.push(student);
            }
        }
    }
    let mut list: Vec<_> = groups.into_iter().collect();
    list.sort_by_key(|((at, answer, _, _), group)| {
        (*at, std::cmp::Reverse(group.students.len()), answer.clone())
    });
    list.into_iter().map(|(_, group)| group).collect()
}

/// The kind of evidence of a key.
fn evidence(mark: &Mark) -> &'static str {
    if mark.frames.is_empty() {
        "no frames"
    } else {
        "frames"
    }
}

/// The answers that need a person: entries to fill in and append to the file.
pub fn open(all: &[Marks]) -> String {
    let mut out = String::from(
        "# Give `points` to each entry, and append it to the decisions file of this class.\n",
    );
    for group in groups(all) {
        let mark = group.mark;
        let _ = write!(
            out,
            "{}suggestion = {}\n# points = {}\n",
            head(mark, group.students.len()),
            text(&mark.outcome.reason),
            mark.points
        );
    }
    out
}

fn text(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn head(mark: &Mark, hand_ins: usize) -> String {
    format!(
        "\n[[decision]]\npart = {}\nhand_ins = {hand_ins}\nanswer = {}\nkey = {}\nevidence = {}\n",
        text(&mark.part),
        text(&mark.answer),
        text(&mark.key),
        text(evidence(mark)),
    )
}

/// A decision as an entry of the file.
pub fn entry(group: &Group<'_>, points: f64, grader: &str, time: &str, comment: &str) -> String {
    format!(
        "{}points = {}\ngrader = {}\ntime = {}\ncomment = {}\n",
        head(group.mark, group.students.len()),
        toml::Value::from(points),
        text(grader),
        text(time),
        text(comment),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_spaces_do_not_count() {
        assert_eq!(normal(" Hops  left. "), normal("hops left"));
        assert_ne!(normal("hops left"), normal("no hops left"));
    }
}
