//! The log of a workspace's database connections: those that have ended, for a while.

use jiff::Timestamp;
use model::{UserId, WorkspaceId};

use crate::{
    Db, Page, Result, Tx,
    row::Row,
    search::{Found, List},
    sql::{Sql, params, sql},
};

/// A connection that has ended.
#[derive(Debug, Clone)]
pub struct DbLogRow {
    /// Its id, which is also in the server's log and in the audit record of its opening.
    pub id: String,
    /// Where it led.
    pub workspace_id: WorkspaceId,
    /// Whose it was.
    pub actor_id: UserId,
    /// Their handle then.
    pub actor_handle: String,
    /// Their display name then.
    pub actor_display_name: Option<String>,
    /// What the client called itself.
    pub application_name: String,
    /// From where it came.
    pub client_ip: String,
    /// Whether it was encrypted.
    pub tls: bool,
    /// When it began.
    pub began_at: Timestamp,
    /// How long it was open, in milliseconds.
    pub duration_ms: i64,
    /// When it ended.
    pub created_at: Timestamp,
}

macro_rules! columns {
    () => {
        "id, workspace_id, actor_id, actor_handle, actor_display_name, application_name, client_ip, tls, began_at, \
         duration_ms, created_at"
    };
}

impl DbLogRow {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.text("id")?,
            workspace_id: row.parse("workspace_id")?,
            actor_id: row.parse("actor_id")?,
            actor_handle: row.text("actor_handle")?,
            actor_display_name: row.opt_text("actor_display_name")?,
            application_name: row.text("application_name")?,
            client_ip: row.text("client_ip")?,
            tls: row.int("tls")? != 0,
            began_at: row.time("began_at")?,
            duration_ms: row.int("duration_ms")?,
            created_at: row.time("created_at")?,
        })
    }
}

const INSERT_ROW: Sql = sql(concat!(
    "INSERT INTO db_log (",
    columns!(),
    ") SELECT $1, w.id, u.id, $4, $5, $6, $7, CAST($8 AS BIGINT), CAST($9 AS BIGINT), CAST($10 AS BIGINT), \
       CAST($11 AS BIGINT) FROM workspaces w, users u WHERE w.id = $2 AND u.id = $3"
));

/// Writes a connection that has ended; false when its workspace or its person is gone by now.
pub async fn insert_row(tx: &mut Tx, row: &DbLogRow) -> Result<bool> {
    let values = params![
        &row.id,
        row.workspace_id,
        row.actor_id,
        &row.actor_handle,
        &row.actor_display_name,
        &row.application_name,
        &row.client_ip,
        row.tls,
        row.began_at,
        row.duration_ms,
        row.created_at,
    ];
    Ok(tx.run(INSERT_ROW, values).await? == 1)
}

const LIST: List = List {
    table: "db_log",
    columns: columns!(),
    owner: "workspace_id",
    indexed: &[],
};

/// The connections to a workspace, the last one that ended first.
pub async fn list_rows(db: &Db, workspace: WorkspaceId, page: &Page) -> Result<Found<DbLogRow>> {
    let (rows, next) = LIST.search(db, &workspace.to_string(), None, page).await?;
    let rows = rows.iter().map(DbLogRow::from_row).collect::<Result<_>>()?;
    Ok(Found { rows, next })
}

const DELETE_OLD: Sql = sql("DELETE FROM db_log WHERE created_at <= $1");

/// Forgets connections that ended long ago.
pub async fn delete_old_rows(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    tx.run(DELETE_OLD, params![before]).await
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[INSERT_ROW, DELETE_OLD];
