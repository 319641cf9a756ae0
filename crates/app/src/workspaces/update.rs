//! Changing a workspace: its name, and what its owner wishes of it.

use model::{
    audit::{Action, AuditEntry},
    handle::{WorkspaceHandle, check_host_label},
    workspace::{self, BackendKind, DesiredState},
};
use serde_json::{Map, Value, json};
use store::{Tx, attachments, workspace_names, workspaces, workspaces::WorkspaceRow};

use super::NewLimits;
use crate::{
    Actor, App, Error, Result,
    attach::{NewAttachment, Proven},
    error::Checks,
};

/// What to change; `None` leaves a field as it is.
#[derive(Debug, Default, Clone)]
pub struct WorkspaceUpdate {
    /// The name, and with it the host name.
    pub handle: Option<String>,
    /// Whether it takes connections.
    pub desired_state: Option<String>,
    /// Kept and echoed for clients (contract §1.7).
    pub instance_type: Option<String>,
    /// Kept and echoed for clients.
    pub db_volume_size_bytes: Option<i64>,
    /// Schemas before the others in the search path of new connections.
    pub search_path_prefix: Option<Vec<String>>,
    /// What is allowed in it.
    pub limits: NewLimits,
    /// Where an attached workspace is from now on, and how it is entered.
    pub attach: Option<NewAttachment>,
}

/// The fields that hold to the rules.
#[derive(Default)]
struct Wishes {
    handle: Option<WorkspaceHandle>,
    desired_state: Option<DesiredState>,
    instance_type: Option<String>,
    db_volume_size_bytes: Option<i64>,
    search_path_prefix: Option<Vec<String>>,
    limits: NewLimits,
}

impl WorkspaceUpdate {
    /// The fields, or every broken rule.
    fn check(self) -> Result<Wishes> {
        let mut checks = Checks::default();
        let instance = |text: String| workspace::one_of("instance_type", &text, &workspace::INSTANCE_TYPES);
        let wishes = Wishes {
            handle: checks.take(self.handle.map(|text| text.parse()).transpose()),
            desired_state: checks.take(self.desired_state.map(|text| text.parse()).transpose()),
            instance_type: checks.take(self.instance_type.map(instance).transpose()),
            db_volume_size_bytes: checks
                .take(self.db_volume_size_bytes.map(workspace::volume_size).transpose()),
            search_path_prefix: checks.take(
                self.search_path_prefix
                    .map(workspace::search_path_prefix)
                    .transpose(),
            ),
            limits: self.limits.check(&mut checks),
        };
        checks.finish()?;
        Ok(wishes)
    }
}

impl Wishes {
    fn apply(self, before: &WorkspaceRow) -> WorkspaceRow {
        WorkspaceRow {
            handle: self.handle.unwrap_or_else(|| before.handle.clone()),
            desired_state: self.desired_state.unwrap_or(before.desired_state),
            instance_type: self.instance_type.unwrap_or_else(|| before.instance_type.clone()),
            db_volume_size_bytes: self.db_volume_size_bytes.unwrap_or(before.db_volume_size_bytes),
            search_path_prefix: self
                .search_path_prefix
                .unwrap_or_else(|| before.search_path_prefix.clone()),
            limits: self.limits.over(before.limits),
            ..before.clone()
        }
    }
}

impl App {
    /// Changes one of the actor's workspaces. Nothing that differs is no change: no new version, no record. A new name
    /// is a new host name in the same transaction, and connections go on; a workspace that is switched off ends them.
    pub async fn update_workspace(
        &self,
        actor: &Actor,
        handle_or_id: &str,
        mut update: WorkspaceUpdate,
    ) -> Result<WorkspaceRow> {
        let attach = update.attach.take();
        let wishes = update.check()?;
        let proven = match attach {
            Some(attach) => Some(self.prove_new_place(actor, handle_or_id, attach).await?),
            None => None,
        };
        let mut tx = self.db().begin().await?;
        let before = self.lock_workspace(&mut tx, actor, handle_or_id).await?;
        let after = wishes.apply(&before);
        let (old, new) = differences(&before, &after);
        if new.is_empty() && proven.is_none() {
            return Ok(before);
        }
        let mut entry = actor
            .entry(Action::WorkspaceUpdate)
            .on(after.id, &after.handle)
            .with("before", old)
            .with("after", new);
        if before.handle != after.handle {
            entry = self.rename(&mut tx, actor, &before, &after, entry).await?;
        }
        if let Some(proven) = proven {
            let attachment = self.seal_attachment(before.id, proven)?;
            attachments::upsert_attachment(&mut tx, &attachment).await?;
            entry = entry.with("attached", attachment.place());
        }
        let after = self.write_workspace(&mut tx, &before, after).await?;
        tx.commit(self.record(actor.origin(), entry)).await?;
        self.end_outdated(&before, &after);
        if before.limits.connections != after.limits.connections {
            self.tell_connection_limit(&after);
        }
        Ok(after)
    }

    /// Enters the server that an attached workspace is to be from now on.
    async fn prove_new_place(
        &self,
        actor: &Actor,
        handle_or_id: &str,
        attach: NewAttachment,
    ) -> Result<Proven> {
        let row = self.get_workspace(actor, handle_or_id).await?;
        if row.backend != BackendKind::Attached {
            return Err(Error::conflict(
                "workspace_not_attached",
                "Standpipe made this workspace's database. Attach the server as a workspace of its own.",
            ));
        }
        self.prove_attachment(actor, attach).await
    }

    /// The actor's workspace, of the version that they expect, with the account's row locked until the end of the
    /// transaction.
    pub(crate) async fn lock_workspace(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        handle_or_id: &str,
    ) -> Result<WorkspaceRow> {
        let row = self.lock_owned(tx, actor, handle_or_id).await?;
        actor.check_version(row.version_id)?;
        Ok(row)
    }

    /// The same whatever its version, for what has one of its own.
    pub(crate) async fn lock_owned(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        handle_or_id: &str,
    ) -> Result<WorkspaceRow> {
        self.lock_actor(tx, actor).await?;
        workspaces::find_workspace_in(tx, actor.id(), handle_or_id)
            .await?
            .ok_or(Error::NotFound("workspace"))
    }

    /// Writes `after`; whether it is switched off by it decides on the connections that are open.
    pub(super) async fn write_workspace(
        &self,
        tx: &mut Tx,
        before: &WorkspaceRow,
        after: WorkspaceRow,
    ) -> Result<WorkspaceRow> {
        let now = self.now();
        let is_cut =
            before.desired_state == DesiredState::Enabled && after.desired_state != DesiredState::Enabled;
        let after = WorkspaceRow {
            connection_epoch: before.connection_epoch + i64::from(is_cut),
            updated_at: Some(now),
            updated_by_id: before.user_id,
            version_id: before.version_id + 1,
            ..after
        };
        workspaces::update_workspace(tx, &after, now).await?;
        if is_cut {
            workspaces::end_connections(tx, after.id, now).await?;
        }
        Ok(after)
    }

    /// Ends the connections that the change from `before` to `after`, which is committed, puts an end to.
    pub(super) fn end_outdated(&self, before: &WorkspaceRow, after: &WorkspaceRow) {
        if after.connection_epoch > before.connection_epoch {
            self.0
                .open_connections
                .end_workspace(after.id, Some(after.connection_epoch));
        }
    }

    /// Claims the new name among the actor's workspaces, and remembers the old one for those who still use it.
    async fn rename(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        before: &WorkspaceRow,
        after: &WorkspaceRow,
        entry: AuditEntry,
    ) -> Result<AuditEntry> {
        if workspaces::find_workspace_in(tx, actor.id(), after.handle.as_str())
            .await?
            .is_some()
        {
            return Err(super::name_taken());
        }
        let owner = &actor.user.handle;
        check_host_label(owner, &after.handle)?;
        workspace_names::upsert_workspace_name(tx, after.id, &before.handle, self.now()).await?;
        workspace_names::delete_workspace_name(tx, after.id, &after.handle).await?;
        let hosts = [&before.handle, &after.handle].map(|handle| self.workspace_host(owner, handle));
        Ok(entry.with("hosts", json!(hosts)))
    }
}

/// The fields that differ, before and after.
fn differences(before: &WorkspaceRow, after: &WorkspaceRow) -> (Map<String, Value>, Map<String, Value>) {
    let fields = |row: &WorkspaceRow| {
        [
            ("handle", json!(row.handle)),
            ("desired_state", json!(row.desired_state.as_str())),
            ("instance_type", json!(row.instance_type)),
            ("db_volume_size_bytes", json!(row.db_volume_size_bytes)),
            ("search_path_prefix", json!(row.search_path_prefix)),
            ("connection_limit", json!(row.limits.connections)),
            ("statement_timeout_ms", json!(row.limits.statement_ms)),
            (
                "idle_in_transaction_timeout_ms",
                json!(row.limits.idle_in_transaction_ms),
            ),
        ]
    };
    let (mut old, mut new) = (Map::new(), Map::new());
    for ((name, was), (_, is)) in fields(before).into_iter().zip(fields(after)) {
        if was != is {
            old.insert(name.to_owned(), was);
            new.insert(name.to_owned(), is);
        }
    }
    (old, new)
}
