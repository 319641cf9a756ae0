//! Sessions and bearer tokens: who is calling.

use model::{
    SessionId,
    audit::{Action, Credential},
    scope::Scope,
    session::{Freshness, SessionKind},
    time,
    token::{PlainToken, TokenKey},
    version::Expected,
};
use store::{Tx, connections, known_places, sessions, sessions::SessionRow, sign_ins, users, users::UserRow};

use crate::{
    Actor, App, Error, Peer, Result,
    access_check::{self, Facts},
    keys,
    steady::{self, Asked},
};

/// Which sessions to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All but the one that the actor acts with.
    Others,
    /// That one too.
    All,
}

/// Whether a credential of this id exists is told by neither words nor time.
async fn steadily(asked: Asked, actor: Result<Actor>) -> Result<Actor> {
    if matches!(actor, Err(Error::SignInRequired)) {
        asked.answer_after(steady::REFUSAL).await;
    }
    actor
}

impl App {
    /// The person who holds `token`, sent as a bearer token: an API token or a temporary one.
    ///
    /// A text that is no token costs no look-up. Whoever does not know the secret learns nothing
    /// ([`Error::SignInRequired`]); whoever does is told why it does not work ([`Error::CredentialRefused`]).
    pub async fn authenticate_bearer(&self, token: &str, peer: Peer) -> Result<Actor> {
        let token: PlainToken = token.parse().map_err(|_| Error::SignInRequired)?;
        let asked = Asked::now();
        let actor = match token.key() {
            TokenKey::Api(_) => self.authenticate_token(&token, peer).await,
            TokenKey::Temporary(_) => self.authenticate_temporary(&token, None, peer).await,
        };
        steadily(asked, actor).await
    }

    /// The person whose browser sent `cookie`.
    pub async fn authenticate_session(&self, cookie: &str, peer: Peer) -> Result<Actor> {
        let token: PlainToken = cookie.parse().map_err(|_| Error::SignInRequired)?;
        let asked = Asked::now();
        let console = Some(SessionKind::Console);
        steadily(asked, self.authenticate_temporary(&token, console, peer).await).await
    }

    async fn authenticate_token(&self, token: &PlainToken, peer: Peer) -> Result<Actor> {
        let TokenKey::Api(id) = token.key() else {
            return Err(Error::SignInRequired);
        };
        let (mac, now) = (self.keys().token_mac(token.expose()), self.now());
        let actor = self.judge_token(id, |row, user| {
            if !keys::same(&mac, &row.mac) {
                return Err(Error::SignInRequired);
            }
            access_check::check(&Facts::of_token(row, peer.ip), user, now)?;
            Ok(Actor {
                expected: Expected::Anything,
                user: user.clone(),
                credential: Credential::Token {
                    id,
                    title: row.name(),
                },
                session: None,
                scope: row.scope,
                token_expires_at: row.ends_at(),
                peer: peer.clone(),
            })
        });
        let actor = actor.await?;
        self.0.last_use.token(id, now, peer.ip);
        Ok(actor)
    }

    async fn authenticate_temporary(
        &self,
        token: &PlainToken,
        kind: Option<SessionKind>,
        peer: Peer,
    ) -> Result<Actor> {
        let TokenKey::Temporary(id) = token.key() else {
            return Err(Error::SignInRequired);
        };
        let (mac, now) = (self.keys().token_mac(token.expose()), self.now());
        let actor = self.judge_session(id, |row, user| {
            // A console session lives in its cookie only: taken out of it, it is no API token.
            if !keys::same(&mac, &row.mac) || kind.unwrap_or(SessionKind::Cli) != row.kind {
                return Err(Error::SignInRequired);
            }
            access_check::check(&self.facts_of_session(row), user, now)?;
            Ok(Actor {
                expected: Expected::Anything,
                user: user.clone(),
                credential: match row.kind {
                    SessionKind::Console => Credential::Session(id),
                    SessionKind::Cli => Credential::CliSession(id),
                },
                session: Some(row.clone()),
                scope: Scope::Full,
                token_expires_at: Some(row.expires_at),
                peer: peer.clone(),
            })
        });
        let actor = actor.await?;
        self.0.last_use.session(id, now);
        Ok(actor)
    }

    fn facts_of_session(&self, row: &SessionRow) -> Facts {
        let idle_end = time::after(row.last_seen_at, self.settings().sessions.idle_seconds);
        let end = match row.kind {
            SessionKind::Console => row.expires_at.min(idle_end),
            SessionKind::Cli => row.expires_at,
        };
        Facts {
            switched_on: true,
            auth_epoch: row.auth_epoch,
            expires_at: Some(end),
            in_its_networks: true,
        }
    }

    /// Ends the session that the actor acts with.
    pub async fn sign_out(&self, actor: &Actor) -> Result<()> {
        let Some(session) = actor.session() else {
            return Ok(());
        };
        let mut tx = self.db().begin().await?;
        if sessions::delete_session(&mut tx, actor.id(), session.id).await? {
            let entry = actor
                .entry(Action::SessionDelete)
                .on(actor.id(), &actor.user.handle);
            tx.commit(self.record(actor.origin(), entry)).await?;
        }
        Ok(())
    }

    /// The actor's living sessions, newest first.
    pub async fn list_sessions(&self, actor: &Actor) -> Result<Vec<SessionRow>> {
        let rows = sessions::list_sessions(self.db(), actor.id(), self.now()).await?;
        // A session of an earlier epoch is over, whenever its row goes.
        Ok(rows
            .into_iter()
            .filter(|row| row.auth_epoch == actor.user.auth_epoch)
            .collect())
    }

    /// Ends one of the actor's sessions; its next request is refused.
    pub async fn end_session(&self, actor: &Actor, id: SessionId) -> Result<()> {
        self.require_fresh(actor, Freshness::Sensitive)?;
        let mut tx = self.db().begin().await?;
        if !sessions::delete_session(&mut tx, actor.id(), id).await? {
            return Err(Error::NotFound("session"));
        }
        let entry = actor
            .entry(Action::SessionDelete)
            .on(actor.id(), &actor.user.handle)
            .with("session_id", id.to_string());
        Ok(tx.commit(self.record(actor.origin(), entry)).await?)
    }

    /// Ends the actor's sessions, and says how many.
    pub async fn end_sessions(&self, actor: &Actor, which: Which) -> Result<u64> {
        self.require_fresh(actor, Freshness::Sensitive)?;
        let mut tx = self.db().begin().await?;
        users::lock_user(&mut tx, actor.id())
            .await?
            .ok_or(Error::NotFound("user"))?;
        let kept = match which {
            Which::All => None,
            Which::Others => actor.session().map(|session| session.id.to_string()),
        };
        let ended =
            sessions::delete_sessions_but(&mut tx, actor.id(), kept.as_deref().unwrap_or_default()).await?;
        if ended > 0 {
            let entry = actor
                .entry(Action::SessionDelete)
                .on(actor.id(), &actor.user.handle)
                .with("ended", ended);
            tx.commit(self.record(actor.origin(), entry)).await?;
        }
        Ok(ended)
    }

    /// Ends every session and token of the actor, the one that they act with included, and every sign-in link that is
    /// on its way. From the commit on none of them opens anything; `rotate_password` changes the database password in
    /// the same transaction, and ends the database connections that are open.
    pub async fn reset_auth(&self, actor: &Actor, rotate_password: bool) -> Result<UserRow> {
        self.require_fresh(actor, Freshness::Danger)?;
        let mut tx = self.db().begin().await?;
        let user = users::lock_user(&mut tx, actor.id())
            .await?
            .ok_or(Error::NotFound("user"))?;
        actor.check_version(user.version_id)?;
        // Of two resets at once the second acts with a credential that the first one ended.
        if user.auth_epoch != actor.user.auth_epoch {
            return Err(Error::SignInRequired);
        }
        let now = self.now();
        users::reset_auth(&mut tx, user.id, now).await?;
        sessions::delete_sessions_but(&mut tx, user.id, "").await?;
        sign_ins::delete_sign_ins_of(&mut tx, user.id).await?;
        // Whoever it was that signed in, from now on it is news.
        known_places::forget_places(&mut tx, user.id).await?;
        let event = mail::Event::AuthReset {
            password_rotated: rotate_password,
        };
        self.tell(&mut tx, actor, event).await?;
        let reset = actor
            .entry(Action::UserAuthReset)
            .on(user.id, &user.handle)
            .with("password_rotated", rotate_password)
            .with("connections_ended", rotate_password);
        let reset = self.record(actor.origin(), reset);
        if rotate_password {
            let password = self.insert_password(&mut tx, user.id).await?;
            connections::end_connections(&mut tx, user.id, now).await?;
            let rotated = actor
                .entry(Action::UserPasswordCreate)
                .on(user.id, &user.handle)
                .with("password_id", password.id.to_string());
            tx.commit_all([reset, self.record(actor.origin(), rotated)])
                .await?;
        } else {
            tx.commit(reset).await?;
        }
        let user = users::find_user(self.db(), user.id)
            .await?
            .ok_or(Error::NotFound("user"))?;
        self.end_open_connections(user.id, Some(user.connection_epoch));
        self.wake_workers();
        Ok(user)
    }

    /// Writes a new session of `user`, whose row the transaction has locked, and gives its token.
    pub(crate) async fn insert_session(
        &self,
        tx: &mut Tx,
        user: &UserRow,
        kind: SessionKind,
        peer: &Peer,
    ) -> Result<(SessionId, PlainToken)> {
        let now = self.now();
        let id = SessionId::new(now, self.random());
        let token = PlainToken::generate(TokenKey::Temporary(id), self.random());
        let settings = &self.settings().sessions;
        let lifetime = match kind {
            SessionKind::Console => settings.lifetime_seconds,
            SessionKind::Cli => settings.cli_lifetime_seconds,
        };
        let row = SessionRow {
            id,
            user_id: user.id,
            kind,
            mac: self.keys().token_mac(token.expose()),
            auth_epoch: user.auth_epoch,
            ip: peer.ip.to_string(),
            user_agent: peer.user_agent.clone(),
            created_at: now,
            authenticated_at: now,
            last_seen_at: now,
            expires_at: time::after(now, lifetime),
        };
        sessions::insert_session(tx, &row).await?;
        Ok((id, token))
    }
}
