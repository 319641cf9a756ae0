//! Why a backend does not let us in, and what the client may know of it.

use std::io;

use app::connections::Refusal;

use crate::{
    message::split_cstr,
    refusal::{Fatal, Stop},
    scram::client,
};

/// Why a backend does not let us in.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The connection broke.
    Broken(io::Error),
    /// It answered with an error.
    Refused { authenticated: bool, error: ServerError },
    /// It does not follow the protocol, or did not prove that it knows our credential.
    Untrue(&'static str),
}

/// The fields of an `ErrorResponse` that we look at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ServerError {
    pub(crate) sqlstate: String,
    pub(crate) message: String,
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::InvalidData => Self::Untrue("message out of bounds"),
            _ => Self::Broken(error),
        }
    }
}

impl From<client::Untrue> for Failure {
    fn from(client::Untrue(what): client::Untrue) -> Self {
        Self::Untrue(what)
    }
}

impl ServerError {
    pub(super) fn parse(body: &[u8]) -> Self {
        let mut error = Self::default();
        let mut rest = body;
        while let Some((field, tail)) = rest.split_first()
            && let Some((text, tail)) = split_cstr(tail)
        {
            let text = || String::from_utf8_lossy(text).chars().take(500).collect();
            match field {
                b'C' => error.sqlstate = text(),
                b'M' => error.message = text(),
                _ => {}
            }
            rest = tail;
        }
        error
    }
}

impl Failure {
    /// Whether the backend does not take our credential.
    pub(crate) fn is_credential(&self) -> bool {
        matches!(self, Self::Refused { authenticated: false, error } if error.sqlstate == "28P01")
    }

    /// Whether the backend has no connection left.
    pub(crate) fn is_full(&self) -> bool {
        matches!(self, Self::Refused { error, .. } if error.sqlstate == "53300")
    }

    /// What the client and the record are told. Whatever a backend says of the role or of our password stays here.
    pub(crate) fn into_stop(self) -> Stop {
        let (authenticated, error) = match self {
            Self::Broken(error) => {
                return Stop::refused(Refusal::BackendUnreachable, format!("backend login: {error}"));
            }
            Self::Untrue(what) => return Stop::refused(Refusal::BackendLogin, what),
            Self::Refused { authenticated, error } => (authenticated, error),
        };
        let detail = format!("backend refused: {} {}", error.sqlstate, error.message);
        match (error.sqlstate.as_str(), authenticated) {
            ("57P03", _) => Stop::refused(Refusal::WorkspaceNotReady, detail),
            ("53300", _) => Stop::answered(Refusal::BackendLogin, Fatal::too_many_clients(), detail),
            (state, true) => match about_parameters(state) {
                Some(state) => Stop::answered(
                    Refusal::BackendLogin,
                    Fatal::parameter(state, error.message),
                    detail,
                ),
                None => Stop::refused(Refusal::BackendLogin, detail),
            },
            _ => Stop::refused(Refusal::BackendLogin, detail),
        }
    }
}

/// The states by which PostgreSQL refuses a startup parameter, or the database's settings for this role: the client
/// caused them and must read why.
fn about_parameters(sqlstate: &str) -> Option<&'static str> {
    ["22023", "42501", "42601", "42602", "42704", "55P02"]
        .into_iter()
        .find(|known| *known == sqlstate)
}
