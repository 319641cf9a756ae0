//! TLS towards clients: one certificate for all names, replaced while we run without dropping anyone.

mod binding;

use std::{io, sync::Arc};

use arc_swap::{ArcSwap, ArcSwapOption};
use rustls::{
    ServerConfig,
    server::{ClientHello, NoServerSessionStorage, ResolvesServerCert},
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// The protocol's name in ALPN, without which PostgreSQL 17 takes no direct TLS.
const ALPN: &[u8] = b"postgresql";

/// The certificate of now, and what is computed from it.
pub(crate) struct Tls {
    source: Arc<ArcSwap<CertifiedKey>>,
    ready: ArcSwapOption<Ready>,
}

struct Ready {
    certificate: Arc<CertifiedKey>,
    config: Arc<ServerConfig>,
    certificate_hash: Option<Vec<u8>>,
}

/// What TLS says about a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TlsFacts {
    /// SNI, lower case, without a trailing dot.
    pub(crate) server_name: Option<String>,
    /// For channel binding: the hash of the certificate that this connection was served.
    pub(crate) certificate_hash: Option<Vec<u8>>,
    alpn: bool,
}

/// How TLS began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Began<'a> {
    /// By `SSLRequest`.
    Asked,
    /// With the first byte of the connection; what has been read of it.
    Direct(&'a [u8]),
}

impl Tls {
    pub(crate) fn new(source: Arc<ArcSwap<CertifiedKey>>) -> Self {
        Self {
            source,
            ready: ArcSwapOption::empty(),
        }
    }

    /// Does the handshake. An old certificate stays with the connections that began with it.
    pub(crate) async fn accept<S>(&self, stream: S, began: Began<'_>) -> io::Result<(TlsStream<S>, TlsFacts)>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let ready = self.ready().map_err(io::Error::other)?;
        let acceptor = TlsAcceptor::from(ready.config.clone());
        let stream = match began {
            Began::Asked => acceptor.accept(stream).await?,
            Began::Direct(mut read) => {
                acceptor
                    .accept_with(stream, |connection| {
                        // From a slice this cannot fail, and the eight octets fit.
                        let _ = connection.read_tls(&mut read);
                    })
                    .await?
            }
        };
        let facts = facts(&stream, &ready);
        Ok((stream, facts))
    }

    fn ready(&self) -> Result<Arc<Ready>, rustls::Error> {
        let certificate = self.source.load_full();
        if let Some(ready) = self.ready.load_full()
            && Arc::ptr_eq(&ready.certificate, &certificate)
        {
            return Ok(ready);
        }
        let ready = Arc::new(Ready {
            config: config(certificate.clone())?,
            certificate_hash: certificate
                .cert
                .first()
                .and_then(|der| binding::certificate_hash(der)),
            certificate,
        });
        self.ready.store(Some(ready.clone()));
        Ok(ready)
    }
}

impl TlsFacts {
    /// Whether both sides agreed on PostgreSQL by ALPN.
    pub(crate) fn has_alpn(&self) -> bool {
        self.alpn
    }
}

fn facts<S>(stream: &TlsStream<S>, ready: &Ready) -> TlsFacts {
    let (_, connection) = stream.get_ref();
    TlsFacts {
        server_name: connection
            .server_name()
            .map(|name| name.trim_end_matches('.').to_ascii_lowercase()),
        certificate_hash: ready.certificate_hash.clone(),
        alpn: connection.alpn_protocol() == Some(ALPN),
    }
}

/// TLS 1.2 and 1.3; no client certificates, no early data, no resumption (libpq resumes nothing).
fn config(certificate: Arc<CertifiedKey>) -> Result<Arc<ServerConfig>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Only(certificate)));
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

/// The one certificate, whatever name is asked for: names are routed after the password was right.
#[derive(Debug)]
struct Only(Arc<CertifiedKey>);

impl ResolvesServerCert for Only {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use rustls::{
        ClientConfig, RootCertStore,
        pki_types::{PrivatePkcs8KeyDer, ServerName},
    };
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
    use tokio_rustls::{TlsConnector, client};

    use super::*;

    pub(crate) fn certified_key() -> Arc<CertifiedKey> {
        let made = rcgen::generate_simple_self_signed(vec!["*.db.test".to_owned()]).unwrap();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let key = rustls::crypto::ring::sign::any_ecdsa_type(&key.into()).unwrap();
        Arc::new(CertifiedKey::new(vec![made.cert.der().clone()], key))
    }

    pub(crate) fn tls() -> Tls {
        Tls::new(Arc::new(ArcSwap::new(certified_key())))
    }

    /// Connects as a client that trusts whatever `tls` serves now.
    pub(crate) async fn connect(
        tls: &Tls,
        stream: DuplexStream,
        name: &str,
        alpn: Option<&[u8]>,
    ) -> io::Result<client::TlsStream<DuplexStream>> {
        let mut roots = RootCertStore::empty();
        roots
            .add(tls.source.load().cert.first().unwrap().clone())
            .unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = alpn.into_iter().map(<[u8]>::to_vec).collect();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }

    async fn handshake(tls: &Tls, name: &str, alpn: Option<&[u8]>) -> io::Result<TlsFacts> {
        let (ours, theirs) = tokio::io::duplex(4096);
        let (server, client) = tokio::join!(tls.accept(ours, Began::Asked), connect(tls, theirs, name, alpn));
        client.and(server).map(|(_, facts)| facts)
    }

    #[tokio::test]
    async fn names_and_alpn_are_seen() {
        let tls = tls();
        let facts = handshake(&tls, "Ana-Notes.DB.test", Some(ALPN)).await.unwrap();
        assert_eq!(facts.server_name.as_deref(), Some("ana-notes.db.test"));
        assert!(facts.has_alpn());
        assert_eq!(facts.certificate_hash.unwrap().len(), 32);
        assert!(!handshake(&tls, "a.db.test", None).await.unwrap().has_alpn());
        assert!(handshake(&tls, "a.db.test", Some(b"http/1.1")).await.is_err());
    }

    #[tokio::test]
    async fn a_new_certificate_serves_the_next_connection() {
        let tls = tls();
        let old = handshake(&tls, "a.db.test", None).await.unwrap();
        assert_eq!(handshake(&tls, "a.db.test", None).await.unwrap(), old);
        tls.source.store(certified_key());
        let new = handshake(&tls, "a.db.test", None).await.unwrap();
        assert_ne!(new.certificate_hash, old.certificate_hash);
    }

    #[tokio::test]
    async fn what_was_read_before_tls_is_part_of_it() {
        let tls = tls();
        let (mut ours, theirs) = tokio::io::duplex(4096);
        let server = async {
            let mut head = [0; 8];
            ours.read_exact(&mut head).await?;
            let (mut stream, _) = tls.accept(ours, Began::Direct(&head)).await?;
            let mut text = [0; 2];
            stream.read_exact(&mut text).await?;
            io::Result::Ok(text)
        };
        let client = async {
            let mut stream = connect(&tls, theirs, "a.db.test", Some(ALPN)).await?;
            stream.write_all(b"hi").await?;
            stream.flush().await?;
            io::Result::Ok(stream)
        };
        let (server, _client) = tokio::join!(server, client);
        assert_eq!(&server.unwrap(), b"hi");
    }
}
