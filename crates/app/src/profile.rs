//! The profile: display name and URL; where the avatar is to be fetched from comes with it.

use model::{audit::Action, profile, version::Expected};
use serde_json::{Map, Value, json};
use store::{users, users::UserRow};
use url::Url;

use crate::{Actor, App, Error, Result, error::Checks};

/// What to change; `None` leaves a field as it is, an empty text clears it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct ProfileUpdate {
    /// The display name.
    pub display_name: Option<String>,
    /// The home page.
    pub url: Option<String>,
    /// Where the avatar is to be fetched from. Empty resets it; the address that it has here changes nothing.
    pub avatar_url: Option<String>,
}

/// The fields of a profile that hold to the rules; the outer `None` leaves a field as it is.
type Fields = (
    Option<Option<String>>,
    Option<Option<String>>,
    Option<Option<Url>>,
);

impl ProfileUpdate {
    /// Display name, home page and avatar, or every broken rule.
    fn check(&self) -> Result<Fields> {
        let mut checks = Checks::default();
        let name = self.display_name.as_deref();
        let display_name = checks.take(name.map(profile::display_name).transpose());
        let url = checks.take(self.url.as_deref().map(profile::home_url).transpose());
        let avatar_url = checks.take(self.avatar_url.as_deref().map(profile::avatar_url).transpose());
        checks.finish()?;
        Ok((display_name, url, avatar_url))
    }
}

impl App {
    /// Changes handle and profile in one call, each in its own transaction: nothing is changed when the handle cannot be.
    pub async fn update_user(
        &self,
        actor: &Actor,
        handle: Option<&str>,
        update: ProfileUpdate,
    ) -> Result<UserRow> {
        let update = self.without_own_avatar(actor, update);
        update.check()?;
        let Some(handle) = handle.filter(|handle| *handle != actor.user.handle.as_str()) else {
            return self.update_profile(actor, update).await;
        };
        let user = self.update_handle(actor, handle).await?;
        // The version was right before the handle changed; by that it is another.
        let renamed = Actor {
            user,
            expected: Expected::Anything,
            ..actor.clone()
        };
        self.update_profile(&renamed, update).await
    }

    /// Changes the actor's profile. Nothing that differs is no change: no new version, no record. A new avatar comes
    /// later, by a process.
    pub async fn update_profile(&self, actor: &Actor, update: ProfileUpdate) -> Result<UserRow> {
        let (display_name, url, avatar_url) = self.without_own_avatar(actor, update).check()?;
        if let Some(Some(_)) = avatar_url {
            self.0.limits.avatar(actor.id())?;
        }
        let user = self.write_profile(actor, display_name, url).await?;
        let actor = &actor.clone().expecting(Expected::Anything);
        match avatar_url {
            Some(Some(url)) => self.request_avatar_fetch(actor, &url).await.map(|_| user),
            Some(None) => self.reset_avatar(actor).await,
            None => Ok(user),
        }
    }

    /// A client that sends back the whole account as it got it wants no other avatar.
    fn without_own_avatar(&self, actor: &Actor, mut update: ProfileUpdate) -> ProfileUpdate {
        let ours = self.avatar_url(&actor.user);
        update.avatar_url = update.avatar_url.filter(|url| *url != ours);
        update
    }

    async fn write_profile(
        &self,
        actor: &Actor,
        display_name: Option<Option<String>>,
        url: Option<Option<String>>,
    ) -> Result<UserRow> {
        let mut tx = self.db().begin().await?;
        let before = users::lock_user(&mut tx, actor.id())
            .await?
            .ok_or(Error::NotFound("user"))?;
        actor.check_version(before.version_id)?;
        let after = UserRow {
            display_name: display_name.unwrap_or_else(|| before.display_name.clone()),
            url: url.unwrap_or_else(|| before.url.clone()),
            ..before.clone()
        };
        if after == before {
            return Ok(before);
        }
        let now = self.now();
        users::update_profile(&mut tx, &after, now).await?;
        let (old, new) = differences(&before, &after);
        let entry = actor
            .entry(Action::UserUpdate)
            .on(after.id, &after.handle)
            .with("before", old)
            .with("after", new);
        tx.commit(self.record(actor.origin(), entry)).await?;
        Ok(UserRow {
            updated_at: Some(now),
            version_id: before.version_id + 1,
            ..after
        })
    }
}

/// The fields that differ, before and after.
fn differences(before: &UserRow, after: &UserRow) -> (Map<String, Value>, Map<String, Value>) {
    let fields = |user: &UserRow| {
        [
            ("display_name", user.display_name.clone()),
            ("url", user.url.clone()),
        ]
    };
    let (mut old, mut new) = (Map::new(), Map::new());
    for ((name, was), (_, is)) in fields(before).into_iter().zip(fields(after)) {
        if was != is {
            old.insert(name.to_owned(), json!(was));
            new.insert(name.to_owned(), json!(is));
        }
    }
    (old, new)
}
