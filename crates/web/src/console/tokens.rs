//! `/settings/tokens`: the list, and what its menu does at once.

mod edit;
mod new;
mod rotate;

use app::{Error, Page, TokenRow, tokens::TokenUpdate};
use axum::extract::Path;
use jiff::Timestamp;
use model::{
    TokenId,
    scope::Scope,
    token::{TokenState, TokenStatus},
};
use serde::Deserialize;

use super::{answer::Answer, form::SignedForm, signed::Signed};
use crate::pages::{self, Badge, DeleteTokenPage, Moment, Place, SettingsPage, TokensPage};

pub(crate) use edit::{show_edit, update_token};
pub(crate) use new::{create_token, show_new_token};
pub(crate) use rotate::{rotate_token, show_rotate};

const HERE: &str = "/settings/tokens";
const PLACE: Place = Place::Settings(SettingsPage::Tokens);
const LIST_LIMIT: i64 = 100;

fn token_row(row: &TokenRow, now: Timestamp) -> pages::TokenRow {
    let state = row.state(now);
    let moment = |at: Timestamp| Moment::new(at, now);
    pages::TokenRow {
        id: row.id.to_string(),
        title: row.title.clone().unwrap_or_default(),
        description: row.description.clone().unwrap_or_default(),
        last4: row.last4.clone(),
        scope: match row.scope {
            Scope::Full => "Full",
            Scope::Read => "Read",
            Scope::Query => "Query",
        },
        networks: row.networks.texts(),
        status: Badge::token(state.as_str()),
        active: row.status == TokenStatus::Active,
        retiring: row
            .retiring_until
            .filter(|_| state != TokenState::Expired)
            .map(moment),
        created: moment(row.created_at),
        expires: row.expires_at.map(moment),
        last_used: row.last_used_at.map(moment),
        last_used_ip: row.last_used_ip.clone(),
    }
}

/// The networks of a form: one on each line, or with commas or blanks between them.
fn lines(text: &str) -> Vec<String> {
    text.split([',', ' ', '\t', '\n', '\r'])
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// `GET /settings/tokens`
pub(crate) async fn show_tokens(signed: Signed) -> Answer {
    let now = signed.app.now();
    let listed = signed
        .app
        .list_tokens(&signed.actor, Page::first(LIST_LIMIT))
        .await?;
    let page = TokensPage {
        frame: signed.frame(PLACE).await?,
        tokens: listed
            .tokens
            .iter()
            .rev()
            .map(|row| token_row(row, now))
            .collect(),
        limit: usize::try_from(signed.app.settings().tokens_per_user).unwrap_or(usize::MAX),
    };
    signed.page(&page)
}

fn token_id(text: &str) -> Result<TokenId, Error> {
    text.parse().map_err(|_| Error::NotFound("token"))
}

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct StatusForm {
    status: String,
}

/// `POST /settings/tokens/{token}/status`
pub(crate) async fn update_status(
    Path(token): Path<String>,
    SignedForm { signed, input }: SignedForm<StatusForm>,
) -> Answer {
    let update = TokenUpdate {
        status: Some(input.status),
        ..TokenUpdate::default()
    };
    let row = signed
        .app
        .update_token(&signed.actor, token_id(&token)?, update)
        .await?;
    let text = match row.status {
        TokenStatus::Active => format!("Token {} is active again.", row.name()),
        TokenStatus::Inactive => format!(
            "Token {} is deactivated. Calls with it are refused from now on.",
            row.name()
        ),
    };
    signed.done(HERE, &text)
}

/// `GET /settings/tokens/{token}/delete`
pub(crate) async fn show_delete(signed: Signed, Path(token): Path<String>) -> Answer {
    let row = signed.app.get_token(&signed.actor, token_id(&token)?).await?;
    let token = token_row(&row, signed.app.now());
    signed.page(&DeleteTokenPage {
        frame: signed.frame(PLACE).await?,
        token,
    })
}

/// What the form sends beside its token: nothing.
#[derive(Deserialize)]
pub(crate) struct DeleteForm {}

/// `POST /settings/tokens/{token}/delete`
pub(crate) async fn delete_token(
    Path(token): Path<String>,
    SignedForm { signed, .. }: SignedForm<DeleteForm>,
) -> Answer {
    let id = token_id(&token)?;
    let row = signed.app.get_token(&signed.actor, id).await?;
    signed.app.delete_token(&signed.actor, id).await?;
    signed.done(HERE, &format!("Token {} is deleted.", row.name()))
}

/// `POST /settings/tokens/{token}/end`: the one click that ends a token that retires.
pub(crate) async fn end_retiring(
    Path(token): Path<String>,
    SignedForm { signed, .. }: SignedForm<DeleteForm>,
) -> Answer {
    match signed
        .app
        .end_retiring_token(&signed.actor, token_id(&token)?)
        .await
    {
        Ok(row) => signed.done(HERE, &format!("The old token …{} is ended.", row.last4)),
        Err(Error::Conflict { message, .. }) => signed.warn(HERE, &message),
        Err(other) => Err(other.into()),
    }
}
