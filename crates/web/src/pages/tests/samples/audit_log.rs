//! Sample pages of the audit log.

use super::{Pages, Words, ago, frame, show};
use crate::pages::*;

fn row(words: &Words, did: &str, target: &str, action: &str, seconds: i64, credential: &str) -> AuditRow {
    AuditRow {
        id: "a_00000000000000000000".into(),
        actor: words.handle.clone(),
        did: did.into(),
        target: if target.is_empty() {
            String::new()
        } else {
            words.or(target)
        },
        action: action.into(),
        at: ago(seconds),
        ip: "203.0.113.7".into(),
        credential: words.or(credential),
    }
}

fn rows(words: &Words) -> Vec<AuditRow> {
    let row = |did, target, action, seconds, credential| row(words, did, target, action, seconds, credential);
    vec![
        row(
            "created token",
            "CI pipeline",
            "token.create",
            20,
            "Browser session, Chrome on Linux",
        ),
        row(
            "created a new database password",
            "",
            "user.password.create",
            240,
            "Browser session, Chrome on Linux",
        ),
        row(
            "connected to workspace",
            "dev",
            "workspace.connection.open",
            3_700,
            "Database password",
        ),
        row(
            "created workspace",
            "analytics",
            "workspace.create",
            86_400,
            "Token ci",
        ),
        AuditRow {
            actor: "Somebody".into(),
            ip: "2001:db8:85a3::8a2e:370:7334".into(),
            ..row(
                "was refused a database connection to",
                "dev",
                "workspace.connection.refuse",
                90_000,
                "",
            )
        },
        row("signed in", "", "session.create", 180_000, "Sign-in mail"),
    ]
}

fn choices(words: &Words, values: &[&str]) -> Vec<AuditChoice> {
    let choice = |value: &&str| AuditChoice {
        value: (*value).into(),
        label: words.or(value),
        chosen: false,
    };
    values.iter().map(choice).collect()
}

fn filters(words: &Words) -> AuditFilters {
    AuditFilters {
        actions: choices(
            words,
            &["Any action", "token.create", "workspace.connection.open"],
        ),
        credentials: choices(words, &["Any credential", "Browser sessions", "Token ci"]),
        ..AuditFilters::default()
    }
}

fn chart(count: impl Fn(i64) -> i64) -> Chart {
    let start = |day: i64| model::time::from_micros((20_752 + day) * 86_400_000_000);
    let days: Vec<_> = (0..30).map(|day| (start(day), count(day))).collect();
    Chart::new(&days, |from, to| {
        format!("/settings/audit-log?from={from}T00:00&to={to}T00:00")
    })
}

pub(super) fn audit_log(words: &Words) -> Pages {
    let page = AuditLogPage {
        frame: frame(words, Place::Settings(SettingsPage::AuditLog)),
        chart: chart(|day| day * 7 % 19 * (day % 6)),
        filters: filters(words),
        rows: rows(words),
        newest: None,
        older: Some("/settings/audit-log?next_token=abc".into()),
        looked_to: None,
        exports: (
            "/settings/audit-log/export".into(),
            "/settings/audit-log/export?format=csv".into(),
        ),
    };
    let asked = AuditFilters {
        wanted: Field::refused(
            words.or("colour = 'red'"),
            "At character 1: There is no such column here.",
        ),
        from: Field::refused("soon", "Write a time as 2026-11-24 10:00, in UTC."),
        any: true,
        ..filters(words)
    };
    vec![
        (
            "audit-log-empty",
            show(AuditLogPage {
                rows: vec![],
                older: None,
                chart: chart(|_| 0),
                ..page.clone()
            }),
        ),
        (
            "audit-log-refused",
            show(AuditLogPage {
                rows: vec![],
                older: None,
                filters: asked.clone(),
                ..page.clone()
            }),
        ),
        (
            "audit-log-second",
            show(AuditLogPage {
                newest: Some("/settings/audit-log".into()),
                looked_to: Some(ago(400_000)),
                ..page.clone()
            }),
        ),
        ("audit-log", show(page)),
        ("audit-record", show(record(words))),
    ]
}

fn record(words: &Words) -> AuditRecordPage {
    let text = |text: &str| Some(words.or(text));
    let difference = |name: &str, before, after, changed| Difference {
        name: words.or(name),
        before,
        after,
        changed,
    };
    AuditRecordPage {
        frame: frame(words, Place::Settings(SettingsPage::AuditLog)),
        row: row(
            words,
            "updated token",
            "ci",
            "token.update",
            4_000,
            "Browser session, Chrome on Linux",
        ),
        sequence: 14,
        actor_id: Some((words.text.clone(), "u_00000000000000000000".into())),
        credential_id: Some("s_00000000000000000000".into()),
        target_id: Some("t_00000000000000000000".into()),
        user_agent: words.or("Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36"),
        request_id: "r_1rstq0hk6vifudmcgepn".into(),
        differences: vec![
            difference("title", None, text("ci"), true),
            difference("status", text("active"), text("active"), false),
        ],
        facts: vec![Fact {
            name: words.or("last4"),
            value: words.or("k3Qz"),
        }],
        same_action: "/settings/audit-log?action=token.update".into(),
        same_credential: Some("/settings/audit-log?credential=s_00000000000000000000".into()),
    }
}
