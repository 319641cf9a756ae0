//! `/settings/advanced`, and resetting authentication there.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect},
};
use serde::Deserialize;

use super::{
    answer::Answer, delete_account::deletion_facts, form::SignedForm, handle::handle_card,
    sign_in::forget_person, signed::Signed,
};
use crate::{
    Web,
    pages::{AdvancedPage, Field, Place, ResetAuthPage, SettingsPage},
};

pub(super) const PLACE: Place = Place::Settings(SettingsPage::Advanced);

/// `GET /settings/advanced`
pub(crate) async fn show_advanced(signed: Signed) -> Answer {
    signed.page(&advanced_page(&signed, Field::default()).await?)
}

/// The page, with `handle` in the field for a new one.
pub(super) async fn advanced_page(signed: &Signed, handle: Field) -> Result<AdvancedPage, app::Error> {
    Ok(AdvancedPage {
        frame: signed.frame(PLACE).await?,
        handle: handle_card(signed, handle).await?,
        facts: reset_facts(signed).await?,
        confirm: Field::default(),
        deletion: deletion_facts(signed).await?,
        account: Field::default(),
    })
}

/// What a reset does to this account, with numbers.
async fn reset_facts(signed: &Signed) -> Result<Vec<String>, app::Error> {
    let sessions = signed.app.list_sessions(&signed.actor).await?.len();
    let tokens = signed
        .app
        .list_tokens(&signed.actor, app::Page::first(100))
        .await?
        .tokens
        .len();
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    Ok(vec![
        format!("{} end now, this one included.", count(sessions, "session")),
        format!(
            "{} stop working for good; create new ones afterwards.",
            count(tokens, "token")
        ),
        "Open database connections stay, unless you tick the box below.".to_owned(),
        "You sign in again by mail.".to_owned(),
    ])
}

/// `GET /settings/advanced/reset-authentication`
pub(crate) async fn show_reset_auth(signed: Signed) -> Answer {
    reset_page(&signed, StatusCode::OK, Field::default()).await
}

async fn reset_page(signed: &Signed, status: StatusCode, confirm: Field) -> Answer {
    let page = ResetAuthPage {
        frame: signed.frame(PLACE).await?,
        facts: reset_facts(signed).await?,
        confirm,
    };
    signed.page_with(status, &page)
}

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct ResetForm {
    #[serde(default)]
    confirm: String,
    rotate_password: Option<String>,
}

/// `POST /settings/advanced/reset-authentication`
pub(crate) async fn reset_auth(
    State(web): State<Web>,
    SignedForm { signed, input }: SignedForm<ResetForm>,
) -> Answer {
    let handle = signed.actor.user().handle.as_str();
    if input.confirm.trim() != handle {
        let confirm = Field::refused(&input.confirm, format!("Type {handle} to reset authentication."));
        return reset_page(&signed, StatusCode::UNPROCESSABLE_ENTITY, confirm).await;
    }
    signed
        .app
        .reset_auth(&signed.actor, input.rotate_password.is_some())
        .await?;
    let mut response = Redirect::to("/login?reset").into_response();
    forget_person(&web, &mut response);
    Ok(response)
}
