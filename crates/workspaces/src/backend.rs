//! How a session in a workspace begins: all that one needs to know who opens it.

use model::{
    Secret,
    scram::{Credential, Password},
};
use postgres_protocol::authentication::md5_hash;

use crate::BackendAddress;

/// Where to connect, as whom, and into which database.
#[derive(Debug, Clone)]
pub struct Backend {
    /// Where.
    pub address: BackendAddress,
    /// Into which database.
    pub database: String,
    /// As which role.
    pub role: String,
    /// What it proves itself with.
    pub credential: Credential,
    /// Settings of the session, by name, unless the client asks for others.
    pub defaults: Vec<(&'static str, String)>,
}

impl Backend {
    /// The password itself, for a server that asks for it: only one that proved by its certificate who it is gets it,
    /// and only of a role that is not ours alone.
    pub fn clear_password(&self) -> Option<&Secret<String>> {
        self.weak_password().map(Password::text)
    }

    /// The answer to a server that asks for an MD5 hash, under the same conditions.
    pub fn md5_password(&self, salt: [u8; 4]) -> Option<String> {
        let password = self.weak_password()?;
        Some(md5_hash(
            self.role.as_bytes(),
            password.text().expose().as_bytes(),
            salt,
        ))
    }

    fn weak_password(&self) -> Option<&Password> {
        match &self.credential {
            Credential::Password(password) if self.address.is_proven() => Some(password),
            _ => None,
        }
    }
}
