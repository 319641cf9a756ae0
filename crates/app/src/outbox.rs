//! The outbox: mails are written in the transaction of what they announce, and delivered by a worker.

mod waiting;

use std::{sync::Arc, time::Duration};

use mail::{Fate, Message, Outgoing, Transport};
use model::{
    MailId, Secret, UserId, email::EmailAddress, retry::delay_millis, sign_in::LIFETIME_SECONDS, time,
};
use serde::{Deserialize, Serialize};
use store::{Tx, Unrecorded, outbox, outbox::MailRow};
use tokio_util::sync::CancellationToken;

pub use waiting::WaitingMail;

use crate::{App, Error, Peer, Result, keys::Purpose, notices};

/// How much longer a mail is leased than it can take to leave.
const SPARE: Duration = Duration::from_secs(15);
const IDLE: Duration = Duration::from_secs(1);
/// How long a mail is tried: as long as mail servers do (RFC 5321 §4.5.4.1).
const GIVE_UP_SECONDS: i64 = 4 * 24 * 60 * 60;
/// How long a mail that was given up is kept for the operator.
const KEEP_DEAD_SECONDS: i64 = 30 * 24 * 60 * 60;

pub(crate) struct Mailer {
    transport: Transport,
    on_link: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Mailer {
    pub(crate) fn new(transport: Transport, on_link: Arc<dyn Fn(&str) + Send + Sync>) -> Self {
        Self { transport, on_link }
    }

    /// For how long a mail is a worker's own.
    fn lease_seconds(&self) -> i64 {
        let lease = self.transport.longest() + SPARE;
        i64::try_from(lease.as_secs()).unwrap_or(i64::MAX)
    }

    /// Removes mails to `addresses` that lie in the mail folder.
    pub(crate) async fn forget(&self, addresses: &[EmailAddress]) -> std::result::Result<(), mail::Error> {
        self.transport.forget(addresses).await
    }
}

/// What is sealed in a row of the outbox: the mail as it will leave.
#[derive(Serialize, Deserialize)]
struct Letter {
    to: String,
    subject: String,
    text: String,
    html: String,
    /// The sign-in link, if there is one, for the terminal of a first run.
    link: Option<String>,
}

impl App {
    pub(crate) fn link_message(&self, url: String, code: &Secret<String>, peer: &Peer) -> mail::Link {
        mail::Link {
            url,
            code: code.expose().clone(),
            minutes: LIFETIME_SECONDS / 60,
            at: time::for_people(self.now()),
            by: notices::by(peer),
        }
    }

    /// Writes a mail to `to` into the outbox.
    pub(crate) async fn enqueue_mail(
        &self,
        tx: &mut Tx,
        user: Option<UserId>,
        to: &EmailAddress,
        message: &Message,
    ) -> Result<()> {
        let now = self.now();
        let id = MailId::new(now, self.random());
        let rendered = message
            .render()
            .map_err(|_| Error::Internal("a mail cannot be rendered"))?;
        let letter = Letter {
            to: to.as_str().to_owned(),
            subject: rendered.subject,
            text: rendered.text,
            html: rendered.html,
            link: message.link().map(str::to_owned),
        };
        let plain = serde_json::to_vec(&letter).map_err(|_| Error::Internal("a mail cannot be sealed"))?;
        let sealed = self
            .keys()
            .seal(self.random(), Purpose::Mail, &id.to_string(), &plain)?;
        let row = MailRow {
            id,
            user_id: user,
            kind: message.kind().as_str().to_owned(),
            sealed,
            attempts: 0,
            created_at: now,
            run_after: now,
            useful_until: message
                .useful_minutes()
                .map(|minutes| time::after(now, minutes * 60)),
            dead_at: None,
            reason: None,
            announcement_id: None,
            turn_at: None,
        };
        Ok(outbox::insert_mail(tx, &row).await?)
    }

    /// Delivers mail until `shutdown`. Several may do so side by side.
    pub async fn deliver_mail(&self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            let woken = self.0.work.notified();
            match self.deliver_one().await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "mail worker"),
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = woken => {}
                () = tokio::time::sleep(IDLE) => {}
            }
        }
    }

    /// Delivers the mail that is due longest; false when there is none.
    pub async fn deliver_one(&self) -> Result<bool> {
        let now = self.now();
        if !outbox::is_mail_due(self.db(), now).await? {
            return Ok(false);
        }
        let mut tx = self.db().begin().await?;
        let lease_until = time::after(now, self.0.mailer.lease_seconds());
        let Some(row) = outbox::take_mail(&mut tx, now, lease_until).await? else {
            // Another worker was first; there may be more. Whoever holds a transaction waits for no other connection.
            drop(tx);
            return Ok(outbox::is_mail_due(self.db(), now).await?);
        };
        tx.commit_unrecorded(Unrecorded::Lease).await?;
        if row.useful_until.is_some_and(|end| end <= now) {
            self.drop_mail(&row, "it helps nobody any more").await?;
            return Ok(true);
        }
        let delivered = match row.announcement_id {
            None => self.deliver(&row).await,
            Some(announcement) if self.waits_for_its_turn(&row, announcement).await? => return Ok(true),
            Some(announcement) => match self.announcement_mail(&row, announcement).await? {
                Some(mail) => self.send_mail(&mail).await,
                None => {
                    self.drop_mail(&row, "it is not wanted any more").await?;
                    return Ok(true);
                }
            },
        };
        self.note_delivery(&row, delivered).await?;
        Ok(true)
    }

    async fn drop_mail(&self, row: &MailRow, why: &str) -> Result<()> {
        tracing::info!(mail.id = %row.id, mail.kind = row.kind, reason = row.reason, why, "mail dropped");
        let mut tx = self.db().begin().await?;
        outbox::delete_mail(&mut tx, row.id).await?;
        Ok(tx.commit_unrecorded(Unrecorded::Lease).await?)
    }

    /// Writes what became of a mail. Killed before it is written, the mail leaves once more, with the same `Message-ID`.
    async fn note_delivery(
        &self,
        row: &MailRow,
        delivered: std::result::Result<(), mail::Error>,
    ) -> Result<()> {
        let mut tx = self.db().begin().await?;
        match delivered {
            Ok(()) => {
                tracing::info!(mail.id = %row.id, mail.kind = row.kind, "mail delivered");
                if !outbox::delete_mail(&mut tx, row.id).await? {
                    // Withdrawn while it was written: its account is gone.
                    self.0.mailer.transport.withdraw(row.id).await;
                }
            }
            Err(error) => {
                let now = self.now();
                let is_old = now > time::after(row.created_at, GIVE_UP_SECONDS);
                if error.fate() == Fate::Never || is_old {
                    tracing::error!(mail.id = %row.id, mail.kind = row.kind, attempts = row.attempts, reason = error.reason(), "mail given up");
                    outbox::bury_mail(&mut tx, row.id, now, &error.reason()).await?;
                } else {
                    tracing::warn!(mail.id = %row.id, mail.kind = row.kind, attempts = row.attempts, reason = error.reason(), "mail not delivered");
                    let next = time::after_millis(now, delay_millis(row.attempts, self.random()));
                    outbox::postpone_mail(&mut tx, row.id, next, &error.reason()).await?;
                }
            }
        }
        Ok(tx.commit_unrecorded(Unrecorded::Lease).await?)
    }

    async fn deliver(&self, row: &MailRow) -> std::result::Result<(), mail::Error> {
        let letter = self.open_letter(row)?;
        let mailer = &self.0.mailer;
        let mail = Outgoing {
            id: row.id,
            kind: row.kind.clone(),
            to: letter.to.parse().map_err(|_| mail::Error::Compose)?,
            message: mail::Rendered {
                subject: letter.subject,
                text: letter.text,
                html: letter.html,
            },
            unsubscribe: None,
        };
        self.send_mail(&mail).await?;
        if let (true, Some(link)) = (mailer.transport.is_directory(), &letter.link) {
            (mailer.on_link)(link);
        }
        Ok(())
    }

    pub(crate) async fn send_mail(&self, mail: &Outgoing) -> std::result::Result<(), mail::Error> {
        self.0.mailer.transport.send(mail).await
    }

    fn open_letter(&self, row: &MailRow) -> std::result::Result<Letter, mail::Error> {
        let plain = self.keys().open(Purpose::Mail, &row.id.to_string(), &row.sealed);
        let plain = plain.map_err(|_| mail::Error::Compose)?;
        serde_json::from_slice(plain.expose()).map_err(|_| mail::Error::Compose)
    }
}
