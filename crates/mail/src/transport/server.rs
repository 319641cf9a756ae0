//! Connections to the mail server. They are used again, but only after a mail went through to its last reply: one on
//! which a reply is still to come, after an error or because nobody waited any longer, would give that reply to the next
//! mail, which would then pass for delivered. So a connection is out of the store while it is used, and is dropped
//! unless it is put back.

use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::{Duration, Instant},
};

use lettre::{
    address::Envelope,
    transport::smtp::{self, client::AsyncSmtpConnection},
};
use tokio::time::{sleep, timeout};

use super::smtp::{Address, Smtp, Tls};
use crate::Error;

/// How long a connection is kept that has nothing to do; mail servers wait for longer.
const IDLE: Duration = Duration::from_secs(30);
/// How long a server may take to show that a kept connection is alive, or to say good-bye.
const BRIEFLY: Duration = Duration::from_secs(5);

/// A mail server and the connections to it.
pub(super) struct Server {
    address: Address,
    timeout: Duration,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    connections: Vec<(AsyncSmtpConnection, Instant)>,
    /// Whether somebody looks after those that have nothing to do.
    is_swept: bool,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({}:{})", self.address.host, self.address.port)
    }
}

impl Server {
    pub(super) fn new(server: Smtp<'_>) -> Result<Self, Error> {
        Ok(Self {
            address: server.address()?,
            timeout: server.timeout,
            kept: Mutex::default(),
        })
    }

    /// The longest that [`Server::send`] takes.
    pub(super) fn longest(&self) -> Duration {
        self.timeout * 2 + BRIEFLY
    }

    /// Gives it a mail; returns when it has it.
    pub(super) async fn send(self: &Arc<Self>, envelope: &Envelope, mail: &[u8]) -> Result<(), Error> {
        let mut connection = match self.kept_connection().await {
            Some(connection) => connection,
            None => timeout(self.timeout, self.connect())
                .await
                .map_err(|_| Error::Timeout)??,
        };
        self.within(connection.send(envelope, mail)).await?;
        self.keep(connection);
        Ok(())
    }

    async fn within<T>(&self, does: impl Future<Output = Result<T, smtp::Error>>) -> Result<T, Error> {
        let done = timeout(self.timeout, does).await.map_err(|_| Error::Timeout)?;
        done.map_err(Error::Smtp)
    }

    /// One that is alive, of those that were kept.
    async fn kept_connection(&self) -> Option<AsyncSmtpConnection> {
        let (mut connection, _) = self.with_kept(|kept| kept.connections.pop())?;
        let is_alive = timeout(BRIEFLY, connection.test_connected()).await;
        // Where one is dead the others most likely are too, for the server was started anew.
        is_alive.unwrap_or(false).then_some(connection)
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let address = &self.address;
        let from_the_first_byte = match &address.tls {
            Tls::FromTheFirstByte(parameters) => Some(parameters.clone()),
            _ => None,
        };
        let mut connection = AsyncSmtpConnection::connect_tokio1(
            (address.host.as_str(), address.port),
            None,
            &address.hello_name,
            from_the_first_byte,
            None,
        )
        .await
        .map_err(Error::Smtp)?;
        let starttls = match &address.tls {
            Tls::Required(parameters) => Some(parameters),
            Tls::Opportunistic(parameters) if connection.can_starttls() => Some(parameters),
            _ => None,
        };
        if let Some(parameters) = starttls {
            let upgraded = connection.starttls(parameters.clone(), &address.hello_name);
            upgraded.await.map_err(Error::Smtp)?;
        }
        if let Some(credentials) = &address.credentials {
            let mechanisms = smtp::authentication::DEFAULT_MECHANISMS;
            connection
                .auth(mechanisms, credentials)
                .await
                .map_err(Error::Smtp)?;
        }
        Ok(connection)
    }

    fn keep(self: &Arc<Self>, connection: AsyncSmtpConnection) {
        let was_swept = self.with_kept(|kept| {
            kept.connections.push((connection, Instant::now()));
            std::mem::replace(&mut kept.is_swept, true)
        });
        if !was_swept {
            tokio::spawn(sweep(Arc::downgrade(self)));
        }
    }

    fn with_kept<T>(&self, does: impl FnOnce(&mut Kept) -> T) -> T {
        does(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes out those that have nothing to do; none are left where the second is true.
    fn idle_connections(&self) -> (Vec<AsyncSmtpConnection>, bool) {
        self.with_kept(|kept| {
            let all = std::mem::take(&mut kept.connections);
            let (idle, busy): (Vec<_>, _) = all.into_iter().partition(|(_, since)| since.elapsed() >= IDLE);
            kept.connections = busy;
            kept.is_swept = !kept.connections.is_empty();
            let idle = idle.into_iter().map(|(connection, _)| connection).collect();
            (idle, !kept.is_swept)
        })
    }
}

/// Ends connections that have nothing to do, until there is none.
async fn sweep(server: Weak<Server>) {
    loop {
        sleep(IDLE).await;
        let Some((idle, is_done)) = server.upgrade().map(|server| server.idle_connections()) else {
            return;
        };
        for mut connection in idle {
            // It ends either way.
            let _ = timeout(BRIEFLY, connection.quit()).await;
        }
        if is_done {
            return;
        }
    }
}
