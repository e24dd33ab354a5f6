//! A claim against the key: right, partly, wrong, or for a person to see; and why it is wrong.

use super::bounds::Bound;
use super::claim::{Claim, Claimed};
use super::token::Unit;
use crate::handout::answer::constants;
use crate::handout::format::{Names, Optional, Part, Take, Type};
use crate::handout::names::table;
use crate::handout::units;
use crate::handout::value::{self, decimals};
use crate::handout::{Answer, Datum};
use std::net::IpAddr;

/// What is said of an answer.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub enum Verdict {
    /// It is right.
    Right,
    /// Some of it is.
    Partly,
    /// It is wrong.
    Wrong,
    /// There is none.
    Missing,
    /// A person has to look.
    Review,
    /// The captures handed in do not give the key.
    NoCapture,
}

impl Verdict {
    /// The word it is told by.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Right => "right",
            Verdict::Partly => "partly",
            Verdict::Wrong => "wrong",
            Verdict::Missing => "missing",
            Verdict::Review => "review",
            Verdict::NoCapture => "no-capture",
        }
    }
}

/// The verdict on one part, with its reason.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Outcome {
    /// What is said.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
    /// How much of the points is given or suggested, from 0 to 1.
    pub share: f64,
}

impl Outcome {
    fn new(verdict: Verdict, reason: impl Into<String>) -> Outcome {
        Outcome {
            verdict,
            reason: reason.into(),
            share: match verdict {
                Verdict::Right => 1.0,
                Verdict::Partly | Verdict::Review => 0.5,
                _ => 0.0,
            },
        }
    }
}

/// How far a claim fits a key.
#[derive(Clone, Debug, PartialEq)]
enum Fit {
    Yes,
    /// Some of it: what is missing or too much, and how much of it is told.
    Some(String, f64),
    No,
}

/// Compares a claim with the answer that the student's own captures give.
pub fn compare(part: &Part, answer: &Answer, claim: Option<&Claim>) -> Outcome {
    let Some(claim) = claim else {
        return Outcome::new(Verdict::Missing, "nothing is written for this part");
    };
    let kind = *part.kind.get_ref();
    if let Some(missing) = &answer.missing {
        return without_key(part, claim, missing);
    }
    let fit = fit(part, kind, &answer.values, &answer.text, &claim.value);
    if claim.value == Claimed::Vague && claim.elsewhere {
        return Outcome::new(
            Verdict::Review,
            "the report does not name this question, and has text that may answer it",
        );
    }
    if claim.value == Claimed::Vague && claim.unplain {
        let why = "no value was read from these words, which may answer it";
        let mut outcome = Outcome::new(Verdict::Review, why);
        outcome.share = 0.0;
        return outcome;
    }
    if claim.value == Claimed::Vague {
        return Outcome::new(Verdict::Review, "something is said, but not plainly what");
    }
    // Two names of which neither is the key's are both wrong.
    let key = name_of(part, &answer.values, &answer.text);
    let either = |other: &str| {
        // A message that the program does not see, and the program that sees nothing, go together.
        let silent = other.split(" / ").all(super::names::silence) && !claim.text.contains(" or ");
        fit != Fit::No && !silent
            || fit == Fit::No && !matches!(claim.value, Claimed::Name(_))
            || other.split(" / ").any(|o| o.eq_ignore_ascii_case(&key))
    };
    if let Some(other) = claim.conflict.as_ref().filter(|o| either(o)) {
        return Outcome::new(
            Verdict::Review,
            format!("it says two things that exclude each other ({other} as well)"),
        );
    }
    if let Some(bound) = claim
        .bound
        .filter(|b| fit != Fit::No || admits(*b, answer, claim))
    {
        return Outcome::new(Verdict::Review, bound.words());
    }
    if claim.two_ways {
        return Outcome::new(
            Verdict::Review,
            "the number can be read in two ways or is rounded, and may be the right one",
        );
    }
    if fit == Fit::No && claim.unplain {
        return Outcome::new(
            Verdict::Review,
            "the right value is in the answer, but it is not plain which value is meant for this part",
        );
    }
    if claim.elsewhere {
        let mut outcome = Outcome::new(
            Verdict::Review,
            "the right value is in the report, but not where this part is answered",
        );
        outcome.share = if fit == Fit::Yes { 1.0 } else { 0.0 };
        return outcome;
    }
    if claim.hedged {
        let mut outcome = Outcome::new(Verdict::Review, "the student is not sure");
        outcome.share = match fit {
            Fit::Yes => 1.0,
            Fit::Some(_, share) => share,
            Fit::No => 0.0,
        };
        return outcome;
    }
    if part.review {
        let mut outcome = Outcome::new(Verdict::Review, "a person decides this part");
        outcome.share = if fit == Fit::Yes { 1.0 } else { 0.0 };
        if fit == Fit::Yes {
            outcome.reason.push_str("; it fits the key");
        }
        return outcome;
    }
    match fit {
        Fit::Yes => Outcome::new(Verdict::Right, "it is what the capture shows"),
        Fit::Some(missing, share) => Outcome {
            share,
            ..Outcome::new(Verdict::Partly, missing)
        },
        Fit::No => Outcome::new(Verdict::Wrong, String::new()),
    }
}

/// Whether a bound that is told holds for the key.
fn admits(bound: Bound, answer: &Answer, claim: &Claim) -> bool {
    let key = answer.values.first().and_then(Datum::as_float);
    match (&claim.value, key) {
        (Claimed::Number(n, _), Some(key)) => bound.admits(*n, key),
        _ => false,
    }
}

fn without_key(part: &Part, claim: &Claim, missing: &str) -> Outcome {
    let always = part.always.as_ref().is_some_and(|always| {
        let values = constants(always);
        let kind = *part.kind.get_ref();
        fit(
            part,
            kind,
            &values,
            &value::print(kind, &values),
            &claim.value,
        ) == Fit::Yes
    });
    let mut outcome = if always {
        Outcome::new(
            Verdict::NoCapture,
            format!(
                "right, as in every run of the lab, but the captures do not show it: {missing}"
            ),
        )
    } else {
        Outcome::new(
            Verdict::NoCapture,
            format!("it cannot be checked: {missing}"),
        )
    };
    outcome.share = if always { 1.0 } else { 0.0 };
    outcome
}

/// Whether a claim is this value.
pub fn same(part: &Part, values: &[Datum], text: &str, claimed: &Claimed) -> bool {
    fit(part, *part.kind.get_ref(), values, text, claimed) == Fit::Yes
}

fn fit(part: &Part, kind: Type, values: &[Datum], text: &str, claimed: &Claimed) -> Fit {
    if part
        .also
        .iter()
        .any(|also| also.eq_ignore_ascii_case(&told(claimed)))
    {
        return Fit::Yes;
    }
    match claimed {
        Claimed::Ips(ips) => addresses(kind, values, ips),
        Claimed::Mac(mac) => yes(values.first() == Some(&Datum::Mac(*mac))),
        Claimed::MacEnd(end) => {
            yes(matches!(values.first(), Some(Datum::Mac(mac)) if mac.ends_with(end)))
        }
        Claimed::Number(n, unit) => yes(number(part, kind, values, *n, *unit)),
        Claimed::Numbers(told) => {
            let key: Vec<i128> = values.iter().filter_map(whole).collect();
            if *told == key {
                return Fit::Yes;
            }
            let text = |n: &i128| n.to_string();
            let in_order = told.iter().filter(|n| key.contains(n));
            let places: Vec<Option<usize>> =
                in_order.map(|n| key.iter().position(|k| k == n)).collect();
            if !places.is_sorted() {
                return Fit::No;
            }
            shared(&key, told, text)
        }
        Claimed::Ports(client, server) => {
            let key: Vec<i128> = values.iter().filter_map(whole).collect();
            match (client, server, key.as_slice()) {
                (Some(c), Some(s), [kc, ks]) => yes(c == kc && s == ks),
                (Some(c), None, [kc, _]) if c == kc => {
                    Fit::Some("only the client's port is told".into(), 0.5)
                }
                (None, Some(s), [_, ks]) if s == ks => {
                    Fit::Some("only the server's port is told".into(), 0.5)
                }
                (Some(one), None, key) | (None, Some(one), key) if key.contains(one) => {
                    Fit::Some("only one of the two ports is told".into(), 0.5)
                }
                _ => Fit::No,
            }
        }
        Claimed::Name(name) => yes(name_of(part, values, text).eq_ignore_ascii_case(name)),
        Claimed::YesNo(b) => yes(values.first() == Some(&Datum::YesNo(*b))),
        Claimed::Items(order, strange) => items(part, values.len(), order, strange),
        Claimed::Text(said) => yes(said.trim().eq_ignore_ascii_case(text.trim())),
        Claimed::Malformed(_) | Claimed::Vague => Fit::No,
    }
}

fn yes(holds: bool) -> Fit {
    if holds { Fit::Yes } else { Fit::No }
}

/// A whole number.
pub(super) fn whole(datum: &Datum) -> Option<i128> {
    match datum {
        Datum::Number { value, .. } => Some(*value),
        _ => None,
    }
}

fn addresses(kind: Type, values: &[Datum], told: &[IpAddr]) -> Fit {
    let key: Vec<IpAddr> = values
        .iter()
        .filter_map(|v| match v {
            Datum::Ip(ip) => Some(*ip),
            _ => None,
        })
        .collect();
    if kind != Type::Set {
        return yes(told.first() == key.first() && !key.is_empty());
    }
    shared(&key, told, ToString::to_string)
}

/// How much of several values is told: those that belong to them less those that do not.
fn shared<T: PartialEq>(key: &[T], told: &[T], text: impl Fn(&T) -> String) -> Fit {
    let right = key.iter().filter(|k| told.contains(k)).count();
    let mut strange: Vec<String> = Vec::new();
    for other in told.iter().filter(|t| !key.contains(t)) {
        let text = text(other);
        if !strange.contains(&text) {
            strange.push(text);
        }
    }
    some(right, key.len(), &strange)
}

/// So many of several, and what does not belong to them.
fn some(right: usize, of: usize, strange: &[String]) -> Fit {
    if right == of && strange.is_empty() {
        return Fit::Yes;
    }
    let Some(net) = right.checked_sub(strange.len()).filter(|net| *net > 0) else {
        return Fit::No;
    };
    let mut words: Vec<String> = Vec::new();
    if right < of {
        words.push(format!("{right} of {of} are told"));
    }
    if !strange.is_empty() {
        words.push(format!("{} does not belong to it", strange.join(", ")));
    }
    #[expect(clippy::cast_precision_loss, reason = "a handful of values")]
    Fit::Some(words.join("; "), hundredths(net as f64 / of as f64))
}

fn number(part: &Part, kind: Type, values: &[Datum], n: f64, unit: Unit) -> bool {
    let Some(key) = values.first().and_then(Datum::as_float) else {
        return false;
    };
    if kind == Type::Duration {
        let own = part.unit.as_deref().and_then(units::of).unwrap_or(1e9) / 1e9;
        // Keys are spans, told in seconds; a bare number is in the unit that was asked for.
        let told = match (unit, unit.seconds()) {
            (Unit::None, _) => n * own,
            (_, Some(each)) => n * each,
            _ => return false,
        };
        let room = part.tolerance.unwrap_or(0.05);
        // A share of a moment says nothing: what counts is the last digit that is told.
        let last = match moment(part) && part.tolerance.is_none() {
            true => last_digit(n) * told / n,
            false => f64::INFINITY,
        };
        let off = (told - key).abs();
        return off <= key.abs() * room + 1e-9 && off <= last * 1.000_001 + 1e-6;
    }
    // `0800` under a type field is meant in hexadecimal.
    if kind == Type::Hex
        && let Ok(hex) = i64::from_str_radix(&decimals(n), 16)
    {
        #[expect(clippy::cast_precision_loss, reason = "type fields are small")]
        let hex = hex as f64;
        if (hex - key).abs() < 0.5 {
            return true;
        }
    }
    let own = part.unit.as_deref().map_or(Unit::None, Unit::of);
    let Some(told) = own.amount(n, unit) else {
        return false;
    };
    match part.tolerance {
        Some(room) => (told - key).abs() <= room,
        None if matches!(values.first(), Some(Datum::Float(_))) => rounds(told, key),
        None => (told - key).abs() < f64::EPSILON * key.abs().max(1.0),
    }
}

/// Whether a part asks when something was, and not how long it took.
fn moment(part: &Part) -> bool {
    let field = part.take.as_ref().map(toml::Spanned::get_ref);
    let clock = ["frame.time_epoch", "frame.time_relative"];
    let own = matches!(field, Some(Take::One(field)) if clock.contains(&field.as_str()));
    own && part.over.is_none()
}

/// What one of the last digit of a number counts.
fn last_digit(n: f64) -> f64 {
    // Behind the sixth place a moment since 1970 has no digits of its own.
    let text = match n > 1e9 {
        true => format!("{n:.6}").trim_end_matches('0').to_owned(),
        false => decimals(n),
    };
    let places = text.split_once('.').map_or(0, |(_, behind)| behind.len());
    10f64.powi(-i32::try_from(places).unwrap_or(0))
}

/// Whether a number is what was calculated, rounded to its own last digit and not coarsely.
fn rounds(told: f64, key: f64) -> bool {
    let last = last_digit(told);
    let off = (told - key).abs();
    off <= last / 2.0 + f64::EPSILON * key.abs() && off <= key.abs() / 100.0
}

/// The name of the key among those the part knows.
fn name_of(part: &Part, values: &[Datum], text: &str) -> String {
    if let (Some(Names::Known(name)), Some(number)) = (&part.names, values.first().and_then(whole))
        && let Some(entry) = table(name)
            .into_iter()
            .flatten()
            .find(|e| i128::from(e.0) == number)
    {
        return entry.1.to_owned();
    }
    match values.first() {
        Some(value) => value.to_string(),
        None => text.to_owned(),
    }
}

fn items(part: &Part, count: usize, order: &[usize], strange: &[String]) -> Fit {
    let optional = usize::from(part.optional == Some(Optional::First));
    let wanted: Vec<usize> = (0..count).collect();
    if strange.is_empty() && (order == wanted || optional == 1 && order == &wanted[1..]) {
        return Fit::Yes;
    }
    if order.is_empty() || order == [0] && optional == 1 {
        return Fit::No;
    }
    let mut told = order.to_vec();
    told.sort_unstable();
    told.dedup();
    // What stands in another order is told, and half of it is not.
    let list = *part.kind.get_ref() == Type::List;
    if list && strange.is_empty() && !order.is_sorted() {
        return Fit::Some("the order is another one".to_owned(), 0.5);
    }
    if list && !strange.is_empty() {
        #[expect(clippy::cast_precision_loss, reason = "a handful of values")]
        let share = told.len() as f64 / (count + strange.len()) as f64;
        return Fit::Some(
            format!("{} does not belong to it", strange.join(", ")),
            share,
        );
    }
    some(told.len(), count, strange)
}

/// A share as points are written.
fn hundredths(share: f64) -> f64 {
    (share * 100.0).round() / 100.0
}

/// A claim in words.
pub fn told(claimed: &Claimed) -> String {
    match claimed {
        Claimed::Ips(ips) => {
            let ips: Vec<String> = ips.iter().map(ToString::to_string).collect();
            ips.join(", ")
        }
        Claimed::Mac(mac) => Datum::Mac(*mac).to_string(),
        Claimed::MacEnd([a, b, c]) => format!("{a:02x}:{b:02x}:{c:02x}"),
        Claimed::Number(n, _) => decimals(*n),
        Claimed::Numbers(list) => {
            let list: Vec<String> = list.iter().map(ToString::to_string).collect();
            list.join(", ")
        }
        Claimed::Ports(client, server) => {
            let port = |p: &Option<i128>| p.map_or("?".to_owned(), |p| p.to_string());
            format!("{} -> {}", port(client), port(server))
        }
        Claimed::Name(name) => name.clone(),
        Claimed::YesNo(true) => "yes".to_owned(),
        Claimed::YesNo(false) => "no".to_owned(),
        Claimed::Items(..) | Claimed::Vague => String::new(),
        Claimed::Text(text) | Claimed::Malformed(text) => text.clone(),
    }
}
