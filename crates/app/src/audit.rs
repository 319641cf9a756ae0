//! Writing and reading the audit log.

mod export;
mod query;
mod verify;

use std::collections::HashMap;

use jiff::Timestamp;
use model::{
    AuditId, UserId,
    audit::{AuditEntry, Origin},
    filter::Filter,
};
use store::{
    Cursor, NewAuditRecord, Page, Unrecorded, audit_chain, audit_erasure, audit_log, audit_log::AuditRow,
};

use crate::{Actor, App, Error, Result};

pub use export::AuditExport;
pub use query::AuditQuery;
pub use verify::{AuditFault, AuditVerdict};

/// How many records are erased in one transaction: others write meanwhile.
const ERASE_AT_ONCE: i64 = 200;

/// How many records there are of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayCount {
    /// When it begins, in UTC.
    pub start: Timestamp,
    /// How many.
    pub records: i64,
}

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
        self.flush_events().await?;
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

    /// The actor's own audit log: the records that pass `filter`. A page may hold few of them, or none, and still say
    /// where the next one begins: it looks at so many records only.
    pub async fn list_audit_log(
        &self,
        actor: &Actor,
        filter: Option<&Filter>,
        page: Page,
    ) -> Result<AuditPage> {
        self.flush_events().await?;
        let found = audit_log::search_records(self.db(), actor.id(), filter, &page).await?;
        Ok(AuditPage {
            records: found.rows,
            next: found.next,
        })
    }

    /// One of the records in the actor's own audit log.
    pub async fn get_audit_record(&self, actor: &Actor, id: AuditId) -> Result<AuditRow> {
        self.flush_events().await?;
        audit_log::find_record(self.db(), actor.id(), id)
            .await?
            .ok_or(Error::NotFound("record"))
    }

    /// How many records the actor's own log has of each of the last `days` days, today included, the oldest first.
    pub async fn audit_activity(&self, actor: &Actor, days: usize) -> Result<Vec<DayCount>> {
        self.flush_events().await?;
        let today = audit_chain::day_of(self.now());
        let span = i64::try_from(days).unwrap_or(i64::MAX);
        let from = today.saturating_sub(span).saturating_add(1);
        let counted = audit_chain::list_days(self.db(), actor.id(), from, today).await?;
        let counted: HashMap<_, _> = counted.into_iter().collect();
        let counts = (from..=today).map(|day| DayCount {
            start: audit_chain::start_of_day(day),
            records: counted.get(&day).copied().unwrap_or(0),
        });
        Ok(counts.collect())
    }
}
