//! Avatars: the pictures that people chose, as we drew them. Who has none has the generated one.

use jiff::Timestamp;
use model::UserId;

use crate::{
    Db, Result, Tx,
    sql::{Sql, params, sql},
};

/// A stored avatar.
#[derive(Debug, Clone)]
pub struct AvatarRow {
    /// Whose it is.
    pub user_id: UserId,
    /// The account's own count when it was stored.
    pub version: i64,
    /// The picture, as we drew it.
    pub picture: Vec<u8>,
    /// Where it was fetched from, if it was not uploaded.
    pub source_url: Option<String>,
    /// When it was stored.
    pub created_at: Timestamp,
}

/// Where a stored avatar comes from.
#[derive(Debug, Clone)]
pub struct AvatarOrigin {
    /// Where it was fetched from, if it was not uploaded.
    pub source_url: Option<String>,
    /// When it was stored.
    pub created_at: Timestamp,
}

const FIND_AVATAR: Sql =
    sql("SELECT version, picture, source_url, created_at FROM avatars WHERE user_id = $1");

/// The avatar of `user`.
pub async fn find_avatar(db: &Db, user: UserId) -> Result<Option<AvatarRow>> {
    let row = db.one(FIND_AVATAR, params![user]).await?;
    row.map(|row| {
        Ok(AvatarRow {
            user_id: user,
            version: row.int("version")?,
            picture: row.bytes("picture")?,
            source_url: row.opt_text("source_url")?,
            created_at: row.time("created_at")?,
        })
    })
    .transpose()
}

const FIND_AVATAR_ORIGIN: Sql = sql("SELECT source_url, created_at FROM avatars WHERE user_id = $1");

/// Where the avatar of `user` comes from, without the picture itself.
pub async fn find_avatar_origin(db: &Db, user: UserId) -> Result<Option<AvatarOrigin>> {
    let row = db.one(FIND_AVATAR_ORIGIN, params![user]).await?;
    row.map(|row| {
        Ok(AvatarOrigin {
            source_url: row.opt_text("source_url")?,
            created_at: row.time("created_at")?,
        })
    })
    .transpose()
}

const UPSERT_AVATAR: Sql = sql(
    "INSERT INTO avatars (user_id, version, picture, source_url, created_at) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (user_id) DO UPDATE SET version = excluded.version, picture = excluded.picture, \
       source_url = excluded.source_url, created_at = excluded.created_at",
);

/// Stores an avatar in place of the one before.
pub async fn upsert_avatar(tx: &mut Tx, row: &AvatarRow) -> Result<()> {
    let values = params![
        row.user_id,
        row.version,
        row.picture.as_slice(),
        &row.source_url,
        row.created_at,
    ];
    tx.run(UPSERT_AVATAR, values).await.map(drop)
}

const DELETE_AVATAR: Sql = sql("DELETE FROM avatars WHERE user_id = $1");

/// Forgets the avatar of `user`; false when there was none.
pub async fn delete_avatar(tx: &mut Tx, user: UserId) -> Result<bool> {
    Ok(tx.run(DELETE_AVATAR, params![user]).await? == 1)
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[FIND_AVATAR, FIND_AVATAR_ORIGIN, UPSERT_AVATAR, DELETE_AVATAR];
