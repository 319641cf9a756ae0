//! When credentials were last used: noted in memory, written at most once a minute (design §2.9).

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;
use model::{SessionId, TokenId};
use store::{Unrecorded, sessions, tokens};

use crate::{App, Result};

#[derive(Default)]
pub(crate) struct LastUse(Mutex<Noted>);

#[derive(Default)]
struct Noted {
    tokens: HashMap<TokenId, (Timestamp, IpAddr)>,
    sessions: HashMap<SessionId, Timestamp>,
}

impl LastUse {
    pub(crate) fn token(&self, id: TokenId, at: Timestamp, ip: IpAddr) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .tokens
            .insert(id, (at, ip));
    }

    pub(crate) fn session(&self, id: SessionId, at: Timestamp) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .sessions
            .insert(id, at);
    }

    /// What was noted of a token since the last write.
    pub(crate) fn of_token(&self, id: TokenId) -> Option<(Timestamp, IpAddr)> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .tokens
            .get(&id)
            .copied()
    }

    fn take(&self) -> Noted {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl App {
    /// Writes what was noted. The binary calls it every minute and before it ends.
    pub async fn flush_last_use(&self) -> Result<()> {
        let noted = self.0.last_use.take();
        if noted.tokens.is_empty() && noted.sessions.is_empty() {
            return Ok(());
        }
        let mut tx = self.db().begin().await?;
        for (id, (at, ip)) in noted.tokens {
            tokens::update_last_used(&mut tx, id, at, &ip.to_string()).await?;
        }
        for (id, at) in noted.sessions {
            sessions::update_last_seen(&mut tx, id, at).await?;
        }
        Ok(tx.commit_unrecorded(Unrecorded::LastUse).await?)
    }
}
