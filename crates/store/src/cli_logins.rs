//! Requests of command lines to be let in. What they hold, and the code, are kept as keyed hashes only.

use jiff::Timestamp;
use model::{CliLoginId, UserId};

use crate::{
    Db, Result, Tx,
    row::Row,
    sql::{Sql, params, sql},
};

/// Where a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CliLoginState {
    /// Nobody has let it in yet.
    Pending,
    /// A person let it in; it may try codes.
    Confirmed,
    /// A person refused it, or the command line gave up.
    Denied,
    /// It got its token.
    Used,
}

impl CliLoginState {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "pending" => Some(Self::Pending),
            "confirmed" => Some(Self::Confirmed),
            "denied" => Some(Self::Denied),
            "used" => Some(Self::Used),
            _ => None,
        }
    }
}

/// A request.
#[derive(Debug, Clone)]
pub struct CliLoginRow {
    /// The part of what the command line holds that is no secret.
    pub id: CliLoginId,
    /// Keyed hash of all that it holds.
    pub secret_mac: [u8; 32],
    /// Where it is.
    pub state: CliLoginState,
    /// Who let it in.
    pub user_id: Option<UserId>,
    /// Their epoch when they did.
    pub auth_epoch: Option<i64>,
    /// Keyed hash of the code that they were shown.
    pub code_mac: Option<[u8; 32]>,
    /// Codes tried so far.
    pub tries: i64,
    /// Who asked.
    pub ip: String,
    /// With what.
    pub user_agent: String,
    /// When.
    pub created_at: Timestamp,
    /// When it last went on.
    pub updated_at: Option<Timestamp>,
    /// Until when it works.
    pub expires_at: Timestamp,
}

macro_rules! columns {
    () => {
        "id, secret_mac, state, user_id, auth_epoch, code_mac, tries, ip, user_agent, created_at, updated_at, \
         expires_at"
    };
}

impl CliLoginRow {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.parse("id")?,
            secret_mac: row.key("secret_mac")?,
            state: row.word("state", CliLoginState::parse)?,
            user_id: row.opt_parse("user_id")?,
            auth_epoch: row.opt_int("auth_epoch")?,
            code_mac: row.opt_key("code_mac")?,
            tries: row.int("tries")?,
            ip: row.text("ip")?,
            user_agent: row.text("user_agent")?,
            created_at: row.time("created_at")?,
            updated_at: row.opt_time("updated_at")?,
            expires_at: row.time("expires_at")?,
        })
    }
}

const LOCK_GATE: Sql = sql("UPDATE cli_login_gate SET made = made + 1 WHERE id = 'requests'");

const INSERT_CLI_LOGIN: Sql = sql(
    "INSERT INTO cli_logins (id, secret_mac, state, tries, ip, user_agent, created_at, expires_at) \
     SELECT $1, $2, 'pending', 0, $3, $4, $5, $6 \
     WHERE (SELECT count(*) FROM cli_logins WHERE expires_at > $5 AND state = 'pending') < $7",
);

/// A new request; false when `most` wait already. Whoever makes one locks the gate first, so that counting and adding
/// are one step.
pub async fn insert_cli_login(tx: &mut Tx, row: &CliLoginRow, most: i64) -> Result<bool> {
    tx.run(LOCK_GATE, params![]).await?;
    let values = params![
        row.id,
        &row.secret_mac,
        &row.ip,
        &row.user_agent,
        row.created_at,
        row.expires_at,
        most,
    ];
    Ok(tx.run(INSERT_CLI_LOGIN, values).await? == 1)
}

const FIND_CLI_LOGIN: Sql = sql(concat!("SELECT ", columns!(), " FROM cli_logins WHERE id = $1"));

/// The request with this id.
pub async fn find_cli_login(db: &Db, id: CliLoginId) -> Result<Option<CliLoginRow>> {
    db.one(FIND_CLI_LOGIN, params![id])
        .await?
        .as_ref()
        .map(CliLoginRow::from_row)
        .transpose()
}

const COUNT_TRY: Sql = sql(concat!(
    "UPDATE cli_logins SET tries = tries + 1 \
     WHERE id = $1 AND state = 'confirmed' AND tries < $2 AND expires_at > $3 RETURNING ",
    columns!()
));

/// Counts one try with a code, before it is compared; nothing when none is left.
pub async fn count_try(
    tx: &mut Tx,
    id: CliLoginId,
    most: i64,
    now: Timestamp,
) -> Result<Option<CliLoginRow>> {
    tx.one(COUNT_TRY, params![id, most, now])
        .await?
        .as_ref()
        .map(CliLoginRow::from_row)
        .transpose()
}

const CONFIRM_CLI_LOGIN: Sql = sql(
    "UPDATE cli_logins SET state = 'confirmed', user_id = $2, auth_epoch = $3, code_mac = $4, updated_at = $5 \
     WHERE id = $1 AND expires_at > $5 AND tries < $6 \
       AND (state = 'pending' OR (state = 'confirmed' AND user_id = $2))",
);

/// Lets a request in as `user`, with the code of this keyed hash; the same person may do it again and gets another code,
/// but no more tries. False when it is over, or of somebody else.
pub async fn confirm_cli_login(
    tx: &mut Tx,
    id: CliLoginId,
    user: UserId,
    auth_epoch: i64,
    code_mac: &[u8; 32],
    now: Timestamp,
    most: i64,
) -> Result<bool> {
    let values = params![id, user, auth_epoch, code_mac, now, most];
    Ok(tx.run(CONFIRM_CLI_LOGIN, values).await? == 1)
}

const USE_CLI_LOGIN: Sql = sql("UPDATE cli_logins SET state = 'used', updated_at = $4 \
     WHERE id = $1 AND user_id = $2 AND state = 'confirmed' AND code_mac = $3 AND expires_at > $4");

/// Uses up a request whose code was right; false when somebody else was first, or a newer code was shown.
pub async fn use_cli_login(
    tx: &mut Tx,
    id: CliLoginId,
    user: UserId,
    code_mac: &[u8; 32],
    now: Timestamp,
) -> Result<bool> {
    Ok(tx.run(USE_CLI_LOGIN, params![id, user, code_mac, now]).await? == 1)
}

const DENY_CLI_LOGIN: Sql = sql("UPDATE cli_logins SET state = 'denied', updated_at = $2 \
     WHERE id = $1 AND state IN ('pending', 'confirmed') AND expires_at > $2");

/// Ends a request for good; false when it is over already.
pub async fn deny_cli_login(tx: &mut Tx, id: CliLoginId, now: Timestamp) -> Result<bool> {
    Ok(tx.run(DENY_CLI_LOGIN, params![id, now]).await? == 1)
}

const DELETE_EXPIRED: Sql = sql("DELETE FROM cli_logins WHERE expires_at < $1");

/// Removes requests that ended before `before`.
pub async fn delete_expired_cli_logins(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    tx.run(DELETE_EXPIRED, params![before]).await
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[
    LOCK_GATE,
    INSERT_CLI_LOGIN,
    FIND_CLI_LOGIN,
    COUNT_TRY,
    CONFIRM_CLI_LOGIN,
    USE_CLI_LOGIN,
    DENY_CLI_LOGIN,
    DELETE_EXPIRED,
];
