//! `/user/{user}/process` and `/user/{user}/workspace/{workspace}/process`: slow work (contract §1.8).

use app::{Actor, App, Error, ProcessRow};
use axum::{
    Json,
    extract::{Path, Query, State},
};
use model::{ProcessId, UserId, WorkspaceId, time::rfc3339_seconds};
use serde::Serialize;

use super::{
    Answer, TENANT_ID,
    audit_log::WhereQuery,
    page::{ListView, PageQuery},
    user::UserView,
};
use crate::guards::{Bearer, needs::Read};

/// The contract's `SpProcess`. `identity_id` is always there: a client dereferences it unguarded.
#[derive(Serialize)]
pub(crate) struct ProcessView {
    id: ProcessId,
    #[serde(rename = "type")]
    kind: &'static str,
    pipe: &'static str,
    tenant_id: &'static str,
    identity_id: UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace_id: Option<WorkspaceId>,
    created_at: String,
    created_by_id: UserId,
    created_by: UserView,
    updated_at: String,
    updated_by_id: UserId,
    version_id: i64,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_reason: Option<String>,
}

impl ProcessView {
    fn new(app: &App, actor: &Actor, row: ProcessRow) -> Self {
        Self {
            id: row.id,
            kind: row.kind.as_str(),
            pipe: "steampipe",
            tenant_id: TENANT_ID,
            identity_id: row.user_id,
            workspace_id: row.workspace_id,
            created_at: rfc3339_seconds(row.created_at),
            created_by_id: row.created_by_id,
            created_by: UserView::new(app, actor.user()),
            updated_at: rfc3339_seconds(row.updated_at),
            updated_by_id: row.created_by_id,
            version_id: row.version_id,
            state: row.state.as_str(),
            state_reason: row.state_reason,
        }
    }
}

/// `GET /user/{user}/process`
pub(crate) async fn list_processes(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Read>,
    Path(user): Path<String>,
    Query(query): Query<PageQuery>,
    Query(WhereQuery { wanted }): Query<WhereQuery>,
) -> Answer<Json<ListView<ProcessView>>> {
    actor.own(&user)?;
    let page = app.list_processes(&actor, &wanted, query.page()?).await?;
    Ok(Json(ListView::new(page.processes, page.next, |row| {
        ProcessView::new(&app, &actor, row)
    })))
}

/// `GET /user/{user}/workspace/{workspace}/process`
pub(crate) async fn list_workspace_processes(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Read>,
    Path((user, workspace)): Path<(String, String)>,
    Query(query): Query<PageQuery>,
    Query(WhereQuery { wanted }): Query<WhereQuery>,
) -> Answer<Json<ListView<ProcessView>>> {
    actor.own(&user)?;
    let workspace = app.get_workspace(&actor, &workspace).await?;
    let page = app
        .list_workspace_processes(&actor, &workspace, &wanted, query.page()?)
        .await?;
    Ok(Json(ListView::new(page.processes, page.next, |row| {
        ProcessView::new(&app, &actor, row)
    })))
}

/// `GET /user/{user}/process/{process}`
pub(crate) async fn get_process(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Read>,
    Path((user, process)): Path<(String, String)>,
) -> Answer<Json<ProcessView>> {
    actor.own(&user)?;
    let id = process.parse().map_err(|_| Error::NotFound("process"))?;
    let row = app.get_process(&actor, id).await?;
    Ok(Json(ProcessView::new(&app, &actor, row)))
}
