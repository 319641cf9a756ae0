//! Stepping up: a signed-in person whose proof is too old for what they want confirms by a code from a mail that it is
//! still them, and what they wanted goes on.
//!
//! A code belongs to one session of one account and confirms nothing else. The request that waits for it stays with
//! the browser, sealed for that session, so that nobody can put another one in its place.

use jiff::Timestamp;
use model::{
    Secret, SessionId,
    audit::{Action, AuditEntry},
    email::EmailAddress,
    session::SessionKind,
    sign_in::{CODE_TRIES, generate_code, normalise_code},
    step_up::{LIFETIME_SECONDS, REUSE_SECONDS, SESSION_TRIES, WAIT_SECONDS},
    time,
    token::{PlainToken, TokenKey},
};
use store::{
    Unrecorded, sessions,
    sessions::SessionRow,
    step_ups::{self, StepUpRow},
};

use crate::{Actor, App, Error, Result, keys, keys::Purpose};

/// A code that is on its way.
#[derive(Debug, Clone)]
pub struct StepUp {
    /// Where the mail went: the account's primary address.
    pub sent_to: EmailAddress,
    /// When.
    pub sent_at: Timestamp,
}

/// Whether a code that is out is good enough when a person is asked to confirm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resend {
    /// Yes: no second mail.
    IfNeeded,
    /// No: the person asks for a new one.
    Always,
}

const NO_CODE: Error = Error::Expired("There is no code that works. Send a new one.");
const TOO_MANY: Error = Error::Expired("Too many wrong codes. Send a new one.");
const WAITED: Error =
    Error::Expired("What you were doing waited too long, or belongs to another session. Do it again.");

impl App {
    /// Sends the actor a code by which they confirm that it is them; `deed` says in the mail what for.
    pub async fn ask_step_up(&self, actor: &Actor, deed: &str, resend: Resend) -> Result<StepUp> {
        let session = console_session(actor)?;
        let sent_to = self.primary_email(actor).await?;
        let last = step_ups::find_step_up(self.db(), actor.id(), session.id).await?;
        if let Some(row) = last.filter(|row| resend == Resend::IfNeeded && self.is_good(row)) {
            let sent_at = row.created_at;
            return Ok(StepUp { sent_to, sent_at });
        }
        self.0.limits.code(actor.peer.ip, actor.id())?;
        let now = self.now();
        let code = generate_code(self.random());
        let row = StepUpRow {
            session_id: session.id,
            user_id: actor.id(),
            code_mac: self.step_up_mac(session.id, code.expose()),
            tries: 0,
            failures: 0,
            created_at: now,
            expires_at: time::after(now, LIFETIME_SECONDS),
        };
        let mut tx = self.db().begin().await?;
        self.lock_actor(&mut tx, actor).await?;
        if !step_ups::upsert_step_up(&mut tx, &row).await? {
            return Err(Error::SignInRequired);
        }
        let message = mail::Message::StepUp(mail::StepUp {
            code: code.expose().clone(),
            deed: deed.to_owned(),
            minutes: LIFETIME_SECONDS / 60,
            notice: self.notice(actor),
        });
        self.enqueue_mail(&mut tx, Some(actor.id()), &sent_to, &message)
            .await?;
        let entry = step_up_entry(actor, Action::LoginRequest).with("deed", deed);
        tx.commit(self.record(actor.origin(), entry)).await?;
        self.wake_workers();
        Ok(StepUp {
            sent_to,
            sent_at: now,
        })
    }

    /// Whether the code has tries left, and time to be typed in.
    fn is_good(&self, row: &StepUpRow) -> bool {
        row.tries < CODE_TRIES && self.now() < time::after(row.created_at, REUSE_SECONDS)
    }

    /// Confirms the actor's session by the code from the mail: it counts as signed in now, under a new secret. The old
    /// one is dead from the commit on.
    pub async fn confirm_step_up(&self, actor: &Actor, code: &Secret<String>) -> Result<PlainToken> {
        let session = console_session(actor)?;
        self.0.limits.guess(actor.peer.ip)?;
        let row = self.count_step_up(actor, session).await?;
        let mac = self.step_up_mac(session.id, &normalise_code(code.expose()));
        if !keys::same(&mac, &row.code_mac) {
            return Err(self.refuse_step_up(actor, &row).await?);
        }
        let token = PlainToken::generate(TokenKey::Temporary(session.id), self.random());
        let new_mac = self.keys().token_mac(token.expose());
        let mut tx = self.db().begin().await?;
        // A reset of authentication that came first wins: the session is of an earlier epoch, or gone.
        self.lock_actor(&mut tx, actor).await?;
        if !step_ups::delete_step_up(&mut tx, &row).await? {
            return Err(NO_CODE);
        }
        let now = self.now();
        if !sessions::confirm_session(&mut tx, actor.id(), session.id, &session.mac, &new_mac, now).await? {
            return Err(Error::SignInRequired);
        }
        let entry = actor
            .entry(Action::SessionConfirm)
            .on(actor.id(), &actor.user.handle)
            .with("session_id", session.id.to_string());
        tx.commit(self.record(actor.origin(), entry)).await?;
        Ok(token)
    }

    /// Counts the try, before anything is compared.
    async fn count_step_up(&self, actor: &Actor, session: &SessionRow) -> Result<StepUpRow> {
        let mut tx = self.db().begin().await?;
        let counted = step_ups::count_try(&mut tx, actor.id(), session.id, CODE_TRIES, self.now()).await?;
        if let Some(row) = counted {
            tx.commit_unrecorded(Unrecorded::CodeTry).await?;
            return Ok(row);
        }
        drop(tx);
        let last = step_ups::find_step_up(self.db(), actor.id(), session.id).await?;
        Err(match last {
            Some(row) if row.tries >= CODE_TRIES => TOO_MANY,
            _ => NO_CODE,
        })
    }

    /// Records a wrong code, and says how it goes on. After too many in a row the session itself ends: whoever sits
    /// there does not get the account's mail.
    async fn refuse_step_up(&self, actor: &Actor, row: &StepUpRow) -> Result<Error> {
        let fail = step_up_entry(actor, Action::LoginFail).with("reason", "wrong code");
        let fail = self.record(actor.origin(), fail);
        let mut tx = self.db().begin().await?;
        if row.failures >= SESSION_TRIES {
            sessions::delete_session(&mut tx, actor.id(), row.session_id).await?;
            let ended = actor
                .entry(Action::SessionDelete)
                .on(actor.id(), &actor.user.handle)
                .with("session_id", row.session_id.to_string())
                .with("reason", "too many wrong codes");
            tx.commit_all([fail, self.record(actor.origin(), ended)]).await?;
            return Ok(Error::SignInRequired);
        }
        tx.commit(fail).await?;
        Ok(match CODE_TRIES - row.tries {
            0 => TOO_MANY,
            1 => Error::invalid("code", "This is not the code from the mail. One try is left."),
            left => Error::invalid(
                "code",
                format!("This is not the code from the mail. {left} tries are left."),
            ),
        })
    }

    /// Seals a request that waits for a code: only the actor's session can go on with it, for half an hour.
    pub fn seal_waiting(&self, actor: &Actor, request: &[u8]) -> Result<String> {
        let session = console_session(actor)?;
        let until = time::after(self.now(), WAIT_SECONDS).as_microsecond();
        let plain = [until.to_be_bytes().as_slice(), request].concat();
        let sealed = self.keys().seal(
            self.random(),
            Purpose::WaitingRequest,
            &session.id.to_string(),
            &plain,
        )?;
        Ok(data_encoding::BASE64URL_NOPAD.encode(&sealed))
    }

    /// Opens what [`App::seal_waiting`] made for the actor's session.
    pub fn open_waiting(&self, actor: &Actor, sealed: &str) -> Result<Secret<Vec<u8>>> {
        let session = console_session(actor)?;
        let sealed = data_encoding::BASE64URL_NOPAD
            .decode(sealed.as_bytes())
            .map_err(|_| WAITED)?;
        let plain = self
            .keys()
            .open(Purpose::WaitingRequest, &session.id.to_string(), &sealed)
            .map_err(|_| WAITED)?;
        let (until, request) = plain.expose().split_first_chunk().ok_or(WAITED)?;
        if self.now() < time::from_micros(i64::from_be_bytes(*until)) {
            Ok(Secret::new(request.to_vec()))
        } else {
            Err(WAITED)
        }
    }

    fn step_up_mac(&self, session: SessionId, code: &str) -> [u8; 32] {
        self.keys().sign_in_mac(&format!("step-up {session}"), code)
    }
}

fn step_up_entry(actor: &Actor, action: Action) -> AuditEntry {
    actor
        .entry(action)
        .on(actor.id(), &actor.user.handle)
        .with("purpose", "step_up")
}

/// The console session that the actor acts with; there is nothing to step up from another credential.
fn console_session(actor: &Actor) -> Result<&SessionRow> {
    actor
        .session()
        .filter(|session| session.kind == SessionKind::Console)
        .ok_or(Error::SignInRequired)
}
