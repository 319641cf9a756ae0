//! The e-mail addresses of accounts.

use jiff::Timestamp;
use model::{EmailId, UserId, email::EmailAddress};

use crate::{
    Db, Result, Tx,
    sql::{Sql, params, sql},
};

const INSERT_EMAIL: Sql = sql(
    "INSERT INTO user_emails (id, user_id, email, email_key, status, is_primary, created_at, version_id) \
     VALUES ($1, $2, $3, $4, 'verified', 1, $5, 1)",
);

/// A verified primary address; [`crate::Error::Duplicate`] when it belongs to somebody.
pub async fn insert_primary_email(
    tx: &mut Tx,
    id: EmailId,
    user: UserId,
    email: &EmailAddress,
    at: Timestamp,
) -> Result<()> {
    tx.run(INSERT_EMAIL, params![id, user, email.as_str(), email.key(), at])
        .await
        .map(drop)
}

const FIND_PRIMARY_EMAIL: Sql = sql("SELECT email FROM user_emails WHERE user_id = $1 AND is_primary = 1");

/// Where mail for this account goes.
pub async fn find_primary_email(db: &Db, user: UserId) -> Result<Option<EmailAddress>> {
    db.one(FIND_PRIMARY_EMAIL, params![user])
        .await?
        .map(|row| row.parse("email"))
        .transpose()
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[INSERT_EMAIL, FIND_PRIMARY_EMAIL];
