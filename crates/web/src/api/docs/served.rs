//! `/docs`: the document, for programs and for people. Each is made when it is first asked for.

use std::sync::{Arc, OnceLock};

use app::{App, Error};
use askama::Template;
use axum::{
    extract::{FromRef, State},
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use url::Url;

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
