//! `standpipe admin mail …`: mail that did not leave.

use app::{App, outbox::WaitingMail};
use clap::Subcommand;
use model::{MailId, time::rfc3339_seconds};
use serde_json::json;

use super::{environment, print};
use crate::{Config, Error, Result, open, transport};

#[derive(Debug, Subcommand)]
pub(super) enum Mail {
    /// List the mails that wait for the mail server, and those that were given up, with the reason.
    List {
        #[arg(long, help = super::admin::JSON_HELP)]
        json: bool,
    },
    /// Try mails again that were given up, as if they were new.
    Retry {
        /// Which, by their ids; without any, all that were given up.
        ids: Vec<MailId>,
    },
    /// Try all mails now that wait for another try, as when the mail server is back.
    Flush,
    /// Forget a mail.
    Drop { id: MailId },
    /// Print the DNS record with the public half of `mail.dkim.key_file`, as a line of a zone file.
    DkimRecord,
}

impl Mail {
    pub(super) async fn run(self, config: &Config) -> Result<()> {
        if let Self::DkimRecord = self {
            return record(config);
        }
        self.run_on(&open::admin(config, &environment()).await?).await
    }

    async fn run_on(self, app: &App) -> Result<()> {
        match self {
            Self::DkimRecord => Ok(()),
            Self::List { json } => {
                let mails = app.admin_list_mail().await?;
                match json {
                    true => print(&json!(mails.iter().map(as_json).collect::<Vec<_>>()).to_string()),
                    false => mails.iter().try_for_each(|mail| print(&in_words(mail))),
                }
            }
            Self::Retry { ids } => {
                let ids = match ids.is_empty() {
                    false => ids,
                    true => given_up(app).await?,
                };
                for id in &ids {
                    app.admin_retry_mail(*id).await?;
                }
                print(&format!("{} mails are tried again.", ids.len()))
            }
            Self::Flush => print(&format!(
                "{} mails are tried now.",
                app.admin_hasten_mail().await?
            )),
            Self::Drop { id } => {
                app.admin_drop_mail(id).await?;
                print(&format!("Forgot {id}."))
            }
        }
    }
}

fn record(config: &Config) -> Result<()> {
    match transport::signer(config)? {
        Some(signer) => print(&signer.record()),
        None => Err(Error::config(
            "mail.dkim: mails are not signed; set selector and key_file",
        )),
    }
}

async fn given_up(app: &App) -> Result<Vec<MailId>> {
    let mails = app.admin_list_mail().await?;
    Ok(mails
        .iter()
        .filter(|mail| mail.next.is_none())
        .map(|mail| mail.id)
        .collect())
}

fn as_json(mail: &WaitingMail) -> serde_json::Value {
    json!({
        "id": mail.id,
        "kind": mail.kind,
        "to": mail.to,
        "state": if mail.next.is_some() { "waiting" } else { "given up" },
        "attempts": mail.attempts,
        "created_at": rfc3339_seconds(mail.created_at),
        "next_at": mail.next.map(rfc3339_seconds),
        "reason": mail.reason,
    })
}

fn in_words(mail: &WaitingMail) -> String {
    let state = match mail.next {
        Some(next) => format!("next try {}", rfc3339_seconds(next)),
        None => "given up".to_owned(),
    };
    let reason = mail.reason.as_deref().map(|reason| format!("; {reason}"));
    format!(
        "{}  {:16}  {}  {}, {} tries{}",
        mail.id,
        mail.kind,
        mail.to,
        state,
        mail.attempts,
        reason.unwrap_or_default()
    )
}
