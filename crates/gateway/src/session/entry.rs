//! How a backend is entered: by a session that waits for this very client, or by a new one.

use std::time::Duration;

use app::connections::{Admission, BackendStream, Refusal};
use bytes::{Buf, Bytes, BytesMut};
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

/// Reserves a session that waits for whoever is admitted like that, with these `parameters`.
pub(super) fn reserve(shared: &Shared, admission: &Admission, parameters: &[u8]) -> Option<Reserved> {
    let packet = startup_packet(&admission.backend, parameters);
    shared.warm.reserve(&Key::new(
        admission.entrance(),
        &admission.backend.address,
        packet,
    ))
}

/// Enters where `admission` leads, with the client's `parameters`, by the session that was `reserved` if there is one.
pub(super) async fn enter(
    shared: &Shared,
    admission: &Admission,
    parameters: &[u8],
    reserved: Option<Reserved>,
) -> Result<Session, Stop> {
    let backend = &admission.backend;
    let packet = startup_packet(backend, parameters);
    let key = Key::new(admission.entrance(), &backend.address, packet.clone());
    let is_worth_it = shared.warm.is_on() && shared.warm.is_worth_it(&key);
    if is_worth_it && let Some(given) = shared.warm.take(&key, &backend.credential, reserved).await {
        return Ok(Session {
            welcome: given.welcome(),
            stream: given.stream,
            warmth: Some(given.warmth),
        });
    }
    let entry = Entry {
        shared,
        admission,
        packet,
        key,
    };
    let deadline = Instant::now() + shared.settings.backend_timeout;
    let entered = within(deadline, entry.try_hard(is_worth_it)).await;
    entered.map_err(login::Failure::into_stop)
}

struct Entry<'e> {
    shared: &'e Shared,
    admission: &'e Admission,
    packet: Bytes,
    key: Key,
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
            Err(failure) if failure.is_full() && self.shared.warm.make_room(&self.key) => {
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
        let backend = &self.admission.backend;
        let nonce = nonce(self.shared.app.random());
        let mut stream = backend.address.connect().await?;
        let welcome = login::log_in(&mut stream, Credential { backend, nonce }, &self.packet).await?;
        Ok((stream, welcome))
    }

    async fn restore_role(&self) -> bool {
        let restored = timeout(STORE, self.shared.app.restore_role(self.admission)).await;
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
            key: self.key.clone(),
            credential: self.admission.backend.credential.clone(),
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
