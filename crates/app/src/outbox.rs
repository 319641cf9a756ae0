//! The outbox: mails are written in the transaction of what they announce, and delivered by a worker.

use std::{sync::Arc, time::Duration};

use mail::{Message, Outgoing, Transport};
use model::{MailId, Secret, UserId, email::EmailAddress, sign_in::LIFETIME_SECONDS, time};
use serde::{Deserialize, Serialize};
use store::{Tx, Unrecorded, outbox, outbox::MailRow};
use tokio_util::sync::CancellationToken;

use crate::{App, Error, Peer, Result, keys::Purpose};

const LEASE_SECONDS: i64 = 60;
const IDLE: Duration = Duration::from_secs(5);
const LONGEST_DELAY_SECONDS: i64 = 60 * 60;

pub(crate) struct Mailer {
    transport: Transport,
    on_link: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Mailer {
    pub(crate) fn new(transport: Transport, on_link: Arc<dyn Fn(&str) + Send + Sync>) -> Self {
        Self { transport, on_link }
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

pub(crate) fn link_message(url: String, code: &Secret<String>, peer: &Peer) -> mail::Link {
    mail::Link {
        url,
        code: code.expose().clone(),
        ip: peer.ip.to_string(),
        user_agent: peer.user_agent.clone(),
        minutes: LIFETIME_SECONDS / 60,
    }
}

impl App {
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
            kind: message.kind().to_owned(),
            sealed,
            attempts: 0,
            created_at: now,
        };
        Ok(outbox::insert_mail(tx, &row).await?)
    }

    /// Delivers mail until `shutdown`.
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
        let mut tx = self.db().begin().await?;
        let Some(row) = outbox::take_mail(&mut tx, now, time::after(now, LEASE_SECONDS)).await? else {
            return Ok(false);
        };
        tx.commit_unrecorded(Unrecorded::Lease).await?;
        let delivered = self.deliver(&row).await;
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
                tracing::warn!(mail.id = %row.id, attempts = row.attempts, error = &error as &dyn std::error::Error, "mail not delivered");
                let delay = 1_i64
                    .checked_shl(u32::try_from(row.attempts).unwrap_or(12).min(12))
                    .unwrap_or(i64::MAX);
                outbox::postpone_mail(
                    &mut tx,
                    row.id,
                    time::after(self.now(), delay.min(LONGEST_DELAY_SECONDS)),
                )
                .await?;
            }
        }
        tx.commit_unrecorded(Unrecorded::Lease).await?;
        Ok(true)
    }

    async fn deliver(&self, row: &MailRow) -> std::result::Result<(), mail::Error> {
        let compose = |_| mail::Error::Compose;
        let plain = self
            .keys()
            .open(Purpose::Mail, &row.id.to_string(), &row.sealed)
            .map_err(compose)?;
        let letter: Letter = serde_json::from_slice(plain.expose()).map_err(|_| mail::Error::Compose)?;
        let mailer = &self.0.mailer;
        let mail = Outgoing {
            id: row.id,
            from: self.settings().mail.from.clone(),
            to: letter.to.parse().map_err(|_| mail::Error::Compose)?,
            message: mail::Rendered {
                subject: letter.subject,
                text: letter.text,
                html: letter.html,
            },
        };
        mailer.transport.send(&mail).await?;
        if let (Transport::Directory(_), Some(link)) = (&mailer.transport, &letter.link) {
            (mailer.on_link)(link);
        }
        Ok(())
    }
}
