//! The whole log, batch by batch, so that its length does not matter.

use model::filter::Filter;
use store::{Cursor, Page, audit_log, audit_log::AuditRow};

use crate::{Actor, App, Result};

/// How many records are read at once.
const BATCH: i64 = 500;

/// An export that is under way.
pub struct AuditExport {
    app: App,
    actor: Actor,
    filter: Option<Filter>,
    after: Option<Cursor>,
    ended: bool,
}

impl App {
    /// The actor's own audit log as far as it passes `filter`, newest first. Records that are written meanwhile are
    /// not in it.
    pub fn export_audit_log(&self, actor: &Actor, filter: Option<Filter>) -> AuditExport {
        AuditExport {
            app: self.clone(),
            actor: actor.clone(),
            filter,
            after: None,
            ended: false,
        }
    }
}

impl AuditExport {
    /// The next records, which may be none; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<AuditRow>>> {
        if self.ended {
            return Ok(None);
        }
        self.app.flush_events().await?;
        let page = Page {
            limit: BATCH,
            after: self.after.take(),
        };
        let found =
            audit_log::search_records(self.app.db(), self.actor.id(), self.filter.as_ref(), &page).await?;
        self.ended = found.next.is_none();
        self.after = found.next;
        Ok(Some(found.rows))
    }
}
