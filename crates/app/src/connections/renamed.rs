//! Names that a person gave up, at the database door: they open nothing, and only who has the person's password learns
//! what became of them. To everybody else an old name looks like one that nobody ever had: its salt is the mock's, so
//! that it cannot be told from an unknown name, nor linked to the new one.

use jiff::Timestamp;
use model::{
    PasswordId, Secret,
    handle::{Handle, WorkspaceHandle},
    scram::{ClientKeys, Verifier},
    time,
};
use store::{accesses, handles, users, users::UserRow, workspace_names, workspaces::WorkspaceRow};

use super::{ConnectionRequest, DEFAULT_DATABASES, DatabaseLogin, Refusal};
use crate::{App, Result, keys::Purpose};

/// The name that a client used is one that its person gave up.
#[derive(Debug, Clone)]
pub(super) struct OldName {
    pub(super) handle: Handle,
    pub(super) since: Timestamp,
    pub(super) until: Timestamp,
    pub(super) password_id: PasswordId,
    pub(super) sealed: Vec<u8>,
}

/// What became of the names that a client used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameChange {
    /// The handle that was given up, and the one instead.
    pub handle: (Handle, Handle),
    /// Whether the client used the old handle as its user name.
    pub user_is_old: bool,
    /// The host name that the client used, if it is an old one, and the one instead.
    pub host: Option<(String, String)>,
    /// When the handle changed.
    pub since: Timestamp,
    /// Until when nobody else can have the old one.
    pub until: Timestamp,
}

/// What became of the host name that a client used, which was a workspace's own before it was renamed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspaceChange {
    /// The host name, and the one instead.
    pub host: (String, String),
    /// When the workspace was renamed.
    pub since: Timestamp,
}

/// What a client is told whose names are old.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Explanation {
    /// The handle changed, and all names with it.
    Handle(NameChange),
    /// The workspace did.
    Workspace(WorkspaceChange),
}

/// What a proof is checked against.
pub struct ProofCheck {
    verifier: Verifier,
    /// The password, where its verifier has still to be made.
    plain: Option<Secret<Vec<u8>>>,
}

impl ProofCheck {
    /// The verifier, where it is made already: a proof against it costs three HMACs.
    pub fn made(&self) -> Option<&Verifier> {
        self.plain.is_none().then_some(&self.verifier)
    }

    /// The verifier. For a name that was given up this takes a processor for milliseconds: not for a thread that
    /// others wait for. `None` when there is none to be made.
    pub fn verifier(self) -> Option<Verifier> {
        let Some(plain) = self.plain else {
            return Some(self.verifier);
        };
        let Verifier { salt, iterations, .. } = self.verifier;
        let password = std::str::from_utf8(plain.expose()).ok()?;
        Some(ClientKeys::derive(password, &salt, iterations).verifier(&salt, iterations))
    }
}

impl App {
    /// What the proof is checked against, once it is there. For a name that was given up that is the password of its
    /// person under the mock's salt, which nothing but the password itself can be turned into.
    pub fn proof_check(&self, login: &DatabaseLogin) -> Result<ProofCheck> {
        let open = |old: &OldName| {
            let id = old.password_id.to_string();
            self.keys().open(Purpose::DatabasePassword, &id, &old.sealed)
        };
        Ok(ProofCheck {
            verifier: login.verifier.clone(),
            plain: login.old_name.as_ref().map(open).transpose()?,
        })
    }

    /// What became of the names in `request`, for a client that proved who it is; `None` when none of them is old.
    pub async fn explain_names(
        &self,
        login: &DatabaseLogin,
        request: &ConnectionRequest,
    ) -> Result<Option<Explanation>> {
        let Some(user) = &login.user else { return Ok(None) };
        if let Some(change) = self.explain_handle(user, login, request).await? {
            return Ok(Some(Explanation::Handle(change)));
        }
        let change = self.renamed_workspace(user, request).await?;
        Ok(change.map(Explanation::Workspace))
    }

    async fn explain_handle(
        &self,
        user: &UserRow,
        login: &DatabaseLogin,
        request: &ConnectionRequest,
    ) -> Result<Option<NameChange>> {
        let host = self.old_host(user, request).await?;
        let own = login.old_name.as_ref().map(|old| Old {
            handle: (old.handle.clone(), user.handle.clone()),
            since: old.since,
            until: old.until,
        });
        let hosts = host.as_ref().map(|(_, hosts)| hosts.clone());
        let old = own.or(host.map(|(old, _)| old));
        Ok(old.map(|old| NameChange {
            handle: old.handle,
            user_is_old: login.old_name.is_some(),
            host: hosts,
            since: old.since,
            until: old.until,
        }))
    }

    /// Why `request` leads to no workspace: its host name may be an old one of a workspace that `user` may enter.
    pub(super) async fn no_workspace(&self, user: &UserRow, request: &ConnectionRequest) -> Result<Refusal> {
        let is_old = self.old_host(user, request).await?.is_some()
            || self.renamed_workspace(user, request).await?.is_some();
        Ok(match is_old {
            true => Refusal::HostChanged,
            false => Refusal::NoSuchDatabase,
        })
    }

    /// The workspace that `user` may enter whose host name `request` has, from before it was renamed.
    async fn renamed_workspace(
        &self,
        user: &UserRow,
        request: &ConnectionRequest,
    ) -> Result<Option<WorkspaceChange>> {
        let Some((owner, old)) = self.labels(request) else {
            return Ok(None);
        };
        let Some(owner) = users::find_user_by_handle(self.db(), &owner).await? else {
            return Ok(None);
        };
        let Some((row, since)) = self.workspace_once_called(user, &owner, &old).await? else {
            return Ok(None);
        };
        let host = (
            self.workspace_host(&owner.handle, &old),
            self.workspace_host(&owner.handle, &row.handle),
        );
        Ok(may_be_meant(&row, request).then_some(WorkspaceChange { host, since }))
    }

    fn labels(&self, request: &ConnectionRequest) -> Option<(Handle, WorkspaceHandle)> {
        let name = request.server_name.as_deref()?;
        self.host_label(name)
    }

    /// The workspace of `owner` that gave up the name `old`, and when; while that is remembered, and if `user` may enter
    /// it.
    async fn workspace_once_called(
        &self,
        user: &UserRow,
        owner: &UserRow,
        old: &WorkspaceHandle,
    ) -> Result<Option<(WorkspaceRow, Timestamp)>> {
        let since = time::after(self.now(), -self.settings().handles.hold_seconds);
        let Some(renamed) = workspace_names::find_renamed_workspace(self.db(), owner.id, old, since).await?
        else {
            return Ok(None);
        };
        let access = accesses::find_access(self.db(), user.id, renamed.id).await?;
        Ok(access.map(|access| (access.workspace, renamed.since)))
    }

    /// What became of the old handle in the host name of `request`, and that host name before and after, where an owner
    /// gave it up who has a workspace there that `user` may enter and the database name does not contradict.
    async fn old_host(
        &self,
        user: &UserRow,
        request: &ConnectionRequest,
    ) -> Result<Option<(Old, (String, String))>> {
        let Some((handle, workspace)) = self.labels(request) else {
            return Ok(None);
        };
        let Some(row) = handles::find_handle(self.db(), &handle).await? else {
            return Ok(None);
        };
        let Some(holder) = row.user_id else {
            return Ok(None);
        };
        let Some((since, until)) = self.hold_of(&row, holder) else {
            return Ok(None);
        };
        let Some(owner) = users::find_user(self.db(), holder).await? else {
            return Ok(None);
        };
        let named = (owner.id.to_string(), workspace.as_str());
        let found = accesses::find_named_access(self.db(), user.id, &named.0, named.1).await?;
        let row = match found {
            Some(access) => Some(access.workspace),
            None => self
                .workspace_once_called(user, &owner, &workspace)
                .await?
                .map(|(row, _)| row),
        };
        let Some(row) = row.filter(|row| may_be_meant(row, request)) else {
            return Ok(None);
        };
        let hosts = (
            self.workspace_host(&handle, &workspace),
            self.workspace_host(&owner.handle, &row.handle),
        );
        let old = Old {
            handle: (handle, owner.handle),
            since,
            until,
        };
        Ok(Some((old, hosts)))
    }
}

/// A handle that was given up, and the one instead.
struct Old {
    handle: (Handle, Handle),
    since: Timestamp,
    until: Timestamp,
}

/// Whether the database that `request` names does not contradict that `row` is meant.
fn may_be_meant(row: &WorkspaceRow, request: &ConnectionRequest) -> bool {
    let database = request.database.as_deref().unwrap_or(&request.user);
    database == request.user
        || DEFAULT_DATABASES.contains(&database)
        || database == row.database_name.as_str()
}
