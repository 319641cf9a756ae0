//! Changing the handle: the card, the preview of everything that changes, and what changed.

use askama::Template;

use super::{Field, Frame, Moment, connect::CommandLine};

/// The card on the page of advanced settings.
#[derive(Clone, Debug)]
pub struct HandleCard {
    /// The new handle.
    pub field: Field,
    /// The domain of host names.
    pub domain: String,
    /// The name of a workspace, for the example.
    pub workspace: String,
    /// When the handle can be changed again, if not now.
    pub not_before: Option<Moment>,
    /// Names that were given up.
    pub held: Vec<HeldName>,
}

/// A name that was given up.
#[derive(Clone, Debug)]
pub struct HeldName {
    /// The name.
    pub handle: String,
    /// Until when nobody else can have it.
    pub until: Moment,
}

/// What changes of one workspace.
#[derive(Clone, Debug)]
pub struct NameChange {
    /// The workspace.
    pub workspace: String,
    /// Its host name, before and after.
    pub host: (String, String),
    /// Its connection strings, before and after.
    pub strings: Vec<(CommandLine, CommandLine)>,
}

/// `/settings/advanced/handle?handle=…`: what would change, and the confirmation.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/handle_preview.html")]
pub struct HandlePreviewPage {
    /// The frame.
    pub frame: Frame,
    /// The new handle.
    pub to: String,
    /// What the change does, one fact a line.
    pub facts: Vec<String>,
    /// Every name that changes.
    pub changes: Vec<NameChange>,
    /// The handle of now typed to confirm.
    pub confirm: Field,
}

/// `/settings/advanced/handle/changed`: what changed.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/handle_changed.html")]
pub struct HandleChangedPage {
    /// The frame.
    pub frame: Frame,
    /// The handle until then.
    pub from: String,
    /// Until when it is held.
    pub until: Moment,
    /// Every name that changed.
    pub changes: Vec<NameChange>,
}
