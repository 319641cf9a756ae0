//! `/settings/tokens/new`: making a token, and the one page that shows it.

use app::{Error, tokens::NewToken};
use axum::http::StatusCode;
use jiff::{Timestamp, ToSpan, civil::Date, tz::Offset};
use serde::Deserialize;

use super::{HERE, PLACE, lines};
use crate::{
    console::{answer::Answer, form::SignedForm, sign_up::field, signed::Signed},
    pages::{CreatedTokenPage, Moment, NewTokenForm, NewTokenPage},
};

const DAY_SECONDS: i64 = 24 * 60 * 60;

/// `GET /settings/tokens/new`
pub(crate) async fn show_new_token(signed: Signed) -> Answer {
    let form = NewTokenForm::empty(signed.actor.ip().to_string());
    signed.page(&NewTokenPage {
        frame: signed.frame(PLACE).await?,
        form,
    })
}

/// What the form sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct TokenForm {
    title: String,
    description: String,
    scope: String,
    expires: String,
    expires_on: String,
    networks: String,
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
        let new = NewToken {
            title: Some(input.title.clone()),
            description: Some(input.description.clone()),
            // A browser always sends one; without it a token is what it was before there were scopes.
            scope: Some(input.scope.clone()).filter(|scope| !scope.is_empty()),
            networks: lines(&input.networks),
            expiration: lifetime(&input, now)?,
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
                predecessor: None,
                api_url: api_url(&signed),
            },
        ),
        Err(Error::Invalid(invalid)) => {
            let form = NewTokenForm {
                title: field("title", input.title, &invalid),
                description: field("description", input.description, &invalid),
                scope: field("scope", input.scope, &invalid),
                expires: field("expires", input.expires, &invalid),
                expires_on: field("expires_on", input.expires_on, &invalid),
                networks: field("networks", input.networks, &invalid),
                here: signed.actor.ip().to_string(),
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

/// Where the API is, for the line to try a token with.
pub(super) fn api_url(signed: &Signed) -> String {
    let base = signed.app.settings().public_url.as_str();
    format!("{}/api/latest", base.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_of_the_form() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let seconds = |expires: &str, on: &str| {
            let form = TokenForm {
                expires: expires.to_owned(),
                expires_on: on.to_owned(),
                ..TokenForm::default()
            };
            lifetime(&form, now).ok().map(|seconds| seconds.map(|s| s / 3600))
        };
        assert_eq!(seconds("never", ""), Some(None));
        assert_eq!(seconds("7", ""), Some(Some(7 * 24)));
        assert_eq!(seconds("custom", "2026-11-24"), Some(Some(36)));
        assert_eq!(seconds("custom", "2026-11-23"), None);
        assert_eq!(seconds("custom", "x"), None);
        assert_eq!(seconds("", ""), None);
    }
}
