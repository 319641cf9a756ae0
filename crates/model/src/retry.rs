//! When something that failed is tried again.

use rand::distr::{Distribution, Uniform};

use crate::Random;

const FIRST_SECONDS: f64 = 2.0;
const LONGEST_SECONDS: f64 = 60.0 * 60.0;

/// How many milliseconds to wait after the `attempts`-th failure: 2 s, then twice as long each time up to an hour, and
/// of that between a half and one and a half by chance, so that many who failed together do not come back together.
pub fn delay_millis(attempts: i64, random: &Random) -> i64 {
    let doublings = i32::try_from(attempts.clamp(1, 20) - 1).unwrap_or(20);
    let seconds = (FIRST_SECONDS * 2f64.powi(doublings)).min(LONGEST_SECONDS);
    let share = Uniform::new(0.5, 1.5).map_or(1.0, |range| range.sample(&mut random.clone()));
    #[expect(clippy::cast_possible_truncation, reason = "an hour and a half at most")]
    let millis = (seconds * share * 1000.0) as i64;
    millis
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn waits_double_up_to_an_hour_and_differ() {
        let count = AtomicU64::new(0);
        let random = Random::new(move |out| {
            for byte in out.iter_mut() {
                *byte = count.fetch_add(151, Ordering::Relaxed).to_le_bytes()[0];
            }
        });
        for (attempts, seconds) in [(1, 2), (2, 4), (5, 32), (12, 3600), (500, 3600)] {
            let delays: Vec<i64> = (0..50).map(|_| delay_millis(attempts, &random)).collect();
            let range = seconds * 500..=seconds * 1500;
            assert!(
                delays.iter().all(|delay| range.contains(delay)),
                "{attempts}: {delays:?}"
            );
            assert!(delays.iter().any(|delay| *delay != delays[0]));
        }
    }
}
