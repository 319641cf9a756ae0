//! Who is in a handshake now? Bounded in all, and for each network, so that one client that opens connections and says
//! nothing does not keep the others out. A quarter of the places is for networks from which somebody has come in
//! before, and when half of them are taken a stranger's network gets few: so strangers from many networks at once do
//! not keep the people out who work here. Strangers begin one after the other, so that a crowd of them leaves the threads
//! time for others between two of them.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use model::prefix::subscriber;
use quick_cache::sync::Cache;
use tokio::time::{Instant, sleep_until};

/// How long a network is remembered after somebody came in from it.
const MEMORY: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Networks that are remembered at most.
const MOST_REMEMBERED: usize = 65_536;
/// Names by which people came in from networks that are remembered at most; those that came last.
const MOST_ARRIVALS: usize = 16_384;
/// What a stranger's network gets of its places when half of all are taken.
const CROWDED: usize = 8;
/// From when a stranger's handshake begins to when the next one may.
const PACE: Duration = Duration::from_millis(1);
/// How many refused clients may wait for their answer, for each place.
const WAITING: usize = 4;

pub(crate) struct Handshakes {
    in_all: usize,
    per_network: usize,
    taken: Mutex<Taken>,
    arrivals: Cache<Arrival, ()>,
}

#[derive(Default)]
struct Taken {
    in_all: usize,
    waiting: usize,
    by_network: HashMap<IpAddr, usize>,
    remembered: HashMap<IpAddr, Instant>,
    /// When the next stranger may begin.
    next_at: Option<Instant>,
}

/// By which name somebody came in from a network.
type Arrival = (IpAddr, String);

/// A place in the handshake; dropping it gives it back.
pub(crate) struct Place {
    handshakes: Arc<Handshakes>,
    /// `None` while it is not known who is behind a proxy.
    network: Option<IpAddr>,
    /// When a stranger may begin.
    begins_at: Option<Instant>,
    /// Its client's network connects too often: when it asks to be let in, it is told so.
    pub(crate) is_throttled: bool,
}

/// A refused client's place among those who wait for their answer.
pub(crate) struct Seat(Arc<Handshakes>);

impl Handshakes {
    pub(crate) fn new(in_all: usize, per_network: usize) -> Self {
        Self {
            in_all,
            per_network,
            taken: Mutex::default(),
            arrivals: Cache::new(MOST_ARRIVALS),
        }
    }

    /// A place for whoever has just connected, if there is one; where they are is said by [`Place::settle`].
    pub(crate) fn enter(self: &Arc<Self>) -> Option<Place> {
        let mut taken = self.taken();
        if taken.in_all >= self.in_all {
            return None;
        }
        taken.in_all += 1;
        Some(Place {
            handshakes: Arc::clone(self),
            network: None,
            begins_at: None,
            is_throttled: false,
        })
    }

    /// Somebody came in from `ip` as `user`.
    pub(crate) fn remember(&self, ip: IpAddr, user: &str) {
        self.arrivals.insert((subscriber(ip), user.to_owned()), ());
        let mut taken = self.taken();
        let now = Instant::now();
        if taken.remembered.len() >= MOST_REMEMBERED {
            taken
                .remembered
                .retain(|_, since| now.duration_since(*since) < MEMORY);
        }
        if taken.remembered.len() < MOST_REMEMBERED {
            taken.remembered.insert(subscriber(ip), now);
        }
    }

    /// Whether somebody has come in from `ip` in the last 30 days.
    pub(crate) fn remembers(&self, ip: IpAddr) -> bool {
        self.taken().remembers(subscriber(ip))
    }

    /// Whether somebody has come in from `ip` as `user`: who is there knows that this name exists.
    pub(crate) fn knows(&self, ip: IpAddr, user: &str) -> bool {
        self.arrivals.get(&(subscriber(ip), user.to_owned())).is_some()
    }

    /// How many of its places a network may have now.
    fn share(&self, taken: &Taken, is_known: bool) -> usize {
        match is_known {
            true => self.per_network,
            false if taken.in_all > self.in_all - self.in_all / 4 => 0,
            false if taken.in_all > self.in_all / 2 => (self.per_network / CROWDED).max(1),
            false => self.per_network,
        }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    fn remembers(&self, network: IpAddr) -> bool {
        self.remembered
            .get(&network)
            .is_some_and(|since| since.elapsed() < MEMORY)
    }
}

impl Place {
    /// Counts it among those of the client's network; false when that has as many as it may.
    pub(crate) fn settle(&mut self, ip: IpAddr) -> bool {
        let network = subscriber(ip);
        let mut taken = self.handshakes.taken();
        let here = taken.by_network.get(&network).copied().unwrap_or(0);
        let is_known = taken.remembers(network);
        if here >= self.handshakes.share(&taken, is_known) {
            return false;
        }
        taken.by_network.insert(network, here + 1);
        self.network = Some(network);
        if !is_known {
            let now = Instant::now();
            let begins_at = taken.next_at.map_or(now, |at| at.max(now));
            taken.next_at = Some(begins_at + PACE);
            self.begins_at = Some(begins_at);
        }
        true
    }

    /// Waits for the turn of whoever was settled: at once for a client from where somebody has come in before.
    pub(crate) async fn turn(&self) {
        if let Some(at) = self.begins_at.filter(|at| *at > Instant::now()) {
            sleep_until(at).await;
        }
    }

    /// Gives the place back for one among those who wait for their answer; none when too many wait already.
    pub(crate) fn wait(self) -> Option<Seat> {
        let mut taken = self.handshakes.taken();
        if taken.waiting >= WAITING * self.handshakes.in_all {
            return None;
        }
        taken.waiting += 1;
        Some(Seat(Arc::clone(&self.handshakes)))
    }

    /// Where places come from.
    pub(crate) fn handshakes(&self) -> &Arc<Handshakes> {
        &self.handshakes
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.handshakes.taken();
        taken.in_all = taken.in_all.saturating_sub(1);
        let Some(network) = self.network else { return };
        let here = taken.by_network.remove(&network).unwrap_or(0);
        if here > 1 {
            taken.by_network.insert(network, here - 1);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.0.taken();
        taken.waiting = taken.waiting.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    impl Handshakes {
        fn enter_from(self: &Arc<Self>, ip: IpAddr) -> Option<Place> {
            let mut place = self.enter()?;
            place.settle(ip).then_some(place)
        }
    }

    #[tokio::test]
    async fn one_network_cannot_take_all_places() {
        let handshakes = Arc::new(Handshakes::new(9, 2));
        let mut places = vec![
            handshakes.enter_from(ip("10.0.0.1")),
            handshakes.enter_from(ip("10.0.0.1")),
        ];
        assert!(handshakes.enter_from(ip("10.0.0.1")).is_none());
        places.push(handshakes.enter_from(ip("10.0.0.2")));
        assert!(places.iter().all(Option::is_some));
        places.remove(0);
        assert!(handshakes.enter_from(ip("10.0.0.1")).is_some());
        drop(places);
        assert!(handshakes.taken().by_network.is_empty() && handshakes.taken().in_all == 0);
    }

    #[tokio::test]
    async fn strangers_leave_room_for_those_who_were_here() {
        let handshakes = Arc::new(Handshakes::new(64, 16));
        let people = ip("192.0.2.1");
        handshakes.remember(people, "ana");
        let strangers: Vec<_> = (0..64)
            .flat_map(|n| std::iter::repeat_n(IpAddr::from([10, 0, 0, n]), 16))
            .filter_map(|ip| handshakes.enter_from(ip))
            .collect();
        assert_eq!(strangers.len(), 48, "a quarter stays free");
        let own: Vec<_> = (0..20).filter_map(|_| handshakes.enter_from(people)).collect();
        assert_eq!(own.len(), 16, "as many as one network may have");
        assert!(handshakes.enter_from(people).is_none());
        drop(strangers);
        assert!(handshakes.enter_from(ip("10.0.0.1")).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn strangers_begin_one_after_the_other_and_others_at_once() {
        let handshakes = Arc::new(Handshakes::new(64, 64));
        let people = ip("192.0.2.1");
        handshakes.remember(people, "ana");
        let enter = |n| handshakes.enter_from(IpAddr::from([10, 0, 0, n])).unwrap();
        let began = Instant::now();
        let strangers: Vec<_> = (0..10).map(enter).collect();
        handshakes.enter_from(people).unwrap().turn().await;
        strangers[0].turn().await;
        assert_eq!(began.elapsed(), Duration::ZERO);
        strangers[9].turn().await;
        assert!(began.elapsed() >= 9 * PACE);
        tokio::time::advance(Duration::from_secs(1)).await;
        let later = Instant::now();
        enter(1).turn().await;
        assert_eq!(
            later.elapsed(),
            Duration::ZERO,
            "no turn is left over, and none is saved up"
        );
        enter(1).turn().await;
        assert!(later.elapsed() >= PACE);
    }

    #[test]
    fn a_name_is_known_where_somebody_came_in_by_it() {
        let handshakes = Handshakes::new(9, 2);
        handshakes.remember(ip("192.0.2.1"), "ana");
        assert!(handshakes.knows(ip("192.0.2.1"), "ana"));
        assert!(!handshakes.knows(ip("192.0.2.1"), "bob") && !handshakes.knows(ip("192.0.2.2"), "ana"));
    }

    #[tokio::test]
    async fn who_is_behind_a_proxy_is_counted_once_it_is_known() {
        let handshakes = Arc::new(Handshakes::new(9, 1));
        let _first = handshakes.enter_from(ip("10.0.0.1"));
        let mut second = handshakes.enter().unwrap();
        assert!(!second.settle(ip("10.0.0.1")) && second.settle(ip("10.0.0.2")));
    }

    #[tokio::test]
    async fn so_many_wait_for_their_answer_and_no_more() {
        let handshakes = Arc::new(Handshakes::new(1, 1));
        let wait = || handshakes.enter_from(ip("10.0.0.1")).unwrap().wait();
        let seats: Vec<_> = (0..9).filter_map(|_| wait()).collect();
        assert_eq!(seats.len(), WAITING);
        drop(seats);
        assert!(wait().is_some());
    }

    #[tokio::test]
    async fn a_subnet_of_ipv6_is_one_network() {
        let handshakes = Arc::new(Handshakes::new(9, 1));
        let _place = handshakes.enter_from(ip("2001:db8:0:1::1"));
        assert!(handshakes.enter_from(ip("2001:db8:0:1:ffff::2")).is_none());
        assert!(handshakes.enter_from(ip("2001:db8:0:2::1")).is_some());
    }
}
