//! Tables for people, as wide as the terminal.

use super::{Extent, Line, safe};
use crate::report::{Section, Times, most_important};
use comfy_table::{ContentArrangement, Table, presets};
use std::io::{self, Write};

pub(super) fn write(
    out: &mut dyn Write,
    summary: &[Line],
    sections: &[Box<dyn Section + '_>],
    times: &Times,
    extent: Extent,
) -> io::Result<()> {
    for text in summary.iter().filter_map(|line| line.text.as_deref()) {
        writeln!(out, "{}", safe(text))?;
    }
    for section in sections {
        let title = section.name().replace('_', " ");
        writeln!(out, "\n{} ({})", title.to_uppercase(), section.len())?;
        writeln!(out, "{}", section.sentence())?;
        let rows = most_important(section.as_ref(), extent.rows);
        let mut table = Table::new();
        table.load_style(presets::UTF8_HORIZONTAL_ONLY);
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(extent.width);
        let cells: Vec<Vec<String>> = rows
            .iter()
            .map(|row| section.cells(*row, times).iter().map(|c| safe(c)).collect())
            .collect();
        // A column in which nothing is said is left out.
        let headings = section.headings();
        let said: Vec<bool> = (0..headings.len())
            .map(|column| cells.iter().any(|row| row.get(column).is_some_and(|c| !c.is_empty())))
            .collect();
        let keep = |row: Vec<String>| row.into_iter().zip(&said).filter(|c| *c.1).map(|c| c.0).collect::<Vec<_>>();
        table.set_header(keep(headings.into_iter().map(str::to_owned).collect()));
        for row in cells {
            table.add_row(keep(row));
        }
        for line in table.lines() {
            writeln!(out, "{}", line.trim_end())?;
        }
        if rows.len() < section.len() {
            writeln!(
                out,
                "Shown: the {} rows that matter most; {} more with --all, or --format csv --section {}.",
                rows.len(),
                section.len() - rows.len(),
                section.name()
            )?;
        }
    }
    Ok(())
}
