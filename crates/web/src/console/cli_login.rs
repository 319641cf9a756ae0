//! `/login/token?r=…`: a command line asks to be let in. The GET shows who asks and changes nothing; Verify and Deny
//! are forms. The code is in the answer to Verify and nowhere else.

use app::{Error, cli_logins::CliLogin};
use axum::{extract::Query, http::StatusCode};
use model::{
    cli_login::{CODE_TRIES, CliLoginKey},
    device,
};
use serde::Deserialize;

use super::{
    answer::{Answer, outside},
    form::SignedForm,
    signed::Signed,
};
use crate::pages::{CliLoginCodePage, CliLoginOverPage, CliLoginPage, Moment};

/// The query of the page, and what its forms send.
#[derive(Deserialize)]
pub(crate) struct RequestForm {
    #[serde(default)]
    r: String,
}

impl RequestForm {
    fn key(&self) -> Result<CliLoginKey, Error> {
        self.r.parse().map_err(|_| Error::NotFound("login request"))
    }
}

/// `GET /login/token?r=…`
pub(crate) async fn show_cli_login(signed: Signed, Query(query): Query<RequestForm>) -> Answer {
    let shown = async { signed.app.peek_cli_login(&signed.actor, &query.key()?).await };
    match shown.await {
        Ok(login) => signed.page(&ask_page(&signed, &query, login)),
        Err(error) => over(&signed, error),
    }
}

fn ask_page(signed: &Signed, query: &RequestForm, login: CliLogin) -> CliLoginPage {
    let now = signed.app.now();
    let user = signed.actor.user();
    CliLoginPage {
        outside: outside(),
        csrf: signed.csrf.clone(),
        request: query.r.clone(),
        handle: user.handle.to_string(),
        avatar_url: app::avatars::avatar_path(user.id, user.avatar_version),
        device: device::name(&login.user_agent),
        user_agent: login.user_agent,
        same_address: login.ip == signed.actor.ip().to_string(),
        ip: login.ip,
        asked: Moment::new(login.created_at, now),
        verified: login.confirmed,
        days: signed.app.settings().sessions.cli_lifetime_seconds / (24 * 60 * 60),
    }
}

/// `POST /login/token`: lets the command line in, and shows the code.
pub(crate) async fn confirm_cli_login(SignedForm { signed, input }: SignedForm<RequestForm>) -> Answer {
    let confirmed = async {
        let key = input.key()?;
        let code = signed.app.confirm_cli_login(&signed.actor, &key).await?;
        let login = signed.app.peek_cli_login(&signed.actor, &key).await?;
        Ok((code, login))
    };
    match confirmed.await {
        Ok((code, login)) => signed.page(&CliLoginCodePage {
            outside: outside(),
            csrf: signed.csrf.clone(),
            request: input.r.clone(),
            code: code.expose().clone(),
            device: device::name(&login.user_agent),
            minutes: minutes_left(&signed, &login),
            tries: CODE_TRIES,
        }),
        Err(error @ (Error::NotFound(_) | Error::Expired(_))) => over(&signed, error),
        Err(other) => Err(other.into()),
    }
}

fn minutes_left(signed: &Signed, login: &CliLogin) -> i64 {
    let left = login.expires_at.duration_since(signed.app.now()).as_secs();
    (left / 60).max(1)
}

/// `POST /login/token/deny`
pub(crate) async fn deny_cli_login(SignedForm { signed, input }: SignedForm<RequestForm>) -> Answer {
    let denied = async { signed.app.deny_cli_login(&signed.actor, &input.key()?).await };
    match denied.await {
        Ok(()) => signed.page(&CliLoginOverPage {
            outside: outside(),
            title: "The login is denied",
            advice: "The command line that asked gets nothing, and its code does not work. If it was not you who started it, there is nothing more to do.",
        }),
        Err(error) => over(&signed, error),
    }
}

/// The page of a request that nobody can decide any more.
fn over(signed: &Signed, error: Error) -> Answer {
    let advice = match error {
        Error::Expired(advice) => advice,
        Error::NotFound(_) => {
            "The address is mistyped or cut off, or its request is long over. Run the login command again."
        }
        other => return Err(other.into()),
    };
    signed.page_with(
        StatusCode::GONE,
        &CliLoginOverPage {
            outside: outside(),
            title: "This login request does not work any more",
            advice,
        },
    )
}
