//! `/user/{user}/token`: API tokens (contract §1.5).

use app::{
    Actor, App, Error, TokenRow,
    tokens::{NewToken, TokenUpdate},
};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use model::{TokenId, UserId, time::rfc3339_seconds};
use serde::{Deserialize, Serialize};

use super::{
    Answer, body,
    body::JsonBody,
    page::{ListView, PageQuery},
    user::UserView,
};
use crate::guards::Bearer;

/// The contract's `Token`.
#[derive(Serialize)]
pub(crate) struct TokenView {
    id: TokenId,
    user_id: UserId,
    status: &'static str,
    token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    last4: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_ip: Option<String>,
    created_at: String,
    created_by_id: UserId,
    created_by: UserView,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<String>,
    updated_by_id: UserId,
    version_id: i64,
}

impl TokenView {
    fn new(actor: &Actor, row: TokenRow) -> Self {
        Self {
            id: row.id,
            user_id: row.user_id,
            status: row.status.as_str(),
            token_type: "user",
            title: row.title,
            description: row.description,
            last4: row.last4,
            expires_at: row.expires_at.map(rfc3339_seconds),
            last_used_at: row.last_used_at.map(rfc3339_seconds),
            last_used_ip: row.last_used_ip,
            created_at: rfc3339_seconds(row.created_at),
            created_by_id: row.user_id,
            created_by: actor.user().into(),
            updated_at: row.updated_at.map(rfc3339_seconds),
            updated_by_id: row.user_id,
            version_id: row.version_id,
        }
    }
}

/// A token just made: the one answer that holds it in clear, under `token`.
#[derive(Serialize)]
pub(crate) struct CreatedTokenView {
    #[serde(flatten)]
    view: TokenView,
    token: String,
}

/// What `POST /user/{user}/token` takes; nothing is required.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct NewTokenRequest {
    title: Option<String>,
    description: Option<String>,
    /// Seconds.
    expiration: Option<i64>,
}

/// What `PATCH /user/{user}/token/{token}` takes.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct UpdateTokenRequest {
    status: Option<String>,
    #[serde(default, deserialize_with = "body::null_clears")]
    title: Option<String>,
    #[serde(default, deserialize_with = "body::null_clears")]
    description: Option<String>,
}

/// `GET /user/{user}/token`
pub(crate) async fn list_tokens(
    State(app): State<App>,
    Bearer(actor): Bearer,
    Path(user): Path<String>,
    Query(query): Query<PageQuery>,
) -> Answer<Json<ListView<TokenView>>> {
    actor.own(&user)?;
    let page = app.list_tokens(&actor, query.page()?).await?;
    Ok(Json(ListView::new(page.tokens, page.next, |row| {
        TokenView::new(&actor, row)
    })))
}

/// `POST /user/{user}/token`
pub(crate) async fn create_token(
    State(app): State<App>,
    Bearer(actor): Bearer,
    Path(user): Path<String>,
    JsonBody(input): JsonBody<NewTokenRequest>,
) -> Answer<(StatusCode, Json<CreatedTokenView>)> {
    actor.own(&user)?;
    let new = NewToken {
        title: input.title,
        description: input.description,
        expiration: input.expiration,
    };
    let (row, plain) = app.create_token(&actor, new).await?;
    let view = CreatedTokenView {
        view: TokenView::new(&actor, row),
        token: plain.expose().to_owned(),
    };
    Ok((StatusCode::CREATED, Json(view)))
}

/// `GET /user/{user}/token/{token}`
pub(crate) async fn get_token(
    State(app): State<App>,
    Bearer(actor): Bearer,
    Path((user, token)): Path<(String, String)>,
) -> Answer<Json<TokenView>> {
    let row = app.get_token(&actor, named(&actor, &user, &token)?).await?;
    Ok(Json(TokenView::new(&actor, row)))
}

/// `PATCH /user/{user}/token/{token}`
pub(crate) async fn update_token(
    State(app): State<App>,
    Bearer(actor): Bearer,
    Path((user, token)): Path<(String, String)>,
    JsonBody(input): JsonBody<UpdateTokenRequest>,
) -> Answer<Json<TokenView>> {
    let id = named(&actor, &user, &token)?;
    let update = TokenUpdate {
        status: input.status,
        title: input.title,
        description: input.description,
    };
    let row = app.update_token(&actor, id, update).await?;
    Ok(Json(TokenView::new(&actor, row)))
}

/// `DELETE /user/{user}/token/{token}`
pub(crate) async fn delete_token(
    State(app): State<App>,
    Bearer(actor): Bearer,
    Path((user, token)): Path<(String, String)>,
) -> Answer<StatusCode> {
    app.delete_token(&actor, named(&actor, &user, &token)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The token that a path names.
fn named(actor: &Actor, user: &str, token: &str) -> Result<TokenId, Error> {
    actor.own(user)?;
    token.parse().map_err(|_| Error::NotFound("token"))
}
