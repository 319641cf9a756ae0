//! `/workspace/{workspace}/connections`, and `/workspaces/connections` for all workspaces of a person: who is connected
//! now, and putting an end to it.

use app::{AccessRow, Page, connections::Connection};
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
    show(&signed, Some(&access)).await
}

/// `GET /workspaces/connections`
pub(crate) async fn show_all_connections(signed: Signed) -> Answer {
    show(&signed, None).await
}

/// To one workspace, or to all that are listed for this person.
async fn show(signed: &Signed, only: Option<&AccessRow>) -> Answer {
    let listed = signed
        .app
        .list_connections(&signed.actor, only, Page::first(LIST_LIMIT))
        .await?;
    let place = match only {
        Some(access) => Place::Workspace {
            handle: access_name(access),
            tab: WorkspaceTab::Connections,
        },
        None => Place::Workspaces,
    };
    let connections = listed.connections.iter();
    signed.page(&ConnectionsPage {
        frame: signed.frame(place).await?,
        url: here(only),
        workspace: only.map(access_name),
        all: only.is_none_or(|access| access.member.is_none()),
        connections: connections.map(|connection| item(signed, connection)).collect(),
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
        workspace: access_name(&connection.access),
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

fn here(only: Option<&AccessRow>) -> String {
    match only {
        Some(access) => format!("/workspace/{}/connections", access_name(access)),
        None => "/workspaces/connections".to_owned(),
    }
}

/// `POST /workspace/{workspace}/connections/{connection}/end`
pub(crate) async fn end_connection(
    Path((workspace, connection)): Path<(String, String)>,
    SignedForm { signed, .. }: SignedForm<Nothing>,
) -> Answer {
    let access = signed.access(&workspace).await?;
    end(&signed, Some(&access), &connection).await
}

/// `POST /workspaces/connections/{connection}/end`
pub(crate) async fn end_any_connection(
    Path(connection): Path<String>,
    SignedForm { signed, .. }: SignedForm<Nothing>,
) -> Answer {
    end(&signed, None, &connection).await
}

async fn end(signed: &Signed, only: Option<&AccessRow>, connection: &str) -> Answer {
    let ended = signed.app.end_connection(&signed.actor, only, connection).await?;
    let done = format!("The connection of {} ends.", ended.user.handle);
    signed.done(&here(only), &done)
}

/// `POST /workspace/{workspace}/connections/end-all`
pub(crate) async fn end_connections(
    Path(workspace): Path<String>,
    SignedForm { signed, .. }: SignedForm<Nothing>,
) -> Answer {
    let access = signed.access(&workspace).await?;
    end_all(&signed, Some(&access)).await
}

/// `POST /workspaces/connections/end-all`
pub(crate) async fn end_all_connections(SignedForm { signed, .. }: SignedForm<Nothing>) -> Answer {
    end_all(&signed, None).await
}

async fn end_all(signed: &Signed, only: Option<&AccessRow>) -> Answer {
    let ended = signed.app.end_connections(&signed.actor, only).await?;
    let done = match ended {
        1 => "1 connection ends.".to_owned(),
        count => format!("{count} connections end."),
    };
    signed.done(&here(only), &done)
}
