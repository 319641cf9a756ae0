//! Sessions of browsers and of the command line.

use jiff::Timestamp;
use model::{SessionId, UserId, session::SessionKind};

use crate::{
    Db, Result, Tx,
    row::Row,
    sql::{Sql, params, sql},
    users::{UserRow, user_columns},
};

/// A session.
#[derive(Debug, Clone)]
pub struct SessionRow {
    /// The public part of its temporary token.
    pub id: SessionId,
    /// Who is signed in.
    pub user_id: UserId,
    /// Browser or command line.
    pub kind: SessionKind,
    /// Keyed hash of its temporary token.
    pub mac: [u8; 32],
    /// The account's epoch when it began.
    pub auth_epoch: i64,
    /// Where from.
    pub ip: String,
    /// With what.
    pub user_agent: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When the person last proved who they are.
    pub authenticated_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen_at: Timestamp,
    /// When it ends in any case.
    pub expires_at: Timestamp,
}

macro_rules! columns {
    () => {
        "s.id AS s_id, s.user_id AS s_user_id, s.kind AS s_kind, s.mac AS s_mac, s.auth_epoch AS s_auth_epoch, \
         s.ip AS s_ip, s.user_agent AS s_user_agent, s.created_at AS s_created_at, \
         s.authenticated_at AS s_authenticated_at, s.last_seen_at AS s_last_seen_at, s.expires_at AS s_expires_at"
    };
}

impl SessionRow {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.parse("s_id")?,
            user_id: row.parse("s_user_id")?,
            kind: row.word("s_kind", SessionKind::parse)?,
            mac: row.key("s_mac")?,
            auth_epoch: row.int("s_auth_epoch")?,
            ip: row.text("s_ip")?,
            user_agent: row.text("s_user_agent")?,
            created_at: row.time("s_created_at")?,
            authenticated_at: row.time("s_authenticated_at")?,
            last_seen_at: row.time("s_last_seen_at")?,
            expires_at: row.time("s_expires_at")?,
        })
    }
}

const INSERT_SESSION: Sql = sql(
    "INSERT INTO sessions (id, user_id, kind, mac, auth_epoch, ip, user_agent, created_at, \
       authenticated_at, last_seen_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
);

/// A new session.
pub async fn insert_session(tx: &mut Tx, row: &SessionRow) -> Result<()> {
    let values = params![
        row.id,
        row.user_id,
        row.kind.as_str(),
        &row.mac,
        row.auth_epoch,
        &row.ip,
        &row.user_agent,
        row.created_at,
        row.authenticated_at,
        row.last_seen_at,
        row.expires_at,
    ];
    tx.run(INSERT_SESSION, values).await.map(drop)
}

const FIND_SESSION: Sql = sql(concat!(
    "SELECT ",
    columns!(),
    ", ",
    user_columns!(),
    " FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1"
));

/// The session with this id, and who is signed in.
pub async fn find_session(db: &Db, id: SessionId) -> Result<Option<(SessionRow, UserRow)>> {
    let row = db.one(FIND_SESSION, params![id]).await?;
    row.map(|row| Ok((SessionRow::from_row(&row)?, UserRow::from_row(&row)?)))
        .transpose()
}

const LIST_SESSIONS: Sql = sql(concat!(
    "SELECT ",
    columns!(),
    " FROM sessions s WHERE s.user_id = $1 AND s.expires_at > $2 ORDER BY s.created_at DESC, s.id DESC"
));

/// The living sessions of an account, newest first.
pub async fn list_sessions(db: &Db, user: UserId, now: Timestamp) -> Result<Vec<SessionRow>> {
    db.all(LIST_SESSIONS, params![user, now])
        .await?
        .iter()
        .map(SessionRow::from_row)
        .collect()
}

const CONFIRM_SESSION: Sql =
    sql("UPDATE sessions SET mac = $4, authenticated_at = $5 WHERE id = $1 AND user_id = $2 AND mac = $3");

/// Gives a session a new secret in place of the one with the keyed hash `old`, and notes that the person proved who
/// they are; false when it ended, or got another secret meanwhile.
pub async fn confirm_session(
    tx: &mut Tx,
    user: UserId,
    id: SessionId,
    old: &[u8; 32],
    new: &[u8; 32],
    at: Timestamp,
) -> Result<bool> {
    Ok(tx.run(CONFIRM_SESSION, params![id, user, old, new, at]).await? == 1)
}

const DELETE_SESSION: Sql = sql("DELETE FROM sessions WHERE id = $1 AND user_id = $2");

/// Ends a session of `user`; false when there was none.
pub async fn delete_session(tx: &mut Tx, user: UserId, id: SessionId) -> Result<bool> {
    Ok(tx.run(DELETE_SESSION, params![id, user]).await? == 1)
}

const DELETE_SESSIONS: Sql = sql("DELETE FROM sessions WHERE user_id = $1 AND id <> $2");

/// Ends all sessions of `user` but `kept`, and says how many. An id that is no session keeps none.
pub async fn delete_sessions_but(tx: &mut Tx, user: UserId, kept: &str) -> Result<u64> {
    tx.run(DELETE_SESSIONS, params![user, kept]).await
}

const DELETE_OLDEST: Sql = sql("DELETE FROM sessions WHERE user_id = $1 AND id NOT IN \
     (SELECT id FROM sessions WHERE user_id = $1 ORDER BY last_seen_at DESC, id DESC LIMIT $2) RETURNING user_agent");

/// Ends the sessions of `user` that are unused for longest, so that `kept` are left; gives the user agents of those
/// that ended.
pub async fn delete_oldest_sessions(tx: &mut Tx, user: UserId, kept: i64) -> Result<Vec<String>> {
    let rows = tx.all(DELETE_OLDEST, params![user, kept]).await?;
    rows.iter().map(|row| row.text("user_agent")).collect()
}

const UPDATE_LAST_SEEN: Sql =
    sql("UPDATE sessions SET last_seen_at = $2 WHERE id = $1 AND last_seen_at < $2");

/// Notes when a session was last used.
pub async fn update_last_seen(tx: &mut Tx, id: SessionId, at: Timestamp) -> Result<()> {
    tx.run(UPDATE_LAST_SEEN, params![id, at]).await.map(drop)
}

const DELETE_EXPIRED: Sql = sql("DELETE FROM sessions WHERE expires_at < $1");

/// Removes sessions that ended before `before`.
pub async fn delete_expired_sessions(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    tx.run(DELETE_EXPIRED, params![before]).await
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[
    INSERT_SESSION,
    FIND_SESSION,
    LIST_SESSIONS,
    CONFIRM_SESSION,
    DELETE_SESSION,
    DELETE_SESSIONS,
    DELETE_OLDEST,
    UPDATE_LAST_SEEN,
    DELETE_EXPIRED,
];
