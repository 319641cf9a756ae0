//! Where pictures are drawn: off the threads that answer requests, and few at once.

use std::sync::Arc;

use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::{Refused, redraw};

/// How many pictures are drawn at once; the others wait. Each may take 128 MB for a second.
const SEATS: usize = 2;

/// Draws pictures anew. Clones share their seats.
#[derive(Debug, Clone)]
pub struct Studio(Arc<Semaphore>);

impl Default for Studio {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(SEATS)))
    }
}

impl Studio {
    /// The picture in `bytes`, drawn anew ([`redraw`]).
    pub async fn redraw(&self, bytes: Vec<u8>) -> Result<Vec<u8>, Refused> {
        let seat = self.0.clone().acquire_owned().await;
        let drawn = spawn_blocking(move || {
            // Kept until the work ends, also when nobody waits for it any more.
            let _seat = seat;
            redraw(&bytes)
        });
        // A decoder that panics has met a broken picture.
        drawn.await.unwrap_or(Err(Refused::Broken))
    }
}
