//! Waiting for something to become true: as short as it takes, and never for ever.

use std::time::Duration;

use tokio::time::{Instant, sleep};

const STEP: Duration = Duration::from_millis(20);

/// Asks until there is an answer.
///
/// # Panics
/// After `patience`, naming `what`.
pub async fn until<T>(what: &str, patience: Duration, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + patience;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < end, "waited {patience:?} in vain: {what}");
        sleep(STEP).await;
    }
}
