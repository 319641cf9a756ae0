//! `/login/confirm`: the link from the mail, and the code beside it. The GET shows a page and changes nothing.

use app::{
    Error,
    sign_in::{Confirmed, LinkState, SignInProof},
};
use axum::{
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect},
};
use model::{Secret, sign_in::LIFETIME_SECONDS};
use serde::Deserialize;

use super::{
    answer::{Answer, outside, page, page_with},
    cookies::Name,
    form::OpenForm,
    sign_in::{begin_session, proof_of, set},
    sign_up::field,
};
use crate::{
    Web,
    guards::Caller,
    pages::{CheckMailPage, Field, Hidden, LinkDeadPage, LinkPage},
};

const MINUTES: u32 = (LIFETIME_SECONDS / 60) as u32;

/// The link's query.
#[derive(Deserialize)]
pub(crate) struct LinkQuery {
    #[serde(default)]
    t: String,
}

/// What the forms send: the link's secret, the code, or both.
#[derive(Deserialize)]
pub(crate) struct ConfirmForm {
    secret: Option<String>,
    code: Option<String>,
}

/// `GET /login/confirm?t=…`
pub(crate) async fn show_link(
    State(web): State<Web>,
    headers: HeaderMap,
    Query(LinkQuery { t }): Query<LinkQuery>,
) -> Answer {
    let proof = proof_of(&web, &headers);
    let state = web.app.peek_link(&Secret::new(t.clone()), proof.as_ref()).await?;
    match state {
        LinkState::Expired => link_dead(),
        LinkState::Ready(handle) => page(&link_page(
            t,
            handle.map(|handle| handle.to_string()),
            true,
            Field::default(),
        )),
        LinkState::NeedsCode => page(&link_page(t, None, false, Field::default())),
    }
}

fn link_page(secret: String, handle: Option<String>, same_browser: bool, code: Field) -> LinkPage {
    let hidden = vec![Hidden {
        name: "secret",
        value: secret,
    }];
    LinkPage {
        outside: outside(),
        hidden,
        handle,
        same_browser,
        code,
    }
}

fn link_dead() -> Answer {
    page_with(
        StatusCode::GONE,
        &LinkDeadPage {
            outside: outside(),
            minutes: MINUTES,
        },
    )
}

/// `GET /login/check-mail`
pub(crate) async fn show_check_mail(State(web): State<Web>, headers: HeaderMap) -> Answer {
    match proof_of(&web, &headers) {
        Some(_) => page(&check_mail_page(&web, Field::default())),
        None => Ok(Redirect::to("/login").into_response()),
    }
}

fn check_mail_page(web: &Web, code: Field) -> CheckMailPage {
    let settings = web.app.settings();
    CheckMailPage {
        outside: outside(),
        code,
        hidden: Vec::new(),
        minutes: MINUTES,
        mail_folder: settings
            .mail
            .directory
            .as_ref()
            .map(|path| path.display().to_string()),
        again: "/login",
    }
}

/// `POST /login/confirm`
pub(crate) async fn confirm_sign_in(
    State(web): State<Web>,
    Caller(peer): Caller,
    headers: HeaderMap,
    OpenForm(input): OpenForm<ConfirmForm>,
) -> Answer {
    let secret = input.secret.filter(|text| !text.is_empty());
    let code = input.code.filter(|text| !text.is_empty());
    let proof = SignInProof {
        secret: secret.clone().map(Secret::new),
        code: code.clone().map(Secret::new),
        browser: proof_of(&web, &headers),
    };
    match web.app.confirm_sign_in(proof, &peer).await {
        Ok(Confirmed::SignedIn { session, next_path }) => {
            Ok(begin_session(&web, &session, next_path.as_deref()))
        }
        Ok(Confirmed::ChooseHandle(browser)) => {
            let mut response = Redirect::to("/signup/handle").into_response();
            set(&web, &mut response, Name::SignIn, &browser.to_cookie());
            Ok(response)
        }
        Err(Error::Expired(_)) => link_dead(),
        Err(Error::Invalid(fields)) => {
            let code = field("code", code.unwrap_or_default(), &fields);
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            match secret {
                Some(secret) => page_with(status, &link_page(secret, None, false, code)),
                None => page_with(status, &check_mail_page(&web, code)),
            }
        }
        Err(other) => Err(other.into()),
    }
}
