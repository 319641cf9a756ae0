//! Taking away what [`super::provision`] made.

use model::{UserId, WorkspaceId, workspace::DatabaseName};

use super::{
    DATABASE_COMMENT, DATABASE_IS_HALF_DROPPED, Groups, OWNER, ProvisionError, ROLE_EXISTS, require_own,
    workspace_of,
};
use crate::control::{Control, Session, ident};

const DATABASES_WITH_PERSON: &str = "SELECT DISTINCT d.datname::text FROM pg_shdepend s \
     JOIN pg_database d ON d.oid = s.dbid AND d.datallowconn JOIN pg_roles r ON r.oid = s.refobjid \
     WHERE s.refclassid = 'pg_authid'::regclass AND r.rolname = $1";
const END_CONNECTIONS: &str = "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid, 5000)) \
     FROM pg_stat_activity WHERE usename = $1";

/// The role as well as the pid: by now the pid may be somebody else's.
const END_CONNECTION: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
     WHERE usename || ' ' || pid = $1";

pub(crate) async fn drop_workspace(
    control: &Control,
    workspace: WorkspaceId,
    database: &DatabaseName,
) -> Result<(), ProvisionError> {
    let session = control.open().await?;
    let name = database.as_str();
    require_own(&session, workspace, name).await?;
    let half_dropped = session.look_up::<bool>(DATABASE_IS_HALF_DROPPED, name).await?;
    let database = ident(name);
    if half_dropped == Some(false) {
        session
            .run(&format!("ALTER DATABASE {database} WITH ALLOW_CONNECTIONS false"))
            .await?;
    }
    session
        .run(&format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)"))
        .await?;
    let groups = Groups::of(workspace).all();
    Ok(session.run(&format!("DROP ROLE IF EXISTS {groups}")).await?)
}

pub(crate) async fn drop_person(control: &Control, person: UserId) -> Result<(), ProvisionError> {
    let session = control.open().await?;
    let name = person.to_string();
    if session.look_up::<bool>(ROLE_EXISTS, &name).await?.is_none() {
        return Ok(());
    }
    let role = ident(&name);
    session.run(&format!("ALTER ROLE {role} NOLOGIN")).await?;
    end_connections_in(&session, &name).await?;
    for database in session.list(DATABASES_WITH_PERSON, &name).await? {
        let heir = heir(&session, &database).await?;
        let inside = control.open_in(&database).await?;
        inside
            .run(&format!(
                "REASSIGN OWNED BY {role} TO {heir}; DROP OWNED BY {role};"
            ))
            .await?;
    }
    Ok(session
        .run(&format!("DROP OWNED BY {role}; DROP ROLE {role};"))
        .await?)
}

/// Who gets what a person leaves in `database`: its owners' group.
async fn heir(session: &Session, database: &str) -> Result<String, ProvisionError> {
    let comment: Option<String> = session.look_up(DATABASE_COMMENT, database).await?;
    let workspace = comment.as_deref().and_then(workspace_of);
    if let Some([owner, ..]) = workspace.map(Groups::names)
        && session.look_up::<bool>(ROLE_EXISTS, &owner).await?.is_some()
    {
        return Ok(ident(owner));
    }
    Ok(OWNER.to_owned())
}

pub(crate) async fn end_connections(control: &Control, person: UserId) -> Result<u64, ProvisionError> {
    let session = control.open().await?;
    end_connections_in(&session, &person.to_string()).await
}

pub(crate) async fn end_connection(
    control: &Control,
    person: UserId,
    pid: i32,
) -> Result<bool, ProvisionError> {
    let session = control.open().await?;
    let ended: Option<bool> = session
        .look_up(END_CONNECTION, &format!("{person} {pid}"))
        .await?;
    Ok(ended.unwrap_or(false))
}

async fn end_connections_in(session: &Session, person: &str) -> Result<u64, ProvisionError> {
    let ended: Option<i64> = session.look_up(END_CONNECTIONS, person).await?;
    Ok(ended.and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
}
