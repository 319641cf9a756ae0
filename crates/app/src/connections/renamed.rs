//! Names that a person gave up, at the database door: they open nothing, and only who has the person's password learns
//! what became of them. To everybody else an old name looks like one that nobody ever had: its salt is the mock's, so
//! that it cannot be told from an unknown name, nor linked to the new one.

use jiff::Timestamp;
use model::{
    PasswordId,
    handle::{Handle, WorkspaceHandle},
    scram::{ClientKeys, Verifier},
};
use store::{handles, users::UserRow, workspaces};

use super::{ConnectionRequest, DEFAULT_DATABASES, DatabaseLogin, Refusal};
use crate::{App, Error, Result, keys::Purpose};

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

impl App {
    /// What the proof is checked against, once it is there. For a name that was given up that is the password of its
    /// person under the mock's salt, which nothing but the password itself can be turned into.
    pub async fn proof_verifier(&self, login: &DatabaseLogin) -> Result<Verifier> {
        let Some(old) = &login.old_name else {
            return Ok(login.verifier.clone());
        };
        let id = old.password_id.to_string();
        let plain = self.keys().open(Purpose::DatabasePassword, &id, &old.sealed)?;
        let Verifier { salt, iterations, .. } = login.verifier.clone();
        tokio::task::spawn_blocking(move || {
            let password = std::str::from_utf8(plain.expose()).ok()?;
            Some(ClientKeys::derive(password, &salt, iterations).verifier(&salt, iterations))
        })
        .await
        .ok()
        .flatten()
        .ok_or(Error::Internal("a verifier cannot be derived"))
    }

    /// What became of the names in `request`, for a client that proved who it is; `None` when none of them is old.
    pub async fn explain_names(
        &self,
        login: &DatabaseLogin,
        request: &ConnectionRequest,
    ) -> Result<Option<NameChange>> {
        let Some(user) = &login.user else { return Ok(None) };
        let host = self.old_host(user, request).await?;
        let hosts = host.as_ref().map(|(_, hosts)| hosts.clone());
        let old = match (&login.old_name, &host) {
            (Some(old), _) => Some((old.handle.clone(), old.since, old.until)),
            (None, Some((old, _))) => Some(old.clone()),
            (None, None) => None,
        };
        Ok(old.map(|(handle, since, until)| NameChange {
            handle: (handle, user.handle.clone()),
            user_is_old: login.old_name.is_some(),
            host: hosts,
            since,
            until,
        }))
    }

    /// Why `request` leads to no workspace: its host name may be an old one of `user`'s own.
    pub(super) async fn no_workspace(&self, user: &UserRow, request: &ConnectionRequest) -> Result<Refusal> {
        Ok(match self.old_host(user, request).await? {
            Some(_) => Refusal::HostChanged,
            None => Refusal::NoSuchDatabase,
        })
    }

    /// The old handle in the host name of `request`, and that host name before and after, where `user` gave it up and
    /// has a workspace there which the database name does not contradict.
    async fn old_host(
        &self,
        user: &UserRow,
        request: &ConnectionRequest,
    ) -> Result<Option<((Handle, Timestamp, Timestamp), (String, String))>> {
        let label = request
            .server_name
            .as_deref()
            .and_then(|name| self.host_label(name));
        let Some((handle, workspace)) = label else {
            return Ok(None);
        };
        let row = handles::find_handle(self.db(), &handle).await?;
        let Some((since, until)) = row.and_then(|row| self.hold_of(&row, user.id)) else {
            return Ok(None);
        };
        if !self.may_be_meant(user, &workspace, request).await? {
            return Ok(None);
        }
        let hosts = (
            self.workspace_host(&handle, &workspace),
            self.workspace_host(&user.handle, &workspace),
        );
        Ok(Some(((handle, since, until), hosts)))
    }

    async fn may_be_meant(
        &self,
        user: &UserRow,
        workspace: &WorkspaceHandle,
        request: &ConnectionRequest,
    ) -> Result<bool> {
        let found = workspaces::find_workspace(self.db(), user.id, workspace.as_str()).await?;
        let database = request.database.as_deref().unwrap_or(&request.user);
        Ok(found.is_some_and(|row| {
            database == request.user
                || DEFAULT_DATABASES.contains(&database)
                || database == row.database_name.as_str()
        }))
    }
}
