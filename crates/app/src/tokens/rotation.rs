//! Rotation: a token gets a successor, and goes on beside it for an overlap, so that what uses it can change over.

use jiff::Timestamp;
use mail::Event;
use model::{
    TokenId,
    audit::Action,
    session::Freshness,
    time,
    token::{self, PlainToken},
};
use serde_json::json;
use store::{Tx, tokens, tokens::TokenRow};

use super::{Wish, about, notices};
use crate::{Actor, App, Error, Result, error::Checks};

/// How to rotate. Nothing is required.
#[derive(Debug, Default, Clone)]
pub struct Rotation {
    /// How many seconds the old token goes on: 0 to seven days; one day unless said otherwise.
    pub overlap: Option<i64>,
    /// How many seconds the new token lives; as long as the old one was made for unless said otherwise.
    pub expiration: Option<i64>,
}

/// A token and its successor.
#[derive(Debug)]
pub struct Rotated {
    /// The new token: it has the old one's slot, title, description, scope and networks.
    pub row: TokenRow,
    /// The new token in clear, this once.
    pub plain: PlainToken,
    /// Until when the old one goes on; `None` when it ended at once.
    pub retiring_until: Option<Timestamp>,
}

impl App {
    /// Gives one of the actor's tokens a successor. The old one goes on until its overlap is over, and does not count
    /// against the cap meanwhile. A token that retires is not rotated again, and one token retires from a slot at a
    /// time: a rotation without overlap is always possible.
    pub async fn rotate_token(&self, actor: &Actor, id: TokenId, rotation: Rotation) -> Result<Rotated> {
        self.require_fresh(actor, Freshness::Sensitive)?;
        let now = self.now();
        let mut checks = Checks::default();
        let overlap = checks.take(token::overlap(rotation.overlap));
        let expires_at = checks.take(
            rotation
                .expiration
                .map(|seconds| token::expires_at(now, seconds))
                .transpose(),
        );
        checks.finish()?;

        let mut tx = self.db().begin().await?;
        let user = self.lock_actor(&mut tx, actor).await?;
        self.clear_dead_tokens(&mut tx, &user).await?;
        let old = tokens::find_token_in(&mut tx, user.id, id)
            .await?
            .ok_or(Error::NotFound("token"))?;
        actor.check_version(old.version_id)?;
        let retiring_until = retire(&mut tx, &old, overlap, now).await?;
        let wish = Wish {
            title: old.title.clone(),
            description: old.description.clone(),
            scope: old.scope,
            networks: old.networks.clone(),
            created_at: now,
            expires_at: expires_at.or_else(|| renewed(&old, now)),
        };
        let (row, plain) = self.new_token(&user, old.slot, wish);
        tokens::insert_token(&mut tx, &row).await?;
        let event = Event::TokenRotated {
            token: notices::facts(&row),
            old_until: retiring_until.map(time::for_people),
        };
        self.tell(&mut tx, actor, event).await?;
        let facts = |row: &TokenRow| {
            json!({
                "id": row.id.to_string(),
                "last4": row.last4,
                "expires_at": row.expires_at.map(time::rfc3339_seconds),
            })
        };
        let entry = about(actor, Action::TokenRotate, &old)
            .with("before", facts(&old))
            .with("after", facts(&row))
            .with("retiring_until", json!(retiring_until.map(time::rfc3339_seconds)));
        tx.commit(self.record(actor.origin(), entry)).await?;
        self.wake_workers();
        Ok(Rotated {
            row,
            plain,
            retiring_until,
        })
    }
}

/// Lets `old` go on for `overlap` seconds, at most until its own end, or ends it now; says until when.
async fn retire(tx: &mut Tx, old: &TokenRow, overlap: i64, now: Timestamp) -> Result<Option<Timestamp>> {
    if old.retiring_until.is_some() {
        return Err(Error::conflict(
            "token_retiring",
            "This token is retiring: it has a successor already. Rotate that one.",
        ));
    }
    let until = time::after(now, overlap);
    let until = old.expires_at.map_or(until, |end| end.min(until));
    if until <= now {
        tokens::delete_token(tx, old.user_id, old.id).await?;
        return Ok(None);
    }
    match tokens::retire_token(tx, old.user_id, old.id, until, now).await {
        Err(error) if error.is_duplicate() => Err(Error::conflict(
            "predecessor_retiring",
            "The token before this one is still retiring. End it first, or rotate without overlap.",
        )),
        other => {
            other?;
            Ok(Some(until))
        }
    }
}

/// The end of a successor that lives as long as `old` was made for.
fn renewed(old: &TokenRow, now: Timestamp) -> Option<Timestamp> {
    let end = old.expires_at?;
    let seconds = end.as_second().saturating_sub(old.created_at.as_second());
    Some(time::after(now, seconds))
}
