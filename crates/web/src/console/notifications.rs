//! `/settings/notifications`: which mails a person wants.

use app::preferences::PreferencesUpdate;
use model::preferences::Choice;
use serde::Deserialize;

use super::{answer::Answer, form::SignedForm, signed::Signed};
use crate::pages::{MailKind, NotificationsPage, Place, SettingsPage};

const HERE: &str = "/settings/notifications";

/// `GET /settings/notifications`
pub(crate) async fn show_notifications(signed: Signed) -> Answer {
    let communication = signed.app.get_preferences(&signed.actor).await?.communication;
    let kind = |name, title, sentence, choice| MailKind {
        name,
        title,
        sentence,
        enabled: choice == Choice::Enabled,
        locked: false,
    };
    let system = MailKind {
        name: "system",
        title: "System",
        sentence: "Sign-in links and important notices about your account. They cannot be disabled: without them you \
                   could not sign in, nor learn that somebody else did.",
        enabled: true,
        locked: true,
    };
    signed.page(&NotificationsPage {
        frame: signed.frame(Place::Settings(SettingsPage::Notifications)).await?,
        kinds: vec![
            kind(
                "community_updates",
                "Community Updates",
                "Community information and events that you may be interested in.",
                communication.community_updates,
            ),
            kind(
                "product_updates",
                "Product Updates",
                "Product updates as they are released.",
                communication.product_updates,
            ),
            kind(
                "tips_and_tricks",
                "Tips & Tricks",
                "Useful tips and tricks on using Standpipe.",
                communication.tips_and_tricks,
            ),
            system,
        ],
    })
}

/// What the form sends: a field for each box that is ticked.
#[derive(Deserialize)]
pub(crate) struct NotificationsForm {
    community_updates: Option<String>,
    product_updates: Option<String>,
    tips_and_tricks: Option<String>,
}

/// `POST /settings/notifications`
pub(crate) async fn update_notifications(
    SignedForm { signed, input }: SignedForm<NotificationsForm>,
) -> Answer {
    let choice = |ticked: Option<String>| {
        let choice = if ticked.is_some() {
            Choice::Enabled
        } else {
            Choice::Disabled
        };
        Some(choice.as_str().to_owned())
    };
    let update = PreferencesUpdate {
        community_updates: choice(input.community_updates),
        product_updates: choice(input.product_updates),
        tips_and_tricks: choice(input.tips_and_tricks),
    };
    signed.app.update_preferences(&signed.actor, update).await?;
    signed.done(HERE, "Notifications saved.")
}
