//! Which accounts this process has changed: what was read of them before is not to be used again.
//!
//! Every commit of a change notes the account that its audit record belongs to, whatever becomes of the request that
//! asked for it. What others change in the same store is not seen here: whoever keeps what they read keeps it for a
//! short while only, and an operator's command lingers for as long ([`crate::Db::lingering`]).

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};

use model::UserId;

/// Accounts share counters: a change of one costs the others of its counter a read, no more.
const COUNTERS: usize = 4096;

/// Counts the changes of accounts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Changes(Arc<Counters>);

#[derive(Debug)]
struct Counters {
    all: AtomicU64,
    accounts: Vec<AtomicU64>,
}

/// Taken before something is read.
#[derive(Debug, Clone, Copy)]
pub struct Reading(u64);

/// How often the account had been changed when it was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen(u64);

impl Default for Changes {
    fn default() -> Self {
        Self(Arc::new(Counters {
            all: AtomicU64::new(0),
            accounts: (0..COUNTERS).map(|_| AtomicU64::new(0)).collect(),
        }))
    }
}

impl Changes {
    /// To be called before a read.
    pub fn begin_read(&self) -> Reading {
        Reading(self.0.all.load(SeqCst))
    }

    /// To be called after the read that turned out to be of `user`. `None` when something was changed meanwhile: then
    /// nobody knows whether it was read before or after, and it is good for this once.
    pub fn end_read(&self, reading: Reading, user: UserId) -> Option<Seen> {
        let seen = self.seen(user);
        (self.0.all.load(SeqCst) == reading.0).then_some(seen)
    }

    /// Whether `user` was not changed since they were read.
    pub fn is_current(&self, user: UserId, seen: Seen) -> bool {
        self.seen(user) == seen
    }

    /// Called after a commit, however it went. The count of all goes first: whoever sees the account's own has to see
    /// that one too.
    pub(crate) fn note(&self, users: &[UserId]) {
        for user in users {
            self.0.all.fetch_add(1, SeqCst);
            if let Some(counter) = self.counter(*user) {
                counter.fetch_add(1, SeqCst);
            }
        }
    }

    fn seen(&self, user: UserId) -> Seen {
        Seen(self.counter(user).map_or(0, |counter| counter.load(SeqCst)))
    }

    fn counter(&self, user: UserId) -> Option<&AtomicU64> {
        let mut hasher = DefaultHasher::new();
        user.hash(&mut hasher);
        let place = usize::try_from(hasher.finish() % COUNTERS as u64).unwrap_or_default();
        self.0.accounts.get(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(n: u64) -> UserId {
        format!("u_{n:019}0").parse().unwrap()
    }

    #[test]
    fn a_change_ends_what_was_read_before_it() {
        let changes = Changes::default();
        let seen = changes.end_read(changes.begin_read(), user(1)).unwrap();
        assert!(changes.is_current(user(1), seen));
        changes.note(&[user(1)]);
        assert!(!changes.is_current(user(1), seen));
        let again = changes.end_read(changes.begin_read(), user(1)).unwrap();
        assert!(changes.is_current(user(1), again));
    }

    #[test]
    fn what_was_read_during_a_change_is_not_kept() {
        let changes = Changes::default();
        let reading = changes.begin_read();
        // Of whom, is only known afterwards.
        changes.note(&[user(2)]);
        assert_eq!(changes.end_read(reading, user(1)), None);
    }
}
