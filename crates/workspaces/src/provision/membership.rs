//! What a person may do in a workspace of somebody else: their login role becomes a member of one of its groups, or of
//! none.

use model::{UserId, WorkspaceId, member::MemberRole, scram::Verifier, workspace::DatabaseName};

use super::{Groups, ProvisionError, ROLE_EXISTS, person_statements, server};
use crate::control::{Control, Session, ident};

const END_CONNECTIONS: &str = "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid, 5000)) \
     FROM pg_stat_activity WHERE usename || ' ' || datname = $1";

/// What should be true for one person in one workspace.
#[derive(Debug, Clone)]
pub struct MemberPlan {
    /// Names the group roles.
    pub workspace: WorkspaceId,
    /// Names the database.
    pub database: DatabaseName,
    /// Names the login role.
    pub person: UserId,
    /// What they may do, and what their logins are checked against; nothing and nobody is left without it.
    pub grant: Option<(MemberRole, Verifier)>,
}

/// Brings about what `plan` says; what is so already stays. Where the workspace is gone there is nothing to do.
pub(crate) async fn set_member(control: &Control, plan: &MemberPlan) -> Result<(), ProvisionError> {
    let session = control.open().await?;
    let [owner, operator, reader] = Groups::names(plan.workspace);
    if session.look_up::<bool>(ROLE_EXISTS, &owner).await?.is_none() {
        return Ok(());
    }
    let name = plan.person.to_string();
    let exists = session.look_up::<bool>(ROLE_EXISTS, &name).await?.is_some();
    let (operator, reader) = (ident(operator), ident(reader));
    let person = ident(&name);
    match &plan.grant {
        None if !exists => Ok(()),
        None => {
            session
                .run(&format!("REVOKE {operator}, {reader} FROM {person};"))
                .await?;
            end_connections(&session, plan).await
        }
        Some((role, verifier)) => {
            let (group, other) = match role {
                MemberRole::Operator => (operator, reader),
                MemberRole::Reader => (reader, operator),
            };
            let create = server::make_role(&session, &person, exists);
            let settings = person_statements(&session, &name, verifier).await?;
            let grant = format!("REVOKE {other} FROM {person}; GRANT {group} TO {person};");
            Ok(session.run(&format!("{create}{settings}{grant}")).await?)
        }
    }
}

/// The gateway has ended them by then; nobody stays whom it does not know.
async fn end_connections(session: &Session, plan: &MemberPlan) -> Result<(), ProvisionError> {
    let whose = format!("{} {}", plan.person, plan.database.as_str());
    session
        .look_up::<i64>(END_CONNECTIONS, &whose)
        .await
        .map(drop)
        .map_err(Into::into)
}
