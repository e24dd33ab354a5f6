//! Markdown: a heading per section and a pipe table.

use super::{Extent, Line};
use crate::report::{Section, Times, most_important};
use std::io::{self, Write};

/// One cell, with Markdown's and HTML's own characters made plain.
pub fn markdown_cell(text: &str) -> String {
    let mut result = String::new();
    for c in super::safe(text).chars() {
        if matches!(
            c,
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '#' | '!'
        ) {
            result.push('\\');
        }
        result.push(c);
    }
    result
}

pub(super) fn write(
    out: &mut dyn Write,
    summary: &[Line],
    sections: &[Box<dyn Section + '_>],
    times: &Times,
    extent: Extent,
) -> io::Result<()> {
    for text in summary.iter().filter_map(|line| line.text.as_deref()) {
        writeln!(out, "{}  ", markdown_cell(text))?;
    }
    for section in sections {
        writeln!(
            out,
            "\n## {}\n\n{}\n",
            section.name(),
            markdown_cell(section.sentence())
        )?;
        let headings = section.headings();
        writeln!(out, "| {} |", headings.join(" | "))?;
        writeln!(out, "|{}", " --- |".repeat(headings.len()))?;
        let rows = most_important(section.as_ref(), extent.rows);
        for row in &rows {
            let cells: Vec<String> = section
                .cells(*row, times)
                .iter()
                .map(|c| markdown_cell(c))
                .collect();
            writeln!(out, "| {} |", cells.join(" | "))?;
        }
        if rows.len() < section.len() {
            writeln!(
                out,
                "\n{} more rows: add `--all`.",
                section.len() - rows.len()
            )?;
        }
    }
    Ok(())
}
