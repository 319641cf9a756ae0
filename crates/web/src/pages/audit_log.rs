//! Settings, Audit Log: what was done, by whom, from where, newest first.

use askama::Template;

use super::{Frame, Moment};

/// A record as a sentence: `actor` `did` `target`.
#[derive(Clone, Debug)]
pub struct AuditRow {
    /// Who did it.
    pub actor: String,
    /// What they did: "created token".
    pub did: String,
    /// To what; empty when the sentence needs nothing more.
    pub target: String,
    /// The action's code: `token.create`.
    pub action: String,
    /// When.
    pub at: Moment,
    /// From which address; empty when from nowhere, such as a job.
    pub ip: String,
    /// With what: "Browser session", "Token …3kf9", "Database password"; empty when unknown.
    pub credential: String,
}

/// `/settings/audit-log`.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/audit_log.html")]
pub struct AuditLogPage {
    /// The frame.
    pub frame: Frame,
    /// The records, newest first.
    pub rows: Vec<AuditRow>,
    /// What is searched for; `None` when there is no search.
    pub search: Option<String>,
    /// The address of the newest page, when this is not it.
    pub newest: Option<String>,
    /// The address of the older ones.
    pub older: Option<String>,
}
