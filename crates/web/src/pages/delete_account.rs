//! Settings, Advanced: deleting the account.

use askama::Template;

use super::{Field, Frame};

/// `/settings/advanced/delete-account`: the confirmation as a page.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/delete_account.html")]
pub struct DeleteAccountPage {
    /// The frame.
    pub frame: Frame,
    /// What goes, one fact a line.
    pub facts: Vec<String>,
    /// The handle typed to confirm.
    pub account: Field,
}
