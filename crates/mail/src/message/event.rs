//! What happened to an account: its owner is told.

use model::{alarm::Alarm, one_line};

use super::{Kind, Notice, Words};

/// The longest title of a token in a subject, in characters.
const LONGEST_TITLE: usize = 60;

/// Something that happened to an account.
#[derive(Debug, Clone)]
pub enum Event {
    /// Its first sign-in.
    Welcome,
    /// A sign-in from where it was not signed in before.
    NewSignIn {
        /// Whether the browser is new.
        device: bool,
        /// Whether the network is.
        network: bool,
    },
    /// A token was made.
    TokenCreated(Token),
    /// A token got a successor.
    TokenRotated {
        /// The new one.
        token: Token,
        /// Until when the old one goes on; nothing when it ended at once.
        old_until: Option<String>,
    },
    /// A token expires soon.
    TokenExpiring {
        /// Which.
        token: Token,
        /// In how many days, the last one begun included.
        days: i64,
    },
    /// A token opens nothing any more.
    TokenEnded {
        /// Which.
        token: Token,
        /// Whether it was rotated, and its overlap is over; otherwise it expired.
        retired: bool,
    },
    /// There is a new database password.
    PasswordRotated {
        /// When it ends, if it is a temporary one.
        until: Option<String>,
    },
    /// Authentication was reset.
    AuthReset {
        /// Whether the database password was rotated with it.
        password_rotated: bool,
    },
    /// All that is kept of the person was taken as an archive.
    ExportMade,
}

/// A token, as its owner knows it.
#[derive(Debug, Clone)]
pub struct Token {
    /// Its id, which is no secret.
    pub id: String,
    /// Its title, or its last four characters.
    pub name: String,
    /// Its last four characters.
    pub last4: String,
    /// How far it reaches: "full".
    pub scope: String,
    /// When it expires, if it does.
    pub expires: Option<String>,
}

impl Event {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Welcome => Kind::Welcome,
            Self::NewSignIn { .. } => Kind::NewSignIn,
            Self::TokenCreated(_) => Kind::TokenCreated,
            Self::TokenRotated { .. } => Kind::TokenRotated,
            Self::TokenExpiring { .. } => Kind::TokenExpiring,
            Self::TokenEnded { .. } => Kind::TokenEnded,
            Self::PasswordRotated { .. } => Kind::PasswordRotated,
            Self::AuthReset { .. } => Kind::AuthReset,
            Self::ExportMade => Kind::ExportMade,
        }
    }

    pub(super) fn words(&self, notice: &Notice) -> Words {
        match self {
            Self::Welcome => welcome(notice),
            Self::NewSignIn { device, network } => new_sign_in(*device, *network, notice),
            Self::TokenCreated(token) => token.created(notice),
            Self::TokenRotated { token, old_until } => token.rotated(old_until.as_deref(), notice),
            Self::TokenExpiring { token, days } => token.expiring(*days, notice),
            Self::TokenEnded { token, retired } => token.ended(*retired, notice),
            Self::PasswordRotated { until } => password_rotated(until.as_deref(), notice),
            Self::AuthReset { password_rotated } => auth_reset(*password_rotated, notice),
            Self::ExportMade => export_made(notice),
        }
    }
}

fn welcome(notice: &Notice) -> Words {
    let words = Words {
        url: Some(("Open Standpipe", notice.public_url.clone())),
        facts: vec![
            format!(
                "Your handle is {}. It is your user name in databases, and in the names of your hosts.",
                notice.handle
            ),
            "Create a workspace, and its Connect page shows ready commands for psql, Grafana or a notebook."
                .to_owned(),
            "You sign in with this address: there is no password to remember.".to_owned(),
            "Mails about your account always come; news only as you choose under Settings, Notifications."
                .to_owned(),
        ],
        ..Words::new(
            "Welcome to Standpipe",
            "Your account is ready, and you signed in for the first time.",
        )
    };
    notice.sign(words, Alarm::SignIn)
}

fn new_sign_in(device: bool, network: bool, notice: &Notice) -> Words {
    let what = match (device, network) {
        (true, true) => "a device and a network that were",
        (true, false) => "a device that was",
        _ => "a network that was",
    };
    let words = Words {
        url: Some(("See where you are signed in", notice.page("settings/sessions"))),
        facts: vec!["If it was you, there is nothing to do.".to_owned()],
        ..Words::new(
            "A new sign-in to your account",
            format!("Somebody signed in to your account from {what} not used with it before."),
        )
    };
    notice.sign(words, Alarm::SignIn)
}

impl Token {
    fn name(&self) -> String {
        one_line(&self.name, LONGEST_TITLE)
    }

    fn facts(&self) -> Vec<String> {
        vec![
            format!("It ends in …{}, and its scope is {}.", self.last4, self.scope),
            match &self.expires {
                Some(at) => format!("It expires on {at}."),
                None => "It does not expire.".to_owned(),
            },
        ]
    }

    fn sign(&self, words: Words, notice: &Notice) -> Words {
        let words = notice.sign(words, Alarm::Token);
        let not_me = words.not_me.map(|url| format!("{url}?token={}", self.id));
        Words { not_me, ..words }
    }

    fn words(&self, subject: String, lead: String, facts: Vec<String>, notice: &Notice) -> Words {
        Words {
            url: Some(("See your tokens", notice.page("settings/tokens"))),
            facts,
            ..Words::new(subject, lead)
        }
    }

    fn created(&self, notice: &Notice) -> Words {
        let name = self.name();
        let lead =
            format!("The API token {name} was made. Whoever has it can use your account as its scope says.");
        self.sign(
            self.words(format!("New API token: {name}"), lead, self.facts(), notice),
            notice,
        )
    }

    fn rotated(&self, old_until: Option<&str>, notice: &Notice) -> Words {
        let name = self.name();
        let mut facts = vec![match old_until {
            Some(until) => {
                format!("The old token goes on until {until}: put the new one in its place by then.")
            }
            None => "The old token ended at once.".to_owned(),
        }];
        facts.extend(self.facts());
        let lead = format!("The API token {name} got a successor of the same name.");
        self.sign(
            self.words(format!("API token rotated: {name}"), lead, facts, notice),
            notice,
        )
    }

    fn expiring(&self, days: i64, notice: &Notice) -> Words {
        let (name, within) = (self.name(), within(days));
        let mut facts = self.facts();
        facts.push("Rotate it to get a successor; the old one goes on for a while beside it.".to_owned());
        facts.push("If nothing needs it any more, do nothing.".to_owned());
        let lead = format!("The API token {name} expires {within}. What uses it is refused from then on.");
        let words = self.words(format!("API token {name} expires {within}"), lead, facts, notice);
        notice.tell(words, "You get this mail because the token is yours. If you do not know it, deactivate it under Settings, Tokens.")
    }

    fn ended(&self, retired: bool, notice: &Notice) -> Words {
        let name = self.name();
        let (subject, lead) = if retired {
            (
                format!("API token {name} has retired"),
                format!(
                    "The overlap after the rotation of the API token {name} is over: the old one opens nothing any more."
                ),
            )
        } else {
            (
                format!("API token {name} has expired"),
                format!("The API token {name} has expired: what uses it is refused."),
            )
        };
        let facts = vec![
            format!("It ends in …{}.", self.last4),
            "What still sends it gets the answer 401. Its last use is under Settings, Tokens, and in your audit log.".to_owned(),
        ];
        let words = self.words(subject, lead, facts, notice);
        notice.tell(
            words,
            "You get this mail because the token was yours. There is nothing to do if nothing uses it.",
        )
    }
}

fn within(days: i64) -> String {
    match days {
        1 => "within a day".to_owned(),
        days => format!("in {days} days"),
    }
}

fn password_rotated(until: Option<&str>, notice: &Notice) -> Words {
    let mut facts = vec![
        "New database connections need the new password; open ones stay.".to_owned(),
        "Replace it in saved connection strings. It is under Settings, Profile.".to_owned(),
    ];
    if let Some(until) = until {
        facts.push(format!("It is a temporary one, and ends on {until}."));
    }
    let words = Words {
        url: Some(("Open your profile", notice.page("settings/profile"))),
        facts,
        ..Words::new(
            "Your database password was rotated",
            "Your account has a new database password for all workspaces.",
        )
    };
    notice.sign(words, Alarm::Password)
}

fn auth_reset(password_rotated: bool, notice: &Notice) -> Words {
    let mut facts = vec![
        "Every session and every sign-in link ended; you sign in again by mail.".to_owned(),
        "Every token stopped working for good. Create new ones for what needs them.".to_owned(),
    ];
    facts.push(
        if password_rotated {
            "The database password was rotated too, and open database connections ended."
        } else {
            "The database password stayed as it is, and open database connections stayed."
        }
        .to_owned(),
    );
    let words = Words {
        url: Some(("Sign in", notice.page("login"))),
        facts,
        ..Words::new(
            "Authentication of your account was reset",
            "All that signed in to your account until now signs in no more.",
        )
    };
    notice.sign(words, Alarm::Reset)
}

fn export_made(notice: &Notice) -> Words {
    let words = Words {
        facts: vec![
            "It was downloaded at once; Standpipe keeps no copy, and there is no link to it.".to_owned(),
            "It holds your profile, addresses, workspaces and audit log. It holds no tokens and no passwords."
                .to_owned(),
        ],
        ..Words::new(
            "An export of your account was made",
            "Somebody who was signed in to your account took an archive of everything that is kept of you.",
        )
    };
    notice.sign(words, Alarm::Export)
}
