//! The keys of this installation: one master key, and one key derived from it for each purpose.

use std::str::FromStr;

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hkdf::Hkdf;
use model::{Random, Secret, audit::ChainKey, scram::hmac_sha256};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{Error, Result};

const FORMAT: u8 = 1;
const NONCE_LENGTH: usize = 24;

/// The key that everything else hangs on: 32 bytes, kept in a file that only Standpipe can read.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct MasterKey([u8; 32]);

impl MasterKey {
    /// A fresh key.
    pub fn generate(random: &Random) -> Self {
        Self(random.bytes())
    }

    /// The key as the file holds it.
    pub fn to_text(&self) -> Secret<String> {
        Secret::new(data_encoding::BASE64.encode(&self.0))
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

impl FromStr for MasterKey {
    type Err = &'static str;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let bytes = data_encoding::BASE64
            .decode(text.trim().as_bytes())
            .map_err(|_| "the master key must be base64")?;
        Ok(Self(
            bytes.try_into().map_err(|_| "the master key must be 32 bytes")?,
        ))
    }
}

/// The derived keys. None of them is ever written down.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Keys {
    token: [u8; 32],
    sign_in: [u8; 32],
    form: [u8; 32],
    mock: [u8; 32],
    seal: [u8; 32],
    audit: ChainKey,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(…)")
    }
}

/// What a sealed text is; part of its associated data, so that one cannot be put in another's place.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    DatabasePassword,
    ServerSuperuser,
    ServerRole,
    Attachment,
    Mail,
    WaitingRequest,
    Unsubscribe,
}

impl Purpose {
    fn label(self) -> &'static str {
        match self {
            Self::DatabasePassword => "database password",
            Self::ServerSuperuser => "server superuser",
            Self::ServerRole => "server role",
            Self::Attachment => "attached server",
            Self::Mail => "mail",
            Self::WaitingRequest => "waiting request",
            Self::Unsubscribe => "unsubscribe",
        }
    }
}

impl Keys {
    /// The keys that `master` gives.
    pub fn new(master: &MasterKey) -> Self {
        let source = Hkdf::<Sha256>::new(None, &master.0);
        let derive = |label: &str| {
            let mut key = [0; 32];
            // 32 bytes are always within HKDF's limit.
            let _ = source.expand(label.as_bytes(), &mut key);
            key
        };
        Self {
            token: derive("standpipe token hash v1"),
            sign_in: derive("standpipe sign-in hash v1"),
            form: derive("standpipe form token v1"),
            mock: derive("standpipe mock salt v1"),
            seal: derive("standpipe seal v1"),
            audit: ChainKey::new(derive("standpipe audit chain v1")),
        }
    }

    /// The keyed hash of a token: a leaked store alone opens nothing.
    pub(crate) fn token_mac(&self, token: &str) -> [u8; 32] {
        hmac_sha256(&self.token, token.as_bytes())
    }

    /// The keyed hash of a sign-in secret or code, bound to what it is for.
    pub(crate) fn sign_in_mac(&self, purpose: &str, secret: &str) -> [u8; 32] {
        hmac_sha256(&self.sign_in, format!("{purpose}\0{secret}").as_bytes())
    }

    /// The anti-forgery token of the forms of a session.
    pub fn form_token(&self, session: &str) -> String {
        let mac = hmac_sha256(&self.form, session.as_bytes());
        data_encoding::BASE64URL_NOPAD.encode(mac.get(..16).unwrap_or(&mac))
    }

    /// The key that signs the heads of the audit log's chains.
    pub(crate) fn audit(&self) -> &ChainKey {
        &self.audit
    }

    /// The key from which mock salts come.
    pub(crate) fn mock(&self) -> &[u8] {
        &self.mock
    }

    /// Seals `plain` for `purpose` of `owner`: format byte, nonce, ciphertext.
    pub(crate) fn seal(
        &self,
        random: &Random,
        purpose: Purpose,
        owner: &str,
        plain: &[u8],
    ) -> Result<Vec<u8>> {
        let nonce: [u8; NONCE_LENGTH] = random.bytes();
        let aad = associated_data(purpose, owner);
        let payload = Payload {
            msg: plain,
            aad: &aad,
        };
        let sealed = XChaCha20Poly1305::new(&self.seal.into())
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| Error::Internal("sealing failed"))?;
        Ok([&[FORMAT], nonce.as_slice(), &sealed].concat())
    }

    /// Opens what [`Keys::seal`] made for the same purpose and owner.
    pub(crate) fn open(&self, purpose: Purpose, owner: &str, sealed: &[u8]) -> Result<Secret<Vec<u8>>> {
        const CANNOT: Error =
            Error::Internal("a sealed value cannot be opened: is the master key the right one?");
        let (head, sealed) = sealed.split_at_checked(1 + NONCE_LENGTH).ok_or(CANNOT)?;
        let (format, nonce) = head.split_first().ok_or(CANNOT)?;
        let nonce: [u8; NONCE_LENGTH] = nonce.try_into().map_err(|_| CANNOT)?;
        if *format != FORMAT {
            return Err(CANNOT);
        }
        let aad = associated_data(purpose, owner);
        XChaCha20Poly1305::new(&self.seal.into())
            .decrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: sealed,
                    aad: &aad,
                },
            )
            .map(Secret::new)
            .map_err(|_| CANNOT)
    }
}

fn associated_data(purpose: Purpose, owner: &str) -> Vec<u8> {
    [&[FORMAT], purpose.label().as_bytes(), b"\0", owner.as_bytes()].concat()
}

/// Whether two keyed hashes are the same, in constant time.
pub(crate) fn same(left: &[u8; 32], right: &[u8; 32]) -> bool {
    left.ct_eq(right).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> (Keys, Random) {
        let random = Random::new(|out| out.fill(5));
        (Keys::new(&MasterKey::generate(&random)), random)
    }

    #[test]
    fn sealed_values_open_only_for_their_owner_and_purpose() {
        let (keys, random) = keys();
        let sealed = keys
            .seal(&random, Purpose::DatabasePassword, "u_a", b"secret")
            .unwrap();
        assert_eq!(
            keys.open(Purpose::DatabasePassword, "u_a", &sealed)
                .unwrap()
                .expose(),
            b"secret"
        );
        assert!(keys.open(Purpose::DatabasePassword, "u_b", &sealed).is_err());
        assert!(keys.open(Purpose::ServerRole, "u_a", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut broken = sealed.clone();
            broken[at] ^= 1;
            assert!(
                keys.open(Purpose::DatabasePassword, "u_a", &broken).is_err(),
                "bit at {at}"
            );
        }
    }

    #[test]
    fn the_master_key_survives_its_file() {
        let key = MasterKey::generate(&Random::new(|out| out.fill(9)));
        let again: MasterKey = format!("{}\n", key.to_text().expose()).parse().unwrap();
        assert_eq!(again.0, key.0);
        assert!("short".parse::<MasterKey>().is_err());
    }
}
