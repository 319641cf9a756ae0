//! Settings, Profile: display name, avatar, database password.

use askama::Template;

use super::{EmailsCard, Field, Frame, Moment};

/// The card of the database password. The page never holds the password unless `revealed` does.
#[derive(Clone, Debug)]
pub struct PasswordCard {
    /// The password, in the answer to a reveal without a script.
    pub revealed: Option<String>,
    /// When it was last rotated, or made.
    pub since: Moment,
    /// What rotating it does, one fact a line.
    pub facts: Vec<String>,
}

/// `/settings/profile`.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/profile.html")]
pub struct ProfilePage {
    /// The frame.
    pub frame: Frame,
    /// The display name.
    pub display_name: Field,
    /// The avatar's address.
    pub avatar_url: Field,
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
