//! Sessions: a person signed in at a browser or at the command line.

/// Where a session lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionKind {
    /// A browser, by cookie.
    Console,
    /// The command line, by a saved temporary token.
    Cli,
}

impl SessionKind {
    /// The value in SQL and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Cli => "cli",
        }
    }

    /// The kind from its value in SQL.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "console" => Some(Self::Console),
            "cli" => Some(Self::Cli),
            _ => None,
        }
    }
}

/// How recent a person's proof of who they are must be for what they want to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Reading or making a credential, ending sessions: recent enough not to interrupt a day's work.
    Sensitive,
    /// E-mail addresses, handle, reset, deletion, factors: just now.
    Danger,
}

/// The longest user agent kept, in bytes.
pub const USER_AGENT_MAX: usize = 256;

/// `text` cut to [`USER_AGENT_MAX`] bytes at a character, without control characters.
pub fn user_agent(text: &str) -> String {
    let mut kept = String::new();
    for c in text.chars().filter(|c| !c.is_control()) {
        if kept.len() + c.len_utf8() > USER_AGENT_MAX {
            break;
        }
        kept.push(c);
    }
    kept
}
