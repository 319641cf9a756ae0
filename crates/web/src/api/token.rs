//! `/user/{user}/token`: API tokens (contract §1.5).

use app::{
    Actor, App, Error, TokenRow,
    tokens::{NewToken, Rotation, TokenUpdate},
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
use crate::guards::{
    Bearer,
    needs::{Change, EndItself, Identify, Read},
};

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
    /// `status` knows two words, as in the contract; this knows `retiring` and `expired` too.
    state: &'static str,
    scope: &'static str,
    networks: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retiring_until: Option<String>,
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
    fn new(app: &App, actor: &Actor, row: TokenRow) -> Self {
        Self {
            state: row.state(app.now()).as_str(),
            scope: row.scope.as_str(),
            networks: row.networks.texts(),
            retiring_until: row.retiring_until.map(rfc3339_seconds),
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
            created_by: UserView::new(app, actor.user()),
            updated_at: row.updated_at.map(rfc3339_seconds),
            updated_by_id: row.user_id,
            version_id: row.version_id,
        }
    }
}

/// A token just made: an answer that holds it in clear, under `token`.
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
    scope: Option<String>,
    networks: Option<Vec<String>>,
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
    networks: Option<Vec<String>>,
    scope: Option<String>,
}

/// What `POST /user/{user}/token/{token}/rotate` takes; nothing is required.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct RotateTokenRequest {
    /// Seconds.
    overlap: Option<i64>,
    /// Seconds.
    expiration: Option<i64>,
}

/// A token just rotated.
#[derive(Serialize)]
pub(crate) struct RotatedTokenView {
    #[serde(flatten)]
    created: CreatedTokenView,
    /// The one before it.
    predecessor_id: TokenId,
    /// Until when that one goes on; left out when it ended at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    predecessor_retiring_until: Option<String>,
}

/// `GET /user/{user}/token`
pub(crate) async fn list_tokens(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Read>,
    Path(user): Path<String>,
    Query(query): Query<PageQuery>,
) -> Answer<Json<ListView<TokenView>>> {
    actor.own(&user)?;
    let page = app.list_tokens(&actor, query.page()?).await?;
    Ok(Json(ListView::new(page.tokens, page.next, |row| {
        TokenView::new(&app, &actor, row)
    })))
}

/// `POST /user/{user}/token`
pub(crate) async fn create_token(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Change>,
    Path(user): Path<String>,
    JsonBody(input): JsonBody<NewTokenRequest>,
) -> Answer<(StatusCode, Json<CreatedTokenView>)> {
    actor.own(&user)?;
    let new = NewToken {
        title: input.title,
        description: input.description,
        scope: input.scope,
        networks: input.networks.unwrap_or_default(),
        expiration: input.expiration,
    };
    let (row, plain) = app.create_token(&actor, new).await?;
    let view = CreatedTokenView {
        view: TokenView::new(&app, &actor, row),
        token: plain.expose().to_owned(),
    };
    Ok((StatusCode::CREATED, Json(view)))
}

/// `GET /user/{user}/token/{token}`
pub(crate) async fn get_token(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Read>,
    Path((user, token)): Path<(String, String)>,
) -> Answer<Json<TokenView>> {
    let row = app.get_token(&actor, named(&actor, &user, &token)?).await?;
    Ok(Json(TokenView::new(&app, &actor, row)))
}

/// `PATCH /user/{user}/token/{token}`
pub(crate) async fn update_token(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Change>,
    Path((user, token)): Path<(String, String)>,
    JsonBody(input): JsonBody<UpdateTokenRequest>,
) -> Answer<Json<TokenView>> {
    let id = named(&actor, &user, &token)?;
    // Ignoring it would let a client believe that a token is narrower than it is.
    if input.scope.is_some() {
        return Err(Error::invalid(
            "scope",
            "A token keeps the scope that it was made with. Make another one.",
        )
        .into());
    }
    let update = TokenUpdate {
        status: input.status,
        title: input.title,
        description: input.description,
        networks: input.networks,
    };
    let row = app.update_token(&actor, id, update).await?;
    Ok(Json(TokenView::new(&app, &actor, row)))
}

/// `DELETE /user/{user}/token/{token}`
pub(crate) async fn delete_token(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Change>,
    Path((user, token)): Path<(String, String)>,
) -> Answer<StatusCode> {
    app.delete_token(&actor, named(&actor, &user, &token)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /user/{user}/token/{token}/rotate`
pub(crate) async fn rotate_token(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Change>,
    Path((user, token)): Path<(String, String)>,
    JsonBody(input): JsonBody<RotateTokenRequest>,
) -> Answer<(StatusCode, Json<RotatedTokenView>)> {
    let id = named(&actor, &user, &token)?;
    let rotation = Rotation {
        overlap: input.overlap,
        expiration: input.expiration,
    };
    let rotated = app.rotate_token(&actor, id, rotation).await?;
    let view = RotatedTokenView {
        created: CreatedTokenView {
            view: TokenView::new(&app, &actor, rotated.row),
            token: rotated.plain.expose().to_owned(),
        },
        predecessor_id: id,
        predecessor_retiring_until: rotated.retiring_until.map(rfc3339_seconds),
    };
    Ok((StatusCode::CREATED, Json(view)))
}

/// `GET /user/{user}/token/current`: the token that asks.
pub(crate) async fn get_current_token(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Identify>,
    Path(user): Path<String>,
) -> Answer<Json<TokenView>> {
    actor.own(&user)?;
    let row = app.get_current_token(&actor).await?;
    Ok(Json(TokenView::new(&app, &actor, row)))
}

/// `DELETE /user/{user}/token/current`: ends the token that asks.
pub(crate) async fn end_current_credential(
    State(app): State<App>,
    Bearer(actor, _): Bearer<EndItself>,
    Path(user): Path<String>,
) -> Answer<StatusCode> {
    actor.own(&user)?;
    app.end_current_credential(&actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The token that a path names.
fn named(actor: &Actor, user: &str, token: &str) -> Result<TokenId, Error> {
    actor.own(user)?;
    token.parse().map_err(|_| Error::NotFound("token"))
}
