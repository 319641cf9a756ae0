//! `/login/token`: a command line's login (contract §1.6, §5.1).

use app::{
    App, Error,
    cli_logins::{CliLogin, Redeemed},
};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use model::{Secret, cli_login::CliLoginKey, time::rfc3339_seconds};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Answer,
    body::JsonBody,
    docs::{kinds, path, refused},
};
use crate::guards::{Bearer, Caller, needs::Identify};

/// A command line's request to be let in.
#[derive(Serialize, ToSchema)]
#[schema(as = TemporaryTokenRequest)]
pub(crate) struct CliLoginView {
    #[schema(value_type = kinds::CliLoginId)]
    id: String,
    #[schema(value_type = kinds::CliLoginState)]
    state: &'static str,
    /// From where it asked.
    #[schema(example = "203.0.113.9")]
    client_ip: String,
    /// Always empty: whoever types the code has it from the browser.
    #[schema(example = "")]
    code: &'static str,
    #[schema(value_type = kinds::Time)]
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<kinds::Time>)]
    updated_at: Option<String>,
    /// The temporary token: there for the right code, this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

impl CliLoginView {
    fn new(key: &CliLoginKey, login: CliLogin, token: Option<String>) -> Self {
        Self {
            id: key.expose().to_owned(),
            state: if login.confirmed { "confirmed" } else { "pending" },
            client_ip: login.ip,
            code: "",
            created_at: rfc3339_seconds(login.created_at),
            updated_at: login.updated_at.map(rfc3339_seconds),
            token,
        }
    }
}

/// The query of `GET /login/token/{login}`.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CodeQuery {
    /// The code that the browser shows after Verify. Without it the answer says where the request is.
    #[serde(default)]
    #[param(example = "402917")]
    code: String,
}

/// What `PATCH /login/token/{login}` takes.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct UpdateCliLoginRequest {
    #[schema(value_type = kinds::CliLoginState, required)]
    state: Option<String>,
}

fn key_of(login: &str) -> Result<CliLoginKey, Error> {
    login.parse().map_err(|_| Error::NotFound("login request"))
}

/// Asks to be let in. No token is looked at, because a command line that logs in again sends the one that does not work
/// any more. Its person opens `/login/token?r={id}` of the console, and types the code from there.
#[utoipa::path(
    post, path = "/login/token", tag = "Sign-in",
    responses(
        (status = 201, description = "The request.", body = CliLoginView),
        refused::Public,
    ),
    security(()),
)]
pub(crate) async fn create_cli_login(
    State(app): State<App>,
    Caller(peer): Caller,
) -> Answer<(StatusCode, Json<CliLoginView>)> {
    let (login, key) = app.create_cli_login(&peer).await?;
    Ok((StatusCode::CREATED, Json(CliLoginView::new(&key, login, None))))
}

/// Where the request is and, for the right code, its token. There are five tries, then the request is burned.
#[utoipa::path(
    get, path = "/login/token/{login}", tag = "Sign-in",
    params(path::Login, CodeQuery),
    responses(
        (status = 200, description = "The request, and with the right code the token.", body = CliLoginView),
        refused::Public,
        refused::Unauthenticated,
        refused::NotFound,
        refused::Gone,
    ),
    security(()),
)]
pub(crate) async fn get_cli_login(
    State(app): State<App>,
    Caller(peer): Caller,
    Path(login): Path<String>,
    Query(query): Query<CodeQuery>,
) -> Answer<Json<CliLoginView>> {
    let key = key_of(&login)?;
    let code = Some(query.code).filter(|code| !code.is_empty()).map(Secret::new);
    let Redeemed { login, token } = app.redeem_cli_login(&key, code.as_ref(), &peer).await?;
    let token = token.map(|token| token.expose().to_owned());
    Ok(Json(CliLoginView::new(&key, login, token)))
}

/// Refused whatever it names: only a person at a browser lets a command line in.
#[utoipa::path(
    patch, path = "/login/token/{login}", tag = "Sign-in",
    params(path::Login),
    request_body = UpdateCliLoginRequest,
    responses(
        refused::Token,
        refused::Invalid,
        refused::Scope,
        refused::Body,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn update_cli_login(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Identify>,
    JsonBody(input): JsonBody<UpdateCliLoginRequest>,
) -> Answer<StatusCode> {
    if !matches!(input.state.as_deref(), Some("pending" | "confirmed")) {
        return Err(Error::invalid("state", "Use confirmed or pending.").into());
    }
    app.require_browser(&actor)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives up a request. Whoever has its id may, and may twice.
#[utoipa::path(
    delete, path = "/login/token/{login}", tag = "Sign-in",
    params(path::Login),
    responses(
        (status = 200, description = "The request as it was.", body = CliLoginView),
        refused::Public,
        refused::NotFound,
    ),
    security(()),
)]
pub(crate) async fn delete_cli_login(
    State(app): State<App>,
    Caller(peer): Caller,
    Path(login): Path<String>,
) -> Answer<Json<CliLoginView>> {
    let key = key_of(&login)?;
    let login = app.cancel_cli_login(&key, &peer).await?;
    Ok(Json(CliLoginView::new(&key, login, None)))
}
