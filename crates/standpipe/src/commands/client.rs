//! `standpipe` as a client: what a person does from their terminal, over the HTTP API and nothing else. One file per
//! noun; [`api`] asks, [`output`] prints.

mod account;
mod api;
mod audit;
mod confirm;
mod host;
mod login;
mod me;
mod notifications;
mod output;
mod password;
mod profile;
mod progress;
mod saved;
mod session;
mod token;
mod workspace;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::Result;

pub(super) const JSON_HELP: &str = "Print JSON instead of text";

/// The commands of a client.
#[derive(Debug, Subcommand)]
pub(super) enum Client {
    /// Sign in: your browser shows a code, which is typed here.
    Login(login::Login),
    /// Sign out: end this command line's login at the server, and forget it.
    Logout(login::Logout),
    /// Say who is signed in.
    Whoami(login::Whoami),
    /// Your name and handle, as others see them.
    Profile(Noun<profile::Profile>),
    /// The database password, one for all your workspaces.
    Password(Noun<password::Password>),
    /// Which mails you get.
    Notifications(Noun<notifications::Notifications>),
    /// API tokens.
    Token(Noun<token::Token>),
    /// Where you are signed in.
    Session(Noun<session::Session>),
    /// Workspaces: PostgreSQL databases.
    Workspace(Noun<workspace::Workspace>),
    /// What happened to your account.
    Audit(audit::Audit),
    /// Your account as a whole: its handle, its credentials, its end.
    Account(Noun<account::Account>),
}

/// The commands of a noun.
#[derive(Debug, Args)]
pub(super) struct Noun<C: Subcommand> {
    #[command(flatten)]
    target: Target,
    #[command(subcommand)]
    command: C,
}

/// Which server, and how it is trusted.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Server")]
pub(super) struct Target {
    /// Where Standpipe is: HOST[:PORT], which is reached over https, or a URL.
    #[arg(
        long,
        global = true,
        value_name = "HOST",
        env = "STANDPIPE_HOST",
        hide_env_values = true,
        default_value = "http://localhost:8080"
    )]
    host: String,
    /// The certificate of the authority that signed the server's, beside those that the system trusts.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "STANDPIPE_CA",
        hide_env_values = true
    )]
    ca: Option<PathBuf>,
}

impl Client {
    pub(super) async fn run(self) -> Result<()> {
        match self {
            Self::Login(command) => command.run().await,
            Self::Logout(command) => command.run().await,
            Self::Whoami(command) => command.run().await,
            Self::Profile(noun) => noun.command.run(&noun.target).await,
            Self::Password(noun) => noun.command.run(&noun.target).await,
            Self::Notifications(noun) => noun.command.run(&noun.target).await,
            Self::Token(noun) => noun.command.run(&noun.target).await,
            Self::Session(noun) => noun.command.run(&noun.target).await,
            Self::Workspace(noun) => noun.command.run(&noun.target).await,
            Self::Audit(command) => command.run().await,
            Self::Account(noun) => noun.command.run(&noun.target).await,
        }
    }
}
