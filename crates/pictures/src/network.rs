//! The network as a fetch sees it: how names become addresses, which of these it may connect to, and whom it trusts.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use rustls::{ClientConfig, RootCertStore, crypto::ring};

use crate::is_public;

/// The port of every fetch.
const HTTPS: u16 = 443;
/// How long a fetch may take, from the first look-up to the last byte.
const PATIENCE: Duration = Duration::from_secs(5);

/// The addresses that a name will have.
pub type Resolved = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// A network. The binary has [`Network::internet`] and nothing else: no setting leads to another one. Tests make their
/// own with [`Network::new`]. Cheap to clone.
#[derive(Clone)]
pub struct Network {
    pub(crate) resolve: Arc<dyn Fn(String) -> Resolved + Send + Sync>,
    pub(crate) allows: Arc<dyn Fn(IpAddr) -> bool + Send + Sync>,
    /// `None` where ring would not speak TLS: then nothing is fetched.
    pub(crate) tls: Option<Arc<ClientConfig>>,
    pub(crate) patience: Duration,
}

impl Network {
    /// The public internet: the system's names, public addresses only, Mozilla's list of authorities.
    pub fn internet() -> Self {
        let resolve = |name: String| -> Resolved {
            Box::pin(async move { Ok(tokio::net::lookup_host((name, HTTPS)).await?.collect()) })
        };
        let roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        Self::new(resolve, is_public, roots)
    }

    /// A network in which no name has an address.
    pub fn nowhere() -> Self {
        let resolve = |_| -> Resolved { Box::pin(async { Err(io::ErrorKind::NotFound.into()) }) };
        Self::new(resolve, |_| false, RootCertStore::empty())
    }

    /// A network in which `resolve` knows the names, `allows` says where a fetch may connect to, and `roots` signed
    /// the certificates. A port that `resolve` gives is the one that is connected to.
    pub fn new(
        resolve: impl Fn(String) -> Resolved + Send + Sync + 'static,
        allows: impl Fn(IpAddr) -> bool + Send + Sync + 'static,
        roots: RootCertStore,
    ) -> Self {
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map(|versions| versions.with_root_certificates(roots).with_no_client_auth());
        Self {
            resolve: Arc::new(resolve),
            allows: Arc::new(allows),
            tls: tls.ok().map(Arc::new),
            patience: PATIENCE,
        }
    }

    /// The same, with less time for a fetch.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Network")
    }
}
