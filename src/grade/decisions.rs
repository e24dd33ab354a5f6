//! What a person decided about answers: one readable file, one entry for all equal answers of the
//! class, kept for later runs and late hand-ins.

use super::compare::Verdict;
use super::student::{Mark, Marks};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;

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
    /// Points given; an entry without them is still open.
    #[serde(default)]
    pub points: Option<f64>,
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
        let same = list.clone().rfind(|d| d.key == mark.key);
        if let Some(decision) = same {
            settle(mark, decision);
        } else if let Some(old) = list.next_back() {
            let words = format!(
                "; {} points were decided under the old key {}",
                old.points.unwrap_or(0.0),
                old.key
            );
            mark.outcome.reason.push_str(&words);
        }
    }
}

fn settle(mark: &mut Mark, decision: &Decision) {
    let points = decision.points.unwrap_or(0.0).clamp(0.0, mark.of.max(0.0));
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
}

/// The answers that need a person, question by question, largest group first: entries to fill in
/// and append to the file.
pub fn open(all: &[Marks]) -> String {
    let mut groups: BTreeMap<(usize, String, String), (usize, &Mark)> = BTreeMap::new();
    for marks in all {
        for (at, mark) in marks.parts.iter().enumerate() {
            if mark.outcome.verdict == Verdict::Review {
                let key = (at, normal(&mark.answer), mark.key.clone());
                groups.entry(key).or_insert((0, mark)).0 += 1;
            }
        }
    }
    let mut list: Vec<_> = groups.into_iter().collect();
    list.sort_by_key(|((at, answer, _), (n, _))| (*at, std::cmp::Reverse(*n), answer.clone()));
    let mut out = String::from(
        "# Give `points` to each entry, and append it to the decisions file of this class.\n",
    );
    for (_, (n, mark)) in list {
        let text = |t: &str| toml::Value::from(t).to_string();
        let _ = write!(
            out,
            "\n[[decision]]\npart = {}\nhand_ins = {n}\nanswer = {}\nkey = {}\nsuggestion = {}\n# points = {}\n",
            text(&mark.part),
            text(&mark.answer),
            text(&mark.key),
            text(&mark.outcome.reason),
            mark.points
        );
    }
    out
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
