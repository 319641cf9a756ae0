//! The link and the code by which a pending address is verified: the last ones that were sent, as keyed hashes.

use jiff::Timestamp;
use model::{EmailId, UserId};

use crate::{
    Db, Result, Tx,
    row::Row,
    sql::{Sql, params, sql},
};

/// What was sent to an address.
#[derive(Debug, Clone)]
pub struct EmailProofRow {
    /// The address.
    pub email_id: EmailId,
    /// Who claims it.
    pub user_id: UserId,
    /// Keyed hash of the link's secret.
    pub secret_mac: [u8; 32],
    /// Keyed hash of the code.
    pub code_mac: [u8; 32],
    /// Tries so far.
    pub tries: i64,
    /// When it was sent.
    pub created_at: Timestamp,
    /// Until when it works.
    pub expires_at: Timestamp,
}

macro_rules! columns {
    () => {
        "email_id, user_id, secret_mac, code_mac, tries, created_at, expires_at"
    };
}

impl EmailProofRow {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            email_id: row.parse("email_id")?,
            user_id: row.parse("user_id")?,
            secret_mac: row.key("secret_mac")?,
            code_mac: row.key("code_mac")?,
            tries: row.int("tries")?,
            created_at: row.time("created_at")?,
            expires_at: row.time("expires_at")?,
        })
    }
}

const UPSERT_PROOF: Sql = sql(concat!(
    "INSERT INTO email_proofs (",
    columns!(),
    ") VALUES ($1, $2, $3, $4, 0, $5, $6) ON CONFLICT (email_id) DO UPDATE SET \
       secret_mac = excluded.secret_mac, code_mac = excluded.code_mac, tries = 0, \
       created_at = excluded.created_at, expires_at = excluded.expires_at"
));

/// Writes what was sent, in place of what was sent before.
pub async fn upsert_proof(tx: &mut Tx, row: &EmailProofRow) -> Result<()> {
    let values = params![
        row.email_id,
        row.user_id,
        &row.secret_mac,
        &row.code_mac,
        row.created_at,
        row.expires_at
    ];
    tx.run(UPSERT_PROOF, values).await.map(drop)
}

const FIND_PROOF: Sql = sql(concat!(
    "SELECT ",
    columns!(),
    " FROM email_proofs WHERE email_id = $1 AND user_id = $2"
));

/// What was sent to an address of `user`.
pub async fn find_proof(db: &Db, user: UserId, email: EmailId) -> Result<Option<EmailProofRow>> {
    db.one(FIND_PROOF, params![email, user])
        .await?
        .as_ref()
        .map(EmailProofRow::from_row)
        .transpose()
}

const COUNT_TRY: Sql = sql(concat!(
    "UPDATE email_proofs SET tries = tries + 1 \
     WHERE email_id = $1 AND user_id = $2 AND tries < $3 AND expires_at > $4 RETURNING ",
    columns!()
));

/// Counts one try, before anything is compared; nothing when none is left.
pub async fn count_try(
    tx: &mut Tx,
    user: UserId,
    email: EmailId,
    most: i64,
    now: Timestamp,
) -> Result<Option<EmailProofRow>> {
    tx.one(COUNT_TRY, params![email, user, most, now])
        .await?
        .as_ref()
        .map(EmailProofRow::from_row)
        .transpose()
}

const DELETE_PROOF: Sql =
    sql("DELETE FROM email_proofs WHERE email_id = $1 AND user_id = $2 AND code_mac = $3");

/// Uses up what was sent; false when somebody else was first, or another mail was sent.
pub async fn delete_proof(tx: &mut Tx, row: &EmailProofRow) -> Result<bool> {
    let values = params![row.email_id, row.user_id, &row.code_mac];
    Ok(tx.run(DELETE_PROOF, values).await? == 1)
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[UPSERT_PROOF, FIND_PROOF, COUNT_TRY, DELETE_PROOF];
