//! Time, passed in.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

/// Where the time comes from. The binary passes the wall clock, tests pass one that they move.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// A clock that reads `source` at each call.
    pub fn new(source: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(source))
    }

    /// The time now, cut to microseconds: what the store keeps.
    pub fn now(&self) -> Timestamp {
        let now = (self.0)();
        from_micros(now.as_microsecond())
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

/// Microseconds since the Unix epoch as a timestamp; a number out of range becomes the nearest end.
pub fn from_micros(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(if micros < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

/// `at` as the contract writes it (§0.6): RFC 3339 in UTC, whole seconds, `Z`.
pub fn rfc3339_seconds(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}

/// `at` as people read it where no script makes it relative: `2026-11-03 14:05:10 UTC`.
pub fn for_people(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// `at` plus `seconds`, held at the end of time instead of overflowing.
pub fn after(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(seconds))
        .unwrap_or(Timestamp::MAX)
}

/// The same by milliseconds.
pub fn after_millis(at: Timestamp, millis: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_millis(millis))
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_seconds_with_z() {
        let at = from_micros(1_660_157_110_123_456);
        assert_eq!(rfc3339_seconds(at), "2022-08-10T18:45:10Z");
    }
}
