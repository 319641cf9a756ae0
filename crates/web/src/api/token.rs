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
use utoipa::ToSchema;

use super::{
    Answer, body,
    body::JsonBody,
    docs::{kinds, path, refused},
    page::{ListView, PageQuery},
    user::UserView,
};
use crate::guards::{
    Bearer,
    needs::{Change, EndItself, Identify, Read},
};

/// A token, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = Token)]
pub(crate) struct TokenView {
    #[schema(value_type = kinds::TokenId)]
    id: TokenId,
    #[schema(value_type = kinds::UserId)]
    user_id: UserId,
    #[schema(value_type = kinds::TokenStatus)]
    status: &'static str,
    #[schema(example = "user")]
    token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ci")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[schema(example = "x7Qd")]
    last4: String,
    /// `status` knows two words; this knows `retiring` and `expired` too.
    #[schema(value_type = kinds::TokenState)]
    state: &'static str,
    #[schema(value_type = kinds::Scope)]
    scope: &'static str,
    #[schema(example = json!(["203.0.113.0/24"]))]
    networks: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<kinds::Time>)]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<kinds::Time>)]
    retiring_until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<kinds::Time>)]
    last_used_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "203.0.113.9")]
    last_used_ip: Option<String>,
    #[schema(value_type = kinds::Time)]
    created_at: String,
    #[schema(value_type = kinds::UserId)]
    created_by_id: UserId,
    created_by: UserView,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<kinds::Time>)]
    updated_at: Option<String>,
    #[schema(value_type = kinds::UserId)]
    updated_by_id: UserId,
    updated_by: UserView,
    #[schema(value_type = i32, example = 3)]
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
            updated_by: UserView::new(app, actor.user()),
            version_id: row.version_id,
        }
    }
}

/// A token just made: an answer that holds it in clear, under `token`.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedToken)]
pub(crate) struct CreatedTokenView {
    #[serde(flatten)]
    view: TokenView,
    #[schema(example = "tpt_d9lfd1qjbcks73e0q2c0_…")]
    token: String,
}

/// What `POST /user/{user}/token` takes; nothing is required.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct NewTokenRequest {
    #[schema(value_type = Option<kinds::Title>)]
    title: Option<String>,
    #[schema(value_type = Option<kinds::Description>)]
    description: Option<String>,
    #[schema(value_type = Option<kinds::Scope>)]
    scope: Option<String>,
    #[schema(max_items = 20, example = json!(["203.0.113.0/24"]))]
    networks: Option<Vec<String>>,
    /// Seconds.
    #[serde(default, deserialize_with = "body::whole")]
    #[schema(minimum = 60, maximum = 316_224_000, example = 86400)]
    expiration: Option<i64>,
}

/// What `PATCH /user/{user}/token/{token}` takes.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct UpdateTokenRequest {
    #[schema(value_type = Option<kinds::TokenStatus>)]
    status: Option<String>,
    #[serde(default, deserialize_with = "body::null_clears")]
    #[schema(value_type = Option<kinds::Title>)]
    title: Option<String>,
    #[serde(default, deserialize_with = "body::null_clears")]
    #[schema(value_type = Option<kinds::Description>)]
    description: Option<String>,
    #[schema(max_items = 20)]
    networks: Option<Vec<String>>,
    #[schema(ignore)]
    scope: Option<String>,
}

/// What `POST /user/{user}/token/{token}/rotate` takes; nothing is required.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct RotateTokenRequest {
    /// Seconds.
    #[serde(default, deserialize_with = "body::whole")]
    #[schema(minimum = 0, maximum = 604800, example = 86400)]
    overlap: Option<i64>,
    /// Seconds.
    #[serde(default, deserialize_with = "body::whole")]
    #[schema(minimum = 60, maximum = 316_224_000, example = 86400)]
    expiration: Option<i64>,
}

/// A token just rotated.
#[derive(Serialize, ToSchema)]
#[schema(as = RotatedToken)]
pub(crate) struct RotatedTokenView {
    #[serde(flatten)]
    created: CreatedTokenView,
    /// The one before it.
    #[schema(value_type = kinds::TokenId)]
    predecessor_id: TokenId,
    /// Until when that one goes on; left out when it ended at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<kinds::Time>)]
    predecessor_retiring_until: Option<String>,
}

/// Lists the tokens, oldest first.
#[utoipa::path(
    get, path = "/user/{user}/token", tag = "Tokens",
    params(path::User, PageQuery),
    responses(
        (status = 200, description = "A page of tokens.", body = ListView<TokenView>),
        refused::Account,
    ),
    security(("bearer" = [])),
)]
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

/// Makes a token. It is shown in this answer alone, under `token`.
///
/// No body at all makes one that is called by its last letters, may do everything and never ends.
#[utoipa::path(
    post, path = "/user/{user}/token", tag = "Tokens",
    params(path::User),
    request_body(content = NewTokenRequest, example = json!({"title": "ci", "expiration": 86400})),
    responses(
        (status = 201, description = "The token, with its secret.", body = CreatedTokenView),
        refused::Account,
        refused::Body,
        refused::Conflict,
    ),
    security(("bearer" = [])),
)]
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

/// Shows a token.
#[utoipa::path(
    get, path = "/user/{user}/token/{token}", tag = "Tokens",
    params(path::User, path::Token),
    responses(
        (status = 200, description = "The token.", body = TokenView),
        refused::Account,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn get_token(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Read>,
    Path((user, token)): Path<(String, String)>,
) -> Answer<Json<TokenView>> {
    let row = app.get_token(&actor, named(&actor, &user, &token)?).await?;
    Ok(Json(TokenView::new(&app, &actor, row)))
}

/// Renames a token, switches it on or off, or says from where it may be used.
#[utoipa::path(
    patch, path = "/user/{user}/token/{token}", tag = "Tokens",
    params(path::User, path::Token, path::IfMatch),
    request_body(content = UpdateTokenRequest, example = json!({"status": "inactive"})),
    responses(
        (status = 200, description = "The token as it is now.", body = TokenView),
        refused::Account,
        refused::Version,
        refused::Body,
        refused::Conflict,
    ),
    security(("bearer" = [])),
)]
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

/// Deletes a token. It ends at once.
#[utoipa::path(
    delete, path = "/user/{user}/token/{token}", tag = "Tokens",
    params(path::User, path::Token, path::IfMatch),
    responses(
        (status = 204, description = "It is gone."),
        refused::Account,
        refused::Version,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn delete_token(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Change>,
    Path((user, token)): Path<(String, String)>,
) -> Answer<StatusCode> {
    app.delete_token(&actor, named(&actor, &user, &token)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a token a successor, shown in this answer alone, under `token`.
///
/// The old one goes on for `overlap` seconds, a day if none is said. The new one lives for `expiration` seconds or, if
/// none is said, as long as the old one was made for.
#[utoipa::path(
    post, path = "/user/{user}/token/{token}/rotate", tag = "Tokens",
    params(path::User, path::Token, path::IfMatch),
    request_body(content = RotateTokenRequest, example = json!({"overlap": 86400, "expiration": 86400})),
    responses(
        (status = 201, description = "The successor, with its secret.", body = RotatedTokenView),
        refused::Account,
        refused::Version,
        refused::Body,
        refused::Conflict,
    ),
    security(("bearer" = [])),
)]
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

/// Shows the token that asks.
#[utoipa::path(
    get, path = "/user/{user}/token/current", tag = "Tokens",
    params(path::User),
    responses(
        (status = 200, description = "The token.", body = TokenView),
        refused::Identified,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn get_current_token(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Identify>,
    Path(user): Path<String>,
) -> Answer<Json<TokenView>> {
    actor.own(&user)?;
    let row = app.get_current_token(&actor).await?;
    Ok(Json(TokenView::new(&app, &actor, row)))
}

/// Ends the token that asks, whatever its scope.
#[utoipa::path(
    delete, path = "/user/{user}/token/current", tag = "Tokens",
    params(path::User, path::IfMatch),
    responses(
        (status = 204, description = "It is over."),
        refused::Identified,
        refused::Version,
    ),
    security(("bearer" = [])),
)]
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
