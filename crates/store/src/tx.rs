//! A write: one transaction, which commits together with the audit records of what it changed.

use std::time::Duration;

use model::UserId;
use sqlx::{Postgres, Sqlite, Transaction};

use crate::{
    Changes, Error, Result,
    audit_chain::{self, NewAuditRecord},
    db::{postgres_arguments, postgres_values, sqlite_arguments, sqlite_values},
    row::Row,
    sql::{Built, Sql, Value},
};

/// A transaction. Dropped without a commit, it never happened.
pub struct Tx {
    inner: Inner,
    changes: Changes,
    linger: Duration,
}

pub(crate) enum Inner {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// Why a commit has no audit record: it changes nothing of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unrecorded {
    /// When a credential was last used.
    LastUse,
    /// A worker took, renewed or gave back a job or a mail.
    Lease,
    /// PostgreSQL knows of an access whose giving is recorded.
    AccessReady,
    /// A replica tells the others which database connections are open in it.
    OpenConnections,
    /// Standpipe's own credential for a server.
    ServerCredential,
    /// A try with a code was counted; what came of it is recorded afterwards.
    CodeTry,
    /// An address was proven that has no account yet.
    AddressProven,
    /// Something happened to an account and changed nothing of it: the records themselves are what is written.
    Event,
    /// A database connection ended, whose opening is recorded.
    ConnectionEnd,
    /// Rows whose time is over were removed.
    Expiry,
    /// A person whose deletion is recorded was taken out of older records.
    Erasure,
    /// The owner of a token was told of its end.
    TokenTold,
    /// The operator writes to everybody.
    Announcement,
}

impl Tx {
    pub(crate) fn new(inner: Inner, changes: Changes, linger: Duration) -> Self {
        Self {
            inner,
            changes,
            linger,
        }
    }

    /// Commits the change and its record, or neither.
    pub async fn commit(self, record: NewAuditRecord) -> Result<()> {
        self.commit_all([record]).await
    }

    /// Commits a change that several records tell, or nothing.
    pub async fn commit_all<const N: usize>(mut self, records: [NewAuditRecord; N]) -> Result<()> {
        const {
            assert!(
                N > 0,
                "a change is recorded; what needs no record names its reason"
            )
        };
        let changed = records
            .iter()
            .filter_map(|record| record.entry.identity)
            .collect();
        audit_chain::append(&mut self, records.into()).await?;
        self.finish(changed).await
    }

    /// Commits what changes nothing of an account, and ends no credential before its time.
    pub async fn commit_unrecorded(self, _why: Unrecorded) -> Result<()> {
        self.inner.commit().await
    }

    /// Commits in a task of its own: a client that goes away at this moment must not keep the change from being noted.
    async fn finish(self, changed: Vec<UserId>) -> Result<()> {
        let Self {
            inner,
            changes,
            linger,
        } = self;
        let done = tokio::spawn(async move {
            let done = inner.commit().await;
            changes.note(&changed);
            done
        });
        done.await
            .map_err(|_| Error::Unavailable(sqlx::Error::WorkerCrashed))??;
        if !linger.is_zero() {
            tokio::time::sleep(linger).await;
        }
        Ok(())
    }

    /// Runs `sql` and says how many rows it changed.
    pub(crate) async fn run(&mut self, sql: Sql, values: Vec<Value>) -> Result<u64> {
        match &mut self.inner {
            Inner::Sqlite(inner) => {
                let done = sqlx::query_with(sql.text, sqlite_arguments(sql, values)?)
                    .execute(&mut **inner)
                    .await?;
                Ok(done.rows_affected())
            }
            Inner::Postgres(inner) => {
                let done = sqlx::query_with(sql.text, postgres_arguments(sql, values)?)
                    .execute(&mut **inner)
                    .await?;
                Ok(done.rows_affected())
            }
        }
    }

    pub(crate) async fn all(&mut self, sql: Sql, values: Vec<Value>) -> Result<Vec<Row>> {
        match &mut self.inner {
            Inner::Sqlite(inner) => {
                let rows = sqlx::query_with(sql.text, sqlite_arguments(sql, values)?)
                    .fetch_all(&mut **inner)
                    .await?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            Inner::Postgres(inner) => {
                let rows = sqlx::query_with(sql.text, postgres_arguments(sql, values)?)
                    .fetch_all(&mut **inner)
                    .await?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    /// Runs a statement that is put together for this one time, and says how many rows it changed.
    pub(crate) async fn run_built(&mut self, built: Built) -> Result<u64> {
        match &mut self.inner {
            Inner::Sqlite(inner) => {
                let (text, values) = built.for_sqlite();
                let text = sqlx::AssertSqlSafe(text);
                let query = sqlx::query_with(text, sqlite_values(values)?).persistent(false);
                Ok(query.execute(&mut **inner).await?.rows_affected())
            }
            Inner::Postgres(inner) => {
                let (text, values) = built.for_postgres();
                let text = sqlx::AssertSqlSafe(text);
                let query = sqlx::query_with(text, postgres_values(values)?).persistent(false);
                Ok(query.execute(&mut **inner).await?.rows_affected())
            }
        }
    }

    pub(crate) async fn one(&mut self, sql: Sql, values: Vec<Value>) -> Result<Option<Row>> {
        Ok(self.all(sql, values).await?.into_iter().next())
    }
}

impl Inner {
    async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(inner) => Ok(inner.commit().await?),
            Self::Postgres(inner) => Ok(inner.commit().await?),
        }
    }
}
