//! Sections as tables, JSON, CSV and Markdown.
//!
//! **Invariant:** this is the only place that makes text safe: whatever comes from a capture
//! passes [`safe`] (terminal), [`json_text`], [`csv_cell`] or [`markdown_cell`] on its way out.

mod csv;
mod json;
mod markdown;
mod table;
mod text;
mod wrap;

pub use csv::csv_cell;
pub use json::json_text;
pub use markdown::markdown_cell;
pub use text::safe;

use crate::report::{Section, Times};
use std::io::{self, Write};

/// How to write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Tables for people.
    #[default]
    Table,
    /// One JSON object.
    Json,
    /// Comma-separated values, a heading line per section.
    Csv,
    /// Markdown tables.
    Markdown,
}

/// How much of it.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// Most rows of a table for people.
    pub rows: usize,
    /// Characters a line of a table may have.
    pub width: u16,
}

/// One line of the summary: key, heading for people, value.
pub struct Line {
    /// JSON key.
    pub key: &'static str,
    /// The value, already of its JSON type.
    pub value: Scalar,
    /// What people read, if anything.
    pub text: Option<String>,
}

/// A value of the summary.
pub enum Scalar {
    /// Unknown.
    Null,
    /// A number, as written.
    Number(String),
    /// Text.
    Text(String),
    /// Several texts.
    List(Vec<String>),
}

/// Writes a report: the summary, then the sections.
pub fn write(
    out: &mut dyn Write,
    format: Format,
    summary: &[Line],
    sections: &[Box<dyn Section + '_>],
    times: &Times,
    extent: Extent,
) -> io::Result<()> {
    match format {
        Format::Table => table::write(out, summary, sections, times, extent),
        Format::Json => json::write(out, summary, sections, times),
        Format::Csv => csv::write(out, sections, times),
        Format::Markdown => markdown::write(out, summary, sections, times, extent),
    }
}
