//! How many connections are open, in all and from one network?

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::network;

/// Connections that are open at once; more are closed.
const IN_ALL: usize = 512;
/// So many of them from one network.
const PER_NETWORK: usize = 32;

#[derive(Default)]
pub(crate) struct Places(Mutex<HashMap<IpAddr, usize>>);

/// A connection's place; dropping it gives it back.
pub(crate) struct Place {
    places: Arc<Places>,
    network: IpAddr,
}

impl Places {
    /// A place for a client at `ip`, if there is one.
    pub(crate) fn enter(self: &Arc<Self>, ip: IpAddr) -> Option<Place> {
        let network = network(ip);
        let mut taken = self.taken();
        let here = taken.get(&network).copied().unwrap_or(0);
        if here >= PER_NETWORK || taken.values().sum::<usize>() >= IN_ALL {
            return None;
        }
        taken.insert(network, here + 1);
        Some(Place {
            places: Arc::clone(self),
            network,
        })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        let here = taken.remove(&self.network).unwrap_or(0);
        if here > 1 {
            taken.insert(self.network, here - 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_cannot_take_all_places() {
        let places = Arc::new(Places::default());
        let from = |n: u8| places.enter([10, 0, n, 1].into());
        let mut own: Vec<_> = (0..PER_NETWORK).filter_map(|_| from(1)).collect();
        assert_eq!(own.len(), PER_NETWORK);
        assert!(from(1).is_none());
        let others: Vec<_> = (0..=255).flat_map(|n| [from(n), from(n)]).flatten().collect();
        assert_eq!(own.len() + others.len(), IN_ALL);
        own.clear();
        assert!(from(1).is_some());
        drop((own, others));
        assert!(places.taken().is_empty());
    }
}
