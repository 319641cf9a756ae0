//! Open database connections, and how they are told to end.
//!
//! A connection is registered before the store is asked whether it is still good, and whoever ends connections changes
//! the store before they look here: so one of the two sees the other, and no connection slips through between. What
//! another replica or an operator's command has changed is found by asking the store every other second.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use model::{MemberId, UserId, WorkspaceId, scram::nonce, time, workspace::BackendKind};
use store::{
    connections,
    connections::{ConnectionEpochs, EndedConnections, Ending},
    open_connections::OpenConnectionRow,
};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{Admission, Backend, Refusal, Traffic, replicas::Told};
use crate::{App, Result};

/// How often the store is asked for what others have ended.
const WATCH: Duration = Duration::from_secs(2);
/// How long an attached server gets to end a session.
const TERMINATE: Duration = Duration::from_secs(5);
/// How far back it is asked: replicas' clocks may differ by as much, and a commit may take as long.
const LOOK_BACK_SECONDS: i64 = 10 * 60;

/// Every connection that is open in this process.
#[derive(Default)]
pub(crate) struct OpenConnections {
    registered: Mutex<Registered>,
    /// What other replicas were told.
    pub(super) told: tokio::sync::Mutex<Told>,
}

#[derive(Default)]
struct Registered {
    next: u64,
    open: HashMap<u64, Entry>,
}

struct Entry {
    user: UserId,
    workspace: WorkspaceId,
    /// Whose the workspace is.
    owner: UserId,
    epochs: ConnectionEpochs,
    end: CancellationToken,
    arrival: Arrival,
    traffic: Arc<Traffic>,
}

/// How a connection came, for those who list it.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Its id, which is also in the log.
    pub id: String,
    /// What the client calls itself.
    pub application_name: String,
    /// From where it comes.
    pub client_ip: IpAddr,
    /// Whether it is encrypted.
    pub tls: bool,
    /// By which door: `gateway`, `api` or `console`.
    pub via: &'static str,
    /// When.
    pub began_at: Timestamp,
}

impl Entry {
    fn row(&self) -> OpenConnectionRow {
        let octets = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        OpenConnectionRow {
            id: self.arrival.id.clone(),
            workspace_id: self.workspace,
            user_id: self.user,
            application_name: self.arrival.application_name.clone(),
            client_ip: self.arrival.client_ip.to_canonical().to_string(),
            tls: self.arrival.tls,
            via: self.arrival.via.to_owned(),
            state: self.traffic.state().as_str().to_owned(),
            from_client: octets(self.traffic.from_client()),
            from_backend: octets(self.traffic.from_backend()),
            began_at: self.arrival.began_at,
        }
    }
}

/// A connection's place among the open ones; dropping it gives the place back.
pub struct OpenConnection {
    number: u64,
    user: UserId,
    end: CancellationToken,
    traffic: Arc<Traffic>,
    /// Where it goes, once that is known.
    server: Option<(BackendKind, Backend)>,
    connections: Arc<OpenConnections>,
}

impl OpenConnections {
    fn registered(&self) -> MutexGuard<'_, Registered> {
        self.registered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn register(
        self: &Arc<Self>,
        user: UserId,
        (workspace, owner): (WorkspaceId, UserId),
        epochs: ConnectionEpochs,
        arrival: Arrival,
    ) -> OpenConnection {
        let end = CancellationToken::new();
        let traffic = Arc::<Traffic>::default();
        let mut registered = self.registered();
        let number = registered.next;
        registered.next += 1;
        let entry = Entry {
            user,
            workspace,
            owner,
            epochs,
            end: end.clone(),
            arrival,
            traffic: Arc::clone(&traffic),
        };
        registered.open.insert(number, entry);
        OpenConnection {
            number,
            user,
            end,
            traffic,
            server: None,
            connections: Arc::clone(self),
        }
    }

    fn end_those(&self, matches: impl Fn(&Entry) -> bool) {
        for entry in self.registered().open.values().filter(|entry| matches(entry)) {
            entry.end.cancel();
        }
    }

    /// Ends the connections of `user` that are older than what the store says now.
    pub(crate) fn end(&self, ended: EndedConnections) {
        self.end_those(|entry| {
            entry.user == ended.user_id && ended.epoch.is_none_or(|epoch| entry.epochs.user < epoch)
        });
    }

    /// Ends the connections to a workspace that are older than `epoch`, or all of them when it is gone.
    pub(crate) fn end_workspace(&self, workspace: WorkspaceId, epoch: Option<i64>) {
        self.end_those(|entry| {
            entry.workspace == workspace && epoch.is_none_or(|epoch| entry.epochs.workspace < epoch)
        });
    }

    /// Ends the connections of everybody to the workspaces of `owner`.
    pub(crate) fn end_owned(&self, owner: UserId) {
        self.end_those(|entry| entry.owner == owner);
    }

    /// Ends what `ending` names: one connection, those by an access, or those to a workspace that is gone.
    pub(crate) fn end_target(&self, ending: &Ending) {
        let is_older = |epoch: i64| ending.epoch.is_none_or(|end| epoch < end);
        let member: Option<MemberId> = ending.target.parse().ok();
        let workspace: Option<WorkspaceId> = ending.target.parse().ok();
        self.end_those(|entry| match (member, workspace) {
            (Some(member), _) => {
                let by = entry.epochs.member;
                by.is_some_and(|(id, epoch)| id == member && is_older(epoch))
            }
            (_, Some(workspace)) => entry.workspace == workspace && is_older(entry.epochs.workspace),
            (None, None) => entry.arrival.id == ending.target,
        });
    }

    /// Those that `user` may see: their own, and those of everybody to their workspaces.
    pub(super) fn list_of(&self, user: UserId) -> Vec<OpenConnectionRow> {
        self.rows(|entry| entry.user == user || entry.owner == user)
    }

    /// All of them.
    pub(super) fn list(&self) -> Vec<OpenConnectionRow> {
        self.rows(|_| true)
    }

    /// Those that `is_seen`, but no session that waits for its client to come back: nobody is connected by it.
    fn rows(&self, is_seen: impl Fn(&Entry) -> bool) -> Vec<OpenConnectionRow> {
        let registered = self.registered();
        let used = registered.open.values().filter(|entry| !entry.traffic.is_kept());
        used.filter(|entry| is_seen(entry)).map(Entry::row).collect()
    }

    fn is_empty(&self) -> bool {
        self.registered().open.is_empty()
    }
}

impl OpenConnection {
    /// Cancelled when the connection must end: its account or workspace is gone, switched off, or was reset.
    pub fn end(&self) -> &CancellationToken {
        &self.end
    }

    /// What passes through it; its relay counts here.
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.connections.registered().open.remove(&self.number);
    }
}

impl App {
    /// Counts an admitted connection among the open ones, unless what admitted it has ended meanwhile.
    pub async fn open_connection(
        &self,
        admission: &Admission,
        arrival: Arrival,
    ) -> std::result::Result<OpenConnection, Refusal> {
        let (user, workspace) = (&admission.user, &admission.workspace);
        let epochs = ConnectionEpochs {
            user: user.connection_epoch,
            workspace: workspace.connection_epoch,
            member: admission
                .member
                .as_ref()
                .map(|member| (member.id, member.connection_epoch)),
        };
        let mut open =
            self.0
                .open_connections
                .register(user.id, (workspace.id, workspace.user_id), epochs, arrival);
        open.server = Some((workspace.backend, admission.backend.clone()));
        // It is registered: what this process changes from here on sees it, and what it changed before is seen here. What
        // others change is found by asking the store.
        if self.is_current(admission) {
            return Ok(open);
        }
        match Box::pin(connections::find_connection_epochs(
            self.db(),
            user.id,
            workspace.id,
        ))
        .await?
        {
            Some(now) if now == epochs => Ok(open),
            _ => Err(Refusal::EndedMeanwhile),
        }
    }

    /// Ends the open connections of `user` that are older than `epoch`, or all of them. For what the store says already.
    pub(crate) fn end_open_connections(&self, user: UserId, epoch: Option<i64>) {
        self.0
            .open_connections
            .end(EndedConnections { user_id: user, epoch });
    }

    /// Makes the backend end a session that is at work: `pid` is what it called itself. PostgreSQL tells the client.
    pub async fn terminate_backend(&self, connection: &OpenConnection, pid: u32) {
        let (Some((kind, backend)), Ok(pid)) = (&connection.server, i32::try_from(pid)) else {
            return;
        };
        let ended = match self.0.backends.managed(*kind) {
            Some(server) => {
                let ended = server.end_connection(connection.user, pid).await;
                ended.map(drop).map_err(|error| error.to_string())
            }
            None => {
                let end = ::workspaces::end_session(backend, nonce(self.random()), pid);
                let ended = timeout(TERMINATE, end).await.map_err(|late| late.to_string());
                ended.and_then(|ended| ended.map_err(|error| error.to_string()))
            }
        };
        if let Err(error) = ended {
            tracing::warn!(error, "a database session cannot be ended by its server");
        }
    }

    /// Ends, until `shutdown`, connections that another replica or an operator's command has put an end to.
    pub async fn watch_connections(&self, shutdown: CancellationToken) {
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return self.take_leave().await,
                () = tokio::time::sleep(WATCH) => {}
            }
            if let Err(error) = self.end_told_connections().await {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "ended connections are not known"
                );
            }
            self.tell_connections().await;
        }
    }

    async fn end_told_connections(&self) -> Result<()> {
        if self.0.open_connections.is_empty() {
            return Ok(());
        }
        let since = time::after(self.now(), -LOOK_BACK_SECONDS);
        for ended in connections::list_ended_connections(self.db(), since).await? {
            self.0.open_connections.end(ended);
        }
        for (workspace, epoch) in connections::list_ended_workspaces(self.db(), since).await? {
            self.0.open_connections.end_workspace(workspace, Some(epoch));
        }
        for ending in connections::list_endings(self.db(), since).await? {
            self.0.open_connections.end_target(&ending);
        }
        Ok(())
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

    fn came(id: &str) -> Arrival {
        Arrival {
            id: id.to_owned(),
            application_name: "psql".to_owned(),
            client_ip: "192.0.2.7".parse().unwrap(),
            tls: true,
            via: "gateway",
            began_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn one_alone_ends_and_each_sees_what_is_theirs() {
        let connections = Arc::new(OpenConnections::default());
        let ((ana, dev), (bob, _)) = (ids(1), ids(2));
        let epochs = ConnectionEpochs {
            user: 1,
            workspace: 1,
            member: None,
        };
        let [one, other] = [(ana, "c_1"), (bob, "c_2")]
            .map(|(user, id)| connections.register(user, (dev, ana), epochs, came(id)));
        assert_eq!(connections.list_of(ana).len(), 2, "an owner sees everybody's");
        assert_eq!(connections.list_of(bob)[0].id, "c_2");
        assert_eq!((connections.list_of(bob).len(), connections.list().len()), (1, 2));
        connections.end_target(&Ending {
            target: "c_2".to_owned(),
            epoch: None,
        });
        assert!(other.end().is_cancelled() && !one.end().is_cancelled());
    }

    #[test]
    fn only_what_is_older_than_the_epoch_ends() {
        let connections = Arc::new(OpenConnections::default());
        let ((ana, dev), (bob, lab)) = (ids(1), ids(2));
        let epochs = |user, workspace| ConnectionEpochs {
            user,
            workspace,
            member: None,
        };
        let old = connections.register(ana, (dev, ana), epochs(1, 1), came("c_1"));
        let new = connections.register(ana, (dev, ana), epochs(2, 1), came("c_2"));
        let other = connections.register(bob, (lab, bob), epochs(1, 2), came("c_3"));
        connections.end(EndedConnections {
            user_id: ana,
            epoch: Some(2),
        });
        assert!(old.end().is_cancelled() && !new.end().is_cancelled() && !other.end().is_cancelled());
        connections.end(EndedConnections {
            user_id: ana,
            epoch: None,
        });
        assert!(new.end().is_cancelled() && !other.end().is_cancelled());
        connections.end_workspace(lab, Some(2));
        assert!(!other.end().is_cancelled());
        connections.end_workspace(lab, Some(3));
        assert!(other.end().is_cancelled());
        let access = "wm_00000000000000000000".parse().unwrap();
        let member = |epoch| ConnectionEpochs {
            member: Some((access, epoch)),
            ..epochs(1, 1)
        };
        let guests = [1, 2].map(|epoch| connections.register(bob, (dev, ana), member(epoch), came("c_4")));
        connections.end_target(&Ending {
            target: access.to_string(),
            epoch: Some(2),
        });
        assert!(guests[0].end().is_cancelled() && !guests[1].end().is_cancelled());
        connections.end_owned(ana);
        assert!(guests[1].end().is_cancelled());
        drop((old, new, other, guests));
        assert!(connections.is_empty());
    }
}
