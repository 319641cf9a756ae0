//! Processes: slow work, done by durable jobs, that a person can watch.

/// What a process does; the names are the contract's where it has one (§2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessType {
    /// Makes a workspace's database and roles.
    WorkspaceCreate,
    /// Drops a workspace's database and roles.
    WorkspaceDelete,
    /// Ended a workspace's connections.
    WorkspaceReboot,
    /// Switched a workspace off.
    WorkspaceStop,
    /// Switched a workspace on.
    WorkspaceStart,
    /// Was asked for a newer version of a workspace.
    WorkspaceUpgrade,
    /// Lets somebody into a workspace's database.
    WorkspaceMemberCreate,
    /// Lets somebody in it do more, or less.
    WorkspaceMemberUpdate,
    /// Lets somebody out of it.
    WorkspaceMemberDelete,
    /// Takes away what a deleted account leaves outside its own rows.
    UserDelete,
    /// Fetches a person's avatar from the web.
    UserAvatarFetch,
}

impl ProcessType {
    /// Whether it takes something away that nobody is to find again.
    pub fn is_removal(self) -> bool {
        matches!(
            self,
            Self::WorkspaceDelete | Self::UserDelete | Self::WorkspaceMemberDelete
        )
    }

    /// Whether it gives or changes an access.
    pub fn lets_in(self) -> bool {
        matches!(self, Self::WorkspaceMemberCreate | Self::WorkspaceMemberUpdate)
    }

    /// The value in SQL and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WorkspaceCreate => "workspace.create",
            Self::WorkspaceDelete => "workspace.delete",
            Self::WorkspaceReboot => "workspace.reboot",
            Self::WorkspaceStop => "workspace.stop",
            Self::WorkspaceStart => "workspace.start",
            Self::WorkspaceUpgrade => "workspace.upgrade",
            Self::WorkspaceMemberCreate => "workspace.member.create",
            Self::WorkspaceMemberUpdate => "workspace.member.update",
            Self::WorkspaceMemberDelete => "workspace.member.delete",
            Self::UserDelete => "user.delete",
            Self::UserAvatarFetch => "user.avatar.fetch",
        }
    }

    /// The type from its value in SQL.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "workspace.create" => Some(Self::WorkspaceCreate),
            "workspace.delete" => Some(Self::WorkspaceDelete),
            "workspace.reboot" => Some(Self::WorkspaceReboot),
            "workspace.stop" => Some(Self::WorkspaceStop),
            "workspace.start" => Some(Self::WorkspaceStart),
            "workspace.upgrade" => Some(Self::WorkspaceUpgrade),
            "workspace.member.create" => Some(Self::WorkspaceMemberCreate),
            "workspace.member.update" => Some(Self::WorkspaceMemberUpdate),
            "workspace.member.delete" => Some(Self::WorkspaceMemberDelete),
            "user.delete" => Some(Self::UserDelete),
            "user.avatar.fetch" => Some(Self::UserAvatarFetch),
            _ => None,
        }
    }
}

/// Where a process is; a subset of the contract's enum (§1.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessState {
    /// Waits for a worker, for the first time or again.
    Pending,
    /// A worker has it.
    Running,
    /// Done.
    Completed,
    /// Given up; the reason is beside it.
    Failed,
}

impl ProcessState {
    /// The value in SQL and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }

    /// The state from its value in SQL.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "pending" => Some(Self::Pending),
            "running" => Some(Self::Running),
            "completed" => Some(Self::Completed),
            "failed" => Some(Self::Failed),
            _ => None,
        }
    }
}
