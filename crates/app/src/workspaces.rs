//! Workspaces: made, listed, changed (`update`), told what to do (`command`), deleted. Their databases are made and
//! dropped by processes.

mod command;
mod create;
mod limits;
mod update;

use model::{
    ProcessId,
    audit::Action,
    handle::{WorkspaceHandle, host_label},
    process::{ProcessState, ProcessType},
    workspace::BackendKind,
};
use store::{
    Cursor, Page, Tx, connections, connections::Ending, processes, processes::ProcessRow, workspaces,
    workspaces::WorkspaceRow,
};

use crate::{Actor, App, Error, Result, processes::WorkspaceWork};

pub(crate) use command::check_ready;
pub use create::NewWorkspace;
pub use limits::NewLimits;
pub use update::WorkspaceUpdate;

/// What the deletion of an attached workspace comes to.
const NOTHING_DROPPED: &str = "Nothing was dropped: the server that was attached is as it was.";
/// How many workspaces an account may have.
pub(crate) const MOST_WORKSPACES: i64 = 100;

/// A page of workspaces, oldest first.
#[derive(Debug)]
pub struct WorkspacePage {
    /// The workspaces.
    pub workspaces: Vec<WorkspaceRow>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
}

impl App {
    /// The host name of a workspace of `owner`.
    pub fn workspace_host(&self, owner: &model::handle::Handle, workspace: &WorkspaceHandle) -> String {
        format!(
            "{}.{}",
            host_label(owner, workspace),
            self.settings().gateway_domain
        )
    }

    /// The actor's workspaces.
    pub async fn list_workspaces(&self, actor: &Actor, page: Page) -> Result<WorkspacePage> {
        let mut rows = workspaces::list_workspaces(self.db(), actor.id(), &page.one_more()).await?;
        let next = page.cut(&mut rows, |row| Cursor {
            at: row.created_at,
            id: row.id.to_string(),
        });
        Ok(WorkspacePage {
            workspaces: rows,
            next,
        })
    }

    /// One of the actor's workspaces, by handle or id.
    pub async fn get_workspace(&self, actor: &Actor, handle_or_id: &str) -> Result<WorkspaceRow> {
        workspaces::find_workspace(self.db(), actor.id(), handle_or_id)
            .await?
            .ok_or(Error::NotFound("workspace"))
    }

    /// Deletes a workspace: it is gone at once for every client, and its database is dropped by a process.
    pub async fn delete_workspace(&self, actor: &Actor, handle_or_id: &str) -> Result<WorkspaceRow> {
        let mut tx = self.db().begin().await?;
        let row = self.lock_workspace(&mut tx, actor, handle_or_id).await?;
        workspaces::delete_workspace(&mut tx, actor.id(), row.id).await?;
        let ending = Ending {
            target: row.id.to_string(),
            epoch: None,
        };
        connections::upsert_ending(&mut tx, &ending, self.now()).await?;
        let process = match row.backend {
            BackendKind::Attached => {
                let kind = ProcessType::WorkspaceDelete;
                self.insert_done(&mut tx, actor, kind, Some(NOTHING_DROPPED), &row)
                    .await?
            }
            _ => {
                self.insert_process(&mut tx, actor, ProcessType::WorkspaceDelete, &row)
                    .await?
            }
        };
        let entry = actor
            .entry(Action::WorkspaceDelete)
            .on(row.id, &row.handle)
            .with("database_name", row.database_name.as_str())
            .with("process_id", process.to_string());
        tx.commit(self.record(actor.origin(), entry)).await?;
        self.0.open_connections.end_target(&ending);
        self.wake_workers();
        Ok(row)
    }

    async fn insert_process(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        kind: ProcessType,
        workspace: &WorkspaceRow,
    ) -> Result<ProcessId> {
        let now = self.now();
        let row = ProcessRow {
            id: ProcessId::new(now, self.random()),
            kind,
            state: ProcessState::Pending,
            state_reason: None,
            user_id: actor.id(),
            workspace_id: Some(workspace.id),
            input: workspace_input(workspace)?,
            attempts: 0,
            run_after: now,
            created_at: now,
            created_by_id: actor.id(),
            updated_at: now,
            version_id: 1,
        };
        processes::insert_process(tx, &row).await?;
        Ok(row.id)
    }
}

fn name_taken() -> Error {
    Error::conflict(
        "workspace_exists",
        "You have a workspace of this name. Choose another name.",
    )
}

/// What a process on `workspace` needs to know.
fn workspace_input(workspace: &WorkspaceRow) -> Result<String> {
    let work = WorkspaceWork {
        database_name: workspace.database_name.to_string(),
        handle: workspace.handle.to_string(),
        backend: workspace.backend,
    };
    serde_json::to_string(&work).map_err(|_| Error::Internal("a process's input cannot be written"))
}
