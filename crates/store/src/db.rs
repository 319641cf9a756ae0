//! The facade over both engines: connecting, and reading.

use std::{path::Path, time::Duration};

use sqlx::{
    Arguments as _, PgPool, SqlitePool,
    postgres::{PgArguments, PgPoolOptions},
    sqlite::{
        SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
    },
};

use crate::{
    Changes, Error, Result, Tx, migrate,
    readers::Readers,
    row::Row,
    sql::{Built, Sql, Value},
    tx::Inner,
};

const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// For writes, and as many for reads.
pub(crate) const POSTGRES_CONNECTIONS: u32 = 8;

/// Which database keeps the accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file in the data directory.
    Sqlite,
    /// A server, shared by replicas.
    Postgres,
}

/// The account store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Db {
    pub(crate) pools: Pools,
    changes: Changes,
    linger: Duration,
}

#[derive(Clone, Debug)]
pub(crate) enum Pools {
    /// One writer, so that writes queue in our own order instead of failing with `SQLITE_BUSY`.
    Sqlite { writer: SqlitePool, readers: Readers },
    /// Those who write wait for each other at an account's row, each with a connection: whoever reads needs another.
    Postgres { writers: PgPool, readers: PgPool },
}

impl Db {
    /// Opens or makes the SQLite file at `path` and brings its schema up to date.
    pub async fn open_sqlite(path: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // As on PostgreSQL; whoever does not care writes ILIKE, which we make of lower().
            .pragma("case_sensitive_like", "ON")
            // An acknowledged change survives a power cut.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            // Deleted secrets are overwritten, not left in free pages.
            .pragma("secure_delete", "ON")
            // Nor in files elsewhere, and none is made for each statement that may have to be taken back.
            .pragma("temp_store", "MEMORY")
            .busy_timeout(ACQUIRE_TIMEOUT);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_with(options.clone())
            .await?;
        migrate::sqlite(&writer).await?;
        let readers = Readers::new(options.pragma("query_only", "ON"), ACQUIRE_TIMEOUT)?;
        Ok(Self::new(Pools::Sqlite { writer, readers }))
    }

    /// Connects to the PostgreSQL at `url` and brings its schema up to date.
    pub async fn open_postgres(url: &str) -> Result<Self> {
        let pool = || {
            PgPoolOptions::new()
                .max_connections(POSTGRES_CONNECTIONS)
                .acquire_timeout(ACQUIRE_TIMEOUT)
                .connect(url)
        };
        let writers = pool().await?;
        migrate::postgres(&writers).await?;
        let readers = pool().await?;
        Ok(Self::new(Pools::Postgres { writers, readers }))
    }

    /// Opens what `database_url` names: `sqlite:PATH` or `postgres://…`.
    pub async fn open(database_url: &str) -> Result<Self> {
        match database_url.split_once(':') {
            Some(("sqlite", path)) => {
                Self::open_sqlite(Path::new(path.strip_prefix("//").unwrap_or(path))).await
            }
            Some(("postgres" | "postgresql", _)) => Self::open_postgres(database_url).await,
            _ => Err(Error::Url),
        }
    }

    fn new(pools: Pools) -> Self {
        Self {
            pools,
            changes: Changes::default(),
            linger: Duration::ZERO,
        }
    }

    /// The same store for a change that other processes must know: it is answered `linger` after it was committed, when
    /// nobody uses any more what they read before.
    pub fn lingering(self, linger: Duration) -> Self {
        Self { linger, ..self }
    }

    /// Which accounts were changed here.
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    /// Which engine this is.
    pub fn engine(&self) -> Engine {
        match &self.pools {
            Pools::Sqlite { .. } => Engine::Sqlite,
            Pools::Postgres { .. } => Engine::Postgres,
        }
    }

    /// Starts a write. On SQLite it takes the write lock at once, so that what is read in it cannot change before the
    /// commit; on PostgreSQL, lock the account's row first ([`crate::users::lock_user`]).
    pub async fn begin(&self) -> Result<Tx> {
        let inner = match &self.pools {
            Pools::Sqlite { writer, .. } => Inner::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Pools::Postgres { writers, .. } => Inner::Postgres(writers.begin().await?),
        };
        Ok(Tx::new(inner, self.changes.clone(), self.linger))
    }

    /// Makes what was deleted be gone from the files too: SQLite overwrites it in its own file, but a copy stays in the
    /// write-ahead log until that is written back. False when a reader is in the way; PostgreSQL's vacuum needs no word.
    pub async fn settle(&self) -> Result<bool> {
        const SETTLE: Sql = crate::sql::sql("PRAGMA wal_checkpoint(TRUNCATE)");
        let Pools::Sqlite { writer, .. } = &self.pools else {
            return Ok(true);
        };
        let row = sqlx::query(SETTLE.text).fetch_one(writer).await?;
        Ok(Row::Sqlite(row).int("busy")? == 0)
    }

    /// Closes all connections after the running statements.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres { writers, readers } => {
                readers.close().await;
                writers.close().await;
            }
        }
    }

    /// Whether the store answers.
    pub async fn ping(&self) -> Result<()> {
        const PING: Sql = crate::sql::sql("SELECT 1 AS one");
        self.all(PING, Vec::new()).await.map(drop)
    }

    pub(crate) async fn all(&self, sql: Sql, values: Vec<Value>) -> Result<Vec<Row>> {
        match &self.pools {
            Pools::Sqlite { readers, .. } => {
                let rows = sqlx::query_with(sql.text, sqlite_arguments(sql, values)?)
                    .fetch_all(&mut *readers.get().await?)
                    .await?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            Pools::Postgres { readers, .. } => {
                let rows = sqlx::query_with(sql.text, postgres_arguments(sql, values)?)
                    .fetch_all(readers)
                    .await?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    /// Runs a statement that is put together for this one time, so that no connection keeps it prepared.
    pub(crate) async fn all_built(&self, built: Built) -> Result<Vec<Row>> {
        match &self.pools {
            Pools::Sqlite { readers, .. } => {
                let (text, values) = built.for_sqlite();
                let text = sqlx::AssertSqlSafe(text);
                let query = sqlx::query_with(text, sqlite_values(values)?).persistent(false);
                let rows = query.fetch_all(&mut *readers.get().await?).await?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            Pools::Postgres { readers, .. } => {
                let (text, values) = built.for_postgres();
                let text = sqlx::AssertSqlSafe(text);
                let query = sqlx::query_with(text, postgres_values(values)?).persistent(false);
                let rows = query.fetch_all(readers).await?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    pub(crate) async fn one(&self, sql: Sql, values: Vec<Value>) -> Result<Option<Row>> {
        Ok(self.all(sql, values).await?.into_iter().next())
    }
}

fn check(sql: Sql, values: &[Value]) -> Result<()> {
    // sqlx-sqlite binds a missing argument as NULL without a word.
    if sql.parameters == values.len() {
        Ok(())
    } else {
        Err(Error::Parameters {
            expected: sql.parameters,
            given: values.len(),
        })
    }
}

fn encode(error: sqlx::error::BoxDynError) -> Error {
    Error::Unavailable(sqlx::Error::Encode(error))
}

pub(crate) fn sqlite_arguments(sql: Sql, values: Vec<Value>) -> Result<SqliteArguments> {
    check(sql, &values)?;
    sqlite_values(values)
}

pub(crate) fn sqlite_values(values: Vec<Value>) -> Result<SqliteArguments> {
    let mut arguments = SqliteArguments::default();
    for value in values {
        match value {
            Value::Text(text) => sqlx::Arguments::add(&mut arguments, text),
            Value::Int(number) => sqlx::Arguments::add(&mut arguments, number),
            Value::Bytes(bytes) => sqlx::Arguments::add(&mut arguments, bytes),
        }
        .map_err(encode)?;
    }
    Ok(arguments)
}

pub(crate) fn postgres_arguments(sql: Sql, values: Vec<Value>) -> Result<PgArguments> {
    check(sql, &values)?;
    postgres_values(values)
}

pub(crate) fn postgres_values(values: Vec<Value>) -> Result<PgArguments> {
    let mut arguments = PgArguments::default();
    for value in values {
        match value {
            Value::Text(text) => arguments.add(text),
            Value::Int(number) => arguments.add(number),
            Value::Bytes(bytes) => arguments.add(bytes),
        }
        .map_err(encode)?;
    }
    Ok(arguments)
}
