//! A command line's login: it asks, a person lets it in at their browser and reads a code there, and whoever types the
//! code at the terminal gets a temporary token (contract §5.1, security A.3).
//!
//! What the command line holds opens nothing until a person verifies it; the code opens nothing without what the command
//! line holds. Neither is kept in clear.

mod redeem;

use jiff::Timestamp;
use model::{
    CliLoginId, Secret,
    audit::{Action, AuditEntry, Credential},
    cli_login::{CODE_TRIES, CliLoginKey, LIFETIME_SECONDS},
    session::{Freshness, SessionKind},
    sign_in::generate_code,
    time,
};
use store::cli_logins::{self, CliLoginRow, CliLoginState};

use crate::{Actor, App, Error, Peer, Result, keys};

pub use redeem::Redeemed;

/// Seconds to wait when as many requests wait as there may be.
const CROWDED_SECONDS: u64 = 60;

const UNKNOWN: Error = Error::NotFound("login request");
const EXPIRED: Error = Error::Expired("This login request is too old. Run the login command again.");
const DENIED: Error =
    Error::Expired("This login request was denied. If it was you, run the login command again.");
const USED: Error =
    Error::Expired("This login request was used. Run the login command again for another login.");
const BURNED: Error = Error::Expired(
    "Too many wrong codes: this login request does not work any more. Run the login command again.",
);

/// A request, as who holds its key may see it.
#[derive(Debug, Clone)]
pub struct CliLogin {
    /// The part of the key that is no secret.
    pub id: CliLoginId,
    /// Whether a person let it in.
    pub confirmed: bool,
    /// Who asked.
    pub ip: String,
    /// With what.
    pub user_agent: String,
    /// When.
    pub created_at: Timestamp,
    /// When it last went on.
    pub updated_at: Option<Timestamp>,
    /// Until when it works.
    pub expires_at: Timestamp,
}

impl From<CliLoginRow> for CliLogin {
    fn from(row: CliLoginRow) -> Self {
        Self {
            id: row.id,
            confirmed: row.state == CliLoginState::Confirmed,
            ip: row.ip,
            user_agent: row.user_agent,
            created_at: row.created_at,
            updated_at: row.updated_at,
            expires_at: row.expires_at,
        }
    }
}

impl App {
    /// A command line asks to be let in. The key is what it tries codes with, and what its person opens in a browser.
    pub async fn create_cli_login(&self, peer: &Peer) -> Result<(CliLogin, CliLoginKey)> {
        self.0.limits.cli_login(peer.ip)?;
        let now = self.now();
        let key = CliLoginKey::generate(now, self.random());
        let row = CliLoginRow {
            id: key.id(),
            secret_mac: self.cli_login_mac(&key),
            state: CliLoginState::Pending,
            user_id: None,
            auth_epoch: None,
            code_mac: None,
            tries: 0,
            ip: peer.ip.to_string(),
            user_agent: peer.user_agent.clone(),
            created_at: now,
            updated_at: None,
            expires_at: time::after(now, LIFETIME_SECONDS),
        };
        let mut tx = self.db().begin().await?;
        let most = self.settings().limits.cli_logins_pending.into();
        if !cli_logins::insert_cli_login(&mut tx, &row, most).await? {
            return Err(Error::RateLimited {
                after_seconds: CROWDED_SECONDS,
            });
        }
        let entry = about(AuditEntry::new(None, Action::LoginRequest), &row);
        tx.commit(self.record(peer.origin(Credential::None), entry))
            .await?;
        Ok((row.into(), key))
    }

    /// What the person at the browser is shown before they decide; [`Error::Expired`] where there is nothing to decide.
    pub async fn peek_cli_login(&self, actor: &Actor, key: &CliLoginKey) -> Result<CliLogin> {
        let row = self.find_cli_login(key).await?;
        self.require_open(&row)?;
        // What somebody else let in is theirs.
        if row.user_id.is_some_and(|user| user != actor.id()) {
            return Err(USED);
        }
        Ok(row.into())
    }

    /// The actor lets the command line in as themselves, and gets the code that is to be typed there. They may do it
    /// again, and get another code; the tries go on.
    pub async fn confirm_cli_login(&self, actor: &Actor, key: &CliLoginKey) -> Result<Secret<String>> {
        self.require_browser(actor)?;
        self.require_fresh(actor, Freshness::Sensitive)?;
        let row = self.find_cli_login(key).await?;
        self.require_open(&row)?;
        let code = generate_code(self.random());
        let mac = self.cli_code_mac(row.id, code.expose());
        let now = self.now();
        let mut tx = self.db().begin().await?;
        // A reset of authentication that came first wins: the session is of an earlier epoch.
        let user = self.lock_actor(&mut tx, actor).await?;
        if !cli_logins::confirm_cli_login(&mut tx, row.id, user.id, user.auth_epoch, &mac, now, CODE_TRIES)
            .await?
        {
            drop(tx);
            return Err(self.why_over(key).await?);
        }
        let entry = about(actor.entry(Action::LoginConfirm), &row)
            .on(user.id, &user.handle)
            .with("asked_from", row.ip)
            .with("asked_with", row.user_agent);
        tx.commit(self.record(actor.origin(), entry)).await?;
        Ok(code)
    }

    /// Only a person at a browser lets a command line in: a token that could would renew itself for ever, and nobody
    /// would have looked.
    pub fn require_browser(&self, actor: &Actor) -> Result<()> {
        let session = actor.session().map(|session| session.kind);
        if session == Some(SessionKind::Console) {
            return Ok(());
        }
        Err(Error::Forbidden {
            code: "browser_required",
            message: "A token cannot let a command line in. Open the address that the login command printed in a browser, and verify the login there.",
        })
    }

    /// The actor refuses the command line, for good.
    pub async fn deny_cli_login(&self, actor: &Actor, key: &CliLoginKey) -> Result<()> {
        let row = self.find_cli_login(key).await?;
        let mut tx = self.db().begin().await?;
        if !cli_logins::deny_cli_login(&mut tx, row.id, self.now()).await? {
            drop(tx);
            return Err(self.why_over(key).await?);
        }
        let entry = about(actor.entry(Action::LoginFail), &row)
            .on(actor.id(), &actor.user.handle)
            .with("reason", "denied")
            .with("asked_from", row.ip);
        Ok(tx.commit(self.record(actor.origin(), entry)).await?)
    }

    /// The command line gives up. It may say so twice.
    pub async fn cancel_cli_login(&self, key: &CliLoginKey, peer: &Peer) -> Result<CliLogin> {
        let row = self.find_cli_login(key).await?;
        let mut tx = self.db().begin().await?;
        if cli_logins::deny_cli_login(&mut tx, row.id, self.now()).await? {
            let entry =
                about(AuditEntry::new(row.user_id, Action::LoginFail), &row).with("reason", "cancelled");
            tx.commit(self.record(peer.origin(Credential::None), entry))
                .await?;
        }
        Ok(row.into())
    }

    /// Whether anybody can still decide or type a code.
    fn require_open(&self, row: &CliLoginRow) -> Result<()> {
        match row.state {
            CliLoginState::Used => Err(USED),
            CliLoginState::Denied => Err(DENIED),
            CliLoginState::Pending | CliLoginState::Confirmed if row.expires_at <= self.now() => Err(EXPIRED),
            CliLoginState::Confirmed if row.tries >= CODE_TRIES => Err(BURNED),
            CliLoginState::Pending | CliLoginState::Confirmed => Ok(()),
        }
    }

    /// Why a request that was open a moment ago did not go on.
    async fn why_over(&self, key: &CliLoginKey) -> Result<Error> {
        let row = self.find_cli_login(key).await?;
        Ok(self.require_open(&row).err().unwrap_or(USED))
    }

    /// The request of this key. An id with another secret is no request.
    async fn find_cli_login(&self, key: &CliLoginKey) -> Result<CliLoginRow> {
        let row = cli_logins::find_cli_login(self.db(), key.id()).await?;
        let mac = self.cli_login_mac(key);
        row.filter(|row| keys::same(&mac, &row.secret_mac)).ok_or(UNKNOWN)
    }

    fn cli_login_mac(&self, key: &CliLoginKey) -> [u8; 32] {
        self.keys().sign_in_mac("cli login", key.expose())
    }

    fn cli_code_mac(&self, id: CliLoginId, code: &str) -> [u8; 32] {
        self.keys().sign_in_mac(&format!("cli code {id}"), code)
    }
}

fn about(entry: AuditEntry, row: &CliLoginRow) -> AuditEntry {
    entry.with("purpose", "cli").with("login_id", row.id.to_string())
}
