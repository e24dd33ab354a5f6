//! Field names and Wireshark's display filters, over frames and over facts alike.
//!
//! A filter's text becomes tokens (`lexer`), a tree (`parser`), and code in which every name is
//! a slot and every literal has its type (`check`). The code runs over a [`Row`]: something that
//! hands over the values of a slot. [`frames`] makes rows of a capture's frames, [`FactRow`] of
//! facts.
//!
//! **Invariant:** nothing about traffic is computed here; values come from `dissect`, `track` and
//! `facts`.

mod advice;
pub mod catalogue;
mod check;
mod code;
pub mod columns;
pub mod details;
mod error;
mod eval;
pub mod expert;
pub mod expression;
mod following;
pub mod frames;
mod known;
mod lexer;
mod link;
mod literal;
pub mod moment;
pub mod notes;
mod parser;
mod plan;
pub mod print;
#[cfg(test)]
mod tests;

pub use catalogue::{Catalogue, Entry, EntryId};
pub use error::{Cause, FilterError};
pub use eval::{Cell, Row};
pub use expression::Expression;
pub use frames::{Seen, Session, SessionError};
pub use plan::{Plan, Values};

use crate::facts;

/// A display filter, ready to run.
#[derive(Debug)]
pub struct Filter {
    code: code::Code,
    needs: Vec<EntryId>,
}

impl Filter {
    /// Reads a filter in Wireshark's language. An empty one holds for everything.
    pub fn parse(text: &str, catalogue: &Catalogue) -> Result<Filter, FilterError> {
        Filter::read(text, catalogue).map_err(|error| advice::add(text, error, catalogue))
    }

    fn read(text: &str, catalogue: &Catalogue) -> Result<Filter, FilterError> {
        let Some(test) = parser::parse(text)? else {
            return Ok(Filter {
                code: code::Code::Always,
                needs: Vec::new(),
            });
        };
        let mut checker = check::Checker {
            on_paper: false,
            catalogue,
            needs: Vec::new(),
        };
        let code = checker.test(&test)?;
        Ok(Filter {
            code,
            needs: checker.needs,
        })
    }

    /// The fields it reads. A row's slots count in this order.
    pub fn needs(&self) -> &[EntryId] {
        &self.needs
    }

    /// Whether it holds for a row.
    pub fn holds(&self, row: &dyn Row) -> bool {
        self.code.holds(row)
    }
}

/// A fact as a row.
pub struct FactRow<'f> {
    /// The fact.
    pub fact: &'f dyn facts::Record,
    /// The filter's fields.
    pub needs: &'f [EntryId],
}

impl Row for FactRow<'_> {
    fn visit(&self, slot: usize, visitor: &mut dyn FnMut(Cell<'_, '_>) -> bool) -> bool {
        // A catalogue of facts has its entries in the order of the table.
        let field = self.needs.get(slot).map(|id| usize::from(id.0));
        let Some(value) = field.and_then(|field| self.fact.value(field)) else {
            return false;
        };
        visitor(Cell {
            value: &value,
            layer: 1,
            length: None,
        })
    }
}

/// Keeps the facts for which a filter holds.
pub fn keep(rows: &mut facts::Rows<'_>, filter: &Filter) {
    let needs = filter.needs();
    rows.keep(|fact| filter.holds(&FactRow { fact, needs }));
}
