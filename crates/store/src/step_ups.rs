//! Codes by which signed-in people confirm that it is them: at most one a session, kept as a keyed hash.

use jiff::Timestamp;
use model::{SessionId, UserId};

use crate::{
    Db, Result, Tx,
    row::Row,
    sql::{Sql, params, sql},
};

/// The code that is out for a session.
#[derive(Debug, Clone)]
pub struct StepUpRow {
    /// The session that it confirms.
    pub session_id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// Keyed hash of the code.
    pub code_mac: [u8; 32],
    /// Tries with this code.
    pub tries: i64,
    /// Tries with all codes of this session since the last right one.
    pub failures: i64,
    /// When it was sent.
    pub created_at: Timestamp,
    /// Until when it works.
    pub expires_at: Timestamp,
}

macro_rules! columns {
    () => {
        "session_id, user_id, code_mac, tries, failures, created_at, expires_at"
    };
}

impl StepUpRow {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            session_id: row.parse("session_id")?,
            user_id: row.parse("user_id")?,
            code_mac: row.key("code_mac")?,
            tries: row.int("tries")?,
            failures: row.int("failures")?,
            created_at: row.time("created_at")?,
            expires_at: row.time("expires_at")?,
        })
    }
}

const UPSERT_STEP_UP: Sql = sql("INSERT INTO step_ups \
       (session_id, user_id, code_mac, tries, failures, created_at, expires_at) \
     SELECT s.id, s.user_id, $3, 0, 0, $4, $5 FROM sessions s WHERE s.id = $1 AND s.user_id = $2 \
     ON CONFLICT (session_id) DO UPDATE SET code_mac = excluded.code_mac, tries = 0, \
       created_at = excluded.created_at, expires_at = excluded.expires_at");

/// Writes a new code in place of the last one; the session's failures stay. False when the session ended.
pub async fn upsert_step_up(tx: &mut Tx, row: &StepUpRow) -> Result<bool> {
    let values = params![
        row.session_id,
        row.user_id,
        &row.code_mac,
        row.created_at,
        row.expires_at
    ];
    Ok(tx.run(UPSERT_STEP_UP, values).await? == 1)
}

const FIND_STEP_UP: Sql = sql(concat!(
    "SELECT ",
    columns!(),
    " FROM step_ups WHERE session_id = $1 AND user_id = $2"
));

/// The last code that was sent for a session of `user`.
pub async fn find_step_up(db: &Db, user: UserId, session: SessionId) -> Result<Option<StepUpRow>> {
    db.one(FIND_STEP_UP, params![session, user])
        .await?
        .as_ref()
        .map(StepUpRow::from_row)
        .transpose()
}

const COUNT_TRY: Sql = sql(concat!(
    "UPDATE step_ups SET tries = tries + 1, failures = failures + 1 \
     WHERE session_id = $1 AND user_id = $2 AND tries < $3 AND expires_at > $4 RETURNING ",
    columns!()
));

/// Counts one try with the code of a session, before it is compared; nothing when none is left.
pub async fn count_try(
    tx: &mut Tx,
    user: UserId,
    session: SessionId,
    most: i64,
    now: Timestamp,
) -> Result<Option<StepUpRow>> {
    tx.one(COUNT_TRY, params![session, user, most, now])
        .await?
        .as_ref()
        .map(StepUpRow::from_row)
        .transpose()
}

const DELETE_STEP_UP: Sql =
    sql("DELETE FROM step_ups WHERE session_id = $1 AND user_id = $2 AND code_mac = $3");

/// Uses up a code that was right; false when somebody else was first, or a newer one was sent.
pub async fn delete_step_up(tx: &mut Tx, row: &StepUpRow) -> Result<bool> {
    let values = params![row.session_id, row.user_id, &row.code_mac];
    Ok(tx.run(DELETE_STEP_UP, values).await? == 1)
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[UPSERT_STEP_UP, FIND_STEP_UP, COUNT_TRY, DELETE_STEP_UP];
