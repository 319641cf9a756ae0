//! Whom the owner of a workspace lets in.

use jiff::Timestamp;
use model::{
    MemberId, UserId, WorkspaceId,
    member::{MemberRole, MemberStatus},
};

use crate::{
    Cursor, Db, Page, Result, Tx,
    row::Row,
    sql::{Sql, params, sql},
    users::{UserRow, user_columns},
};

/// An access to somebody else's workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    /// Its id: another one each time that access is given.
    pub id: MemberId,
    /// Where it leads.
    pub workspace_id: WorkspaceId,
    /// Who has it.
    pub user_id: UserId,
    /// What they may do.
    pub role: MemberRole,
    /// Whether it can be used.
    pub status: MemberStatus,
    /// Why it cannot, when that needs words.
    pub status_reason: Option<String>,
    /// Connections of an earlier epoch are ended.
    pub connection_epoch: i64,
    /// When it was given.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by_id: UserId,
    /// When it was last changed.
    pub updated_at: Option<Timestamp>,
    /// By whom.
    pub updated_by_id: UserId,
    /// Counts its changes, from 1.
    pub version_id: i64,
}

/// The columns of an access in any query that calls the table `m`.
macro_rules! member_columns {
    () => {
        "m.id AS m_id, m.workspace_id AS m_workspace_id, m.user_id AS m_user_id, m.role AS m_role, \
         m.status AS m_status, m.status_reason AS m_status_reason, m.connection_epoch AS m_connection_epoch, \
         m.created_at AS m_created_at, m.created_by_id AS m_created_by_id, m.updated_at AS m_updated_at, \
         m.updated_by_id AS m_updated_by_id, m.version_id AS m_version_id"
    };
}
pub(crate) use member_columns;

impl MemberRow {
    pub(crate) fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.parse("m_id")?,
            workspace_id: row.parse("m_workspace_id")?,
            user_id: row.parse("m_user_id")?,
            role: row.parse("m_role")?,
            status: row.word("m_status", MemberStatus::parse)?,
            status_reason: row.opt_text("m_status_reason")?,
            connection_epoch: row.int("m_connection_epoch")?,
            created_at: row.time("m_created_at")?,
            created_by_id: row.parse("m_created_by_id")?,
            updated_at: row.opt_time("m_updated_at")?,
            updated_by_id: row.parse("m_updated_by_id")?,
            version_id: row.int("m_version_id")?,
        })
    }

    fn with_user(row: &Row) -> Result<(Self, UserRow)> {
        Ok((Self::from_row(row)?, UserRow::from_row(row)?))
    }
}

const INSERT_MEMBER: Sql = sql(
    "INSERT INTO workspace_members (id, workspace_id, user_id, role, status, connection_epoch, created_at, \
       created_by_id, updated_by_id, version_id) VALUES ($1, $2, $3, $4, 'pending', 1, $5, $6, $6, 1)",
);

/// A new access, pending; [`crate::Error::Duplicate`] when that person has one, [`crate::Error::Orphan`] when they are
/// gone.
pub async fn insert_member(tx: &mut Tx, row: &MemberRow) -> Result<()> {
    let values = params![
        row.id,
        row.workspace_id,
        row.user_id,
        row.role.as_str(),
        row.created_at,
        row.created_by_id,
    ];
    tx.run(INSERT_MEMBER, values).await.map(drop)
}

const FIND_MEMBER: Sql = sql(concat!(
    "SELECT ",
    member_columns!(),
    ", ",
    user_columns!(),
    " FROM workspace_members m JOIN users u ON u.id = m.user_id \
     WHERE m.workspace_id = $1 AND (u.handle = $2 OR u.id = $2)"
));

/// The access of a person, by their handle or id, to a workspace.
pub async fn find_member(
    db: &Db,
    workspace: WorkspaceId,
    handle_or_id: &str,
) -> Result<Option<(MemberRow, UserRow)>> {
    db.one(FIND_MEMBER, params![workspace, handle_or_id])
        .await?
        .as_ref()
        .map(MemberRow::with_user)
        .transpose()
}

/// The same, read inside a write.
pub async fn find_member_in(
    tx: &mut Tx,
    workspace: WorkspaceId,
    handle_or_id: &str,
) -> Result<Option<(MemberRow, UserRow)>> {
    tx.one(FIND_MEMBER, params![workspace, handle_or_id])
        .await?
        .as_ref()
        .map(MemberRow::with_user)
        .transpose()
}

const LIST_MEMBERS: Sql = sql(concat!(
    "SELECT ",
    member_columns!(),
    ", ",
    user_columns!(),
    " FROM workspace_members m JOIN users u ON u.id = m.user_id \
     WHERE m.workspace_id = $1 AND (m.created_at > $2 OR (m.created_at = $2 AND m.id > $3)) \
     ORDER BY m.created_at, m.id LIMIT $4"
));

/// The accesses to a workspace, oldest first.
pub async fn list_members(
    db: &Db,
    workspace: WorkspaceId,
    page: &Page,
) -> Result<(Vec<(MemberRow, UserRow)>, Option<Cursor>)> {
    let more = page.one_more();
    let (at, id) = more.ascending();
    let found = db
        .all(LIST_MEMBERS, params![workspace, at, id, more.limit])
        .await?;
    let mut rows: Vec<_> = found.iter().map(MemberRow::with_user).collect::<Result<_>>()?;
    let next = page.cut(&mut rows, |(row, _)| Cursor {
        at: row.created_at,
        id: row.id.to_string(),
    });
    Ok((rows, next))
}

const COUNT_MEMBERS: Sql = sql("SELECT COUNT(*) AS members FROM workspace_members WHERE workspace_id = $1");

/// How many accesses there are to a workspace; call it with its owner's row locked.
pub async fn count_members(tx: &mut Tx, workspace: WorkspaceId) -> Result<i64> {
    tx.one(COUNT_MEMBERS, params![workspace])
        .await?
        .map_or(Ok(0), |row| row.int("members"))
}

const COUNT_GUESTS: Sql = sql(
    "SELECT COUNT(DISTINCT m.user_id) AS guests FROM workspaces w JOIN workspace_members m ON m.workspace_id = w.id \
     WHERE w.user_id = $1",
);

/// How many people `owner` let into a workspace.
pub async fn count_guests(db: &Db, owner: UserId) -> Result<i64> {
    db.one(COUNT_GUESTS, params![owner])
        .await?
        .map_or(Ok(0), |row| row.int("guests"))
}

const UPDATE_MEMBER: Sql = sql(
    "UPDATE workspace_members SET role = $2, status = 'pending', status_reason = NULL, connection_epoch = $3, \
       updated_at = $4, updated_by_id = $5, version_id = version_id + 1 WHERE id = $1",
);

/// Makes more or less of an access, which is pending then; false when it is gone.
pub async fn update_member(tx: &mut Tx, row: &MemberRow, at: Timestamp) -> Result<bool> {
    let values = params![
        row.id,
        row.role.as_str(),
        row.connection_epoch,
        at,
        row.updated_by_id
    ];
    Ok(tx.run(UPDATE_MEMBER, values).await? == 1)
}

const END_CONNECTIONS: Sql =
    sql("UPDATE workspace_members SET connection_epoch = connection_epoch + 1 WHERE id = $1");

/// Ends every connection by an access that is open now: none of them is of the new epoch.
pub async fn end_connections(tx: &mut Tx, id: MemberId) -> Result<bool> {
    Ok(tx.run(END_CONNECTIONS, params![id]).await? == 1)
}

const ACCEPT_MEMBER: Sql = sql(
    "UPDATE workspace_members SET status = 'accepted', status_reason = NULL WHERE id = $1 AND version_id = $2",
);

/// Says that PostgreSQL knows of the access as it was in this version; false when it has another one, or is gone.
pub async fn accept_member(tx: &mut Tx, id: MemberId, version: i64) -> Result<bool> {
    Ok(tx.run(ACCEPT_MEMBER, params![id, version]).await? == 1)
}

const EXPLAIN_MEMBER: Sql = sql("UPDATE workspace_members SET status_reason = $3 \
     WHERE workspace_id = $1 AND user_id = $2 AND status = 'pending'");

/// Says why an access cannot be used.
pub async fn explain_member(
    tx: &mut Tx,
    workspace: WorkspaceId,
    user: UserId,
    reason: Option<&str>,
) -> Result<bool> {
    Ok(tx.run(EXPLAIN_MEMBER, params![workspace, user, reason]).await? == 1)
}

const DELETE_MEMBER: Sql = sql("DELETE FROM workspace_members WHERE id = $1");

/// Takes an access back; false when it is gone.
pub async fn delete_member(tx: &mut Tx, id: MemberId) -> Result<bool> {
    Ok(tx.run(DELETE_MEMBER, params![id]).await? == 1)
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[
    INSERT_MEMBER,
    FIND_MEMBER,
    LIST_MEMBERS,
    COUNT_MEMBERS,
    COUNT_GUESTS,
    UPDATE_MEMBER,
    END_CONNECTIONS,
    ACCEPT_MEMBER,
    EXPLAIN_MEMBER,
    DELETE_MEMBER,
];
