//! The audit log as people read it. It is appended to by [`crate::Tx::commit`].

use jiff::Timestamp;
use model::{AuditId, UserId, audit::Action};

use crate::{
    Db, Page, Result,
    row::Row,
    sql::{Sql, params, sql},
};

/// A record as it was written.
#[derive(Debug, Clone)]
pub struct AuditRow {
    /// Its id.
    pub id: AuditId,
    /// Whose log it belongs to.
    pub identity_id: Option<UserId>,
    /// What was done.
    pub action: Action,
    /// The acting account.
    pub actor_id: Option<UserId>,
    /// Its handle then.
    pub actor_handle: String,
    /// Its display name then.
    pub actor_display_name: Option<String>,
    /// From where.
    pub actor_ip: String,
    /// The kind of credential.
    pub credential_kind: String,
    /// The credential's id.
    pub credential_id: Option<String>,
    /// The credential's title then.
    pub credential_title: Option<String>,
    /// The client's own name.
    pub user_agent: String,
    /// The request.
    pub request_id: String,
    /// The id of what it was done to.
    pub target_id: Option<String>,
    /// Its name then.
    pub target_handle: Option<String>,
    /// Facts, a JSON object.
    pub data: String,
    /// When.
    pub created_at: Timestamp,
}

macro_rules! columns {
    () => {
        "id, identity_id, action_type, actor_id, actor_handle, actor_display_name, actor_ip, credential_kind, \
         credential_id, credential_title, user_agent, request_id, target_id, target_handle, data, created_at"
    };
}

impl AuditRow {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.parse("id")?,
            identity_id: row.opt_parse("identity_id")?,
            action: row.word("action_type", Action::parse)?,
            actor_id: row.opt_parse("actor_id")?,
            actor_handle: row.text("actor_handle")?,
            actor_display_name: row.opt_text("actor_display_name")?,
            actor_ip: row.text("actor_ip")?,
            credential_kind: row.text("credential_kind")?,
            credential_id: row.opt_text("credential_id")?,
            credential_title: row.opt_text("credential_title")?,
            user_agent: row.text("user_agent")?,
            request_id: row.text("request_id")?,
            target_id: row.opt_text("target_id")?,
            target_handle: row.opt_text("target_handle")?,
            data: row.text("data")?,
            created_at: row.time("created_at")?,
        })
    }
}

const LIST_RECORDS: Sql = sql(concat!(
    "SELECT ",
    columns!(),
    " FROM audit_log WHERE identity_id = $1 AND (created_at < $2 OR (created_at = $2 AND id < $3)) \
     ORDER BY created_at DESC, id DESC LIMIT $4"
));

/// The records of an account, newest first.
pub async fn list_records(db: &Db, identity: UserId, page: &Page) -> Result<Vec<AuditRow>> {
    let (at, id) = page.descending();
    db.all(LIST_RECORDS, params![identity, at, id, page.limit])
        .await?
        .iter()
        .map(AuditRow::from_row)
        .collect()
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[LIST_RECORDS];
