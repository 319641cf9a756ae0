//! `/workspace/{workspace}/connections`: who is connected now, and putting an end to it.

use app::{Page, connections::Connection};
use axum::extract::Path;
use model::size;

use super::{
    answer::Answer,
    form::SignedForm,
    sign_in::Nothing,
    signed::{Signed, access_name},
};
use crate::pages::{Badge, ConnectionItem, ConnectionsPage, Moment, Place, Tone, WorkspaceTab};

/// How many a page shows.
const LIST_LIMIT: i64 = 200;

/// `GET /workspace/{workspace}/connections`
pub(crate) async fn show_connections(signed: Signed, Path(workspace): Path<String>) -> Answer {
    let access = signed.access(&workspace).await?;
    let listed = signed
        .app
        .list_connections(&signed.actor, Some(&access), Page::first(LIST_LIMIT))
        .await?;
    let place = Place::Workspace {
        handle: access_name(&access),
        tab: WorkspaceTab::Connections,
    };
    signed.page(&ConnectionsPage {
        frame: signed.frame(place).await?,
        handle: access_name(&access),
        all: access.member.is_none(),
        connections: listed
            .connections
            .iter()
            .map(|connection| item(&signed, connection))
            .collect(),
        more: listed.next.is_some(),
    })
}

fn item(signed: &Signed, connection: &Connection) -> ConnectionItem {
    let row = &connection.row;
    let tone = match row.state.as_str() {
        "active" => Tone::Ok,
        "idle in transaction" => Tone::Warn,
        _ => Tone::Quiet,
    };
    let application = match (row.via.as_str(), row.application_name.as_str()) {
        ("gateway", "") => "Without a name",
        ("gateway", name) => name,
        ("console", _) => "Query page",
        _ => "Query API",
    };
    ConnectionItem {
        id: row.id.clone(),
        person: connection.user.handle.to_string(),
        application: application.to_owned(),
        ip: row.client_ip.clone(),
        since: Moment::new(row.began_at, signed.app.now()),
        state: Badge::new(row.state.clone(), tone),
        sent: octets(row.from_client),
        received: octets(row.from_backend),
    }
}

fn octets(counted: i64) -> String {
    size::for_people(u64::try_from(counted).unwrap_or(0))
}

fn here(workspace: &str) -> String {
    format!("/workspace/{workspace}/connections")
}

/// `POST /workspace/{workspace}/connections/{connection}/end`
pub(crate) async fn end_connection(
    Path((workspace, connection)): Path<(String, String)>,
    SignedForm { signed, .. }: SignedForm<Nothing>,
) -> Answer {
    let access = signed.access(&workspace).await?;
    let ended = signed
        .app
        .end_connection(&signed.actor, Some(&access), &connection)
        .await?;
    let done = format!("The connection of {} ends.", ended.user.handle);
    signed.done(&here(&access_name(&access)), &done)
}

/// `POST /workspace/{workspace}/connections/end-all`
pub(crate) async fn end_connections(
    Path(workspace): Path<String>,
    SignedForm { signed, .. }: SignedForm<Nothing>,
) -> Answer {
    let access = signed.access(&workspace).await?;
    let ended = signed.app.end_connections(&signed.actor, Some(&access)).await?;
    let done = match ended {
        1 => "1 connection ends.".to_owned(),
        count => format!("{count} connections end."),
    };
    signed.done(&here(&access_name(&access)), &done)
}
