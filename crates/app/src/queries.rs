//! Queries: one statement, run in a workspace as the person who sends it, in their own database role.
//!
//! Each query has a connection of its own, so that nothing that a statement sets, locks or leaves behind reaches another
//! one. Its rows are read one by one into a spool (`spool`), because the status of the answer depends on whether all of
//! them fit the limits; the answer is then read from there. `places` says how many may run, `run` reads.

mod places;
mod run;
mod spool;

use std::time::Duration;

use ::workspaces::session::{self, Login, OpenError, StatementError, Unsupported};
use model::{
    UserId,
    audit::{Action, AuditEntry},
    scram::nonce,
};
use store::{accesses::AccessRow, workspaces::WorkspaceRow};
use tokio::time::timeout;

use crate::{
    Actor, App, Error, Result,
    connections::{Admission, Arrival, OpenConnection, Refusal, SessionState},
};
pub use ::workspaces::session::{Column, Kind, Row, SqlError};
use places::Place;
pub(crate) use places::Places;
use run::{Engaged, Limits};
pub use spool::Rows;
pub(crate) use spool::Spools;

/// How long reaching a backend and logging in to it may take.
const LOGIN: Duration = Duration::from_secs(10);
/// How much later than we PostgreSQL ends a statement by itself, should we be gone.
const BACKSTOP: Duration = Duration::from_secs(5);

/// What a query gave.
#[derive(Debug)]
pub struct QueryResult {
    /// The columns; none when the statement gives no rows.
    pub columns: Vec<Column>,
    /// What PostgreSQL calls the statement, such as `SELECT` or `CREATE TABLE`; empty when it was cut.
    pub command: String,
    /// How many rows there are here, or were changed.
    pub row_count: u64,
    /// Why there are not all rows.
    pub cut: Option<Cut>,
    /// How long PostgreSQL took.
    pub duration: Duration,
    /// The rows.
    pub rows: Rows,
}

/// Why a result ends before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// There are more rows than this.
    Rows(u32),
    /// It took longer than so many seconds.
    Seconds(u32),
    /// The next row would have made it larger than so many bytes.
    Bytes(u64),
    /// The next row is larger than one may be.
    LongRow,
    /// All results together are as large as they may be.
    SpoolFull,
}

impl Cut {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Rows(_) => "row_limit",
            Self::Seconds(_) => "time_limit",
            Self::Bytes(_) => "size_limit",
            Self::LongRow => "row_too_large",
            Self::SpoolFull => "results_full",
        }
    }

    /// What happened, and what became of what the statement changed.
    pub fn sentence(self) -> String {
        const UNDONE: &str = "What it changed is undone.";
        match self {
            Self::Rows(most) => {
                format!("There are more than {most} rows; these are the first. What it changed is kept.")
            }
            Self::Seconds(most) => format!(
                "The statement took more than {most} seconds and was cancelled; these are the rows until then. {UNDONE}"
            ),
            Self::Bytes(most) => format!(
                "The result is larger than {} MB; these are the rows that fit. {UNDONE}",
                most / (1024 * 1024)
            ),
            Self::LongRow => {
                format!("The next row is larger than 16 MB; these are the rows before it. {UNDONE}")
            }
            Self::SpoolFull => format!(
                "The server keeps as many results as it may; these are the rows that fit. Try again later. {UNDONE}"
            ),
        }
    }
}

impl App {
    /// Runs `sql` in a workspace that the actor may enter. Dropping the future cancels the statement.
    pub async fn run_query(&self, actor: &Actor, access: &AccessRow, sql: &str) -> Result<QueryResult> {
        check_statement(sql)?;
        let place = self.0.query_places.enter(actor.id()).await?;
        let admission = self.admit_actor(actor, access.clone()).await.map_err(refused)?;
        let session = self.open_session(&admission).await.map_err(refused)?;
        let arrival = self.query_arrival(actor);
        let open = self.open_connection(&admission, arrival).await.map_err(refused)?;
        open.traffic().note(0, 0, SessionState::Active);
        self.record_query_connection(actor, &access.workspace)?;
        self.read(session, open, place, sql).await
    }

    fn query_arrival(&self, actor: &Actor) -> Arrival {
        Arrival {
            id: self.new_connection_id(),
            application_name: "query".to_owned(),
            client_ip: actor.ip(),
            tls: false,
            via: via(actor),
            began_at: self.now(),
        }
    }

    async fn read(
        &self,
        session: session::Session,
        open: OpenConnection,
        place: Place,
        sql: &str,
    ) -> Result<QueryResult> {
        let settings = &self.settings().queries;
        let limits = Limits {
            rows: settings.rows,
            seconds: settings.seconds,
        };
        let spool = self.0.spools.begin(settings.result_bytes);
        let (waiting, running) = place.split();
        let engaged = Engaged::new(session, open, running);
        let read = run::read(engaged, sql, limits, spool).await?;
        Ok(QueryResult {
            columns: read.columns,
            command: read.command,
            row_count: read.row_count,
            cut: read.cut,
            duration: read.duration,
            rows: read.spool.into_rows(waiting).await?,
        })
    }

    /// Once more when the backend does not take our credential, because its person changed the role's password.
    async fn open_session(&self, admission: &Admission) -> std::result::Result<session::Session, Refusal> {
        match self.log_in(admission).await {
            Err(OpenError::Credential) => {
                self.restore_role(admission).await?;
                self.log_in(admission).await
            }
            other => other,
        }
        .map_err(|error| {
            tracing::warn!(%error, "a query's connection does not open");
            match error {
                OpenError::Full => Refusal::TooManyAttempts,
                OpenError::Credential | OpenError::Refused(_) | OpenError::Untrue(_) | OpenError::Io(_) => {
                    Refusal::BackendUnreachable
                }
            }
        })
    }

    async fn log_in(&self, admission: &Admission) -> std::result::Result<session::Session, OpenError> {
        let login = Login {
            backend: &admission.backend,
            nonce: nonce(self.random()),
            statement_timeout: Duration::from_secs(self.settings().queries.seconds.into()) + BACKSTOP,
        };
        timeout(LOGIN, session::Session::open(login))
            .await
            .unwrap_or_else(|late| Err(OpenError::Io(late.into())))
    }

    /// That a connection was opened, as of the gateway's; what is asked over it stays between the person and PostgreSQL.
    fn record_query_connection(&self, actor: &Actor, workspace: &WorkspaceRow) -> Result<()> {
        let via = via(actor);
        let entry = |whose: UserId| {
            AuditEntry::new(Some(whose), Action::WorkspaceConnectionOpen)
                .on(workspace.id, &workspace.handle)
                .with("via", via)
        };
        let members = (workspace.user_id != actor.id()).then(|| entry(actor.id()));
        self.append_connection(&actor.origin(), entry(workspace.user_id), members)
    }
}

/// By which door a query comes.
fn via(actor: &Actor) -> &'static str {
    match actor.session() {
        Some(_) => "console",
        None => "api",
    }
}

fn check_statement(sql: &str) -> Result<()> {
    if sql.trim().is_empty() {
        return Err(unsupported(Unsupported::Empty));
    }
    if sql.contains('\0') {
        return Err(Error::invalid(
            "sql",
            "A statement cannot contain the character NUL.",
        ));
    }
    Ok(())
}

/// What a person is told whose connection does not open.
fn refused(refusal: Refusal) -> Error {
    match refusal {
        Refusal::WorkspaceNotReady => Error::conflict(
            "workspace_not_ready",
            "The workspace is not enabled. Wait until it is, then send the query again.",
        ),
        Refusal::WorkspaceSwitchedOff => Error::conflict(
            "workspace_not_ready",
            "The workspace is switched off. Start it with the command start, then send the query again.",
        ),
        Refusal::AccessPending => Error::conflict(
            "workspace_not_ready",
            "Your access to the workspace is being set up. Send the query again in a moment.",
        ),
        Refusal::NoSuchDatabase => Error::NotFound("workspace"),
        Refusal::EndedMeanwhile => ended(),
        Refusal::TooManyAttempts => Error::Unavailable(
            "The workspace's database has no connection left. Close some, or try again in a moment."
                .to_owned(),
        ),
        _ => {
            Error::Unavailable("The workspace's database does not answer. Try again in a moment.".to_owned())
        }
    }
}

/// For a query whose account or workspace has gone, or was reset, while it ran.
fn ended() -> Error {
    Error::conflict(
        "query_ended",
        "The query was cancelled: the account's connections were ended, or the workspace is gone.",
    )
}

fn failed(error: StatementError) -> Error {
    match error {
        StatementError::Sql(error) => Error::Query(error),
        StatementError::Unsupported(what) => unsupported(what),
        StatementError::Lost(reason) => {
            tracing::warn!(reason, "a query's connection was lost");
            Error::Unavailable(
                "The workspace's database ended the connection. Try again in a moment.".to_owned(),
            )
        }
    }
}

fn unsupported(what: Unsupported) -> Error {
    let message = match what {
        Unsupported::Empty => "There is no statement. Send one as the parameter sql, or as the body.",
        Unsupported::Several => "Send one statement at a time; several need several requests.",
        Unsupported::Parameters => "Write values into the statement: parameters such as $1 have none here.",
        Unsupported::Copy => {
            "COPY needs a connection. Use SELECT or INSERT here, or connect with psql to the workspace."
        }
        Unsupported::SessionControl => {
            "Each query has a session and a transaction of its own, so that this would change nothing. \
             Connect with psql to the workspace for it."
        }
    };
    Error::invalid("sql", message)
}

/// A statement that gives no rows, and was cancelled for its time.
fn timed_out(seconds: u32) -> Error {
    Error::Query(Box::new(SqlError {
        message: format!(
            "The statement took more than {seconds} seconds and was cancelled. What it changed is undone."
        ),
        sqlstate: "57014".to_owned(),
        ..SqlError::default()
    }))
}
