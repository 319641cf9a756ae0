//! What a person was doing when they were asked to confirm that it is them, in words: by the route that they called.

use crate::pages::SettingsPage;

/// Something that can have to wait for a confirmation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deed {
    /// What it is: "Create a token". On the page and in the mail.
    pub(super) words: &'static str,
    /// The field of the form that says of what or to what; shown on the page.
    pub(super) field: Option<&'static str>,
    /// Where it is done, and where "Cancel" leads.
    pub(super) place: SettingsPage,
}

use SettingsPage::{Advanced, Profile, Sessions, Tokens};

/// Every route that asks for a fresh sign-in, by its pattern. One that is missing here still works: the page then says
/// that it goes on with what one was doing.
#[rustfmt::skip]
const DEEDS: &[(&str, &str, Option<&str>, SettingsPage)] = &[
    ("/settings/profile/password/reveal", "Show your database password", None, Profile),
    ("/settings/profile/password/rotate", "Rotate your database password", None, Profile),
    ("/settings/profile/emails", "Add an e-mail address", Some("email"), Profile),
    ("/settings/profile/emails/{email}/primary", "Change your primary e-mail address", None, Profile),
    ("/settings/profile/emails/{email}/remove", "Remove an e-mail address", None, Profile),
    ("/settings/tokens", "Create a token", Some("title"), Tokens),
    ("/settings/tokens/{token}/rotate", "Rotate a token", None, Tokens),
    ("/settings/tokens/{token}/edit", "Change a token", Some("title"), Tokens),
    ("/workspace/{workspace}/access", "Give access to a workspace", Some("member"), Profile),
    ("/workspace/{workspace}/access/{member}/role", "Change access to a workspace", Some("role"), Profile),
    ("/login/token", "Let a command line in", None, Sessions),
    ("/settings/sessions/{session}/end", "End a session", None, Sessions),
    ("/settings/sessions/end-others", "End all other sessions", None, Sessions),
    ("/settings/sessions/end-all", "End all sessions", None, Sessions),
    ("/settings/advanced/handle", "Change your handle", Some("handle"), Advanced),
    ("/settings/advanced/reset-authentication", "Reset authentication", None, Advanced),
    ("/settings/advanced/delete-account", "Delete your account", None, Advanced),
    ("/settings/advanced/export", "Export your data", None, Advanced),
];

/// What the route of this pattern does.
pub(super) fn deed(route: &str) -> Deed {
    let known = DEEDS.iter().find(|(pattern, ..)| *pattern == route);
    known.map_or(
        Deed {
            words: "Go on with what you were doing",
            field: None,
            place: Profile,
        },
        |(_, words, field, place)| Deed {
            words,
            field: *field,
            place: *place,
        },
    )
}
