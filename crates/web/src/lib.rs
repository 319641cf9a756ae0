//! The web: the API that Pipes' clients speak (`api`), and the console (`console`). Both extract, call one use case of
//! `app`, and shape the answer.

pub mod api;
pub mod assets;
pub mod console;
pub mod identicon;
pub mod pages;

mod audit_export;
mod guards;
mod headers;
mod limits;
mod request;
mod results;
mod unread;
mod upload;

use app::App;
use axum::{Router, extract::DefaultBodyLimit, http::StatusCode, middleware, routing::get};

pub use request::Scheme;

/// The largest body of a request, in bytes. Nothing here takes more than a form.
const BODY_LIMIT: usize = 64 * 1024;

/// What every handler can reach.
#[derive(Clone)]
pub(crate) struct Web {
    pub(crate) app: App,
    pub(crate) scheme: Scheme,
    pub(crate) docs: api::Docs,
}

impl axum::extract::FromRef<Web> for App {
    fn from_ref(web: &Web) -> Self {
        web.app.clone()
    }
}

/// API and console for one listener. Serve it with `into_make_service_with_connect_info::<SocketAddr>()`, because the
/// audit log and the limits need to know who is at the other end.
pub fn router(app: App, scheme: Scheme) -> Router {
    let web = Web {
        app,
        scheme,
        docs: api::Docs::default(),
    };
    Router::new()
        .merge(api::router(&web))
        .merge(console::router(&web))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .layer((
            middleware::from_fn_with_state(web.clone(), request::surround),
            DefaultBodyLimit::max(BODY_LIMIT),
        ))
        .with_state(web)
}

/// The paths of all routes, as the routers themselves hold them: for tests that must leave none out.
pub fn paths() -> Vec<String> {
    let all = format!("{:?}", api::resources().into_router().merge(console::pages()));
    let mut paths: Vec<String> = all
        .split('"')
        .filter(|text| text.starts_with('/') && !text.contains("__private"))
        .map(str::to_owned)
        .collect();
    paths.sort();
    paths.dedup();
    paths
}

/// Whether this replica can serve: the account store answers.
async fn ready(axum::extract::State(app): axum::extract::State<App>) -> (StatusCode, &'static str) {
    match app.check_ready().await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "not ready: the account store does not answer, or the server is about to stop\n",
        ),
    }
}
