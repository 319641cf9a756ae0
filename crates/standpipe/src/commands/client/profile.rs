//! `standpipe profile …`.

use clap::Subcommand;
use serde_json::{Map, Value};

use super::{JSON_HELP, Target, me::Me, output};
use crate::{Error, Result, commands::print};

#[derive(Debug, Subcommand)]
pub(in crate::commands) enum Profile {
    /// Show it.
    Show {
        #[arg(long, help = JSON_HELP)]
        json: bool,
    },
    /// Change it; an empty text clears a field.
    Set {
        /// The name that others see.
        #[arg(long, value_name = "NAME")]
        display_name: Option<String>,
        /// Your page on the web.
        #[arg(long, value_name = "URL")]
        url: Option<String>,
        /// A picture on the web, which is fetched once; empty for the generated one.
        #[arg(long, value_name = "URL")]
        avatar_url: Option<String>,
        #[arg(long, help = JSON_HELP)]
        json: bool,
    },
}

impl Profile {
    pub(super) async fn run(self, target: &Target) -> Result<()> {
        match self {
            Self::Show { json } => {
                let me = Me::at(target).await?;
                match json {
                    true => output::json(&me.raw),
                    false => show(&me),
                }
            }
            Self::Set {
                display_name,
                url,
                avatar_url,
                json,
            } => {
                let changes = [
                    ("display_name", display_name),
                    ("url", url),
                    ("avatar_url", avatar_url),
                ];
                let changes: Map<String, Value> = changes
                    .into_iter()
                    .filter_map(|(name, value)| Some((name.to_owned(), value.map(cleared)?)))
                    .collect();
                set(&Me::at(target).await?, changes, json).await
            }
        }
    }
}

/// An empty text is nothing.
fn cleared(text: String) -> Value {
    if text.is_empty() { Value::Null } else { text.into() }
}

async fn set(me: &Me, changes: Map<String, Value>, json: bool) -> Result<()> {
    if changes.is_empty() {
        return Err(Error::Refused(
            "say what to change: --display-name, --url or --avatar-url".to_owned(),
        ));
    }
    let user = me.api.patch(&me.path(&[]), changes.into()).await?;
    match json {
        true => output::json(&user),
        false => print("The profile is changed."),
    }
}

fn show(me: &Me) -> Result<()> {
    let actor = &me.actor;
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    output::pairs(&[
        ("Handle", actor.handle.clone()),
        ("Display name", or_dash(&actor.display_name)),
        ("URL", or_dash(&actor.url)),
        ("Avatar", or_dash(&actor.avatar_url)),
        ("Id", actor.id.clone()),
        ("Created", actor.created_at.clone()),
    ])
}
