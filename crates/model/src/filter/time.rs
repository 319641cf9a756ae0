//! Times and intervals as people write them in a `where`.

use jiff::{Span, Timestamp, civil, tz::TimeZone};

/// The largest number in an interval.
const MAX_COUNT: i64 = 10_000;

/// `2026-11-24`, `2026-11-24 10:00`, `2026-11-24T10:00:00Z`: without a zone it is UTC.
pub fn parse_time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let at = text.parse::<Timestamp>().ok().or_else(|| {
        let at: civil::DateTime = text.parse().ok()?;
        TimeZone::UTC.to_timestamp(at).ok()
    })?;
    // What the store compares with: microseconds.
    Some(crate::time::from_micros(at.as_microsecond()))
}

/// `7 days`, `1 hr`, `1 day 12 hours`.
pub(super) fn parse_interval(text: &str) -> Option<Span> {
    let mut rest = text.trim();
    let mut span = Span::new();
    let mut parts = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (count, after) = rest.split_at(digits);
        let after = after.trim_start();
        let letters = after
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let count = count.parse().ok().filter(|count| *count <= MAX_COUNT)?;
        span = add(span, count, &unit.to_ascii_lowercase())?;
        rest = after.trim_start();
        parts += 1;
    }
    (parts > 0).then_some(span)
}

/// `count` more of `unit`; a unit is written once.
fn add(span: Span, count: i64, unit: &str) -> Option<Span> {
    let before = span;
    let after = match unit {
        "s" | "sec" | "secs" | "second" | "seconds" => span.try_seconds(count),
        "m" | "min" | "mins" | "minute" | "minutes" => span.try_minutes(count),
        "h" | "hr" | "hrs" | "hour" | "hours" => span.try_hours(count),
        "d" | "day" | "days" => span.try_days(count),
        "w" | "week" | "weeks" => span.try_weeks(count),
        "mon" | "mons" | "month" | "months" => span.try_months(count),
        "y" | "yr" | "yrs" | "year" | "years" => span.try_years(count),
        _ => return None,
    };
    after
        .ok()
        .filter(|after| count == 0 || after.fieldwise() != before.fieldwise())
}

/// `at` moved by `span`, forward or back, on the calendar of UTC.
pub(super) fn moved(at: Timestamp, span: Span, back: bool) -> Option<Timestamp> {
    let at = TimeZone::UTC.to_datetime(at);
    let moved = if back {
        at.checked_sub(span)
    } else {
        at.checked_add(span)
    };
    TimeZone::UTC.to_timestamp(moved.ok()?).ok()
}
