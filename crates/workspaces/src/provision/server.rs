//! What holds for a whole server: the role that owns all workspaces, and what our own role may do there.
//!
//! Our role is a superuser in our own PostgreSQL. In the operator's it need not be one: it makes roles and databases,
//! and becomes a member of what it makes, because PostgreSQL asks for that where it gives a database to another role,
//! ends another role's session, or hands on what another role owns.

use super::{OWNER, ProvisionError, ROLE_EXISTS};
use crate::control::{Session, ident};

/// The first version in which `public` belongs to the database's owner, and settings can be granted.
const OLDEST: i32 = 150_000;
const VERSION: &str = "SELECT current_setting($1)::int";
const OUR_POWERS: &str =
    "SELECT (rolsuper OR (rolcreaterole AND rolcreatedb)) FROM pg_roles WHERE rolname = $1";
const OPEN_DATABASES: &str = "SELECT datname::text FROM pg_database \
     WHERE datallowconn AND has_database_privilege($1, oid, 'CONNECT') ORDER BY datname";
const OURSELVES: &str = "SELECT current_user::text WHERE $1 = ''";

/// Sees to what holds for the whole server. Done at each start of ours, and before each workspace in the operator's.
pub(crate) async fn secure(session: &Session) -> Result<(), ProvisionError> {
    let is_there = session.look_up::<bool>(ROLE_EXISTS, OWNER).await?.is_some();
    let mut statements = make_role(session, OWNER, is_there);
    if session.is_superuser() {
        statements += "REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC;";
    }
    Ok(session.run(&statements).await?)
}

/// The statements that make `role`, unless it is there, and make us a member of it.
pub(super) fn make_role(session: &Session, role: &str, is_there: bool) -> String {
    let mut statements = String::new();
    if !is_there {
        statements += &format!("CREATE ROLE {role} NOLOGIN;");
    }
    if !session.is_superuser() {
        statements += &format!("GRANT {role} TO CURRENT_USER;");
    }
    statements
}

/// What an operator should know before people get workspaces here.
pub(crate) async fn shortcomings(session: &Session) -> Result<Vec<String>, ProvisionError> {
    let mut found = Vec::new();
    let version: i32 = session
        .look_up(VERSION, "server_version_num")
        .await?
        .unwrap_or_default();
    if version < OLDEST {
        found.push("PostgreSQL 15 or later is needed.".to_owned());
    }
    let ours: String = session.look_up(OURSELVES, "").await?.unwrap_or_default();
    if session.look_up(OUR_POWERS, &ours).await? != Some(true) {
        found.push(format!(
            "The role {role} may not make roles and databases: ALTER ROLE {role} CREATEROLE CREATEDB.",
            role = ident(&ours)
        ));
    }
    let open = session.list(OPEN_DATABASES, "public").await?;
    if !open.is_empty() {
        found.push(format!(
            "Everybody who has a role there may connect to {open}: REVOKE CONNECT, TEMPORARY ON DATABASE {open} FROM PUBLIC.",
            open = open.iter().map(ident).collect::<Vec<_>>().join(", ")
        ));
    }
    Ok(found)
}
