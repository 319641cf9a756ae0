//! One line a connection: who came, how it ended, how long it took. Never a secret, and nothing that a client sent goes
//! in unescaped.

use std::io;

use tokio::time::Instant;

use crate::{
    refusal::Fatal,
    relay::{Cause, Ended},
};

/// Characters of a user name that are logged.
const LONGEST_USER: usize = 64;

/// The line as it is known so far.
pub(crate) struct Line {
    id: String,
    began: Instant,
    user: String,
    outcome: Outcome,
    sqlstate: &'static str,
    reason: String,
    octets: (u64, u64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Left, or never said anything that deserves an answer.
    Silent,
    Cancel,
    Refused,
    /// Was open.
    Closed,
}

impl Outcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Cancel => "cancel",
            Self::Refused => "refused",
            Self::Closed => "closed",
        }
    }
}

impl Line {
    pub(crate) fn new(id: String) -> Self {
        Self {
            id,
            began: Instant::now(),
            user: String::new(),
            outcome: Outcome::Silent,
            sqlstate: "",
            reason: "the gateway is shutting down".to_owned(),
            octets: (0, 0),
        }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn user(&mut self, user: &str) {
        self.user = user
            .chars()
            .take(LONGEST_USER)
            .flat_map(char::escape_debug)
            .collect();
    }

    /// The connection ended without an answer.
    pub(crate) fn silent(&mut self, error: &io::Error) {
        self.outcome = Outcome::Silent;
        self.reason = error.to_string();
    }

    pub(crate) fn cancel(&mut self, found: bool) {
        self.outcome = Outcome::Cancel;
        self.reason = if found { "found" } else { "unknown key" }.to_owned();
    }

    /// `reason` is the true one; it is escaped here.
    pub(crate) fn refused(&mut self, answer: &Fatal, reason: &str) {
        self.outcome = Outcome::Refused;
        self.sqlstate = answer.sqlstate;
        self.reason = reason.escape_debug().collect();
    }

    /// The session is open; until it ends in order, it is lost.
    pub(crate) fn open(&mut self) {
        self.outcome = Outcome::Closed;
        self.reason = "lost".to_owned();
    }

    pub(crate) fn ended(&mut self, ended: &Ended, last: Option<&Fatal>) {
        self.sqlstate = last.map_or("", |fatal| fatal.sqlstate);
        self.octets = (ended.from_client, ended.from_backend);
        self.reason = match ended.cause {
            Cause::Closed => "closed",
            Cause::ClientLost => "client lost",
            Cause::BackendLost => "backend lost",
            Cause::Told => "the gateway is shutting down",
            Cause::Evicted => "its account's connections were ended",
        }
        .to_owned();
    }

    /// Strangers that never spoke the protocol are seen only by who looks for them.
    pub(crate) fn write(self) {
        let duration_ms = self.began.elapsed().as_millis() as u64;
        let (from_client, from_backend) = self.octets;
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    connection.id = %self.id, user = %self.user, outcome = self.outcome.as_str(), sqlstate = self.sqlstate,
                    reason = %self.reason, from_client, from_backend, duration_ms, "connection"
                )
            };
        }
        match self.outcome {
            Outcome::Silent => line!(debug),
            Outcome::Cancel | Outcome::Refused | Outcome::Closed => line!(info),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_forge_lines() {
        let mut line = Line::new("c1".to_owned());
        line.user(&format!("eve\nuser=root\x1b{}", "x".repeat(100)));
        assert!(line.user.starts_with("eve\\nuser=root\\u{1b}xxx"));
        assert!(line.user.chars().count() < 2 * LONGEST_USER);
    }
}
