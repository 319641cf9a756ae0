//! The log of a workspace's database connections. It has connections and no statements: the gateway hands on what a client
//! and PostgreSQL say to each other without reading it. A connection is noted in memory when it ends and written within
//! a minute, so that it costs neither its opening nor its end a write of its own; that it was opened is in the audit log.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use jiff::Timestamp;
use model::time;
use store::{Cursor, Page, Tx, Unrecorded, db_log, db_log::DbLogRow};

use crate::{
    Actor, App, Result, WorkspaceRow,
    connections::{Admission, ConnectionRequest},
};

/// For how long a connection that has ended is remembered.
pub const KEEP_SECONDS: i64 = 30 * 24 * 60 * 60;
/// Connections that wait to be written at most; what ends beyond is not in the log, and the server's log says so.
const MOST_WAITING: usize = 50_000;
/// Connections that are written at once: others write meanwhile.
const AT_ONCE: usize = 500;

/// What has ended since the last write.
#[derive(Default)]
pub(crate) struct DbLog(Mutex<Vec<DbLogRow>>);

impl DbLog {
    fn waiting(&self) -> MutexGuard<'_, Vec<DbLogRow>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, row: DbLogRow) {
        let mut waiting = self.waiting();
        if waiting.len() < MOST_WAITING {
            waiting.push(row);
        } else {
            tracing::warn!(workspace.id = %row.workspace_id, "a connection is left out of its workspace's log");
        }
    }

    fn take(&self) -> Vec<DbLogRow> {
        let mut waiting = self.waiting();
        let rest = waiting.len().min(AT_ONCE);
        waiting.drain(..rest).collect()
    }
}

/// An open connection; dropping it is its end.
pub struct LoggedConnection {
    app: App,
    began: Instant,
    row: Option<DbLogRow>,
}

impl Drop for LoggedConnection {
    fn drop(&mut self) {
        if let Some(mut row) = self.row.take() {
            row.duration_ms = i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX);
            row.created_at = self.app.now();
            self.app.0.db_log.note(row);
        }
    }
}

/// A page of connections, the last one that ended first.
#[derive(Debug)]
pub struct DbLogPage {
    /// The connections.
    pub rows: Vec<DbLogRow>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
}

impl App {
    /// Notes that a connection is open. Its end is when what is returned is dropped.
    pub fn log_connection(&self, admission: &Admission, request: &ConnectionRequest) -> LoggedConnection {
        let (user, workspace) = (admission.user(), admission.workspace());
        let now = self.now();
        let row = DbLogRow {
            id: request.connection_id.clone(),
            workspace_id: workspace.id,
            actor_id: user.id,
            actor_handle: user.handle.to_string(),
            actor_display_name: user.display_name.clone(),
            application_name: request.application_name.clone().unwrap_or_default(),
            client_ip: request.peer.ip().to_canonical().to_string(),
            tls: request.tls,
            began_at: now,
            duration_ms: 0,
            created_at: now,
        };
        LoggedConnection {
            app: self.clone(),
            began: Instant::now(),
            row: Some(row),
        }
    }

    /// Writes the connections that have ended. The binary calls it every minute and before it ends.
    pub async fn flush_db_log(&self) -> Result<()> {
        loop {
            let rows = self.0.db_log.take();
            if rows.is_empty() {
                return Ok(());
            }
            if let Err(error) = self.write_db_log(&rows).await {
                for row in rows {
                    self.0.db_log.note(row);
                }
                return Err(error);
            }
        }
    }

    async fn write_db_log(&self, rows: &[DbLogRow]) -> Result<()> {
        let mut tx = self.db().begin().await?;
        for row in rows {
            db_log::insert_row(&mut tx, row).await?;
        }
        Ok(tx.commit_unrecorded(Unrecorded::ConnectionEnd).await?)
    }

    /// The connections to one of the actor's workspaces that have ended, the last one first.
    pub async fn list_db_log(
        &self,
        _owner: &Actor,
        workspace: &WorkspaceRow,
        page: Page,
    ) -> Result<DbLogPage> {
        self.flush_db_log().await?;
        let found = db_log::list_rows(self.db(), workspace.id, &page).await?;
        Ok(DbLogPage {
            rows: found.rows,
            next: found.next,
        })
    }

    /// Forgets what is older than it is kept.
    pub(crate) async fn remove_old_db_log(&self, tx: &mut Tx, now: Timestamp) -> Result<()> {
        db_log::delete_old_rows(tx, time::after(now, -KEEP_SECONDS)).await?;
        Ok(())
    }
}
