//! Workspaces as those see them who may enter: their own, and those of others who let them in.

use model::{
    UserId, WorkspaceId,
    member::{MemberStatus, Role},
};

use crate::{
    Cursor, Db, Page, Result,
    members::{MemberRow, member_columns},
    row::Row,
    sql::{Sql, Value, params, sql},
    users::{UserRow, user_columns},
    workspaces::{WorkspaceRow, is_name, workspace_columns},
};

/// A workspace that somebody may enter.
#[derive(Debug, Clone)]
pub struct AccessRow {
    /// The workspace.
    pub workspace: WorkspaceRow,
    /// Whose it is.
    pub owner: UserRow,
    /// By what they may enter who are not its owner.
    pub member: Option<MemberRow>,
}

impl AccessRow {
    /// What the person is in the workspace.
    pub fn role(&self) -> Role {
        self.member
            .as_ref()
            .map_or(Role::Owner, |member| Role::Member(member.role))
    }

    /// Whether the person can enter now, as far as it is up to the access.
    pub fn status(&self) -> MemberStatus {
        self.member
            .as_ref()
            .map_or(MemberStatus::Accepted, |member| member.status)
    }

    fn from_row(row: &Row) -> Result<Self> {
        let member = match row.opt_text("m_id")? {
            Some(_) => Some(MemberRow::from_row(row)?),
            None => None,
        };
        Ok(Self {
            workspace: WorkspaceRow::from_row(row)?,
            owner: UserRow::from_row(row)?,
            member,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT ",
            workspace_columns!(),
            ", ",
            user_columns!(),
            ", ",
            member_columns!(),
            " FROM workspaces w JOIN users u ON u.id = w.user_id \
             LEFT JOIN workspace_members m ON m.workspace_id = w.id AND m.user_id = $1 AND w.user_id <> $1 ",
            $rest
        )
    };
}

const FIND_ACCESS: Sql = sql(select!(
    "WHERE w.id = $2 AND (w.user_id = $1 OR m.id IS NOT NULL)"
));

/// A workspace that `user` may enter, by its id.
pub async fn find_access(db: &Db, user: UserId, workspace: WorkspaceId) -> Result<Option<AccessRow>> {
    find(db, FIND_ACCESS, params![user, workspace]).await
}

const FIND_ACCESS_BY_DATABASE: Sql = sql(select!(
    "WHERE w.database_name = $2 AND (w.user_id = $1 OR m.id IS NOT NULL)"
));

/// A workspace that `user` may enter, by the name of its database.
pub async fn find_access_by_database(db: &Db, user: UserId, database: &str) -> Result<Option<AccessRow>> {
    find(db, FIND_ACCESS_BY_DATABASE, params![user, database]).await
}

const FIND_NAMED_ACCESS: Sql = sql(select!(
    "WHERE (u.handle = $2 OR u.id = $2) AND (w.handle = $3 OR w.id = $3) \
     AND (w.user_id = $1 OR m.id IS NOT NULL)"
));

/// A workspace that `user` may enter, by handle or id of its owner and of itself. Whether there is an owner of that name
/// makes no difference to what is done.
pub async fn find_named_access(
    db: &Db,
    user: UserId,
    owner: &str,
    workspace: &str,
) -> Result<Option<AccessRow>> {
    if !is_name(workspace) || owner.contains('\0') {
        return Ok(None);
    }
    find(db, FIND_NAMED_ACCESS, params![user, owner, workspace]).await
}

const LIST_ACCESSES: Sql = sql(select!(
    "WHERE w.id IN (SELECT o.id FROM workspaces o WHERE o.user_id = $1 \
       UNION ALL SELECT s.workspace_id FROM workspace_members s WHERE s.user_id = $1) \
     AND (w.created_at > $2 OR (w.created_at = $2 AND w.id > $3)) \
     ORDER BY w.created_at, w.id LIMIT $4"
));

const LIST_SHARED: Sql = sql(select!(
    "WHERE m.id IS NOT NULL AND w.id IN (SELECT s.workspace_id FROM workspace_members s WHERE s.user_id = $1) \
     AND (w.created_at > $2 OR (w.created_at = $2 AND w.id > $3)) \
     ORDER BY w.created_at, w.id LIMIT $4"
));

/// The workspaces that `user` may enter, oldest first.
pub async fn list_accesses(db: &Db, user: UserId, page: &Page) -> Result<(Vec<AccessRow>, Option<Cursor>)> {
    list(db, LIST_ACCESSES, user, page).await
}

/// The workspaces of others that `user` may enter, oldest first.
pub async fn list_shared(db: &Db, user: UserId, page: &Page) -> Result<(Vec<AccessRow>, Option<Cursor>)> {
    list(db, LIST_SHARED, user, page).await
}

async fn find(db: &Db, statement: Sql, values: Vec<Value>) -> Result<Option<AccessRow>> {
    let row = db.one(statement, values).await?;
    row.as_ref().map(AccessRow::from_row).transpose()
}

async fn list(
    db: &Db,
    statement: Sql,
    user: UserId,
    page: &Page,
) -> Result<(Vec<AccessRow>, Option<Cursor>)> {
    let more = page.one_more();
    let (at, id) = more.ascending();
    let found = db.all(statement, params![user, at, id, more.limit]).await?;
    let mut rows: Vec<_> = found.iter().map(AccessRow::from_row).collect::<Result<_>>()?;
    let next = page.cut(&mut rows, |row| Cursor {
        at: row.workspace.created_at,
        id: row.workspace.id.to_string(),
    });
    Ok((rows, next))
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[
    FIND_ACCESS,
    FIND_ACCESS_BY_DATABASE,
    FIND_NAMED_ACCESS,
    LIST_ACCESSES,
    LIST_SHARED,
];
