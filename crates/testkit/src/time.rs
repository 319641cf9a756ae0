//! A clock that goes on by itself from now, and that a test moves.
//!
//! It begins at the real time because certificates must be valid for clients, which have no other clock.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use model::Clock;

/// The clock of a [`crate::TestApp`]. Clones are the same clock.
#[derive(Debug, Clone, Default)]
pub struct TestClock(Arc<AtomicI64>);

impl TestClock {
    /// Moves it forward.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_micros()).expect("a duration that a clock can move by");
        self.0.fetch_add(by, Ordering::SeqCst);
    }

    /// Moves it back, as when somebody sets a machine's clock.
    pub fn step_back(&self, by: Duration) {
        let by = i64::try_from(by.as_micros()).expect("a duration that a clock can move by");
        self.0.fetch_sub(by, Ordering::SeqCst);
    }

    /// The time on it.
    pub fn now(&self) -> Timestamp {
        Timestamp::now() + SignedDuration::from_micros(self.0.load(Ordering::SeqCst))
    }

    pub(crate) fn clock(&self) -> Clock {
        let clock = self.clone();
        Clock::new(move || clock.now())
    }
}
