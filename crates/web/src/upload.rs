//! A picture in a `multipart/form-data` body, as browsers and clients of the API send it.

use app::{Error, avatars};
use axum::extract::{
    FromRequest, Multipart, Request,
    multipart::{Field, MultipartError},
};

/// The most bytes of a body that are read. It is more than is kept, so that whoever sends too large a picture is told
/// so, instead of finding the connection closed while they still send.
pub(crate) const BODY_LIMIT: usize = 32 * 1024 * 1024;
/// More than an anti-forgery token ever has.
const TOKEN_MAX: usize = 256;

/// What a body held.
pub(crate) struct Upload {
    /// The anti-forgery token of a form of the console, as far as it came.
    pub(crate) csrf: String,
    /// The picture as it was sent, or why there is none.
    pub(crate) picture: Result<Vec<u8>, Error>,
}

/// Reads the body of `request`: the first part that is no token and not empty is the picture, whatever its name.
pub(crate) async fn read(request: Request) -> Upload {
    let mut csrf = String::new();
    let picture = read_parts(request, &mut csrf).await;
    Upload { csrf, picture }
}

async fn read_parts(request: Request, csrf: &mut String) -> Result<Vec<u8>, Error> {
    let mut body = Multipart::from_request(request, &())
        .await
        .map_err(|_| no_form())?;
    let (mut picture, mut whole) = (Vec::new(), true);
    while let Some(mut part) = body.next_field().await.map_err(refuse)? {
        if part.name() == Some("csrf") && part.file_name().is_none() {
            let (token, _) = read_part(&mut part, TOKEN_MAX).await?;
            *csrf = String::from_utf8(token).unwrap_or_default();
        } else if picture.is_empty() {
            (picture, whole) = read_part(&mut part, avatars::MAX_BYTES).await?;
        }
    }
    if !whole {
        return Err(avatars::Refused::TooManyBytes.into());
    }
    if picture.is_empty() {
        return Err(Error::invalid("avatar", "Choose a picture first."));
    }
    Ok(picture)
}

/// The first `most` bytes of `part`, read to its end, and whether that is all of it.
async fn read_part(part: &mut Field<'_>, most: usize) -> Result<(Vec<u8>, bool), Error> {
    let (mut bytes, mut whole) = (Vec::new(), true);
    while let Some(chunk) = part.chunk().await.map_err(refuse)? {
        let kept = chunk.len().min(most - bytes.len());
        whole &= kept == chunk.len();
        bytes.extend_from_slice(chunk.get(..kept).unwrap_or_default());
    }
    Ok((bytes, whole))
}

fn refuse(error: MultipartError) -> Error {
    match error.status() {
        axum::http::StatusCode::PAYLOAD_TOO_LARGE => avatars::Refused::TooManyBytes.into(),
        _ => no_form(),
    }
}

fn no_form() -> Error {
    Error::invalid(
        "avatar",
        "Send the picture as a file in a multipart/form-data body that is whole and whose Content-Type names its \
         boundary.",
    )
}
