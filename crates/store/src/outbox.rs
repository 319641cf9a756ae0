//! The outbox: mails that were promised in the transaction of the change that they announce. Their text is sealed,
//! because it holds sign-in links.

use jiff::Timestamp;
use model::{MailId, UserId};

use crate::{
    Result, Tx,
    row::Row,
    sql::{Sql, params, sql},
};

/// A mail that waits.
#[derive(Debug, Clone)]
pub struct MailRow {
    /// Its id, also its `Message-ID`.
    pub id: MailId,
    /// Whom it concerns, if they have an account.
    pub user_id: Option<UserId>,
    /// Which message it is.
    pub kind: String,
    /// Recipient and contents, sealed.
    pub sealed: Vec<u8>,
    /// How often it was tried.
    pub attempts: i64,
    /// When it was promised.
    pub created_at: Timestamp,
}

impl MailRow {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.parse("id")?,
            user_id: row.opt_parse("user_id")?,
            kind: row.text("kind")?,
            sealed: row.bytes("sealed")?,
            attempts: row.int("attempts")?,
            created_at: row.time("created_at")?,
        })
    }
}

const INSERT_MAIL: Sql = sql(
    "INSERT INTO outbox (id, user_id, kind, sealed, attempts, run_after, created_at) VALUES ($1, $2, $3, $4, 0, $5, $5)",
);

/// A new mail, due at once.
pub async fn insert_mail(tx: &mut Tx, row: &MailRow) -> Result<()> {
    tx.run(
        INSERT_MAIL,
        params![
            row.id,
            row.user_id,
            &row.kind,
            row.sealed.as_slice(),
            row.created_at
        ],
    )
    .await
    .map(drop)
}

const TAKE_MAIL: Sql = sql("UPDATE outbox SET attempts = attempts + 1, lease_until = $2 \
     WHERE id = (SELECT id FROM outbox WHERE run_after <= $1 AND (lease_until IS NULL OR lease_until <= $1) \
       ORDER BY run_after, id LIMIT 1) AND run_after <= $1 AND (lease_until IS NULL OR lease_until <= $1) \
     RETURNING id, user_id, kind, sealed, attempts, created_at");

/// Takes the mail that is due longest, until `lease_until`.
pub async fn take_mail(tx: &mut Tx, now: Timestamp, lease_until: Timestamp) -> Result<Option<MailRow>> {
    tx.one(TAKE_MAIL, params![now, lease_until])
        .await?
        .as_ref()
        .map(MailRow::from_row)
        .transpose()
}

const DELETE_MAIL: Sql = sql("DELETE FROM outbox WHERE id = $1");

/// Forgets a mail that was delivered; false when it was withdrawn meanwhile.
pub async fn delete_mail(tx: &mut Tx, id: MailId) -> Result<bool> {
    Ok(tx.run(DELETE_MAIL, params![id]).await? == 1)
}

const DELETE_MAILS_OF: Sql = sql("DELETE FROM outbox WHERE user_id = $1");

/// Withdraws every mail that concerns `user`.
pub async fn delete_mails_of(tx: &mut Tx, user: UserId) -> Result<u64> {
    tx.run(DELETE_MAILS_OF, params![user]).await
}

const POSTPONE_MAIL: Sql = sql("UPDATE outbox SET run_after = $2, lease_until = NULL WHERE id = $1");

/// Gives a mail back until `run_after`.
pub async fn postpone_mail(tx: &mut Tx, id: MailId, run_after: Timestamp) -> Result<()> {
    tx.run(POSTPONE_MAIL, params![id, run_after]).await.map(drop)
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[
    INSERT_MAIL,
    TAKE_MAIL,
    DELETE_MAIL,
    DELETE_MAILS_OF,
    POSTPONE_MAIL,
];
