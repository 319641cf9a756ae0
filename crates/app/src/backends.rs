//! The servers that hold workspaces: our own PostgreSQL, the operator's, and those that people attach.

use ::workspaces::{BackendAddress, LocalServer, LocalStatus, ManagedServer, RemoteServer};
use model::{
    UserId,
    scram::{ClientKeys, ITERATIONS, SALT_LENGTH},
    workspace::{self, BackendKind},
};
use store::{
    server_roles, server_roles::ServerRoleRow, users::UserRow, workspaces, workspaces::WorkspaceRow,
};

use crate::{
    App, Error, Result,
    connections::{Backend, Refusal},
    keys::Purpose,
};

/// The servers in which databases are made.
#[derive(Clone)]
pub struct Backends {
    /// The private PostgreSQL, if this machine runs one.
    pub local: Option<LocalServer>,
    /// The operator's PostgreSQL, if there is one.
    pub server: Option<RemoteServer>,
}

impl Backends {
    /// None at all: an operator's command needs none.
    pub fn none() -> Self {
        Self {
            local: None,
            server: None,
        }
    }

    /// Whether databases can be made anywhere.
    pub(crate) fn is_empty(&self) -> bool {
        self.local.is_none() && self.server.is_none()
    }

    /// The server of a kind.
    pub(crate) fn managed(&self, kind: BackendKind) -> Option<ManagedServer> {
        match kind {
            BackendKind::Local => self.local.clone().map(ManagedServer::Local),
            BackendKind::Server => self.server.clone().map(ManagedServer::Remote),
            BackendKind::Attached => None,
        }
    }

    /// Where the database of a new workspace is made.
    fn usual(&self) -> BackendKind {
        match self.server {
            Some(_) => BackendKind::Server,
            None => BackendKind::Local,
        }
    }
}

impl App {
    /// What the private PostgreSQL is doing; `None` when the configuration has none.
    pub fn local_status(&self) -> Option<LocalStatus> {
        self.0.backends.local.as_ref().map(LocalServer::status)
    }

    /// Why no workspace can be made here, as far as that is the private PostgreSQL's doing. `None` where new ones are
    /// made in the operator's.
    pub fn new_workspaces_status(&self) -> Option<Option<LocalStatus>> {
        (self.0.backends.usual() == BackendKind::Local).then(|| self.local_status())
    }

    /// Where a new workspace goes, if any can be made.
    pub(crate) fn choose_backend(&self) -> Result<BackendKind> {
        let refuse = |message: String| Err(Error::conflict("workspaces_unavailable", message));
        match self.new_workspaces_status() {
            None => Ok(BackendKind::Server),
            Some(None) => refuse(
                "This Standpipe has no PostgreSQL for workspaces. Ask the operator to configure one."
                    .to_owned(),
            ),
            Some(Some(LocalStatus::NoBinaries { hint })) => refuse(hint),
            Some(Some(LocalStatus::OtherMajor {
                cluster, binaries, ..
            })) => refuse(format!(
                "The workspaces were made by PostgreSQL {cluster}, and this machine has {binaries}. Install the binaries of PostgreSQL {cluster}."
            )),
            Some(Some(_)) => Ok(BackendKind::Local),
        }
    }

    /// How `user` enters `workspace`, which they may.
    pub(crate) async fn enter(
        &self,
        user: &UserRow,
        workspace: &WorkspaceRow,
    ) -> std::result::Result<Backend, Refusal> {
        let mut backend = match workspace.backend {
            BackendKind::Attached => Box::pin(self.attached_backend(workspace)).await?,
            kind => self.managed_backend(kind, user, workspace).await?,
        };
        let limits = &workspace.limits;
        let times = [
            ("statement_timeout", limits.statement_ms),
            (
                "idle_in_transaction_session_timeout",
                limits.idle_in_transaction_ms,
            ),
        ];
        // A pooler among attached servers may not know these names: there they are sent for a reason alone.
        let must = workspace.backend != BackendKind::Attached;
        let times = times.into_iter().filter(|(_, ms)| must || *ms != 0);
        backend
            .defaults
            .extend(times.map(|(name, ms)| (name, ms.to_string())));
        if !workspace.search_path_prefix.is_empty() {
            let path = workspace::search_path(&workspace.search_path_prefix);
            let path = workspace::quote_search_path(&path);
            backend.defaults.push(("search_path", path));
        }
        Ok(backend)
    }

    /// Has the server of `workspace` count as we do. What it does not hear now it hears when it is made again: we count
    /// first.
    pub(crate) fn tell_connection_limit(&self, workspace: &WorkspaceRow) {
        let Some(server) = self.0.backends.managed(workspace.backend) else {
            return;
        };
        let (id, database) = (workspace.id, workspace.database_name.clone());
        let most = u32::try_from(workspace.limits.connections).unwrap_or(u32::MAX);
        tokio::spawn(async move {
            if let Err(error) = server.limit_connections(id, &database, most).await {
                tracing::warn!(%error, workspace.id = %id, "a server was not told a workspace's connection limit");
            }
        });
    }

    /// As themselves: the role of `user`, with keys that nobody but us has.
    async fn managed_backend(
        &self,
        kind: BackendKind,
        user: &UserRow,
        workspace: &WorkspaceRow,
    ) -> std::result::Result<Backend, Refusal> {
        let address: Option<BackendAddress> =
            self.0.backends.managed(kind).and_then(|server| server.address());
        let address = address.ok_or(Refusal::BackendUnreachable)?;
        let role = self.ensure_role(kind, user.id).await?;
        Ok(Backend {
            address,
            database: workspace.database_name.to_string(),
            role: user.id.to_string(),
            credential: self.role_keys(kind, &role)?.into(),
            defaults: Vec::new(),
        })
    }

    /// The keys of a person's login role in a server, made at the first need.
    pub(crate) async fn ensure_role(&self, kind: BackendKind, user: UserId) -> Result<ServerRoleRow> {
        match self.find_role(kind, user).await? {
            Some(row) => Ok(row),
            None => Box::pin(self.make_role(kind, user)).await,
        }
    }

    async fn make_role(&self, kind: BackendKind, user: UserId) -> Result<ServerRoleRow> {
        let keys = ClientKeys::random(self.random());
        let salt: [u8; SALT_LENGTH] = self.random().bytes();
        let sealed = self.keys().seal(
            self.random(),
            Purpose::ServerRole,
            &role_owner(kind, user),
            keys.to_bytes().expose(),
        )?;
        let row = ServerRoleRow {
            user_id: user,
            salt: salt.to_vec(),
            iterations: ITERATIONS,
            sealed,
        };
        let mut tx = self.db().begin().await?;
        server_roles::insert_role(&mut tx, kind.as_str(), &row, self.now()).await?;
        tx.commit_unrecorded(store::Unrecorded::ServerCredential).await?;
        // Another replica may have been first: what is in the store counts.
        self.find_role(kind, user)
            .await?
            .ok_or(Error::Internal("a new role is missing"))
    }

    /// The unsealed client keys of a role.
    pub(crate) fn role_keys(&self, kind: BackendKind, role: &ServerRoleRow) -> Result<ClientKeys> {
        let owner = role_owner(kind, role.user_id);
        let bytes = self.keys().open(Purpose::ServerRole, &owner, &role.sealed)?;
        ClientKeys::from_bytes(bytes.expose()).ok_or(Error::Internal("sealed client keys are malformed"))
    }
}

/// Whether there are workspaces in the private PostgreSQL.
pub async fn has_local_workspaces(db: &store::Db) -> Result<bool> {
    Ok(workspaces::has_workspaces_on(db, BackendKind::Local).await?)
}

fn role_owner(kind: BackendKind, user: UserId) -> String {
    format!("{} {user}", kind.as_str())
}
