//! What an account's owner is told and asked: to confirm that it is them, to prove an address, and what changed.

use super::Words;

/// Who did something, when and from where.
#[derive(Debug, Clone)]
pub struct Notice {
    /// The account.
    pub handle: String,
    /// When, to the second and with its zone.
    pub at: String,
    /// From which address.
    pub ip: String,
    /// With what browser or program.
    pub user_agent: String,
    /// Where Standpipe is, with a slash at its end.
    pub public_url: String,
}

/// A code by which a signed-in person confirms that it is them.
#[derive(Debug, Clone)]
pub struct StepUp {
    /// The six digits.
    pub code: String,
    /// What they want to do: "Create a token".
    pub deed: String,
    /// For how many minutes the code works.
    pub minutes: i64,
    /// Who asks, and from where.
    pub notice: Notice,
}

/// A link and a code by which an address is proven.
#[derive(Debug, Clone)]
pub struct Proof {
    /// The link.
    pub url: String,
    /// The six digits.
    pub code: String,
    /// For how many minutes both work.
    pub minutes: i64,
    /// Who asks, and from where.
    pub notice: Notice,
}

/// How the addresses of an account changed.
#[derive(Debug, Clone)]
pub enum EmailChange {
    /// This address was verified, and signs in from now on.
    Added(String),
    /// This address takes the place of that one as the primary address.
    Primary {
        /// Where mail goes from now on.
        now: String,
        /// Where it went.
        before: String,
    },
    /// This address signs in no more.
    Removed(String),
}

impl Notice {
    /// The facts that every notice ends with.
    pub(super) fn facts(&self) -> Vec<String> {
        vec![
            format!("Account {} at {}", self.handle, self.public_url),
            format!("{}, from {} with {}.", self.at, self.ip, self.user_agent),
        ]
    }

    /// What to do when it was somebody else.
    pub(super) fn warning(&self) -> String {
        format!(
            "If it was not you, somebody else is signed in as you: go to {}settings/advanced, reset authentication, and look into the audit log for what they did.",
            self.public_url
        )
    }
}

impl StepUp {
    pub(super) fn words(&self) -> Words {
        let mut facts = vec![
            format!("For: {}.", self.deed),
            format!(
                "The code works for {} minutes, once, in that browser.",
                self.minutes
            ),
        ];
        facts.extend(self.notice.facts());
        Words {
            subject: "Your code to confirm that it is you",
            lead: "You are signed in, and asked for something that needs a fresh proof that it is you."
                .to_owned(),
            url: None,
            code: Some(("Type this code there:", self.code.clone())),
            facts,
            warning: format!("Never tell anyone the code. {}", self.notice.warning()),
        }
    }
}

impl Proof {
    pub(super) fn words(&self) -> Words {
        let mut facts = vec![format!("Link and code work for {} minutes, once.", self.minutes)];
        facts.extend(self.notice.facts());
        Words {
            subject: "Verify your e-mail address",
            lead: format!(
                "{} added this address to their account. Open the link in a browser in which you are signed in, and confirm there.",
                self.notice.handle
            ),
            url: Some(("Verify address", self.url.clone())),
            code: Some(("Or type this code there:", self.code.clone())),
            facts,
            warning: "If this is not your account, do nothing: nobody gets anything with your address without this mail. Never tell anyone the code."
                .to_owned(),
        }
    }
}

pub(super) fn email_taken(notice: &Notice) -> Words {
    Words {
        subject: "Somebody tried to add your e-mail address",
        lead: "Somebody wants to add this address to another account. It belongs to yours and stays there; they were not told so."
            .to_owned(),
        url: None,
        code: None,
        facts: notice.facts(),
        warning: "If it was you: remove the address from your account first, then add it to the other one. If it was not, do nothing."
            .to_owned(),
    }
}

/// A command line holds a login of the account.
pub(super) fn cli_login(days: i64, notice: &Notice) -> Words {
    let mut facts = vec![
        format!(
            "It is signed in for {days} day{}.",
            if days == 1 { "" } else { "s" }
        ),
        "It can do what you can do with a token. End it under Settings, Sessions.".to_owned(),
    ];
    facts.extend(notice.facts());
    Words {
        subject: "A command line signed in to your account",
        lead: "You verified a login in your browser, and its code was typed at a terminal.".to_owned(),
        url: Some((
            "See where you are signed in",
            format!("{}settings/sessions", notice.public_url),
        )),
        code: None,
        facts,
        warning: notice.warning(),
    }
}

pub(super) fn sessions_ended(devices: &[String], most: i64, notice: &Notice) -> Words {
    let mut facts: Vec<String> = devices.iter().map(|device| format!("Ended: {device}.")).collect();
    facts.extend(notice.facts());
    Words {
        subject: "A sign-in ended an older session of your account",
        lead: format!(
            "An account may be signed in at {most} places. Somebody signed in at one more, so that what was unused for longest is signed out."
        ),
        url: Some((
            "See where you are signed in",
            format!("{}settings/sessions", notice.public_url),
        )),
        code: None,
        facts,
        warning: "If it was not you, reset authentication under Settings, Advanced.".to_owned(),
    }
}

impl EmailChange {
    pub(super) fn words(&self, notice: &Notice) -> Words {
        let (subject, lead) = match self {
            Self::Added(email) => (
                "An e-mail address was added to your account",
                format!("{email} is verified. It can be used to sign in from now on."),
            ),
            Self::Primary { now, before } => (
                "Your primary e-mail address changed",
                format!("Mails about your account go to {now} from now on, and no longer to {before}."),
            ),
            Self::Removed(email) => (
                "An e-mail address was removed from your account",
                format!("{email} cannot be used to sign in any more."),
            ),
        };
        Words {
            subject,
            lead,
            url: None,
            code: None,
            facts: notice.facts(),
            warning: notice.warning(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Message;
    use super::*;

    fn notice() -> Notice {
        Notice {
            handle: "ana".to_owned(),
            at: "2026-11-24 09:30:00 UTC".to_owned(),
            ip: "192.0.2.7".to_owned(),
            user_agent: "<b>".to_owned(),
            public_url: "https://standpipe.example.com/".to_owned(),
        }
    }

    #[test]
    fn every_notice_says_what_when_whence_and_what_to_do() {
        let changes = [
            EmailChange::Added("new@example.com".to_owned()),
            EmailChange::Primary {
                now: "new@example.com".to_owned(),
                before: "old@example.com".to_owned(),
            },
            EmailChange::Removed("new@example.com".to_owned()),
        ];
        for change in changes {
            let rendered = Message::EmailChanged(change, notice()).render().unwrap();
            for part in [&rendered.text, &rendered.html] {
                for fact in [
                    "new@example.com",
                    "2026-11-24 09:30:00 UTC",
                    "192.0.2.7",
                    "ana",
                    "https://standpipe.example.com/settings/advanced",
                ] {
                    assert!(part.contains(fact), "{fact} in {part}");
                }
            }
            assert!(!rendered.html.contains("<b>"));
        }
    }

    #[test]
    fn a_code_comes_with_what_it_is_for() {
        let step_up = StepUp {
            code: "123456".to_owned(),
            deed: "Create a token".to_owned(),
            minutes: 10,
            notice: notice(),
        };
        let rendered = Message::StepUp(step_up).render().unwrap();
        assert!(rendered.text.contains("123456") && rendered.text.contains("For: Create a token."));
    }
}
