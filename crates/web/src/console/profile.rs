//! `/settings/profile`: display name, avatar, database password.

use app::{Error, UserRow, profile::ProfileUpdate};
use axum::{
    Json,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect},
};
use serde::Deserialize;
use serde_json::json;

use super::{
    answer::{Answer, wants_json},
    connect::connect_page,
    emails,
    form::SignedForm,
    sign_up::field,
    signed::Signed,
};
use crate::pages::{Field, Moment, PasswordCard, Place, ProfilePage, RotatePasswordPage, SettingsPage};

const HERE: &str = "/settings/profile";
const PLACE: Place = Place::Settings(SettingsPage::Profile);

/// `GET /settings`
pub(crate) async fn redirect_to_profile(_signed: Signed) -> Redirect {
    Redirect::to(HERE)
}

/// `GET /settings/profile`
pub(crate) async fn show_profile(signed: Signed) -> Answer {
    let (display_name, avatar_url) = fields(signed.actor.user());
    profile_page(&signed, StatusCode::OK, display_name, avatar_url, None).await
}

fn fields(user: &UserRow) -> (Field, Field) {
    (
        Field::new(user.display_name.clone().unwrap_or_default()),
        Field::new(user.avatar_url.clone().unwrap_or_default()),
    )
}

async fn profile_page(
    signed: &Signed,
    status: StatusCode,
    display_name: Field,
    avatar_url: Field,
    revealed: Option<String>,
) -> Answer {
    let since = signed
        .app
        .password_created_at(&signed.actor)
        .await?
        .unwrap_or_else(|| signed.app.now());
    let page = ProfilePage {
        frame: signed.frame(PLACE).await?,
        display_name,
        avatar_url,
        emails: emails::card(signed).await?,
        password: PasswordCard {
            revealed,
            since: Moment::new(since, signed.app.now()),
            facts: rotation_facts(),
        },
    };
    signed.page_with(status, &page)
}

fn rotation_facts() -> Vec<String> {
    vec![
        "New connections to all your workspaces need the new password from now on.".to_owned(),
        "Open connections stay.".to_owned(),
        "Connection strings that are saved elsewhere stop working until you replace the password in them."
            .to_owned(),
    ]
}

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct DisplayNameForm {
    #[serde(default)]
    display_name: String,
}

/// `POST /settings/profile`
pub(crate) async fn update_display_name(SignedForm { signed, input }: SignedForm<DisplayNameForm>) -> Answer {
    let update = ProfileUpdate {
        display_name: Some(input.display_name.clone()),
        ..ProfileUpdate::default()
    };
    match signed.app.update_profile(&signed.actor, update).await {
        Ok(_) => signed.done(HERE, "Display name saved."),
        Err(Error::Invalid(invalid)) => {
            let (_, avatar_url) = fields(signed.actor.user());
            let typed = field("display_name", input.display_name, &invalid);
            profile_page(&signed, StatusCode::UNPROCESSABLE_ENTITY, typed, avatar_url, None).await
        }
        Err(other) => Err(other.into()),
    }
}

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct AvatarForm {
    #[serde(default)]
    avatar_url: String,
}

/// `POST /settings/profile/avatar`
pub(crate) async fn update_avatar_url(SignedForm { signed, input }: SignedForm<AvatarForm>) -> Answer {
    let update = ProfileUpdate {
        avatar_url: Some(input.avatar_url.clone()),
        ..ProfileUpdate::default()
    };
    match signed.app.update_profile(&signed.actor, update).await {
        Ok(_) => signed.done(HERE, "Avatar URL saved."),
        Err(Error::Invalid(invalid)) => {
            let (display_name, _) = fields(signed.actor.user());
            let typed = field("avatar_url", input.avatar_url, &invalid);
            profile_page(
                &signed,
                StatusCode::UNPROCESSABLE_ENTITY,
                display_name,
                typed,
                None,
            )
            .await
        }
        Err(other) => Err(other.into()),
    }
}

/// What the form sends; a workspace's page asks too, and is shown again.
#[derive(Deserialize)]
pub(crate) struct RevealForm {
    workspace: Option<String>,
}

/// `POST /settings/profile/password/reveal`: for the script as JSON, otherwise the page with the password in it.
pub(crate) async fn reveal_password(
    headers: HeaderMap,
    SignedForm { signed, input }: SignedForm<RevealForm>,
) -> Answer {
    let password = signed
        .app
        .reveal_password(&signed.actor)
        .await?
        .password
        .expose()
        .clone();
    if wants_json(&headers) {
        return Ok(Json(json!({ "secret": password })).into_response());
    }
    if let Some(workspace) = input.workspace {
        let row = signed.app.get_workspace(&signed.actor, &workspace).await?;
        let page = connect_page(&signed, row, Some(password)).await?;
        return signed.page(&page);
    }
    let (display_name, avatar_url) = fields(signed.actor.user());
    profile_page(&signed, StatusCode::OK, display_name, avatar_url, Some(password)).await
}

/// `GET /settings/profile/password/rotate`
pub(crate) async fn show_rotate(signed: Signed) -> Answer {
    signed.page(&RotatePasswordPage {
        frame: signed.frame(PLACE).await?,
        facts: rotation_facts(),
    })
}

/// What the form sends beside its token: nothing.
#[derive(Deserialize)]
pub(crate) struct RotateForm {}

/// `POST /settings/profile/password/rotate`
pub(crate) async fn rotate_password(SignedForm { signed, .. }: SignedForm<RotateForm>) -> Answer {
    signed.app.rotate_password(&signed.actor).await?;
    signed.done(
        HERE,
        "Password rotated. New connections need the new one from now on.",
    )
}
