//! Database connections that are open in the replicas which share the store, as each has told it.

use jiff::Timestamp;
use model::{UserId, WorkspaceId};

use crate::{
    Db, Result, Tx,
    row::Row,
    sql::{Sql, params, sql},
    users::{UserRow, user_columns},
};

/// A connection that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenConnectionRow {
    /// Its id, which is also in the server's log and in the audit record of its opening.
    pub id: String,
    /// Where it leads.
    pub workspace_id: WorkspaceId,
    /// Whose it is.
    pub user_id: UserId,
    /// What the client calls itself.
    pub application_name: String,
    /// From where it comes.
    pub client_ip: String,
    /// Whether it is encrypted.
    pub tls: bool,
    /// By which door: `gateway`, `api` or `console`.
    pub via: String,
    /// `active`, `idle` or `idle in transaction`.
    pub state: String,
    /// Octets that the client has sent.
    pub from_client: i64,
    /// Octets that the backend has sent.
    pub from_backend: i64,
    /// When it began.
    pub began_at: Timestamp,
}

impl OpenConnectionRow {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.text("id")?,
            workspace_id: row.parse("workspace_id")?,
            user_id: row.parse("user_id")?,
            application_name: row.text("application_name")?,
            client_ip: row.text("client_ip")?,
            tls: row.int("tls")? != 0,
            via: row.text("via")?,
            state: row.text("state")?,
            from_client: row.int("from_client")?,
            from_backend: row.int("from_backend")?,
            began_at: row.time("began_at")?,
        })
    }
}

const SEE_REPLICA: Sql = sql(
    "INSERT INTO replicas (id, seen_at) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at",
);

/// Says that a replica is there.
pub async fn see_replica(tx: &mut Tx, replica: &str, now: Timestamp) -> Result<()> {
    tx.run(SEE_REPLICA, params![replica, now]).await.map(drop)
}

const UPSERT_ROW: Sql = sql(
    "INSERT INTO open_connections (id, replica_id, workspace_id, user_id, application_name, client_ip, tls, via, state, \
       from_client, from_backend, began_at) \
     SELECT $1, $2, w.id, u.id, $5, $6, CAST($7 AS BIGINT), $8, $9, CAST($10 AS BIGINT), CAST($11 AS BIGINT), \
       CAST($12 AS BIGINT) FROM workspaces w, users u WHERE w.id = $3 AND u.id = $4 \
     ON CONFLICT (id) DO UPDATE SET state = excluded.state, from_client = excluded.from_client, \
       from_backend = excluded.from_backend",
);

/// Tells of a connection of `replica`; false when its workspace or its person is gone by now.
pub async fn upsert_row(tx: &mut Tx, replica: &str, row: &OpenConnectionRow) -> Result<bool> {
    let values = params![
        &row.id,
        replica,
        row.workspace_id,
        row.user_id,
        &row.application_name,
        &row.client_ip,
        row.tls,
        &row.via,
        &row.state,
        row.from_client,
        row.from_backend,
        row.began_at,
    ];
    Ok(tx.run(UPSERT_ROW, values).await? == 1)
}

const DELETE_ROW: Sql = sql("DELETE FROM open_connections WHERE id = $1");

/// Tells that a connection has ended.
pub async fn delete_row(tx: &mut Tx, id: &str) -> Result<()> {
    tx.run(DELETE_ROW, params![id]).await.map(drop)
}

const DELETE_REPLICAS: Sql = sql("DELETE FROM replicas WHERE id = $1 OR seen_at <= $2");

/// Forgets `replica`, and all that were last seen before, with their connections.
pub async fn delete_replicas(tx: &mut Tx, replica: &str, before: Timestamp) -> Result<u64> {
    tx.run(DELETE_REPLICAS, params![replica, before]).await
}

const LIST_OF_OTHERS: Sql = sql(
    "SELECT c.id, c.workspace_id, c.user_id, c.application_name, c.client_ip, c.tls, c.via, c.state, c.from_client, \
       c.from_backend, c.began_at FROM open_connections c JOIN replicas r ON r.id = c.replica_id \
     WHERE c.replica_id <> $1 AND r.seen_at > $2 \
       AND (c.user_id = $3 OR c.workspace_id IN (SELECT w.id FROM workspaces w WHERE w.user_id = $3))",
);

/// The connections of `user`, and those of everybody to their workspaces, that are open in other replicas than `replica`
/// which were seen after `since`.
pub async fn list_of_others(
    db: &Db,
    replica: &str,
    since: Timestamp,
    user: UserId,
) -> Result<Vec<OpenConnectionRow>> {
    db.all(LIST_OF_OTHERS, params![replica, since, user])
        .await?
        .iter()
        .map(OpenConnectionRow::from_row)
        .collect()
}

const LIST_PEOPLE: Sql = sql(concat!(
    "SELECT ",
    user_columns!(),
    " FROM users u WHERE u.id = $1 OR u.id IN (SELECT m.user_id FROM workspace_members m \
       JOIN workspaces w ON w.id = m.workspace_id WHERE w.user_id = $1)"
));

/// `user`, and everybody whom they let into a workspace.
pub async fn list_people(db: &Db, user: UserId) -> Result<Vec<UserRow>> {
    db.all(LIST_PEOPLE, params![user])
        .await?
        .iter()
        .map(UserRow::from_row)
        .collect()
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[
    SEE_REPLICA,
    UPSERT_ROW,
    DELETE_ROW,
    DELETE_REPLICAS,
    LIST_OF_OTHERS,
    LIST_PEOPLE,
];
