//! Sample pages of notifications, sessions and advanced settings.

use super::{Pages, Words, ago, frame, show};
use crate::pages::*;

pub(super) fn notifications(words: &Words) -> Pages {
    let kind = |name, title, locked| MailKind {
        name,
        title,
        sentence: "One sentence that says what is sent, and when.",
        enabled: locked || name != "tips_and_tricks",
        locked,
    };
    let page = NotificationsPage {
        frame: frame(words, Place::Settings(SettingsPage::Notifications)),
        kinds: vec![
            kind("community_updates", "Community Updates", false),
            kind("product_updates", "Product Updates", false),
            kind("tips_and_tricks", "Tips & Tricks", false),
            kind("system", "System", true),
        ],
    };
    vec![("notifications", show(page))]
}

pub(super) fn not_me(words: &Words) -> Pages {
    let page = NotMePage {
        frame: frame(words, Place::Settings(SettingsPage::Advanced)),
        what: "somebody made a token for your account",
        remedies: vec![
            Remedy {
                title: format!("Deactivate the token {}", words.text),
                text: "Calls with it are refused at once.",
                label: "Deactivate token",
                path: "/settings/tokens/t_00000000000000000000/status".to_owned(),
                form: Some(vec![Hidden {
                    name: "status",
                    value: "inactive".to_owned(),
                }]),
            },
            Remedy {
                title: "See what was done".to_owned(),
                text: "The audit log has every change, with its time, address and client.",
                label: "Open audit log",
                path: "/settings/audit-log".to_owned(),
                form: None,
            },
        ],
    };
    vec![("not-me", show(page))]
}

pub(super) fn sessions(words: &Words) -> Pages {
    let row = |id: &str, device: &str, current| SessionRow {
        id: id.to_owned(),
        device: words.or(device),
        kind: "Browser",
        ip: "192.0.2.7".to_owned(),
        created: ago(86_400 * 3),
        last_seen: ago(40),
        current,
    };
    let page = SessionsPage {
        frame: frame(words, Place::Settings(SettingsPage::Sessions)),
        lifetime_days: 30,
        idle_days: 14,
        sessions: vec![
            row("s_00000000000000000000", "Chrome on Linux", true),
            row("s_00000000000000000010", "Firefox on macOS", false),
        ],
    };
    vec![("sessions", show(page))]
}

pub(super) fn advanced(words: &Words) -> Pages {
    let facts: Vec<String> = [
        "2 sessions end now, this one included.",
        "1 token stops working for good.",
    ]
    .map(str::to_owned)
    .into();
    let deletion = vec![
        format!(
            "Workspace {} is dropped with all that is in it (7.6 MB).",
            words.workspace
        ),
        "2 tokens and 1 session stop working now, this session included.".to_owned(),
        format!("{}@example.com is forgotten, after a last mail.", words.handle),
    ];
    let frame = frame(words, Place::Settings(SettingsPage::Advanced));
    let handle = super::handle::card(words);
    let confirm = Field::refused(words.or("an"), "Type ana to reset authentication.");
    vec![
        (
            "advanced",
            show(AdvancedPage {
                frame: frame.clone(),
                handle,
                facts: facts.clone(),
                confirm: Field::default(),
                deletion: deletion.clone(),
                account: Field::default(),
            }),
        ),
        (
            "delete-account",
            show(DeleteAccountPage {
                frame: frame.clone(),
                facts: deletion,
                account: Field::refused(words.or("an"), "Type ana to delete the account."),
            }),
        ),
        (
            "reset-auth",
            show(ResetAuthPage {
                frame,
                facts,
                confirm,
            }),
        ),
    ]
}

pub(super) fn step_up(words: &Words) -> Pages {
    let page = StepUpPage {
        frame: frame(words, Place::Settings(SettingsPage::Tokens)),
        deed: "Create a token",
        detail: Some(words.or("CI pipeline")),
        sent_to: words.or("ana@example.com"),
        minutes: 10,
        mail_folder: None,
        request: words.or("sealed-sample"),
        code: Field::default(),
        cancel: "/settings/tokens",
    };
    let wrong = StepUpPage {
        code: Field::refused(
            words.or("123456"),
            "This is not the code from the mail. 4 tries are left.",
        ),
        mail_folder: Some(words.or("/srv/standpipe-data/mail")),
        ..page.clone()
    };
    vec![("step-up", show(page)), ("step-up-wrong", show(wrong))]
}
