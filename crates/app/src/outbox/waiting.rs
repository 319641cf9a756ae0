//! Mail that did not leave yet, for the operator.

use jiff::Timestamp;
use model::{MailId, time};
use store::{Tx, Unrecorded, outbox};

use super::KEEP_DEAD_SECONDS;
use crate::{App, Error, Result};

/// More than anybody reads.
const MOST: i64 = 10_000;

/// A mail that did not leave.
#[derive(Debug, Clone)]
pub struct WaitingMail {
    /// Its id, also in its `Message-ID`.
    pub id: MailId,
    /// Which message it is.
    pub kind: String,
    /// The recipient; empty when the mail cannot be opened with today's master key.
    pub to: String,
    /// How often it was tried.
    pub attempts: i64,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it is tried next; `None` when it was given up.
    pub next: Option<Timestamp>,
    /// Why it did not leave, if it was tried.
    pub reason: Option<String>,
}

impl App {
    /// The mails that did not leave, oldest first: those that wait, and those that were given up.
    pub async fn admin_list_mail(&self) -> Result<Vec<WaitingMail>> {
        let rows = outbox::list_mails(self.db(), MOST).await?;
        let waiting = rows.into_iter().map(|row| WaitingMail {
            to: self.open_letter(&row).map(|letter| letter.to).unwrap_or_default(),
            id: row.id,
            kind: row.kind,
            attempts: row.attempts,
            created_at: row.created_at,
            next: row.dead_at.is_none().then_some(row.run_after),
            reason: row.reason,
        });
        Ok(waiting.collect())
    }

    /// Tries a mail again, as if it were new.
    pub async fn admin_retry_mail(&self, id: MailId) -> Result<()> {
        let mut tx = self.db().begin().await?;
        if !outbox::revive_mail(&mut tx, id, self.now()).await? {
            return Err(Error::NotFound("mail"));
        }
        Ok(tx.commit_unrecorded(Unrecorded::Lease).await?)
    }

    /// Tries all mails now that wait for another try, as when the mail server is back; how many they are.
    pub async fn admin_hasten_mail(&self) -> Result<u64> {
        let mut tx = self.db().begin().await?;
        let count = outbox::hasten_mails(&mut tx, self.now()).await?;
        tx.commit_unrecorded(Unrecorded::Lease).await?;
        Ok(count)
    }

    /// Forgets a mail.
    pub async fn admin_drop_mail(&self, id: MailId) -> Result<()> {
        let mut tx = self.db().begin().await?;
        if !outbox::delete_mail(&mut tx, id).await? {
            return Err(Error::NotFound("mail"));
        }
        Ok(tx.commit_unrecorded(Unrecorded::Lease).await?)
    }

    /// Forgets mails that were given up long ago.
    pub(crate) async fn remove_dead_mail(&self, tx: &mut Tx) -> Result<()> {
        let before = time::after(self.now(), -KEEP_DEAD_SECONDS);
        Ok(outbox::delete_dead_mails(tx, before).await.map(drop)?)
    }
}
