//! `/user/{user}/connection` and `/user/{user}/workspace/{workspace}/connection`: who is connected to workspaces now. An
//! addition of ours; what Pipes calls a connection is something else.

use app::{AccessRow, Actor, App, connections::Connection};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use model::{UserId, WorkspaceId, time::rfc3339_seconds};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Answer,
    docs::{kinds, path, refused},
    page::{ListView, PageQuery},
};
use crate::guards::{
    Bearer,
    needs::{Change, Read},
};

/// A database connection that is open.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenConnection)]
pub(crate) struct ConnectionView {
    /// Also the `request_id` of the audit record of its opening, and in the log of connections once it has ended.
    #[schema(pattern = "^c_[0-9a-v]{20}$", example = "c_9fj2lq0hk6vifudmcgep")]
    id: String,
    #[schema(value_type = kinds::UserId)]
    user_id: UserId,
    #[schema(value_type = kinds::Handle)]
    user_handle: String,
    /// Whose workspace it leads to.
    #[schema(value_type = kinds::UserId)]
    identity_id: UserId,
    #[schema(value_type = kinds::Handle)]
    identity_handle: String,
    #[schema(value_type = kinds::WorkspaceId)]
    workspace_id: WorkspaceId,
    #[schema(value_type = kinds::WorkspaceHandle)]
    workspace_handle: String,
    /// What the client calls itself.
    #[schema(example = "psql")]
    application_name: String,
    #[schema(example = "192.0.2.7")]
    client_ip: String,
    tls: bool,
    #[schema(value_type = kinds::Via)]
    via: String,
    #[schema(value_type = kinds::ConnectionState)]
    state: String,
    /// Bytes that the client has sent, and has received, after the login.
    bytes_in: i64,
    bytes_out: i64,
    /// When it began.
    #[schema(value_type = kinds::Time)]
    created_at: String,
}

/// How many connections were ended.
#[derive(Serialize, ToSchema)]
#[schema(as = EndedConnections)]
pub(crate) struct EndedView {
    #[schema(example = 3)]
    ended: usize,
}

impl From<Connection> for ConnectionView {
    fn from(connection: Connection) -> Self {
        let Connection { row, user, access } = connection;
        Self {
            id: row.id,
            user_id: user.id,
            user_handle: user.handle.to_string(),
            identity_id: access.owner.id,
            identity_handle: access.owner.handle.to_string(),
            workspace_id: row.workspace_id,
            workspace_handle: access.workspace.handle.to_string(),
            application_name: row.application_name,
            client_ip: row.client_ip,
            tls: row.tls,
            via: row.via,
            state: row.state,
            bytes_in: row.from_client,
            bytes_out: row.from_backend,
            created_at: rfc3339_seconds(row.began_at),
        }
    }
}

async fn list(
    app: &App,
    actor: &Actor,
    only: Option<&AccessRow>,
    query: &PageQuery,
) -> Answer<Json<ListView<ConnectionView>>> {
    let page = app.list_connections(actor, only, query.page()?).await?;
    Ok(Json(ListView::new(
        page.connections,
        page.next,
        ConnectionView::from,
    )))
}

/// Lists your open database connections, and everybody's to your workspaces, the first that was opened first.
///
/// In whichever replica they are open; what other replicas know is some seconds old.
#[utoipa::path(
    get, path = "/user/{user}/connection", tag = "Connections",
    params(path::User, PageQuery),
    responses(
        (status = 200, description = "A page of connections.", body = ListView<ConnectionView>),
        refused::Account,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn list_connections(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Read>,
    Path(user): Path<String>,
    Query(query): Query<PageQuery>,
) -> Answer<Json<ListView<ConnectionView>>> {
    actor.own(&user)?;
    list(&app, &actor, None, &query).await
}

/// Ends your open database connections, and everybody's to your workspaces.
#[utoipa::path(
    delete, path = "/user/{user}/connection", tag = "Connections",
    params(path::User),
    responses(
        (status = 200, description = "How many there were.", body = EndedView),
        refused::Account,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn end_connections(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Change>,
    Path(user): Path<String>,
) -> Answer<Json<EndedView>> {
    actor.own(&user)?;
    let ended = app.end_connections(&actor, None).await?;
    Ok(Json(EndedView { ended }))
}

/// Ends one database connection: of yours, or to a workspace of yours.
#[utoipa::path(
    delete, path = "/user/{user}/connection/{connection}", tag = "Connections",
    params(path::User, path::Connection),
    responses(
        (status = 204, description = "It ends, within seconds."),
        refused::Account,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn end_connection(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Change>,
    Path((user, connection)): Path<(String, String)>,
) -> Answer<StatusCode> {
    actor.own(&user)?;
    app.end_connection(&actor, None, &connection).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the open database connections to a workspace, the first that was opened first.
///
/// Its owner sees everybody's, somebody who was let in sees their own.
#[utoipa::path(
    get, path = "/user/{user}/workspace/{workspace}/connection", tag = "Connections",
    params(path::User, path::Workspace, PageQuery),
    responses(
        (status = 200, description = "A page of connections.", body = ListView<ConnectionView>),
        refused::Account,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn list_workspace_connections(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Read>,
    Path((user, workspace)): Path<(String, String)>,
    Query(query): Query<PageQuery>,
) -> Answer<Json<ListView<ConnectionView>>> {
    let access = app.get_access(&actor, &user, &workspace).await?;
    list(&app, &actor, Some(&access), &query).await
}

/// Ends the open database connections to a workspace: everybody's for its owner, their own for somebody who was let in.
#[utoipa::path(
    delete, path = "/user/{user}/workspace/{workspace}/connection", tag = "Connections",
    params(path::User, path::Workspace),
    responses(
        (status = 200, description = "How many there were.", body = EndedView),
        refused::Account,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn end_workspace_connections(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Change>,
    Path((user, workspace)): Path<(String, String)>,
) -> Answer<Json<EndedView>> {
    let access = app.get_access(&actor, &user, &workspace).await?;
    let ended = app.end_connections(&actor, Some(&access)).await?;
    Ok(Json(EndedView { ended }))
}

/// Ends one database connection to a workspace.
#[utoipa::path(
    delete, path = "/user/{user}/workspace/{workspace}/connection/{connection}", tag = "Connections",
    params(path::User, path::Workspace, path::Connection),
    responses(
        (status = 204, description = "It ends, within seconds."),
        refused::Account,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn end_workspace_connection(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Change>,
    Path((user, workspace, connection)): Path<(String, String, String)>,
) -> Answer<StatusCode> {
    let access = app.get_access(&actor, &user, &workspace).await?;
    app.end_connection(&actor, Some(&access), &connection).await?;
    Ok(StatusCode::NO_CONTENT)
}
