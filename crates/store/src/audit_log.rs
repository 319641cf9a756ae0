//! The audit log as people read it. It is appended to by [`crate::Tx::commit`].

use jiff::Timestamp;
use model::{
    AuditId, UserId,
    audit::Action,
    filter::{Column, Filter, Kind},
};

use crate::{
    Db, Page, Result,
    row::Row,
    search::{Found, List},
    sql::{Sql, params, sql},
};

/// A record as it was written.
#[derive(Debug, Clone)]
pub struct AuditRow {
    /// Its id.
    pub id: AuditId,
    /// Its place in the account's chain, from 1.
    pub sequence: i64,
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
        "id, sequence, identity_id, action_type, actor_id, actor_handle, actor_display_name, actor_ip, credential_kind, \
         credential_id, credential_title, user_agent, request_id, target_id, target_handle, data, created_at"
    };
}

impl AuditRow {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.parse("id")?,
            sequence: row.int("sequence")?,
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

/// What `where` may ask of the log.
pub static COLUMNS: [Column; 17] = [
    column("action_type", Kind::Text),
    column("actor_display_name", Kind::Text),
    column("actor_handle", Kind::Text),
    column("actor_id", Kind::Text),
    column("actor_ip", Kind::Text),
    column("created_at", Kind::Time),
    column("credential_id", Kind::Text),
    column("credential_kind", Kind::Text),
    column("credential_title", Kind::Text),
    column("data", Kind::Json),
    column("id", Kind::Text),
    column("identity_id", Kind::Text),
    column("request_id", Kind::Text),
    column("sequence", Kind::Number),
    column("target_handle", Kind::Text),
    column("target_id", Kind::Text),
    column("user_agent", Kind::Text),
];

const fn column(name: &'static str, kind: Kind) -> Column {
    Column {
        name,
        kind,
        source: name,
    }
}

/// The column of this name.
pub fn find_column(name: &str) -> Option<&'static Column> {
    COLUMNS.iter().find(|column| column.name == name)
}

const LIST: List = List {
    table: "audit_log",
    columns: columns!(),
    owner: "identity_id",
    indexed: &[
        "target_id",
        "credential_id",
        "action_type",
        "actor_handle",
        "credential_kind",
        "actor_id",
    ],
};

/// The records of an account that pass `filter`, newest first.
pub async fn search_records(
    db: &Db,
    identity: UserId,
    filter: Option<&Filter>,
    page: &Page,
) -> Result<Found<AuditRow>> {
    let (rows, next) = LIST.search(db, &identity.to_string(), filter, page).await?;
    let rows = rows.iter().map(AuditRow::from_row).collect::<Result<_>>()?;
    Ok(Found { rows, next })
}

const FIND_RECORD: Sql = sql(concat!(
    "SELECT ",
    columns!(),
    " FROM audit_log WHERE identity_id = $1 AND id = $2"
));

/// A record of an account.
pub async fn find_record(db: &Db, identity: UserId, id: AuditId) -> Result<Option<AuditRow>> {
    db.one(FIND_RECORD, params![identity, id])
        .await?
        .as_ref()
        .map(AuditRow::from_row)
        .transpose()
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[FIND_RECORD];
