//! The client's side: log in to a backend, with stored keys without PBKDF2, or with a password. A backend may be
//! hostile: its nonce must extend ours, and it must prove that it knows the verifier.

use super::{ClientKeys, Credential, attribute, is_nonce};
use data_encoding::BASE64;

/// Iterations above which a backend is refused. We seldom run them, and no honest server asks for so many.
const MOST_ITERATIONS: u32 = 100_000;

/// What is wrong with a backend's message, for the log.
#[derive(Debug, PartialEq, Eq)]
pub struct Untrue(
    /// In words.
    pub &'static str,
);

/// A login that waits for the server's challenge.
pub struct Login<'k> {
    credential: &'k Credential,
    nonce: String,
}

impl<'k> Login<'k> {
    /// Starts with a fresh `nonce`.
    pub fn new(credential: &'k Credential, nonce: String) -> Self {
        Self { credential, nonce }
    }

    /// The first message. The name is empty: PostgreSQL takes the startup packet's.
    pub fn client_first(&self) -> String {
        format!("n,,{}", self.bare())
    }

    fn bare(&self) -> String {
        format!("n=,r={}", self.nonce)
    }

    /// Answers the server's first message.
    pub fn answer(self, server_first: &[u8]) -> Result<Answer, Untrue> {
        let server_first = std::str::from_utf8(server_first).map_err(|_| Untrue("challenge is not UTF-8"))?;
        let Challenge {
            nonce,
            salt,
            iterations,
        } = self.check(server_first)?;
        let keys = self.credential.keys(&salt, iterations);
        let without_proof = format!("c=biws,r={nonce}");
        let auth_message = format!("{},{server_first},{without_proof}", self.bare());
        let proof = BASE64.encode(&keys.proof(auth_message.as_bytes()));
        Ok(Answer {
            client_final: format!("{without_proof},p={proof}"),
            keys,
            auth_message,
        })
    }

    fn check<'m>(&self, server_first: &'m str) -> Result<Challenge<'m>, Untrue> {
        let (nonce, rest) = attribute(server_first, 'r').ok_or(Untrue("challenge without nonce"))?;
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() || !is_nonce(nonce) {
            return Err(Untrue("nonce does not extend ours"));
        }
        let (salt, rest) = rest
            .and_then(|rest| attribute(rest, 's'))
            .ok_or(Untrue("challenge without salt"))?;
        let salt = BASE64
            .decode(salt.as_bytes())
            .map_err(|_| Untrue("salt is not base64"))?;
        let (iterations, _) = rest
            .and_then(|rest| attribute(rest, 'i'))
            .ok_or(Untrue("challenge without iterations"))?;
        match iterations.parse::<u32>() {
            Ok(iterations @ 1..=MOST_ITERATIONS) => Ok(Challenge {
                nonce,
                salt,
                iterations,
            }),
            _ => Err(Untrue("iterations out of bounds")),
        }
    }
}

/// What the server asks.
struct Challenge<'m> {
    nonce: &'m str,
    salt: Vec<u8>,
    iterations: u32,
}

/// A login that waits for the server's proof.
pub struct Answer {
    /// The message to send.
    pub client_final: String,
    keys: ClientKeys,
    auth_message: String,
}

impl Answer {
    /// Checks the server's last message.
    pub fn check(&self, server_final: &[u8]) -> Result<(), Untrue> {
        let signature = std::str::from_utf8(server_final)
            .ok()
            .and_then(|text| attribute(text, 'v'))
            .and_then(|(value, _)| BASE64.decode(value.as_bytes()).ok())
            .ok_or(Untrue("no server signature"))?;
        if self.keys.accepts_server(self.auth_message.as_bytes(), &signature) {
            Ok(())
        } else {
            Err(Untrue("wrong server signature"))
        }
    }
}
