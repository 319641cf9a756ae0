//! `/user/{user}/workspace/{workspace}/member`: whom the owner of a workspace lets in. Pipes has this for workspaces of
//! organisations, with the same paths below the workspace and the same fields.

use app::{
    App, UserRow, WorkspaceRow,
    members::{Member, NewMember},
};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use model::{MemberId, UserId, WorkspaceId, time::rfc3339_seconds};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Answer,
    body::JsonBody,
    docs::{kinds, path, refused},
    page::{ListView, PageQuery},
    user::UserView,
};
use crate::guards::{
    Bearer,
    needs::{Change, Read},
};

/// Somebody who is let into a workspace.
#[derive(Serialize, ToSchema)]
#[schema(as = WorkspaceMember)]
pub(crate) struct MemberView {
    #[schema(value_type = kinds::MemberId)]
    id: MemberId,
    #[schema(value_type = kinds::UserId)]
    user_id: UserId,
    #[schema(value_type = kinds::Handle)]
    user_handle: String,
    user: UserView,
    #[schema(value_type = kinds::MemberRole)]
    role: &'static str,
    /// What the role is for: always the workspace.
    #[schema(example = "workspace")]
    scope: &'static str,
    #[schema(value_type = kinds::MemberStatus)]
    status: &'static str,
    /// Why it is not accepted, when that needs words.
    #[serde(skip_serializing_if = "Option::is_none")]
    status_reason: Option<String>,
    /// Whose workspace it is.
    #[schema(value_type = kinds::UserId)]
    identity_id: UserId,
    #[schema(value_type = kinds::WorkspaceId)]
    workspace_id: WorkspaceId,
    #[schema(value_type = kinds::WorkspaceHandle)]
    workspace_handle: String,
    #[schema(value_type = kinds::Time)]
    created_at: String,
    #[schema(value_type = kinds::UserId)]
    created_by_id: UserId,
    created_by: UserView,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<kinds::Time>)]
    updated_at: Option<String>,
    #[schema(value_type = kinds::UserId)]
    updated_by_id: UserId,
    updated_by: UserView,
    #[schema(value_type = i32, example = 3)]
    version_id: i64,
}

impl MemberView {
    fn new(app: &App, owner: &UserRow, workspace: &WorkspaceRow, member: Member) -> Self {
        let Member { access, user } = member;
        // Only the owner gives and changes access.
        let by = UserView::public(app, owner);
        Self {
            id: access.id,
            user_id: user.id,
            user_handle: user.handle.to_string(),
            user: UserView::public(app, &user),
            role: access.role.as_str(),
            scope: "workspace",
            status: access.status.as_str(),
            status_reason: access.status_reason,
            identity_id: workspace.user_id,
            workspace_id: workspace.id,
            workspace_handle: workspace.handle.to_string(),
            created_at: rfc3339_seconds(access.created_at),
            created_by_id: access.created_by_id,
            created_by: by.clone(),
            updated_at: access.updated_at.map(rfc3339_seconds),
            updated_by_id: access.updated_by_id,
            updated_by: by,
            version_id: access.version_id,
        }
    }
}

/// What `POST …/member` takes.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct NewMemberRequest {
    /// Their handle, or the id of their account.
    #[serde(default)]
    #[schema(value_type = kinds::Handle, required)]
    handle: String,
    #[serde(default)]
    #[schema(value_type = kinds::MemberRole, required)]
    role: String,
}

/// What `PATCH …/member/{member}` takes.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct UpdateMemberRequest {
    #[serde(default)]
    #[schema(value_type = kinds::MemberRole, required)]
    role: String,
}

/// Lists who is let into a workspace, the first who was let in first. Somebody who is, sees themselves alone.
#[utoipa::path(
    get, path = "/user/{user}/workspace/{workspace}/member", tag = "Workspaces",
    params(path::User, path::Workspace, PageQuery),
    responses(
        (status = 200, description = "A page of people.", body = ListView<MemberView>),
        refused::Account,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn list_members(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Read>,
    Path((user, workspace)): Path<(String, String)>,
    Query(query): Query<PageQuery>,
) -> Answer<Json<ListView<MemberView>>> {
    let page = app.list_members(&actor, &user, &workspace, query.page()?).await?;
    let (owner, workspace) = (page.owner, page.workspace);
    Ok(Json(ListView::new(page.members, page.next, |member| {
        MemberView::new(&app, &owner, &workspace, member)
    })))
}

/// Lets somebody into a workspace.
///
/// It is `pending` until the workspace's database knows of it, usually for less than a second; until then their
/// connections are refused. They log in with their own handle and database password, and get a mail.
#[utoipa::path(
    post, path = "/user/{user}/workspace/{workspace}/member", tag = "Workspaces",
    params(path::User, path::Workspace, path::IfMatch),
    request_body(content = NewMemberRequest, example = json!({"handle": "bob", "role": "reader"})),
    responses(
        (status = 201, description = "Who is let in.", body = MemberView),
        refused::Account,
        refused::Version,
        refused::Body,
        refused::Conflict,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn create_member(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Change>,
    Path((user, workspace)): Path<(String, String)>,
    JsonBody(input): JsonBody<NewMemberRequest>,
) -> Answer<(StatusCode, Json<MemberView>)> {
    app.require_owner(&actor, &user, &workspace).await?;
    let row = app.get_workspace(&actor, &workspace).await?;
    let new = NewMember {
        handle: input.handle,
        role: input.role,
    };
    let member = app.create_member(&actor, &workspace, new).await?;
    let view = MemberView::new(&app, actor.user(), &row, member);
    Ok((StatusCode::CREATED, Json(view)))
}

/// Shows one of those who are let into a workspace.
#[utoipa::path(
    get, path = "/user/{user}/workspace/{workspace}/member/{member}", tag = "Workspaces",
    params(path::User, path::Workspace, path::Member),
    responses(
        (status = 200, description = "The person and their access.", body = MemberView),
        refused::Account,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn get_member(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Read>,
    Path((user, workspace, who)): Path<(String, String, String)>,
) -> Answer<Json<MemberView>> {
    let (member, workspace, owner) = app.get_member(&actor, &user, &workspace, &who).await?;
    Ok(Json(MemberView::new(&app, &owner, &workspace, member)))
}

/// Makes somebody an operator or a reader of a workspace.
///
/// Their connections are refused until the workspace's database knows of it; those that are open end if they may do less.
#[utoipa::path(
    patch, path = "/user/{user}/workspace/{workspace}/member/{member}", tag = "Workspaces",
    params(path::User, path::Workspace, path::Member, path::IfMatch),
    request_body(content = UpdateMemberRequest, example = json!({"role": "operator"})),
    responses(
        (status = 200, description = "The person and their access.", body = MemberView),
        refused::Account,
        refused::Version,
        refused::Body,
        refused::Conflict,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn update_member(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Change>,
    Path((user, workspace, who)): Path<(String, String, String)>,
    JsonBody(input): JsonBody<UpdateMemberRequest>,
) -> Answer<Json<MemberView>> {
    app.require_owner(&actor, &user, &workspace).await?;
    let row = app.get_workspace(&actor, &workspace).await?;
    let member = app.update_member(&actor, &workspace, &who, &input.role).await?;
    Ok(Json(MemberView::new(&app, actor.user(), &row, member)))
}

/// Takes access to a workspace back, or leaves it.
///
/// The owner does it to anybody, somebody who was let in to themselves. The next connection is refused at once, and those
/// that are open end within seconds.
#[utoipa::path(
    delete, path = "/user/{user}/workspace/{workspace}/member/{member}", tag = "Workspaces",
    params(path::User, path::Workspace, path::Member, path::IfMatch),
    responses(
        (status = 200, description = "What it was.", body = MemberView),
        refused::Account,
        refused::Version,
        refused::Conflict,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn delete_member(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Change>,
    Path((user, workspace, who)): Path<(String, String, String)>,
) -> Answer<Json<MemberView>> {
    let (_, row, owner) = app.get_member(&actor, &user, &workspace, &who).await?;
    let member = app.delete_member(&actor, &user, &workspace, &who).await?;
    Ok(Json(MemberView::new(&app, &owner, &row, member)))
}
