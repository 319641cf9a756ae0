//! What must be true inside PostgreSQL for people to work in a workspace and for nobody else to reach it.
//!
//! - A database, named by its opaque [`DatabaseName`], owned by [`OWNER`], a role that nobody can be.
//! - Three group roles, `{workspace}_owner`, `_operator`, `_reader`, which hold all privileges.
//! - One login role for each person and server, `u_…`, which holds nothing but memberships.
//!
//! Every step may be repeated, so that a job that was killed anywhere is simply run again.

use model::{UserId, WorkspaceId, scram::Verifier, workspace::DatabaseName};
use tokio_postgres::Error;

use crate::control::{Control, OpenError, Session, ident, literal};

mod figures;
mod membership;
mod removal;
mod server;

pub(crate) use figures::{figures, short};

pub use membership::MemberPlan;
pub(crate) use membership::set_member;
pub(crate) use removal::{drop_person, drop_workspace, end_connection, end_connections};
pub(crate) use server::{secure, shortcomings};

/// Owns all workspaces' databases. An owner could open a database to everyone, so nobody is a member.
const OWNER: &str = "standpipe_owner";
/// Sessions that one person may have: as many as the gateway usually lets an account have open, of the cluster's 200.
const PERSON_LIMIT: u32 = 100;
/// Connections that a database takes beyond its limit, so that the gateway is the first to say that it is full, and our
/// own sessions still get in.
const OURS: u32 = 2;
/// A limit: only a superuser can raise it.
const TEMPORARY_FILES: &str = "1GB";
const TEMPORARY_FILES_SETTING: &str = "temp_file_limit";
/// What only a superuser can take, and nobody has who was not given it.
const SUPERPOWERS: &str = "NOSUPERUSER NOREPLICATION NOBYPASSRLS";
/// Defaults for every session in a workspace, which a person may change for theirs.
const STATEMENT_TIMEOUT: &str = "10min";
const IDLE_IN_TRANSACTION: &str = "5min";

const ROLE_EXISTS: &str = "SELECT true FROM pg_roles WHERE rolname = $1";
const MAY_LIMIT_FILES: &str = "SELECT has_parameter_privilege(current_user, $1, 'SET')";
const DATABASE_IS_HALF_DROPPED: &str = "SELECT datconnlimit = -2 FROM pg_database WHERE datname = $1";
const DATABASE_COMMENT: &str =
    "SELECT coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname = $1";

/// What should be there for a workspace.
#[derive(Debug, Clone)]
pub struct WorkspacePlan {
    /// Names the group roles.
    pub workspace: WorkspaceId,
    /// Names the database.
    pub database: DatabaseName,
    /// Names the login role that becomes a member of the owners' group.
    pub owner: UserId,
    /// What that role's logins are checked against.
    pub owner_verifier: Verifier,
    /// How many connections it may have at once.
    pub connections: u32,
}

/// Why it was not done. The reasons are for an operator and hold no secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProvisionError {
    /// PostgreSQL is not there, or was busy: try again.
    #[error("{0}")]
    Unavailable(String),
    /// PostgreSQL refused: trying again is of no use.
    #[error("{0}")]
    Rejected(String),
}

impl From<Error> for ProvisionError {
    fn from(error: Error) -> Self {
        let Some(refusal) = error.as_db_error() else {
            return Self::Unavailable(error.to_string());
        };
        let code = refusal.code().code();
        let reason = format!("{} ({code})", refusal.message());
        // Connection, conflict, resources, not in the needed state, intervention, system, internal (which is how
        // PostgreSQL reports concurrent changes of one role).
        let passing = ["08", "40", "53", "55", "57", "58", "XX"];
        if passing.iter().any(|class| code.starts_with(class)) {
            Self::Unavailable(reason)
        } else {
            Self::Rejected(reason)
        }
    }
}

impl From<OpenError> for ProvisionError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Postgres(error) => error.into(),
            other => Self::Unavailable(other.to_string()),
        }
    }
}

/// The group roles of a workspace, as SQL identifiers.
struct Groups {
    owner: String,
    operator: String,
    reader: String,
}

impl Groups {
    fn names(workspace: WorkspaceId) -> [String; 3] {
        ["owner", "operator", "reader"].map(|group| format!("{workspace}_{group}"))
    }

    fn of(workspace: WorkspaceId) -> Self {
        let [owner, operator, reader] = Self::names(workspace).map(ident);
        Self {
            owner,
            operator,
            reader,
        }
    }

    fn all(&self) -> String {
        format!("{}, {}, {}", self.owner, self.operator, self.reader)
    }
}

pub(crate) async fn provision(control: &Control, plan: &WorkspacePlan) -> Result<(), ProvisionError> {
    let session = control.open().await?;
    make_roles(&session, plan).await?;
    make_database(&session, plan).await?;
    let inside = control.open_in(plan.database.as_str()).await?;
    Ok(inside.run(&privileges(plan)).await?)
}

async fn make_roles(session: &Session, plan: &WorkspacePlan) -> Result<(), ProvisionError> {
    let person = plan.owner.to_string();
    let mut statements = String::new();
    for role in Groups::names(plan.workspace).iter().chain([&person]) {
        let is_there = session.look_up::<bool>(ROLE_EXISTS, role).await?.is_some();
        statements += &server::make_role(session, &ident(role), is_there);
    }
    statements += &person_statements(session, &person, &plan.owner_verifier).await?;
    statements += &format!(
        "GRANT {group} TO {person};",
        person = ident(&person),
        group = Groups::of(plan.workspace).owner,
    );
    Ok(session.run(&statements).await?)
}

/// The statements that make true what holds of a person's login role, in every workspace of the server.
async fn person_statements(
    session: &Session,
    person: &str,
    verifier: &Verifier,
) -> Result<String, ProvisionError> {
    let person = ident(person);
    let mut statements = format!(
        "ALTER ROLE {person} LOGIN INHERIT NOCREATEDB NOCREATEROLE {powers} \
             CONNECTION LIMIT {PERSON_LIMIT} PASSWORD {verifier};",
        powers = if session.is_superuser() { SUPERPOWERS } else { "" },
        verifier = literal(&verifier.to_postgres()),
    );
    let limits_files = session
        .look_up::<bool>(MAY_LIMIT_FILES, TEMPORARY_FILES_SETTING)
        .await?;
    if limits_files == Some(true) {
        statements += &format!("ALTER ROLE {person} SET {TEMPORARY_FILES_SETTING} = '{TEMPORARY_FILES}';");
    }
    Ok(statements)
}

/// How many connections the workspace's database takes from now on.
pub(crate) async fn limit_connections(
    control: &Control,
    workspace: WorkspaceId,
    database: &DatabaseName,
    connections: u32,
) -> Result<(), ProvisionError> {
    let session = control.open().await?;
    require_own(&session, workspace, database.as_str()).await?;
    let (name, limit) = (ident(database), connections + OURS);
    Ok(session
        .run(&format!("ALTER DATABASE {name} CONNECTION LIMIT {limit}"))
        .await?)
}

/// PostgreSQL lets everybody change their own password, which here only we use.
pub(crate) async fn restore_person(
    control: &Control,
    person: UserId,
    verifier: &Verifier,
) -> Result<(), ProvisionError> {
    let session = control.open().await?;
    let (role, verifier) = (ident(person), literal(&verifier.to_postgres()));
    Ok(session
        .run(&format!("ALTER ROLE {role} PASSWORD {verifier}"))
        .await?)
}

async fn make_database(session: &Session, plan: &WorkspacePlan) -> Result<(), ProvisionError> {
    let name = plan.database.as_str();
    let database = ident(name);
    require_own(session, plan.workspace, name).await?;
    // A drop that was killed leaves a database that PostgreSQL can only drop.
    let half_dropped = session.look_up::<bool>(DATABASE_IS_HALF_DROPPED, name).await?;
    if half_dropped == Some(true) {
        session.run(&format!("DROP DATABASE {database}")).await?;
    }
    if half_dropped != Some(false) {
        // Closed until PUBLIC, whom PostgreSQL lets in by default, is shut out.
        session
            .run(&format!(
                "CREATE DATABASE {database} OWNER {OWNER} TEMPLATE template0 CONNECTION LIMIT {limit} \
                 ALLOW_CONNECTIONS false",
                limit = plan.connections + OURS
            ))
            .await?;
    }
    let statements = format!(
        "COMMENT ON DATABASE {database} IS {comment};
         REVOKE ALL ON DATABASE {database} FROM PUBLIC;
         GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {groups};
         ALTER DATABASE {database} SET statement_timeout = '{STATEMENT_TIMEOUT}';
         ALTER DATABASE {database} SET idle_in_transaction_session_timeout = '{IDLE_IN_TRANSACTION}';
         ALTER DATABASE {database} WITH ALLOW_CONNECTIONS true;",
        comment = literal(&comment(plan.workspace)),
        groups = Groups::of(plan.workspace).all(),
    );
    Ok(session.run(&statements).await?)
}

/// Privileges inside: the owner makes objects in `public`, and the other groups get at what is and will be there.
fn privileges(plan: &WorkspacePlan) -> String {
    let groups = Groups::of(plan.workspace);
    let mut statements = format!(
        "REVOKE ALL ON SCHEMA public FROM PUBLIC;
         GRANT USAGE ON SCHEMA public TO {all};
         GRANT CREATE ON SCHEMA public TO {owner};",
        all = groups.all(),
        owner = groups.owner,
    );
    let grants = [
        ("ALL", "TABLES", &groups.owner),
        ("ALL", "SEQUENCES", &groups.owner),
        (
            "SELECT, INSERT, UPDATE, DELETE, TRUNCATE",
            "TABLES",
            &groups.operator,
        ),
        ("USAGE, SELECT, UPDATE", "SEQUENCES", &groups.operator),
        ("SELECT", "TABLES", &groups.reader),
        ("SELECT", "SEQUENCES", &groups.reader),
    ];
    let person = ident(plan.owner);
    for (what, on, group) in grants {
        statements += &format!(
            "GRANT {what} ON ALL {on} IN SCHEMA public TO {group};
             ALTER DEFAULT PRIVILEGES FOR ROLE {person} IN SCHEMA public GRANT {what} ON {on} TO {group};"
        );
    }
    statements
}

/// A database says whose it is, so that a wrong name never touches another workspace.
async fn require_own(
    session: &Session,
    workspace: WorkspaceId,
    database: &str,
) -> Result<(), ProvisionError> {
    let found: Option<String> = session.look_up(DATABASE_COMMENT, database).await?;
    match found.as_deref().and_then(workspace_of) {
        Some(other) if other != workspace => Err(ProvisionError::Rejected(format!(
            "the database {database} belongs to another workspace"
        ))),
        _ => Ok(()),
    }
}

fn comment(workspace: WorkspaceId) -> String {
    format!("Standpipe workspace {workspace}")
}

fn workspace_of(comment: &str) -> Option<WorkspaceId> {
    comment.strip_prefix("Standpipe workspace ")?.parse().ok()
}
