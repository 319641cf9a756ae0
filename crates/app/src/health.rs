//! How the servers of workspaces are doing: measured by a worker of its own and remembered, so that no page waits for a
//! server that hangs.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use ::workspaces::{Figures, ManagedServer};
use jiff::Timestamp;
use model::{UserId, WorkspaceId, workspace::BackendKind};
use store::{workspaces, workspaces::WorkspaceRow};
use tokio::{task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{App, Result};

/// How often each server is asked.
const EVERY: Duration = Duration::from_secs(60);
/// How long one gets to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long an answer is waited for where a client asks for figures themselves.
const SOON: Duration = Duration::from_secs(1);
/// Attached servers that are asked at once.
const AT_ONCE: usize = 8;
/// Workspaces that are read from the store at once.
const BATCH: i64 = 500;

/// How a workspace's server was doing when it was last asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// Why it does not answer, in a sentence; nothing when it does.
    pub trouble: Option<String>,
    /// PostgreSQL's version, when it was last known.
    pub version: Option<String>,
    /// How many bytes the database had when that was last known.
    pub bytes: Option<u64>,
    /// When it was asked.
    pub at: Timestamp,
}

/// What is remembered, by workspace.
#[derive(Default)]
pub(crate) struct Measures(Mutex<HashMap<WorkspaceId, Measure>>);

impl Measures {
    fn find(&self, workspace: WorkspaceId) -> Option<Measure> {
        self.known().get(&workspace).cloned()
    }

    fn insert(&self, workspace: WorkspaceId, measure: Measure) {
        let mut known = self.known();
        let before = known.remove(&workspace);
        let measure = Measure {
            version: measure
                .version
                .or(before.as_ref().and_then(|known| known.version.clone())),
            bytes: measure.bytes.or(before.and_then(|known| known.bytes)),
            ..measure
        };
        known.insert(workspace, measure);
    }

    fn forget_before(&self, at: Timestamp) {
        self.known().retain(|_, measure| measure.at >= at);
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<WorkspaceId, Measure>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl App {
    /// How a workspace's server was doing when it was last asked; nothing while it was not.
    pub fn measure_of(&self, workspace: WorkspaceId) -> Option<Measure> {
        self.0.measures.find(workspace)
    }

    /// How many bytes each of `rows` has, as far as that is known or soon told.
    pub(crate) async fn sizes(&self, rows: &[WorkspaceRow]) -> HashMap<WorkspaceId, u64> {
        for kind in [BackendKind::Local, BackendKind::Server] {
            let of_kind: Vec<_> = rows.iter().filter(|row| row.backend == kind).collect();
            if let Some(server) = self.0.backends.managed(kind).filter(|_| !of_kind.is_empty()) {
                self.measure_managed(&server, &of_kind, SOON).await;
            }
        }
        let bytes = |row: &WorkspaceRow| Some((row.id, self.measure_of(row.id)?.bytes?));
        rows.iter().filter_map(bytes).collect()
    }

    /// Notes what is known of a workspace from elsewhere.
    pub(crate) fn note_measure(
        &self,
        workspace: WorkspaceId,
        found: std::result::Result<::workspaces::Found, String>,
    ) {
        let measure = match found {
            Ok(found) => Measure {
                trouble: None,
                version: Some(found.version).filter(|text| !text.is_empty()),
                bytes: found.bytes,
                at: self.now(),
            },
            Err(trouble) => self.silent(trouble),
        };
        self.0.measures.insert(workspace, measure);
    }

    fn silent(&self, trouble: String) -> Measure {
        Measure {
            trouble: Some(trouble),
            version: None,
            bytes: None,
            at: self.now(),
        }
    }

    /// Asks all servers, every minute, until `shutdown`.
    pub async fn watch_backends(&self, shutdown: CancellationToken) {
        self.check_server().await;
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                measured = self.measure_all() => if let Err(error) = measured {
                    tracing::error!(error = &error as &dyn std::error::Error, "servers are not measured");
                },
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    /// Says in the log what the operator should mend in the server that they gave.
    async fn check_server(&self) {
        let Some(server) = &self.0.backends.server else {
            return;
        };
        match timeout(PATIENCE, server.check()).await {
            Ok(Ok(shortcomings)) => {
                for shortcoming in shortcomings {
                    tracing::warn!("workspaces.postgres_url: {shortcoming}");
                }
            }
            Ok(Err(error)) => tracing::warn!(%error, "the server of workspaces.postgres_url does not answer"),
            Err(_) => tracing::warn!("the server of workspaces.postgres_url does not answer in time"),
        }
    }

    async fn measure_all(&self) -> Result<()> {
        let began = self.now();
        let mut after = None;
        loop {
            let rows = workspaces::list_enabled_workspaces(self.db(), after, BATCH).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.id);
            self.measure_batch(&rows).await;
        }
        self.0.measures.forget_before(began);
        Ok(())
    }

    async fn measure_batch(&self, rows: &[WorkspaceRow]) {
        for kind in [BackendKind::Local, BackendKind::Server] {
            let of_kind: Vec<_> = rows.iter().filter(|row| row.backend == kind).collect();
            if let Some(server) = self.0.backends.managed(kind).filter(|_| !of_kind.is_empty()) {
                self.measure_managed(&server, &of_kind, PATIENCE).await;
            }
        }
        let mut asked = JoinSet::new();
        for row in rows.iter().filter(|row| row.backend == BackendKind::Attached) {
            if asked.len() >= AT_ONCE {
                asked.join_next().await;
            }
            let (app, row) = (self.clone(), row.clone());
            asked.spawn(async move { app.measure_attached(&row).await });
        }
        while asked.join_next().await.is_some() {}
    }

    /// Measures a workspace whose database was just made, so that its page need not wait for the next minute.
    pub(crate) async fn measure_new(
        &self,
        user: UserId,
        workspace: WorkspaceId,
        server: &ManagedServer,
    ) -> Result<()> {
        let found = workspaces::find_workspace(self.db(), user, &workspace.to_string()).await?;
        if let Some(row) = &found {
            self.measure_managed(server, &[row], SOON).await;
        }
        Ok(())
    }

    /// One question for all databases of a server.
    async fn measure_managed(&self, server: &ManagedServer, rows: &[&WorkspaceRow], patience: Duration) {
        let names: Vec<_> = rows.iter().map(|row| row.database_name.clone()).collect();
        let asked = timeout(patience, server.figures(&names)).await;
        let trouble = match asked {
            Ok(Ok(figures)) => {
                for row in rows {
                    self.0.measures.insert(row.id, self.of_figures(row, &figures));
                }
                return;
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "a server of workspaces does not answer");
                "The server of this workspace does not answer."
            }
            Err(_) => "The server of this workspace does not answer in time.",
        };
        for row in rows {
            self.0.measures.insert(row.id, self.silent(trouble.to_owned()));
        }
    }

    fn of_figures(&self, row: &WorkspaceRow, figures: &Figures) -> Measure {
        let bytes = figures
            .sizes
            .iter()
            .find(|(name, _)| name == row.database_name.as_str())
            .map(|(_, bytes)| *bytes);
        Measure {
            trouble: None,
            version: Some(figures.version.clone()),
            bytes,
            at: self.now(),
        }
    }

    async fn measure_attached(&self, row: &WorkspaceRow) {
        let found = match self.attached_backend(row).await {
            Ok(backend) => self.look_at(&backend, PATIENCE).await,
            Err(_) => Err("The server's credential cannot be read.".to_owned()),
        };
        self.note_measure(row.id, found);
    }
}
