//! `standpipe account …`.

use std::{io::Write, path::PathBuf};

use clap::Subcommand;
use reqwest::Method;
use serde_json::json;

use super::{JSON_HELP, Target, api, confirm::Sure, me::Me, output, progress::Progress, saved};
use crate::{Error, Result, commands::print};

#[derive(Debug, Subcommand)]
pub(in crate::commands) enum Account {
    /// Change your handle, and with it the host name of every workspace. Once a day; the old one is held for you.
    Rename {
        /// The new handle.
        handle: String,
        #[command(flatten)]
        sure: Sure,
        #[arg(long, help = JSON_HELP)]
        json: bool,
    },
    /// End every session, login and token, that of this command line too.
    ResetAuth {
        /// Rotate the database password too, and end open database connections.
        #[arg(long)]
        rotate_password: bool,
        #[command(flatten)]
        sure: Sure,
    },
    /// Save everything that is kept of your account, as a ZIP archive.
    Export {
        /// Where to; `-` is stdout.
        #[arg(long, short, value_name = "FILE", default_value = "standpipe-export.zip")]
        output: PathBuf,
    },
    /// Delete your account with its workspaces, for good.
    Delete {
        #[command(flatten)]
        sure: Sure,
    },
}

impl Account {
    pub(super) async fn run(self, target: &Target) -> Result<()> {
        let me = Me::at(target).await?;
        let handle = me.actor.handle.clone();
        match self {
            Self::Rename {
                handle: new,
                sure,
                json,
            } => {
                sure.of(&format!("change the handle {handle} to {new}"), &handle)?;
                let user = me.api.patch(&me.path(&[]), json!({ "handle": new })).await?;
                match json {
                    true => output::json(&user),
                    false => print(&format!(
                        "You are {} now. Host names of workspaces begin with it at once.",
                        output::clean(&output::text(&user, "handle"))
                    )),
                }
            }
            Self::ResetAuth {
                rotate_password,
                sure,
            } => {
                sure.of(&format!("reset the authentication of {handle}"), &handle)?;
                reset(&me, rotate_password).await
            }
            Self::Export { output } => export(&me, output).await,
            Self::Delete { sure } => {
                sure.of(
                    &format!("delete the account {handle} with its workspaces"),
                    &handle,
                )?;
                me.api.delete(&me.path(&[]), &[]).await?;
                forget_login(&me)?;
                print(&format!(
                    "The account {handle} is deleted. Its databases are being dropped."
                ))
            }
        }
    }
}

async fn reset(me: &Me, rotate_password: bool) -> Result<()> {
    // The server ends what was issued before now, whatever later time is asked for.
    let body = json!({ "token_min_issued_at": "9999-01-01T00:00:00Z", "rotate_password": rotate_password });
    me.api.patch(&me.path(&[]), body).await?;
    forget_login(me)?;
    let password = if rotate_password {
        " The database password is rotated."
    } else {
        ""
    };
    print(&format!(
        "Every session, login and token is ended.{password} Sign in again with `standpipe login`."
    ))
}

/// The login that is kept here opens nothing any more; a token of the environment is not ours to forget.
fn forget_login(me: &Me) -> Result<()> {
    saved::forget_token(me.api.origin()).map(drop)
}

async fn export(me: &Me, path: PathBuf) -> Result<()> {
    let answer = me.api.send(Method::GET, &me.path(&["export"]), &[], None).await?;
    let to_stdout = path.as_os_str() == "-";
    if to_stdout && output::is_seen() {
        return Err(Error::Refused(
            "a ZIP archive is nothing for a terminal; name a file with --output".to_owned(),
        ));
    }
    let progress = Progress::begin("Exporting");
    let archive = download(answer, &progress).await?;
    drop(progress);
    if to_stdout {
        return std::io::stdout()
            .lock()
            .write_all(&archive)
            .map_err(Error::system("write to stdout"));
    }
    saved::write(&path, &archive, 0o600)?;
    print(&format!("Saved {} bytes to {}.", archive.len(), path.display()))
}

async fn download(mut answer: reqwest::Response, progress: &Progress) -> Result<Vec<u8>> {
    let mut archive = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| api::cut_off(&error))? {
        archive.extend_from_slice(&chunk);
        progress.tell(format!("Exporting, {} KB", archive.len() / 1024));
    }
    Ok(archive)
}
