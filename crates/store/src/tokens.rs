//! API tokens. Only keyed hashes are kept.

use jiff::Timestamp;
use model::{
    TokenId, UserId,
    networks::Networks,
    scope::Scope,
    token::{TokenState, TokenStatus},
};

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
    /// Its place among the account's tokens, from 1. A place holds one token, and one that retires from it; both are
    /// unique, so that the database itself holds the cap.
    pub slot: i64,
    /// What its owner calls it.
    pub title: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// How far it reaches.
    pub scope: Scope,
    /// From where it may be used.
    pub networks: Networks,
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
    /// Until when it goes on after it was rotated; `None` while it was not.
    pub retiring_until: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// From where it was last used.
    pub last_used_ip: Option<String>,
    /// Counts its changes, from 1.
    pub version_id: i64,
    /// What its owner was told of its end: so many days before, or 0 when it came.
    pub told_days: Option<i64>,
}

impl TokenRow {
    /// What a person calls it: its title, or its last four characters.
    pub fn name(&self) -> String {
        self.title.clone().unwrap_or_else(|| format!("…{}", self.last4))
    }

    /// When it stops to open anything: its own end, or that of its overlap.
    pub fn ends_at(&self) -> Option<Timestamp> {
        [self.expires_at, self.retiring_until].into_iter().flatten().min()
    }

    /// In which state it is at `now`.
    pub fn state(&self, now: Timestamp) -> TokenState {
        TokenState::of(self.status, self.retiring_until.is_some(), self.ends_at(), now)
    }

    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.parse("t_id")?,
            user_id: row.parse("t_user_id")?,
            slot: row.int("t_slot")?,
            title: row.opt_text("t_title")?,
            description: row.opt_text("t_description")?,
            scope: row.parse("t_scope")?,
            networks: row.parse("t_networks")?,
            last4: row.text("t_last4")?,
            mac: row.key("t_mac")?,
            auth_epoch: row.int("t_auth_epoch")?,
            status: row.parse("t_status")?,
            created_at: row.time("t_created_at")?,
            updated_at: row.opt_time("t_updated_at")?,
            expires_at: row.opt_time("t_expires_at")?,
            retiring_until: row.opt_time("t_retiring_until")?,
            last_used_at: row.opt_time("t_last_used_at")?,
            last_used_ip: row.opt_text("t_last_used_ip")?,
            version_id: row.int("t_version_id")?,
            told_days: row.opt_int("t_told_days")?,
        })
    }
}

macro_rules! columns {
    () => {
        "t.id AS t_id, t.user_id AS t_user_id, t.slot AS t_slot, t.title AS t_title, \
         t.description AS t_description, t.last4 AS t_last4, t.mac AS t_mac, t.auth_epoch AS t_auth_epoch, \
         t.status AS t_status, t.created_at AS t_created_at, t.updated_at AS t_updated_at, \
         t.expires_at AS t_expires_at, t.last_used_at AS t_last_used_at, t.last_used_ip AS t_last_used_ip, \
         t.version_id AS t_version_id, t.scope AS t_scope, t.networks AS t_networks, \
         t.retiring_until AS t_retiring_until, t.told_days AS t_told_days"
    };
}

const FIND_FREE_SLOT: Sql = sql("WITH RECURSIVE slots (slot) AS \
       (SELECT CAST(1 AS BIGINT) UNION ALL SELECT slot + 1 FROM slots WHERE slot < $2) \
     SELECT slot FROM slots \
     WHERE NOT EXISTS (SELECT 1 FROM tokens t \
       WHERE t.user_id = $1 AND t.slot = slots.slot AND t.retiring_until IS NULL) \
     ORDER BY slot LIMIT 1");

/// The lowest free slot of an account that may have `cap` tokens; `None` when all are taken. A token that retires takes
/// no slot. Two who find the same
/// one are told apart by the unique index when they insert.
pub async fn find_free_slot(tx: &mut Tx, user: UserId, cap: i64) -> Result<Option<i64>> {
    tx.one(FIND_FREE_SLOT, params![user, cap])
        .await?
        .map(|row| row.int("slot"))
        .transpose()
}

const DELETE_DEAD_TOKENS: Sql = sql("DELETE FROM tokens WHERE user_id = $1 \
     AND (auth_epoch <> $2 OR (retiring_until IS NOT NULL AND retiring_until <= $3))");

/// Removes tokens that a reset of authentication or the end of their overlap ended, so that their slots are free again.
pub async fn delete_dead_tokens(tx: &mut Tx, user: UserId, auth_epoch: i64, now: Timestamp) -> Result<u64> {
    tx.run(DELETE_DEAD_TOKENS, params![user, auth_epoch, now]).await
}

const DELETE_RETIRED_TOKENS: Sql =
    sql("DELETE FROM tokens WHERE retiring_until IS NOT NULL AND retiring_until < $1");

/// Removes the tokens of all accounts whose overlap ended before `before`.
pub async fn delete_retired_tokens(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    tx.run(DELETE_RETIRED_TOKENS, params![before]).await
}

const LIST_RETIRED_TOKENS: Sql = sql(concat!(
    "SELECT ",
    columns!(),
    " FROM tokens t WHERE t.user_id = $1 AND t.auth_epoch = $2 AND t.status = 'active' AND t.retiring_until <= $3 \
     AND (t.told_days IS NULL OR t.told_days > 0)"
));

/// The tokens of `user` whose overlap is over, and whose owner was not told so yet.
pub async fn list_retired_tokens(
    tx: &mut Tx,
    user: UserId,
    auth_epoch: i64,
    now: Timestamp,
) -> Result<Vec<TokenRow>> {
    let rows = tx
        .all(LIST_RETIRED_TOKENS, params![user, auth_epoch, now])
        .await?;
    rows.iter().map(TokenRow::from_row).collect()
}

const LIST_ENDING_TOKENS: Sql = sql(concat!(
    "SELECT ",
    columns!(),
    ", ",
    user_columns!(),
    " FROM tokens t JOIN users u ON u.id = t.user_id \
     WHERE t.status = 'active' AND u.state = 'active' AND t.auth_epoch = u.auth_epoch \
     AND (t.expires_at > $1 AND t.expires_at <= $2 OR t.retiring_until <= $3) \
     AND (t.told_days IS NULL OR t.told_days > 0) AND t.id > $4 ORDER BY t.id LIMIT $5"
));

/// Up to `limit` living tokens after the token `after`, with their owners, that expire after `past` and until `soon`, or
/// whose overlap is over `now`, and whose owner was not told yet that they ended.
pub async fn list_ending_tokens(
    db: &Db,
    (past, soon): (Timestamp, Timestamp),
    now: Timestamp,
    after: &str,
    limit: i64,
) -> Result<Vec<(TokenRow, UserRow)>> {
    let rows = db
        .all(LIST_ENDING_TOKENS, params![past, soon, now, after, limit])
        .await?;
    rows.iter()
        .map(|row| Ok((TokenRow::from_row(row)?, UserRow::from_row(row)?)))
        .collect()
}

const NOTE_TOLD: Sql = sql("UPDATE tokens SET told_days = $3 \
     WHERE user_id = $1 AND id = $2 AND (told_days IS NULL OR told_days > $3)");

/// Notes that the owner of a token was told of its end, `days` before; false when somebody else told them meanwhile.
pub async fn note_told(tx: &mut Tx, user: UserId, id: TokenId, days: i64) -> Result<bool> {
    Ok(tx.run(NOTE_TOLD, params![user, id, days]).await? == 1)
}

const RETIRE_TOKEN: Sql = sql(
    "UPDATE tokens SET retiring_until = $3, updated_at = $4, version_id = version_id + 1 \
     WHERE user_id = $1 AND id = $2 AND retiring_until IS NULL",
);

/// Lets a token go on until `until` beside the one that takes its slot; [`crate::Error::Duplicate`] when another
/// retires from that slot.
pub async fn retire_token(
    tx: &mut Tx,
    user: UserId,
    id: TokenId,
    until: Timestamp,
    at: Timestamp,
) -> Result<bool> {
    Ok(tx.run(RETIRE_TOKEN, params![user, id, until, at]).await? == 1)
}

const INSERT_TOKEN: Sql = sql(
    "INSERT INTO tokens (id, user_id, slot, title, description, last4, mac, auth_epoch, status, \
       created_at, expires_at, scope, networks, version_id) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1)",
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
        row.scope.as_str(),
        row.networks.to_string(),
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
     AND (t.retiring_until IS NULL OR t.retiring_until > $5) ORDER BY t.created_at, t.id LIMIT $4"
));

/// The tokens of `user`, oldest first. One whose overlap is over is gone, whenever its row goes.
pub async fn list_tokens(db: &Db, user: UserId, page: &Page, now: Timestamp) -> Result<Vec<TokenRow>> {
    let (at, id) = page.ascending();
    db.all(LIST_TOKENS, params![user, at, id, page.limit, now])
        .await?
        .iter()
        .map(TokenRow::from_row)
        .collect()
}

const UPDATE_TOKEN: Sql = sql(
    "UPDATE tokens SET title = $3, description = $4, status = $5, networks = $6, updated_at = $7, \
       version_id = version_id + 1 WHERE user_id = $1 AND id = $2",
);

/// Writes title, description, status and networks of a token.
pub async fn update_token(tx: &mut Tx, row: &TokenRow, at: Timestamp) -> Result<bool> {
    let values = params![
        row.user_id,
        row.id,
        &row.title,
        &row.description,
        row.status.as_str(),
        row.networks.to_string(),
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
    DELETE_RETIRED_TOKENS,
    LIST_RETIRED_TOKENS,
    LIST_ENDING_TOKENS,
    NOTE_TOLD,
    RETIRE_TOKEN,
    INSERT_TOKEN,
    FIND_CREDENTIAL,
    FIND_TOKEN,
    LIST_TOKENS,
    UPDATE_TOKEN,
    DELETE_TOKEN,
    UPDATE_LAST_USED,
];
