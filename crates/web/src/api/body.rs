//! Bodies of requests.

use app::Error;
use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::StatusCode,
};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use super::ApiError;
use crate::Web;

/// A JSON object; no body at all is an empty one, because clients send `POST` without (contract §1.5).
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Web> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Self::Rejection> {
        let fail = |message: String| ApiError::from(Error::invalid("body", message));
        let bytes = Bytes::from_request(request, web).await;
        let bytes = bytes.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => ApiError::from(Error::TooLarge),
            _ => fail("The body was cut off.".to_owned()),
        })?;
        let text: &[u8] = if bytes.iter().all(u8::is_ascii_whitespace) {
            b"{}"
        } else {
            &bytes
        };
        // serde's words name the field and the expected type, never the value's secret parts: a type error on a
        // string quotes the string, so that they are not repeated here.
        serde_json::from_slice(text).map(Self).map_err(|error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            fail(match error.classify() {
                serde_json::error::Category::Data => format!("A field has the wrong type, at {place}."),
                _ => format!("The body is no JSON, at {place}."),
            })
        })
    }
}

/// Tells a field that is `null` (clear it: an empty text) from one that is absent (leave it).
pub(crate) fn null_clears<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(Some(Option::<String>::deserialize(from)?.unwrap_or_default()))
}
