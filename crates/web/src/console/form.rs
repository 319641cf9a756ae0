//! Forms. A signed-in form must come from our own page, by the browser's word (`Sec-Fetch-Site`, `Origin`) and by the
//! token that the page carries; one from outside by the browser's word alone.

use app::Error;
use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
};
use serde::{Deserialize, de::DeserializeOwned};

use super::{answer::ConsoleError, signed::Signed};
use crate::{Web, headers};

/// A form that a signed-in person sent.
pub(crate) struct SignedForm<T> {
    pub(crate) signed: Signed,
    pub(crate) input: T,
}

/// A form that anyone may send.
pub(crate) struct OpenForm<T>(pub(crate) T);

#[derive(Deserialize)]
struct Csrf {
    #[serde(default)]
    csrf: String,
}

impl<T: DeserializeOwned> FromRequest<Web> for SignedForm<T> {
    type Rejection = ConsoleError;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Self::Rejection> {
        let (mut parts, body) = request.into_parts();
        let signed = Signed::from_request_parts(&mut parts, web).await?;
        let bytes = own_body(Request::from_parts(parts, body), web).await?;
        let sent: Csrf = decode(&bytes)?;
        // The token is derived from the session; a plain comparison tells an attacker nothing who cannot try twice.
        if sent.csrf != signed.csrf {
            return Err(Error::Forbidden {
                code: "form_expired",
                message: "This form belongs to another session. Reload the page and send it again.",
            }
            .into());
        }
        Ok(Self {
            signed,
            input: decode(&bytes)?,
        })
    }
}

impl<T: DeserializeOwned> FromRequest<Web> for OpenForm<T> {
    type Rejection = ConsoleError;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Self::Rejection> {
        decode(&own_body(request, web).await?).map(Self)
    }
}

/// The body of a request that our own page sent.
async fn own_body(request: Request, web: &Web) -> Result<Bytes, ConsoleError> {
    if !headers::is_same_origin(request.uri(), request.headers()) {
        return Err(Error::Forbidden {
            code: "cross_origin",
            message: "This form did not come from a page of this console. Open the console and try there.",
        }
        .into());
    }
    Bytes::from_request(request, web)
        .await
        .map_err(|_| Error::invalid("form", "The form is too large.").into())
}

fn decode<T: DeserializeOwned>(bytes: &Bytes) -> Result<T, ConsoleError> {
    serde_urlencoded::from_bytes(bytes).map_err(|_| {
        Error::invalid(
            "form",
            "The form is incomplete. Reload the page and send it again.",
        )
        .into()
    })
}
