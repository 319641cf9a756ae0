//! The database password: one for all workspaces of a person.

use jiff::Timestamp;
use model::{PasswordId, Secret, UserId, audit::Action, password, scram::Verifier, session::Freshness, time};
use store::{Tx, connections, database_passwords, database_passwords::DatabasePasswordRow, users};

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
    /// When it ends, if it is a temporary one.
    pub expires_at: Option<Timestamp>,
}

/// What is known of a database password without showing it.
#[derive(Debug, Clone, Copy)]
pub struct PasswordTimes {
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends, if it is a temporary one.
    pub expires_at: Option<Timestamp>,
}

/// A temporary password that is over opens nothing, and so there is none to show.
const OVER: Error = Error::Ended {
    code: "password_expired",
    message: "The temporary database password is over. Make a new one.",
};

impl App {
    /// Shows the actor's database password, and records that it was shown.
    pub async fn reveal_password(&self, actor: &Actor) -> Result<DatabasePassword> {
        self.require_fresh(actor, Freshness::Sensitive)?;
        let row = database_passwords::find_password(self.db(), actor.id())
            .await?
            .ok_or(Error::NotFound("database password"))?;
        if row.is_over(self.now()) {
            return Err(OVER);
        }
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
            expires_at: row.expires_at,
        })
    }

    /// When the actor's database password was made, and when it ends.
    pub async fn password_times(&self, actor: &Actor) -> Result<Option<PasswordTimes>> {
        let row = database_passwords::find_password(self.db(), actor.id()).await?;
        Ok(row.map(|row| PasswordTimes {
            created_at: row.created_at,
            expires_at: row.expires_at,
        }))
    }

    /// Gives the actor a new database password. From the commit on, new connections need it on every workspace; open
    /// connections stay, unless `end_connections`.
    pub async fn rotate_password(&self, actor: &Actor, end_connections: bool) -> Result<DatabasePassword> {
        self.create_password(actor, None, end_connections).await
    }

    /// The same, with a password that is over after so many minutes. Then the gateway refuses it, until the actor makes
    /// another one; connections that are open stay, unless `end_connections`.
    pub async fn create_password(
        &self,
        actor: &Actor,
        expires_in_minutes: Option<i64>,
        end_connections: bool,
    ) -> Result<DatabasePassword> {
        self.require_fresh(actor, Freshness::Sensitive)?;
        let lifetime = expires_in_minutes.map(password::lifetime_seconds).transpose()?;
        let expires_at = lifetime.map(|seconds| time::after(self.now(), seconds));
        let mut tx = self.begin_for_all_replicas().await?;
        let user = users::lock_user(&mut tx, actor.id())
            .await?
            .ok_or(Error::NotFound("user"))?;
        if end_connections {
            connections::end_connections(&mut tx, user.id, self.now()).await?;
        }
        let password = self
            .insert_password_until(&mut tx, actor.id(), expires_at)
            .await?;
        let event = mail::Event::PasswordRotated {
            until: expires_at.map(time::for_people),
        };
        self.tell(&mut tx, actor, event).await?;
        let entry = actor
            .entry(Action::UserPasswordCreate)
            .on(actor.id(), &actor.user.handle)
            .with("password_id", password.id.to_string())
            .with("expires_at", expires_at.map(time::rfc3339_seconds))
            .with("connections_ended", end_connections);
        tx.commit(self.record(actor.origin(), entry)).await?;
        self.wake_workers();
        if end_connections {
            self.end_open_connections(user.id, Some(user.connection_epoch + 1));
        }
        Ok(password)
    }

    /// Writes a fresh password of `user`: verifier and sealed text in one row.
    pub(crate) async fn insert_password(&self, tx: &mut Tx, user: UserId) -> Result<DatabasePassword> {
        self.insert_password_until(tx, user, None).await
    }

    async fn insert_password_until(
        &self,
        tx: &mut Tx,
        user: UserId,
        expires_at: Option<Timestamp>,
    ) -> Result<DatabasePassword> {
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
            expires_at,
        };
        database_passwords::upsert_password(tx, &row).await?;
        Ok(DatabasePassword {
            id,
            password,
            created_at: now,
            expires_at,
        })
    }
}
