//! Sample pages: an account as one sees it, and one whose owner means harm.

mod activity;
mod api_docs;
mod audit_log;
mod cli_login;
mod handle;
mod members;
mod more_settings;
mod query;
mod settings;
mod signed_out;
mod tokens;
mod workspaces;

use askama::Template;
use jiff::{SignedDuration, Timestamp};

use crate::pages::*;

/// The sample password: it may only be in pages that reveal it.
pub(super) const PASSWORD: &str = "k7xw-29fm-qd4t-8zrh-h3vb-6ncy";

/// What people typed.
pub(super) struct Words {
    pub(super) text: String,
    pub(super) handle: String,
    pub(super) workspace: String,
    plain: bool,
}

impl Words {
    pub(super) fn plain() -> Self {
        Self {
            text: "Ana Lindqvist".into(),
            handle: "ana".into(),
            workspace: "dev".into(),
            plain: true,
        }
    }

    pub(super) fn hostile() -> Self {
        let text = "\"><script>alert(1)</script>' onmouseover='alert(2)' \u{202E}الاسم\u{202C} \
            AVeryLongWordWithoutAnySpaceInItThatGoesOnAndOnAndOnUntilItEnds";
        Self {
            text: text.into(),
            handle: "a".repeat(39),
            workspace: "w".repeat(23),
            plain: false,
        }
    }

    /// `text` of a plain sample, or the hostile text.
    fn or(&self, text: &str) -> String {
        if self.plain {
            text.to_owned()
        } else {
            self.text.clone()
        }
    }

    fn host(&self) -> String {
        format!("{}-{}.db.localhost", self.handle, self.workspace)
    }
}

fn ago(seconds: i64) -> Moment {
    let now: Timestamp = "2026-11-24T09:30:00Z".parse().unwrap();
    Moment::new(now - SignedDuration::from_secs(seconds), now)
}

fn asset_urls() -> AssetUrls {
    AssetUrls {
        css: "app.css".into(),
        js: "app.js".into(),
        favicon: "favicon.svg".into(),
    }
}

fn outside() -> Outside {
    Outside { assets: asset_urls() }
}

fn frame(words: &Words, place: Place) -> Frame {
    Frame {
        assets: asset_urls(),
        person: Person {
            handle: words.handle.clone(),
            display_name: words.text.clone(),
            avatar_url: "avatar.svg".into(),
        },
        csrf: words.or("csrf-sample"),
        place,
        workspaces: vec![words.workspace.clone(), "analytics".into()],
        shared: vec![format!("bob-{}", words.workspace)],
        settings: vec![
            SettingsPage::Profile,
            SettingsPage::Tokens,
            SettingsPage::AuditLog,
        ],
        docs_url: Some("https://example.com/docs".into()),
        flash: None,
    }
}

fn inside(words: &Words, tab: WorkspaceTab) -> Frame {
    frame(
        words,
        Place::Workspace {
            handle: words.workspace.clone(),
            tab,
        },
    )
}

fn flashed(frame: Frame, text: &str) -> Frame {
    Frame {
        flash: Some(Flash {
            good: true,
            text: text.to_owned(),
        }),
        ..frame
    }
}

type Pages = Vec<(&'static str, String)>;

/// Every page in every condition that changes how it looks.
pub(super) fn pages(words: &Words) -> Pages {
    [
        signed_out::signed_out(words),
        members::members(words),
        cli_login::cli_login(words),
        workspaces::workspaces(words),
        workspaces::connect(words),
        query::query(words),
        activity::activity(words),
        settings::profile(words),
        settings::emails(words),
        tokens::tokens(words),
        audit_log::audit_log(words),
        more_settings::notifications(words),
        more_settings::not_me(words),
        more_settings::sessions(words),
        more_settings::advanced(words),
        handle::handle(words),
        api_docs::api_docs(words),
        more_settings::step_up(words),
    ]
    .concat()
}

fn show(page: impl Template) -> String {
    page.render().unwrap()
}
