//! `standpipe workspace member …`.

use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::named::Named;
use crate::{
    Result,
    commands::{
        client::{JSON_HELP, confirm::Sure, me::Me, output},
        print,
    },
};

#[derive(Debug, Subcommand)]
pub(in crate::commands) enum Member {
    /// List who is let in.
    List {
        #[arg(help = WORKSPACE_HELP)]
        workspace: Named,
        #[arg(long, help = JSON_HELP)]
        json: bool,
    },
    /// Let somebody in. They get a mail, and log in as themselves.
    Add {
        /// The workspace, which is yours.
        workspace: Named,
        /// Their handle.
        person: String,
        /// What they may do: an operator reads and writes, a reader reads.
        #[arg(long, value_enum, default_value = "reader")]
        role: Role,
        #[arg(long, help = JSON_HELP)]
        json: bool,
    },
    /// Let them do more, or less.
    Update {
        /// The workspace, which is yours.
        workspace: Named,
        /// Their handle.
        person: String,
        /// What they may do from now on.
        #[arg(long, value_enum)]
        role: Role,
        #[arg(long, help = JSON_HELP)]
        json: bool,
    },
    /// Take access back, or leave: their connections end, and the next one is refused.
    Remove {
        #[arg(help = WORKSPACE_HELP)]
        workspace: Named,
        /// Their handle, or your own to leave.
        person: String,
        #[command(flatten)]
        sure: Sure,
    },
}

pub(super) const WORKSPACE_HELP: &str = "The workspace: NAME of yours, or OWNER/NAME of somebody else's";

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(in crate::commands) enum Role {
    Operator,
    Reader,
}

impl Role {
    fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Reader => "reader",
        }
    }
}

impl Member {
    pub(super) async fn run(self, me: &Me) -> Result<()> {
        match self {
            Self::List { workspace, json } => list(me, &workspace, json).await,
            Self::Add {
                workspace,
                person,
                role,
                json,
            } => {
                let body = json!({ "handle": person, "role": role.as_str() });
                let member = me.api.post(&workspace.path(me, &["member"]), body).await?;
                if json {
                    return output::json(&member);
                }
                print(&format!(
                    "{} has access to {} as {} in a moment, and gets a mail.",
                    output::text(&member, "user_handle"),
                    workspace.name(),
                    role.as_str()
                ))
            }
            Self::Update {
                workspace,
                person,
                role,
                json,
            } => {
                let body = json!({ "role": role.as_str() });
                let path = workspace.path(me, &["member", &person]);
                let member = me.api.patch(&path, body).await?;
                match json {
                    true => output::json(&member),
                    false => print(&format!("{person} is {} of {}.", role.as_str(), workspace.name())),
                }
            }
            Self::Remove {
                workspace,
                person,
                sure,
            } => {
                let deed = format!("end the access of {person} to {}", workspace.name());
                sure.of(&deed, &person)?;
                me.api
                    .delete(&workspace.path(me, &["member", &person]), &[])
                    .await?;
                print(&format!(
                    "{person} has no access to {} any more.",
                    workspace.name()
                ))
            }
        }
    }
}

async fn list(me: &Me, workspace: &Named, json: bool) -> Result<()> {
    let members = me
        .api
        .list(&workspace.path(me, &["member"]), &[], usize::MAX)
        .await?;
    if json {
        return output::json(&members);
    }
    let columns = ["user_handle", "role", "status", "created_at"];
    output::list(
        &["PERSON", "ROLE", "STATUS", "SINCE"],
        output::rows(&members, &columns),
        "Nobody but you has access. Let somebody in with `standpipe workspace member add NAME PERSON`.",
    )
}
