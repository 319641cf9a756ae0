//! Events: records of what happened to an account and changed nothing of it, as that somebody connected. An event is safe
//! from the end of this process when its writing is answered, and from that of the machine a moment later: nobody waits
//! for a disk at each connection.

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::time::sleep;

use crate::{
    Db, Result, Tx,
    audit_chain::{self, NewAuditRecord},
    db::Pools,
    tx::Inner,
};

/// How long an event may wait for the disk. PostgreSQL has its own: three times its `wal_writer_delay`, 600 ms by default.
const SYNC_AFTER: Duration = Duration::from_millis(100);

/// The write-ahead log of an SQLite file, whose events wait for the disk together.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    path: Arc<PathBuf>,
    is_waiting: Arc<AtomicBool>,
}

impl Log {
    /// That of the store at `path`.
    pub(crate) fn of(path: &Path) -> Self {
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        Self {
            path: Arc::new(log.into()),
            is_waiting: Arc::default(),
        }
    }

    /// Has what was written until now on the disk soon.
    fn sync_soon(&self) {
        if self.is_waiting.swap(true, SeqCst) {
            return;
        }
        let log = self.clone();
        tokio::spawn(async move {
            sleep(SYNC_AFTER).await;
            log.is_waiting.store(false, SeqCst);
            let synced = tokio::task::spawn_blocking(move || log.sync()).await;
            if let Ok(Err(error)) = synced {
                tracing::error!(%error, "events are not on the disk yet");
            }
        });
    }

    /// SQLite has no lock on this file that closing it would end.
    fn sync(&self) -> std::io::Result<()> {
        match File::open(&*self.path) {
            Ok(file) => file.sync_data(),
            // The store was closed, and all of it is in its own file.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }
}

impl Db {
    /// Commits the records of an event, or none of them. What was read of an account can still be used.
    pub async fn append_event<const N: usize>(&self, records: [NewAuditRecord; N]) -> Result<()> {
        const { assert!(N > 0, "an event is recorded") };
        let mut tx = self.begin_event().await?;
        audit_chain::append(&mut tx, records.into()).await?;
        tx.inner.commit().await?;
        if let Pools::Sqlite { log, .. } = &self.pools {
            log.sync_soon();
        }
        Ok(())
    }

    async fn begin_event(&self) -> Result<Tx> {
        let inner = match &self.pools {
            Pools::Sqlite { writer, .. } => {
                const BEGIN: &str = "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE";
                Inner::Sqlite(writer.begin_with(BEGIN).await?)
            }
            Pools::Postgres(pool) => {
                const BEGIN: &str = "BEGIN; SET LOCAL synchronous_commit = off";
                Inner::Postgres(pool.begin_with(BEGIN).await?)
            }
        };
        Ok(self.tx(inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::{Sql, sql};

    /// How durable a transaction of `db` is: 1 waits for no disk, 2 does.
    async fn level(mut tx: Tx) -> i64 {
        const LEVEL: Sql = sql("PRAGMA synchronous");
        let row = tx.one(LEVEL, Vec::new()).await.unwrap().unwrap();
        row.int("synchronous").unwrap()
    }

    #[tokio::test]
    async fn an_event_waits_for_no_disk_and_the_change_after_it_does() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open_sqlite(&dir.path().join("store.db")).await.unwrap();
        assert_eq!(level(db.begin_event().await.unwrap()).await, 1);
        assert_eq!(level(db.begin().await.unwrap()).await, 2);
        assert_eq!(level(db.begin_event().await.unwrap()).await, 1);
    }

    #[tokio::test]
    async fn a_log_is_synced_while_it_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store.db");
        let db = Db::open_sqlite(&path).await.unwrap();
        db.begin().await.unwrap();
        let log = Log::of(&path);
        assert!(log.path.exists(), "it has the name that SQLite gives it");
        log.sync().unwrap();
        db.close().await;
        assert!(!log.path.exists());
        log.sync().unwrap();
    }
}
