//! What surrounds a signed-in page: who is signed in, where they are, and what the bar, the tabs and the menus list.

/// The frame of a signed-in page.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Where the style sheet, the script and the icon are.
    pub assets: AssetUrls,
    /// The signed-in person.
    pub person: Person,
    /// The token that every form of this session carries in its hidden `csrf` field.
    pub csrf: String,
    /// Where in the console this page is.
    pub place: Place,
    /// The workspaces that the person owns, by handle, for the switcher.
    pub workspaces: Vec<String>,
    /// The workspaces of others who let the person in, by the label of their host name.
    pub shared: Vec<String>,
    /// The settings pages that exist, in the order of the menu.
    pub settings: Vec<SettingsPage>,
    /// Where the documentation is; `None` shows no link.
    pub docs_url: Option<String>,
    /// What the last form did, shown once.
    pub flash: Option<Flash>,
}

/// The signed-in person, as the top bar shows them.
#[derive(Clone, Debug)]
pub struct Person {
    /// Their handle.
    pub handle: String,
    /// Their display name; the handle where they have none.
    pub display_name: String,
    /// Their avatar, from this origin: the content security policy admits no other.
    pub avatar_url: String,
}

/// The addresses of the embedded assets.
#[derive(Clone, Debug)]
pub struct AssetUrls {
    /// The style sheet.
    pub css: String,
    /// The script.
    pub js: String,
    /// The browser's icon.
    pub favicon: String,
}

/// A notice above the page that tells what the last form did.
#[derive(Clone, Debug)]
pub struct Flash {
    /// Whether it went well; otherwise the notice is a warning.
    pub good: bool,
    /// One sentence.
    pub text: String,
}

/// A place in the console: it lights a tab and a menu entry, and names the workspace one is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The list of workspaces and what belongs to it.
    Workspaces,
    /// The processes of the account.
    Activity,
    /// A settings page of the account.
    Settings(SettingsPage),
    /// Inside a workspace.
    Workspace {
        /// The workspace's handle.
        handle: String,
        /// The tab in it.
        tab: WorkspaceTab,
    },
}

/// The entries of the settings menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingsPage {
    /// Display name, avatar, database password.
    Profile,
    /// Which mails the person wants.
    Notifications,
    /// API tokens.
    Tokens,
    /// Browsers that are signed in.
    Sessions,
    /// What was done in the account.
    AuditLog,
    /// Handle, reset of authentication, deletion.
    Advanced,
}

impl SettingsPage {
    /// Where it is.
    pub(crate) fn path(self) -> &'static str {
        self.entry().1
    }

    /// What the menu calls it, where it is, its icon, and the key that opens it after `g`.
    fn entry(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Self::Profile => ("Profile", "/settings/profile", "user", "p"),
            Self::Notifications => ("Notifications", "/settings/notifications", "bell", "n"),
            Self::Tokens => ("Tokens", "/settings/tokens", "key", "t"),
            Self::Sessions => ("Sessions", "/settings/sessions", "screen", "s"),
            Self::AuditLog => ("Audit Log", "/settings/audit-log", "list", "a"),
            Self::Advanced => ("Advanced", "/settings/advanced", "sliders", "d"),
        }
    }
}

/// The tabs inside a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkspaceTab {
    /// Connection string and credentials.
    Connect,
    /// A statement and what it gives.
    Query,
    /// Who is connected now.
    Connections,
    /// Who is let in.
    Access,
    /// The processes of the workspace.
    Activity,
    /// Details and deletion.
    Settings,
}

/// A tab or a menu entry.
#[derive(Clone, Debug)]
pub struct Link {
    /// What it says.
    pub label: &'static str,
    /// Where it leads.
    pub href: String,
    /// The name of its icon, or empty.
    pub icon: &'static str,
    /// The key that opens it after `g`, or empty.
    pub key: &'static str,
    /// Whether this page is the one it leads to.
    pub current: bool,
}

impl Link {
    fn tab(label: &'static str, href: impl Into<String>, current: bool) -> Self {
        Self {
            label,
            href: href.into(),
            icon: "",
            key: "",
            current,
        }
    }
}

impl Frame {
    /// The tabs under the bar: the account's, or the workspace's when inside one.
    pub fn tabs(&self) -> Vec<Link> {
        if let Place::Workspace { handle, tab } = &self.place {
            return workspace_tabs(handle, *tab);
        }
        vec![
            Link::tab("Workspaces", "/", self.place == Place::Workspaces),
            Link::tab("Activity", "/activity", self.place == Place::Activity),
            Link::tab(
                "Settings",
                "/settings/profile",
                matches!(self.place, Place::Settings(_)),
            ),
        ]
    }

    /// The settings menu.
    pub fn menu(&self) -> Vec<Link> {
        let link = |page: &SettingsPage| {
            let (label, href, icon, key) = page.entry();
            Link {
                label,
                href: href.to_owned(),
                icon,
                key,
                current: self.place == Place::Settings(*page),
            }
        };
        self.settings.iter().map(link).collect()
    }

    /// The workspace one is in.
    pub fn workspace(&self) -> Option<&str> {
        match &self.place {
            Place::Workspace { handle, .. } => Some(handle),
            _ => None,
        }
    }
}

/// The tabs inside a workspace. That of somebody else is named by a label with a hyphen, which no handle of a workspace
/// has; what only its owner may see has no tab there.
fn workspace_tabs(handle: &str, current: WorkspaceTab) -> Vec<Link> {
    use WorkspaceTab::{Access, Activity, Connect, Connections, Query, Settings};
    let is_guest = handle.contains('-');
    let tabs = [
        ("Connect", "", Connect),
        ("Query", "/query", Query),
        ("Connections", "/connections", Connections),
        ("Access", "/access", Access),
        ("Activity", "/activity", Activity),
        ("Settings", "/settings", Settings),
    ];
    tabs.into_iter()
        .filter(|(.., tab)| !is_guest || !matches!(tab, Access | Activity))
        .map(|(label, path, tab)| Link::tab(label, format!("/workspace/{handle}{path}"), tab == current))
        .collect()
}
