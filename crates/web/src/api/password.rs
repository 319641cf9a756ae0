//! `/user/{user}/password`: the database password (contract §1.4).

use app::{App, passwords::DatabasePassword};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use model::{PasswordId, UserId, time::rfc3339_seconds};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Answer, body,
    body::JsonBody,
    docs::{kinds, path, refused},
};
use crate::guards::{Bearer, needs::Change};

/// The database password. Its key is literally `$password`.
#[derive(Serialize, ToSchema)]
#[schema(as = UserDatabasePassword)]
pub(crate) struct PasswordView {
    #[serde(rename = "$password")]
    #[schema(example = "k7c2-m4xq-9tbn-wz3d-hv6p-r8jf")]
    password: String,
    #[schema(value_type = kinds::PasswordId)]
    id: PasswordId,
    #[schema(value_type = kinds::UserId)]
    user_id: UserId,
    #[schema(value_type = kinds::Time)]
    created_at: String,
    /// When a temporary password is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<kinds::Time>)]
    expires_at: Option<String>,
}

impl PasswordView {
    fn new(user: UserId, password: &DatabasePassword) -> Self {
        Self {
            password: password.password.expose().clone(),
            id: password.id,
            user_id: user,
            created_at: rfc3339_seconds(password.created_at),
            expires_at: password.expires_at.map(rfc3339_seconds),
        }
    }
}

/// What `POST /user/{user}/password` takes.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct NewPasswordRequest {
    #[serde(default, deserialize_with = "body::whole")]
    /// Makes it a temporary password, which is over after so many minutes.
    #[schema(minimum = 1, maximum = 43200, example = 60)]
    expires_in_minutes: Option<i64>,
    /// An addition of ours: ends your open database connections too. Those of others to your workspaces stay.
    #[serde(default)]
    end_connections: bool,
}

/// Shows the database password. It is recorded.
#[utoipa::path(
    get, path = "/user/{user}/password", tag = "Database password",
    params(path::User),
    responses(
        (status = 200, description = "The password.", body = PasswordView),
        refused::Account,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn get_password(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Change>,
    Path(user): Path<String>,
) -> Answer<Json<PasswordView>> {
    let owner = actor.own(&user)?;
    Ok(Json(PasswordView::new(
        owner,
        &app.reveal_password(&actor).await?,
    )))
}

/// Rotates the database password.
#[utoipa::path(
    post, path = "/user/{user}/password", tag = "Database password",
    params(path::User),
    request_body = NewPasswordRequest,
    responses(
        (status = 201, description = "The new password.", body = PasswordView),
        refused::Account,
        refused::Body,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn create_password(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Change>,
    Path(user): Path<String>,
    JsonBody(input): JsonBody<NewPasswordRequest>,
) -> Answer<(StatusCode, Json<PasswordView>)> {
    let owner = actor.own(&user)?;
    let password = app
        .create_password(&actor, input.expires_in_minutes, input.end_connections)
        .await?;
    let view = PasswordView::new(owner, &password);
    Ok((StatusCode::CREATED, Json(view)))
}
