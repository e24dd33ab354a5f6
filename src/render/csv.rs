//! Comma-separated values (RFC 4180): per section a line with its name, a heading, the rows.

use super::Report;
use super::text::plain;
use crate::facts::Column;
use std::io::{self, Write};

/// One cell: quoted where needed, and never a formula for a spreadsheet.
pub fn csv_cell(text: &str) -> String {
    let text = super::safe(text);
    let text = match text.chars().next() {
        // A number is no formula.
        Some('+' | '-') if text.parse::<f64>().is_ok_and(f64::is_finite) => text,
        _ if text == "-" => text,
        Some('=' | '+' | '-' | '@' | '|' | '%') => format!("'{text}"),
        _ => text,
    };
    if text.contains([',', '"', ' ', '\'', ';']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

pub(super) fn write(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    let sections = &report.sections;
    for (place, rows) in sections.iter().enumerate() {
        if sections.len() > 1 {
            let gap = if place == 0 { "" } else { "\n" };
            writeln!(out, "{gap}# {}", rows.schema.section)?;
        }
        let columns = &rows.schema.columns;
        let keys: Vec<&str> = columns.iter().map(Column::key).collect();
        writeln!(out, "{}", keys.join(","))?;
        for index in 0..rows.len() {
            let Some(record) = rows.get(index) else {
                continue;
            };
            let cells: Vec<String> = (0..columns.len())
                .map(|field| {
                    let value = record.value(field);
                    value.map_or_else(String::new, |v| csv_cell(&plain(&v, &report.times)))
                })
                .collect();
            writeln!(out, "{}", cells.join(","))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_is_disarmed_and_a_negative_number_is_not() {
        assert_eq!(csv_cell("=1+1"), "\"'=1+1\"");
        assert_eq!(csv_cell("-0.5"), "-0.5");
        assert_eq!(
            csv_cell("-2+cmd|' /C calc'!A0"),
            "\"'-2+cmd|' /C calc'!A0\""
        );
        assert_eq!(csv_cell("a,\"b\""), "\"a,\"\"b\"\"\"");
    }
}
