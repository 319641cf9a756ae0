//! SCRAM-SHA-256 keys (RFC 5802, RFC 7677), without I/O: the verifier that the account store keeps, the client keys
//! that log in to a backend, and the three computations both sides need.

pub mod client;
mod credential;

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::Random;
pub use credential::{Credential, Password};

/// Iterations of every verifier that we make: PostgreSQL's default, and RFC 7677's minimum.
pub const ITERATIONS: u32 = 4096;
/// Octets of salt, as PostgreSQL uses.
pub const SALT_LENGTH: usize = 16;

/// A 32-byte SCRAM key.
pub type Key = [u8; 32];

/// HMAC-SHA-256 of `data` under `key`.
pub fn hmac_sha256(key: &[u8], data: &[u8]) -> Key {
    // HMAC takes keys of any length, so that the error cannot arise.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return [0; 32];
    };
    mac.update(data);
    mac.finalize().into_bytes().into()
}

/// A nonce of 18 random octets in base64, as PostgreSQL makes them.
pub fn nonce(random: &Random) -> String {
    BASE64.encode(&random.bytes::<18>())
}

/// The value of attribute `name` at the front of `text`, and what follows its comma.
pub fn attribute(text: &str, name: char) -> Option<(&str, Option<&str>)> {
    let value = text.strip_prefix(name)?.strip_prefix('=')?;
    Some(match value.split_once(',') {
        Some((value, rest)) => (value, Some(rest)),
        None => (value, None),
    })
}

/// A nonce's characters: printable ASCII without the comma.
pub fn is_nonce(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',')
}

fn xor(left: &Key, right: &Key) -> Key {
    let mut out = *left;
    for (a, b) in out.iter_mut().zip(right) {
        *a ^= b;
    }
    out
}

/// What a server keeps to check a password without knowing it.
#[derive(Clone, PartialEq, Eq)]
pub struct Verifier {
    /// PBKDF2 iterations.
    pub iterations: u32,
    /// The salt, [`SALT_LENGTH`] octets in what we make.
    pub salt: Vec<u8>,
    /// `H(ClientKey)`.
    pub stored_key: Key,
    /// `HMAC(SaltedPassword, "Server Key")`.
    pub server_key: Key,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Verifier(iterations: {})", self.iterations)
    }
}

impl Verifier {
    /// The verifier of `password` with a fresh salt.
    pub fn new(password: &str, random: &Random) -> Self {
        let salt: [u8; SALT_LENGTH] = random.bytes();
        ClientKeys::derive(password, &salt, ITERATIONS).verifier(&salt, ITERATIONS)
    }

    /// A verifier that no password opens, for a name that has none: its salt depends only on `mock_key` and `name`, so
    /// that asking twice does not tell it from a real one (RFC 5802 §9, PostgreSQL's mock authentication).
    pub fn mock(mock_key: &[u8], name: &str) -> Self {
        let salt = hmac_sha256(mock_key, name.as_bytes());
        Self {
            iterations: ITERATIONS,
            salt: salt.iter().take(SALT_LENGTH).copied().collect(),
            stored_key: hmac_sha256(mock_key, &salt),
            server_key: hmac_sha256(mock_key, &[salt.as_slice(), b"server"].concat()),
        }
    }

    /// Whether `proof` answers `auth_message` (RFC 5802 §3), in constant time.
    pub fn accepts(&self, auth_message: &[u8], proof: &Key) -> bool {
        let client_key = xor(proof, &hmac_sha256(&self.stored_key, auth_message));
        let stored_key: Key = Sha256::digest(client_key).into();
        stored_key.ct_eq(&self.stored_key).into()
    }

    /// `ServerSignature`, by which the server shows that it knows the verifier.
    pub fn server_signature(&self, auth_message: &[u8]) -> Key {
        hmac_sha256(&self.server_key, auth_message)
    }

    /// The form that PostgreSQL takes as a role's password:
    /// `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`, in base64.
    pub fn to_postgres(&self) -> String {
        let b64 = |bytes: &[u8]| BASE64.encode(bytes);
        format!(
            "SCRAM-SHA-256${}:{}${}:{}",
            self.iterations,
            b64(&self.salt),
            b64(&self.stored_key),
            b64(&self.server_key)
        )
    }
}

/// What a client needs to log in by SCRAM without the password and without PBKDF2. As good as the password for this
/// salt, so it is kept sealed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct ClientKeys {
    client_key: Key,
    server_key: Key,
}

impl ClientKeys {
    /// Whether both are the same keys.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        (self.client_key.ct_eq(&other.client_key) & self.server_key.ct_eq(&other.server_key)).into()
    }
}

impl std::fmt::Debug for ClientKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientKeys(…)")
    }
}

impl ClientKeys {
    /// The keys of `password`, which must be ASCII (ours are; SASLprep leaves ASCII alone).
    pub fn derive(password: &str, salt: &[u8], iterations: u32) -> Self {
        let mut salted: Key = [0; 32];
        pbkdf2::pbkdf2_hmac::<Sha256>(password.as_bytes(), salt, iterations, &mut salted);
        let keys = Self {
            client_key: hmac_sha256(&salted, b"Client Key"),
            server_key: hmac_sha256(&salted, b"Server Key"),
        };
        salted.zeroize();
        keys
    }

    /// Random keys of a machine credential that never had a password.
    pub fn random(random: &Random) -> Self {
        Self {
            client_key: random.bytes(),
            server_key: random.bytes(),
        }
    }

    /// The verifier that the other side keeps for these keys.
    pub fn verifier(&self, salt: &[u8], iterations: u32) -> Verifier {
        Verifier {
            iterations,
            salt: salt.to_vec(),
            stored_key: Sha256::digest(self.client_key).into(),
            server_key: self.server_key,
        }
    }

    /// `ClientProof` for `auth_message`.
    pub fn proof(&self, auth_message: &[u8]) -> Key {
        let stored_key: Key = Sha256::digest(self.client_key).into();
        xor(&self.client_key, &hmac_sha256(&stored_key, auth_message))
    }

    /// Whether the server's signature is right: the server knows the verifier too.
    pub fn accepts_server(&self, auth_message: &[u8], signature: &[u8]) -> bool {
        hmac_sha256(&self.server_key, auth_message)
            .as_slice()
            .ct_eq(signature)
            .into()
    }

    /// Both keys as 64 bytes, for sealing.
    pub fn to_bytes(&self) -> crate::Secret<Vec<u8>> {
        crate::Secret::new([self.client_key, self.server_key].concat())
    }

    /// The keys from [`ClientKeys::to_bytes`]; `None` when there are not exactly 64 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (client_key, server_key) = bytes.split_at_checked(32)?;
        Some(Self {
            client_key: client_key.try_into().ok()?,
            server_key: server_key.try_into().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 7677 §3: user "user", password "pencil".
    const SALT: &str = "W22ZaJ0SNY7soEsUEjb6gQ==";
    const AUTH_MESSAGE: &str = "n=user,r=rOprNGfwEbeRWgbNEkqO,\
        r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,\
        c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    const PROOF: &str = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    const SIGNATURE: &str = "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

    fn b64(text: &str) -> Vec<u8> {
        data_encoding::BASE64.decode(text.as_bytes()).unwrap()
    }

    #[test]
    fn rfc_7677_example() {
        let keys = ClientKeys::derive("pencil", &b64(SALT), 4096);
        let verifier = keys.verifier(&b64(SALT), 4096);
        let proof: Key = b64(PROOF).try_into().unwrap();
        assert_eq!(keys.proof(AUTH_MESSAGE.as_bytes()), proof);
        assert!(verifier.accepts(AUTH_MESSAGE.as_bytes(), &proof));
        assert_eq!(
            verifier.server_signature(AUTH_MESSAGE.as_bytes()).to_vec(),
            b64(SIGNATURE)
        );
        assert!(keys.accepts_server(AUTH_MESSAGE.as_bytes(), &b64(SIGNATURE)));
        assert!(!verifier.accepts(b"another message", &proof));
    }

    #[test]
    fn mocks_are_stable_and_differ_by_name() {
        let (a, again, b) = (
            Verifier::mock(b"k", "ana"),
            Verifier::mock(b"k", "ana"),
            Verifier::mock(b"k", "bob"),
        );
        assert_eq!(a, again);
        assert_ne!(a.salt, b.salt);
        assert_eq!((a.salt.len(), a.iterations), (SALT_LENGTH, ITERATIONS));
    }

    #[test]
    fn keys_survive_sealing() {
        let keys = ClientKeys::random(&Random::new(|out| out.fill(3)));
        let again = ClientKeys::from_bytes(keys.to_bytes().expose()).unwrap();
        assert_eq!(keys.verifier(b"s", 1), again.verifier(b"s", 1));
        assert!(ClientKeys::from_bytes(&[0; 63]).is_none());
    }
}
