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
        // serde would take a list for an object, field by field.
        if !text.trim_ascii_start().starts_with(b"{") {
            return Err(fail("Send a JSON object.".to_owned()));
        }
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

/// A whole number, however JSON writes it: `60`, or `60.0`, which is the same.
pub(crate) fn whole<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    let Some(number) = Option::<serde_json::Number>::deserialize(from)? else {
        return Ok(None);
    };
    // Above it not every whole number is a float, so that what was meant is not known.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let float = number
        .as_f64()
        .filter(|float| float.fract() == 0.0 && float.abs() <= EXACT);
    let whole = number.as_i64().or(float.map(|float| float as i64));
    whole
        .map(Some)
        .ok_or_else(|| serde::de::Error::custom("no whole number"))
}

/// Tells a field that is `null` (clear it: an empty text) from one that is absent (leave it).
pub(crate) fn null_clears<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(Some(Option::<String>::deserialize(from)?.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_told_from_others() {
        #[derive(Deserialize)]
        struct Body {
            #[serde(default, deserialize_with = "whole")]
            n: Option<i64>,
        }
        let read = |text: &str| serde_json::from_str::<Body>(text).map(|body| body.n).ok();
        assert_eq!(read("{}"), Some(None));
        assert_eq!(read(r#"{"n": null}"#), Some(None));
        assert_eq!(read(r#"{"n": 60}"#), Some(Some(60)));
        assert_eq!(read(r#"{"n": -60.0}"#), Some(Some(-60)));
        assert_eq!(read(r#"{"n": 9223372036854775807}"#), Some(Some(i64::MAX)));
        for wrong in ["60.5", "\"60\"", "1e300", "18446744073709551615", "true", "[]"] {
            assert_eq!(read(&format!(r#"{{"n": {wrong}}}"#)), None, "{wrong}");
        }
    }
}
