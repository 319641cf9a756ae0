//! Database passwords: the verifier that checks them and the sealed text that shows them.

use jiff::Timestamp;
use model::{PasswordId, UserId, handle::Handle, scram::Verifier};

use crate::{
    Db, Error, Result, Tx,
    row::Row,
    sql::{Sql, params, sql},
    users::{UserRow, user_columns},
};

/// An account's database password.
#[derive(Debug, Clone)]
pub struct DatabasePasswordRow {
    /// New at each rotation; also bound into the seal.
    pub id: PasswordId,
    /// Whose it is.
    pub user_id: UserId,
    /// What the gateway checks by.
    pub verifier: Verifier,
    /// The password, sealed.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends, if it is a temporary one.
    pub expires_at: Option<Timestamp>,
}

/// The columns of a password in any query that calls the table `p`.
macro_rules! password_columns {
    () => {
        "p.id AS p_id, p.user_id AS p_user_id, p.iterations AS p_iterations, p.salt AS p_salt, \
         p.stored_key AS p_stored_key, p.server_key AS p_server_key, p.sealed AS p_sealed, \
         p.created_at AS p_created_at, p.expires_at AS p_expires_at"
    };
}

impl DatabasePasswordRow {
    /// Whether it is a temporary one whose time is over.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    fn from_row(row: &Row) -> Result<Self> {
        let iterations = row.int("p_iterations")?;
        Ok(Self {
            id: row.parse("p_id")?,
            user_id: row.parse("p_user_id")?,
            verifier: Verifier {
                iterations: u32::try_from(iterations).map_err(|_| Error::Unreadable("p_iterations"))?,
                salt: row.bytes("p_salt")?,
                stored_key: row.key("p_stored_key")?,
                server_key: row.key("p_server_key")?,
            },
            sealed: row.bytes("p_sealed")?,
            created_at: row.time("p_created_at")?,
            expires_at: row.opt_time("p_expires_at")?,
        })
    }
}

const FIND_PASSWORD: Sql = sql(concat!(
    "SELECT ",
    password_columns!(),
    " FROM database_passwords p WHERE p.user_id = $1"
));

/// The database password of an account.
pub async fn find_password(db: &Db, user: UserId) -> Result<Option<DatabasePasswordRow>> {
    db.one(FIND_PASSWORD, params![user])
        .await?
        .as_ref()
        .map(DatabasePasswordRow::from_row)
        .transpose()
}

const FIND_LOGIN: Sql = sql(concat!(
    "SELECT ",
    user_columns!(),
    ", ",
    password_columns!(),
    ", h.since AS h_since, h.held_until AS h_held_until \
     FROM handles h JOIN users u ON u.id = h.user_id JOIN database_passwords p ON p.user_id = u.id \
     WHERE h.handle = $1 AND (h.held_until IS NULL OR h.held_until > $2)"
));

/// The account that has a handle, or gave it up, and its password.
#[derive(Debug, Clone)]
pub struct LoginRow {
    /// The account.
    pub user: UserRow,
    /// Its password.
    pub password: DatabasePasswordRow,
    /// Since when and until when the handle is held, when it was given up.
    pub held: Option<(Timestamp, Timestamp)>,
}

/// The account that has this handle or for which it is held at `now`, with its password, in one look-up that costs the
/// same for a hit and a miss.
pub async fn find_login(db: &Db, handle: &Handle, now: Timestamp) -> Result<Option<LoginRow>> {
    let Some(row) = db.one(FIND_LOGIN, params![handle.as_str(), now]).await? else {
        return Ok(None);
    };
    let since = row.time("h_since")?;
    Ok(Some(LoginRow {
        user: UserRow::from_row(&row)?,
        password: DatabasePasswordRow::from_row(&row)?,
        held: row.opt_time("h_held_until")?.map(|until| (since, until)),
    }))
}

const UPSERT_PASSWORD: Sql = sql("INSERT INTO database_passwords \
       (user_id, id, iterations, salt, stored_key, server_key, sealed, created_at, expires_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
     ON CONFLICT (user_id) DO UPDATE SET id = excluded.id, iterations = excluded.iterations, \
       salt = excluded.salt, stored_key = excluded.stored_key, server_key = excluded.server_key, \
       sealed = excluded.sealed, created_at = excluded.created_at, expires_at = excluded.expires_at");

/// Sets the account's password: verifier and sealed text change in one row, so that they always agree.
pub async fn upsert_password(tx: &mut Tx, password: &DatabasePasswordRow) -> Result<()> {
    let values = params![
        password.user_id,
        password.id,
        i64::from(password.verifier.iterations),
        password.verifier.salt.as_slice(),
        &password.verifier.stored_key,
        &password.verifier.server_key,
        password.sealed.as_slice(),
        password.created_at,
        password.expires_at,
    ];
    tx.run(UPSERT_PASSWORD, values).await.map(drop)
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[FIND_PASSWORD, FIND_LOGIN, UPSERT_PASSWORD];
