//! Avatars from the web: asked for by a person, fetched once by a worker of its own, so that nobody else waits for a
//! slow server.

use std::time::Duration;

use model::{
    ProcessId,
    audit::Action,
    process::{ProcessState, ProcessType},
    time,
};
use serde::{Deserialize, Serialize};
use store::{
    Unrecorded,
    processes::{self, ProcessRow},
    users,
};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{SUPERSEDED, lock, place};
use crate::{Actor, App, Error, Result, actor};

/// How long a worker may be silent before another takes its fetch: well over what a fetch may take.
const LEASE_SECONDS: i64 = 60;
const IDLE: Duration = Duration::from_secs(2);

/// What a fetch needs to know.
#[derive(Serialize, Deserialize)]
struct FetchWork {
    url: String,
}

/// The address that a process fetches from, if it does.
pub fn fetched_url(process: &ProcessRow) -> Option<String> {
    serde_json::from_str::<FetchWork>(&process.input)
        .ok()
        .map(|work| work.url)
}

impl App {
    /// Asks for the picture at `url` to be fetched, once, by a worker. What was asked for before is not wanted any
    /// more.
    pub(crate) async fn request_avatar_fetch(&self, actor: &Actor, url: &Url) -> Result<ProcessId> {
        let now = self.now();
        let id = ProcessId::new(now, self.random());
        let work = FetchWork { url: url.to_string() };
        let row = ProcessRow {
            id,
            kind: ProcessType::UserAvatarFetch,
            state: ProcessState::Pending,
            state_reason: None,
            user_id: actor.id(),
            workspace_id: None,
            input: serde_json::to_string(&work).map_err(|_| Error::Internal("a process has no input"))?,
            attempts: 0,
            run_after: now,
            created_at: now,
            created_by_id: actor.id(),
            updated_at: now,
            version_id: 1,
        };
        let mut tx = self.db().begin().await?;
        lock(&mut tx, actor).await?;
        processes::supersede_fetches(&mut tx, actor.id(), SUPERSEDED, now).await?;
        processes::insert_process(&mut tx, &row).await?;
        let entry = actor
            .entry(Action::UserAvatarFetch)
            .on(actor.id(), &actor.user.handle)
            .with("from", place(url))
            .with("process_id", id.to_string());
        tx.commit(self.record(actor.origin(), entry)).await?;
        self.wake_workers();
        Ok(id)
    }

    /// Fetches avatars until `shutdown`.
    pub async fn run_avatar_fetches(&self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            let woken = self.0.work.notified();
            match self.run_one_avatar_fetch().await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "avatar worker"),
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = woken => {}
                () = tokio::time::sleep(IDLE) => {}
            }
        }
    }

    /// Runs the fetch that is due longest; false when there is none.
    pub async fn run_one_avatar_fetch(&self) -> Result<bool> {
        let now = self.now();
        let mut tx = self.db().begin().await?;
        let lease = time::after(now, LEASE_SECONDS);
        let Some(row) =
            processes::take_process(&mut tx, now, lease, Some(ProcessType::UserAvatarFetch)).await?
        else {
            return Ok(false);
        };
        tx.commit_unrecorded(Unrecorded::Lease).await?;
        tracing::info!(process.id = %row.id, process.type = row.kind.as_str(), "process started");
        let url = fetched_url(&row).and_then(|url| Url::parse(&url).ok());
        let fetched = match &url {
            Some(url) => self.fetch_picture(url).await,
            None => Err("The address is malformed.".to_owned()),
        };
        self.finish_fetch(&row, url.as_ref(), fetched).await?;
        Ok(true)
    }

    /// The picture at `url`, drawn anew; or why there is none, in words for the person.
    async fn fetch_picture(&self, url: &Url) -> std::result::Result<Vec<u8>, String> {
        let bytes = self
            .0
            .network
            .fetch(url)
            .await
            .map_err(|error| error.to_string())?;
        self.0
            .studio
            .redraw(bytes)
            .await
            .map_err(|refused| refused.to_string())
    }

    /// Writes what came of a fetch, together with the avatar and its record. Of one that was superseded, nothing.
    async fn finish_fetch(
        &self,
        row: &ProcessRow,
        url: Option<&Url>,
        fetched: std::result::Result<Vec<u8>, String>,
    ) -> Result<()> {
        let now = self.now();
        let (state, reason, picture) = match fetched {
            Ok(picture) => (ProcessState::Completed, None, Some(picture)),
            Err(reason) => (ProcessState::Failed, Some(reason), None),
        };
        tracing::info!(process.id = %row.id, state = state.as_str(), reason, "process ended");
        let mut tx = self.db().begin().await?;
        let user = users::lock_user(&mut tx, row.user_id).await?;
        let is_wanted = processes::finish_process(&mut tx, row, state, reason.as_deref(), now, now).await?;
        match (user, picture) {
            (Some(user), Some(picture)) if is_wanted => {
                let origin = actor::system_origin(row.id.to_string());
                let (_, record) = self
                    .store_avatar(&mut tx, &user, picture, url, origin, Some(row.id))
                    .await?;
                Ok(tx.commit(record).await?)
            }
            _ => Ok(tx.commit_unrecorded(Unrecorded::Lease).await?),
        }
    }
}
