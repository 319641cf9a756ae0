//! Which backend does a `CancelRequest` mean? Clients get keys that we made; only the right one reaches the backend, and
//! only the backend of that session.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use app::connections::BackendAddress;
use bytes::Bytes;
use model::Random;
use subtle::ConstantTimeEq;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    time::timeout,
};

use crate::{message::CancelKey, startup::V3_2};

/// How long a backend gets to take a request.
const PATIENCE: Duration = Duration::from_secs(5);
/// Wrong secrets after which a session cannot be cancelled any more: somebody guesses.
const MOST_MISSES: u32 = 64;

/// Every session that can be cancelled, by the process id that its client was told.
#[derive(Default)]
pub(crate) struct Cancels {
    sessions: Mutex<HashMap<u32, Arc<Session>>>,
}

struct Session {
    secret: Bytes,
    misses: AtomicU32,
    target: Target,
}

/// A backend session, and the key that the backend gave for it.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) address: Arc<BackendAddress>,
    pub(crate) key: CancelKey,
}

/// A session's place in the map; dropping it takes the session out.
pub(crate) struct Registration {
    /// What the client is told.
    pub(crate) key: CancelKey,
    cancels: Arc<Cancels>,
}

impl Cancels {
    fn sessions(&self) -> MutexGuard<'_, HashMap<u32, Arc<Session>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a key for a client that speaks protocol `version`: 4 octets of secret in 3.0, 32 from 3.2.
    pub(crate) fn register(self: &Arc<Self>, random: &Random, version: u32, target: Target) -> Registration {
        let secret = if version >= V3_2 {
            Bytes::copy_from_slice(&random.bytes::<32>())
        } else {
            Bytes::copy_from_slice(&random.bytes::<4>())
        };
        let session = Arc::new(Session {
            secret: secret.clone(),
            misses: AtomicU32::new(0),
            target,
        });
        let mut sessions = self.sessions();
        let pid = loop {
            // Clients print it as a signed number: 31 bits, not zero.
            let pid = u32::from_be_bytes(random.bytes()) >> 1;
            if pid != 0 && !sessions.contains_key(&pid) {
                break pid;
            }
        };
        sessions.insert(pid, session);
        Registration {
            key: CancelKey { pid, secret },
            cancels: Arc::clone(self),
        }
    }

    /// The backend session that `key` opens.
    pub(crate) fn find(&self, key: &CancelKey) -> Option<Target> {
        let session = self.sessions().get(&key.pid).cloned()?;
        if session.misses.load(Ordering::Relaxed) >= MOST_MISSES {
            return None;
        }
        if bool::from(session.secret.ct_eq(&key.secret)) {
            return Some(session.target.clone());
        }
        session.misses.fetch_add(1, Ordering::Relaxed);
        None
    }
}

impl Target {
    /// Whether nobody else is about to cancel it, once its registration is dropped.
    pub(crate) fn is_unused(&self) -> bool {
        Arc::strong_count(&self.address) == 1
    }

    /// Asks the backend to cancel what this session is doing, and waits until it has: PostgreSQL closes the connection
    /// once the signal is sent. Clients wait for that, lest the signal hit their next statement.
    pub(crate) async fn cancel(&self) -> bool {
        let request = async {
            let mut stream = self.address.connect().await?;
            send(&mut stream, &self.key).await
        };
        matches!(timeout(PATIENCE, request).await, Ok(Ok(())))
    }
}

async fn send<S>(stream: &mut S, key: &CancelKey) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    stream.write_all(&key.to_cancel_request()).await?;
    tokio::io::copy(stream, &mut tokio::io::sink()).await.map(drop)
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.cancels.sessions().remove(&self.key.pid);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU8;

    use tokio::{io::AsyncReadExt, net::TcpListener};

    use super::*;
    use crate::startup::V3_0;

    /// Counts up, so that keys differ.
    fn random() -> Random {
        let next = AtomicU8::new(1);
        Random::new(move |out| out.fill(next.fetch_add(1, Ordering::Relaxed)))
    }

    fn target(port: u16, pid: u32) -> Target {
        Target {
            address: Arc::new(BackendAddress::plain("127.0.0.1", port)),
            key: CancelKey {
                pid,
                secret: Bytes::from_static(b"real"),
            },
        }
    }

    #[test]
    fn only_the_right_key_finds_its_own_session() {
        let (cancels, random) = (Arc::new(Cancels::default()), random());
        let one = cancels.register(&random, V3_0, target(1, 1));
        let two = cancels.register(&random, V3_2, target(1, 2));
        assert_eq!((one.key.secret.len(), two.key.secret.len()), (4, 32));
        let found = |pid, secret: &Bytes| {
            let secret = secret.clone();
            cancels
                .find(&CancelKey { pid, secret })
                .map(|target| target.key.pid)
        };
        assert_eq!(found(one.key.pid, &one.key.secret), Some(1));
        assert_eq!(found(two.key.pid, &two.key.secret), Some(2));
        assert_eq!(found(one.key.pid, &two.key.secret), None);
        assert_eq!(found(one.key.pid, &Bytes::new()), None);
        assert_eq!(found(0, &one.key.secret), None);
        let (pid, secret) = (one.key.pid, one.key.secret.clone());
        drop(one);
        assert_eq!(found(pid, &secret), None);
    }

    #[test]
    fn guessing_ends() {
        let cancels = Arc::new(Cancels::default());
        let session = cancels.register(&random(), V3_0, target(1, 1));
        let wrong = CancelKey {
            pid: session.key.pid,
            secret: Bytes::from_static(b"none"),
        };
        for _ in 0..MOST_MISSES {
            assert!(cancels.find(&wrong).is_none());
        }
        assert!(cancels.find(&session.key).is_none());
    }

    #[tokio::test]
    async fn a_request_waits_for_the_backends_end() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = target(listener.local_addr().unwrap().port(), 7);
        let backend = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 16];
            stream.read_exact(&mut request).await.unwrap();
            request
        };
        let (cancelled, request) = tokio::join!(target.cancel(), backend);
        assert!(cancelled);
        assert_eq!(&request, b"\0\0\0\x10\x04\xd2\x16\x2e\0\0\0\x07real");
    }

    #[tokio::test(start_paused = true)]
    async fn a_backend_that_hangs_does_not_hold_the_client() {
        let (mut ours, _theirs) = tokio::io::duplex(64);
        let key = target(1, 1).key;
        assert!(timeout(PATIENCE, send(&mut ours, &key)).await.is_err());
        // Port 1 of loopback refuses.
        assert!(!target(1, 1).cancel().await);
    }
}
