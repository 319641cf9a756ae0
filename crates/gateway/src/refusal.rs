//! What a client is told when it is refused: every error owns its SQLSTATE and its sentence. The true reason goes to
//! the log and to the audit record, never over the wire.

use std::{borrow::Cow, io};

use app::connections::{ConnectionRequest, Explanation, NameChange, Refusal, Scope, WorkspaceChange};
use bytes::{BufMut, Bytes, BytesMut};
use model::time::rfc3339_seconds;

use crate::message::length_field;

/// An `ErrorResponse` that ends the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fatal {
    pub(crate) sqlstate: &'static str,
    pub(crate) message: Cow<'static, str>,
    pub(crate) hint: Option<Cow<'static, str>>,
}

impl Fatal {
    fn new(sqlstate: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            sqlstate,
            message: message.into(),
            hint: None,
        }
    }

    fn hint(self, hint: impl Into<Cow<'static, str>>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    /// The packet does not follow the protocol; `what` is the whole sentence.
    pub(crate) fn protocol(what: &'static str) -> Self {
        Self::new("08P01", what).hint(
            "The client does not keep to PostgreSQL's protocol 3. Update it, or report this to whoever makes it.",
        )
    }

    /// A setting that no session can have from its client.
    pub(crate) fn startup_parameter(name: &'static str) -> Self {
        Self::new("0A000", format!("startup parameter \"{name}\" is not passed on"))
            .hint("Leave it out of the connection string and of PGOPTIONS.")
    }

    /// Something in `options` that is no setting.
    pub(crate) fn startup_option() -> Self {
        Self::new("08P01", "startup parameter \"options\" holds something other than settings")
            .hint("Write each setting as -c name=value or --name=value, with a backslash before each space in a value.")
    }

    pub(crate) fn unsupported_version(code: u32) -> Self {
        let (major, minor) = (code >> 16, code & 0xffff);
        Self::new(
            "0A000",
            format!("unsupported frontend protocol {major}.{minor}: server supports 3.0 to 3.2"),
        )
        .hint("Update the client: every one since PostgreSQL 7.4 speaks protocol 3.")
    }

    pub(crate) fn replication() -> Self {
        Self::new("0A000", "replication connections are not supported")
            .hint("Leave the parameter replication out. To copy a workspace, use pg_dump.")
    }

    pub(crate) fn no_user() -> Self {
        Self::new("28000", "no PostgreSQL user name specified in startup packet")
            .hint("Give your handle as the user name.")
    }

    /// For a session that ends because the gateway stops.
    pub(crate) fn shutdown() -> Self {
        Self::new("57P01", "terminating connection due to administrator command")
            .hint("The gateway is shutting down. Connect again in a moment.")
    }

    /// For a session that its account has no right to any more.
    pub(crate) fn evicted() -> Self {
        Self::new("57P01", "terminating connection due to administrator command")
            .hint("The connections of this account or workspace were ended. Connect again, with the password of now.")
    }

    /// For a session whose backend went away without a word.
    pub(crate) fn backend_lost() -> Self {
        Self::new("08006", "the workspace database closed the connection")
            .hint("It may be restarting. Connect again in a moment.")
    }

    /// The backend has no connection left.
    pub(crate) fn too_many_clients() -> Self {
        Self::new("53300", "sorry, too many clients already")
            .hint("Close connections that are not in use, or use a pool.")
    }

    /// A startup parameter that the backend refused, in its own words.
    pub(crate) fn parameter(sqlstate: &'static str, message: String) -> Self {
        Self::new(sqlstate, message)
    }

    /// The client asked for an authentication mechanism that was not offered.
    pub(crate) fn mechanism() -> Self {
        Self::new(
            "08P01",
            "client selected an invalid SASL authentication mechanism",
        )
        .hint("Use a client that knows SCRAM-SHA-256: passwords in clear and MD5 are not taken.")
    }

    /// What the client of `request` reads when it is refused for `refusal`.
    pub(crate) fn of(refusal: &Refusal, request: &ConnectionRequest) -> Self {
        match refusal {
            Refusal::WrongPassword => Self::new(
                "28P01",
                format!("password authentication failed for user \"{}\"", request.user),
            )
            .hint("The user name is your handle, and the password that of Settings, Profile. Copy the connection string from the workspace's page."),
            Refusal::AccountSuspended => Self::new("28000", "account is suspended")
                .hint("Ask the operator of this server to enable the account again."),
            Refusal::PasswordExpired => Self::new("28P01", "the temporary database password is over")
                .hint("Make a new one: Settings, Profile, or POST /user/NAME/password over the API."),
            Refusal::HandleChanged => Self::new("28000", "this user name was given up"),
            Refusal::HostChanged => Self::new("3D000", "this host name was given up"),
            Refusal::NoSuchDatabase => Self::no_such_database(request),
            Refusal::WorkspaceSwitchedOff => Self::new("57P03", "the workspace is switched off").hint(
                "Its owner can start it: POST …/workspace/NAME/command with {\"command\": \"start\"}, over the API.",
            ),
            Refusal::AccessPending => Self::new("57P03", "access to the workspace is being set up, try again")
                .hint("Its owner let you in, or changed what you may do, a moment ago."),
            Refusal::WorkspaceNotReady | Refusal::BackendUnreachable | Refusal::Unavailable => {
                Self::new("57P03", "the workspace database is not ready, try again")
                    .hint("Connect again in a moment. If it stays so, look at the workspace's page.")
            }
            Refusal::BackendLogin => Self::new(
                "08006",
                format!(
                    "could not establish the backend connection (ref {})",
                    request.connection_id
                ),
            )
            .hint("Tell the operator of this server the reference: the log says why."),
            Refusal::Malformed => Self::protocol("malformed SCRAM message"),
            Refusal::ChannelBinding => Self::new("28000", "SCRAM channel binding check failed").hint(
                "Somebody may sit between you and the server. Connect with sslmode=verify-full, without a proxy that ends TLS.",
            ),
            Refusal::TooManyAttempts => Self::new("53300", "too many connection attempts, try again later")
                .hint("Wait a minute, and check user name and password before you try again."),
            Refusal::TooManyConnections(scope) => Self::too_many_connections(*scope, request),
            Refusal::ShuttingDown => Self::new("57P03", "the gateway is shutting down")
                .hint("Connect again in a moment."),
            Refusal::EndedMeanwhile => Self::evicted(),
        }
    }

    /// In PostgreSQL's own words, where it has some.
    fn too_many_connections(scope: Scope, request: &ConnectionRequest) -> Self {
        const CLOSE: &str = "Close connections that are not in use, or use a pool.";
        let (message, hint) = match scope {
            Scope::All => (
                "sorry, too many clients already".to_owned(),
                "Try again in a moment.",
            ),
            Scope::Account => (
                format!("too many connections for role \"{}\"", request.user),
                CLOSE,
            ),
            Scope::Workspace => {
                let database = request.database.as_deref().unwrap_or(&request.user);
                (format!("too many connections for database \"{database}\""), CLOSE)
            }
            Scope::Network => ("too many connections from your address".to_owned(), CLOSE),
        };
        Self::new("53300", message).hint(hint)
    }

    /// What became of the names that a client used, for the one who has the password of their owner.
    pub(crate) fn explained(explanation: &Explanation) -> Self {
        match explanation {
            Explanation::Handle(change) => Self::renamed(change),
            Explanation::Workspace(change) => Self::workspace_renamed(change),
        }
    }

    fn workspace_renamed(change: &WorkspaceChange) -> Self {
        let (old, new) = &change.host;
        Self::new("3D000", format!("host \"{old}\" is now \"{new}\"")).hint(format!(
            "The workspace was renamed on {}. Copy the connection string from its page.",
            rfc3339_seconds(change.since)
        ))
    }

    fn renamed(change: &NameChange) -> Self {
        let (old, new) = &change.handle;
        let hint = format!(
            "The handle changed from \"{old}\" to \"{new}\" on {}. Nobody else can have \"{old}\" until {}. \
             Copy the connection string from the workspace's page.",
            rfc3339_seconds(change.since),
            rfc3339_seconds(change.until),
        );
        let user = format!("user \"{old}\" is now \"{new}\"");
        match &change.host {
            Some((old, new)) if change.user_is_old => {
                Self::new("28000", format!("{user} and host \"{old}\" is now \"{new}\""))
            }
            Some((old, new)) => Self::new("3D000", format!("host \"{old}\" is now \"{new}\"")),
            None => Self::new("28000", user),
        }
        .hint(hint)
    }

    /// One text whether it does not exist or is somebody else's: a person must not probe other people's workspaces.
    fn no_such_database(request: &ConnectionRequest) -> Self {
        let database = request.database.as_deref().unwrap_or(&request.user);
        Self::new("3D000", format!("database \"{database}\" does not exist"))
            .hint("Copy the connection string from the workspace's page: host name and database name must belong to one workspace.")
    }

    /// The message on the wire.
    pub(crate) fn encode(&self) -> Bytes {
        let mut body = BytesMut::new();
        let fields = [
            (b'S', "FATAL"),
            (b'V', "FATAL"),
            (b'C', self.sqlstate),
            (b'M', self.message.as_ref()),
            (b'H', self.hint.as_deref().unwrap_or_default()),
        ];
        for (field, text) in fields.into_iter().filter(|(_, text)| !text.is_empty()) {
            body.put_u8(field);
            body.extend(text.bytes().filter(|byte| *byte != 0));
            body.put_u8(0);
        }
        body.put_u8(0);
        let mut out = BytesMut::with_capacity(body.len() + 5);
        out.put_u8(b'E');
        out.put_u32(length_field(body.len()));
        out.put(body);
        out.freeze()
    }
}

/// Why a connection that has said who it is does not open.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The client left, or the transport broke: nobody is there to answer.
    Gone(io::Error),
    /// The client is refused.
    Refused(Box<Refused>),
}

/// A refusal: what the audit record says, what the client reads, and what only the log says.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) refusal: Refusal,
    /// Instead of the refusal's own sentence.
    pub(crate) answer: Option<Fatal>,
    pub(crate) detail: Cow<'static, str>,
}

impl Stop {
    pub(crate) fn refused(refusal: Refusal, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::Refused(Box::new(Refused {
            refusal,
            answer: None,
            detail: detail.into(),
        }))
    }

    pub(crate) fn answered(refusal: Refusal, answer: Fatal, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::Refused(Box::new(Refused {
            refusal,
            answer: Some(answer),
            detail: detail.into(),
        }))
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Gone(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> ConnectionRequest {
        ConnectionRequest {
            connection_id: "c1".into(),
            user: "ana".into(),
            database: Some("a1b2c3".into()),
            server_name: None,
            tls: false,
            peer: ([127, 0, 0, 1], 5).into(),
            application_name: None,
        }
    }

    #[test]
    fn fields_are_zero_terminated_and_the_list_too() {
        let wire = Fatal::of(&Refusal::WrongPassword, &request()).encode();
        assert_eq!(
            wire.get(5..71).unwrap(),
            b"SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user \"ana"
        );
        assert!(wire.ends_with(b".\0\0"));
        assert_eq!(wire.first(), Some(&b'E'));
        let length = u32::from_be_bytes(wire.get(1..5).unwrap().try_into().unwrap());
        assert_eq!(length as usize, wire.len() - 1);
    }

    #[test]
    fn a_missing_database_reads_as_the_user_name() {
        let request = ConnectionRequest {
            database: None,
            ..request()
        };
        let fatal = Fatal::of(&Refusal::NoSuchDatabase, &request);
        assert_eq!(fatal.message, "database \"ana\" does not exist");
    }

    #[test]
    fn every_refusal_has_a_state_and_a_sentence() {
        let states = [
            (Refusal::WrongPassword, "28P01"),
            (Refusal::AccountSuspended, "28000"),
            (Refusal::PasswordExpired, "28P01"),
            (Refusal::HandleChanged, "28000"),
            (Refusal::HostChanged, "3D000"),
            (Refusal::NoSuchDatabase, "3D000"),
            (Refusal::WorkspaceNotReady, "57P03"),
            (Refusal::WorkspaceSwitchedOff, "57P03"),
            (Refusal::AccessPending, "57P03"),
            (Refusal::Unavailable, "57P03"),
            (Refusal::BackendLogin, "08006"),
            (Refusal::BackendUnreachable, "57P03"),
            (Refusal::Malformed, "08P01"),
            (Refusal::ChannelBinding, "28000"),
            (Refusal::TooManyAttempts, "53300"),
            (Refusal::EndedMeanwhile, "57P01"),
            (Refusal::TooManyConnections(Scope::All), "53300"),
            (Refusal::TooManyConnections(Scope::Account), "53300"),
            (Refusal::TooManyConnections(Scope::Workspace), "53300"),
            (Refusal::TooManyConnections(Scope::Network), "53300"),
            (Refusal::ShuttingDown, "57P03"),
        ];
        for (refusal, sqlstate) in states {
            let fatal = Fatal::of(&refusal, &request());
            assert_eq!(fatal.sqlstate, sqlstate);
            // Of an old name more is said by `explained`.
            let is_explained = matches!(refusal, Refusal::HandleChanged | Refusal::HostChanged);
            assert!(
                is_explained || fatal.hint.is_some(),
                "{refusal:?} says what to do"
            );
        }
    }

    #[test]
    fn protocol_two_is_named_as_postgresql_names_it() {
        assert_eq!(
            Fatal::unsupported_version(2 << 16).message,
            "unsupported frontend protocol 2.0: server supports 3.0 to 3.2"
        );
    }
}
