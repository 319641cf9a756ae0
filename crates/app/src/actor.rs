//! Who acts.

use std::net::IpAddr;

use jiff::Timestamp;
use model::{
    UserId,
    audit::{AuditEntry, Credential, Origin},
    scope::{Capability, Scope},
    version::Expected,
};
use store::{sessions::SessionRow, users::UserRow};

use crate::Error;

/// Who is at the other end, before we know who they are.
#[derive(Debug, Clone)]
pub struct Peer {
    /// The address of the network.
    pub ip: IpAddr,
    /// The client's own name, cut and cleaned.
    pub user_agent: String,
    /// The request's id; also in the log and in error answers.
    pub request_id: String,
}

impl Peer {
    /// The origin of what somebody without an account does.
    pub(crate) fn origin(&self, credential: Credential) -> Origin {
        Origin {
            user: None,
            handle: "anonymous".to_owned(),
            display_name: None,
            credential,
            ip: self.ip.to_string(),
            user_agent: self.user_agent.clone(),
            request_id: self.request_id.clone(),
        }
    }

    /// The origin of what `user` does with `credential`.
    pub(crate) fn origin_of(&self, user: &UserRow, credential: Credential) -> Origin {
        Origin {
            user: Some(user.id),
            handle: user.handle.to_string(),
            display_name: user.display_name.clone(),
            ..self.origin(credential)
        }
    }
}

/// A person who proved who they are, and with what. Only [`crate::App::authenticate_bearer`] and
/// [`crate::App::authenticate_session`] make one.
#[derive(Debug, Clone)]
pub struct Actor {
    pub(crate) user: UserRow,
    pub(crate) credential: Credential,
    pub(crate) session: Option<SessionRow>,
    pub(crate) scope: Scope,
    pub(crate) token_expires_at: Option<Timestamp>,
    pub(crate) peer: Peer,
    /// Which version they believe to change.
    pub(crate) expected: Expected,
}

impl Actor {
    /// The account.
    pub fn user(&self) -> &UserRow {
        &self.user
    }

    /// The account's id.
    pub fn id(&self) -> UserId {
        self.user.id
    }

    /// The session, if the credential is one.
    pub fn session(&self) -> Option<&SessionRow> {
        self.session.as_ref()
    }

    /// From where they act.
    pub fn ip(&self) -> IpAddr {
        self.peer.ip
    }

    /// The id of the request by which they act.
    pub fn request_id(&self) -> &str {
        &self.peer.request_id
    }

    /// With what they act.
    pub fn credential(&self) -> &Credential {
        &self.credential
    }

    /// The same, who changes something only while its version is what they expect.
    #[must_use]
    pub fn expecting(self, expected: Expected) -> Self {
        Self { expected, ..self }
    }

    /// Refuses the change of something whose version is not what they expect. Called under its lock, in the transaction
    /// that changes it.
    pub fn check_version(&self, version: i64) -> Result<(), Error> {
        if self.expected.accepts(version) {
            Ok(())
        } else {
            Err(Error::VersionMismatch { version })
        }
    }

    /// Whether what they act with may do what `capability` says.
    pub fn may(&self, capability: Capability) -> Result<(), Error> {
        if self.scope.allows(capability) {
            Ok(())
        } else {
            Err(Error::Forbidden {
                code: "token_scope",
                message: capability.refusal(),
            })
        }
    }

    /// When the token that they act with ends, if it does: at its expiry, or with the overlap of a rotation.
    pub fn token_expires_at(&self) -> Option<Timestamp> {
        self.token_expires_at
    }

    pub(crate) fn origin(&self) -> Origin {
        self.peer.origin_of(&self.user, self.credential.clone())
    }

    /// An entry in the actor's own log.
    pub(crate) fn entry(&self, action: model::audit::Action) -> AuditEntry {
        AuditEntry::new(Some(self.user.id), action)
    }

    /// The account that a path names, by handle or id: one's own. Everything else looks the same from here, whether
    /// it exists or not.
    pub fn own(&self, handle_or_id: &str) -> Result<UserId, Error> {
        if handle_or_id == self.user.handle.as_str() || handle_or_id == self.user.id.to_string() {
            Ok(self.user.id)
        } else {
            Err(Error::NotFound("user"))
        }
    }
}

/// The origin of what Standpipe itself does.
pub(crate) fn system_origin(request_id: String) -> Origin {
    outside_origin("system", Credential::System, request_id)
}

/// The origin of what the operator does at the machine.
pub(crate) fn operator_origin(request_id: String) -> Origin {
    outside_origin("operator", Credential::Operator, request_id)
}

fn outside_origin(handle: &str, credential: Credential, request_id: String) -> Origin {
    Origin {
        user: None,
        handle: handle.to_owned(),
        display_name: None,
        credential,
        ip: String::new(),
        user_agent: String::new(),
        request_id,
    }
}
