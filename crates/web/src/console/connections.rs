//! `/workspace/{workspace}/connections`: who is connected now, and putting an end to it.

use app::{Page, connections::Connection};
use axum::extract::Path;

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
        sent: size(row.from_client),
        received: size(row.from_backend),
    }
}

/// Octets with a unit that people read.
fn size(octets: i64) -> String {
    const UNITS: [&str; 4] = ["KB", "MB", "GB", "TB"];
    if octets < 1024 {
        return format!("{octets} B");
    }
    let (mut tenths, mut unit) = (octets / 102, 0);
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or_default();
    match tenths < 100 {
        true => format!("{}.{} {name}", tenths / 10, tenths % 10),
        false => format!("{} {name}", tenths / 10),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        let shown = [0, 1023, 1024, 1536, 150_000, 5_000_000, 3_221_225_472].map(size);
        assert_eq!(
            shown,
            ["0 B", "1023 B", "1.0 KB", "1.5 KB", "147 KB", "4.7 MB", "3.0 GB"]
        );
    }
}
