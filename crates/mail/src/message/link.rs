//! Signing in and signing up: what somebody asks for who is not signed in yet.

use super::{By, Words};

/// A sign-in link and what belongs to it.
#[derive(Debug, Clone)]
pub struct Link {
    /// The link.
    pub url: String,
    /// The six digits.
    pub code: String,
    /// For how many minutes both work.
    pub minutes: i64,
    /// When it was asked for.
    pub at: String,
    /// Who asked.
    pub by: By,
}

impl Link {
    pub(super) fn sign_in(&self) -> Words {
        let words = Words {
            url: Some(("Sign in", self.url.clone())),
            warning: "If you did not ask for this, do nothing: the link alone signs nobody in.".to_owned(),
            ..Words::new(
                "Sign in to Standpipe",
                "Open this link in the browser in which you asked for it, and confirm there.",
            )
        };
        self.with_code(words)
    }

    pub(super) fn sign_up(&self) -> Words {
        let words = Words {
            url: Some(("Create account", self.url.clone())),
            warning: "If you did not ask for this, do nothing: no account is made without the link."
                .to_owned(),
            ..Words::new(
                "Create your Standpipe account",
                "Open this link in the browser in which you asked for it, and choose your handle there.",
            )
        };
        self.with_code(words)
    }

    fn with_code(&self, words: Words) -> Words {
        Words {
            code: Some(("In another browser, type this code:", self.code.clone())),
            facts: vec![
                format!("Link and code work for {} minutes, once.", self.minutes),
                "Never tell anyone the code.".to_owned(),
            ],
            details: self.by.details(&self.at),
            ..words
        }
    }
}

pub(super) fn no_account(public_url: &str, at: &str, by: &By) -> Words {
    Words {
        details: by.details(at),
        warning: "If it was not you, do nothing.".to_owned(),
        ..Words::new(
            "No Standpipe account for this address",
            format!(
                "Somebody tried to sign in at {public_url} with this address, which has no account there. Accounts are by invitation: ask the operator for one."
            ),
        )
    }
}
