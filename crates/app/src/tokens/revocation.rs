//! Leaked credentials: whoever finds one may end it, and its owner is told.
//!
//! The answer says nothing of what was sent: not whether it was a token, nor whether it was alive. Ending a credential
//! takes its whole secret, which is all that its thief would need as well.

use model::{
    SessionId, TokenId,
    audit::{Action, AuditEntry, Credential},
    token::{PlainToken, TokenKey},
};
use store::{sessions, tokens, user_emails, users, users::UserRow};

use crate::{
    App, Error, Peer, Result, keys, notices,
    steady::{self, Asked},
};

/// The most credentials in one report.
pub const REPORT_MAX: usize = 100;

/// A credential of `user` whose secret somebody else knows.
struct Leaked {
    user: UserRow,
    key: Key,
    /// What its owner knows it by.
    name: String,
}

#[derive(Clone, Copy)]
enum Key {
    Token(TokenId),
    Session(SessionId),
}

impl App {
    /// Ends each of `credentials` that is a token or a session of somebody here, and writes to its owner. Everything
    /// else is passed over without a word.
    pub async fn revoke_credentials(&self, credentials: &[String], peer: &Peer) -> Result<()> {
        self.0.limits.revocation(peer.ip)?;
        if credentials.len() > REPORT_MAX {
            return Err(Error::invalid(
                "credentials",
                format!("Report at most {REPORT_MAX} credentials at a time."),
            ));
        }
        let asked = Asked::now();
        for credential in credentials {
            if let Some(leaked) = self.find_leaked(credential).await? {
                self.revoke(&leaked, peer).await?;
            }
        }
        self.wake_workers();
        asked.answer_after(steady::REPORT).await;
        Ok(())
    }

    async fn find_leaked(&self, text: &str) -> Result<Option<Leaked>> {
        let Ok(plain) = text.trim().parse::<PlainToken>() else {
            return Ok(None);
        };
        let mac = self.keys().token_mac(plain.expose());
        let found = match plain.key() {
            TokenKey::Api(id) => tokens::find_credential(self.db(), id)
                .await?
                .map(|(row, user)| (row.mac, user, Key::Token(id), row.name())),
            TokenKey::Temporary(id) => sessions::find_session(self.db(), id)
                .await?
                .map(|(row, user)| (row.mac, user, Key::Session(id), row.user_agent)),
        };
        let known = found.filter(|(kept, ..)| keys::same(&mac, kept));
        Ok(known.map(|(_, user, key, name)| Leaked { user, key, name }))
    }

    /// Ends `leaked` and writes to its owner; nothing when it ended meanwhile.
    async fn revoke(&self, leaked: &Leaked, peer: &Peer) -> Result<()> {
        let user = leaked.user.id;
        let email = user_emails::find_primary_email(self.db(), user).await?;
        let mut tx = self.db().begin().await?;
        users::lock_user(&mut tx, user).await?;
        let (ended, kind, id) = match leaked.key {
            Key::Token(id) => (
                tokens::delete_token(&mut tx, user, id).await?,
                "token",
                id.to_string(),
            ),
            Key::Session(id) => (
                sessions::delete_session(&mut tx, user, id).await?,
                "session",
                id.to_string(),
            ),
        };
        if !ended {
            return Ok(());
        }
        if let Some(email) = email {
            let message = self.leak_message(leaked, peer);
            self.enqueue_mail(&mut tx, Some(user), &email, &message).await?;
        }
        let entry = AuditEntry::new(Some(user), Action::TokenRevoke)
            .on(id, &leaked.name)
            .with("kind", kind);
        Ok(tx
            .commit(self.record(peer.origin(Credential::None), entry))
            .await?)
    }

    fn leak_message(&self, leaked: &Leaked, peer: &Peer) -> mail::Message {
        let (what, page) = match leaked.key {
            Key::Token(_) => ("API token", "tokens"),
            Key::Session(_) => ("sign-in of", "sessions"),
        };
        let base = self.settings().public_url.as_str().trim_end_matches('/');
        mail::Message::CredentialRevoked {
            what: format!("{what} {}", leaked.name),
            url: format!("{base}/settings/{page}"),
            notice: self.notice_of(&leaked.user, notices::by(peer)),
        }
    }
}
