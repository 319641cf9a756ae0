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
