//! What can be said about traffic: flat records, each with a table of named, documented fields.
//!
//! A fact is joined to others by number (`stream`, `frame`), never nested. What the capture
//! cannot tell is `None`, never zero. A bare number ends in its unit (`_bytes`, `_ms`).
//!
//! **Invariant:** nothing is computed here; `track` fills the records, `render` writes them.

use crate::dissect::field::{Kind, Value};

/// One column of a fact.
pub struct Field<F: 'static> {
    /// Full name, the fact's name first: `connection.client_port`. The part after the dot is the
    /// JSON key and the CSV heading.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// One sentence a student can read.
    pub doc: &'static str,
    /// Reads it; `None` is unknown.
    pub get: for<'a> fn(&'a F) -> Option<Value<'a>>,
}

impl<F> Field<F> {
    /// The name without the fact's: the JSON key.
    pub fn key(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(_, key)| key)
    }
}

/// A kind of fact.
pub trait Fact: Sized + 'static {
    /// The section it is reported in, and its JSON key: `connections`.
    const SECTION: &'static str;
    /// One sentence that says what the section shows.
    const DOC: &'static str;
    /// Its fields.
    const FIELDS: &'static [Field<Self>];
}
