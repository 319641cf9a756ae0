//! Signing in and signing up by mail.
//!
//! The mail holds a link and a code. The link alone opens nothing: it needs the browser that asked (by its nonce) or
//! the code, typed by hand. So a mail scanner that opens, follows and clicks gets nothing and spoils nothing. Whether
//! an address is known changes neither answer nor work.

use model::{
    EmailId, Secret, SignInId, UserId,
    audit::{Action, AuditEntry, Credential},
    email::EmailAddress,
    handle::Handle,
    profile,
    session::SessionKind,
    sign_in::{CODE_TRIES, LIFETIME_SECONDS, generate_code, generate_secret, normalise_code},
    time,
    token::PlainToken,
};
use store::{
    Tx, Unrecorded, sessions, sign_ins,
    sign_ins::{SignInRow, SignInState, SignInVia},
    user_emails, users,
    users::UserRow,
};

use crate::{
    App, Error, Peer, Result, access_check,
    error::Checks,
    keys, notices,
    steady::{self, Asked},
};

/// What the browser that asked keeps in a cookie: which request is its own, and the nonce that proves it.
#[derive(Debug, Clone)]
pub struct BrowserProof {
    /// The request.
    pub id: SignInId,
    /// The nonce.
    pub nonce: Secret<String>,
}

impl BrowserProof {
    /// The proof as a cookie's value.
    pub fn to_cookie(&self) -> String {
        format!("{}.{}", self.id, self.nonce.expose())
    }

    /// The proof from a cookie's value.
    pub fn from_cookie(value: &str) -> Option<Self> {
        let (id, nonce) = value.split_once('.')?;
        Some(Self {
            id: id.parse().ok()?,
            nonce: Secret::new(nonce.to_owned()),
        })
    }
}

/// What somebody shows to go through with a request.
#[derive(Debug, Default)]
pub struct SignInProof {
    /// The secret of the link, if they followed it.
    pub secret: Option<Secret<String>>,
    /// The code, if they typed it.
    pub code: Option<Secret<String>>,
    /// The cookie, if this browser asked.
    pub browser: Option<BrowserProof>,
}

/// What a link's page may say before anything is consumed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkState {
    /// One button is enough: this browser asked, or the operator gave the link. It signs in to this account, or makes
    /// a new one.
    Ready(Option<Handle>),
    /// Another browser asked: the code from the mail is needed.
    NeedsCode,
    /// It worked once, its time is over, or it never was.
    Expired,
}

/// What came of a confirmed request.
#[derive(Debug)]
pub enum Confirmed {
    /// The person is in.
    SignedIn {
        /// The cookie's value.
        session: PlainToken,
        /// Where they wanted to go.
        next_path: Option<String>,
    },
    /// The address is proven and has no account: the person chooses a handle.
    ChooseHandle(BrowserProof),
}

/// A new account, as the person wants it.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// The handle.
    pub handle: String,
    /// The display name, or an empty text.
    pub display_name: String,
    /// The address, where none is proven yet: only for the first account, made from the operator's terminal.
    pub email: Option<String>,
}

impl App {
    /// Sends a sign-in or sign-up mail to `email`. The answer is the same for every well-formed address, and comes after
    /// the same time.
    pub async fn request_sign_in(
        &self,
        email: &str,
        next_path: Option<String>,
        peer: &Peer,
    ) -> Result<BrowserProof> {
        let email: EmailAddress = email.parse()?;
        self.0.limits.sign_in(peer.ip, &email.key())?;
        let asked = Asked::now();
        let proof = self.send_sign_in(email, next_path, peer).await;
        asked.answer_after(steady::SIGN_IN).await;
        proof
    }

    async fn send_sign_in(
        &self,
        email: EmailAddress,
        next_path: Option<String>,
        peer: &Peer,
    ) -> Result<BrowserProof> {
        let user = users::find_user_by_email(self.db(), &email.key()).await?;
        let (row, link_secret, code, nonce) =
            self.new_sign_in(SignInVia::Mail, Some(email.clone()), next_path, peer);
        let link = self.link_url(&link_secret);
        let message = match &user {
            Some(_) => mail::Message::SignIn(self.link_message(link, &code, peer)),
            None if self.settings().sign_up.allows(&email) => {
                mail::Message::SignUp(self.link_message(link, &code, peer))
            }
            None => mail::Message::NoAccount {
                public_url: self.settings().public_url.to_string(),
                at: time::for_people(self.now()),
                by: notices::by(peer),
            },
        };
        let mut tx = self.db().begin().await?;
        sign_ins::insert_sign_in(&mut tx, &row).await?;
        let owner = user.as_ref().map(|user| user.id);
        self.enqueue_mail(&mut tx, owner, &email, &message).await?;
        let mut entry = AuditEntry::new(owner, Action::LoginRequest);
        if let Some(user) = &user {
            entry = entry.on(user.id, &user.handle);
        }
        tx.commit(self.record(peer.origin(Credential::None), entry))
            .await?;
        self.wake_workers();
        Ok(BrowserProof { id: row.id, nonce })
    }

    /// What the page of a link may say. It changes nothing: scanners call it.
    pub async fn peek_link(
        &self,
        secret: &Secret<String>,
        browser: Option<&BrowserProof>,
    ) -> Result<LinkState> {
        let Some(row) = self.find_by_secret(secret).await? else {
            return Ok(LinkState::Expired);
        };
        if !self.is_alive(&row) {
            Ok(LinkState::Expired)
        } else if row.via == SignInVia::Operator || self.is_browser_of(&row, browser) {
            Ok(LinkState::Ready(
                self.user_of(&row).await?.map(|user| user.handle),
            ))
        } else {
            Ok(LinkState::NeedsCode)
        }
    }

    /// Consumes a request: by its link in the browser that asked, or by its code.
    pub async fn confirm_sign_in(&self, proof: SignInProof, peer: &Peer) -> Result<Confirmed> {
        const OVER: Error = Error::Expired("This link was used or is too old. Ask for a new one.");
        self.0.limits.guess(peer.ip)?;
        let row = match (&proof.secret, &proof.browser) {
            (Some(secret), _) => self.find_by_secret(secret).await?,
            (None, Some(browser)) => sign_ins::find_sign_in(self.db(), browser.id).await?,
            (None, None) => None,
        };
        let row = row.ok_or(OVER)?;
        if !self.is_alive(&row) {
            return Err(OVER);
        }
        let is_browser = self.is_browser_of(&row, proof.browser.as_ref());
        let by_link = proof.secret.is_some() && (is_browser || row.via == SignInVia::Operator);
        let may_type = proof.secret.is_some() || is_browser;
        match &proof.code {
            _ if by_link => {}
            Some(code) if may_type => self.check_code(&row, code, peer).await?,
            _ => {
                return Err(Error::invalid(
                    "code",
                    "Another browser asked for this link. Type the 6-digit code from the mail.",
                ));
            }
        }
        self.complete(row, peer).await
    }

    /// Counts the try, then compares; a wrong code is recorded in the log of the account that it was for.
    async fn check_code(&self, row: &SignInRow, code: &Secret<String>, peer: &Peer) -> Result<()> {
        let mut tx = self.db().begin().await?;
        if !sign_ins::count_try(&mut tx, row.id, CODE_TRIES, self.now()).await? {
            return Err(Error::Expired("Too many wrong codes. Ask for a new mail."));
        }
        tx.commit_unrecorded(Unrecorded::CodeTry).await?;
        let mac = self.code_mac(row.id, &normalise_code(code.expose()));
        if keys::same(&mac, &row.code_mac) {
            return Ok(());
        }
        let user = self.user_of(row).await?;
        let mut entry = AuditEntry::new(user.as_ref().map(|user| user.id), Action::LoginFail)
            .with("reason", "wrong code");
        if let Some(user) = &user {
            entry = entry.on(user.id, &user.handle);
        }
        let tx = self.db().begin().await?;
        tx.commit(self.record(peer.origin(Credential::None), entry))
            .await?;
        Err(Error::invalid(
            "code",
            "This is not the code from the mail. Check it and type it again.",
        ))
    }

    async fn user_of(&self, row: &SignInRow) -> Result<Option<UserRow>> {
        match &row.email {
            Some(email) => Ok(users::find_user_by_email(self.db(), &email.key()).await?),
            None => Ok(None),
        }
    }

    async fn complete(&self, row: SignInRow, peer: &Peer) -> Result<Confirmed> {
        match self.user_of(&row).await? {
            Some(user) => self.sign_in_to(user, row, peer).await,
            None => self.prove_address(row).await,
        }
    }

    async fn sign_in_to(&self, user: UserRow, row: SignInRow, peer: &Peer) -> Result<Confirmed> {
        let mut tx = self.db().begin().await?;
        let user = users::lock_user(&mut tx, user.id).await?.ok_or(Error::Expired(
            "This link was used or is too old. Ask for a new one.",
        ))?;
        access_check::require_active(&user)?;
        self.advance(&mut tx, &row, SignInState::Asked, SignInState::Used)
            .await?;
        let crowded_out = self.make_room(&mut tx, &user, peer).await?;
        let (session_id, session) = self
            .insert_session(&mut tx, &user, SessionKind::Console, peer)
            .await?;
        self.note_sign_in(&mut tx, &user, peer).await?;
        let origin = peer.origin_of(&user, Credential::Session(session_id));
        let entry = AuditEntry::new(Some(user.id), Action::SessionCreate).on(user.id, &user.handle);
        let begun = self.record(origin.clone(), entry);
        match crowded_out {
            Some(entry) => tx.commit_all([self.record(origin, entry), begun]).await?,
            None => tx.commit(begun).await?,
        }
        self.wake_workers();
        Ok(Confirmed::SignedIn {
            session,
            next_path: row.next_path,
        })
    }

    /// Ends the sessions that are unused for longest where there are as many as an account may have, so that one more
    /// has room; tells the person, and gives what is to be recorded.
    pub(crate) async fn make_room(
        &self,
        tx: &mut Tx,
        user: &UserRow,
        peer: &Peer,
    ) -> Result<Option<AuditEntry>> {
        let most = self.settings().sessions.per_user;
        let ended = sessions::delete_oldest_sessions(tx, user.id, most - 1).await?;
        if ended.is_empty() {
            return Ok(None);
        }
        let message = mail::Message::SessionsEnded {
            devices: ended.clone(),
            most,
            notice: self.notice_of(user, notices::by(peer)),
        };
        self.tell_owner(tx, user.id, &message).await?;
        let entry = AuditEntry::new(Some(user.id), Action::SessionDelete)
            .on(user.id, &user.handle)
            .with("reason", "sessions.per_user")
            .with("ended", ended.len());
        Ok(Some(entry))
    }

    /// Binds the request to this browser with a fresh nonce; the handle is chosen with it.
    async fn prove_address(&self, row: SignInRow) -> Result<Confirmed> {
        let may = row.via == SignInVia::Operator
            || row
                .email
                .as_ref()
                .is_some_and(|email| self.settings().sign_up.allows(email));
        if !may {
            return Err(Error::Forbidden {
                code: "sign_up_closed",
                message: "Accounts are by invitation here. Ask the operator for one.",
            });
        }
        let nonce = generate_secret(self.random());
        let mut tx = self.db().begin().await?;
        self.advance(&mut tx, &row, SignInState::Asked, SignInState::Confirmed)
            .await?;
        sign_ins::replace_nonce(&mut tx, row.id, &self.nonce_mac(row.id, &nonce)).await?;
        tx.commit_unrecorded(Unrecorded::AddressProven).await?;
        Ok(Confirmed::ChooseHandle(BrowserProof { id: row.id, nonce }))
    }

    /// Whether this browser may choose a handle now, and whether it must give an address too.
    pub async fn peek_sign_up(&self, browser: &BrowserProof) -> Result<bool> {
        Ok(self.proven_sign_in(browser).await?.email.is_none())
    }

    async fn proven_sign_in(&self, browser: &BrowserProof) -> Result<SignInRow> {
        let row = sign_ins::find_sign_in(self.db(), browser.id).await?;
        row.filter(|row| {
            row.state == SignInState::Confirmed
                && row.expires_at > self.now()
                && self.is_browser_of(row, Some(browser))
        })
        .ok_or(Error::Expired(
            "This sign-up was finished or is too old. Ask for a new link.",
        ))
    }

    /// Makes the account of a proven address, with its first database password, and signs in.
    ///
    /// Whether a handle is taken cannot be hidden here, so that tries are limited.
    pub async fn sign_up(&self, browser: &BrowserProof, new: NewAccount, peer: &Peer) -> Result<PlainToken> {
        self.0.limits.guess(peer.ip)?;
        let row = self.proven_sign_in(browser).await?;
        let mut checks = Checks::default();
        let handle = checks.take(Handle::choose(&new.handle).map(Some));
        let display_name = checks.take(profile::display_name(&new.display_name));
        let email = match &row.email {
            Some(proven) => Some(proven.clone()),
            None => checks.take(new.email.as_deref().unwrap_or_default().parse().map(Some)),
        };
        checks.finish()?;
        let (Some(handle), Some(email)) = (handle, email) else {
            return Err(Error::Internal("a check was lost"));
        };

        let mut tx = self.db().begin().await?;
        self.advance(&mut tx, &row, SignInState::Confirmed, SignInState::Used)
            .await?;
        let user = self
            .insert_account(&mut tx, &handle, display_name.as_deref(), &email)
            .await?;
        let (session_id, session) = self
            .insert_session(&mut tx, &user, SessionKind::Console, peer)
            .await?;
        self.note_sign_in(&mut tx, &user, peer).await?;
        let by_link = match row.via {
            SignInVia::Mail => Credential::Mail,
            SignInVia::Operator => Credential::Operator,
        };
        let by_link = peer.origin_of(&user, by_link);
        let by_session = peer.origin_of(&user, Credential::Session(session_id));
        let about = |action| AuditEntry::new(Some(user.id), action).on(user.id, &user.handle);
        tx.commit_all([
            self.record(by_link.clone(), about(Action::UserCreate)),
            self.record(by_link, about(Action::UserPasswordCreate)),
            self.record(by_session, about(Action::SessionCreate)),
        ])
        .await?;
        self.wake_workers();
        Ok(session)
    }

    /// Writes an account, its address and its first database password.
    pub(crate) async fn insert_account(
        &self,
        tx: &mut Tx,
        handle: &Handle,
        display_name: Option<&str>,
        email: &EmailAddress,
    ) -> Result<UserRow> {
        let now = self.now();
        let id = UserId::new(now, self.random());
        self.insert_user(tx, id, handle, display_name).await?;
        let email_id = EmailId::new(now, self.random());
        user_emails::insert_primary_email(tx, email_id, id, email, now)
            .await
            .map_err(|error| match error {
                taken if taken.is_duplicate() => {
                    Error::invalid("email", "This address belongs to an account. Sign in with it.")
                }
                other => other.into(),
            })?;
        self.insert_password(tx, id).await?;
        users::lock_user(tx, id)
            .await?
            .ok_or(Error::Internal("a new account is missing"))
    }

    async fn advance(&self, tx: &mut Tx, row: &SignInRow, from: SignInState, to: SignInState) -> Result<()> {
        if sign_ins::advance_sign_in(tx, row.id, from, to, self.now()).await? {
            Ok(())
        } else {
            Err(Error::Expired(
                "This link was used or is too old. Ask for a new one.",
            ))
        }
    }

    /// Whether a request can still be confirmed. Too many wrong codes burn it for good, its link too (security A.3).
    fn is_alive(&self, row: &SignInRow) -> bool {
        row.state == SignInState::Asked && row.expires_at > self.now() && row.tries < CODE_TRIES
    }

    async fn find_by_secret(&self, secret: &Secret<String>) -> Result<Option<SignInRow>> {
        let mac = self.keys().sign_in_mac("link", secret.expose());
        Ok(sign_ins::find_sign_in_by_secret(self.db(), &mac).await?)
    }

    fn is_browser_of(&self, row: &SignInRow, browser: Option<&BrowserProof>) -> bool {
        browser.is_some_and(|browser| {
            browser.id == row.id && keys::same(&self.nonce_mac(row.id, &browser.nonce), &row.nonce_mac)
        })
    }

    fn nonce_mac(&self, id: SignInId, nonce: &Secret<String>) -> [u8; 32] {
        self.keys().sign_in_mac(&format!("nonce {id}"), nonce.expose())
    }

    fn code_mac(&self, id: SignInId, code: &str) -> [u8; 32] {
        self.keys().sign_in_mac(&format!("code {id}"), code)
    }

    /// A request with fresh secrets: the row, the link's secret, the code and the nonce.
    pub(crate) fn new_sign_in(
        &self,
        via: SignInVia,
        email: Option<EmailAddress>,
        next_path: Option<String>,
        peer: &Peer,
    ) -> (SignInRow, Secret<String>, Secret<String>, Secret<String>) {
        let now = self.now();
        let id = SignInId::new(now, self.random());
        let (secret, nonce) = (generate_secret(self.random()), generate_secret(self.random()));
        let code = generate_code(self.random());
        let row = SignInRow {
            id,
            via,
            email,
            secret_mac: self.keys().sign_in_mac("link", secret.expose()),
            code_mac: self.code_mac(id, code.expose()),
            nonce_mac: self.nonce_mac(id, &nonce),
            tries: 0,
            state: SignInState::Asked,
            next_path,
            ip: peer.ip.to_string(),
            user_agent: peer.user_agent.clone(),
            created_at: now,
            expires_at: time::after(now, LIFETIME_SECONDS),
        };
        (row, secret, code, nonce)
    }

    /// The address of a link's page, built from the configured URL alone.
    pub(crate) fn link_url(&self, secret: &Secret<String>) -> String {
        let mut url = self.settings().public_url.clone();
        url.set_path("/login/confirm");
        url.query_pairs_mut().append_pair("t", secret.expose());
        url.into()
    }
}
