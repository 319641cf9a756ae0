//! The life of a session between two clients: reset, kept, and given away or closed.

use std::{sync::Arc, time::Duration};

use app::connections::BackendStream;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::oneshot,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{Bed, Given, LIFETIME, Left, Order, Warm, check};

/// How long a backend may take to forget its client, and to take its leave.
const PATIENCE: Duration = Duration::from_secs(5);

impl Warm {
    /// Keeps a session: resets it, and lets it wait until it is given away, told to end, or has waited for long enough.
    /// `stop` ends it, too. Whoever reserves it and leaves without it leaves it to others.
    pub(crate) async fn keep(self: Arc<Self>, left: Left, stop: CancellationToken) {
        let Left { mut given, open } = left;
        loop {
            let mut bed = self.lie_down(given.warmth.key.clone());
            let order = tokio::select! {
                biased;
                () = open.end().cancelled() => None,
                () = stop.cancelled() => None,
                order = self.wait(&mut given, &mut bed) => order,
            };
            drop(bed);
            let Some(Order { mut go, give }) = order else {
                break;
            };
            let going = tokio::select! {
                biased;
                () = open.end().cancelled() => None,
                () = stop.cancelled() => None,
                going = get_ready(&mut given, &mut go) => going,
            };
            match going {
                Some(true) => match give.send(given) {
                    Ok(()) => return,
                    // Its client has just left.
                    Err(back) => given = back,
                },
                Some(false) => {}
                None => break,
            }
        }
        say_goodbye(given.stream).await;
    }

    /// Resets a session and waits for the order to go; `None` when it is to end.
    async fn wait(&self, given: &mut Given, bed: &mut Bed) -> Option<Order> {
        let reset = check::reset(&mut given.stream, &given.warmth.statuses);
        let reset = timeout(PATIENCE, reset);
        if !matches!(reset.await, Ok(Ok(true))) {
            return None;
        }
        bed.set_ready();
        let mut octet = [0];
        tokio::select! {
            biased;
            // It says something unasked, or goes.
            _ = given.stream.read(&mut octet) => None,
            order = &mut bed.order => order.ok(),
            () = sleep(self.settings.keep) => None,
        }
    }
}

/// Has a session prove that it is fresh, and waits until it is told to go. False: its client leaves without it. `None`: it
/// is not fresh, or says something unasked.
async fn get_ready(given: &mut Given, go: &mut oneshot::Receiver<()>) -> Option<bool> {
    if given.warmth.born.elapsed() >= LIFETIME {
        return None;
    }
    let proof = given.warmth.freshness.holds(&mut given.stream);
    if !matches!(timeout(super::PATIENCE, proof).await, Ok(Ok(true))) {
        return None;
    }
    let mut octet = [0];
    tokio::select! {
        biased;
        told = go => Some(told.is_ok()),
        _ = given.stream.read(&mut octet) => None,
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
