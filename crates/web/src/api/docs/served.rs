//! `/docs`: the document, for programs and for people. Each is made when it is first asked for.

use std::sync::{Arc, OnceLock};

use app::{App, Error};
use askama::Template;
use axum::{
    Json,
    extract::{FromRef, State},
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde::Serialize;
use url::Url;
use utoipa::ToSchema;

use super::{document, page, refused};
use crate::{Web, api::Answer, console};

/// Where the console leads to.
pub(crate) const DOCS: &str = "/api/latest/docs";

/// It changes with the version of the server alone.
const FOR_A_WHILE: &str = "public, max-age=300";

/// The document as it is sent: empty if it could not be written, which a test rules out.
#[derive(Clone, Default)]
pub(crate) struct Docs(Arc<Sent>);

#[derive(Default)]
struct Sent {
    json: OnceLock<Bytes>,
    page: OnceLock<Bytes>,
}

impl Docs {
    fn json(&self) -> &Bytes {
        let json = || document().to_json().unwrap_or_default().into();
        self.0.json.get_or_init(json)
    }

    /// The document as a page, for a server at `public_url`.
    fn page(&self, public_url: &Url) -> &Bytes {
        self.0.page.get_or_init(|| {
            let base = public_url.as_str().trim_end_matches('/');
            let page = page::page(&document(), console::outside(), &format!("{base}/api/latest"));
            page.render().unwrap_or_default().into()
        })
    }
}

impl FromRef<Web> for Docs {
    fn from_ref(web: &Web) -> Self {
        web.docs.clone()
    }
}

/// Where to find out what can be asked.
#[derive(Serialize, ToSchema)]
#[schema(as = Root)]
pub(crate) struct RootView {
    /// For people.
    #[schema(format = "uri", example = "https://standpipe.example/api/latest/docs")]
    documentation_url: String,
    /// For programs: OpenAPI 3.1.
    #[schema(
        format = "uri",
        example = "https://standpipe.example/api/latest/docs/openapi.json"
    )]
    openapi_url: String,
    /// How to say who asks.
    #[schema(
        example = "Send a token as `Authorization: Bearer …`. Tokens are made in the console, under Settings."
    )]
    authentication: &'static str,
}

/// Shows where this document is. It needs no token and looks nothing up.
#[utoipa::path(
    get, path = "/", tag = "Documentation",
    responses(
        (status = 200, description = "Where to find out what can be asked.", body = RootView),
        refused::Open,
    ),
    security(()),
)]
pub(crate) async fn get_root(State(app): State<App>) -> Json<RootView> {
    let base = app.settings().public_url.as_str().trim_end_matches('/');
    Json(RootView {
        documentation_url: format!("{base}{DOCS}"),
        openapi_url: format!("{base}{DOCS}/openapi.json"),
        authentication: "Send a token as `Authorization: Bearer …`. Tokens are made in the console, under Settings.",
    })
}

/// Shows this document.
#[utoipa::path(
    get, path = "/docs/openapi.json", tag = "Documentation",
    responses(
        (status = 200, description = "An OpenAPI document.", body = serde_json::Value),
        refused::Open,
    ),
    security(()),
)]
pub(crate) async fn get_openapi(State(docs): State<Docs>) -> Answer<Response> {
    sent("application/json", docs.json())
}

/// Shows this document as a page.
#[utoipa::path(
    get, path = "/docs", tag = "Documentation",
    responses(
        (status = 200, description = "A page.", body = String, content_type = "text/html"),
        refused::Open,
    ),
    security(()),
)]
pub(crate) async fn get_docs(State(app): State<App>, State(docs): State<Docs>) -> Answer<Response> {
    sent("text/html; charset=utf-8", docs.page(&app.settings().public_url))
}

fn sent(content_type: &'static str, body: &Bytes) -> Answer<Response> {
    if body.is_empty() {
        return Err(Error::Internal("the documentation of the API cannot be written").into());
    }
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, FOR_A_WHILE),
    ];
    Ok((headers, body.clone()).into_response())
}
