//! Who may come in? Accepts connections until it is told to stop, whatever the operating system says meanwhile.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use crate::{Shared, handshakes::Handshakes, session, session::Origin};

/// How long to wait when there is no descriptor or memory for another connection.
const BREATH: Duration = Duration::from_millis(100);

/// Accepts until `shutdown`, then waits for the sessions to end. No connection is ever waited for here.
pub(crate) async fn accept(shared: Arc<Shared>, listener: TcpListener, shutdown: CancellationToken) {
    let door = Door {
        handshakes: Arc::new(Handshakes::new(
            shared.settings.handshakes,
            shared.settings.handshakes_per_network,
        )),
        shutdown: shutdown.clone(),
        shared: Arc::clone(&shared),
    };
    let mut trouble = false;
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                trouble = false;
                door.let_in(stream, peer);
            }
            Err(error) if is_about_the_client(&error) => {}
            Err(error) => {
                if !trouble {
                    tracing::error!(%error, "the gateway cannot accept connections; trying again");
                }
                trouble = true;
                sleep(BREATH).await;
            }
        }
    }
    drop(listener);
    shared.tasks.close();
    shared.tasks.wait().await;
}

struct Door {
    shared: Arc<Shared>,
    handshakes: Arc<Handshakes>,
    shutdown: CancellationToken,
}

impl Door {
    /// Starts a connection's task, or closes the connection when too many are in their handshake.
    fn let_in(&self, stream: TcpStream, peer: SocketAddr) {
        // An IPv4 client is the same client on a socket for both families.
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        let proxies = &self.shared.settings.proxies;
        let is_proxy = proxies.iter().any(|network| network.contains(&peer.ip()));
        let place = match is_proxy {
            true => self.handshakes.enter_by_proxy(),
            false => self.handshakes.enter(peer.ip()),
        };
        // The runtime that carries it watches it from now on.
        if let Some(place) = place
            && let Ok(stream) = stream.into_std()
        {
            let end = self.shutdown.child_token();
            let origin = match is_proxy {
                true => Origin::Proxy(peer),
                false => Origin::Client(peer),
            };
            let shared = Arc::clone(&self.shared);
            let connection = async move {
                let Ok(stream) = TcpStream::from_std(stream) else {
                    return;
                };
                app::connections::tune(&stream);
                session::serve(shared, stream, origin, place, end).await;
            };
            self.shared.carriers.carry(&self.shared.tasks, connection);
        }
    }
}

/// Errors of the connection that was about to be accepted, not of the listener (accept(2)).
fn is_about_the_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_out_of_descriptors_is_not_the_clients_fault() {
        assert!(!is_about_the_client(&io::Error::from_raw_os_error(24)));
        assert!(is_about_the_client(&io::Error::from_raw_os_error(103)));
    }
}
