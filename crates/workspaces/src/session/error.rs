//! What can go wrong with a session, and what PostgreSQL says of it.

use std::io;

use postgres_protocol::message::backend::ErrorResponseBody;
use tokio_postgres::fallible_iterator::FallibleIterator;

/// Why a session does not open. The reasons are for the log.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The backend does not take our credential.
    #[error("the backend does not take the credential")]
    Credential,
    /// The backend has no connection left for this person, or at all.
    #[error("the backend has no connection left")]
    Full,
    /// It refuses us, in its own words.
    #[error("{0}")]
    Refused(Box<SqlError>),
    /// It does not speak the protocol as it should, or asks for less than it must.
    #[error("{0}")]
    Untrue(&'static str),
    /// It cannot be reached, or the connection broke.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Why a statement does not run to its end.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    /// PostgreSQL says so.
    #[error("{0}")]
    Sql(Box<SqlError>),
    /// It is nothing that one request can do.
    #[error("not supported: {0:?}")]
    Unsupported(Unsupported),
    /// The session ended.
    #[error("the session was lost: {0}")]
    Lost(String),
}

/// What makes no sense in a session that runs one statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsupported {
    /// More statements than one.
    Several,
    /// Parameters such as `$1`, for which there are no values.
    Parameters,
    /// `COPY` from or to the client.
    Copy,
    /// What begins or ends a transaction, or changes the session.
    SessionControl,
    /// Nothing but spaces and comments.
    Empty,
}

impl From<io::Error> for StatementError {
    fn from(error: io::Error) -> Self {
        Self::Lost(error.to_string())
    }
}

/// An error in PostgreSQL's own words.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({sqlstate})")]
pub struct SqlError {
    /// The message.
    pub message: String,
    /// Five characters.
    pub sqlstate: String,
    /// More of it.
    pub detail: Option<String>,
    /// What may help.
    pub hint: Option<String>,
    /// Where, in characters of the statement; the first is 1.
    pub position: Option<u32>,
    /// Whether the session ends with it.
    pub fatal: bool,
}

/// What PostgreSQL says when it is given several statements at once.
const SEVERAL: &str = "cannot insert multiple commands into a prepared statement";

impl SqlError {
    pub(super) fn parse(body: &ErrorResponseBody) -> io::Result<Self> {
        let mut error = Self::default();
        let mut fields = body.fields();
        while let Some(field) = fields.next()? {
            let text = || String::from_utf8_lossy(field.value_bytes()).into_owned();
            match field.type_() {
                b'V' => error.fatal = matches!(text().as_str(), "FATAL" | "PANIC"),
                b'C' => error.sqlstate = text(),
                b'M' => error.message = text(),
                b'D' => error.detail = Some(text()),
                b'H' => error.hint = Some(text()),
                b'P' => error.position = text().parse().ok(),
                _ => {}
            }
        }
        Ok(error)
    }
}

impl From<SqlError> for StatementError {
    fn from(error: SqlError) -> Self {
        if error.fatal {
            Self::Lost(error.to_string())
        } else if error.message == SEVERAL {
            Self::Unsupported(Unsupported::Several)
        } else {
            Self::Sql(Box::new(error))
        }
    }
}
