//! Accounts.

use jiff::Timestamp;
use model::{UserId, handle::Handle};

use crate::{
    Db, Result, Tx,
    row::Row,
    sql::{Sql, params, sql},
};

/// The columns of a user in any query that calls the table `u`.
macro_rules! user_columns {
    () => {
        "u.id AS u_id, u.handle AS u_handle, u.display_name AS u_display_name, u.avatar_version AS u_avatar_version, \
         u.url AS u_url, u.state AS u_state, u.auth_epoch AS u_auth_epoch, \
         u.token_min_issued_at AS u_token_min_issued_at, u.connection_epoch AS u_connection_epoch, \
         u.created_at AS u_created_at, \
         u.updated_at AS u_updated_at, u.version_id AS u_version_id"
    };
}
pub(crate) use user_columns;

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    /// Its id, which never changes.
    pub id: UserId,
    /// Its handle now.
    pub handle: Handle,
    /// Its display name, if it has one.
    pub display_name: Option<String>,
    /// The version of its stored avatar; without one it has the generated picture.
    pub avatar_version: Option<i64>,
    /// Its home page.
    pub url: Option<String>,
    /// False while the operator has switched it off.
    pub active: bool,
    /// Credentials of an earlier epoch are dead.
    pub auth_epoch: i64,
    /// When the epoch last moved, for display.
    pub token_min_issued_at: Option<Timestamp>,
    /// Database connections of an earlier epoch are ended.
    pub connection_epoch: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Option<Timestamp>,
    /// Counts its changes, from 1.
    pub version_id: i64,
}

impl UserRow {
    pub(crate) fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.parse("u_id")?,
            handle: row.parse("u_handle")?,
            display_name: row.opt_text("u_display_name")?,
            avatar_version: row.opt_int("u_avatar_version")?,
            url: row.opt_text("u_url")?,
            active: row.text("u_state")? == "active",
            auth_epoch: row.int("u_auth_epoch")?,
            token_min_issued_at: row.opt_time("u_token_min_issued_at")?,
            connection_epoch: row.int("u_connection_epoch")?,
            created_at: row.time("u_created_at")?,
            updated_at: row.opt_time("u_updated_at")?,
            version_id: row.int("u_version_id")?,
        })
    }
}

const FIND_USER: Sql = sql(concat!(
    "SELECT ",
    user_columns!(),
    " FROM users u WHERE u.id = $1"
));

/// The account with this id.
pub async fn find_user(db: &Db, id: UserId) -> Result<Option<UserRow>> {
    db.one(FIND_USER, params![id])
        .await?
        .as_ref()
        .map(UserRow::from_row)
        .transpose()
}

const FIND_USER_BY_HANDLE: Sql = sql(concat!(
    "SELECT ",
    user_columns!(),
    " FROM users u WHERE u.handle = $1"
));

/// The account with this handle.
pub async fn find_user_by_handle(db: &Db, handle: &Handle) -> Result<Option<UserRow>> {
    db.one(FIND_USER_BY_HANDLE, params![handle.as_str()])
        .await?
        .as_ref()
        .map(UserRow::from_row)
        .transpose()
}

const FIND_USER_BY_EMAIL: Sql = sql(concat!(
    "SELECT ",
    user_columns!(),
    " FROM users u JOIN user_emails e ON e.user_id = u.id WHERE e.email_key = $1 AND e.status = 'verified'"
));

/// The account that a verified address belongs to.
pub async fn find_user_by_email(db: &Db, email_key: &str) -> Result<Option<UserRow>> {
    db.one(FIND_USER_BY_EMAIL, params![email_key])
        .await?
        .as_ref()
        .map(UserRow::from_row)
        .transpose()
}

const LOCK_USER: Sql = sql("UPDATE users SET version_id = version_id WHERE id = $1");

/// Takes the account's row lock until the end of the transaction, and reads the account under it. Everything that
/// issues or ends credentials does this first, so that they never cross (security A.6).
pub async fn lock_user(tx: &mut Tx, id: UserId) -> Result<Option<UserRow>> {
    if tx.run(LOCK_USER, params![id]).await? == 0 {
        return Ok(None);
    }
    tx.one(FIND_USER, params![id])
        .await?
        .as_ref()
        .map(UserRow::from_row)
        .transpose()
}

const INSERT_USER: Sql = sql(
    "INSERT INTO users (id, handle, display_name, state, auth_epoch, created_at, version_id) \
     VALUES ($1, $2, $3, 'active', 1, $4, 1)",
);

/// A new account; [`crate::Error::Duplicate`] when the handle is taken.
pub async fn insert_user(
    tx: &mut Tx,
    id: UserId,
    handle: &Handle,
    display_name: Option<&str>,
    at: Timestamp,
) -> Result<()> {
    tx.run(INSERT_USER, params![id, handle.as_str(), display_name, at])
        .await
        .map(drop)
}

const UPDATE_PROFILE: Sql = sql(
    "UPDATE users SET display_name = $2, url = $3, updated_at = $4, version_id = version_id + 1 WHERE id = $1",
);

/// Writes the profile of `user`.
pub async fn update_profile(tx: &mut Tx, user: &UserRow, at: Timestamp) -> Result<bool> {
    let values = params![user.id, &user.display_name, &user.url, at];
    Ok(tx.run(UPDATE_PROFILE, values).await? == 1)
}

const UPDATE_HANDLE: Sql = sql(
    "UPDATE users SET handle = $2, handle_changed_at = $3, updated_at = $3, version_id = version_id + 1 \
     WHERE id = $1 AND state = 'active' AND (handle_changed_at IS NULL OR handle_changed_at <= $4)",
);

/// Renames the account, unless its handle changed after `last_change_before`; false then. Claim the handle first.
pub async fn update_handle(
    tx: &mut Tx,
    id: UserId,
    handle: &Handle,
    at: Timestamp,
    last_change_before: Timestamp,
) -> Result<bool> {
    let values = params![id, handle.as_str(), at, last_change_before];
    Ok(tx.run(UPDATE_HANDLE, values).await? == 1)
}

const FIND_HANDLE_CHANGE: Sql = sql("SELECT handle_changed_at FROM users WHERE id = $1");

/// When the account's handle last changed, if it ever did.
pub async fn find_handle_change(db: &Db, id: UserId) -> Result<Option<Timestamp>> {
    db.one(FIND_HANDLE_CHANGE, params![id])
        .await?
        .map_or(Ok(None), |row| row.opt_time("handle_changed_at"))
}

/// When the account's handle last changed, read inside a write.
pub async fn find_handle_change_in(tx: &mut Tx, id: UserId) -> Result<Option<Timestamp>> {
    tx.one(FIND_HANDLE_CHANGE, params![id])
        .await?
        .map_or(Ok(None), |row| row.opt_time("handle_changed_at"))
}

const UPDATE_AVATAR_VERSION: Sql =
    sql("UPDATE users SET avatar_version = $2, updated_at = $3, version_id = version_id + 1 WHERE id = $1");

/// Says which avatar the account has now.
pub async fn update_avatar_version(
    tx: &mut Tx,
    id: UserId,
    version: Option<i64>,
    at: Timestamp,
) -> Result<bool> {
    Ok(tx.run(UPDATE_AVATAR_VERSION, params![id, version, at]).await? == 1)
}

const UPDATE_STATE: Sql = sql(
    "UPDATE users SET state = $2, updated_at = $3, version_id = version_id + 1 WHERE id = $1 AND state <> $2",
);

/// Switches the account on or off; false when it was so already.
pub async fn update_state(tx: &mut Tx, id: UserId, active: bool, at: Timestamp) -> Result<bool> {
    let state = if active { "active" } else { "disabled" };
    Ok(tx.run(UPDATE_STATE, params![id, state, at]).await? == 1)
}

const RESET_AUTH: Sql = sql(
    "UPDATE users SET auth_epoch = auth_epoch + 1, token_min_issued_at = $2, updated_at = $2, \
       version_id = version_id + 1 WHERE id = $1",
);

/// Ends every session and token of the account that exists now: none of them is of the new epoch.
pub async fn reset_auth(tx: &mut Tx, id: UserId, at: Timestamp) -> Result<bool> {
    Ok(tx.run(RESET_AUTH, params![id, at]).await? == 1)
}

const LIST_USERS: Sql = sql(concat!(
    "SELECT ",
    user_columns!(),
    " FROM users u ORDER BY u.handle"
));

/// All accounts by handle, for the operator.
pub async fn list_users(db: &Db) -> Result<Vec<UserRow>> {
    db.all(LIST_USERS, params![])
        .await?
        .iter()
        .map(UserRow::from_row)
        .collect()
}

const HAS_USERS: Sql = sql("SELECT 1 AS one FROM users LIMIT 1");

/// Whether there is any account.
pub async fn has_users(db: &Db) -> Result<bool> {
    Ok(db.one(HAS_USERS, params![]).await?.is_some())
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[
    FIND_USER,
    FIND_USER_BY_HANDLE,
    FIND_USER_BY_EMAIL,
    LOCK_USER,
    INSERT_USER,
    UPDATE_PROFILE,
    UPDATE_HANDLE,
    FIND_HANDLE_CHANGE,
    UPDATE_AVATAR_VERSION,
    UPDATE_STATE,
    RESET_AUTH,
    LIST_USERS,
    HAS_USERS,
];
