//! `/login` and `/signup`: a mail with a link and a code is asked for (contract §1.6). What comes of it happens in a
//! browser, at the page that the link leads to: there is no call here that a mail scanner could follow.

use app::App;
use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    Answer,
    body::JsonBody,
    docs::{kinds, refused},
};
use crate::guards::Caller;

/// What `POST /login` and `POST /signup` take. What else clients send, such as `state`, means nothing here.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct SignInRequest {
    #[serde(default)]
    #[schema(value_type = kinds::Email, required)]
    email: String,
}

/// Asks for a mail to sign in with. The answer is the same whether the address is known or not.
///
/// The link in it leads to the console; there is no `GET /login/confirm` here, because a `GET` changes nothing.
#[utoipa::path(
    post, path = "/login", tag = "Sign-in",
    request_body = SignInRequest,
    responses(
        (status = 201, description = "If the address may sign in, a mail is on its way."),
        refused::Public,
        refused::Body,
    ),
    security(()),
)]
pub(crate) async fn request_sign_in(
    State(app): State<App>,
    Caller(peer): Caller,
    JsonBody(input): JsonBody<SignInRequest>,
) -> Answer<StatusCode> {
    // The proof belongs to a browser. Who asks from here types the code of the mail.
    app.request_sign_in(&input.email, None, &peer).await?;
    Ok(StatusCode::CREATED)
}

/// Asks for a mail to sign up with: the same call by its other name.
#[utoipa::path(
    post, path = "/signup", tag = "Sign-in",
    request_body = SignInRequest,
    responses(
        (status = 201, description = "If the address may sign up, a mail is on its way."),
        refused::Public,
        refused::Body,
    ),
    security(()),
)]
pub(crate) async fn request_sign_up(
    app: State<App>,
    caller: Caller,
    body: JsonBody<SignInRequest>,
) -> Answer<StatusCode> {
    request_sign_in(app, caller, body).await
}
