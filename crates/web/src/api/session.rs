//! `/user/{user}/session`: where the person is signed in. An addition of ours to the contract.

use app::{App, Error, SessionRow, sessions::Which};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use model::{SessionId, UserId, time::rfc3339_seconds};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Answer,
    docs::{kinds, path, refused},
    page::ListView,
};
use crate::guards::{
    Bearer,
    needs::{Change, Read},
};

/// A session.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionView {
    #[schema(value_type = kinds::SessionId)]
    id: SessionId,
    #[schema(value_type = kinds::UserId)]
    user_id: UserId,
    #[schema(value_type = kinds::SessionKind)]
    kind: &'static str,
    #[schema(example = "203.0.113.9")]
    ip: String,
    #[schema(example = "Firefox on Linux")]
    user_agent: String,
    #[schema(value_type = kinds::Time)]
    created_at: String,
    #[schema(value_type = kinds::Time)]
    last_seen_at: String,
    #[schema(value_type = kinds::Time)]
    expires_at: String,
}

impl From<SessionRow> for SessionView {
    fn from(row: SessionRow) -> Self {
        Self {
            id: row.id,
            user_id: row.user_id,
            kind: row.kind.as_str(),
            ip: row.ip,
            user_agent: row.user_agent,
            created_at: rfc3339_seconds(row.created_at),
            last_seen_at: rfc3339_seconds(row.last_seen_at),
            expires_at: rfc3339_seconds(row.expires_at),
        }
    }
}

/// Lists all sessions, newest first.
#[utoipa::path(
    get, path = "/user/{user}/session", tag = "Sessions",
    params(path::User),
    responses(
        (status = 200, description = "All of them.", body = ListView<SessionView>),
        refused::Account,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn list_sessions(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Read>,
    Path(user): Path<String>,
) -> Answer<Json<ListView<SessionView>>> {
    actor.own(&user)?;
    Ok(Json(ListView::new(
        app.list_sessions(&actor).await?,
        None,
        SessionView::from,
    )))
}

/// How many sessions ended.
#[derive(Serialize, ToSchema)]
#[schema(as = EndedSessions)]
pub(crate) struct EndedView {
    #[schema(value_type = i64, example = 2)]
    ended: u64,
}

/// What `DELETE /user/{user}/session` takes.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EndSessionsQuery {
    /// Whether the session that asks ends too.
    #[serde(default)]
    include_current: bool,
}

/// Ends all sessions but the one that asks, or that one too.
#[utoipa::path(
    delete, path = "/user/{user}/session", tag = "Sessions",
    params(path::User, EndSessionsQuery),
    responses(
        (status = 200, description = "How many ended.", body = EndedView),
        refused::Account,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn end_sessions(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Change>,
    Path(user): Path<String>,
    Query(query): Query<EndSessionsQuery>,
) -> Answer<Json<EndedView>> {
    actor.own(&user)?;
    let which = if query.include_current {
        Which::All
    } else {
        Which::Others
    };
    let ended = app.end_sessions(&actor, which).await?;
    Ok(Json(EndedView { ended }))
}

/// Ends a session.
#[utoipa::path(
    delete, path = "/user/{user}/session/{session}", tag = "Sessions",
    params(path::User, path::Session),
    responses(
        (status = 204, description = "It is over."),
        refused::Account,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn end_session(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Change>,
    Path((user, session)): Path<(String, String)>,
) -> Answer<StatusCode> {
    actor.own(&user)?;
    let id = session.parse().map_err(|_| Error::NotFound("session"))?;
    app.end_session(&actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
