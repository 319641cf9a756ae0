//! Servers that were there already, each attached to one workspace: where it is, and the sealed password to enter it.

use jiff::Timestamp;
use model::{WorkspaceId, postgres_url::SslMode};

use crate::{
    Db, Error, Result, Tx,
    row::Row,
    sql::{Sql, params, sql},
};

/// An attached server.
#[derive(Debug, Clone)]
pub struct AttachmentRow {
    /// The workspace that it is.
    pub workspace_id: WorkspaceId,
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The database there.
    pub database: String,
    /// The role that is entered.
    pub role: String,
    /// What the server must prove.
    pub ssl_mode: SslMode,
    /// The authorities that may sign its certificate, in PEM, where they are others than the usual.
    pub roots: Option<String>,
    /// The role's password, sealed.
    pub sealed: Vec<u8>,
    /// When it was attached.
    pub created_at: Timestamp,
    /// When its credential was last changed.
    pub updated_at: Timestamp,
}

impl AttachmentRow {
    /// Where it is, without what enters it.
    pub fn place(&self) -> String {
        format!("{}:{}/{}", self.host, self.port, self.database)
    }

    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            workspace_id: row.parse("workspace_id")?,
            host: row.text("host")?,
            port: u16::try_from(row.int("port")?).map_err(|_| Error::Unreadable("port"))?,
            database: row.text("database_name")?,
            role: row.text("role_name")?,
            ssl_mode: row.word("ssl_mode", SslMode::parse)?,
            roots: row.opt_text("roots")?,
            sealed: row.bytes("sealed")?,
            created_at: row.time("created_at")?,
            updated_at: row.time("updated_at")?,
        })
    }
}

const UPSERT_ATTACHMENT: Sql = sql(
    "INSERT INTO attachments (workspace_id, host, port, database_name, role_name, ssl_mode, roots, sealed, \
       created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) \
     ON CONFLICT (workspace_id) DO UPDATE SET host = excluded.host, port = excluded.port, \
       database_name = excluded.database_name, role_name = excluded.role_name, ssl_mode = excluded.ssl_mode, \
       roots = excluded.roots, sealed = excluded.sealed, updated_at = excluded.updated_at",
);

/// Attaches a server to its workspace, in the place of one that was.
pub async fn upsert_attachment(tx: &mut Tx, row: &AttachmentRow) -> Result<()> {
    let values = params![
        row.workspace_id,
        &row.host,
        i64::from(row.port),
        &row.database,
        &row.role,
        row.ssl_mode.as_str(),
        row.roots.as_deref(),
        row.sealed.as_slice(),
        row.updated_at,
    ];
    tx.run(UPSERT_ATTACHMENT, values).await.map(drop)
}

macro_rules! columns {
    () => {
        "a.workspace_id, a.host, a.port, a.database_name, a.role_name, a.ssl_mode, a.roots, a.sealed, a.created_at, \
         a.updated_at"
    };
}

const FIND_ATTACHMENT: Sql = sql(concat!(
    "SELECT ",
    columns!(),
    " FROM attachments a WHERE a.workspace_id = $1"
));

/// The server that is attached to a workspace.
pub async fn find_attachment(db: &Db, workspace: WorkspaceId) -> Result<Option<AttachmentRow>> {
    db.one(FIND_ATTACHMENT, params![workspace])
        .await?
        .as_ref()
        .map(AttachmentRow::from_row)
        .transpose()
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[UPSERT_ATTACHMENT, FIND_ATTACHMENT];
