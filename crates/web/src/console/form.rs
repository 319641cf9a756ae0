//! Forms. A signed-in form must come from our own page, by the browser's word (`Sec-Fetch-Site`, `Origin`) and by the
//! token that the page carries; one from outside by the browser's word alone.

use app::{Error, avatars::Upload};
use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, StatusCode, Uri, request::Parts},
};
use serde::{Deserialize, de::DeserializeOwned};

use super::{answer::ConsoleError, signed::Signed};
use crate::{Web, headers, upload};

/// A form that a signed-in person sent.
pub(crate) struct SignedForm<T> {
    pub(crate) signed: Signed,
    pub(crate) input: T,
}

/// A picture that a signed-in person sent with a form, or why it cannot be taken.
pub(crate) struct SignedUpload {
    pub(crate) signed: Signed,
    pub(crate) leave: Upload,
    pub(crate) picture: Result<Vec<u8>, Error>,
}

/// A form that anyone may send.
pub(crate) struct OpenForm<T>(pub(crate) T);

/// A request that a page of ours sent, whatever is in it.
pub(crate) struct OwnPage;

impl FromRequestParts<Web> for OwnPage {
    type Rejection = ConsoleError;

    async fn from_request_parts(parts: &mut Parts, _web: &Web) -> Result<Self, Self::Rejection> {
        require_own_page(&parts.uri, &parts.headers)?;
        Ok(Self)
    }
}

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
        require_token(&sent.csrf, &signed)?;
        Ok(Self {
            signed,
            input: decode(&bytes)?,
        })
    }
}

impl FromRequest<Web> for SignedUpload {
    type Rejection = ConsoleError;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Self::Rejection> {
        let (mut parts, body) = request.into_parts();
        let signed = Signed::from_request_parts(&mut parts, web).await?;
        require_own_page(&parts.uri, &parts.headers)?;
        let leave = web.app.begin_avatar_upload(&signed.actor)?;
        let sent = upload::read(Request::from_parts(parts, body)).await;
        require_token(&sent.csrf, &signed)?;
        Ok(Self {
            signed,
            leave,
            picture: sent.picture,
        })
    }
}

/// Refuses a form of another session. The token is derived from the session; a plain comparison tells an attacker
/// nothing who cannot try twice.
fn require_token(sent: &str, signed: &Signed) -> Result<(), Error> {
    if sent == signed.csrf {
        return Ok(());
    }
    Err(Error::Forbidden {
        code: "form_expired",
        message: "This form belongs to another session. Reload the page and send it again.",
    })
}

impl<T: DeserializeOwned> FromRequest<Web> for OpenForm<T> {
    type Rejection = ConsoleError;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Self::Rejection> {
        decode(&own_body(request, web).await?).map(Self)
    }
}

/// Refuses a request that no page of ours sent.
fn require_own_page(uri: &Uri, headers: &HeaderMap) -> Result<(), Error> {
    if headers::is_same_origin(uri, headers) {
        return Ok(());
    }
    Err(Error::Forbidden {
        code: "cross_origin",
        message: "This form did not come from a page of this console. Open the console and try there.",
    })
}

/// The body of a request that our own page sent.
async fn own_body(request: Request, web: &Web) -> Result<Bytes, ConsoleError> {
    require_own_page(request.uri(), request.headers())?;
    Bytes::from_request(request, web)
        .await
        .map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Error::TooLarge.into(),
            _ => Error::invalid("form", "The form was cut off. Send it again.").into(),
        })
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
