//! The API of `pipes-contract.md`, under `/api/v0` and `/api/latest`. One file per resource.

mod actor;
mod audit_log;
mod avatar;
mod body;
mod credentials;
mod db_log;
mod docs;
mod email;
mod error;
mod expiry;
mod export;
mod identity;
mod login;
mod member;
mod page;
mod password;
mod preferences;
mod process;
mod query;
mod session;
mod sign_in;
mod token;
mod usage;
mod user;
mod workspace;

use axum::{Router, extract::DefaultBodyLimit, http::Method, middleware};
use utoipa::OpenApi;
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouterExt},
    routes,
};

use crate::{Web, limits, upload};

pub(crate) use audit_log::AuditRecordView;
pub(crate) use docs::{DOCS, Docs};
pub(crate) use error::ApiError;
pub(crate) use export::download;
pub(crate) use page::{PageQuery, encode as encode_cursor};

/// What a handler answers.
type Answer<T> = Result<T, ApiError>;

/// One call of the API: a method, and a path below `/api/latest` with its parameters in braces.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path.
    pub path: String,
}

/// The tenant that real clients know from Pipes; a self-hosted Standpipe is one tenant (contract §0.5).
const TENANT_ID: &str = "t_00000000000000000000";

pub(crate) fn router(web: &Web) -> Router<Web> {
    let limit = middleware::from_fn_with_state(web.clone(), limits::check_network::<ApiError>);
    Router::new()
        .nest("/v0", Router::from(resources()))
        .nest("/latest", Router::from(resources()))
        .fallback(|| async { axum::http::StatusCode::NOT_FOUND })
        .layer(limit)
        .layer(middleware::from_fn(expiry::tell))
        .layer(middleware::from_fn(error::render_errors))
}

/// Every route of the API, below `/api/v0` and `/api/latest`.
pub fn routes() -> Vec<Route> {
    docs::document()
        .paths
        .paths
        .into_iter()
        .flat_map(|(path, mut item)| {
            let methods = docs::operations(&mut item).map(|(method, _)| method);
            let routes = methods.map(|method| Route {
                method,
                path: path.clone(),
            });
            routes.collect::<Vec<_>>()
        })
        .collect()
}

/// The resources of the API. Each handler brings its method, its path and its documentation.
pub(crate) fn resources() -> OpenApiRouter<Web> {
    OpenApiRouter::with_openapi(docs::Document::openapi())
        .routes(routes!(actor::get_actor))
        .routes(routes!(actor::list_actor_activity))
        .routes(routes!(actor::list_actor_connections))
        .routes(routes!(actor::list_actor_orgs))
        .routes(routes!(actor::list_actor_org_invites))
        .routes(routes!(actor::list_actor_workspaces))
        .routes(routes!(credentials::revoke_credentials))
        .routes(routes!(docs::served::get_docs))
        .routes(routes!(docs::served::get_openapi))
        .routes(routes!(identity::list_identities))
        .routes(routes!(identity::get_identity))
        .routes(routes!(avatar::get_avatar))
        .routes(routes!(sign_in::request_sign_in))
        .routes(routes!(sign_in::request_sign_up))
        .routes(routes!(login::create_cli_login))
        .routes(routes!(
            login::get_cli_login,
            login::update_cli_login,
            login::delete_cli_login
        ))
        .routes(routes!(user::list_users, user::create_user))
        .routes(routes!(user::get_user, user::update_user, user::delete_user))
        .routes(routes!(export::export_account))
        .routes(routes!(usage::list_usage))
        .routes(routes!(usage::list_constraints))
        .routes(
            routes!(avatar::create_avatar, avatar::delete_avatar)
                .layer(DefaultBodyLimit::max(upload::BODY_LIMIT)),
        )
        .routes(routes!(password::get_password, password::create_password))
        .routes(routes!(email::list_emails, email::add_email))
        .routes(routes!(
            email::get_email,
            email::update_email,
            email::delete_email
        ))
        .routes(routes!(email::resend_email))
        .routes(routes!(
            preferences::get_preferences,
            preferences::update_preferences
        ))
        .routes(routes!(session::list_sessions, session::end_sessions))
        .routes(routes!(session::end_session))
        .routes(routes!(token::list_tokens, token::create_token))
        .routes(routes!(token::get_current_token, token::end_current_credential))
        .routes(routes!(token::rotate_token))
        .routes(routes!(
            token::get_token,
            token::update_token,
            token::delete_token
        ))
        .routes(routes!(workspace::list_workspaces, workspace::create_workspace))
        .routes(routes!(
            workspace::get_workspace,
            workspace::update_workspace,
            workspace::delete_workspace
        ))
        .routes(routes!(member::list_members, member::create_member))
        .routes(routes!(
            member::get_member,
            member::update_member,
            member::delete_member
        ))
        .routes(routes!(workspace::list_workspace_audit_log))
        .routes(routes!(db_log::list_db_log))
        .routes(routes!(usage::list_workspace_usage))
        .routes(routes!(workspace::command_workspace))
        .routes(routes!(process::list_workspace_processes))
        .routes(routes!(query::get_query, query::post_query).layer(DefaultBodyLimit::max(query::BODY_LIMIT)))
        .routes(
            routes!(query::get_query_file, query::post_query_file)
                .layer(DefaultBodyLimit::max(query::BODY_LIMIT)),
        )
        .routes(routes!(process::list_processes))
        .routes(routes!(process::get_process))
        .routes(routes!(process::get_process_log))
        .routes(routes!(process::command_process))
        .routes(routes!(process::get_workspace_process))
        .routes(routes!(process::get_workspace_process_log))
        .routes(routes!(process::command_workspace_process))
        .routes(routes!(audit_log::list_audit_log))
        .routes(routes!(audit_log::export_audit_log))
        .routes(routes!(audit_log::get_audit_record))
}
