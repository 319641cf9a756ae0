//! The life of a session between two clients: reset, kept, and given away or closed.

use std::{sync::Arc, time::Duration};

use app::connections::BackendStream;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{Left, Warm, check};

/// How long a backend may take to forget its client, and to take its leave.
const PATIENCE: Duration = Duration::from_secs(5);

impl Warm {
    /// Resets a session and keeps it until it is taken, told to end, or has waited for long enough. `stop` ends it, too.
    pub(crate) async fn keep(self: Arc<Self>, left: Left, stop: CancellationToken) {
        let Left { mut given, open } = left;
        let reset = timeout(PATIENCE, check::reset(&mut given.stream));
        let is_reset = tokio::select! {
            biased;
            () = open.end().cancelled() => false,
            () = stop.cancelled() => false,
            reset = reset => matches!(reset, Ok(Ok(true))),
        };
        if !is_reset {
            return say_goodbye(given.stream).await;
        }
        let mut bed = self.lie_down(given.warmth.key.clone());
        let mut octet = [0];
        let taker = tokio::select! {
            biased;
            () = open.end().cancelled() => None,
            () = stop.cancelled() => None,
            // It says something unasked, or goes.
            _ = given.stream.read(&mut octet) => None,
            order = &mut bed.order => order.ok(),
            () = sleep(self.settings.keep) => None,
        };
        drop(bed);
        match taker {
            Some(taker) => {
                if let Err(given) = taker.send(given) {
                    say_goodbye(given.stream).await;
                }
            }
            None => say_goodbye(given.stream).await,
        }
    }
}

/// Ends a session as its client would have.
pub(super) async fn say_goodbye(mut stream: BackendStream) {
    let goodbye = async {
        stream.write_all(b"X\0\0\0\x04").await?;
        stream.shutdown().await
    };
    // A backend that does not take it sees the connection close.
    let _ = timeout(PATIENCE, goodbye).await;
}
