//! Settings, Profile: the e-mail addresses, and the pages that add, verify and remove one.

use askama::Template;

use super::{Badge, Field, Frame};

/// The card of the addresses on the profile page.
#[derive(Clone, Debug)]
pub struct EmailsCard {
    /// The addresses, oldest first.
    pub emails: Vec<EmailRow>,
    /// How many there may be.
    pub most: usize,
    /// Whether there are so many.
    pub full: bool,
}

/// An address.
#[derive(Clone, Debug)]
pub struct EmailRow {
    /// Its id.
    pub id: String,
    /// The address.
    pub email: String,
    /// What is worth a badge: primary, or pending.
    pub state: Option<Badge>,
    /// Whether it is not verified yet.
    pub pending: bool,
    /// Whether mail goes there.
    pub primary: bool,
}

/// `/settings/profile/emails/new`.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/new_email.html")]
pub struct NewEmailPage {
    /// The frame.
    pub frame: Frame,
    /// The address.
    pub email: Field,
}

/// `/settings/profile/emails/{email}/verify`.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/verify_email.html")]
pub struct VerifyEmailPage {
    /// The frame.
    pub frame: Frame,
    /// The address's id.
    pub id: String,
    /// The address.
    pub email: String,
    /// How long link and code work.
    pub minutes: i64,
    /// Where the mail is, when the server has no mail server and writes files: a folder. `None` says nothing.
    pub mail_folder: Option<String>,
    /// The secret of the link that one followed; without it the code is asked for.
    pub secret: Option<String>,
    /// The code.
    pub code: Field,
}

/// `/settings/profile/emails/{email}/remove`.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/remove_email.html")]
pub struct RemoveEmailPage {
    /// The frame.
    pub frame: Frame,
    /// The address.
    pub row: EmailRow,
}
