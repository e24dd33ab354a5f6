//! Moments and spans: as written in filters, and as tshark prints them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use std::sync::OnceLock;

/// Seconds with a fraction, as nanoseconds.
pub(super) fn seconds(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let number = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if !number(whole) || !number(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let whole: i64 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    // Digits past the nanosecond do not count.
    let fraction: i64 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    whole
        .checked_mul(1_000_000_000)?
        .checked_add(fraction)?
        .checked_mul(sign)
}

/// A moment: `2024-05-01 12:30:00.5`, with `T`, with `Z` or an offset; `May 1, 2024 12:30:00`; or
/// seconds since 1970. Without a zone that of the machine is meant, as Wireshark does.
pub(super) fn parse(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Some(nanoseconds) = seconds(text) {
        return Some(nanoseconds);
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return i64::try_from(time.as_nanosecond()).ok();
    }
    let universal = text.strip_suffix("UTC").or(text.strip_suffix('Z'));
    let zone = match universal {
        Some(_) => TimeZone::UTC,
        None => here().clone(),
    };
    let text = universal.unwrap_or(text).trim_end();
    const FORMS: &[&str] = &[
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%d %H:%M",
        "%Y-%m-%d",
        "%b %d, %Y %H:%M:%S%.f",
        "%b %d, %Y %H:%M",
        "%b %d, %Y",
    ];
    let time = text.parse::<DateTime>().ok().or_else(|| {
        FORMS.iter().find_map(|form| {
            let parts = strtime::parse(form, text).ok()?;
            parts
                .to_datetime()
                .or_else(|_| parts.to_date().map(|d| d.at(0, 0, 0, 0)))
                .ok()
        })
    })?;
    let stamp = zone.to_timestamp(time).ok()?;
    i64::try_from(stamp.as_nanosecond()).ok()
}

/// The zone of the machine: `TZ`, or what the system is set to; UTC where neither tells.
fn here() -> &'static TimeZone {
    static ZONE: OnceLock<TimeZone> = OnceLock::new();
    ZONE.get_or_init(|| TimeZone::try_system().unwrap_or(TimeZone::UTC))
}

/// A moment as tshark prints one, in the zone of the machine.
pub fn local(nanoseconds: i64) -> String {
    in_zone(nanoseconds, here())
}

/// A moment of a fact, which is the same on every machine: `May  1, 2024 12:30:00.000000000 UTC`.
pub fn long(nanoseconds: i64) -> String {
    in_zone(nanoseconds, &TimeZone::UTC)
}

fn in_zone(nanoseconds: i64, zone: &TimeZone) -> String {
    let stamp =
        Timestamp::from_nanosecond(i128::from(nanoseconds)).unwrap_or(Timestamp::UNIX_EPOCH);
    let zoned = stamp.to_zoned(zone.clone());
    zoned.strftime("%b %e, %Y %H:%M:%S.%9f %Z").to_string()
}
