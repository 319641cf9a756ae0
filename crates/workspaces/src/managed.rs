//! A server in which we make databases: our own PostgreSQL, or one that the operator gave. What is done in it is the same.

use model::{UserId, WorkspaceId, scram::Verifier, workspace::DatabaseName};
use tokio::sync::Mutex;

use crate::{
    BackendAddress, LocalServer, MemberPlan, ProvisionError, RemoteServer, WorkspacePlan, control::Control,
    provision,
};

/// A server in which we make databases. Clones share it.
#[derive(Clone)]
pub enum ManagedServer {
    /// The private PostgreSQL of this Standpipe.
    Local(LocalServer),
    /// The operator's.
    Remote(RemoteServer),
}

/// What can be read of a server at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// PostgreSQL's version, such as `15.18`.
    pub version: String,
    /// How many bytes each database has.
    pub sizes: Vec<(String, u64)>,
}

impl ManagedServer {
    /// Where people's sessions go; nothing while the private PostgreSQL is not ready.
    pub fn address(&self) -> Option<BackendAddress> {
        match self {
            Self::Local(local) => local.socket().map(BackendAddress::Unix),
            Self::Remote(remote) => Some(remote.address().clone()),
        }
    }

    /// Waits while it starts; the error says why it cannot be used, in words.
    pub async fn ready(&self) -> Result<(), String> {
        match self {
            Self::Local(local) => local.ready().await.map_err(|status| status.to_string()),
            Self::Remote(_) => Ok(()),
        }
    }

    /// Makes the workspace's database and roles as planned. May be repeated at any time: what is there is completed,
    /// and the owner's verifier set again.
    pub async fn provision(&self, plan: &WorkspacePlan) -> Result<(), ProvisionError> {
        let _turn = self.turn().lock().await;
        let control = self.control()?;
        if matches!(self, Self::Remote(_)) {
            provision::secure(&control.open().await?).await?;
        }
        provision::provision(&control, plan).await
    }

    /// Has the workspace's database take so many connections from now on.
    pub async fn limit_connections(
        &self,
        workspace: WorkspaceId,
        database: &DatabaseName,
        connections: u32,
    ) -> Result<(), ProvisionError> {
        let _turn = self.turn().lock().await;
        provision::limit_connections(&self.control()?, workspace, database, connections).await
    }

    /// Ends the workspace's connections and drops its database and group roles. May be repeated.
    pub async fn drop_workspace(
        &self,
        workspace: WorkspaceId,
        database: &DatabaseName,
    ) -> Result<(), ProvisionError> {
        let _turn = self.turn().lock().await;
        provision::drop_workspace(&self.control()?, workspace, database).await
    }

    /// Brings about what a person may do in a workspace of somebody else. May be repeated.
    pub async fn set_member(&self, plan: &MemberPlan) -> Result<(), ProvisionError> {
        let _turn = self.turn().lock().await;
        provision::set_member(&self.control()?, plan).await
    }

    /// Sets what the person's logins are checked against, whatever they made of their role's password.
    pub async fn restore_person(&self, person: UserId, verifier: &Verifier) -> Result<(), ProvisionError> {
        let _turn = self.turn().lock().await;
        provision::restore_person(&self.control()?, person, verifier).await
    }

    /// Ends the person's connections and drops their role. What they own in a workspace that is still there passes to
    /// its owners' group. May be repeated.
    pub async fn drop_person(&self, person: UserId) -> Result<(), ProvisionError> {
        let _turn = self.turn().lock().await;
        provision::drop_person(&self.control()?, person).await
    }

    /// The version, and how many bytes each of the databases that are there has.
    pub async fn figures(&self, databases: &[DatabaseName]) -> Result<Figures, ProvisionError> {
        provision::figures(&self.control()?, databases).await
    }

    /// Ends the person's connections, in all workspaces; how many there were.
    pub async fn end_connections(&self, person: UserId) -> Result<u64, ProvisionError> {
        provision::end_connections(&self.control()?, person).await
    }

    /// Ends one connection of the person, that of the backend `pid`; false when there is none.
    pub async fn end_connection(&self, person: UserId, pid: i32) -> Result<bool, ProvisionError> {
        provision::end_connection(&self.control()?, person, pid).await
    }

    fn control(&self) -> Result<Control, ProvisionError> {
        match self {
            Self::Local(local) => local.control(),
            Self::Remote(remote) => Ok(remote.control()),
        }
    }

    /// One change at a time: PostgreSQL refuses concurrent changes of one role.
    fn turn(&self) -> &Mutex<()> {
        match self {
            Self::Local(local) => local.turn(),
            Self::Remote(remote) => remote.turn(),
        }
    }
}
