//! Keeping one postmaster alive: the loop behind [`crate::LocalServer`].

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    time::{Instant, sleep},
};
use tokio_postgres::error::SqlState;
use tracing::{info, warn};

use crate::{
    LocalSettings, LocalStatus,
    cluster::Prepared,
    control::{Control, OpenError},
    local::superuser,
    lock::Lock,
    postmaster::Postmaster,
    provision, residents,
};

const READY_POLL: Duration = Duration::from_millis(50);
/// What an operator must change is looked at again this often.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
const FIRST_BACKOFF: Duration = Duration::from_millis(250);
/// A run this long was a good one: the next failure begins anew.
const GOOD_RUN: Duration = Duration::from_secs(60);

/// What is published of the cluster.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) status: LocalStatus,
    /// Where the socket is; only while ready.
    pub(crate) socket_directory: Option<PathBuf>,
}

impl State {
    pub(crate) fn new(status: LocalStatus) -> Self {
        Self {
            status,
            socket_directory: None,
        }
    }
}

/// How an attempt ended.
enum Ended {
    /// As asked.
    Stopped,
    /// Another attempt is due; this is why.
    Trouble(LocalStatus),
    /// It ran, and died.
    Died(String),
}

pub(crate) struct Supervisor {
    settings: Arc<LocalSettings>,
    publish: watch::Sender<State>,
    stop: watch::Receiver<bool>,
    /// Held from the first attempt to the end, so that no other Standpipe touches the cluster meanwhile.
    lock: Option<Lock>,
}

impl Supervisor {
    pub(crate) fn new(
        settings: LocalSettings,
        publish: watch::Sender<State>,
        stop: watch::Receiver<bool>,
    ) -> Self {
        Self {
            settings: Arc::new(settings),
            publish,
            stop,
            lock: None,
        }
    }

    /// Until asked to stop, or until nobody is left who could ask.
    pub(crate) async fn run(mut self) {
        let mut backoff = FIRST_BACKOFF;
        loop {
            let began = Instant::now();
            let pause = match self.attempt().await {
                Ended::Stopped => break,
                Ended::Died(how) => {
                    warn!(how, "PostgreSQL is gone; starting it again");
                    self.publish(LocalStatus::Starting);
                    backoff
                }
                Ended::Trouble(status) => {
                    let pause = match status {
                        LocalStatus::Failed { .. } => backoff,
                        _ => LOOK_AGAIN,
                    };
                    self.publish(status);
                    pause
                }
            };
            backoff = if began.elapsed() > GOOD_RUN {
                FIRST_BACKOFF
            } else {
                LOOK_AGAIN.min(backoff * 2)
            };
            tokio::select! {
                () = asked(&mut self.stop) => break,
                () = sleep(pause) => {}
            }
        }
        self.lock = None;
        self.publish(LocalStatus::Stopped);
    }

    async fn attempt(&mut self) -> Ended {
        let mut stop = self.stop.clone();
        let locked = tokio::select! {
            () = asked(&mut stop) => return Ended::Stopped,
            locked = self.take_lock() => locked,
        };
        if let Err(reason) = locked {
            return Ended::Trouble(failed(reason));
        }
        // This is waited for also when asked to stop: the lock must not go before it is done.
        let settings = Arc::clone(&self.settings);
        let prepared = match tokio::task::spawn_blocking(move || Prepared::new(&settings)).await {
            Ok(Ok(prepared)) => prepared,
            Ok(Err(status)) => return Ended::Trouble(status),
            Err(error) => return Ended::Trouble(failed(error.to_string())),
        };
        let alone = tokio::select! {
            () = asked(&mut stop) => return Ended::Stopped,
            alone = residents::end(&prepared) => alone,
        };
        match alone {
            Ok(()) => self.serve(&prepared).await,
            Err(reason) => Ended::Trouble(failed(reason)),
        }
    }

    async fn take_lock(&mut self) -> Result<(), String> {
        if self.lock.is_none() {
            self.lock = Some(Lock::take(&self.settings.data_dir).await?);
        }
        Ok(())
    }

    async fn serve(&mut self, prepared: &Prepared) -> Ended {
        let mut postmaster = match Postmaster::start(&self.settings, prepared) {
            Ok(postmaster) => postmaster,
            Err(reason) => return Ended::Trouble(failed(reason)),
        };
        let control = superuser(&prepared.socket_directory, &self.settings.superuser_password);
        let opened = tokio::select! {
            opened = open(&control) => opened,
            how = postmaster.ended() => return Ended::Trouble(failed(explain(&how, prepared))),
            () = asked(&mut self.stop) => {
                stop(&mut postmaster, prepared).await;
                return Ended::Stopped;
            }
        };
        if let Err(reason) = opened {
            stop(&mut postmaster, prepared).await;
            return Ended::Trouble(failed(reason));
        }
        self.publish_ready(prepared);
        tokio::select! {
            how = postmaster.ended() => Ended::Died(explain(&how, prepared)),
            () = asked(&mut self.stop) => {
                stop(&mut postmaster, prepared).await;
                Ended::Stopped
            }
        }
    }

    fn publish_ready(&self, prepared: &Prepared) {
        let place = &prepared.place;
        let run_as = place.account.as_ref().map(|account| account.name.clone());
        info!(
            version = prepared.binaries.version,
            location = %place.data().display(),
            socket = %prepared.socket_directory.display(),
            log = %place.log().display(),
            run_as,
            "the private PostgreSQL is ready"
        );
        self.publish.send_replace(State {
            status: LocalStatus::Ready {
                version: prepared.binaries.version.clone(),
                location: place.data(),
                run_as,
            },
            socket_directory: Some(prepared.socket_directory.clone()),
        });
    }

    fn publish(&self, status: LocalStatus) {
        let told_before = self.publish.borrow().status == status;
        if !told_before && !matches!(status, LocalStatus::Starting | LocalStatus::Stopped) {
            warn!("{status}");
        }
        self.publish.send_replace(State::new(status));
    }
}

/// Stops the postmaster and waits for the last of its processes: its logger outlives it until the log is written.
async fn stop(postmaster: &mut Postmaster, prepared: &Prepared) {
    postmaster.stop().await;
    if let Err(reason) = residents::end(prepared).await {
        warn!(reason, "PostgreSQL has stopped, but not all of its processes");
    }
}

fn failed(reason: String) -> LocalStatus {
    LocalStatus::Failed { reason }
}

fn explain(how: &str, prepared: &Prepared) -> String {
    format!("{how} (its log is in {})", prepared.place.log().display())
}

/// Waits until it takes the superuser's sessions, and sees to what holds for the whole cluster.
async fn open(control: &Control) -> Result<(), String> {
    loop {
        match control.open().await {
            Ok(session) => {
                return provision::secure(&session)
                    .await
                    .map_err(|error| error.to_string());
            }
            Err(OpenError::Postgres(error)) if error.code() == Some(&SqlState::INVALID_PASSWORD) => {
                return Err(
                    "the cluster does not know Standpipe's password: it belongs to another account store"
                        .into(),
                );
            }
            Err(_) => sleep(READY_POLL).await,
        }
    }
}

async fn asked(stop: &mut watch::Receiver<bool>) {
    // The error is that nobody is left who could ask.
    let _ = stop.wait_for(|stop| *stop).await;
}
