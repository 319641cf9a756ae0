//! What the store said of those who come in at the database door, for whoever connects for each statement: whose a name
//! is and by what password, where a host and a database lead, and the keys of a person's role (design §2.9). Nobody is
//! refused by what is kept alone, but for a wrong password.

use std::sync::Arc;

use model::{UserId, handle::Handle, workspace::BackendKind};
use store::{
    accesses::AccessRow, database_passwords, database_passwords::LoginRow, server_roles,
    server_roles::ServerRoleRow, users::UserRow,
};

use super::{ConnectionRequest, DatabaseLogin};
use crate::{
    App, Result,
    kept::{AsOf, Found, Kept, Lookups, OfAccounts},
};

/// Who goes, by which server name, to which database.
type Way = (UserId, Option<String>, Option<String>);

/// What is kept.
#[derive(Default)]
pub(crate) struct Entries {
    logins: Kept<Handle, LoginRow>,
    ways: Kept<Way, AccessRow>,
    roles: Kept<(BackendKind, UserId), ServerRoleRow>,
}

impl OfAccounts for LoginRow {
    fn accounts(&self) -> [UserId; 2] {
        [self.user.id; 2]
    }
}

impl OfAccounts for AccessRow {
    fn accounts(&self) -> [UserId; 2] {
        let owner = self.owner.id;
        [owner, self.member.as_ref().map_or(owner, |member| member.user_id)]
    }
}

impl OfAccounts for ServerRoleRow {
    fn accounts(&self) -> [UserId; 2] {
        [self.user_id; 2]
    }
}

impl App {
    /// How often one of them was looked up since the start.
    pub fn entry_lookups(&self) -> Lookups {
        let Entries { logins, ways, roles } = &self.0.entries;
        [logins.counts(), ways.counts(), roles.counts()].into_iter().sum()
    }

    /// Asks the store, while the client of `login` thinks of its proof, for what [`App::admit_connection`] will need and
    /// what the next login will, where it is not kept for a while yet. Nothing comes of it but that it is kept.
    pub async fn foresee_connection(&self, login: &DatabaseLogin, request: &ConnectionRequest) {
        if self.settings().credential_linger.is_zero() {
            return;
        }
        if let Some(user) = &login.user
            && let Err(error) = self.foresee(user, request).await
        {
            // Whoever needs it will ask again, and say what is the matter.
            tracing::debug!(%error, "a connection could not be foreseen");
        }
    }

    async fn foresee(&self, user: &UserRow, request: &ConnectionRequest) -> Result<()> {
        let Entries { logins, ways, roles } = &self.0.entries;
        let way = way(user.id, request);
        let found = match ways.is_due(&way, self) {
            true => Box::pin(self.find_way(user.id, request)).await?,
            false => ways.get(&way, self),
        };
        if let Some(found) = found {
            let role = (found.value.workspace.backend, user.id);
            if self.0.backends.managed(role.0).is_some() && roles.is_due(&role, self) {
                Box::pin(roles.read(role, self, self.read_role(role))).await?;
            }
        }
        if logins.is_due(&user.handle, self) {
            let read = self.read_login(&user.handle);
            Box::pin(logins.read(user.handle.clone(), self, read)).await?;
        }
        Ok(())
    }

    /// Whose `handle` is, or was, and by what password they come in.
    pub(super) async fn find_login(&self, handle: &Handle) -> Result<Option<(LoginRow, Option<AsOf>)>> {
        let read = || self.read_login(handle);
        let found = self.0.entries.logins.find(handle.clone(), self, read).await?;
        Ok(found.map(|found| (found.value.clone(), found.as_of)))
    }

    /// What is kept of the way where `request` leads `user`. Nobody is refused by it.
    pub(super) fn kept_way(
        &self,
        user: UserId,
        request: &ConnectionRequest,
    ) -> Option<Arc<Found<AccessRow>>> {
        self.0.entries.ways.get(&way(user, request), self)
    }

    /// Where `request` leads `user`, by the store; `None` when that is nowhere.
    pub(super) async fn find_way(
        &self,
        user: UserId,
        request: &ConnectionRequest,
    ) -> Result<Option<Arc<Found<AccessRow>>>> {
        let read = self.route(user, request);
        Ok(self.0.entries.ways.read(way(user, request), self, read).await?)
    }

    /// The login role of `user` in servers of `kind`, if there is one.
    pub(crate) async fn find_role(&self, kind: BackendKind, user: UserId) -> Result<Option<ServerRoleRow>> {
        let read = || self.read_role((kind, user));
        let found = self.0.entries.roles.find((kind, user), self, read).await?;
        Ok(found.map(|found| found.value.clone()))
    }

    async fn read_login(&self, handle: &Handle) -> store::Result<Option<LoginRow>> {
        database_passwords::find_login(self.db(), handle, self.now()).await
    }

    async fn read_role(&self, (kind, user): (BackendKind, UserId)) -> store::Result<Option<ServerRoleRow>> {
        server_roles::find_role(self.db(), kind.as_str(), user).await
    }
}

fn way(user: UserId, request: &ConnectionRequest) -> Way {
    (user, request.server_name.clone(), request.database.clone())
}
