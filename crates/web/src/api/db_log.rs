//! `/user/{user}/workspace/{workspace}/db_log`: database connections that have ended (contract §1.8).

use app::{App, DbLogRow, avatars};
use axum::{
    Json,
    extract::{Path, Query, State},
};
use model::{UserId, WorkspaceId, time::rfc3339_seconds};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Answer,
    docs::{kinds, path, refused},
    page::{ListView, PageQuery},
};
use crate::guards::{Bearer, needs::Read};

/// A connection, from its beginning to its end. There is no `query` in it.
#[derive(Serialize, ToSchema)]
#[schema(as = DbLogRecord)]
pub(crate) struct DbLogView {
    /// Also the `request_id` of the audit record of its opening.
    #[schema(pattern = "^c_[0-9a-v]{20}$", example = "c_9fj2lq0hk6vifudmcgep")]
    id: String,
    #[schema(value_type = kinds::UserId)]
    actor_id: UserId,
    #[schema(value_type = kinds::Handle)]
    actor_handle: String,
    #[schema(example = "Ana Lima")]
    actor_display_name: String,
    #[schema(example = "/api/v0/identity/u_d9lfcb2jbcks73e0q1tg/avatar")]
    actor_avatar_url: String,
    #[schema(value_type = kinds::WorkspaceId)]
    workspace_id: WorkspaceId,
    #[schema(value_type = kinds::WorkspaceHandle)]
    workspace_handle: String,
    /// When it ended.
    #[schema(value_type = kinds::Time)]
    created_at: String,
    /// When it began.
    #[schema(value_type = kinds::Time)]
    log_timestamp: String,
    /// How long it was open, in whole milliseconds.
    #[schema(value_type = i32, example = 1234)]
    duration: i64,
    /// What the client called itself.
    #[schema(example = "psql")]
    application_name: String,
    #[schema(example = "192.0.2.7")]
    client_ip: String,
    tls: bool,
}

impl DbLogView {
    fn new(workspace_handle: &str, row: DbLogRow) -> Self {
        Self {
            id: row.id,
            actor_id: row.actor_id,
            actor_display_name: row.actor_display_name.unwrap_or_else(|| row.actor_handle.clone()),
            actor_handle: row.actor_handle,
            actor_avatar_url: avatars::avatar_path(row.actor_id, None),
            workspace_id: row.workspace_id,
            workspace_handle: workspace_handle.to_owned(),
            created_at: rfc3339_seconds(row.created_at),
            log_timestamp: rfc3339_seconds(row.began_at),
            // Clients read 32 bits: 24 days. A longer one is shown as that.
            duration: row.duration_ms.min(i64::from(i32::MAX)),
            application_name: row.application_name,
            client_ip: row.client_ip,
            tls: row.tls,
        }
    }
}

/// Lists the database connections to a workspace that have ended, the last one first.
///
/// They are kept for 30 days. Statements are not in it: they stay between the client and PostgreSQL.
#[utoipa::path(
    get, path = "/user/{user}/workspace/{workspace}/db_log", tag = "Workspaces",
    params(path::User, path::Workspace, PageQuery),
    responses(
        (status = 200, description = "A page of connections.", body = ListView<DbLogView>),
        refused::Account,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn list_db_log(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Read>,
    Path((user, workspace)): Path<(String, String)>,
    Query(query): Query<PageQuery>,
) -> Answer<Json<ListView<DbLogView>>> {
    app.require_owner(&actor, &user, &workspace).await?;
    let workspace = app.get_workspace(&actor, &workspace).await?;
    let page = app.list_db_log(&actor, &workspace, query.page()?).await?;
    Ok(Json(ListView::new(page.rows, page.next, |row| {
        DbLogView::new(workspace.handle.as_str(), row)
    })))
}
