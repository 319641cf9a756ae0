//! Names that workspaces had.

use jiff::Timestamp;
use model::{UserId, WorkspaceId, handle::WorkspaceHandle};

use crate::{
    Db, Result, Tx,
    sql::{Sql, params, sql},
};

const UPSERT_NAME: Sql = sql(
    "INSERT INTO workspace_names (workspace_id, handle, given_up_at) VALUES ($1, $2, $3) \
     ON CONFLICT (workspace_id, handle) DO UPDATE SET given_up_at = excluded.given_up_at",
);

/// Remembers that `workspace` was called `handle` until now.
pub async fn upsert_workspace_name(
    tx: &mut Tx,
    workspace: WorkspaceId,
    handle: &WorkspaceHandle,
    at: Timestamp,
) -> Result<()> {
    tx.run(UPSERT_NAME, params![workspace, handle.as_str(), at])
        .await
        .map(drop)
}

const DELETE_NAME: Sql = sql("DELETE FROM workspace_names WHERE workspace_id = $1 AND handle = $2");

/// Forgets that `workspace` was called `handle`: it is again.
pub async fn delete_workspace_name(
    tx: &mut Tx,
    workspace: WorkspaceId,
    handle: &WorkspaceHandle,
) -> Result<()> {
    tx.run(DELETE_NAME, params![workspace, handle.as_str()])
        .await
        .map(drop)
}

/// A workspace that was renamed.
#[derive(Debug, Clone)]
pub struct RenamedWorkspace {
    /// Which.
    pub id: WorkspaceId,
    /// Its name now.
    pub handle: WorkspaceHandle,
    /// When it gave up the name that was asked for.
    pub since: Timestamp,
}

const FIND_RENAMED: Sql = sql("SELECT w.id, w.handle, n.given_up_at \
     FROM workspace_names n JOIN workspaces w ON w.id = n.workspace_id \
     WHERE w.user_id = $1 AND n.handle = $2 AND n.given_up_at > $3 ORDER BY n.given_up_at DESC LIMIT 1");

/// The workspace of `user` that gave up `handle` last, if that was after `since`.
pub async fn find_renamed_workspace(
    db: &Db,
    user: UserId,
    handle: &WorkspaceHandle,
    since: Timestamp,
) -> Result<Option<RenamedWorkspace>> {
    db.one(FIND_RENAMED, params![user, handle.as_str(), since])
        .await?
        .map(|row| {
            Ok(RenamedWorkspace {
                id: row.parse("id")?,
                handle: row.parse("handle")?,
                since: row.time("given_up_at")?,
            })
        })
        .transpose()
}

const DELETE_OLD: Sql = sql("DELETE FROM workspace_names WHERE given_up_at <= $1");

/// Forgets names that were given up long ago.
pub async fn delete_old_workspace_names(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    tx.run(DELETE_OLD, params![before]).await
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[UPSERT_NAME, DELETE_NAME, FIND_RENAMED, DELETE_OLD];
