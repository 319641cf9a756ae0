//! Certificates of an authority that nobody knows, for mail servers at 127.0.0.1.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};

use super::sink::Sink;

/// `ca.pem`, and `cert.pem` with `key.pem` that it signed.
pub(crate) struct Certificates {
    directory: tempfile::TempDir,
}

impl Certificates {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut server = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = server.signed_by(&key, &issuer).unwrap();
        for (name, pem) in [
            ("ca.pem", issuer.pem()),
            ("cert.pem", certificate.pem()),
            ("key.pem", key.serialize_pem()),
        ] {
            std::fs::write(directory.path().join(name), pem).unwrap();
        }
        Self { directory }
    }

    /// Where one of the files is.
    pub(crate) fn path(&self, name: &str) -> String {
        self.directory.path().join(name).to_str().unwrap().to_owned()
    }

    /// A mail server with that certificate; `more` are its other options.
    pub(crate) async fn server(&self, more: &[&str]) -> Option<Sink> {
        let (cert, key) = (self.path("cert.pem"), self.path("key.pem"));
        Sink::start_with(&[&["--cert", &cert, "--key", &key], more].concat()).await
    }
}
