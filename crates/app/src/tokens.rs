//! API tokens: made, listed, switched, deleted; rotated (`rotation`), and ended when they leak (`revocation`).

mod notices;
mod revocation;
mod rotation;

use jiff::Timestamp;
use mail::Event;
use model::{
    TokenId,
    audit::{Action, AuditEntry, Credential},
    networks::Networks,
    scope::Scope,
    session::Freshness,
    time,
    token::{self, PlainToken, TokenKey, TokenStatus},
};
use serde_json::{Value, json};
use store::{Cursor, Page, tokens, tokens::TokenRow, users::UserRow};

use crate::{Actor, App, Error, Result, error::Checks};

pub use revocation::REPORT_MAX;
pub use rotation::{Rotated, Rotation};

/// What a new token should be like. Nothing is required: the contract's clients send no body (§1.5).
#[derive(Debug, Default, Clone)]
pub struct NewToken {
    /// What its owner calls it.
    pub title: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// How far it reaches; `full` unless said otherwise.
    pub scope: Option<String>,
    /// From where it may be used; nothing is anywhere.
    pub networks: Vec<String>,
    /// How many seconds it lives; `None` is for ever.
    pub expiration: Option<i64>,
}

/// What to change; `None` leaves a field as it is, an empty text clears it. A scope stays what it was made with.
#[derive(Debug, Default, Clone)]
pub struct TokenUpdate {
    /// Active or inactive.
    pub status: Option<String>,
    /// The title.
    pub title: Option<String>,
    /// The description.
    pub description: Option<String>,
    /// From where it may be used.
    pub networks: Option<Vec<String>>,
}

/// What is asked of a new token, checked.
struct Wish {
    title: Option<String>,
    description: Option<String>,
    scope: Scope,
    networks: Networks,
    /// When it is made: as of then its end is reckoned.
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
}

impl NewToken {
    fn check(&self, now: Timestamp) -> Result<Wish> {
        let mut checks = Checks::default();
        let wish = Wish {
            title: checks.take(token::title(self.title.as_deref().unwrap_or_default())),
            description: checks.take(token::description(
                self.description.as_deref().unwrap_or_default(),
            )),
            scope: checks.take(self.scope.as_deref().map_or(Ok(Scope::Full), str::parse)),
            networks: checks.take(Networks::of(&self.networks)),
            created_at: now,
            expires_at: checks.take(
                self.expiration
                    .map(|seconds| token::expires_at(now, seconds))
                    .transpose(),
            ),
        };
        checks.finish()?;
        Ok(wish)
    }
}

/// A page of tokens, oldest first.
#[derive(Debug)]
pub struct TokenPage {
    /// The tokens.
    pub tokens: Vec<TokenRow>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
}

impl App {
    /// The actor's tokens.
    pub async fn list_tokens(&self, actor: &Actor, page: Page) -> Result<TokenPage> {
        let mut rows = tokens::list_tokens(self.db(), actor.id(), &page.one_more(), self.now()).await?;
        let next = page.cut(&mut rows, |row| Cursor {
            at: row.created_at,
            id: row.id.to_string(),
        });
        // A token of an earlier epoch is over, whenever its row goes.
        let living = rows
            .into_iter()
            .filter(|row| row.auth_epoch == actor.user.auth_epoch);
        let tokens = living.map(|row| self.with_last_use(row)).collect();
        Ok(TokenPage { tokens, next })
    }

    /// One of the actor's tokens.
    pub async fn get_token(&self, actor: &Actor, id: TokenId) -> Result<TokenRow> {
        let row = tokens::find_token(self.db(), actor.id(), id)
            .await?
            .ok_or(Error::NotFound("token"))?;
        Ok(self.with_last_use(row))
    }

    /// The token that the actor acts with.
    pub async fn get_current_token(&self, actor: &Actor) -> Result<TokenRow> {
        match actor.credential {
            Credential::Token { id, .. } => self.get_token(actor, id).await,
            _ => Err(Error::NotFound("token")),
        }
    }

    /// Makes a token, and gives it in clear: this once and never again.
    ///
    /// An account may have so many (`tokens.per_user`): each takes a numbered slot, and the database lets a slot be
    /// taken once.
    pub async fn create_token(&self, actor: &Actor, new: NewToken) -> Result<(TokenRow, PlainToken)> {
        self.require_fresh(actor, Freshness::Sensitive)?;
        let wish = new.check(self.now())?;
        let mut tx = self.db().begin().await?;
        let user = self.lock_actor(&mut tx, actor).await?;
        let cap = self.settings().tokens_per_user;
        self.clear_dead_tokens(&mut tx, &user).await?;
        let slot = tokens::find_free_slot(&mut tx, user.id, cap)
            .await?
            .ok_or_else(|| cap_reached(cap))?;
        let (row, plain) = self.new_token(&user, slot, wish);
        match tokens::insert_token(&mut tx, &row).await {
            Err(error) if error.is_duplicate() => return Err(cap_reached(cap)),
            other => other?,
        }
        let event = Event::TokenCreated(notices::facts(&row));
        self.tell(&mut tx, actor, event).await?;
        let entry = about(actor, Action::TokenCreate, &row)
            .with("last4", row.last4.clone())
            .with("scope", row.scope.as_str())
            .with("networks", row.networks.texts())
            .with("expires_at", json!(row.expires_at.map(time::rfc3339_seconds)));
        tx.commit(self.record(actor.origin(), entry)).await?;
        self.wake_workers();
        Ok((row, plain))
    }

    /// A token for `user`, not yet written, and its text in clear.
    fn new_token(&self, user: &UserRow, slot: i64, wish: Wish) -> (TokenRow, PlainToken) {
        let id = TokenId::new(wish.created_at, self.random());
        let plain = PlainToken::generate(TokenKey::Api(id), self.random());
        let row = TokenRow {
            id,
            user_id: user.id,
            slot,
            title: wish.title,
            description: wish.description,
            scope: wish.scope,
            networks: wish.networks,
            last4: plain.last4(),
            mac: self.keys().token_mac(plain.expose()),
            auth_epoch: user.auth_epoch,
            status: TokenStatus::Active,
            created_at: wish.created_at,
            updated_at: None,
            expires_at: wish.expires_at,
            retiring_until: None,
            last_used_at: None,
            last_used_ip: None,
            version_id: 1,
            told_days: None,
        };
        (row, plain)
    }

    /// Changes a token's title, description, networks or status. A deactivated token is refused from the answer on.
    pub async fn update_token(&self, actor: &Actor, id: TokenId, update: TokenUpdate) -> Result<TokenRow> {
        let mut checks = Checks::default();
        let status = checks.take(
            update
                .status
                .as_deref()
                .map(str::parse::<TokenStatus>)
                .transpose(),
        );
        let title = checks.take(update.title.as_deref().map(token::title).transpose());
        let description = checks.take(update.description.as_deref().map(token::description).transpose());
        let networks = checks.take(update.networks.as_deref().map(Networks::of).transpose());
        checks.finish()?;

        let mut tx = self.db().begin().await?;
        self.lock_actor(&mut tx, actor).await?;
        let before = tokens::find_token_in(&mut tx, actor.id(), id)
            .await?
            .ok_or(Error::NotFound("token"))?;
        actor.check_version(before.version_id)?;
        let after = TokenRow {
            status: status.unwrap_or(before.status),
            title: title.unwrap_or_else(|| before.title.clone()),
            description: description.unwrap_or_else(|| before.description.clone()),
            networks: networks.unwrap_or_else(|| before.networks.clone()),
            ..before.clone()
        };
        if facts(&before) == facts(&after) {
            return Ok(self.with_last_use(before));
        }
        if before.networks != after.networks {
            // It may open the token to a network that it was made to keep out, as making another one would.
            self.require_fresh(actor, Freshness::Sensitive)?;
        }
        let now = self.now();
        tokens::update_token(&mut tx, &after, now).await?;
        let entry = about(actor, Action::TokenUpdate, &after)
            .with("before", facts(&before))
            .with("after", facts(&after));
        tx.commit(self.record(actor.origin(), entry)).await?;
        Ok(self.with_last_use(TokenRow {
            updated_at: Some(now),
            version_id: before.version_id + 1,
            ..after
        }))
    }

    /// Deletes a token; it is refused from the answer on.
    pub async fn delete_token(&self, actor: &Actor, id: TokenId) -> Result<()> {
        let mut tx = self.db().begin().await?;
        self.lock_actor(&mut tx, actor).await?;
        let row = tokens::find_token_in(&mut tx, actor.id(), id)
            .await?
            .ok_or(Error::NotFound("token"))?;
        actor.check_version(row.version_id)?;
        tokens::delete_token(&mut tx, actor.id(), id).await?;
        let entry = about(actor, Action::TokenDelete, &row)
            .with("last4", row.last4.clone())
            .with("state", row.state(self.now()).as_str());
        Ok(tx.commit(self.record(actor.origin(), entry)).await?)
    }

    /// Ends a token that retires before its overlap is over; one that does not retire is not touched.
    pub async fn end_retiring_token(&self, actor: &Actor, id: TokenId) -> Result<TokenRow> {
        let row = self.get_token(actor, id).await?;
        if row.retiring_until.is_none() {
            return Err(Error::conflict(
                "token_not_retiring",
                "This token does not retire. Delete it to end it.",
            ));
        }
        self.delete_token(actor, id).await?;
        Ok(row)
    }

    /// Ends the credential that the actor acts with, whatever it may do otherwise.
    pub async fn end_current_credential(&self, actor: &Actor) -> Result<()> {
        match actor.credential {
            Credential::Token { id, .. } => self.delete_token(actor, id).await,
            _ => self.sign_out(actor).await,
        }
    }

    /// The row with what memory knows of its last use.
    fn with_last_use(&self, mut row: TokenRow) -> TokenRow {
        if let Some((at, ip)) = self.0.last_use.of_token(row.id) {
            row.last_used_at = Some(at);
            row.last_used_ip = Some(ip.to_string());
        }
        row
    }
}

/// What a person can change of a token, for the record.
fn facts(row: &TokenRow) -> Value {
    json!({
        "status": row.status.as_str(),
        "title": row.title,
        "description": row.description,
        "networks": row.networks.texts(),
    })
}

fn about(actor: &Actor, action: Action, row: &TokenRow) -> AuditEntry {
    actor.entry(action).on(row.id, row.name())
}

fn cap_reached(cap: i64) -> Error {
    Error::conflict(
        "token_limit_reached",
        format!("You have {cap} of {cap} tokens. Delete one to make another."),
    )
}
