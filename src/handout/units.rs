//! Units of time: what fields count in, and what an answer is told in.

use super::Datum;
use super::format::{Part, Type};

/// The units a `duration` may have.
pub const NAMES: &[&str] = &["ns", "µs", "us", "ms", "s", "min", "h"];

/// Nanoseconds of a unit.
pub fn of(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1.0,
        "µs" | "us" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "min" => 60e9,
        "h" => 3600e9,
        _ => return None,
    })
}

/// Nanoseconds of the unit that a field's name ends with: `_ms`, `_seconds`.
fn of_field(name: &str) -> Option<f64> {
    match name {
        name if name.ends_with("_ms") => Some(1e6),
        name if name.ends_with("_seconds")
            || name.ends_with("_time")
            || name.ends_with("_value") =>
        {
            Some(1e9)
        }
        _ => None,
    }
}

/// Values of a `duration` as spans, whatever their fields count in; other values stay.
pub fn settle(part: &Part, fields: &[String], values: Vec<Datum>) -> Vec<Datum> {
    if *part.kind.get_ref() != Type::Duration {
        return values;
    }
    let own = part.unit.as_deref().and_then(of);
    let unit = match fields {
        // A constant is in the part's own unit.
        [] => own.or(Some(1e9)),
        fields => fields.iter().find_map(|name| of_field(name)).or(own),
    };
    let span = |datum: Datum| match (datum.as_float(), unit) {
        (Some(_), _) if matches!(datum, Datum::Duration(_)) => datum,
        (Some(n), Some(unit)) => nanoseconds(n * unit).map_or(datum, Datum::Duration),
        _ => datum,
    };
    values.into_iter().map(span).collect()
}

fn nanoseconds(n: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "checked to fit")]
    (n.abs() < 9e18).then(|| n.round() as i64)
}

/// A span in a part's unit, without idle digits.
pub fn told(part: &Part, nanoseconds: i64) -> String {
    let unit = part.unit.as_deref().unwrap_or("s");
    let Some(each) = of(unit) else {
        return Datum::Duration(nanoseconds).to_string();
    };
    // By whole numbers where the unit is a power of ten.
    let digits = match unit {
        "s" => 9usize,
        "ms" => 6,
        "µs" | "us" => 3,
        "ns" => 0,
        _ => {
            #[expect(clippy::cast_precision_loss, reason = "minutes and hours")]
            let value = nanoseconds as f64 / each;
            return super::value::decimals(value);
        }
    };
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let scale = 10u64.pow(u32::try_from(digits).unwrap_or(0));
    let (whole, rest) = (
        nanoseconds.unsigned_abs() / scale,
        nanoseconds.unsigned_abs() % scale,
    );
    if rest == 0 {
        return format!("{sign}{whole}");
    }
    let text = format!("{sign}{whole}.{rest:0digits$}");
    text.trim_end_matches('0').to_owned()
}
