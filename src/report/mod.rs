//! What to show and in which order, as neutral tables.
//!
//! A [`Section`] knows its fields (for JSON and CSV, all of them) and its columns (for a
//! terminal, the few that matter). Rows are made when they are written, so a million connections
//! are never held twice.
//!
//! **Invariant:** no formatting for a medium and no escaping here; `render` does both.

mod columns;
pub use columns::moment;
pub mod sections;

use crate::dissect::field::{Kind, Value};
use crate::facts::{Fact, Field};
use crate::query::{Catalogue, FactRow, Filter, FilterError};

/// How one cell of a table is made; the text still has to pass `render`'s gate.
pub type Cell<F> = fn(&F, &Times) -> String;

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

/// How moments are told, and what relative ones count from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times {
    /// How.
    pub clock: Clock,
    /// Time of the first frame, in nanoseconds since 1970.
    pub start: i64,
}

/// A field's name, type and sentence, whatever fact it belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// JSON key and CSV heading.
    pub key: &'static str,
    /// Its type.
    pub kind: Kind,
    /// What it says.
    pub doc: &'static str,
}

/// One kind of fact, ready to be written.
pub trait Section {
    /// Name of the section and JSON key.
    fn name(&self) -> &'static str;
    /// What it shows, in a sentence.
    fn sentence(&self) -> &'static str;
    /// All fields.
    fn fields(&self) -> Vec<Column>;
    /// How many rows there are.
    fn len(&self) -> usize;
    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The values of one row, in the order of `fields`.
    fn row(&self, index: usize, visit: &mut dyn FnMut(&[Option<Value<'_>>]));
    /// Headings of the table for people.
    fn headings(&self) -> Vec<&'static str>;
    /// The cells of one row of that table.
    fn cells(&self, index: usize, times: &Times) -> Vec<String>;
    /// How much a row matters; the table shows those that matter most.
    fn weight(&self, index: usize) -> u64;
    /// Keeps only the rows for which a display filter holds; an empty one holds for all there are.
    fn keep(&mut self, filter: &str) -> Result<(), FilterError>;
}

/// A section whose rows are made by a function.
pub struct Rows<F: Fact, G: Fn(usize) -> Option<F>, W: Fn(usize) -> u64> {
    count: usize,
    get: G,
    columns: &'static [(&'static str, Cell<F>)],
    weight: W,
    /// The rows that a filter kept.
    kept: Option<Vec<usize>>,
}

impl<F: Fact, G: Fn(usize) -> Option<F>, W: Fn(usize) -> u64> Rows<F, G, W> {
    fn get(&self, index: usize) -> Option<F> {
        (self.get)(self.place(index)?)
    }

    /// Where the row is among all.
    fn place(&self, index: usize) -> Option<usize> {
        match &self.kept {
            Some(kept) => kept.get(index).copied(),
            None => Some(index),
        }
    }

    /// `count` rows, made by `get`.
    pub fn new(
        count: usize,
        get: G,
        columns: &'static [(&'static str, Cell<F>)],
        weight: W,
    ) -> Self {
        Rows {
            count,
            get,
            columns,
            weight,
            kept: None,
        }
    }
}

impl<F: Fact, G: Fn(usize) -> Option<F>, W: Fn(usize) -> u64> Section for Rows<F, G, W> {
    fn name(&self) -> &'static str {
        F::SECTION
    }

    fn sentence(&self) -> &'static str {
        F::DOC
    }

    fn fields(&self) -> Vec<Column> {
        F::FIELDS
            .iter()
            .map(|f: &Field<F>| Column {
                key: f.key(),
                kind: f.kind,
                doc: f.doc,
            })
            .collect()
    }

    fn len(&self) -> usize {
        self.kept.as_ref().map_or(self.count, Vec::len)
    }

    fn keep(&mut self, filter: &str) -> Result<(), FilterError> {
        let filter = Filter::parse(filter, &Catalogue::facts::<F>())?;
        let holds = |index: &usize| {
            (self.get)(*index).is_some_and(|fact| {
                filter.holds(&FactRow {
                    fact: &fact,
                    needs: filter.needs(),
                })
            })
        };
        self.kept = Some((0..self.count).filter(holds).collect());
        Ok(())
    }

    fn row(&self, index: usize, visit: &mut dyn FnMut(&[Option<Value<'_>>])) {
        if let Some(fact) = self.get(index) {
            let values: Vec<Option<Value<'_>>> = F::FIELDS.iter().map(|f| (f.get)(&fact)).collect();
            visit(&values);
        }
    }

    fn headings(&self) -> Vec<&'static str> {
        self.columns.iter().map(|c| c.0).collect()
    }

    fn cells(&self, index: usize, times: &Times) -> Vec<String> {
        self.get(index).map_or_else(Vec::new, |fact| {
            self.columns.iter().map(|c| (c.1)(&fact, times)).collect()
        })
    }

    fn weight(&self, index: usize) -> u64 {
        self.place(index).map_or(0, &self.weight)
    }
}

/// The rows of a section that matter most, in their own order.
pub fn most_important(section: &dyn Section, count: usize) -> Vec<usize> {
    if section.len() <= count {
        return (0..section.len()).collect();
    }
    // A heap of the best so far: the weakest on top, the later row weaker among equals.
    let mut best = std::collections::BinaryHeap::new();
    for index in 0..section.len() {
        best.push((std::cmp::Reverse(section.weight(index)), index));
        if best.len() > count {
            best.pop();
        }
    }
    let mut rows: Vec<usize> = best.into_iter().map(|(_, index)| index).collect();
    rows.sort_unstable();
    rows
}
