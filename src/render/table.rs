//! Tables for people, as wide as the terminal.

use super::{Extent, Line, safe};
use crate::report::{Section, Times, most_important};
use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets};
use std::io::{self, Write};

/// Keeps short columns on one line and lets only the widest ones wrap.
fn narrow(table: &mut Table, width: u16) {
    let widths = table.column_max_content_widths();
    let total: usize = widths.iter().map(|w| usize::from(*w) + 2).sum();
    let mut excess = total.saturating_sub(usize::from(width));
    let mut order: Vec<usize> = (0..widths.len()).collect();
    order.sort_by_key(|column| std::cmp::Reverse(widths[*column]));
    let mut wrapped = 0;
    for column in &order {
        if excess == 0 {
            break;
        }
        // A column that wraps keeps at least this much.
        let give = usize::from(widths[*column]).saturating_sub(16);
        excess = excess.saturating_sub(give);
        wrapped += 1;
    }
    for column in order.into_iter().skip(wrapped) {
        if let Some(column) = table.column_mut(column) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
}

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
        table.load_style(presets::NOTHING);
        table
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(extent.width);
        let cells: Vec<Vec<String>> = rows
            .iter()
            .map(|row| section.cells(*row, times).iter().map(|c| safe(c)).collect())
            .collect();
        // A column in which nothing is said is left out.
        let headings = section.headings();
        let said: Vec<bool> = (0..headings.len())
            .map(|column| {
                cells
                    .iter()
                    .any(|row| row.get(column).is_some_and(|c| !c.is_empty()))
            })
            .collect();
        let keep = |row: Vec<String>| {
            row.into_iter()
                .zip(&said)
                .filter(|c| *c.1)
                .map(|c| c.0)
                .collect::<Vec<_>>()
        };
        table.set_header(keep(headings.into_iter().map(str::to_owned).collect()));
        for row in cells {
            table.add_row(keep(row));
        }
        narrow(&mut table, extent.width);
        for (place, line) in table.lines().enumerate() {
            writeln!(out, "{}", line.trim_end())?;
            if place == 0 {
                writeln!(
                    out,
                    "{}",
                    "─".repeat(line.trim_end().chars().count().max(20))
                )?;
            }
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
