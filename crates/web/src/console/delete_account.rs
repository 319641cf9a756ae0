//! `/settings/advanced/delete-account`, and `/settings/advanced/export` before it.

use app::{
    Error,
    deletion::{DeletionPreview, GoneWorkspace},
};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect},
};
use model::size;
use serde::Deserialize;

use super::{
    answer::Answer,
    form::SignedForm,
    sign_in::{Nothing, forget_person},
    signed::Signed,
};
use crate::{
    Web, api,
    pages::{DeleteAccountPage, Field, Place, SettingsPage},
};

/// What deleting this account does, with names and numbers.
pub(super) async fn deletion_facts(signed: &Signed) -> Result<Vec<String>, Error> {
    let preview = signed.app.preview_deletion(&signed.actor).await?;
    Ok(facts(&preview))
}

fn facts(preview: &DeletionPreview) -> Vec<String> {
    let mut facts: Vec<String> = preview.workspaces.iter().map(workspace_fact).collect();
    if facts.is_empty() {
        facts.push("There is no workspace to delete.".to_owned());
    }
    let guests = usize::try_from(preview.guests).unwrap_or(usize::MAX);
    match guests {
        0 => {}
        1 => facts.push("1 person whom you let in loses access.".to_owned()),
        many => facts.push(format!("{many} people whom you let in lose access.")),
    }
    if preview.shared > 0 {
        facts.push(format!(
            "You lose access to {} of others.",
            count(preview.shared, "workspace")
        ));
    }
    let addresses: Vec<&str> = preview.addresses.iter().map(|row| row.email.as_str()).collect();
    facts.extend([
        format!(
            "{} and {} stop working now, this session included. Open database connections end.",
            count(preview.tokens, "token"),
            count(preview.sessions, "session"),
        ),
        format!(
            "{} forgotten, after a last mail.",
            match addresses.as_slice() {
                [one] => format!("{one} is"),
                many => format!("{} are", many.join(", ")),
            }
        ),
        format!(
            "Nobody can claim the handle until {}.",
            preview.handle_held_until.strftime("%Y-%m-%d")
        ),
        "The audit log keeps what was done and when, without your name.".to_owned(),
    ]);
    facts
}

fn workspace_fact(workspace: &GoneWorkspace) -> String {
    let handle = &workspace.handle;
    match workspace.bytes {
        _ if workspace.is_attached => {
            format!("Workspace {handle} is given up. Its server stays as it is.")
        }
        Some(bytes) => format!(
            "Workspace {handle} is dropped with all that is in it ({}).",
            size::for_people(bytes)
        ),
        None => format!("Workspace {handle} is dropped with all that is in it."),
    }
}

fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// `GET /settings/advanced/delete-account`
pub(crate) async fn show_delete_account(signed: Signed) -> Answer {
    delete_page(&signed, StatusCode::OK, Field::default()).await
}

async fn delete_page(signed: &Signed, status: StatusCode, account: Field) -> Answer {
    let page = DeleteAccountPage {
        frame: signed.frame(Place::Settings(SettingsPage::Advanced)).await?,
        facts: deletion_facts(signed).await?,
        account,
    };
    signed.page_with(status, &page)
}

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct DeleteForm {
    /// The handle, typed.
    #[serde(default)]
    account: String,
}

/// `POST /settings/advanced/delete-account`
pub(crate) async fn delete_account(
    State(web): State<Web>,
    SignedForm { signed, input }: SignedForm<DeleteForm>,
) -> Answer {
    match signed
        .app
        .delete_account(&signed.actor, Some(&input.account))
        .await
    {
        Ok(_) => {
            let mut response = Redirect::to("/login?deleted").into_response();
            forget_person(&web, &mut response);
            Ok(response)
        }
        Err(Error::Invalid(fields)) => {
            let problem = fields.into_iter().next().map(|field| field.message);
            let account = Field::refused(&input.account, problem.unwrap_or_default());
            delete_page(&signed, StatusCode::UNPROCESSABLE_ENTITY, account).await
        }
        Err(other) => Err(other.into()),
    }
}

/// `POST /settings/advanced/export`
pub(crate) async fn export_account(SignedForm { signed, .. }: SignedForm<Nothing>) -> Answer {
    Ok(api::download(signed.app.export_account(&signed.actor).await?))
}
