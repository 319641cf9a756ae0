//! Changing a handle: what it would change, and the change itself.

use jiff::Timestamp;
use model::{
    audit::{Action, AuditEntry},
    email::EmailStatus,
    handle::{Handle, WorkspaceHandle, check_host_label},
    session::Freshness,
    time,
    workspace::DatabaseName,
};
use serde_json::json;
use store::{Page, Tx, user_emails, users, users::UserRow, workspaces, workspaces::WorkspaceRow};

use crate::{Actor, App, Error, Result, workspaces::MOST_WORKSPACES};

/// What changes with a handle.
#[derive(Debug, Clone)]
pub struct HandleChange {
    /// The name until then; also the user name at the gateway.
    pub from: Handle,
    /// The name from then on.
    pub to: Handle,
    /// Every workspace's host name.
    pub hosts: Vec<HostChange>,
}

/// The host name of one workspace, before and after.
#[derive(Debug, Clone)]
pub struct HostChange {
    /// The workspace.
    pub workspace: WorkspaceHandle,
    /// The name of its database, which stays.
    pub database: DatabaseName,
    /// The host name until then.
    pub from: String,
    /// The host name from then on.
    pub to: String,
}

impl App {
    /// What would change if the actor's handle were `text`, or why it cannot be.
    pub async fn preview_handle(&self, actor: &Actor, text: &str) -> Result<HandleChange> {
        let to = self.check_handle(actor, text).await?;
        if let Some(at) = self.next_handle_change(actor).await? {
            return Err(too_soon(at));
        }
        let page = Page::first(MOST_WORKSPACES);
        let rows = workspaces::list_workspaces(self.db(), actor.id(), &page).await?;
        self.change_of(&actor.user.handle, &to, &rows)
    }

    /// The names before and after the actor's last change, while the old ones are held.
    pub async fn last_handle_change(&self, actor: &Actor) -> Result<Option<(HandleChange, Timestamp)>> {
        let held = self.list_held_handles(actor).await?;
        let Some((last, until)) = held
            .into_iter()
            .next()
            .and_then(|row| Some((row.handle, row.held_until?)))
        else {
            return Ok(None);
        };
        let page = Page::first(MOST_WORKSPACES);
        let rows = workspaces::list_workspaces(self.db(), actor.id(), &page).await?;
        let change = self.change_of(&last, &actor.user.handle, &rows)?;
        Ok(Some((change, until)))
    }

    fn change_of(&self, from: &Handle, to: &Handle, rows: &[WorkspaceRow]) -> Result<HandleChange> {
        let hosts = rows
            .iter()
            .map(|row| {
                check_host_label(to, &row.handle)?;
                Ok(HostChange {
                    workspace: row.handle.clone(),
                    database: row.database_name.clone(),
                    from: self.workspace_host(from, &row.handle),
                    to: self.workspace_host(to, &row.handle),
                })
            })
            .collect::<Result<_>>()?;
        Ok(HandleChange {
            from: from.clone(),
            to: to.clone(),
            hosts,
        })
    }

    /// Changes the actor's handle, and with it every host name: all in one transaction with the hold of the old name,
    /// the record and the mails, at most once a day. The handle that it is already is no change.
    pub async fn update_handle(&self, actor: &Actor, text: &str) -> Result<UserRow> {
        self.require_fresh(actor, Freshness::Danger)?;
        let handle = Handle::choose(text)?;
        if handle == actor.user.handle {
            return Ok(actor.user.clone());
        }
        self.0.limits.handle(actor.peer.ip)?;
        let mut tx = self.db().begin().await?;
        let user = self.lock_actor(&mut tx, actor).await?;
        actor.check_version(user.version_id)?;
        if user.handle == handle {
            return Ok(user);
        }
        self.claim_handle(&mut tx, &handle, user.id).await?;
        let now = self.now();
        let day_ago = time::after(now, -Handle::CHANGE_SECONDS);
        if !users::update_handle(&mut tx, user.id, &handle, now, day_ago).await? {
            let last = users::find_handle_change_in(&mut tx, user.id).await?;
            return Err(too_soon(self.change_allowed_at(last).unwrap_or(now)));
        }
        let held_until = self.hold_handle(&mut tx, &user).await?;
        let page = Page::first(MOST_WORKSPACES);
        let rows = workspaces::list_workspaces_in(&mut tx, user.id, &page).await?;
        let change = self.change_of(&user.handle, &handle, &rows)?;
        self.mail_handle_change(&mut tx, actor, &change, held_until)
            .await?;
        let entry = record(actor, &change, held_until);
        tx.commit(self.record(actor.origin(), entry)).await?;
        self.wake_workers();
        Ok(UserRow {
            handle,
            updated_at: Some(now),
            version_id: user.version_id + 1,
            ..user
        })
    }

    /// Tells every proven address of the account.
    async fn mail_handle_change(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        change: &HandleChange,
        held_until: Timestamp,
    ) -> Result<()> {
        let names = mail::HandleChange {
            from: change.from.to_string(),
            to: change.to.to_string(),
            hosts: change
                .hosts
                .iter()
                .map(|host| (host.from.clone(), host.to.clone()))
                .collect(),
            held_until: time::for_people(held_until),
        };
        let notice = mail::Notice {
            handle: change.to.to_string(),
            ..self.notice(actor)
        };
        let message = mail::Message::HandleChanged(names, notice);
        for row in user_emails::list_emails_in(tx, actor.id()).await? {
            // A pending address was never proven: whoever reads it has nothing to do with this account.
            if row.status == EmailStatus::Verified {
                self.enqueue_mail(tx, Some(actor.id()), &row.email, &message)
                    .await?;
            }
        }
        Ok(())
    }
}

fn record(actor: &Actor, change: &HandleChange, held_until: Timestamp) -> AuditEntry {
    let hosts = |side: fn(&HostChange) -> &String| change.hosts.iter().map(side).collect::<Vec<_>>();
    actor
        .entry(Action::UserHandleUpdate)
        .on(actor.id(), &change.to)
        .with(
            "before",
            json!({ "handle": change.from, "hosts": hosts(|host| &host.from) }),
        )
        .with(
            "after",
            json!({ "handle": change.to, "hosts": hosts(|host| &host.to) }),
        )
        .with("held_until", time::rfc3339_seconds(held_until))
}

fn too_soon(at: Timestamp) -> Error {
    Error::conflict(
        "handle_changed_today",
        format!(
            "A handle changes at most once a day, taking an old one back included. Yours can change again from {}.",
            time::rfc3339_seconds(at)
        ),
    )
}
