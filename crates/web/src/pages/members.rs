//! Who is let into a workspace, and who is connected to it now.

use askama::Template;

use super::{Badge, Field, Frame, Moment};

/// Somebody who is let in.
#[derive(Clone, Debug)]
pub struct MemberItem {
    /// Their handle.
    pub handle: String,
    /// Their display name; the handle where they have none.
    pub name: String,
    /// Their avatar.
    pub avatar_url: String,
    /// `operator` or `reader`.
    pub role: &'static str,
    /// What is not as it should be yet.
    pub state: Option<Badge>,
    /// Why, when that needs words.
    pub reason: Option<String>,
    /// Since when.
    pub since: Moment,
}

impl MemberItem {
    /// The role that is not theirs, and what it is called.
    pub fn other_role(&self) -> (&'static str, &'static str) {
        match self.role {
            "reader" => ("operator", "Make operator"),
            _ => ("reader", "Make reader"),
        }
    }
}

/// `/workspace/{handle}/access`.
#[derive(Clone, Debug, Template)]
#[template(path = "workspaces/access.html")]
pub struct AccessPage {
    /// The frame.
    pub frame: Frame,
    /// The workspace's handle.
    pub handle: String,
    /// Whether it is a server that was attached, where everybody enters with one credential.
    pub attached: bool,
    /// Who is let in, the first who was first.
    pub members: Vec<MemberItem>,
    /// How many there may be.
    pub most: i64,
    /// Whom to let in.
    pub new_member: Field,
    /// As what.
    pub role: String,
}

/// `/workspace/{handle}/access/{member}/end`: the confirmation as a page.
#[derive(Clone, Debug, Template)]
#[template(path = "workspaces/end_access.html")]
pub struct EndAccessPage {
    /// The frame.
    pub frame: Frame,
    /// The workspace's handle.
    pub handle: String,
    /// Whose access ends.
    pub member: String,
    /// Whether it is the person's own.
    pub own: bool,
    /// What it does, one fact a line.
    pub facts: Vec<String>,
}

/// What somebody is in a workspace that is not theirs.
#[derive(Clone, Debug)]
pub struct GuestCard {
    /// Whose it is.
    pub owner: String,
    /// `operator` or `reader`.
    pub role: &'static str,
    /// What that allows.
    pub may: &'static str,
    /// Where they leave.
    pub leave_url: String,
}

/// A database connection that is open.
#[derive(Clone, Debug)]
pub struct ConnectionItem {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub person: String,
    /// Where it leads, as the person calls it who reads this.
    pub workspace: String,
    /// What the client calls itself.
    pub application: String,
    /// From where it comes.
    pub ip: String,
    /// Since when.
    pub since: Moment,
    /// What it does.
    pub state: Badge,
    /// Octets that the client has sent, and has received, with their units.
    pub sent: String,
    /// The same the other way.
    pub received: String,
}

/// `/workspace/{handle}/connections` and `/workspaces/connections`.
#[derive(Clone, Debug, Template)]
#[template(path = "workspaces/connections.html")]
pub struct ConnectionsPage {
    /// The frame.
    pub frame: Frame,
    /// Where it is.
    pub url: String,
    /// The workspace's handle, where one workspace's are listed.
    pub workspace: Option<String>,
    /// Whether everybody's are listed, or the person's own.
    pub all: bool,
    /// The connections, the first that was opened first.
    pub connections: Vec<ConnectionItem>,
    /// Whether there are more than are listed.
    pub more: bool,
}
