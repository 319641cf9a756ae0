//! What a client can be told, and what only the log sees.

use model::Invalid;

/// The result of every use case.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a use case refused. Each variant is an answer for a client, apart from [`Error::Internal`] and
/// [`Error::Store`], whose sources only the log sees. Codes are stable and documented in `docs/reference/errors.md`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Input breaks rules; every broken field is named.
    #[error("invalid input")]
    Invalid(Vec<Invalid>),
    /// There is nothing of that name that the actor may know of.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The state of things forbids it.
    #[error("{message}")]
    Conflict {
        /// The stable code.
        code: &'static str,
        /// One sentence that says what to do.
        message: String,
    },
    /// The path names a handle that the actor gave up; only they are told.
    #[error("{0}")]
    HandleChanged(String),
    /// What the client believes to change has another version now.
    #[error("the version is {version} now")]
    VersionMismatch {
        /// The version that it has.
        version: i64,
    },
    /// What was there by its own nature for a time only, and is not any more.
    #[error("{message}")]
    Ended {
        /// The stable code.
        code: &'static str,
        /// One sentence that says what to do.
        message: &'static str,
    },
    /// This server does not do it.
    #[error("{0}")]
    NotImplemented(&'static str),
    /// No credential, or one that is not ours.
    #[error("sign in, or send a valid token")]
    SignInRequired,
    /// A genuine credential that does not open anything now; only its holder is told why.
    #[error("{message}")]
    CredentialRefused {
        /// The stable code.
        code: &'static str,
        /// One sentence that says what to do.
        message: &'static str,
    },
    /// The actor may not do this.
    #[error("{message}")]
    Forbidden {
        /// The stable code.
        code: &'static str,
        /// One sentence that says what to do.
        message: &'static str,
    },
    /// The session's proof of who this is is too old for what is asked; a step-up renews it.
    #[error("a fresh sign-in is required")]
    FreshSignInRequired(model::session::Freshness),
    /// Too many, too fast.
    #[error("too many requests")]
    RateLimited {
        /// Seconds until it is worth trying again.
        after_seconds: u64,
    },
    /// More than is read at once.
    #[error("too large")]
    TooLarge,
    /// A link or code that worked once, or whose time is over.
    #[error("{0}")]
    Expired(&'static str),
    /// PostgreSQL refuses a statement, in its own words.
    #[error("{0}")]
    Query(Box<::workspaces::session::SqlError>),
    /// A part that this needs is not there now.
    #[error("{0}")]
    Unavailable(String),
    /// The account store failed.
    #[error("the account store failed")]
    Store(#[source] store::Error),
    /// A defect, or a machine that fails.
    #[error("internal error: {0}")]
    Internal(&'static str),
}

impl Error {
    /// Shorthand for one broken field.
    pub fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![Invalid::new(field, message)])
    }

    /// Shorthand for a conflict.
    pub fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::Conflict {
            code,
            message: message.into(),
        }
    }
}

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(vec![invalid])
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            // Only an account is ever deleted under somebody who acts in it.
            store::Error::Orphan(_) => Self::NotFound("user"),
            other => Self::Store(other),
        }
    }
}

/// Runs several checks and reports every broken field at once.
#[derive(Default)]
pub(crate) struct Checks(Vec<Invalid>);

impl Checks {
    /// The value, or its default while the broken rule is noted.
    pub(crate) fn take<T: Default>(&mut self, checked: std::result::Result<T, Invalid>) -> T {
        checked.unwrap_or_else(|invalid| {
            self.0.push(invalid);
            T::default()
        })
    }

    /// An error if any rule was broken.
    pub(crate) fn finish(self) -> Result<()> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(self.0))
        }
    }
}
