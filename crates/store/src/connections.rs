//! Which database connections may stay open. The connections themselves are in the memory of the replicas; the store
//! says from which epoch on they are good.

use jiff::Timestamp;
use model::{MemberId, UserId, WorkspaceId};

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
    "SELECT u.connection_epoch AS user_epoch, w.connection_epoch AS workspace_epoch, m.id AS member_id, \
       m.connection_epoch AS member_epoch \
     FROM users u JOIN workspaces w ON w.id = $2 JOIN users o ON o.id = w.user_id \
     LEFT JOIN workspace_members m ON m.workspace_id = w.id AND m.user_id = u.id AND m.status = 'accepted' \
       AND w.user_id <> u.id \
     WHERE u.id = $1 AND u.state = 'active' AND o.state = 'active' AND w.desired_state = 'enabled' \
       AND (w.user_id = u.id OR m.id IS NOT NULL)",
);

/// The epochs from which on connections are good: of their account, of their workspace, and of the access by which they
/// came where the workspace is somebody else's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionEpochs {
    /// The account's.
    pub user: i64,
    /// The workspace's.
    pub workspace: i64,
    /// The access, and its epoch.
    pub member: Option<(MemberId, i64)>,
}

/// The epochs of connections of `user` to `workspace` now; `None` when one of both is gone or switched off, or the
/// workspace is not open to them.
pub async fn find_connection_epochs(
    db: &Db,
    user: UserId,
    workspace: WorkspaceId,
) -> Result<Option<ConnectionEpochs>> {
    let Some(row) = db.one(FIND_EPOCHS, params![user, workspace]).await? else {
        return Ok(None);
    };
    let member = match row.opt_parse("member_id")? {
        Some(id) => Some((id, row.int("member_epoch")?)),
        None => None,
    };
    Ok(Some(ConnectionEpochs {
        user: row.int("user_epoch")?,
        workspace: row.int("workspace_epoch")?,
        member,
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

/// What ends connections besides the epochs of accounts and workspaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// An access, a workspace that is gone, or one connection, by its id.
    pub target: String,
    /// Connections of the target that are older than this end; all, where there is none.
    pub epoch: Option<i64>,
}

const UPSERT_ENDING: Sql = sql(
    "INSERT INTO connection_endings (target_id, epoch, ended_at) VALUES ($1, $2, $3) \
     ON CONFLICT (target_id) DO UPDATE SET epoch = excluded.epoch, ended_at = excluded.ended_at",
);

/// Tells every replica what ends.
pub async fn upsert_ending(tx: &mut Tx, ending: &Ending, at: Timestamp) -> Result<()> {
    tx.run(UPSERT_ENDING, params![&ending.target, ending.epoch, at])
        .await
        .map(drop)
}

const LIST_ENDINGS: Sql = sql("SELECT target_id, epoch FROM connection_endings WHERE ended_at > $1");

/// What was ended after `since`.
pub async fn list_endings(db: &Db, since: Timestamp) -> Result<Vec<Ending>> {
    db.all(LIST_ENDINGS, params![since])
        .await?
        .iter()
        .map(|row| {
            Ok(Ending {
                target: row.text("target_id")?,
                epoch: row.opt_int("epoch")?,
            })
        })
        .collect()
}

const DELETE_ENDINGS: Sql = sql("DELETE FROM connection_endings WHERE ended_at <= $1");

/// Forgets what ended long ago.
pub async fn delete_endings(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    tx.run(DELETE_ENDINGS, params![before]).await
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[
    END_CONNECTIONS,
    FIND_EPOCHS,
    LIST_ENDED,
    LIST_ENDED_WORKSPACES,
    UPSERT_ENDING,
    LIST_ENDINGS,
    DELETE_ENDINGS,
];
