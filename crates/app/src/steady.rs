//! Answers whose time tells nothing: they come a fixed while after the question, however long the work took.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// How long whoever asks for a sign-in mail waits: longer than a store takes to write it.
pub(crate) const SIGN_IN: Duration = Duration::from_millis(50);
/// How long a refused credential waits: longer than a store takes to look it up.
pub(crate) const REFUSAL: Duration = Duration::from_millis(5);

/// How long whoever reports leaked credentials waits: longer than a store takes to end some.
pub(crate) const REPORT: Duration = Duration::from_millis(200);

/// When a question was asked.
pub(crate) struct Asked(Instant);

impl Asked {
    /// Now.
    pub(crate) fn now() -> Self {
        Self(Instant::now())
    }

    /// Returns at a whole number of `step`s after the question: the first, unless the machine is overloaded.
    pub(crate) async fn answer_after(self, step: Duration) {
        let steps = self.0.elapsed().as_nanos() / step.as_nanos().max(1) + 1;
        let wait = step.saturating_mul(u32::try_from(steps).unwrap_or(u32::MAX));
        sleep_until(self.0 + wait).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn short_and_long_work_end_together() {
        for (work, end) in [(0, 50), (1, 50), (49, 50), (50, 100), (120, 150)] {
            let (asked, started) = (Asked::now(), Instant::now());
            tokio::time::sleep(Duration::from_millis(work)).await;
            asked.answer_after(SIGN_IN).await;
            assert_eq!(started.elapsed().as_millis(), end, "{work}");
        }
    }
}
