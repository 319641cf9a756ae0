//! The backend `server`: a PostgreSQL that the operator gave, in which we make databases with a role that may make roles
//! and databases and need not be a superuser.

use std::sync::Arc;

use model::{
    Secret,
    postgres_url::{PostgresUrl, SslMode},
};
use tokio::sync::Mutex;

use crate::{
    BackendAddress, Encryption, Network, PolicyError, ProvisionError, TlsPolicy, Verification,
    control::Control, provision,
};

/// The operator's PostgreSQL. Clones share it.
#[derive(Clone)]
pub struct RemoteServer(Arc<Inner>);

struct Inner {
    control: Control,
    turn: Mutex<()>,
}

impl RemoteServer {
    /// The server at `url`. `roots` are the authorities that may sign its certificate, in PEM; without, those that
    /// browsers trust.
    pub fn new(url: PostgresUrl, roots: Option<&str>) -> Result<Self, PolicyError> {
        let encryption = encryption(url.ssl_mode, roots)?;
        let control = Control {
            address: BackendAddress::Tcp {
                host: url.host,
                port: url.port,
                encryption,
                network: Network::anywhere(),
            },
            role: url.user,
            password: url.password.unwrap_or_else(|| Secret::new(String::new())),
            home: url.database,
            is_superuser: false,
        };
        Ok(Self(Arc::new(Inner {
            control,
            turn: Mutex::default(),
        })))
    }

    /// What stands in the way of making workspaces there, in sentences for the operator; nothing when all is well.
    pub async fn check(&self) -> Result<Vec<String>, ProvisionError> {
        provision::shortcomings(&self.0.control.open().await?).await
    }

    pub(crate) fn address(&self) -> &BackendAddress {
        &self.0.control.address
    }

    pub(crate) fn control(&self) -> Control {
        self.0.control.clone()
    }

    pub(crate) fn turn(&self) -> &Mutex<()> {
        &self.0.turn
    }
}

/// How `sslmode` is done.
pub fn encryption(mode: SslMode, roots: Option<&str>) -> Result<Encryption, PolicyError> {
    let verification = match mode {
        SslMode::Disable => return Ok(Encryption::Off),
        SslMode::Require => Verification::None,
        SslMode::VerifyCa => Verification::Authority,
        SslMode::VerifyFull => Verification::Full,
    };
    Ok(Encryption::Tls(TlsPolicy::new(verification, roots)?))
}
