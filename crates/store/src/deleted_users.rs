//! Accounts that are gone: their ids, so that nothing that was on its way is written in their names, and replicas know.

use jiff::Timestamp;
use model::UserId;

use crate::{
    Db, Result, Tx,
    sql::{Sql, params, sql},
};

/// What stands in the audit log where the handle of somebody deleted was. Nobody can choose it.
pub const PSEUDONYM: &str = model::audit::PSEUDONYM;

const INSERT_DELETED: Sql = sql("INSERT INTO deleted_users (id, deleted_at) VALUES ($1, $2)");
const DELETE_USER: Sql = sql("DELETE FROM users WHERE id = $1");

/// Puts the id in the account's place. Every row that belongs to the account goes with it; false when it was gone.
pub async fn bury_user(tx: &mut Tx, user: UserId, at: Timestamp) -> Result<bool> {
    if tx.run(DELETE_USER, params![user]).await? == 0 {
        return Ok(false);
    }
    tx.run(INSERT_DELETED, params![user, at]).await?;
    Ok(true)
}

const FIND_DELETED: Sql = sql("SELECT deleted_at FROM deleted_users WHERE id = $1");

/// When the account was deleted, if it was.
pub async fn find_deleted(db: &Db, user: UserId) -> Result<Option<Timestamp>> {
    db.one(FIND_DELETED, params![user])
        .await?
        .map(|row| row.time("deleted_at"))
        .transpose()
}

/// Whether the account is gone, read inside a write.
pub(crate) async fn is_deleted_in(tx: &mut Tx, user: &str) -> Result<bool> {
    Ok(tx.one(FIND_DELETED, params![user]).await?.is_some())
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[INSERT_DELETED, DELETE_USER, FIND_DELETED];
