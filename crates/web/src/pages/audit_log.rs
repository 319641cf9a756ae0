//! Settings, Audit Log: what was done, by whom, from where, newest first; and one record in full.

use askama::Template;

use super::{Chart, Field, Frame, Moment, Problem, field::summary};

/// A record as a sentence: `actor` `did` `target`.
#[derive(Clone, Debug)]
pub struct AuditRow {
    /// Its id.
    pub id: String,
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
    /// With what: "Chrome on Linux", "Token ci", "Database password"; empty when unknown.
    pub credential: String,
}

/// An entry of a list to choose from.
#[derive(Clone, Debug)]
pub struct AuditChoice {
    /// What is sent.
    pub value: String,
    /// What is read.
    pub label: String,
    /// Whether it is the one that is chosen.
    pub chosen: bool,
}

/// What is asked of the log, as it was typed.
#[derive(Clone, Debug, Default)]
pub struct AuditFilters {
    /// The actions, "any" first.
    pub actions: Vec<AuditChoice>,
    /// The credentials, "any" first.
    pub credentials: Vec<AuditChoice>,
    /// What is wrong with the action, if it is not of the list.
    pub action: Field,
    /// The actor's handle.
    pub actor: Field,
    /// Not before.
    pub from: Field,
    /// Before.
    pub to: Field,
    /// The `where`.
    pub wanted: Field,
    /// Whether anything is asked.
    pub any: bool,
}

impl AuditFilters {
    /// Whether a field cannot be read, so that nothing was searched for.
    pub fn refused(&self) -> bool {
        [&self.action, &self.from, &self.to, &self.wanted]
            .iter()
            .any(|field| field.error.is_some())
    }

    /// The summary above the form, if several fields are wrong.
    pub fn problems(&self) -> Vec<Problem> {
        summary(&[
            ("action", "Action", &self.action),
            ("from", "From", &self.from),
            ("to", "Before", &self.to),
            ("where", "Where", &self.wanted),
        ])
    }
}

/// `/settings/audit-log`.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/audit_log.html")]
pub struct AuditLogPage {
    /// The frame.
    pub frame: Frame,
    /// The last 30 days.
    pub chart: Chart,
    /// What is asked.
    pub filters: AuditFilters,
    /// The records, newest first.
    pub rows: Vec<AuditRow>,
    /// The address of the newest page, when this is not it.
    pub newest: Option<String>,
    /// The address of the older ones.
    pub older: Option<String>,
    /// Down to when this page looked, when it looked at many records and found few.
    pub looked_to: Option<Moment>,
    /// The addresses of the file as JSONL and as CSV.
    pub exports: (String, String),
}

/// A fact of a record.
#[derive(Clone, Debug)]
pub struct Fact {
    /// Its name.
    pub name: String,
    /// Its value, as people read it.
    pub value: String,
}

/// What a change did to one thing.
#[derive(Clone, Debug)]
pub struct Difference {
    /// Of what.
    pub name: String,
    /// What it was; `None` when it was not set.
    pub before: Option<String>,
    /// What it became.
    pub after: Option<String>,
    /// Whether these differ.
    pub changed: bool,
}

/// `/settings/audit-log/{record}`: one record in full.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/audit_record.html")]
pub struct AuditRecordPage {
    /// The frame.
    pub frame: Frame,
    /// The record.
    pub row: AuditRow,
    /// Its place in the account's chain.
    pub sequence: i64,
    /// Who acted, where they have an account: display name and id.
    pub actor_id: Option<(String, String)>,
    /// The credential's id.
    pub credential_id: Option<String>,
    /// The target's id.
    pub target_id: Option<String>,
    /// The client's own name.
    pub user_agent: String,
    /// The request.
    pub request_id: String,
    /// Before and after.
    pub differences: Vec<Difference>,
    /// Everything else.
    pub facts: Vec<Fact>,
    /// The list of the same action.
    pub same_action: String,
    /// The list of the same credential, if it has an id.
    pub same_credential: Option<String>,
}
