//! `/user/{user}/export`: everything that is kept of the account, as one archive. An addition of ours to the contract.

use app::{App, export::Export};
use axum::{
    body::Body,
    extract::{Path, State},
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};

use super::{
    Answer,
    docs::{kinds, path, refused},
};
use crate::guards::{Bearer, needs::Change};

/// Sends everything that is kept of the account, as a ZIP archive of JSON and CSV.
///
/// It is recorded, and needs a token with the scope `full`.
#[utoipa::path(
    get, path = "/user/{user}/export", tag = "Account",
    params(path::User),
    responses(
        (status = 200, description = "The archive.", body = kinds::Archive, content_type = "application/zip"),
        refused::Account,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn export_account(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Change>,
    Path(user): Path<String>,
) -> Answer<Response> {
    actor.own(&user)?;
    Ok(download(app.export_account(&actor).await?))
}

/// An archive as a download.
pub(crate) fn download(export: Export) -> Response {
    let name = format!("attachment; filename=\"{}\"", export.file_name);
    let mut response = Body::from_stream(export).into_response();
    let headers: [(HeaderName, Option<HeaderValue>); 2] = [
        (
            header::CONTENT_TYPE,
            Some(HeaderValue::from_static("application/zip")),
        ),
        (header::CONTENT_DISPOSITION, HeaderValue::from_str(&name).ok()),
    ];
    for (header, value) in headers {
        if let Some(value) = value {
            response.headers_mut().insert(header, value);
        }
    }
    response
}
