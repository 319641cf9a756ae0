//! The code, typed at the terminal, for a temporary token: counted before it is compared, and worth one token.

use model::{
    Secret, UserId,
    audit::{Action, AuditEntry, Credential},
    cli_login::{CODE_TRIES, CliLoginKey},
    session::SessionKind,
    sign_in::normalise_code,
    token::PlainToken,
};
use store::{
    Tx, Unrecorded,
    cli_logins::{self, CliLoginRow},
    users::{self, UserRow},
};

use super::{CliLogin, EXPIRED, USED, about};
use crate::{
    App, Error, Peer, Result,
    access_check::{self, Facts},
    keys, notices,
};

const RESET: Error = Error::Expired(
    "Authentication of this account was reset after the login was verified. Run the login command again.",
);

/// What the command line is told of its request.
#[derive(Debug)]
pub struct Redeemed {
    /// The request.
    pub login: CliLogin,
    /// The temporary token, this once; only with a request that is confirmed, and always with one.
    pub token: Option<PlainToken>,
}

impl App {
    /// Where the request of `key` is, and its token for the right code. A code that is sent before a person has
    /// verified the request is not looked at.
    pub async fn redeem_cli_login(
        &self,
        key: &CliLoginKey,
        code: Option<&Secret<String>>,
        peer: &Peer,
    ) -> Result<Redeemed> {
        let row = self.find_cli_login(key).await?;
        self.require_open(&row)?;
        let Some(user) = row.user_id else {
            let login = row.into();
            return Ok(Redeemed { login, token: None });
        };
        let code =
            code.ok_or_else(|| Error::invalid("code", "Type the 6-digit code that the browser shows."))?;
        self.0.limits.guess(peer.ip)?;
        let row = self.count_cli_try(&row).await?;
        let mac = self.cli_code_mac(row.id, &normalise_code(code.expose()));
        match row.code_mac {
            Some(kept) if keys::same(&mac, &kept) => self.issue_cli_session(user, row, &kept, peer).await,
            _ => Err(self.refuse_cli_code(&row, peer).await?),
        }
    }

    /// Counts the try, before anything is compared.
    async fn count_cli_try(&self, row: &CliLoginRow) -> Result<CliLoginRow> {
        let mut tx = self.db().begin().await?;
        let counted = cli_logins::count_try(&mut tx, row.id, CODE_TRIES, self.now()).await?;
        if let Some(row) = counted {
            tx.commit_unrecorded(Unrecorded::CodeTry).await?;
            return Ok(row);
        }
        drop(tx);
        Err(self.over_by_now(row, EXPIRED).await?)
    }

    /// Why a request that was open a moment ago did not go on.
    async fn over_by_now(&self, row: &CliLoginRow, otherwise: Error) -> Result<Error> {
        let now = cli_logins::find_cli_login(self.db(), row.id).await?;
        let why = now.and_then(|row| self.require_open(&row).err());
        Ok(why.unwrap_or(otherwise))
    }

    /// Records a wrong code in the log of whoever let the command line in, and says how it goes on.
    async fn refuse_cli_code(&self, row: &CliLoginRow, peer: &Peer) -> Result<Error> {
        let mut entry =
            about(AuditEntry::new(row.user_id, Action::LoginFail), row).with("reason", "wrong code");
        let user = match row.user_id {
            Some(user) => users::find_user(self.db(), user).await?,
            None => None,
        };
        if let Some(user) = user {
            entry = entry.on(user.id, &user.handle);
        }
        let tx = self.db().begin().await?;
        tx.commit(self.record(peer.origin(Credential::None), entry))
            .await?;
        const WRONG: &str = "This is not the code that the browser shows.";
        Ok(match CODE_TRIES - row.tries {
            0 => Error::invalid(
                "code",
                format!("{WRONG} That was the last try: run the login command again."),
            ),
            1 => Error::invalid("code", format!("{WRONG} One try is left.")),
            left => Error::invalid("code", format!("{WRONG} {left} tries are left.")),
        })
    }

    /// Locks the account that let the command line in, as a reset locks it, so that the two never cross; and decides
    /// under the lock whether it may have a credential now.
    async fn lock_confirmer(&self, tx: &mut Tx, user: UserId, row: &CliLoginRow) -> Result<UserRow> {
        let user = users::lock_user(tx, user).await?.ok_or(EXPIRED)?;
        let allowed = access_check::check(&facts(row), &user, self.now());
        allowed.map_err(|error| match error {
            Error::CredentialRefused {
                code: "auth_reset", ..
            } => RESET,
            Error::CredentialRefused {
                code: "token_expired",
                ..
            } => EXPIRED,
            other => other,
        })?;
        Ok(user)
    }

    /// The right code: a session of the command line.
    async fn issue_cli_session(
        &self,
        user: UserId,
        row: CliLoginRow,
        code_mac: &[u8; 32],
        peer: &Peer,
    ) -> Result<Redeemed> {
        let mut tx = self.db().begin().await?;
        let user = self.lock_confirmer(&mut tx, user, &row).await?;
        if !cli_logins::use_cli_login(&mut tx, row.id, user.id, code_mac, self.now()).await? {
            drop(tx);
            return Err(self.over_by_now(&row, USED).await?);
        }
        let crowded_out = self.make_room(&mut tx, &user, peer).await?;
        let (id, token) = self
            .insert_session(&mut tx, &user, SessionKind::Cli, peer)
            .await?;
        let message = self.cli_login_message(&user, peer);
        self.tell_owner(&mut tx, user.id, &message).await?;
        let origin = peer.origin_of(&user, Credential::CliSession(id));
        let entry = about(AuditEntry::new(Some(user.id), Action::SessionCreate), &row)
            .on(user.id, &user.handle)
            .with("session_id", id.to_string());
        let begun = self.record(origin.clone(), entry);
        match crowded_out {
            Some(entry) => tx.commit_all([self.record(origin, entry), begun]).await?,
            None => tx.commit(begun).await?,
        }
        self.wake_workers();
        Ok(Redeemed {
            login: row.into(),
            token: Some(token),
        })
    }

    /// A login is nothing that happens behind the owner's back.
    fn cli_login_message(&self, user: &UserRow, peer: &Peer) -> mail::Message {
        mail::Message::CliLogin {
            days: self.settings().sessions.cli_lifetime_seconds / (24 * 60 * 60),
            notice: self.notice_of(user, notices::by(peer)),
        }
    }
}

/// What decides whether the request's person may have a credential now.
fn facts(row: &CliLoginRow) -> Facts {
    Facts {
        switched_on: true,
        auth_epoch: row.auth_epoch.unwrap_or(-1),
        expires_at: Some(row.expires_at),
        in_its_networks: true,
    }
}
