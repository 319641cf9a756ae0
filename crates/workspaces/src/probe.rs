//! Asking a server that is not ours: is it there, does it take the credential, does it answer to SQL?

use std::time::Duration;

use crate::{
    Backend, Session,
    provision::short,
    session::{Login, OpenError, Row, StatementError, Step},
};

/// After which the server itself ends a statement of ours.
const STATEMENT: Duration = Duration::from_secs(5);
/// Not every server tells its size, and one without does well all the same.
const SIZE: &str = "SELECT pg_catalog.pg_database_size(pg_catalog.current_database())";

/// What a server says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// PostgreSQL's version, such as `15.18`, where it says one.
    pub version: String,
    /// How many bytes the database has, where it tells.
    pub bytes: Option<u64>,
}

/// Logs in and has a statement run. Callers set a limit of time; `nonce` gives a fresh one each time, as
/// [`model::scram::nonce`] does.
pub async fn probe(backend: &Backend, nonce: impl Fn() -> String) -> Result<Found, OpenError> {
    let mut session = open(backend, nonce()).await?;
    let version = short(session.version());
    let bytes = match ask(&mut session, SIZE).await {
        Ok(size) => size.and_then(|text| text.parse().ok()),
        // A session is for one statement.
        Err(StatementError::Sql(_)) => {
            let mut session = open(backend, nonce()).await?;
            ask(&mut session, "SELECT 1").await.map_err(refused)?;
            None
        }
        Err(error) => return Err(refused(error)),
    };
    Ok(Found { version, bytes })
}

/// Ends another session of the same role, that of the process `pid`.
pub async fn end_session(backend: &Backend, nonce: String, pid: i32) -> Result<(), OpenError> {
    let mut session = open(backend, nonce).await?;
    let end = format!("SELECT pg_catalog.pg_terminate_backend({pid})");
    ask(&mut session, &end).await.map(drop).map_err(refused)
}

async fn open(backend: &Backend, nonce: String) -> Result<Session, OpenError> {
    let login = Login {
        backend,
        nonce,
        statement_timeout: STATEMENT,
    };
    Session::open(login).await
}

/// The first value of the answer.
async fn ask(session: &mut Session, sql: &str) -> Result<Option<String>, StatementError> {
    session.prepare(sql).await?;
    session.start()?;
    session.fetch(1).await?;
    let value = match session.next().await? {
        Step::Row(row) => first(&row),
        _ => None,
    };
    session.drain().await;
    session.finish().await?;
    Ok(value)
}

fn first(row: &Row) -> Option<String> {
    let value = row.values().next()??;
    Some(String::from_utf8_lossy(value).into_owned())
}

fn refused(error: StatementError) -> OpenError {
    match error {
        StatementError::Sql(error) => OpenError::Refused(error),
        StatementError::Unsupported(_) | StatementError::Lost(_) => {
            OpenError::Untrue("it ended the session at a statement")
        }
    }
}
