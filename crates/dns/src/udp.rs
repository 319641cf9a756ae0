//! Questions by UDP.

use std::{io::ErrorKind, sync::Arc, time::Duration};

use tokio::{net::UdpSocket, sync::Semaphore, time::sleep};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::responder::Responder;

/// Room for a question, which is far smaller.
const MOST_OCTETS: usize = 4096;
/// Questions that are looked up at once, so that a flood of them leaves the store to others too. Whoever asks beyond them
/// gets nothing, and asks again.
const AT_ONCE: usize = 64;
/// How long to wait when the system has no memory for another packet.
const BREATH: Duration = Duration::from_millis(100);

/// Answers at `socket` until `shutdown`.
pub(crate) async fn serve(responder: Arc<Responder>, socket: UdpSocket, shutdown: CancellationToken) {
    let (socket, places) = (Arc::new(socket), Arc::new(Semaphore::new(AT_ONCE)));
    let tasks = TaskTracker::new();
    let mut buffer = [0; MOST_OCTETS];
    loop {
        let received = tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            received = socket.recv_from(&mut buffer) => received,
        };
        let (length, client) = match received {
            Ok(received) => received,
            // What the network says of an answer that we sent.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset
                ) =>
            {
                continue;
            }
            Err(error) => {
                tracing::error!(%error, "the name server cannot receive; trying again");
                sleep(BREATH).await;
                continue;
            }
        };
        // Nobody can be answered at port 0.
        let place = Arc::clone(&places).try_acquire_owned();
        let (Ok(place), Some(packet)) = (place, buffer.get(..length).filter(|_| client.port() != 0)) else {
            continue;
        };
        let (responder, socket, packet) = (Arc::clone(&responder), Arc::clone(&socket), packet.to_vec());
        tasks.spawn(async move {
            if let Some(answer) = responder.over_udp(&packet, client.ip()).await
                && let Err(error) = socket.send_to(&answer, client).await
            {
                tracing::debug!(%error, "an answer was not sent");
            }
            drop(place);
        });
    }
    tasks.close();
    tasks.wait().await;
}
