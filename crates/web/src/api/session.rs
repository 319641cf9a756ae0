//! `/user/{user}/session`: where the person is signed in. An addition of ours to the contract.

use app::{App, Error, SessionRow, sessions::Which};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use model::{SessionId, UserId, time::rfc3339_seconds};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Answer, page::ListView};
use crate::guards::{
    Bearer,
    needs::{Change, Read},
};

/// A session.
#[derive(Serialize)]
pub(crate) struct SessionView {
    id: SessionId,
    user_id: UserId,
    kind: &'static str,
    ip: String,
    user_agent: String,
    created_at: String,
    last_seen_at: String,
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

/// `GET /user/{user}/session`: all of them, newest first.
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

/// What `DELETE /user/{user}/session` takes.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct EndSessionsQuery {
    /// Whether the session that asks ends too.
    #[serde(default)]
    include_current: bool,
}

/// `DELETE /user/{user}/session`: ends all but the one that asks, or that one too.
pub(crate) async fn end_sessions(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Change>,
    Path(user): Path<String>,
    Query(query): Query<EndSessionsQuery>,
) -> Answer<Json<Value>> {
    actor.own(&user)?;
    let which = if query.include_current {
        Which::All
    } else {
        Which::Others
    };
    Ok(Json(json!({ "ended": app.end_sessions(&actor, which).await? })))
}

/// `DELETE /user/{user}/session/{session}`
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
