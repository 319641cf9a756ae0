//! A data directory of its own for each test, and people who log in.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use model::{
    Random, Secret, UserId, WorkspaceId,
    scram::{Verifier, hmac_sha256},
    workspace::DatabaseName,
};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tempfile::TempDir;
use tokio::time::timeout;
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};

use crate::{
    LocalServer, LocalSettings, LocalStatus, WorkspacePlan, account, control::Session, local, place::Place,
    residents::residents,
};

pub(super) const SUPERUSER_PASSWORD: &str = "superuser-password-of-this-test";
const PATIENCE: Duration = Duration::from_secs(90);

/// A data directory that no other user reaches, as `standpipe serve` makes it.
pub(super) struct Home {
    pub(super) settings: LocalSettings,
    pub(super) directory: TempDir,
    pub(super) system: TempDir,
}

impl Home {
    pub(super) fn new() -> Self {
        let (directory, system) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        open_to_all(system.path());
        let data_dir = directory.path().join("standpipe-data");
        let password = Secret::new(SUPERUSER_PASSWORD.to_owned());
        let mut settings = LocalSettings::new(data_dir, password);
        settings.system_dir = system.path().join("standpipe");
        settings.extra = vec![("fsync".into(), "off".into())];
        Self {
            settings,
            directory,
            system,
        }
    }

    /// A data directory that root's PostgreSQL user can reach, too.
    pub(super) fn reachable() -> Self {
        let home = Self::new();
        open_to_all(home.directory.path());
        fs::create_dir(&home.settings.data_dir).unwrap();
        open_to_all(&home.settings.data_dir);
        home
    }

    pub(super) fn place(&self) -> Place {
        Place::find(&self.settings).unwrap()
    }

    pub(super) fn start(&self) -> LocalServer {
        LocalServer::start(self.settings.clone())
    }

    pub(super) async fn ready(&self) -> LocalServer {
        let server = self.start();
        timeout(PATIENCE, server.ready()).await.unwrap().unwrap();
        server
    }

    /// What the start comes to, if not to readiness.
    pub(super) async fn refused(&self) -> LocalStatus {
        let server = self.start();
        let status = timeout(PATIENCE, server.ready()).await.unwrap().unwrap_err();
        server.stop().await;
        status
    }

    pub(super) fn postmaster_pid(&self) -> Pid {
        let text = fs::read_to_string(self.place().data().join("postmaster.pid")).unwrap();
        Pid::from_raw(text.lines().next().unwrap().parse().unwrap()).unwrap()
    }
}

impl Drop for Home {
    /// A test that failed leaves no server behind.
    fn drop(&mut self) {
        let Ok(place) = Place::find(&self.settings) else {
            return;
        };
        for (pid, _) in residents(&place).unwrap_or_default() {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

pub(super) fn open_to_all(directory: &Path) {
    fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).unwrap();
}

pub(super) fn alive(pid: Pid) -> bool {
    test_kill_process(pid).is_ok()
}

/// Polls until `done`, with a limit.
pub(super) async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let waited = timeout(PATIENCE, async {
        while !done() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    assert!(waited.await.is_ok(), "waited in vain: {what}");
}

pub(super) fn socket_directory(server: &LocalServer) -> PathBuf {
    server.socket().unwrap().parent().unwrap().to_owned()
}

/// The superuser's session.
pub(super) async fn superuser(server: &LocalServer, database: &str) -> Session {
    let password = Secret::new(SUPERUSER_PASSWORD.to_owned());
    let control = local::superuser(&socket_directory(server), &password);
    control.open_in(database).await.unwrap()
}

/// Bytes that look random and are the same for the same `seed`.
pub(super) fn seeded(seed: u8) -> Random {
    let calls = AtomicU64::new(0);
    Random::new(move |out| {
        for chunk in out.chunks_mut(32) {
            let call = calls.fetch_add(1, Ordering::Relaxed);
            let hash = hmac_sha256(&[seed], &call.to_be_bytes());
            chunk.iter_mut().zip(hash).for_each(|(slot, byte)| *slot = byte);
        }
    })
}

/// Someone with a workspace.
#[derive(Clone)]
pub(super) struct Person {
    pub(super) plan: WorkspacePlan,
    pub(super) password: String,
}

impl Person {
    /// Different for each `seed`.
    pub(super) fn new(seed: u8) -> Self {
        let random = seeded(seed);
        let now = "2026-11-23T12:00:00Z".parse::<jiff::Timestamp>().unwrap();
        let password = format!("password-{seed}");
        let plan = WorkspacePlan {
            workspace: WorkspaceId::new(now, &random),
            database: DatabaseName::generate(&random),
            owner: UserId::new(now, &random),
            owner_verifier: Verifier::new(&password, &random),
            connections: 60,
        };
        Self { plan, password }
    }

    pub(super) fn database(&self) -> &str {
        self.plan.database.as_str()
    }

    pub(super) async fn log_in(&self, server: &LocalServer) -> Result<Login, tokio_postgres::Error> {
        self.log_in_to(server, self.database()).await
    }

    pub(super) async fn log_in_to(
        &self,
        server: &LocalServer,
        database: &str,
    ) -> Result<Login, tokio_postgres::Error> {
        log_in(server, &self.plan.owner.to_string(), &self.password, database).await
    }
}

pub(super) async fn log_in(
    server: &LocalServer,
    user: &str,
    password: &str,
    database: &str,
) -> Result<Login, tokio_postgres::Error> {
    let (client, connection) = Config::new()
        .host_path(socket_directory(server))
        .port(5432)
        .user(user)
        .password(password)
        .dbname(database)
        .connect(NoTls)
        .await?;
    tokio::spawn(connection);
    Ok(Login(client))
}

/// An open session of someone.
pub(super) struct Login(Client);

impl Login {
    /// The first column of the answer, or the SQLSTATE.
    pub(super) async fn ask(&self, sql: &str) -> Result<Vec<String>, String> {
        let messages = self.0.simple_query(sql).await.map_err(|error| sqlstate(&error))?;
        Ok(messages
            .iter()
            .filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("∅").to_owned()),
                _ => None,
            })
            .collect())
    }

    pub(super) fn is_closed(&self) -> bool {
        self.0.is_closed()
    }
}

pub(super) fn sqlstate(error: &tokio_postgres::Error) -> String {
    error
        .code()
        .map_or_else(|| error.to_string(), |code| code.code().to_owned())
}

/// What PostgreSQL is run as where we are root.
pub(super) fn account() -> Option<account::Account> {
    account::is_root().then(|| account::Account::unprivileged().unwrap())
}
