//! `standpipe serve`.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

use super::{environment, print};
use crate::{Config, Error, Result, Server};

/// Takes as many descriptors as it may: each connection through the gateway needs two, and what a shell gives at first is
/// often no more than 1024. Where that is refused, what there is must do.
fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    let all = Rlimit {
        current: limit.maximum,
        ..limit
    };
    if setrlimit(Resource::Nofile, all).is_err() {
        tracing::debug!("the limit of open files stays as it is");
    }
}

/// Serves until the process is told to end; a hang-up has it read its certificate again.
pub(super) async fn run(config: &Config) -> Result<()> {
    raise_descriptor_limit();
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::system("watch for SIGTERM"))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::system("watch for SIGINT"))?;
    let mut hang_up = signal(SignalKind::hangup()).map_err(Error::system("watch for SIGHUP"))?;
    let server = tokio::select! {
        server = Server::start(config, environment()) => server?,
        _ = terminate.recv() => return Ok(()),
        _ = interrupt.recv() => return Ok(()),
    };
    greet(&server).await?;
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hang_up.recv() => server.reload_certificate(),
        }
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
    if let Some(address) = server.addresses().dns {
        print(&format!("Name server for {}: {address}", settings.gateway_domain))?;
    }
    if let Some(link) = server.app().first_account_link().await? {
        print(&format!("Create the first account: {link}"))?;
    }
    Ok(())
}
