//! `standpipe session …`.

use clap::Subcommand;
use serde_json::Value;

use super::{JSON_HELP, Target, me::Me, output};
use crate::{Error, Result, commands::print};

#[derive(Debug, Subcommand)]
pub(in crate::commands) enum Session {
    /// List where you are signed in, newest first.
    List {
        #[arg(long, help = JSON_HELP)]
        json: bool,
    },
    /// Sign out elsewhere.
    End {
        /// The session, by its id.
        #[arg(required_unless_present_any = ["others", "all"])]
        id: Option<String>,
        /// All sessions but that of this command line.
        #[arg(long, conflicts_with = "id")]
        others: bool,
        /// All sessions, that of this command line too.
        #[arg(long, conflicts_with_all = ["id", "others"])]
        all: bool,
    },
}

impl Session {
    pub(super) async fn run(self, target: &Target) -> Result<()> {
        let me = Me::at(target).await?;
        match self {
            Self::List { json } => {
                let sessions = me.api.list(&me.path(&["session"]), &[], usize::MAX).await?;
                if json {
                    return output::json(&sessions);
                }
                let columns = ["id", "kind", "ip", "last_seen_at", "user_agent"];
                let headings = ["ID", "KIND", "ADDRESS", "LAST SEEN", "CLIENT"];
                output::list(
                    &headings,
                    output::rows(&sessions, &columns),
                    "You are signed in nowhere.",
                )
            }
            Self::End { id: Some(id), .. } => {
                me.api.delete(&me.path(&["session", &id]), &[]).await?;
                print("The session is ended.")
            }
            Self::End { others, all, .. } if others || all => {
                let query: &[(&str, &str)] = if all { &[("include_current", "true")] } else { &[] };
                let answer = me.api.delete(&me.path(&["session"]), query).await?;
                let ended = answer.get("ended").and_then(Value::as_u64).unwrap_or(0);
                print(&format!(
                    "{ended} session{} ended.",
                    if ended == 1 { "" } else { "s" }
                ))
            }
            Self::End { .. } => Err(Error::Refused(
                "name the session to end, or say --others or --all".to_owned(),
            )),
        }
    }
}
