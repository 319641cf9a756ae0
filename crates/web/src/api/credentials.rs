//! `/credentials/revoke`: leaked tokens are ended by whoever finds them. An addition of ours to the contract.

use app::App;
use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Answer, body::JsonBody, docs::refused};
use crate::guards::Caller;

/// What `POST /credentials/revoke` takes.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct RevokeCredentialsRequest {
    credentials: Vec<String>,
}

/// The same for everyone: it tells nobody whether a text is a token, or alive.
#[derive(Serialize, ToSchema)]
#[schema(as = RevokedCredentials)]
pub(crate) struct RevokedView {}

/// Ends leaked tokens. The answer is the same whatever was sent.
#[utoipa::path(
    post, path = "/credentials/revoke", tag = "Tokens",
    request_body(content = RevokeCredentialsRequest, example = json!({"credentials": ["tpt_…"]})),
    responses(
        (status = 202, description = "It was taken.", body = RevokedView),
        refused::Public,
        refused::Body,
    ),
    security(()),
)]
pub(crate) async fn revoke_credentials(
    State(app): State<App>,
    Caller(peer): Caller,
    JsonBody(input): JsonBody<RevokeCredentialsRequest>,
) -> Answer<(StatusCode, Json<RevokedView>)> {
    app.revoke_credentials(&input.credentials, &peer).await?;
    Ok((StatusCode::ACCEPTED, Json(RevokedView {})))
}
