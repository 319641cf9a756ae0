//! What an account's owner is asked, to confirm that it is them or to prove an address; and who else is signed in.

use model::alarm::Alarm;

use super::{Notice, Words};

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

impl StepUp {
    pub(super) fn words(&self) -> Words {
        let words = Words {
            code: Some(("Type this code there:", self.code.clone())),
            facts: vec![
                format!("For: {}.", self.deed),
                format!(
                    "The code works for {} minutes, once, in that browser.",
                    self.minutes
                ),
                "Never tell anyone the code.".to_owned(),
            ],
            ..Words::new(
                "Your code to confirm that it is you",
                "You are signed in, and asked for something that needs a fresh proof that it is you.",
            )
        };
        self.notice.sign(words, Alarm::SignIn)
    }
}

impl Proof {
    pub(super) fn words(&self) -> Words {
        let words = Words {
            url: Some(("Verify address", self.url.clone())),
            code: Some(("Or type this code there:", self.code.clone())),
            facts: vec![
                format!("Link and code work for {} minutes, once.", self.minutes),
                "Never tell anyone the code.".to_owned(),
            ],
            ..Words::new(
                "Verify your e-mail address",
                format!(
                    "{} added this address to their account. Open the link in a browser in which you are signed in, and confirm there.",
                    self.notice.handle
                ),
            )
        };
        self.notice.tell(
            words,
            "If this is not your account, do nothing: nobody gets anything with your address without this mail.",
        )
    }
}

pub(super) fn email_taken(notice: &Notice) -> Words {
    let words = Words::new(
        "Somebody tried to add your e-mail address",
        "Somebody wants to add this address to another account. It belongs to yours and stays there; they were not told so.",
    );
    notice.tell(
        words,
        "If it was you: remove the address from your account first, then add it to the other one. If it was not, do nothing.",
    )
}

/// A command line holds a login of the account.
pub(super) fn cli_login(days: i64, notice: &Notice) -> Words {
    let words = Words {
        url: see_sessions(notice),
        facts: vec![
            format!(
                "It is signed in for {days} day{}.",
                if days == 1 { "" } else { "s" }
            ),
            "It can do what you can do with a token. End it under Settings, Sessions.".to_owned(),
        ],
        ..Words::new(
            "A command line signed in to your account",
            "You verified a login in your browser, and its code was typed at a terminal.",
        )
    };
    notice.sign(words, Alarm::SignIn)
}

pub(super) fn sessions_ended(devices: &[String], most: i64, notice: &Notice) -> Words {
    let ended = |device: &String| format!("Ended: {}.", model::one_line(&model::device::name(device), 100));
    let words = Words {
        url: see_sessions(notice),
        facts: devices.iter().map(ended).collect(),
        ..Words::new(
            "A sign-in ended an older session of your account",
            format!(
                "An account may be signed in at {most} places. Somebody signed in at one more, so that what was unused for longest is signed out."
            ),
        )
    };
    notice.sign(words, Alarm::SignIn)
}

fn see_sessions(notice: &Notice) -> Option<(&'static str, String)> {
    Some(("See where you are signed in", notice.page("settings/sessions")))
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
        notice.sign(Words::new(subject, lead), Alarm::Email)
    }
}
