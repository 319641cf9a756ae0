//! `/user/{user}/workspace`: workspaces (contract §1.7).

use app::{Actor, App, WorkspaceRow, workspaces::NewWorkspace};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use model::{UserId, WorkspaceId, time::rfc3339_seconds};
use serde::{Deserialize, Serialize};

use super::{
    Answer,
    body::JsonBody,
    page::{ListView, PageQuery},
    user::UserView,
};
use crate::guards::{
    Bearer,
    needs::{Change, FindWorkspaces},
};

/// The contract's `Workspace`. `database_name` and `host` stand before the enums, because an old client stops reading
/// at the first value that it does not know (contract §2).
#[derive(Serialize)]
pub(crate) struct WorkspaceView {
    id: WorkspaceId,
    handle: String,
    identity_id: UserId,
    database_name: String,
    /// The domain; a workspace's own name is `{handle}-{workspace}.{host}`.
    host: String,
    hive: &'static str,
    created_at: String,
    created_by_id: UserId,
    created_by: UserView,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<String>,
    updated_by_id: UserId,
    updated_by: UserView,
    deleted_by_id: &'static str,
    db_volume_size_bytes: i64,
    version_id: i64,
    desired_state: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_reason: Option<String>,
    instance_type: String,
}

impl WorkspaceView {
    pub(crate) fn new(app: &App, actor: &Actor, row: WorkspaceRow) -> Self {
        Self {
            id: row.id,
            handle: row.handle.to_string(),
            identity_id: row.user_id,
            database_name: row.database_name.to_string(),
            host: app.settings().gateway_domain.clone(),
            hive: "local",
            created_at: rfc3339_seconds(row.created_at),
            created_by_id: row.created_by_id,
            created_by: UserView::new(app, actor.user()),
            updated_at: row.updated_at.map(rfc3339_seconds),
            updated_by_id: row.updated_by_id,
            updated_by: UserView::new(app, actor.user()),
            deleted_by_id: "",
            db_volume_size_bytes: row.db_volume_size_bytes,
            version_id: row.version_id,
            desired_state: row.desired_state,
            state: row.state.as_str(),
            state_reason: row.state_reason,
            instance_type: row.instance_type,
        }
    }
}

/// What `POST /user/{user}/workspace` takes.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct NewWorkspaceRequest {
    #[serde(default)]
    handle: String,
    instance_type: Option<String>,
    desired_state: Option<String>,
    db_volume_size_bytes: Option<i64>,
}

/// `GET /user/{user}/workspace`
pub(crate) async fn list_workspaces(
    State(app): State<App>,
    Bearer(actor, _): Bearer<FindWorkspaces>,
    Path(user): Path<String>,
    Query(query): Query<PageQuery>,
) -> Answer<Json<ListView<WorkspaceView>>> {
    actor.own(&user)?;
    let page = app.list_workspaces(&actor, query.page()?).await?;
    Ok(Json(ListView::new(page.workspaces, page.next, |row| {
        WorkspaceView::new(&app, &actor, row)
    })))
}

/// `POST /user/{user}/workspace`
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
    };
    let row = app.create_workspace(&actor, new).await?;
    Ok((StatusCode::CREATED, Json(WorkspaceView::new(&app, &actor, row))))
}

/// `GET /user/{user}/workspace/{workspace}`
pub(crate) async fn get_workspace(
    State(app): State<App>,
    Bearer(actor, _): Bearer<FindWorkspaces>,
    Path((user, workspace)): Path<(String, String)>,
) -> Answer<Json<WorkspaceView>> {
    actor.own(&user)?;
    let row = app.get_workspace(&actor, &workspace).await?;
    Ok(Json(WorkspaceView::new(&app, &actor, row)))
}

/// `DELETE /user/{user}/workspace/{workspace}`: no body, because clients cannot decode a state of a workspace that
/// is gone (contract §1.7).
pub(crate) async fn delete_workspace(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Change>,
    Path((user, workspace)): Path<(String, String)>,
) -> Answer<StatusCode> {
    actor.own(&user)?;
    app.delete_workspace(&actor, &workspace).await?;
    Ok(StatusCode::NO_CONTENT)
}
