//! The outbox: mails that were promised in the transaction of the change that they announce. Their text is sealed,
//! because it holds sign-in links.

use jiff::Timestamp;
use model::{AnnouncementId, MailId, UserId};

use crate::{
    Db, Result, Tx,
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
    /// When it is tried next.
    pub run_after: Timestamp,
    /// Until when it helps; `None` is for ever.
    pub useful_until: Option<Timestamp>,
    /// When it was given up.
    pub dead_at: Option<Timestamp>,
    /// Why it did not leave yet.
    pub reason: Option<String>,
    /// The announcement that it is a copy of; then it is written when it leaves, and nothing is sealed.
    pub announcement_id: Option<AnnouncementId>,
    /// Its turn among the mails of the announcement, where it had to wait for one.
    pub turn_at: Option<Timestamp>,
}

macro_rules! columns {
    () => {
        "id, user_id, kind, sealed, attempts, created_at, run_after, useful_until, dead_at, reason, \
         announcement_id, turn_at"
    };
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
            run_after: row.time("run_after")?,
            useful_until: row.opt_time("useful_until")?,
            dead_at: row.opt_time("dead_at")?,
            reason: row.opt_text("reason")?,
            announcement_id: row.opt_parse("announcement_id")?,
            turn_at: row.opt_time("turn_at")?,
        })
    }
}

const INSERT_MAIL: Sql = sql(
    "INSERT INTO outbox (id, user_id, kind, sealed, attempts, run_after, created_at, useful_until) \
     VALUES ($1, $2, $3, $4, 0, $5, $5, $6)",
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
            row.created_at,
            row.useful_until,
        ],
    )
    .await
    .map(drop)
}

const FIND_DUE: Sql = sql("SELECT 1 AS due FROM outbox \
     WHERE dead_at IS NULL AND run_after <= $1 AND (lease_until IS NULL OR lease_until <= $1) LIMIT 1");

/// Whether a mail is due.
pub async fn is_mail_due(db: &Db, now: Timestamp) -> Result<bool> {
    Ok(db.one(FIND_DUE, params![now]).await?.is_some())
}

const TAKE_MAIL: Sql = sql(concat!(
    "UPDATE outbox SET attempts = attempts + 1, lease_until = $2 \
     WHERE id = (SELECT id FROM outbox WHERE dead_at IS NULL AND run_after <= $1 \
         AND (lease_until IS NULL OR lease_until <= $1) ORDER BY run_after, id LIMIT 1) \
       AND dead_at IS NULL AND run_after <= $1 AND (lease_until IS NULL OR lease_until <= $1) \
     RETURNING ",
    columns!()
));

/// Takes the mail that is due longest, until `lease_until`. `None` also when another took it at this moment.
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

const POSTPONE_MAIL: Sql =
    sql("UPDATE outbox SET run_after = $2, reason = $3, lease_until = NULL WHERE id = $1");

/// Gives a mail back until `run_after`, and says why.
pub async fn postpone_mail(tx: &mut Tx, id: MailId, run_after: Timestamp, reason: &str) -> Result<()> {
    tx.run(POSTPONE_MAIL, params![id, run_after, reason])
        .await
        .map(drop)
}

const DEFER_MAIL: Sql = sql(
    "UPDATE outbox SET run_after = $2, turn_at = $2, attempts = attempts - 1, lease_until = NULL WHERE id = $1",
);

/// Gives a mail back, untried, until its turn.
pub async fn defer_mail(tx: &mut Tx, id: MailId, turn_at: Timestamp) -> Result<()> {
    tx.run(DEFER_MAIL, params![id, turn_at]).await.map(drop)
}

const BURY_MAIL: Sql = sql("UPDATE outbox SET dead_at = $2, reason = $3, lease_until = NULL WHERE id = $1");

/// Gives a mail up, and says why; it stays for the operator.
pub async fn bury_mail(tx: &mut Tx, id: MailId, at: Timestamp, reason: &str) -> Result<()> {
    tx.run(BURY_MAIL, params![id, at, reason]).await.map(drop)
}

const REVIVE_MAIL: Sql = sql(
    "UPDATE outbox SET dead_at = NULL, attempts = 0, created_at = $2, run_after = $2, lease_until = NULL \
     WHERE id = $1",
);

/// Makes a mail due at once, as if it were new; false when there is none.
pub async fn revive_mail(tx: &mut Tx, id: MailId, now: Timestamp) -> Result<bool> {
    Ok(tx.run(REVIVE_MAIL, params![id, now]).await? == 1)
}

const HASTEN_MAILS: Sql =
    sql("UPDATE outbox SET run_after = $1 WHERE dead_at IS NULL AND attempts > 0 AND run_after > $1");

/// Makes mails due at once that wait for another try; how many they are.
pub async fn hasten_mails(tx: &mut Tx, now: Timestamp) -> Result<u64> {
    tx.run(HASTEN_MAILS, params![now]).await
}

const DELETE_DEAD_MAILS: Sql = sql("DELETE FROM outbox WHERE dead_at < $1");

/// Forgets mails that were given up before `before`.
pub async fn delete_dead_mails(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    tx.run(DELETE_DEAD_MAILS, params![before]).await
}

const LIST_MAILS: Sql = sql(concat!(
    "SELECT ",
    columns!(),
    " FROM outbox ORDER BY created_at, id LIMIT $1"
));

/// Up to `limit` mails that did not leave, oldest first.
pub async fn list_mails(db: &Db, limit: i64) -> Result<Vec<MailRow>> {
    db.all(LIST_MAILS, params![limit])
        .await?
        .iter()
        .map(MailRow::from_row)
        .collect()
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[
    INSERT_MAIL,
    FIND_DUE,
    TAKE_MAIL,
    DELETE_MAIL,
    DELETE_MAILS_OF,
    POSTPONE_MAIL,
    DEFER_MAIL,
    BURY_MAIL,
    REVIVE_MAIL,
    HASTEN_MAILS,
    DELETE_DEAD_MAILS,
    LIST_MAILS,
];
