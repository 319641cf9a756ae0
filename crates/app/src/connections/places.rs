//! How many connections may be open at once: in all, of one account, to one workspace, from one network. Each is counted
//! before it has a backend, so that who has too many costs none.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use model::{UserId, WorkspaceId, prefix::subscriber};

use super::{Admission, Refusal};
use crate::App;

/// Limits on connections that are open at once.
#[derive(Debug, Clone)]
pub struct ConnectionSettings {
    /// In all.
    pub in_all: usize,
    /// Of one account.
    pub per_account: usize,
    /// To one workspace.
    pub per_workspace: usize,
    /// From one address of the network.
    pub per_ip: usize,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            in_all: 10_000,
            per_account: 100,
            per_workspace: 200,
            per_ip: 1000,
        }
    }
}

/// What has as many connections as it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The gateway.
    All,
    /// The account.
    Account,
    /// The workspace.
    Workspace,
    /// The client's network.
    Network,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Counted {
    All,
    Account(UserId),
    Workspace(WorkspaceId),
    Network(IpAddr),
}

/// Every connection that has a place.
pub(crate) struct ConnectionPlaces {
    settings: ConnectionSettings,
    taken: Mutex<HashMap<Counted, usize>>,
}

/// A connection's place; dropping it gives it back.
pub struct ConnectionPlace {
    places: Arc<ConnectionPlaces>,
    counted: [Counted; 4],
}

impl ConnectionPlaces {
    pub(crate) fn new(settings: ConnectionSettings) -> Self {
        Self {
            settings,
            taken: Mutex::default(),
        }
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<Counted, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `own_limit` is what the workspace's owner allows.
    fn enter(
        self: &Arc<Self>,
        user: UserId,
        (workspace, own_limit): (WorkspaceId, usize),
        ip: IpAddr,
    ) -> Result<ConnectionPlace, Scope> {
        let counted = [
            Counted::Account(user),
            Counted::Workspace(workspace),
            Counted::Network(subscriber(ip)),
            Counted::All,
        ];
        let mut taken = self.taken();
        for what in counted {
            let (most, scope) = self.most(what, own_limit);
            if taken.get(&what).is_some_and(|count| *count >= most) {
                return Err(scope);
            }
        }
        for what in counted {
            *taken.entry(what).or_default() += 1;
        }
        Ok(ConnectionPlace {
            places: Arc::clone(self),
            counted,
        })
    }

    fn most(&self, what: Counted, own_limit: usize) -> (usize, Scope) {
        match what {
            Counted::All => (self.settings.in_all, Scope::All),
            Counted::Account(_) => (self.settings.per_account, Scope::Account),
            Counted::Workspace(_) => (self.settings.per_workspace.min(own_limit), Scope::Workspace),
            Counted::Network(_) => (self.settings.per_ip, Scope::Network),
        }
    }
}

impl Drop for ConnectionPlace {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        for what in self.counted {
            let left = taken.remove(&what).unwrap_or(0).saturating_sub(1);
            if left > 0 {
                taken.insert(what, left);
            }
        }
    }
}

impl Scope {
    /// The reason in the audit log.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::All => "too many connections",
            Self::Account => "too many connections of the account",
            Self::Workspace => "too many connections to the workspace",
            Self::Network => "too many connections from the network",
        }
    }
}

impl App {
    /// A place for a connection of the gateway that is admitted, from a client at `ip`.
    pub fn enter_connection(
        &self,
        admission: &Admission,
        ip: IpAddr,
    ) -> std::result::Result<ConnectionPlace, Refusal> {
        let (user, workspace) = (admission.user.id, &admission.workspace);
        let own_limit = usize::try_from(workspace.limits.connections).unwrap_or(usize::MAX);
        self.0
            .connection_places
            .enter(user, (workspace.id, own_limit), ip)
            .map_err(Refusal::TooManyConnections)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(n: u8) -> (UserId, WorkspaceId) {
        let xid = format!("{n:018}00");
        (
            format!("u_{xid}").parse().unwrap(),
            format!("w_{xid}").parse().unwrap(),
        )
    }

    #[test]
    fn each_limit_holds_and_places_come_back() {
        let places = Arc::new(ConnectionPlaces::new(ConnectionSettings {
            in_all: 5,
            per_account: 2,
            per_workspace: 3,
            per_ip: 4,
        }));
        let ((ana, dev), (bob, lab)) = (ids(1), ids(2));
        let ((eve, ops), ip) = (ids(3), IpAddr::from([10, 0, 0, 1]));
        let elsewhere = IpAddr::from([10, 0, 0, 2]);
        let enter = |user, workspace, ip| places.enter(user, (workspace, 10), ip);
        let refused = |user, workspace, ip| enter(user, workspace, ip).err();

        let mut open = vec![enter(ana, dev, ip).unwrap(), enter(ana, dev, ip).unwrap()];
        assert_eq!(refused(ana, lab, ip), Some(Scope::Account));
        open.push(enter(bob, dev, ip).unwrap());
        assert_eq!(refused(bob, dev, ip), Some(Scope::Workspace));
        open.push(enter(bob, lab, ip).unwrap());
        assert_eq!(refused(eve, ops, ip), Some(Scope::Network));
        open.push(enter(eve, ops, elsewhere).unwrap());
        assert_eq!(refused(eve, ops, elsewhere), Some(Scope::All));
        open.remove(0);
        assert_eq!(refused(ana, dev, elsewhere), None);
        let own = places.enter(ana, (dev, 2), elsewhere).err();
        assert_eq!(own, Some(Scope::Workspace), "its owner allows less");
        drop(open);
        assert!(places.taken().is_empty());
    }
}
