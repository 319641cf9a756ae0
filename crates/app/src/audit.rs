//! Writing and reading the audit log.

mod verify;

use model::{
    AuditId, UserId,
    audit::{AuditEntry, Origin},
};
use store::{Cursor, NewAuditRecord, Page, Unrecorded, audit_erasure, audit_log, audit_log::AuditRow};

use crate::{Actor, App, Result};

pub use verify::{AuditFault, AuditVerdict};

/// How many records are erased in one transaction: others write meanwhile.
const ERASE_AT_ONCE: i64 = 200;

/// A page of records, newest first.
#[derive(Debug)]
pub struct AuditPage {
    /// The records.
    pub records: Vec<AuditRow>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
}

impl App {
    /// A record of `entry` by `origin`, now, ready to be committed.
    pub(crate) fn record(&self, origin: Origin, entry: AuditEntry) -> NewAuditRecord {
        let at = self.now();
        NewAuditRecord {
            id: AuditId::new(at, self.random()),
            at,
            origin,
            entry,
            salt: self.random().bytes(),
            key: self.keys().audit().clone(),
        }
    }

    /// Takes `user`, whose deletion is committed, out of all records: their log keeps what was done and when, under
    /// `pseudonym`, and still verifies. It may be repeated after a crash; the pseudonym must be the same then.
    pub async fn pseudonymise_audit_log(&self, user: UserId, pseudonym: &str) -> Result<()> {
        let key = self.keys().audit();
        let mut after = Some(0);
        while let Some(place) = after {
            let mut tx = self.db().begin().await?;
            after = audit_erasure::erase_log(&mut tx, key, user, pseudonym, place, ERASE_AT_ONCE).await?;
            tx.commit_unrecorded(Unrecorded::Erasure).await?;
        }
        let mut erased = 1;
        while erased > 0 {
            let mut tx = self.db().begin().await?;
            erased = audit_erasure::erase_actor(&mut tx, key, user, pseudonym, ERASE_AT_ONCE).await?;
            audit_erasure::delete_days(&mut tx, user).await?;
            tx.commit_unrecorded(Unrecorded::Erasure).await?;
        }
        Ok(())
    }

    /// The actor's own audit log.
    pub async fn list_audit_log(&self, actor: &Actor, page: Page) -> Result<AuditPage> {
        let mut records = audit_log::list_records(self.db(), actor.id(), &page.one_more()).await?;
        let next = page.cut(&mut records, |row| Cursor {
            at: row.created_at,
            id: row.id.to_string(),
        });
        Ok(AuditPage { records, next })
    }
}
