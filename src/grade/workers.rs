//! Many hand-ins at the same time, each within its limit.

use super::student::{self, Marks};
use super::{Numbering, Submission, compare::Verdict};
use crate::handout::Handout;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What is shared by all workers.
struct Work {
    handout: Arc<Handout>,
    numbering: Numbering,
    submissions: Arc<Vec<Submission>>,
    /// Those that are still to be graded, in order.
    todo: Vec<usize>,
    next: AtomicUsize,
    /// What each worker does, since when.
    busy: Mutex<Vec<Option<(usize, Instant)>>>,
}

/// How hand-ins are graded.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many at the same time.
    pub jobs: usize,
    /// How long one may take.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            jobs: std::thread::available_parallelism().map_or(1, usize::from),
            time: Duration::from_secs(60),
        }
    }
}

/// Grades the hand-ins `todo`, and hands over each as it is finished, in any order. One that fails
/// costs its own row; so does one that takes too long: its worker is left behind, and another goes on.
pub fn run(
    handout: &Arc<Handout>,
    submissions: &Arc<Vec<Submission>>,
    todo: Vec<usize>,
    limits: Limits,
    mut done: impl FnMut(usize, Marks),
) {
    let work = Arc::new(Work {
        handout: Arc::clone(handout),
        numbering: Numbering::new(handout),
        submissions: Arc::clone(submissions),
        next: AtomicUsize::new(0),
        busy: Mutex::default(),
        todo,
    });
    let (send, receive) = mpsc::channel::<(usize, Marks)>();
    let jobs = limits.jobs.clamp(1, 64).min(work.todo.len().max(1));
    for _ in 0..jobs {
        start(&work, send.clone());
    }
    let mut open: Vec<bool> = vec![true; work.submissions.len()];
    let mut left = work.todo.len();
    while left > 0 {
        match receive.recv_timeout(Duration::from_millis(100).min(limits.time)) {
            Ok((at, marks)) => {
                if std::mem::replace(&mut open[at], false) {
                    left -= 1;
                    done(at, marks);
                }
            }
            Err(_) => {
                for at in overdue(&work, limits.time) {
                    if std::mem::replace(&mut open[at], false) {
                        left -= 1;
                        let told = format!("grading took longer than {} s", limits.time.as_secs());
                        done(at, unfinished(&work, at, &told));
                        start(&work, send.clone());
                    }
                }
            }
        }
    }
}

fn start(work: &Arc<Work>, send: mpsc::Sender<(usize, Marks)>) {
    let work = Arc::clone(work);
    let place = {
        let mut busy = work.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.push(None);
        busy.len() - 1
    };
    // What cannot be started is seen by the others going on alone.
    let _ = std::thread::Builder::new()
        .stack_size(16 << 20)
        .spawn(move || {
            loop {
                let next = work.next.fetch_add(1, Ordering::Relaxed);
                let Some(at) = work.todo.get(next).copied() else {
                    return;
                };
                set(&work, place, Some((at, Instant::now())));
                let submission = &work.submissions[at];
                let graded = catch_unwind(AssertUnwindSafe(|| {
                    student::grade(&work.handout, &work.numbering, submission)
                }));
                set(&work, place, None);
                let marks = graded.unwrap_or_else(|_| {
                    unfinished(&work, at, "grading failed, which is a fault of Wirelab's")
                });
                if send.send((at, marks)).is_err() {
                    return;
                }
            }
        });
}

fn set(work: &Work, place: usize, what: Option<(usize, Instant)>) {
    let mut busy = work.busy.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(own) = busy.get_mut(place) {
        *own = what;
    }
}

/// Hand-ins that take too long.
fn overdue(work: &Work, limit: Duration) -> Vec<usize> {
    let mut busy = work.busy.lock().unwrap_or_else(PoisonError::into_inner);
    let mut out = Vec::new();
    for own in busy.iter_mut() {
        if let Some((at, since)) = *own
            && since.elapsed() > limit
        {
            out.push(at);
            *own = None;
        }
    }
    out
}

/// The row of a hand-in that could not be graded.
fn unfinished(work: &Work, at: usize, why: &str) -> Marks {
    let submission = &work.submissions[at];
    let empty = Submission {
        student: submission.student.clone(),
        ..Submission::default()
    };
    let mut marks = student::grade(&work.handout, &work.numbering, &empty);
    for mark in &mut marks.parts {
        mark.outcome.verdict = Verdict::Review;
        mark.outcome.reason = format!("{why}: a person has to look");
        mark.outcome.share = 0.0;
        mark.points = 0.0;
    }
    marks.remarks.push(why.to_owned());
    marks
}
