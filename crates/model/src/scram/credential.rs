//! What we prove ourselves with to a backend: keys that we made, or a password that somebody gave us.

use std::sync::{Arc, Mutex, PoisonError};

use subtle::ConstantTimeEq;

use super::ClientKeys;
use crate::Secret;

/// What we prove ourselves with to a backend.
#[derive(Debug, Clone)]
pub enum Credential {
    /// Keys of a role that is ours; there is no password.
    Keys(ClientKeys),
    /// A password.
    Password(Password),
}

/// A password for a backend. Clones share the keys that were derived last, so that PBKDF2 is run for the first login
/// alone.
#[derive(Debug, Clone)]
pub struct Password {
    text: Secret<String>,
    derived: Arc<Mutex<Option<Derived>>>,
}

#[derive(Debug, Clone)]
struct Derived {
    salt: Vec<u8>,
    iterations: u32,
    keys: ClientKeys,
}

impl Credential {
    /// The keys for a server that keeps a verifier of this salt and so many iterations.
    pub(super) fn keys(&self, salt: &[u8], iterations: u32) -> ClientKeys {
        match self {
            Self::Keys(keys) => keys.clone(),
            Self::Password(password) => password.keys(salt, iterations),
        }
    }
}

impl Credential {
    /// Whether both prove the same.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Keys(own), Self::Keys(other)) => own.is_same(other),
            (Self::Password(own), Self::Password(other)) => own
                .text
                .expose()
                .as_bytes()
                .ct_eq(other.text.expose().as_bytes())
                .into(),
            _ => false,
        }
    }
}

impl From<ClientKeys> for Credential {
    fn from(keys: ClientKeys) -> Self {
        Self::Keys(keys)
    }
}

impl Password {
    /// A password, prepared as RFC 5802 wants it by the caller.
    pub fn new(text: Secret<String>) -> Self {
        Self {
            text,
            derived: Arc::default(),
        }
    }

    /// The password itself, for a server that has no SCRAM.
    pub fn text(&self) -> &Secret<String> {
        &self.text
    }

    fn keys(&self, salt: &[u8], iterations: u32) -> ClientKeys {
        let mut derived = self.derived.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = derived.as_ref()
            && known.salt == salt
            && known.iterations == iterations
        {
            return known.keys.clone();
        }
        let keys = ClientKeys::derive(self.text.expose(), salt, iterations);
        *derived = Some(Derived {
            salt: salt.to_vec(),
            iterations,
            keys: keys.clone(),
        });
        keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_follow_the_salt() {
        let password = Password::new(Secret::new("pencil".to_owned()));
        let proof = |salt: &[u8], iterations| password.keys(salt, iterations).proof(b"message");
        let expected = ClientKeys::derive("pencil", b"salt", 4096).proof(b"message");
        assert_eq!(proof(b"salt", 4096), expected);
        assert_eq!(proof(b"salt", 4096), expected, "remembered");
        assert_ne!(proof(b"pepper", 4096), expected);
        assert_ne!(proof(b"salt", 4097), expected);
        assert!(!format!("{:?}", Credential::Password(password)).contains("pencil"));
    }
}
