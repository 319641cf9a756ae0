//! Sample pages of changing the handle.

use super::{Pages, Words, ago, frame, show};
use crate::pages::*;

pub(super) fn card(words: &Words) -> HandleCard {
    HandleCard {
        field: Field::refused(words.or("bo"), "The handle bo is taken. Choose another."),
        domain: "db.localhost".to_owned(),
        workspace: words.workspace.clone(),
        not_before: None,
        held: vec![HeldName {
            handle: "anna".to_owned(),
            until: ago(-86_400 * 60),
        }],
    }
}

fn line(label: &str, user: &str, host: &str) -> CommandLine {
    CommandLine {
        label: label.to_owned(),
        before: format!("postgresql://{user}:"),
        after: Some(format!("@{host}:9193/k3x9p2?sslmode=require")),
    }
}

fn change(words: &Words) -> NameChange {
    let (from, to) = (
        words.host(),
        format!("ana-lindqvist-{}.db.localhost", words.workspace),
    );
    NameChange {
        workspace: words.workspace.clone(),
        strings: vec![(
            line("By host name, over TLS", &words.handle, &from),
            line("By host name, over TLS", "ana-lindqvist", &to),
        )],
        host: (from, to),
    }
}

pub(super) fn handle(words: &Words) -> Pages {
    let frame = frame(words, Place::Settings(SettingsPage::Advanced));
    let preview = HandlePreviewPage {
        frame: frame.clone(),
        to: "ana-lindqvist".to_owned(),
        facts: vec!["1 workspace gets a new host name at once.".to_owned()],
        changes: vec![change(words)],
        confirm: Field::refused(words.or("an"), "Type ana to change your handle."),
    };
    let changed = HandleChangedPage {
        frame: frame.clone(),
        from: "anna".to_owned(),
        until: ago(-86_400 * 90),
        changes: vec![change(words)],
    };
    let today = AdvancedPage {
        frame,
        handle: HandleCard {
            not_before: Some(ago(-3600 * 20)),
            ..card(words)
        },
        facts: Vec::new(),
        confirm: Field::default(),
        deletion: Vec::new(),
        account: Field::default(),
    };
    let empty = HandlePreviewPage {
        changes: Vec::new(),
        confirm: Field::default(),
        ..preview.clone()
    };
    vec![
        ("handle-preview", show(preview)),
        ("handle-preview-empty", show(empty)),
        ("handle-changed", show(changed)),
        ("advanced-changed-today", show(today)),
    ]
}
