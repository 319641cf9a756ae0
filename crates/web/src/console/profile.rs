//! `/settings/profile`: display name, database password; the avatar has a file of its own.

use app::{Error, profile::ProfileUpdate};
use axum::{
    Json,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect},
};
use serde::Deserialize;
use serde_json::json;

use super::{
    answer::{Answer, wants_json},
    avatar,
    connect::connect_page,
    emails,
    form::SignedForm,
    sign_up::field,
    signed::Signed,
};
use crate::pages::{Field, Moment, PasswordCard, Place, ProfilePage, RotatePasswordPage, SettingsPage};

pub(super) const HERE: &str = "/settings/profile";
const PLACE: Place = Place::Settings(SettingsPage::Profile);

/// `GET /settings`
pub(crate) async fn redirect_to_profile(_signed: Signed) -> Redirect {
    Redirect::to(HERE)
}

/// `GET /settings/profile`
pub(crate) async fn show_profile(signed: Signed) -> Answer {
    profile_page(&signed, StatusCode::OK, Typed::default()).await
}

/// What differs from the page as it is opened: what was typed and refused, and the password once it is revealed.
#[derive(Default)]
pub(super) struct Typed {
    pub(super) display_name: Option<Field>,
    pub(super) avatar_url: Option<Field>,
    pub(super) avatar: Field,
    pub(super) revealed: Option<String>,
}

pub(super) async fn profile_page(signed: &Signed, status: StatusCode, typed: Typed) -> Answer {
    let saved = signed.actor.user().display_name.clone();
    let now = signed.app.now();
    let times = signed.app.password_times(&signed.actor).await?;
    let ends_at = times.and_then(|times| times.expires_at);
    let page = ProfilePage {
        frame: signed.frame(PLACE).await?,
        display_name: typed
            .display_name
            .unwrap_or_else(|| Field::new(saved.unwrap_or_default())),
        avatar: avatar::card(signed, typed.avatar_url, typed.avatar).await?,
        emails: emails::card(signed).await?,
        password: PasswordCard {
            revealed: typed.revealed,
            since: Moment::new(times.map_or(now, |times| times.created_at), now),
            ends: ends_at.map(|at| Moment::new(at, now)),
            is_over: ends_at.is_some_and(|at| at <= now),
            facts: rotation_facts(),
        },
    };
    signed.page_with(status, &page)
}

fn rotation_facts() -> Vec<String> {
    vec![
        "New connections to all your workspaces need the new password from now on.".to_owned(),
        "Open connections stay, unless you end them with it.".to_owned(),
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
            let typed = Typed {
                display_name: Some(field("display_name", input.display_name, &invalid)),
                ..Typed::default()
            };
            profile_page(&signed, StatusCode::UNPROCESSABLE_ENTITY, typed).await
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
        let access = signed.access(&workspace).await?;
        let page = connect_page(&signed, access, Some(password)).await?;
        return signed.page(&page);
    }
    let typed = Typed {
        revealed: Some(password),
        ..Typed::default()
    };
    profile_page(&signed, StatusCode::OK, typed).await
}

/// `GET /settings/profile/password/rotate`
pub(crate) async fn show_rotate(signed: Signed) -> Answer {
    signed.page(&RotatePasswordPage {
        frame: signed.frame(PLACE).await?,
        facts: rotation_facts(),
    })
}

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct RotateForm {
    #[serde(default)]
    end_connections: String,
}

/// `POST /settings/profile/password/rotate`
pub(crate) async fn rotate_password(SignedForm { signed, input }: SignedForm<RotateForm>) -> Answer {
    let ends = !input.end_connections.is_empty();
    signed.app.rotate_password(&signed.actor, ends).await?;
    let done = match ends {
        true => "Password rotated. New connections need the new one from now on, and your open ones end.",
        false => "Password rotated. New connections need the new one from now on.",
    };
    signed.done(HERE, done)
}
