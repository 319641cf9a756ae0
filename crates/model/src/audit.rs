//! Audit: who did what, to what, from where and with which credential.

mod chain;
mod verify;

use serde_json::{Map, Value};

use crate::{SessionId, TokenId, UserId};

pub use chain::{ChainKey, GENESIS, Hash, Link, PSEUDONYM, Personal, stranger_chain};
pub use verify::{Chained, Fault, Head, Verifier};

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $sentence:literal;)*) => {
        /// What was done: `noun.verb`. `docs/reference/audit-actions.md` is this table for people.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action {
            $($(#[$doc])* $name,)*
        }

        impl Action {
            /// Every action, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The value in SQL and JSON (`action_type` in the contract, §1.8).
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// What a person reads after the actor's name and before the target's.
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence),* }
            }

            /// The action from its value in SQL.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$name),)* _ => None }
            }
        }
    };
}

actions! {
    /// An account was made.
    UserCreate = "user.create", "created the account";
    /// Display name or URL changed.
    UserUpdate = "user.update", "updated the profile of";
    /// The handle changed, and all host names with it.
    UserHandleUpdate = "user.handle.update", "changed the handle of";
    /// The account was deleted.
    UserDelete = "user.delete", "deleted the account";
    /// The account's data was exported.
    UserExportCreate = "user.export.create", "exported the data of";
    /// An avatar was asked for by its web address.
    UserAvatarFetch = "user.avatar.fetch", "asked to fetch an avatar for";
    /// An avatar was uploaded, or fetched.
    UserAvatarCreate = "user.avatar.create", "set the avatar of";
    /// The avatar was reset to the generated picture.
    UserAvatarDelete = "user.avatar.delete", "reset the avatar of";
    /// The choice of mails changed.
    UserPreferencesUpdate = "user.preferences.update", "changed the notifications of";
    /// All sessions and tokens were ended.
    UserAuthReset = "user.auth.reset", "reset the authentication of";
    /// A database password was made.
    UserPasswordCreate = "user.password.create", "created a new database password for";
    /// The database password was shown or copied.
    UserPasswordReveal = "user.password.reveal", "revealed the database password of";
    /// An address was added, pending until it is verified.
    UserEmailCreate = "user.email.create", "added the e-mail address";
    /// An address was verified.
    UserEmailVerify = "user.email.verify", "verified the e-mail address";
    /// An address became the primary one.
    UserEmailUpdate = "user.email.update", "made primary the e-mail address";
    /// An address was removed.
    UserEmailDelete = "user.email.delete", "removed the e-mail address";
    /// A sign-in link was asked for, or a code by which a session is confirmed.
    LoginRequest = "login.request", "asked for a link or a code to sign in to";
    /// A person at their browser let a command line in.
    LoginConfirm = "login.confirm", "verified a command line's login to";
    /// A wrong code was typed.
    LoginFail = "login.fail", "failed to sign in to";
    /// Someone signed in.
    SessionCreate = "session.create", "signed in to";
    /// A signed-in person confirmed by a code that it is them; the session has a new secret.
    SessionConfirm = "session.confirm", "confirmed who they are to";
    /// A session ended.
    SessionDelete = "session.delete", "signed out of";
    /// A token was made.
    TokenCreate = "token.create", "created token";
    /// A token's title, description, networks or status changed.
    TokenUpdate = "token.update", "updated token";
    /// A token got a successor, and ends with its overlap.
    TokenRotate = "token.rotate", "rotated token";
    /// A token was reported as leaked, and ended.
    TokenRevoke = "token.revoke", "reported as leaked, and ended, token";
    /// A token was deleted.
    TokenDelete = "token.delete", "deleted token";
    /// A workspace was asked for.
    WorkspaceCreate = "workspace.create", "created workspace";
    /// A workspace's database is ready, or making it failed; or its owner changed it.
    WorkspaceUpdate = "workspace.update", "updated workspace";
    /// All connections to a workspace were ended.
    WorkspaceReboot = "workspace.reboot", "rebooted workspace";
    /// A newer version was asked for.
    WorkspaceUpgrade = "workspace.upgrade", "asked to upgrade workspace";
    /// A workspace was deleted.
    WorkspaceDelete = "workspace.delete", "deleted workspace";
    /// Somebody was given access to a workspace.
    WorkspaceMemberCreate = "workspace.member.create", "gave access to workspace";
    /// Somebody's access to a workspace became more, or less.
    WorkspaceMemberUpdate = "workspace.member.update", "changed access to workspace";
    /// Somebody's access to a workspace ended.
    WorkspaceMemberDelete = "workspace.member.delete", "ended access to workspace";
    /// A database connection was opened.
    WorkspaceConnectionOpen = "workspace.connection.open", "connected to workspace";
    /// Open database connections were ended by somebody who may.
    WorkspaceConnectionEnd = "workspace.connection.end", "ended database connections to";
    /// A database connection was refused.
    WorkspaceConnectionRefuse = "workspace.connection.refuse", "was refused a database connection to";
}

/// With which credential something was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// A session at a browser.
    Session(SessionId),
    /// A session of the command line.
    CliSession(SessionId),
    /// An API token.
    Token {
        /// The token.
        id: TokenId,
        /// Its title at that time.
        title: String,
    },
    /// The database password, at the gateway.
    DatabasePassword,
    /// A link or code from a mail, before there is a session.
    Mail,
    /// The operator at the machine, with the data directory as credential.
    Operator,
    /// Standpipe itself, in a background job.
    System,
    /// Nothing: somebody who showed no credential, or a wrong one.
    None,
}

impl Credential {
    /// What kind it is, in SQL and JSON.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Session(_) => "session",
            Self::CliSession(_) => "cli",
            Self::Token { .. } => "token",
            Self::DatabasePassword => "database_password",
            Self::Mail => "mail",
            Self::Operator => "operator",
            Self::System => "system",
            Self::None => "none",
        }
    }

    /// Its id, if it has one.
    pub fn id(&self) -> Option<String> {
        match self {
            Self::Session(id) | Self::CliSession(id) => Some(id.to_string()),
            Self::Token { id, .. } => Some(id.to_string()),
            _ => None,
        }
    }

    /// Its title, if it has one.
    pub fn title(&self) -> Option<&str> {
        match self {
            Self::Token { title, .. } => Some(title),
            _ => None,
        }
    }
}

/// Who acts, from where, with what: what every record says of its origin.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The acting account; `None` for the system, the operator and strangers.
    pub user: Option<UserId>,
    /// The handle at that time, or `system`, `operator`, `anonymous`.
    pub handle: String,
    /// The display name at that time.
    pub display_name: Option<String>,
    /// The credential.
    pub credential: Credential,
    /// The peer's address, without port; empty for the system.
    pub ip: String,
    /// The client's own name, already cut and cleaned.
    pub user_agent: String,
    /// The request that did it; also in the log.
    pub request_id: String,
}

/// One record, before it has an id and a time.
#[derive(Debug, Clone)]
pub struct AuditEntry {
    /// Whose log it belongs to; `None` for what concerns no account, such as a link for an unknown address.
    pub identity: Option<UserId>,
    /// What was done.
    pub action: Action,
    /// The id of what it was done to.
    pub target_id: Option<String>,
    /// Its name at that time.
    pub target_handle: Option<String>,
    /// Facts, such as `before` and `after`. Never secrets.
    pub data: Map<String, Value>,
}

impl AuditEntry {
    /// A record of `action` in the log of `identity`, on nothing in particular yet.
    pub fn new(identity: Option<UserId>, action: Action) -> Self {
        Self {
            identity,
            action,
            target_id: None,
            target_handle: None,
            data: Map::new(),
        }
    }

    /// Says what it was done to.
    #[must_use]
    pub fn on(mut self, id: impl ToString, handle: impl ToString) -> Self {
        self.target_id = Some(id.to_string());
        self.target_handle = Some(handle.to_string());
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.data.insert(name.to_owned(), value.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_told_apart_and_parse() {
        for action in Action::ALL {
            assert_eq!(Action::parse(action.as_str()), Some(*action));
            assert!(action.as_str().contains('.'));
        }
    }
}
