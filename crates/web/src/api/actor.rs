//! `/actor`: who the token belongs to, and what is theirs (contract §1.1).

use app::{App, Page, WorkspaceRow};
use axum::{
    Json,
    extract::{Query, State},
};
use model::{UserId, WorkspaceId};
use serde::Serialize;
use serde_json::Value;

use super::{
    Answer,
    audit_log::AuditRecordView,
    identity::IdentityView,
    page::{ListView, PageQuery},
    user::UserView,
    workspace::WorkspaceView,
};
use crate::guards::{
    Bearer,
    needs::{FindWorkspaces, Identify, Read},
};

/// The contract's `ActorWorkspace`: real clients take the workspace from `workspace`, or from the fields beside it.
#[derive(Serialize)]
pub(crate) struct ActorWorkspaceView {
    id: WorkspaceId,
    handle: String,
    host: String,
    database_name: String,
    role: &'static str,
    identity_id: UserId,
    identity: IdentityView,
    workspace_id: WorkspaceId,
    workspace: WorkspaceView,
}

impl ActorWorkspaceView {
    fn new(app: &App, actor: &app::Actor, row: WorkspaceRow) -> Self {
        Self {
            id: row.id,
            handle: row.handle.to_string(),
            host: app.settings().gateway_domain.clone(),
            database_name: row.database_name.to_string(),
            role: "owner",
            identity_id: row.user_id,
            identity: IdentityView::new(app, actor.user()),
            workspace_id: row.id,
            workspace: WorkspaceView::new(app, actor, row),
        }
    }
}

/// `GET /actor`
pub(crate) async fn get_actor(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Identify>,
) -> Answer<Json<UserView>> {
    Ok(Json(UserView::new(&app, actor.user())))
}

/// `GET /actor/activity`: the audit log of the actor's account, newest first.
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

/// `GET /actor/workspace`: the workspaces that the actor may enter.
pub(crate) async fn list_actor_workspaces(
    State(app): State<App>,
    Bearer(actor, _): Bearer<FindWorkspaces>,
    Query(query): Query<PageQuery>,
) -> Answer<Json<ListView<ActorWorkspaceView>>> {
    let page = app.list_workspaces(&actor, query.page()?).await?;
    Ok(Json(ListView::new(page.workspaces, page.next, |row| {
        ActorWorkspaceView::new(&app, &actor, row)
    })))
}

/// `GET /actor/conn`: there are no connections to other services here.
pub(crate) async fn list_actor_connections(
    bearer: Bearer<Read>,
    query: Query<PageQuery>,
) -> Answer<Json<ListView<Value>>> {
    nothing(bearer, query)
}

/// `GET /actor/org`: there are no organisations here.
pub(crate) async fn list_actor_orgs(
    bearer: Bearer<Read>,
    query: Query<PageQuery>,
) -> Answer<Json<ListView<Value>>> {
    nothing(bearer, query)
}

/// `GET /actor/org/invite`: and so nobody invites to one.
pub(crate) async fn list_actor_org_invites(
    bearer: Bearer<Read>,
    query: Query<PageQuery>,
) -> Answer<Json<ListView<Value>>> {
    nothing(bearer, query)
}

/// A list that is always empty, and minds its query as the others do.
fn nothing(_: Bearer<Read>, Query(query): Query<PageQuery>) -> Answer<Json<ListView<Value>>> {
    let Page { .. } = query.page()?;
    Ok(Json(ListView::new(Vec::new(), None, |row: Value| row)))
}
