//! Why a command could not be carried out, for the operator at the terminal.

use std::{io, path::PathBuf};

/// The result of what a command does.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a command failed. It is printed with its sources, after `standpipe: `.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration, one line per mistake; each names the key and says what to do.
    #[error("{}", .0.join("\n"))]
    Config(Vec<String>),
    /// A file or directory.
    #[error("cannot {verb} {}", path.display())]
    File {
        /// What was tried.
        verb: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file or directory that must be put right first.
    #[error("{0}")]
    Refused(String),
    /// An address cannot be listened on.
    #[error("cannot listen on {address} ({key})")]
    Listen {
        /// The key of the configuration.
        key: &'static str,
        /// The address.
        address: std::net::SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Something else of the system.
    #[error("cannot {verb}")]
    System {
        /// What was tried.
        verb: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// What a server that was asked answered, in its words.
    #[error("{sentence}")]
    Answer {
        /// The status.
        status: u16,
        /// What it says, and what to do.
        sentence: String,
    },
    /// Certificates.
    #[error("cannot make a certificate")]
    Certificate(#[from] rcgen::Error),
    /// TLS.
    #[error("the certificate cannot be used")]
    Tls(#[from] rustls::Error),
    /// The account store.
    #[error("the account store cannot be opened")]
    Store(#[from] store::Error),
    /// Mail.
    #[error("mail cannot be sent")]
    Mail(#[from] mail::Error),
    /// What a use case refused, in its words.
    #[error("{}", in_words(.0))]
    App(#[from] app::Error),
}

impl Error {
    /// One mistake in the configuration.
    pub(crate) fn config(line: impl Into<String>) -> Self {
        Self::Config(vec![line.into()])
    }

    pub(crate) fn file(verb: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { verb, path, source }
    }

    pub(crate) fn system(verb: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::System { verb, source }
    }

    /// Whether whoever reads the output has seen enough, as `| head` does.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::System { source, .. } if source.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The status, if a server refused.
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Answer { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// The error and what caused it, on as many lines as there are mistakes.
    pub fn report(&self) -> String {
        let mut report = self.to_string();
        let mut cause = match self {
            // It is told in words above; only what is behind it is new.
            Self::App(error) => std::error::Error::source(error),
            other => std::error::Error::source(other),
        };
        while let Some(error) = cause {
            report.push_str(": ");
            report.push_str(&error.to_string());
            cause = error.source();
        }
        report
    }
}

fn in_words(error: &app::Error) -> String {
    match error {
        app::Error::Invalid(broken) => {
            let lines: Vec<String> = broken
                .iter()
                .map(|invalid| format!("{}: {}", invalid.field, invalid.message))
                .collect();
            lines.join("\n")
        }
        other => other.to_string(),
    }
}
