//! API tokens: made, listed, switched, deleted.

use model::{
    TokenId,
    audit::{Action, AuditEntry},
    session::Freshness,
    time,
    token::{self, PlainToken, TokenKey, TokenStatus},
};
use serde_json::json;
use store::{Cursor, Page, tokens, tokens::TokenRow, users};

use crate::{Actor, App, Error, Result, error::Checks};

/// What a new token should be like. Nothing is required: the contract's clients send no body (§1.5).
#[derive(Debug, Default, Clone)]
pub struct NewToken {
    /// What its owner calls it.
    pub title: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// How many seconds it lives; `None` is for ever.
    pub expiration: Option<i64>,
}

/// What to change; `None` leaves a field as it is, an empty text clears it.
#[derive(Debug, Default, Clone)]
pub struct TokenUpdate {
    /// Active or inactive.
    pub status: Option<String>,
    /// The title.
    pub title: Option<String>,
    /// The description.
    pub description: Option<String>,
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
        let mut rows = tokens::list_tokens(self.db(), actor.id(), &page.one_more()).await?;
        let next = page.cut(&mut rows, |row| Cursor {
            at: row.created_at,
            id: row.id.to_string(),
        });
        let tokens = rows.into_iter().map(|row| self.with_last_use(row)).collect();
        Ok(TokenPage { tokens, next })
    }

    /// One of the actor's tokens.
    pub async fn get_token(&self, actor: &Actor, id: TokenId) -> Result<TokenRow> {
        let row = tokens::find_token(self.db(), actor.id(), id)
            .await?
            .ok_or(Error::NotFound("token"))?;
        Ok(self.with_last_use(row))
    }

    /// Makes a token, and gives it in clear: this once and never again.
    ///
    /// An account may have so many (`tokens.per_user`): each takes a numbered slot, and the database lets a slot be
    /// taken once.
    pub async fn create_token(&self, actor: &Actor, new: NewToken) -> Result<(TokenRow, PlainToken)> {
        self.require_fresh(actor, Freshness::Sensitive)?;
        let mut checks = Checks::default();
        let title = checks.take(token::title(new.title.as_deref().unwrap_or_default()));
        let description = checks.take(token::description(new.description.as_deref().unwrap_or_default()));
        let now = self.now();
        let expires_at = checks.take(
            new.expiration
                .map(|seconds| token::expires_at(now, seconds))
                .transpose(),
        );
        checks.finish()?;

        let mut tx = self.db().begin().await?;
        let user = users::lock_user(&mut tx, actor.id())
            .await?
            .ok_or(Error::NotFound("user"))?;
        // The actor's credential may have died while this waited for the lock.
        if user.auth_epoch != actor.user.auth_epoch || !user.active {
            return Err(Error::SignInRequired);
        }
        let cap = self.settings().tokens_per_user;
        tokens::delete_dead_tokens(&mut tx, user.id, user.auth_epoch).await?;
        let slot = tokens::find_free_slot(&mut tx, user.id, cap)
            .await?
            .ok_or_else(|| cap_reached(cap))?;
        let id = TokenId::new(now, self.random());
        let plain = PlainToken::generate(TokenKey::Api(id), self.random());
        let row = TokenRow {
            id,
            user_id: user.id,
            slot,
            title,
            description,
            last4: plain.last4(),
            mac: self.keys().token_mac(plain.expose()),
            auth_epoch: user.auth_epoch,
            status: TokenStatus::Active,
            created_at: now,
            updated_at: None,
            expires_at,
            last_used_at: None,
            last_used_ip: None,
            version_id: 1,
        };
        match tokens::insert_token(&mut tx, &row).await {
            Err(error) if error.is_duplicate() => return Err(cap_reached(cap)),
            other => other?,
        }
        let entry = about(actor, Action::TokenCreate, &row)
            .with("last4", row.last4.clone())
            .with("expires_at", json!(row.expires_at.map(time::rfc3339_seconds)));
        tx.commit(self.record(actor.origin(), entry)).await?;
        Ok((row, plain))
    }

    /// Changes a token's title, description or status. A deactivated token is refused from the answer on.
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
        checks.finish()?;

        let mut tx = self.db().begin().await?;
        users::lock_user(&mut tx, actor.id())
            .await?
            .ok_or(Error::NotFound("user"))?;
        let before = tokens::find_token_in(&mut tx, actor.id(), id)
            .await?
            .ok_or(Error::NotFound("token"))?;
        let after = TokenRow {
            status: status.unwrap_or(before.status),
            title: title.unwrap_or_else(|| before.title.clone()),
            description: description.unwrap_or_else(|| before.description.clone()),
            ..before.clone()
        };
        let facts = |row: &TokenRow| json!({ "status": row.status.as_str(), "title": row.title, "description": row.description });
        if facts(&before) == facts(&after) {
            return Ok(self.with_last_use(before));
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
        users::lock_user(&mut tx, actor.id())
            .await?
            .ok_or(Error::NotFound("user"))?;
        let row = tokens::find_token_in(&mut tx, actor.id(), id)
            .await?
            .ok_or(Error::NotFound("token"))?;
        tokens::delete_token(&mut tx, actor.id(), id).await?;
        let entry = about(actor, Action::TokenDelete, &row).with("last4", row.last4.clone());
        Ok(tx.commit(self.record(actor.origin(), entry)).await?)
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

fn about(actor: &Actor, action: Action, row: &TokenRow) -> AuditEntry {
    actor.entry(action).on(row.id, row.name())
}

fn cap_reached(cap: i64) -> Error {
    Error::conflict(
        "token_limit_reached",
        format!("You have {cap} of {cap} tokens. Delete one to make another."),
    )
}
