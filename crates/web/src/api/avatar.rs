//! `/user/{user}/avatar` and `/identity/{identity}/avatar`: the picture of an account (contract §1.2, §1.3).

use app::{App, UserRow, avatars};
use axum::{
    Json,
    extract::{Path, Query, Request, State},
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use model::UserId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Answer, ApiError,
    docs::{kinds, path, refused},
};
use crate::{
    guards::{Bearer, Public, needs::Change},
    identicon, upload,
};

/// Where a picture never changes: its address has its version.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Where it may be another one the next time.
const ASK_AGAIN: &str = "public, no-cache";
/// The generated picture, until there is a stored one at the same address.
const FOR_NOW: &str = "public, max-age=300";
/// A picture opened by itself runs nothing and loads nothing.
const SANDBOX: &str = "default-src 'none'; sandbox";

/// Where the avatar is now.
#[derive(Serialize, ToSchema)]
#[schema(as = AvatarUrl)]
pub(crate) struct AvatarView {
    #[schema(example = "https://standpipe.example/api/v0/identity/u_d9lfcb2jbcks73e0q1tg/avatar?v=3")]
    avatar_url: String,
}

impl AvatarView {
    fn new(app: &App, user: &UserRow) -> Self {
        Self {
            avatar_url: app.avatar_url(user),
        }
    }
}

/// Stores a picture as the avatar: one file, under any field name.
///
/// It is cut to its middle square and drawn anew, so that nothing else of the file is kept. An account may upload or ask for
/// 20 an hour.
#[utoipa::path(
    post, path = "/user/{user}/avatar", tag = "Avatar",
    params(path::User, path::IfMatch),
    request_body(content = AvatarForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "Where the avatar is now.", body = AvatarView),
        refused::Account,
        refused::Version,
        refused::Body,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn create_avatar(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Change>,
    Path(user): Path<String>,
    request: Request,
) -> Answer<(StatusCode, Json<AvatarView>)> {
    actor.own(&user)?;
    let leave = app.begin_avatar_upload(&actor)?;
    let picture = upload::read(request).await.picture?;
    let user = app.upload_avatar(&actor, leave, picture).await?;
    Ok((StatusCode::CREATED, Json(AvatarView::new(&app, &user))))
}

/// Goes back to the generated picture.
#[utoipa::path(
    delete, path = "/user/{user}/avatar", tag = "Avatar",
    params(path::User, path::IfMatch),
    responses(
        (status = 201, description = "Where the avatar is now.", body = AvatarView),
        refused::Account,
        refused::Version,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn delete_avatar(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Change>,
    Path(user): Path<String>,
) -> Answer<(StatusCode, Json<AvatarView>)> {
    actor.own(&user)?;
    let user = app.reset_avatar(&actor).await?;
    Ok((StatusCode::CREATED, Json(AvatarView::new(&app, &user))))
}

/// A form with one file.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the form is read by its parts; this tells of it")]
pub(crate) struct AvatarForm {
    /// A PNG, JPEG, WebP or GIF of at most 5 MB and 4096 pixels a side. The name of the field does not matter.
    #[schema(value_type = kinds::File)]
    avatar: Vec<u8>,
}

/// The version that an address asks for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct VersionQuery {
    /// The version that `avatar_url` has. With it the picture may be kept for ever.
    #[param(example = "3")]
    v: Option<String>,
}

/// Shows the avatar, or the generated picture.
///
/// By an id it tells nobody whether there is such an account: the generated picture depends on the id alone. Who asks by a
/// handle learns that, as by `/identity/{identity}`.
#[utoipa::path(
    get, path = "/identity/{identity}/avatar", tag = "Avatar",
    params(path::Identity, VersionQuery),
    responses(
        (status = 200, description = "The picture.", content(
            (kinds::Picture = "image/webp"),
            (kinds::Picture = "image/svg+xml"),
        )),
        (status = 304, description = "It is the one that `If-None-Match` names."),
        refused::Public,
        refused::NotFound,
    ),
    security(()),
)]
pub(crate) async fn get_avatar(
    State(app): State<App>,
    Public(visitor): Public,
    Path(identity): Path<String>,
    Query(query): Query<VersionQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let user: UserId = match identity.parse() {
        Ok(id) => id,
        Err(_) => app.find_identity(&visitor, &identity).await?.id,
    };
    let Some(avatar) = app.find_avatar(user).await? else {
        let picture = identicon::identicon(&user.to_string()).into_bytes();
        return Ok(answer(
            &headers,
            "generated",
            FOR_NOW,
            ("svg", "image/svg+xml"),
            picture,
        ));
    };
    let version = avatar.version.to_string();
    let keep = match query.v {
        Some(asked) if asked == version => FOR_EVER,
        _ => ASK_AGAIN,
    };
    let kind = ("webp", avatars::CONTENT_TYPE);
    Ok(answer(&headers, &version, keep, kind, avatar.picture))
}

/// The picture, or that the client has it already.
fn answer(
    asked: &HeaderMap,
    version: &str,
    keep: &'static str,
    (extension, content_type): (&str, &'static str),
    picture: Vec<u8>,
) -> Response {
    let tag = format!("\"{version}\"");
    let headers = [
        (header::ETAG, tag.clone()),
        (header::CACHE_CONTROL, keep.to_owned()),
        (header::CONTENT_SECURITY_POLICY, SANDBOX.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("inline; filename=\"avatar.{extension}\""),
        ),
        // Pages of clients of the API may show it, too.
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "cross-origin".to_owned(),
        ),
    ];
    if has(asked, &tag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    ([(header::CONTENT_TYPE, content_type)], headers, picture).into_response()
}

/// Whether `If-None-Match` names `tag` (RFC 9110 §13.1.2, weakly compared).
fn has(headers: &HeaderMap, tag: &str) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|one| one.trim().trim_start_matches("W/"))
        .any(|one| one == tag || one == "*")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_compared_weakly() {
        let headers = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, text.parse().unwrap());
            headers
        };
        for same in ["\"7\"", "W/\"7\"", "\"6\", \"7\"", "*"] {
            assert!(has(&headers(same), "\"7\""), "{same}");
        }
        for other in ["\"77\"", "7", "\"6\""] {
            assert!(!has(&headers(other), "\"7\""), "{other}");
        }
    }
}
