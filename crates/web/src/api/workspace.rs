//! `/user/{user}/workspace`: workspaces (contract §1.7).

mod server;

use app::{
    App, Error, UserRow, WorkspaceRow,
    attach::NewAttachment,
    workspaces::{NewLimits, NewWorkspace, WorkspaceUpdate},
};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use model::{
    ProcessId, UserId, WorkspaceId,
    time::rfc3339_seconds,
    workspace::{Command, search_path},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    Answer,
    audit_log::{AuditRecordView, WhereQuery},
    body,
    body::JsonBody,
    docs::{kinds, path, refused},
    page::{ListView, PageQuery},
    user::UserView,
};
use crate::guards::{
    Bearer,
    needs::{Change, FindWorkspaces, Read},
};
use server::{AttachRequest, AttachedView, HealthView};

/// A workspace.
#[derive(Serialize, ToSchema)]
#[schema(as = Workspace)]
// `database_name` and `host` stand before the enums, because an old client stops reading at the first value that it does
// not know (contract §2).
pub(crate) struct WorkspaceView {
    #[schema(value_type = kinds::WorkspaceId)]
    id: WorkspaceId,
    #[schema(value_type = kinds::WorkspaceHandle)]
    handle: String,
    #[schema(value_type = kinds::UserId)]
    identity_id: UserId,
    #[schema(pattern = "^[0-9a-z]{6}$", example = "k3x9qa")]
    database_name: String,
    /// The domain; a workspace's own name is `{handle}-{workspace}.{host}`.
    #[schema(example = "db.standpipe.example")]
    host: String,
    /// The port of the gateway there. Clients of Pipes take 9193 for granted.
    #[schema(example = 9193)]
    port: u16,
    #[schema(example = "local")]
    hive: &'static str,
    /// Where new connections look for what is named without a schema.
    #[schema(example = json!(["reports", "$user", "public"]))]
    search_path: Vec<String>,
    /// The part of it that its owner has put before the rest.
    #[schema(example = json!(["reports"]))]
    search_path_prefix: Vec<String>,
    /// The kind of server that holds it: `local`, `server` or `attached`.
    #[schema(value_type = kinds::Backend)]
    backend: &'static str,
    /// Where an attached server is. Of one workspace alone, not of a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    attached_to: Option<AttachedView>,
    /// How its server was doing when it was last asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    health: Option<HealthView>,
    /// How many connections may be open at once.
    #[schema(minimum = 1, maximum = 1000, example = 60)]
    connection_limit: i64,
    /// Milliseconds after which a statement is ended, unless a session says otherwise; 0 is never, or as an attached
    /// server has it.
    #[schema(minimum = 0, maximum = 86_400_000, example = 600_000)]
    statement_timeout_ms: i64,
    /// Milliseconds after which a session that waits in a transaction is ended, as above.
    #[schema(minimum = 0, maximum = 86_400_000, example = 300_000)]
    idle_in_transaction_timeout_ms: i64,
    #[schema(value_type = kinds::Notices)]
    notices: Map<String, Value>,
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
    #[schema(example = "")]
    deleted_by_id: &'static str,
    db_volume_size_bytes: i64,
    #[schema(value_type = i32, example = 3)]
    version_id: i64,
    #[schema(value_type = kinds::DesiredState)]
    desired_state: &'static str,
    #[schema(value_type = kinds::WorkspaceState)]
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_reason: Option<String>,
    #[schema(value_type = kinds::InstanceType)]
    instance_type: String,
}

impl WorkspaceView {
    pub(crate) fn new(app: &App, owner: &UserRow, row: WorkspaceRow) -> Self {
        Self {
            id: row.id,
            handle: row.handle.to_string(),
            identity_id: row.user_id,
            database_name: row.database_name.to_string(),
            host: app.settings().gateway_domain.clone(),
            port: app.settings().gateway_port,
            hive: "local",
            search_path: search_path(&row.search_path_prefix),
            backend: row.backend.as_str(),
            attached_to: None,
            health: app.measure_of(row.id).map(HealthView::from),
            connection_limit: row.limits.connections,
            statement_timeout_ms: row.limits.statement_ms,
            idle_in_transaction_timeout_ms: row.limits.idle_in_transaction_ms,
            notices: Map::new(),
            created_at: rfc3339_seconds(row.created_at),
            created_by_id: row.created_by_id,
            created_by: UserView::public(app, owner),
            updated_at: row.updated_at.map(rfc3339_seconds),
            updated_by_id: row.updated_by_id,
            updated_by: UserView::public(app, owner),
            deleted_by_id: "",
            db_volume_size_bytes: row.db_volume_size_bytes,
            version_id: row.version_id,
            desired_state: row.desired_state.as_str(),
            state: row.state_now().as_str(),
            search_path_prefix: row.search_path_prefix,
            state_reason: row.state_reason,
            instance_type: row.instance_type,
        }
    }
}

impl WorkspaceView {
    /// One workspace, with where it is attached to.
    async fn whole(app: &App, owner: &UserRow, row: WorkspaceRow) -> Answer<Self> {
        let attached = app.find_attachment(&row).await?;
        Ok(Self {
            attached_to: attached.map(AttachedView::from),
            ..Self::new(app, owner, row)
        })
    }
}

/// What `POST /user/{user}/workspace` takes.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct NewWorkspaceRequest {
    #[serde(default)]
    #[schema(value_type = kinds::WorkspaceHandle, required)]
    handle: String,
    #[schema(value_type = Option<kinds::InstanceType>)]
    instance_type: Option<String>,
    #[schema(value_type = Option<kinds::DesiredState>)]
    desired_state: Option<String>,
    #[serde(default, deserialize_with = "body::whole")]
    #[schema(minimum = 0, example = 6442450944_i64)]
    db_volume_size_bytes: Option<i64>,
    #[schema(max_items = 50, example = json!(["reports"]))]
    search_path_prefix: Option<Vec<String>>,
    /// With it no database is made: the workspace is the server that it names, which is entered before it is kept.
    attach: Option<AttachRequest>,
    #[serde(default, deserialize_with = "body::whole")]
    #[schema(minimum = 1, maximum = 1000, example = 60)]
    connection_limit: Option<i64>,
    #[serde(default, deserialize_with = "body::whole")]
    #[schema(minimum = 0, maximum = 86_400_000, example = 600_000)]
    statement_timeout_ms: Option<i64>,
    #[serde(default, deserialize_with = "body::whole")]
    #[schema(minimum = 0, maximum = 86_400_000, example = 300_000)]
    idle_in_transaction_timeout_ms: Option<i64>,
}

/// What `PATCH /user/{user}/workspace/{workspace}` takes; what is absent or `null` stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct UpdateWorkspaceRequest {
    #[schema(value_type = Option<kinds::WorkspaceHandle>)]
    handle: Option<String>,
    #[schema(value_type = Option<kinds::DesiredState>)]
    desired_state: Option<String>,
    #[serde(default, deserialize_with = "body::whole")]
    #[schema(minimum = 0, example = 6442450944_i64)]
    db_volume_size_bytes: Option<i64>,
    #[schema(value_type = Option<kinds::InstanceType>)]
    instance_type: Option<String>,
    #[schema(max_items = 50, example = json!(["reports"]))]
    search_path_prefix: Option<Vec<String>>,
    /// Where an attached workspace is from now on, or with which password it is entered.
    attach: Option<AttachRequest>,
    #[serde(default, deserialize_with = "body::whole")]
    #[schema(minimum = 1, maximum = 1000, example = 60)]
    connection_limit: Option<i64>,
    #[serde(default, deserialize_with = "body::whole")]
    #[schema(minimum = 0, maximum = 86_400_000, example = 600_000)]
    statement_timeout_ms: Option<i64>,
    #[serde(default, deserialize_with = "body::whole")]
    #[schema(minimum = 0, maximum = 86_400_000, example = 300_000)]
    idle_in_transaction_timeout_ms: Option<i64>,
}

/// What `POST …/command` takes.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct CommandRequest {
    #[serde(default)]
    #[schema(value_type = kinds::Command, required)]
    command: String,
}

/// A command, and the process that tells of it.
#[derive(Serialize, ToSchema)]
#[schema(as = WorkspaceCommand)]
pub(crate) struct CommandView {
    #[schema(value_type = kinds::Command)]
    command: &'static str,
    #[schema(value_type = kinds::ProcessId)]
    process_id: ProcessId,
}

/// Lists the workspaces, oldest first.
#[utoipa::path(
    get, path = "/user/{user}/workspace", tag = "Workspaces",
    params(path::User, PageQuery),
    responses(
        (status = 200, description = "A page of workspaces.", body = ListView<WorkspaceView>),
        refused::Account,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn list_workspaces(
    State(app): State<App>,
    Bearer(actor, _): Bearer<FindWorkspaces>,
    Path(user): Path<String>,
    Query(query): Query<PageQuery>,
) -> Answer<Json<ListView<WorkspaceView>>> {
    actor.own(&user)?;
    let page = app.list_workspaces(&actor, query.page()?).await?;
    Ok(Json(ListView::new(page.workspaces, page.next, |row| {
        WorkspaceView::new(&app, actor.user(), row)
    })))
}

/// Asks for a workspace. It is `creating` until its database is made.
///
/// With `attach` it is a server that is there already: that is entered first, and the workspace is `enabled` at once.
#[utoipa::path(
    post, path = "/user/{user}/workspace", tag = "Workspaces",
    params(path::User),
    request_body(content = NewWorkspaceRequest, example = json!({"handle": "dev"})),
    responses(
        (status = 201, description = "The workspace.", body = WorkspaceView),
        refused::Account,
        refused::Body,
        refused::Conflict,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn create_workspace(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Change>,
    Path(user): Path<String>,
    JsonBody(input): JsonBody<NewWorkspaceRequest>,
) -> Answer<(StatusCode, Json<WorkspaceView>)> {
    actor.own(&user)?;
    let new = NewWorkspace {
        handle: input.handle,
        instance_type: input.instance_type,
        desired_state: input.desired_state,
        db_volume_size_bytes: input.db_volume_size_bytes,
        search_path_prefix: input.search_path_prefix,
        attach: input.attach.map(NewAttachment::from),
        limits: NewLimits {
            connections: input.connection_limit,
            statement_ms: input.statement_timeout_ms,
            idle_in_transaction_ms: input.idle_in_transaction_timeout_ms,
        },
    };
    let row = app.create_workspace(&actor, new).await?;
    let view = WorkspaceView::whole(&app, actor.user(), row).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// Shows a workspace.
#[utoipa::path(
    get, path = "/user/{user}/workspace/{workspace}", tag = "Workspaces",
    params(path::User, path::Workspace),
    responses(
        (status = 200, description = "The workspace.", body = WorkspaceView),
        refused::Identified,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn get_workspace(
    State(app): State<App>,
    Bearer(actor, _): Bearer<FindWorkspaces>,
    Path((user, workspace)): Path<(String, String)>,
) -> Answer<Json<WorkspaceView>> {
    let access = app.get_access(&actor, &user, &workspace).await?;
    // Where its server is concerns its owner.
    let view = match access.owner.id == actor.user().id {
        true => WorkspaceView::whole(&app, &access.owner, access.workspace).await?,
        false => WorkspaceView::new(&app, &access.owner, access.workspace),
    };
    Ok(Json(view))
}

/// Changes a workspace.
///
/// What is absent or `null` stays. A new handle is a new host name at once; open connections go on. `desired_state` takes
/// effect at once too: `disabled` and `paused` end open connections and refuse new ones.
#[utoipa::path(
    patch, path = "/user/{user}/workspace/{workspace}", tag = "Workspaces",
    params(path::User, path::Workspace, path::IfMatch),
    request_body(content = UpdateWorkspaceRequest, example = json!({"handle": "dev2"})),
    responses(
        (status = 200, description = "The workspace.", body = WorkspaceView),
        refused::Account,
        refused::Version,
        refused::Body,
        refused::Conflict,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn update_workspace(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Change>,
    Path((user, workspace)): Path<(String, String)>,
    JsonBody(input): JsonBody<UpdateWorkspaceRequest>,
) -> Answer<Json<WorkspaceView>> {
    app.require_owner(&actor, &user, &workspace).await?;
    let update = WorkspaceUpdate {
        handle: input.handle,
        desired_state: input.desired_state,
        instance_type: input.instance_type,
        db_volume_size_bytes: input.db_volume_size_bytes,
        search_path_prefix: input.search_path_prefix,
        attach: input.attach.map(NewAttachment::from),
        limits: NewLimits {
            connections: input.connection_limit,
            statement_ms: input.statement_timeout_ms,
            idle_in_transaction_ms: input.idle_in_transaction_timeout_ms,
        },
    };
    let row = app.update_workspace(&actor, &workspace, update).await?;
    Ok(Json(WorkspaceView::whole(&app, actor.user(), row).await?))
}

/// Tells a workspace what to do.
///
/// `reboot` ends all its connections, `stop` and `start` switch it off and on, `upgrade` finds nothing to do. Each is done
/// when it is answered; the process tells of it.
#[utoipa::path(
    post, path = "/user/{user}/workspace/{workspace}/command", tag = "Workspaces",
    params(path::User, path::Workspace, path::IfMatch),
    request_body = CommandRequest,
    responses(
        (status = 201, description = "The command, and its process.", body = CommandView),
        refused::Account,
        refused::Version,
        refused::Body,
        refused::Conflict,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn command_workspace(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Change>,
    Path((user, workspace)): Path<(String, String)>,
    JsonBody(input): JsonBody<CommandRequest>,
) -> Answer<(StatusCode, Json<CommandView>)> {
    app.require_owner(&actor, &user, &workspace).await?;
    let command: Command = input.command.parse().map_err(Error::from)?;
    let process_id = app.command_workspace(&actor, &workspace, command).await?;
    let view = CommandView {
        command: command.as_str(),
        process_id,
    };
    Ok((StatusCode::CREATED, Json(view)))
}

/// Lists what happened to a workspace, newest first.
#[utoipa::path(
    get, path = "/user/{user}/workspace/{workspace}/audit_log", tag = "Workspaces",
    params(path::User, path::Workspace, PageQuery, WhereQuery),
    responses(
        (status = 200, description = "A page of records.", body = ListView<AuditRecordView>),
        refused::Account,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn list_workspace_audit_log(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Read>,
    Path((user, workspace)): Path<(String, String)>,
    Query(query): Query<PageQuery>,
    Query(WhereQuery { wanted }): Query<WhereQuery>,
) -> Answer<Json<ListView<AuditRecordView>>> {
    app.require_owner(&actor, &user, &workspace).await?;
    let workspace = app.get_workspace(&actor, &workspace).await?;
    let filter = app.workspace_audit_filter(&workspace, &wanted)?;
    let page = app.list_audit_log(&actor, Some(&filter), query.page()?).await?;
    let handle = actor.user().handle.as_str();
    Ok(Json(ListView::new(page.records, page.next, |row| {
        AuditRecordView::new(handle, row)
    })))
}

/// Deletes a workspace. It is gone at once; its database is dropped by a process.
#[utoipa::path(
    delete, path = "/user/{user}/workspace/{workspace}", tag = "Workspaces",
    params(path::User, path::Workspace, path::IfMatch),
    responses(
        (status = 204, description = "It is gone."),
        refused::Account,
        refused::Version,
        refused::Conflict,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn delete_workspace(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Change>,
    Path((user, workspace)): Path<(String, String)>,
) -> Answer<StatusCode> {
    app.require_owner(&actor, &user, &workspace).await?;
    app.delete_workspace(&actor, &workspace).await?;
    Ok(StatusCode::NO_CONTENT)
}
