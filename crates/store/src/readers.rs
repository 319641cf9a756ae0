//! The connections that read an SQLite file. A pool of sqlx asks a connection that comes back whether it is alive, which
//! takes a thread's waking as long as most reads do; a connection to a file does not die.

use std::time::Duration;

use deadpool::{
    Runtime,
    managed::{Manager, Metrics, Object, Pool, PoolError, RecycleResult},
};
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{Error, Result};

const MOST: usize = 4;

/// Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Readers(Pool<Opener>);

#[derive(Debug)]
pub(crate) struct Opener(SqliteConnectOptions);

impl Manager for Opener {
    type Type = SqliteConnection;
    type Error = sqlx::Error;

    async fn create(&self) -> std::result::Result<SqliteConnection, sqlx::Error> {
        SqliteConnection::connect_with(&self.0).await
    }

    async fn recycle(&self, _: &mut SqliteConnection, _: &Metrics) -> RecycleResult<sqlx::Error> {
        Ok(())
    }
}

impl Readers {
    /// Those that open the file as `options` say. One of them is waited for until `patience` is over.
    pub(crate) fn new(options: SqliteConnectOptions, patience: Duration) -> Result<Self> {
        let pool = Pool::builder(Opener(options))
            .max_size(MOST)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(patience))
            .build();
        pool.map(Self)
            .map_err(|error| Error::Unavailable(sqlx::Error::Configuration(error.into())))
    }

    /// One that nobody else reads by meanwhile.
    pub(crate) async fn get(&self) -> Result<Object<Opener>> {
        self.0.get().await.map_err(|error| {
            Error::Unavailable(match error {
                PoolError::Backend(error) => error,
                PoolError::Closed => sqlx::Error::PoolClosed,
                PoolError::Timeout(_) => sqlx::Error::PoolTimedOut,
                other => sqlx::Error::Configuration(other.into()),
            })
        })
    }

    /// Closes all, after what they are reading.
    pub(crate) async fn close(&self) {
        let mut all = Vec::new();
        for _ in 0..self.0.status().size {
            all.extend(self.0.get().await);
        }
        self.0.close();
        for reader in all {
            // It is gone all the same.
            let _ = Object::take(reader).close().await;
        }
    }
}
