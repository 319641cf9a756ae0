//! `/user/{user}`: the account (contract §1.3).

use app::{App, UserRow, profile::ProfileUpdate};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use model::{UserId, time::rfc3339_seconds, version::Expected};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Answer, TENANT_ID, body,
    body::JsonBody,
    docs::{kinds, path, refused},
    page::{ListView, PageQuery},
};
use crate::guards::{
    Bearer,
    needs::{Change, Identify},
};

/// An account. It says no e-mail address.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserView {
    #[schema(value_type = kinds::UserId)]
    id: UserId,
    #[schema(value_type = kinds::Handle)]
    handle: String,
    #[schema(value_type = kinds::TenantId)]
    tenant_id: &'static str,
    #[schema(value_type = kinds::UserStatus)]
    status: &'static str,
    /// Left out when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Ana Lima")]
    display_name: Option<String>,
    #[schema(example = "https://standpipe.example/api/v0/identity/u_d9lfcb2jbcks73e0q1tg/avatar?v=3")]
    avatar_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "https://ana.example")]
    url: Option<String>,
    #[schema(value_type = kinds::Time)]
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<kinds::Time>)]
    updated_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<kinds::Time>)]
    token_min_issued_at: Option<String>,
    /// Nothing is billed here and so nothing is capped: the thresholds of usage are none.
    usage_compute_threshold: i64,
    #[schema(value_type = kinds::UsageAction)]
    usage_compute_action: &'static str,
    usage_storage_threshold: i64,
    #[schema(value_type = kinds::UsageAction)]
    usage_storage_action: &'static str,
    #[schema(value_type = i32, example = 3)]
    version_id: i64,
}

impl UserView {
    pub(crate) fn new(app: &App, user: &UserRow) -> Self {
        Self {
            id: user.id,
            handle: user.handle.to_string(),
            tenant_id: TENANT_ID,
            status: "accepted",
            display_name: user.display_name.clone(),
            avatar_url: app.avatar_url(user),
            url: user.url.clone(),
            created_at: rfc3339_seconds(user.created_at),
            updated_at: user.updated_at.map(rfc3339_seconds),
            token_min_issued_at: user.token_min_issued_at.map(rfc3339_seconds),
            usage_compute_threshold: 0,
            usage_compute_action: "warn",
            usage_storage_threshold: 0,
            usage_storage_action: "warn",
            version_id: user.version_id,
        }
    }
}

impl UserView {
    /// The account as others see it: without what concerns its own credentials.
    pub(crate) fn public(app: &App, user: &UserRow) -> Self {
        Self {
            token_min_issued_at: None,
            ..Self::new(app, user)
        }
    }
}

/// What `PATCH /user/{user}` takes. Unknown fields are ignored.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct UpdateUserRequest {
    #[serde(default, deserialize_with = "body::null_clears")]
    #[schema(value_type = Option<kinds::DisplayName>)]
    display_name: Option<String>,
    #[serde(default, deserialize_with = "body::null_clears")]
    url: Option<String>,
    #[serde(default, deserialize_with = "body::null_clears")]
    avatar_url: Option<String>,
    #[schema(value_type = Option<kinds::Handle>)]
    handle: Option<String>,
    #[schema(value_type = Option<kinds::Time>)]
    token_min_issued_at: Option<String>,
    /// An addition of ours, for a reset alone: the database password too, and open connections.
    #[serde(default)]
    rotate_password: bool,
}

impl UpdateUserRequest {
    /// Whether authentication is to be reset: every session and token issued before now ends. The time moves forward
    /// only and never past now, or an account could be locked for ever; so what is asked for must be a time after the
    /// last reset, and what is written is now.
    fn resets_auth(&self, user: &UserRow) -> Result<bool, app::Error> {
        let Some(text) = self.token_min_issued_at.as_deref() else {
            return Ok(false);
        };
        let at: jiff::Timestamp = text.parse().map_err(|_| {
            app::Error::invalid(
                "token_min_issued_at",
                "Use an RFC 3339 time, such as 2026-11-23T12:00:00Z.",
            )
        })?;
        match user.token_min_issued_at.unwrap_or(user.created_at) {
            // The contract shows whole seconds, so that a client can only name those.
            last if at.as_second() < last.as_second() => Err(app::Error::invalid(
                "token_min_issued_at",
                "This time moves forward only.",
            )),
            _ => Ok(true),
        }
    }
}

/// Lists the accounts that the owner of the token may see, which is their own.
#[utoipa::path(
    get, path = "/user", tag = "Account",
    params(PageQuery),
    responses(
        (status = 200, description = "The account.", body = ListView<UserView>),
        refused::Token,
        refused::Invalid,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn list_users(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Identify>,
    Query(query): Query<PageQuery>,
) -> Answer<Json<ListView<UserView>>> {
    let own = match query.page()?.after {
        None => vec![UserView::new(&app, actor.user())],
        Some(_) => Vec::new(),
    };
    Ok(Json(ListView::new(own, None, |view| view)))
}

/// Refuses to make an account: nobody makes one for others with a token of their own.
#[utoipa::path(
    post, path = "/user", tag = "Account",
    responses(
        refused::Token,
        refused::Scope,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn create_user(_: Bearer<Identify>) -> Answer<Json<UserView>> {
    Err(app::Error::Forbidden {
        code: "accounts_by_sign_up",
        message: "Accounts are made by their owners, with POST /signup and the mail that follows, or by the operator \
                  with `standpipe admin user create`.",
    }
    .into())
}

/// Shows the account.
#[utoipa::path(
    get, path = "/user/{user}", tag = "Account",
    params(path::User),
    responses(
        (status = 200, description = "The account.", body = UserView),
        refused::Identified,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn get_user(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Identify>,
    Path(user): Path<String>,
) -> Answer<Json<UserView>> {
    actor.own(&user)?;
    Ok(Json(UserView::new(&app, actor.user())))
}

/// Changes the profile, the handle, or resets authentication.
///
/// `display_name` and `url` are cleared by `null`. `avatar_url` asks for the picture at an `https` address to be fetched,
/// which is a process; `null` goes back to the generated one.
///
/// `handle` changes the handle, and with it every host name: at most once a day, in a transaction of its own before the
/// other fields are written. A name that is not free is `409` with `handle_taken` or, with the time in `detail`,
/// `handle_held`.
///
/// `token_min_issued_at` resets authentication: every session and token ends now, whatever time after the last reset it
/// names; with `rotate_password` the database password is rotated too, and open database connections end.
#[utoipa::path(
    patch, path = "/user/{user}", tag = "Account",
    params(path::User, path::IfMatch),
    request_body(content = UpdateUserRequest, example = json!({"display_name": "Ana Lima", "url": "https://ana.example"})),
    responses(
        (status = 200, description = "The account as it is now.", body = UserView),
        refused::Account,
        refused::Version,
        refused::Body,
        refused::Conflict,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn update_user(
    State(app): State<App>,
    Bearer(mut actor, _): Bearer<Change>,
    Path(user): Path<String>,
    JsonBody(input): JsonBody<UpdateUserRequest>,
) -> Answer<Json<UserView>> {
    actor.own(&user)?;
    let resets_auth = input.resets_auth(actor.user())?;
    let rotates_password = input.rotate_password;
    let update = ProfileUpdate {
        display_name: input.display_name,
        url: input.url,
        avatar_url: input.avatar_url,
    };
    let mut user = actor.user().clone();
    // Each step is a transaction; the first one sees whether the version is what the client expects.
    if !resets_auth || input.handle.is_some() || update != ProfileUpdate::default() {
        user = app.update_user(&actor, input.handle.as_deref(), update).await?;
        actor = actor.expecting(Expected::Anything);
    }
    if resets_auth {
        user = app.reset_auth(&actor, rotates_password).await?;
    }
    Ok(Json(UserView::new(&app, &user)))
}

/// Deletes the account for good.
///
/// Its token is dead then, so that a later call gets `401`; with anybody else's token it is `404`.
#[utoipa::path(
    delete, path = "/user/{user}", tag = "Account",
    params(path::User, path::IfMatch),
    responses(
        (status = 200, description = "The account as it was.", body = UserView),
        (status = 204, description = "Another call was first."),
        refused::Account,
        refused::Version,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn delete_user(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Change>,
    Path(user): Path<String>,
) -> Answer<Response> {
    actor.own(&user)?;
    Ok(match app.delete_account(&actor, None).await? {
        Some(user) => Json(UserView::new(&app, &user)).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}
