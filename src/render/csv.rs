//! Comma-separated values (RFC 4180): per section a line with its name, a heading, the rows.

use super::text::plain;
use crate::report::{Section, Times};
use std::io::{self, Write};

/// One cell: quoted where needed, and never a formula for a spreadsheet.
pub fn csv_cell(text: &str) -> String {
    let text = super::safe(text);
    let text = match text.chars().next() {
        // A negative number is no formula.
        Some('-') if text[1..].starts_with(|c: char| c.is_ascii_digit()) => text,
        Some('=' | '+' | '-' | '@') => format!("'{text}"),
        _ => text,
    };
    if text.contains([',', '"', ' ', '\'']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

pub(super) fn write(
    out: &mut dyn Write,
    sections: &[Box<dyn Section + '_>],
    times: &Times,
) -> io::Result<()> {
    for (place, section) in sections.iter().enumerate() {
        if sections.len() > 1 {
            writeln!(
                out,
                "{}# {}",
                if place == 0 { "" } else { "\n" },
                section.name()
            )?;
        }
        let keys: Vec<&str> = section.fields().iter().map(|f| f.key).collect();
        writeln!(out, "{}", keys.join(","))?;
        for row in 0..section.len() {
            let mut line = String::new();
            section.row(row, &mut |values| {
                let cells: Vec<String> = values
                    .iter()
                    .map(|value| {
                        value
                            .as_ref()
                            .map_or_else(String::new, |v| csv_cell(&plain(v, times)))
                    })
                    .collect();
                line = cells.join(",");
            });
            writeln!(out, "{line}")?;
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
        assert_eq!(csv_cell("a,\"b\""), "\"a,\"\"b\"\"\"");
    }
}
