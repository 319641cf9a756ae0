//! `/user/{user}/process` and `/user/{user}/workspace/{workspace}/process`: slow work (contract §1.8).

use app::{Actor, App, Error, ProcessRow};
use axum::{
    Json,
    extract::{Path, Query, State},
};
use model::{ProcessId, UserId, WorkspaceId, time::rfc3339_seconds};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Answer, TENANT_ID,
    audit_log::WhereQuery,
    docs::{kinds, path, refused},
    page::{ListView, PageQuery},
    user::UserView,
};
use crate::guards::{Bearer, needs::Read};

/// The contract's `SpProcess`. `identity_id` is always there: a client dereferences it unguarded.
#[derive(Serialize, ToSchema)]
#[schema(as = Process)]
pub(crate) struct ProcessView {
    #[schema(value_type = kinds::ProcessId)]
    id: ProcessId,
    #[serde(rename = "type")]
    #[schema(example = "workspace.create")]
    kind: &'static str,
    #[schema(value_type = kinds::Pipe)]
    pipe: &'static str,
    #[schema(value_type = kinds::TenantId)]
    tenant_id: &'static str,
    #[schema(value_type = kinds::UserId)]
    identity_id: UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<kinds::WorkspaceId>)]
    workspace_id: Option<WorkspaceId>,
    #[schema(value_type = kinds::Time)]
    created_at: String,
    #[schema(value_type = kinds::UserId)]
    created_by_id: UserId,
    created_by: UserView,
    #[schema(value_type = kinds::Time)]
    updated_at: String,
    #[schema(value_type = kinds::UserId)]
    updated_by_id: UserId,
    #[schema(value_type = i32, example = 3)]
    version_id: i64,
    #[schema(value_type = kinds::ProcessState)]
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

/// Lists the processes of the account, newest first.
#[utoipa::path(
    get, path = "/user/{user}/process", tag = "Processes",
    params(path::User, PageQuery, WhereQuery),
    responses(
        (status = 200, description = "A page of processes.", body = ListView<ProcessView>),
        refused::Account,
    ),
    security(("bearer" = [])),
)]
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

/// Lists the processes of a workspace, newest first.
#[utoipa::path(
    get, path = "/user/{user}/workspace/{workspace}/process", tag = "Processes",
    params(path::User, path::Workspace, PageQuery, WhereQuery),
    responses(
        (status = 200, description = "A page of processes.", body = ListView<ProcessView>),
        refused::Account,
    ),
    security(("bearer" = [])),
)]
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

/// Shows a process.
#[utoipa::path(
    get, path = "/user/{user}/process/{process}", tag = "Processes",
    params(path::User, path::Process),
    responses(
        (status = 200, description = "The process.", body = ProcessView),
        refused::Account,
    ),
    security(("bearer" = [])),
)]
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
