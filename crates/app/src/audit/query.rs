//! What a person asks of the audit log: the fields of the console's form, each optional, together one filter.

use jiff::Timestamp;
use model::{
    Invalid,
    audit::Action,
    filter::{self, Comparison, Filter, Value},
};
use store::audit_log::{self, find_column};

use crate::{App, Error, Result, WorkspaceRow, error::Checks};

/// The fields, as they were typed. Blank is not asked.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// The action's code.
    pub action: String,
    /// The actor's handle.
    pub actor: String,
    /// A kind of credential, or the id of one.
    pub credential: String,
    /// Not before.
    pub from: String,
    /// Before.
    pub to: String,
    /// The rest, as a client of the API writes it.
    pub wanted: String,
}

impl AuditQuery {
    /// Whether nothing is asked.
    pub fn is_blank(&self) -> bool {
        let Self {
            action,
            actor,
            credential,
            from,
            to,
            wanted,
        } = self;
        [action, actor, credential, from, to, wanted]
            .iter()
            .all(|field| field.trim().is_empty())
    }
}

impl App {
    /// The filter that a client's `where` describes.
    pub fn audit_filter(&self, text: &str) -> Result<Option<Filter>> {
        Ok(filter::parse(text, &audit_log::COLUMNS, self.now()).map_err(Invalid::from)?)
    }

    /// The filter for the records of `workspace` that a client's `where` describes.
    pub fn workspace_audit_filter(&self, workspace: &WorkspaceRow, text: &str) -> Result<Filter> {
        let of_workspace = equal("target_id", &workspace.id.to_string());
        Filter::both(of_workspace, self.audit_filter(text)?).ok_or(Error::Internal("a filter was lost"))
    }

    /// The filter that all fields describe together. Every field that cannot be read is named.
    pub fn audit_query(&self, query: &AuditQuery) -> Result<Option<Filter>> {
        let mut checks = Checks::default();
        let parts = [
            checks.take(action(query.action.trim())),
            equal("actor_handle", query.actor.trim()),
            credential(query.credential.trim()),
            checks.take(moment("from", Comparison::AtLeast, &query.from)),
            checks.take(moment("to", Comparison::Less, &query.to)),
            checks.take(filter::parse(&query.wanted, &audit_log::COLUMNS, self.now()).map_err(Invalid::from)),
        ];
        checks.finish()?;
        Ok(parts.into_iter().fold(None, Filter::both))
    }
}

fn equal(name: &str, value: &str) -> Option<Filter> {
    let column = find_column(name).filter(|_| !value.is_empty())?;
    Some(Filter::equal(column, value))
}

fn action(code: &str) -> std::result::Result<Option<Filter>, Invalid> {
    match (code, Action::parse(code)) {
        ("", _) => Ok(None),
        (_, Some(action)) => Ok(equal("action_type", action.as_str())),
        (_, None) => Err(Invalid::new("action", "Choose an action from the list.")),
    }
}

/// Ids have an underscore after their prefix; kinds are whole words.
fn credential(value: &str) -> Option<Filter> {
    let is_id = value.starts_with("t_") || value.starts_with("s_");
    equal(if is_id { "credential_id" } else { "credential_kind" }, value)
}

fn moment(
    field: &'static str,
    comparison: Comparison,
    text: &str,
) -> std::result::Result<Option<Filter>, Invalid> {
    const ADVICE: &str = "Write a time as 2026-11-24 10:00, in UTC.";
    if text.trim().is_empty() {
        return Ok(None);
    }
    let at: Timestamp = filter::parse_time(text).ok_or_else(|| Invalid::new(field, ADVICE))?;
    let column = find_column("created_at").ok_or_else(|| Invalid::new(field, ADVICE))?;
    Ok(Some(Filter::compare(column, comparison, Value::Time(at))))
}
