//! Writing and reading the audit log.

use model::{
    AuditId,
    audit::{AuditEntry, Origin},
};
use store::{Cursor, NewAuditRecord, Page, audit_log, audit_log::AuditRow};

use crate::{Actor, App, Result};

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
        }
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
