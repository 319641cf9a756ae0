//! `/login` and `/signup`: a mail with a link and a code is asked for (contract §1.6). What comes of it happens in a
//! browser, at the page that the link leads to: there is no call here that a mail scanner could follow.

use app::App;
use axum::{extract::State, http::StatusCode};
use serde::Deserialize;

use super::{Answer, body::JsonBody};
use crate::guards::Caller;

/// What `POST /login` and `POST /signup` take. What else clients send, such as `state`, means nothing here.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct SignInRequest {
    #[serde(default)]
    email: String,
}

/// `POST /login`: the same answer whether the address is known or not, and `201` without a body, as in the contract.
pub(crate) async fn request_sign_in(
    State(app): State<App>,
    Caller(peer): Caller,
    JsonBody(input): JsonBody<SignInRequest>,
) -> Answer<StatusCode> {
    // The proof belongs to a browser. Who asks from here types the code of the mail.
    app.request_sign_in(&input.email, None, &peer).await?;
    Ok(StatusCode::CREATED)
}

/// `POST /signup`: the same call by its other name, as in the console.
pub(crate) async fn request_sign_up(
    app: State<App>,
    caller: Caller,
    body: JsonBody<SignInRequest>,
) -> Answer<StatusCode> {
    request_sign_in(app, caller, body).await
}
