//! `standpipe admin announce`: one mail to everybody who wants mails of a category.

use std::{io::IsTerminal, path::PathBuf};

use app::{App, announcements::NewAnnouncement};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use model::{AnnouncementId, preferences::Category, time::rfc3339_seconds};
use serde_json::json;

use super::print;
use crate::{Error, Result};

/// Everybody who wants mails of the category gets one, to their primary address, at the given pace. Preferences are
/// looked at when a mail leaves. Killed or interrupted, it is gone on with by `--resume`, without writing to anybody twice.
#[derive(Debug, Args)]
pub(super) struct Announce {
    /// Whose mails: community_updates, product_updates or tips_and_tricks.
    #[arg(long, required_unless_present_any = ["resume", "list"])]
    category: Option<Category>,
    /// The subject line.
    #[arg(long, required_unless_present_any = ["resume", "list"])]
    subject: Option<String>,
    /// What it says, in Markdown without pictures and HTML.
    #[arg(long, required_unless_present_any = ["resume", "list"])]
    file: Option<PathBuf>,
    /// How many mails leave in a minute.
    #[arg(long, default_value_t = 600)]
    per_minute: i64,
    /// Print the mail as text and as HTML; nobody gets it.
    #[arg(long, conflicts_with_all = ["dry_run", "to", "resume", "list"])]
    preview: bool,
    /// Say how many would get it; nobody does.
    #[arg(long, conflicts_with_all = ["to", "resume", "list"])]
    dry_run: bool,
    /// Send it to this address alone, as a proof.
    #[arg(long, value_name = "EMAIL", conflicts_with_all = ["resume", "list"])]
    to: Option<String>,
    /// Go on with an announcement that was interrupted.
    #[arg(long, value_name = "ID", conflicts_with = "list")]
    resume: Option<AnnouncementId>,
    /// List the announcements and how far they are.
    #[arg(long)]
    list: bool,
    #[arg(long, requires = "list", help = super::admin::JSON_HELP)]
    json: bool,
}

impl Announce {
    pub(super) async fn run(self, app: &App) -> Result<()> {
        if self.list {
            return list(app, self.json).await;
        }
        if let Some(id) = self.resume {
            return write_mails(app, id).await;
        }
        let new = self.read()?;
        if self.preview {
            let mail = app.admin_preview_announcement(new)?;
            return print(&format!(
                "Subject: {}\n\n{}\n{}",
                mail.subject, mail.text, mail.html
            ));
        }
        if self.dry_run {
            app.admin_preview_announcement(new.clone())?;
            let count = app.admin_count_recipients(new.category).await?;
            return print(&format!("{count} people would get it. Nothing was sent."));
        }
        if let Some(to) = self.to {
            app.admin_send_proof(new, &to).await?;
            return print(&format!("Sent to {to} alone."));
        }
        let id = app.admin_create_announcement(new).await?;
        print(&format!(
            "Announcement {id}. If this is interrupted: standpipe admin announce --resume {id}"
        ))?;
        write_mails(app, id).await
    }

    fn read(&self) -> Result<NewAnnouncement> {
        let missing = || Error::Refused("--category, --subject and --file are needed".to_owned());
        let file = self.file.as_ref().ok_or_else(missing)?;
        Ok(NewAnnouncement {
            category: self.category.ok_or_else(missing)?,
            subject: self.subject.clone().ok_or_else(missing)?,
            markdown: std::fs::read_to_string(file).map_err(Error::file("read", file))?,
            per_minute: self.per_minute,
        })
    }
}

/// Writes the mails into the outbox, a batch at a time. The server sends them.
async fn write_mails(app: &App, id: AnnouncementId) -> Result<()> {
    let mut row = app.admin_continue_announcement(id).await?;
    let all = app.admin_count_recipients(row.category).await?;
    let bar = progress(u64::try_from(all).unwrap_or_default());
    while row.finished_at.is_none() {
        bar.set_position(u64::try_from(row.queued).unwrap_or_default());
        row = app.admin_continue_announcement(id).await?;
    }
    bar.finish_and_clear();
    let minutes = (row.queued + row.per_minute - 1) / row.per_minute;
    print(&format!(
        "{} mails are written. The running server sends {} a minute: about {minutes} minutes.",
        row.queued, row.per_minute
    ))
}

fn progress(all: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(all);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos} of {len} mails written") {
        bar.set_style(style);
    }
    bar
}

async fn list(app: &App, as_json: bool) -> Result<()> {
    let rows = app.admin_list_announcements().await?;
    if as_json {
        let all = rows.iter().map(|row| {
            json!({
                "id": row.id,
                "category": row.category.as_str(),
                "subject": row.subject,
                "per_minute": row.per_minute,
                "written": row.queued,
                "created_at": rfc3339_seconds(row.created_at),
                "finished_at": row.finished_at.map(rfc3339_seconds),
            })
        });
        return print(&json!(all.collect::<Vec<_>>()).to_string());
    }
    rows.iter().try_for_each(|row| {
        print(&format!(
            "{}  {}  {}  {} mails, {}  {}",
            row.id,
            rfc3339_seconds(row.created_at),
            row.category.as_str(),
            row.queued,
            if row.finished_at.is_some() {
                "all written"
            } else {
                "interrupted"
            },
            row.subject
        ))
    })
}
