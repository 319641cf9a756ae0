//! TLS towards a backend: what the server must prove.

use std::{io, sync::Arc};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

/// Whether a connection to a backend is encrypted.
#[derive(Debug, Clone)]
pub enum Encryption {
    /// It is not.
    Off,
    /// By TLS.
    Tls(TlsPolicy),
}

/// What a server must prove before it is believed; the names are those of `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verification {
    /// Nothing (`require`): nobody reads along, but who is at the other end is not known.
    None,
    /// That its certificate is signed by an authority that is trusted, whatever its name (`verify-ca`).
    Authority,
    /// That, and that the certificate is of the name that was asked for (`verify-full`).
    Full,
}

/// How TLS is done with one server. Cheap to clone.
#[derive(Debug, Clone)]
pub struct TlsPolicy {
    config: Arc<ClientConfig>,
    verification: Verification,
}

/// Why a policy cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// There is no certificate where one should be.
    #[error("there is no certificate in PEM")]
    NoCertificate,
    /// A certificate is not one.
    #[error("a certificate cannot be read: {0}")]
    Unreadable(String),
}

impl Encryption {
    /// Whether the server proves who it is.
    pub(crate) fn is_verified(&self) -> bool {
        matches!(self, Self::Tls(policy) if policy.verification != Verification::None)
    }
}

impl TlsPolicy {
    /// A policy that trusts the authorities in `roots`, in PEM, or where there are none those that browsers trust. A
    /// server whose own certificate is among them is believed for that: so a self-signed one is trusted by name.
    pub fn new(verification: Verification, roots: Option<&str>) -> Result<Self, PolicyError> {
        let unreadable = |error: &dyn std::fmt::Display| PolicyError::Unreadable(error.to_string());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let pinned = match roots {
            Some(pem) => read_pem(pem)?,
            None => Vec::new(),
        };
        let mut store = RootCertStore::empty();
        if roots.is_none() {
            store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        for certificate in &pinned {
            store
                .add(certificate.clone())
                .map_err(|error| unreadable(&error))?;
        }
        let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(&provider))
            .build()
            .map_err(|error| unreadable(&error))?;
        let verifier = Verifier {
            verification,
            chain,
            pinned,
            provider: Arc::clone(&provider),
        };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| unreadable(&error))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(Self {
            config: Arc::new(config),
            verification,
        })
    }

    pub(crate) async fn connect(&self, host: &str, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let host = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        TlsConnector::from(Arc::clone(&self.config))
            .connect(name, stream)
            .await
    }
}

fn read_pem(pem: &str) -> Result<Vec<CertificateDer<'static>>, PolicyError> {
    let found = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| PolicyError::Unreadable(error.to_string()))?;
    match found.is_empty() {
        true => Err(PolicyError::NoCertificate),
        false => Ok(found),
    }
}

#[derive(Debug)]
struct Verifier {
    verification: Verification,
    chain: Arc<WebPkiServerVerifier>,
    pinned: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.verification == Verification::None || self.pinned.iter().any(|pinned| pinned == own) {
            return Ok(ServerCertVerified::assertion());
        }
        // The name is looked at last: only a certificate that is good otherwise has a wrong one.
        match self.chain.verify_server_cert(own, others, name, ocsp, now) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.verification == Verification::Authority => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
