//! The account that a command acts in.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Target, api::Api};
use crate::{Error, Result};

/// A signed-in person at a server. Paths name them by id, which outlives a new handle.
pub(super) struct Me {
    pub(super) api: Api,
    pub(super) actor: Actor,
    /// The account, as the server gave it.
    pub(super) raw: Value,
}

/// What of an account is shown.
#[derive(Debug, Deserialize)]
pub(super) struct Actor {
    pub(super) id: String,
    pub(super) handle: String,
    pub(super) display_name: Option<String>,
    pub(super) url: Option<String>,
    pub(super) avatar_url: Option<String>,
    pub(super) created_at: String,
}

impl Me {
    /// Whoever the token belongs to.
    pub(super) async fn at(target: &Target) -> Result<Self> {
        Self::of(Api::signed_in(target)?).await
    }

    pub(super) async fn of(api: Api) -> Result<Self> {
        let raw = api.get(&["actor"], &[]).await?;
        Ok(Self {
            actor: read(&raw)?,
            api,
            raw,
        })
    }

    /// The path of what is below the account.
    pub(super) fn path<'a>(&'a self, below: &[&'a str]) -> Vec<&'a str> {
        [&["user", self.actor.id.as_str()], below].concat()
    }
}

/// A value of the API as what a command knows of it.
pub(super) fn read<T: DeserializeOwned>(value: &Value) -> Result<T> {
    T::deserialize(value).map_err(|error| {
        Error::Refused(format!(
            "the server answered something unexpected ({error}); is it of another version?"
        ))
    })
}
