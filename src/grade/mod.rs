//! Hand-ins against the answers that each student's own captures give.
//!
//! [`submission`] finds what was handed in, [`report`] reads it, [`numbering`] gives every piece its
//! question, [`extract`] reads the values, [`compare`] holds them against the key, [`diagnose`] says
//! why a wrong one is wrong, [`prose`] suggests, [`integrity`] looks for shared packets.
//!
//! **Invariant:** a mark is given for what is plainly right or plainly wrong; what can be read in two
//! ways goes to a person. Nothing here knows a student, a file name or an address.

pub mod announce;
pub mod assign;
pub mod claim;
pub mod compare;
pub mod decisions;
pub mod diagnose;
pub mod extract;
pub mod frames;
pub mod integrity;
pub mod list;
pub mod names;
pub mod numbering;
pub mod output;
pub mod piece;
pub mod prose;
pub mod report;
pub mod student;
pub mod submission;
pub mod token;

pub use compare::{Outcome, Verdict};
pub use numbering::Numbering;
pub use student::{Mark, Marks};
pub use submission::{Submission, collect};

use crate::handout::Handout;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Grades all hand-ins with so many workers. The result is in the order of the hand-ins, whatever
/// the number of workers. `done` is told each that is finished.
pub fn all(
    handout: &Handout,
    submissions: &[Submission],
    jobs: usize,
    done: impl Fn(usize) + Sync,
) -> Vec<Marks> {
    let numbering = Numbering::new(handout);
    let next = AtomicUsize::new(0);
    let finished = AtomicUsize::new(0);
    let results: Mutex<Vec<Option<Marks>>> = Mutex::new(vec![None; submissions.len()]);
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, 64) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(submission) = submissions.get(at) else {
                        return;
                    };
                    // A hand-in that makes us fail costs only its own row.
                    let graded = catch_unwind(AssertUnwindSafe(|| {
                        student::grade(handout, &numbering, submission)
                    }));
                    let marks = graded.unwrap_or_else(|_| failed(handout, submission));
                    if let Ok(mut results) = results.lock() {
                        results[at] = Some(marks);
                    }
                    done(finished.fetch_add(1, Ordering::Relaxed) + 1);
                }
            });
        }
    });
    let results = results.into_inner().unwrap_or_default();
    let mut all: Vec<Marks> = results.into_iter().flatten().collect();
    whose(&mut all);
    all
}

/// Notes of wrong answers whose captures show them: values that say little, such as small numbers
/// and names, and values that many captures show, are nobody's.
fn whose(all: &mut [Marks]) {
    let mut owners: hashbrown::HashMap<(usize, String), Vec<usize>, foldhash::fast::FixedState> =
        hashbrown::HashMap::default();
    for (student, marks) in all.iter().enumerate() {
        for (part, mark) in marks.parts.iter().enumerate() {
            owners
                .entry((part, mark.key.clone()))
                .or_default()
                .push(student);
        }
    }
    let names: Vec<String> = all.iter().map(|m| m.student.clone()).collect();
    for marks in all.iter_mut() {
        for (part, mark) in marks.parts.iter_mut().enumerate() {
            let digits = mark.claim.bytes().filter(u8::is_ascii_digit).count();
            if mark.outcome.verdict != Verdict::Wrong || digits < 5 {
                continue;
            }
            let Some(owners) = owners.get(&(part, mark.claim.clone())) else {
                continue;
            };
            if owners.len() <= 3 {
                let list: Vec<&str> = owners.iter().map(|o| names[*o].as_str()).collect();
                mark.note = format!("the value that the capture of {} shows", list.join(", "));
            }
        }
    }
}

/// The row of a hand-in that could not be graded.
fn failed(handout: &Handout, submission: &Submission) -> Marks {
    let empty = Submission {
        student: submission.student.clone(),
        ..Submission::default()
    };
    let mut marks = student::grade(handout, &Numbering::new(handout), &empty);
    for mark in &mut marks.parts {
        mark.outcome.verdict = Verdict::Review;
        mark.outcome.reason = "grading this hand-in failed: a person has to look".to_owned();
        mark.outcome.share = 0.0;
        mark.points = 0.0;
    }
    marks
        .remarks
        .push("grading this hand-in failed, which is a fault of Wirelab's".to_owned());
    marks
}
