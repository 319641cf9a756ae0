//! Our own session in a server that holds workspaces, for control statements.

use std::{io, time::Duration};

use model::Secret;
use postgres_protocol::escape::{escape_identifier, escape_literal};
use tokio::time::timeout;
use tokio_postgres::{Client, Config, Error, NoTls, config::SslMode};
use tracing::debug;

use crate::BackendAddress;

/// Settings of a control session: its statements carry verifiers, so a failing one is not written to the log; names
/// mean what PostgreSQL means by them, whatever a person has made in their database; nothing waits for ever.
const OPTIONS: &str = "-c search_path=pg_catalog -c statement_timeout=120s -c lock_timeout=15s \
                       -c idle_in_transaction_session_timeout=60s";
/// What only a superuser may set.
const SUPERUSER_OPTIONS: &str = " -c log_min_error_statement=panic";
/// How long reaching the server and logging in may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How to log in.
#[derive(Debug, Clone)]
pub(crate) struct Control {
    pub(crate) address: BackendAddress,
    /// Our role: a superuser, or one that may make roles and databases.
    pub(crate) role: String,
    pub(crate) password: Secret<String>,
    /// The database for what concerns the whole server.
    pub(crate) home: String,
    pub(crate) is_superuser: bool,
}

/// Why no session opens.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("it cannot be reached: {0}")]
    Io(#[from] io::Error),
    #[error("it does not answer in time")]
    Late,
    #[error("{}", told(.0))]
    Postgres(#[from] Error),
}

impl Control {
    /// A session in the server's home database.
    pub(crate) async fn open(&self) -> Result<Session, OpenError> {
        self.open_in(&self.home).await
    }

    /// A session in `database`.
    pub(crate) async fn open_in(&self, database: &str) -> Result<Session, OpenError> {
        timeout(PATIENCE, self.log_in(database))
            .await
            .map_err(|_| OpenError::Late)?
    }

    async fn log_in(&self, database: &str) -> Result<Session, OpenError> {
        let stream = self.address.connect().await?;
        let mut options = OPTIONS.to_owned();
        if self.is_superuser {
            options += SUPERUSER_OPTIONS;
        }
        let (client, connection) = Config::new()
            .user(&self.role)
            .password(self.password.expose())
            .dbname(database)
            .options(options)
            .application_name("standpipe")
            .ssl_mode(SslMode::Disable)
            .connect_raw(stream, NoTls)
            .await?;
        // Ends when the client is dropped.
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                debug!(%error, "a control session ended");
            }
        });
        Ok(Session {
            client,
            is_superuser: self.is_superuser,
        })
    }
}

/// An open session.
pub(crate) struct Session {
    client: Client,
    is_superuser: bool,
}

impl Session {
    /// Whether nothing is refused to it.
    pub(crate) fn is_superuser(&self) -> bool {
        self.is_superuser
    }

    /// Runs `statements`, separated by semicolons: all or none, in one transaction.
    pub(crate) async fn run(&self, statements: &str) -> Result<(), Error> {
        self.client.batch_execute(statements).await
    }

    /// The first column of the one row that `query` finds for the name `name`.
    pub(crate) async fn look_up<T>(&self, query: &str, name: &str) -> Result<Option<T>, Error>
    where
        T: for<'a> tokio_postgres::types::FromSql<'a>,
    {
        self.client
            .query_opt(query, &[&name])
            .await?
            .map(|row| row.try_get(0))
            .transpose()
    }

    /// The first column of all rows that `query` finds for the name `name`.
    pub(crate) async fn list(&self, query: &str, name: &str) -> Result<Vec<String>, Error> {
        self.client
            .query(query, &[&name])
            .await?
            .iter()
            .map(|row| row.try_get(0))
            .collect()
    }
}

/// An error in PostgreSQL's words, where it has said something.
fn told(error: &Error) -> String {
    match error.as_db_error() {
        Some(refusal) => format!("{} ({})", refusal.message(), refusal.code().code()),
        None => error.to_string(),
    }
}

/// `name` as an identifier in SQL.
pub(crate) fn ident(name: impl ToString) -> String {
    escape_identifier(&name.to_string())
}

/// `text` as a string in SQL.
pub(crate) fn literal(text: &str) -> String {
    escape_literal(text)
}
