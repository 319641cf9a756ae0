//! A superuser's session, over the socket, for control statements.

use std::{path::PathBuf, time::Duration};

use model::Secret;
use postgres_protocol::escape::{escape_identifier, escape_literal};
use tokio_postgres::{Client, Config, Error, NoTls};
use tracing::debug;

use crate::cluster::SUPERUSER;

/// Settings of a control session: its statements carry verifiers, so a failing one is not written to the log; names
/// mean what PostgreSQL means by them, whatever a person has made in their database; nothing waits for ever.
const OPTIONS: &str = "-c log_min_error_statement=panic -c search_path=pg_catalog -c statement_timeout=120s \
                       -c lock_timeout=15s -c idle_in_transaction_session_timeout=60s";

/// How to log in as the superuser.
#[derive(Debug, Clone)]
pub(crate) struct Control {
    pub(crate) socket_directory: PathBuf,
    pub(crate) password: Secret<String>,
}

impl Control {
    /// A session in `database`.
    pub(crate) async fn open(&self, database: &str) -> Result<Session, Error> {
        let (client, connection) = Config::new()
            .host_path(&self.socket_directory)
            .port(5432)
            .user(SUPERUSER)
            .password(self.password.expose())
            .dbname(database)
            .options(OPTIONS)
            .application_name("standpipe")
            .connect_timeout(Duration::from_secs(10))
            .connect(NoTls)
            .await?;
        // Ends when the client is dropped.
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                debug!(%error, "a control session ended");
            }
        });
        Ok(Session { client })
    }
}

/// An open session.
pub(crate) struct Session {
    client: Client,
}

impl Session {
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

/// `name` as an identifier in SQL.
pub(crate) fn ident(name: impl ToString) -> String {
    escape_identifier(&name.to_string())
}

/// `text` as a string in SQL.
pub(crate) fn literal(text: &str) -> String {
    escape_literal(text)
}
