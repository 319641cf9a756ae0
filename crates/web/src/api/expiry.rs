//! What every answer says of the token that it was asked with: when it ends.

use axum::{
    http::{HeaderName, HeaderValue},
    response::Response,
};
use model::time::rfc3339_seconds;

use crate::request::Noted;

/// RFC 3339. It is there on each answer, errors included, to a token that ends: by its expiry, or because it retires.
const EXPIRES_AT: HeaderName = HeaderName::from_static("standpipe-token-expires-at");

/// Adds [`EXPIRES_AT`].
pub(crate) fn tell(noted: &Noted, response: &mut Response) {
    if let Some(end) = noted.ends_at()
        && let Ok(value) = HeaderValue::from_str(&rfc3339_seconds(end))
    {
        response.headers_mut().insert(EXPIRES_AT, value);
    }
}
