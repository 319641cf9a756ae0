//! Settings, Profile: display name, avatar, database password.

use askama::Template;

use super::{Badge, EmailsCard, Field, Frame, Moment};

/// The card of the database password. The page never holds the password unless `revealed` does.
#[derive(Clone, Debug)]
pub struct PasswordCard {
    /// The password, in the answer to a reveal without a script.
    pub revealed: Option<String>,
    /// When it was last rotated, or made.
    pub since: Moment,
    /// When it ends, if it is a temporary one.
    pub ends: Option<Moment>,
    /// Whether it has ended.
    pub is_over: bool,
    /// What rotating it does, one fact a line.
    pub facts: Vec<String>,
}

/// The card of the avatar.
#[derive(Clone, Debug)]
pub struct AvatarCard {
    /// What the account has now, as a sentence.
    pub origin: String,
    /// Whether that is a picture of the person's own, which can be reset.
    pub chosen: bool,
    /// The field of the file; only its error is shown again.
    pub file: Field,
    /// The address to fetch it from.
    pub url: Field,
    /// The fetch that is under way, or that failed lately.
    pub fetch: Option<AvatarFetch>,
}

/// A fetch of an avatar.
#[derive(Clone, Debug)]
pub struct AvatarFetch {
    /// From which host.
    pub host: String,
    /// Its page.
    pub href: String,
    /// Its state.
    pub state: Badge,
    /// Why it failed; `None` while it goes on.
    pub error: Option<String>,
}

/// `/settings/profile`.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/profile.html")]
pub struct ProfilePage {
    /// The frame.
    pub frame: Frame,
    /// The display name.
    pub display_name: Field,
    /// The avatar.
    pub avatar: AvatarCard,
    /// The e-mail addresses.
    pub emails: EmailsCard,
    /// The database password.
    pub password: PasswordCard,
}

/// `/settings/profile/password/rotate`: the confirmation as a page.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/rotate_password.html")]
pub struct RotatePasswordPage {
    /// The frame.
    pub frame: Frame,
    /// What rotating does, one fact a line.
    pub facts: Vec<String>,
}
