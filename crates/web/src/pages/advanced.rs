//! Settings, Advanced: what cannot be undone.

use askama::Template;

use super::{Field, Frame, HandleCard};

/// `/settings/advanced`.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/advanced.html")]
pub struct AdvancedPage {
    /// The frame.
    pub frame: Frame,
    /// The card of the handle.
    pub handle: HandleCard,
    /// What a reset does, one fact a line.
    pub facts: Vec<String>,
    /// The handle typed to confirm.
    pub confirm: Field,
    /// What goes with the account, one fact a line.
    pub deletion: Vec<String>,
    /// The handle typed to confirm that.
    pub account: Field,
}

/// `/settings/advanced/reset-authentication`: the confirmation as a page.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/reset_auth.html")]
pub struct ResetAuthPage {
    /// The frame.
    pub frame: Frame,
    /// What a reset does, one fact a line.
    pub facts: Vec<String>,
    /// The handle typed to confirm.
    pub confirm: Field,
}
