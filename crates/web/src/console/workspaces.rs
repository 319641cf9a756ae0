//! `/`: the workspaces of a person, a new one, its settings and its end.

use app::{AccessRow, App, Error, LocalStatus, Page, WorkspaceRow, workspaces::NewWorkspace};
use axum::{
    Json,
    extract::Path,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use model::{
    member::{MemberRole, MemberStatus},
    workspace::BackendKind,
};
use serde::{Deserialize, Serialize};

use super::{
    answer::Answer,
    form::SignedForm,
    server,
    sign_up::field,
    signed::{Signed, access_name},
    workspace_limits,
};
use crate::pages::{
    self, BackendNotice, Badge, DeleteWorkspacePage, Field, GuestCard, LimitsForm, Moment, NewWorkspacePage,
    Place, SharedRow, WorkspaceSettingsPage, WorkspaceTab, WorkspacesPage,
};

const LIST_LIMIT: i64 = 100;

/// `GET /`
pub(crate) async fn show_workspaces(signed: Signed) -> Answer {
    let listed = signed
        .app
        .list_workspaces(&signed.actor, Page::first(LIST_LIMIT))
        .await?;
    let workspaces = listed
        .workspaces
        .iter()
        .map(|row| workspace_row(&signed, row))
        .collect();
    let shared = signed
        .app
        .list_shared(&signed.actor, Page::first(LIST_LIMIT))
        .await?;
    signed.page(&WorkspacesPage {
        frame: signed.frame(Place::Workspaces).await?,
        workspaces,
        shared: shared
            .accesses
            .iter()
            .map(|access| shared_row(&signed, access))
            .collect(),
        notice: notice(&signed.app),
        domain: signed.app.settings().gateway_domain.clone(),
        handle: Field::default(),
    })
}

fn workspace_row(signed: &Signed, row: &WorkspaceRow) -> pages::WorkspaceRow {
    pages::WorkspaceRow {
        handle: row.handle.to_string(),
        host: signed
            .app
            .workspace_host(&signed.actor.user().handle, &row.handle),
        database: row.database_name.to_string(),
        state: badge(row),
        reason: row.state_reason.clone(),
        server: server::line(signed, row),
        created: Moment::new(row.created_at, signed.app.now()),
    }
}

fn shared_row(signed: &Signed, access: &AccessRow) -> SharedRow {
    let (owner, handle) = (&access.owner.handle, &access.workspace.handle);
    SharedRow {
        label: access_name(access),
        handle: handle.to_string(),
        owner: owner.to_string(),
        host: signed.app.workspace_host(owner, handle),
        role: access.role().as_str(),
        state: access_badge(access),
    }
}

/// The state of a workspace for somebody who may enter it, or that of their access while it cannot be used.
pub(super) fn access_badge(access: &AccessRow) -> Badge {
    match access.status() {
        MemberStatus::Pending => Badge::workspace("pending"),
        MemberStatus::Accepted => badge(&access.workspace),
    }
}

/// The state as a badge. A workspace that could not be made has failed, whatever the contract's word for it is.
pub(crate) fn badge(row: &WorkspaceRow) -> Badge {
    if row.state_reason.is_some() && row.state == model::workspace::WorkspaceState::Disabled {
        Badge::workspace("failed")
    } else {
        Badge::workspace(row.state_now().as_str())
    }
}

/// What stands in the way of new workspaces, in words.
pub(crate) fn notice(app: &App) -> Option<BackendNotice> {
    let notice = |title: &str, sentence: String, commands: &[&str], after: &str| {
        Some(BackendNotice {
            title: title.to_owned(),
            sentence,
            commands: commands.iter().map(|line| (*line).to_owned()).collect(),
            after: after.to_owned(),
        })
    };
    match app.new_workspaces_status()? {
        None => notice(
            "This server keeps no workspaces",
            "The configuration gives it no PostgreSQL. Everything else works.".to_owned(),
            &[],
            "Ask the operator to set workspaces.postgres_url or workspaces.local.",
        ),
        Some(LocalStatus::NoBinaries { hint }) => notice(
            "PostgreSQL is not installed on this machine",
            hint,
            &["sudo apt-get install postgresql"],
            "Then restart standpipe serve. Everything else works meanwhile.",
        ),
        Some(LocalStatus::OtherMajor {
            cluster,
            binaries,
            location,
        }) => notice(
            "The workspaces need another PostgreSQL",
            format!(
                "They were made by PostgreSQL {cluster} and are untouched in {}. This machine has PostgreSQL {binaries}.",
                location.display()
            ),
            &[&format!("sudo apt-get install postgresql-{cluster}")],
            "Then restart standpipe serve.",
        ),
        Some(LocalStatus::Failed { reason }) => notice(
            "PostgreSQL does not start",
            reason,
            &[],
            "It is tried again by itself; the log says more.",
        ),
        Some(LocalStatus::Starting | LocalStatus::Ready { .. } | LocalStatus::Stopped) => None,
    }
}

/// `GET /workspaces/new`
pub(crate) async fn show_new_workspace(signed: Signed) -> Answer {
    new_page(&signed, StatusCode::OK, Field::default()).await
}

async fn new_page(signed: &Signed, status: StatusCode, handle: Field) -> Answer {
    let page = NewWorkspacePage {
        frame: signed.frame(Place::Workspaces).await?,
        notice: notice(&signed.app),
        domain: signed.app.settings().gateway_domain.clone(),
        handle,
    };
    signed.page_with(status, &page)
}

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct NewWorkspaceForm {
    #[serde(default)]
    handle: String,
}

/// `POST /workspaces`
pub(crate) async fn create_workspace(SignedForm { signed, input }: SignedForm<NewWorkspaceForm>) -> Answer {
    let handle = input.handle.trim().to_owned();
    let new = NewWorkspace {
        handle: handle.clone(),
        ..NewWorkspace::default()
    };
    match signed.app.create_workspace(&signed.actor, new).await {
        Ok(row) => signed.done(
            &format!("/workspace/{}", row.handle),
            "The workspace is being made.",
        ),
        Err(Error::Invalid(fields)) => {
            new_page(
                &signed,
                StatusCode::UNPROCESSABLE_ENTITY,
                field("handle", handle, &fields),
            )
            .await
        }
        Err(Error::Conflict { message, .. }) => {
            new_page(&signed, StatusCode::CONFLICT, Field::refused(handle, message)).await
        }
        Err(other) => Err(other.into()),
    }
}

/// A state, for the script that watches it.
#[derive(Serialize)]
pub(crate) struct StateView {
    text: String,
    tone: &'static str,
    settled: bool,
}

impl StateView {
    /// The answer that tells the script.
    pub(crate) fn answer(badge: &Badge, settled: bool) -> Response {
        Json(Self {
            text: badge.text.clone(),
            tone: badge.class(),
            settled,
        })
        .into_response()
    }
}

/// `GET /workspace/{workspace}/state`
pub(crate) async fn get_state(signed: Signed, Path(workspace): Path<String>) -> Answer {
    let access = signed.access(&workspace).await?;
    let waits = access.workspace.state == model::workspace::WorkspaceState::Creating
        || access.status() == MemberStatus::Pending;
    Ok(StateView::answer(&access_badge(&access), !waits))
}

fn place(name: &str) -> Place {
    Place::Workspace {
        handle: name.to_owned(),
        tab: WorkspaceTab::Settings,
    }
}

fn deletion_facts(row: &WorkspaceRow) -> Vec<String> {
    let first = match row.backend {
        BackendKind::Attached => {
            "Its server is left as it is: nothing there is dropped. Standpipe forgets how to enter it."
                .to_owned()
        }
        BackendKind::Local | BackendKind::Server => format!(
            "Its database {} and everything in it are dropped. There is no way back.",
            row.database_name
        ),
    };
    vec![
        first,
        "Open connections to it end, and its host name stops working.".to_owned(),
        "Your other workspaces and your database password stay as they are.".to_owned(),
    ]
}

/// `GET /workspace/{workspace}/settings`
pub(crate) async fn show_settings(signed: Signed, Path(workspace): Path<String>) -> Answer {
    let access = signed.access(&workspace).await?;
    settings_page(&signed, &access, StatusCode::OK, None).await
}

/// The page, with the form of its limits as it was sent.
pub(super) async fn settings_page(
    signed: &Signed,
    access: &AccessRow,
    status: StatusCode,
    limits: Option<LimitsForm>,
) -> Answer {
    let row = &access.workspace;
    let page = WorkspaceSettingsPage {
        frame: signed.frame(place(&access_name(access))).await?,
        handle: access_name(access),
        id: row.id.to_string(),
        database: row.database_name.to_string(),
        state: access_badge(access),
        created: Moment::new(row.created_at, signed.app.now()),
        guest: guest_card(signed, access),
        server: server::facts(signed, access).await?,
        is_attached: row.backend == BackendKind::Attached,
        limits: limits.unwrap_or_else(|| workspace_limits::form(row)),
        facts: deletion_facts(row),
        confirm: Field::default(),
    };
    signed.page_with(status, &page)
}

/// What somebody is told of their access to a workspace that is not theirs.
fn guest_card(signed: &Signed, access: &AccessRow) -> Option<GuestCard> {
    let member = access.member.as_ref()?;
    let may = match member.role {
        MemberRole::Operator => "You read and write what is in its tables.",
        MemberRole::Reader => "You read what is in its tables.",
    };
    Some(GuestCard {
        owner: access.owner.handle.to_string(),
        role: member.role.as_str(),
        may,
        leave_url: format!(
            "/workspace/{}/access/{}/end",
            access_name(access),
            signed.actor.user().handle
        ),
    })
}

/// `GET /workspace/{workspace}/delete`
pub(crate) async fn show_delete(signed: Signed, Path(workspace): Path<String>) -> Answer {
    let row = signed.app.get_workspace(&signed.actor, &workspace).await?;
    delete_page(&signed, &row, StatusCode::OK, Field::default()).await
}

async fn delete_page(signed: &Signed, row: &WorkspaceRow, status: StatusCode, confirm: Field) -> Answer {
    let page = DeleteWorkspacePage {
        frame: signed.frame(place(row.handle.as_str())).await?,
        handle: row.handle.to_string(),
        facts: deletion_facts(row),
        confirm,
    };
    signed.page_with(status, &page)
}

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct DeleteForm {
    #[serde(default)]
    confirm: String,
}

/// `POST /workspace/{workspace}/delete`
pub(crate) async fn delete_workspace(
    Path(workspace): Path<String>,
    SignedForm { signed, input }: SignedForm<DeleteForm>,
) -> Answer {
    let row = signed.app.get_workspace(&signed.actor, &workspace).await?;
    if input.confirm.trim() != row.handle.as_str() {
        let confirm = Field::refused(
            input.confirm,
            format!("Type {} to delete this workspace.", row.handle),
        );
        return delete_page(&signed, &row, StatusCode::UNPROCESSABLE_ENTITY, confirm).await;
    }
    signed
        .app
        .delete_workspace(&signed.actor, &row.id.to_string())
        .await?;
    signed.done("/", &format!("Workspace {} is deleted.", row.handle))
}
