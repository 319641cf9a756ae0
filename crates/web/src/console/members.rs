//! `/workspace/{workspace}/access`: whom its owner lets in; and how somebody who was let in leaves.

use app::{
    AccessRow, Error, Page, avatars,
    members::{MOST_MEMBERS, Member, NewMember},
};
use axum::{extract::Path, http::StatusCode};
use model::{member::MemberStatus, workspace::BackendKind};
use serde::Deserialize;

use super::{
    answer::Answer,
    form::SignedForm,
    sign_in::Nothing,
    signed::{Signed, access_name},
};
use crate::pages::{AccessPage, Badge, EndAccessPage, Field, MemberItem, Moment, Place, WorkspaceTab};

const LIST_LIMIT: i64 = 100;

/// `GET /workspace/{workspace}/access`
pub(crate) async fn show_access(signed: Signed, Path(workspace): Path<String>) -> Answer {
    let access = owned(&signed, &workspace).await?;
    access_page(&signed, &access, StatusCode::OK, Field::default(), String::new()).await
}

/// A workspace that is the person's own: what is here of another one is not there for them.
async fn owned(signed: &Signed, workspace: &str) -> Result<AccessRow, Error> {
    let access = signed.access(workspace).await?;
    match access.member {
        None => Ok(access),
        Some(_) => Err(Error::NotFound("workspace")),
    }
}

async fn access_page(
    signed: &Signed,
    access: &AccessRow,
    status: StatusCode,
    new_member: Field,
    role: String,
) -> Answer {
    let (owner, id) = (access.owner.id.to_string(), access.workspace.id.to_string());
    let listed = signed
        .app
        .list_members(&signed.actor, &owner, &id, Page::first(LIST_LIMIT))
        .await?;
    let place = Place::Workspace {
        handle: access_name(access),
        tab: WorkspaceTab::Access,
    };
    let page = AccessPage {
        frame: signed.frame(place).await?,
        handle: access_name(access),
        attached: access.workspace.backend == BackendKind::Attached,
        members: listed.members.iter().map(|member| item(signed, member)).collect(),
        most: MOST_MEMBERS,
        new_member,
        role,
    };
    signed.page_with(status, &page)
}

fn item(signed: &Signed, member: &Member) -> MemberItem {
    let Member { access, user } = member;
    let state = match (access.status, &access.status_reason) {
        (MemberStatus::Accepted, _) => None,
        (MemberStatus::Pending, None) => Some(Badge::workspace("pending")),
        (MemberStatus::Pending, Some(_)) => Some(Badge::workspace("failed")),
    };
    MemberItem {
        handle: user.handle.to_string(),
        name: user
            .display_name
            .clone()
            .unwrap_or_else(|| user.handle.to_string()),
        avatar_url: avatars::avatar_path(user.id, user.avatar_version),
        role: access.role.as_str(),
        state,
        reason: access.status_reason.clone(),
        since: Moment::new(access.created_at, signed.app.now()),
    }
}

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct NewMemberForm {
    #[serde(default)]
    member: String,
    #[serde(default)]
    role: String,
}

/// `POST /workspace/{workspace}/access`
pub(crate) async fn create_member(
    Path(workspace): Path<String>,
    SignedForm { signed, input }: SignedForm<NewMemberForm>,
) -> Answer {
    let access = owned(&signed, &workspace).await?;
    let new = NewMember {
        handle: input.member.trim().to_owned(),
        role: input.role.clone(),
    };
    let id = access.workspace.id.to_string();
    let refusal = match signed.app.create_member(&signed.actor, &id, new).await {
        Ok(member) => {
            let done = format!("{} was given access, and gets a mail.", member.user.handle);
            return signed.done(&here(&access), &done);
        }
        Err(Error::Invalid(fields)) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            fields
                .first()
                .map(|field| field.message.to_string())
                .unwrap_or_default(),
        ),
        Err(Error::Conflict { message, .. }) => (StatusCode::CONFLICT, message),
        Err(other) => return Err(other.into()),
    };
    let (status, message) = refusal;
    let field = Field::refused(input.member, message);
    access_page(&signed, &access, status, field, input.role).await
}

fn here(access: &AccessRow) -> String {
    format!("/workspace/{}/access", access_name(access))
}

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct RoleForm {
    #[serde(default)]
    role: String,
}

/// `POST /workspace/{workspace}/access/{member}/role`
pub(crate) async fn update_member(
    Path((workspace, member)): Path<(String, String)>,
    SignedForm { signed, input }: SignedForm<RoleForm>,
) -> Answer {
    let access = owned(&signed, &workspace).await?;
    let id = access.workspace.id.to_string();
    let member = signed
        .app
        .update_member(&signed.actor, &id, &member, &input.role)
        .await?;
    let done = format!("{} is {} now.", member.user.handle, member.access.role);
    signed.done(&here(&access), &done)
}

/// `GET /workspace/{workspace}/access/{member}/end`
pub(crate) async fn show_end(signed: Signed, Path((workspace, member)): Path<(String, String)>) -> Answer {
    let access = signed.access(&workspace).await?;
    let (owner, id) = (access.owner.id.to_string(), access.workspace.id.to_string());
    let (found, ..) = signed.app.get_member(&signed.actor, &owner, &id, &member).await?;
    let own = access.member.is_some();
    let place = Place::Workspace {
        handle: access_name(&access),
        tab: if own {
            WorkspaceTab::Settings
        } else {
            WorkspaceTab::Access
        },
    };
    signed.page(&EndAccessPage {
        frame: signed.frame(place).await?,
        handle: access_name(&access),
        member: found.user.handle.to_string(),
        own,
        facts: ending_facts(own),
    })
}

fn ending_facts(own: bool) -> Vec<String> {
    let facts = match own {
        true => [
            "Your open connections to it end within seconds, and new ones are refused.",
            "What you wrote there stays there.",
            "Only its owner can let you in again.",
        ],
        false => [
            "Their open connections end within seconds, and new ones are refused at once.",
            "What they wrote stays in the workspace.",
            "Nobody else notices anything.",
        ],
    };
    facts.map(str::to_owned).into()
}

/// `POST /workspace/{workspace}/access/{member}/end`
pub(crate) async fn delete_member(
    Path((workspace, member)): Path<(String, String)>,
    SignedForm { signed, .. }: SignedForm<Nothing>,
) -> Answer {
    let access = signed.access(&workspace).await?;
    let (owner, id) = (access.owner.id.to_string(), access.workspace.id.to_string());
    let gone = signed
        .app
        .delete_member(&signed.actor, &owner, &id, &member)
        .await?;
    match access.member {
        Some(_) => signed.done("/", &format!("You left {}.", access_name(&access))),
        None => {
            let done = format!("{} has no access any more.", gone.user.handle);
            signed.done(&here(&access), &done)
        }
    }
}
