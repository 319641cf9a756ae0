//! The doors: bound before anything is served, so that their real addresses are known and a taken port is told at once.

use std::{
    net::{SocketAddr, TcpListener, UdpSocket},
    sync::Arc,
    time::Duration,
};

use app::App;
use axum_server::{Handle, tls_rustls::RustlsConfig};
use rustls::ServerConfig;
use tokio::task::JoinHandle;

use crate::{Addresses, Config, Error, Result};

/// Whoever connects and asks for nothing is let go.
const FIRST_REQUEST: Duration = Duration::from_secs(20);

/// Bound, not yet served.
pub(crate) struct Listeners {
    pub(crate) http: TcpListener,
    pub(crate) https: Option<TcpListener>,
    pub(crate) gateway: TcpListener,
    pub(crate) dns: Option<(UdpSocket, TcpListener)>,
    pub(crate) addresses: Addresses,
}

impl Listeners {
    pub(crate) fn bind(config: &Config) -> Result<Self> {
        let (http, http_address) = bind("http.listen", config.http.listen)?;
        let https = config
            .https
            .listen
            .map(|address| bind("https.listen", address))
            .transpose()?;
        let (gateway, gateway_address) = bind("gateway.listen", config.gateway.listen)?;
        let (https, https_address) = https.unzip();
        let (dns, dns_address) = config.dns.listen.map(bind_both).transpose()?.unzip();
        Ok(Self {
            http,
            https,
            gateway,
            dns,
            addresses: Addresses {
                http: http_address,
                https: https_address,
                gateway: gateway_address,
                dns: dns_address,
            },
        })
    }
}

fn bind(key: &'static str, address: SocketAddr) -> Result<(TcpListener, SocketAddr)> {
    TcpListener::bind(address)
        .and_then(|listener| {
            listener.set_nonblocking(true)?;
            let real = listener.local_addr()?;
            Ok((listener, real))
        })
        .map_err(|source| Error::Listen { key, address, source })
}

/// UDP and TCP at one port. Where any port will do, one that is free for both is looked for.
fn bind_both(address: SocketAddr) -> Result<((UdpSocket, TcpListener), SocketAddr)> {
    const TRIES: usize = 16;
    let mut tries = 0;
    loop {
        let (tcp, real) = bind("dns.listen", address)?;
        let udp = UdpSocket::bind(real).and_then(|udp| udp.set_nonblocking(true).map(|()| udp));
        tries += 1;
        match udp {
            Ok(udp) => return Ok(((udp, tcp), real)),
            Err(_) if address.port() == 0 && tries < TRIES => {}
            Err(source) => {
                return Err(Error::Listen {
                    key: "dns.listen",
                    address,
                    source,
                });
            }
        }
    }
}

/// A door of console and API that is served.
pub(crate) struct Door {
    handle: Handle<SocketAddr>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Door {
    pub(crate) fn http(listener: TcpListener, app: App) -> Result<Self> {
        let handle = Handle::new();
        let service = web::router(app, web::Scheme::Http).into_make_service_with_connect_info::<SocketAddr>();
        let server = axum_server::from_tcp(listener)
            .map_err(Error::system("serve http"))?
            .first_request_timeout(FIRST_REQUEST)
            .handle(handle.clone());
        let task = tokio::spawn(server.serve(service));
        Ok(Self { handle, task })
    }

    pub(crate) fn https(listener: TcpListener, app: App, tls: Arc<ServerConfig>) -> Result<Self> {
        let handle = Handle::new();
        let service =
            web::router(app, web::Scheme::Https).into_make_service_with_connect_info::<SocketAddr>();
        let server = axum_server::from_tcp_rustls(listener, RustlsConfig::from_config(tls))
            .map_err(Error::system("serve https"))?
            .first_request_timeout(FIRST_REQUEST)
            .handle(handle.clone());
        let task = tokio::spawn(server.serve(service));
        Ok(Self { handle, task })
    }

    /// Returns when connections are accepted.
    pub(crate) async fn listening(&self) {
        self.handle.listening().await;
    }

    /// Accepts nobody any more; who is inside has `patience` to be answered.
    pub(crate) async fn close(self, patience: Duration) {
        self.handle.graceful_shutdown(Some(patience));
        match self.task.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "a listener failed"),
            Err(error) => tracing::error!(%error, "a listener failed"),
        }
    }
}
