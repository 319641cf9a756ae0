//! The messages. Each is rendered as plain text and as HTML from the same words.

mod access;
mod account;
mod handle;

use askama::Template;

pub use access::AccessGiven;
pub use account::{EmailChange, Notice, Proof, StepUp};
pub use handle::HandleChange;

/// What a mail says.
#[derive(Debug, Clone)]
pub enum Message {
    /// Somebody, most likely the recipient, wants to sign in.
    SignIn(Link),
    /// Somebody wants to make an account with the recipient's address.
    SignUp(Link),
    /// The recipient's handle was changed.
    HandleChanged(HandleChange, Notice),
    /// Somebody wanted to sign in with an address that has no account, where accounts are by invitation.
    NoAccount {
        /// Where Standpipe is.
        public_url: String,
        /// Who asked.
        ip: String,
    },
    /// A credential of the recipient's was reported as leaked, and ended.
    CredentialRevoked {
        /// Which one.
        what: String,
        /// Of which account.
        handle: String,
        /// Where the others are.
        url: String,
        /// Who reported it.
        ip: String,
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

/// A sign-in link and what belongs to it.
#[derive(Debug, Clone)]
pub struct Link {
    /// The link.
    pub url: String,
    /// The six digits.
    pub code: String,
    /// Who asked.
    pub ip: String,
    /// With what browser.
    pub user_agent: String,
    /// For how many minutes both work.
    pub minutes: i64,
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

const OTHER_BROWSER: &str = "In another browser, type this code:";

/// One source of words for both forms.
struct Words {
    subject: &'static str,
    lead: String,
    url: Option<(&'static str, String)>,
    /// What one does with the code, and the code.
    code: Option<(&'static str, String)>,
    facts: Vec<String>,
    warning: String,
}

impl Message {
    /// The message's name in the outbox and in logs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::SignIn(_) => "sign_in",
            Self::SignUp(_) => "sign_up",
            Self::HandleChanged(..) => "handle_changed",
            Self::NoAccount { .. } => "no_account",
            Self::CredentialRevoked { .. } => "credential_revoked",
            Self::StepUp(_) => "step_up",
            Self::VerifyEmail(_) => "verify_email",
            Self::EmailTaken(_) => "email_taken",
            Self::EmailChanged(..) => "email_changed",
            Self::AccountDeleted { .. } => "account_deleted",
            Self::AccessGiven(_) => "access_given",
            Self::CliLogin { .. } => "cli_login",
            Self::SessionsEnded { .. } => "sessions_ended",
        }
    }

    /// For how many minutes it helps; `None` is for ever. A link that does not work any more is not worth sending.
    pub fn useful_minutes(&self) -> Option<i64> {
        match self {
            Self::SignIn(link) | Self::SignUp(link) => Some(link.minutes),
            Self::VerifyEmail(proof) => Some(proof.minutes),
            Self::StepUp(step_up) => Some(step_up.minutes),
            Self::HandleChanged(..)
            | Self::NoAccount { .. }
            | Self::AccountDeleted { .. }
            | Self::AccessGiven(_)
            | Self::CredentialRevoked { .. }
            | Self::EmailTaken(_)
            | Self::EmailChanged(..)
            | Self::SessionsEnded { .. }
            | Self::CliLogin { .. } => None,
        }
    }

    /// The link in it, if there is one.
    pub fn link(&self) -> Option<&str> {
        match self {
            Self::SignIn(link) | Self::SignUp(link) => Some(&link.url),
            Self::VerifyEmail(proof) => Some(&proof.url),
            Self::HandleChanged(..)
            | Self::NoAccount { .. }
            | Self::AccountDeleted { .. }
            | Self::AccessGiven(_)
            | Self::CredentialRevoked { .. }
            | Self::StepUp(_)
            | Self::EmailTaken(_)
            | Self::EmailChanged(..)
            | Self::CliLogin { .. }
            | Self::SessionsEnded { .. } => None,
        }
    }

    /// Subject, text and HTML.
    pub fn render(&self) -> Result<Rendered, askama::Error> {
        let words = &self.words();
        Ok(Rendered {
            subject: words.subject.to_owned(),
            text: Text { words }.render()?,
            html: Html { words }.render()?,
        })
    }

    fn words(&self) -> Words {
        match self {
            Self::SignIn(link) => Words {
                subject: "Sign in to Standpipe",
                lead: "Open this link in the browser in which you asked for it, and confirm there."
                    .to_owned(),
                url: Some(("Sign in", link.url.clone())),
                code: Some((OTHER_BROWSER, link.code.clone())),
                facts: link.facts(),
                warning: "If you did not ask for this, do nothing: the link alone signs nobody in. Never tell anyone the code."
                    .to_owned(),
            },
            Self::SignUp(link) => Words {
                subject: "Create your Standpipe account",
                lead:
                    "Open this link in the browser in which you asked for it, and choose your handle there."
                        .to_owned(),
                url: Some(("Create account", link.url.clone())),
                code: Some((OTHER_BROWSER, link.code.clone())),
                facts: link.facts(),
                warning: "If you did not ask for this, do nothing: no account is made without the link. Never tell anyone the code."
                    .to_owned(),
            },
            Self::HandleChanged(change, notice) => change.words(notice),
            Self::NoAccount { public_url, ip } => Words {
                subject: "No Standpipe account for this address",
                lead: format!(
                    "Somebody tried to sign in at {public_url} with this address, which has no account there. Accounts are by invitation: ask the operator for one."
                ),
                url: None,
                code: None,
                facts: vec![format!("Asked from {ip}.")],
                warning: "If it was not you, do nothing.".to_owned(),
            },
            Self::CredentialRevoked {
                what,
                handle,
                url,
                ip,
            } => Words {
                subject: "A leaked credential of your Standpipe account was ended",
                lead: format!(
                    "Somebody reported the {what} of your account {handle} as leaked. It was ended at once: nothing can be done with it any more."
                ),
                url: Some(("See what is left", url.clone())),
                code: None,
                facts: vec![
                    format!("Reported from {ip}."),
                    "What was done with it is in your audit log.".to_owned(),
                ],
                warning: "Find out where it leaked before you put another one in its place.".to_owned(),
            },
            Self::StepUp(step_up) => step_up.words(),
            Self::VerifyEmail(proof) => proof.words(),
            Self::EmailTaken(notice) => account::email_taken(notice),
            Self::EmailChanged(change, notice) => change.words(notice),
            Self::AccountDeleted { public_url } => Words {
                subject: "Your Standpipe account is deleted",
                lead: format!(
                    "The account of this address at {public_url} is deleted, with its workspaces, tokens and sessions. This cannot be undone."
                ),
                url: None,
                code: None,
                facts: vec![
                    "This address is forgotten: this is the last mail.".to_owned(),
                    "The handle is held for a while, so that nobody takes your host names over.".to_owned(),
                ],
                warning: "If it was not you, tell the operator of this server at once.".to_owned(),
            },
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

impl Link {
    fn facts(&self) -> Vec<String> {
        vec![
            format!("Link and code work for {} minutes, once.", self.minutes),
            format!("Asked from {} with {}.", self.ip, self.user_agent),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_have_link_and_code_and_no_markup_from_outside() {
        let link = Link {
            url: "http://localhost:8080/login/confirm?t=abc".to_owned(),
            code: "123456".to_owned(),
            ip: "127.0.0.1".to_owned(),
            user_agent: "<script>".to_owned(),
            minutes: 15,
        };
        let rendered = Message::SignIn(link).render().unwrap();
        for part in [&rendered.text, &rendered.html] {
            assert!(part.contains("123456") && part.contains("login/confirm?t=abc"));
        }
        assert!(!rendered.html.contains("<script>"));
        assert!(rendered.text.contains("<script>"));
    }

    #[test]
    fn a_leak_is_told_with_what_ended_and_where_to_look() {
        let message = Message::CredentialRevoked {
            what: "API token <b>CI</b>".to_owned(),
            handle: "ana".to_owned(),
            url: "http://localhost:8080/settings/tokens".to_owned(),
            ip: "203.0.113.7".to_owned(),
        };
        let rendered = message.render().unwrap();
        assert!(message.link().is_none(), "it signs nobody in");
        for part in [&rendered.text, &rendered.html] {
            assert!(part.contains("/settings/tokens") && part.contains("203.0.113.7"));
        }
        assert!(
            rendered.text.contains("API token <b>CI</b> of your account ana")
                && !rendered.html.contains("<b>CI")
        );
    }
}
