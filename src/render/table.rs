//! Tables for people, as wide as the terminal.

use super::wrap::{floor, wrap};
use super::{Colour, Report, safe};
use crate::facts::Fact;
use crate::facts::ip::Hop;
use crate::report::{Clock, Times, WHEN, columns, hops, most_important};
use comfy_table::{ContentArrangement, Table, presets};
use std::io::{self, Write};

/// Characters around a cell.
const PADDING: usize = 2;
/// A column that wraps keeps at least this much.
const LEAST: usize = 6;

pub(super) fn write(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    let width = usize::from(report.extent.width);
    let colour = report.colour;
    for text in &report.lines {
        for line in wrap(&safe(text), width) {
            writeln!(out, "{}", colour.line(&line))?;
        }
    }
    for section in &report.sections {
        let name = section.schema.section;
        let title = name.replace('_', " ");
        let title = format!("{} ({})", title.to_uppercase(), section.len());
        writeln!(out, "\n{}", colour.heading(&title))?;
        paragraph(out, section.schema.doc, width)?;
        if name == Hop::SECTION {
            let headings = hops::HEADINGS.map(str::to_owned).to_vec();
            let lines = hops::lines(section, &report.times);
            let left = lines.len().saturating_sub(report.extent.rows);
            let shown = lines.into_iter().take(report.extent.rows);
            let rows = std::iter::once(headings).chain(shown).collect();
            table(out, rows, &report.times, width, colour)?;
            if left > 0 {
                paragraph(
                    out,
                    &format!("{left} more hardware addresses with --all."),
                    width,
                )?;
            }
            continue;
        }
        let shown = most_important(section, report.extent.rows);
        let columns = columns::of(name);
        let mut lines = vec![columns.iter().map(|c| c.0.to_owned()).collect()];
        lines.extend(shown.iter().filter_map(|row| {
            let record = section.get(*row)?;
            let cells = columns
                .iter()
                .map(|c| (c.1)(record.as_ref(), &report.times));
            Some(cells.collect())
        }));
        table(out, lines, &report.times, width, colour)?;
        if shown.len() < section.len() {
            let left = section.len() - shown.len();
            let weighs = (0..section.len()).any(|row| section.weight(row) != section.weight(0));
            let (shown_count, all) = (shown.len(), section.len());
            let which = match shown.iter().filter(|row| section.stands_out(**row)).count() {
                // They are alike, or larger than others, which makes nobody look.
                _ if !weighs => format!("the {shown_count} first rows"),
                0 => format!("{shown_count} of {all} rows, the largest"),
                count if count == shown_count => format!("the {count} rows that stand out"),
                count => format!(
                    "{count} rows that stand out and {} others",
                    shown_count - count
                ),
            };
            let more = format!(
                "Shown: {which}; {left} more with --all, or --format csv --section {name}."
            );
            paragraph(out, &more, width)?;
        }
    }
    Ok(())
}

fn paragraph(out: &mut dyn Write, text: &str, width: usize) -> io::Result<()> {
    for line in wrap(&safe(text), width) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// The first of `rows` is the heading.
pub(super) fn table(
    out: &mut dyn Write,
    rows: Vec<Vec<String>>,
    times: &Times,
    width: usize,
    colour: Colour,
) -> io::Result<()> {
    let mut rows: Vec<Vec<String>> = rows
        .into_iter()
        .map(|row| row.iter().map(|cell| safe(cell)).collect())
        .collect();
    let leave_out = |rows: &mut Vec<Vec<String>>, column: usize| {
        for row in rows {
            row.remove(column);
        }
    };
    // A column in which nothing is said is left out.
    for column in (0..rows.first().map_or(0, Vec::len)).rev() {
        if rows.iter().skip(1).all(|row| row[column].is_empty()) {
            leave_out(&mut rows, column);
        }
    }
    // So are relative times when there is no room; who asks for dates shall have them.
    let when = rows.first().and_then(|r| r.iter().position(|h| h == WHEN));
    if let Some(column) = when
        && times.clock == Clock::Relative
        && wanted(&rows) > width
    {
        leave_out(&mut rows, column);
    }
    let widths = widths(&rows, width);
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    let mut heading = 1;
    for (place, row) in rows.iter().enumerate() {
        let wrapped: Vec<Vec<String>> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| wrap(cell, *width))
            .collect();
        let cells = wrapped.iter().map(|lines| lines.join("\n"));
        if place == 0 {
            heading = wrapped.iter().map(Vec::len).max().unwrap_or(1);
            table.set_header(cells);
        } else {
            table.add_row(cells);
        }
    }
    let lines: Vec<String> = table.lines().map(|l| l.trim_end().to_owned()).collect();
    let longest = lines.iter().map(|l| l.chars().count()).max().unwrap_or(0);
    for (place, line) in lines.iter().enumerate() {
        writeln!(out, "{}", colour.line(line))?;
        if place + 1 == heading {
            writeln!(out, "{}", "─".repeat(longest))?;
        }
    }
    Ok(())
}

/// The largest measure of each column.
fn most(rows: &[Vec<String>], measure: fn(&str) -> usize) -> Vec<usize> {
    (0..rows.first().map_or(0, Vec::len))
        .map(|column| {
            let cells = rows.iter().map(|row| measure(&row[column]));
            cells.max().unwrap_or(0)
        })
        .collect()
}

/// How wide a table would be without a broken line.
fn wanted(rows: &[Vec<String>]) -> usize {
    let widths = most(rows, |cell| cell.chars().count());
    widths.iter().map(|width| width + PADDING).sum()
}

/// What the widest column, which is prose or a name, keeps before the others give way.
const PROSE: usize = 44;
/// What the others give way to first.
const SHORT: usize = 16;

/// How wide each column may be: as wide as it wants, or else the widest give way, first down to
/// what keeps words and addresses whole.
fn widths(rows: &[Vec<String>], width: usize) -> Vec<usize> {
    let columns = rows.first().map_or(0, Vec::len);
    let mut widths = most(rows, |cell| cell.chars().count());
    let whole = most(rows, floor);
    let prose = (0..columns).max_by_key(|c| widths[*c]);
    let stage = |least: &dyn Fn(usize) -> usize| -> Vec<usize> {
        let keep = |column| {
            if Some(column) == prose {
                PROSE
            } else {
                least(column)
            }
        };
        (0..columns).map(keep).collect()
    };
    let natural = widths.clone();
    let stages = [
        stage(&|column| natural[column]),
        stage(&|column| whole[column].max(SHORT)),
        whole.clone(),
        vec![LEAST; columns],
    ];
    let room = width.saturating_sub(columns * PADDING);
    for floors in stages {
        while widths.iter().sum::<usize>() > room {
            let widest = (0..columns)
                .filter(|c| widths[*c] > floors[*c])
                .max_by_key(|c| widths[*c]);
            match widest {
                Some(column) => widths[column] -= 1,
                None => break,
            }
        }
    }
    spread(rows, &natural, widths, room)
}

/// Gives the room that lines broken at good places leave back: to columns that then need no
/// break at all, and what is left to the widest.
fn spread(
    rows: &[Vec<String>],
    natural: &[usize],
    mut widths: Vec<usize>,
    room: usize,
) -> Vec<usize> {
    if widths == natural {
        return widths;
    }
    for (column, width) in widths.iter_mut().enumerate() {
        let lines = rows.iter().flat_map(|row| wrap(&row[column], *width));
        *width = lines.map(|line| line.chars().count()).max().unwrap_or(0);
    }
    let mut slack = room.saturating_sub(widths.iter().sum());
    let mut order: Vec<usize> = (0..widths.len()).collect();
    order.sort_by_key(|c| natural[*c] - widths[*c]);
    for column in &order {
        let missing = natural[*column] - widths[*column];
        if missing <= slack {
            widths[*column] += missing;
            slack -= missing;
        }
    }
    if let Some(widest) = order.last() {
        widths[*widest] = natural[*widest].min(widths[*widest] + slack);
    }
    widths
}
