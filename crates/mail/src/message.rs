//! The messages. Each is rendered as plain text and as HTML from the same words.

mod access;
mod account;
mod event;
mod handle;
mod link;
mod notice;
#[cfg(test)]
mod tests;

use askama::Template;

pub use access::AccessGiven;
pub use account::{EmailChange, Proof, StepUp};
pub use event::{Event, Token};
pub use handle::HandleChange;
pub use link::Link;
pub use notice::{By, Notice};

use crate::Kind;

/// What a mail says.
#[derive(Debug, Clone)]
pub enum Message {
    /// Somebody, most likely the recipient, wants to sign in.
    SignIn(Link),
    /// Somebody wants to make an account with the recipient's address.
    SignUp(Link),
    /// Somebody wanted to sign in with an address that has no account, where accounts are by invitation.
    NoAccount {
        /// Where Standpipe is.
        public_url: String,
        /// When.
        at: String,
        /// Who asked.
        by: By,
    },
    /// Something happened to the recipient's account.
    Event(Event, Notice),
    /// The recipient's handle was changed.
    HandleChanged(HandleChange, Notice),
    /// A credential of the recipient's was reported as leaked, and ended.
    CredentialRevoked {
        /// Which one.
        what: String,
        /// Where the others are.
        url: String,
        /// Who reported it.
        notice: Notice,
    },
    /// A signed-in person confirms that it is them.
    StepUp(StepUp),
    /// A person added this address to their account, and proves that it is theirs.
    VerifyEmail(Proof),
    /// Somebody wanted to add an address that belongs to the recipient's account.
    EmailTaken(Notice),
    /// The addresses of the recipient's account changed.
    EmailChanged(EmailChange, Notice),
    /// The account of this address is deleted. It names nobody: it may lie in a folder for a while.
    AccountDeleted {
        /// Where Standpipe is.
        public_url: String,
        /// When.
        at: String,
    },
    /// Somebody let the recipient into a workspace.
    AccessGiven(AccessGiven),
    /// A command line was let into the recipient's account.
    CliLogin {
        /// For how many days.
        days: i64,
        /// Where it is, and with what.
        notice: Notice,
    },
    /// A sign-in ended older sessions of the recipient's, because an account may have only so many.
    SessionsEnded {
        /// With what they were.
        devices: Vec<String>,
        /// How many an account may have.
        most: i64,
        /// Who signed in, and from where.
        notice: Notice,
    },
}

/// A message ready to send.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The subject line.
    pub subject: String,
    /// For terminals.
    pub text: String,
    /// For the rest.
    pub html: String,
}

#[derive(Template)]
#[template(path = "message.html")]
struct Html<'a> {
    words: &'a Words,
}

#[derive(Template)]
#[template(path = "message.txt")]
struct Text<'a> {
    words: &'a Words,
}

/// One source of words for both forms.
#[derive(Default)]
struct Words {
    subject: String,
    lead: String,
    url: Option<(&'static str, String)>,
    /// What one does with the code, and the code.
    code: Option<(&'static str, String)>,
    facts: Vec<String>,
    /// Whose account, when, from where: what it is called, and what it is.
    details: Vec<(&'static str, String)>,
    warning: String,
    /// The page with what helps if it was somebody else.
    not_me: Option<String>,
}

impl Words {
    fn new(subject: impl Into<String>, lead: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            lead: lead.into(),
            ..Self::default()
        }
    }
}

impl Message {
    /// Which kind of mail it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::SignIn(_) => Kind::SignIn,
            Self::SignUp(_) => Kind::SignUp,
            Self::Event(event, _) => event.kind(),
            Self::HandleChanged(..) => Kind::HandleChanged,
            Self::NoAccount { .. } => Kind::NoAccount,
            Self::CredentialRevoked { .. } => Kind::CredentialRevoked,
            Self::StepUp(_) => Kind::StepUp,
            Self::VerifyEmail(_) => Kind::VerifyEmail,
            Self::EmailTaken(_) => Kind::EmailTaken,
            Self::EmailChanged(..) => Kind::EmailChanged,
            Self::AccountDeleted { .. } => Kind::AccountDeleted,
            Self::AccessGiven(_) => Kind::AccessGiven,
            Self::CliLogin { .. } => Kind::CliLogin,
            Self::SessionsEnded { .. } => Kind::SessionsEnded,
        }
    }

    /// For how many minutes it helps; `None` is for ever. A link that does not work any more is not worth sending.
    pub fn useful_minutes(&self) -> Option<i64> {
        match self {
            Self::SignIn(link) | Self::SignUp(link) => Some(link.minutes),
            Self::VerifyEmail(proof) => Some(proof.minutes),
            Self::StepUp(step_up) => Some(step_up.minutes),
            _ => None,
        }
    }

    /// The link in it by which somebody signs in or proves an address, if there is one.
    pub fn link(&self) -> Option<&str> {
        match self {
            Self::SignIn(link) | Self::SignUp(link) => Some(&link.url),
            Self::VerifyEmail(proof) => Some(&proof.url),
            _ => None,
        }
    }

    /// Subject, text and HTML.
    pub fn render(&self) -> Result<Rendered, askama::Error> {
        let words = &self.words();
        Ok(Rendered {
            subject: words.subject.clone(),
            text: Text { words }.render()?,
            html: Html { words }.render()?,
        })
    }

    fn words(&self) -> Words {
        match self {
            Self::SignIn(link) => link.sign_in(),
            Self::SignUp(link) => link.sign_up(),
            Self::NoAccount { public_url, at, by } => link::no_account(public_url, at, by),
            Self::Event(event, notice) => event.words(notice),
            Self::HandleChanged(change, notice) => change.words(notice),
            Self::CredentialRevoked { what, url, notice } => credential_revoked(what, url, notice),
            Self::StepUp(step_up) => step_up.words(),
            Self::VerifyEmail(proof) => proof.words(),
            Self::EmailTaken(notice) => account::email_taken(notice),
            Self::EmailChanged(change, notice) => change.words(notice),
            Self::AccountDeleted { public_url, at } => account_deleted(public_url, at),
            Self::AccessGiven(given) => given.words(),
            Self::CliLogin { days, notice } => account::cli_login(*days, notice),
            Self::SessionsEnded {
                devices,
                most,
                notice,
            } => account::sessions_ended(devices, *most, notice),
        }
    }
}

fn credential_revoked(what: &str, url: &str, notice: &Notice) -> Words {
    let what = model::one_line(what, 100);
    let words = Words {
        url: Some(("See what is left", url.to_owned())),
        facts: vec!["What was done with it is in your audit log.".to_owned()],
        ..Words::new(
            "A leaked credential of your Standpipe account was ended",
            format!(
                "Somebody reported the {what} of your account {} as leaked. It was ended at once: nothing can be done with it any more.",
                notice.handle
            ),
        )
    };
    notice.tell(
        words,
        "When and from where is of the report, not of the leak. Find out where it leaked before you put another one in its place.",
    )
}

fn account_deleted(public_url: &str, at: &str) -> Words {
    Words {
        facts: vec![
            "This address is forgotten: this is the last mail.".to_owned(),
            "The handle is held for a while, so that nobody takes your host names over.".to_owned(),
        ],
        details: vec![("When", at.to_owned())],
        warning: "If it was not you, tell the operator of this server at once.".to_owned(),
        ..Words::new(
            "Your Standpipe account is deleted",
            format!(
                "The account of this address at {public_url} is deleted, with its workspaces, tokens and sessions. This cannot be undone."
            ),
        )
    }
}
