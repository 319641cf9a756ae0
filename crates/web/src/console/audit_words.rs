//! Records in words: sentences, credentials, and what a change did.

use std::collections::BTreeSet;

use app::{AuditRow, TokenRow};
use jiff::Timestamp;
use model::{audit::Action, device};
use serde_json::{Map, Value};

use crate::pages::{self, AuditChoice, Difference, Fact, Moment};

/// A record as a sentence.
pub(super) fn audit_row(row: &AuditRow, own: &str, now: Timestamp) -> pages::AuditRow {
    let actor = match row.actor_handle.as_str() {
        "anonymous" => "Somebody",
        "system" => "Standpipe",
        "operator" => "The operator",
        handle => handle,
    };
    // "ana created the account ana" says no more than "ana created the account".
    let target = row
        .target_handle
        .as_deref()
        .filter(|target| !(*target == own && actor == own))
        .unwrap_or_default();
    let did = row.action.sentence();
    let did = if target.is_empty() { plain(did) } else { did };
    pages::AuditRow {
        id: row.id.to_string(),
        actor: actor.to_owned(),
        did: did.to_owned(),
        target: target.to_owned(),
        action: row.action.as_str().to_owned(),
        at: Moment::new(row.created_at, now),
        ip: row.actor_ip.clone(),
        credential: credential(row),
    }
}

/// The sentence without the preposition that wants a target.
fn plain(did: &str) -> &str {
    [" of", " to", " for"]
        .into_iter()
        .find_map(|end| did.strip_suffix(end))
        .unwrap_or(did)
}

fn credential(row: &AuditRow) -> String {
    let client = || device::name(&row.user_agent);
    match (row.credential_kind.as_str(), &row.credential_title) {
        ("token", Some(title)) if !title.is_empty() => format!("Token {title}"),
        ("token", _) => "Token".to_owned(),
        ("session", _) if row.user_agent.is_empty() => "Browser session".to_owned(),
        ("session", _) => format!("Browser session, {}", client()),
        ("cli", _) => "Command line login".to_owned(),
        ("database_password", _) => "Database password".to_owned(),
        ("mail", _) => "Sign-in mail".to_owned(),
        ("operator", _) => "Terminal".to_owned(),
        _ => String::new(),
    }
}

fn choice(value: &str, label: impl Into<String>, chosen: &str) -> AuditChoice {
    AuditChoice {
        value: value.to_owned(),
        label: label.into(),
        chosen: value == chosen,
    }
}

/// The actions to choose from.
pub(super) fn action_choices(chosen: &str) -> Vec<AuditChoice> {
    let all = Action::ALL
        .iter()
        .map(|action| choice(action.as_str(), action.as_str(), chosen));
    std::iter::once(choice("", "Any action", chosen))
        .chain(all)
        .collect()
}

/// The credentials to choose from: kinds, then tokens by title; one that is gone stays while it is chosen.
pub(super) fn credential_choices(tokens: &[TokenRow], chosen: &str) -> Vec<AuditChoice> {
    const KINDS: [(&str, &str); 8] = [
        ("", "Any credential"),
        ("session", "Browser sessions"),
        ("cli", "Command line logins"),
        ("token", "All tokens"),
        ("database_password", "Database password"),
        ("mail", "Sign-in mails"),
        ("operator", "Terminal"),
        ("none", "None"),
    ];
    let kinds = KINDS.iter().map(|(kind, label)| choice(kind, *label, chosen));
    let tokens = tokens.iter().map(|token| {
        let title = token.title.clone().unwrap_or_default();
        let label = match title.is_empty() {
            true => format!("Token …{}", token.last4),
            false => format!("Token {title}"),
        };
        choice(&token.id.to_string(), label, chosen)
    });
    let mut choices: Vec<AuditChoice> = kinds.chain(tokens).collect();
    if !choices.iter().any(|choice| choice.chosen) {
        choices.push(choice(chosen, chosen, chosen));
    }
    choices
}

/// What `before` and `after` of a record's facts say, by name.
pub(super) fn differences(data: &str) -> Vec<Difference> {
    let data = object(data);
    let side = |name: &str| match data.get(name) {
        Some(Value::Object(facts)) => flat(facts),
        _ => Vec::new(),
    };
    let (before, after) = (side("before"), side("after"));
    let mut seen = BTreeSet::new();
    let names = after
        .iter()
        .chain(&before)
        .filter(|fact| seen.insert(fact.name.clone()));
    let find = |facts: &[Fact], name: &str| {
        let found = facts.iter().find(|fact| fact.name == name)?;
        Some(found.value.clone()).filter(|value| !value.is_empty())
    };
    names
        .map(|fact| {
            let (before, after) = (find(&before, &fact.name), find(&after, &fact.name));
            Difference {
                name: fact.name.clone(),
                changed: before != after,
                before,
                after,
            }
        })
        .collect()
}

/// The facts of a record that are no before and after.
pub(super) fn facts(data: &str) -> Vec<Fact> {
    let mut data = object(data);
    for side in ["before", "after"] {
        if matches!(data.get(side), Some(Value::Object(_))) {
            data.shift_remove(side);
        }
    }
    let mut facts = flat(&data);
    facts.retain(|fact| !fact.value.is_empty());
    facts
}

fn object(data: &str) -> Map<String, Value> {
    serde_json::from_str(data).unwrap_or_default()
}

/// Facts as lines, those inside others by their whole way: `communication.tips`.
fn flat(facts: &Map<String, Value>) -> Vec<Fact> {
    let mut lines = Vec::new();
    for (name, value) in facts {
        let name = name.replace('_', " ");
        match value {
            Value::Object(inner) => lines.extend(flat(inner).into_iter().map(|fact| Fact {
                name: format!("{name}, {}", fact.name),
                value: fact.value,
            })),
            value => lines.push(Fact {
                name,
                value: text(value),
            }),
        }
    }
    lines
}

/// A value as people read it; nothing for `null`.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_read_well_without_a_target() {
        assert_eq!(plain("signed in to"), "signed in");
        assert_eq!(plain("signed out of"), "signed out");
        assert_eq!(
            plain("created a new database password for"),
            "created a new database password"
        );
        assert_eq!(plain("created token"), "created token");
    }

    #[test]
    fn before_and_after_stand_side_by_side() {
        let data = r#"{"before":{"display_name":null,"url":"a"},"after":{"display_name":"Ana","url":"a"},"tls":true,"n":[1,2],"none":null}"#;
        let lines: Vec<_> = differences(data)
            .into_iter()
            .map(|line| (line.name, line.before, line.after, line.changed))
            .collect();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            lines,
            [
                ("display name".to_owned(), None, text("Ana"), true),
                ("url".to_owned(), text("a"), text("a"), false),
            ]
        );
        let facts: Vec<_> = facts(data)
            .into_iter()
            .map(|fact| format!("{}={}", fact.name, fact.value))
            .collect();
        assert_eq!(facts, ["tls=yes", "n=1, 2"]);
    }

    #[test]
    fn a_credential_that_is_gone_can_stay_chosen() {
        let choices = credential_choices(&[], "t_00000000000000000000");
        let chosen: Vec<_> = choices.iter().filter(|choice| choice.chosen).collect();
        assert_eq!(
            (chosen.len(), chosen[0].label.as_str()),
            (1, "t_00000000000000000000")
        );
    }
}
