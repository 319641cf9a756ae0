//! The hash by which SCRAM is bound to a certificate: RFC 5929 `tls-server-end-point`.

use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

/// The DER contents of OIDs of signature algorithms that have one hash.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
const ECDSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01];
const ECDSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03];

/// The hash of the certificate `der` with the hash function of its own signature, MD5 and SHA-1 replaced by SHA-256.
/// `None` where RFC 5929 leaves it undefined (Ed25519, RSA-PSS) or the certificate cannot be read: then there is no
/// channel binding to offer.
pub(super) fn certificate_hash(der: &[u8]) -> Option<Vec<u8>> {
    let oid = signature_algorithm(der)?;
    let hash = if let Some(last) = oid.strip_prefix(RSA) {
        match last {
            [4 | 5 | 11] => Sha256::digest(der).to_vec(),
            [12] => Sha384::digest(der).to_vec(),
            [13] => Sha512::digest(der).to_vec(),
            [14] => Sha224::digest(der).to_vec(),
            _ => return None,
        }
    } else if oid == ECDSA_SHA1 {
        Sha256::digest(der).to_vec()
    } else {
        match oid.strip_prefix(ECDSA)? {
            [1] => Sha224::digest(der).to_vec(),
            [2] => Sha256::digest(der).to_vec(),
            [3] => Sha384::digest(der).to_vec(),
            [4] => Sha512::digest(der).to_vec(),
            _ => return None,
        }
    };
    Some(hash)
}

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;

/// `Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { OID, … }, … }` (RFC 5280 §4.1).
fn signature_algorithm(der: &[u8]) -> Option<&[u8]> {
    let (certificate, _) = element(der, SEQUENCE)?;
    let (_, after_tbs) = element(certificate, SEQUENCE)?;
    let (algorithm, _) = element(after_tbs, SEQUENCE)?;
    element(algorithm, OBJECT_IDENTIFIER).map(|(oid, _)| oid)
}

/// The contents of the DER element with `tag` at the front of `input`, and what follows it.
fn element(input: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = input.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (
                length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)),
                rest,
            )
        }
        _ => return None,
    };
    (*found == tag).then(|| rest.split_at_checked(length)).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    fn self_signed(algorithm: &'static rcgen::SignatureAlgorithm) -> Vec<u8> {
        let key = KeyPair::generate_for(algorithm).unwrap();
        CertificateParams::new(vec!["a.test".to_owned()])
            .unwrap()
            .self_signed(&key)
            .unwrap()
            .der()
            .to_vec()
    }

    #[test]
    fn the_hash_is_that_of_the_signature() {
        let p256 = self_signed(&rcgen::PKCS_ECDSA_P256_SHA256);
        assert_eq!(certificate_hash(&p256), Some(Sha256::digest(&p256).to_vec()));
        let p384 = self_signed(&rcgen::PKCS_ECDSA_P384_SHA384);
        assert_eq!(certificate_hash(&p384), Some(Sha384::digest(&p384).to_vec()));
        assert_eq!(certificate_hash(&self_signed(&rcgen::PKCS_ED25519)), None);
    }

    proptest! {
        #[test]
        fn no_certificate_panics(der in prop::collection::vec(any::<u8>(), 0..100), at in 0_usize..300) {
            let _ = certificate_hash(&der);
            let mut cut = self_signed(&rcgen::PKCS_ED25519);
            cut.truncate(at);
            prop_assert_eq!(certificate_hash(&cut), None);
        }
    }
}
