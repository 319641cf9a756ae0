//! `/settings/tokens`.

use app::{
    Error, Page, TokenRow,
    tokens::{NewToken, TokenUpdate},
};
use axum::{extract::Path, http::StatusCode};
use jiff::{Timestamp, ToSpan, civil::Date, tz::Offset};
use model::{TokenId, token::TokenStatus};
use serde::Deserialize;

use super::{answer::Answer, form::SignedForm, sign_up::field, signed::Signed};
use crate::pages::{
    self, Badge, CreatedTokenPage, DeleteTokenPage, Moment, NewTokenForm, NewTokenPage, Place, SettingsPage,
    TokensPage,
};

const HERE: &str = "/settings/tokens";
const PLACE: Place = Place::Settings(SettingsPage::Tokens);
const LIST_LIMIT: i64 = 100;
const DAY_SECONDS: i64 = 24 * 60 * 60;

fn token_row(row: &TokenRow, now: Timestamp) -> pages::TokenRow {
    let status = match row.status {
        _ if row.expires_at.is_some_and(|end| end <= now) => "expired",
        TokenStatus::Active => "active",
        TokenStatus::Inactive => "inactive",
    };
    let moment = |at: Timestamp| Moment::new(at, now);
    pages::TokenRow {
        id: row.id.to_string(),
        title: row.title.clone().unwrap_or_default(),
        last4: row.last4.clone(),
        status: Badge::token(status),
        active: row.status == TokenStatus::Active,
        created: moment(row.created_at),
        expires: row.expires_at.map(moment),
        last_used: row.last_used_at.map(moment),
    }
}

fn tomorrow(now: Timestamp) -> String {
    let date = Offset::UTC.to_datetime(now).date();
    date.checked_add(1.day()).unwrap_or(date).to_string()
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
        form: NewTokenForm::empty(tomorrow(now)),
    };
    signed.page(&page)
}

/// `GET /settings/tokens/new`
pub(crate) async fn show_new_token(signed: Signed) -> Answer {
    let form = NewTokenForm::empty(tomorrow(signed.app.now()));
    signed.page(&NewTokenPage {
        frame: signed.frame(PLACE).await?,
        form,
    })
}

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct TokenForm {
    #[serde(default)]
    title: String,
    #[serde(default)]
    expires: String,
    #[serde(default)]
    expires_on: String,
}

/// How many seconds a token lives by the form's choice; `None` is for ever.
fn lifetime(form: &TokenForm, now: Timestamp) -> Result<Option<i64>, Error> {
    match form.expires.as_str() {
        "never" => Ok(None),
        "custom" => {
            let wrong = || Error::invalid("expires_on", "Choose a day after today.");
            let day: Date = form.expires_on.parse().map_err(|_| wrong())?;
            // The last day counts: the token ends when it is over, UTC.
            let next = day.checked_add(1.day()).map_err(|_| wrong())?;
            let end = Offset::UTC
                .to_timestamp(next.at(0, 0, 0, 0))
                .map_err(|_| wrong())?;
            let seconds = end.as_second() - now.as_second();
            if seconds > DAY_SECONDS {
                Ok(Some(seconds))
            } else {
                Err(wrong())
            }
        }
        days => {
            let days: i64 = days
                .parse()
                .map_err(|_| Error::invalid("expires", "Choose when the token expires."))?;
            Ok(Some(days.saturating_mul(DAY_SECONDS)))
        }
    }
}

/// `POST /settings/tokens`: the one page that holds the token.
pub(crate) async fn create_token(SignedForm { signed, input }: SignedForm<TokenForm>) -> Answer {
    let now = signed.app.now();
    let created = async {
        let expiration = lifetime(&input, now)?;
        let new = NewToken {
            title: Some(input.title.clone()),
            expiration,
            ..NewToken::default()
        };
        signed.app.create_token(&signed.actor, new).await
    };
    match created.await {
        Ok((row, plain)) => signed.page_with(
            StatusCode::CREATED,
            &CreatedTokenPage {
                frame: signed.frame(PLACE).await?,
                title: row.name(),
                secret: plain.expose().to_owned(),
                expires: row.expires_at.map(|end| Moment::new(end, now)),
                api_url: api_url(&signed),
            },
        ),
        Err(Error::Invalid(invalid)) => {
            let form = NewTokenForm {
                title: field("title", input.title, &invalid),
                expires: field("expires", input.expires, &invalid),
                expires_on: field("expires_on", input.expires_on, &invalid),
                earliest: tomorrow(now),
            };
            let page = NewTokenPage {
                frame: signed.frame(PLACE).await?,
                form,
            };
            signed.page_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(Error::Conflict { message, .. }) => signed.warn(HERE, &message),
        Err(other) => Err(other.into()),
    }
}

fn api_url(signed: &Signed) -> String {
    let base = signed.app.settings().public_url.as_str();
    format!("{}/api/latest", base.trim_end_matches('/'))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_of_the_form() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let seconds = |expires: &str, on: &str| {
            let form = TokenForm {
                title: String::new(),
                expires: expires.to_owned(),
                expires_on: on.to_owned(),
            };
            lifetime(&form, now).ok().map(|seconds| seconds.map(|s| s / 3600))
        };
        assert_eq!(seconds("never", ""), Some(None));
        assert_eq!(seconds("7", ""), Some(Some(7 * 24)));
        assert_eq!(seconds("custom", "2026-11-24"), Some(Some(36)));
        assert_eq!(seconds("custom", "2026-11-23"), None);
        assert_eq!(seconds("custom", "x"), None);
        assert_eq!(seconds("", ""), None);
        assert_eq!(tomorrow(now), "2026-11-24");
    }
}
