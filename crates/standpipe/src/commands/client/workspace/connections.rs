//! `standpipe workspace connections …`.

use clap::Subcommand;
use serde_json::Value;

use super::{member::WORKSPACE_HELP, named::Named};
use crate::{
    Error, Result,
    commands::{
        client::{JSON_HELP, me::Me, output},
        print,
    },
};

#[derive(Debug, Subcommand)]
pub(in crate::commands) enum Connections {
    /// List your open connections, and everybody's to your workspaces.
    List {
        #[arg(help = WORKSPACE_HELP)]
        workspace: Option<Named>,
        #[arg(long, help = JSON_HELP)]
        json: bool,
    },
    /// End one connection, or all.
    End {
        /// The connection, by its id.
        #[arg(required_unless_present = "all")]
        id: Option<String>,
        /// All that `list` shows.
        #[arg(long, conflicts_with = "id")]
        all: bool,
        #[arg(long, value_name = "WORKSPACE", help = WORKSPACE_HELP)]
        workspace: Option<Named>,
    },
}

impl Connections {
    pub(super) async fn run(self, me: &Me) -> Result<()> {
        match self {
            Self::List { workspace, json } => list(me, workspace.as_ref(), json).await,
            Self::End {
                id: Some(id),
                workspace,
                ..
            } => {
                me.api
                    .delete(&path(me, workspace.as_ref(), &["connection", &id]), &[])
                    .await?;
                print("The connection ends.")
            }
            Self::End {
                all: true, workspace, ..
            } => {
                let answer = me
                    .api
                    .delete(&path(me, workspace.as_ref(), &["connection"]), &[])
                    .await?;
                let ended = answer.get("ended").and_then(Value::as_u64).unwrap_or(0);
                print(&format!(
                    "{ended} connection{}.",
                    if ended == 1 { " ends" } else { "s end" }
                ))
            }
            Self::End { .. } => Err(Error::Refused(
                "name the connection to end, or say --all".to_owned(),
            )),
        }
    }
}

fn path<'a>(me: &'a Me, workspace: Option<&'a Named>, below: &[&'a str]) -> Vec<&'a str> {
    match workspace {
        Some(workspace) => workspace.path(me, below),
        None => me.path(below),
    }
}

async fn list(me: &Me, workspace: Option<&Named>, json: bool) -> Result<()> {
    let found = me
        .api
        .list(&path(me, workspace, &["connection"]), &[], usize::MAX)
        .await?;
    if json {
        return output::json(&found);
    }
    let rows = found.iter().map(|connection| {
        let text = |name| output::text(connection, name);
        vec![
            text("id"),
            text("user_handle"),
            format!("{}/{}", text("identity_handle"), text("workspace_handle")),
            text("application_name"),
            text("client_ip"),
            text("created_at"),
            text("state"),
            text("bytes_in"),
            text("bytes_out"),
        ]
    });
    output::list(
        &[
            "ID",
            "PERSON",
            "WORKSPACE",
            "APPLICATION",
            "ADDRESS",
            "SINCE",
            "STATE",
            "BYTES IN",
            "BYTES OUT",
        ],
        rows.collect(),
        "Nobody is connected.",
    )
}
