//! `/identity`: what anyone may know of an account (contract §1.2).

use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use model::UserId;

use super::ApiError;
use crate::identicon;

/// Where the picture of an account is.
pub(crate) fn avatar_path(user: UserId) -> String {
    format!("/api/latest/identity/{user}/avatar")
}

/// `GET /identity/{identity}/avatar`: the generated picture, which depends on the id alone and so tells nobody
/// whether there is such an account.
pub(crate) async fn get_avatar(Path(identity): Path<String>) -> Result<Response, ApiError> {
    let user: UserId = identity.parse().map_err(|_| app::Error::NotFound("identity"))?;
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (header::CACHE_CONTROL, "public, max-age=86400"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        ),
    ];
    Ok((StatusCode::OK, headers, identicon::identicon(&user.to_string())).into_response())
}
