//! Servers that hold workspaces, and the login role of each person in them. The role's keys are known to Standpipe
//! alone and kept sealed.

use jiff::Timestamp;
use model::UserId;

use crate::{
    Db, Error, Result, Tx,
    row::Row,
    sql::{Sql, params, sql},
};

const INSERT_SERVER: Sql =
    sql("INSERT INTO servers (id, sealed, created_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING");

/// Remembers a server and its sealed superuser credential, unless it is known.
pub async fn insert_server(tx: &mut Tx, id: &str, sealed: &[u8], at: Timestamp) -> Result<()> {
    tx.run(INSERT_SERVER, params![id, sealed, at]).await.map(drop)
}

const FIND_SERVER: Sql = sql("SELECT sealed FROM servers WHERE id = $1");

/// The sealed superuser credential of a server.
pub async fn find_server(db: &Db, id: &str) -> Result<Option<Vec<u8>>> {
    db.one(FIND_SERVER, params![id])
        .await?
        .map(|row| row.bytes("sealed"))
        .transpose()
}

/// A person's login role in a server, named by the person's id.
#[derive(Debug, Clone)]
pub struct ServerRoleRow {
    /// Whose role.
    pub user_id: UserId,
    /// The salt of its verifier in the server.
    pub salt: Vec<u8>,
    /// The iterations of its verifier in the server.
    pub iterations: u32,
    /// Its client keys, sealed.
    pub sealed: Vec<u8>,
}

impl ServerRoleRow {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            user_id: row.parse("user_id")?,
            salt: row.bytes("salt")?,
            iterations: u32::try_from(row.int("iterations")?).map_err(|_| Error::Unreadable("iterations"))?,
            sealed: row.bytes("sealed")?,
        })
    }
}

const INSERT_ROLE: Sql = sql(
    "INSERT INTO server_roles (server_id, user_id, salt, iterations, sealed, created_at) \
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (server_id, user_id) DO NOTHING",
);

/// Remembers a person's role, unless it is known.
pub async fn insert_role(tx: &mut Tx, server: &str, role: &ServerRoleRow, at: Timestamp) -> Result<()> {
    let values = params![
        server,
        role.user_id,
        role.salt.as_slice(),
        i64::from(role.iterations),
        role.sealed.as_slice(),
        at
    ];
    tx.run(INSERT_ROLE, values).await.map(drop)
}

const LIST_ROLES: Sql = sql("SELECT server_id FROM server_roles WHERE user_id = $1 ORDER BY server_id");

/// The servers in which `user` has a role, read inside a write.
pub async fn list_servers_of(tx: &mut Tx, user: UserId) -> Result<Vec<String>> {
    tx.all(LIST_ROLES, params![user])
        .await?
        .iter()
        .map(|row| row.text("server_id"))
        .collect()
}

const FIND_ROLE: Sql =
    sql("SELECT user_id, salt, iterations, sealed FROM server_roles WHERE server_id = $1 AND user_id = $2");

/// A person's role in a server.
pub async fn find_role(db: &Db, server: &str, user: UserId) -> Result<Option<ServerRoleRow>> {
    db.one(FIND_ROLE, params![server, user])
        .await?
        .as_ref()
        .map(ServerRoleRow::from_row)
        .transpose()
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[INSERT_SERVER, FIND_SERVER, INSERT_ROLE, LIST_ROLES, FIND_ROLE];
