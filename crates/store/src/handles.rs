//! Who has a handle, and who gave it up: current and held names in one table, so that one statement claims a name and
//! two people never get the same.

use jiff::Timestamp;
use model::{UserId, handle::Handle};

use crate::{
    Db, Result, Tx,
    row::Row,
    sql::{Sql, params, sql},
};

/// A name that somebody has, or gave up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandleRow {
    /// The name.
    pub handle: Handle,
    /// Who has it, or may take it back; nobody when the account is deleted.
    pub user_id: Option<UserId>,
    /// When it was claimed or given up.
    pub since: Timestamp,
    /// Until when nobody else can claim it; `None` while it is an account's name now.
    pub held_until: Option<Timestamp>,
}

impl HandleRow {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            handle: row.parse("handle")?,
            user_id: row.opt_parse("user_id")?,
            since: row.time("since")?,
            held_until: row.opt_time("held_until")?,
        })
    }

    /// Whether `user` could claim it at `now`; the claim itself decides.
    pub fn is_free_for(&self, user: Option<UserId>, now: Timestamp) -> bool {
        self.held_until
            .is_some_and(|until| until <= now || (user.is_some() && self.user_id == user))
    }
}

const CLAIM_HANDLE: Sql = sql(
    "INSERT INTO handles (handle, user_id, since, held_until) VALUES ($1, $2, $3, NULL) \
     ON CONFLICT (handle) DO UPDATE SET user_id = excluded.user_id, since = excluded.since, held_until = NULL \
     WHERE handles.held_until IS NOT NULL \
       AND (handles.held_until <= excluded.since OR handles.user_id = excluded.user_id)",
);

/// Makes `handle` the name of `user`, where it is free, its hold is over, or it is held for that user; else false, and
/// nothing is changed. Of all who claim a name at once one succeeds.
pub async fn claim_handle(tx: &mut Tx, handle: &Handle, user: UserId, at: Timestamp) -> Result<bool> {
    Ok(tx.run(CLAIM_HANDLE, params![handle.as_str(), user, at]).await? == 1)
}

const HOLD_HANDLE: Sql = sql("UPDATE handles SET since = $3, held_until = $4 \
     WHERE handle = $1 AND user_id = $2 AND held_until IS NULL");

/// Gives up `handle`, which is a name of `user`: until `until` nobody else can claim it. False when it is not theirs.
/// The account may then be deleted; the hold stays, and forgets whose name it was.
pub async fn hold_handle(
    tx: &mut Tx,
    handle: &Handle,
    user: UserId,
    at: Timestamp,
    until: Timestamp,
) -> Result<bool> {
    let values = params![handle.as_str(), user, at, until];
    Ok(tx.run(HOLD_HANDLE, values).await? == 1)
}

const FIND_HANDLE: Sql = sql("SELECT handle, user_id, since, held_until FROM handles WHERE handle = $1");

/// The name, if anybody has it or gave it up.
pub async fn find_handle(db: &Db, handle: &Handle) -> Result<Option<HandleRow>> {
    db.one(FIND_HANDLE, params![handle.as_str()])
        .await?
        .as_ref()
        .map(HandleRow::from_row)
        .transpose()
}

/// The name, read inside a write.
pub async fn find_handle_in(tx: &mut Tx, handle: &Handle) -> Result<Option<HandleRow>> {
    tx.one(FIND_HANDLE, params![handle.as_str()])
        .await?
        .as_ref()
        .map(HandleRow::from_row)
        .transpose()
}

const LIST_HELD_HANDLES: Sql = sql(
    "SELECT handle, user_id, since, held_until FROM handles WHERE user_id = $1 AND held_until > $2 \
     ORDER BY since DESC, handle",
);

/// The names that `user` gave up and that are still held, the last one first.
pub async fn list_held_handles(db: &Db, user: UserId, now: Timestamp) -> Result<Vec<HandleRow>> {
    db.all(LIST_HELD_HANDLES, params![user, now])
        .await?
        .iter()
        .map(HandleRow::from_row)
        .collect()
}

const DELETE_EXPIRED_HOLDS: Sql = sql("DELETE FROM handles WHERE held_until <= $1");

/// Forgets names whose hold ended before `at`.
pub async fn delete_expired_holds(tx: &mut Tx, at: Timestamp) -> Result<u64> {
    tx.run(DELETE_EXPIRED_HOLDS, params![at]).await
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[
    CLAIM_HANDLE,
    HOLD_HANDLE,
    FIND_HANDLE,
    LIST_HELD_HANDLES,
    DELETE_EXPIRED_HOLDS,
];
