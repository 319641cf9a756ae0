//! The API of `pipes-contract.md`, under `/api/v0` and `/api/latest`. One file per resource.

mod actor;
mod audit_log;
mod avatar;
mod body;
mod credentials;
mod email;
mod error;
mod expiry;
mod export;
mod identity;
mod page;
mod password;
mod preferences;
mod process;
mod routes;
mod session;
mod sign_in;
mod token;
mod user;
mod workspace;

use axum::{Router, middleware};

use crate::{Web, limits, upload};
use routes::{Resources, delete, get, post};

pub(crate) use audit_log::AuditRecordView;
pub(crate) use error::ApiError;
pub(crate) use export::download;
pub(crate) use page::{PageQuery, encode as encode_cursor};
pub use routes::Route;

/// What a handler answers.
type Answer<T> = Result<T, ApiError>;

/// The tenant that real clients know from Pipes; a self-hosted Standpipe is one tenant (contract §0.5).
const TENANT_ID: &str = "t_00000000000000000000";

pub(crate) fn router(web: &Web) -> Router<Web> {
    let limit = middleware::from_fn_with_state(web.clone(), limits::check_network::<ApiError>);
    Router::new()
        .nest("/v0", resources().into_router())
        .nest("/latest", resources().into_router())
        .fallback(|| async { axum::http::StatusCode::NOT_FOUND })
        .layer(limit)
        .layer(middleware::from_fn(expiry::tell))
        .layer(middleware::from_fn(error::render_errors))
}

/// Every route of the API, below `/api/v0` and `/api/latest`.
pub fn routes() -> Vec<Route> {
    resources().into_routes()
}

pub(crate) fn resources() -> Resources {
    Resources::default()
        .route("/actor", get(actor::get_actor))
        .route("/actor/activity", get(actor::list_actor_activity))
        .route("/actor/conn", get(actor::list_actor_connections))
        .route("/actor/org", get(actor::list_actor_orgs))
        .route("/actor/org/invite", get(actor::list_actor_org_invites))
        .route("/actor/workspace", get(actor::list_actor_workspaces))
        .route("/credentials/revoke", post(credentials::revoke_credentials))
        .route("/identity", get(identity::list_identities))
        .route("/identity/{identity}", get(identity::get_identity))
        .route("/identity/{identity}/avatar", get(avatar::get_avatar))
        .route("/login", post(sign_in::request_sign_in))
        .route("/signup", post(sign_in::request_sign_up))
        .route("/user", get(user::list_users).post(user::create_user))
        .route(
            "/user/{user}",
            get(user::get_user)
                .patch(user::update_user)
                .delete(user::delete_user),
        )
        .route("/user/{user}/export", get(export::export_account))
        .route(
            "/user/{user}/avatar",
            post(avatar::create_avatar)
                .delete(avatar::delete_avatar)
                .body_limit(upload::BODY_LIMIT),
        )
        .route(
            "/user/{user}/password",
            get(password::get_password).post(password::create_password),
        )
        .route(
            "/user/{user}/email",
            get(email::list_emails).post(email::add_email),
        )
        .route(
            "/user/{user}/email/{email}",
            get(email::get_email)
                .patch(email::update_email)
                .delete(email::delete_email),
        )
        .route("/user/{user}/email/{email}/resend", post(email::resend_email))
        .route(
            "/user/{user}/preferences",
            get(preferences::get_preferences).patch(preferences::update_preferences),
        )
        .route(
            "/user/{user}/session",
            get(session::list_sessions).delete(session::end_sessions),
        )
        .route("/user/{user}/session/{session}", delete(session::end_session))
        .route(
            "/user/{user}/token",
            get(token::list_tokens).post(token::create_token),
        )
        .route(
            "/user/{user}/token/current",
            get(token::get_current_token).delete(token::end_current_credential),
        )
        .route("/user/{user}/token/{token}/rotate", post(token::rotate_token))
        .route(
            "/user/{user}/token/{token}",
            get(token::get_token)
                .patch(token::update_token)
                .delete(token::delete_token),
        )
        .route(
            "/user/{user}/workspace",
            get(workspace::list_workspaces).post(workspace::create_workspace),
        )
        .route(
            "/user/{user}/workspace/{workspace}",
            get(workspace::get_workspace).delete(workspace::delete_workspace),
        )
        .route(
            "/user/{user}/workspace/{workspace}/process",
            get(process::list_workspace_processes),
        )
        .route("/user/{user}/process", get(process::list_processes))
        .route("/user/{user}/process/{process}", get(process::get_process))
        .route("/user/{user}/audit_log", get(audit_log::list_audit_log))
        .route("/user/{user}/audit_log/export", get(audit_log::export_audit_log))
        .route(
            "/user/{user}/audit_log/{record}",
            get(audit_log::get_audit_record),
        )
}
