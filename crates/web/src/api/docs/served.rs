//! `/docs`: the document, for programs and for people. It is made when it is first asked for.

use std::sync::{Arc, OnceLock};

use axum::{
    extract::{FromRef, State},
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;

use super::{document, refused};
use crate::{Web, api::Answer};

/// It changes with the version of the server alone.
const FOR_A_WHILE: &str = "public, max-age=300";

/// The document as it is sent.
#[derive(Clone, Default)]
pub(crate) struct Docs(Arc<OnceLock<Bytes>>);

impl Docs {
    /// The document as JSON; `None` if it could not be written, which a test rules out.
    fn json(&self) -> Option<Bytes> {
        let json = self
            .0
            .get_or_init(|| document().to_json().unwrap_or_default().into());
        (!json.is_empty()).then(|| json.clone())
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
    let json = docs
        .json()
        .ok_or(app::Error::Internal("the document of the API"))?;
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, FOR_A_WHILE),
    ];
    Ok((headers, json).into_response())
}
