//! `/actor`: who the token belongs to, and what is theirs (contract §1.1).

use app::{AccessRow, App, Page};
use axum::{
    Json,
    extract::{Query, State},
};
use model::{UserId, WorkspaceId};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Answer,
    audit_log::AuditRecordView,
    docs::{kinds, refused},
    identity::IdentityView,
    page::{ListView, PageQuery},
    user::UserView,
    workspace::WorkspaceView,
};
use crate::guards::{
    Bearer,
    needs::{FindWorkspaces, Identify, Read},
};

/// A workspace, under `workspace` and, as other clients read it, in the fields beside it.
#[derive(Serialize, ToSchema)]
#[schema(as = ActorWorkspace)]
pub(crate) struct ActorWorkspaceView {
    #[schema(value_type = kinds::WorkspaceId)]
    id: WorkspaceId,
    #[schema(value_type = kinds::WorkspaceHandle)]
    handle: String,
    #[schema(example = "db.standpipe.example")]
    host: String,
    #[schema(pattern = "^[0-9a-z]{6}$", example = "k3x9qa")]
    database_name: String,
    /// What the owner of the token is there: `owner`, or what somebody else let them be.
    #[schema(value_type = kinds::WorkspaceRole)]
    role: &'static str,
    /// `pending` until an access that was given or changed can be used.
    #[schema(value_type = kinds::MemberStatus)]
    status: &'static str,
    /// Whose it is.
    #[schema(value_type = kinds::UserId)]
    identity_id: UserId,
    identity: IdentityView,
    #[schema(value_type = kinds::WorkspaceId)]
    workspace_id: WorkspaceId,
    workspace: WorkspaceView,
}

/// What is in a list that is always empty.
#[derive(Serialize, ToSchema)]
#[schema(as = Nothing)]
pub(crate) struct NothingView {}

impl ActorWorkspaceView {
    fn new(app: &App, access: AccessRow) -> Self {
        let (role, status) = (access.role(), access.status());
        let AccessRow { workspace, owner, .. } = access;
        Self {
            id: workspace.id,
            handle: workspace.handle.to_string(),
            host: app.settings().gateway_domain.clone(),
            database_name: workspace.database_name.to_string(),
            role: role.as_str(),
            status: status.as_str(),
            identity_id: workspace.user_id,
            identity: IdentityView::new(app, &owner),
            workspace_id: workspace.id,
            workspace: WorkspaceView::new(app, &owner, workspace),
        }
    }
}

/// Shows whose token this is.
#[utoipa::path(
    get, path = "/actor", tag = "Account",
    responses(
        (status = 200, description = "The account of the token.", body = UserView),
        refused::Token,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn get_actor(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Identify>,
) -> Answer<Json<UserView>> {
    Ok(Json(UserView::new(&app, actor.user())))
}

/// Lists what happened to the account of the token, newest first.
#[utoipa::path(
    get, path = "/actor/activity", tag = "Audit log",
    params(PageQuery),
    responses(
        (status = 200, description = "A page of records.", body = ListView<AuditRecordView>),
        refused::Token,
        refused::Scope,
        refused::Invalid,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn list_actor_activity(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Read>,
    Query(query): Query<PageQuery>,
) -> Answer<Json<ListView<AuditRecordView>>> {
    let page = app.list_audit_log(&actor, None, query.page()?).await?;
    let handle = actor.user().handle.as_str();
    Ok(Json(ListView::new(page.records, page.next, |row| {
        AuditRecordView::new(handle, row)
    })))
}

/// Lists the workspaces that the owner of the token may enter: their own, and those of others who let them in.
#[utoipa::path(
    get, path = "/actor/workspace", tag = "Workspaces",
    params(PageQuery),
    responses(
        (status = 200, description = "A page of workspaces.", body = ListView<ActorWorkspaceView>),
        refused::Token,
        refused::Invalid,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn list_actor_workspaces(
    State(app): State<App>,
    Bearer(actor, _): Bearer<FindWorkspaces>,
    Query(query): Query<PageQuery>,
) -> Answer<Json<ListView<ActorWorkspaceView>>> {
    let page = app.list_accesses(&actor, query.page()?).await?;
    Ok(Json(ListView::new(page.accesses, page.next, |access| {
        ActorWorkspaceView::new(&app, access)
    })))
}

/// Lists connections to other services, of which there are none here.
#[utoipa::path(
    get, path = "/actor/conn", tag = "Account",
    params(PageQuery),
    responses(
        (status = 200, description = "An empty list.", body = ListView<NothingView>),
        refused::Token,
        refused::Scope,
        refused::Invalid,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn list_actor_connections(
    bearer: Bearer<Read>,
    query: Query<PageQuery>,
) -> Answer<Json<ListView<NothingView>>> {
    nothing(bearer, query)
}

/// Lists organisations, of which there are none here.
#[utoipa::path(
    get, path = "/actor/org", tag = "Account",
    params(PageQuery),
    responses(
        (status = 200, description = "An empty list.", body = ListView<NothingView>),
        refused::Token,
        refused::Scope,
        refused::Invalid,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn list_actor_orgs(
    bearer: Bearer<Read>,
    query: Query<PageQuery>,
) -> Answer<Json<ListView<NothingView>>> {
    nothing(bearer, query)
}

/// Lists invitations to organisations, of which there are none here.
#[utoipa::path(
    get, path = "/actor/org/invite", tag = "Account",
    params(PageQuery),
    responses(
        (status = 200, description = "An empty list.", body = ListView<NothingView>),
        refused::Token,
        refused::Scope,
        refused::Invalid,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn list_actor_org_invites(
    bearer: Bearer<Read>,
    query: Query<PageQuery>,
) -> Answer<Json<ListView<NothingView>>> {
    nothing(bearer, query)
}

/// A list that is always empty, and minds its query as the others do.
fn nothing(_: Bearer<Read>, Query(query): Query<PageQuery>) -> Answer<Json<ListView<NothingView>>> {
    let Page { .. } = query.page()?;
    Ok(Json(ListView::new(Vec::new(), None, |nothing: NothingView| {
        nothing
    })))
}
