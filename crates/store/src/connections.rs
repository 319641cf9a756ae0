//! Which database connections may stay open. The connections themselves are in the memory of the replicas; the store
//! says from which epoch on they are good.

use jiff::Timestamp;
use model::{UserId, WorkspaceId};

use crate::{
    Db, Result, Tx,
    row::Row,
    sql::{Sql, params, sql},
};

const END_CONNECTIONS: Sql =
    sql("UPDATE users SET connection_epoch = connection_epoch + 1, connections_ended_at = $2 WHERE id = $1");

/// Ends every database connection of the account that is open now: none of them is of the new epoch.
pub async fn end_connections(tx: &mut Tx, user: UserId, at: Timestamp) -> Result<bool> {
    Ok(tx.run(END_CONNECTIONS, params![user, at]).await? == 1)
}

const FIND_EPOCHS: Sql = sql(
    "SELECT u.connection_epoch AS user_epoch, w.connection_epoch AS workspace_epoch FROM users u, workspaces w \
     WHERE u.id = $1 AND u.state = 'active' AND w.id = $2 AND w.desired_state = 'enabled'",
);

/// The epochs from which on connections are good: of their account, and of their workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionEpochs {
    /// The account's.
    pub user: i64,
    /// The workspace's.
    pub workspace: i64,
}

/// The epochs of connections of `user` to `workspace` now; `None` when one of both is gone or switched off.
pub async fn find_connection_epochs(
    db: &Db,
    user: UserId,
    workspace: WorkspaceId,
) -> Result<Option<ConnectionEpochs>> {
    let Some(row) = db.one(FIND_EPOCHS, params![user, workspace]).await? else {
        return Ok(None);
    };
    Ok(Some(ConnectionEpochs {
        user: row.int("user_epoch")?,
        workspace: row.int("workspace_epoch")?,
    }))
}

/// An account whose connections were ended.
#[derive(Debug, Clone, Copy)]
pub struct EndedConnections {
    /// The account.
    pub user_id: UserId,
    /// The epoch of connections that are good; `None` when the account is gone.
    pub epoch: Option<i64>,
}

impl EndedConnections {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            user_id: row.parse("id")?,
            epoch: row.opt_int("epoch")?,
        })
    }
}

const LIST_ENDED: Sql = sql(
    "SELECT id, connection_epoch AS epoch FROM users WHERE connections_ended_at > $1 \
     UNION ALL SELECT id, CAST(NULL AS BIGINT) FROM deleted_users WHERE deleted_at > $1",
);

/// The accounts whose connections were ended after `since`.
pub async fn list_ended_connections(db: &Db, since: Timestamp) -> Result<Vec<EndedConnections>> {
    db.all(LIST_ENDED, params![since])
        .await?
        .iter()
        .map(EndedConnections::from_row)
        .collect()
}

const LIST_ENDED_WORKSPACES: Sql =
    sql("SELECT id, connection_epoch AS epoch FROM workspaces WHERE connections_ended_at > $1");

/// The workspaces whose connections were ended after `since`, and from which epoch on they are good.
pub async fn list_ended_workspaces(db: &Db, since: Timestamp) -> Result<Vec<(WorkspaceId, i64)>> {
    db.all(LIST_ENDED_WORKSPACES, params![since])
        .await?
        .iter()
        .map(|row| Ok((row.parse("id")?, row.int("epoch")?)))
        .collect()
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[END_CONNECTIONS, FIND_EPOCHS, LIST_ENDED, LIST_ENDED_WORKSPACES];
