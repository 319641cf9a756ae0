//! The API of `pipes-contract.md`, under `/api/v0` and `/api/latest`. One file per resource.

mod actor;
mod audit_log;
mod avatar;
mod body;
mod connection;
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

use app::App;
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::Method,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::any,
};
use utoipa::OpenApi;
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouter, UtoipaMethodRouterExt},
    routes,
};

use crate::{Web, limits, request::Noted, upload};

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

/// Where the API is found: as clients of Pipes ask for it, and as its document says.
const BASES: [&str; 2] = ["/api/v0", "/api/latest"];

pub(crate) fn router(web: &Web) -> Router<Web> {
    let missing = || any(async || axum::http::StatusCode::NOT_FOUND);
    resources()
        .into_router()
        .route("/api", missing())
        .route("/api/{*rest}", missing())
        .layer(middleware::from_fn_with_state(web.clone(), surround))
}

/// Where what is documented at `path` is served. The root is there with and without its slash.
fn places(path: &str) -> Vec<String> {
    let bare = (path == "/").then_some("");
    let paths = bare.into_iter().chain([path]);
    paths
        .flat_map(|path| BASES.map(|base| format!("{base}{path}")))
        .collect()
}

/// What surrounds every call: limits before it, and behind it what each answer says. It is one function, because with
/// each layer a request copies all that is below it once more.
async fn surround(State(app): State<App>, request: Request, next: Next) -> Response {
    let noted = Noted::of(request.extensions());
    let mut response = match limits::admit_network(&app, &request) {
        Ok(()) => next.run(request).await,
        Err(error) => ApiError::from(error).into_response(),
    };
    expiry::tell(&noted, &mut response);
    error::render(noted.request_id(), response)
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

/// The resources of the API, as they are served and as they are documented.
pub(crate) struct Resources {
    router: Router<Web>,
    document: OpenApiRouter<Web>,
}

impl Resources {
    fn new() -> Self {
        Self {
            router: Router::new(),
            document: OpenApiRouter::with_openapi(docs::Document::openapi()),
        }
    }

    /// Adds handlers of one path, under all bases. A router inside a router would do, too, but takes the path of each
    /// request apart and makes a new one, twice.
    fn routes(self, routes: UtoipaMethodRouter<Web>) -> Self {
        let (_, paths, handlers) = &routes;
        let router = paths
            .paths
            .keys()
            .flat_map(|path| places(path))
            .fold(self.router, |router, place| {
                router.route(&place, handlers.clone())
            });
        Self {
            router,
            document: self.document.routes(routes),
        }
    }

    /// The document, before [`docs`] finishes it.
    pub(crate) fn into_openapi(self) -> utoipa::openapi::OpenApi {
        self.document.into_openapi()
    }

    /// As they are served.
    pub(crate) fn into_router(self) -> Router<Web> {
        self.router
    }
}

/// The resources of the API. Each handler brings its method, its path and its documentation.
pub(crate) fn resources() -> Resources {
    Resources::new()
        .routes(routes!(actor::get_actor))
        .routes(routes!(actor::list_actor_activity))
        .routes(routes!(actor::list_actor_connections))
        .routes(routes!(actor::list_actor_orgs))
        .routes(routes!(actor::list_actor_org_invites))
        .routes(routes!(actor::list_actor_workspaces))
        .routes(routes!(credentials::revoke_credentials))
        .routes(routes!(docs::served::get_root))
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
        .routes(routes!(
            connection::list_workspace_connections,
            connection::end_workspace_connections
        ))
        .routes(routes!(connection::end_workspace_connection))
        .routes(routes!(connection::list_connections, connection::end_connections))
        .routes(routes!(connection::end_connection))
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
