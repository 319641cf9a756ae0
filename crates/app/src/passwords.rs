//! The database password: one for all workspaces of a person.

use jiff::Timestamp;
use model::{PasswordId, Secret, UserId, audit::Action, password, scram::Verifier, session::Freshness};
use store::{Tx, database_passwords, database_passwords::DatabasePasswordRow, users};

use crate::{Actor, App, Error, Result, keys::Purpose};

/// A database password, shown to its owner.
#[derive(Debug)]
pub struct DatabasePassword {
    /// New at each rotation.
    pub id: PasswordId,
    /// The password.
    pub password: Secret<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl App {
    /// Shows the actor's database password, and records that it was shown.
    pub async fn reveal_password(&self, actor: &Actor) -> Result<DatabasePassword> {
        self.require_fresh(actor, Freshness::Sensitive)?;
        let row = database_passwords::find_password(self.db(), actor.id())
            .await?
            .ok_or(Error::NotFound("database password"))?;
        let plain = self
            .keys()
            .open(Purpose::DatabasePassword, &row.id.to_string(), &row.sealed)?;
        let password = String::from_utf8(plain.expose().clone())
            .map_err(|_| Error::Internal("a database password is not text"))?;
        let tx = self.db().begin().await?;
        let entry = actor
            .entry(Action::UserPasswordReveal)
            .on(actor.id(), &actor.user.handle);
        tx.commit(self.record(actor.origin(), entry)).await?;
        Ok(DatabasePassword {
            id: row.id,
            password: Secret::new(password),
            created_at: row.created_at,
        })
    }

    /// When the actor's database password was made.
    pub async fn password_created_at(&self, actor: &Actor) -> Result<Option<Timestamp>> {
        Ok(database_passwords::find_password(self.db(), actor.id())
            .await?
            .map(|row| row.created_at))
    }

    /// Gives the actor a new database password. From the commit on, new connections need it on every workspace; open
    /// connections stay.
    pub async fn rotate_password(&self, actor: &Actor) -> Result<DatabasePassword> {
        self.require_fresh(actor, Freshness::Sensitive)?;
        let mut tx = self.db().begin().await?;
        users::lock_user(&mut tx, actor.id())
            .await?
            .ok_or(Error::NotFound("user"))?;
        let password = self.insert_password(&mut tx, actor.id()).await?;
        let entry = actor
            .entry(Action::UserPasswordCreate)
            .on(actor.id(), &actor.user.handle)
            .with("password_id", password.id.to_string());
        tx.commit(self.record(actor.origin(), entry)).await?;
        Ok(password)
    }

    /// Writes a fresh password of `user`: verifier and sealed text in one row.
    pub(crate) async fn insert_password(&self, tx: &mut Tx, user: UserId) -> Result<DatabasePassword> {
        let now = self.now();
        let id = PasswordId::new(now, self.random());
        let password = password::generate(self.random());
        let row = DatabasePasswordRow {
            id,
            user_id: user,
            verifier: Verifier::new(password.expose(), self.random()),
            sealed: self.keys().seal(
                self.random(),
                Purpose::DatabasePassword,
                &id.to_string(),
                password.expose().as_bytes(),
            )?,
            created_at: now,
        };
        database_passwords::upsert_password(tx, &row).await?;
        Ok(DatabasePassword {
            id,
            password,
            created_at: now,
        })
    }
}
