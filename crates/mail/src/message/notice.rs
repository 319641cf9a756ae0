//! Who did something, when and from where, and what to do if it was somebody else.

use model::{alarm::Alarm, device, one_line};

use super::Words;

/// Who did something, when and from where.
#[derive(Debug, Clone)]
pub struct Notice {
    /// The account.
    pub handle: String,
    /// When, to the second and with its zone.
    pub at: String,
    /// Who.
    pub by: By,
    /// Where Standpipe is, with a slash at its end.
    pub public_url: String,
}

/// Who did something.
#[derive(Debug, Clone)]
pub enum By {
    /// Somebody over the network.
    Client {
        /// From which address.
        ip: String,
        /// With what browser or program, as it calls itself.
        user_agent: String,
    },
    /// The operator, at the machine.
    Operator,
    /// Time passed.
    Time,
}

impl By {
    pub(super) fn details(&self, at: &str) -> Vec<(&'static str, String)> {
        let mut details = vec![("When", at.to_owned())];
        match self {
            Self::Client { ip, user_agent } => {
                details.push(("From", ip.clone()));
                let client = match user_agent.is_empty() {
                    true => "a client that does not say what it is".to_owned(),
                    false => one_line(&device::name(user_agent), 100),
                };
                details.push(("With", client));
            }
            Self::Operator => details.push(("By", "the operator of this server".to_owned())),
            Self::Time => {}
        }
        details
    }
}

impl Notice {
    /// The details that every notice has.
    pub(super) fn details(&self) -> Vec<(&'static str, String)> {
        let account = format!("{} at {}", self.handle, self.public_url);
        let mut details = vec![("Account", account)];
        details.extend(self.by.details(&self.at));
        details
    }

    pub(super) fn page(&self, path: &str) -> String {
        format!("{}{path}", self.public_url)
    }

    /// `words` with when and from where, and the way to what helps if it was somebody else.
    pub(super) fn sign(&self, words: Words, alarm: Alarm) -> Words {
        Words {
            not_me: Some(self.page(&format!("not-me/{}", alarm.as_str()))),
            ..self.tell(
                words,
                "If it was not you, somebody else can use your account. This page says what helps; it changes nothing by itself:",
            )
        }
    }

    /// `words` with when and from where, and a warning of their own.
    pub(super) fn tell(&self, words: Words, warning: impl Into<String>) -> Words {
        Words {
            details: self.details(),
            warning: warning.into(),
            ..words
        }
    }
}
