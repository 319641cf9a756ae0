//! Which mails a person wants.

use std::str::FromStr;

use crate::Invalid;

/// Whether a kind of mail is wanted. On the wire it is a word, never a boolean (contract §1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// It is sent.
    Enabled,
    /// It is not.
    Disabled,
}

impl Choice {
    /// The value in SQL and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
        }
    }
}

impl FromStr for Choice {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "enabled" => Ok(Self::Enabled),
            "disabled" => Ok(Self::Disabled),
            _ => Err(Invalid::new(
                "communication",
                "Use the text \"enabled\" or \"disabled\".",
            )),
        }
    }
}

/// The choices of an account. System mails are not among them: they are always sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Communication {
    /// Community information and events.
    pub community_updates: Choice,
    /// Product updates as they are released.
    pub product_updates: Choice,
    /// Tips and tricks.
    pub tips_and_tricks: Choice,
}

impl Default for Communication {
    /// Everything is on until the person says otherwise (contract §7.11).
    fn default() -> Self {
        Self {
            community_updates: Choice::Enabled,
            product_updates: Choice::Enabled,
            tips_and_tricks: Choice::Enabled,
        }
    }
}
