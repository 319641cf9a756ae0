//! API tokens. Only keyed hashes are kept.

use jiff::Timestamp;
use model::{TokenId, UserId, token::TokenStatus};

use crate::{
    Db, Page, Result, Tx,
    row::Row,
    sql::{Sql, params, sql},
    users::{UserRow, user_columns},
};

/// An API token.
#[derive(Debug, Clone)]
pub struct TokenRow {
    /// Its id, also the public part of the token.
    pub id: TokenId,
    /// Whose it is.
    pub user_id: UserId,
    /// Its place among the account's tokens, from 1; unique, so that the database itself holds the cap.
    pub slot: i64,
    /// What its owner calls it.
    pub title: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The last four characters of the token.
    pub last4: String,
    /// Keyed hash of the token.
    pub mac: [u8; 32],
    /// The account's epoch when it was made.
    pub auth_epoch: i64,
    /// Active or not.
    pub status: TokenStatus,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Option<Timestamp>,
    /// When it ends; `None` is never.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// From where it was last used.
    pub last_used_ip: Option<String>,
    /// Counts its changes, from 1.
    pub version_id: i64,
}

impl TokenRow {
    /// What a person calls it: its title, or its last four characters.
    pub fn name(&self) -> String {
        self.title.clone().unwrap_or_else(|| format!("…{}", self.last4))
    }

    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.parse("t_id")?,
            user_id: row.parse("t_user_id")?,
            slot: row.int("t_slot")?,
            title: row.opt_text("t_title")?,
            description: row.opt_text("t_description")?,
            last4: row.text("t_last4")?,
            mac: row.key("t_mac")?,
            auth_epoch: row.int("t_auth_epoch")?,
            status: row.parse("t_status")?,
            created_at: row.time("t_created_at")?,
            updated_at: row.opt_time("t_updated_at")?,
            expires_at: row.opt_time("t_expires_at")?,
            last_used_at: row.opt_time("t_last_used_at")?,
            last_used_ip: row.opt_text("t_last_used_ip")?,
            version_id: row.int("t_version_id")?,
        })
    }
}

macro_rules! columns {
    () => {
        "t.id AS t_id, t.user_id AS t_user_id, t.slot AS t_slot, t.title AS t_title, \
         t.description AS t_description, t.last4 AS t_last4, t.mac AS t_mac, t.auth_epoch AS t_auth_epoch, \
         t.status AS t_status, t.created_at AS t_created_at, t.updated_at AS t_updated_at, \
         t.expires_at AS t_expires_at, t.last_used_at AS t_last_used_at, t.last_used_ip AS t_last_used_ip, \
         t.version_id AS t_version_id"
    };
}

const FIND_FREE_SLOT: Sql = sql("WITH RECURSIVE slots (slot) AS \
       (SELECT CAST(1 AS BIGINT) UNION ALL SELECT slot + 1 FROM slots WHERE slot < $2) \
     SELECT slot FROM slots \
     WHERE NOT EXISTS (SELECT 1 FROM tokens t WHERE t.user_id = $1 AND t.slot = slots.slot) \
     ORDER BY slot LIMIT 1");

/// The lowest free slot of an account that may have `cap` tokens; `None` when all are taken. Two who find the same
/// one are told apart by the unique index when they insert.
pub async fn find_free_slot(tx: &mut Tx, user: UserId, cap: i64) -> Result<Option<i64>> {
    tx.one(FIND_FREE_SLOT, params![user, cap])
        .await?
        .map(|row| row.int("slot"))
        .transpose()
}

const DELETE_DEAD_TOKENS: Sql = sql("DELETE FROM tokens WHERE user_id = $1 AND auth_epoch <> $2");

/// Removes tokens that a reset of authentication ended, so that their slots are free again.
pub async fn delete_dead_tokens(tx: &mut Tx, user: UserId, auth_epoch: i64) -> Result<u64> {
    tx.run(DELETE_DEAD_TOKENS, params![user, auth_epoch]).await
}

const INSERT_TOKEN: Sql = sql(
    "INSERT INTO tokens (id, user_id, slot, title, description, last4, mac, auth_epoch, status, \
       created_at, expires_at, version_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1)",
);

/// A new token; [`crate::Error::Duplicate`] when its slot is taken.
pub async fn insert_token(tx: &mut Tx, row: &TokenRow) -> Result<()> {
    let values = params![
        row.id,
        row.user_id,
        row.slot,
        &row.title,
        &row.description,
        &row.last4,
        &row.mac,
        row.auth_epoch,
        row.status.as_str(),
        row.created_at,
        row.expires_at,
    ];
    tx.run(INSERT_TOKEN, values).await.map(drop)
}

const FIND_CREDENTIAL: Sql = sql(concat!(
    "SELECT ",
    columns!(),
    ", ",
    user_columns!(),
    " FROM tokens t JOIN users u ON u.id = t.user_id WHERE t.id = $1"
));

/// The token with this id and its owner, for authentication.
pub async fn find_credential(db: &Db, id: TokenId) -> Result<Option<(TokenRow, UserRow)>> {
    let row = db.one(FIND_CREDENTIAL, params![id]).await?;
    row.map(|row| Ok((TokenRow::from_row(&row)?, UserRow::from_row(&row)?)))
        .transpose()
}

const FIND_TOKEN: Sql = sql(concat!(
    "SELECT ",
    columns!(),
    " FROM tokens t WHERE t.user_id = $1 AND t.id = $2"
));

/// A token of `user`.
pub async fn find_token(db: &Db, user: UserId, id: TokenId) -> Result<Option<TokenRow>> {
    db.one(FIND_TOKEN, params![user, id])
        .await?
        .as_ref()
        .map(TokenRow::from_row)
        .transpose()
}

/// A token of `user`, read inside a write.
pub async fn find_token_in(tx: &mut Tx, user: UserId, id: TokenId) -> Result<Option<TokenRow>> {
    tx.one(FIND_TOKEN, params![user, id])
        .await?
        .as_ref()
        .map(TokenRow::from_row)
        .transpose()
}

const LIST_TOKENS: Sql = sql(concat!(
    "SELECT ",
    columns!(),
    " FROM tokens t WHERE t.user_id = $1 AND (t.created_at > $2 OR (t.created_at = $2 AND t.id > $3)) \
     ORDER BY t.created_at, t.id LIMIT $4"
));

/// The tokens of `user`, oldest first.
pub async fn list_tokens(db: &Db, user: UserId, page: &Page) -> Result<Vec<TokenRow>> {
    let (at, id) = page.ascending();
    db.all(LIST_TOKENS, params![user, at, id, page.limit])
        .await?
        .iter()
        .map(TokenRow::from_row)
        .collect()
}

const UPDATE_TOKEN: Sql = sql(
    "UPDATE tokens SET title = $3, description = $4, status = $5, updated_at = $6, version_id = version_id + 1 \
     WHERE user_id = $1 AND id = $2",
);

/// Writes title, description and status of a token.
pub async fn update_token(tx: &mut Tx, row: &TokenRow, at: Timestamp) -> Result<bool> {
    let values = params![
        row.user_id,
        row.id,
        &row.title,
        &row.description,
        row.status.as_str(),
        at
    ];
    Ok(tx.run(UPDATE_TOKEN, values).await? == 1)
}

const DELETE_TOKEN: Sql = sql("DELETE FROM tokens WHERE user_id = $1 AND id = $2");

/// Deletes a token of `user`; false when there was none.
pub async fn delete_token(tx: &mut Tx, user: UserId, id: TokenId) -> Result<bool> {
    Ok(tx.run(DELETE_TOKEN, params![user, id]).await? == 1)
}

const UPDATE_LAST_USED: Sql = sql("UPDATE tokens SET last_used_at = $2, last_used_ip = $3 \
     WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)");

/// Notes when and from where a token was last used.
pub async fn update_last_used(tx: &mut Tx, id: TokenId, at: Timestamp, ip: &str) -> Result<()> {
    tx.run(UPDATE_LAST_USED, params![id, at, ip]).await.map(drop)
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[
    FIND_FREE_SLOT,
    DELETE_DEAD_TOKENS,
    INSERT_TOKEN,
    FIND_CREDENTIAL,
    FIND_TOKEN,
    LIST_TOKENS,
    UPDATE_TOKEN,
    DELETE_TOKEN,
    UPDATE_LAST_USED,
];
