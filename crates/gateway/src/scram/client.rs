//! The client's side: log in to a backend with stored keys, without a password and without PBKDF2. A backend may be
//! hostile: its nonce must extend ours, and it must prove that it knows the verifier.

use data_encoding::BASE64;
use model::scram::ClientKeys;

use super::{attribute, is_nonce};

/// Iterations above which a backend is refused. We never run them, but no honest server asks for so many.
const MOST_ITERATIONS: u32 = 100_000;

/// What is wrong with a backend's message, for the log.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Untrue(pub(crate) &'static str);

/// A login that waits for the server's challenge.
pub(crate) struct Login<'k> {
    keys: &'k ClientKeys,
    nonce: String,
}

impl<'k> Login<'k> {
    /// Starts with a fresh `nonce`.
    pub(crate) fn new(keys: &'k ClientKeys, nonce: String) -> Self {
        Self { keys, nonce }
    }

    /// The first message. The name is empty: PostgreSQL takes the startup packet's.
    pub(crate) fn client_first(&self) -> String {
        format!("n,,{}", self.bare())
    }

    fn bare(&self) -> String {
        format!("n=,r={}", self.nonce)
    }

    /// Answers the server's first message.
    pub(crate) fn answer(self, server_first: &[u8]) -> Result<Answer<'k>, Untrue> {
        let server_first = std::str::from_utf8(server_first).map_err(|_| Untrue("challenge is not UTF-8"))?;
        let nonce = self.check(server_first)?;
        let without_proof = format!("c=biws,r={nonce}");
        let auth_message = format!("{},{server_first},{without_proof}", self.bare());
        let proof = BASE64.encode(&self.keys.proof(auth_message.as_bytes()));
        Ok(Answer {
            client_final: format!("{without_proof},p={proof}"),
            keys: self.keys,
            auth_message,
        })
    }

    fn check<'m>(&self, server_first: &'m str) -> Result<&'m str, Untrue> {
        let (nonce, rest) = attribute(server_first, 'r').ok_or(Untrue("challenge without nonce"))?;
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() || !is_nonce(nonce) {
            return Err(Untrue("nonce does not extend ours"));
        }
        let (_, rest) = rest
            .and_then(|rest| attribute(rest, 's'))
            .ok_or(Untrue("challenge without salt"))?;
        let (iterations, _) = rest
            .and_then(|rest| attribute(rest, 'i'))
            .ok_or(Untrue("challenge without iterations"))?;
        match iterations.parse::<u32>() {
            Ok(1..=MOST_ITERATIONS) => Ok(nonce),
            _ => Err(Untrue("iterations out of bounds")),
        }
    }
}

/// A login that waits for the server's proof.
pub(crate) struct Answer<'k> {
    /// The message to send.
    pub(crate) client_final: String,
    keys: &'k ClientKeys,
    auth_message: String,
}

impl Answer<'_> {
    /// Checks the server's last message.
    pub(crate) fn check(&self, server_final: &[u8]) -> Result<(), Untrue> {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::{
            SCRAM,
            server::{ClientFirst, Offer},
        },
        *,
    };

    const SALT: &[u8] = b"0123456789abcdef";

    fn keys() -> ClientKeys {
        ClientKeys::derive("machine", SALT, 1)
    }

    #[test]
    fn both_sides_agree() {
        let keys = keys();
        let verifier = keys.verifier(SALT, 4096);
        let login = Login::new(&keys, "ours".to_owned());
        let challenge = ClientFirst::parse(
            SCRAM.as_bytes(),
            login.client_first().as_bytes(),
            &Offer::default(),
        )
        .unwrap()
        .challenge(&verifier, "theirs");
        let answer = login.answer(challenge.server_first.as_bytes()).unwrap();
        let server_final = challenge
            .verify(&verifier, answer.client_final.as_bytes())
            .unwrap();
        assert_eq!(answer.check(server_final.as_bytes()), Ok(()));
        assert_eq!(answer.check(b"v=AAAA"), Err(Untrue("wrong server signature")));
        assert_eq!(answer.check(b"e=other-error"), Err(Untrue("no server signature")));
    }

    #[test]
    fn hostile_challenges_are_refused() {
        let cases = [
            ("", "challenge without nonce"),
            ("r=ours,s=AAAA,i=4096", "nonce does not extend ours"),
            ("r=other,s=AAAA,i=4096", "nonce does not extend ours"),
            ("r=ours\u{e9},s=AAAA,i=4096", "nonce does not extend ours"),
            ("r=ours+", "challenge without salt"),
            ("r=ours+,s=AAAA", "challenge without iterations"),
            ("r=ours+,s=AAAA,i=0", "iterations out of bounds"),
            ("r=ours+,s=AAAA,i=2147483648", "iterations out of bounds"),
        ];
        for (text, reason) in cases {
            let keys = keys();
            let result = Login::new(&keys, "ours".to_owned()).answer(text.as_bytes());
            assert_eq!(result.err(), Some(Untrue(reason)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_challenge_panics(data in prop::collection::vec(any::<u8>(), 0..200), text in "r=ours[,=rsi0-9+]{0,40}") {
            let keys = keys();
            for data in [data.as_slice(), text.as_bytes()] {
                if let Ok(answer) = Login::new(&keys, "ours".to_owned()).answer(data) {
                    prop_assert!(answer.check(data).is_err());
                }
            }
        }
    }
}
