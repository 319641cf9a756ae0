//! `/activity`: processes, of the account and of one workspace.

use app::{App, Error, Page, ProcessRow, processes::workspace_name};
use axum::extract::{Path, Query};
use model::{
    ProcessId,
    process::{ProcessState, ProcessType},
};

use super::{answer::Answer, signed::Signed, workspaces::StateView};
use crate::{
    api::{PageQuery, encode_cursor},
    pages::{self, ActivityPage, Badge, Moment, Place, ProcessPage, WorkspaceActivityPage, WorkspaceTab},
};

fn is_over(row: &ProcessRow) -> bool {
    matches!(row.state, ProcessState::Completed | ProcessState::Failed)
}

fn process_row(app: &App, row: &ProcessRow) -> pages::ProcessRow {
    let title = match row.kind {
        ProcessType::WorkspaceCreate => "Create workspace",
        ProcessType::WorkspaceDelete => "Delete workspace",
        ProcessType::WorkspaceReboot => "Reboot workspace",
        ProcessType::WorkspaceStop => "Stop workspace",
        ProcessType::WorkspaceStart => "Start workspace",
        ProcessType::WorkspaceUpgrade => "Upgrade workspace",
        ProcessType::WorkspaceMemberCreate => "Give access",
        ProcessType::WorkspaceMemberUpdate => "Change access",
        ProcessType::WorkspaceMemberDelete => "End access",
        ProcessType::UserDelete => "Delete account",
        ProcessType::UserAvatarFetch => "Fetch avatar",
    };
    let now = app.now();
    let end = if is_over(row) { row.updated_at } else { now };
    pages::ProcessRow {
        id: row.id.to_string(),
        title: title.to_owned(),
        workspace: workspace_name(row),
        state: Badge::process(row.state.as_str()),
        started: Moment::new(row.created_at, now),
        took: if row.attempts == 0 {
            String::new()
        } else {
            span(end.as_microsecond() - row.created_at.as_microsecond())
        },
    }
}

/// Microseconds with a unit that people read.
fn span(micros: i64) -> String {
    match micros.max(0) / 1000 {
        ms @ 0..1000 => format!("{ms} ms"),
        ms @ 1000..60_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        ms => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1000),
    }
}

/// `GET /activity`
pub(crate) async fn show_activity(signed: Signed, Query(query): Query<PageQuery>) -> Answer {
    let listed = signed
        .app
        .list_processes(&signed.actor, "", query.page()?)
        .await?;
    signed.page(&ActivityPage {
        frame: signed.frame(Place::Activity).await?,
        processes: listed
            .processes
            .iter()
            .map(|row| process_row(&signed.app, row))
            .collect(),
        older: listed
            .next
            .map(|next| format!("/activity?next_token={}", encode_cursor(&next))),
    })
}

/// `GET /workspace/{workspace}/activity`
pub(crate) async fn show_workspace_activity(
    signed: Signed,
    Path(workspace): Path<String>,
    Query(query): Query<PageQuery>,
) -> Answer {
    let workspace = signed.app.get_workspace(&signed.actor, &workspace).await?;
    let page: Page = query.page()?;
    let listed = signed
        .app
        .list_workspace_processes(&signed.actor, &workspace, "", page)
        .await?;
    let handle = workspace.handle.to_string();
    let older = listed
        .next
        .map(|next| format!("/workspace/{handle}/activity?next_token={}", encode_cursor(&next)));
    signed.page(&WorkspaceActivityPage {
        frame: signed
            .frame(Place::Workspace {
                handle: handle.clone(),
                tab: WorkspaceTab::Activity,
            })
            .await?,
        handle,
        processes: listed
            .processes
            .iter()
            .map(|row| process_row(&signed.app, row))
            .collect(),
        older,
    })
}

async fn find(signed: &Signed, process: &str) -> Result<ProcessRow, Error> {
    let id: ProcessId = process.parse().map_err(|_| Error::NotFound("process"))?;
    signed.app.get_process(&signed.actor, id).await
}

/// `GET /activity/{process}`
pub(crate) async fn show_process(signed: Signed, Path(process): Path<String>) -> Answer {
    let row = find(&signed, &process).await?;
    let over = is_over(&row);
    signed.page(&ProcessPage {
        frame: signed.frame(Place::Activity).await?,
        process: process_row(&signed.app, &row),
        ended: over.then(|| Moment::new(row.updated_at, signed.app.now())),
        error: row.state_reason.clone(),
        steps: Vec::new(),
        state_url: (!over).then(|| format!("/activity/{}/state", row.id)),
    })
}

/// `GET /activity/{process}/state`
pub(crate) async fn get_state(signed: Signed, Path(process): Path<String>) -> Answer {
    let row = find(&signed, &process).await?;
    Ok(StateView::answer(
        &Badge::process(row.state.as_str()),
        is_over(&row),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_units() {
        assert_eq!(span(0), "0 ms");
        assert_eq!(span(1_250_000), "1.2 s");
        assert_eq!(span(61_000_000), "1 min 1 s");
    }
}
