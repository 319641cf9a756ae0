//! `/credentials/revoke`: leaked tokens are ended by whoever finds them. An addition of ours to the contract.

use app::App;
use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, body::JsonBody};
use crate::guards::Caller;

/// What `POST /credentials/revoke` takes.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct RevokeCredentialsRequest {
    credentials: Vec<String>,
}

/// `POST /credentials/revoke`: the same answer whatever was sent, and whether it was alive or not.
pub(crate) async fn revoke_credentials(
    State(app): State<App>,
    Caller(peer): Caller,
    JsonBody(input): JsonBody<RevokeCredentialsRequest>,
) -> Answer<(StatusCode, Json<Value>)> {
    app.revoke_credentials(&input.credentials, &peer).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({}))))
}
