//! `/workspace/{workspace}/limits`: what is allowed in a workspace.

use app::{
    Error, WorkspaceRow,
    workspaces::{NewLimits, WorkspaceUpdate},
};
use axum::{extract::Path, http::StatusCode};
use serde::Deserialize;

use super::{answer::Answer, form::SignedForm, sign_up::field, workspaces::settings_page};
use crate::pages::{Field, LimitsForm};

const CONNECTIONS: &str = "Write a whole number from 1 to 1000.";
const SECONDS: &str = "Write seconds, from 0.1 to 86400, or 0 for no end.";

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct NewLimitsForm {
    #[serde(default)]
    connections: String,
    #[serde(default)]
    statement: String,
    #[serde(default)]
    idle: String,
}

/// `POST /workspace/{workspace}/limits`
pub(crate) async fn update_limits(
    Path(workspace): Path<String>,
    SignedForm { signed, input }: SignedForm<NewLimitsForm>,
) -> Answer {
    let row = signed.app.get_workspace(&signed.actor, &workspace).await?;
    let access = signed.access(row.handle.as_str()).await?;
    let (connections, statement, idle) = (
        input.connections.trim().parse::<i64>().ok(),
        milliseconds(&input.statement),
        milliseconds(&input.idle),
    );
    let read = LimitsForm {
        connections: checked(&input.connections, connections.is_some(), CONNECTIONS),
        statement: checked(&input.statement, statement.is_some(), SECONDS),
        idle: checked(&input.idle, idle.is_some(), SECONDS),
    };
    if connections.is_none() || statement.is_none() || idle.is_none() {
        return settings_page(&signed, &access, StatusCode::UNPROCESSABLE_ENTITY, Some(read)).await;
    }
    let update = WorkspaceUpdate {
        limits: NewLimits {
            connections,
            statement_ms: statement,
            idle_in_transaction_ms: idle,
        },
        ..WorkspaceUpdate::default()
    };
    match signed
        .app
        .update_workspace(&signed.actor, &row.id.to_string(), update)
        .await
    {
        Ok(row) => signed.done(
            &format!("/workspace/{}/settings", row.handle),
            "The limits hold for new connections.",
        ),
        Err(Error::Invalid(problems)) => {
            let form = LimitsForm {
                connections: field("connection_limit", input.connections, &problems),
                statement: told(field("statement_timeout_ms", input.statement, &problems)),
                idle: told(field("idle_in_transaction_timeout_ms", input.idle, &problems)),
            };
            settings_page(&signed, &access, StatusCode::UNPROCESSABLE_ENTITY, Some(form)).await
        }
        Err(other) => Err(other.into()),
    }
}

/// The form as the workspace has it.
pub(super) fn form(row: &WorkspaceRow) -> LimitsForm {
    LimitsForm {
        connections: Field::new(row.limits.connections.to_string()),
        statement: Field::new(seconds(row.limits.statement_ms)),
        idle: Field::new(seconds(row.limits.idle_in_transaction_ms)),
    }
}

fn checked(text: &str, is_good: bool, problem: &str) -> Field {
    match is_good {
        true => Field::new(text),
        false => Field::refused(text, problem),
    }
}

/// The page counts in seconds.
fn told(field: Field) -> Field {
    Field {
        error: field.error.map(|_| SECONDS.to_owned()),
        ..field
    }
}

fn seconds(ms: i64) -> String {
    match ms % 1000 {
        0 => (ms / 1000).to_string(),
        rest => format!("{}.{rest:03}", ms / 1000)
            .trim_end_matches('0')
            .to_owned(),
    }
}

fn milliseconds(text: &str) -> Option<i64> {
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(part) || part.len() > 3 {
        return None;
    }
    let part: i64 = format!("{part:0<3}").parse().ok()?;
    whole.parse::<i64>().ok()?.checked_mul(1000)?.checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_read_as_they_are_written() {
        for ms in [0, 100, 1500, 600_000, 1] {
            assert_eq!(milliseconds(&seconds(ms)), Some(ms));
        }
        assert_eq!(milliseconds(" 2.5 "), Some(2500));
        for wrong in ["", "-1", "1.2345", "ten", "1.", "99999999999999999999"] {
            assert_eq!(milliseconds(wrong), None, "{wrong}");
        }
    }
}
