//! What an access means inside PostgreSQL, brought about by a process. It reads what should be so at the time when it
//! runs, and reads it again afterwards: however many changes and workers there are, the last word of the store is the
//! last one that PostgreSQL hears.

use ::workspaces::MemberPlan;
use model::{UserId, WorkspaceId, workspace::BackendKind};
use serde::{Deserialize, Serialize};
use store::{
    Tx, Unrecorded, accesses, members, members::MemberRow, processes, processes::ProcessRow,
    workspaces::WorkspaceRow,
};

use crate::{App, Result, processes::Failure};

/// What the process needs to know even when the access is gone.
#[derive(Serialize, Deserialize)]
pub(crate) struct MemberWork {
    database_name: String,
    workspace_handle: String,
    backend: BackendKind,
    member_id: UserId,
}

impl MemberWork {
    pub(super) fn new(workspace: &WorkspaceRow, row: &MemberRow) -> Self {
        Self {
            database_name: workspace.database_name.to_string(),
            workspace_handle: workspace.handle.to_string(),
            backend: workspace.backend,
            member_id: row.user_id,
        }
    }

    fn of(row: &ProcessRow) -> std::result::Result<(Self, WorkspaceId), Failure> {
        let work = serde_json::from_str(&row.input)
            .map_err(|_| Failure::Never("the input is malformed".to_owned()))?;
        let workspace = row
            .workspace_id
            .ok_or_else(|| Failure::Never("the input names no workspace".to_owned()))?;
        Ok((work, workspace))
    }
}

impl App {
    /// Makes PostgreSQL let the person do what the store says, and then accepts the access. May be repeated.
    pub(crate) async fn settle_member(&self, row: &ProcessRow) -> std::result::Result<(), Failure> {
        let (work, workspace) = MemberWork::of(row)?;
        // One that runs may have read what this one's change has overruled.
        if processes::is_earlier_running(self.db(), workspace, row, self.now())
            .await
            .map_err(crate::Error::from)?
        {
            return Err(Failure::Later(
                "an earlier change of access is under way".to_owned(),
            ));
        }
        let server = self.ready_server(work.backend).await?;
        loop {
            let wanted = self.wanted_access(workspace, work.member_id).await?;
            let plan = self.member_plan(&work, workspace, wanted.as_ref()).await?;
            server.set_member(&plan).await?;
            if self.wanted_access(workspace, work.member_id).await? != wanted {
                continue;
            }
            if let Some(access) = wanted {
                self.accept(&access).await?;
            } else if self.has_nobody(work.member_id).await? {
                // Deleted meanwhile: whoever dropped their role may have been done before us.
                server.drop_person(work.member_id).await?;
            }
            return Ok(());
        }
    }

    async fn wanted_access(&self, workspace: WorkspaceId, person: UserId) -> Result<Option<MemberRow>> {
        let found = accesses::find_access(self.db(), person, workspace).await?;
        Ok(found.and_then(|access| access.member))
    }

    async fn member_plan(
        &self,
        work: &MemberWork,
        workspace: WorkspaceId,
        wanted: Option<&MemberRow>,
    ) -> std::result::Result<MemberPlan, Failure> {
        let grant = match wanted {
            Some(access) => {
                let role = self.ensure_role(work.backend, work.member_id).await?;
                let keys = self.role_keys(work.backend, &role)?;
                let verifier = keys.verifier(&role.salt, role.iterations);
                Some((access.role, verifier))
            }
            None => None,
        };
        Ok(MemberPlan {
            workspace,
            database: work
                .database_name
                .parse()
                .map_err(|_| Failure::Never("the database name is malformed".to_owned()))?,
            person: work.member_id,
            grant,
        })
    }

    async fn accept(&self, access: &MemberRow) -> Result<()> {
        let mut tx = self.db().begin().await?;
        members::accept_member(&mut tx, access.id, access.version_id).await?;
        Ok(tx.commit_unrecorded(Unrecorded::AccessReady).await?)
    }

    /// Says beside an access why it cannot be used, when its process gave up.
    pub(crate) async fn explain_access(&self, tx: &mut Tx, row: &ProcessRow, reason: &str) -> Result<()> {
        if let Ok((work, workspace)) = MemberWork::of(row) {
            members::explain_member(tx, workspace, work.member_id, Some(reason)).await?;
        }
        Ok(())
    }
}
