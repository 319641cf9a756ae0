//! Workspaces that a person may enter: their own, and those of others who let them in. Who may do what in one is decided
//! here, for every door: the owner everything; somebody who was let in may see it, connect, and leave.

use store::{Cursor, Page, accesses, accesses::AccessRow};

use crate::{Actor, App, Error, Result};

/// What somebody who was let in is told when they ask for what only the owner may do.
const OWNERS: Error = Error::Forbidden {
    code: "workspace_role",
    message: "Only the owner of this workspace can do that. Ask them.",
};

/// A page of workspaces, oldest first.
#[derive(Debug)]
pub struct AccessPage {
    /// The workspaces.
    pub accesses: Vec<AccessRow>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
}

impl App {
    /// The workspaces that the actor may enter.
    pub async fn list_accesses(&self, actor: &Actor, page: Page) -> Result<AccessPage> {
        let (accesses, next) = accesses::list_accesses(self.db(), actor.id(), &page).await?;
        Ok(AccessPage { accesses, next })
    }

    /// The workspaces of others that the actor may enter.
    pub async fn list_shared(&self, actor: &Actor, page: Page) -> Result<AccessPage> {
        let (accesses, next) = accesses::list_shared(self.db(), actor.id(), &page).await?;
        Ok(AccessPage { accesses, next })
    }

    /// A workspace that the actor may enter, by handle or id of its owner and of itself. All others look the same from
    /// here, whether there is an owner of that name, or a workspace, or neither.
    pub async fn get_access(&self, actor: &Actor, owner: &str, workspace: &str) -> Result<AccessRow> {
        let found = accesses::find_named_access(self.db(), actor.id(), owner, workspace).await?;
        match found {
            Some(access) => Ok(access),
            None => {
                actor.own(owner)?;
                Err(Error::NotFound("workspace"))
            }
        }
    }

    /// A workspace by what a page's address calls it: its handle where it is the actor's own, the label of its host name
    /// where it is somebody else's, or its id.
    pub async fn get_access_called(&self, actor: &Actor, name: &str) -> Result<AccessRow> {
        let found = match (name.parse(), name.rsplit_once('-')) {
            (Ok(id), _) => accesses::find_access(self.db(), actor.id(), id).await?,
            (Err(_), Some((owner, workspace))) => {
                accesses::find_named_access(self.db(), actor.id(), owner, workspace).await?
            }
            (Err(_), None) => {
                let own = actor.id().to_string();
                accesses::find_named_access(self.db(), actor.id(), &own, name).await?
            }
        };
        found.ok_or(Error::NotFound("workspace"))
    }

    /// Refuses everybody but the owner of the workspace that a path names. Who was let in is told that it is the owner's
    /// to do; to all others it does not exist.
    pub async fn require_owner(&self, actor: &Actor, owner: &str, workspace: &str) -> Result<()> {
        let Err(refusal) = actor.own(owner) else {
            return Ok(());
        };
        match accesses::find_named_access(self.db(), actor.id(), owner, workspace).await? {
            Some(_) => Err(OWNERS),
            None => Err(refusal),
        }
    }
}
