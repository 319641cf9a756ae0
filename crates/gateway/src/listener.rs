//! Who may come in? Accepts connections until it is told to stop, whatever the operating system says meanwhile. Whoever
//! is not listened to costs little more than to accept and to close.

use std::{
    io,
    net::{SocketAddr, TcpListener as StdListener, TcpStream as StdStream},
    sync::Arc,
    time::Duration,
};

use app::connections::tune;
use socket2::SockRef;
use tokio::{
    io::{Interest, unix::AsyncFd},
    net::TcpListener,
    task::yield_now,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use crate::{
    Shared,
    handshakes::{Handshakes, Place},
    session,
    session::Origin,
};

/// How long to wait when there is no descriptor or memory for another connection.
const BREATH: Duration = Duration::from_millis(100);
/// How often at most the log tells of connections that were closed without a word.
const TOLD_EVERY: Duration = Duration::from_secs(10);
/// So many connections are closed without a word before somebody else has a turn on the thread.
const TURN: usize = 16;
/// For how long after one the thread is taken to be busy with closing more.
const FLOOD: Duration = Duration::from_secs(1);

/// Accepts until `shutdown`, then waits for the sessions to end. No connection is ever waited for here.
pub(crate) async fn accept(shared: Arc<Shared>, listener: TcpListener, shutdown: CancellationToken) {
    let stop = shutdown.child_token();
    let _stop = stop.clone().drop_guard();
    let door = Door {
        handshakes: Arc::new(Handshakes::new(
            shared.settings.handshakes,
            shared.settings.handshakes_per_network,
        )),
        shutdown,
        shared: Arc::clone(&shared),
        unheard: Unheard::default(),
    };
    // Once for all connections, where the system takes it so.
    tune(&listener);
    match listener.into_std() {
        Ok(listener) => {
            let accepting = door.open(listener, stop.clone());
            shared.tasks.spawn_on(accepting, shared.carriers.first());
        }
        Err(error) => tracing::error!(%error, "the gateway has lost its listener"),
    }
    shared.tasks.close();
    shared.tasks.wait().await;
}

struct Door {
    shared: Arc<Shared>,
    handshakes: Arc<Handshakes>,
    shutdown: CancellationToken,
    unheard: Unheard,
}

impl Door {
    async fn open(self, listener: StdListener, stop: CancellationToken) {
        match watch(listener) {
            Ok(listener) => self.accept(listener, stop).await,
            Err(error) => tracing::error!(%error, "the gateway cannot accept connections"),
        }
    }

    async fn accept(mut self, listener: AsyncFd<StdListener>, stop: CancellationToken) {
        let mut trouble = false;
        let mut closed = 0;
        loop {
            let accepted = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                accepted = listener.async_io(Interest::READABLE, StdListener::accept) => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    trouble = false;
                    if !self.answer(stream, peer) {
                        closed += 1;
                    }
                    if closed == TURN {
                        closed = 0;
                        yield_now().await;
                    }
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
    }

    /// Starts a connection's task, or closes the connection: when its network connects too often, and when too many are
    /// in their handshake. Whether it is heard.
    fn answer(&mut self, stream: StdStream, peer: SocketAddr) -> bool {
        // An IPv4 client is the same client on a socket for both families.
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        let Some((origin, place)) = self.let_in(peer) else {
            // By a reset, so that the system keeps nothing of it; it may fail for a client that has left.
            let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
            self.unheard.count();
            return false;
        };
        let (shared, end) = (Arc::clone(&self.shared), self.shutdown.child_token());
        let serve = move |stream| async move {
            if cfg!(not(target_os = "linux")) {
                tune(&stream);
            }
            session::serve(shared, stream, origin, place, end).await
        };
        let is_flooded = self.unheard.is_recent();
        self.shared
            .carriers
            .carry(&self.shared.tasks, stream, is_flooded, serve);
        true
    }

    fn let_in(&self, peer: SocketAddr) -> Option<(Origin, Place)> {
        let mut place = self.handshakes.enter()?;
        let proxies = &self.shared.settings.proxies;
        if proxies.iter().any(|network| network.contains(&peer.ip())) {
            return Some((Origin::Proxy(peer), place));
        }
        let is_heard = self.shared.hears(&mut place, peer.ip());
        is_heard.then_some((Origin::Client(peer), place))
    }
}

/// Connections that were closed without a word since the log told of them.
#[derive(Default)]
struct Unheard {
    connections: u64,
    last_at: Option<Instant>,
    told_at: Option<Instant>,
}

impl Unheard {
    fn is_recent(&self) -> bool {
        self.last_at.is_some_and(|at| at.elapsed() < FLOOD)
    }

    fn count(&mut self) {
        self.connections += 1;
        let now = Instant::now();
        self.last_at = Some(now);
        if self.told_at.is_none_or(|at| now - at >= TOLD_EVERY) {
            let connections = std::mem::take(&mut self.connections);
            tracing::warn!(
                connections,
                "connections were closed unheard: too many attempts from their networks, or too many handshakes at once"
            );
            self.told_at = Some(now);
        }
    }
}

/// What is accepted by way of it is not watched itself, which costs time that is lost when it is not heard.
#[expect(
    deprecated,
    reason = "unsound only for a type that closes its descriptor or has another one later, which this one does not"
)]
fn watch(listener: StdListener) -> io::Result<AsyncFd<StdListener>> {
    AsyncFd::with_interest(listener, Interest::READABLE)
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

    #[cfg(target_os = "linux")]
    #[test]
    fn connections_are_tuned_as_their_listener_is() {
        let listener = StdListener::bind("127.0.0.1:0").unwrap();
        tune(&listener);
        let _client = StdStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        let socket = SockRef::from(&stream);
        assert!(socket.tcp_nodelay().unwrap() && socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(60));
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), Duration::from_secs(10));
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), 6);
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(Duration::from_secs(60)));
    }
}
