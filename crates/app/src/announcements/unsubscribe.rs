//! Wanting no more mails of a category, without signing in: by the link in each of them (RFC 8058).

use model::{
    UserId,
    audit::{Action, AuditEntry, Credential},
    preferences::Category,
};
use store::{preferences, users};
use url::Url;

use crate::{
    App, Error, Peer, Result,
    keys::Purpose,
    preferences::{Preferences, facts},
};

/// What a link says: whose mails of which category. Nobody but Standpipe can make or read one.
const NO_SUCH_LINK: Error = Error::NotFound("mail to unsubscribe from");

impl App {
    /// The link by which `user` says that they want no more mails of `category`. It works for ever.
    pub(super) fn unsubscribe_url(&self, user: UserId, category: Category) -> Result<Url> {
        let plain = format!("{user} {}", category.as_str());
        let sealed = self
            .keys()
            .seal(self.random(), Purpose::Unsubscribe, "", plain.as_bytes())?;
        self.link(&format!(
            "unsubscribe/{}",
            data_encoding::BASE64URL_NOPAD.encode(&sealed)
        ))
    }

    /// The category that a link is about. Nothing is changed.
    pub fn unsubscribe_category(&self, token: &str, peer: &Peer) -> Result<Category> {
        Ok(self.open_unsubscribe(token, peer)?.1)
    }

    /// Ends mails of the link's category to the link's person, and says which. An account that is gone gets none anyway.
    pub async fn unsubscribe(&self, token: &str, peer: &Peer) -> Result<Category> {
        let (user, category) = self.open_unsubscribe(token, peer)?;
        let mut tx = self.db().begin().await?;
        let Some(user) = users::lock_user(&mut tx, user).await? else {
            return Ok(category);
        };
        let before: Preferences = preferences::find_preferences_in(&mut tx, user.id).await?.into();
        let after = before.communication.without(category);
        if after == before.communication {
            return Ok(category);
        }
        preferences::upsert_preferences(&mut tx, user.id, &after, self.now()).await?;
        let entry = AuditEntry::new(Some(user.id), Action::UserPreferencesUpdate)
            .on(user.id, &user.handle)
            .with("before", facts(&before.communication))
            .with("after", facts(&after));
        let origin = peer.origin_of(&user, Credential::Mail);
        tx.commit(self.record(origin, entry)).await?;
        Ok(category)
    }

    fn open_unsubscribe(&self, token: &str, peer: &Peer) -> Result<(UserId, Category)> {
        let read = || {
            let sealed = data_encoding::BASE64URL_NOPAD.decode(token.as_bytes()).ok()?;
            let plain = self.keys().open(Purpose::Unsubscribe, "", &sealed).ok()?;
            let (user, category) = std::str::from_utf8(plain.expose()).ok()?.split_once(' ')?;
            Some((user.parse().ok()?, category.parse().ok()?))
        };
        match read() {
            Some(found) => Ok(found),
            None => {
                self.0.limits.guess(peer.ip)?;
                Err(NO_SUCH_LINK)
            }
        }
    }
}
