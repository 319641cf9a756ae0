//! Who is connected now, and putting an end to it: a person sees their own connections, and everybody's to their own
//! workspaces, in whichever replica they are open.

use std::collections::HashMap;

use jiff::Timestamp;
use model::audit::{Action, AuditEntry};
use store::{
    Cursor, Page, accesses, accesses::AccessRow, connections, connections::EndedConnections,
    connections::Ending, members, open_connections, open_connections::OpenConnectionRow, users::UserRow,
    workspaces,
};

use crate::{Actor, App, Error, Result};

/// More workspaces than a person can enter, or nearly so.
const ALL: i64 = 10_000;

/// A connection that is open.
#[derive(Debug, Clone)]
pub struct Connection {
    /// What is known of it.
    pub row: OpenConnectionRow,
    /// Whose it is.
    pub user: UserRow,
    /// Where it leads, as the person sees it who lists.
    pub access: AccessRow,
}

/// A page of connections, the first that was opened first.
#[derive(Debug)]
pub struct ConnectionPage {
    /// The connections.
    pub connections: Vec<Connection>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
}

fn place(row: &OpenConnectionRow) -> (Timestamp, &str) {
    (row.began_at, &row.id)
}

impl App {
    /// The connections that the actor may see, to one workspace or to all.
    pub async fn list_connections(
        &self,
        actor: &Actor,
        only: Option<&AccessRow>,
        page: Page,
    ) -> Result<ConnectionPage> {
        let mut all = self.visible_connections(actor, only).await?;
        if let Some(after) = &page.after {
            all.retain(|connection| place(&connection.row) > (after.at, after.id.as_str()));
        }
        let next = page.cut(&mut all, |connection| Cursor {
            at: connection.row.began_at,
            id: connection.row.id.clone(),
        });
        Ok(ConnectionPage {
            connections: all,
            next,
        })
    }

    async fn visible_connections(&self, actor: &Actor, only: Option<&AccessRow>) -> Result<Vec<Connection>> {
        let mut rows = self.0.open_connections.list_of(actor.id());
        rows.extend(self.list_elsewhere(actor.id()).await?);
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let accesses = match only {
            Some(access) => vec![access.clone()],
            None => {
                accesses::list_accesses(self.db(), actor.id(), &Page::first(ALL))
                    .await?
                    .0
            }
        };
        let accesses: HashMap<_, _> = accesses
            .into_iter()
            .map(|access| (access.workspace.id, access))
            .collect();
        let people = open_connections::list_people(self.db(), actor.id()).await?;
        let people: HashMap<_, _> = people.into_iter().map(|user| (user.id, user)).collect();
        // What has no name any more is about to end.
        let named = rows.into_iter().filter_map(|row| {
            Some(Connection {
                user: people.get(&row.user_id)?.clone(),
                access: accesses.get(&row.workspace_id)?.clone(),
                row,
            })
        });
        let mut named: Vec<_> = named.collect();
        named.sort_by(|one, other| place(&one.row).cmp(&place(&other.row)));
        Ok(named)
    }

    /// Ends one connection that the actor may see.
    pub async fn end_connection(
        &self,
        actor: &Actor,
        only: Option<&AccessRow>,
        id: &str,
    ) -> Result<Connection> {
        let all = self.visible_connections(actor, only).await?;
        let found = all.into_iter().find(|connection| connection.row.id == id);
        let found = found.ok_or(Error::NotFound("connection"))?;
        let mut tx = self.db().begin().await?;
        self.lock_actor(&mut tx, actor).await?;
        let ending = Ending {
            target: found.row.id.clone(),
            epoch: None,
        };
        connections::upsert_ending(&mut tx, &ending, self.now()).await?;
        let entry = |whose| {
            AuditEntry::new(Some(whose), Action::WorkspaceConnectionEnd)
                .on(found.row.workspace_id, &found.access.workspace.handle)
                .with("connection_id", found.row.id.as_str())
                .with("member_id", found.row.user_id.to_string())
        };
        let owner = found.access.workspace.user_id;
        let first = self.record(actor.origin(), entry(owner));
        match found.row.user_id == owner {
            true => tx.commit(first).await?,
            false => {
                let second = self.record(actor.origin(), entry(found.row.user_id));
                tx.commit_all([first, second]).await?;
            }
        }
        self.0.open_connections.end_target(&ending);
        Ok(found)
    }

    /// Ends the connections that the actor may see: to one workspace, or to all. How many there were.
    pub async fn end_connections(&self, actor: &Actor, only: Option<&AccessRow>) -> Result<usize> {
        let count = self.visible_connections(actor, only).await?.len();
        match only {
            Some(access) if access.member.is_none() => self.end_owners(actor, access, count).await?,
            Some(access) => self.end_guests(actor, access, count).await?,
            None => self.end_all(actor, count).await?,
        }
        Ok(count)
    }

    /// Everybody's connections to one of the actor's workspaces.
    async fn end_owners(&self, actor: &Actor, access: &AccessRow, count: usize) -> Result<()> {
        let id = access.workspace.id.to_string();
        let mut tx = self.db().begin().await?;
        let workspace = self.lock_owned(&mut tx, actor, &id).await?;
        workspaces::end_connections(&mut tx, workspace.id, self.now()).await?;
        let entry = actor
            .entry(Action::WorkspaceConnectionEnd)
            .on(workspace.id, &workspace.handle)
            .with("ended", count);
        tx.commit(self.record(actor.origin(), entry)).await?;
        let epoch = Some(workspace.connection_epoch + 1);
        self.0.open_connections.end_workspace(workspace.id, epoch);
        Ok(())
    }

    /// The actor's own connections to a workspace that they were let into.
    async fn end_guests(&self, actor: &Actor, access: &AccessRow, count: usize) -> Result<()> {
        let workspace = &access.workspace;
        let mut tx = self.db().begin().await?;
        self.lock_actor(&mut tx, actor).await?;
        let found = members::find_member_in(&mut tx, workspace.id, &actor.id().to_string()).await?;
        let (member, _) = found.ok_or(Error::NotFound("workspace"))?;
        members::end_connections(&mut tx, member.id).await?;
        let ending = Ending {
            target: member.id.to_string(),
            epoch: Some(member.connection_epoch + 1),
        };
        connections::upsert_ending(&mut tx, &ending, self.now()).await?;
        let entry = |whose| {
            AuditEntry::new(Some(whose), Action::WorkspaceConnectionEnd)
                .on(workspace.id, &workspace.handle)
                .with("member_id", actor.id().to_string())
                .with("ended", count)
        };
        let records = [workspace.user_id, actor.id()].map(|whose| self.record(actor.origin(), entry(whose)));
        tx.commit_all(records).await?;
        self.0.open_connections.end_target(&ending);
        Ok(())
    }

    /// The actor's own connections, and everybody's to the actor's workspaces.
    async fn end_all(&self, actor: &Actor, count: usize) -> Result<()> {
        let mut tx = self.db().begin().await?;
        let user = self.lock_actor(&mut tx, actor).await?;
        connections::end_connections(&mut tx, user.id, self.now()).await?;
        workspaces::end_owned_connections(&mut tx, user.id, self.now()).await?;
        let entry = actor
            .entry(Action::WorkspaceConnectionEnd)
            .on(user.id, &user.handle)
            .with("ended", count);
        tx.commit(self.record(actor.origin(), entry)).await?;
        self.0.open_connections.end(EndedConnections {
            user_id: user.id,
            epoch: Some(user.connection_epoch + 1),
        });
        self.0.open_connections.end_owned(user.id);
        Ok(())
    }
}
