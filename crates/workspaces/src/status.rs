//! How the private cluster is doing, in words for a page.

use std::{fmt, path::PathBuf};

/// How the private cluster is doing. `Display` is a sentence or two for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LocalStatus {
    /// This machine has no PostgreSQL binaries that can be used. Looked for again every half minute.
    NoBinaries {
        /// What to install, and how on this distribution.
        hint: String,
    },
    /// The cluster was made by another major version than any that is installed. It is left untouched.
    OtherMajor {
        /// The cluster's major version.
        cluster: String,
        /// The version that was found.
        binaries: String,
        /// The cluster's directory.
        location: PathBuf,
    },
    /// It is being made, started or recovered.
    Starting,
    /// It takes connections.
    Ready {
        /// PostgreSQL's version, such as `15.18`.
        version: String,
        /// The cluster's directory.
        location: PathBuf,
        /// The user that it runs as, where that is another than Standpipe's own.
        run_as: Option<String>,
    },
    /// It does not run. It is tried again by itself, at growing intervals.
    Failed {
        /// Why, for an operator.
        reason: String,
    },
    /// It was stopped on request.
    Stopped,
}

impl fmt::Display for LocalStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoBinaries { hint } => write!(f, "No PostgreSQL was found on this machine. {hint}"),
            Self::OtherMajor {
                cluster,
                binaries,
                location,
            } => write!(
                f,
                "The workspaces in {} were made by PostgreSQL {cluster}, but this machine has {binaries}. They are \
                 left untouched: install PostgreSQL {cluster}, and they open again.",
                location.display()
            ),
            Self::Starting => f.write_str("PostgreSQL is starting."),
            Self::Ready {
                version,
                location,
                run_as,
            } => {
                write!(f, "PostgreSQL {version} runs in {}", location.display())?;
                match run_as {
                    Some(user) => write!(f, " as the user {user}."),
                    None => f.write_str("."),
                }
            }
            Self::Failed { reason } => write!(f, "PostgreSQL does not run: {reason}"),
            Self::Stopped => f.write_str("PostgreSQL is stopped."),
        }
    }
}
