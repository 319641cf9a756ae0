//! Which mails a person wants.

use jiff::Timestamp;
use model::{UserId, preferences::Communication};

use crate::{
    Db, Result, Tx,
    row::Row,
    sql::{Sql, params, sql},
};

/// The choices of an account, once it has made any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreferencesRow {
    /// The choices.
    pub communication: Communication,
    /// When they were last changed.
    pub updated_at: Timestamp,
    /// Counts the changes, from 2: the defaults are 1.
    pub version_id: i64,
}

impl PreferencesRow {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            communication: Communication {
                community_updates: row.parse("community_updates")?,
                product_updates: row.parse("product_updates")?,
                tips_and_tricks: row.parse("tips_and_tricks")?,
            },
            updated_at: row.time("updated_at")?,
            version_id: row.int("version_id")?,
        })
    }
}

const FIND_PREFERENCES: Sql = sql(
    "SELECT community_updates, product_updates, tips_and_tricks, updated_at, version_id \
     FROM user_preferences WHERE user_id = $1",
);

/// The choices of `user`; nothing when they never made any.
pub async fn find_preferences(db: &Db, user: UserId) -> Result<Option<PreferencesRow>> {
    db.one(FIND_PREFERENCES, params![user])
        .await?
        .as_ref()
        .map(PreferencesRow::from_row)
        .transpose()
}

/// The choices of `user`, read inside a write.
pub async fn find_preferences_in(tx: &mut Tx, user: UserId) -> Result<Option<PreferencesRow>> {
    tx.one(FIND_PREFERENCES, params![user])
        .await?
        .as_ref()
        .map(PreferencesRow::from_row)
        .transpose()
}

const UPSERT_PREFERENCES: Sql = sql("INSERT INTO user_preferences \
       (user_id, community_updates, product_updates, tips_and_tricks, updated_at, version_id) \
     VALUES ($1, $2, $3, $4, $5, 2) \
     ON CONFLICT (user_id) DO UPDATE SET community_updates = excluded.community_updates, \
       product_updates = excluded.product_updates, tips_and_tricks = excluded.tips_and_tricks, \
       updated_at = excluded.updated_at, version_id = user_preferences.version_id + 1");

/// Writes the choices of `user`.
pub async fn upsert_preferences(
    tx: &mut Tx,
    user: UserId,
    communication: &Communication,
    at: Timestamp,
) -> Result<()> {
    let values = params![
        user,
        communication.community_updates.as_str(),
        communication.product_updates.as_str(),
        communication.tips_and_tricks.as_str(),
        at,
    ];
    tx.run(UPSERT_PREFERENCES, values).await.map(drop)
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[FIND_PREFERENCES, UPSERT_PREFERENCES];
