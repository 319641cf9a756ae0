//! Devices and networks that an account was signed in from. Only keyed hashes are kept.

use jiff::Timestamp;
use model::UserId;

use crate::{
    Result, Tx,
    sql::{Sql, params, sql},
};

/// What is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaceKind {
    /// That the account was signed in at all; it has no hash.
    Account,
    /// A browser or program.
    Device,
    /// A network.
    Network,
}

impl PlaceKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Device => "device",
            Self::Network => "network",
        }
    }
}

const SEE_PLACE: Sql =
    sql("UPDATE known_places SET seen_at = $4 WHERE user_id = $1 AND kind = $2 AND mac = $3");
const INSERT_PLACE: Sql =
    sql("INSERT INTO known_places (user_id, kind, mac, seen_at) VALUES ($1, $2, $3, $4)");

/// Notes that `user`, whose row the transaction has locked, is there; true when they never were before.
pub async fn note_place(
    tx: &mut Tx,
    user: UserId,
    kind: PlaceKind,
    mac: &[u8],
    at: Timestamp,
) -> Result<bool> {
    let known = tx.run(SEE_PLACE, params![user, kind.as_str(), mac, at]).await?;
    if known > 0 {
        return Ok(false);
    }
    tx.run(INSERT_PLACE, params![user, kind.as_str(), mac, at])
        .await?;
    Ok(true)
}

const FORGET_PLACES: Sql = sql("DELETE FROM known_places WHERE user_id = $1 AND kind <> 'account'");

/// Forgets where `user` was, but not that they were.
pub async fn forget_places(tx: &mut Tx, user: UserId) -> Result<u64> {
    tx.run(FORGET_PLACES, params![user]).await
}

const DELETE_OLD_PLACES: Sql = sql("DELETE FROM known_places WHERE seen_at < $1 AND kind <> 'account'");

/// Forgets the places where nobody was since `before`.
pub async fn delete_old_places(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    tx.run(DELETE_OLD_PLACES, params![before]).await
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[SEE_PLACE, INSERT_PLACE, FORGET_PLACES, DELETE_OLD_PLACES];
