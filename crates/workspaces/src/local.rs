//! The backend `local`: a private PostgreSQL that Standpipe starts and keeps alive.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use model::Secret;
use tokio::sync::{Mutex, watch};

use crate::{
    BackendAddress, LocalStatus, ManagedServer, ProvisionError,
    cluster::SUPERUSER,
    control::Control,
    place::SOCKET,
    supervisor::{State, Supervisor},
};

/// Where and how the private cluster runs.
#[derive(Debug, Clone)]
pub struct LocalSettings {
    /// Standpipe's own data directory, absolute. Made (0700) if missing.
    pub data_dir: PathBuf,
    /// The superuser's password: random ASCII, kept sealed by the caller before the first start, the same ever after.
    pub superuser_password: Secret<String>,
    /// The operator's choice of a directory with `postgres` and `initdb`; nothing else is then looked at.
    pub binaries: Option<PathBuf>,
    /// Settings of PostgreSQL that win over ours. With `fsync=off` the cluster is made without syncing, too.
    pub extra: Vec<(String, String)>,
    /// The directories of `PATH`.
    pub search_path: Vec<PathBuf>,
    /// Where the socket goes when the data directory's path is too long for one: `$XDG_RUNTIME_DIR`, if set. `/tmp`
    /// is tried next.
    pub runtime_dir: Option<PathBuf>,
    /// Where the cluster goes when Standpipe is root and the user that PostgreSQL runs as cannot reach `data_dir`.
    pub system_dir: PathBuf,
}

impl LocalSettings {
    /// Settings with the usual values for all else.
    pub fn new(data_dir: PathBuf, superuser_password: Secret<String>) -> Self {
        Self {
            data_dir,
            superuser_password,
            binaries: None,
            extra: Vec::new(),
            search_path: Vec::new(),
            runtime_dir: None,
            system_dir: "/var/lib/standpipe".into(),
        }
    }
}

/// The private cluster of this Standpipe. Clones share it. When the last one is dropped, it is stopped in the
/// background; who must know that it is stopped calls [`LocalServer::stop`].
#[derive(Clone)]
pub struct LocalServer(Arc<Inner>);

struct Inner {
    password: Secret<String>,
    state: watch::Receiver<State>,
    stop: watch::Sender<bool>,
    /// One change at a time: PostgreSQL refuses concurrent changes of one role.
    turn: Mutex<()>,
}

impl LocalServer {
    /// Finds binaries, makes or reopens the cluster and supervises it in a background task; returns at once. To be
    /// called on the tokio runtime.
    pub fn start(settings: LocalSettings) -> Self {
        let password = settings.superuser_password.clone();
        let (publish, state) = watch::channel(State::new(LocalStatus::Starting));
        let (stop, asked_to_stop) = watch::channel(false);
        tokio::spawn(Supervisor::new(settings, publish, asked_to_stop).run());
        Self(Arc::new(Inner {
            password,
            state,
            stop,
            turn: Mutex::new(()),
        }))
    }

    /// How it is doing now.
    pub fn status(&self) -> LocalStatus {
        self.0.state.borrow().status.clone()
    }

    /// Waits while it starts; the error says what it came to instead of [`LocalStatus::Ready`].
    pub async fn ready(&self) -> Result<(), LocalStatus> {
        let mut state = self.0.state.clone();
        let known = state
            .wait_for(|state| state.status != LocalStatus::Starting)
            .await;
        match known.map_or(LocalStatus::Stopped, |state| state.status.clone()) {
            LocalStatus::Ready { .. } => Ok(()),
            other => Err(other),
        }
    }

    /// The socket file, while it is ready.
    pub fn socket(&self) -> Option<PathBuf> {
        let directory = self.0.state.borrow().socket_directory.clone();
        directory.map(|directory| directory.join(SOCKET))
    }

    /// Ends all sessions and stops (fast shutdown); returns when the postmaster is gone.
    pub async fn stop(&self) {
        self.0.stop.send_replace(true);
        let mut state = self.0.state.clone();
        // The error is that the supervisor is gone, and that is as good.
        let _ = state.wait_for(|state| state.status == LocalStatus::Stopped).await;
    }

    /// The same, for what is done in it as in any other server.
    pub fn managed(&self) -> ManagedServer {
        ManagedServer::Local(self.clone())
    }

    pub(crate) fn turn(&self) -> &Mutex<()> {
        &self.0.turn
    }

    pub(crate) fn control(&self) -> Result<Control, ProvisionError> {
        let state = self.0.state.borrow();
        match &state.socket_directory {
            Some(directory) => Ok(superuser(directory, &self.0.password)),
            None => Err(ProvisionError::Unavailable(state.status.to_string())),
        }
    }
}

/// How the superuser of the private cluster logs in.
pub(crate) fn superuser(socket_directory: &Path, password: &Secret<String>) -> Control {
    Control {
        address: BackendAddress::Unix(socket_directory.join(SOCKET)),
        role: SUPERUSER.to_owned(),
        password: password.clone(),
        home: "postgres".to_owned(),
        is_superuser: true,
    }
}
