//! Credentials that were looked up just now: the fast path of every request (design §2.9).
//!
//! What is kept is what the store said, not a verdict: time, networks and the account's state are checked anew each
//! time. A change that this process makes ends what was read before it before it is answered; what others change in the
//! same store, replicas and operator's commands, is seen when [`crate::Settings::credential_linger`] is over.

use std::{
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use model::{SessionId, TokenId};
use quick_cache::sync::Cache;
use store::{Changes, Seen, sessions, sessions::SessionRow, tokens, tokens::TokenRow, users::UserRow};
use tokio::time::Instant;

use crate::{App, Result};

/// The most credentials of a kind; about 1 KB each.
const CAPACITY: usize = 16_384;

/// What the store said of a credential and of its owner.
pub(crate) struct Found<R> {
    pub(crate) row: R,
    pub(crate) user: UserRow,
    seen: Seen,
    /// When it was asked for, before it was read.
    asked: Instant,
}

/// The credentials of both kinds.
pub(crate) struct Credentials {
    tokens: Kind<TokenId, TokenRow>,
    sessions: Kind<SessionId, SessionRow>,
}

struct Kind<K, R> {
    found: Cache<K, Arc<Found<R>>>,
    hits: AtomicU64,
    misses: AtomicU64,
}

/// How often a credential was there, and how often the store was asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CredentialLookups {
    /// Answered from memory.
    pub hits: u64,
    /// Answered by the store.
    pub misses: u64,
}

impl Default for Credentials {
    fn default() -> Self {
        Self {
            tokens: Kind::new(),
            sessions: Kind::new(),
        }
    }
}

impl<K: Hash + Eq + Copy, R> Kind<K, R> {
    fn new() -> Self {
        Self {
            found: Cache::new(CAPACITY),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// What is kept of `key`, or else what `read` says, which is then kept.
    async fn find(
        &self,
        key: K,
        changes: &Changes,
        linger: Duration,
        read: impl Future<Output = store::Result<Option<(R, UserRow)>>>,
    ) -> Result<Option<Arc<Found<R>>>> {
        let is_good = |found: &Arc<Found<R>>| {
            found.asked.elapsed() < linger && changes.is_current(found.user.id, found.seen)
        };
        if let Some(found) = self.found.get(&key).filter(is_good) {
            self.hits.fetch_add(1, Relaxed);
            return Ok(Some(found));
        }
        self.misses.fetch_add(1, Relaxed);
        let (asked, reading) = (Instant::now(), changes.begin_read());
        let Some((row, user)) = read.await? else {
            return Ok(None);
        };
        let kept = changes.end_read(reading, user.id);
        let found = Arc::new(Found {
            seen: kept.unwrap_or_default(),
            row,
            user,
            asked,
        });
        if kept.is_some() && !linger.is_zero() {
            self.found.insert(key, Arc::clone(&found));
        }
        Ok(Some(found))
    }
}

impl App {
    /// The token with this id and whose it is.
    pub(crate) async fn find_token(&self, id: TokenId) -> Result<Option<Arc<Found<TokenRow>>>> {
        let read = tokens::find_credential(self.db(), id);
        let kind = &self.0.credentials.tokens;
        kind.find(id, self.db().changes(), self.settings().credential_linger, read)
            .await
    }

    /// The session with this id and whose it is.
    pub(crate) async fn find_session(&self, id: SessionId) -> Result<Option<Arc<Found<SessionRow>>>> {
        let read = sessions::find_session(self.db(), id);
        let kind = &self.0.credentials.sessions;
        kind.find(id, self.db().changes(), self.settings().credential_linger, read)
            .await
    }

    /// How often credentials were looked up since the start.
    pub fn credential_lookups(&self) -> CredentialLookups {
        let Credentials { tokens, sessions } = &self.0.credentials;
        CredentialLookups {
            hits: tokens.hits.load(Relaxed) + sessions.hits.load(Relaxed),
            misses: tokens.misses.load(Relaxed) + sessions.misses.load(Relaxed),
        }
    }
}
