//! `standpipe serve`.

use tokio::signal::unix::{SignalKind, signal};

use super::{environment, print};
use crate::{Config, Error, Result, Server};

/// Serves until the process is told to end.
pub(super) async fn run(config: &Config) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::system("watch for SIGTERM"))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::system("watch for SIGINT"))?;
    let server = tokio::select! {
        server = Server::start(config, environment()) => server?,
        _ = terminate.recv() => return Ok(()),
        _ = interrupt.recv() => return Ok(()),
    };
    greet(&server).await?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    server.stop().await;
    Ok(())
}

/// What a person at the terminal needs next, and the line that scripts wait for.
async fn greet(server: &Server) -> Result<()> {
    let settings = server.app().settings();
    print("standpipe is ready")?;
    print(&format!("Console: {}", settings.public_url))?;
    if let Some(url) = &settings.https_url {
        print(&format!("Console over TLS: {url}"))?;
    }
    if let Some(path) = &settings.ca_path {
        print(&format!("Certificate authority to trust: {}", path.display()))?;
    }
    if let Some(authority) = server.app().authority().await {
        print(&format!("Its SHA-256 fingerprint: {}", authority.fingerprint))?;
    }
    print(&format!(
        "Gateway for PostgreSQL clients: {}",
        server.addresses().gateway
    ))?;
    if let Some(link) = server.app().first_account_link().await? {
        print(&format!("Create the first account: {link}"))?;
    }
    Ok(())
}
