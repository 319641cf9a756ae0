//! Requests to sign in by mail. Secrets are kept as keyed hashes only.

use jiff::Timestamp;
use model::{SignInId, UserId, email::EmailAddress};

use crate::{
    Db, Result, Tx,
    row::Row,
    sql::{Sql, params, sql},
};

/// Where a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInState {
    /// The mail is out.
    Asked,
    /// The address is proven; the person has no account yet and chooses a handle.
    Confirmed,
    /// Done or burned.
    Used,
}

impl SignInState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Confirmed => "confirmed",
            Self::Used => "used",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text {
            "asked" => Some(Self::Asked),
            "confirmed" => Some(Self::Confirmed),
            "used" => Some(Self::Used),
            _ => None,
        }
    }
}

/// How the link reached the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInVia {
    /// By mail, which scanners read too: the link alone opens nothing.
    Mail,
    /// From the operator's terminal.
    Operator,
}

impl SignInVia {
    fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Operator => "operator",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text {
            "mail" => Some(Self::Mail),
            "operator" => Some(Self::Operator),
            _ => None,
        }
    }
}

/// A request to sign in.
#[derive(Debug, Clone)]
pub struct SignInRow {
    /// Its id, which the browser that asked carries beside its nonce.
    pub id: SignInId,
    /// How the link reached the person.
    pub via: SignInVia,
    /// The address that it signs in; the operator's link for the very first account has none.
    pub email: Option<EmailAddress>,
    /// Keyed hash of the link's secret.
    pub secret_mac: [u8; 32],
    /// Keyed hash of the code.
    pub code_mac: [u8; 32],
    /// Keyed hash of the nonce in the cookie of the browser that asked.
    pub nonce_mac: [u8; 32],
    /// Codes tried so far.
    pub tries: i64,
    /// Where it is.
    pub state: SignInState,
    /// Where the person wanted to go, a path of ours.
    pub next_path: Option<String>,
    /// Who asked.
    pub ip: String,
    /// With what.
    pub user_agent: String,
    /// When.
    pub created_at: Timestamp,
    /// Until when it works.
    pub expires_at: Timestamp,
}

macro_rules! columns {
    () => {
        "id, via, email, secret_mac, code_mac, nonce_mac, tries, state, next_path, ip, user_agent, \
         created_at, expires_at"
    };
}

impl SignInRow {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.parse("id")?,
            via: row.word("via", SignInVia::parse)?,
            email: row.opt_parse("email")?,
            secret_mac: row.key("secret_mac")?,
            code_mac: row.key("code_mac")?,
            nonce_mac: row.key("nonce_mac")?,
            tries: row.int("tries")?,
            state: row.word("state", SignInState::parse)?,
            next_path: row.opt_text("next_path")?,
            ip: row.text("ip")?,
            user_agent: row.text("user_agent")?,
            created_at: row.time("created_at")?,
            expires_at: row.time("expires_at")?,
        })
    }
}

const INSERT_SIGN_IN: Sql = sql(concat!(
    "INSERT INTO sign_ins (",
    columns!(),
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
));

/// A new request.
pub async fn insert_sign_in(tx: &mut Tx, row: &SignInRow) -> Result<()> {
    let values = params![
        row.id,
        row.via.as_str(),
        row.email.as_ref().map(EmailAddress::as_str),
        &row.secret_mac,
        &row.code_mac,
        &row.nonce_mac,
        row.tries,
        row.state.as_str(),
        &row.next_path,
        &row.ip,
        &row.user_agent,
        row.created_at,
        row.expires_at,
    ];
    tx.run(INSERT_SIGN_IN, values).await.map(drop)
}

const FIND_SIGN_IN: Sql = sql(concat!("SELECT ", columns!(), " FROM sign_ins WHERE id = $1"));

/// The request with this id.
pub async fn find_sign_in(db: &Db, id: SignInId) -> Result<Option<SignInRow>> {
    db.one(FIND_SIGN_IN, params![id])
        .await?
        .as_ref()
        .map(SignInRow::from_row)
        .transpose()
}

const FIND_BY_SECRET: Sql = sql(concat!(
    "SELECT ",
    columns!(),
    " FROM sign_ins WHERE secret_mac = $1"
));

/// The request whose link holds the secret with this keyed hash.
pub async fn find_sign_in_by_secret(db: &Db, secret_mac: &[u8; 32]) -> Result<Option<SignInRow>> {
    db.one(FIND_BY_SECRET, params![secret_mac])
        .await?
        .as_ref()
        .map(SignInRow::from_row)
        .transpose()
}

const COUNT_TRY: Sql = sql(
    "UPDATE sign_ins SET tries = tries + 1 WHERE id = $1 AND state = 'asked' AND tries < $2 AND expires_at > $3",
);

/// Counts one try with a code, before it is compared; false when none is left.
pub async fn count_try(tx: &mut Tx, id: SignInId, most: i64, now: Timestamp) -> Result<bool> {
    Ok(tx.run(COUNT_TRY, params![id, most, now]).await? == 1)
}

const ADVANCE: Sql = sql("UPDATE sign_ins SET state = $3 WHERE id = $1 AND state = $2 AND expires_at > $4");

/// Moves a living request from one state to the next; false when somebody else was first or its time is over.
pub async fn advance_sign_in(
    tx: &mut Tx,
    id: SignInId,
    from: SignInState,
    to: SignInState,
    now: Timestamp,
) -> Result<bool> {
    Ok(tx
        .run(ADVANCE, params![id, from.as_str(), to.as_str(), now])
        .await?
        == 1)
}

const REPLACE_NONCE: Sql = sql("UPDATE sign_ins SET nonce_mac = $2 WHERE id = $1");

/// Binds a request to another browser, which has just proven itself.
pub async fn replace_nonce(tx: &mut Tx, id: SignInId, nonce_mac: &[u8; 32]) -> Result<()> {
    tx.run(REPLACE_NONCE, params![id, nonce_mac]).await.map(drop)
}

const DELETE_EXPIRED: Sql = sql("DELETE FROM sign_ins WHERE expires_at < $1");

/// Removes requests that ended before `before`.
pub async fn delete_expired_sign_ins(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    tx.run(DELETE_EXPIRED, params![before]).await
}

const DELETE_OF_USER: Sql = sql(
    "DELETE FROM sign_ins WHERE lower(email) IN (SELECT email_key FROM user_emails WHERE user_id = $1 AND status = 'verified')",
);

/// Removes every request for a proven address of `user`: one that they only claim may be somebody else's.
pub async fn delete_sign_ins_of(tx: &mut Tx, user: UserId) -> Result<u64> {
    tx.run(DELETE_OF_USER, params![user]).await
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[
    INSERT_SIGN_IN,
    FIND_SIGN_IN,
    FIND_BY_SECRET,
    COUNT_TRY,
    ADVANCE,
    REPLACE_NONCE,
    DELETE_EXPIRED,
    DELETE_OF_USER,
];
