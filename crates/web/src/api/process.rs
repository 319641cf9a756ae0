//! `/user/{user}/process` and `/user/{user}/workspace/{workspace}/process`: slow work (contract §1.8).

use app::{Actor, App, Error, ProcessRow};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::header,
    response::{IntoResponse, Response},
};
use model::{ProcessId, UserId, WorkspaceId, time::rfc3339_seconds};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{
    Answer, TENANT_ID,
    audit_log::WhereQuery,
    body::JsonBody,
    docs::{kinds, path, refused},
    page::{ListView, PageQuery},
    user::UserView,
};
use crate::guards::{
    Bearer,
    needs::{Identify, Read},
};

/// Slow work.
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
    updated_by: UserView,
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
            updated_by: UserView::new(app, actor.user()),
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
    app.require_owner(&actor, &user, &workspace).await?;
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
    let row = named(&app, &actor, &user, &process).await?;
    Ok(Json(ProcessView::new(&app, &actor, row)))
}

/// Shows a process of a workspace.
#[utoipa::path(
    get, path = "/user/{user}/workspace/{workspace}/process/{process}", tag = "Processes",
    params(path::User, path::Workspace, path::Process),
    responses(
        (status = 200, description = "The process.", body = ProcessView),
        refused::Account,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn get_workspace_process(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Read>,
    Path((user, workspace, process)): Path<(String, String, String)>,
) -> Answer<Json<ProcessView>> {
    let row = in_workspace(&app, &actor, (&user, &workspace, &process)).await?;
    Ok(Json(ProcessView::new(&app, &actor, row)))
}

/// Shows what a process did, a line of JSON for each step.
#[utoipa::path(
    get, path = "/user/{user}/process/{process}/log/process.jsonl", tag = "Processes",
    params(path::User, path::Process),
    responses(
        (status = 200, description = "The log, oldest first.", body = String, content_type = JSON_LINES),
        refused::Account,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn get_process_log(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Read>,
    Path((user, process)): Path<(String, String)>,
) -> Answer<Response> {
    Ok(log(&named(&app, &actor, &user, &process).await?))
}

/// Shows what a process of a workspace did, a line of JSON for each step.
#[utoipa::path(
    get, path = "/user/{user}/workspace/{workspace}/process/{process}/log/process.jsonl", tag = "Processes",
    params(path::User, path::Workspace, path::Process),
    responses(
        (status = 200, description = "The log, oldest first.", body = String, content_type = JSON_LINES),
        refused::Account,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn get_workspace_process_log(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Read>,
    Path((user, workspace, process)): Path<(String, String, String)>,
) -> Answer<Response> {
    Ok(log(
        &in_workspace(&app, &actor, (&user, &workspace, &process)).await?
    ))
}

/// What a command to a process would be.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct ProcessCommandRequest {
    #[serde(default, rename = "command")]
    #[schema(example = "cancel")]
    _command: Option<String>,
}

/// Refuses commands to a process: each runs to its end.
#[utoipa::path(
    post, path = "/user/{user}/process/{process}/command", tag = "Processes",
    params(path::User, path::Process),
    request_body = ProcessCommandRequest,
    responses(refused::Identified, refused::Body, refused::NotImplemented),
    security(("bearer" = [])),
)]
pub(crate) async fn command_process(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Identify>,
    Path((user, process)): Path<(String, String)>,
    _: JsonBody<ProcessCommandRequest>,
) -> Answer<Json<ProcessView>> {
    named(&app, &actor, &user, &process).await?;
    Err(NO_COMMANDS.into())
}

/// Refuses commands to a process of a workspace: each runs to its end.
#[utoipa::path(
    post, path = "/user/{user}/workspace/{workspace}/process/{process}/command", tag = "Processes",
    params(path::User, path::Workspace, path::Process),
    request_body = ProcessCommandRequest,
    responses(refused::Identified, refused::Body, refused::NotImplemented),
    security(("bearer" = [])),
)]
pub(crate) async fn command_workspace_process(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Identify>,
    Path((user, workspace, process)): Path<(String, String, String)>,
    _: JsonBody<ProcessCommandRequest>,
) -> Answer<Json<ProcessView>> {
    in_workspace(&app, &actor, (&user, &workspace, &process)).await?;
    Err(NO_COMMANDS.into())
}

/// The contract's type of a log (§1.7).
const JSON_LINES: &str = "application/jsonlines+json";
const NO_COMMANDS: Error = Error::NotImplemented("Processes here take no commands: each runs to its end.");

/// The process that a path names.
async fn named(app: &App, actor: &Actor, user: &str, process: &str) -> Result<ProcessRow, Error> {
    actor.own(user)?;
    let id = process.parse().map_err(|_| Error::NotFound("process"))?;
    app.get_process(actor, id).await
}

/// The process that a path names, which must be of the workspace that it names.
async fn in_workspace(
    app: &App,
    actor: &Actor,
    (user, workspace, process): (&str, &str, &str),
) -> Result<ProcessRow, Error> {
    app.require_owner(actor, user, workspace).await?;
    let workspace = app.get_workspace(actor, workspace).await?;
    let row = named(app, actor, user, process).await?;
    match row.workspace_id == Some(workspace.id) {
        true => Ok(row),
        false => Err(Error::NotFound("process")),
    }
}

/// What is known of the steps of a process: when it was asked for, and where it is since when.
fn log(row: &ProcessRow) -> Response {
    let asked = json!({
        "timestamp": rfc3339_seconds(row.created_at),
        "process_id": row.id,
        "state": "pending",
        "message": format!("{} was asked for.", row.kind.as_str()),
    });
    let now = json!({
        "timestamp": rfc3339_seconds(row.updated_at),
        "process_id": row.id,
        "state": row.state.as_str(),
        "attempt": row.attempts,
        "message": row.state_reason.clone().unwrap_or_else(|| format!("It is {}.", row.state.as_str())),
    });
    let lines = match row.version_id > 1 || row.attempts > 0 {
        true => format!("{asked}\n{now}\n"),
        false => format!("{asked}\n"),
    };
    ([(header::CONTENT_TYPE, JSON_LINES)], lines).into_response()
}
