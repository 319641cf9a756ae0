//! The authority of our own: made once, kept in `tls/` in the data directory, trusted by those who are given `ca.pem`.

use std::{
    fs::DirBuilder,
    io::ErrorKind,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use model::time;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::{
    Error, Result,
    data_dir::{DataDir, create_once},
};

/// Ten years: whoever trusted the authority should not have to do it again.
const LIFETIME_SECONDS: i64 = 3652 * 24 * 60 * 60;
/// Clients whose clock is a little behind ours trust a new certificate, too.
const EARLIER_SECONDS: i64 = 24 * 60 * 60;

/// The authority's certificate, which clients can be given.
pub(crate) fn ca_path(data_dir: &Path) -> PathBuf {
    data_dir.join("tls/ca.pem")
}

/// A fresh certificate for `names`, with the chain to the authority, and its key.
pub(super) fn issue(
    data_dir: &DataDir,
    names: &[String],
    now: Timestamp,
    until: Timestamp,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let authority = open(data_dir, now)?;
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, "Standpipe");
    lives(&mut params, now, until);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let certificate = params.signed_by(&key, &authority)?;
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    // The authority's own certificate is with the client, or the chain is worth nothing.
    Ok((vec![certificate.der().clone()], key.into()))
}

/// The authority, made if there is none.
fn open(data_dir: &DataDir, now: Timestamp) -> Result<Issuer<'static, KeyPair>> {
    let directory = data_dir.join("tls");
    match DirBuilder::new().mode(0o700).create(&directory) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            return Err(Error::file("make", directory)(error));
        }
        _ => {}
    }
    let key_path = directory.join("ca.key");
    let key = match read(&key_path)? {
        Some(text) => KeyPair::from_pem(&text)?,
        None => {
            let made = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
            create_once(&key_path, made.serialize_pem().as_bytes())?;
            // Whichever process was first, its key is the one.
            KeyPair::from_pem(&read(&key_path)?.unwrap_or_default())?
        }
    };
    let path = ca_path(data_dir.path());
    if let Some(text) = read(&path)? {
        return Ok(Issuer::from_ca_cert_pem(&text, key)?);
    }
    // The certificate comes second, so that a crash between the two leaves a key that is used now.
    let params = params(now)?;
    create_once(&path, params.self_signed(&key)?.pem().as_bytes())?;
    Ok(Issuer::new(params, key))
}

fn params(now: Timestamp) -> Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, "Standpipe's own authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    lives(&mut params, now, time::after(now, LIFETIME_SECONDS));
    Ok(params)
}

fn lives(params: &mut CertificateParams, from: Timestamp, until: Timestamp) {
    let at = |at: Timestamp| {
        let seconds = u64::try_from(at.as_second()).unwrap_or_default();
        rcgen::date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs(seconds)
    };
    params.not_before = at(time::after(from, -EARLIER_SECONDS));
    params.not_after = at(until);
}

fn read(path: &Path) -> Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::file("read", path)(error)),
    }
}
