//! `standpipe password …`.

use clap::Subcommand;
use serde_json::json;

use super::{JSON_HELP, Target, me::Me, output};
use crate::{Result, commands::print};

#[derive(Debug, Subcommand)]
pub(in crate::commands) enum Password {
    /// Print it alone. Your audit log says so.
    Show {
        #[arg(long, help = JSON_HELP)]
        json: bool,
    },
    /// Put another one in its place: new connections need it from now on, open ones stay.
    Rotate {
        /// Minutes until it stops to work; without it, it lasts until the next rotation.
        #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(i64).range(1..))]
        expires_in_minutes: Option<i64>,
        /// End your open database connections too.
        #[arg(long)]
        end_connections: bool,
        /// Print JSON, which holds the password
        #[arg(long)]
        json: bool,
    },
}

impl Password {
    pub(super) async fn run(self, target: &Target) -> Result<()> {
        let me = Me::at(target).await?;
        let path = me.path(&["password"]);
        match self {
            Self::Show { json } => {
                let password = me.api.get(&path, &[]).await?;
                match json {
                    true => output::json(&password),
                    false => print(&output::text(&password, "$password")),
                }
            }
            Self::Rotate {
                expires_in_minutes,
                end_connections,
                json,
            } => {
                let body =
                    json!({ "expires_in_minutes": expires_in_minutes, "end_connections": end_connections });
                let password = me.api.post(&path, body).await?;
                match json {
                    true => output::json(&password),
                    false => print(&format!(
                        "The database password is rotated: new connections need the new one, open ones {}. See it with `standpipe password show`.",
                        if end_connections { "end" } else { "stay" }
                    )),
                }
            }
        }
    }
}
