//! Who is in a handshake now? Bounded in all, and for each network, so that one client that opens connections and says
//! nothing does not keep the others out.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

pub(crate) struct Handshakes {
    in_all: usize,
    per_network: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    in_all: usize,
    by_network: HashMap<IpAddr, usize>,
}

/// A place in the handshake; dropping it gives it back.
pub(crate) struct Place {
    handshakes: Arc<Handshakes>,
    network: IpAddr,
}

impl Handshakes {
    pub(crate) fn new(in_all: usize, per_network: usize) -> Self {
        Self {
            in_all,
            per_network,
            taken: Mutex::default(),
        }
    }

    /// A place for a client at `ip`, if there is one.
    pub(crate) fn enter(self: &Arc<Self>, ip: IpAddr) -> Option<Place> {
        let network = network(ip);
        let mut taken = self.taken();
        let here = taken.by_network.get(&network).copied().unwrap_or(0);
        if taken.in_all >= self.in_all || here >= self.per_network {
            return None;
        }
        taken.in_all += 1;
        taken.by_network.insert(network, here + 1);
        Some(Place {
            handshakes: Arc::clone(self),
            network,
        })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.handshakes.taken();
        taken.in_all = taken.in_all.saturating_sub(1);
        let here = taken.by_network.remove(&self.network).unwrap_or(0);
        if here > 1 {
            taken.by_network.insert(self.network, here - 1);
        }
    }
}

/// One subscriber of IPv6 has a whole /64.
fn network(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << 64)).into(),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_network_cannot_take_all_places() {
        let handshakes = Arc::new(Handshakes::new(3, 2));
        let mut places = vec![handshakes.enter(ip("10.0.0.1")), handshakes.enter(ip("10.0.0.1"))];
        assert!(handshakes.enter(ip("10.0.0.1")).is_none());
        places.push(handshakes.enter(ip("10.0.0.2")));
        assert!(places.iter().all(Option::is_some));
        assert!(handshakes.enter(ip("10.0.0.3")).is_none());
        places.remove(0);
        assert!(handshakes.enter(ip("10.0.0.1")).is_some());
        drop(places);
        assert!(handshakes.taken().by_network.is_empty() && handshakes.taken().in_all == 0);
    }

    #[test]
    fn a_subnet_of_ipv6_is_one_network() {
        let handshakes = Arc::new(Handshakes::new(9, 1));
        let _place = handshakes.enter(ip("2001:db8:0:1::1"));
        assert!(handshakes.enter(ip("2001:db8:0:1:ffff::2")).is_none());
        assert!(handshakes.enter(ip("2001:db8:0:2::1")).is_some());
    }
}
