//! Credentials that were looked up just now: the fast path of every request (design §2.9).
//!
//! What is kept is what the store said, not a verdict: time, networks and the account's state are checked anew each
//! time, and nobody is refused by what is kept alone. A change that this process makes ends what was read before it before it is answered; what others change in the
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
use store::{Db, Seen, sessions, sessions::SessionRow, tokens, tokens::TokenRow, users::UserRow};
use tokio::time::Instant;

use crate::{App, Error, Result};

/// The most credentials of a kind; about 1 KB each.
const CAPACITY: usize = 16_384;

/// What the store said of a credential and of its owner.
struct Found<R> {
    row: R,
    user: UserRow,
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

    /// What `judge` makes of `key`: by what is kept of it, or else by what `read` says, which is then kept. Whom the
    /// former refuses is judged by the latter.
    async fn judge<T, F>(
        &self,
        key: K,
        db: &Db,
        linger: Duration,
        read: impl Fn() -> F,
        judge: impl Fn(&R, &UserRow) -> Result<T>,
    ) -> Result<T>
    where
        F: Future<Output = store::Result<Option<(R, UserRow)>>>,
    {
        let changes = db.changes();
        let is_good = |found: &Arc<Found<R>>| {
            found.asked.elapsed() < linger && changes.is_current(found.user.id, found.seen)
        };
        if let Some(found) = self.found.get(&key).filter(is_good) {
            self.hits.fetch_add(1, Relaxed);
            let judged = judge(&found.row, &found.user);
            if judged.is_ok() {
                return judged;
            }
        }
        self.misses.fetch_add(1, Relaxed);
        let (asked, reading) = (Instant::now(), changes.begin_read());
        let Some((row, user)) = read().await? else {
            return Err(Error::SignInRequired);
        };
        let judged = judge(&row, &user);
        if let Some(seen) = changes.end_read(reading, user.id).filter(|_| !linger.is_zero()) {
            let found = Found {
                row,
                user,
                seen,
                asked,
            };
            self.found.insert(key, Arc::new(found));
        }
        judged
    }
}

impl App {
    /// What `judge` makes of the token with this id and of its owner; [`Error::SignInRequired`] where there is none.
    pub(crate) async fn judge_token<T>(
        &self,
        id: TokenId,
        judge: impl Fn(&TokenRow, &UserRow) -> Result<T>,
    ) -> Result<T> {
        let (db, linger) = (self.db(), self.settings().credential_linger);
        let read = || tokens::find_credential(db, id);
        self.0.credentials.tokens.judge(id, db, linger, read, judge).await
    }

    /// The same of a session.
    pub(crate) async fn judge_session<T>(
        &self,
        id: SessionId,
        judge: impl Fn(&SessionRow, &UserRow) -> Result<T>,
    ) -> Result<T> {
        let (db, linger) = (self.db(), self.settings().credential_linger);
        let read = || sessions::find_session(db, id);
        self.0
            .credentials
            .sessions
            .judge(id, db, linger, read, judge)
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
