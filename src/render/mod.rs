//! Sections as tables, JSON, CSV and Markdown.
//!
//! **Invariant:** this is the only place that makes text safe: whatever comes from a capture
//! passes [`safe`] (terminal), [`json_text`], [`csv_cell`] or [`markdown_cell`] on its way out.

mod colour;
mod csv;
mod json;
mod markdown;
mod table;
mod text;
mod wrap;

pub use colour::Colour;
pub use csv::csv_cell;
pub use json::json_text;
pub use markdown::markdown_cell;
pub use text::safe;

use crate::facts::Rows;
use crate::facts::capture::Capture;
use crate::report::Times;
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

/// A report, ready to be written.
pub struct Report<'a> {
    /// What the capture is.
    pub capture: Capture,
    /// What people read first.
    pub lines: Vec<String>,
    /// The facts, section by section.
    pub sections: Vec<Rows<'a>>,
    /// How moments are told.
    pub times: Times,
    /// How much of it.
    pub extent: Extent,
    /// Whether tables are coloured.
    pub colour: Colour,
    /// Whether JSON says why fields are absent, and which frames prove those that are not.
    pub why: bool,
}

/// Writes a table by itself, its headings first, as wide as it may be.
pub fn table(out: &mut dyn Write, rows: Vec<Vec<String>>, width: u16) -> io::Result<()> {
    table::table(
        out,
        rows,
        &Times::default(),
        usize::from(width),
        Colour::Never,
    )
}

/// Writes a report.
pub fn write(out: &mut dyn Write, format: Format, report: &Report<'_>) -> io::Result<()> {
    match format {
        Format::Table => table::write(out, report),
        Format::Json => json::write(out, report),
        Format::Csv => csv::write(out, report),
        Format::Markdown => markdown::write(out, report),
    }
}
