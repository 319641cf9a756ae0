//! Avatars: uploaded, fetched from the web by a worker, or reset to the generated picture. What is kept is always a
//! picture that we drew ourselves.

mod fetch;

use model::{
    ProcessId, UserId,
    audit::{Action, AuditEntry, Origin},
    process::ProcessState,
};
use store::{
    NewAuditRecord, Tx, avatars,
    avatars::{AvatarOrigin, AvatarRow},
    processes,
    processes::ProcessRow,
    users,
    users::UserRow,
};
use url::Url;

use crate::{Actor, App, Error, Result};

pub use fetch::fetched_url;
pub use pictures::{CONTENT_TYPE, MAX_BYTES, Refused};

/// Why a fetch ended that the person does not want any more.
pub const SUPERSEDED: &str = "Another avatar was chosen meanwhile.";

/// Leave to upload one picture. It is asked for before the picture is read.
#[derive(Debug)]
pub struct Upload(());

/// What is known of an account's avatar, for its own page.
#[derive(Debug, Clone)]
pub struct AvatarState {
    /// Where the stored one comes from; `None` while the account has the generated one.
    pub stored: Option<AvatarOrigin>,
    /// The fetch that was asked for last, if what it came to is still news.
    pub fetch: Option<ProcessRow>,
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        Self::invalid("avatar", refused.to_string())
    }
}

impl App {
    /// Where the avatar of `user` is: an address of our own, whatever it was made from.
    pub fn avatar_url(&self, user: &UserRow) -> String {
        let origin = self.settings().public_url.as_str().trim_end_matches('/');
        format!("{origin}{}", avatar_path(user.id, user.avatar_version))
    }

    /// The stored avatar of `user`; anyone may see it.
    pub async fn find_avatar(&self, user: UserId) -> Result<Option<AvatarRow>> {
        Ok(avatars::find_avatar(self.db(), user).await?)
    }

    /// What the actor's own page says of their avatar.
    pub async fn avatar_state(&self, actor: &Actor) -> Result<AvatarState> {
        let stored = avatars::find_avatar_origin(self.db(), actor.id()).await?;
        let fetch = processes::find_last_fetch(self.db(), actor.id()).await?;
        let is_news = |row: &ProcessRow| match row.state {
            ProcessState::Pending | ProcessState::Running => true,
            ProcessState::Completed => false,
            ProcessState::Failed => {
                row.state_reason.as_deref() != Some(SUPERSEDED)
                    && actor.user.updated_at.is_none_or(|at| at < row.updated_at)
            }
        };
        Ok(AvatarState {
            stored,
            fetch: fetch.filter(is_news),
        })
    }

    /// Leave for the actor to upload a picture; not more often than the limit allows.
    pub fn begin_avatar_upload(&self, actor: &Actor) -> Result<Upload> {
        self.0.limits.avatar(actor.id())?;
        Ok(Upload(()))
    }

    /// Stores the picture in `bytes` as the actor's avatar, drawn anew.
    pub async fn upload_avatar(&self, actor: &Actor, _leave: Upload, bytes: Vec<u8>) -> Result<UserRow> {
        let picture = self.0.studio.redraw(bytes).await?;
        let mut tx = self.db().begin().await?;
        let before = lock(&mut tx, actor).await?;
        processes::supersede_fetches(&mut tx, before.id, SUPERSEDED, self.now()).await?;
        let (after, record) = self
            .store_avatar(&mut tx, &before, picture, None, actor.origin(), None)
            .await?;
        tx.commit(record).await?;
        Ok(after)
    }

    /// Back to the generated picture; a fetch that is under way ends. Where there is neither, nothing changes.
    pub async fn reset_avatar(&self, actor: &Actor) -> Result<UserRow> {
        let now = self.now();
        let mut tx = self.db().begin().await?;
        let before = lock(&mut tx, actor).await?;
        let ended = processes::supersede_fetches(&mut tx, before.id, SUPERSEDED, now).await?;
        let is_gone = avatars::delete_avatar(&mut tx, before.id).await?;
        if !is_gone && ended == 0 {
            return Ok(before);
        }
        users::update_avatar_version(&mut tx, before.id, None, now).await?;
        let entry = actor
            .entry(Action::UserAvatarDelete)
            .on(before.id, &before.handle)
            .with("version", before.avatar_version);
        tx.commit(self.record(actor.origin(), entry)).await?;
        Ok(changed(before, None, now))
    }

    /// Writes `picture` as the avatar of `before`, whose row the transaction has locked.
    async fn store_avatar(
        &self,
        tx: &mut Tx,
        before: &UserRow,
        picture: Vec<u8>,
        source: Option<&Url>,
        origin: Origin,
        process: Option<ProcessId>,
    ) -> Result<(UserRow, NewAuditRecord)> {
        let now = self.now();
        let version = before.version_id + 1;
        let bytes = i64::try_from(picture.len()).unwrap_or(i64::MAX);
        let row = AvatarRow {
            user_id: before.id,
            version,
            picture,
            source_url: source.map(Url::to_string),
            created_at: now,
        };
        avatars::upsert_avatar(tx, &row).await?;
        users::update_avatar_version(tx, before.id, Some(version), now).await?;
        let mut entry = AuditEntry::new(Some(before.id), Action::UserAvatarCreate)
            .on(before.id, &before.handle)
            .with("before", before.avatar_version)
            .with("after", version)
            .with("bytes", bytes);
        if let Some(url) = source {
            entry = entry.with("from", place(url));
        }
        if let Some(process) = process {
            entry = entry.with("process_id", process.to_string());
        }
        Ok((
            changed(before.clone(), Some(version), now),
            self.record(origin, entry),
        ))
    }
}

/// The path of an avatar. The generated picture has no version.
pub fn avatar_path(user: UserId, version: Option<i64>) -> String {
    match version {
        Some(version) => format!("/api/v0/identity/{user}/avatar?v={version}"),
        None => format!("/api/v0/identity/{user}/avatar"),
    }
}

/// Where `url` leads, without what may be a secret in it.
fn place(url: &Url) -> String {
    format!("{}{}", url.host_str().unwrap_or_default(), url.path())
}

async fn lock(tx: &mut Tx, actor: &Actor) -> Result<UserRow> {
    let user = users::lock_user(tx, actor.id())
        .await?
        .ok_or(Error::NotFound("user"))?;
    actor.check_version(user.version_id)?;
    Ok(user)
}

fn changed(user: UserRow, avatar_version: Option<i64>, now: jiff::Timestamp) -> UserRow {
    UserRow {
        avatar_version,
        updated_at: Some(now),
        version_id: user.version_id + 1,
        ..user
    }
}
