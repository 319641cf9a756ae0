//! Database connections: what the gateway asks before it lets a client through.

mod entries;
mod listing;
mod open;
mod places;
mod records;
mod renamed;
mod replicas;
mod traffic;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use jiff::Timestamp;
use model::{
    UserId, WorkspaceId,
    handle::{Handle, WorkspaceHandle, split_host_label},
    member::MemberStatus,
    scram::Verifier,
    workspace::{DesiredState, WorkspaceState},
};
use store::{
    accesses, accesses::AccessRow, members::MemberRow, users::UserRow, workspaces, workspaces::WorkspaceRow,
};

pub use crate::limits::ConnectionAttempt;
pub use ::workspaces::{Backend, BackendAddress, BackendStream, adopt, tune};
pub(crate) use entries::Entries;
pub use listing::{Connection, ConnectionPage};
pub(crate) use open::OpenConnections;
pub use open::{Arrival, OpenConnection};
pub(crate) use places::ConnectionPlaces;
pub use places::{ConnectionPlace, ConnectionSettings, Scope};
pub use renamed::{Explanation, NameChange, ProofCheck, WorkspaceChange};
pub use traffic::{SessionState, Traffic};

use crate::{
    Actor, App, Result,
    kept::{AsOf, Found},
};

/// What the gateway needs to check a password: of a person or of nobody, which looks the same from outside.
#[derive(Debug, Clone)]
pub struct DatabaseLogin {
    /// Salt and iterations of the challenge. What the proof is checked against is [`App::proof_check`].
    pub verifier: Verifier,
    user: Option<UserRow>,
    /// When it is a temporary one: the end of the password.
    password_ends_at: Option<Timestamp>,
    /// When the name is one that its person gave up.
    old_name: Option<renamed::OldName>,
    /// As of when the account was read.
    as_of: Option<AsOf>,
}

/// Where a client asks to go, and from where.
#[derive(Debug, Clone)]
pub struct ConnectionRequest {
    /// From [`App::new_connection_id`]; also in the log.
    pub connection_id: String,
    /// The user name as sent.
    pub user: String,
    /// The database as sent.
    pub database: Option<String>,
    /// The TLS server name, in lower case.
    pub server_name: Option<String>,
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// The client.
    pub peer: SocketAddr,
    /// What the client calls itself, cut and cleaned.
    pub application_name: Option<String>,
}

impl ConnectionRequest {
    /// How it came, at `began_at`.
    pub fn arrival(&self, began_at: Timestamp) -> Arrival {
        Arrival {
            id: self.connection_id.clone(),
            application_name: self.application_name.clone().unwrap_or_default(),
            client_ip: self.peer.ip(),
            tls: self.tls,
            via: "gateway",
            began_at,
        }
    }
}

/// A client that may go through.
#[derive(Debug, Clone)]
pub struct Admission {
    /// Where to.
    pub backend: Backend,
    user: UserRow,
    workspace: WorkspaceRow,
    /// By what they enter whose workspace it is not.
    member: Option<MemberRow>,
    /// As of when person and workspace were read, where that can tell whether it still holds.
    as_of: Option<[AsOf; 2]>,
}

impl Admission {
    /// Who goes through.
    pub(crate) fn user(&self) -> &UserRow {
        &self.user
    }

    /// Where to.
    pub(crate) fn workspace(&self) -> &WorkspaceRow {
        &self.workspace
    }
}

/// Who enters which workspace, as of which epochs: connections that have it in common may do the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Entrance {
    user: UserId,
    workspace: WorkspaceId,
    user_epoch: i64,
    workspace_epoch: i64,
}

impl Entrance {
    /// Who enters.
    pub fn user(&self) -> UserId {
        self.user
    }
}

impl Admission {
    /// Who enters what.
    pub fn entrance(&self) -> Entrance {
        Entrance {
            user: self.user.id,
            workspace: self.workspace.id,
            user_epoch: self.user.connection_epoch,
            workspace_epoch: self.workspace.connection_epoch,
        }
    }
}

/// Why a connection is refused. What the client is told of it is the gateway's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The proof is wrong, or there is nobody of that name.
    WrongPassword,
    /// The proof is right, but the operator has switched the account off.
    AccountSuspended,
    /// The proof is right, but the password was a temporary one and is over.
    PasswordExpired,
    /// The proof is right, but the user name is a handle that was given up.
    HandleChanged,
    /// The host name is one that the person's workspace had before its owner's handle changed.
    HostChanged,
    /// There is no such workspace for this person, or host name and database disagree.
    NoSuchDatabase,
    /// The workspace's database is not there yet, or its making failed.
    WorkspaceNotReady,
    /// The workspace's owner has switched it off.
    WorkspaceSwitchedOff,
    /// The person was let into the workspace, and PostgreSQL does not know of it yet.
    AccessPending,
    /// The account store does not answer.
    Unavailable,
    /// The backend refused our credential or broke the protocol.
    BackendLogin,
    /// The backend does not answer.
    BackendUnreachable,
    /// The client broke the protocol.
    Malformed,
    /// The channel binding does not match.
    ChannelBinding,
    /// Too many, too fast.
    TooManyAttempts,
    /// What let it in ended while it came in: the account was reset, switched off or deleted, or the workspace was.
    EndedMeanwhile,
    /// As many connections are open as may be.
    TooManyConnections(Scope),
    /// The gateway lets nobody in any more.
    ShuttingDown,
}

impl Refusal {
    /// The reason in the audit log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WrongPassword => "wrong password",
            Self::AccountSuspended => "account suspended",
            Self::PasswordExpired => "password expired",
            Self::HandleChanged => "handle changed",
            Self::HostChanged => "host name changed",
            Self::NoSuchDatabase => "no such database",
            Self::WorkspaceNotReady => "workspace not ready",
            Self::WorkspaceSwitchedOff => "workspace switched off",
            Self::AccessPending => "access pending",
            Self::Unavailable => "account store unavailable",
            Self::BackendLogin => "backend login failed",
            Self::BackendUnreachable => "backend unreachable",
            Self::Malformed => "protocol violation",
            Self::ChannelBinding => "channel binding mismatch",
            Self::TooManyAttempts => "too many attempts",
            Self::EndedMeanwhile => "ended meanwhile",
            Self::TooManyConnections(scope) => scope.as_str(),
            Self::ShuttingDown => "shutting down",
        }
    }
}

impl From<crate::Error> for Refusal {
    fn from(error: crate::Error) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "database connection");
        Self::Unavailable
    }
}

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Self {
        crate::Error::Store(error).into()
    }
}

/// Names of databases that clients ask for when nobody told them one; the host name decides then.
const DEFAULT_DATABASES: [&str; 3] = ["postgres", "steampipe", "pipes"];

impl App {
    /// A fresh id of a connection, for the log and the audit records.
    pub fn new_connection_id(&self) -> String {
        format!(
            "c_{}",
            self.random().symbols(b"0123456789abcdefghijklmnopqrstuv", 20)
        )
    }

    /// Counts a connection, before a word of it is heard. `is_known`: somebody has come in from that network before.
    pub fn connection_attempt(&self, peer: IpAddr, is_known: bool) -> ConnectionAttempt {
        self.0.limits.connection(peer, is_known)
    }

    /// Whether too many logins as `user` failed from that network a moment ago; the same for unknown names.
    pub fn is_login_blocked(&self, peer: IpAddr, user: &str) -> bool {
        self.0.limits.is_blocked(peer, user)
    }

    /// What to check the proof of `user` against. Somebody unknown gets a mock whose salt never changes.
    pub async fn find_database_login(&self, user: &str) -> Result<DatabaseLogin> {
        let mock = Verifier::mock(self.keys().mock(), &user.to_ascii_lowercase());
        // A name that is no handle is looked up all the same, as one that nobody can have, so that it takes as long.
        let handle: Handle = user
            .parse()
            .or_else(|_| "0".parse())
            .map_err(|_| crate::Error::Internal("handle"))?;
        let found = self
            .find_login(&handle)
            .await?
            .filter(|_| handle.as_str() == user);
        let Some((found, as_of)) = found else {
            return Ok(DatabaseLogin {
                verifier: mock,
                user: None,
                password_ends_at: None,
                old_name: None,
                as_of: None,
            });
        };
        let (id, sealed) = (found.password.id, found.password.sealed);
        let (verifier, old_name) = match found.held {
            None => (found.password.verifier, None),
            Some((since, until)) => {
                let old_name = renamed::OldName {
                    handle,
                    since,
                    until,
                    password_id: id,
                    sealed,
                };
                (mock, Some(old_name))
            }
        };
        Ok(DatabaseLogin {
            verifier,
            user: Some(found.user),
            password_ends_at: found.password.expires_at,
            old_name,
            as_of,
        })
    }

    /// After the proof was right: is the account active, which workspace is meant, may this person enter it, and how.
    pub async fn admit_connection(
        &self,
        login: &DatabaseLogin,
        request: &ConnectionRequest,
    ) -> std::result::Result<Admission, Refusal> {
        let user = self.require_entry(login)?.clone();
        let admit = |found: Arc<Found<AccessRow>>| {
            let as_of = login.as_of.zip(found.as_of).map(<[AsOf; 2]>::from);
            self.admit(user.clone(), found.value.clone(), as_of)
        };
        if let Some(found) = self.kept_way(user.id, request)
            && let Ok(admission) = admit(found).await
        {
            return Ok(admission);
        }
        match Box::pin(self.find_way(user.id, request)).await? {
            Some(found) => admit(found).await,
            None => Err(Box::pin(self.no_workspace(&user, request)).await?),
        }
    }

    /// Whether `admission`, from before the proof of `login`, still holds: nothing that it was made from has changed.
    pub fn still_admits(&self, login: &DatabaseLogin, admission: &Admission) -> bool {
        self.require_entry(login).is_ok() && self.is_current(admission)
    }

    /// Whether what `admission` was made from can still be used; where it cannot, the store must be asked.
    fn is_current(&self, admission: &Admission) -> bool {
        let is_usable = |parts: [AsOf; 2]| parts.into_iter().all(|as_of| self.is_usable(as_of));
        admission.as_of.is_some_and(is_usable)
    }

    /// Whose login it is, if they may enter anything.
    fn require_entry<'l>(&self, login: &'l DatabaseLogin) -> std::result::Result<&'l UserRow, Refusal> {
        let user = login.user.as_ref().ok_or(Refusal::WrongPassword)?;
        if !user.active {
            return Err(Refusal::AccountSuspended);
        }
        if login.password_ends_at.is_some_and(|end| end <= self.now()) {
            return Err(Refusal::PasswordExpired);
        }
        if login.old_name.is_some() {
            return Err(Refusal::HandleChanged);
        }
        Ok(user)
    }

    /// Lets somebody whom the API or the console knows into a workspace.
    pub(crate) async fn admit_actor(
        &self,
        actor: &Actor,
        access: AccessRow,
    ) -> std::result::Result<Admission, Refusal> {
        self.admit(actor.user.clone(), access, None).await
    }

    /// How `user` enters a workspace that they may enter. One whose owner is switched off is as good as gone.
    async fn admit(
        &self,
        user: UserRow,
        access: AccessRow,
        as_of: Option<[AsOf; 2]>,
    ) -> std::result::Result<Admission, Refusal> {
        if !access.owner.active {
            return Err(Refusal::NoSuchDatabase);
        }
        if access.status() == MemberStatus::Pending {
            return Err(Refusal::AccessPending);
        }
        let AccessRow {
            workspace, member, ..
        } = access;
        if workspace.state != WorkspaceState::Enabled {
            return Err(Refusal::WorkspaceNotReady);
        }
        if workspace.desired_state != DesiredState::Enabled {
            return Err(Refusal::WorkspaceSwitchedOff);
        }
        let backend = self.enter(&user, &workspace).await?;
        Ok(Admission {
            backend,
            user,
            workspace,
            member,
            as_of,
        })
    }

    /// Makes the backend take our credential again: with `ALTER ROLE … PASSWORD` or `\password` a person changes the
    /// password of a role that nobody but us logs in as, and would lock themselves out of all their workspaces.
    pub async fn restore_role(&self, admission: &Admission) -> std::result::Result<(), Refusal> {
        let (user, kind) = (admission.user.id, admission.workspace.backend);
        // The credential of an attached server is not ours to change.
        let server = self.0.backends.managed(kind).ok_or(Refusal::BackendLogin)?;
        let role = self.ensure_role(kind, user).await?;
        let verifier = self.role_keys(kind, &role)?.verifier(&role.salt, role.iterations);
        server.restore_person(user, &verifier).await.map_err(|error| {
            tracing::error!(%error, "a role's credential cannot be restored");
            Refusal::BackendLogin
        })
    }

    /// The workspace that is meant, if `user` may enter it: by database name, by host name, and when both are there they
    /// must agree.
    async fn route(&self, user: UserId, request: &ConnectionRequest) -> store::Result<Option<AccessRow>> {
        let name = request.server_name.as_deref();
        let host = name.and_then(|name| self.host_label(name));
        let database = request.database.as_deref().unwrap_or(&request.user);
        if let Some(access) = accesses::find_access_by_database(self.db(), user, database).await? {
            let is_named = name.is_some_and(|name| self.is_gateway_name(name));
            let is_its = |(owner, workspace): (Handle, WorkspaceHandle)| {
                access.owner.handle == owner && access.workspace.handle == workspace
            };
            let agree = !is_named || host.is_some_and(is_its);
            return Ok(agree.then_some(access));
        }
        let is_unnamed = database == request.user || DEFAULT_DATABASES.contains(&database);
        match host.filter(|_| is_unnamed) {
            Some((owner, workspace)) => {
                accesses::find_named_access(self.db(), user, owner.as_str(), workspace.as_str()).await
            }
            None => Ok(None),
        }
    }

    /// Whether `name`, in lower case, is the host name of a workspace now: what leads somewhere through the gateway is what
    /// the name server knows. A workspace that is being made, is switched off, or whose owner is, keeps its name, and the
    /// gateway says what is the matter.
    pub async fn has_host(&self, name: &str) -> Result<bool> {
        let Some((owner, workspace)) = self.host_label(name) else {
            return Ok(false);
        };
        let found = workspaces::find_workspace_by_host(self.db(), &owner, &workspace).await?;
        Ok(found.is_some())
    }

    fn is_gateway_name(&self, name: &str) -> bool {
        name.strip_suffix(self.settings().gateway_domain.as_str())
            .is_some_and(|rest| rest.ends_with('.'))
    }

    fn host_label(&self, name: &str) -> Option<(Handle, WorkspaceHandle)> {
        let label = name
            .strip_suffix(self.settings().gateway_domain.as_str())?
            .strip_suffix('.')?;
        split_host_label(label)
    }
}

impl DatabaseLogin {
    /// Whose login it is, if anybody's. For decisions after the proof only.
    pub fn user_id(&self) -> Option<UserId> {
        self.user.as_ref().map(|user| user.id)
    }
}
