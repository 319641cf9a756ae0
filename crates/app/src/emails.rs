//! The e-mail addresses of an account: added, proven, made primary, removed. Any verified one signs in.
//!
//! Whether an address belongs to somebody else is never told to who adds it: the answer is the same, and the mail to
//! the address is another one. Every change is told to the addresses that it concerns.

use mail::{EmailChange, Message};
use model::{
    EmailId, Secret,
    audit::{Action, AuditEntry},
    email::{EmailAddress, EmailStatus, MOST_ADDRESSES},
    session::Freshness,
    sign_in::{CODE_TRIES, LIFETIME_SECONDS, generate_code, generate_secret, normalise_code},
    time,
};
use serde_json::json;
use store::{
    Cursor, Page, Tx, Unrecorded, email_proofs,
    email_proofs::EmailProofRow,
    user_emails::{self, EmailRow},
    users,
    users::UserRow,
};

use crate::{Actor, App, Error, Result, keys};

/// A page of addresses, oldest first.
#[derive(Debug)]
pub struct EmailPage {
    /// The addresses.
    pub emails: Vec<EmailRow>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
}

/// What somebody shows to prove an address.
#[derive(Debug)]
pub enum EmailProof {
    /// The secret of the link.
    Link(Secret<String>),
    /// The code, typed by hand.
    Code(Secret<String>),
}

const NO_PROOF: Error = Error::Expired("Link and code are used or too old. Send a new mail.");

impl App {
    /// Where mail for the actor goes.
    pub async fn primary_email(&self, actor: &Actor) -> Result<EmailAddress> {
        user_emails::find_primary_email(self.db(), actor.id())
            .await?
            .ok_or(Error::NotFound("e-mail address"))
    }

    /// The actor's addresses.
    pub async fn list_emails(&self, actor: &Actor, page: Page) -> Result<EmailPage> {
        let mut emails = user_emails::list_emails(self.db(), actor.id(), &page.one_more()).await?;
        let next = page.cut(&mut emails, |row| Cursor {
            at: row.created_at,
            id: row.id.to_string(),
        });
        Ok(EmailPage { emails, next })
    }

    /// One of the actor's addresses.
    pub async fn get_email(&self, actor: &Actor, id: EmailId) -> Result<EmailRow> {
        user_emails::find_email(self.db(), actor.id(), id)
            .await?
            .ok_or(Error::NotFound("e-mail address"))
    }

    /// Adds an address, pending, and sends a link and a code to it.
    pub async fn add_email(&self, actor: &Actor, email: &str) -> Result<EmailRow> {
        self.require_fresh(actor, Freshness::Danger)?;
        let email: EmailAddress = email.parse()?;
        self.0.limits.code(actor.peer.ip, actor.id())?;
        self.0.limits.sign_in(actor.peer.ip, &email.key())?;
        let owner = users::find_user_by_email(self.db(), &email.key()).await?;
        let mut tx = self.db().begin().await?;
        self.lock_actor(&mut tx, actor).await?;
        let all = user_emails::list_emails_in(&mut tx, actor.id()).await?;
        if let Some(row) = all.iter().find(|row| row.email.key() == email.key()) {
            return Err(Error::invalid("email", already_yours(row.status)));
        }
        if all.len() >= MOST_ADDRESSES {
            let sentence = format!("You have {MOST_ADDRESSES} addresses. Remove one to add another.");
            return Err(Error::conflict("email_limit_reached", sentence));
        }
        let now = self.now();
        let id = EmailId::new(now, self.random());
        let row = EmailRow {
            id,
            user_id: actor.id(),
            email,
            status: EmailStatus::Pending,
            is_primary: false,
            created_at: now,
            updated_at: None,
            version_id: 1,
        };
        user_emails::insert_pending_email(&mut tx, id, actor.id(), &row.email, now).await?;
        self.send_proof(&mut tx, actor, &row, owner.as_ref()).await?;
        let entry = about(actor, Action::UserEmailCreate, &row);
        tx.commit(self.record(actor.origin(), entry)).await?;
        self.wake_workers();
        Ok(row)
    }

    /// Sends another link and code to a pending address; the earlier ones are dead.
    pub async fn resend_email_proof(&self, actor: &Actor, id: EmailId) -> Result<EmailRow> {
        let row = self.get_email(actor, id).await?;
        if row.status == EmailStatus::Verified {
            return Err(verified_already());
        }
        self.0.limits.code(actor.peer.ip, actor.id())?;
        self.0.limits.sign_in(actor.peer.ip, &row.email.key())?;
        let owner = users::find_user_by_email(self.db(), &row.email.key()).await?;
        let mut tx = self.db().begin().await?;
        self.lock_actor(&mut tx, actor).await?;
        // It may have been removed while this waited.
        let all = user_emails::list_emails_in(&mut tx, actor.id()).await?;
        if !all
            .iter()
            .any(|other| other.id == id && other.status == EmailStatus::Pending)
        {
            return Err(Error::NotFound("e-mail address"));
        }
        actor.check_version(named(&all, id)?.version_id)?;
        self.send_proof(&mut tx, actor, &row, owner.as_ref()).await?;
        let entry = about(actor, Action::UserEmailCreate, &row).with("mail", "sent again");
        tx.commit(self.record(actor.origin(), entry)).await?;
        self.wake_workers();
        Ok(row)
    }

    /// Writes fresh secrets and the mail that holds them. Of an address that is somebody's, its owner is told instead;
    /// the secrets are written all the same, so that both cases look and take alike.
    async fn send_proof(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        row: &EmailRow,
        owner: Option<&UserRow>,
    ) -> Result<()> {
        let (now, id) = (self.now(), row.id);
        let (secret, code) = (generate_secret(self.random()), generate_code(self.random()));
        let sent = EmailProofRow {
            email_id: id,
            user_id: actor.id(),
            secret_mac: self.email_mac("link", id, secret.expose()),
            code_mac: self.email_mac("code", id, code.expose()),
            tries: 0,
            created_at: now,
            expires_at: time::after(now, LIFETIME_SECONDS),
        };
        email_proofs::upsert_proof(tx, &sent).await?;
        let notice = self.notice(actor);
        let message = match owner {
            Some(_) => Message::EmailTaken(notice),
            None => Message::VerifyEmail(mail::Proof {
                url: self.email_link(id, &secret),
                code: code.expose().clone(),
                minutes: LIFETIME_SECONDS / 60,
                notice,
            }),
        };
        let concerned = owner.map_or(actor.id(), |user| user.id);
        self.enqueue_mail(tx, Some(concerned), &row.email, &message).await
    }

    /// Proves that an address is the actor's: it signs in from now on.
    pub async fn verify_email(&self, actor: &Actor, id: EmailId, proof: EmailProof) -> Result<EmailRow> {
        self.0.limits.guess(actor.peer.ip)?;
        let before = self.get_email(actor, id).await?;
        // Before the code is tried: a client that is behind has not used it up. It is checked again under the lock.
        actor.check_version(before.version_id)?;
        if before.status == EmailStatus::Verified {
            return Ok(before);
        }
        let sent = self.check_email_proof(actor, &before, &proof).await?;
        let mut tx = self.db().begin().await?;
        self.lock_actor(&mut tx, actor).await?;
        if !email_proofs::delete_proof(&mut tx, &sent).await? {
            return Err(NO_PROOF);
        }
        let all = user_emails::list_emails_in(&mut tx, actor.id()).await?;
        actor.check_version(named(&all, id)?.version_id)?;
        let now = self.now();
        match user_emails::verify_email(&mut tx, actor.id(), id, now).await {
            // Somebody verified it meanwhile; who knows the code reads its mail, and may be told.
            Err(error) if error.is_duplicate() => {
                let sentence = "This address belongs to another account by now. Remove it there first.";
                return Err(Error::conflict("email_taken", sentence));
            }
            changed => drop(changed?),
        }
        let change = EmailChange::Added(before.email.to_string());
        self.tell_of_change(&mut tx, actor, change, &all, &before.email)
            .await?;
        let entry = about(actor, Action::UserEmailVerify, &before)
            .with("before", json!({ "status": "pending" }))
            .with("after", json!({ "status": "verified" }));
        tx.commit(self.record(actor.origin(), entry)).await?;
        self.wake_workers();
        self.get_email(actor, id).await
    }

    /// Counts the try, then compares.
    async fn check_email_proof(
        &self,
        actor: &Actor,
        row: &EmailRow,
        proof: &EmailProof,
    ) -> Result<EmailProofRow> {
        let mut tx = self.db().begin().await?;
        let counted = email_proofs::count_try(&mut tx, actor.id(), row.id, CODE_TRIES, self.now()).await?;
        let Some(sent) = counted else {
            return Err(NO_PROOF);
        };
        tx.commit_unrecorded(Unrecorded::CodeTry).await?;
        let is_right = match proof {
            EmailProof::Link(secret) => {
                keys::same(&self.email_mac("link", row.id, secret.expose()), &sent.secret_mac)
            }
            EmailProof::Code(code) => {
                let mac = self.email_mac("code", row.id, &normalise_code(code.expose()));
                keys::same(&mac, &sent.code_mac)
            }
        };
        if is_right {
            return Ok(sent);
        }
        let fail = actor
            .entry(Action::LoginFail)
            .on(actor.id(), &actor.user.handle)
            .with("reason", "wrong code")
            .with("purpose", "email");
        let tx = self.db().begin().await?;
        tx.commit(self.record(actor.origin(), fail)).await?;
        Err(match CODE_TRIES - sent.tries {
            0 => Error::Expired("Too many wrong codes. Send a new mail."),
            _ => Error::invalid(
                "code",
                "This is not the code from the mail. Check it and type it again.",
            ),
        })
    }

    /// Whether the link's secret is the one that was sent to a pending address. It changes nothing.
    pub async fn peek_email_link(&self, actor: &Actor, id: EmailId, secret: &Secret<String>) -> Result<bool> {
        let sent = email_proofs::find_proof(self.db(), actor.id(), id).await?;
        Ok(sent.is_some_and(|sent| {
            sent.tries < CODE_TRIES
                && sent.expires_at > self.now()
                && keys::same(&self.email_mac("link", id, secret.expose()), &sent.secret_mac)
        }))
    }

    /// Makes a verified address the one that mail about the account goes to.
    pub async fn make_email_primary(&self, actor: &Actor, id: EmailId) -> Result<EmailRow> {
        self.require_fresh(actor, Freshness::Danger)?;
        let mut tx = self.db().begin().await?;
        self.lock_actor(&mut tx, actor).await?;
        let all = user_emails::list_emails_in(&mut tx, actor.id()).await?;
        let row = named(&all, id)?.clone();
        actor.check_version(row.version_id)?;
        if row.is_primary {
            return Ok(row);
        }
        if row.status == EmailStatus::Pending {
            let sentence = "Verify this address first: mail about your account must reach you.";
            return Err(Error::conflict("email_pending", sentence));
        }
        let now = self.now();
        if !user_emails::make_email_primary(&mut tx, actor.id(), id, now).await? {
            return Err(Error::NotFound("e-mail address"));
        }
        let before = all
            .iter()
            .find(|row| row.is_primary)
            .map(|row| row.email.to_string());
        let change = EmailChange::Primary {
            now: row.email.to_string(),
            before: before.clone().unwrap_or_default(),
        };
        self.tell_of_change(&mut tx, actor, change, &all, &row.email)
            .await?;
        let entry = about(actor, Action::UserEmailUpdate, &row)
            .with("before", json!({ "primary": before }))
            .with("after", json!({ "primary": row.email.as_str() }));
        tx.commit(self.record(actor.origin(), entry)).await?;
        self.wake_workers();
        self.get_email(actor, id).await
    }

    /// Removes an address. The primary one stays, so that there always is one that signs in.
    pub async fn delete_email(&self, actor: &Actor, id: EmailId) -> Result<()> {
        self.require_fresh(actor, Freshness::Danger)?;
        let mut tx = self.db().begin().await?;
        self.lock_actor(&mut tx, actor).await?;
        let all = user_emails::list_emails_in(&mut tx, actor.id()).await?;
        let row = named(&all, id)?;
        actor.check_version(row.version_id)?;
        if row.is_primary || !user_emails::delete_email(&mut tx, actor.id(), id).await? {
            let sentence = "This is your primary address. Make another one primary first, then remove it.";
            return Err(Error::conflict("email_is_primary", sentence));
        }
        // A pending address was never proven: whoever reads it has nothing to do with this account.
        if row.status == EmailStatus::Verified {
            let change = EmailChange::Removed(row.email.to_string());
            self.tell_of_change(&mut tx, actor, change, &all, &row.email)
                .await?;
        }
        let entry = about(actor, Action::UserEmailDelete, row)
            .with("before", json!({ "status": row.status.as_str() }));
        tx.commit(self.record(actor.origin(), entry)).await?;
        self.wake_workers();
        Ok(())
    }

    /// Tells the primary address of `before`, which is how things were before the change, and `other`, each once.
    async fn tell_of_change(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        change: EmailChange,
        before: &[EmailRow],
        other: &EmailAddress,
    ) -> Result<()> {
        let message = Message::EmailChanged(change, self.notice(actor));
        let primary = before.iter().find(|row| row.is_primary).map(|row| &row.email);
        self.enqueue_mail(tx, Some(actor.id()), other, &message).await?;
        match primary.filter(|primary| primary.key() != other.key()) {
            Some(primary) => self.enqueue_mail(tx, Some(actor.id()), primary, &message).await,
            None => Ok(()),
        }
    }

    fn email_mac(&self, what: &str, id: EmailId, secret: &str) -> [u8; 32] {
        self.keys().sign_in_mac(&format!("email {what} {id}"), secret)
    }

    /// The address of a link's page, built from the configured URL alone.
    fn email_link(&self, id: EmailId, secret: &Secret<String>) -> String {
        let mut url = self.settings().public_url.clone();
        url.set_path(&format!("/settings/profile/emails/{id}/verify"));
        url.query_pairs_mut().append_pair("t", secret.expose());
        url.into()
    }
}

fn about(actor: &Actor, action: Action, row: &EmailRow) -> AuditEntry {
    actor.entry(action).on(row.id, &row.email)
}

fn named(all: &[EmailRow], id: EmailId) -> Result<&EmailRow> {
    all.iter()
        .find(|row| row.id == id)
        .ok_or(Error::NotFound("e-mail address"))
}

fn already_yours(status: EmailStatus) -> &'static str {
    match status {
        EmailStatus::Verified => "This address is one of yours already.",
        EmailStatus::Pending => "You added this address already. Send the mail again from its menu.",
    }
}

fn verified_already() -> Error {
    Error::conflict("email_verified", "This address is verified already.")
}
