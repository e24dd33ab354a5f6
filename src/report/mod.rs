//! What to show and in which order: the columns of the tables for people, the lines that stand
//! above them, and the words of what is told; but the sentences of situations, which filters ask for
//! too, are in `facts/situation/words.rs`.
//!
//! Rows are read from the store when they are written, so a million connections are never held
//! twice.
//!
//! **Invariant:** no formatting for a medium and no escaping here; `render` does both.

pub mod columns;
pub mod follow;
pub mod hops;
pub mod summary;
mod tcp;
pub use columns::moment;

use crate::facts::Rows;

/// Heading of the column with a row's moment, which a narrow table does without.
pub const WHEN: &str = "at";

/// How moments are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// Seconds since the first frame.
    #[default]
    Relative,
    /// Date and time in UTC.
    Utc,
    /// Date and time where this machine is.
    Local,
}

/// How moments are told, what relative ones count from, and how long lists may be.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times {
    /// How.
    pub clock: Clock,
    /// Time of the first frame, in nanoseconds since 1970.
    pub start: i64,
    /// Lists in a cell are told whole.
    pub whole: bool,
}

/// The rows of a section that matter most, in their own order.
pub fn most_important(section: &Rows<'_>, count: usize) -> Vec<usize> {
    if section.len() <= count {
        return (0..section.len()).collect();
    }
    // A heap of the best so far: the weakest on top, the later row weaker among equals.
    let mut best: std::collections::BinaryHeap<(std::cmp::Reverse<u64>, usize)> =
        std::collections::BinaryHeap::new();
    for index in 0..section.len() {
        let weight = std::cmp::Reverse(section.weight(index));
        if best.len() == count && best.peek().is_some_and(|weakest| weight >= weakest.0) {
            continue;
        }
        best.push((weight, index));
        if best.len() > count {
            best.pop();
        }
    }
    let mut rows: Vec<usize> = best.into_iter().map(|(_, index)| index).collect();
    rows.sort_unstable();
    rows
}
