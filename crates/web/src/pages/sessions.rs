//! Settings, Sessions: where the person is signed in.

use askama::Template;

use super::{Frame, Moment};

/// A session in the list.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// Its id.
    pub id: String,
    /// Browser and system, or what the client calls itself.
    pub device: String,
    /// "Browser" or "Command line".
    pub kind: &'static str,
    /// From where.
    pub ip: String,
    /// When it began.
    pub created: Moment,
    /// When it was last used.
    pub last_seen: Moment,
    /// Whether it is the one that looks.
    pub current: bool,
}

/// `/settings/sessions`.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/sessions.html")]
pub struct SessionsPage {
    /// The frame.
    pub frame: Frame,
    /// The days of a session, whatever is done with it.
    pub lifetime_days: i64,
    /// The days of a session that is not used.
    pub idle_days: i64,
    /// The sessions, newest first.
    pub sessions: Vec<SessionRow>,
}
