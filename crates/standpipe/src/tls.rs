//! With which certificate do console, API and gateway prove who they are? The operator's, read from files; or one
//! signed by an authority of our own, which is made at the first start and which clients can trust.
//!
//! A certificate of our own lives in memory: it is made anew at each start and each month, so that it always has the
//! names of now and its key never lies on a disk. Only the authority is kept.

mod authority;

use std::{os::unix::fs::MetadataExt, path::PathBuf, sync::Arc, time::SystemTime};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use model::time;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};

use crate::{Config, Error, Result, config::TlsFiles, data_dir::DataDir};

pub(crate) use authority::ca_path;

/// After so long a certificate of our own is replaced; it lives three times as long.
const RENEW_AFTER_SECONDS: i64 = 30 * 24 * 60 * 60;

/// The certificate of now; what is stored in [`Certificate::shared`] serves the next connection.
pub(crate) struct Certificate {
    source: Source,
    shared: Arc<ArcSwap<CertifiedKey>>,
    made_at: Timestamp,
    /// What the files looked like when they were read.
    seen: Option<Look>,
}

/// By which a file that was written anew is told from the one before.
type Look = [Option<(SystemTime, u64, u64)>; 2];

enum Source {
    Files { certificate: PathBuf, key: PathBuf },
    Authority { data_dir: DataDir, names: Vec<String> },
}

impl Certificate {
    /// The certificate that `config` asks for, where people reach us at `public_host`.
    pub(crate) fn load(
        config: &Config,
        data_dir: &DataDir,
        public_host: &str,
        now: Timestamp,
    ) -> Result<Self> {
        let source = match &config.tls {
            TlsFiles {
                certificate: Some(certificate),
                key: Some(key),
            } => Source::Files {
                certificate: certificate.clone(),
                key: key.clone(),
            },
            _ => Source::Authority {
                data_dir: data_dir.clone(),
                names: names(public_host, &config.gateway.domain),
            },
        };
        let seen = source.look();
        let shared = Arc::new(ArcSwap::new(source.make(now)?));
        Ok(Self {
            source,
            shared,
            made_at: now,
            seen,
        })
    }

    /// The place from which each connection takes its certificate.
    pub(crate) fn shared(&self) -> Arc<ArcSwap<CertifiedKey>> {
        self.shared.clone()
    }

    /// Reads the operator's files again when they have changed; replaces a certificate of our own in time. Called every
    /// minute. Where it fails, the old one goes on serving, and the next call tries again.
    pub(crate) fn refresh(&mut self, now: Timestamp) -> Result<()> {
        let is_current = match &self.source {
            Source::Files { .. } => self.seen == self.source.look(),
            Source::Authority { .. } => now < time::after(self.made_at, RENEW_AFTER_SECONDS),
        };
        match is_current {
            true => Ok(()),
            false => self.reload(now),
        }
    }

    /// The same, whether anything has changed or not.
    pub(crate) fn reload(&mut self, now: Timestamp) -> Result<()> {
        let seen = self.source.look();
        self.shared.store(self.source.make(now)?);
        (self.made_at, self.seen) = (now, seen);
        tracing::info!("the certificate is read anew");
        Ok(())
    }
}

impl Source {
    fn look(&self) -> Option<Look> {
        let Self::Files { certificate, key } = self else {
            return None;
        };
        Some([certificate, key].map(|path| {
            let metadata = std::fs::metadata(path).ok()?;
            Some((metadata.modified().ok()?, metadata.ino(), metadata.len()))
        }))
    }

    fn make(&self, now: Timestamp) -> Result<Arc<CertifiedKey>> {
        let (chain, key) = match self {
            Self::Files { certificate, key } => read(certificate, key)?,
            Self::Authority { data_dir, names } => {
                authority::issue(data_dir, names, now, time::after(now, 3 * RENEW_AFTER_SECONDS))?
            }
        };
        let provider = rustls::crypto::ring::default_provider();
        Ok(Arc::new(CertifiedKey::from_der(chain, key, &provider)?))
    }
}

/// The names that a certificate of our own carries.
fn names(public_host: &str, gateway_domain: &str) -> Vec<String> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    for name in [
        public_host.trim_matches(['[', ']']).to_owned(),
        gateway_domain.to_owned(),
        format!("*.{gateway_domain}"),
    ] {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn read(
    certificate: &PathBuf,
    key: &PathBuf,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let broken = |path: &PathBuf| {
        let path = path.clone();
        move |error: rustls::pki_types::pem::Error| {
            Error::file("read as PEM", path)(std::io::Error::other(error))
        }
    };
    let chain: std::result::Result<Vec<_>, _> = CertificateDer::pem_file_iter(certificate)
        .map_err(broken(certificate))?
        .collect();
    let chain = chain.map_err(broken(certificate))?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(broken(key))?;
    Ok((chain, key))
}

/// TLS for console and API: HTTP/2 where the client can.
pub(crate) fn https_config(certificate: Arc<ArcSwap<CertifiedKey>>) -> Result<Arc<ServerConfig>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Current(certificate)));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The certificate of now, whatever name is asked for.
#[derive(Debug)]
struct Current(Arc<ArcSwap<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(dir: &DataDir, config: &Config) -> Result<Certificate> {
        Certificate::load(config, dir, "standpipe.test", crate::ambient::clock().now())
    }

    fn leaf(certificate: &Certificate) -> Vec<u8> {
        certificate.shared.load().cert.first().unwrap().to_vec()
    }

    #[test]
    fn one_authority_and_a_new_certificate_each_month() {
        let place = tempfile::tempdir().unwrap();
        let dir = DataDir::open(place.path()).unwrap();
        let config = Config::defaults().unwrap();
        let mut first = load(&dir, &config).unwrap();
        let authority = std::fs::read(ca_path(dir.path())).unwrap();
        let second = load(&dir, &config).unwrap();
        assert_eq!(std::fs::read(ca_path(dir.path())).unwrap(), authority);
        assert_ne!(leaf(&first), leaf(&second));

        let before = leaf(&first);
        let now = crate::ambient::clock().now();
        first.refresh(now).unwrap();
        assert_eq!(leaf(&first), before, "a young one stays");
        first.refresh(time::after(now, RENEW_AFTER_SECONDS + 60)).unwrap();
        assert_ne!(leaf(&first), before);
    }

    #[test]
    fn the_operators_files_are_read_again() {
        let place = tempfile::tempdir().unwrap();
        let dir = DataDir::open(place.path()).unwrap();
        let (certificate, key) = (place.path().join("cert.pem"), place.path().join("key.pem"));
        let write = || {
            let made = rcgen::generate_simple_self_signed(vec!["standpipe.test".to_owned()]).unwrap();
            std::fs::write(&certificate, made.cert.pem()).unwrap();
            std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        };
        let mut config = Config::defaults().unwrap();
        config.tls = TlsFiles {
            certificate: Some(certificate.clone()),
            key: Some(key.clone()),
        };
        write();
        let mut loaded = load(&dir, &config).unwrap();
        let before = leaf(&loaded);
        loaded.refresh(crate::ambient::clock().now()).unwrap();
        assert_eq!(leaf(&loaded), before);
        write();
        loaded.refresh(crate::ambient::clock().now()).unwrap();
        assert_ne!(leaf(&loaded), before);
        assert!(!ca_path(dir.path()).exists());
        std::fs::write(&key, "nonsense").unwrap();
        assert!(loaded.refresh(crate::ambient::clock().now()).is_err());
    }
}
