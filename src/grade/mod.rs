//! Hand-ins against the answers that each student's own captures give.
//!
//! [`submission`] finds what was handed in ([`layout`] whose it is), [`report`] reads it, [`numbering`]
//! gives every piece its question. [`extract`] reads the values: [`token`] finds what can be one
//! ([`digits`] in which other ways, [`bounds`] whether it is a plain one), [`announce`] and [`assign`] say for which part, [`names`] (with
//! [`denial`] and [`comparison`]), [`codes`], [`yes_no`], [`list`], [`items`], [`none`], [`texts`] and [`frames`]
//! read the other sorts, [`named`] where each part is named. [`compare`] holds them against the key,
//! [`diagnose`] says why a wrong one is wrong, [`prose`] suggests, [`stray`] looks where nobody asked,
//! and [`reading`] puts it together; [`judge`] does so for every reading of a question.
//! [`workers`] does it for many, [`progress`] keeps what an interrupted run did.
//! [`prints`], [`integrity`], [`clocks`] and [`roster`] look for evidence; [`decisions`] are a person's;
//! [`output`] and [`lms`] are what the teacher takes home, [`student_view`] what a student may see of it.
//!
//! **Invariant:** a mark is given for what is plainly right or plainly wrong; what can be read in two
//! ways goes to a person. Nothing here knows a student, a file name or an address.

pub mod announce;
pub mod assign;
pub mod bounds;
pub mod claim;
pub mod clocks;
pub mod codes;
pub mod compare;
pub mod comparison;
pub mod decisions;
pub mod denial;
pub mod diagnose;
pub mod digits;
pub mod extract;
pub mod flags;
pub mod frames;
pub mod integrity;
pub mod items;
pub mod judge;
pub mod layout;
pub mod left;
pub mod list;
pub mod lms;
pub mod named;
pub mod names;
pub mod none;
pub mod numbering;
pub mod output;
pub mod piece;
pub mod prints;
pub mod progress;
pub mod prose;
pub mod reading;
pub mod report;
pub mod roster;
pub mod services;
pub mod stray;
pub mod student;
pub mod student_view;
pub mod submission;
pub mod texts;
pub mod token;
pub mod workers;
pub mod yes_no;

pub use compare::{Outcome, Verdict};
pub use numbering::Numbering;
pub use student::{Mark, Marks};
pub use submission::{Submission, collect};
pub use workers::Limits;

use crate::handout::Handout;
use std::sync::Arc;

/// Grades all hand-ins with so many workers. The result is in the order of the hand-ins, whatever
/// the number of workers. `done` is told how many are finished.
pub fn all(
    handout: &Arc<Handout>,
    submissions: &Arc<Vec<Submission>>,
    jobs: usize,
    done: impl Fn(usize),
) -> Vec<Marks> {
    let limits = Limits {
        jobs,
        ..Limits::default()
    };
    let mut results: Vec<Option<Marks>> = vec![None; submissions.len()];
    let mut finished = 0;
    let todo = (0..submissions.len()).collect();
    workers::run(handout, submissions, todo, limits, |at, marks| {
        results[at] = Some(marks);
        finished += 1;
        done(finished);
    });
    let mut all: Vec<Marks> = results.into_iter().flatten().collect();
    whose(&mut all);
    all
}

/// Notes of wrong answers whose captures show them: values that say little, such as small numbers
/// and names, and values that many captures show, are nobody's.
pub fn whose(all: &mut [Marks]) {
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
