//! How the values of several things become one.

use crate::handout::Datum;
use crate::handout::format::Over;
use std::collections::HashSet;

/// Each value once, in the order of the first.
fn each_once(values: Vec<Datum>) -> Vec<Datum> {
    // Most are few; of many, those that are told alike are the same.
    let mut known: HashSet<String> = HashSet::new();
    let new = |value: &Datum| known.insert(format!("{value:?}"));
    values.into_iter().filter(new).collect()
}

/// One value, or a few, of the values of several things.
pub(super) fn reduce(over: Over, values: Vec<Datum>) -> Vec<Datum> {
    if over == Over::Set {
        return each_once(values);
    }
    if over == Over::Different {
        let count = i128::try_from(each_once(values).len());
        return vec![Datum::number(count.unwrap_or(i128::MAX))];
    }
    let numbers: Vec<f64> = values.iter().filter_map(Datum::as_float).collect();
    // Moments by whole numbers: a float has not digits enough for them.
    let moments = values.iter().map(|value| match value {
        Datum::Duration(n) | Datum::Time(n) => Some(*n),
        _ => None,
    });
    let moments: Option<Vec<i64>> = moments.collect();
    let between = |from: &i64, to: &i64| Datum::Duration(to.saturating_sub(*from));
    match (over, moments.as_deref()) {
        (Over::Span, Some([first, .., last])) => return vec![between(first, last)],
        (Over::Steps, Some(all)) => {
            return all
                .windows(2)
                .map(|two| between(&two[0], &two[1]))
                .collect();
        }
        _ => {}
    }
    let Some(first) = numbers.first() else {
        return Vec::new();
    };
    if over == Over::Steps {
        let steps = numbers.windows(2).map(|pair| pair[1] - pair[0]);
        return steps.map(|step| calculated(step, &values)).collect();
    }
    let best = |wanted: f64| {
        values
            .iter()
            .find(|v| v.as_float() == Some(wanted))
            .cloned()
    };
    let fold = |f: fn(f64, f64) -> f64| numbers.iter().copied().fold(*first, f);
    let result = match over {
        Over::Min => return best(fold(f64::min)).into_iter().collect(),
        Over::Max => return best(fold(f64::max)).into_iter().collect(),
        Over::Sum => numbers.iter().sum(),
        #[expect(clippy::cast_precision_loss, reason = "a count of frames")]
        Over::Mean => numbers.iter().sum::<f64>() / numbers.len() as f64,
        Over::Span => numbers.last().copied().unwrap_or(*first) - first,
        Over::Count | Over::Different | Over::Set | Over::Steps => return values,
    };
    vec![calculated(result, &values)]
}

/// A calculated number, of the type of those it was made of.
fn calculated(result: f64, of: &[Datum]) -> Datum {
    let spans = of.iter().all(|v| matches!(v, Datum::Duration(_)));
    let whole = of.iter().all(|v| matches!(v, Datum::Number { .. })) && result.fract() == 0.0;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "checked to be whole and small"
    )]
    match result.abs() < 9e9 {
        true if spans => Datum::Duration((result * 1e9).round() as i64),
        _ if whole && result.abs() < 9e15 => Datum::number(result as i64),
        _ => Datum::Float(result),
    }
}
