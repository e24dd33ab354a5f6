//! Markdown: a heading per section and a pipe table.

use super::Report;
use crate::report::{columns, most_important};
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

pub(super) fn write(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    for text in &report.lines {
        writeln!(out, "{}  ", markdown_cell(text))?;
    }
    for rows in &report.sections {
        let section = rows.schema.section;
        let doc = markdown_cell(rows.schema.doc);
        writeln!(out, "\n## {section}\n\n{doc}\n")?;
        let columns = columns::of(section);
        let headings: Vec<&str> = columns.iter().map(|c| c.0).collect();
        writeln!(out, "| {} |", headings.join(" | "))?;
        writeln!(out, "|{}", " --- |".repeat(headings.len()))?;
        let shown = most_important(rows, report.extent.rows);
        for row in &shown {
            let Some(record) = rows.get(*row) else {
                continue;
            };
            let cells = columns
                .iter()
                .map(|c| (c.1)(record.as_ref(), &report.times));
            let cells: Vec<String> = cells.map(|c| markdown_cell(&c)).collect();
            writeln!(out, "| {} |", cells.join(" | "))?;
        }
        if shown.len() < rows.len() {
            writeln!(
                out,
                "\n{} more rows: add `--all`.",
                rows.len() - shown.len()
            )?;
        }
    }
    Ok(())
}
