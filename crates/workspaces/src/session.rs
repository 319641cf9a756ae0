//! A person's own session in a workspace: it logs in as their role and runs one statement.
//!
//! Values come as PostgreSQL writes them in text, whatever their type; rows come one by one and are never gathered here.
//! A session runs one statement and is closed: nothing that a statement sets is left for another.
//!
//! `wire` reads and writes messages, `login` enters, `statement` runs, `column` says of what type the values are.

mod column;
mod error;
mod login;
mod row;
mod statement;
mod wire;

use std::time::Duration;

use model::Secret;
use postgres_protocol::message::frontend;
use tokio::time::timeout;

use crate::{Backend, BackendAddress};
pub use column::{Column, Kind};
pub use error::{OpenError, SqlError, StatementError, Unsupported};
pub use row::Row;
pub use statement::Step;
use wire::Wire;

/// How long a backend gets to take a request to cancel.
const CANCEL: Duration = Duration::from_secs(5);

/// A password as both sides of SCRAM use it (RFC 5802 §2.2); one that cannot be prepared is used as it is, as PostgreSQL
/// does.
pub fn prepare_password(text: &str) -> Secret<String> {
    Secret::new(stringprep::saslprep(text).map_or_else(|_| text.to_owned(), std::borrow::Cow::into_owned))
}

/// As whom to log in, and where.
#[derive(Debug)]
pub struct Login<'a> {
    /// Where to, and as whom.
    pub backend: &'a Backend,
    /// Fresh for each login; from [`model::scram::nonce`].
    pub nonce: String,
    /// After which PostgreSQL ends a statement by itself, should nobody be there to cancel it.
    pub statement_timeout: Duration,
}

/// A session that is open, for one statement. Dropping it closes the connection.
pub struct Session {
    wire: Wire,
    version: String,
    canceller: Canceller,
}

/// Asks the backend to cancel what a session is doing.
#[derive(Debug, Clone)]
pub struct Canceller {
    address: BackendAddress,
    pid: i32,
    secret: i32,
}

impl Session {
    /// What the server says that its version is.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// How it is cancelled.
    pub fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }
}

impl Canceller {
    /// What the backend's process calls itself.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Asks, and waits until PostgreSQL has sent the signal; false when it could not be asked.
    pub async fn cancel(&self) -> bool {
        let request = async {
            let mut wire = Wire::new(Box::new(self.address.connect().await?));
            frontend::cancel_request(self.pid, self.secret, wire.out());
            wire.send().await?;
            wire.wait_for_end().await
        };
        matches!(timeout(CANCEL, request).await, Ok(Ok(())))
    }
}
