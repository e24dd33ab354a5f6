//! Terms and filters as they are read from their texts, each text once for each worker.

use super::plan::{Table, field};
use crate::query::{Catalogue, Expression, Filter};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use std::cell::RefCell;
use std::rc::Rc;

/// A field or calculation over a table, ready to be read of many things.
pub struct Term {
    pub(super) catalogue: &'static Catalogue,
    pub(super) expression: Rc<Expression>,
}

/// What was read from a text, kept for the next capture: the same few hundred texts are read for every
/// hand-in of a class. A text belongs to a catalogue.
struct Read<T>(RefCell<Texts<T>>);

/// By the place of the catalogue and the text; nothing where the text is none.
type Texts<T> = HashMap<(usize, String), Option<Rc<T>>, FixedState>;

impl<T> Read<T> {
    /// So many are kept before it begins anew.
    const MOST: usize = 1024;

    const fn new() -> Read<T> {
        Read(RefCell::new(HashMap::with_hasher(FixedState::with_seed(3))))
    }

    fn get(
        &self,
        catalogue: &'static Catalogue,
        text: &str,
        read: impl FnOnce() -> Option<T>,
    ) -> Option<Rc<T>> {
        let key = (std::ptr::from_ref(catalogue).addr(), text.to_owned());
        if let Some(known) = self.0.borrow().get(&key) {
            return known.clone();
        }
        let new = read().map(Rc::new);
        let mut all = self.0.borrow_mut();
        if all.len() >= Self::MOST {
            all.clear();
        }
        all.insert(key, new.clone());
        new
    }
}

thread_local! {
    static TERMS: Read<Expression> = const { Read::new() };
    static FILTERS: Read<Filter> = const { Read::new() };
}

/// Reads a filter; `None` when it is none.
pub(super) fn filter(text: &str, catalogue: &'static Catalogue) -> Option<Rc<Filter>> {
    FILTERS.with(|read| read.get(catalogue, text, || Filter::parse(text, catalogue).ok()))
}

impl Term {
    /// Reads a term; `None` when the table has no such field.
    pub fn new(table: Table, text: &str) -> Option<Term> {
        let catalogue = table.catalogue();
        let expression = TERMS.with(|read| {
            read.get(catalogue, text, || {
                let text = field(catalogue, text).map_or(text, |id| catalogue.entry(id).name);
                Expression::parse(text, catalogue).ok()
            })
        });
        Some(Term {
            catalogue,
            expression: expression?,
        })
    }
}
