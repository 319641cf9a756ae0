//! Notifications: which mails a person wants.

use jiff::Timestamp;
use model::{
    audit::Action,
    preferences::{Choice, Communication},
};
use serde_json::{Value, json};
use store::{preferences, users};

use crate::{Actor, App, Error, Result, error::Checks};

/// The choices of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preferences {
    /// The choices.
    pub communication: Communication,
    /// When they were last changed; nothing while they are the defaults.
    pub updated_at: Option<Timestamp>,
    /// Counts the changes, from 1.
    pub version_id: i64,
}

/// What to change; `None` leaves a choice as it is.
#[derive(Debug, Default, Clone)]
pub struct PreferencesUpdate {
    /// Community information and events.
    pub community_updates: Option<String>,
    /// Product updates.
    pub product_updates: Option<String>,
    /// Tips and tricks.
    pub tips_and_tricks: Option<String>,
}

impl From<Option<preferences::PreferencesRow>> for Preferences {
    fn from(row: Option<preferences::PreferencesRow>) -> Self {
        match row {
            Some(row) => Self {
                communication: row.communication,
                updated_at: Some(row.updated_at),
                version_id: row.version_id,
            },
            None => Self {
                communication: Communication::default(),
                updated_at: None,
                version_id: 1,
            },
        }
    }
}

impl App {
    /// The actor's choices.
    pub async fn get_preferences(&self, actor: &Actor) -> Result<Preferences> {
        Ok(preferences::find_preferences(self.db(), actor.id()).await?.into())
    }

    /// Changes the actor's choices. What differs in nothing is no change: no new version, no record.
    pub async fn update_preferences(&self, actor: &Actor, update: PreferencesUpdate) -> Result<Preferences> {
        let mut checks = Checks::default();
        let mut choice = |field: &'static str, text: Option<String>| {
            checks.take(
                text.map(|text| text.parse::<Choice>())
                    .transpose()
                    .map_err(|mut invalid| {
                        invalid.field = field;
                        invalid
                    }),
            )
        };
        let community = choice("communication_community_updates", update.community_updates);
        let product = choice("communication_product_updates", update.product_updates);
        let tips = choice("communication_tips_and_tricks", update.tips_and_tricks);
        checks.finish()?;

        let mut tx = self.db().begin().await?;
        users::lock_user(&mut tx, actor.id())
            .await?
            .ok_or(Error::NotFound("user"))?;
        let before: Preferences = preferences::find_preferences_in(&mut tx, actor.id())
            .await?
            .into();
        actor.check_version(before.version_id)?;
        let after = Communication {
            community_updates: community.unwrap_or(before.communication.community_updates),
            product_updates: product.unwrap_or(before.communication.product_updates),
            tips_and_tricks: tips.unwrap_or(before.communication.tips_and_tricks),
        };
        if after == before.communication {
            return Ok(before);
        }
        let now = self.now();
        preferences::upsert_preferences(&mut tx, actor.id(), &after, now).await?;
        let entry = actor
            .entry(Action::UserPreferencesUpdate)
            .on(actor.id(), &actor.user.handle)
            .with("before", facts(&before.communication))
            .with("after", facts(&after));
        tx.commit(self.record(actor.origin(), entry)).await?;
        Ok(Preferences {
            communication: after,
            updated_at: Some(now),
            version_id: before.version_id + 1,
        })
    }
}

pub(crate) fn facts(communication: &Communication) -> Value {
    json!({
        "communication_community_updates": communication.community_updates.as_str(),
        "communication_product_updates": communication.product_updates.as_str(),
        "communication_tips_and_tricks": communication.tips_and_tricks.as_str(),
    })
}
