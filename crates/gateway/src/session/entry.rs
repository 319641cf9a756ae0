//! How a backend is entered: by a session that waits for this very client, or by a new one.

use std::time::Duration;

use app::connections::{Admission, BackendStream, Refusal};
use bytes::{Buf, BytesMut};
use model::scram::nonce;
use tokio::time::{Instant, sleep, timeout};

use super::{visitor::STORE, within};
use crate::{
    Shared,
    login::{self, Credential, Failure, Welcome, startup_packet},
    message::{HEADER, parse_header, put_message},
    refusal::Stop,
    warm::{Freshness, Key, Reserved, Warmth},
};

/// How often a server that is full is asked again while sessions that waited there end, and after how long.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(20);

/// A session with a backend.
pub(super) struct Session {
    pub(super) stream: BackendStream,
    pub(super) welcome: Welcome,
    /// Where it can be kept when its client leaves.
    pub(super) warmth: Option<Warmth>,
}

/// Where somebody is let in, and the session that was reserved for them there, if one was.
pub(super) struct Way {
    pub(super) admission: Admission,
    key: Key,
    reserved: Option<Reserved>,
}

impl Way {
    /// Where `admission` leads whoever has these `parameters`.
    pub(super) fn new(admission: Admission, parameters: &[u8]) -> Self {
        let backend = &admission.backend;
        let packet = startup_packet(backend, parameters);
        let key = Key::new(admission.entrance(), &backend.address, packet);
        Self {
            admission,
            key,
            reserved: None,
        }
    }

    /// Reserves a session that waits there.
    pub(super) fn reserve(self, shared: &Shared) -> Self {
        let reserved = shared.warm.reserve(&self.key);
        Self { reserved, ..self }
    }

    /// The same with the session that was reserved for `other`, if it is as good here.
    pub(super) fn with_reserved_of(self, other: Self) -> Self {
        let reserved = other.reserved.filter(|_| other.key == self.key);
        Self { reserved, ..self }
    }
}

/// Goes this way: by the session that was reserved, by another one that waits, or by a new one.
pub(super) async fn enter(shared: &Shared, way: &mut Way) -> Result<Session, Stop> {
    let is_worth_it = shared.warm.is_on() && shared.warm.is_worth_it(&way.key);
    let credential = &way.admission.backend.credential;
    if is_worth_it && let Some(given) = shared.warm.take(&way.key, credential, way.reserved.take()).await {
        return Ok(Session {
            welcome: given.welcome(),
            stream: given.stream,
            warmth: Some(given.warmth),
        });
    }
    let deadline = Instant::now() + shared.settings.backend_timeout;
    // Boxed, so that whoever has a session needs no room for a login.
    let entered = within(deadline, Box::pin(Entry { shared, way }.try_hard(is_worth_it))).await;
    entered.map_err(login::Failure::into_stop)
}

struct Entry<'e> {
    shared: &'e Shared,
    way: &'e Way,
}

impl Entry<'_> {
    /// Once more when the backend does not take our credential, because its person changed the role's password; and
    /// while it is full, if it is so of sessions that wait.
    async fn try_hard(self, is_worth_it: bool) -> Result<Session, Failure> {
        let entered = match self.log_in().await {
            Err(failure) if failure.is_credential() => {
                if !self.restore_role().await {
                    return Err(failure);
                }
                self.log_in().await
            }
            Err(failure) if failure.is_full() && self.shared.warm.make_room(&self.way.key) => {
                self.wait_for_room(failure).await
            }
            entered => entered,
        };
        let (mut stream, welcome) = entered?;
        let warmth = match is_worth_it && welcome.ready.len() == HEADER + 1 {
            true => self.warmth(&mut stream, &welcome).await?,
            false => None,
        };
        Ok(Session {
            stream,
            welcome,
            warmth,
        })
    }

    async fn log_in(&self) -> Result<(BackendStream, Welcome), Failure> {
        let backend = &self.way.admission.backend;
        let nonce = nonce(self.shared.app.random());
        let mut stream = backend.address.connect().await?;
        let credential = Credential { backend, nonce };
        let welcome = login::log_in(&mut stream, credential, self.way.key.packet()).await?;
        Ok((stream, welcome))
    }

    async fn restore_role(&self) -> bool {
        let restored = timeout(STORE, self.shared.app.restore_role(&self.way.admission)).await;
        restored.unwrap_or(Err(Refusal::BackendLogin)).is_ok()
    }

    async fn wait_for_room(&self, mut failure: Failure) -> Result<(BackendStream, Welcome), Failure> {
        for _ in 0..TRIES {
            sleep(PAUSE).await;
            match self.log_in().await {
                Err(again) if again.is_full() => failure = again,
                entered => return entered,
            }
        }
        Err(failure)
    }

    /// Makes a session that has just begun one that can be kept, if it can be.
    async fn warmth(&self, stream: &mut BackendStream, welcome: &Welcome) -> Result<Option<Warmth>, Failure> {
        let Some(statuses) = statuses(&welcome.notices) else {
            return Ok(None);
        };
        let freshness = Freshness::ask(stream, &statuses).await?;
        Ok(freshness.map(|freshness| Warmth {
            key: self.way.key.clone(),
            credential: self.way.admission.backend.credential.clone(),
            freshness,
            statuses,
            cancel: welcome.key.clone(),
            born: Instant::now(),
        }))
    }
}

/// What a backend said of its settings, without notices that were for one login.
fn statuses(notices: &BytesMut) -> Option<BytesMut> {
    let (mut rest, mut out) = (notices.clone(), BytesMut::new());
    while rest.has_remaining() {
        let (kind, length) = parse_header(*rest.first_chunk()?, rest.len()).ok()?;
        rest.advance(HEADER);
        if rest.len() < length {
            return None;
        }
        let body = rest.split_to(length);
        if kind == b'S' {
            put_message(&mut out, kind, &body);
        }
    }
    Some(out)
}
