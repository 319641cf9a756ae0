//! Workspaces.

use jiff::Timestamp;
use model::{
    UserId, WorkspaceId,
    handle::{Handle, WorkspaceHandle},
    workspace::{BackendKind, DatabaseName, DesiredState, WorkspaceLimits, WorkspaceState},
};

use crate::{
    Db, Error, Page, Result, Tx,
    row::Row,
    sql::{Sql, params, sql},
};

/// A workspace.
#[derive(Debug, Clone)]
pub struct WorkspaceRow {
    /// Its id, which never changes.
    pub id: WorkspaceId,
    /// Whose it is.
    pub user_id: UserId,
    /// Its name, unique among its owner's.
    pub handle: WorkspaceHandle,
    /// The globally unique name of its database.
    pub database_name: DatabaseName,
    /// What kind of server holds it.
    pub backend: BackendKind,
    /// Where it is in its life.
    pub state: WorkspaceState,
    /// Why it is there, when that needs words.
    pub state_reason: Option<String>,
    /// Whether its owner wants it to take connections.
    pub desired_state: DesiredState,
    /// What a client wished for; kept and echoed.
    pub instance_type: String,
    /// What a client wished for, in bytes; kept and echoed.
    pub db_volume_size_bytes: i64,
    /// Schemas before the others in the search path of its connections.
    pub search_path_prefix: Vec<String>,
    /// What its owner allows in it.
    pub limits: WorkspaceLimits,
    /// Connections of an earlier epoch are ended.
    pub connection_epoch: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by_id: UserId,
    /// When it was last changed.
    pub updated_at: Option<Timestamp>,
    /// By whom.
    pub updated_by_id: UserId,
    /// Counts its changes, from 1.
    pub version_id: i64,
}

macro_rules! columns {
    () => {
        "w.id, w.user_id, w.handle, w.database_name, w.server_id, w.state, w.state_reason, w.desired_state, \
         w.instance_type, w.db_volume_size_bytes, w.search_path_prefix, w.connection_limit, \
         w.statement_timeout_ms, w.idle_in_transaction_timeout_ms, w.connection_epoch, w.created_at, w.created_by_id, w.updated_at, w.updated_by_id, \
         w.version_id"
    };
}
pub(crate) use columns as workspace_columns;

impl WorkspaceRow {
    /// Where it is in its life as its owner sees it.
    pub fn state_now(&self) -> WorkspaceState {
        self.state.as_wished(self.desired_state)
    }

    pub(crate) fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.parse("id")?,
            user_id: row.parse("user_id")?,
            handle: row.parse("handle")?,
            database_name: row.parse("database_name")?,
            backend: row.word("server_id", BackendKind::parse)?,
            state: row.word("state", WorkspaceState::parse)?,
            state_reason: row.opt_text("state_reason")?,
            desired_state: row.parse("desired_state")?,
            instance_type: row.text("instance_type")?,
            db_volume_size_bytes: row.int("db_volume_size_bytes")?,
            search_path_prefix: serde_json::from_str(&row.text("search_path_prefix")?)
                .map_err(|_| Error::Unreadable("search_path_prefix"))?,
            limits: WorkspaceLimits {
                connections: row.int("connection_limit")?,
                statement_ms: row.int("statement_timeout_ms")?,
                idle_in_transaction_ms: row.int("idle_in_transaction_timeout_ms")?,
            },
            connection_epoch: row.int("connection_epoch")?,
            created_at: row.time("created_at")?,
            created_by_id: row.parse("created_by_id")?,
            updated_at: row.opt_time("updated_at")?,
            updated_by_id: row.parse("updated_by_id")?,
            version_id: row.int("version_id")?,
        })
    }
}

const INSERT_WORKSPACE: Sql = sql(
    "INSERT INTO workspaces (id, user_id, handle, database_name, server_id, state, desired_state, \
       instance_type, db_volume_size_bytes, created_at, created_by_id, updated_by_id, version_id, search_path_prefix, \
       connection_limit, statement_timeout_ms, idle_in_transaction_timeout_ms) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, 1, $12, $13, $14, $15)",
);

/// A new workspace; [`crate::Error::Duplicate`] when its owner has one of that name, or the database name is taken.
pub async fn insert_workspace(tx: &mut Tx, row: &WorkspaceRow) -> Result<()> {
    let values = params![
        row.id,
        row.user_id,
        row.handle.as_str(),
        row.database_name.as_str(),
        row.backend.as_str(),
        row.state.as_str(),
        row.desired_state.as_str(),
        &row.instance_type,
        row.db_volume_size_bytes,
        row.created_at,
        row.created_by_id,
        json(&row.search_path_prefix)?,
        row.limits.connections,
        row.limits.statement_ms,
        row.limits.idle_in_transaction_ms,
    ];
    tx.run(INSERT_WORKSPACE, values).await.map(drop)
}

const FIND_WORKSPACE: Sql = sql(concat!(
    "SELECT ",
    columns!(),
    " FROM workspaces w WHERE w.user_id = $1 AND (w.handle = $2 OR w.id = $2)"
));

/// Whether `text` can name a workspace: a handle has no `_`, so that one never reads as the other. Only that is looked
/// up: PostgreSQL does not take every text.
pub(crate) fn is_name(text: &str) -> bool {
    text.parse::<WorkspaceHandle>().is_ok() || text.parse::<WorkspaceId>().is_ok()
}

/// A workspace of `user`, by handle or id.
pub async fn find_workspace(db: &Db, user: UserId, handle_or_id: &str) -> Result<Option<WorkspaceRow>> {
    if !is_name(handle_or_id) {
        return Ok(None);
    }
    db.one(FIND_WORKSPACE, params![user, handle_or_id])
        .await?
        .as_ref()
        .map(WorkspaceRow::from_row)
        .transpose()
}

/// A workspace of `user`, read inside a write.
pub async fn find_workspace_in(
    tx: &mut Tx,
    user: UserId,
    handle_or_id: &str,
) -> Result<Option<WorkspaceRow>> {
    if !is_name(handle_or_id) {
        return Ok(None);
    }
    tx.one(FIND_WORKSPACE, params![user, handle_or_id])
        .await?
        .as_ref()
        .map(WorkspaceRow::from_row)
        .transpose()
}

const LIST_WORKSPACES: Sql = sql(concat!(
    "SELECT ",
    columns!(),
    " FROM workspaces w WHERE w.user_id = $1 AND (w.created_at > $2 OR (w.created_at = $2 AND w.id > $3)) \
     ORDER BY w.created_at, w.id LIMIT $4"
));

/// The workspaces of `user`, oldest first.
pub async fn list_workspaces(db: &Db, user: UserId, page: &Page) -> Result<Vec<WorkspaceRow>> {
    let (at, id) = page.ascending();
    db.all(LIST_WORKSPACES, params![user, at, id, page.limit])
        .await?
        .iter()
        .map(WorkspaceRow::from_row)
        .collect()
}

/// The first workspaces of `user`, read inside a write.
pub async fn list_workspaces_in(tx: &mut Tx, user: UserId, page: &Page) -> Result<Vec<WorkspaceRow>> {
    let (at, id) = page.ascending();
    tx.all(LIST_WORKSPACES, params![user, at, id, page.limit])
        .await?
        .iter()
        .map(WorkspaceRow::from_row)
        .collect()
}

const LIST_ALL: Sql = sql(concat!(
    "SELECT ",
    columns!(),
    " FROM workspaces w WHERE w.state = 'enabled' AND w.desired_state = 'enabled' AND w.id > $1 ORDER BY w.id LIMIT $2"
));

/// Up to `limit` workspaces of everybody that take connections, by id, behind `after`.
pub async fn list_enabled_workspaces(
    db: &Db,
    after: Option<WorkspaceId>,
    limit: i64,
) -> Result<Vec<WorkspaceRow>> {
    let after = after.map_or_else(String::new, |id| id.to_string());
    db.all(LIST_ALL, params![after.as_str(), limit])
        .await?
        .iter()
        .map(WorkspaceRow::from_row)
        .collect()
}

const HAS_WORKSPACES_ON: Sql = sql("SELECT COUNT(*) AS there FROM workspaces WHERE server_id = $1");

/// Whether there are workspaces on a kind of server.
pub async fn has_workspaces_on(db: &Db, backend: BackendKind) -> Result<bool> {
    db.one(HAS_WORKSPACES_ON, params![backend.as_str()])
        .await?
        .map_or(Ok(false), |row| Ok(row.int("there")? > 0))
}

const COUNT_WORKSPACES: Sql = sql("SELECT COUNT(*) AS owned FROM workspaces WHERE user_id = $1");

/// How many workspaces `user` has; call it with the account's row locked.
pub async fn count_workspaces(tx: &mut Tx, user: UserId) -> Result<i64> {
    tx.one(COUNT_WORKSPACES, params![user])
        .await?
        .map_or(Ok(0), |row| row.int("owned"))
}

const FIND_BY_HOST: Sql = sql(concat!(
    "SELECT ",
    columns!(),
    " FROM workspaces w JOIN users u ON u.id = w.user_id WHERE u.handle = $1 AND w.handle = $2"
));

/// The workspace whose host label is `{owner}-{workspace}` now.
pub async fn find_workspace_by_host(
    db: &Db,
    owner: &Handle,
    workspace: &WorkspaceHandle,
) -> Result<Option<WorkspaceRow>> {
    let values = params![owner.as_str(), workspace.as_str()];
    db.one(FIND_BY_HOST, values)
        .await?
        .as_ref()
        .map(WorkspaceRow::from_row)
        .transpose()
}

const UPDATE_STATE: Sql = sql(
    "UPDATE workspaces SET state = $2, state_reason = $3, updated_at = $4, version_id = version_id + 1 \
     WHERE id = $1",
);

/// Moves a workspace to another state; false when it is gone.
pub async fn update_workspace_state(
    tx: &mut Tx,
    id: WorkspaceId,
    state: WorkspaceState,
    reason: Option<&str>,
    at: Timestamp,
) -> Result<bool> {
    Ok(tx
        .run(UPDATE_STATE, params![id, state.as_str(), reason, at])
        .await?
        == 1)
}

const UPDATE_WORKSPACE: Sql = sql(
    "UPDATE workspaces SET handle = $3, desired_state = $4, instance_type = $5, db_volume_size_bytes = $6, \
       search_path_prefix = $7, updated_at = $8, updated_by_id = $9, version_id = version_id + 1, \
       connection_limit = $10, statement_timeout_ms = $11, idle_in_transaction_timeout_ms = $12 \
     WHERE user_id = $1 AND id = $2",
);

/// Writes what the owner of a workspace can change; false when it is gone.
pub async fn update_workspace(tx: &mut Tx, row: &WorkspaceRow, at: Timestamp) -> Result<bool> {
    let values = params![
        row.user_id,
        row.id,
        row.handle.as_str(),
        row.desired_state.as_str(),
        &row.instance_type,
        row.db_volume_size_bytes,
        json(&row.search_path_prefix)?,
        at,
        row.updated_by_id,
        row.limits.connections,
        row.limits.statement_ms,
        row.limits.idle_in_transaction_ms,
    ];
    Ok(tx.run(UPDATE_WORKSPACE, values).await? == 1)
}

fn json(texts: &[String]) -> Result<String> {
    serde_json::to_string(texts).map_err(|_| Error::Unreadable("search_path_prefix"))
}

const END_CONNECTIONS: Sql = sql(
    "UPDATE workspaces SET connection_epoch = connection_epoch + 1, connections_ended_at = $2 WHERE id = $1",
);

/// Ends every connection to a workspace that is open now: none of them is of the new epoch.
pub async fn end_connections(tx: &mut Tx, id: WorkspaceId, at: Timestamp) -> Result<bool> {
    Ok(tx.run(END_CONNECTIONS, params![id, at]).await? == 1)
}

const END_OWNED: Sql = sql(
    "UPDATE workspaces SET connection_epoch = connection_epoch + 1, connections_ended_at = $2 WHERE user_id = $1",
);

/// Ends every connection to a workspace of `owner` that is open now; how many workspaces those are.
pub async fn end_owned_connections(tx: &mut Tx, owner: UserId, at: Timestamp) -> Result<u64> {
    tx.run(END_OWNED, params![owner, at]).await
}

const DELETE_WORKSPACE: Sql = sql("DELETE FROM workspaces WHERE user_id = $1 AND id = $2");

/// Deletes a workspace of `user`; false when there was none.
pub async fn delete_workspace(tx: &mut Tx, user: UserId, id: WorkspaceId) -> Result<bool> {
    Ok(tx.run(DELETE_WORKSPACE, params![user, id]).await? == 1)
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[
    INSERT_WORKSPACE,
    FIND_WORKSPACE,
    LIST_WORKSPACES,
    LIST_ALL,
    HAS_WORKSPACES_ON,
    COUNT_WORKSPACES,
    FIND_BY_HOST,
    UPDATE_STATE,
    UPDATE_WORKSPACE,
    END_CONNECTIONS,
    END_OWNED,
    DELETE_WORKSPACE,
];
