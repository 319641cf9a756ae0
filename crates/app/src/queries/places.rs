//! How many queries run at once: so many of one person, so many in all. Who comes later waits in turn, and not for ever.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use model::UserId;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::{Error, Result, settings::QuerySettings};

/// How long a query waits for its turn.
const WAIT: Duration = Duration::from_secs(30);
/// Queries of one person that may wait.
const QUEUE: usize = 200;
/// What is said to who does not get a place.
const AFTER_SECONDS: u64 = 5;

pub(crate) struct Places {
    all: Arc<Semaphore>,
    per_user: usize,
    people: Arc<Mutex<HashMap<UserId, Person>>>,
}

struct Person {
    running: Arc<Semaphore>,
    /// Queries that run or wait, and results that are being read.
    here: usize,
}

/// A query's place.
#[derive(Debug)]
pub(super) struct Place {
    own: OwnPlace,
    running: OwnedSemaphorePermit,
}

/// The person's part of it: held until the result is read, so that slow readers do not gather results.
#[derive(Debug)]
pub(super) struct OwnPlace {
    _permit: OwnedSemaphorePermit,
    _counted: Counted,
}

/// One of [`Person::here`].
struct Counted {
    user: UserId,
    people: Arc<Mutex<HashMap<UserId, Person>>>,
}

impl std::fmt::Debug for Counted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Counted")
    }
}

impl Places {
    pub(crate) fn new(settings: &QuerySettings) -> Self {
        Self {
            all: Arc::new(Semaphore::new(settings.at_once)),
            per_user: settings.per_user,
            people: Arc::default(),
        }
    }

    /// Waits for a place of `user`: first among their own queries, then, with no more than may run of one person, among
    /// everybody's. So nobody's hundred queries stand before another's one.
    pub(super) async fn enter(&self, user: UserId) -> Result<Place> {
        let (counted, own) = self.count(user)?;
        let both = async {
            let permit = own.acquire_owned().await.ok()?;
            Some((permit, Arc::clone(&self.all).acquire_owned().await.ok()?))
        };
        let (permit, running) = timeout(WAIT, both).await.ok().flatten().ok_or_else(full)?;
        Ok(Place {
            own: OwnPlace {
                _permit: permit,
                _counted: counted,
            },
            running,
        })
    }

    fn count(&self, user: UserId) -> Result<(Counted, Arc<Semaphore>)> {
        let mut people = locked(&self.people);
        let person = people.entry(user).or_insert_with(|| Person {
            running: Arc::new(Semaphore::new(self.per_user)),
            here: 0,
        });
        if person.here >= self.per_user + QUEUE {
            return Err(full());
        }
        person.here += 1;
        let counted = Counted {
            user,
            people: Arc::clone(&self.people),
        };
        Ok((counted, Arc::clone(&person.running)))
    }
}

impl Place {
    /// The person's part, and the part that is given back when the backend is free again.
    pub(super) fn split(self) -> (OwnPlace, OwnedSemaphorePermit) {
        (self.own, self.running)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut people = locked(&self.people);
        if let Some(person) = people.get_mut(&self.user) {
            person.here -= 1;
            if person.here == 0 {
                people.remove(&self.user);
            }
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn full() -> Error {
    Error::RateLimited {
        after_seconds: AFTER_SECONDS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(at_once: usize, per_user: usize) -> Places {
        Places::new(&QuerySettings {
            at_once,
            per_user,
            ..QuerySettings::default()
        })
    }

    fn user(n: u8) -> UserId {
        format!("u_{n:018}00").parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn who_finds_no_place_is_told_so_after_a_while() {
        let places = places(10, 1);
        let first = places.enter(user(1)).await.unwrap();
        assert!(places.enter(user(2)).await.is_ok(), "others are not concerned");
        assert!(matches!(
            places.enter(user(1)).await,
            Err(Error::RateLimited { after_seconds: 5 })
        ));
        let (own, running) = first.split();
        drop(running);
        assert!(places.enter(user(1)).await.is_err(), "its result is not read yet");
        drop(own);
        assert!(places.enter(user(1)).await.is_ok());
        assert!(locked(&places.people).is_empty(), "nobody is remembered");
    }

    #[tokio::test(start_paused = true)]
    async fn one_persons_queue_is_not_everybodys() {
        let places = Arc::new(places(2, 1));
        let held = places.enter(user(1)).await.unwrap();
        for _ in 0..50 {
            let places = Arc::clone(&places);
            tokio::spawn(async move { places.enter(user(1)).await.map(drop) });
        }
        tokio::task::yield_now().await;
        let soon = timeout(Duration::from_millis(1), places.enter(user(2)));
        assert!(soon.await.unwrap().is_ok());
        drop(held);
    }

    #[tokio::test]
    async fn a_queue_has_an_end() {
        let places = places(2, 1);
        let here: Vec<_> = (0..=QUEUE).map(|_| places.count(user(1)).unwrap()).collect();
        assert!(places.enter(user(1)).await.is_err());
        assert!(places.enter(user(2)).await.is_ok());
        drop(here);
        assert!(places.enter(user(1)).await.is_ok());
    }
}
