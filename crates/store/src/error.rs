//! What can go wrong between us and the database.

/// The result of every store function.
pub type Result<T> = std::result::Result<T, Error>;

/// A failure of the store. Absence is `Option`, never an error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database refused a duplicate: somebody else was first.
    #[error("a unique constraint was violated")]
    Duplicate(#[source] sqlx::Error),
    /// The database refused a row whose account, or whatever else it belongs to, is gone.
    #[error("what a row belongs to is gone")]
    Orphan(#[source] sqlx::Error),
    /// The database could not be reached or did not answer properly.
    #[error("the account store is unavailable")]
    Unavailable(#[source] sqlx::Error),
    /// The file in which events wait for the store cannot be written or read.
    #[error("the journal of events is unavailable")]
    Journal(#[source] std::io::Error),
    /// The schema could not be brought up to date.
    #[error("the account store's schema cannot be migrated")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// A row holds a value that this version cannot read.
    #[error("the column {0} holds a value that this version of Standpipe cannot read")]
    Unreadable(&'static str),
    /// A statement was given another number of parameters than it has.
    #[error("a statement takes {expected} parameters and got {given}")]
    Parameters {
        /// What the text names.
        expected: usize,
        /// What the caller passed.
        given: usize,
    },
    /// `database_url` is neither SQLite nor PostgreSQL.
    #[error("database_url must start with sqlite:, postgres: or postgresql:")]
    Url,
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(inner) if inner.is_unique_violation() => Self::Duplicate(error),
            sqlx::Error::Database(inner) if inner.is_foreign_key_violation() => Self::Orphan(error),
            _ => Self::Unavailable(error),
        }
    }
}

impl Error {
    /// Whether somebody else was first.
    pub fn is_duplicate(&self) -> bool {
        matches!(self, Self::Duplicate(_))
    }
}
