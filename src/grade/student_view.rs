//! What a student may see who may hand in again: the marks without the key, without the frames that
//! prove it, and without what is suggested to the teacher.

use super::compare::{Outcome, Verdict};
use super::piece::{find, within};
use super::student::{Mark, Marks};
use crate::handout::Answer;

/// The reason as the student is told it; why a wrong answer is wrong is told later.
pub fn told(key: &Answer, outcome: &Outcome) -> String {
    match outcome.verdict {
        Verdict::Wrong | Verdict::Review => String::new(),
        // The reason says what is possible.
        Verdict::NoCapture if !key.candidates.is_empty() => {
            "the captures do not give one plain answer".to_owned()
        }
        _ => outcome.reason.clone(),
    }
}

/// The marks as the student may see them.
pub fn marks(all: &Marks) -> Marks {
    let secrets = secrets(&all.parts);
    let mut own = all.clone();
    own.evidence.clear();
    for capture in &mut own.captures {
        capture.missing = without(&capture.missing, &secrets);
    }
    for mark in &mut own.parts {
        mark.outcome.reason = match mark.outcome.verdict {
            Verdict::Review => "a person decides".to_owned(),
            Verdict::NoCapture => without(&mark.told, &secrets),
            _ => mark.told.clone(),
        };
        mark.told.clone_from(&mark.outcome.reason);
        // What is suggested tells whether it is right.
        if mark.outcome.verdict == Verdict::Review {
            mark.points = 0.0;
            mark.outcome.share = 0.0;
        }
        if mark.sought {
            mark.answer.clear();
        }
        mark.key.clear();
        mark.claim.clear();
        mark.note.clear();
        // The frames of one part are the key of another.
        mark.frames.clear();
        mark.filter.clear();
    }
    own
}

/// What gives the parts away that are not right: their keys, and the frames that prove them.
pub fn secrets(marks: &[Mark]) -> Vec<String> {
    let mut out = Vec::new();
    for mark in marks.iter().filter(|m| m.outcome.verdict != Verdict::Right) {
        out.push(mark.key.clone());
        let frames = mark.frames.split([',', ' ']);
        let numbers = frames.filter_map(|f| f.rsplit(':').next());
        out.extend(numbers.map(|n| format!("frame {n}")));
    }
    out.retain(|secret| !secret.is_empty());
    out
}

/// Whether a text tells one of these, as words of its own.
pub fn tells(text: &str, secrets: &[String]) -> bool {
    let text = text.to_lowercase();
    let alone =
        |start: usize, length: usize| within(&text, start, start + length) == (false, false);
    secrets.iter().any(|secret| {
        let secret = secret.to_lowercase();
        let mut from = 0;
        while let Some(start) = find(&text, &secret, from) {
            if alone(start, secret.len()) {
                return true;
            }
            from = start + 1;
        }
        false
    })
}

/// A reason without what is there instead, where that tells a secret. Its first clause says what is
/// missing, in the handout's words.
fn without(reason: &str, secrets: &[String]) -> String {
    let kept = reason.split("; ").enumerate();
    let kept = kept.filter(|(at, clause)| *at == 0 || !tells(clause, secrets));
    kept.map(|(_, clause)| clause)
        .collect::<Vec<_>>()
        .join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_told_by_itself_and_not_within_another_word() {
        let secrets = ["304".to_owned(), "frame 6".to_owned()];
        assert!(tells("Frame 6 of a.pcap is the page", &secrets));
        assert!(tells("it is a 304: clear the cache", &secrets));
        assert!(!tells("frame 61 has 1304 bytes", &secrets));
    }

    #[test]
    fn what_is_missing_is_told_without_what_is_there_instead() {
        let secrets = ["304".to_owned(), "5".to_owned()];
        let reason =
            "there is no sign of a page in the 5 frames of a.pcap; frame 6 is a 304; a.pcap ends";
        let told = without(reason, &secrets);
        assert_eq!(
            told,
            "there is no sign of a page in the 5 frames of a.pcap; a.pcap ends"
        );
    }
}
