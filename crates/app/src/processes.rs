//! Processes: the worker that runs durable jobs, and the lists that people watch.

use std::time::Duration;

use ::workspaces::{ManagedServer, ProvisionError, WorkspacePlan};
use model::{
    Invalid, ProcessId, UserId, WorkspaceId,
    audit::{Action, AuditEntry},
    filter,
    process::{ProcessState, ProcessType},
    time,
    workspace::{BackendKind, DatabaseName, WorkspaceLimits, WorkspaceState},
};
use serde::{Deserialize, Serialize};
use store::{Cursor, Page, Unrecorded, processes, processes::ProcessRow, users, workspaces};
use tokio_util::sync::CancellationToken;

use crate::{Actor, App, Error, Result, actor};

/// How long a worker may be silent before another takes its job.
const LEASE_SECONDS: i64 = 120;
/// How often a job is tried before it fails for good.
const MOST_ATTEMPTS: i64 = 8;
const IDLE: Duration = Duration::from_secs(2);

/// What a workspace's process needs to know even when the workspace is gone.
#[derive(Serialize, Deserialize)]
pub(crate) struct WorkspaceWork {
    pub(crate) database_name: String,
    #[serde(rename = "workspace_handle")]
    pub(crate) handle: String,
    /// The processes of earlier versions do not say it.
    #[serde(default = "local")]
    pub(crate) backend: BackendKind,
}

fn local() -> BackendKind {
    BackendKind::Local
}

/// A page of processes, newest first.
#[derive(Debug)]
pub struct ProcessPage {
    /// The processes.
    pub processes: Vec<ProcessRow>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
}

pub(crate) enum Failure {
    /// Worth another try.
    Later(String),
    /// Not worth one.
    Never(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        tracing::warn!(error = &error as &dyn std::error::Error, "process");
        Self::Later("the account store or a key failed".to_owned())
    }
}

impl From<ProvisionError> for Failure {
    fn from(error: ProvisionError) -> Self {
        match error {
            ProvisionError::Unavailable(reason) => Self::Later(reason),
            ProvisionError::Rejected(reason) => Self::Never(reason),
        }
    }
}

/// The name of the workspace that a process works on.
pub fn workspace_name(process: &ProcessRow) -> Option<String> {
    serde_json::from_str::<WorkspaceWork>(&process.input)
        .ok()
        .map(|work| work.handle)
}

impl App {
    /// The actor's processes, as far as they pass the client's `where`.
    pub async fn list_processes(&self, actor: &Actor, wanted: &str, page: Page) -> Result<ProcessPage> {
        self.search_processes(actor, None, wanted, page).await
    }

    /// The processes of one of the actor's workspaces, as far as they pass the client's `where`.
    pub async fn list_workspace_processes(
        &self,
        actor: &Actor,
        workspace: &workspaces::WorkspaceRow,
        wanted: &str,
        page: Page,
    ) -> Result<ProcessPage> {
        self.search_processes(actor, Some(workspace.id), wanted, page)
            .await
    }

    async fn search_processes(
        &self,
        actor: &Actor,
        workspace: Option<model::WorkspaceId>,
        wanted: &str,
        page: Page,
    ) -> Result<ProcessPage> {
        let filter = filter::parse(wanted, &processes::COLUMNS, self.now()).map_err(Invalid::from)?;
        let found = processes::search_processes(self.db(), actor.id(), workspace, filter, &page).await?;
        Ok(ProcessPage {
            processes: found.rows,
            next: found.next,
        })
    }

    /// One of the actor's processes.
    pub async fn get_process(&self, actor: &Actor, id: ProcessId) -> Result<ProcessRow> {
        processes::find_process(self.db(), actor.id(), id)
            .await?
            .ok_or(Error::NotFound("process"))
    }

    /// Takes back the jobs of a former self that died. Only where no other replica shares the store.
    pub async fn recover_processes(&self) -> Result<()> {
        let mut tx = self.db().begin().await?;
        processes::release_running(&mut tx, self.now()).await?;
        Ok(tx.commit_unrecorded(Unrecorded::Lease).await?)
    }

    /// Runs processes until `shutdown`.
    pub async fn run_processes(&self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            let woken = self.0.work.notified();
            match self.run_one_process().await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "process worker"),
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = woken => {}
                () = tokio::time::sleep(IDLE) => {}
            }
        }
    }

    /// Runs the process that is due longest; false when there is none.
    pub async fn run_one_process(&self) -> Result<bool> {
        // Without a server for databases there is only what needs none.
        let only = self.0.backends.is_empty().then_some(ProcessType::UserDelete);
        let now = self.now();
        let mut tx = self.db().begin().await?;
        let Some(row) = processes::take_process(&mut tx, now, time::after(now, LEASE_SECONDS), only).await?
        else {
            return Ok(false);
        };
        tx.commit_unrecorded(Unrecorded::Lease).await?;
        tracing::info!(process.id = %row.id, process.type = row.kind.as_str(), attempt = row.attempts, "process started");
        let done = match row.kind {
            ProcessType::WorkspaceCreate => self.make_database(&row).await,
            ProcessType::WorkspaceDelete => self.drop_database(&row).await,
            ProcessType::WorkspaceMemberCreate
            | ProcessType::WorkspaceMemberUpdate
            | ProcessType::WorkspaceMemberDelete => self.settle_member(&row).await,
            ProcessType::UserDelete => self.clear_away(&row).await,
            ProcessType::UserAvatarFetch => Err(Failure::Never("this is another worker's".to_owned())),
            ProcessType::WorkspaceReboot
            | ProcessType::WorkspaceStop
            | ProcessType::WorkspaceStart
            | ProcessType::WorkspaceUpgrade => Ok(()),
        };
        self.finish(&row, done).await?;
        Ok(true)
    }

    /// The server of a kind, once it can be used.
    pub(crate) async fn ready_server(
        &self,
        kind: BackendKind,
    ) -> std::result::Result<ManagedServer, Failure> {
        let server = self.0.backends.managed(kind).ok_or_else(|| {
            Failure::Later(format!(
                "this Standpipe has no PostgreSQL of the kind {}",
                kind.as_str()
            ))
        })?;
        // One that never comes would keep us from stopping.
        tokio::select! {
            ready = server.ready() => ready.map_err(Failure::Later)?,
            () = self.0.stopping.cancelled() => return Err(Failure::Later("this Standpipe stops".to_owned())),
        }
        Ok(server)
    }

    async fn make_database(&self, row: &ProcessRow) -> std::result::Result<(), Failure> {
        let (work, workspace) = work_of(row)?;
        let server = self.ready_server(work.backend).await?;
        if self.is_gone(row.user_id, workspace).await? {
            return Ok(());
        }
        let role = self.ensure_role(work.backend, row.user_id).await?;
        let keys = self.role_keys(work.backend, &role)?;
        let plan = WorkspacePlan {
            workspace,
            database: work.database()?,
            owner: row.user_id,
            owner_verifier: keys.verifier(&role.salt, role.iterations),
            connections: self.connection_limit(row.user_id, workspace).await?,
        };
        server.provision(&plan).await?;
        self.measure_new(row.user_id, workspace, &server).await?;
        // Deleted meanwhile: whoever did it may have been done before us.
        if self.is_gone(row.user_id, workspace).await? {
            server.drop_workspace(workspace, &plan.database).await?;
            if self.has_nobody(row.user_id).await? {
                server.drop_person(row.user_id).await?;
            }
        }
        Ok(())
    }

    async fn connection_limit(&self, user: UserId, workspace: WorkspaceId) -> Result<u32> {
        let found = workspaces::find_workspace(self.db(), user, &workspace.to_string()).await?;
        let limits = found.map_or_else(|| WorkspaceLimits::usual(BackendKind::Local), |row| row.limits);
        Ok(u32::try_from(limits.connections).unwrap_or(u32::MAX))
    }

    pub(crate) async fn has_nobody(&self, user: UserId) -> Result<bool> {
        Ok(users::find_user(self.db(), user).await?.is_none())
    }

    async fn is_gone(&self, user: UserId, workspace: WorkspaceId) -> Result<bool> {
        let found = workspaces::find_workspace(self.db(), user, &workspace.to_string()).await?;
        Ok(found.is_none())
    }

    async fn drop_database(&self, row: &ProcessRow) -> std::result::Result<(), Failure> {
        let (work, workspace) = work_of(row)?;
        let server = self.ready_server(work.backend).await?;
        Ok(server.drop_workspace(workspace, &work.database()?).await?)
    }

    /// Writes what came of a process, together with the new state of its workspace and the record of it.
    async fn finish(&self, row: &ProcessRow, done: std::result::Result<(), Failure>) -> Result<()> {
        let now = self.now();
        let (state, reason, delay) = match done {
            Ok(()) => (ProcessState::Completed, None, 0),
            // What is to be dropped is tried until it is.
            Err(Failure::Later(reason)) if row.attempts < MOST_ATTEMPTS || row.kind.is_removal() => (
                ProcessState::Pending,
                Some(reason),
                1_i64 << row.attempts.clamp(0, 8),
            ),
            Err(Failure::Later(reason) | Failure::Never(reason)) => (ProcessState::Failed, Some(reason), 0),
        };
        tracing::info!(process.id = %row.id, state = state.as_str(), reason, "process ended");
        let mut tx = self.db().begin().await?;
        let run_after = time::after(now, delay);
        if !processes::finish_process(&mut tx, row, state, reason.as_deref(), run_after, now).await? {
            return Ok(());
        }
        if state == ProcessState::Completed {
            processes::delete_process_of_deleted(&mut tx, row.id).await?;
        }
        if state == ProcessState::Failed && row.kind.lets_in() {
            let reason = reason.as_deref().unwrap_or_default();
            self.explain_access(&mut tx, row, reason).await?;
        }
        let workspace_state = match (row.kind, state) {
            (ProcessType::WorkspaceCreate, ProcessState::Completed) => Some(WorkspaceState::Enabled),
            (ProcessType::WorkspaceCreate, ProcessState::Failed) => Some(WorkspaceState::Disabled),
            _ => None,
        };
        let (Some(workspace_state), Some(id)) = (workspace_state, row.workspace_id) else {
            return Ok(tx.commit_unrecorded(Unrecorded::Lease).await?);
        };
        if !workspaces::update_workspace_state(&mut tx, id, workspace_state, reason.as_deref(), now).await? {
            // It was deleted meanwhile; its own process drops what this one made.
            return Ok(tx.commit_unrecorded(Unrecorded::Lease).await?);
        }
        let entry = AuditEntry::new(Some(row.user_id), Action::WorkspaceUpdate)
            .on(id, workspace_name(row).unwrap_or_default())
            .with("state", workspace_state.as_str())
            .with("process_id", row.id.to_string());
        Ok(tx
            .commit(self.record(actor::system_origin(row.id.to_string()), entry))
            .await?)
    }
}

fn work_of(row: &ProcessRow) -> std::result::Result<(WorkspaceWork, model::WorkspaceId), Failure> {
    let work =
        serde_json::from_str(&row.input).map_err(|_| Failure::Never("the input is malformed".to_owned()))?;
    let workspace = row
        .workspace_id
        .ok_or_else(|| Failure::Never("the input names no workspace".to_owned()))?;
    Ok((work, workspace))
}

impl WorkspaceWork {
    fn database(&self) -> std::result::Result<DatabaseName, Failure> {
        self.database_name
            .parse()
            .map_err(|_| Failure::Never("the database name is malformed".to_owned()))
    }
}
