//! Who may enter what: the people whom the person let in, and the workspaces of others that the person may enter.

use model::time::rfc3339_seconds;
use serde_json::{Value, json};
use store::{Page, accesses::AccessRow, workspaces::WorkspaceRow};

use super::{
    archive::Archive,
    contents::{PAGE, after, when},
};
use crate::{Actor, App, Result, members::Member};

const MEMBERS: [&str; 6] = [
    "workspace",
    "user_id",
    "user_handle",
    "role",
    "created_at",
    "updated_at",
];
const SHARED: [&str; 5] = ["owner", "workspace", "host", "role", "created_at"];

impl App {
    pub(super) async fn write_members(
        &self,
        actor: &Actor,
        workspaces: &[WorkspaceRow],
        archive: &mut Archive,
    ) -> Result<()> {
        let mut rows = Vec::new();
        let owner = actor.id().to_string();
        for workspace in workspaces {
            let mut page = Page::first(PAGE);
            loop {
                let id = workspace.id.to_string();
                let part = self.list_members(actor, &owner, &id, page).await?;
                rows.extend(part.members.iter().map(|row| member(workspace, row)));
                match part.next {
                    Some(next) => page = after(next),
                    None => break,
                }
            }
        }
        archive.table("workspace_members", &MEMBERS, &rows).await
    }

    pub(super) async fn write_shared(&self, actor: &Actor, archive: &mut Archive) -> Result<()> {
        let (mut rows, mut page) = (Vec::new(), Page::first(PAGE));
        loop {
            let part = self.list_shared(actor, page).await?;
            rows.extend(part.accesses.iter().map(|access| self.shared(access)));
            match part.next {
                Some(next) => page = after(next),
                None => break,
            }
        }
        archive.table("shared_workspaces", &SHARED, &rows).await
    }

    fn shared(&self, access: &AccessRow) -> Value {
        let since = access.member.as_ref().map(|member| member.created_at);
        json!({
            "owner": access.owner.handle,
            "workspace": access.workspace.handle,
            "host": self.workspace_host(&access.owner.handle, &access.workspace.handle),
            "role": access.role().as_str(),
            "created_at": when(since),
        })
    }
}

fn member(workspace: &WorkspaceRow, Member { access, user }: &Member) -> Value {
    json!({
        "workspace": workspace.handle,
        "user_id": user.id,
        "user_handle": user.handle,
        "role": access.role.as_str(),
        "created_at": rfc3339_seconds(access.created_at),
        "updated_at": when(access.updated_at),
    })
}
