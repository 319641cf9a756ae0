//! Workspaces: made, listed, changed (`update`), told what to do (`command`), deleted. Their databases are made and
//! dropped by processes.

mod command;
mod update;

use model::{
    ProcessId, WorkspaceId,
    audit::Action,
    handle::{WorkspaceHandle, check_host_label, host_label},
    process::{ProcessState, ProcessType},
    workspace::{self, BackendKind, DatabaseName, DesiredState, WorkspaceState},
};
use store::{
    Cursor, Page, Tx, attachments, connections, connections::Ending, processes, processes::ProcessRow, users,
    workspaces, workspaces::WorkspaceRow,
};

use crate::{Actor, App, Error, Result, attach::NewAttachment, error::Checks, processes::WorkspaceWork};

pub(crate) use command::check_ready;
pub use update::WorkspaceUpdate;

/// What the deletion of an attached workspace comes to.
const NOTHING_DROPPED: &str = "Nothing was dropped: the server that was attached is as it was.";
/// How many workspaces an account may have.
pub(crate) const MOST_WORKSPACES: i64 = 100;

/// What a new workspace should be like.
#[derive(Debug, Default, Clone)]
pub struct NewWorkspace {
    /// Its name.
    pub handle: String,
    /// Kept and echoed for clients (contract §1.7).
    pub instance_type: Option<String>,
    /// Whether it takes connections once it is there.
    pub desired_state: Option<String>,
    /// Kept and echoed for clients.
    pub db_volume_size_bytes: Option<i64>,
    /// Schemas before the others in the search path of its connections.
    pub search_path_prefix: Option<Vec<String>>,
    /// The server that it is, where it is one that is there already.
    pub attach: Option<NewAttachment>,
}

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

    /// Asks for a workspace. It is `creating` until its process has made the database.
    pub async fn create_workspace(&self, actor: &Actor, new: NewWorkspace) -> Result<WorkspaceRow> {
        let mut checks = Checks::default();
        let handle = checks.take(new.handle.parse::<WorkspaceHandle>().map(Some));
        let instance_type = new.instance_type.as_deref().unwrap_or("db1.shared");
        let instance_type = checks.take(workspace::one_of(
            "instance_type",
            instance_type,
            &workspace::INSTANCE_TYPES,
        ));
        let desired_state = new.desired_state.as_deref().map(str::parse::<DesiredState>);
        let desired_state = checks.take(desired_state.transpose());
        let size = checks.take(workspace::volume_size(new.db_volume_size_bytes.unwrap_or(0)));
        let prefix = new.search_path_prefix.unwrap_or_default();
        let search_path_prefix = checks.take(workspace::search_path_prefix(prefix));
        checks.finish()?;
        let handle = handle.ok_or(Error::Internal("a check was lost"))?;
        let proven = match new.attach {
            Some(attachment) => Some(self.prove_attachment(actor, attachment).await?),
            None => None,
        };
        let (backend, state) = match proven {
            Some(_) => (BackendKind::Attached, WorkspaceState::Enabled),
            None => (self.choose_backend()?, WorkspaceState::Creating),
        };

        let mut tx = self.db().begin().await?;
        let user = users::lock_user(&mut tx, actor.id())
            .await?
            .ok_or(Error::NotFound("user"))?;
        if workspaces::find_workspace_in(&mut tx, user.id, handle.as_str())
            .await?
            .is_some()
        {
            return Err(name_taken());
        }
        check_host_label(&user.handle, &handle)?;
        let now = self.now();
        let row = WorkspaceRow {
            id: WorkspaceId::new(now, self.random()),
            user_id: user.id,
            handle,
            database_name: DatabaseName::generate(self.random()),
            backend,
            state,
            state_reason: None,
            desired_state: desired_state.unwrap_or(DesiredState::Enabled),
            instance_type,
            db_volume_size_bytes: size,
            search_path_prefix,
            connection_epoch: 1,
            created_at: now,
            created_by_id: user.id,
            updated_at: None,
            updated_by_id: user.id,
            version_id: 1,
        };
        workspaces::insert_workspace(&mut tx, &row).await?;
        if workspaces::count_workspaces(&mut tx, user.id).await? > MOST_WORKSPACES {
            return Err(Error::conflict(
                "workspace_limit_reached",
                format!("An account has at most {MOST_WORKSPACES} workspaces. Delete one to make another."),
            ));
        }
        let mut entry = actor
            .entry(Action::WorkspaceCreate)
            .on(row.id, &row.handle)
            .with("database_name", row.database_name.as_str());
        match proven {
            Some(proven) => {
                let found = proven.found.clone();
                let attachment = self.seal_attachment(row.id, proven)?;
                attachments::upsert_attachment(&mut tx, &attachment).await?;
                let process = self
                    .insert_done(&mut tx, actor, ProcessType::WorkspaceCreate, None, &row)
                    .await?;
                entry = entry
                    .with("process_id", process.to_string())
                    .with("attached", attachment.place());
                self.note_measure(row.id, Ok(found));
            }
            None => {
                let process = self
                    .insert_process(&mut tx, actor, ProcessType::WorkspaceCreate, &row)
                    .await?;
                entry = entry.with("process_id", process.to_string());
            }
        }
        tx.commit(self.record(actor.origin(), entry)).await?;
        self.wake_workers();
        Ok(row)
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
