//! `standpipe admin …`: works on the account store itself, with or without a running server.

use std::path::PathBuf;

use app::{App, UserRow, tokens::NewToken};
use clap::Subcommand;
use model::time;
use serde_json::json;

use super::{announce::Announce, audit::Audit, environment, mail::Mail, print};
use crate::{
    Error, Result,
    config::{Loaded, SAMPLE},
    open, transport,
};

const DAY_SECONDS: i64 = 24 * 60 * 60;

/// What the operator does at this machine.
#[derive(Debug, Subcommand)]
pub(super) enum Admin {
    /// Accounts.
    #[command(subcommand)]
    User(User),
    /// API tokens.
    #[command(subcommand)]
    Token(Token),
    /// The audit log.
    #[command(subcommand)]
    Audit(Audit),
    /// Write one mail to everybody who wants mails of a category.
    Announce(Announce),
    /// Mail that did not leave.
    #[command(subcommand)]
    Mail(Mail),
    /// Say whether the configuration can be used, and what is wrong with it.
    CheckConfig,
    /// Show the configuration that holds and where each value comes from; secrets are masked.
    PrintConfig {
        /// Show the commented sample instead, to begin a file of your own with.
        #[arg(long)]
        sample: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Make an account with a verified address.
    Create {
        handle: String,
        /// The address that sign-in mails go to.
        #[arg(long)]
        email: String,
        #[arg(long, help = JSON_HELP)]
        json: bool,
    },
    /// List all accounts.
    List {
        #[arg(long, help = JSON_HELP)]
        json: bool,
    },
    /// Refuse every credential of an account until it is enabled again.
    Disable { handle: String },
    /// Let an account in again.
    Enable { handle: String },
    /// Delete an account with everything in it, for good. The databases are dropped by the server.
    Delete { handle: String },
    /// Print a one-time link that signs its holder in, without mail.
    SignInLink { handle: String },
}

pub(super) const JSON_HELP: &str = "Print JSON instead of text";

#[derive(Debug, Subcommand)]
pub(super) enum Token {
    /// Make an API token for an account, and print it: this once and never again.
    Create {
        handle: String,
        /// What it is called in lists.
        #[arg(long)]
        title: Option<String>,
        /// When it ends by itself; without it never.
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i64).range(1..=3660))]
        expires_in_days: Option<i64>,
    },
}

impl Admin {
    pub(super) async fn run(self, loaded: &Loaded) -> Result<()> {
        match self {
            Self::CheckConfig => {
                transport::open(&loaded.config, PathBuf::new())?;
                print("The configuration can be used.")
            }
            Self::PrintConfig { sample: true } => print(SAMPLE.trim_end()),
            Self::PrintConfig { sample: false } => print(loaded.print().trim_end()),
            Self::User(command) => {
                command
                    .run(&open::admin(&loaded.config, &environment()).await?)
                    .await
            }
            Self::Audit(command) => {
                let app = open::admin(&loaded.config, &environment()).await?;
                command.run(&app, &loaded.config.data_dir).await
            }
            Self::Announce(command) => {
                command
                    .run(&open::admin(&loaded.config, &environment()).await?)
                    .await
            }
            Self::Mail(command) => command.run(&loaded.config).await,
            Self::Token(command) => {
                command
                    .run(&open::admin(&loaded.config, &environment()).await?)
                    .await
            }
        }
    }
}

impl User {
    async fn run(self, app: &App) -> Result<()> {
        match self {
            Self::Create { handle, email, json } => {
                let user = app.admin_create_user(&handle, &email).await?;
                match json {
                    true => print(&as_json(&user).to_string()),
                    false => print(&format!("Created {} ({}).", user.handle, user.id)),
                }
            }
            Self::List { json } => {
                let users = app.admin_list_users().await?;
                match json {
                    true => print(&json!(users.iter().map(as_json).collect::<Vec<_>>()).to_string()),
                    false => list(&users),
                }
            }
            Self::Disable { handle } => {
                app.admin_set_user_active(&handle, false).await?;
                print(&format!(
                    "Disabled {handle}: nothing that it holds is let in any more."
                ))
            }
            Self::Enable { handle } => {
                app.admin_set_user_active(&handle, true).await?;
                print(&format!("Enabled {handle}."))
            }
            Self::Delete { handle } => {
                let user = app.admin_delete_user(&handle).await?;
                print(&format!(
                    "Deleted {handle} ({}): nothing that it held is let in any more.",
                    user.id
                ))
            }
            Self::SignInLink { .. } if app.settings().public_url.port() == Some(0) => Err(Error::config(
                "public_url: nobody can know it while http.listen has port 0 and no server runs; set it",
            )),
            Self::SignInLink { handle } => print(&app.admin_sign_in_link(&handle).await?),
        }
    }
}

impl Token {
    async fn run(self, app: &App) -> Result<()> {
        let Self::Create {
            handle,
            title,
            expires_in_days,
        } = self;
        let new = NewToken {
            title,
            expiration: expires_in_days.map(|days| days * DAY_SECONDS),
            ..NewToken::default()
        };
        print(app.admin_create_token(&handle, new).await?.expose())
    }
}

fn as_json(user: &UserRow) -> serde_json::Value {
    json!({
        "id": user.id.to_string(),
        "handle": user.handle.to_string(),
        "display_name": user.display_name,
        "status": status(user),
        "created_at": time::rfc3339_seconds(user.created_at),
    })
}

fn status(user: &UserRow) -> &'static str {
    match user.active {
        true => "active",
        false => "disabled",
    }
}

fn list(users: &[UserRow]) -> Result<()> {
    let width = users
        .iter()
        .map(|user| user.handle.as_str().len())
        .max()
        .unwrap_or(0);
    for user in users {
        let created_at = time::rfc3339_seconds(user.created_at);
        print(&format!(
            "{:width$}  {:8}  {created_at}  {}",
            user.handle.as_str(),
            status(user),
            user.id
        ))?;
    }
    Ok(())
}
