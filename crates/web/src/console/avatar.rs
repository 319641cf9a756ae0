//! The avatar on `/settings/profile`: uploaded, fetched from the web, reset.

use app::{
    Error,
    avatars::{AvatarState, fetched_url},
    profile::ProfileUpdate,
};
use axum::http::StatusCode;
use model::process::ProcessState;
use serde::Deserialize;

use super::{
    answer::Answer,
    form::{SignedForm, SignedUpload},
    profile::{HERE, Typed, profile_page},
    sign_up::field,
    signed::Signed,
};
use crate::pages::{AvatarCard, AvatarFetch, Badge, Field, Moment};

/// The card, with what was typed into it and refused.
pub(super) async fn card(signed: &Signed, url: Option<Field>, file: Field) -> Result<AvatarCard, Error> {
    let state = signed.app.avatar_state(&signed.actor).await?;
    let source = state.stored.as_ref().and_then(|stored| stored.source_url.clone());
    let wanted = state.fetch.as_ref().and_then(fetched_url);
    Ok(AvatarCard {
        origin: origin(signed, &state),
        chosen: state.stored.is_some(),
        url: url.unwrap_or_else(|| Field::new(wanted.or(source).unwrap_or_default())),
        file,
        fetch: state.fetch.map(|process| AvatarFetch {
            host: fetched_url(&process).map(|url| host(&url)).unwrap_or_default(),
            href: format!("/activity/{}", process.id),
            state: Badge::process(process.state.as_str()),
            error: process
                .state_reason
                .filter(|_| process.state == ProcessState::Failed),
        }),
    })
}

fn origin(signed: &Signed, state: &AvatarState) -> String {
    let Some(stored) = &state.stored else {
        return "Drawn from the id of your account.".to_owned();
    };
    let since = Moment::new(stored.created_at, signed.app.now()).relative;
    match &stored.source_url {
        Some(url) => format!("Fetched from {} {since}.", host(url)),
        None => format!("Uploaded {since}."),
    }
}

fn host(url: &str) -> String {
    let url = url::Url::parse(url).ok();
    url.and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_default()
}

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct AvatarUrlForm {
    #[serde(default)]
    avatar_url: String,
}

/// `POST /settings/profile/avatar`: an address to fetch it from; an empty one resets it.
pub(crate) async fn update_avatar_url(SignedForm { signed, input }: SignedForm<AvatarUrlForm>) -> Answer {
    let update = ProfileUpdate {
        avatar_url: Some(input.avatar_url.clone()),
        ..ProfileUpdate::default()
    };
    match signed.app.update_profile(&signed.actor, update).await {
        Ok(_) if input.avatar_url.trim().is_empty() => signed.done(HERE, "Avatar reset."),
        Ok(_) => signed.done(HERE, "The picture is being fetched."),
        Err(Error::Invalid(invalid)) => {
            let typed = Typed {
                avatar_url: Some(field("avatar_url", input.avatar_url, &invalid)),
                ..Typed::default()
            };
            profile_page(&signed, StatusCode::UNPROCESSABLE_ENTITY, typed).await
        }
        Err(other) => Err(other.into()),
    }
}

/// `POST /settings/profile/avatar/upload`
pub(crate) async fn upload_avatar(
    SignedUpload {
        signed,
        leave,
        picture,
    }: SignedUpload,
) -> Answer {
    let uploaded = match picture {
        Ok(picture) => signed.app.upload_avatar(&signed.actor, leave, picture).await,
        Err(error) => Err(error),
    };
    match uploaded {
        Ok(_) => signed.done(HERE, "Avatar saved."),
        Err(Error::Invalid(invalid)) => {
            let typed = Typed {
                avatar: field("avatar", String::new(), &invalid),
                ..Typed::default()
            };
            profile_page(&signed, StatusCode::UNPROCESSABLE_ENTITY, typed).await
        }
        Err(other) => Err(other.into()),
    }
}

/// What the form sends beside its token: nothing.
#[derive(Deserialize)]
pub(crate) struct ResetForm {}

/// `POST /settings/profile/avatar/reset`
pub(crate) async fn reset_avatar(SignedForm { signed, .. }: SignedForm<ResetForm>) -> Answer {
    signed.app.reset_avatar(&signed.actor).await?;
    signed.done(HERE, "Avatar reset.")
}
