//! Commands to a workspace (contract §1.7). Its database shares a server with others, so that none of them restarts
//! anything but the workspace's own sessions. Each is done when it is answered, and leaves a process that says so.

use model::{
    ProcessId,
    audit::{Action, AuditEntry},
    process::{ProcessState, ProcessType},
    workspace::{Command, DesiredState, WorkspaceState},
};
use store::{Tx, processes, processes::ProcessRow, workspaces, workspaces::WorkspaceRow};

use super::workspace_input;
use crate::{Actor, App, Error, Result};

/// What `upgrade` comes to.
const NOTHING_TO_UPGRADE: &str =
    "Nothing to do: a workspace has the version of the PostgreSQL server that it is on.";

impl App {
    /// Does `command` to one of the actor's workspaces; the process that tells of it.
    pub async fn command_workspace(
        &self,
        actor: &Actor,
        handle_or_id: &str,
        command: Command,
    ) -> Result<ProcessId> {
        let mut tx = self.db().begin().await?;
        let before = self.lock_workspace(&mut tx, actor, handle_or_id).await?;
        check_ready(&before)?;
        let after = self.obey(&mut tx, &before, command).await?;
        let (kind, reason) = process_of(command);
        let process = self.insert_done(&mut tx, actor, kind, reason, &after).await?;
        let entry = record(actor, &before, &after, command).with("process_id", process.to_string());
        tx.commit(self.record(actor.origin(), entry)).await?;
        self.end_outdated(&before, &after);
        Ok(process)
    }

    async fn obey(&self, tx: &mut Tx, before: &WorkspaceRow, command: Command) -> Result<WorkspaceRow> {
        let wish = |desired_state| WorkspaceRow {
            desired_state,
            ..before.clone()
        };
        let wished = match command {
            Command::Stop if before.desired_state == DesiredState::Enabled => wish(DesiredState::Disabled),
            Command::Start => wish(DesiredState::Enabled),
            Command::Reboot => {
                workspaces::end_connections(tx, before.id, self.now()).await?;
                return Ok(WorkspaceRow {
                    connection_epoch: before.connection_epoch + 1,
                    ..before.clone()
                });
            }
            Command::Stop | Command::Upgrade => return Ok(before.clone()),
        };
        if wished.desired_state == before.desired_state {
            return Ok(wished);
        }
        self.write_workspace(tx, before, wished).await
    }

    /// A process that is over already.
    pub(super) async fn insert_done(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        kind: ProcessType,
        reason: Option<&str>,
        workspace: &WorkspaceRow,
    ) -> Result<ProcessId> {
        let now = self.now();
        let row = ProcessRow {
            id: ProcessId::new(now, self.random()),
            kind,
            state: ProcessState::Completed,
            state_reason: reason.map(str::to_owned),
            user_id: actor.id(),
            workspace_id: Some(workspace.id),
            input: workspace_input(workspace)?,
            attempts: 1,
            run_after: now,
            created_at: now,
            created_by_id: actor.id(),
            updated_at: now,
            version_id: 1,
        };
        processes::insert_done_process(tx, &row).await?;
        Ok(row.id)
    }
}

/// A workspace takes commands, and lets people in, once its database is there.
pub(crate) fn check_ready(row: &WorkspaceRow) -> Result<()> {
    match row.state {
        WorkspaceState::Enabled => Ok(()),
        WorkspaceState::Creating => Err(Error::conflict(
            "workspace_not_ready",
            "The workspace is still being made. Ask again when its state is \"enabled\".",
        )),
        _ => Err(Error::conflict(
            "workspace_not_ready",
            "Making this workspace failed; state_reason says why. Delete it and make another.",
        )),
    }
}

fn process_of(command: Command) -> (ProcessType, Option<&'static str>) {
    match command {
        Command::Reboot => (ProcessType::WorkspaceReboot, None),
        Command::Stop => (ProcessType::WorkspaceStop, None),
        Command::Start => (ProcessType::WorkspaceStart, None),
        Command::Upgrade => (ProcessType::WorkspaceUpgrade, Some(NOTHING_TO_UPGRADE)),
    }
}

fn record(actor: &Actor, before: &WorkspaceRow, after: &WorkspaceRow, command: Command) -> AuditEntry {
    let action = match command {
        Command::Reboot => Action::WorkspaceReboot,
        Command::Upgrade => Action::WorkspaceUpgrade,
        Command::Stop | Command::Start => Action::WorkspaceUpdate,
    };
    let entry = actor
        .entry(action)
        .on(after.id, &after.handle)
        .with("command", command.as_str());
    if before.desired_state == after.desired_state {
        return entry;
    }
    let state = |row: &WorkspaceRow| serde_json::json!({ "desired_state": row.desired_state.as_str() });
    entry.with("before", state(before)).with("after", state(after))
}
