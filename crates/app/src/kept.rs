//! What the store said of accounts a moment ago: the fast path of whoever comes again and again (design §2.9).
//!
//! A change that this process makes ends what was read before it, before it is answered; what others change in the same
//! store, replicas and operator's commands, is seen when [`crate::Settings::credential_linger`] is over.

use std::{
    hash::Hash,
    iter::Sum,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use model::UserId;
use quick_cache::sync::Cache;
use store::{Engine, Seen, Tx};
use tokio::time::Instant;

use crate::App;

/// The most of a kind; about 1 KB each.
const CAPACITY: usize = 16_384;

/// What was read of at most two accounts, whose changes end it.
pub(crate) trait OfAccounts {
    /// The accounts; one alone is said twice.
    fn accounts(&self) -> [UserId; 2];
}

/// As of when something was read of accounts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AsOf {
    /// Before it was read.
    asked: Instant,
    seen: [(UserId, Seen); 2],
}

/// What the store said.
#[derive(Debug)]
pub(crate) struct Found<V> {
    pub(crate) value: V,
    /// `None` when one of the accounts may have been changed while it was read: it is good for this once.
    pub(crate) as_of: Option<AsOf>,
    /// Whether somebody reads it anew before it is over.
    is_renewed: AtomicBool,
}

/// What is kept of one kind.
pub(crate) struct Kept<K, V> {
    found: Cache<K, Arc<Found<V>>>,
    hits: AtomicU64,
    misses: AtomicU64,
}

/// How often something was there, and how often the store was asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lookups {
    /// Answered from memory.
    pub hits: u64,
    /// Answered by the store.
    pub misses: u64,
}

impl Sum for Lookups {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            hits: sum.hits + one.hits,
            misses: sum.misses + one.misses,
        })
    }
}

impl<K: Hash + Eq, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self {
            found: Cache::new(CAPACITY),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }
}

impl<K: Hash + Eq, V: OfAccounts> Kept<K, V> {
    /// What is kept of `key`, if it can still be used.
    pub(crate) fn get(&self, key: &K, app: &App) -> Option<Arc<Found<V>>> {
        let is_usable = |as_of: AsOf| app.is_usable(as_of);
        let found = self
            .found
            .get(key)
            .filter(|found| found.as_of.is_some_and(is_usable))?;
        self.hits.fetch_add(1, Relaxed);
        Some(found)
    }

    /// What `read` says of `key`, which is then kept.
    pub(crate) async fn read<F>(&self, key: K, app: &App, read: F) -> store::Result<Option<Arc<Found<V>>>>
    where
        F: Future<Output = store::Result<Option<V>>>,
    {
        self.misses.fetch_add(1, Relaxed);
        let (changes, asked) = (app.db().changes(), Instant::now());
        let reading = changes.begin_read();
        let Some(value) = read.await? else {
            return Ok(None);
        };
        let [one, other] = value
            .accounts()
            .map(|user| Some((user, changes.end_read(reading, user)?)));
        let as_of = one.zip(other).map(|(one, other)| AsOf {
            asked,
            seen: [one, other],
        });
        let found = Arc::new(Found {
            value,
            as_of,
            is_renewed: AtomicBool::new(false),
        });
        if as_of.is_some() && !app.settings().credential_linger.is_zero() {
            self.found.insert(key, Arc::clone(&found));
        }
        Ok(Some(found))
    }

    /// What is kept of `key`, or else what `read` says. Whoever finds it kept needs no room for the store's answer.
    pub(crate) async fn find<F>(
        &self,
        key: K,
        app: &App,
        read: impl FnOnce() -> F,
    ) -> store::Result<Option<Arc<Found<V>>>>
    where
        F: Future<Output = store::Result<Option<V>>>,
    {
        match self.get(&key, app) {
            Some(found) => Ok(Some(found)),
            None => Box::pin(self.read(key, app, read())).await,
        }
    }

    /// Whether `key` should be read by whoever has a moment before it is needed: nothing is kept of it, or for most of
    /// its time already, and nobody else was told so.
    pub(crate) fn is_due(&self, key: &K, app: &App) -> bool {
        let Some(found) = self.found.get(key) else {
            return true;
        };
        match found.as_of.filter(|as_of| app.is_usable(*as_of)) {
            Some(as_of) => {
                as_of.asked.elapsed() >= app.settings().credential_linger * 7 / 10
                    && !found.is_renewed.swap(true, Relaxed)
            }
            None => true,
        }
    }

    /// How often it was looked up.
    pub(crate) fn counts(&self) -> Lookups {
        Lookups {
            hits: self.hits.load(Relaxed),
            misses: self.misses.load(Relaxed),
        }
    }
}

impl App {
    /// Starts a change that all replicas know by the time it is answered: none of them uses any more what it read before.
    pub(crate) async fn begin_for_all_replicas(&self) -> store::Result<Tx> {
        let linger = match self.db().engine() {
            // One process alone has the file.
            Engine::Sqlite => Duration::ZERO,
            Engine::Postgres => self.settings().credential_linger,
        };
        self.db().clone().lingering(linger).begin().await
    }

    /// Whether what was read then can still be used.
    pub(crate) fn is_usable(&self, as_of: AsOf) -> bool {
        let is_current = |(user, seen): (UserId, Seen)| self.db().changes().is_current(user, seen);
        as_of.asked.elapsed() < self.settings().credential_linger && as_of.seen.into_iter().all(is_current)
    }
}
