//! Backend sessions that wait for their person to come back. Whoever connects for each statement would else pay for a
//! new backend and a second login each time. A session that its client left idle is reset (`DISCARD ALL`), kept for a
//! short time, and given to the same person who asks for the same database of the same server with the very same
//! startup packet; to nobody else, ever. Before it is given it must prove that it is as fresh as a new one: see `check`.
//! It is asked to while its client still thinks of the proof of its password, and waits on if that is wrong.
//!
//! It stays counted among the open connections while it waits, so that whatever ends those ends it, too: a reset, a
//! reboot, an account or workspace that goes, access that is taken back, in every replica.

mod check;
mod park;
mod talk;

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, ThreadId},
    time::Duration,
};

use app::connections::{BackendAddress, BackendStream, Entrance, OpenConnection, adopt};
use bytes::{Bytes, BytesMut};
use model::scram::Credential;
use tokio::{
    sync::oneshot,
    time::{Instant, timeout},
};

use crate::{login::Welcome, message::CancelKey};

pub(crate) use check::Freshness;

/// How long a waiting session may take to prove that it is fresh; a new one is made then.
const PATIENCE: Duration = Duration::from_secs(1);
/// A session is not kept for longer than this, however often it is given.
const LIFETIME: Duration = Duration::from_secs(300);
/// After so long a connection is no sign any more that the same will come again.
const MEMORY: Duration = Duration::from_secs(60);
/// Startup packets that are remembered.
const MOST_REMEMBERED: usize = 4096;

/// How sessions are kept.
#[derive(Debug, Clone)]
pub struct WarmSettings {
    /// For how long; zero is not at all.
    pub keep: Duration,
    /// How many of one account.
    pub per_account: usize,
    /// How many in all.
    pub in_all: usize,
}

impl Default for WarmSettings {
    fn default() -> Self {
        Self {
            keep: Duration::from_secs(30),
            per_account: 16,
            in_all: 64,
        }
    }
}

/// What two connections must have in common, so that one can have the session of the other.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// Who enters what, as of which epochs.
    pub(crate) entrance: Entrance,
    /// The server.
    place: String,
    /// The startup packet for the backend: role, database, every parameter.
    packet: Bytes,
}

impl Key {
    pub(crate) fn new(entrance: Entrance, address: &BackendAddress, packet: Bytes) -> Self {
        let place = match address {
            BackendAddress::Unix(path) => path.display().to_string(),
            BackendAddress::Tcp { host, port, .. } => format!("{host}:{port}"),
        };
        Self {
            entrance,
            place,
            packet,
        }
    }

    /// The startup packet.
    pub(crate) fn packet(&self) -> &Bytes {
        &self.packet
    }
}

/// What is known of a session that may be kept.
pub(crate) struct Warmth {
    pub(crate) key: Key,
    /// What it logged in with.
    pub(crate) credential: Credential,
    /// What it must answer to be as it was when it began.
    pub(crate) freshness: Freshness,
    /// What it said of itself when it began, for each client that gets it.
    pub(crate) statuses: BytesMut,
    /// How it is cancelled.
    pub(crate) cancel: Option<CancelKey>,
    pub(crate) born: Instant,
}

/// A session that is given to a client.
pub(crate) struct Given {
    pub(crate) stream: BackendStream,
    pub(crate) warmth: Warmth,
}

impl Given {
    /// What its client reads, as if it had just begun.
    pub(crate) fn welcome(&self) -> Welcome {
        Welcome {
            notices: self.warmth.statuses.clone(),
            key: self.warmth.cancel.clone(),
            ready: Bytes::from_static(b"Z\0\0\0\x05I"),
        }
    }
}

/// A session that waits.
struct Waiting {
    number: u64,
    key: Key,
    /// Which thread carries it.
    carrier: ThreadId,
    /// It has been reset.
    is_ready: bool,
    orders: oneshot::Sender<Order>,
}

/// To a session that waits: prove that you are fresh, then go when you are told to.
struct Order {
    /// An error where its client leaves without it.
    go: oneshot::Receiver<()>,
    give: oneshot::Sender<Given>,
}

/// A session that nobody else gets; dropping it lets it wait for others.
pub(crate) struct Reserved {
    /// Which thread carries it.
    carrier: ThreadId,
    go: oneshot::Sender<()>,
    given: oneshot::Receiver<Given>,
}

impl Reserved {
    async fn take(self) -> Option<Given> {
        self.go.send(()).ok()?;
        let given = timeout(PATIENCE, self.given).await.ok()?.ok()?;
        if self.carrier == thread::current().id() {
            return Some(given);
        }
        let stream = adopt(given.stream).ok()?;
        Some(Given { stream, ..given })
    }
}

/// Every session that waits.
pub(crate) struct Warm {
    settings: WarmSettings,
    rooms: Mutex<Rooms>,
    hasher: RandomState,
}

#[derive(Default)]
struct Rooms {
    next: u64,
    /// The oldest first.
    waiting: VecDeque<Waiting>,
    /// When each startup packet came last, by its hash.
    seen: HashMap<u64, Instant>,
}

impl Warm {
    pub(crate) fn new(settings: WarmSettings) -> Self {
        Self {
            settings,
            rooms: Mutex::default(),
            hasher: RandomState::new(),
        }
    }

    fn rooms(&self) -> MutexGuard<'_, Rooms> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether sessions are kept at all.
    pub(crate) fn is_on(&self) -> bool {
        !self.settings.keep.is_zero() && self.settings.in_all > 0 && self.settings.per_account > 0
    }

    /// Whether the same client came a moment ago, so that it is worth a question to make its session one to keep.
    pub(crate) fn is_worth_it(&self, key: &Key) -> bool {
        let hash = self.hasher.hash_one(key);
        let now = Instant::now();
        let is_recent = |since: &Instant| now.duration_since(*since) < MEMORY;
        let mut rooms = self.rooms();
        if rooms.seen.len() >= MOST_REMEMBERED {
            rooms.seen.retain(|_, since| is_recent(since));
        }
        if rooms.seen.len() >= MOST_REMEMBERED && !rooms.seen.contains_key(&hash) {
            return false;
        }
        rooms.seen.insert(hash, now).as_ref().is_some_and(is_recent)
    }

    /// Reserves a session that waits for `key`, and has it prove that it is fresh: one that is ready before one that is
    /// still being reset, one of this thread before others, and the one that waits since the shortest time.
    pub(crate) fn reserve(&self, key: &Key) -> Option<Reserved> {
        let here = thread::current().id();
        let mut rooms = self.rooms();
        loop {
            let best = rooms
                .waiting
                .iter()
                .enumerate()
                .filter(|(_, waiting)| waiting.key == *key)
                .max_by_key(|(at, waiting)| (waiting.is_ready, waiting.carrier == here, *at));
            let (at, _) = best?;
            let waiting = rooms.waiting.remove(at)?;
            let ((go, gone), (give, given)) = (oneshot::channel(), oneshot::channel());
            // One that has just ended takes nobody's order any more.
            if waiting.orders.send(Order { go: gone, give }).is_ok() {
                let carrier = waiting.carrier;
                return Some(Reserved { carrier, go, given });
            }
        }
    }

    /// A session that waits for `key`, still alive and as fresh as a new one: the one that was `reserved` for it, if it is.
    /// Others that turn out not to be are closed.
    pub(crate) async fn take(
        &self,
        key: &Key,
        credential: &Credential,
        reserved: Option<Reserved>,
    ) -> Option<Given> {
        let mut next = reserved;
        while let Some(one) = next.or_else(|| self.reserve(key)) {
            if let Some(given) = one.take().await {
                if given.warmth.credential.is_same(credential) {
                    return Some(given);
                }
                park::say_goodbye(given.stream).await;
            }
            next = None;
        }
        None
    }

    /// Ends the sessions that wait on the server of `key`, which says that it is full; whether there were any.
    pub(crate) fn make_room(&self, key: &Key) -> bool {
        let mut rooms = self.rooms();
        let before = rooms.waiting.len();
        rooms.waiting.retain(|waiting| waiting.key.place != key.place);
        rooms.waiting.len() < before
    }

    /// A place for a session of `key`, for which the oldest makes room where there are too many.
    fn lie_down(self: &Arc<Self>, key: Key) -> Bed {
        let (orders, order) = oneshot::channel();
        let mut rooms = self.rooms();
        let number = rooms.next;
        rooms.next += 1;
        let account = key.entrance.user();
        let is_own = |waiting: &Waiting| waiting.key.entrance.user() == account;
        if rooms.waiting.iter().filter(|waiting| is_own(waiting)).count() >= self.settings.per_account
            && let Some(oldest) = rooms.waiting.iter().position(is_own)
        {
            rooms.waiting.remove(oldest);
        }
        if rooms.waiting.len() >= self.settings.in_all {
            rooms.waiting.pop_front();
        }
        rooms.waiting.push_back(Waiting {
            number,
            key,
            carrier: thread::current().id(),
            is_ready: false,
            orders,
        });
        Bed {
            number,
            order,
            warm: Arc::clone(self),
        }
    }
}

/// A waiting session's place; dropping it gives it back.
struct Bed {
    number: u64,
    /// An error when it must make room.
    order: oneshot::Receiver<Order>,
    warm: Arc<Warm>,
}

impl Bed {
    /// The session is reset.
    fn set_ready(&self) {
        let mut rooms = self.warm.rooms();
        let own = rooms
            .waiting
            .iter_mut()
            .find(|waiting| waiting.number == self.number);
        if let Some(own) = own {
            own.is_ready = true;
        }
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        self.warm
            .rooms()
            .waiting
            .retain(|waiting| waiting.number != self.number);
    }
}

/// A session whose client left it idle.
pub(crate) struct Left {
    pub(crate) given: Given,
    /// By which it is told to end.
    pub(crate) open: OpenConnection,
}
