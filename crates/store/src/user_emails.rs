//! The e-mail addresses of accounts. An address belongs to one account once it is verified; until then anybody may
//! claim it.

use jiff::Timestamp;
use model::{
    EmailId, UserId,
    email::{EmailAddress, EmailStatus},
};

use crate::{
    Db, Page, Result, Tx,
    row::Row,
    sql::{Sql, params, sql},
};

/// An address of an account.
#[derive(Debug, Clone)]
pub struct EmailRow {
    /// Its id.
    pub id: EmailId,
    /// Whose it is, or is claimed to be.
    pub user_id: UserId,
    /// The address.
    pub email: EmailAddress,
    /// Whether it was proven.
    pub status: EmailStatus,
    /// Whether mail about the account goes there; one verified address is it.
    pub is_primary: bool,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Option<Timestamp>,
    /// Counts its changes, from 1.
    pub version_id: i64,
}

macro_rules! columns {
    () => {
        "id, user_id, email, status, is_primary, created_at, updated_at, version_id"
    };
}

impl EmailRow {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.parse("id")?,
            user_id: row.parse("user_id")?,
            email: row.parse("email")?,
            status: row.word("status", EmailStatus::parse)?,
            is_primary: row.int("is_primary")? == 1,
            created_at: row.time("created_at")?,
            updated_at: row.opt_time("updated_at")?,
            version_id: row.int("version_id")?,
        })
    }
}

const INSERT_EMAIL: Sql = sql(
    "INSERT INTO user_emails (id, user_id, email, email_key, status, is_primary, created_at, version_id) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, 1)",
);

/// A verified primary address; [`crate::Error::Duplicate`] when it belongs to somebody.
pub async fn insert_primary_email(
    tx: &mut Tx,
    id: EmailId,
    user: UserId,
    email: &EmailAddress,
    at: Timestamp,
) -> Result<()> {
    let verified = EmailStatus::Verified.as_str();
    let values = params![id, user, email.as_str(), email.key(), verified, true, at];
    tx.run(INSERT_EMAIL, values).await.map(drop)
}

/// A pending address of `user`; [`crate::Error::Duplicate`] when they have it already.
pub async fn insert_pending_email(
    tx: &mut Tx,
    id: EmailId,
    user: UserId,
    email: &EmailAddress,
    at: Timestamp,
) -> Result<()> {
    let pending = EmailStatus::Pending.as_str();
    let values = params![id, user, email.as_str(), email.key(), pending, false, at];
    tx.run(INSERT_EMAIL, values).await.map(drop)
}

const FIND_PRIMARY_EMAIL: Sql = sql("SELECT email FROM user_emails WHERE user_id = $1 AND is_primary = 1");

/// Where mail for this account goes.
pub async fn find_primary_email(db: &Db, user: UserId) -> Result<Option<EmailAddress>> {
    db.one(FIND_PRIMARY_EMAIL, params![user])
        .await?
        .map(|row| row.parse("email"))
        .transpose()
}

/// The same, read inside a write.
pub async fn find_primary_email_in(tx: &mut Tx, user: UserId) -> Result<Option<EmailAddress>> {
    tx.one(FIND_PRIMARY_EMAIL, params![user])
        .await?
        .map(|row| row.parse("email"))
        .transpose()
}

const LIST_EMAILS: Sql = sql(concat!(
    "SELECT ",
    columns!(),
    " FROM user_emails WHERE user_id = $1 AND (created_at > $2 OR created_at = $2 AND id > $3) \
     ORDER BY created_at, id LIMIT $4"
));

/// The addresses of `user`, oldest first.
pub async fn list_emails(db: &Db, user: UserId, page: &Page) -> Result<Vec<EmailRow>> {
    let (at, id) = page.ascending();
    let rows = db.all(LIST_EMAILS, params![user, at, id, page.limit]).await?;
    rows.iter().map(EmailRow::from_row).collect()
}

const LIST_ALL_EMAILS: Sql = sql(concat!(
    "SELECT ",
    columns!(),
    " FROM user_emails WHERE user_id = $1 ORDER BY created_at, id"
));

/// All addresses of `user`, read inside a write that has locked the account.
pub async fn list_emails_in(tx: &mut Tx, user: UserId) -> Result<Vec<EmailRow>> {
    let rows = tx.all(LIST_ALL_EMAILS, params![user]).await?;
    rows.iter().map(EmailRow::from_row).collect()
}

const FIND_EMAIL: Sql = sql(concat!(
    "SELECT ",
    columns!(),
    " FROM user_emails WHERE id = $1 AND user_id = $2"
));

/// An address of `user`.
pub async fn find_email(db: &Db, user: UserId, id: EmailId) -> Result<Option<EmailRow>> {
    db.one(FIND_EMAIL, params![id, user])
        .await?
        .as_ref()
        .map(EmailRow::from_row)
        .transpose()
}

const VERIFY_EMAIL: Sql = sql(
    "UPDATE user_emails SET status = 'verified', updated_at = $3, version_id = version_id + 1 \
     WHERE id = $1 AND user_id = $2 AND status = 'pending'",
);

/// Makes an address theirs; [`crate::Error::Duplicate`] when it is somebody's by now.
pub async fn verify_email(tx: &mut Tx, user: UserId, id: EmailId, at: Timestamp) -> Result<bool> {
    Ok(tx.run(VERIFY_EMAIL, params![id, user, at]).await? == 1)
}

const CLEAR_PRIMARY: Sql = sql(
    "UPDATE user_emails SET is_primary = 0, updated_at = $2, version_id = version_id + 1 \
     WHERE user_id = $1 AND is_primary = 1",
);
const SET_PRIMARY: Sql = sql(
    "UPDATE user_emails SET is_primary = 1, updated_at = $3, version_id = version_id + 1 \
     WHERE id = $1 AND user_id = $2 AND status = 'verified'",
);

/// Makes a verified address the primary one in place of the one that is it; false when it is none.
pub async fn make_email_primary(tx: &mut Tx, user: UserId, id: EmailId, at: Timestamp) -> Result<bool> {
    tx.run(CLEAR_PRIMARY, params![user, at]).await?;
    Ok(tx.run(SET_PRIMARY, params![id, user, at]).await? == 1)
}

const DELETE_EMAIL: Sql = sql("DELETE FROM user_emails WHERE id = $1 AND user_id = $2 AND is_primary = 0");

/// Removes an address that is not the primary one; false when there was none.
pub async fn delete_email(tx: &mut Tx, user: UserId, id: EmailId) -> Result<bool> {
    Ok(tx.run(DELETE_EMAIL, params![id, user]).await? == 1)
}

const LIST_OWN: Sql = sql(
    "SELECT e.email FROM user_emails e WHERE e.user_id = $1 AND (e.status = 'verified' \
     OR NOT EXISTS (SELECT 1 FROM user_emails o WHERE o.email_key = e.email_key AND o.status = 'verified'))",
);

/// The addresses of `user` that are nobody else's, read inside a write.
pub async fn list_own_emails(tx: &mut Tx, user: UserId) -> Result<Vec<EmailAddress>> {
    tx.all(LIST_OWN, params![user])
        .await?
        .iter()
        .map(|row| row.parse("email"))
        .collect()
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[
    INSERT_EMAIL,
    FIND_PRIMARY_EMAIL,
    LIST_EMAILS,
    LIST_ALL_EMAILS,
    FIND_EMAIL,
    VERIFY_EMAIL,
    CLEAR_PRIMARY,
    SET_PRIMARY,
    DELETE_EMAIL,
    LIST_OWN,
];
