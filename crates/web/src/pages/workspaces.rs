//! The list of workspaces, a new one, its settings and its end.

use askama::Template;

use super::{Badge, Field, Frame, GuestCard, LimitsForm, Moment, ServerFacts};

/// A workspace in the list.
#[derive(Clone, Debug)]
pub struct WorkspaceRow {
    /// Its handle.
    pub handle: String,
    /// Its host name.
    pub host: String,
    /// The name of its database.
    pub database: String,
    /// Its state.
    pub state: Badge,
    /// Why it is in that state, when that needs words.
    pub reason: Option<String>,
    /// Version and size of what holds it, or what is wrong with that.
    pub server: Option<String>,
    /// When it was created.
    pub created: Moment,
}

/// A workspace of somebody else in the list.
#[derive(Clone, Debug)]
pub struct SharedRow {
    /// Owner and workspace, as its host name begins: its page's name.
    pub label: String,
    /// Its handle.
    pub handle: String,
    /// Whose it is.
    pub owner: String,
    /// Its host name.
    pub host: String,
    /// What the person is there.
    pub role: &'static str,
    /// Its state, or that of the access.
    pub state: Badge,
}

/// Why no workspace can be created now, and what to do about it.
#[derive(Clone, Debug)]
pub struct BackendNotice {
    /// What is missing.
    pub title: String,
    /// What that means.
    pub sentence: String,
    /// Lines to run, each with a button that copies it.
    pub commands: Vec<String>,
    /// What happens then.
    pub after: String,
}

/// `/`: the workspaces of the account.
#[derive(Clone, Debug, Template)]
#[template(path = "workspaces/list.html")]
pub struct WorkspacesPage {
    /// The frame.
    pub frame: Frame,
    /// The workspaces, by handle.
    pub workspaces: Vec<WorkspaceRow>,
    /// Those of others who let the person in.
    pub shared: Vec<SharedRow>,
    /// What stands in the way of new ones.
    pub notice: Option<BackendNotice>,
    /// The domain of workspace hosts.
    pub domain: String,
    /// The form for the first workspace, in the empty state.
    pub handle: Field,
}

/// `/workspaces/new`.
#[derive(Clone, Debug, Template)]
#[template(path = "workspaces/new.html")]
pub struct NewWorkspacePage {
    /// The frame.
    pub frame: Frame,
    /// What stands in the way; the form is then not shown.
    pub notice: Option<BackendNotice>,
    /// The domain of workspace hosts.
    pub domain: String,
    /// The handle of the new workspace.
    pub handle: Field,
}

/// `/workspace/{handle}/settings`.
#[derive(Clone, Debug, Template)]
#[template(path = "workspaces/settings.html")]
pub struct WorkspaceSettingsPage {
    /// The frame.
    pub frame: Frame,
    /// The workspace's handle.
    pub handle: String,
    /// Its id.
    pub id: String,
    /// The name of its database.
    pub database: String,
    /// Its state.
    pub state: Badge,
    /// When it was created.
    pub created: Moment,
    /// What the person is there whose workspace it is not.
    pub guest: Option<GuestCard>,
    /// What holds it.
    pub server: ServerFacts,
    /// Whether that is an attached server.
    pub is_attached: bool,
    /// What is allowed in it.
    pub limits: LimitsForm,
    /// What deleting it does, one fact a line.
    pub facts: Vec<String>,
    /// The handle typed to confirm the deletion.
    pub confirm: Field,
}

/// `/workspace/{handle}/delete`: the confirmation as a page.
#[derive(Clone, Debug, Template)]
#[template(path = "workspaces/delete.html")]
pub struct DeleteWorkspacePage {
    /// The frame.
    pub frame: Frame,
    /// The workspace's handle.
    pub handle: String,
    /// What deleting it does, one fact a line.
    pub facts: Vec<String>,
    /// The handle typed to confirm.
    pub confirm: Field,
}
