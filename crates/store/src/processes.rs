//! Processes: durable jobs that a person can watch. A worker takes one by a lease; a worker that dies loses it when
//! the lease ends.

use jiff::Timestamp;
use model::{
    ProcessId, UserId, WorkspaceId,
    filter::{Column, Filter, Kind},
    process::{ProcessState, ProcessType},
};

use crate::{
    Db, Page, Result, Tx,
    row::Row,
    search::{Found, List},
    sql::{Sql, params, sql},
};

/// A process.
#[derive(Debug, Clone)]
pub struct ProcessRow {
    /// Its id.
    pub id: ProcessId,
    /// What it does.
    pub kind: ProcessType,
    /// Where it is.
    pub state: ProcessState,
    /// Why, when that needs words.
    pub state_reason: Option<String>,
    /// Whose log of activity it belongs to.
    pub user_id: UserId,
    /// The workspace it works on, which may be gone.
    pub workspace_id: Option<WorkspaceId>,
    /// What the worker needs to know, as JSON. Never secrets.
    pub input: String,
    /// How often it was started.
    pub attempts: i64,
    /// Not before.
    pub run_after: Timestamp,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by_id: UserId,
    /// When it last moved.
    pub updated_at: Timestamp,
    /// Counts its changes, from 1.
    pub version_id: i64,
}

macro_rules! columns {
    () => {
        "id, type, state, state_reason, user_id, workspace_id, input, attempts, run_after, created_at, \
         created_by_id, updated_at, version_id"
    };
}

impl ProcessRow {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.parse("id")?,
            kind: row.word("type", ProcessType::parse)?,
            state: row.word("state", ProcessState::parse)?,
            state_reason: row.opt_text("state_reason")?,
            user_id: row.parse("user_id")?,
            workspace_id: row.opt_parse("workspace_id")?,
            input: row.text("input")?,
            attempts: row.int("attempts")?,
            run_after: row.time("run_after")?,
            created_at: row.time("created_at")?,
            created_by_id: row.parse("created_by_id")?,
            updated_at: row.time("updated_at")?,
            version_id: row.int("version_id")?,
        })
    }
}

const INSERT_PROCESS: Sql = sql(
    "INSERT INTO processes (id, type, state, user_id, workspace_id, input, attempts, run_after, \
       created_at, created_by_id, updated_at, version_id) \
     VALUES ($1, $2, 'pending', $3, $4, $5, 0, $6, $6, $7, $6, 1)",
);

/// A new process, due at once.
pub async fn insert_process(tx: &mut Tx, row: &ProcessRow) -> Result<()> {
    let values = params![
        row.id,
        row.kind.as_str(),
        row.user_id,
        row.workspace_id,
        &row.input,
        row.created_at,
        row.created_by_id,
    ];
    tx.run(INSERT_PROCESS, values).await.map(drop)
}

const INSERT_DONE: Sql = sql(
    "INSERT INTO processes (id, type, state, state_reason, user_id, workspace_id, input, attempts, run_after, \
       created_at, created_by_id, updated_at, version_id) \
     VALUES ($1, $2, 'completed', $3, $4, $5, $6, 1, $7, $7, $8, $7, 1)",
);

/// A process that was over when it was asked for.
pub async fn insert_done_process(tx: &mut Tx, row: &ProcessRow) -> Result<()> {
    let values = params![
        row.id,
        row.kind.as_str(),
        &row.state_reason,
        row.user_id,
        row.workspace_id,
        &row.input,
        row.created_at,
        row.created_by_id,
    ];
    tx.run(INSERT_DONE, values).await.map(drop)
}

const TAKE_PROCESS: Sql = sql(concat!(
    "UPDATE processes SET state = 'running', attempts = attempts + 1, lease_until = $2, updated_at = $1, \
       version_id = version_id + 1 \
     WHERE id = (SELECT id FROM processes \
       WHERE ((state = 'pending' AND run_after <= $1) OR (state = 'running' AND lease_until <= $1)) \
         AND type LIKE $3 AND (type <> 'user.avatar.fetch' OR type = $3) \
         ORDER BY run_after, id LIMIT 1) \
       AND ((state = 'pending' AND run_after <= $1) OR (state = 'running' AND lease_until <= $1)) \
     RETURNING ",
    columns!()
));

/// Takes the process that is due longest, of `only` one type or of any, until `lease_until`. Of two workers, one gets it
/// and the other nothing. "Any" leaves out what is fetched from the web, where anyone can keep a worker waiting: that
/// has a worker of its own.
pub async fn take_process(
    tx: &mut Tx,
    now: Timestamp,
    lease_until: Timestamp,
    only: Option<ProcessType>,
) -> Result<Option<ProcessRow>> {
    let pattern = only.map_or("%", ProcessType::as_str);
    tx.one(TAKE_PROCESS, params![now, lease_until, pattern])
        .await?
        .as_ref()
        .map(ProcessRow::from_row)
        .transpose()
}

const RELEASE_RUNNING: Sql =
    sql("UPDATE processes SET lease_until = $1 WHERE state = 'running' AND lease_until > $1");

/// Ends all leases now: a single process that starts again owns every job that its former self had.
pub async fn release_running(tx: &mut Tx, now: Timestamp) -> Result<u64> {
    tx.run(RELEASE_RUNNING, params![now]).await
}

const FINISH_PROCESS: Sql = sql(
    "UPDATE processes SET state = $3, state_reason = $4, run_after = $5, lease_until = NULL, updated_at = $6, \
       version_id = version_id + 1 WHERE id = $1 AND state = 'running' AND attempts = $2",
);

/// Gives a taken process back in another state; false when its lease was lost to another worker.
pub async fn finish_process(
    tx: &mut Tx,
    row: &ProcessRow,
    state: ProcessState,
    reason: Option<&str>,
    run_after: Timestamp,
    now: Timestamp,
) -> Result<bool> {
    let values = params![row.id, row.attempts, state.as_str(), reason, run_after, now];
    Ok(tx.run(FINISH_PROCESS, values).await? == 1)
}

const LIST_UNFINISHED: Sql = sql(concat!(
    "SELECT ",
    columns!(),
    " FROM processes WHERE user_id = $1 AND type = $2 AND state IN ('pending', 'running')"
));

/// The processes of `user` of one type that are not done.
pub async fn list_unfinished(tx: &mut Tx, user: UserId, kind: ProcessType) -> Result<Vec<ProcessRow>> {
    tx.all(LIST_UNFINISHED, params![user, kind.as_str()])
        .await?
        .iter()
        .map(ProcessRow::from_row)
        .collect()
}

const IS_EARLIER_RUNNING: Sql = sql("SELECT 1 AS one FROM processes \
     WHERE workspace_id = $1 AND type LIKE 'workspace.member.%' AND state = 'running' AND lease_until > $2 \
       AND (created_at, id) < ($3, $4) LIMIT 1");

/// Whether a worker has a process of the same workspace that lets people in or out and was asked for before `row`.
pub async fn is_earlier_running(
    db: &Db,
    workspace: WorkspaceId,
    row: &ProcessRow,
    now: Timestamp,
) -> Result<bool> {
    let values = params![workspace, now, row.created_at, row.id];
    Ok(db.one(IS_EARLIER_RUNNING, values).await?.is_some())
}

const DELETE_PROCESSES: Sql = sql("DELETE FROM processes WHERE user_id = $1");

/// Forgets all processes of `user`; a worker that has one ends it without a trace.
pub async fn delete_processes(tx: &mut Tx, user: UserId) -> Result<u64> {
    tx.run(DELETE_PROCESSES, params![user]).await
}

const DELETE_OF_DELETED: Sql = sql("DELETE FROM processes WHERE id = $1 \
     AND EXISTS (SELECT 1 FROM deleted_users d WHERE d.id = processes.user_id)");

/// Forgets a process whose account is gone; false where it is not.
pub async fn delete_process_of_deleted(tx: &mut Tx, id: ProcessId) -> Result<bool> {
    Ok(tx.run(DELETE_OF_DELETED, params![id]).await? == 1)
}

const SUPERSEDE_FETCHES: Sql = sql(
    "UPDATE processes SET state = 'failed', state_reason = $2, lease_until = NULL, updated_at = $3, \
       version_id = version_id + 1 \
     WHERE user_id = $1 AND type = 'user.avatar.fetch' AND state IN ('pending', 'running')",
);

/// Ends the fetches of `user` that are under way, because of `reason`: what they bring is not taken any more.
pub async fn supersede_fetches(tx: &mut Tx, user: UserId, reason: &str, now: Timestamp) -> Result<u64> {
    tx.run(SUPERSEDE_FETCHES, params![user, reason, now]).await
}

const FIND_LAST_FETCH: Sql = sql(concat!(
    "SELECT ",
    columns!(),
    " FROM processes WHERE user_id = $1 AND type = 'user.avatar.fetch' ORDER BY created_at DESC, id DESC LIMIT 1"
));

/// The fetch that `user` asked for last.
pub async fn find_last_fetch(db: &Db, user: UserId) -> Result<Option<ProcessRow>> {
    db.one(FIND_LAST_FETCH, params![user])
        .await?
        .as_ref()
        .map(ProcessRow::from_row)
        .transpose()
}

const FIND_PROCESS: Sql = sql(concat!(
    "SELECT ",
    columns!(),
    " FROM processes WHERE user_id = $1 AND id = $2"
));

/// A process of `user`.
pub async fn find_process(db: &Db, user: UserId, id: ProcessId) -> Result<Option<ProcessRow>> {
    db.one(FIND_PROCESS, params![user, id])
        .await?
        .as_ref()
        .map(ProcessRow::from_row)
        .transpose()
}

/// What `where` may ask of processes (contract §1.10). There are no pipelines here: their column is always null.
pub static COLUMNS: [Column; 8] = [
    column("created_at", Kind::Time, "created_at"),
    column("id", Kind::Text, "id"),
    column("identity_id", Kind::Text, "user_id"),
    column("pipeline_id", Kind::Text, "CAST(NULL AS TEXT)"),
    column("state", Kind::Text, "state"),
    column("type", Kind::Text, "type"),
    column("updated_at", Kind::Time, "updated_at"),
    column("workspace_id", Kind::Text, "workspace_id"),
];

static WORKSPACE: Column = column("workspace_id", Kind::Text, "workspace_id");

const fn column(name: &'static str, kind: Kind, source: &'static str) -> Column {
    Column { name, kind, source }
}

const LIST: List = List {
    table: "processes",
    columns: columns!(),
    owner: "user_id",
    indexed: &[],
};

/// The processes of `user` that pass `filter`, newest first; of one workspace, if it is named.
pub async fn search_processes(
    db: &Db,
    user: UserId,
    workspace: Option<WorkspaceId>,
    filter: Option<Filter>,
    page: &Page,
) -> Result<Found<ProcessRow>> {
    let of_workspace = workspace.map(|id| Filter::equal(&WORKSPACE, id.to_string()));
    let filter = Filter::both(of_workspace, filter);
    let (rows, next) = LIST.search(db, &user.to_string(), filter.as_ref(), page).await?;
    let rows = rows.iter().map(ProcessRow::from_row).collect::<Result<_>>()?;
    Ok(Found { rows, next })
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[
    INSERT_PROCESS,
    INSERT_DONE,
    TAKE_PROCESS,
    RELEASE_RUNNING,
    FINISH_PROCESS,
    LIST_UNFINISHED,
    IS_EARLIER_RUNNING,
    DELETE_PROCESSES,
    DELETE_OF_DELETED,
    SUPERSEDE_FETCHES,
    FIND_LAST_FETCH,
    FIND_PROCESS,
];
