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

const FIND_EPOCH: Sql = sql("SELECT u.connection_epoch AS epoch FROM users u, workspaces w \
     WHERE u.id = $1 AND u.state = 'active' AND w.id = $2");

/// The epoch of connections of `user` to `workspace` now; `None` when one of both is gone or the account is off.
pub async fn find_connection_epoch(db: &Db, user: UserId, workspace: WorkspaceId) -> Result<Option<i64>> {
    db.one(FIND_EPOCH, params![user, workspace])
        .await?
        .map(|row| row.int("epoch"))
        .transpose()
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

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[END_CONNECTIONS, FIND_EPOCH, LIST_ENDED];
