//! How long a token lives, and how long the one before it goes on after a rotation.

use jiff::Timestamp;

use super::TokenStatus;
use crate::{Invalid, time};

/// The longest overlap of a rotation, in seconds.
pub const OVERLAP_MAX: i64 = 7 * 24 * 60 * 60;
/// The overlap of a rotation that asks for none in particular, in seconds.
pub const OVERLAP_DEFAULT: i64 = 24 * 60 * 60;

/// When a token made at `now` ends, if it lives for `seconds`: at least a minute, at most ten years.
pub fn expires_at(now: Timestamp, seconds: i64) -> Result<Timestamp, Invalid> {
    const TEN_YEARS: i64 = 10 * 366 * 24 * 60 * 60;
    if (60..=TEN_YEARS).contains(&seconds) {
        Ok(time::after(now, seconds))
    } else {
        Err(Invalid::new(
            "expiration",
            "A token lives for 60 seconds to ten years; leave the expiry out for one that never ends.",
        ))
    }
}

/// How many seconds the old token goes on after a rotation: none to seven days, one day unless said otherwise.
pub fn overlap(seconds: Option<i64>) -> Result<i64, Invalid> {
    let seconds = seconds.unwrap_or(OVERLAP_DEFAULT);
    if (0..=OVERLAP_MAX).contains(&seconds) {
        Ok(seconds)
    } else {
        Err(Invalid::new(
            "overlap",
            "The old token goes on for 0 to 604800 seconds (seven days).",
        ))
    }
}

/// How many days before a token expires its owner is told.
pub const WARNING_DAYS: [i64; 4] = [30, 14, 7, 1];
/// For how many seconds after a token ended its owner is still told: later it is no news.
pub const TOLD_SECONDS: i64 = 7 * DAY_SECONDS;
const DAY_SECONDS: i64 = 24 * 60 * 60;

/// What the owner of a token should have been told of its end by `now`: so many days before, or 0 when it came. A token
/// is told of so many days before only where it lives for at least twice as long, and at all only where it lives for two
/// days: whoever makes shorter ones knows.
pub fn warning(created: Timestamp, expires: Timestamp, now: Timestamp) -> Option<i64> {
    let lives = expires.as_second() - created.as_second();
    let left = expires.as_second() - now.as_second();
    let fits = |days: i64| lives >= 2 * days * DAY_SECONDS;
    if left <= 0 {
        return (fits(1) && left > -TOLD_SECONDS).then_some(0);
    }
    let due = WARNING_DAYS
        .into_iter()
        .filter(|days| fits(*days) && left <= days * DAY_SECONDS);
    due.min()
}

/// In which state a token is, in one word. Clients of the contract get [`TokenStatus`] alone; this is beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenState {
    /// It opens the API.
    Active,
    /// Its owner switched it off.
    Inactive,
    /// It was rotated; it opens the API until its overlap is over.
    Retiring,
    /// Its time is over.
    Expired,
}

impl TokenState {
    /// The state at `now` of a token with `status` that ends at `end`, and was rotated or not.
    pub fn of(status: TokenStatus, retiring: bool, end: Option<Timestamp>, now: Timestamp) -> Self {
        match status {
            _ if end.is_some_and(|end| end <= now) => Self::Expired,
            TokenStatus::Inactive => Self::Inactive,
            TokenStatus::Active if retiring => Self::Retiring,
            TokenStatus::Active => Self::Active,
        }
    }

    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Retiring => "retiring",
            Self::Expired => "expired",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_fit_the_life_of_a_token() {
        let at = |days: i64| time::after(time::from_micros(0), days * DAY_SECONDS);
        let told = |lives: i64| {
            let mut told = Vec::new();
            for day in 0..=lives {
                let due = warning(at(0), at(lives), at(day));
                if due.is_some() && told.last() != due.as_ref() {
                    told.extend(due);
                }
            }
            told
        };
        assert_eq!(told(365), [30, 14, 7, 1, 0]);
        assert_eq!(told(60), [30, 14, 7, 1, 0]);
        assert_eq!(told(30), [14, 7, 1, 0]);
        assert_eq!(told(14), [7, 1, 0]);
        assert_eq!(told(7), [1, 0]);
        assert_eq!(told(2), [1, 0]);
        assert!(told(1).is_empty() && warning(at(0), at(1), at(2)).is_none());
        assert_eq!(
            (warning(at(0), at(9), at(15)), warning(at(0), at(9), at(16))),
            (Some(0), None)
        );
        assert_eq!(
            warning(at(0), at(90), time::after(at(60), -1)),
            None,
            "a second too early"
        );
    }

    #[test]
    fn overlaps_are_none_to_seven_days() {
        assert_eq!(overlap(None), Ok(86_400));
        assert_eq!(overlap(Some(0)), Ok(0));
        assert_eq!(overlap(Some(604_800)), Ok(604_800));
        assert!(overlap(Some(-1)).is_err() && overlap(Some(604_801)).is_err());
    }

    #[test]
    fn lives_are_a_minute_to_ten_years() {
        let now = time::from_micros(0);
        assert_eq!(expires_at(now, 60), Ok(time::from_micros(60_000_000)));
        assert!(expires_at(now, 59).is_err() && expires_at(now, i64::MAX).is_err());
    }

    #[test]
    fn an_end_that_came_is_the_end() {
        let at = time::from_micros;
        let state =
            |status, retiring, end: Option<i64>| TokenState::of(status, retiring, end.map(at), at(10));
        assert_eq!(state(TokenStatus::Active, false, None), TokenState::Active);
        assert_eq!(state(TokenStatus::Active, true, Some(11)), TokenState::Retiring);
        assert_eq!(state(TokenStatus::Active, true, Some(10)), TokenState::Expired);
        assert_eq!(state(TokenStatus::Inactive, true, Some(11)), TokenState::Inactive);
        assert_eq!(state(TokenStatus::Inactive, false, Some(1)), TokenState::Expired);
    }
}
