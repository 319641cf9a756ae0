//! Making a workspace: its database is made by a process, or it is a server that is there already.

use model::{
    WorkspaceId,
    audit::{Action, AuditEntry},
    handle::{WorkspaceHandle, check_host_label},
    process::ProcessType,
    workspace::{self, BackendKind, DatabaseName, DesiredState, WorkspaceLimits, WorkspaceState},
};
use store::{Tx, attachments, users, workspaces, workspaces::WorkspaceRow};

use super::{MOST_WORKSPACES, NewLimits, name_taken};
use crate::{
    Actor, App, Error, Result,
    attach::{NewAttachment, Proven},
    error::Checks,
};

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
    /// What is allowed in it.
    pub limits: NewLimits,
}

/// The fields that hold to the rules.
struct Wishes {
    handle: WorkspaceHandle,
    instance_type: String,
    desired_state: DesiredState,
    db_volume_size_bytes: i64,
    search_path_prefix: Vec<String>,
    limits: NewLimits,
}

impl NewWorkspace {
    /// The fields, or every broken rule.
    fn check(self) -> Result<Wishes> {
        let mut checks = Checks::default();
        let handle = checks.take(self.handle.parse::<WorkspaceHandle>().map(Some));
        let instance_type = self.instance_type.as_deref().unwrap_or("db1.shared");
        let instance_type = checks.take(workspace::one_of(
            "instance_type",
            instance_type,
            &workspace::INSTANCE_TYPES,
        ));
        let desired_state = self.desired_state.as_deref().map(str::parse::<DesiredState>);
        let desired_state = checks.take(desired_state.transpose());
        let size = checks.take(workspace::volume_size(self.db_volume_size_bytes.unwrap_or(0)));
        let prefix = self.search_path_prefix.unwrap_or_default();
        let search_path_prefix = checks.take(workspace::search_path_prefix(prefix));
        let limits = self.limits.check(&mut checks);
        checks.finish()?;
        Ok(Wishes {
            handle: handle.ok_or(Error::Internal("a check was lost"))?,
            instance_type,
            desired_state: desired_state.unwrap_or(DesiredState::Enabled),
            db_volume_size_bytes: size,
            search_path_prefix,
            limits,
        })
    }
}

impl App {
    /// Asks for a workspace. It is `creating` until its process has made the database; an attached server is entered
    /// before anything is written, and takes connections at once.
    pub async fn create_workspace(&self, actor: &Actor, mut new: NewWorkspace) -> Result<WorkspaceRow> {
        let attach = new.attach.take();
        let wishes = new.check()?;
        let proven = match attach {
            Some(attach) => Some(self.prove_attachment(actor, attach).await?),
            None => None,
        };
        let backend = match proven {
            Some(_) => BackendKind::Attached,
            None => self.choose_backend()?,
        };
        let mut tx = self.db().begin().await?;
        let row = self.insert_wished(&mut tx, actor, wishes, backend).await?;
        let entry = actor
            .entry(Action::WorkspaceCreate)
            .on(row.id, &row.handle)
            .with("database_name", row.database_name.as_str());
        let entry = self.begin_life(&mut tx, actor, &row, proven, entry).await?;
        tx.commit(self.record(actor.origin(), entry)).await?;
        self.wake_workers();
        Ok(row)
    }

    async fn insert_wished(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        wishes: Wishes,
        backend: BackendKind,
    ) -> Result<WorkspaceRow> {
        let user = users::lock_user(tx, actor.id())
            .await?
            .ok_or(Error::NotFound("user"))?;
        let namesake = workspaces::find_workspace_in(tx, user.id, wishes.handle.as_str()).await?;
        if namesake.is_some() {
            return Err(name_taken());
        }
        check_host_label(&user.handle, &wishes.handle)?;
        let row = self.new_row(actor, wishes, backend);
        workspaces::insert_workspace(tx, &row).await?;
        if workspaces::count_workspaces(tx, user.id).await? > MOST_WORKSPACES {
            return Err(Error::conflict(
                "workspace_limit_reached",
                format!("An account has at most {MOST_WORKSPACES} workspaces. Delete one to make another."),
            ));
        }
        Ok(row)
    }

    fn new_row(&self, actor: &Actor, wishes: Wishes, backend: BackendKind) -> WorkspaceRow {
        let now = self.now();
        WorkspaceRow {
            id: WorkspaceId::new(now, self.random()),
            user_id: actor.id(),
            handle: wishes.handle,
            database_name: DatabaseName::generate(self.random()),
            backend,
            state: match backend {
                BackendKind::Attached => WorkspaceState::Enabled,
                BackendKind::Local | BackendKind::Server => WorkspaceState::Creating,
            },
            state_reason: None,
            desired_state: wishes.desired_state,
            instance_type: wishes.instance_type,
            db_volume_size_bytes: wishes.db_volume_size_bytes,
            search_path_prefix: wishes.search_path_prefix,
            limits: wishes.limits.over(WorkspaceLimits::usual(backend)),
            connection_epoch: 1,
            created_at: now,
            created_by_id: actor.id(),
            updated_at: None,
            updated_by_id: actor.id(),
            version_id: 1,
        }
    }

    /// Writes what makes it a workspace: the server that it is, or the process that makes its database.
    async fn begin_life(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        row: &WorkspaceRow,
        proven: Option<Proven>,
        entry: AuditEntry,
    ) -> Result<AuditEntry> {
        let kind = ProcessType::WorkspaceCreate;
        let Some(proven) = proven else {
            let process = self.insert_process(tx, actor, kind, row).await?;
            return Ok(entry.with("process_id", process.to_string()));
        };
        let found = proven.found.clone();
        let attachment = self.seal_attachment(row.id, proven)?;
        attachments::upsert_attachment(tx, &attachment).await?;
        let process = self.insert_done(tx, actor, kind, None, row).await?;
        self.note_measure(row.id, Ok(found));
        Ok(entry
            .with("process_id", process.to_string())
            .with("attached", attachment.place()))
    }
}
