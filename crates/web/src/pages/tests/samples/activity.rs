//! Sample pages of what runs and what was done.

use super::{Pages, Words, ago, frame, inside, show};
use crate::pages::*;

pub(super) fn activity(words: &Words) -> Pages {
    let row = |title: &str, state: &str, seconds, took: &str| ProcessRow {
        id: "p_c2rkvdq5v6f0000000g0".into(),
        title: title.into(),
        workspace: Some(words.workspace.clone()),
        state: Badge::process(state),
        started: ago(seconds),
        took: took.into(),
    };
    let rows = vec![
        row("Create workspace", "running", 2, "2 s"),
        row("Delete workspace", "failed", 4_000, "31.2 s"),
        row("Create workspace", "completed", 90_000, "1.4 s"),
        ProcessRow {
            workspace: None,
            ..row("Fetch avatar", "pending", 0, "")
        },
    ];
    let step = |title: &str, state: &str, took: &str, note: Option<&str>| ProcessStep {
        title: title.into(),
        state: Badge::process(state),
        took: took.into(),
        note: note.map(|text| words.or(text)),
    };
    let process = ProcessPage {
        frame: frame(words, Place::Activity),
        process: row("Delete workspace", "failed", 4_000, "31.2 s"),
        ended: Some(ago(3_969)),
        error: Some(words.or(
            "The database is in use by another program. End its connections and \
delete the workspace again.",
        )),
        steps: vec![
            step("End connections", "completed", "0.2 s", None),
            step(
                "Drop database",
                "failed",
                "31.0 s",
                Some("PostgreSQL said: database \"x7k2m9\" is being accessed by other users"),
            ),
            step("Drop roles", "pending", "", None),
        ],
        state_url: None,
    };
    vec![
        (
            "activity-empty",
            show(ActivityPage {
                frame: frame(words, Place::Activity),
                processes: vec![],
                older: None,
            }),
        ),
        (
            "activity",
            show(ActivityPage {
                frame: frame(words, Place::Activity),
                processes: rows.clone(),
                older: Some("/activity?before=1".into()),
            }),
        ),
        (
            "workspace-activity",
            show(WorkspaceActivityPage {
                frame: inside(words, WorkspaceTab::Activity),
                handle: words.workspace.clone(),
                processes: rows,
                older: None,
            }),
        ),
        ("process", show(process)),
    ]
}
