//! The operator's key: RSA or Ed25519, as `openssl genpkey` and `opendkim-genkey` write it.

use std::fmt;

use ring::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};

/// The algorithm `rsaEncryption` without parameters, in DER (RFC 8017 appendix A.1).
const RSA_ENCRYPTION: [u8; 15] = [
    0x30, 0x0d, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0,
];
const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 3;

/// Why a file is no key to sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// There is no private key in it.
    #[error("it is no private key in PEM")]
    Pem,
    /// A key of another kind, or one that nobody should use.
    #[error("it must be an RSA key of 2048 to 4096 bits, or an Ed25519 key")]
    Kind,
}

/// A private key that signs mails.
pub enum SigningKey {
    /// What every server can verify.
    Rsa(Box<RsaKeyPair>),
    /// Shorter; servers that do not know it see no signature (RFC 8463).
    Ed25519(Box<Ed25519KeyPair>),
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.algorithm())
    }
}

impl SigningKey {
    /// Reads a key from PEM: `PRIVATE KEY` (PKCS#8) or `RSA PRIVATE KEY` (PKCS#1).
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyFault> {
        let key = PrivateKeyDer::from_pem_slice(pem).map_err(|_| KeyFault::Pem)?;
        let rsa = match &key {
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            PrivateKeyDer::Pkcs8(der) => {
                // OpenSSL leaves the public half out.
                if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_pkcs8_der()) {
                    return Ok(Self::Ed25519(Box::new(pair)));
                }
                RsaKeyPair::from_pkcs8(der.secret_pkcs8_der())
            }
            _ => return Err(KeyFault::Kind),
        };
        rsa.map(|pair| Self::Rsa(Box::new(pair)))
            .map_err(|_| KeyFault::Kind)
    }

    /// The name of the algorithm, for `a=`.
    pub(super) fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "rsa-sha256",
            Self::Ed25519(_) => "ed25519-sha256",
        }
    }

    /// The kind of key, and its public half as DNS has it.
    pub(super) fn public(&self) -> (&'static str, Vec<u8>) {
        match self {
            Self::Rsa(pair) => ("rsa", public_key_info(pair.public_key().as_ref())),
            Self::Ed25519(pair) => ("ed25519", pair.public_key().as_ref().to_vec()),
        }
    }

    /// The signature; `None` where the system has no randomness to blind an RSA key with.
    pub(super) fn sign(&self, text: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Rsa(pair) => {
                let mut out = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut out)
                    .ok()?;
                Some(out)
            }
            // It signs the hash, not the text (RFC 8463 §3).
            Self::Ed25519(pair) => Some(pair.sign(digest(&SHA256, text).as_ref()).as_ref().to_vec()),
        }
    }
}

/// An RSA key as `SubjectPublicKeyInfo`, which is what everybody publishes.
fn public_key_info(key: &[u8]) -> Vec<u8> {
    let bits = der(BIT_STRING, &[&[0], key].concat());
    der(SEQUENCE, &[&RSA_ENCRYPTION, bits.as_slice()].concat())
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let significant = length.iter().position(|byte| *byte != 0).unwrap_or(length.len());
    let length = length.get(significant..).unwrap_or_default();
    let mut out = vec![tag];
    match (content.len(), u8::try_from(length.len())) {
        (0..128, _) => out.push(u8::try_from(content.len()).unwrap_or_default()),
        (_, count) => {
            out.push(0x80 | count.unwrap_or_default());
            out.extend_from_slice(length);
        }
    }
    out.extend_from_slice(content);
    out
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The key of RFC 8463 appendix A.2, as OpenSSL would write it.
    pub(crate) fn ed25519() -> SigningKey {
        let pem = "-----BEGIN PRIVATE KEY-----\n\
            MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
            -----END PRIVATE KEY-----\n";
        SigningKey::from_pem(pem.as_bytes()).unwrap()
    }

    #[test]
    fn public_halves_are_what_the_standard_says() {
        let (kind, public) = ed25519().public();
        let base64 = data_encoding::BASE64.encode(&public);
        assert_eq!(
            (kind, base64.as_str()),
            ("ed25519", "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
        );
    }

    #[test]
    fn lengths_of_der() {
        assert_eq!(der(4, &[7; 3]), [4, 3, 7, 7, 7]);
        assert_eq!(der(4, &[7; 200])[..3], [4, 0x81, 200]);
        assert_eq!(der(4, &[7; 300])[..4], [4, 0x82, 1, 44]);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let fault = |text: &str| SigningKey::from_pem(text.as_bytes()).unwrap_err();
        assert_eq!(fault("hello"), KeyFault::Pem);
        assert_eq!(
            fault("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
            KeyFault::Kind
        );
    }
}
