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
    let frame = frame(words, Place::Settings(SettingsPage::Advanced));
    let confirm = Field::refused(words.or("an"), "Type ana to reset authentication.");
    vec![
        (
            "advanced",
            show(AdvancedPage {
                frame: frame.clone(),
                facts: facts.clone(),
                confirm: Field::default(),
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
