//! Deleting an account: what goes, and that it goes.
//!
//! One transaction takes the account away with everything that belongs to it, so that no credential outlives it: what
//! is left in the store is its id among the deleted ones. What lies outside of its rows is taken away by processes of
//! the same transaction (`aftermath`): databases and the login role in PostgreSQL, and its person in the audit log.

mod aftermath;

use jiff::Timestamp;
use model::{
    ProcessId, UserId,
    audit::{Action, AuditEntry, Origin},
    email::EmailStatus,
    process::{ProcessState, ProcessType},
    session::Freshness,
    time,
    workspace::BackendKind,
};
use store::{
    Page, Tx, connections, connections::Ending, deleted_users, members, outbox, processes,
    processes::ProcessRow, server_roles, sign_ins, user_emails, user_emails::EmailRow, users, users::UserRow,
    workspaces,
};

use crate::{Actor, App, Error, Result, actor, processes::WorkspaceWork};

/// More than an account can have of anything.
const ALL: i64 = 1000;

/// What goes when the account is deleted.
#[derive(Debug, Clone)]
pub struct DeletionPreview {
    /// The workspaces.
    pub workspaces: Vec<GoneWorkspace>,
    /// How many people lose access to them.
    pub guests: i64,
    /// How many workspaces of others the person loses access to.
    pub shared: usize,
    /// How many tokens stop working.
    pub tokens: usize,
    /// How many sessions end.
    pub sessions: usize,
    /// The addresses that are forgotten; each proven one gets a last mail.
    pub addresses: Vec<EmailRow>,
    /// Until when nobody can claim the handle.
    pub handle_held_until: Timestamp,
}

/// A workspace that goes with its account.
#[derive(Debug, Clone)]
pub struct GoneWorkspace {
    /// Its name.
    pub handle: String,
    /// How many bytes it has, where that is known.
    pub bytes: Option<u64>,
    /// Whether its server was there before, and stays as it is.
    pub is_attached: bool,
}

impl App {
    /// What goes when the actor's account is deleted now.
    pub async fn preview_deletion(&self, actor: &Actor) -> Result<DeletionPreview> {
        let all = Page::first(ALL);
        let rows = workspaces::list_workspaces(self.db(), actor.id(), &all).await?;
        let sizes = self.sizes(&rows).await;
        let workspaces = rows.iter().map(|row| GoneWorkspace {
            handle: row.handle.to_string(),
            bytes: sizes.get(&row.id).copied(),
            is_attached: row.backend == BackendKind::Attached,
        });
        Ok(DeletionPreview {
            workspaces: workspaces.collect(),
            guests: members::count_guests(self.db(), actor.id()).await?,
            shared: self.list_shared(actor, all.clone()).await?.accesses.len(),
            tokens: self.list_tokens(actor, all).await?.tokens.len(),
            sessions: self.list_sessions(actor).await?.len(),
            addresses: user_emails::list_emails(self.db(), actor.id(), &Page::first(ALL)).await?,
            handle_held_until: time::after(self.now(), self.settings().handles.hold_seconds),
        })
    }

    /// Deletes the actor's account. From the commit on none of its credentials opens anything; its database
    /// connections end, and its databases are dropped by processes. `typed` is what a person typed to confirm: the
    /// handle, as the account has it now.
    ///
    /// `None` when somebody else was first: it is gone all the same.
    pub async fn delete_account(&self, actor: &Actor, typed: Option<&str>) -> Result<Option<UserRow>> {
        self.require_fresh(actor, Freshness::Danger)?;
        let mut tx = self.db().begin().await?;
        let user = match self.lock_actor(&mut tx, actor).await {
            Err(Error::NotFound("user")) => return Ok(None),
            locked => locked?,
        };
        actor.check_version(user.version_id)?;
        if typed.is_some_and(|typed| typed.trim() != user.handle.as_str()) {
            let message = format!("Type {} to delete the account.", user.handle);
            return Err(Error::invalid("confirm", message));
        }
        self.delete_locked(tx, user, actor.origin()).await.map(Some)
    }

    /// Deletes an account for the operator.
    pub async fn admin_delete_user(&self, handle: &str) -> Result<UserRow> {
        let user = self.find_by_handle(handle).await?;
        let mut tx = self.db().begin().await?;
        let user = users::lock_user(&mut tx, user.id)
            .await?
            .ok_or(Error::NotFound("user"))?;
        let origin = actor::operator_origin(self.new_connection_id());
        self.delete_locked(tx, user, origin).await
    }

    async fn delete_locked(&self, mut tx: Tx, user: UserRow, origin: Origin) -> Result<UserRow> {
        let addresses = user_emails::list_own_emails(&mut tx, user.id).await?;
        self.say_goodbye(&mut tx, user.id).await?;
        let gone = self.end_workspaces_of(&mut tx, user.id).await?;
        let dropped = self.ask_for_the_aftermath(&mut tx, user.id).await?;
        sign_ins::delete_sign_ins_of(&mut tx, user.id).await?;
        self.hold_handle(&mut tx, &user).await?;
        deleted_users::bury_user(&mut tx, user.id, self.now()).await?;
        let entry = AuditEntry::new(Some(user.id), Action::UserDelete)
            .on(user.id, &user.handle)
            .with("workspaces", dropped);
        tx.commit(self.record(origin, entry)).await?;
        self.end_open_connections(user.id, None);
        for ending in &gone {
            self.0.open_connections.end_target(ending);
        }
        self.wake_workers();
        self.forget_mails(&addresses).await;
        self.settle().await;
        Ok(user)
    }

    /// Ends the connections of whoever was let into the account's workspaces.
    async fn end_workspaces_of(&self, tx: &mut Tx, user: UserId) -> Result<Vec<Ending>> {
        let owned = workspaces::list_workspaces_in(tx, user, &Page::first(ALL)).await?;
        let ending = |row: workspaces::WorkspaceRow| Ending {
            target: row.id.to_string(),
            epoch: None,
        };
        let gone: Vec<_> = owned.into_iter().map(ending).collect();
        for ending in &gone {
            connections::upsert_ending(tx, ending, self.now()).await?;
        }
        Ok(gone)
    }

    /// Takes back the mails that are on their way, and writes the last one, which belongs to no account.
    async fn say_goodbye(&self, tx: &mut Tx, user: UserId) -> Result<()> {
        outbox::delete_mails_of(tx, user).await?;
        let goodbye = mail::Message::AccountDeleted {
            public_url: self.settings().public_url.to_string(),
            at: time::for_people(self.now()),
        };
        let rows = user_emails::list_emails_in(tx, user).await?;
        for row in rows.iter().filter(|row| row.status == EmailStatus::Verified) {
            self.enqueue_mail(tx, None, &row.email, &goodbye).await?;
        }
        Ok(())
    }

    /// Writes the processes that drop what is outside of the store, and how many databases that are. They name ids
    /// alone; what the account's processes said before is forgotten.
    async fn ask_for_the_aftermath(&self, tx: &mut Tx, user: UserId) -> Result<usize> {
        let asked = processes::list_unfinished(tx, user, ProcessType::WorkspaceDelete).await?;
        let mut works: Vec<_> = asked
            .into_iter()
            .filter_map(|row| {
                let work: WorkspaceWork = serde_json::from_str(&row.input).ok()?;
                Some((row.workspace_id?, work))
            })
            .collect();
        let owned = workspaces::list_workspaces_in(tx, user, &Page::first(ALL)).await?;
        let dropped = owned.len();
        // Of an attached server there is nothing that is ours to drop.
        let managed = owned
            .into_iter()
            .filter(|row| row.backend != BackendKind::Attached);
        works.extend(managed.map(|row| {
            let work = WorkspaceWork {
                database_name: row.database_name.to_string(),
                handle: String::new(),
                backend: row.backend,
            };
            (row.id, work)
        }));
        processes::delete_processes(tx, user).await?;
        for (workspace, work) in works {
            let work = WorkspaceWork {
                handle: String::new(),
                ..work
            };
            let row = self.last_process(user, ProcessType::WorkspaceDelete, &work)?;
            let row = ProcessRow {
                workspace_id: Some(workspace),
                ..row
            };
            processes::insert_process(tx, &row).await?;
        }
        let servers = server_roles::list_servers_of(tx, user).await?;
        let servers = servers.iter().filter_map(|name| BackendKind::parse(name));
        let work = aftermath::Work::new(servers.collect());
        let row = self.last_process(user, ProcessType::UserDelete, &work)?;
        processes::insert_process(tx, &row).await?;
        Ok(dropped)
    }

    fn last_process(
        &self,
        user: UserId,
        kind: ProcessType,
        work: &impl serde::Serialize,
    ) -> Result<ProcessRow> {
        let now = self.now();
        Ok(ProcessRow {
            id: ProcessId::new(now, self.random()),
            kind,
            state: ProcessState::Pending,
            state_reason: None,
            user_id: user,
            workspace_id: None,
            input: serde_json::to_string(work)
                .map_err(|_| Error::Internal("a process's input cannot be written"))?,
            attempts: 0,
            run_after: now,
            created_at: now,
            created_by_id: user,
            updated_at: now,
            version_id: 1,
        })
    }
}
