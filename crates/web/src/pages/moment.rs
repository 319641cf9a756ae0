//! A time as people read it: relative in the text, exact when one looks closer.

use jiff::Timestamp;

/// A point in time, ready to be shown in a `<time>`.
#[derive(Clone, Debug)]
pub struct Moment {
    /// For machines: RFC 3339, UTC, whole seconds.
    pub iso: String,
    /// For those who look closer: `2026-11-03 14:05:10 UTC`.
    pub exact: String,
    /// For those who glance: `4 minutes ago`. The script keeps it true while the page is open.
    pub relative: String,
}

impl Moment {
    /// `at`, seen from `now`.
    pub fn new(at: Timestamp, now: Timestamp) -> Self {
        Self {
            iso: at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            exact: model::time::for_people(at),
            relative: relative(now.as_second().saturating_sub(at.as_second())),
        }
    }
}

/// `seconds` ago in words; negative seconds are yet to come.
fn relative(seconds: i64) -> String {
    const DAY: u64 = 86_400;
    // From which span on, the unit's size, its name. Days go up to 89: "in 70 days" says more of a token than months.
    const UNITS: [(u64, u64, &str); 5] = [
        (365 * DAY, 365 * DAY, "year"),
        (90 * DAY, 30 * DAY, "month"),
        (DAY, DAY, "day"),
        (3_600, 3_600, "hour"),
        (60, 60, "minute"),
    ];
    let span = seconds.unsigned_abs();
    let Some((_, size, unit)) = UNITS.into_iter().find(|(from, ..)| span >= *from) else {
        return if seconds < 0 {
            "in less than a minute"
        } else {
            "just now"
        }
        .to_owned();
    };
    // What is to come is rounded, so that a token made a second ago for 30 days does not end "in 29 days".
    let count = if seconds < 0 {
        ((span + size / 2) / size).max(1)
    } else {
        span / size
    };
    let plural = if count == 1 { "" } else { "s" };
    if seconds < 0 {
        format!("in {count} {unit}{plural}")
    } else {
        format!("{count} {unit}{plural} ago")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_spans() {
        let cases = [
            (0, "just now"),
            (59, "just now"),
            (60, "1 minute ago"),
            (4 * 60 + 59, "4 minutes ago"),
            (3 * 3_600, "3 hours ago"),
            (86_400, "1 day ago"),
            (29 * 86_400, "29 days ago"),
            (65 * 86_400, "65 days ago"),
            (100 * 86_400, "3 months ago"),
            (800 * 86_400, "2 years ago"),
            (-20, "in less than a minute"),
            (-(7 * 86_400 - 3), "in 7 days"),
            (-365 * 86_400, "in 1 year"),
        ];
        for (seconds, words) in cases {
            assert_eq!(relative(seconds), words);
        }
    }

    #[test]
    fn exact_with_zone() {
        let at: Timestamp = "2026-11-03T14:05:10.9Z".parse().unwrap();
        let moment = Moment::new(at, at);
        assert_eq!(
            (moment.iso.as_str(), moment.exact.as_str()),
            ("2026-11-03T14:05:10Z", "2026-11-03 14:05:10 UTC")
        );
    }
}
