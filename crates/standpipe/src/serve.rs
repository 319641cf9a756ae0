//! A running Standpipe: everything wired together, from the first file to the last connection.

use std::{fs::File, path::PathBuf, sync::Arc, time::Duration};

use app::{App, Backends, LocalServer, LocalSettings, Network};
use dns::Dns;
use gateway::Gateway;
use model::{Clock, Random};
use store::Db;
use tokio::{sync::Notify, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    Addresses, Config, Error, Result,
    data_dir::DataDir,
    housekeeping,
    listeners::{Door, Listeners},
    open::Opened,
    tls::{self, Certificate},
};

/// How long requests that are under way may go on when the server stops.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the process, or a test, hands in.
#[derive(Clone)]
pub struct Environment {
    /// The time.
    pub clock: Clock,
    /// Randomness.
    pub random: Random,
    /// Told of each sign-in link that has no mail server to go by.
    pub on_link: Arc<dyn Fn(&str) + Send + Sync>,
    /// The directories of `PATH`, where PostgreSQL is looked for.
    pub search_path: Vec<PathBuf>,
    /// The user's own directory for sockets.
    pub runtime_dir: Option<PathBuf>,
    /// Where avatars are fetched from.
    pub network: Network,
}

/// A Standpipe that accepts at all its doors.
pub struct Server {
    addresses: Addresses,
    app: App,
    db: Db,
    data_dir: DataDir,
    local: Option<LocalServer>,
    doors: Vec<Door>,
    stopping: CancellationToken,
    notice: Duration,
    reload: Arc<Notify>,
    workers: Vec<JoinHandle<()>>,
    gateway: JoinHandle<()>,
    _lock: File,
}

impl Server {
    /// Opens everything and starts to serve; returns when all listeners accept. The private PostgreSQL may take some
    /// seconds more: work in it waits, and clients that connect meanwhile are told to come again (57P03).
    pub async fn start(config: &Config, environment: Environment) -> Result<Self> {
        let data_dir = DataDir::open(&config.data_dir)?;
        let lock = data_dir.lock()?;
        let listeners = Listeners::bind(config)?;
        let addresses = listeners.addresses;
        let opened = Opened::open(config, &environment).await?;
        let public_url = config.public_url(addresses.http)?;
        let host = public_url.host_str().unwrap_or("localhost");
        let certificate = Certificate::load(config, &data_dir, host, environment.clock.now())?;
        let has_local = app::has_local_workspaces(&opened.db).await?;
        let local = match config.runs_postgres(has_local) {
            true => Some(LocalServer::start(
                local_settings(config, &environment, &opened).await?,
            )),
            false => None,
        };
        let db = opened.db.clone();
        let backends = Backends {
            local: local.clone(),
            server: config.workspaces_server()?,
        };
        let app = opened.app(config, &environment, &addresses, backends)?;
        app.recover_events()?;
        if !config.shares_store() {
            app.recover_processes().await?;
        }

        let stopping = CancellationToken::new();
        let names = listeners
            .dns
            .map(|sockets| serve_names(config, &app, addresses, sockets, stopping.clone()));
        let names = names.transpose()?;
        let gateway = serve_gateway(config, &app, listeners.gateway, &certificate, stopping.clone())?;
        let mut doors = vec![Door::http(listeners.http, app.clone())?];
        if let Some(listener) = listeners.https {
            let tls = tls::https_config(certificate.shared())?;
            doors.push(Door::https(listener, app.clone(), tls)?);
        }
        for door in &doors {
            door.listening().await;
        }
        data_dir.write_addresses(&addresses)?;
        let reload = Arc::new(Notify::new());
        let mut workers = workers(
            &app,
            environment.clock,
            &data_dir,
            (certificate, reload.clone()),
            &stopping,
        );
        workers.extend(names);
        tracing::info!(http = %addresses.http, https = ?addresses.https, gateway = %addresses.gateway, dns = ?addresses.dns, "listening");
        Ok(Self {
            addresses,
            app,
            db,
            data_dir,
            local,
            doors,
            stopping,
            notice: Duration::from_secs(config.gateway.notice_seconds.into()),
            reload,
            workers,
            gateway,
            _lock: lock,
        })
    }

    /// Where it is reached.
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// The application behind the doors.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Reads the operator's certificate again. Who is connected stays so, under the certificate that they were shown.
    pub fn reload_certificate(&self) {
        self.reload.notify_one();
    }

    /// Stops in order: says that it is not ready, accepts nobody, lets requests and statements that are under way end,
    /// writes what is only in memory, stops PostgreSQL, closes the store.
    pub async fn stop(self) {
        tracing::info!("stopping");
        self.app.announce_stop();
        tokio::time::sleep(self.notice).await;
        self.data_dir.remove_addresses();
        self.stopping.cancel();
        for door in self.doors {
            door.close(PATIENCE).await;
        }
        for task in self.workers.into_iter().chain([self.gateway]) {
            if let Err(error) = task.await {
                tracing::error!(%error, "a worker failed");
            }
        }
        if let Err(error) = self.app.flush_last_use().await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "last uses are not written"
            );
        }
        if let Err(error) = self.app.flush_events().await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "events wait in the journal for the next start"
            );
        }
        if let Err(error) = self.app.flush_db_log().await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "ended connections are not written"
            );
        }
        if let Some(local) = &self.local {
            local.stop().await;
        }
        // What is not written by now was never acknowledged.
        if tokio::time::timeout(PATIENCE, self.db.close()).await.is_err() {
            tracing::warn!("the account store does not close");
        }
        tracing::info!("stopped");
    }
}

async fn local_settings(
    config: &Config,
    environment: &Environment,
    opened: &Opened,
) -> Result<LocalSettings> {
    let password = opened.superuser_password(environment).await?;
    let workspaces = &config.workspaces;
    Ok(LocalSettings {
        binaries: workspaces.binaries.clone(),
        extra: workspaces.postgres.clone().into_iter().collect(),
        search_path: environment.search_path.clone(),
        runtime_dir: environment.runtime_dir.clone(),
        system_dir: workspaces.system_dir.clone(),
        ..LocalSettings::new(opened.data_dir.path().to_owned(), password)
    })
}

fn serve_gateway(
    config: &Config,
    app: &App,
    listener: std::net::TcpListener,
    certificate: &Certificate,
    stopping: CancellationToken,
) -> Result<JoinHandle<()>> {
    let listener = tokio::net::TcpListener::from_std(listener).map_err(Error::system("serve the gateway"))?;
    let gateway = Gateway::new(app.clone(), config.gateway_settings(), certificate.shared());
    Ok(tokio::spawn(gateway.serve(listener, stopping)))
}

fn serve_names(
    config: &Config,
    app: &App,
    addresses: Addresses,
    (udp, tcp): (std::net::UdpSocket, std::net::TcpListener),
    stopping: CancellationToken,
) -> Result<JoinHandle<()>> {
    let failed = || Error::system("serve names");
    let udp = tokio::net::UdpSocket::from_std(udp).map_err(failed())?;
    let tcp = tokio::net::TcpListener::from_std(tcp).map_err(failed())?;
    let names = Dns::new(app.clone(), &config.dns_settings(addresses.gateway.ip()))
        .map_err(|error| Error::config(format!("dns: {error}")))?;
    Ok(tokio::spawn(names.serve(udp, tcp, stopping)))
}

/// Mails that leave at the same time.
const MAIL_WORKERS: usize = 4;

fn workers(
    app: &App,
    clock: Clock,
    data_dir: &DataDir,
    certificate: (Certificate, Arc<Notify>),
    stopping: &CancellationToken,
) -> Vec<JoinHandle<()>> {
    let [processes, fetches, connections, events, backends] = [(); 5].map(|()| app.clone());
    let [end, fetches_end, end_too, events_end, backends_end] = [(); 5].map(|()| stopping.clone());
    let mails = (0..MAIL_WORKERS).map(|_| {
        let (app, end) = (app.clone(), stopping.clone());
        tokio::spawn(async move { app.deliver_mail(end).await })
    });
    let mut workers: Vec<_> = mails.collect();
    workers.extend([
        tokio::spawn(async move { processes.run_processes(end).await }),
        tokio::spawn(async move { fetches.run_avatar_fetches(fetches_end).await }),
        tokio::spawn(async move { connections.watch_connections(end_too).await }),
        tokio::spawn(async move { events.write_events(events_end).await }),
        tokio::spawn(async move { backends.watch_backends(backends_end).await }),
        tokio::spawn(housekeeping::run(
            app.clone(),
            clock,
            data_dir.clone(),
            certificate,
            stopping.clone(),
        )),
    ]);
    workers
}
