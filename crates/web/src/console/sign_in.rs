//! `/login` and `/logout`.

use app::{App, Error, SignUp, sign_in::BrowserProof};
use axum::{
    extract::{Query, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{
    answer::{Answer, ConsoleError, outside, page, page_with},
    cookies::{self, Name},
    form::{OpenForm, OwnPage, SignedForm},
    next_path::own_path,
};
use crate::{
    Web,
    guards::{Browser, Caller},
    pages::{Field, Hidden, SignInPage, SignedOutPage},
};

/// Where to go afterwards.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Next {
    next: Option<String>,
    /// Set, without a value, after a reset of authentication.
    reset: Option<String>,
    /// Set, without a value, after the deletion of an account.
    deleted: Option<String>,
    /// Set, without a value, after all sessions were ended.
    ended: Option<String>,
}

impl Next {
    /// Why one is here, where it is not to begin.
    fn reason(&self) -> Option<&'static str> {
        if self.deleted.is_some() {
            Some("Your account is deleted. Its databases are being dropped.")
        } else if self.reset.is_some() {
            Some("Authentication is reset: every session and token is ended. Sign in again.")
        } else if self.ended.is_some() {
            Some("All sessions are ended, this one too. Tokens go on.")
        } else {
            None
        }
    }
}

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct SignInForm {
    #[serde(default)]
    pub(crate) email: String,
    next: Option<String>,
}

/// `GET /login`
pub(crate) async fn show_sign_in(
    State(app): State<App>,
    browser: Option<Browser>,
    Query(query): Query<Next>,
) -> Answer {
    let next = query.next.as_deref().and_then(own_path);
    if browser.is_some() {
        return Ok(Redirect::to(next.as_deref().unwrap_or("/")).into_response());
    }
    let reason = query.reason().map(str::to_owned);
    page(&SignInPage {
        reason,
        ..sign_in_page(&app, next, Field::default())
    })
}

fn sign_in_page(app: &App, next: Option<String>, email: Field) -> SignInPage {
    SignInPage {
        outside: outside(),
        reason: None,
        hidden: next
            .map(|value| Hidden { name: "next", value })
            .into_iter()
            .collect(),
        email,
        sign_up_open: app.settings().sign_up != SignUp::Invited,
    }
}

/// `POST /login`
pub(crate) async fn request_sign_in(
    State(web): State<Web>,
    Caller(peer): Caller,
    OpenForm(input): OpenForm<SignInForm>,
) -> Answer {
    let next = input.next.as_deref().and_then(own_path);
    match web.app.request_sign_in(&input.email, next.clone(), &peer).await {
        Ok(proof) => Ok(mail_is_out(&web, &proof)),
        Err(Error::Invalid(fields)) => {
            let email = refused_email(&input.email, &fields);
            page_with(
                StatusCode::UNPROCESSABLE_ENTITY,
                &sign_in_page(&web.app, next, email),
            )
        }
        Err(other) => Err(other.into()),
    }
}

pub(crate) fn refused_email(typed: &str, fields: &[model::Invalid]) -> Field {
    Field::refused(
        typed,
        fields
            .first()
            .map(|field| field.message.clone())
            .unwrap_or_default(),
    )
}

/// Leaves the proof in this browser and shows where the mail is. The address is not in the next URL.
pub(crate) fn mail_is_out(web: &Web, proof: &BrowserProof) -> Response {
    let mut response = Redirect::to("/login/check-mail").into_response();
    set(web, &mut response, Name::SignIn, &proof.to_cookie());
    response
}

/// Sets or, with an empty value, removes a cookie.
pub(crate) fn set(web: &Web, response: &mut Response, name: Name, value: &str) {
    if let Some(cookie) = cookies::set(&web.app, web.scheme, name, value) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// The proof that this browser asked, if it did.
pub(crate) fn proof_of(web: &Web, headers: &HeaderMap) -> Option<BrowserProof> {
    cookies::read(&web.app, web.scheme, headers, Name::SignIn)
        .as_deref()
        .and_then(BrowserProof::from_cookie)
}

/// The session begins: into the cookie, and on to where the person wanted to go.
pub(crate) fn begin_session(web: &Web, session: &model::token::PlainToken, next: Option<&str>) -> Response {
    let mut response = Redirect::to(next.unwrap_or("/")).into_response();
    set(web, &mut response, Name::Session, session.expose());
    set(web, &mut response, Name::SignIn, "");
    response
}

#[derive(Deserialize)]
pub(crate) struct Nothing {}

/// `POST /logout`. A stranger's page cannot sign anybody out, not even by the answer to a form without a cookie.
pub(crate) async fn sign_out(
    State(web): State<Web>,
    OwnPage: OwnPage,
    form: Result<SignedForm<Nothing>, ConsoleError>,
) -> Answer {
    match form {
        Ok(SignedForm { signed, .. }) => web.app.sign_out(&signed.actor).await?,
        // Whoever is not signed in is signed out already.
        Err(error) if error.is_signed_out() => {}
        Err(error) => return Err(error),
    }
    let mut response = page(&SignedOutPage { outside: outside() })?;
    forget_person(&web, &mut response);
    Ok(response)
}

/// Makes the browser forget who was here: the session, and what it kept of their pages.
pub(crate) fn forget_person(web: &Web, response: &mut Response) {
    set(web, response, Name::Session, "");
    let clear = HeaderValue::from_static("\"cache\", \"storage\"");
    response
        .headers_mut()
        .insert(HeaderName::from_static("clear-site-data"), clear);
}
