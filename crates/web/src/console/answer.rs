//! What a handler of the console answers: a page, a step elsewhere, or an error, which has a page too.

use std::sync::Arc;

use app::{Error, Peer};
use askama::Template;
use axum::{
    Json,
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{Html, IntoResponse, Redirect, Response},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use crate::{
    assets,
    pages::{ErrorPage, Outside},
};

pub(crate) type Answer = Result<Response, ConsoleError>;

/// An error on its way to a page.
#[derive(Debug, Clone)]
pub(crate) struct ConsoleError(Arc<Error>);

impl<E: Into<Error>> From<E> for ConsoleError {
    fn from(error: E) -> Self {
        Self(Arc::new(error.into()))
    }
}

impl ConsoleError {
    /// Whether it is that nobody is signed in here.
    pub(crate) fn is_signed_out(&self) -> bool {
        matches!(*self.0, Error::SignInRequired | Error::CredentialRefused { .. })
    }

    /// Whether a step-up would help.
    pub(crate) fn asks_for_fresh_sign_in(&self) -> bool {
        matches!(*self.0, Error::FreshSignInRequired(_))
    }
}

impl IntoResponse for ConsoleError {
    /// A bare status with the error beside it; [`render_errors`] makes the page.
    fn into_response(self) -> Response {
        let mut response = status(&self.0).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// A page.
pub(crate) fn page(page: &impl Template) -> Answer {
    page_with(StatusCode::OK, page)
}

/// A page with another status than 200: a form that was refused.
pub(crate) fn page_with(status: StatusCode, page: &impl Template) -> Answer {
    let html = page
        .render()
        .map_err(|_| Error::Internal("a page cannot be rendered"))?;
    Ok((status, Html(html)).into_response())
}

/// The frame of a page for somebody who is not signed in.
pub(crate) fn outside() -> Outside {
    Outside {
        assets: assets::urls(),
    }
}

/// Whether a script asks, and wants JSON.
pub(crate) fn wants_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.contains("application/json"))
}

fn status(error: &Error) -> StatusCode {
    match error {
        Error::Invalid(_) | Error::Query(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Error::NotFound(_) => StatusCode::NOT_FOUND,
        Error::VersionMismatch { .. } => StatusCode::PRECONDITION_FAILED,
        Error::Ended { .. } => StatusCode::NOT_FOUND,
        Error::NotImplemented(_) => StatusCode::NOT_IMPLEMENTED,
        Error::Conflict { .. } => StatusCode::CONFLICT,
        Error::SignInRequired | Error::CredentialRefused { .. } => StatusCode::UNAUTHORIZED,
        Error::Forbidden { .. } | Error::FreshSignInRequired(_) => StatusCode::FORBIDDEN,
        Error::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
        Error::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Error::Expired(_) | Error::HandleChanged(_) => StatusCode::GONE,
        Error::Unavailable(_) | Error::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The words of an error: what is wrong, and what to do.
pub(crate) fn words(error: &Error) -> (&'static str, String) {
    match error {
        Error::Invalid(fields) => {
            let sentences: Vec<&str> = fields.iter().map(|field| field.message.as_str()).collect();
            ("This cannot be saved as it is", sentences.join(" "))
        }
        Error::NotFound(what) => (
            "There is nothing here",
            format!(
                "There is no such {what}, or it is not yours. The address may be mistyped, or what was here is deleted."
            ),
        ),
        Error::Conflict { message, .. } => ("This is not possible now", message.clone()),
        Error::SignInRequired => (
            "Sign in first",
            "This page is for people who are signed in.".to_owned(),
        ),
        Error::CredentialRefused { message, .. } | Error::Forbidden { message, .. } => {
            ("This is not allowed", (*message).to_owned())
        }
        Error::FreshSignInRequired(_) => (
            "Confirm that it is you",
            "Your sign-in is too old for this. Sign out, sign in again, and repeat it.".to_owned(),
        ),
        Error::RateLimited { after_seconds } => (
            "Too many requests",
            format!("Wait {after_seconds} seconds and try again."),
        ),
        Error::TooLarge => (
            "This is too large",
            "The form is larger than what is read at once. Shorten it and send it again.".to_owned(),
        ),
        Error::Expired(message) => ("This does not work any more", (*message).to_owned()),
        Error::VersionMismatch { .. } => (
            "Somebody else changed this",
            "Open the page again to see what it is now, and repeat your change.".to_owned(),
        ),
        Error::Ended { message, .. } => ("This is over", (*message).to_owned()),
        Error::NotImplemented(message) => ("This server does not do that", (*message).to_owned()),
        Error::HandleChanged(message) => ("This name was given up", message.clone()),
        Error::Query(error) => ("PostgreSQL refuses the statement", error.message.clone()),
        Error::Unavailable(message) => ("This is not available now", message.clone()),
        Error::Store(_) => (
            "The account store does not answer",
            "Try again in a moment. If it stays, tell the operator.".to_owned(),
        ),
        Error::Internal(_) => (
            "Something failed on our side",
            "Try again. If it stays, tell the operator the request below.".to_owned(),
        ),
    }
}

/// Gives every error its page: the sign-in page for those who must sign in, JSON for the script.
pub(crate) async fn render_errors(request: Request, next: Next) -> Response {
    let request_id = request
        .extensions()
        .get::<Peer>()
        .map(|peer| peer.request_id.clone())
        .unwrap_or_default();
    let for_script = wants_json(request.headers());
    let back = (request.method() == Method::GET)
        .then(|| request.uri().path_and_query().map(ToString::to_string))
        .flatten();
    let mut response = next.run(request).await;
    if let Some(ConsoleError(error)) = response.extensions_mut().remove::<ConsoleError>() {
        let mut answer = error_answer(&error, request_id, for_script, back.as_deref());
        if let Error::RateLimited { after_seconds } = *error {
            let wait = HeaderValue::from(after_seconds);
            answer.headers_mut().insert(header::RETRY_AFTER, wait);
        }
        return answer;
    }
    let kind = response.headers().get(header::CONTENT_TYPE);
    let is_shaped = kind.is_some_and(|kind| !kind.as_bytes().starts_with(b"text/plain"));
    match response.status() {
        status if (status.is_client_error() || status.is_server_error()) && !is_shaped => {
            refused_page(status, &response, request_id)
        }
        _ => response,
    }
}

/// The page of a request that no handler saw: a wrong path, query or method.
fn refused_page(status: StatusCode, refused: &Response, request_id: String) -> Response {
    if status == StatusCode::NOT_FOUND {
        return error_page(&ErrorPage::not_found(outside(), request_id));
    }
    let mut response = error_page(&ErrorPage {
        outside: outside(),
        status: status.as_u16(),
        title: "This address is not right".to_owned(),
        advice: "It is mistyped or cut off, or was opened in another way than by its page. Go there from the console."
            .to_owned(),
        request_id,
    });
    if let Some(allow) = refused.headers().get(header::ALLOW) {
        response.headers_mut().insert(header::ALLOW, allow.clone());
    }
    response
}

fn error_answer(error: &Error, request_id: String, for_script: bool, back: Option<&str>) -> Response {
    let status = status(error);
    if status.is_server_error() {
        tracing::error!(
            request.id = request_id,
            error = error as &dyn std::error::Error,
            "request failed"
        );
    }
    let (title, advice) = words(error);
    let signed_out = matches!(error, Error::SignInRequired | Error::CredentialRefused { .. });
    let sign_in = sign_in_path(back);
    if for_script {
        let location = signed_out.then_some(sign_in);
        return (status, Json(json!({ "detail": advice, "location": location }))).into_response();
    }
    if matches!(error, Error::SignInRequired) {
        return Redirect::to(&sign_in).into_response();
    }
    error_page(&ErrorPage {
        outside: outside(),
        status: status.as_u16(),
        title: title.to_owned(),
        advice,
        request_id,
    })
}

fn sign_in_path(back: Option<&str>) -> String {
    match back.filter(|path| *path != "/") {
        Some(path) => format!("/login?next={}", utf8_percent_encode(path, NON_ALPHANUMERIC)),
        None => "/login".to_owned(),
    }
}

fn error_page(page: &ErrorPage) -> Response {
    let status = StatusCode::from_u16(page.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    page_with(status, page).unwrap_or_else(|_| status.into_response())
}
