//! `standpipe notifications …`: which mails are wanted.

use clap::{Subcommand, ValueEnum};
use serde_json::{Map, Value};

use super::{JSON_HELP, Target, me::Me, output};
use crate::{Error, Result, commands::print};

/// A kind of mail, as the API and as people call it.
const KINDS: [(&str, &str); 3] = [
    ("communication_community_updates", "Community updates"),
    ("communication_product_updates", "Product updates"),
    ("communication_tips_and_tricks", "Tips and tricks"),
];

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(in crate::commands) enum Wanted {
    On,
    Off,
}

#[derive(Debug, Subcommand)]
pub(in crate::commands) enum Notifications {
    /// Show which mails you get. Mails about your account itself always come.
    Show {
        #[arg(long, help = JSON_HELP)]
        json: bool,
    },
    /// Choose which mails you get.
    Set {
        /// What happens in the community.
        #[arg(long, value_name = "on|off")]
        community_updates: Option<Wanted>,
        /// What is new.
        #[arg(long, value_name = "on|off")]
        product_updates: Option<Wanted>,
        /// How others use it.
        #[arg(long, value_name = "on|off")]
        tips_and_tricks: Option<Wanted>,
        #[arg(long, help = JSON_HELP)]
        json: bool,
    },
}

impl Notifications {
    pub(super) async fn run(self, target: &Target) -> Result<()> {
        let me = Me::at(target).await?;
        let path = me.path(&["preferences"]);
        match self {
            Self::Show { json } => {
                let preferences = me.api.get(&path, &[]).await?;
                match json {
                    true => output::json(&preferences),
                    false => {
                        output::pairs(&KINDS.map(|(name, label)| (label, on_or_off(&preferences, name))))
                    }
                }
            }
            Self::Set {
                community_updates,
                product_updates,
                tips_and_tricks,
                json,
            } => {
                let chosen = [community_updates, product_updates, tips_and_tricks];
                let preferences = me.api.patch(&path, changes(chosen)?.into()).await?;
                match json {
                    true => output::json(&preferences),
                    false => print("The notifications are changed."),
                }
            }
        }
    }
}

fn on_or_off(preferences: &Value, name: &str) -> String {
    match preferences.get(name).and_then(Value::as_str) {
        Some("enabled") => "on",
        _ => "off",
    }
    .to_owned()
}

fn changes(chosen: [Option<Wanted>; 3]) -> Result<Map<String, Value>> {
    let chosen = KINDS.iter().zip(chosen);
    let changes: Map<String, Value> = chosen
        .filter_map(|((name, _), wanted)| {
            let value = match wanted? {
                Wanted::On => "enabled",
                Wanted::Off => "disabled",
            };
            Some(((*name).to_owned(), value.into()))
        })
        .collect();
    if changes.is_empty() {
        return Err(Error::Refused(
            "say what to change: --community-updates, --product-updates or --tips-and-tricks, each on or off"
                .to_owned(),
        ));
    }
    Ok(changes)
}
